"""The kernel log in a lab is the world's alone, and a reader at its end waits for what comes."""

import pytest

from .conftest import Run


def test_it_begins_with_the_kernel_of_the_world(shell: Run) -> None:
    assert shell("dmesg").printed.startswith("[    0.000000] Linux version 6.18.0")


@pytest.mark.parametrize("file", ["/dev/kmsg", "/proc/kmsg"])
def test_a_reader_waits_for_the_next_record(shell: Run, file: str) -> None:
    text = f"cat {file} & sleep 0.2; echo hello > /dev/kmsg; sleep 0.2; kill $! && wait $!; echo $?"
    first, hello, *_, code = shell(text).printed.splitlines()
    assert "Linux version" in first
    assert (hello[-5:], code) == ("hello", "143")


def test_dmesg_follows_until_it_is_killed(shell: Run) -> None:
    text = "timeout -s KILL 0.5 dmesg -w & sleep 0.2; echo f > /proc/sysrq-trigger; wait $!; echo $?"
    seen = shell(text).printed
    assert "Killed process 4242 (hog)" in seen
    assert seen.endswith("137\n")


def test_others_are_answered_while_readers_wait(shell: Run) -> None:
    text = "for i in 1 2 3; do timeout 0.5 cat /dev/kmsg > /dev/null & done; sleep 0.1; cat /proc/4242/comm; wait"
    assert shell(text).printed == "hog\n"


def test_who_does_not_want_to_wait_is_told(run: Run) -> None:
    text = """
import os
log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
os.read(log, 8192)
try:
    os.read(log, 8192)
except BlockingIOError:
    print("later")
"""
    assert run("python3", "-c", text).printed == "later\n"
