"""The [machine] of a snapshot: the nearest known kernel, sizes, and the sysctls that are not as always."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from fakeproc import nodes, rules, wording
from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError
from fakeproc.scenario.keys import PID_LIMIT
from fakeproc.scenario.planner import DEFAULT_RAM, PID_MAX
from fakeproc.snapshot.describe import size
from fakeproc.snapshot.facts import Machine
from fakeproc.world import World

# Keys of [machine] by lines of meminfo.
OWN_PAGES = {
    "cache": "Cached",
    "dirty": "Dirty",
    "buffers": "Buffers",
    "slab_reclaimable": "SReclaimable",
    "slab_unreclaimable": "SUnreclaim",
}


def kernel(machine: Machine, asked: str | None = None) -> rules.Kernel:
    """The one that is asked for, or that a mount follows, or the nearest at or below the machine's release."""
    if asked is not None:
        return rules.kernel(asked)
    if machine.kernel:
        return machine.kernel
    return rules.at_or_below(machine.release) if machine.release else rules.Kernel(rules.versions()[-1])


def pid_max(machine: Machine) -> int:
    """At least as much as is needed."""
    threads = [thread.tid for process in machine.processes.values() for thread in process.threads]
    ids = [*machine.processes, *threads]
    seen = machine.pid_max or max(PID_MAX, max(ids) + 1)
    return min(max(seen, len(ids) + 3, 301), PID_LIMIT)


def table(machine: Machine, of: rules.Kernel, mapped: int) -> dict[str, Any]:
    """The keys of [machine], whose processes map so many bytes of files."""
    found: dict[str, Any] = {"kernel": of.version}
    if of.patches:
        found["kernel"] = {"base": of.version, "patches": sorted(of.patches)}
    if len(machine.nodes) > 1 and _nodes_will_do(machine):
        found["nodes"] = [size(count) for count in machine.nodes]
    elif machine.ram:
        found["ram"] = size(machine.ram)
    if machine.swap:
        found["swap"] = size(machine.swap)
    if machine.cpus:
        found["cpus"] = min(machine.cpus, lib.CPUS_MAX)
    if machine.hostname:
        found["hostname"] = machine.hostname
    if pid_max(machine) != PID_MAX:
        found["pid_max"] = pid_max(machine)
    found |= {key: size(count) for key, count in _own_pages(machine, mapped).items() if count}
    if sysctl := dict(_sysctls(machine, of)):
        found["sysctl"] = sysctl
    return found


def _own_pages(machine: Machine, mapped: int) -> dict[str, int]:
    """What it holds besides its processes, as meminfo tells; nothing where that is more than there is at all."""
    told = {key: machine.meminfo.get(name, 0) for key, name in OWN_PAGES.items()}
    told["cache"] = max(0, told["cache"] - machine.meminfo.get("Shmem", 0) - mapped)
    told["dirty"] = min(told["dirty"], told["cache"])
    return told if sum(told.values()) - told["dirty"] <= (machine.ram or DEFAULT_RAM) else {}


def _nodes_will_do(machine: Machine) -> bool:
    """No process may use others: a scenario would not take them."""
    sets = {process.status.mems for process in machine.processes.values()} - {None, ""}
    with suppress(FakeprocError):
        return not any(nodes.parse(mems) >> len(machine.nodes) for mems in sets if mems)
    return False


def _sysctls(machine: Machine, of: rules.Kernel) -> Iterator[tuple[str, int]]:
    """Those that differ from what such a kernel boots with, as far as it takes them."""
    world, usual = _booted(machine, of), ffi.new("struct sysctl *")
    lib.world_sysctl(world._w, usual)
    for name, number in machine.sysctls.items():
        if number != getattr(usual, name) and _takes(world, name, number):
            yield name, number


def _booted(machine: Machine, of: rules.Kernel) -> World:
    """Nobody is in it; some settings follow from its RAM."""
    return World(of, ram=machine.ram or DEFAULT_RAM, swap=machine.swap, init=False)


def _takes(world: World, name: str, number: int) -> bool:
    try:
        world.set_sysctl(**{name: number})
    except OSError:
        return False
    return True


def remarks(machine: Machine, of: rules.Kernel, asked: str | None) -> Iterator[str]:
    """What a reader should know of it."""
    if machine.release and not asked and not machine.kernel and _version(machine) != of.version:
        yield f"Its kernel is {_version(machine)}; the nearest known one at or below is {of}."
    if not machine.release and not machine.kernel and not asked:
        yield f"It does not tell its kernel: {of} is the newest known one."
    if not machine.ram:
        yield "It does not tell its RAM: write ram = ... below, or it has 8 GiB."
    if machine.is_in_pid_namespace:
        yield "Its pid 1 is that of a pid namespace; in a scenario it is global init, which nobody kills."
    refused = [name for name, number in machine.sysctls.items() if not _takes(_booted(machine, of), name, number)]
    if refused:
        yield f"Kernel {of} refuses the machine's {wording.listed(refused)}: left out."
    if (tmpfs := machine.meminfo.get("Shmem", 0) - _sum(machine, "shmem")) > 0:
        yield f"It holds {tmpfs >> 20} MiB of shared memory that no process has mapped (tmpfs): left out."
    if 0 < machine.ram < (held := _sum(machine, "anon", "file", "shmem")):
        yield f"The processes hold {held >> 20} MiB, more than there is: pages that several map count for each."


def _version(machine: Machine) -> str:
    return ".".join(map(str, machine.release or ()))


def _sum(machine: Machine, *parts: str) -> int:
    """Bytes that the processes hold of these kinds."""
    every = (process.status.sizes or {} for process in machine.processes.values())
    return sum(sizes.get(part, 0) for sizes in every for part in parts)
