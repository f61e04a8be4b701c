"""Who asks for a file operation: its ids, its capabilities, its memory nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi

if TYPE_CHECKING:
    from fakeproc.credentials import Credentials

ROOT_CAPS = (1 << 41) - 1
ALL_MEMS = (1 << 64) - 1


@dataclass(frozen=True)
class Caller:
    """Who asks for a file operation. The default is root with every capability, unknown to the world."""

    pid: int = 0
    uid: int = 0
    gid: int = 0
    caps: int = ROOT_CAPS
    mems: int = ALL_MEMS
    comm: str = "fakeproc"

    def native(self) -> Any:
        comm = self.comm.encode("utf-8", "surrogateescape")[:15]
        return ffi.new("struct caller *", [self.pid, self.uid, self.gid, self.caps, self.mems, comm])


ROOT = Caller()


def native_of(who: Caller | Credentials) -> Any:
    """The struct caller of a stranger, or of a task."""
    return (who if isinstance(who, Caller) else who.caller()).native()
