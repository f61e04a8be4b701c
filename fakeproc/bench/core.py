"""The core by itself, in a process of its own: python -m fakeproc.bench core TASKS prints JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from fakeproc._native import lib
from fakeproc.world import World, check

WRITES = 200_000
SHARERS = (2, 1_000)
SELECTIONS = 20
EVERY_PID = 4_194_000  # nearly: some are taken


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def nanoseconds(found: float) -> float:
    """A time of the core, or OSError for the negative errno that it gives instead."""
    check(min(0, int(found)), "bench")
    return found


def write_time(world: World, sharers: int) -> float:
    """Nanoseconds of a write to oom_score_adj of a process whose mm has so many users."""
    first = world.spawn("first")
    for _ in range(sharers - 1):
        first.clone_vm()
    path = first.path("oom_score_adj").encode()
    return nanoseconds(lib.bench_write(world._w, path, WRITES * SHARERS[0] // sharers))


def select_time(tasks: int) -> float:
    """Nanoseconds in which a victim is chosen among so many processes."""
    world = World(ram="64 GiB")
    world.set_pid_max(4_194_304)
    nanoseconds(lib.bench_fork(world._w, 1, tasks))
    return nanoseconds(lib.bench_select(world._w, SELECTIONS))


def run(tasks: int) -> dict[str, Any]:
    """Fork a world full, then write in it."""
    world = World()
    world.set_pid_max(4_194_304)
    before = resident()
    fork = nanoseconds(lib.bench_fork(world._w, 1, tasks))
    size = (resident() - before) / tasks
    writes = {str(sharers): write_time(world, sharers) for sharers in SHARERS}
    del world
    crowds = (tasks, min(4 * tasks, EVERY_PID))
    return {
        "tasks": tasks,
        "fork_nanoseconds": fork,
        "fork_seconds": fork * tasks / 1e9,
        "bytes_a_task": size,
        "write_nanoseconds": writes,
        "select_nanoseconds": {str(crowd): select_time(crowd) for crowd in crowds},
    }


def measure(tasks: int) -> dict[str, Any]:
    """The same in a fresh process, whose memory grows by the world alone; or why that did not work, as "missing"."""
    words = [sys.executable, "-m", "fakeproc.bench", "core", str(tasks)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"tasks": tasks, "missing": (done.stderr.splitlines() or [f"exit code {done.returncode}"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(tasks: str) -> None:
    print(json.dumps(run(int(tasks))))
