"""OOM daemons from Debian's packages, unmodified: their victim, the signal, the order, and what meminfo shows."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import FAKEPROC, QUIET, Run, Seen

pytestmark = pytest.mark.slow
LEAK = Path(__file__).with_name("leak.toml")
TWO = Path(__file__).with_name("two-victims.toml")
PEOPLE = Path(__file__).with_name("people.toml")
DAEMONS = {
    "earlyoom": ["earlyoom", "-r", "0"],
    "earlyoom at once": ["earlyoom", "-r", "0", "-m", "60,20"],
    "nohang": ["nohang", "--monitor", "--config", "/etc/nohang/nohang.conf"],
}


Daemon = Callable[[str, Path, float], Seen]


@pytest.fixture
def daemon(run: Run, program: Callable[[str], str]) -> Daemon:
    """daemon(name, scenario, seconds): one of DAEMONS in a lab, for so long."""

    def run_it(name: str, scenario: Path, seconds: float) -> Seen:
        program(DAEMONS[name][0])
        return run(*DAEMONS[name], scenario=scenario, options=("--for", f"{seconds} s"))

    return run_it


@pytest.mark.parametrize("name", ["earlyoom", "nohang"])
def test_it_kills_the_one_that_leaks_before_the_kernel_does(daemon: Daemon, name: str) -> None:
    seen = daemon(name, LEAK, 4)
    assert seen.signals == [("leaker", "SIGTERM", "died")]
    assert seen.verdict["signals"][0]["by"].startswith(f"{name} (")
    assert seen.verdict["signals"][0]["mem_available"] <= 4 * (1 << 30) / 10
    assert (seen.verdict["faster"], seen.verdict["kernel_kills"]) == ("command", [])
    assert seen.verdict["mem_available"] >= 3 << 30
    assert (seen.code, seen.verdict["holds"]) == (0, True)


def test_earlyoom_says_who_it_was(daemon: Daemon) -> None:
    printed = daemon("earlyoom", LEAK, 3).printed
    assert 'sending SIGTERM to process 4242 uid 1000 "leaker"' in printed
    assert "process exited after 0." in printed


def test_nohang_believes_what_it_sees(daemon: Daemon) -> None:
    printed = daemon("nohang", LEAK, 4).printed
    assert "OK; total response time" in printed
    assert "The victim died in" in printed
    assert "Selected process died before" not in printed


def test_the_same_daemon_has_the_same_victim_each_time(daemon: Daemon) -> None:
    assert len({tuple(daemon("earlyoom", LEAK, 3).signals) for _ in range(3)}) == 1


def test_earlyoom_turns_to_sigkill_for_one_that_is_deaf(daemon: Daemon, tmp_path: Path) -> None:
    file = tmp_path / "deaf.toml"
    text = '[machine]\nram = "4 GiB"\n[[process]]\ncomm = "deaf"\nanon = "3900 MiB"\non_sigterm = "ignore"\n'
    file.write_text(text)
    signals = daemon("earlyoom", file, 14).signals
    assert ("deaf", "SIGKILL", "died") in signals


def test_earlyoom_goes_from_the_biggest_to_the_next(daemon: Daemon) -> None:
    seen = daemon("earlyoom at once", PEOPLE, 2)
    assert seen.signals[0] == ("hog", "SIGTERM", "died")
    assert len(seen.signals) == 1, "there is room after the first"


# --- one victim, and then another ------------------------------------------------------------

MIB = 1 << 20
GROWS = {"first": (2500, 0.5, 500), "second": (400, 4, 1024)}  # of TWO: MiB, from that second on, MiB/s
ROUGHLY = 100 * MIB  # a step of a leak, and what the daemon itself counts as


def size(comm: str, at: int) -> int:
    """Bytes that one of them holds, so many nanoseconds after the start."""
    mib, since, rate = GROWS[comm]
    return int(mib + rate * max(0, at / 1e9 - since)) * MIB


def available(seen: Seen) -> list[int]:
    """What meminfo showed after each of them, in bytes."""
    told = [one["seen"] for one in seen.verdict["verdicts"] if "MemAvailable" in one["expected"]]
    return [int(re.findall(r"MemAvailable = (\d+) KiB", text)[0]) << 10 for text in told]


@pytest.mark.parametrize("name", ["earlyoom", "nohang"])
def test_one_after_the_other_and_the_memory_of_each_comes_back(daemon: Daemon, name: str) -> None:
    seen = daemon(name, TWO, 9)
    assert seen.signals == [("first", "SIGTERM", "died"), ("second", "SIGTERM", "died")]
    assert [one["by"].split(" (")[0] for one in seen.verdict["signals"]] == [name, name]
    assert (seen.verdict["kernel_kills"], seen.verdict["holds"]) == ([], True), seen.verdict["verdicts"]
    for one, after in zip(seen.verdict["signals"], available(seen), strict=True):
        assert one["mem_available"] <= 4096 * MIB / 10
        assert abs(after - one["mem_available"] - size(one["comm"], one["at"])) < ROUGHLY


# --- the gauntlet ------------------------------------------------------------------------------

SURE = ("slow-leak", "protected", "deaf", "late", "itself", "memcg", "sharers", "vfork")


def test_earlyoom_through_the_gauntlet(lab: None, program: Callable[[str], str]) -> None:
    program("earlyoom")
    only = [word for name in SURE for word in ("--only", name)]
    done = subprocess.run([*FAKEPROC, "gauntlet", *only, "--json", "--", "earlyoom", "-r", "0"], **QUIET)
    scores = {one["name"]: one["passed"] for one in json.loads(done.stdout)["scores"]}
    assert scores == dict.fromkeys(sorted(SURE), True), done.stdout


PSUTIL = """
import psutil, time
while True:
    if psutil.virtual_memory().available < 1 << 30:
        worst = max(psutil.process_iter(["memory_info"]), key=lambda one: one.info["memory_info"].rss)
        print(worst.name(), flush=True)
        worst.terminate()
        worst.wait(5)
        print(psutil.virtual_memory().available > 2 << 30, flush=True)
        break
    time.sleep(0.05)
"""


def test_a_python_daemon_with_psutil(run: Run) -> None:
    pytest.importorskip("psutil", reason="psutil is not installed")
    seen = run(sys.executable, "-c", PSUTIL, scenario=LEAK, options=("--for", "5 s"))
    assert seen.printed.splitlines() == ["leaker", "True"]
    assert seen.signals == [("leaker", "SIGTERM", "died")]
