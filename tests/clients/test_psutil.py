"""psutil, with the mount over /proc, by its PROCFS_PATH, and in a lab: every attribute of every process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from fakeproc.world import Task, World

from .conftest import MACHINE
from .facts import FACTS, Row, memory_of, rows_of
from .lab import FAKEPROC, LONGEST

ROWS = Path(__file__).with_name("psutil_rows.py")
NAMES = {"args", "comm", "gid", "ppid", "rss", "shared", "state", "swap", "threads", "tids", "uid", "vsz"}
COMMAND = [sys.executable, "-W", "error", str(ROWS)]  # a warning is as bad as an exception


def through_run() -> str:
    """In a lab of its own, whose verdict goes elsewhere."""
    words = [*FAKEPROC, "run", "--json", "--scenario", str(MACHINE), "--", *COMMAND]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done
    return done.stderr


# The fixture that each needs, and what is said through it.
DOORS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "bound": ("machine", lambda machine: machine.says(*COMMAND)),
    "PROCFS_PATH": ("machine", lambda machine: machine.says(*COMMAND, str(machine.point), bound=False)),
    "run": ("lab", lambda _: through_run()),
}


@pytest.fixture(scope="module", params=DOORS)
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What psutil tells."""
    needed, said = DOORS[request.param]
    found: dict[str, Any] = json.loads(said(request.getfixturevalue(needed)))
    return {**found, "door": request.param, "rows": {int(pid): row for pid, row in found["rows"].items()}}


def synthetic(pids: Any) -> set[int]:
    """Those of the scenario but init, whose pid real processes may not have."""
    return {pid for pid in map(int, pids) if 20000 <= pid < 21000}


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
    lacking = {pid: names for pid, names in told["missing"].items() if pid not in gone and synthetic([pid])}
    assert set().union(*lacking.values()) <= {"terminal"}


def test_asking_for_everything_ends_well(told: dict[str, Any], truth: World) -> None:
    """Who is left out is whom the kernel does not know by that pid, and kernel threads, as on a real 6.18."""
    zombies = {t.pid for t in truth.processes if t.is_zombie}
    kthreads = {t.pid for t in truth.processes if t.is_kthread}
    everybody = synthetic(t.pid for t in truth.processes)
    known = everybody if told["door"] == "run" else zombies
    assert synthetic(told["everything"]) == known - kthreads
    assert synthetic(told["but system calls"]) == everybody - kthreads
    assert synthetic(told["by system calls"]) == known


def test_by_system_calls_a_process_is_told_as_its_placeholder_is(told: dict[str, Any], truth: World) -> None:
    """Which has all of it from who has started the lab. Outside of labs psutil lists zombies, of which it knows
    nothing."""
    asked = {int(pid): values for pid, values in told["by system calls"].items()}
    ours = {"nice": os.nice(0), "ionice": [0, 0], "cpu_affinity": sorted(os.sched_getaffinity(0))}
    seen = ours if told["door"] == "run" else dict.fromkeys(ours)
    assert {pid: asked[pid] for pid in synthetic(asked)} == dict.fromkeys(synthetic(asked), seen)


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
