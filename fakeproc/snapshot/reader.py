"""Reading a /proc: the live one, a mount of fakeproc, or a directory tree of saved files. Whatever goes meanwhile is
left out and counted."""

import contextlib
import ctypes
import errno
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from fakeproc import commands, unseen, wording
from fakeproc.errors import FakeprocError
from fakeproc.scenario.keys import PID_LIMIT
from fakeproc.snapshot import parse
from fakeproc.snapshot.facts import Machine, Process, Thread
from fakeproc.world import World

PROC_SUPER_MAGIC = 0x9FA0
INITIAL_PID_NAMESPACE = "pid:[4026531836]"
MOST = 1 << 20  # bytes of a file: no file that is read here is longer, but a saved tree may hold anything
BIGGEST_TABLE = 1 << 30
GONE = (errno.ENOENT, errno.ESRCH, errno.ENOTDIR)
VANISHED, UNREADABLE = "ended while they were read", "could not be read"

WAY_OUT = "name a /proc, a mount of fakeproc or a saved tree"

_ID = re.compile(r"[1-9][0-9]{0,6}")


class Proc:
    """The files below one directory."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.is_procfs = _file_system(place) == PROC_SUPER_MAGIC
        self.is_live = self.is_procfs and self._self() == str(os.getpid())

    def _self(self) -> str:
        with contextlib.suppress(OSError):
            return os.readlink(f"{self.place}/self")
        return ""

    def read(self, path: str, most: int = MOST) -> bytes:
        """What is in that file, however it is cut; OSError. A FIFO in a saved tree holds nobody up."""
        fd = os.open(f"{self.place}/{path}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = bytearray()
            while len(found) < most and (part := os.read(fd, 1 << 16)):
                found += part
        finally:
            os.close(fd)
        return bytes(found)

    def find(self, path: str) -> bytes:
        """The same of a file that need not be there, or may be secret: empty then. ESRCH is an OSError still."""
        try:
            return self.read(path)
        except OSError as error:
            if error.errno == errno.ESRCH:
                raise
            return b""

    def ids(self, path: str) -> list[int]:
        """The pids or tids in that directory."""
        return _ids(os.listdir(f"{self.place}/{path}"))

    def link(self, path: str) -> str | None:
        with contextlib.suppress(OSError):
            return os.readlink(f"{self.place}/{path}")
        return None

    def owner(self, path: str) -> int:
        return os.stat(f"{self.place}/{path}").st_uid

    def unseen(self) -> bytes:
        """What a mount of fakeproc tells besides; OSError where it is none."""
        return self.read(".fakeproc/world.json", most=BIGGEST_TABLE)


class WorldProc(Proc):
    """The same of a world that nobody has mounted."""

    def __init__(self, world: World) -> None:
        self.world, self.place = world, "this world"
        self.is_procfs, self.is_live = True, False

    def read(self, path: str, most: int = MOST) -> bytes:
        return self.world.read(f"/{path}")[:most]

    def ids(self, path: str) -> list[int]:
        return _ids(self.world.listdir(f"/{path}"))

    def link(self, path: str) -> str | None:
        with contextlib.suppress(OSError):
            return self.world.readlink(f"/{path}")
        return None

    def owner(self, path: str) -> int:
        return int(self.world.stat(f"/{path}").uid)

    def unseen(self) -> bytes:
        return unseen.as_json(self.world).encode()


def _ids(names: list[str]) -> list[int]:
    return sorted(int(name) for name in names if _ID.fullmatch(name) and int(name) < PID_LIMIT)


def _file_system(place: str) -> int:
    """The magic number of statfs(2), which Python's own statvfs does not have."""
    buffer = (ctypes.c_long * 64)()
    result = ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(place), ctypes.byref(buffer))
    return 0 if result else int(buffer[0])


def read(proc: Proc, *, with_environ: bool = False, with_hostname: bool = False) -> Machine:
    """Everything; what may be secret when it is asked for. FakeprocError where no process is to be found there."""
    try:
        pids = proc.ids(".")
    except OSError as error:
        raise FakeprocError(f"{wording.printable(proc.place)}: {error.strerror}: {WAY_OUT}") from None
    world = _world(proc)
    machine = _machine(proc, world)
    if with_hostname:
        machine.hostname = parse.hostname(proc.find("sys/kernel/hostname"))
    left_out: Counter[str] = Counter()
    for pid in pids:
        if proc.is_live and pid == os.getpid():
            continue
        with _counting(left_out):
            machine.processes[pid] = _process(proc, pid, world, with_environ)
    if not machine.processes:
        raise FakeprocError(f"{wording.printable(proc.place)} shows no process: {WAY_OUT}")
    _part_ids(machine, left_out)
    return machine


@contextlib.contextmanager
def _counting(left_out: Counter[str]) -> Iterator[None]:
    """Whatever cannot be read inside is counted, by what kept it from being read."""
    try:
        yield
    except OSError as error:
        left_out[VANISHED if error.errno in GONE else UNREADABLE] += 1
    except ValueError:
        left_out[UNREADABLE] += 1


