"""Who sent a signal, also where the kernel tells nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import FAKEPROC, PEOPLE, QUIET, Run, Seen

COMM = Path(sys.executable).name[:15]
ALONE = "import os, time; time.sleep(0.1); os.kill({pid}, {number}); time.sleep(0.2)"
THREAD = "import threading; t = threading.Thread(target=exec, args=({text!r},)); t.start(); t.join()"
HEARD = ("--senders",)


def senders(seen: Seen) -> list[tuple[str, str, str]]:
    """(comm, signal, the sender's name) of each."""
    return [(one["comm"], one["signal"], one["by"].split(" (")[0]) for one in seen.verdict["signals"]]


@pytest.fixture
def alone(run: Run) -> Run:
    """alone(text): a command that is one process of Python, and starts no other."""
    return lambda text: run(sys.executable, "-c", text)


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (19, "SIGSTOP"), (15, "SIGTERM")])
def test_it_was_the_command_where_nobody_else_has_ever_been_there(alone: Run, number: int, name: str) -> None:
    assert senders(alone(ALONE.format(pid=4242, number=number))) == [("hog", name, COMM)]


def test_also_of_a_signal_to_one_who_is_held(alone: Run) -> None:
    assert senders(alone(ALONE.format(pid=4245, number=9))) == [("stuck", "SIGKILL", COMM)]


def test_also_by_a_thread_of_it(alone: Run) -> None:
    text = THREAD.format(text=ALONE.format(pid=4242, number=9))
    assert senders(alone(text)) == [("hog", "SIGKILL", COMM)]


def test_where_there_was_somebody_else_it_is_unknown(run: Run) -> None:
    assert senders(run("sh", "-c", "/bin/true; kill -9 4242; sleep 0.1")) == [("hog", "SIGKILL", "")]


def test_and_the_verdict_says_so() -> None:
    words = ["run", "--scenario", PEOPLE, "--", "sh", "-c", "/bin/true; kill -9 4242; sleep 0.1"]
    printed = subprocess.run([*FAKEPROC, *words], **QUIET).stdout
    assert "SIGKILL  hog (4242) by somebody unknown, MemAvailable" in printed


@pytest.mark.parametrize(
    "text",
    [
        "/bin/kill -9 4242",
        "/bin/kill -9 -- -4242",
        "python3 -c 'import os, signal; signal.pidfd_send_signal(os.pidfd_open(4242), 9)'",
        "python3 -c 'import ctypes; ctypes.CDLL(None).syscall(200, 4242, 9)'",
        "python3 -c 'import ctypes; ctypes.CDLL(None).syscall(234, 4242, 4242, 9)'",
        "python3 -c 'import threading, os; t = threading.Thread(target=os.kill, args=(4242, 9)); t.start(); t.join()'",
    ],
)
def test_a_signal_that_is_heard_has_a_sender(run: Run, text: str) -> None:
    name = text.split()[0].rpartition("/")[2]
    seen = run("sh", "-c", f"{text}; sleep 0.1", options=HEARD)
    assert senders(seen) == [("hog", "SIGKILL", name)]


def test_signals_that_are_heard_to_those_who_are_held_stopped_or_all_of_them(run: Run) -> None:
    seen = run("sh", "-c", "sleep 0.1; kill 4245; kill -STOP 4242; sleep 0.1; kill -9 -1; sleep 0.2", options=HEARD)
    assert {by for _, _, by in senders(seen)} == {"sh"}
    assert {("stuck", "SIGTERM"), ("hog", "SIGSTOP"), ("worker", "SIGKILL")} <= {one[:2] for one in senders(seen)}


def test_the_sender_is_the_process_and_not_its_thread(run: Run) -> None:
    text = """
import os, threading, time
thread = threading.Thread(target=os.kill, args=(4242, 9))
thread.start(); thread.join(); time.sleep(0.2)
print(os.getpid())
"""
    seen = run("python3", "-c", text, options=HEARD)
    assert seen.verdict["signals"][0]["by"] == f"python3 ({seen.printed.strip()})"


def test_without_senders_kill_is_not_stopped(run: Run) -> None:
    seen = run("sh", "-c", "/bin/kill -9 4242; sleep 0.1", options=("--intercept",))
    assert senders(seen) == [("hog", "SIGKILL", "")]


def test_signal_zero_is_none(run: Run) -> None:
    assert run("sh", "-c", "kill -0 4242; kill -0 -1", options=HEARD).signals == []
