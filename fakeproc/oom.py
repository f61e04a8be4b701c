"""What the OOM killer made of a world: who it would choose, how it ended, and all of it together for who asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi, lib

if TYPE_CHECKING:
    from fakeproc.task import Task

INELIGIBLE = {
    lib.ELIGIBLE: "",
    lib.IS_GLOBAL_INIT: "global init",
    lib.IS_KTHREAD: "kernel thread",
    lib.HAS_NO_MM: "no mm (zombie)",
    lib.IS_AT_MINUS_1000: "at -1000",
    lib.MM_IS_REAPED: "its mm was reaped, given up or pinned",
    lib.IS_VFORKED: "vforked: works in its parent's mm",
}


@dataclass(frozen=True)
class Outcome:
    """How out_of_memory() ended.

    how: fakeproc._native.lib.OOM_KILLED and the like; chosen: the pid of the process with the most points; victim: the
    pid of the one that was killed, which may be a child of it (0: nobody).
    """

    how: int
    chosen: int
    victim: int


@dataclass(frozen=True)
class Ranking:
    """A process as the OOM killer ranks it (oom_badness()).

    pages: of 4 KiB, that its end would free, page tables among them; points: those pages moved by its adjustment, 0
    where it is not eligible; score: its oom_score; eligibility and in_flight: the core's reasons (lib.ELIGIBLE ...,
    lib.NOT_A_VICTIM ...), which `why` words.
    """

    pages: int
    points: int
    score: int
    eligibility: int
    in_flight: int
    pid: int = 0
    comm: str = ""
    oom_score_adj: int = 0

    @property
    def is_eligible(self) -> bool:
        """Whether it can be chosen at all."""
        return bool(self.eligibility == lib.ELIGIBLE)

    @property
    def why(self) -> str:
        """Why it is not eligible; empty where it is."""
        return INELIGIBLE[self.eligibility]


def ranking_of(native: Any) -> Ranking:
    """Of a struct ranking."""
    n = native
    comm = ffi.string(n.comm).decode("utf-8", "surrogateescape")
    return Ranking(n.pages, n.points, n.score, n.eligibility, n.in_flight, n.pid, comm, n.oom_score_adj)


@dataclass(frozen=True)
class Oom:
    """What one call of the OOM killer brought. It is true where the kernel's out_of_memory() returns true.

    victim: the process that it killed, None where it killed nobody (somebody dies anyway, an earlier victim is waited
    for, nobody can be killed, panic); killed: all who got its SIGKILL, the victim and those who share its mm or its
    group; ranking: every process as it was before, the first to be chosen first; log: the lines that it wrote to the
    kernel log, without their times; outcome: the core's own words for it; said, and str(): ours.
    Whoever can has exited, and is a zombie or gone; the others exit, or are reaped, as time passes (World.step()).
    """

    helped: bool
    outcome: Outcome
    victim: Task | None
    killed: tuple[Task, ...]
    ranking: tuple[Ranking, ...]
    log: tuple[str, ...]
    said: str

    def __bool__(self) -> bool:
        return self.helped

    def __str__(self) -> str:
        return self.said