def _part_ids(machine: Machine, left_out: Counter[str]) -> None:
    """An id means one task only: in a live machine it may have been given away again while this was read."""
    has_kthreads = any(process.stat.is_kthread for process in machine.processes.values())
    taken = {1, *([2] if has_kthreads else []), *machine.processes}
    for process in machine.processes.values():
        threads = [thread for thread in process.threads if thread.tid not in taken]
        left_out["threads whose id is another's"] += len(process.threads) - len(threads)
        taken |= {thread.tid for thread in threads}
        process.threads = threads
    machine.left_out = {what: count for what, count in left_out.items() if count}


# --- a process -------------------------------------------------------------------------------


def _process(proc: Proc, pid: int, world: parse.World | None, with_environ: bool) -> Process:
    stat = parse.stat(proc.read(f"{pid}/stat"))
    if stat.ppid == pid or (pid == 1 and stat.is_kthread):
        raise ValueError("no such process can be")
    if proc.is_live and stat.ppid == os.getpid():
        stat = replace(stat, ppid=os.getppid())
    if stat.state in "Xx":
        raise ProcessLookupError(errno.ESRCH, "dead")
    threads = [] if stat.is_kthread else list(_threads(proc, pid))
    first = f"{pid}/task/{threads[0].tid}" if stat.state == "Z" and threads else f"{pid}"
    process = Process(pid, stat, parse.status(proc.read(f"{first}/status")), threads)
    process.arguments = parse.words(proc.find(f"{first}/cmdline"))
    if not (process.has_mm or process.is_zombie or stat.is_kthread):
        raise ProcessLookupError(errno.ESRCH, "exiting")
    _read_rest(proc, process)
    if with_environ:
        process.environ = parse.words(proc.find(f"{first}/environ"))
    if world:
        process.unseen = world.processes.get(pid)
    if world or proc.is_procfs:
        process.is_dumpable = _is_dumpable(proc, process)
    return process


def _read_rest(proc: Proc, process: Process) -> None:
    """The files that an old kernel or a saved tree may lack."""
    pid = process.pid
    process.oom_score_adj = _value(proc, f"{pid}/oom_score_adj", parse.adjustment, 0)
    process.oom_score = _value(proc, f"{pid}/oom_score", parse.score, None)
    first = f"{pid}/task/{process.actor}" if process.has_dead_leader else f"{pid}"
    process.cgroup = parse.cgroup(proc.find(f"{first}/cgroup"))  # in v1 the dead are shown at the root
    process.is_in_user_namespace = _is_elsewhere(proc, pid)


def _value(proc: Proc, path: str, meaning: Callable[[bytes], Any], missing: Any) -> Any:
    raw = proc.find(path)
    return meaning(raw) if raw else missing


def _is_dumpable(proc: Proc, process: Process) -> bool | None:
    """The files of one that is not belong to root, though its directories do not: nobody can tell of root's own."""
    uid = process.status.uid
    if uid == 0 or not process.has_mm:
        return None
    return proc.owner(f"{process.pid}/task/{process.actor}/stat") == uid


def _is_elsewhere(proc: Proc, pid: int) -> bool:
    """In another user namespace than the one that this /proc is read from."""
    its = proc.link(f"{pid}/ns/user") if proc.is_live else None
    return its is not None and its != proc.link("self/ns/user")


def _threads(proc: Proc, pid: int) -> Iterator[Thread]:
    """Those besides the leader that live."""
    for tid in proc.ids(f"{pid}/task"):
        if tid == pid:
            continue
        place = f"{pid}/task/{tid}"
        with contextlib.suppress(OSError):
            stat, status = parse.stat(proc.read(f"{place}/stat")), parse.status(proc.read(f"{place}/status"))
            if stat.state not in "ZXx":
                yield Thread(tid, stat.comm, status.uid)


# --- the machine -----------------------------------------------------------------------------


def _machine(proc: Proc, world: parse.World | None) -> Machine:
    machine = Machine(proc.place, proc.is_live)
    machine.is_in_pid_namespace = proc.is_live and proc.link("self/ns/pid") != INITIAL_PID_NAMESPACE
    with contextlib.suppress(OSError, ValueError):
        machine.meminfo = parse.meminfo(proc.find("meminfo"))
    with contextlib.suppress(OSError, ValueError):
        machine.nodes = parse.node_sizes(proc.find("zoneinfo"))
    machine.cpus = parse.cpus(proc.find("stat"))
    machine.release = parse.release(proc.find("sys/kernel/osrelease") or proc.find("version"))
    machine.kernel = world.kernel if world else None
    with contextlib.suppress(ValueError):
        machine.pid_max = parse.sysctl(proc.find("sys/kernel/pid_max"))
    for name in commands.SYSCTLS:
        with contextlib.suppress(ValueError):
            machine.sysctls[name] = parse.sysctl(proc.find(f"sys/vm/{name}"))
    return machine


def _world(proc: Proc) -> parse.World | None:
    """What a mount of fakeproc tells besides."""
    with contextlib.suppress(OSError, ValueError):
        return parse.world(proc.unseen())
    return None
