"""What a scenario comes to: every process with its ids and its maker, in the order in which they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fakeproc import capabilities


@dataclass(frozen=True)
class Thread:
    """A thread besides the leader. Without a comm it has its leader's."""

    tid: int
    comm: str | None


@dataclass(eq=False)
class Process:
    """One process of the plan. `given` holds the values of the file; the rest follows from them."""

    index: int  # in the file; -1 = not described there
    given: dict[str, Any]
    pid: int = 0
    threads: list[Thread] = field(default_factory=list)
    maker: Process | None = None  # whose thread calls clone; None for init and kthreadd
    flags: int = 0  # of that clone
    execs: bool = False
    parent: Process | None = None
    owner: Process | None = None  # of its mm: itself, or the process whose mm it was made to share
    borrows: Process | None = None  # the owner of the mm that a kernel thread uses
    uid: int = 0
    gid: int = 0
    caps: int = capabilities.ALL
    bounding: int = capabilities.ALL
    dumpable: bool = True

    @property
    def comm(self) -> str | None:
        comm = self.given.get("comm", self.given.get("name"))
        return None if comm is None else str(comm)

    @property
    def name(self) -> str | None:
        """What the file calls it."""
        name = self.given.get("name", self.given.get("comm"))
        return None if name is None else str(name)

    @property
    def is_kthread(self) -> bool:
        return "kthread" in self.given

    @property
    def is_zombie(self) -> bool:
        return "zombie" in self.given

    @property
    def has_dead_leader(self) -> bool:
        return "dead_leader" in self.given

    @property
    def is_vfork_child(self) -> bool:
        return "vfork_of" in self.given

    @property
    def shares_memory(self) -> bool:
        return "clone_vm_of" in self.given or self.is_vfork_child

    @property
    def actor(self) -> int:
        """The thread that makes others: the leader, or the next where that is dead."""
        return self.threads[0].tid if self.has_dead_leader else self.pid

    @property
    def tids(self) -> list[int]:
        return [self.pid, *(thread.tid for thread in self.threads)]
