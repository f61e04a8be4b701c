"""psutil, with the mount over /proc and by its PROCFS_PATH: every attribute of every process."""

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from fakeproc.world import Task, World

from .facts import FACTS, Row, memory_of, rows_of
from .lab import Lab

ROWS = Path(__file__).with_name("psutil_rows.py")
NAMES = {"args", "comm", "gid", "ppid", "rss", "shared", "state", "swap", "threads", "tids", "uid", "vsz"}


@pytest.fixture(scope="module", params=["bound", "PROCFS_PATH"])
def told(request: pytest.FixtureRequest, machine: Lab) -> dict[str, Any]:
    """What psutil tells. A warning is as bad as an exception."""
    bound = request.param == "bound"
    words = [sys.executable, "-W", "error", str(ROWS), *([] if bound else [str(machine.point)])]
    found: dict[str, Any] = json.loads(machine.says(*words, bound=bound))
    return {**found, "rows": {int(pid): row for pid, row in found["rows"].items()}}


def synthetic(pids: Any) -> set[int]:
    return {pid for pid in pids if pid >= 20000}


def expected_of(t: Task, row: Row) -> Row:
    """A zombie and a kernel thread have no arguments and no smaps_rollup, which psutil says by leaving them out."""
    left_out = {"args", "swap"} - row.keys() if t.is_zombie or t.is_kthread else set()
    return {name: FACTS[name](t) for name in NAMES - left_out}


def test_every_process_is_told_as_it_is(told: dict[str, Any], truth: World) -> None:
    tasks = {t.pid: t for t in truth.processes}
    rows = {pid: row for pid, row in told["rows"].items() if pid in tasks}
    assert rows == {pid: expected_of(t, rows[pid]) for pid, t in tasks.items()}
    assert told["attributes"] == len(psutil.Process().as_dict())


def test_nothing_is_missing_but_what_zombies_lack(told: dict[str, Any], truth: World) -> None:
    gone = {str(t.pid) for t in truth.processes if t.is_zombie}
    lacking = {pid: names for pid, names in told["missing"].items() if pid not in gone and int(pid) >= 20000}
    assert set().union(*lacking.values()) <= {"terminal"}


def test_asking_for_everything_ends_well(told: dict[str, Any], truth: World) -> None:
    """Who is left out is whom the kernel does not know by that pid, and kernel threads, as on a real 6.18."""
    zombies = {t.pid for t in truth.processes if t.is_zombie}
    kthreads = {t.pid for t in truth.processes if t.is_kthread}
    everybody = synthetic(t.pid for t in truth.processes)
    assert synthetic(told["everything"]) == zombies
    assert synthetic(told["but system calls"]) == everybody - kthreads


def test_the_machine_is_told_as_it_is(told: dict[str, Any], watched: World) -> None:
    m, seen = memory_of(watched), told["machine"]
    expected = {
        "total": m["MemTotal"],
        "available": m["MemAvailable"],
        "free": m["MemFree"],
        "cached": m["Cached"] + m["SReclaimable"],
        "shared": m["Shmem"],
        "swap total": m["SwapTotal"],
        "swap free": m["SwapFree"],
    }
    assert {name: seen[name] for name in expected} == expected


def test_rows_are_of_all_processes(told: dict[str, Any], truth: World) -> None:
    assert synthetic(told["rows"]) == synthetic(rows_of(truth, set()))
