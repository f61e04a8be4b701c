"""Task: one thread of a world, and through it its process. No rule lives here."""

from __future__ import annotations

from typing import Any

from fakeproc import sigterm, units, wording
from fakeproc._native import ffi, lib
from fakeproc.caller import ROOT, Caller
from fakeproc.cgroup import Cgroup, path_bytes
from fakeproc.credentials import Credentials
from fakeproc.errors import FakeprocError, check, with_fields
from fakeproc.memory import Memory
from fakeproc.oom import Ranking, ranking_of
from fakeproc.spent import Spent, spent_of

CLONE_VM = lib.CORE_CLONE_VM
CLONE_SIGHAND = lib.CORE_CLONE_SIGHAND
CLONE_VFORK = lib.CORE_CLONE_VFORK
CLONE_PARENT = lib.CORE_CLONE_PARENT
CLONE_THREAD = lib.CORE_CLONE_THREAD
CLONE_NEWPID = lib.CORE_CLONE_NEWPID
SIZES = ("anon", "file", "shmem", "swap")
NOT_ACTING = lib.TASK_ZOMBIE | lib.TASK_KILLED
THREAD_FLAGS = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD


def text_of(array: Any) -> str:
    """Of a char array of the core."""
    return str(ffi.string(array).decode("utf-8", "surrogateescape"))


def comm_bytes(name: str) -> bytes:
    """For the core; a NUL would cut it short there. FakeprocError."""
    if "\0" in name:
        raise FakeprocError(f"the name {wording.quoted(name)} has a NUL byte, which would end it: leave that out")
    return name.encode("utf-8", "surrogateescape")


