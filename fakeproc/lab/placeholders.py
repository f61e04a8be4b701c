"""A real process behind every synthetic one: made when it appears in the world, killed when it dies there."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from dataclasses import dataclass, field
from typing import Any

from fakeproc._native import ffi, lib
from fakeproc.lab import LabError, needs
from fakeproc.task import text_of
from fakeproc.world import World

CHEAP_FROM = 2000  # so many have a memory of their own, and all that goes with it
HOLD = 64  # SIGRTMAX: go and be held
EVERY_SIGNAL = (1 << 64) - 1
HIDDEN = lib.TASK_KILLED | lib.TASK_ADOPTED
WALL = 0x40000000  # waitid(2): also children that end without a signal
NOBODY_CAN = {
    errno.EPERM: "a process with a chosen pid is refused: CAP_SYS_ADMIN is needed in the namespaces",
    errno.EAGAIN: "there is no room for more processes: raise ulimit -u, kernel.threads-max or the cgroup's pids.max",
    errno.EINVAL: "that pid is none that this kernel gives: lower the pids of the scenario, or raise kernel.pid_max",
    errno.ENOSYS: "clone3(2) is not there: a newer kernel is needed, or a container that allows it",
}


def bit(number: int) -> int:
    return 1 << (number - 1)


@dataclass
class Placeholder:
    """Behind one process of the world."""

    pid: int
    serial: int
    comm: str
    is_cheap: bool
    is_held: bool = False  # asked to be: it sleeps in a read
    reported: int = 0  # the last signal that it told of
    pending: set[int] = field(default_factory=set)  # signals that it will die of when it is let go


class Placeholders:
    """All of them. Only the main thread of init uses this, and nothing here waits for anybody."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.of: dict[int, Placeholder] = {}  # by pid
        self.dying: set[int] = set()  # killed here, not reaped yet
        self.taken: set[int] = set()  # pids of the world that a stranger has
        self.zombies: dict[int, int] = {}  # serials, by pid
        self.threads = 0  # ever made, besides leaders
        self._death_end = world.death_end
        self.reports, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.reports, False)
        directory = ffi.new("int *")
        hold = lib.hold_new(directory)
        if hold == ffi.NULL:
            raise LabError(f"no FUSE file system can be mounted here: {os.strerror(-directory[0])}")
        program = os.open(needs.PROGRAM, os.O_PATH | os.O_CLOEXEC)
        self._hold = ffi.gc(hold, lib.hold_free)
        self.hold_device = int(lib.hold_device(hold))
        # Three numbers out of the way of those that a placeholder gives them.
        kept = [_high(fd) for fd in (program, writing, directory[0])]
        self.nursery = ffi.gc(lib.nursery_new(*kept), lib.nursery_free)

    # --- keeping up with the world ---------------------------------------------------

    def keep_up(self) -> None:
        """Who has died in the world dies, who has appeared there appears, and who cannot die is held."""
        lib.world_settle_adopted(self.world._w)
        for death in self.world.deaths_since(self._death_end):
            self._death_end = death.seq + 1
            if death.how == lib.HAS_DIED:
                self._end(death.pid, death.serial)
        presences = self._presences()
        self._wait_for_zombies({pid: serial for serial, pid, _ in presences} if self.zombies else {})
        for serial, pid, flags in presences:
            one = self.of.get(pid)
            if one is None and not flags & HIDDEN and pid > 1 and pid not in self.dying and pid not in self.zombies:
                one = self._make(pid, serial, flags)
            if one and not one.is_cheap and one.is_held != bool(flags & lib.TASK_DSLEEP):
                self._hold_or_let_go(one)

    def _wait_for_zombies(self, present: dict[int, int]) -> None:
        """For those that have been waited for in the world."""
        for pid, serial in list(self.zombies.items()):
            if present.get(pid) != serial:
                os.waitid(os.P_PID, pid, os.WEXITED | WALL)
                lib.world_leave_out(self.world._w, pid, False)
                del self.zombies[pid]

    def _presences(self) -> list[tuple[int, int, int]]:
        most = 64
        while True:
            found = ffi.new("struct presence[]", most)
            count = lib.world_presences(self.world._w, found, most)
            if count <= most:
                return [(one.serial, one.pid, one.flags) for one in found[0:count]]
            most = count + 64

    def _end(self, pid: int, serial: int) -> None:
        """It has died in the world. Its parent there waits for it at once, as parents do."""
        one = self.of.get(pid)
        if one and one.serial == serial:
            del self.of[pid]
            self.dying.add(pid)
            os.kill(pid, signal.SIGKILL)
            lib.hold_release(self._hold, pid)
        with contextlib.suppress(OSError):
            task = self.world.task(pid)
            if task.serial == serial and not task.is_adopted:
                task.reap()

    def _make(self, pid: int, serial: int, flags: int) -> Placeholder | None:
        with contextlib.suppress(ProcessLookupError):
            info, is_cheap = self.world._info(pid), self._must_be_cheap(serial, flags)
            wanted = ffi.new("struct placeholder *", {"pid": pid, "uid": info.uid, "gid": info.gid, "comm": info.comm})
            wanted.handled, wanted.is_cheap = self._handled(serial, info.flags), is_cheap
            threads = ffi.NULL if is_cheap or info.threads == 1 else self._threads(pid)
            wanted.threads, is_leader_dead = threads, bool(flags & lib.TASK_ZOMBIE)
            wanted.is_leader_dead, wanted.is_zombie = is_leader_dead, is_leader_dead and info.threads == 1
            return self._spawned(serial, wanted)
        return None

    def _must_be_cheap(self, serial: int, flags: int) -> bool:
        """From so many on, but for those that have to be able to do what the cheap cannot."""
        are_many = len(self.of) + self.threads >= CHEAP_FROM
        return are_many and not flags & (lib.TASK_DSLEEP | lib.TASK_ZOMBIE) and serial not in self.world.on_sigterm

    def _threads(self, pid: int) -> Any:
        """Their ids, but the leader's, as the placeholder reads them."""
        tids = self.world._pids(lib.world_threads, pid)[1:]
        self.threads += len(tids)
        return ffi.new("char[]", b"".join(b"%d " % tid for tid in tids))

    def _spawned(self, serial: int, wanted: Any) -> Placeholder | None:
        pid, comm = wanted.pid, text_of(wanted.comm)
        lib.world_leave_out(self.world._w, pid, True)
        error = -lib.placeholder_spawn(self.nursery, wanted)
        if error == errno.EEXIST:
            lib.world_leave_out(self.world._w, pid, False)
            self.taken.add(pid)
            return None
        if error:
            raise LabError(f"nobody can stand behind pid {pid}: {NOBODY_CAN.get(error, os.strerror(error))}")
        if wanted.is_zombie:
            self.zombies[pid] = serial
            return None
        one = self.of[pid] = Placeholder(pid, serial, comm, bool(wanted.is_cheap))
        return one

    def _handled(self, serial: int, flags: int) -> int:
        if flags & (lib.TASK_KTHREAD | lib.TASK_NAMESPACE_INIT):
            return EVERY_SIGNAL
        return bit(signal.SIGTERM) if serial in self.world.on_sigterm else 0

    def _hold_or_let_go(self, one: Placeholder) -> None:
        one.is_held = not one.is_held
        if one.is_held:
            os.kill(one.pid, HOLD)
        else:
            lib.hold_release(self._hold, one.pid)

    # --- what comes from them ----------------------------------------------------------

    def gone(self, pid: int) -> Placeholder | None:
        """It has been reaped. The one who stood there, unless the world had let it die."""
        lib.world_leave_out(self.world._w, pid, False)
        self.taken.discard(pid)
        if pid in self.dying:
            self.dying.remove(pid)
            return None
        return self.of.pop(pid, None)

    def hold_events(self) -> list[tuple[int, int]]:
        """(HOLD_BEGINS or HOLD_HAS_SIGNAL, pid), all that there are."""
        events, event = [], ffi.new("struct hold_event *")
        while lib.hold_next(self._hold, event):
            events.append((event.what, event.pid))
        return events

    def let_go(self, pid: int) -> None:
        """A read that ought not to be held any more."""
        lib.hold_release(self._hold, pid)


def _high(fd: int) -> int:
    import fcntl

    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(fd)
    return high
