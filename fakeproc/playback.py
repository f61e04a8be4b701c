"""A mounted world's clock: by the wall, faster or slower, halted or a step at a time; and what happens in its scenario,
each event at its own time of that clock, as in virtual time.

The core's clock stops at the next event until it has been played, however late the thread here wakes up.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from fakeproc import units
from fakeproc._native import lib
from fakeproc.errors import FakeprocError
from fakeproc.mount import ENDING, Mount, mounted
from fakeproc.scenario.run import Entry, Run
from fakeproc.world import World

NEVER = (1 << 63) - 1
SLOWEST, FASTEST = 0.001, 1000.0
SPEEDS = f"a number from {SLOWEST:g} to {FASTEST:g}; 1 is the wall's"


class Playback:
    """The clock of a mount, and what plays by it. `note` is told what happens, a line each, and the verdicts."""

    def __init__(
        self, mount: Mount, run: Run, note: Callable[[str], None] = lambda line: None, judges: bool = True
    ) -> None:
        """judges: as soon as nothing is left to happen; otherwise with conclude()."""
        self.mount, self.world, self._scenario, self._note = mount, mount.world, run, note
        self._speed, self._is_paused, self._is_over, self._is_judged = 1.0, False, False, False
        self._judges = judges
        self.entries: list[Entry] | None = None  # all that happens, for who wants it kept
        self._lock = threading.RLock()  # taken before the world's own, never while that is held
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._play, name="fakeproc scenario", daemon=True)
        self._plan()

    @contextmanager
    def playing(self) -> Iterator["Playback"]:
        """Things happen while the block runs. A signal that ends the mount is for the thread that serves it."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            self._thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            yield self
        finally:
            self._is_over = True
            self._changed.set()
            self._thread.join(10)

    # --- commands --------------------------------------------------------------------

    def pause(self) -> None:
        """The clock stands still."""
        self._set(self._speed, True)

    def resume(self) -> None:
        self._set(self._speed, False)

    def speed(self, times: float) -> None:
        """So many times as fast as the clock on the wall. FakeprocError outside of 0.001 to 1000."""
        check_speed(times)
        self._set(times, self._is_paused)

    def on_the_wall(self, time: int) -> float:
        """The seconds in which so many nanoseconds pass, at the speed of now."""
        return time / 1e9 / self._speed

    def step(self, time: int) -> None:
        """So much time (nanoseconds) passes at once, with all that is to happen in it; then the clock stands still."""
        self.pause()
        self.run(time)

    def run(self, time: int) -> list[Entry]:
        """So much time passes at once, with all that is to happen in it, which it returns."""
        with self._lock:
            happened = self._let_happen(self.world.now + time)
        self._changed.set()
        return happened

    def settle(self, time: int) -> str:
        """Time passes until nobody waits or nothing can move, at most so much; each event happens meanwhile. Returns
        what World.settle does."""
        with self._lock:
            end = self.world.now + time
            why = self._settle_to(end)
            while not why and self.world.waiting and self.world.now < end and not self.world.panic:
                why = self._settle_to(end)
        self._changed.set()
        return why

    def _settle_to(self, end: int) -> str:
        """Up to the next event, which happens, or to that time of the world."""
        due = self._scenario.due
        why = self.world.settle(max(0, min(end, end if due is None else due) - self.world.now))
        self._let_happen(self.world.now)
        return why

    def _set(self, speed: float, is_paused: bool) -> None:
        with self._lock:
            self._speed, self._is_paused = speed, is_paused
            self.mount.set_speed(0 if is_paused else speed)
        self._changed.set()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing of the scenario happens while the block runs."""
        with self._lock:
            yield

    def conclude(self) -> None:
        """What was due happens, and what the scenario expects is judged: it is over."""
        with self._lock:
            self.mount.look()
            self._let_happen(self.world.now)
            if not self._is_judged:
                self._is_judged = True
                self._scenario.conclude()

    def __str__(self) -> str:
        """How it goes, and what is next."""
        with self._lock:
            due, now = self._scenario.due, self.world.now
            pace = "stands still" if self._is_paused else f"goes {self._speed:g} times as fast as the wall's"
        then = f", the next event is at {self._shown(due)}" if due is not None else ""
        return f"the clock is at {self._shown(now)} and {pace}{then}"

    def _shown(self, time: int) -> str:
        return units.shown_time((time - self._scenario.start) // 10**6 * 10**6)

    # --- the thread ------------------------------------------------------------------

    def _play(self) -> None:
        while not self._is_over:
            self._changed.clear()
            self.mount.look()  # the clock goes on, to the next event at most
            with self._lock:
                self._let_happen(self.world.now)
                rest = self._rest()
            self._changed.wait(rest)

    def _let_happen(self, end: int) -> list[Entry]:
        """All that is due up to that time of the world, to which its clock goes on."""
        happened = []
        while (due := self._scenario.due) is not None and due <= end:
            happened += self._go(due)
        self._judge()
        happened += self._go(end)
        self._plan()
        return happened

    def _go(self, end: int) -> list[Entry]:
        happened = list(self._scenario.go(end))
        for entry in happened:
            if self.entries is not None:
                self.entries.append(entry)
            if entry.kind != "log":
                self._note(str(entry))
        return happened

    def _judge(self) -> None:
        """Once, when nothing is left to happen."""
        if not self._judges or self._is_judged or self._scenario.due is not None:
            return
        self._is_judged = True
        self._scenario.conclude()
        for verdict in self._scenario.verdicts:
            self._note(str(verdict))

    def _plan(self) -> None:
        """The clock must not pass the next event."""
        due = self._scenario.due
        lib.mount_set_horizon(self.mount.pointer, NEVER if due is None else due)

    def _rest(self) -> float | None:
        """Seconds on the wall to the next event, or to another look; None while there is none to wait for."""
        due = self._scenario.due
        if due is None or self._is_paused:
            return None
        return min(max(0.0, (due - self.world.now) / 1e9 / self._speed), threading.TIMEOUT_MAX)


def check_speed(times: float) -> float:
    """The number itself; FakeprocError where no clock goes so fast or so slowly."""
    if not SLOWEST <= times <= FASTEST:
        raise FakeprocError(f"{times:g} is no speed: write {SPEEDS}")
    return times


def check_pace(times: float) -> float:
    """The same, where a clock may stand still, too."""
    if times and not SLOWEST <= times <= FASTEST:
        raise FakeprocError(f"{times:g} is no speed: write 0, which pauses, or {SPEEDS}")
    return times


@contextmanager
def controlled(mount: Mount, run: Run, speed: float) -> Iterator[Playback]:
    """The control files of a mount, and its clock, by which the scenario plays while the block runs.

    speed: so many times as fast as the wall's; 0: it stands still.
    """
    from fakeproc.control import Control

    check_pace(speed)
    control = Control(run.world).attach()
    clock = Playback(mount, run, control.note)
    control.commands.clock = run.world._clock = clock
    clock.speed(speed) if speed else clock.pause()
    try:
        with clock.playing():
            yield clock
    finally:
        control.commands.clock = run.world._clock = None


@contextmanager
def mounted_world(world: World, path: str | os.PathLike[str] | None, speed: float, **options: Any) -> Iterator[Mount]:
    """World.mount(). Of several mounts of one world, the first has the clock."""
    with ExitStack() as stack:
        point = stack.enter_context(TemporaryDirectory(prefix="fakeproc-")) if path is None else path
        mount = stack.enter_context(mounted(world, point, speed=0, **options))
        if not world._clock:
            stack.enter_context(controlled(mount, world._told, speed))
        yield mount
