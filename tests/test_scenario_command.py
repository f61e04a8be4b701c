"""fakeproc scenario: check finds every mistake, run plays and judges."""

import json
import time
from pathlib import Path

import pytest
from server import ask

from fakeproc import scenario

STORY = """[[process]]
comm = "a"
anon = "1 GiB"
[[event]]
at = "1 s"
kill = "a"
[[expect]]
killed = ["a"]
"""
MISTAKES = """[machine]
rom = "1 GiB"
[[process]]
comm = "a"
annon = "1 GiB"
uid = -1
[[event]]
at = 5
kil = "a"
[[expect]]
kiled = ["a"]
[[proces]]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "story.toml"
    path.write_text(STORY)
    return path


def test_a_valid_file_is_said_to_be_one(file: Path) -> None:
    done = ask("scenario", "check", str(file), "leak")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == f"{file}: valid: 2 processes, 1 event, 1 expect"
    assert second.startswith("leak.toml: valid: ")


def test_every_bundled_scenario_is_valid() -> None:
    assert ask("scenario", "check", *scenario.bundled_names()).returncode == 0


def test_every_mistake_is_found_at_once(file: Path) -> None:
    file.write_text(MISTAKES)
    done = ask("scenario", "check", str(file), "leak")
    assert done.returncode == 2
    found = [line.removeprefix(f"{file}:") for line in done.stdout.splitlines()[:-1]]
    assert [line.partition(":")[0] for line in found] == ["2", "5", "6", "8", "9", "11", "12"]
    for line, words in zip(found, ("ram", "anon", "from 0", "in quotes", "kill", "killed", "process"), strict=True):
        assert words in line


def test_mistakes_about_who_is_who_are_found_event_by_event(file: Path) -> None:
    file.write_text(STORY + '[[event]]\nkill = "b"\n[[event]]\nat = "0 s"\nkill = "a"\n[[expect]]\nalive = ["c"]\n')
    lines = ask("scenario", "check", str(file)).stdout.splitlines()
    assert [line.split(":")[1] for line in lines] == ["10", "12", "15"]


ALL_KINDS = """[[process]]
comm = "a"
annon = "1 GiB"
clone_vm_of = "nosuch"
[[process]]
comm = "b"
kthread = true
zombie = true
[[process]]
comm = "c"
pid = 7
[[process]]
comm = "d"
pid = 7
[[cgroup]]
limit = "1 GiB"
[[event]]
kill = "nosuch"
[[event]]
at = 5
exec = "nosuch"
[[expect]]
killed = ["nosuch"]
[[expect]]
value = { file = "nofile", is = 1 }
[[expect]]
value = { of = "a", file = "oom_scor_adj", is = 1 }
"""


def test_mistakes_of_all_kinds_are_found_together_in_the_order_of_lines(file: Path) -> None:
    file.write_text(ALL_KINDS)
    lines = ask("scenario", "check", str(file)).stdout.splitlines()
    assert [int(line.split(":")[1]) for line in lines] == [3, 4, 8, 14, 15, 18, 20, 21, 23, 25, 27]
    assert "no such file of /proc" in lines[-2]
    assert 'did you mean "oom_score_adj"?' in lines[-1]


FOLLOW = """[[process]]
name = 5
anon = "1 GiB"
[[process]]
comm = "b"
clone_vm_of = "5"
[[event]]
at = "1 s"
kil = "b"
[[event]]
kill = "5"
"""


def test_what_only_follows_from_a_mistake_is_not_told(file: Path) -> None:
    file.write_text(FOLLOW)
    lines = ask("scenario", "check", str(file)).stdout.splitlines()
    assert [int(line.split(":")[1]) for line in lines] == [2, 9]


def test_a_machine_that_holds_more_than_its_ram_is_valid_with_a_note(file: Path) -> None:
    file.write_text(f'[machine]\nram = "1 GiB"\n{STORY}[[process]]\ncomm = "b"\nfork_of = "a"\n')
    done = ask("scenario", "check", str(file))
    assert done.returncode == 0
    assert "note: 1029 MiB more are in use than there is RAM" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [('a = "', "not TOML"), (None, "No such file"), ("[[process]]\npid = 5", "it has no name")],
)
def test_what_is_no_scenario_is_one_line(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_text(text)
    for verb in ("check", "run"):
        done = ask("scenario", verb, str(path))
        assert done.returncode == 2
        (line,) = (done.stdout + done.stderr).splitlines()
        assert words in line


def test_a_name_that_is_no_scenario_is_the_same_for_every_verb() -> None:
    checked, run = ask("scenario", "check", "nosuch"), ask("scenario", "run", "nosuch")
    assert checked.stdout.strip() == run.stderr.strip().removeprefix("fakeproc: ")
    assert checked.stdout.startswith('there is no scenario "nosuch"')


def test_a_pid_that_is_none_names_nobody(file: Path) -> None:
    file.write_text(f"[[process]]\npid = {10**20}\n")
    done = ask("scenario", "check", str(file))
    assert done.stdout.startswith(f"{file}:2: process number 1: pid = ")


def test_a_run_prints_what_happens_and_the_verdicts(file: Path) -> None:
    done = ask("scenario", "run", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{file}: kernel 4.8, 8 GiB, 2 processes, 1 event",
        "    1.000 s  kill a: ok",
        "    1.000 s  a (2) is killed by a signal",
        'PASS  killed = ["a"]: a (2) was killed by a signal at 1 s [at 1 s]',
        "1 of 1 expectations came true",
    ]


def test_a_verdict_that_fails_is_the_exit_code(file: Path) -> None:
    done = ask("scenario", "run", str(file), "--until", "500ms", "--quiet")
    assert done.returncode == 1
    assert done.stdout == 'FAIL  killed = ["a"]: a (2) is alive [at 0.5 s]\n0 of 1 expectations came true\n'


def test_json_has_all_of_it(file: Path) -> None:
    found = json.loads(ask("scenario", "run", str(file), "--json", "--kernel", "4.7").stdout)
    assert (found["header"]["kernel"], found["header"]["end"]) == ("4.7", 10**9)
    assert [entry["text"] for entry in found["entries"]] == ["kill a", "a (2) is killed by a signal"]
    assert [verdict["holds"] for verdict in found["verdicts"]] == [True]


def test_a_record_has_samples_too(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "run.jsonl"
    assert ask("scenario", "run", str(file), "--record", str(target)).returncode == 0
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["type"] for line in lines if line["type"] != "sample"] == [
        "header",
        "people",
        "entry",
        "entry",
        "verdict",
    ]
    samples = [line for line in lines if line["type"] == "sample"]
    assert samples[0]["ram"] > 1 << 18
    assert samples[-1] == {"type": "sample", "at": 10**9, "ram": 0, "swap": 0, "processes": {"2": None}}


def test_at_a_speed_it_takes_its_time(file: Path) -> None:
    begun = time.monotonic()
    assert ask("scenario", "run", str(file), "--speed", "4").returncode == 0
    assert time.monotonic() - begun >= 0.25


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--speed", "0"], "--speed is a number from 0.001 to 1000"),
        (["--speed", "x"], "invalid float value"),
        (["--until", "soon"], "write a number and one of ns us ms s min h d"),
        (["--record", "/nowhere/run.jsonl"], "No such file"),
        (["--kernel", "5.9"], "choose one of"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(file: Path, options: list[str], words: str) -> None:
    done = ask("scenario", "run", str(file), *options)
    assert (done.returncode, words in done.stderr, done.stderr.count("\n")) == (2, True, 1)
