"""Signals to synthetic processes land, and are seen to have landed."""

import subprocess

import pytest

from .conftest import FAKEPROC, PEOPLE, QUIET, Run

AVAILABLE = "grep MemAvailable /proc/meminfo;"
A_MOMENT = "sleep 0.1;"


def kilobytes(line: str) -> int:
    return int(line.split()[1])


def test_a_kill_frees_the_memory_of_its_victim(shell: Run) -> None:
    seen = shell(f"{AVAILABLE} kill 4242; {A_MOMENT} {AVAILABLE} ls -d /proc/4242")
    before, after = seen.printed.splitlines()[:2]
    assert kilobytes(after) - kilobytes(before) >= 2 << 20
    assert "/proc/4242': No such file" in seen.printed
    assert seen.signals == [("hog", "SIGTERM", "died")]


def test_who_sent_a_signal_and_what_was_available_then(shell: Run) -> None:
    one = shell("kill -USR1 4242; sleep 0.1").verdict["signals"][0]
    assert one["signal"] == "SIGUSR1"
    assert one["by"].startswith("sh (")
    assert 1 << 30 < one["mem_available"] < 3 << 30
    assert one["at"] > 0


def test_a_verdict_for_people_tells_of_who_was_killed_without_a_signal(lab: None) -> None:
    text = "echo kill hog > /proc/.fakeproc/ctl; while kill -0 4242 2> /dev/null; do :; done"
    done = subprocess.run([*FAKEPROC, "run", "--scenario", PEOPLE, "--", "sh", "-c", text], **QUIET)
    *_, row, nobody = done.stdout.splitlines()
    assert row.endswith(" s  killed in the world  hog (4242)")
    assert nobody == "nobody else was killed"


def test_sigkill_lands_as_well(shell: Run) -> None:
    assert shell("kill -9 4242; sleep 0.1; ! kill -0 4242").signals == [("hog", "SIGKILL", "died")]


def test_signal_zero_finds_who_is_there_and_is_no_signal(shell: Run) -> None:
    seen = shell("kill -0 4242 && kill -0 2 && ! kill -0 4249")
    assert (seen.code, seen.signals) == (0, [])


def test_one_that_dies_300_ms_after_a_sigterm(shell: Run) -> None:
    seen = shell("kill 4243; sleep 0.15; kill -0 4243 || exit 3; sleep 0.3; ! kill -0 4243")
    assert (seen.code, seen.signals) == (0, [("slow", "SIGTERM", "died")])


def test_one_that_ignores_sigterm_dies_of_sigkill(shell: Run) -> None:
    seen = shell("kill 4244; sleep 0.1; kill -0 4244 || exit 3; kill -9 4244; sleep 0.1; ! kill -0 4244")
    assert (seen.code, seen.signals) == (0, [("deaf", "SIGTERM", "died"), ("deaf", "SIGKILL", "died")])


def test_one_in_uninterruptible_sleep_is_still_there_after_sigkill(shell: Run) -> None:
    seen = shell("sleep 0.1; kill -9 4245; sleep 0.2; kill -0 4245 || exit 3; grep State /proc/4245/status")
    assert (seen.code, seen.signals) == (0, [("stuck", "SIGKILL", "pending")])
    assert "D (disk sleep)" in seen.printed


def test_and_dies_when_the_model_lets_it_go(shell: Run) -> None:
    wake = "echo dsleep stuck off > /proc/.fakeproc/ctl"
    seen = shell(f"sleep 0.1; kill -9 4245; sleep 0.1; kill -0 4245 || exit 3; {wake}; sleep 0.2; ! kill -0 4245")
    assert (seen.code, seen.signals) == (0, [("stuck", "SIGKILL", "died")])


def test_it_lives_on_where_nobody_has_killed_it(shell: Run) -> None:
    wake = "echo dsleep stuck off > /proc/.fakeproc/ctl"
    seen = shell(f"sleep 0.1; {wake}; sleep 0.1; kill -0 4245 || exit 3; kill 4245; sleep 0.1; ! kill -0 4245")
    assert (seen.code, seen.signals) == (0, [("stuck", "SIGTERM", "died")])


