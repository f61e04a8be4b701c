"""Those who show the machine: memory, swap, load, time."""

import os
import time
from collections.abc import Callable

from fakeproc.world import World

from . import parsers
from .facts import memory_of
from .lab import Lab

Program = Callable[[str], str]


def ask(machine: Lab, *words: str) -> str:
    return machine.says(*words, env={**os.environ, "LC_ALL": "C"})


def used(m: dict[str, int]) -> int:
    """As procps 4 counts it."""
    return m["MemTotal"] - m["MemAvailable"]


def cached(m: dict[str, int]) -> int:
    return m["Cached"] + m["SReclaimable"]


def test_meminfo_is_that_of_a_world_with_the_reader_in_it(machine: Lab, watched: World) -> None:
    assert machine.read("meminfo") == watched.read("/meminfo").decode()


def test_free(machine: Lab, watched: World, program: Program) -> None:
    program("free")
    m = memory_of(watched)
    assert parsers.free(ask(machine, "free", "-k")) == {
        "total": m["MemTotal"],
        "used": used(m),
        "free": m["MemFree"],
        "shared": m["Shmem"],
        "buff/cache": m["Buffers"] + cached(m),
        "available": m["MemAvailable"],
        "swap total": m["SwapTotal"],
        "swap used": m["SwapTotal"] - m["SwapFree"],
        "swap free": m["SwapFree"],
    }


def test_vmstat(machine: Lab, watched: World, program: Program) -> None:
    program("vmstat")
    m = memory_of(watched)
    seen = parsers.vmstat(ask(machine, "vmstat"))
    expected = {
        "swpd": m["SwapTotal"] - m["SwapFree"],
        "free": m["MemFree"],
        "buff": m["Buffers"],
        "cache": cached(m),
        "r": 0,
        "b": 0,
        "us": 0,
        "sy": 0,
        "id": 100,
    }
    assert {name: seen[name] for name in expected} == expected


def test_vmstat_counters(machine: Lab, watched: World, program: Program) -> None:
    program("vmstat")
    m = memory_of(watched)
    seen = parsers.counters(ask(machine, "vmstat", "-s"))
    counters = dict(line.split() for line in machine.read("vmstat").splitlines())
    expected = {
        "total memory": m["MemTotal"],
        "used memory": used(m),
        "active memory": m["Active"],
        "inactive memory": m["Inactive"],
        "free memory": m["MemFree"],
        "total swap": m["SwapTotal"],
        "used swap": m["SwapTotal"] - m["SwapFree"],
        "K paged in": int(counters["pgpgin"]),
        "pages swapped in": int(counters["pswpin"]),
        "pages swapped out": int(counters["pswpout"]),
    }
    assert {name: seen[name.removeprefix("K ")] for name in expected} == expected
    booted = next(line for line in machine.read("stat").splitlines() if line.startswith("btime"))
    assert seen["boot time"] == int(booted.split()[1])


def test_uptime(machine: Lab, program: Program) -> None:
    program("uptime")
    before = float(machine.read("uptime").split()[0])
    said = ask(machine, "uptime")
    loads = machine.read("loadavg").split()[:3]
    assert said.strip().endswith("load average: " + ", ".join(loads))
    since = time.mktime(time.strptime(ask(machine, "uptime", "-s").strip(), "%Y-%m-%d %H:%M:%S"))
    assert abs(time.time() - since - before) < 5


def test_top_sums_up(machine: Lab, watched: World, program: Program) -> None:
    program("top")
    m = memory_of(watched)
    lines = ask(machine, "top", "-b", "-n1", "-Ek").splitlines()
    tasks, memory, swap = (
        next(line for line in lines if line.startswith(word)) for word in ("Tasks", "KiB M", "KiB S")
    )
    states = [t.info.state for t in watched.processes]
    counts = [len(states), states.count(b"R"), states.count(b"S"), states.count(b"T"), states.count(b"Z")]
    assert [int(word) for word in tasks.replace(",", "").split() if word.isdigit()] == counts
    numbers = [float(word) for word in (memory + swap).replace(",", " ").split() if word[0].isdigit()]
    shown = [m["MemTotal"], m["MemFree"], used(m), m["Buffers"] + cached(m)]
    shown += [m["SwapTotal"], m["SwapFree"], m["SwapTotal"] - m["SwapFree"], m["MemAvailable"]]
    assert numbers == [float(value) for value in shown]


def test_busybox_top_sums_up(machine: Lab, watched: World, program: Program) -> None:
    program("busybox")
    m = memory_of(watched)
    first = ask(machine, "busybox", "top", "-b", "-n1").splitlines()[0]
    numbers = [int(word[:-1]) for word in first.split() if word[:-1].isdigit()]
    assert numbers == [m["MemTotal"] - m["MemFree"], m["MemFree"], m["Shmem"], m["Buffers"], m["Cached"]]


def test_atop_sums_up(machine: Lab, watched: World, program: Program) -> None:
    program("atop")
    m = memory_of(watched)
    line = next(line for line in ask(machine, "atop", "-P", "MEM", "1", "1").splitlines() if line.startswith("MEM"))
    page, total, free, cache, buffers, slab = map(int, line.split()[6:12])
    assert [page * n >> 10 for n in (total, free, cache, buffers, slab)] == [
        m["MemTotal"],
        m["MemFree"],
        m["Cached"],
        m["Buffers"],
        m["Slab"],
    ]
