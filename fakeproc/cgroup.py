"""Cgroup: a cgroup v2 of a world, as Python sees it. No rule lives here."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproc import units
from fakeproc._native import ffi, lib
from fakeproc.errors import check, raise_errno

if TYPE_CHECKING:
    from fakeproc.world import Caller, Task, World

EVENTS = ("low", "high", "max", "oom", "oom_kill", "oom_group_kill")
SWAP_EVENTS = ("high", "max", "fail")


@dataclass(frozen=True)
class Usage:
    """Sums over processes, in pages of 4 KiB; an mm counts once. locked is a part of anon."""

    anon: int
    file: int
    shmem: int
    swap: int
    tables: int
    locked: int = 0

    @property
    def resident(self) -> int:
        """What of it is in RAM."""
        return self.anon + self.file + self.shmem

    @property
    def in_ram(self) -> int:
        """The same with page tables."""
        return self.resident + self.tables


def usage_of(native: Any) -> Usage:
    return Usage(native.anon, native.file, native.shmem, native.swap, native.tables, native.locked)


def path_bytes(path: str) -> bytes:
    """For the core; a NUL would cut it short there. OSError EINVAL."""
    if "\0" in path:
        raise_errno(-errno.EINVAL, path)
    return path.encode("utf-8", "surrogateescape")


class _Limit:
    """One of memory.min ... memory.swap.max: bytes, None for "max"; set to a size, such as "1 GiB", or None."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, cgroup: Cgroup, owner: type | None = None) -> int | None:
        info = cgroup.info
        pages = int(getattr(info.limits, self.name))
        return None if pages == lib.CGROUP_UNLIMITED else pages * units.PAGE

    def __set__(self, cgroup: Cgroup, value: int | str | None) -> None:
        info = cgroup.info
        setattr(info.limits, self.name, lib.CGROUP_UNLIMITED if value is None else units.pages(value))
        cgroup._do(lib.world_cgroup_set_limits, ffi.addressof(info, "limits"))


class Cgroup:
    """One cgroup. When it was removed every call raises FileNotFoundError, also when there is a new one of its path.

    min, low, high, max, swap_high and swap_max are memory.min and so on. max counts the resident pages of all processes
    below, swap_max the swapped ones; set here, only who grows meets them and what is held already stays (a write to the
    file memory.max reclaims, and kills). OSError EINVAL for the root's.
    """

    min, low, high, max = _Limit(), _Limit(), _Limit(), _Limit()
    swap_high, swap_max = _Limit(), _Limit()

    def __init__(self, world: World, path: str, id: int = 0) -> None:
        self.world, self.path = world, path
        self.id = id or int(self._look().id)

    def __repr__(self) -> str:
        return f"<Cgroup {self.path}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cgroup) and (self.world, self.id) == (other.world, other.id)

    def __hash__(self) -> int:
        return hash((id(self.world), self.id))

    def _look(self) -> Any:
        info = ffi.new("struct cgroup_info *")
        check(lib.world_cgroup(self.world._w, path_bytes(self.path), info), f"cgroup {self.path}")
        return info

    @property
    def info(self) -> Any:
        """All that the core knows of it, read now: its struct cgroup_info (native/fakeproc.h)."""
        info = self._look()
        if info.id != self.id:
            raise_errno(-errno.ENOENT, f"cgroup {self.path}")
        return info

    def _do(self, call: Any, *words: Any) -> int:
        if not self.exists:
            raise_errno(-errno.ENOENT, f"cgroup {self.path}")
        return check(call(self.world._w, path_bytes(self.path), *words), f"cgroup {self.path}")

    @property
    def exists(self) -> bool:
        """Whether it has not been removed."""
        try:
            return bool(self.info)
        except FileNotFoundError:
            return False

    # --- the hierarchy ---------------------------------------------------------

    def _below(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"

    def remove(self) -> None:
        """rmdir(2): OSError EBUSY for the root, with children, or with somebody alive in it."""
        self._do(lib.world_cgroup_remove)

    @property
    def children(self) -> list[Cgroup]:
        """The cgroups right below it, by name."""
        name = ffi.new("char[256]")
        found: list[Cgroup] = []
        while self._do(lib.world_cgroup_child, len(found), name):
            found.append(Cgroup(self.world, self._below(ffi.string(name).decode("utf-8", "surrogateescape"))))
        return found

    @property
    def processes(self) -> list[Task]:
        """Its own, as they joined; who is dead and not yet reaped is among them."""
        path = path_bytes(self.path)
        call = lib.world_cgroup_processes
        return self.world._present(self.world._pids(lambda w, *most: call(w, path, *most)))

    @property
    def is_populated(self) -> bool:
        """Somebody is alive in it, or below it."""
        return bool(self.info.populated)

    # --- its files -------------------------------------------------------------

    def path_to(self, name: str = "") -> str:
        """Where the tree has its directory, or a file of it: below /.fakeproc/cgroup."""
        root = "/.fakeproc/cgroup/memory" if self.world.cgroup_version == 1 else "/.fakeproc/cgroup"
        return f"{root}{self.path.rstrip('/')}/{name}".rstrip("/")

    def read(self, name: str, as_: Caller | Task | None = None) -> str:
        """The text of one of its files, such as memory.stat. OSError ENOENT where that kernel has none there."""
        return self.world.read(self.path_to(name), *([as_] if as_ else [])).decode("utf-8", "surrogateescape")

    def write(self, name: str, data: str | bytes | int, as_: Caller | Task | None = None) -> int:
        """One write(2) to one of its files: memory.max, cgroup.procs. OSError as the kernel's."""
        raw = str(data) if isinstance(data, int) else data
        return self.world.write(self.path_to(name), raw, *([as_] if as_ else []))

    # --- what is kept for it ---------------------------------------------------

    @property
    def usage(self) -> Usage:
        """Pages of it and of all below. An mm counts in the cgroup of its oldest process, and moves with that one."""
        info = self.info
        return usage_of(info.usage)

    @property
    def peak(self) -> int:
        """The most bytes that were ever resident in it and below."""
        return int(self.info.peak) * units.PAGE

    @property
    def events(self) -> dict[str, int]:
        """memory.events: low high max oom oom_kill oom_group_kill, of it and of all below."""
        info = self.info
        return dict(zip(EVENTS, list(info.events)[: len(EVENTS)], strict=True))

    @property
    def local_events(self) -> dict[str, int]:
        """memory.events.local: of it alone."""
        info = self.info
        return dict(zip(EVENTS, list(info.local_events)[: len(EVENTS)], strict=True))

    @property
    def swap_events(self) -> dict[str, int]:
        """memory.swap.events: high max fail, of it and of all below."""
        info = self.info
        return dict(zip(SWAP_EVENTS, list(info.events)[len(EVENTS) :], strict=True))

    @property
    def oom_group(self) -> bool:
        """memory.oom.group: who is killed in it, or below it, is killed with all the others (since 4.19)."""
        return bool(self.info.oom_group)

    @oom_group.setter
    def oom_group(self, is_set: bool) -> None:
        self._do(lib.world_oom_group, is_set)

    @property
    def is_frozen(self) -> bool:
        """Whether it, or one above it, is frozen (cgroup.freeze)."""
        return bool(self.info.frozen)
