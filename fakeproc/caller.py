"""Who asks for a file operation: its ids, its capabilities, its memory nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi

if TYPE_CHECKING:
    from fakeproc.credentials import Credentials

ROOT_CAPS = (1 << 41) - 1
ALL_MEMS = (1 << 64) - 1
USUAL = -1


@dataclass(frozen=True)
class Caller:
    """Who asks for a file operation: a stranger to the world, or whoever has that pid in it.

    Without anything said it is root. gid: the uid's number, where none is given; caps: a bit for each capability, and
    where none are given all of them for uid 0 and none for others, as on an ordinary machine; mems: a bit for each
    memory node that it may use; comm: its name in lines of the kernel log, cut to 15 bytes.
    """

    pid: int = 0
    uid: int = 0
    gid: int = USUAL
    caps: int = USUAL
    mems: int = ALL_MEMS
    comm: str = "fakeproc"

    def __post_init__(self) -> None:
        usual = {"gid": self.uid, "caps": 0 if self.uid else ROOT_CAPS}
        for name, value in usual.items():
            if getattr(self, name) == USUAL:
                object.__setattr__(self, name, value)


ROOT = Caller()


def native_of(who: Caller | Credentials) -> Any:
    """The struct caller of a stranger, or of a task."""
    c = who if isinstance(who, Caller) else who.caller()
    comm = c.comm.encode("utf-8", "surrogateescape")[:15]
    return ffi.new("struct caller *", [c.pid, c.uid, c.gid, c.caps, c.mems, comm])
