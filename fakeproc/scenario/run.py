"""One run of a scenario: what happens in it, line by line, and the verdicts. In virtual time, as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from fakeproc import explain, rules, units, wording
from fakeproc._native import lib
from fakeproc.scenario.build import Scenario
from fakeproc.scenario.events import Happened
from fakeproc.scenario.judge import Judge, Verdict, Witness
from fakeproc.scenario.sampler import Sampler
from fakeproc.world import Death, LogRecord, World

DEATHS = {
    lib.KILLED_BY_OOM: "is killed by the kernel",
    lib.KILLED_BY_SIGNAL: "is killed by a signal",
    lib.HAS_DIED: "dies",
}


class Entry(NamedTuple):
    """Something that happened: a line of the timeline.

    at: nanoseconds from the start of the scenario; kind: event, log or death; text: what; result: of an event; pid: who
    died. str() words it.
    """

    at: int
    kind: str
    text: str
    result: str = ""
    pid: int = 0

    def __str__(self) -> str:
        words = f"{self.text}: {self.result}" if self.result else self.text
        mark = "| " if self.kind == "log" else ""
        return f"{self.at / 10**9:9.3f} s  {mark}{wording.printable(words)}"

    @property
    def is_told(self) -> bool:
        """Of what the kernel logs only who was killed, followed and reaped, not the table of processes before it."""
        return self.kind != "log" or explain.is_report(self.text)

    def as_dict(self) -> dict[str, Any]:
        """What is not empty, for a record."""
        return {key: value for key, value in self._asdict().items() if (value != "" and value != 0) or key == "at"}


class Run:
    """A world that was just built of a scenario, and all that is seen of it. It ends at `until` (nanoseconds), or with
    the last that happens, but not before the last time that an expectation is about."""

    def __init__(
        self,
        described: Scenario,
        kernel: rules.Kernel | None = None,
        until: int | None = None,
        sampler: Sampler | None = None,
        world: World | None = None,
    ) -> None:
        self.described, self.until, self.sampler = described, until, sampler
        self.world = described.build(kernel) if world is None else world
        self.witness = Witness(self.world)
        self.judge = Judge(described.expects, self.witness)
        self.player = described.player(self.world)
        self.verdicts: list[Verdict] = []
        self._reached = 0  # a machine that has panicked stays behind
        self._latest = max((expect.latest for expect in described.expects), default=0)

    @classmethod
    def of(cls, world: World) -> Run:
        """What happens in a world that has no scenario; times count from its boot."""
        from fakeproc import scenario

        run = cls(scenario.loads("", "world"), world=world)
        run.witness.start = 0
        return run

    def saved(self) -> dict[str, Any] | None:
        """What is still to come, and what was seen for it, as JSON has it; None where nothing is."""
        if self.player.due is None and self.judge.is_over:
            return None
        return {
            "file": self.described.file,
            "text": self.described.text,
            "player": self.player.saved(),
            "witness": self.witness.saved(),
            "left": self.judge.left,
            "verdicts": self.verdicts,
            "reached": self._reached,
        }

    @classmethod
    def resumed(cls, world: World, saved: dict[str, Any], described: Scenario | None = None) -> Run:
        """It goes on in a world that was saved with it. described: its scenario, where that need not be read again.

        ValueError, TypeError, LookupError or ScenarioError where it never came to that.
        """
        from fakeproc import scenario

        run = cls(described or scenario.loads(saved["text"], saved["file"]), world=world)
        run.player.take_up(saved["player"])
        run.witness.take_up(saved["witness"])
        run.judge.leave(saved["left"])
        run.verdicts = [Verdict(*verdict) for verdict in saved["verdicts"]]
        run._reached = int(saved["reached"])
        return run

    @property
    def start(self) -> int:
        """The world's time in the beginning."""
        return self.witness.start

    @property
    def now(self) -> int:
        """Nanoseconds since the start."""
        return max(self._reached, self.witness.since(self.world.now))

    @property
    def due(self) -> int | None:
        """The world's time when next something happens, or is to be looked at; None: nothing is left."""
        found = [self.start + time for time in self._looks()]
        if self.player.due is not None:
            found.append(self.player.due)
        elif self.now < self._latest:
            found.append(self.start + self._latest)
        return min(found, default=None)

    def play(self) -> Iterator[Entry]:
        """All that happens up to the end; then `verdicts` is complete."""
        if self.until is not None:
            yield from self.go(self.start + self.until)
        else:
            yield from self._go_to_the_end()
        self.conclude()

    def _go_to_the_end(self) -> Iterator[Entry]:
        self._see()
        while self.player.due is not None or self.now < self._latest:
            looks = self._looks()
            if looks or self.player.due is None:
                yield from self.go(self.start + min(looks, default=self._latest))
            else:
                yield from self._play_to(None)

    def go(self, end: int) -> Iterator[Entry]:
        """What happens up to that time of the world, to which its clock goes on."""
        self._see()
        while (stop := min(self._looks(), default=end - self.start)) < end - self.start:
            yield from self._play_to(self.start + stop)
            self._see()
        yield from self._play_to(end)
        self._see()

    def step(self, length: int) -> list[Entry]:
        """What happens in so much time (nanoseconds), in which the world's clock goes on."""
        self.news()  # of before
        return list(self.go(self.world.now + length))

    def news(self) -> list[Entry]:
        """What is new in the world since it was last looked at."""
        return list(self._entries(None))

    def conclude(self) -> None:
        """The verdicts that are left for the end."""
        self.verdicts += self.judge.end()

    def _looks(self) -> list[int]:
        """When to look next, in nanoseconds from the start."""
        return self.judge.times[:1] + ([self.sampler.next] if self.sampler else [])

    def _see(self) -> None:
        now = self.now
        self.verdicts += self.judge.look(now)
        if self.sampler and now >= self.sampler.next:
            self.sampler.take(self.world, now)

    def _play_to(self, end: int | None) -> Iterator[Entry]:
        witness = self.witness
        for happened in self.player.play(end):
            if witness.has_news:
                yield from self._entries(happened)
            else:
                yield Entry(happened.at, "event", str(happened.event), happened.result)
        self._reached = self._reached if end is None else end - self.start
        yield from self._entries(None)

    def _entries(self, happened: Happened | None) -> Iterator[Entry]:
        """What is new, in the order of time: the lines of an event stand below it."""
        lines, deaths = self.witness.look()
        if happened is None:
            yield from self._of(lines, deaths)
            return
        before = [line for line in lines if line.seq < happened.log]
        earlier = [death for death in deaths if self.witness.since(death.time) < happened.at]
        yield from self._of(before, earlier)
        yield Entry(happened.at, "event", str(happened.event), happened.result)
        yield from self._of(lines[len(before) :], deaths[len(earlier) :])

    def _of(self, lines: list[LogRecord], deaths: list[Death]) -> Iterator[Entry]:
        logged = [Entry(self.witness.since(line.time), "log", line.text) for line in lines]
        yield from sorted([*logged, *self._deaths(deaths)], key=lambda entry: entry.at)

    def _deaths(self, deaths: list[Death]) -> Iterator[Entry]:
        """Who dies at the moment of the kill does not need a second line."""
        killed = {(death.serial, death.time) for death in deaths if death.how != lib.HAS_DIED}
        for death in deaths:
            if death.how != lib.HAS_DIED or (death.serial, death.time) not in killed:
                text = f"{death.comm} ({death.pid}) {DEATHS[death.how]}"
                yield Entry(self.witness.since(death.time), "death", text, pid=death.pid)


def head(run: Run) -> str:
    """What is played, in a line."""
    kernel, described = run.world.kernel, run.described
    ram = units.shown_size(described.ram) + (f" and {units.shown_size(described.swap)} swap" if described.swap else "")
    processes = wording.counted(len(run.world.processes), "process")
    return f"{described.file}: kernel {kernel}, {ram}, {processes}, {wording.counted(len(described.events), 'event')}"
