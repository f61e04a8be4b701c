"""Threads and zombies of the scenario are there for system calls, as those of a kernel are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run, Seen

PEOPLE = """
[machine]
kernel = "6.18"
ram = "4 GiB"

[[process]]
comm = "many"
pid = 4242
uid = 1000
anon = "1 GiB"
threads = [{ comm = "one", tid = 4301 }, { comm = "two", tid = 4302 }, { comm = "far", tid = 900 }]

[[process]]
comm = "parent"
pid = 4400

[[process]]
comm = "zombie"
pid = 4401
parent = "parent"
zombie = true

[[process]]
comm = "headless"
pid = 4500
dead_leader = true
threads = [{ comm = "body", tid = 4501 }]

[[process]]
comm = "stuck"
pid = 4600
dsleep = true
threads = 3
"""


@pytest.fixture
def shell(shell_on: Callable[[str], Run]) -> Run:
    return shell_on(PEOPLE)


@pytest.fixture
def python(run: Run, tmp_path: Path) -> Run:
    file = tmp_path / "people.toml"
    file.write_text(PEOPLE)
    head = """
import ctypes, errno, os, select, signal, time
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *words):
    return libc.syscall(number, *words) and errno.errorcode[ctypes.get_errno()]
TKILL, TGKILL = 200, 234
"""

    def run_it(text: str) -> Seen:
        return run("python3", "-c", head + text, scenario=file)

    return run_it


# --- threads ----------------------------------------------------------------------------------


def test_threads_are_found_by_their_ids(python: Run) -> None:
    assert python("print([call(TGKILL, 4242, tid, 0) for tid in (4242, 4301, 4302, 900)])").printed == "[0, 0, 0, 0]\n"


def test_but_not_in_another_process_and_not_where_there_is_none(python: Run) -> None:
    assert python("print(call(TGKILL, 4400, 4301, 0), call(TKILL, 4303, 0))").printed == "ESRCH ESRCH\n"


@pytest.mark.parametrize("tid", [4301, 4302, 900])
def test_a_signal_to_a_thread_is_one_to_its_process(python: Run, tid: int) -> None:
    seen = python(f"call(TKILL, {tid}, 15); time.sleep(0.2); print(call(TKILL, 4242, 0), call(TKILL, 4301, 0))")
    assert seen.printed == "ESRCH ESRCH\n"
    assert seen.signals == [("many", "SIGTERM", "died")]


def test_kill_takes_the_id_of_a_thread_for_its_process(shell: Run) -> None:
    seen = shell("kill 4301; sleep 0.2; ! kill -0 4242")
    assert (seen.code, seen.signals) == (0, [("many", "SIGTERM", "died")])


def test_threads_have_the_uid_of_their_process(shell: Run) -> None:
    if os.geteuid():
        pytest.skip("it takes root to be another user")
    seen = shell("setpriv --reuid=1234 --clear-groups kill -0 4301; setpriv --reuid=1000 --clear-groups kill -0 4301")
    assert "not permitted" in seen.printed
    assert seen.code == 0


def test_a_pidfd_is_of_a_process_and_not_of_a_thread(python: Run) -> None:
    text = """
try:
    os.pidfd_open(4301)
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert python(text).printed in ("EINVAL\n", "ENOENT\n")


def test_a_process_whose_leader_has_exited_lives_on_in_its_threads(shell: Run) -> None:
    seen = shell("kill -0 4500 && kill -0 4501 && kill 4500; sleep 0.2; ! kill -0 4501 && ! kill -0 4500")
    assert (seen.code, seen.signals) == (0, [("headless", "SIGTERM", "died")])


def test_a_process_with_threads_is_held_as_others_are(shell: Run) -> None:
    wake = "echo dsleep stuck off > /proc/.fakeproc/ctl"
    seen = shell(f"sleep 0.1; kill -9 4600; sleep 0.1; kill -0 4600 || exit 3; {wake}; sleep 0.2; ! kill -0 4600")
    assert (seen.code, seen.signals) == (0, [("stuck", "SIGKILL", "died")])


def test_stopped_and_continued_with_all_its_threads(shell: Run) -> None:
    state = "sleep 0.1; grep State /proc/4242/task/4301/status;"
    seen = shell(f"kill -STOP 4242; {state} kill -CONT 4242; {state}")
    assert [line.split()[1] for line in seen.printed.splitlines()] == ["T", "S"]


# --- zombies ------------------------------------------------------------------------------------


def test_a_zombie_is_there_and_nothing_changes_it(shell: Run) -> None:
    seen = shell("kill -0 4401 && kill -9 4401 && sleep 0.1 && kill -0 4401 && grep State /proc/4401/status")
    assert (seen.code, seen.printed, seen.signals) == (0, "State:\tZ (zombie)\n", [])


def test_its_pidfd_is_ready(python: Run) -> None:
    text = """
poll = select.poll()
poll.register(os.pidfd_open(4401), select.POLLIN)
print(len(poll.poll(0)))
"""
    assert python(text).printed == "1\n"


def test_it_is_gone_once_its_parent_has_waited_for_it(shell: Run) -> None:
    reap = "echo reap zombie > /proc/.fakeproc/ctl"
    assert shell(f"kill -0 4401 || exit 3; {reap}; sleep 0.1; ! kill -0 4401 && ! ls -d /proc/4401").code == 0


def test_its_pid_can_be_used_again(shell: Run) -> None:
    again = "printf 'reap zombie\\nfork parent as 4401\\n' > /proc/.fakeproc/ctl; sleep 0.1"
    seen = shell(f"{again}; kill 4401; sleep 0.1; ! kill -0 4401")
    assert (seen.code, seen.signals) == (0, [("parent", "SIGTERM", "died")])
