"""What is seen of a world while a scenario plays in it, and the verdicts on what the scenario expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Any, NamedTuple

from fakeproc import units, wording
from fakeproc._native import lib
from fakeproc.rehearsal import rehearse
from fakeproc.scenario.expect import Expect, Seen
from fakeproc.world import Death, LogRecord, Task, World


class Verdict(NamedTuple):
    """On one expectation. `at` is when it was looked at, in nanoseconds from the start."""

    holds: bool
    expected: str
    seen: str
    at: int

    def __str__(self) -> str:
        word = "PASS" if self.holds else "FAIL"
        return f"{word}  {self.expected}: {self.seen} [at {units.shown_time(self.at)}]"


class Witness:
    """It sees every death and every line of the kernel log, as long as it is asked to look often enough."""

    def __init__(self, world: World) -> None:
        self.world, self.start = world, world.now
        self.deaths: list[Death] = []
        self.lines: list[LogRecord] = []
        self._death_end, self._log_end = world.death_end, world.log_end
        self._by_pid = {task.pid: task for task in world.processes}
        self._kills: dict[int, list[Death]] = {}
        self._ends: dict[int, Death] = {}

    @property
    def has_news(self) -> bool:
        """Whether there is something new to be seen."""
        return self.world.log_end != self._log_end or self.world.death_end != self._death_end

    def look(self) -> tuple[list[LogRecord], list[Death]]:
        """What is new."""
        return self._new_lines(), self._new_deaths()

    def _new_lines(self) -> list[LogRecord]:
        if self.world.log_end == self._log_end:
            return []
        new = self.world.log_since(self._log_end)
        self._log_end = self.world.log_end
        self.lines += new
        return new

    def _new_deaths(self) -> list[Death]:
        if self.world.death_end == self._death_end:
            return []
        new = self.world.deaths_since(self._death_end)
        self._death_end = self.world.death_end
        self._keep(new)
        return new

    def _keep(self, new: list[Death]) -> None:
        self.deaths += new
        for death in new:
            if death.how == lib.HAS_DIED:
                self._ends[death.serial] = death
            else:
                self._kills.setdefault(death.serial, []).append(death)

    def saved(self) -> dict[str, Any]:
        """What it has seen, as JSON has it."""
        return {
            "start": self.start,
            "ends": [self._death_end, self._log_end],
            "deaths": [astuple(death) for death in self.deaths],
            "lines": [astuple(line) for line in self.lines],
            "people": [[pid, task.serial] for pid, task in self._by_pid.items()],
        }

    def take_up(self, saved: dict[str, Any]) -> None:
        """Go on from there. ValueError, TypeError or LookupError where it never comes to that."""
        self.start = int(saved["start"])
        self._death_end, self._log_end = map(int, saved["ends"])
        self.lines = [LogRecord(*line) for line in saved["lines"]]
        self._by_pid = {int(pid): Task(self.world, int(pid), int(serial)) for pid, serial in saved["people"]}
        self._keep([Death(*death) for death in saved["deaths"]])

    # --- what expectations ask -----------------------------------------------------

    def since(self, time: int) -> int:
        """A time of the world, counted from the start."""
        return time - self.start

    def find(self, who: int | str) -> Task | None:
        """Whoever the file calls so: a pid means who had it in the beginning, a name the newest who was given it."""
        return self._by_pid.get(who) if isinstance(who, int) else self.world.names.get(who)

    def name(self, who: int | str) -> str:
        task = self.find(who)
        return f"{wording.printable(str(who))} ({task.pid})" if task and isinstance(who, str) else str(who)

    def kills_of(self, who: int | str) -> list[Death]:
        task = self.find(who)
        return self._kills.get(task.serial, []) if task else []

    def end_of(self, kill: Death) -> Death | None:
        """When who was killed there has died."""
        return self._ends.get(kill.serial)

    def state(self, who: int | str) -> str:
        task = self.find(who)
        if task is None:
            return "was never there"
        if not task.exists:
            return "is gone"
        flags = [thread.info.flags for thread in task.threads]
        if all(flag & lib.TASK_ZOMBIE for flag in flags):
            return "is dead"
        return "is being killed" if any(flag & lib.TASK_KILLED for flag in flags) else "is alive"

    def stuck(self) -> str:
        """Who would wait for ever, if nothing happened any more; empty where nobody does."""
        return str(rehearse(self.world, World.settle)) if self.world.waiting else ""


class Judge:
    """The expectations of a scenario, each judged when its time has come."""

    def __init__(self, expects: Iterable[Expect], witness: Witness) -> None:
        self.witness = witness
        self._open = sorted((one for one in expects if one.at is not None), key=lambda one: one.at or 0)
        self._last = [one for one in expects if one.at is None]

    @property
    def times(self) -> list[int]:
        """When to look next and then, in nanoseconds from the start."""
        return [one.at for one in self._open if one.at is not None]

    @property
    def is_over(self) -> bool:
        """Nothing is left to be judged."""
        return not self._open and not self._last

    @property
    def left(self) -> int:
        """How many are judged at a time that is still to come."""
        return len(self._open)

    def leave(self, count: int) -> None:
        """Only so many of them, the last, are to be judged yet. ValueError where there were never so many."""
        if not 0 <= count <= len(self._open):
            raise ValueError(count)
        self._open = self._open[len(self._open) - count :]

    def look(self, now: int) -> Iterator[Verdict]:
        """The verdicts whose time has come."""
        while self._open and (self._open[0].at or 0) <= now:
            yield self._verdict(self._open.pop(0))

    def end(self) -> Iterator[Verdict]:
        """The others."""
        for expect in self._open:
            yield Verdict(False, expect.said, "the run ended before", self._now)
        for expect in self._last:
            yield self._verdict(expect)

    @property
    def _now(self) -> int:
        return self.witness.since(self.witness.world.now)

    def _verdict(self, expect: Expect) -> Verdict:
        now = self._now
        seen: Seen = expect.judge(self.witness)
        return Verdict(seen.holds, expect.said, seen.what, now)
