"""The core by itself, in a process of its own: python -m fakeproc.bench core TASKS prints JSON."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fakeproc import scenario
from fakeproc._native import lib
from fakeproc.scenario.run import Run
from fakeproc.world import World, check

WRITES = 200_000
SHARERS = (2, 1_000)
SELECTIONS = 20
EVERY_PID = 4_194_000  # nearly: some are taken
LIVELY = 10_000  # processes of a scenario


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


ACTS = (
    'grow = {{ who = "p{who}", size = "64 KiB" }}',
    'write = {{ who = "p{who}", value = {value} }}',
    'shrink = {{ who = "p{who}", size = "32 KiB" }}',
    'grow = {{ who = "p{who}", to = "3 MiB" }}',
    'touch = "p{who}"',
)


def lively(processes: int) -> str:
    """A scenario of so many processes, with ten events for each."""
    people = (f'[[process]]\ncomm = "p{i}"\nanon = "1 MiB"\n' for i in range(processes))
    acts = (
        ACTS[(i + i // processes) % len(ACTS)].format(who=i % processes, value=i % 900) for i in range(2 * processes)
    )
    events = (f'[[event]]\nat = "{i} ms"\nevery = "1 h"\ntimes = 5\n{act}\n' for i, act in enumerate(acts))
    return "".join(['[machine]\nram = "256 GiB"\npid_max = 4194304\n', *people, *events])


def play_times(processes: int) -> tuple[float, float]:
    """Seconds in which such a scenario is loaded and built, and in which all of it happens in virtual time."""
    text = lively(processes)
    begun = time.perf_counter()
    run = Run(scenario.loads(text))
    built = time.perf_counter()
    happened = sum(entry.kind == "event" for entry in run.play())
    if happened != 10 * processes:
        raise ValueError(f"only {happened} events happened")
    return built - begun, time.perf_counter() - built


def saved_world(processes: int) -> dict[str, float]:
    """Seconds in which a world of so many processes is saved and loaded, the best of five, and its bytes."""
    world = World(ram="256 GiB")
    nanoseconds(lib.bench_fork(world._w, 1, processes))
    state, saves, loads = b"", [], []
    for _ in range(5):
        begun = time.perf_counter()
        state = world.save()
        saved = time.perf_counter()
        World.load(state)
        saves.append(saved - begun)
        loads.append(time.perf_counter() - saved)
    return {"processes": processes, "save_seconds": min(saves), "load_seconds": min(loads), "bytes": len(state)}


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
    processes = min(LIVELY, tasks // 10)
    load, play = play_times(processes)
    return {
        "tasks": tasks,
        "fork_nanoseconds": fork,
        "fork_seconds": fork * tasks / 1e9,
        "bytes_a_task": size,
        "write_nanoseconds": writes,
        "load_seconds": {str(10 * processes): load},
        "play_seconds": {str(10 * processes): play},
        "saved": saved_world(processes),
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
