"""World and Task: the Pythonic face of the core. No rule lives here."""

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from stat import S_IFDIR, S_IFREG
from typing import Any

from fakeproc import nodes as memory_nodes
from fakeproc import rules, units
from fakeproc._native import ffi, lib
from fakeproc.cgroup import Cgroup, path_bytes, usage_of
from fakeproc.cgroup import Usage as Usage
from fakeproc.errors import FakeprocError
from fakeproc.errors import check as check

ROOT_CAPS = (1 << 41) - 1
ALL_MEMS = (1 << 64) - 1

CLONE_VM = lib.CORE_CLONE_VM
CLONE_SIGHAND = lib.CORE_CLONE_SIGHAND
CLONE_VFORK = lib.CORE_CLONE_VFORK
CLONE_PARENT = lib.CORE_CLONE_PARENT
CLONE_THREAD = lib.CORE_CLONE_THREAD
CLONE_NEWPID = lib.CORE_CLONE_NEWPID
RESOURCES: dict[str, int] = {"io": lib.PRESSURE_IO, "memory": lib.PRESSURE_MEMORY, "cpu": lib.PRESSURE_CPU}
GFP_KERNEL = 0x24000C0  # of 2016
NOT_ACTING = lib.TASK_ZOMBIE | lib.TASK_KILLED
THREAD_FLAGS = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD


@dataclass(frozen=True)
class LogRecord:
    """One record of the kernel log; time in nanoseconds since boot."""

    seq: int
    time: int
    level: int
    text: str


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
class Spent:
    """What a task, a process or the machine has used so far; times in nanoseconds, sizes in bytes.

    nvcsw and nivcsw are voluntary and involuntary switches, rchar to syscw what read(2) and write(2) moved and how
    often they were called, the last three what reached the disk (getrusage(2), task_io_accounting).
    """

    utime: int = 0
    stime: int = 0
    min_flt: int = 0
    maj_flt: int = 0
    nvcsw: int = 0
    nivcsw: int = 0
    rchar: int = 0
    wchar: int = 0
    syscr: int = 0
    syscw: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    cancelled_write_bytes: int = 0


SPENT = tuple(Spent.__dataclass_fields__)


def _spent(native: Any) -> Spent:
    return Spent(*(getattr(native, name) for name in SPENT))


@dataclass(frozen=True)
class Outcome:
    """How out_of_memory() ended: OOM_KILLED ..., the process with the most points, and the one that was killed."""

    how: int
    chosen: int
    victim: int


@dataclass(frozen=True)
class Ranking:
    """A process as the OOM killer ranks it: pages that its end would free, points, oom_score, the core's reasons."""

    pages: int
    points: int
    score: int
    eligibility: int
    in_flight: int


@dataclass(frozen=True)
class Death:
    """What became of a process: it was killed by the OOM killer or by a signal (lib.KILLED_BY_OOM, KILLED_BY_SIGNAL),
    or it has died (HAS_DIED). Time in nanoseconds since boot; the exit code as wait(2) gives it."""

    seq: int
    time: int
    pid: int
    serial: int
    how: int
    exit_code: int
    comm: str


@dataclass(frozen=True)
class Sample:
    """What a plot shows of a process: pages, which count for the oldest of those that share them."""

    pid: int
    serial: int
    comm: str
    oom_score_adj: int
    resident: int
    swap: int


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


