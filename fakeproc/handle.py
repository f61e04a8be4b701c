"""Which task of a world is meant: its pid, as long as the pid means this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeproc._native import lib
from fakeproc.errors import FakeprocError, check

if TYPE_CHECKING:
    from fakeproc.world import World


class Handle:
    """The id of one task. When that task is gone, every call raises ProcessLookupError."""

    __slots__ = ("_serial", "pid", "world")  # so that a name that is none cannot be set, to no effect

    def __init__(self, world: World, pid: int, serial: int) -> None:
        self.world, self.pid, self._serial = world, pid, serial

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and (self.world, self._serial) == (other.world, other._serial)

    def __hash__(self) -> int:
        return hash((id(self.world), self._serial))

    @property
    def info(self) -> Any:
        """All that the core knows of it, read now: its struct task_info (native/fakeproc.h)."""
        info = self.world._info(self.pid)
        if info.serial != self._serial:
            raise ProcessLookupError(3, "No such process", f"task {self.pid}")
        return info

    @property
    def exists(self) -> bool:
        """False once it has been reaped (a zombie still exists)."""
        return bool(lib.task_flags(self.world._w, self.pid, self._serial) >= 0)

    @property
    def serial(self) -> int:
        """Tells it from every other task that its world has ever had."""
        return self._serial

    @property
    def id(self) -> int:
        """Its pid, once it is sure that the pid still means this task."""
        self._own_flags()
        return self.pid

    def id_in(self, world: World) -> int:
        """The same, for a call of that world. FakeprocError where it is of another one."""
        if self.world is not world:
            raise FakeprocError(f"task {self.pid} is of another world: find its like with world.task() or world.find()")
        return self.id

    def _own_flags(self) -> int:
        """As in info, but quick: without what follows from its process and its mm."""
        flags: int = lib.task_flags(self.world._w, self.pid, self._serial)
        if flags < 0:
            raise ProcessLookupError(3, "No such process", f"task {self.pid}")
        return flags

    def _has(self, flag: int) -> bool:
        return bool(self.info.flags & flag)

    def _do(self, call: Any, *words: Any) -> int:
        pid = self.id
        return check(call(self.world._w, pid, *words), f"task {pid}")
