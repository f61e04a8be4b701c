"""OOM daemons from Debian's packages, unmodified, with two victims: their order, and what comes back after each."""

import re
from pathlib import Path

import pytest

from .conftest import Run, Seen
from .test_daemons import of_daemon

pytestmark = pytest.mark.slow
SCENARIO = Path(__file__).with_name("two-victims.toml")
MIB = 1 << 20
GROWS = {"first": (2500, 0.5, 500), "second": (400, 4, 1024)}  # MiB, from that second on, MiB/s
ROUGHLY = 100 * MIB  # a step of a leak, and what the daemon itself counts as


@pytest.fixture(scope="module", params=["earlyoom", "nohang"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def seen(run: Run, name: str) -> Seen:
    return of_daemon(run, name, SCENARIO, 9)


def size(comm: str, at: int) -> int:
    """Bytes that one of them holds, so many nanoseconds after the start."""
    mib, since, rate = GROWS[comm]
    return int(mib + rate * max(0, at / 1e9 - since)) * MIB


def available(seen: Seen) -> list[int]:
    """What meminfo showed after each of them, in bytes."""
    told = [one["seen"] for one in seen.verdict["verdicts"] if "MemAvailable" in one["expected"]]
    return [int(re.search(r"MemAvailable = (\d+) KiB", text)[1]) << 10 for text in told]


def test_one_after_the_other_and_its_memory_comes_back(seen: Seen, name: str) -> None:
    assert seen.signals == [("first", "SIGTERM", "died"), ("second", "SIGTERM", "died")]
    assert [one["by"].split(" (")[0] for one in seen.verdict["signals"]] == [name, name]
    assert (seen.verdict["kernel_kills"], seen.verdict["holds"]) == ([], True), seen.verdict["verdicts"]
    for one, after in zip(seen.verdict["signals"], available(seen), strict=True):
        assert one["mem_available"] <= 4096 * MIB / 10
        assert abs(after - one["mem_available"] - size(one["comm"], one["at"])) < ROUGHLY
