"""What a /proc told: everything that a scenario may say, and what it may not, before it is decided which is which."""

from __future__ import annotations

from dataclasses import dataclass, field

from fakeproc.rules import Kernel
from fakeproc.snapshot.parse import Stat, Status, Unseen


@dataclass(frozen=True)
class Thread:
    """One besides the leader."""

    tid: int
    comm: bytes
    uid: int


@dataclass
class Process:
    """One process as it was when it was read."""

    pid: int
    stat: Stat
    status: Status  # of the leader, or where that has ended of the first thread that lives
    threads: list[Thread] = field(default_factory=list)
    oom_score_adj: int = 0
    oom_score: int | None = None
    cgroup: str | None = None
    arguments: list[bytes] = field(default_factory=list)
    environ: list[bytes] = field(default_factory=list)
    is_dumpable: bool | None = None  # None: nobody can tell
    is_in_user_namespace: bool = False
    unseen: Unseen | None = None

    @property
    def has_dead_leader(self) -> bool:
        return self.stat.state == "Z" and bool(self.threads)

    @property
    def is_zombie(self) -> bool:
        return self.stat.state == "Z" and not self.threads

    @property
    def has_mm(self) -> bool:
        return self.status.sizes is not None and not (self.stat.is_kthread or self.is_zombie)

    @property
    def actor(self) -> int:
        """The task to ask for its mm: the leader, or the first that lives."""
        return self.threads[0].tid if self.has_dead_leader else self.pid


@dataclass
class Machine:
    """The rest of what was read. left_out counts, by reason, who is there but could not be read."""

    place: str
    is_live: bool  # its pids mean, to system calls too, the processes that it shows
    is_in_pid_namespace: bool = False
    processes: dict[int, Process] = field(default_factory=dict)
    meminfo: dict[str, int] = field(default_factory=dict)  # bytes by the names of its lines
    nodes: list[int] = field(default_factory=list)  # bytes of each memory node, where it tells
    release: tuple[int, int] | None = None
    kernel: Kernel | None = None  # whose rules, where a mount of fakeproc tells
    pid_max: int | None = None
    sysctls: dict[str, int] = field(default_factory=dict)
    cpus: int = 0  # 0 = it does not tell
    hostname: str | None = None  # None: nobody has asked for it
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def ram(self) -> int:
        """Bytes; 0 = it does not tell."""
        return self.meminfo.get("MemTotal", 0)

    @property
    def swap(self) -> int:
        return self.meminfo.get("SwapTotal", 0)