class Task(Credentials):
    """One task of a world: a thread, and through it its process, whose leader World.spawn() and the others return.

    pid: its id. When that task is gone, every call raises ProcessLookupError, also after its pid was given away again;
    two Tasks are equal where they mean the same one. What the kernel would refuse is an OSError with its errno.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        try:
            info = self.info
        except ProcessLookupError:
            return f"<Task {self.pid} gone>"
        return f"<Task {self.pid} {self.comm} {info.state.decode()}>"

    @property
    def tgid(self) -> int:
        """The pid of its process: its leader's."""
        return int(self.info.tgid)

    @property
    def ppid(self) -> int:
        """The pid of the process that made its process, or that took it in; 0 of init and kthreadd."""
        return int(self.info.ppid)

    @property
    def state(self) -> str:
        """R, S, D, T or Z, as in /proc/PID/stat."""
        return str(self.info.state.decode())

    @property
    def comm(self) -> str:
        """Its name, as in /proc/PID/comm. Set, it is cut to 15 bytes (prctl(PR_SET_NAME))."""
        info = self.info  # its arrays and structs live no longer than it does
        return text_of(info.comm)

    @comm.setter
    def comm(self, name: str) -> None:
        raw = comm_bytes(name)
        self._do(lib.task_set_comm, raw, len(raw))

    @property
    def is_kthread(self) -> bool:
        """A kernel thread (PF_KTHREAD)."""
        return self._has(lib.TASK_KTHREAD)

    @property
    def is_adopted(self) -> bool:
        """A real process that has asked something of a mount with --adopt."""
        return self._has(lib.TASK_ADOPTED)

    @property
    def is_zombie(self) -> bool:
        """It has exited, and is not reaped yet (EXIT_ZOMBIE)."""
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
        """What its mm holds, in pages of 4 KiB; all 0 where it has none."""
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
    def threads(self) -> list[Task]:
        """The threads of its process, leader first."""
        return self.world._present(self.world._pids(lib.world_threads, self.id))

    @property
    def children(self) -> list[Task]:
        """Processes whose real parent is this very thread, oldest first."""
        return self.world._present(self.world._pids(lib.world_children, self.id))

    @property
    def sharers(self) -> list[Task]:
        """Processes that use its mm, its own among them."""
        return self.world._present(self.world._pids(lib.world_sharers, self.id))

    @property
    def badness(self) -> int | None:
        """Its points for the OOM killer (oom_badness()), in pages; None where it is not eligible."""
        points = ffi.new("int64_t *")
        return int(points[0]) if self._do(lib.task_badness, points) else None

    @property
    def ranking(self) -> Ranking:
        """What the OOM killer makes of its process (oom_badness())."""
        out = ffi.new("struct ranking *")
        self._do(lib.task_rank, out)
        return ranking_of(out)

    @property
    def can_act(self) -> bool:
        """Neither dead nor being killed: it can make system calls."""
        return not self._own_flags() & NOT_ACTING

    # --- life cycle ------------------------------------------------------------

    def clone(self, flags: int, comm: str = "", *, pid: int = 0) -> Task:
        """clone(2) with these CLONE_* flags (fakeproc.world has them; 0 is fork), by this thread: the new task.

        comm: its name, cut to 15 bytes (default: this one's); pid: 0 is the next free one. OSError EINVAL for flags
        that clone refuses, EEXIST for a pid that is taken, EBUSY while this thread waits for its vforked child, EAGAIN
        without a free pid, ESRCH once it is dead. fork(), clone_vm(), vfork() and thread() are this with their flags.

        Where a copy of the memory does not fit, the child takes it as if it wrote to all of it: others' pages are
        reclaimed, somebody may be killed.
        """
        child = self._clone(flags, comm, pid)
        if not flags & CLONE_VM:
            child._do(lib.task_break_cow)
        return child

    def _clone(self, flags: int, comm: str = "", pid: int = 0) -> Task:
        """The same, without a look at the room: for one that execs, or is given other sizes, at once."""
        comm_bytes(comm)  # before anything is made
        made = lib.task_clone(self.world._w, self.id, flags, pid)
        child = self.world.task(check(made, f"pid {pid}" if pid else f"task {self.pid}"))
        if comm:
            child.comm = comm
        sigterm.inherit(self, child)
        return child

    def fork(self, comm: str = "", *, pid: int = 0) -> Task:
        """fork(2): a child with a copy of the mm and the same adjustment. Errors as of clone()."""
        return self.clone(0, comm, pid=pid)

    def clone_vm(self, comm: str = "", *, pid: int = 0) -> Task:
        """clone(2) with CLONE_VM: a process of its own that shares this one's mm. Errors as of clone()."""
        return self.clone(CLONE_VM, comm, pid=pid)

    def vfork(self, comm: str = "", *, pid: int = 0) -> Task:
        """vfork(2): a child in this one's mm; this thread waits until it execs or exits. Errors as of clone()."""
        return self.clone(CLONE_VM | CLONE_VFORK, comm, pid=pid)

    def thread(self, comm: str = "", *, pid: int = 0) -> Task:
        """clone(2) as pthread_create(3) calls it: another thread of this process. Errors as of clone()."""
        return self.clone(THREAD_FLAGS, comm, pid=pid)

    def exec(
        self,
        comm: str = "",
        *,
        anon: int | str = 0,
        file: int | str = 0,
        shmem: int | str = 0,
        swap: int | str = 0,
    ) -> Task:
        """execve(2): a fresh mm, of these sizes or empty; the other threads die; who waits for a vforked child goes on.

        comm: its new name, cut to 15 bytes. Returns the task, which now leads and has its leader's pid. OSError ESRCH
        once it is dead, EBUSY while it waits for its vforked child.
        """
        comm_bytes(comm)  # before anything is changed
        sizes = {name: units.size(size) for name, size in zip(SIZES, (anon, file, shmem, swap), strict=True)}
        task = self.world.task(self._do(lib.task_exec))
        sigterm.reset(task)
        if comm:
            task.comm = comm
        if any(sizes.values()):
            task.set_sizes(**sizes)
        return task

    def exit(self, code: int = 0) -> None:
        """exit_group(2) with that exit code (0 to 255): the process is a zombie until reap(), its memory free.

        While somebody holds its mmap lock, or it sleeps uninterruptibly, it waits with it. OSError ESRCH for a zombie.
        """
        self._do(lib.task_exit_group, (code & 0xFF) << 8)

    def exit_thread(self, code: int = 0) -> None:
        """exit(2) of this thread only. A leader stays as a zombie while other threads live."""
        self._do(lib.task_exit_thread, (code & 0xFF) << 8)

    def kill(self, signal: int = 9) -> None:
        """kill(2) of its process with a signal of 0 to 64: default actions, no handlers. OSError EINVAL for others."""
        self._do(lib.task_kill, signal)

    def core_dumped(self, signal: int) -> None:
        """Its core dump is done: it dies of that signal, with the core flag in its status. OSError ESRCH for a zombie,
        EINVAL for one that no signal kills."""
        self._do(lib.task_core_dumped, signal)

    def reap(self) -> None:
        """wait(2) for it, by whoever is its parent: it is gone then. OSError ECHILD while it is no zombie."""
        self._do(lib.task_reap)

    # --- state -----------------------------------------------------------------

    def set_memory(self, memory: Memory) -> None:
        """The counters of its mm, in pages of 4 KiB. OSError EINVAL where it has no mm or a number is negative."""
        m = memory
        native = [m.anon, m.file, m.shmem, m.swapents, m.ptes, m.pmds, m.total_vm]
        self._do(lib.task_set_memory, ffi.new("struct memory *", native))

    def set_sizes(self, *, anon: int | str = 0, file: int | str = 0, shmem: int | str = 0, swap: int | str = 0) -> None:
        """What its mm holds ("900 MiB" or bytes); page tables and total_vm follow. OSError EINVAL where it has none."""
        pages = [units.pages(part) for part in (anon, file, shmem, swap)]
        mapped = sum(pages)
        ptes = -(-mapped // 512)
        self.set_memory(
            Memory(pages[0], pages[1], pages[2], pages[3], ptes, pmds=-(-ptes // 512), total_vm=mapped + 600)
        )

    def grow(self, size: int | str) -> bool:
        """It touches that much new memory ("900 MiB" or bytes).

        What is missing is reclaimed: page cache, then others' pages go to swap; when there is nothing left the OOM
        killer runs; where a memory cgroup is full before, that one's.

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
        """Its arguments, as in /proc/PID/cmdline."""
        raw = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in arguments)
        self._do(lib.task_set_cmdline, raw, len(raw))

    def set_environ(self, variables: list[str]) -> None:
        """Its process' environment, each as NAME=value."""
        raw = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in variables)
        self._do(lib.task_set_environ, raw, len(raw))

    def set_exe(self, path: str | None) -> None:
        """Where its exe leads; None: to its first argument where that is absolute, else /usr/bin/COMM.

        OSError EINVAL where it is no absolute path.
        """
        self._do(lib.task_set_exe, ffi.NULL if path is None else path.encode("utf-8", "surrogateescape"))

    def set_cwd(self, path: str) -> None:
        """chdir(2): where its cwd leads. OSError EINVAL where it is no absolute path."""
        self._do(lib.task_set_cwd, path.encode("utf-8", "surrogateescape"))

    def set_open_files(self, count: int) -> None:
        """So many descriptors, from 0 on (3 where nothing is said), all on /dev/null. OSError EINVAL for over 2^17."""
        self._do(lib.task_set_open_files, count)

    def set_cpu(self, user: int, system: int = 0) -> None:
        """From now on this thread takes these shares of a CPU, in thousandths, in user and in kernel mode.

        Not while it is stopped or in uninterruptible sleep. OSError EINVAL for more than 1000 together, ESRCH for a
        zombie.
        """
        self._do(lib.task_set_cpu, user, system)

    def spend(self, **more: int) -> None:
        """Let it have used that much more: the fields of Spent. FakeprocError for a name that is none."""
        self._do(lib.task_spend, with_fields(ffi.new("struct spent *"), more))

    def _spent(self, whose: int) -> Spent:
        out = ffi.new("struct spent *")
        self._do(lib.task_spent, whose, out)
        return spent_of(out)

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

    def set_subreaper(self, is_one: bool = True) -> None:
        """prctl(PR_SET_CHILD_SUBREAPER): orphans below it become its children."""
        self._do(lib.task_set_subreaper, is_one)

    def set_vfork_done(self, is_set: bool) -> None:
        """vfork_done as it stands, no rule asked: for building worlds."""
        self._do(lib.task_set_vfork_done, is_set)

    def use_mm(self, owner: Task) -> None:
        """A kernel thread borrows another process's mm."""
        self._do(lib.task_use_mm, owner.id_in(self.world))

    def unuse_mm(self) -> None:
        """A kernel thread gives the mm back that it has borrowed."""
        self._do(lib.task_unuse_mm)

    def set_flag(self, flag: int, is_set: bool = True) -> None:
        """A mark of the OOM killer, or a condition, as it stands (TASK_DSLEEP ...): for building worlds."""
        self._do(lib.task_set_flag, flag, is_set)

    def set_signals(self, **masks: int) -> None:
        """pending, ignored, caught: what its status says of signals, a bit each (bit n - 1 is signal n); what is not
        given stays. No rule asks for it."""
        said = ffi.new("struct signals *")
        self._do(lib.task_signals, said)
        for name, mask in masks.items():
            setattr(said, name, mask)
        self._do(lib.task_set_signals, said)

    def wait_for_memory(self) -> None:
        """It asks for memory that is not there, until some comes free: run() and settle() let it try."""
        self._do(lib.task_wait_for_memory)

    def wait_for_lock(self, holder: Task) -> None:
        """It sleeps uninterruptibly until that task lets a lock go, which that does as soon as it can run."""
        self._do(lib.task_wait_for_lock, holder.id_in(self.world))

    def set_memory_kept(self, *, anon_locked: int = 0, shmem_shared: int = 0) -> None:
        """How many of its pages the reaper leaves."""
        self._do(lib.task_set_memory_kept, anon_locked, shmem_shared)

    # --- files -----------------------------------------------------------------

    def path(self, name: str) -> str:
        """Where the tree has its file of that name: "/1200/oom_adj"."""
        return f"/{self.id}/{name}"

    def read(self, name: str, as_: Caller | Task = ROOT) -> str:
        """The text of its file of that name, such as "oom_adj". as_: who reads (default: root). Errors as of a Tree."""
        return self.world.read(self.path(name), as_).decode("utf-8", "surrogateescape")

    def write(self, name: str, data: str | bytes, as_: Caller | Task = ROOT) -> int:
        """One write(2) to its file of that name; returns how many bytes were taken. as_: who writes (default: root).

        OSError as the kernel's: EACCES, EINVAL, ERANGE, ESRCH ...
        """
        return self.world.write(self.path(name), data, as_)

    @property
    def oom_score_adj(self) -> int:
        """Its adjustment, -1000 (never) to 1000. Set, it is written as root does: OSError EINVAL outside of that.

        Since 4.8 (patch 4) the processes of the same mm follow, but vforked ones.
        """
        return int(self.info.oom_score_adj)

    @oom_score_adj.setter
    def oom_score_adj(self, value: int) -> None:
        self.write("oom_score_adj", str(value))

    @property
    def oom_adj(self) -> int:
        """The same on the old scale, -17 (never) to 15. Set, it is written as root does: OSError EINVAL outside."""
        return int(self.read("oom_adj"))

    @oom_adj.setter
    def oom_adj(self, value: int) -> None:
        self.write("oom_adj", str(value))

    @property
    def oom_score(self) -> int:
        """As /proc/PID/oom_score tells root: 0 is never chosen; the higher, the sooner."""
        return int(self.read("oom_score"))