def test_stopped_and_continued(shell: Run) -> None:
    state = "sleep 0.1; grep State /proc/4242/status;"
    seen = shell(f"kill -STOP 4242; {state} kill -CONT 4242; {state}")
    assert [line.split()[1] for line in seen.printed.splitlines()] == ["T", "S"]


def test_a_kernel_thread_is_killed_by_nobody(shell: Run) -> None:
    assert shell("kill -9 2; sleep 0.1; kill -0 2 && ls /proc/2/comm").code == 0


def test_who_is_killed_by_the_kernel_is_gone_for_everybody(shell: Run) -> None:
    seen = shell("echo f > /proc/sysrq-trigger; sleep 0.2; ! kill -0 4242")
    assert seen.code == 0
    assert [one["comm"] for one in seen.verdict["kernel_kills"]] == ["hog"]
    assert seen.verdict["faster"] == "kernel"


def test_who_is_forked_in_the_world_can_be_killed(shell: Run) -> None:
    fork = "echo fork worker as 5000 > /proc/.fakeproc/ctl"
    assert shell(f"{fork}; sleep 0.1; kill 5000 && sleep 0.1 && ! kill -0 5000").signals == [
        ("worker", "SIGTERM", "died")
    ]


def test_a_pid_can_be_used_again(shell: Run) -> None:
    fork = "echo fork worker as 5000 > /proc/.fakeproc/ctl; sleep 0.1; kill -9 5000; sleep 0.1;"
    assert shell(fork * 3).signals == [("worker", "SIGKILL", "died")] * 3


def test_each_has_a_process_group_of_its_own(run: Run) -> None:
    text = "import os; print([os.getpgid(p) == os.getsid(p) == p for p in (900, 4242, 4244)])"
    assert run("python3", "-c", text).printed == "[True, True, True]\n"


def test_a_pidfd_is_ready_when_its_process_has_died(run: Run) -> None:
    text = """
import os, select, signal
fd = os.pidfd_open(4242)
poll = select.poll(); poll.register(fd, select.POLLIN)
before = poll.poll(0)
signal.pidfd_send_signal(fd, signal.SIGTERM)
print(before, len(poll.poll(2000)))
"""
    seen = run("python3", "-c", text)
    assert seen.printed == "[] 1\n"
    assert seen.signals == [("hog", "SIGTERM", "died")]


def test_kmsg_is_that_of_the_model(shell: Run) -> None:
    assert "Killed process 4242 (hog)" in shell("echo f > /proc/sysrq-trigger; sleep 0.1; dmesg").printed


def signals_of(status: str) -> dict[str, int]:
    lines = (line.split(":\t") for line in status.splitlines() if line.startswith(("Sig", "Shd")))
    return {name: int(mask, 16) for name, mask in lines if name != "SigQ"}


@pytest.mark.parametrize(("name", "mask"), [("TERM", 1 << 14), ("KILL", 1 << 8)])
def test_what_is_pending_of_one_who_is_held_stands_in_its_status(shell: Run, name: str, mask: int) -> None:
    pending = "until grep -q SigPnd:.*1 /proc/4245/status; do sleep 0.05; done"
    seen = signals_of(
        shell(f"sleep 0.3; kill -{name} 4245; timeout 5 sh -c '{pending}'; cat /proc/4245/status").printed
    )
    assert (seen["ShdPnd"], seen["SigPnd"]) == (mask, 1 << 8)


@pytest.mark.parametrize(("pid", "line"), [(4243, "SigCgt"), (4244, "SigIgn")])
def test_status_tells_what_the_scenario_says_of_sigterm(shell: Run, pid: int, line: str) -> None:
    seen = signals_of(shell(f"cat /proc/{pid}/status").printed)
    assert {name for name, mask in seen.items() if mask == 1 << 14} == {line}
