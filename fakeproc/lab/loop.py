"""The main thread of a lab's init: it waits for whatever comes next, and for nothing else.

What it waits for, all at once: a report of a placeholder, the death of a child, a change in the world, a read that is
held, a word of the keeper, the next time that something is due. What it does then never waits: no FUSE request is made
by it, and the world's lock is held only as long as a request is answered.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import re
import select
import signal
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

from fakeproc import sigterm
from fakeproc._native import lib
from fakeproc.lab.intercept import EVERYBODY, Intercept, name_of
from fakeproc.lab.placeholders import Placeholder, Placeholders, bit
from fakeproc.lab.watch import Watch
from fakeproc.playback import Playback
from fakeproc.task import Task

REPORT = struct.Struct("=IIII")  # struct report of placeholder.c
GRACE = 2.0  # seconds between asking the command to end and ending it
SHORTEST = 0.005  # seconds until a clock that is behind, or stands still, is looked at again
LONGEST_REST = 1e9  # milliseconds
LANDING = 0.05  # seconds for what the command had sent when it ended
HARMLESS = {signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT}
STOPS = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


class Loop:
    """It runs until the command has ended; then `code` is its exit code, `ended` how that came about."""

    def __init__(self, people: Placeholders, watch: Watch, clock: Playback, proc: int, keeper: int) -> None:
        self.people, self.watch, self.clock, self.world = people, watch, clock, watch.world
        self.proc, self.keeper, self.command = proc, keeper, 0
        self.code, self.ended, self._is_ending = 0, "ended", False
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._is_over = self._has_ended = False
        self._senders: dict[tuple[int, int], str] = {}  # of signals that were intercepted, by victim and number
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        lib.world_set_bell(self.world._w, self._bell)
        self._children = _wake_on_children()
        self._poll = select.poll()
        self._doors: dict[int, Callable[[], None]] = {
            people.reports: self._hear_reports,
            self._children: self._hear_children,
            self._bell: self._hear_bell,
            people.hold_device: self._hear_holds,
            keeper: self._hear_keeper,
        }
        for door in self._doors:
            self._poll.register(door, select.POLLIN)

    def intercept(self, calls: Intercept) -> None:
        """System calls of the command wait for this."""

        def hear() -> None:
            sent = calls.answer_next()
            if sent:
                self._senders[sent.pid, sent.number] = sent.sender

        self._doors[calls.listener] = hear
        self._poll.register(calls.listener, select.POLLIN)

    def run(self, command: int, seconds: float | None) -> None:
        self.command = command
        if seconds is not None:
            self.later(seconds, lambda: self.end(signal.SIGTERM, "was ended by --for"))
        while not self._is_over:
            for door, events in self._poll.poll(self._rest()):
                self._open(door, events)
            self._do_what_is_due()
            self._hear_children()
        self.catch_up()

    def _open(self, door: int, events: int) -> None:
        if events & select.POLLIN or door == self.keeper:
            self._doors[door]()
        else:
            self._poll.unregister(door)  # nobody is left whose calls could be heard

    def catch_up(self) -> None:
        """What has come until now, without waiting for more."""
        for hear in (self._hear_reports, self._hear_holds, self._hear_children, self._hear_bell):
            hear()

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, len(self._timers), what))

    def _rest(self) -> float | None:
        """Milliseconds, no more than poll(2) takes: what comes later is looked at again."""
        if not self._timers:
            return None
        return min(max(0.0, (self._timers[0][0] - time.monotonic()) * 1000), LONGEST_REST)

    def _do_what_is_due(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()

    # --- the command ---------------------------------------------------------------------

    def end(self, number: int, how: str) -> None:
        """Ask the command to end; it has a grace for that, unless it is asked twice."""
        if self._has_ended:
            return
        self.ended = how
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.command, signal.SIGKILL if self._is_ending else number)
        if not self._is_ending:
            self._is_ending = True
            self.later(GRACE, lambda: self.end(signal.SIGKILL, how))

    def _hear_keeper(self) -> None:
        """A signal that the keeper was sent; without a keeper all is over."""
        words = os.read(self.keeper, 1)
        if not words:
            os._exit(1)
        self.end(words[0], f"was ended by {signal.Signals(words[0]).name}")

    # --- signals that land ---------------------------------------------------------------

    def _hear_reports(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while words := os.read(self.people.reports, 256 * REPORT.size):
                for pid, number, sender, _ in REPORT.iter_unpack(words):
                    self._reported(pid, number, sender)

    def _reported(self, pid: int, number: int, sender: int) -> None:
        """What it does by default it does itself; then the main thread hears of its death."""
        one = self.people.of.get(pid)
        if one is None:
            return
        self._saw(one, number, name_of(sender, self.proc))
        one.reported = number
        if number == signal.SIGTERM and one.serial in self.world.on_sigterm:
            self._terminate(one)
        elif number == signal.SIGCONT:
            self._tell_world(one, number)

    def _terminate(self, one: Placeholder) -> None:
        """It does with a SIGTERM what the scenario says."""
        with self._task(one) as task:
            rest = sigterm.begin(task)
            if rest == 0:
                sigterm.end(task)
            elif rest:
                self._dies_at(one, self.world.now + rest)

    def _saw(self, one: Placeholder, number: int, by: str) -> None:
        self.clock.mount.look()  # the world's clock goes on to now
        by = self._senders.pop((one.pid, number), "") or self._senders.get((EVERYBODY, number), "") or by
        self.watch.saw(one.pid, one.serial, one.comm, number, by or self._only_one())

    def _only_one(self) -> str:
        """The command, where nobody else has ever been there who could have sent a signal; or "". Numbers are given out
        in order, but those of placeholders: whoever came after the command must be a thread of it, or of ours."""
        with contextlib.suppress(OSError):
            last = int(self._real("sys/kernel/ns_last_pid"))
            threads = [self._real_names(f"{pid}/task") for pid in (self.command, 1)]
            if last >= self.command and set(range(self.command, last + 1)) <= set().union(*threads):
                return name_of(self.command, self.proc)
        return ""

    def _real(self, name: str) -> str:
        """A file of the real procfs for which nobody is waited."""
        with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=self.proc), errors="replace") as file:
            return file.read()

    def _real_names(self, name: str) -> set[int]:
        """Of a directory there, the numbers."""
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.proc)
        try:
            return set(map(int, os.listdir(fd)))
        finally:
            os.close(fd)

    def _dies_at(self, one: Placeholder, time: int) -> None:
        """When the world's clock is there, however fast it goes until then; unless it dies before."""
        rest = time - self.world.now
        self.later(max(SHORTEST, self.clock.on_the_wall(rest)), lambda: self._dies(one, time))

    def _dies(self, one: Placeholder, time: int) -> None:
        with self._task(one) as task:
            if self.world.now < time:
                self._dies_at(one, time)
            else:
                sigterm.end(task)

    def _tell_world(self, one: Placeholder, number: int) -> None:
        with self._task(one) as task:
            task.kill(number)

    @contextlib.contextmanager
    def _task(self, one: Placeholder) -> Iterator[Task]:
        """Behind whom it stands, now, while nothing of the scenario happens. What the world refuses is refused."""
        with self.clock.still(), contextlib.suppress(OSError):
            self.clock.mount.look()
            yield Task(self.world, one.pid, one.serial)

    # --- children ----------------------------------------------------------------------------

    def _hear_children(self) -> None:
        _drain(self._children)
        while (child := _child()) is not None:
            if child.si_code in (os.CLD_STOPPED, os.CLD_CONTINUED):
                self._changed(child.si_pid, child.si_code)
            elif child.si_pid == self.command:
                self._command_ended(child.si_code, child.si_status)
            else:
                self._died(child.si_pid, child.si_status if child.si_code != os.CLD_EXITED else 0)
        with self.clock.still():
            self.people.keep_up()

    def _command_ended(self, how: int, status: int) -> None:
        self.code = status if how == os.CLD_EXITED else 128 + status
        if not self._is_ending:
            self.ended = f"ended with {status}" if how == os.CLD_EXITED else f"died of {signal.Signals(status).name}"
        self._has_ended = True
        self.later(LANDING, self._be_over)

    def _be_over(self) -> None:
        self._is_over = True

    def _changed(self, pid: int, how: int) -> None:
        one = self.people.of.get(pid)
        if one and how == os.CLD_STOPPED:
            self._saw(one, signal.SIGSTOP, "")
            self._tell_world(one, signal.SIGSTOP)
        elif one and one.is_cheap:
            self._tell_world(one, signal.SIGCONT)

    def _died(self, pid: int, number: int) -> None:
        """A placeholder that the world had not let die: a signal has landed. Where the world's process lives on all
        the same, as an init does, another stands behind it at once."""
        self._hear_reports()
        one = self.people.gone(pid)
        if one is None or number == 0:
            return
        if number != one.reported and number not in one.pending:
            self._saw(one, number, "")
        self._tell_world(one, number)

    # --- the world ------------------------------------------------------------------------------

    def _hear_bell(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        with self.clock.still():
            self.people.keep_up()

    # --- who is held ----------------------------------------------------------------------------

    def _hear_holds(self) -> None:
        for what, pid in self.people.hold_events():
            one = self.people.of.get(pid)
            if one is None or not one.is_held:
                self.people.let_go(pid)
            elif what == lib.HOLD_HAS_SIGNAL:
                self._pending(one)

    def _pending(self, one: Placeholder) -> None:
        """It cannot die, but a signal has come that it will die of: so it is in the world."""
        for number in self._pending_signals(one.pid):
            if number in one.pending or number in HARMLESS or number in STOPS:
                continue
            one.pending.add(number)
            self._saw(one, number, "")
            with self._task(one) as task:
                task.set_flag(lib.TASK_KILLED)
                task.set_signals(pending=sum(map(bit, one.pending)))

    def _pending_signals(self, pid: int) -> list[int]:
        """Of the process. Its status asks for no lock that it could hold."""
        found = re.search(r"^ShdPnd:\s*([0-9a-f]+)", self._real(f"{pid}/status"), re.MULTILINE)
        mask = int(found[1], 16) if found else 0
        return [number for number in range(1, 64) if mask & bit(number)]


def _child() -> Any:
    """The next child that has ended, stopped or gone on; None where there is none."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG)
    except ChildProcessError:
        return None


def _wake_on_children() -> int:
    """A descriptor that is readable when a child has changed."""
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _drain(fd: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(fd, 4096):
            pass
