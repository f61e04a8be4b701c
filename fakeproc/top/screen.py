"""The terminal: frames are drawn, keys are heard. The standard library's curses does the rest."""

import curses
import os
import time
from contextlib import closing, suppress

from fakeproc.errors import FakeprocError
from fakeproc.top.frame import FAINT, HEAD, KEYS, NEXT, ORDERS, PLAIN, Line, frame
from fakeproc.top.reading import Moment, Reader

EVERY = 1.0  # seconds between two looks
REST = 3  # a world that takes long to ask is asked so seldom that it rests that many times as long

STYLES = {PLAIN: curses.A_NORMAL, HEAD: curses.A_REVERSE, NEXT: curses.A_BOLD, FAINT: curses.A_DIM}


def live(place: str, order: str) -> None:
    """Until q is pressed. FakeprocError where the terminal is none, or the mount goes away."""
    with closing(Reader(place)) as reader:
        moment = reader.read()
        try:
            curses.setupterm()
            curses.wrapper(lambda window: Screen(window, reader, moment, order).run())
        except curses.error as error:
            term = os.environ.get("TERM", "")
            raise FakeprocError(f"this terminal (TERM={term}) cannot show it: {error}: add --once") from None


class Screen:
    """What is shown, and how."""

    def __init__(self, window: "curses.window", reader: Reader, moment: Moment, order: str) -> None:
        self.window, self.reader, self.moment, self.order = window, reader, moment, order
        self.is_paused = False
        self.due = 0.0
        with suppress(curses.error):  # a terminal that cannot hide its cursor shows it
            curses.curs_set(0)
        with suppress(curses.error):
            curses.use_default_colors()

    def run(self) -> None:
        """Draw, and wait for a key or for the next look."""
        while True:
            self._look()
            self._draw()
            self.window.timeout(max(0, round(1000 * (self.due - time.monotonic()))) if not self.is_paused else -1)
            if not self._obey(self.window.getch()):
                return

    def _look(self) -> None:
        start = time.monotonic()
        if self.is_paused or start < self.due:
            return
        self.moment = self.reader.read()
        end = time.monotonic()
        self.due = end + max(EVERY, REST * (end - start))

    def _obey(self, key: int) -> bool:
        """Go on?"""
        if key == ord("p"):
            self.is_paused = not self.is_paused
        if key == ord("o"):
            orders = list(ORDERS)
            self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        return key != ord("q")

    def _draw(self) -> None:
        height, width = self.window.getmaxyx()
        note = f", by {self.order}{'  PAUSED' if self.is_paused else ''}  ({KEYS})"
        self.window.erase()
        for y, line in enumerate(frame(self.moment, self.order, width, height, note)):
            self._put(y, line)
        self.window.refresh()

    def _put(self, y: int, line: Line) -> None:
        """The last cell of the last line is an error to curses, though it is drawn."""
        encoding = self.window.encoding
        with suppress(curses.error):
            self.window.addstr(y, 0, line.text.encode(encoding, "replace").decode(encoding), STYLES[line.style])
