"""World: one synthetic machine with its tasks, time and kernel log. No rule lives here.

What is spoken of with it (Task, OpenFile, Caller ...) has a file of its own and can be imported from here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from fakeproc import files, rules, state, units, wording
from fakeproc import nodes as memory_nodes
from fakeproc._native import ffi, lib
from fakeproc.caller import ALL_MEMS, ROOT, ROOT_CAPS, Caller
from fakeproc.cgroup import Cgroup, Usage, path_bytes
from fakeproc.credentials import checked_id
from fakeproc.errors import FakeprocError, check
from fakeproc.log import Death, LogRecord
from fakeproc.machine import RESOURCES, Machine
from fakeproc.memory import Memory, OwnPages, Sample
from fakeproc.oom import Oom, Outcome, Ranking, ranking_of
from fakeproc.open_file import OpenFile
from fakeproc.sigterm import OnSigterm
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
    comm_bytes,
    text_of,
)

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem

    from fakeproc.mount import Mount
    from fakeproc.playback import Playback
    from fakeproc.scenario import Scenario
    from fakeproc.scenario.run import Entry, Run

GFP_KERNEL = 0x24000C0  # of 2016
ORDERS = range(11)  # below MAX_ORDER
Row = TypeVar("Row")

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
    "Oom",
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
    """One synthetic machine: its tasks, rules, clock and kernel log, and the files of its /proc.

    kernel: whose rules, "4.7" to "6.18", or a Kernel (4.7 with single patches). ram, swap: what the machine has. It
    starts with pid 1, the global init, at time 0. Time passes with step(), run() and settle(), or while it is mounted.

    Sizes are given as "900 MiB" or bytes, times as "100 ms" or nanoseconds. What the kernel would refuse is an OSError
    with its errno; what cannot be understood a FakeprocError; a change after a panic a WorldError. Paths are those
    below /proc, with or without it: "/proc/1200/stat" or "/1200/stat".
    """

    def __init__(
        self,
        kernel: str | rules.Kernel = "4.8",
        ram: int | str = "8 GiB",
        swap: int | str = 0,
        init: bool = True,
    ) -> None:
        self.kernel = kernel if isinstance(kernel, rules.Kernel) else rules.kernel(kernel)
        if not units.size(ram):
            raise FakeprocError("a machine without memory cannot run: give it some ram")
        pointer = lib.world_new(self.kernel.index, self.kernel.mask, units.pages(ram), units.pages(swap))
        if pointer == ffi.NULL:
            raise MemoryError("a world")
        self._begin(pointer)
        if init:
            check(lib.task_init(self._w), "init")

    def _begin(self, pointer: Any) -> None:
        self._w = ffi.gc(pointer, lib.world_free)
        self._control: Any = None
        self._run: Run | None = None
        self._clock: Playback | None = None  # while it is mounted
        self.names: dict[str, Task] = {}  # what a scenario calls its processes
        self.on_sigterm: dict[int, OnSigterm] = {}  # by serial; who is not here dies of it

    # --- saving --------------------------------------------------------------

    def save(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """This world as bytes, and in that file: one that is loaded from them behaves as this one from then on.

        Pids, serials, time, kernel log, cgroups, sysctls, averages of pressure, waits and all that goes on by itself
        are as they are here, and so is what is still to come of its scenario: events, what is under way, expectations.
        Open files, with triggers of pressure in them, the mount and its callers and control files are no part of it;
        adopted real processes have ended in it. Only this build of fakeproc can load it. OSError where the file cannot
        be written, and then it is as it was.
        """
        with self._clock.still() if self._clock else contextlib.nullcontext():
            saved = state.save(self)
        if path is not None:
            files.write(path, saved)
        return saved

    @classmethod
    def load(cls, saved: bytes | str | os.PathLike[str]) -> Self:
        """A world of its own from what save() gave, or from a file with it. StateError where that is damaged,
        another build's or none; OSError of the file."""
        return cls._loaded(saved if isinstance(saved, bytes) else state.read(saved))

    @classmethod
    def _loaded(cls, saved: bytes, described: Scenario | None = None) -> Self:
        world = cls.__new__(cls)
        pointer, world.kernel, told = state.load(saved)
        world._begin(pointer)
        world.names, world.on_sigterm = state.named(world, told.names), told.on_sigterm
        world._run = state.resumed(world, told, described)
        return world

    def branch(self) -> Self:
        """A copy that goes its own way, its scenario too: load(save())."""
        return self._loaded(self.save(), self._run.described if self._run else None)

    def save_scenario(
        self,
        path: str | os.PathLike[str],
        *,
        with_environ: bool = False,
        with_arguments: bool = False,
        with_hostname: bool = False,
    ) -> list[str]:
        """This world as a scenario file, as `fakeproc snapshot` writes it: what a person can read and change, and
        later versions understand, and less than all: the machine of now, not what is still to come of its scenario.

        with_environ, with_arguments, with_hostname: what may be secret. Returns lines for people on what is in it and
        what is not. FakeprocError where no scenario can say it; OSError of the file.
        """
        from fakeproc import snapshot

        found = snapshot.snapshot(
            self, with_environ=with_environ, with_arguments=with_arguments, with_hostname=with_hostname
        )
        snapshot.write(found.text, path, is_secret=with_environ or with_arguments or with_hostname)
        return found.summary

    @classmethod
    def from_scenario(
        cls, scenario: str | os.PathLike[str] | Scenario, kernel: str | rules.Kernel | None = None
    ) -> World:
        """The machine of a scenario: the name of a bundled one, a file, or what fakeproc.scenario loads.

        kernel: instead of the scenario's own. step() lets its events happen. ScenarioError for a mistake in the file,
        which the message names with its line; OSError where it cannot be read.
        """
        from fakeproc.scenario import find
        from fakeproc.scenario.run import Run

        described = find(os.fspath(scenario)) if isinstance(scenario, str | os.PathLike) else scenario
        asked = kernel if kernel is None or isinstance(kernel, rules.Kernel) else rules.kernel(kernel)
        run = Run(described, asked)
        run.world._run = run
        return run.world

    def __repr__(self) -> str:
        halted = ", panicked" if self.panic else ""
        return f"<World {self.kernel}, {wording.counted(len(self.processes), 'process')}{halted}>"

    # --- tasks ---------------------------------------------------------------

    @property
    def init(self) -> Task:
        """pid 1, the global init: no signal ends it, and the OOM killer never chooses it."""
        return self.task(1)

    def find(self, who: int | str) -> Task:
        """The task of that pid, or the process of that name in the scenario, else of that comm.

        FakeprocError where there is none, or more than one; the message names the nearest.
        """
        from fakeproc.commands import Named

        return Named(str(who)).find(self)

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
        """How many tasks there are: threads and zombies, too."""
        return int(lib.world_task_count(self._w))

    @property
    def waiting(self) -> list[Task]:
        """Those who wait for memory or for a lock; settle() says whether they ever get it."""
        return self._present(self._pids(lib.world_waiting))

    def samples(self) -> list[Sample]:
        """What a plot shows of every process with an mm, oldest first."""
        return self._all("struct sample[]", lib.world_samples, _sample)

    def _all(self, kind: str, call: Any, read: Callable[[Any], Row]) -> list[Row]:
        """Of everybody whom a call of the core tells of."""
        most = 64
        while True:
            found = ffi.new(kind, most)
            count = call(self._w, found, most)
            if count <= most:
                return [read(one) for one in found[0:count]]
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
        """A new process: fork(2) of parent (default: init) and execve(2), so that it has an mm of its own.

        comm: cut to 15 bytes; pid: 0 is the next free one; uid: all its ids, and the gids (other than 0: without
        capabilities); anon, file, shmem and swap: how much its mm holds. OSError EEXIST for a pid that is taken, EAGAIN
        without a free one; FakeprocError for a parent of another world and what cannot be; nothing is made then.
        """
        sizes = {"anon": anon, "file": file, "shmem": shmem, "swap": swap}
        known = {name: units.size(size) for name, size in sizes.items()}
        checked_id(uid)
        maker = self.init if parent is None else self.task(parent.id_in(self))
        task = maker._clone(0, comm, pid)
        if uid:
            task.setuid(uid)
        task = task.exec(comm)
        task.set_sizes(**known)
        return task

    def kthread(self, comm: str, pid: int = 0) -> Task:
        """A kernel thread (kthread_create()), without an mm.

        The first one is kthreadd (pid 2 unless said otherwise), the parent of the others. pid: 0 is the next free one.
        OSError EEXIST for one that is taken.
        """
        return self.task(check(lib.task_kthread(self._w, comm_bytes(comm), pid), f"pid {pid}" if pid else comm))

    # --- machine -------------------------------------------------------------

    @property
    def now(self) -> int:
        """Nanoseconds since boot. Set, the clock jumps there, and nothing happens in between."""
        return int(lib.world_now(self._w))

    @now.setter
    def now(self, nanoseconds: int) -> None:
        check(lib.world_set_now(self._w, nanoseconds), "now")

    @property
    def last_pid(self) -> int:
        """The id given out last (/proc/loadavg); the next process gets the next free one behind it."""
        return int(lib.world_last_pid(self._w))

    @last_pid.setter
    def last_pid(self, pid: int) -> None:
        lib.world_set_last_pid(self._w, pid)

    def set_pid_max(self, pid_max: int) -> None:
        """As /proc/sys/kernel/pid_max (301 to 4194304): ids below it are given out. OSError EINVAL outside."""
        check(lib.world_set_pid_max(self._w, pid_max), "pid_max")

    def holds(self, rule: str) -> bool:
        """Whether the rule of that name (see fakeproc.rows() and `fakeproc help rules`) holds here.

        FakeprocError for a name that is none.
        """
        numbers = {row.name: row.number for row in rules.rows()}
        if rule not in numbers:
            way_out = wording.near(rule, numbers) or ": fakeproc help rules lists them"
            raise FakeprocError(f"there is no rule {wording.quoted(rule)}{way_out}")
        return bool(lib.world_rule(self._w, numbers[rule]))

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
    ) -> Oom:
        """An allocation finds no memory, and the OOM killer runs: out_of_memory(). The Oom tells what came of it.

        by: whose allocation (default: a kworker's, named kworker). gfp_mask: GFP_KERNEL where none is given, 0 is the
        page-fault path; order: of the allocation, 2^order pages. memcg and limit: a memory cgroup that is full, instead
        of the machine (made where there is none), and what it may hold. nodes: those of the allocation's memory policy,
        such as "0-1"; the task's own are those of its cpuset. ProcessLookupError where that task is gone, FakeprocError
        where it is of another world, and for an order that is not from 0 to 10.
        """
        call = partial(self.out_of_memory, by, gfp_mask=gfp_mask, order=order, kworker=kworker, memcg=memcg)
        return self._watched(partial(call, limit=limit, nodes=nodes))

    def out_of_memory(
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
        """As oom(), but only what the kernel's function returns: False where nobody could be helped."""
        if order not in ORDERS:
            raise FakeprocError(f"order {order}: write a number from 0 to {ORDERS[-1]}; SysRq-f is sysrq_f()")
        path = ffi.new("char[]", path_bytes(memcg)) if memcg else ffi.NULL
        mask = lib.world_gfp_kernel(self._w) if gfp_mask is None else gfp_mask
        nodemask = memory_nodes.parse(nodes) if nodes else 0
        request = ffi.new("struct oom_request *", [mask, order, nodemask, ffi.NULL, units.pages(limit)])
        pid = by.id_in(self) if by else 0
        return bool(check(lib.world_oom(self._w, pid, kworker.encode(), request, path), f"task {pid}"))

    def ranking(self) -> list[Ranking]:
        """Every process as the OOM killer ranks it, the first to be chosen first; on a tie that is the youngest.

        Behind them stand, by pid, those that cannot be chosen (Ranking.why).
        """
        rows = list(reversed(self._all("struct ranking[]", lib.world_rankings, ranking_of)))
        eligible = sorted((row for row in rows if row.is_eligible), key=lambda row: -row.points)
        return eligible + sorted((row for row in rows if not row.is_eligible), key=lambda row: row.pid)

    def _watched(self, act: Callable[[], bool]) -> Oom:
        """What came of a call of the OOM killer."""
        from fakeproc import outcome

        ranking, log, death = tuple(self.ranking()), self.log_end, self.death_end
        helped, ended = act(), self.outcome
        deaths = [one for one in self.deaths_since(death) if one.how == lib.KILLED_BY_OOM]
        killed = {one.pid: Task(self, one.pid, one.serial) for one in deaths}
        victim = killed.get(ended.victim) if ended.how == lib.OOM_KILLED else None
        lines = tuple(record.text for record in self.log_since(log))
        return Oom(helped, ended, victim, tuple(killed.values()), ranking, lines, outcome.told(self))

    def sysrq(self, key: str, kworker: str = "kworker/0:1") -> bool:
        """That key written to /proc/sysrq-trigger: f kills, one that is no key logs the list, the others do nothing.

        Returns whether somebody dies of it. FakeprocError for what is not one key.
        """
        if len(key) != 1 or ord(key) > 0xFF:
            raise FakeprocError(f"{wording.quoted(key)} is not one key: write one, such as f")
        return bool(check(lib.world_sysrq(self._w, key.encode("latin-1"), kworker.encode()), "sysrq"))

    def sysrq_f(self, kworker: str = "kworker/0:1") -> Oom:
        """What `echo f > /proc/sysrq-trigger` does: the OOM killer runs, though nobody needs memory."""
        return self._watched(partial(self.sysrq, "f", kworker))

    @property
    def outcome(self) -> Outcome:
        """How the last out_of_memory() ended, whoever called it."""
        out = ffi.new("struct oom_outcome *")
        lib.world_oom_outcome(self._w, out)
        return Outcome(out.how, out.chosen, out.victim)

    # --- time ------------------------------------------------------------------

    def step(self, time: int | str) -> list[Entry]:
        """Let time pass ("100 ms" or nanoseconds), and what its scenario has for that time happen.

        Who was killed exits, the reaper reaps, who waits goes on. Returns what happened, in the order of time: events,
        deaths, and those lines of the kernel log that say who was killed (the others are in kmsg); str() of each is a
        line as `fakeproc scenario run` prints it. While the world is mounted its clock goes on besides.
        """
        length = units.duration(time)
        happened = self._clock.run(length) if self._clock else self._told.step(length)
        return [entry for entry in happened if entry.is_told]

    def news(self) -> list[Entry]:
        """What happened since this, or step(), was asked last, as step() tells it; the first time, nothing."""
        return [entry for entry in self._told.news() if entry.is_told]

    @property
    def _told(self) -> Run:
        """What sees everything that happens in it, and lets its scenario play."""
        from fakeproc.scenario.run import Run

        self._run = self._run or Run.of(self)
        return self._run

    def run(self, time: int | str) -> None:
        """As step(), but nothing of a scenario happens, and nothing is told."""
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
    def waits(self) -> str:
        """Who waits for what ("a waits for memory, b waits for a lock of a"); empty where nobody does."""
        text = ffi.new("char[]", 4096)
        lib.world_waits(self._w, text, 4096)
        return str(ffi.string(text).decode("utf-8", "surrogateescape"))

    @property
    def panic(self) -> str | None:
        """What the machine panicked with. It has halted then: everything can still be read, time stands still, and
        whatever would change something raises WorldError, which is OSError EHOSTDOWN."""
        text = lib.world_panic(self._w)
        return None if text == ffi.NULL else str(ffi.string(text).decode())

    @property
    def next_event(self) -> int | None:
        """When something happens by itself next, in nanoseconds since boot: the reaper's turn, a look at triggers.

        None: never.
        """
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
        """The kernel log, oldest record first; str() of a record is a line of dmesg(1)."""
        return self.log_since(0)

    @property
    def log_end(self) -> int:
        """The number that the next record will have."""
        return int(lib.log_end(self._w))

    # --- mount -----------------------------------------------------------------

    def mount(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        speed: float = 1.0,
        caps: str = "root",
        options: Sequence[str] = (),
        adopt: bool = False,
    ) -> AbstractContextManager[Mount]:
        """Mounted through FUSE while the block runs, so that other programs see the same world: a context manager.

        path: an empty directory (default: a temporary one, which the block's variable names: a Mount is a path). speed:
        its clock goes so many times as fast as the wall's; 0: only step() moves it. caps: "root" gives every capability
        to uid 0, "caller" what the caller really has. options: for FUSE. adopt: who asks joins the world; for private
        namespaces.
        However the block ends, nothing is left mounted. A thread of this process answers: what holds the interpreter
        while it waits for a file of the mount would wait for ever, which open(), os and subprocess do not.
        MountError where it cannot be mounted; the message says why and what to do.
        """
        from fakeproc.playback import mounted_world

        return mounted_world(self, path, speed, caps=caps, options=list(options), adopt=adopt)

    # --- in pyfakefs -----------------------------------------------------------

    def fake_fs(self, at: str = "/proc", as_: Caller | Task | None = None) -> AbstractContextManager[FakeFilesystem]:
        """pyfakefs with this world at that directory, while the block runs: its FakeFilesystem.

        as_ acts: who /proc/self is, what os.getpid() says and by whose rights files are judged. By default that is
        a process of root which stands for this one, and is in the world as long. fakeproc.fake_fs.add_to() does the
        same to a pyfakefs that is there already. FakeprocError for no absolute path, or one with something at it.
        """
        from fakeproc.fake_fs import fake_fs

        return fake_fs(self, at, as_)


def _sample(one: Any) -> Sample:
    return Sample(one.pid, one.serial, text_of(one.comm), one.oom_score_adj, one.resident, one.swap)
