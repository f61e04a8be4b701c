"""Placeholders of a lab, in namespaces of their own: python -m fakeproc.bench lab COUNT... prints JSON."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fakeproc.lab import spaces
from fakeproc.lab.placeholders import CHEAP_FROM, Placeholders
from fakeproc.world import World

COUNTS = ("500", "10000")
KILLS = 100


def available() -> int:
    """Bytes, of the real machine."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))) << 10


def _people(count: int) -> World:
    world = World(ram="64 GiB")
    world.set_pid_max(4_194_304)
    for i in range(count):
        world.spawn(f"p{i}")
    return world


def _kill_time(people: Placeholders) -> float:
    """Nanoseconds from kill(2) to the death of its victim, the median."""
    found = []
    for pid in list(people.of)[:KILLS]:
        begun = time.perf_counter_ns()
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED)
        found.append(time.perf_counter_ns() - begun)
    return statistics.median(found)


def _inside(count: int) -> dict[str, float]:
    spaces.die_with_parent()
    spaces.leave_mounts()
    spaces.mount_proc()
    people = Placeholders(_people(count))
    before, begun = available(), time.perf_counter()
    people.keep_up()
    seconds = time.perf_counter() - begun
    os.kill(max(people.of), 0)
    size = before - available()
    return {"seconds": seconds, "bytes": size, "kill_nanoseconds": _kill_time(people)}


def _one(count: int) -> dict[str, float]:
    """In a pid namespace of its own, of which nothing is left."""
    reading, writing = os.pipe()
    init = os.fork()
    if init == 0:
        try:
            os.write(writing, json.dumps(_inside(count)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(init, 0)
    with os.fdopen(reading) as file:
        found: dict[str, float] = json.loads(file.read() or '{"seconds": "it failed"}')
    return found


def main(*counts: str) -> None:
    found = {}
    for count in counts:  # a pid namespace ends with its init: each has a process of its own
        if len(counts) > 1:
            found.update(measure((count,))["placeholders"])
            continue
        spaces.enter()
        found[count] = _one(int(count))
    print(json.dumps({"cheap_from": CHEAP_FROM, "placeholders": found}))


CALL = """
import ctypes, time
call, buffer = ctypes.CDLL(None).sysinfo, ctypes.create_string_buffer(256)
begun = time.perf_counter_ns()
for _ in range(2000):
    call(buffer)
print((time.perf_counter_ns() - begun) / 2000)
"""


def call_time(*options: str) -> float | None:
    """Nanoseconds of a sysinfo(2) in a lab; None where there is none."""
    words = ["-P", "-m", "fakeproc", "run", *options, "--json", "--", sys.executable, "-c", CALL]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    return float(done.stderr) if done.returncode == 0 else None


def measure(counts: tuple[str, ...] = COUNTS) -> dict[str, Any]:
    """The same in processes of their own; or why that did not work, as "missing"."""
    words = [sys.executable, "-P", "-m", "fakeproc.bench", "lab", *counts]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"missing": (done.stderr.splitlines() or [f"exit code {done.returncode}"])[-1], "placeholders": {}}
    found: dict[str, Any] = json.loads(done.stdout)
    if len(counts) > 1:
        found["call_nanoseconds"] = {"plain": call_time(), "intercepted": call_time("--intercept")}
    return found
