"""Scenarios for daemons, and the score card of a daemon in all of them."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from fakeproc import scenario
from fakeproc.errors import FakeprocError
from fakeproc.lab import gauntlet

from .conftest import FAKEPROC, PEOPLE, QUIET


def test_every_scenario_says_in_its_first_line_what_is_asked_of_a_daemon() -> None:
    for name in gauntlet.names():
        described = scenario.bundled(gauntlet.PREFIX + name)
        assert described.title.endswith(".")
        assert described.expects


def test_an_unknown_one_is_told_with_the_nearest() -> None:
    with pytest.raises(FakeprocError, match='did you mean "slow-leak"'):
        gauntlet.names(["slow-leek"])


def card(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*FAKEPROC, "gauntlet", *words], **QUIET)


@pytest.mark.usefixtures("lab")
def test_one_that_does_nothing_fails_where_it_should_have_done_something() -> None:
    done = card("--only", "deaf", "--only", "stuck", "--for", "1.5 s", "--json", "--", "sleep", "100")
    scores = {one["name"]: one["passed"] for one in json.loads(done.stdout)["scores"]}
    assert (done.returncode, scores) == (1, {"deaf": False, "stuck": True})


@pytest.mark.usefixtures("lab")
def test_one_that_ends_too_early_fails() -> None:
    done = card("--only", "stuck", "--for", "1 s", "--", "true")
    assert done.returncode == 1
    assert "wrong: it ended with 0 before the end" in done.stdout


@pytest.mark.usefixtures("lab")
def test_no_such_daemon() -> None:
    done = card("--only", "stuck", "--", "no-such-daemon")
    assert (done.returncode, done.stderr) == (2, "fakeproc: no-such-daemon: there is no such command\n")


@pytest.mark.usefixtures("lab")
def test_a_run_can_be_seen_as_a_page(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    page = tmp_path / "run.html"
    words = ["run", "--scenario", PEOPLE, "--report", page, "--", "sh", "-c", "sleep 0.1; kill 4242; sleep 0.2"]
    assert subprocess.run([*FAKEPROC, *words], **QUIET).returncode == 0
    assert "SIGTERM to hog (4242) by sh" in page.read_text()


def test_and_by_an_ordinary_user(nobody: list[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        page = Path(place, "run.html")
        done = subprocess.run([*nobody, "run", "--report", page, "--", "true"], **QUIET, cwd="/")
        assert done.returncode == 0, done.stderr
        assert "<svg" in page.read_text()
