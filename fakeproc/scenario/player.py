"""Plays the events of a scenario in a world, in the order of their times. It owns no clock: whoever plays says how far.

In virtual time that is as far as there is something to play; a mount plays what is due by the world's own clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from fakeproc import outcome, units
from fakeproc.scenario.courses import Course
from fakeproc.scenario.events import Event, Gone, Happened
from fakeproc.world import Task, World


class Player:
    """What is still to happen in a world; times in nanoseconds since its boot."""

    def __init__(self, events: Sequence[Event], world: World) -> None:
        self.world, self.start = world, world.now
        self._events, self._next = events, 0
        self._going: list[tuple[int, int, Event, Course]] = []  # a heap by the time at which each goes on
        self._order = count()

    @property
    def due(self) -> int | None:
        """When the next thing happens; None where nothing is left."""
        going = self._going[0][0] if self._going else None
        if self._next == len(self._events):
            return going
        event = self.start + self._events[self._next].at
        return event if going is None or event < going else going

    def play(self, end: int | None = None) -> Iterator[Happened]:
        """Let everything happen up to that time, to which the clock goes on, one thing a step; without an end, all."""
        world = self.world
        while (due := self.due) is not None and (end is None or due <= end):
            world.run(max(0, due - world.now))
            before = world.log_end
            happened = self._step(due, before)
            world.run(0)  # who may exit does so at once
            if happened:
                yield happened
        if end is not None:
            world.run(max(0, end - world.now))

    def saved(self) -> dict[str, Any]:
        """How far it is, as JSON has it."""
        going = [
            [due, self._events.index(event), course.task.pid, course.task.serial, course.amount, course.saved()]
            for due, _, event, course in sorted(self._going)
        ]
        return {"start": self.start, "next": self._next, "going": going}

    def take_up(self, saved: dict[str, Any]) -> None:
        """Go on from there. ValueError, TypeError or LookupError where it never comes to that."""
        self.start, self._next = int(saved["start"]), int(saved["next"])
        if not (0 <= self.start <= self.world.now and 0 <= self._next <= len(self._events)):
            raise ValueError(saved)
        begun = self._events[: self._next]
        for due, index, pid, serial, amount, standing in saved["going"]:
            event = begun[index]
            course = event.course(Task(self.world, int(pid), int(serial)), int(amount))
            course.take_up(standing)
            if not 0 <= due <= self.world.now + units.LONGEST:
                raise ValueError(due)
            heapq.heappush(self._going, (int(due), next(self._order), event, course))

    def _step(self, due: int, log: int) -> Happened | None:
        """What is due goes on before what begins."""
        if self._going and self._going[0][0] == due:
            _, _, event, course = heapq.heappop(self._going)
            said = self._go_on(due, event, course)
            return Happened(event, due - self.start, said, log) if said else None
        event = self._events[self._next]
        self._next += 1
        result = event.happen(self.world)
        said = result if isinstance(result, str) else self._go_on(due, event, result) or "begins"
        return Happened(event, due - self.start, said, log)

    def _go_on(self, now: int, event: Event, course: Course) -> str:
        """What came of it until it rests again, or in the end."""
        try:
            rest, said = next(course)
        except StopIteration as end:
            return str(end.value)
        except Gone as gone:
            return str(gone)
        except OSError as error:
            return outcome.errno_name(error)
        heapq.heappush(self._going, (now + rest, next(self._order), event, course))
        return said
