"""Fixtures: runs of the lab, and what is left of them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PEOPLE = Path(__file__).with_name("people.toml")
ROOT = Path(__file__).resolve().parents[2]
FAKEPROC = [sys.executable, "-P", "-m", "fakeproc"]
SANITIZED = "LD_PRELOAD" in os.environ
UNMODIFIED = ["env", "-u", "LD_PRELOAD"]  # a sanitizer would be in each program that runs in the lab
INTERCEPT = ("--intercept",)
LONGEST = 60  # seconds
QUIET: dict[str, Any] = {
    "capture_output": True,
    "text": True,
    "timeout": LONGEST,
    "stdin": subprocess.DEVNULL,
    "check": False,
}


@dataclass(frozen=True)
class Seen:
    """What a run came to. printed: by the command."""

    code: int
    printed: str
    verdict: dict[str, Any]

    @property
    def signals(self) -> list[tuple[str, str, str]]:
        """(comm, signal, outcome) of each, without the time."""
        return [(one["comm"], one["signal"], one["outcome"].split(" at ")[0]) for one in self.verdict["signals"]]


Run = Callable[..., Seen]


@pytest.fixture
def run(lab: None) -> Run:
    """run(*command, scenario=FILE, options=[...]): the command in a lab, until it has ended."""

    def run_it(*command: str, scenario: str | Path = PEOPLE, options: tuple[str, ...] = ()) -> Seen:
        words = [*FAKEPROC, "run", "--json", "--scenario", str(scenario), *options, "--", *UNMODIFIED, *command]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=LONGEST, stdin=subprocess.DEVNULL, check=False
        )
        assert done.stdout.startswith("{"), done
        return Seen(done.returncode, done.stderr, json.loads(done.stdout))

    return run_it


@pytest.fixture
def shell(run: Run) -> Run:
    """shell(text, ...): the same for a shell script."""
    return lambda text, **options: run("sh", "-c", text, **options)


@pytest.fixture
def shell_on(run: Run, tmp_path: Path) -> Callable[[str], Run]:
    """shell_on(machine)(text): the same on the machine that this TOML describes."""

    def on(machine: str) -> Run:
        file = tmp_path / "people.toml"
        file.write_text(machine)
        return lambda text: run("sh", "-c", text, scenario=file)

    return on


@pytest.fixture
def times(request: pytest.FixtureRequest) -> int:
    """How often a test does what it does: 20 times, where slow tests are run."""
    return 3 if "not slow" in request.config.getoption("markexpr") else 20


def inhabitants(namespace: str) -> list[int]:
    """Processes of a pid namespace, as /proc/PID/ns/pid names it."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{name}/ns/pid") == namespace:
                found.append(int(name))
        except OSError:
            continue
    return found


# A mount namespace whose /dev/fuse has the mode that distributions give it, and in it somebody else than root.
NOBODY = """
set -e
place=$(mktemp -d)
mount -t tmpfs -o mode=755 none "$place"
mknod -m 666 "$place/fuse" c 10 229
mount --bind "$place/fuse" /dev/fuse
umount -l "$place"
rmdir "$place"
cd /
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
"""
LIBRARIES = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
PYTHONS = [FAKEPROC, ["env", f"PYTHONPATH={':'.join(LIBRARIES)}", "/usr/bin/python3", "-P", "-m", "fakeproc"]]


@pytest.fixture
def nobody() -> list[str]:
    """The words before a command of fakeproc by which an ordinary user runs it. Skips where that cannot be tried."""
    if os.geteuid():
        pytest.skip("it takes root to be nobody")
    become = ["unshare", "--mount", "sh", "-c", NOBODY, "sh"]
    whys = [_why([*become, *python, "run", "--", "true"]) for python in PYTHONS]
    if all(whys):
        pytest.skip(f"no ordinary user can run it here: {whys[0]}")
    return [*become, *PYTHONS[whys.index("")]]


def _why(command: list[str]) -> str:
    """ "", or what it says."""
    done = subprocess.run(command, **QUIET, cwd="/")
    return "" if not done.returncode else done.stderr.strip() or str(done.returncode)
