"""Who holds which pages, as plain numbers: an mm, the machine itself, a process in a plot."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """Pages of an mm, and its page tables' pages (the rss counters, nr_ptes, nr_pmds, total_vm)."""

    anon: int = 0
    file: int = 0
    shmem: int = 0
    swapents: int = 0
    ptes: int = 0
    pmds: int = 0
    total_vm: int = 0


@dataclass(frozen=True)
class OwnPages:
    """The machine's own pages, that belong to no process: page cache that nobody has mapped (dirty is a part of it),
    buffers and the kernel's objects."""

    cache: int = 0
    buffers: int = 0
    dirty: int = 0
    slab_reclaimable: int = 0
    slab_unreclaimable: int = 0


@dataclass(frozen=True)
class Sample:
    """What a plot shows of a process: pages, which count for the oldest of those that share them."""

    pid: int
    serial: int
    comm: str
    oom_score_adj: int
    resident: int
    swap: int
