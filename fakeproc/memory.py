"""Who holds which pages, as plain numbers: an mm, the machine itself, a process in a plot."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """What an mm holds, in pages of 4 KiB: its rss counters (MM_ANONPAGES ...), swap entries, page tables, total_vm."""

    anon: int = 0
    file: int = 0
    shmem: int = 0
    swapents: int = 0
    ptes: int = 0
    pmds: int = 0
    total_vm: int = 0


@dataclass(frozen=True)
class OwnPages:
    """The machine's own pages, of 4 KiB, that belong to no process.

    cache: page cache that nobody has mapped, of which a part is dirty; buffers; and the kernel's objects (slab).
    """

    cache: int = 0
    buffers: int = 0
    dirty: int = 0
    slab_reclaimable: int = 0
    slab_unreclaimable: int = 0

    @property
    def total(self) -> int:
        """All of them: what is dirty is cached."""
        return self.cache + self.buffers + self.slab_reclaimable + self.slab_unreclaimable


@dataclass(frozen=True)
class Sample:
    """What a plot shows of a process.

    resident, swap: pages of 4 KiB, which count for the oldest of those that share them; serial: tells it from every
    other task of its world.
    """

    pid: int
    serial: int
    comm: str
    oom_score_adj: int
    resident: int
    swap: int
