"""The machine of a world: its memory, settings, cgroups and stalls, without its tasks. No rule lives here."""

from __future__ import annotations

import errno
import os
from typing import Any

from fakeproc import units
from fakeproc._native import ffi, lib
from fakeproc.cgroup import Usage, path_bytes, usage_of
from fakeproc.errors import FakeprocError, check, with_fields
from fakeproc.memory import OwnPages
from fakeproc.spent import Spent, spent_of
from fakeproc.tree import Tree

RESOURCES: dict[str, int] = {"io": lib.PRESSURE_IO, "memory": lib.PRESSURE_MEMORY, "cpu": lib.PRESSURE_CPU}


class Machine(Tree):
    """What a world is besides its tasks."""

    def set_boot_time(self, nanoseconds: int) -> None:
        """When the machine booted, in nanoseconds since the epoch: the times of its files follow from it.

        OSError EINVAL for more than 146 years from then.
        """
        check(lib.world_set_boot_time(self._w, nanoseconds), "boot time")

    def set_machine(self, *, cpus: int | None = None, hostname: str | None = None) -> None:
        """How many CPUs it has (1 to 1024), and its name, of up to 64 bytes. OSError EINVAL outside."""
        machine = ffi.new("struct machine *")
        lib.world_machine(self._w, machine)
        if cpus is not None:
            machine.cpus = cpus
        if hostname is not None:
            machine.hostname = hostname.encode("utf-8", "surrogateescape")[:65].ljust(65, b"\0")
        check(lib.world_set_machine(self._w, machine), "machine")

    @property
    def own_pages(self) -> OwnPages:
        """Page cache, buffers and slab, in pages of 4 KiB."""
        own = ffi.new("struct own_pages *")
        lib.world_own_pages(self._w, own)
        return OwnPages(own.cache, own.buffers, own.dirty, own.slab_reclaimable, own.slab_unreclaimable)

    def set_own_pages(self, **sizes: int | str) -> None:
        """Page cache, buffers and slab by the names of OwnPages, as sizes ("1 GiB" or bytes); what is not named stays.

        OSError EINVAL, and nothing changed, where more would be dirty than is cached; FakeprocError for a name that is
        none.
        """
        own = ffi.new("struct own_pages *")
        lib.world_own_pages(self._w, own)
        with_fields(own, {name: units.pages(size) for name, size in sizes.items()})
        check(lib.world_set_own_pages(self._w, own), "own pages")

    def drop_caches(self, what: int = 3) -> None:
        """A write to /proc/sys/vm/drop_caches: 1 the clean page cache, 2 reclaimable slab, 3 both. OSError EINVAL."""
        self.write("/sys/vm/drop_caches", str(what))

    @property
    def total_pages(self) -> int:
        """RAM and swap, in pages of 4 KiB: what the OOM killer calls totalpages."""
        return int(lib.world_total_pages(self._w))

    def set_total_pages(self, ram: int, swap: int = 0) -> None:
        """The machine has so many pages of RAM and of swap from now on. OSError EINVAL for no RAM."""
        check(lib.world_set_total_pages(self._w, ram, swap), "total pages")

    def set_nodes(self, *sizes: int | str) -> None:
        """The machine has memory nodes of these sizes: its RAM is their sum. OSError EINVAL: none, or over 64."""
        pages = ffi.new("uint64_t[]", [units.pages(size) for size in sizes])
        check(lib.world_set_nodes(self._w, pages, len(sizes)), "memory nodes")

    def usage(self, memcg: str | None = None) -> Usage:
        """What is in use, an mm's once: of the machine, or of the processes in a memory cgroup (0 without one)."""
        out = ffi.new("struct usage *")
        lib.world_usage(self._w, path_bytes(memcg) if memcg else ffi.NULL, out)
        return usage_of(out)

    @property
    def cgroup_version(self) -> int:
        """Whether cgroups are shown as v1 or v2: in .fakeproc/cgroup and in /proc/PID/cgroup.

        Set to 1 or 2, or to 0 for what the kernel of the rules had. OSError EINVAL for others.
        """
        return int(lib.world_cgroup_version(self._w))

    @cgroup_version.setter
    def cgroup_version(self, version: int) -> None:
        check(lib.world_set_cgroup_version(self._w, version), f"cgroup v{version}")

    def limit_cgroup(self, path: str, limit: int | str) -> None:
        """How much the processes below that cgroup may hold in RAM together ("1 GiB" or bytes; 0: no limit any more).

        What they hold already stays; only who grows meets the limit. Makes the cgroup where there is none. OSError
        EINVAL for no absolute path, or "/".
        """
        check(lib.world_limit(self._w, path_bytes(path), units.pages(limit)), path)

    def set_oom_group(self, path: str, is_set: bool = True) -> None:
        """memory.oom.group: who is killed in that cgroup, or below it, is killed with all the others (since 4.19).

        Those at -1000 are spared. Makes the cgroup where there is none. OSError EINVAL for no absolute path, or "/".
        """
        check(lib.world_oom_group(self._w, path_bytes(path), is_set), path)

    def set_mmu(self, has_mmu: bool) -> None:
        """Without a memory management unit there is no OOM reaper."""
        lib.world_set_mmu(self._w, has_mmu)

    def set_sysctl(self, **values: int) -> None:
        """Numbers of /proc/sys/vm, kernel and fs by their names (page_cluster for page-cluster).

        OSError EINVAL, and none set, where one is refused; FakeprocError for a name that is none.
        """
        sysctl = ffi.new("struct sysctl *")
        lib.world_sysctl(self._w, sysctl)
        with_fields(sysctl, values)
        check(lib.world_set_sysctl(self._w, sysctl), "sysctl")

    @property
    def spent(self) -> Spent:
        """What all tasks together have used since boot, the dead too."""
        out = ffi.new("struct spent *")
        lib.world_spent(self._w, out)
        return spent_of(out)

    def set_pressure(self, resource: str, some: float, full: float = 0.0, cgroup: str | None = None) -> None:
        """From now on, so many percent of the time is stalled for want of io, memory or cpu (/proc/pressure).

        full is the part of it in which nobody gets on. Totals and averages follow as time passes. OSError EINVAL for
        more than 100, or more full than some; ENOENT for a cgroup that is not there.
        """
        parts = (round(some * 100), round(full * 100))
        if not 0 <= parts[1] <= parts[0] <= 10000:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), f"pressure of {some} % and {full} %")
        check(lib.world_set_pressure(self._w, _cgroup(cgroup), _resource(resource), *parts), cgroup or resource)

    def stall(self, resource: str, some: int | str, full: int | str = 0, cgroup: str | None = None) -> None:
        """A stall that ends now and took so long ("20 ms" or nanoseconds), of somebody and, in part, of everybody."""
        lengths = (units.duration(some), units.duration(full))
        check(lib.world_stall(self._w, _cgroup(cgroup), _resource(resource), *lengths), cgroup or resource)


def _resource(name: str) -> int:
    if name not in RESOURCES:
        raise FakeprocError(f"{name!r} is no resource that has pressure: write one of {' '.join(RESOURCES)}")
    return RESOURCES[name]


def _cgroup(path: str | None) -> Any:
    return ffi.new("char[]", path.encode("utf-8", "surrogateescape")) if path else ffi.NULL
