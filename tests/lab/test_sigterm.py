"""What victims do with the SIGTERM of a program: the scenario says it, the program sees it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run, Seen

PEOPLE = """
[machine]
kernel = "6.18"
ram = "4 GiB"

[[process]]
comm = "dumper"
pid = 4242
anon = "2 GiB"
on_sigterm = { core = "400 ms" }

[[process]]
comm = "hydra"
pid = 4243
anon = "100 MiB"
on_sigterm = "fork"

[[event]]
at = "100 ms"
spawn = { comm = "late", pid = 4300, anon = "50 MiB", on_sigterm = { after = "300 ms" } }

[[event]]
at = "100 ms"
spawn = { comm = "deaf", pid = 4301, anon = "50 MiB", on_sigterm = "ignore" }
"""


@pytest.fixture
def shell(shell_on: Callable[[str], Run]) -> Run:
    return shell_on(PEOPLE)


def available(seen: Seen) -> list[int]:
    """What meminfo said, each time, in kB."""
    return [int(line.split()[1]) for line in seen.printed.splitlines() if line.startswith("MemAvailable")]


def test_one_that_dumps_core_holds_its_memory_until_that_is_done(shell: Run) -> None:
    look = "grep MemAvailable /proc/meminfo; grep CoreDumping /proc/4242/status"
    seen = shell(f"{look}; kill 4242; sleep 0.15; {look}; sleep 0.5; {look}; ! kill -0 4242")
    before, during, after = available(seen)
    assert abs(before - during) < 500 << 10
    assert after - during >= 2 << 20
    assert [line for line in seen.printed.splitlines() if line.startswith("Core")] == [
        "CoreDumping:\t0",
        "CoreDumping:\t1",
    ]
    assert seen.code == 0
    (one,) = seen.verdict["signals"]
    assert one["outcome"].endswith(", core dumped")


def test_sigkill_ends_a_core_dump(shell: Run) -> None:
    seen = shell("kill 4242; sleep 0.05; kill -9 4242; sleep 0.1; ! kill -0 4242")
    assert seen.code == 0
    assert [one["outcome"].count("core dumped") for one in seen.verdict["signals"]] == [0, 0]


def test_one_that_forks_is_there_again_under_another_pid(shell: Run) -> None:
    again = "sleep 0.1; pidof hydra"
    seen = shell(f"kill 4243; {again}; kill -0 4243 2>/dev/null && exit 3; pkill hydra; {again}")
    first, second = seen.printed.split()
    assert len({4243, int(first), int(second)}) == 3
    assert [one["signal"] for one in seen.verdict["signals"]] == ["SIGTERM", "SIGTERM"]


def test_and_sigkill_is_the_end_of_it(shell: Run) -> None:
    assert shell("kill 4243; sleep 0.1; pkill -9 hydra; sleep 0.1; ! pidof hydra").code == 0


def test_those_that_an_event_has_made_do_as_it_says(shell: Run) -> None:
    seen = shell("sleep 0.3; kill 4300 4301; sleep 0.15; kill -0 4300 && sleep 0.3; ! kill -0 4300 && kill -0 4301")
    assert seen.code == 0
    assert sorted(seen.signals) == [("deaf", "SIGTERM", "lives on"), ("late", "SIGTERM", "died")]


def test_a_fork_does_as_its_parent(shell: Run) -> None:
    fork = "echo fork deaf as 5000 > /proc/.fakeproc/ctl"
    assert shell(f"sleep 0.3; {fork}; sleep 0.1; kill 5000; sleep 0.1; kill -0 5000").code == 0


LATE_AND_HELD = """
[machine]
kernel = "6.18"
ram = "4 GiB"

[[process]]
comm = "late"
pid = 4242
anon = "50 MiB"
on_sigterm = { after = "1 s" }

[[process]]
comm = "held"
pid = 4243
anon = "50 MiB"

[[event]]
at = "100 ms"
dsleep = { who = "held", for = "1500 ms" }

[[expect]]
killed = ["late"]
before = "900 ms"

[[expect]]
killed = ["held"]
"""


def seconds(words: str) -> list[float]:
    """All that are in such a sentence, after "at"."""
    return [float(found) for found in re.findall(r"\bat ([\d.]+) s", words)]


@pytest.mark.parametrize("speed", ["1", "3"])
def test_a_death_is_dated_when_it_happens_though_nobody_looks(run: Run, tmp_path: Path, speed: str) -> None:
    file = tmp_path / "late.toml"
    file.write_text(LATE_AND_HELD)
    shell = "kill 4242; sleep 0.2; kill -9 4243; sleep 1.8"
    verdict = run("sh", "-c", shell, scenario=file, options=("--speed", speed)).verdict
    told = {one["comm"]: (one["at"] / 1e9, *seconds(one["outcome"])) for one in verdict["signals"]}
    late, held = verdict["verdicts"]
    began, died = told["late"]
    assert (began + 1 <= died, late["holds"]) == (True, False)
    assert seconds(late["seen"]) == [pytest.approx(died, abs=0.002)]
    began, died = told["held"]
    assert died == pytest.approx(1.6, abs=0.002)
    assert seconds(held["seen"])[:1] == [pytest.approx(began, abs=0.1)]
    assert seconds(held["seen"].partition("died ")[2]) == [died]
