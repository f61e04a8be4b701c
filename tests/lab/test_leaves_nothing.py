"""However a run ends, nothing is left: no process, and with the last one no namespace and no mount."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import FAKEPROC, LONGEST, PEOPLE, inhabitants

pytestmark = pytest.mark.usefixtures("lab")


class Started:
    """A run under way, and its pid namespace."""

    def __init__(self, process: "subprocess.Popen[str]", namespace: str, init: int) -> None:
        self.process, self.namespace, self.init = process, namespace, init

    def is_gone(self) -> bool:
        """Once the keeper has ended, or soon after where it was killed."""
        self.process.wait(LONGEST)
        deadline = time.monotonic() + 5
        while inhabitants(self.namespace) and time.monotonic() < deadline:
            time.sleep(0.01)
        return not inhabitants(self.namespace)


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def init_of(keeper: int) -> int:
    """Once there is one. ValueError where there was none in time, OSError where the keeper has gone."""
    children, deadline = "", time.monotonic() + LONGEST
    while not children and time.monotonic() < deadline:
        children = "".join(children_of(keeper))
    return int(children)


@contextlib.contextmanager
def started(*command: str, options: tuple[str, ...] = ()) -> Iterator[Started]:
    """Ready: the command says so. Nothing is left of it afterwards."""
    words = [*FAKEPROC, "run", "--scenario", str(PEOPLE), *options, "--", "sh", "-c", 'echo ready; exec "$@"', "sh"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([*words, *command], text=True, **pipes) as process:
        init = init_of(process.pid)
        held = os.open(f"/proc/{init}/ns/pid", os.O_RDONLY)  # no other one is called so while this is open
        it = Started(process, os.readlink(f"/proc/self/fd/{held}"), init)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield it
        finally:
            process.kill()
        assert it.is_gone()
        os.close(held)


def test_no_mount_of_a_lab_is_ever_seen_outside() -> None:
    with started("sleep", "100"):
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        assert not [line for line in lines if "fakeproc-hold" in line or (" /proc rw" in line and "fuse" in line)]


def test_the_server_is_killed(times: int) -> None:
    for _ in range(times):
        with started("sleep", "100") as it:
            os.kill(it.init, signal.SIGKILL)
            assert it.is_gone()
            assert it.process.returncode == 1


def test_the_server_is_killed_while_a_victim_is_held(times: int) -> None:
    for _ in range(times):
        with started("sh", "-c", "sleep 0.1; kill -9 4245; sleep 100") as it:
            time.sleep(0.2)
            os.kill(it.init, signal.SIGKILL)
            assert it.is_gone()


def test_the_keeper_is_killed(times: int) -> None:
    for _ in range(times):
        with started("sleep", "100") as it:
            it.process.kill()
            assert it.is_gone()


@pytest.mark.parametrize(
    "command", ["exit 3", "kill -9 $$", "setsid sleep 100 & exit 3", "sleep 100 & sleep 100 & exit 3"]
)
def test_the_command_dies_or_forks_away(times: int, command: str) -> None:
    for _ in range(times):
        with started("sh", "-c", command) as it:
            assert it.is_gone()
            assert it.process.returncode in (3, 137)


def test_the_command_fills_a_pipe_that_nobody_reads(times: int) -> None:
    for _ in range(times):
        with started("yes", options=("--for", "0.2 s")) as it:
            time.sleep(0.3)
            it.process.stdout.close()
            assert it.is_gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_keeper_is_asked_to_end(times: int, number: int) -> None:
    for _ in range(times):
        with started("sleep", "100") as it:
            it.process.send_signal(number)
            assert it.is_gone()
            assert it.process.returncode == 128 + number
            assert "was ended by" in it.process.stdout.read()


def test_ctrl_c_at_any_moment(times: int) -> None:
    """Too early for a handler of ours it is as in any Python program."""
    for count in range(times):
        command = [*FAKEPROC, "run", "--scenario", str(PEOPLE), "--", "sleep", "100"]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, **pipes) as process:
            time.sleep(0.05 + 0.5 * count / times)
            held = [os.open(f"/proc/{child}/ns/pid", os.O_RDONLY) for child in children_of(process.pid)]
            process.send_signal(signal.SIGINT)
            process.wait(LONGEST)
        namespaces = {os.readlink(f"/proc/self/fd/{fd}") for fd in held} - {os.readlink("/proc/self/ns/pid")}
        assert not any(map(inhabitants, namespaces))
        for fd in held:
            os.close(fd)


def test_a_command_that_does_not_listen_is_ended_all_the_same() -> None:
    with started("sh", "-c", "trap '' TERM INT; while :; do sleep 0.1; done", options=("--for", "0.1 s")) as it:
        assert it.is_gone()
        assert it.process.returncode == 0
