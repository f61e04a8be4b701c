"""What the command starts is in /proc before it has asked anything; no dying placeholder is taken for a newcomer."""

from collections.abc import Callable

import pytest

from .conftest import Run


@pytest.fixture
def beside(shell: Run) -> Run:
    """beside(text): a shell script, beside a program that never looks into /proc."""
    return lambda text, **options: shell(f"sleep 9 & {text}; kill $!", **options)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("ps -o comm= -p $!", "sleep\n"),
        ("pgrep -cx sleep", "1\n"),
        ("choom -p $! -n 5", "changed from 0 to 5\n"),
    ],
)
def test_it_is_found_by_who_looks_for_it(beside: Run, program: Callable[[str], str], text: str, printed: str) -> None:
    program(text.split()[0])
    assert beside(text).printed.endswith(printed)


def test_its_files_are_there(beside: Run) -> None:
    executed = "until grep -qx sleep /proc/$!/comm; do :; done"
    assert beside(f"{executed}; tr '\\0' ' ' < /proc/$!/cmdline").printed == "sleep 9 "


def test_it_is_listed(beside: Run) -> None:
    assert beside("ls /proc | grep -x $! | wc -l").printed == "1\n"


def test_its_adjustment_can_be_set(beside: Run) -> None:
    assert beside("echo 300 > /proc/$!/oom_score_adj; cat /proc/$!/oom_score_adj").printed == "300\n"


def test_it_is_a_child_of_who_has_started_it(beside: Run) -> None:
    assert beside('[ $(awk "{ print \\$4 }" /proc/$!/stat) = $$ ] && echo child').printed == "child\n"


def test_it_leaves_when_it_has_ended(shell: Run) -> None:
    assert shell("sleep 9 & cd /proc/$! && kill $! && wait $!; ls -d /proc/$! || echo left").printed.endswith("left\n")


def test_the_kernel_of_the_world_may_choose_it(shell: Run) -> None:
    text = "sleep 9 & echo 1000 > /proc/$!/oom_score_adj; echo f > /proc/sysrq-trigger; wait $!; echo $?"
    assert shell(text).printed.splitlines()[-1] == "137"


def test_threads_of_the_server_are_nobody(shell: Run) -> None:
    text = "for tid in $(ls /proc/.fakeproc/real/1/task); do [ $tid = 1 ] || [ ! -e /proc/$tid ] || echo $tid; done"
    assert shell(text).printed == ""


DYING = """
import os, signal, sys
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
victims = [pid for pid in pids if open(f"/proc/{pid}/comm").read() == "worker\\n"]
def is_there(pid):
    return os.path.exists(f"/proc/{pid}"), str(pid) in os.listdir("/proc")
def comes_back(pid):
    os.kill(pid, signal.SIGKILL)
    while any(is_there(pid)):
        pass
    return any(any(is_there(pid)) for _ in range(20))
print(len(victims), sum(map(comes_back, victims)))
"""
MACHINE = '[machine]\nkernel = "6.18"\nram = "4 GiB"\npid_max = 100000\n'


@pytest.mark.parametrize("count", [100, 2100], ids=["few", "so many that they are cheap"])
def test_a_placeholder_that_dies_is_no_newcomer(shell_on: Callable[[str], Run], count: int) -> None:
    worker = '[[process]]\ncomm = "worker"\nanon = "1 MiB"\n'
    some = DYING.replace("\nprint", "\nvictims = victims[-100:]\nprint")
    assert shell_on(MACHINE + worker * count)(f"python3 -c '{some}'").printed == "100 0\n"
