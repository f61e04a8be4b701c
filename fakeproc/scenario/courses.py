"""What takes time: an event that is no single act is a course, resumed by the player when its time has come.

next() lets it go on. That says how long it rests now, with what came of it so far (mostly nothing); StopIteration has
what came of it in the end. Whatever is gradual goes in steps of 100 ms, and behind its first hour in longer ones. A
course that is under way can be saved: by saved(), and by take_up() of a new one of the same event.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakeproc.world import Task

STEP = 100_000_000  # nanoseconds
FINEST = 36_000  # a step is no smaller part of what has passed: a year takes ten times as many as an hour
WAITS = "it waits for memory"
BLOCKED = "it is blocked"

Act = Callable[[int], str]  # on so many pages; a word where more came of it than that


@dataclass
class Course(ABC):
    """task: whose it is; amount: what the event had to work out as it began: so many pages, or so long."""

    task: Task
    amount: int

    @abstractmethod
    def __next__(self) -> tuple[int, str]: ...

    @abstractmethod
    def saved(self) -> list[Any]:
        """What it has come to, as JSON has it."""

    @abstractmethod
    def take_up(self, saved: list[Any]) -> None:
        """Go on from there. ValueError or TypeError where it never comes to that."""


@dataclass
class Gradual(Course):
    """By each step act on as many pages as are due by then. What is due while whoever acts is blocked is done later,
    or never. `why_over` is a word as soon as nothing can go on."""

    due_at: Callable[[int], int]
    over: int
    catches_up: bool
    act: Act
    why_over: Callable[[], str]
    step: int = -1  # when the next one is, in nanoseconds from the beginning
    done: int = 0
    said: str = ""
    told: str = ""

    def __next__(self) -> tuple[int, str]:
        if self.step >= 0:
            self._act()
        if self.step == self.over:
            raise StopIteration(self.said or "done")
        before, told = max(0, self.step), self.told
        self.step, self.told = min(before + max(STEP, before // FINEST), self.over), self.said
        return self.step - before, self.said if self.said != told else ""

    def _act(self) -> None:
        if why := self.why_over():
            raise StopIteration(why)
        due = self.due_at(self.step)
        self.said = _try(self.act, due - self.done)
        if why := self.why_over():
            raise StopIteration(self.said or why)
        if self.said != BLOCKED or not self.catches_up:
            self.done = due

    def saved(self) -> list[Any]:
        return [self.step, self.done, self.said, self.told]

    def take_up(self, saved: list[Any]) -> None:
        step, done, said, told = saved
        if not 0 <= step <= self.over or done < 0:
            raise ValueError(saved)
        self.step, self.done, self.said, self.told = int(step), int(done), str(said), str(told)


def _try(act: Act, pages: int) -> str:
    if pages <= 0:
        return ""
    try:
        return act(pages)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return BLOCKED
        raise


@dataclass
class Until(Course):
    """That act when so much time has passed."""

    act: Callable[[], object]
    has_begun: bool = False

    def __next__(self) -> tuple[int, str]:
        if self.has_begun:
            self.act()
            raise StopIteration("ends")
        self.has_begun = True
        return self.amount, ""

    def saved(self) -> list[Any]:
        return []

    def take_up(self, saved: list[Any]) -> None:
        if saved:
            raise ValueError(saved)
        self.has_begun = True
