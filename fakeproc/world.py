"""World: one synthetic machine with its tasks, time and kernel log. No rule lives here.

What is spoken of with it (Task, OpenFile, Caller ...) has a file of its own and can be imported from here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from fakeproc import nodes as memory_nodes
from fakeproc import rules, units
from fakeproc._native import ffi, lib
from fakeproc.caller import ALL_MEMS, ROOT, ROOT_CAPS, Caller
from fakeproc.cgroup import Cgroup, Usage, path_bytes
from fakeproc.errors import check
from fakeproc.log import Death, LogRecord
from fakeproc.machine import RESOURCES, Machine
from fakeproc.memory import Memory, OwnPages, Sample
from fakeproc.oom import Outcome, Ranking
from fakeproc.open_file import OpenFile
from fakeproc.spent import Spent
from fakeproc.task import (
    CLONE_NEWPID,
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_THREAD,
    CLONE_VFORK,
    CLONE_VM,
    NOT_ACTING,
    THREAD_FLAGS,
    Task,
    text_of,
)

GFP_KERNEL = 0x24000C0  # of 2016

__all__ = [
    "ALL_MEMS",
    "CLONE_NEWPID",
    "CLONE_PARENT",
    "CLONE_SIGHAND",
    "CLONE_THREAD",
    "CLONE_VFORK",
    "CLONE_VM",
    "GFP_KERNEL",
    "NOT_ACTING",
    "RESOURCES",
    "ROOT",
    "ROOT_CAPS",
    "THREAD_FLAGS",
    "Caller",
    "Cgroup",
    "Death",
    "LogRecord",
    "Memory",
    "OpenFile",
    "Outcome",
    "OwnPages",
    "Ranking",
    "Sample",
    "Spent",
    "Task",
    "Usage",
    "World",
    "check",
]


class World(Machine):
    """One synthetic machine: its tasks, rules, clock and kernel log.

    ram and swap are sizes ("8 GiB" or bytes); kernel is a version of the table or a Kernel of fakeproc.rules.
    It starts with pid 1, the global init. Raises FakeprocError for an unknown kernel or size.
    """

    def __init__(
        self,
        kernel: str | rules.Kernel = "4.8",
        ram: int | str = "8 GiB",
        swap: int | str = 0,
        init: bool = True,
    ) -> None:
        self.kernel = rules.kernel(kernel) if isinstance(kernel, str) else kernel
        pointer = lib.world_new(self.kernel.index, self.kernel.mask, units.pages(ram), units.pages(swap))
        if pointer == ffi.NULL:
            raise MemoryError("a world")
        self._w = ffi.gc(pointer, lib.world_free)
        self._control: Any = None
        self.names: dict[str, Task] = {}  # what a scenario calls its processes
        if init:
            check(lib.task_init(self._w), "init")

    # --- tasks ---------------------------------------------------------------

    @property
    def init(self) -> Task:
        """pid 1."""
        return self.task(1)

    def task(self, pid: int) -> Task:
        """The task with that id (a thread's id names the thread); ProcessLookupError where there is none."""
        return Task(self, pid, self._info(pid).serial)

    def _info(self, pid: int) -> Any:
        info = ffi.new("struct task_info *")
        check(lib.task_get(self._w, pid, info), f"task {pid}")
        return info

    def _pids(self, call: Any, *words: int) -> list[int]:
        most = 64
        while True:
            pids = ffi.new("int32_t[]", most)
            count = check(call(self._w, *words, pids, most), "pids")
            if count <= most:
                return list(pids[0:count])
            most = count

    def _present(self, pids: list[int]) -> list[Task]:
        """The tasks of these ids, without those that went meanwhile."""
        tasks = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                tasks.append(self.task(pid))
        return tasks

    @property
    def processes(self) -> list[Task]:
        """The leader of every process, oldest first: the order in which the kernel walks them."""
        return self._present(self._pids(lib.world_processes))

    @property
    def tasks(self) -> Iterator[Task]:
        """Every task, by id."""
        pid = lib.world_next_task(self._w, 1)
        while pid:
            yield self.task(pid)
            pid = lib.world_next_task(self._w, pid + 1)

    @property
    def task_count(self) -> int:
        return int(lib.world_task_count(self._w))

    @property
    def waiting(self) -> list[Task]:
        """Those who wait for memory or for a lock."""
        return self._present(self._pids(lib.world_waiting))

    def samples(self) -> list[Sample]:
        """Every process with an mm, oldest first."""
        most = 64
        while True:
            found = ffi.new("struct sample[]", most)
            count = lib.world_samples(self._w, found, most)
            if count <= most:
                return [_sample(one) for one in found[0:count]]
            most = count

    def deaths_since(self, seq: int) -> list[Death]:
        """Who was killed and who died from that number on, as far as they are kept (the last 65536)."""
        death, found = ffi.new("struct death *"), []
        while lib.death_next(self._w, seq, death):
            comm = text_of(death.comm)
            found.append(Death(death.seq, death.time, death.pid, death.serial, death.how, death.exit_code, comm))
            seq = death.seq + 1
        return found

    @property
    def death_end(self) -> int:
        """The number that the next of them will have."""
        return int(lib.death_end(self._w))

    def spawn(
        self,
        comm: str = "",
        *,
        parent: Task | None = None,
        pid: int = 0,
        uid: int = 0,
        anon: int | str = 0,
        file: int | str = 0,
        shmem: int | str = 0,
        swap: int | str = 0,
    ) -> Task:
        """A new process: forked from parent (default init) and exec'ed, with its own mm of these sizes."""
        task = (parent or self.init).fork(comm, pid=pid)
        if uid:
            task.setuid(uid)
        task = task.exec(comm)
        task.set_sizes(anon=anon, file=file, shmem=shmem, swap=swap)
        return task

    def kthread(self, comm: str, pid: int = 0) -> Task:
        """A kernel thread. The first one is kthreadd (pid 2 unless said otherwise), the parent of the others."""
        return self.task(check(lib.task_kthread(self._w, comm.encode("utf-8", "surrogateescape"), pid), comm))

    # --- machine -------------------------------------------------------------

    @property
    def now(self) -> int:
        """Nanoseconds since boot."""
        return int(lib.world_now(self._w))

    @now.setter
    def now(self, nanoseconds: int) -> None:
        lib.world_set_now(self._w, nanoseconds)

    @property
    def last_pid(self) -> int:
        """The id given out last; the next process gets the next free one behind it."""
        return int(lib.world_last_pid(self._w))

    @last_pid.setter
    def last_pid(self, pid: int) -> None:
        lib.world_set_last_pid(self._w, pid)

    def set_pid_max(self, pid_max: int) -> None:
        """As /proc/sys/kernel/pid_max (301 to 4194304): ids below it are given out. OSError EINVAL outside."""
        check(lib.world_set_pid_max(self._w, pid_max), "pid_max")

    def holds(self, rule: str) -> bool:
        """Whether the rule of that name (see fakeproc.rules.rows) holds here."""
        return bool(lib.world_rule(self._w, next(row.number for row in rules.rows() if row.name == rule)))

    # --- cgroups -------------------------------------------------------------

    def cgroup(self, path: str) -> Cgroup:
        """The cgroup of that path ("/", "/a/b"); FileNotFoundError where there is none."""
        return Cgroup(self, path)

    def make_cgroup(self, path: str, parents: bool = False) -> Cgroup:
        """mkdir(2) in the hierarchy; with parents: what lacks above it, too, and one that is there already is fine.

        FileExistsError, FileNotFoundError without the one above it, OSError EINVAL for no absolute path.
        """
        check(lib.world_cgroup_make(self._w, path_bytes(path), parents), path)
        return Cgroup(self, path)

    # --- out of memory ---------------------------------------------------------

    def oom(
        self,
        by: Task | None = None,
        *,
        gfp_mask: int | None = None,
        order: int = 0,
        kworker: str = "kworker/0:1",
        memcg: str | None = None,
        limit: int | str = 0,
        nodes: str = "",
    ) -> bool:
        """out_of_memory(): an allocation found nothing, of that task (default: of a kworker).

        gfp_mask is GFP_KERNEL where none is given, 0 the page-fault path; memcg and limit name a memory cgroup that
        is full (made where there is none); nodes are those of the allocation's memory policy, such as "0-1", the
        task's own are those of its cpuset. Returns what the kernel's function returns: False where nobody could be
        helped.
        """
        path = ffi.new("char[]", path_bytes(memcg)) if memcg else ffi.NULL
        mask = lib.world_gfp_kernel(self._w) if gfp_mask is None else gfp_mask
        nodemask = memory_nodes.parse(nodes) if nodes else 0
        request = ffi.new("struct oom_request *", [mask, order, nodemask, ffi.NULL, units.pages(limit)])
        pid = by.id if by else 0
        return bool(check(lib.world_oom(self._w, pid, kworker.encode(), request, path), f"task {pid}"))

    def sysrq(self, key: str, kworker: str = "kworker/0:1") -> bool:
        """That key written to /proc/sysrq-trigger: f kills, one that is no key logs the list, the others do nothing."""
        return bool(check(lib.world_sysrq(self._w, key.encode("latin-1"), kworker.encode()), "sysrq"))

    def sysrq_f(self, kworker: str = "kworker/0:1") -> bool:
        """What writing f to /proc/sysrq-trigger does. Returns whether somebody dies."""
        return self.sysrq("f", kworker)

    @property
    def outcome(self) -> Outcome:
        """How the last out_of_memory() ended."""
        out = ffi.new("struct oom_outcome *")
        lib.world_oom_outcome(self._w, out)
        return Outcome(out.how, out.chosen, out.victim)

    def run(self, time: int | str) -> None:
        """Let time pass ("250 ms" or nanoseconds): who was killed exits, the reaper reaps, who waits goes on."""
        lib.world_run(self._w, units.duration(time))

    def settle(self, time: int | str = "1 h") -> str:
        """Let time pass until nobody waits for memory or a lock, or nothing can move any more. Who grows waits, too.

        Returns why not, from the graph of who waits for whom ("no progress possible: ..."); empty where all moved
        on, or the machine panicked (see panic).
        """
        why = ffi.new("char[]", 4096)
        lib.world_settle(self._w, units.duration(time), why, 4096)
        return str(ffi.string(why).decode("utf-8", "surrogateescape"))

    @property
    def panic(self) -> str | None:
        """What the machine panicked with. It has halted then: everything can still be read, time stands still, and
        whatever would change something raises WorldError, which is OSError EHOSTDOWN."""
        text = lib.world_panic(self._w)
        return None if text == ffi.NULL else str(ffi.string(text).decode())

    @property
    def next_event(self) -> int | None:
        """When something happens by itself next, in nanoseconds since boot: the reaper's turn, a look at triggers."""
        at: int = lib.world_next_event(self._w)
        return None if at == (1 << 63) - 1 else at

    # --- log -----------------------------------------------------------------

    def log_since(self, seq: int) -> list[LogRecord]:
        """The records of the kernel log from that number on, as far as the ring still has them."""
        record, found = ffi.new("struct log_record *"), []
        while lib.log_next(self._w, seq, record):
            text = ffi.unpack(record.text, record.length).decode("utf-8", "surrogateescape")
            found.append(LogRecord(record.seq, record.time, record.level, text))
            seq = record.seq + 1
        return found

    @property
    def kmsg(self) -> list[LogRecord]:
        """The kernel log."""
        return self.log_since(0)

    @property
    def log_end(self) -> int:
        """The number that the next record will have."""
        return int(lib.log_end(self._w))


def _sample(one: Any) -> Sample:
    return Sample(one.pid, one.serial, text_of(one.comm), one.oom_score_adj, one.resident, one.swap)