class World:
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
    def init(self) -> "Task":
        """pid 1."""
        return self.task(1)

    def task(self, pid: int) -> "Task":
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

    def _present(self, pids: list[int]) -> list["Task"]:
        """The tasks of these ids, without those that went meanwhile."""
        tasks = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                tasks.append(self.task(pid))
        return tasks

    @property
    def processes(self) -> list["Task"]:
        """The leader of every process, oldest first: the order in which the kernel walks them."""
        return self._present(self._pids(lib.world_processes))

    @property
    def tasks(self) -> Iterator["Task"]:
        """Every task, by id."""
        pid = lib.world_next_task(self._w, 1)
        while pid:
            yield self.task(pid)
            pid = lib.world_next_task(self._w, pid + 1)

    @property
    def task_count(self) -> int:
        return int(lib.world_task_count(self._w))

    @property
    def waiting(self) -> list["Task"]:
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
            comm = _comm(death.comm)
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
        parent: "Task | None" = None,
        pid: int = 0,
        uid: int = 0,
        anon: int | str = 0,
        file: int | str = 0,
        shmem: int | str = 0,
        swap: int | str = 0,
    ) -> "Task":
        """A new process: forked from parent (default init) and exec'ed, with its own mm of these sizes."""
        task = (parent or self.init).fork(comm, pid=pid)
        if uid:
            task.setuid(uid)
        task = task.exec(comm)
        task.set_sizes(anon=anon, file=file, shmem=shmem, swap=swap)
        return task

    def kthread(self, comm: str, pid: int = 0) -> "Task":
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

    def set_boot_time(self, nanoseconds: int) -> None:
        """When the machine booted, in nanoseconds since the epoch: the times of its files follow from it."""
        lib.world_set_boot_time(self._w, nanoseconds)

    def set_machine(self, *, cpus: int | None = None, hostname: str | None = None) -> None:
        """How many CPUs it has (1 to 1024), and its name, of up to 64 bytes. OSError EINVAL outside."""
        machine = ffi.new("struct machine *")
        lib.world_machine(self._w, machine)
        if cpus is not None:
            machine.cpus = cpus
        if hostname is not None:
            machine.hostname = hostname.encode("utf-8", "surrogateescape")[:65].ljust(65, b"\0")
        check(lib.world_set_machine(self._w, machine), "machine")

    @property
    def own_pages(self) -> OwnPages:
        """Page cache, buffers and slab, in pages."""
        own = ffi.new("struct own_pages *")
        lib.world_own_pages(self._w, own)
        return OwnPages(own.cache, own.buffers, own.dirty, own.slab_reclaimable, own.slab_unreclaimable)

    def set_own_pages(self, **sizes: int | str) -> None:
        """Page cache, buffers and slab by the names of OwnPages, as sizes ("1 GiB" or bytes); what is not named stays.

        OSError EINVAL, and nothing changed, where more would be dirty than is cached.
        """
        own = ffi.new("struct own_pages *")
        lib.world_own_pages(self._w, own)
        for name, size in sizes.items():
            setattr(own, name, units.pages(size))
        check(lib.world_set_own_pages(self._w, own), "own pages")

    def drop_caches(self, what: int = 3) -> None:
        """A write to /proc/sys/vm/drop_caches: 1 the clean page cache, 2 reclaimable slab, 3 both. OSError EINVAL."""
        self.write("/sys/vm/drop_caches", str(what))

    @property
    def total_pages(self) -> int:
        """RAM and swap, in pages: what the OOM killer calls totalpages."""
        return int(lib.world_total_pages(self._w))

    def set_total_pages(self, ram: int, swap: int = 0) -> None:
        check(lib.world_set_total_pages(self._w, ram, swap), "total pages")

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

    # --- out of memory ---------------------------------------------------------

    def oom(
        self,
        by: "Task | None" = None,
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

    def set_nodes(self, *sizes: int | str) -> None:
        """The machine has memory nodes of these sizes: its RAM is their sum. OSError EINVAL: none, or over 64."""
        pages = ffi.new("uint64_t[]", [units.pages(size) for size in sizes])
        check(lib.world_set_nodes(self._w, pages, len(sizes)), "memory nodes")

    def sysrq(self, key: str, kworker: str = "kworker/0:1") -> bool:
        """That key written to /proc/sysrq-trigger: f kills, one that is no key logs the list, the others do nothing."""
        return bool(check(lib.world_sysrq(self._w, key.encode("latin-1"), kworker.encode()), "sysrq"))

    def sysrq_f(self, kworker: str = "kworker/0:1") -> bool:
        """What writing f to /proc/sysrq-trigger does. Returns whether somebody dies."""
        return self.sysrq("f", kworker)

    def usage(self, memcg: str | None = None) -> Usage:
        """Pages in use, an mm's once: of the machine, or of the processes in a memory cgroup (0 without one)."""
        out = ffi.new("struct usage *")
        lib.world_usage(self._w, path_bytes(memcg) if memcg else ffi.NULL, out)
        return usage_of(out)

    def cgroup(self, path: str) -> Cgroup:
        """The cgroup of that path ("/", "/a/b"); FileNotFoundError where there is none."""
        return Cgroup(self, path)

    def make_cgroup(self, path: str, parents: bool = False) -> Cgroup:
        """mkdir(2) in the hierarchy; with parents: what lacks above it, too, and one that is there already is fine.

        FileExistsError, FileNotFoundError without the one above it, OSError EINVAL for no absolute path.
        """
        check(lib.world_cgroup_make(self._w, path_bytes(path), parents), path)
        return Cgroup(self, path)

    @property
    def cgroup_version(self) -> int:
        """Whether cgroups are shown as v1 or v2: in .fakeproc/cgroup and in /proc/PID/cgroup.

        Set to 1 or 2, or to 0 for what the kernel of the rules had. OSError EINVAL for others.
        """
        return int(lib.world_cgroup_version(self._w))

    @cgroup_version.setter
    def cgroup_version(self, version: int) -> None:
        check(lib.world_set_cgroup_version(self._w, version), f"cgroup v{version}")

    def limit_cgroup(self, path: str, limit: int | str) -> None:
        """How many resident pages the processes below that cgroup may hold together (0 = no limit any more).

        What they hold already stays; only who grows meets the limit. Makes the cgroup where there is none. OSError
        EINVAL for no absolute path, or "/".
        """
        check(lib.world_limit(self._w, path_bytes(path), units.pages(limit)), path)

    def set_oom_group(self, path: str, is_set: bool = True) -> None:
        """memory.oom.group: who is killed in that cgroup, or below it, is killed with all the others (since 4.19).

        Those at -1000 are spared. Makes the cgroup where there is none. OSError EINVAL for no absolute path, or "/".
        """
        check(lib.world_oom_group(self._w, path_bytes(path), is_set), path)

    @property
    def outcome(self) -> Outcome:
        """How the last out_of_memory() ended."""
        out = ffi.new("struct oom_outcome *")
        lib.world_oom_outcome(self._w, out)
        return Outcome(out.how, out.chosen, out.victim)

    def set_mmu(self, has_mmu: bool) -> None:
        """Without a memory management unit there is no OOM reaper."""
        lib.world_set_mmu(self._w, has_mmu)

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

    def set_sysctl(self, **values: int) -> None:
        """Numbers of /proc/sys/vm, kernel and fs by their names (page_cluster for page-cluster).

        OSError EINVAL, and none set, where one is refused.
        """
        sysctl = ffi.new("struct sysctl *")
        lib.world_sysctl(self._w, sysctl)
        for name, value in values.items():
            setattr(sysctl, name, value)
        check(lib.world_set_sysctl(self._w, sysctl), "sysctl")

    @property
    def spent(self) -> Spent:
        """What all tasks together have used since boot, the dead too."""
        out = ffi.new("struct spent *")
        lib.world_spent(self._w, out)
        return _spent(out)

    # --- pressure ------------------------------------------------------------

    def set_pressure(self, resource: str, some: float, full: float = 0.0, cgroup: str | None = None) -> None:
        """From now on, so many percent of the time is stalled for want of io, memory or cpu (/proc/pressure).

        full is the part of it in which nobody gets on. Totals and averages follow as time passes. OSError EINVAL for
        more than 100, or more full than some; ENOENT for a cgroup that is not there.
        """
        parts = (round(some * 100), round(full * 100))
        if not 0 <= parts[1] <= parts[0] <= 10000:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), f"pressure of {some} % and {full} %")
        check(lib.world_set_pressure(self._w, _cgroup(cgroup), _resource(resource), *parts), cgroup or resource)

    def stall(self, resource: str, some: int | str, full: int | str = 0, cgroup: str | None = None) -> None:
        """A stall that ends now and took so long ("20 ms" or nanoseconds), of somebody and, in part, of everybody."""
        lengths = (units.duration(some), units.duration(full))
        check(lib.world_stall(self._w, _cgroup(cgroup), _resource(resource), *lengths), cgroup or resource)

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

    # --- tree ----------------------------------------------------------------

    def open(self, path: str | bytes, flags: int = os.O_RDONLY, as_: "Caller | Task" = ROOT) -> "OpenFile":
        """Open a file of the tree by its path below the root ("/1200/oom_adj"). OSError with the kernel's errno."""
        return OpenFile._open(self, lambda out: lib.file_open(self._w, _who(as_), _path(path), flags, out), path)

    def read(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> bytes:
        """Everything in that file."""
        with self.open(path, as_=as_) as file:
            return file.read_all(as_)

    def write(self, path: str | bytes, data: str | bytes, as_: "Caller | Task" = ROOT) -> int:
        """One write(2) of data; returns the count, which may be short."""
        with self.open(path, os.O_WRONLY, as_) as file:
            return file.write(data.encode() if isinstance(data, str) else data, as_)

    def listdir(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> list[str]:
        """Names in a directory, without . and .., in the order of getdents(2)."""
        with self.open(path, os.O_RDONLY | os.O_DIRECTORY, as_) as directory:
            return [name for name, _, _ in directory.entries() if name not in (".", "..")]

    def stat(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> Any:
        """The struct status of a file: ino mode nlink uid gid block_size time."""
        status = ffi.new("struct status *")
        check(lib.path_stat(self._w, _who(as_), _path(path), status), os.fsdecode(path))
        return status

    def access(self, path: str | bytes, mask: int, as_: "Caller | Task" = ROOT) -> None:
        """access(2); OSError where it would say no."""
        check(lib.path_access(self._w, _who(as_), _path(path), mask), os.fsdecode(path))

    def readlink(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> str:
        """Where a symbolic link of the tree leads."""
        buffer = ffi.new("char[]", 4096)
        length = check(lib.path_readlink(self._w, _who(as_), _path(path), buffer, 4096), os.fsdecode(path))
        return str(ffi.unpack(buffer, length).decode())

    def truncate(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> None:
        self._on_path(lib.path_truncate, path, as_)

    def chmod(self, path: str | bytes, mode: int, as_: "Caller | Task" = ROOT) -> None:
        """chmod(2): of cgroups. Elsewhere it is refused for every mode; so is each change below, or without effect."""
        self._on_path(lib.path_chmod, path, as_, mode)

    def chown(self, path: str | bytes, uid: int = -1, gid: int = -1, as_: "Caller | Task" = ROOT) -> None:
        """chown(2); -1 leaves the id as it is."""
        self._on_path(lib.path_chown, path, as_, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF)

    def utimens(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> None:
        self._on_path(lib.path_utimens, path, as_)

    def unlink(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> None:
        self._on_path(lib.path_unlink, path, as_)

    def rename(self, path: str | bytes, to: str | bytes, as_: "Caller | Task" = ROOT) -> None:
        check(lib.path_rename(self._w, _who(as_), _path(path), _path(to)), os.fsdecode(path))

    def mkdir(self, path: str | bytes, mode: int = 0o755, as_: "Caller | Task" = ROOT) -> None:
        """mkdir(2): of a cgroup, the errno elsewhere."""
        self._on_path(lib.path_create, path, as_, S_IFDIR | mode)

    def rmdir(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> None:
        self._on_path(lib.path_rmdir, path, as_)

    def create(self, path: str | bytes, as_: "Caller | Task" = ROOT, kind: int = S_IFREG) -> None:
        """mknod(2) and open(2) with O_CREAT, symlink(2) (S_IFLNK) or link(2) (0) of that name."""
        self._on_path(lib.path_create, path, as_, kind)

    def getxattr(self, path: str | bytes, name: str, as_: "Caller | Task" = ROOT) -> bytes:
        """getxattr(2) of a cgroup or of one of its files. OSError ENODATA, ENOTSUP."""
        value = ffi.new("char[]", 65536)
        return bytes(ffi.buffer(value, self._on_path(lib.path_getxattr, path, as_, name.encode(), value, 65536)))

    def setxattr(self, path: str | bytes, name: str, value: bytes, flags: int = 0, as_: "Caller | Task" = ROOT) -> None:
        """setxattr(2). OSError EEXIST, ENODATA, ENOSPC, E2BIG, EPERM (trusted.* without CAP_SYS_ADMIN)."""
        self._on_path(lib.path_setxattr, path, as_, name.encode(), value, len(value), flags)

    def listxattr(self, path: str | bytes, as_: "Caller | Task" = ROOT) -> list[str]:
        """listxattr(2)."""
        size = self._on_path(lib.path_listxattr, path, as_, ffi.NULL, 0)
        names = ffi.new("char[]", size + 1)
        self._on_path(lib.path_listxattr, path, as_, names, size)
        return [name.decode() for name in bytes(ffi.buffer(names, size)).split(b"\0")[:-1]]

    def removexattr(self, path: str | bytes, name: str, as_: "Caller | Task" = ROOT) -> None:
        self._on_path(lib.path_removexattr, path, as_, name.encode())

    def _on_path(self, call: Any, path: str | bytes, as_: "Caller | Task", *words: Any) -> int:
        return check(call(self._w, _who(as_), _path(path), *words), os.fsdecode(path))


def _resource(name: str) -> int:
    if name not in RESOURCES:
        raise FakeprocError(f"{name!r} is no resource that has pressure: write one of {' '.join(RESOURCES)}")
    return RESOURCES[name]


def _cgroup(path: str | None) -> Any:
    return ffi.new("char[]", path.encode("utf-8", "surrogateescape")) if path else ffi.NULL


def _comm(array: Any) -> str:
    return str(ffi.string(array).decode("utf-8", "surrogateescape"))


def _sample(one: Any) -> Sample:
    return Sample(one.pid, one.serial, _comm(one.comm), one.oom_score_adj, one.resident, one.swap)


def _path(path: str | bytes) -> bytes:
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ValueError("a path holds no NUL byte")
    return raw


def _who(caller: "Caller | Task") -> Any:
    return (caller if isinstance(caller, Caller) else caller.caller()).native()


class Task:
    """One task of a world, by its id there. When that task is gone, every call raises ProcessLookupError,
    also after its pid was given away again. A thread that execs takes the pid of its leader, and exec() returns it."""

    def __init__(self, world: World, pid: int, serial: int) -> None:
        self.world, self.pid, self._serial = world, pid, serial

    def __repr__(self) -> str:
        try:
            info = self.info
        except ProcessLookupError:
            return f"<Task {self.pid} gone>"
        return f"<Task {self.pid} {self.comm} {info.state.decode()}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and (self.world, self._serial) == (other.world, other._serial)

    def __hash__(self) -> int:
        return hash((id(self.world), self._serial))

    # --- what it is ------------------------------------------------------------

    @property
    def info(self) -> Any:
        """Its struct task_info, read now."""
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

    @property
    def tgid(self) -> int:
        return int(self.info.tgid)

    @property
    def ppid(self) -> int:
        return int(self.info.ppid)

    @property
    def state(self) -> str:
        """R, S, D, T or Z, as in /proc/PID/stat."""
        return str(self.info.state.decode())

    @property
    def comm(self) -> str:
        info = self.info  # its arrays and structs live no longer than it does
        return _comm(info.comm)

    @comm.setter
    def comm(self, name: str) -> None:
        raw = name.encode("utf-8", "surrogateescape")
        self._do(lib.task_set_comm, raw, len(raw))

    @property
    def is_kthread(self) -> bool:
        return self._has(lib.TASK_KTHREAD)

    @property
    def is_adopted(self) -> bool:
        """A real process that has asked something of a mount with --adopt."""
        return self._has(lib.TASK_ADOPTED)

    @property
    def is_zombie(self) -> bool:
        return self._has(lib.TASK_ZOMBIE)

    @property
    def is_vforked(self) -> bool:
        """vfork_done is set: it has not exec'ed yet (set also for kernel threads)."""
        return self._has(lib.TASK_VFORK_DONE)

    @property
    def is_in_user_namespace(self) -> bool:
        """In one of its own: its capabilities do not count here."""
        return self._has(lib.TASK_IN_USER_NAMESPACE)

    @property
    def memory(self) -> Memory:
        """Pages of its mm; all 0 where it has none."""
        info = self.info
        m = info.memory
        return Memory(m.anon, m.file, m.shmem, m.swapents, m.ptes, m.pmds, m.total_vm)

    @property
    def cgroup(self) -> Cgroup:
        """That of its process. A dead one's may have been removed: it does not exist any more."""
        path, serial = ffi.new("char[4096]"), ffi.new("uint64_t *")
        length = self._do(lib.task_cgroup, path, 4096, serial)
        return Cgroup(self.world, ffi.unpack(path, length).decode("utf-8", "surrogateescape"), serial[0])

    @property
    def threads(self) -> list["Task"]:
        """The threads of its process, leader first."""
        return self.world._present(self.world._pids(lib.world_threads, self.id))

    @property
    def children(self) -> list["Task"]:
        """Processes whose real parent is this very thread, oldest first."""
        return self.world._present(self.world._pids(lib.world_children, self.id))

    @property
    def sharers(self) -> list["Task"]:
        """Processes that use its mm, its own among them."""
        return self.world._present(self.world._pids(lib.world_sharers, self.id))

    @property
    def badness(self) -> int | None:
        """Its points for the OOM killer (oom_badness), None where it is not eligible."""
        points = ffi.new("int64_t *")
        return int(points[0]) if self._do(lib.task_badness, points) else None

    @property
    def ranking(self) -> Ranking:
        """What the OOM killer makes of its process."""
        out = ffi.new("struct ranking *")
        self._do(lib.task_rank, out)
        return Ranking(out.pages, out.points, out.score, out.eligibility, out.in_flight)

    @property
    def can_act(self) -> bool:
        """Neither dead nor being killed."""
        return not self._own_flags() & NOT_ACTING

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

    # --- life cycle ------------------------------------------------------------

    def clone(self, flags: int, comm: str = "", *, pid: int = 0) -> "Task":
        """clone(2) with these CLONE_* flags (0 = fork), by this thread. pid 0 = the next free one.

        OSError: EINVAL for flags that clone refuses, EEXIST for a pid that is taken, EBUSY while this
        thread waits for its vforked child, EAGAIN without a free pid, ESRCH once it is dead.
        """
        child = self.world.task(self._do(lib.task_clone, flags, pid))
        if comm:
            child.comm = comm
        return child

    def fork(self, comm: str = "", *, pid: int = 0) -> "Task":
        return self.clone(0, comm, pid=pid)

    def clone_vm(self, comm: str = "", *, pid: int = 0) -> "Task":
        """A process of its own that shares this one's mm."""
        return self.clone(CLONE_VM, comm, pid=pid)

    def vfork(self, comm: str = "", *, pid: int = 0) -> "Task":
        """A child in this one's mm; this thread waits until it execs or exits."""
        return self.clone(CLONE_VM | CLONE_VFORK, comm, pid=pid)

    def thread(self, comm: str = "", *, pid: int = 0) -> "Task":
        return self.clone(THREAD_FLAGS, comm, pid=pid)

    def exec(self, comm: str = "") -> "Task":
        """execve(2): a fresh, empty mm; the other threads die; returns the task, which now leads."""
        task = self.world.task(self._do(lib.task_exec))
        if comm:
            task.comm = comm
        return task

    def exit(self, code: int = 0) -> None:
        """exit_group(2): a zombie until reap()."""
        self._do(lib.task_exit_group, (code & 0xFF) << 8)

    def exit_thread(self, code: int = 0) -> None:
        """exit(2) of this thread only. A leader stays as a zombie while other threads live."""
        self._do(lib.task_exit_thread, (code & 0xFF) << 8)

    def kill(self, signal: int = 9) -> None:
        """kill(2) of its process: default actions, no handlers."""
        self._do(lib.task_kill, signal)

    def reap(self) -> None:
        """wait(2) for it, by whoever is its parent. OSError ECHILD while it is no zombie."""
        self._do(lib.task_reap)

    # --- state -----------------------------------------------------------------

    def set_memory(self, memory: Memory) -> None:
        """The counters of its mm, in pages. OSError EINVAL where it has no mm or a number is negative."""
        m = memory
        native = [m.anon, m.file, m.shmem, m.swapents, m.ptes, m.pmds, m.total_vm]
        self._do(lib.task_set_memory, ffi.new("struct memory *", native))

    def set_sizes(self, *, anon: int | str = 0, file: int | str = 0, shmem: int | str = 0, swap: int | str = 0) -> None:
        """Its mm's sizes as people write them; page tables and total_vm follow from them."""
        pages = [units.pages(part) for part in (anon, file, shmem, swap)]
        mapped = sum(pages)
        ptes = -(-mapped // 512)
        self.set_memory(
            Memory(pages[0], pages[1], pages[2], pages[3], ptes, pmds=-(-ptes // 512), total_vm=mapped + 600)
        )

    def grow(self, size: int | str) -> bool:
        """It touches that much new memory. What is missing is reclaimed: page cache, then others' pages go to swap;
        when there is nothing left the OOM killer runs; where a memory cgroup is full before, that one's.

        Returns whether it has it all: False where it was killed, or waits for a victim that does not let go (run()
        goes on with it). OSError ENOMEM where nobody can be killed, EBUSY while it waits.
        """
        try:
            return not self._do(lib.task_grow, units.pages(size))
        except InterruptedError:
            return False

    def shrink(self, size: int | str) -> None:
        """It gives anonymous memory back, the resident first. OSError EINVAL where it holds less."""
        self._do(lib.task_shrink, units.pages(size))

    def touch(self) -> int:
        """Its swapped pages come back, and its file pages that were taken, as far as room can be made.

        Others' pages go to swap for it, its own stay. Returns how many pages came back.
        """
        return self._do(lib.task_touch)

    def swap_out(self, size: int | str) -> int:
        """So much of its anonymous memory goes to swap, but what is mlocked, as far as there is swap.

        Returns how many pages did. OSError EINVAL without memory.
        """
        return self._do(lib.task_swap_out, units.pages(size))

    def set_cmdline(self, arguments: list[str]) -> None:
        raw = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in arguments)
        self._do(lib.task_set_cmdline, raw, len(raw))

    def set_environ(self, variables: list[str]) -> None:
        """Its process' environment, each as NAME=value."""
        raw = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in variables)
        self._do(lib.task_set_environ, raw, len(raw))

    def set_exe(self, path: str | None) -> None:
        """Where its exe leads; None: to its first argument where that is absolute, else /usr/bin/COMM. OSError EINVAL
        where it is no absolute path."""
        self._do(lib.task_set_exe, ffi.NULL if path is None else path.encode("utf-8", "surrogateescape"))

    def set_cwd(self, path: str) -> None:
        """OSError EINVAL where it is no absolute path."""
        self._do(lib.task_set_cwd, path.encode("utf-8", "surrogateescape"))

    def set_open_files(self, count: int) -> None:
        """So many descriptors, from 0 on (3 where nothing is said), all on /dev/null. OSError EINVAL for over 2^17."""
        self._do(lib.task_set_open_files, count)

    def set_cpu(self, user: int, system: int = 0) -> None:
        """From now on this thread takes these shares of a CPU, in thousandths, while it is neither stopped nor in
        uninterruptible sleep. OSError EINVAL for more than 1000 together, ESRCH for a zombie."""
        self._do(lib.task_set_cpu, user, system)

    def spend(self, **more: int) -> None:
        """Let it have used that much more: the fields of Spent."""
        self._do(lib.task_spend, ffi.new("struct spent *", more))

    def _spent(self, whose: int) -> Spent:
        out = ffi.new("struct spent *")
        self._do(lib.task_spent, whose, out)
        return _spent(out)

    @property
    def spent(self) -> Spent:
        """What this very thread has used."""
        return self._spent(lib.SPENT_BY_TASK)

    @property
    def process_spent(self) -> Spent:
        """What its process has used, the threads that are gone too; of reaped children the bytes only."""
        return self._spent(lib.SPENT_BY_PROCESS)

    @property
    def children_spent(self) -> Spent:
        """What the children that its process has waited for had used, and theirs."""
        return self._spent(lib.SPENT_BY_CHILDREN)

    def set_cgroup(self, path: str) -> None:
        """Its process is in that cgroup, which is made where there is none. OSError EINVAL for no absolute path."""
        self._do(lib.task_set_cgroup, path_bytes(path))

    def move_to(self, cgroup: Cgroup | str) -> None:
        """Its process moves there, as by a write to cgroup.procs. FileNotFoundError where there is none."""
        self._do(lib.task_move, path_bytes(cgroup if isinstance(cgroup, str) else cgroup.info and cgroup.path))

    def set_adj(self, value: int, minimum: int) -> None:
        """oom_score_adj and oom_score_adj_min as they stand, no rule asked: for building worlds."""
        self._do(lib.task_set_oom_score_adj, value, minimum)

    def setuid(self, uid: int, gid: int | None = None) -> None:
        """setresgid(2) and setresuid(2) with one id each, as su does it."""
        group = uid if gid is None else gid
        self._do(lib.task_setresgid, group, group, group)
        self._do(lib.task_setresuid, uid, uid, uid)

    def set_caps(self, effective: int, permitted: int | None = None, inheritable: int = 0) -> None:
        """capset(2); OSError EPERM where it would raise what is not permitted."""
        self._do(lib.task_capset, effective, effective if permitted is None else permitted, inheritable)

    def setresuid(self, real: int, effective: int, saved: int) -> None:
        """setresuid(2), -1 = keep. It alone leaves the task undumpable until it execs."""
        self._do(lib.task_setresuid, real, effective, saved)

    def setresgid(self, real: int, effective: int, saved: int) -> None:
        self._do(lib.task_setresgid, real, effective, saved)

    def set_bounding(self, caps: int) -> None:
        """Its bounding set: what exec gives to uid 0."""
        self._do(lib.task_set_bounding, caps)

    def set_keepcaps(self, keep: bool = True) -> None:
        """prctl(PR_SET_KEEPCAPS)."""
        self._do(lib.task_set_keepcaps, keep)

    def set_dumpable(self, value: int) -> None:
        """prctl(PR_SET_DUMPABLE): 0 hands its files to root. OSError EINVAL for anything but 0 and 1."""
        self._do(lib.task_set_dumpable, value)

    def unshare_user(self) -> None:
        """unshare(CLONE_NEWUSER): every capability, and none that counts here."""
        self._do(lib.task_unshare_user)

    def set_subreaper(self, is_one: bool = True) -> None:
        """prctl(PR_SET_CHILD_SUBREAPER): orphans below it become its children."""
        self._do(lib.task_set_subreaper, is_one)

    def set_vfork_done(self, is_set: bool) -> None:
        """vfork_done as it stands, no rule asked: for building worlds."""
        self._do(lib.task_set_vfork_done, is_set)

    def use_mm(self, owner: "Task") -> None:
        """A kernel thread borrows another process's mm."""
        self._do(lib.task_use_mm, owner.id)

    def unuse_mm(self) -> None:
        self._do(lib.task_unuse_mm)

    def caller(self) -> Caller:
        """Who this task is for a file operation."""
        c = ffi.new("struct caller *")
        self._do(lib.task_caller, c)
        return Caller(c.pid, c.uid, c.gid, c.caps, c.mems, ffi.string(c.comm).decode("utf-8", "surrogateescape"))

    def set_flag(self, flag: int, is_set: bool = True) -> None:
        """A mark of the OOM killer, or a condition, as it stands (TASK_DSLEEP ...): for building worlds."""
        self._do(lib.task_set_flag, flag, is_set)

    def wait_for_memory(self) -> None:
        """It asks for memory that is not there, until some comes free: run() and settle() let it try."""
        self._do(lib.task_wait_for_memory)

    def wait_for_lock(self, holder: "Task") -> None:
        """It sleeps uninterruptibly until that task lets a lock go, which that does as soon as it can run."""
        self._do(lib.task_wait_for_lock, holder.id)

    def set_memory_kept(self, *, anon_locked: int = 0, shmem_shared: int = 0) -> None:
        """How many of its pages the reaper leaves."""
        self._do(lib.task_set_memory_kept, anon_locked, shmem_shared)

    # --- files -----------------------------------------------------------------

    def path(self, name: str) -> str:
        return f"/{self.id}/{name}"

    def read(self, name: str, as_: "Caller | Task" = ROOT) -> str:
        """The text of its file of that name, such as "oom_adj"."""
        return self.world.read(self.path(name), as_).decode("utf-8", "surrogateescape")

    def write(self, name: str, data: str | bytes, as_: "Caller | Task" = ROOT) -> int:
        """One write(2) to its file of that name; returns the count."""
        return self.world.write(self.path(name), data, as_)

    @property
    def oom_score_adj(self) -> int:
        return int(self.info.oom_score_adj)

    @oom_score_adj.setter
    def oom_score_adj(self, value: int) -> None:
        self.write("oom_score_adj", str(value))

    @property
    def oom_adj(self) -> int:
        return int(self.read("oom_adj"))

    @oom_adj.setter
    def oom_adj(self, value: int) -> None:
        self.write("oom_adj", str(value))

    @property
    def oom_score(self) -> int:
        return int(self.read("oom_score"))


class OpenFile:
    """An open file or directory of the tree. It stays with the task that it was opened for: ESRCH once that is
    gone. Positions, flags and errors are those of the real procfs."""

    def __init__(self, pointer: Any, world: World) -> None:
        self._pointer: Any = pointer
        self._world = world  # which must outlive the file

    @property
    def _f(self) -> Any:
        if self._pointer is None:
            raise ValueError("this file of the tree is closed")
        return self._pointer

    @classmethod
    def _open(cls, world: World, call: Any, path: str | bytes) -> "OpenFile":
        out = ffi.new("struct file **")
        check(call(out), os.fsdecode(path))
        return cls(ffi.gc(out[0], lib.file_close), world)

    def open_at(self, name: str | bytes, flags: int = os.O_RDONLY, as_: "Caller | Task" = ROOT) -> "OpenFile":
        """openat(2) below this open directory."""
        call = lib.file_open_at
        return OpenFile._open(self._world, lambda out: call(self._f, _who(as_), _path(name), flags, out), name)

    def close(self) -> None:
        """Closing twice is fine; anything else on a closed file is ValueError."""
        if self._pointer is not None:
            ffi.release(self._pointer)
        self._pointer = None

    def __enter__(self) -> "OpenFile":
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def read(self, count: int, as_: "Caller | Task" = ROOT) -> bytes:
        """read(2) at the position."""
        return self._read(count, lambda buffer: lib.file_read(self._f, _who(as_), buffer, count))

    def pread(self, count: int, offset: int, as_: "Caller | Task" = ROOT) -> bytes:
        return self._read(count, lambda buffer: lib.file_pread(self._f, _who(as_), buffer, count, offset))

    def _read(self, count: int, call: Any) -> bytes:
        buffer = ffi.new("char[]", max(1, count))
        length = check(call(buffer), "read")
        return bytes(ffi.buffer(buffer, length))

    def read_all(self, as_: "Caller | Task" = ROOT) -> bytes:
        return b"".join(iter(lambda: self.read(65536, as_), b""))

    def write(self, data: bytes, as_: "Caller | Task" = ROOT) -> int:
        """write(2): the count, which is cut to 12 by the adjustment files."""
        return check(lib.file_write(self._f, _who(as_), ffi.from_buffer(data), len(data)), "write")

    def pwrite(self, data: bytes, offset: int, as_: "Caller | Task" = ROOT) -> int:
        return check(lib.file_pwrite(self._f, _who(as_), ffi.from_buffer(data), len(data), offset), "write")

    def read_nowhere(self, count: int, offset: int | None = None, as_: "Caller | Task" = ROOT) -> int:
        """read(2), or pread(2), into memory that cannot be written: EFAULT unless there is nothing to read."""
        where = () if offset is None else (offset,)
        call = lib.file_read if offset is None else lib.file_pread
        return check(call(self._f, _who(as_), ffi.NULL, count, *where), "read")

    def write_nowhere(self, count: int, offset: int | None = None, as_: "Caller | Task" = ROOT) -> int:
        """write(2), or pwrite(2), from memory that cannot be read."""
        where = () if offset is None else (offset,)
        call = lib.file_write if offset is None else lib.file_pwrite
        return check(call(self._f, _who(as_), ffi.NULL, count, *where), "write")

    def poll(self) -> int:
        """The POLL* events of poll(2). That a trigger of pressure went off (POLLPRI) is told once."""
        return int(lib.file_poll(self._f))

    def truncate(self) -> None:
        """ftruncate(2)."""
        check(lib.file_truncate(self._f), "ftruncate")

    def fsync(self) -> None:
        check(lib.file_fsync(self._f), "fsync")

    def lseek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return check(lib.file_lseek(self._f, offset, whence), "lseek")

    def entries(self) -> Iterator[tuple[str, int, int]]:
        """What is left of an open directory: name, inode number, mode."""
        name, ino, mode = ffi.new("char[256]"), ffi.new("uint64_t *"), ffi.new("uint32_t *")
        while check(lib.file_entry(self._f, name, ino, mode), "readdir"):
            yield ffi.string(name).decode(), ino[0], mode[0]

    def stat(self) -> Any:
        """fstat(2): a struct status."""
        status = ffi.new("struct status *")
        check(lib.file_stat(self._f, status), "fstat")
        return status
