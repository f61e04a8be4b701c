"""Nothing inside a lab reaches anything outside, and its init is touched by nobody."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from .conftest import SANITIZED, Run


@pytest.fixture
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """A process outside, of the same user and in the same process group."""
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process
        assert process.poll() is None, "it was signalled"
        process.kill()


@pytest.mark.parametrize(
    "what",
    ["kill -9 -1", "kill -TERM -1", "kill -9 0", "kill -9 {pid}", "kill -9 -- -{group}", "kill -9 1", "kill -TERM 1"],
)
def test_nobody_outside_is_signalled(shell: Run, bystander: "subprocess.Popen[bytes]", what: str) -> None:
    shell(f"trap '' TERM; {what.format(pid=bystander.pid, group=os.getpgrp())}; sleep 0.05")


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "KILL", "STOP", "SEGV", "CHLD", "USR1", "ALRM"])
def test_init_survives_every_signal_from_inside(shell: Run, name: str) -> None:
    if name == "SEGV" and SANITIZED:
        pytest.skip("a sanitizer takes SIGSEGV for itself")
    assert shell(f"kill -{name} 1; sleep 0.05; kill -0 1 && cat /proc/1/comm").printed == "init\n"


def test_a_kill_of_everybody_is_one_of_all_placeholders(shell: Run) -> None:
    seen = shell("kill -9 -1; sleep 0.2")
    assert {comm for comm, _, _ in seen.signals} >= {"sshd", "hog", "slow", "deaf", "worker"}


def test_the_command_does_not_see_a_descriptor_of_the_server(run: Run) -> None:
    text = """
import contextlib, os
for fd in range(3, 256):
    with contextlib.suppress(OSError):
        os.fstat(fd)
        print(fd)
"""
    assert run("python3", "-c", text).printed == ""


def test_no_terminal_can_be_typed_into(run: Run) -> None:
    assert run("python3", "-c", "open('/dev/tty')").code == 1


def test_namespaces_of_a_placeholder_are_those_of_the_command(shell: Run) -> None:
    text = "stat -L -c 'pid:[%i]' /proc/4242/ns/pid /proc/$$/ns/pid; readlink /proc/4242/ns/pid"
    assert len(set(shell(text).printed.split())) == 1


def test_pgrep_finds_them_by_their_namespace(shell: Run, program: Callable[[str], str]) -> None:
    program("pgrep")
    assert shell("pgrep --ns $$ --nslist pid -x hog").printed == "4242\n"


def test_the_machine_has_the_name_that_the_world_gives_it(shell: Run) -> None:
    assert shell('[ "$(uname -n)" = "$(cat /proc/sys/kernel/hostname)" ]').code == 0
