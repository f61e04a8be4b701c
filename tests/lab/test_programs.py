"""Unmodified programs that signal, each on a synthetic process."""

from collections.abc import Callable

import pytest

from .conftest import Run

HOG = [("hog", "SIGTERM", "died")]


@pytest.mark.parametrize(
    "command",
    ["/bin/kill 4242", "pkill hog", "pkill -f -x hog", "pkill -u 1000", "skill hog", "kill -s TERM $(pidof hog)"],
)
def test_programs_that_kill(shell: Run, program: Callable[[str], str], command: str) -> None:
    program(command.split()[0])
    assert shell(f"{command}; sleep 0.1; ! kill -0 4242").signals == HOG


def test_a_signal_lands_also_where_the_program_ends_with_it(run: Run, program: Callable[[str], str]) -> None:
    program("/bin/kill")
    assert run("/bin/kill", "4242").signals == HOG


def test_timeout_ends_a_real_program_among_the_synthetic_ones(shell: Run) -> None:
    assert shell("timeout 0.2 sleep 10; echo $?").printed == "124\n"


def test_timeout_and_a_shell_wait_for_a_victim(shell: Run) -> None:
    waits = "timeout 5 sh -c 'while kill -0 4243 2>/dev/null; do sleep 0.05; done' && echo gone"
    assert shell(f"kill 4243; {waits}").printed == "gone\n"


def test_choom_moves_whom_the_kernel_will_kill(shell: Run) -> None:
    seen = shell("choom -n -1000 -p 4242; choom -n 500 -p 4250; echo f > /proc/sysrq-trigger; sleep 0.2; kill -0 4242")
    assert seen.code == 0
    assert [one["comm"] for one in seen.verdict["kernel_kills"]] == ["worker"]


def test_choom_starts_a_program_that_is_in_the_world(shell: Run) -> None:
    assert shell("choom -n 300 -- cat /proc/self/oom_score_adj").printed == "300\n"


WATCHDOG = """
limit=$1
while sleep 0.05; do
	read -r _ available _ <<-EOF
	$(grep MemAvailable /proc/meminfo)
	EOF
	[ "$available" -lt "$limit" ] || exit 0
	worst=$(for f in /proc/[0-9]*/oom_score; do echo "$(cat $f) ${f#/proc/}"; done | sort -n | tail -1)
	worst=${worst#* }
	kill "${worst%%/*}"
done
"""


def test_a_shell_script_that_kills_the_worst_until_there_is_room(run: Run) -> None:
    seen = run("sh", "-c", WATCHDOG, "watchdog", str(3 << 20))
    assert (seen.code, seen.signals) == (0, HOG)
    assert seen.verdict["mem_available"] >= 3 << 30


def test_an_exit_code_is_passed_on(shell: Run) -> None:
    assert [shell(text).code for text in ("exit 0", "exit 7", "kill -9 $$")] == [0, 7, 137]
