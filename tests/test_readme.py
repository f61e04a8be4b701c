"""What README.md says is so."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from server import ask, cleared, is_mounted

from fakeproc import scenario, topics
from fakeproc.scenario.run import Run

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.usefixtures("fuse")
def test_the_session_works_when_pasted(mount_point: Path) -> None:
    (session,) = blocks("sh")
    assert not is_mounted(mount_point)
    if os.geteuid():
        (advice,) = re.findall(r"first say `(.*)`", README)
        session = session.replace("\ncat", f"\n{advice}\ncat", 1)
    commands = session.replace("/tmp/p", str(mount_point)).replace("python3 mount.py --setup-only\n", "")
    commands = commands.replace("python3 mount.py", f"{sys.executable} -P -m fakeproc mount")
    with cleared(mount_point):
        done = subprocess.run(["bash", "-e"], input=commands, cwd=ROOT, capture_output=True, text=True, timeout=60)
    expected = re.findall(r"  # (.*)", session)
    printed = [line for line in done.stdout.splitlines() if line in expected]
    assert done.stderr == ""
    assert printed == expected


def test_the_scenario_is_the_one_that_help_shows() -> None:
    assert blocks("toml") == [topics.EXAMPLE, topics.STORY]
    assert [task.comm for task in scenario.loads(topics.EXAMPLE).build().processes][-3:] == [
        "browser",
        "gpu-helper",
        "updater",
    ]


def test_the_story_ends_as_it_says() -> None:
    run = Run(scenario.loads(topics.EXAMPLE + topics.STORY))
    assert list(run.play())
    assert [verdict.holds for verdict in run.verdicts] == [True]


def test_the_table_of_patches_is_the_one_that_help_shows() -> None:
    rows = re.findall(r"^\| (\d+) (.*?) \| (.*) \| (\w+) \|$", README, re.MULTILINE)
    assert {int(number): topics.Patch(*rest) for number, *rest in rows} == topics.PATCHES


@pytest.mark.parametrize("block", blocks("text"), ids=lambda block: block.splitlines()[0])
def test_what_a_command_prints_is_shown(block: str) -> None:
    command, _, output = block.partition("\n")
    assert ask(*shlex.split(command.removeprefix("$ fakeproc "))).stdout == output


def test_the_commands_are_there() -> None:
    (two,) = blocks("bash")
    for line in two.splitlines():
        path = line.removeprefix("python3 ").split()[0]
        assert (ROOT / path).stat().st_mode & 0o111
