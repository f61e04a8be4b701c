"""Tables of events and expectations -> what happens and what is expected; everybody who is named is known by then."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any

from fakeproc import units, wording
from fakeproc.errors import FakeprocError, ScenarioError
from fakeproc.scenario import events, expect
from fakeproc.scenario.events import Event
from fakeproc.scenario.expect import Expect
from fakeproc.scenario.planner import Planner

MOST = 1_000_000  # events, each repetition counted
PEOPLE = ("killed", "not_killed", "order", "alive")


class Schedule:
    """The events of a file by their times, and its expectations. Whatever is wrong is a ScenarioError."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.source = planner, planner.source
        self.made: set[str] = set()  # by earlier events
        self.now = self.count = 0
        self.events = tuple(sorted(self._collected("event", self._events_of), key=attrgetter("at")))
        self.expects = tuple(self._collected("expect", self._expects_of))

    def _collected(self, table: str, read: Any) -> Iterator[Any]:
        for index in range(len(self.source.tables.get(table, []))):
            with self.source.noting():
                yield from read(index)

    # --- events ------------------------------------------------------------------

    def _events_of(self, index: int) -> Iterator[Event]:
        """What that table makes happen, as often as it says."""
        given = self.source.table(("event", index), events.EVENT_KEYS)
        event = self._event(index, given)
        times = self._times(index, given)
        self._check_last(index, event.at + (times - 1) * given.get("every", 0), given)
        for number in range(times):
            yield self._bounded(index, replace(event, at=event.at + number * given.get("every", 0)))

    def _times(self, index: int, given: dict[str, Any]) -> int:
        if ("every" in given) != ("times" in given):
            key, other = ("every", "times") if "every" in given else ("times", "every")
            raise self._error(index, key, f"every and times go together: add {other} = ...")
        self.count += given.get("times", 1)
        if self.count > MOST:
            raise self._error(index, "times", f"more than {MOST:,} events: lower it")
        return int(given.get("times", 1))

    def _check_last(self, index: int, last: int, given: dict[str, Any]) -> None:
        if last > units.LONGEST:
            key = next(key for key in ("times", "wait", "at") if key in given)
            raise self._error(index, key, "this is more than a year after the start: make it earlier")

    def _bounded(self, index: int, event: Event) -> Event:
        """The end of what goes on, which is written as a time of the scenario, as a length."""
        if "until" not in event.given:
            return event
        over = event.given["until"] - event.at
        if over <= 0:
            raise self._error(index, event.action, "until counts from the start: this is before it begins")
        return replace(event, given={**event.given, "over": over})

    def _event(self, index: int, given: dict[str, Any]) -> Event:
        actions = [key for key in given if key in events.ACTIONS]
        if len(actions) > 1:
            raise self._error(index, actions[1], "one event, one action: write another [[event]]")
        if not given:
            raise self._error(index, "", f"nothing happens: write one of {' '.join(events.EVENT_KEYS)}")
        self.now = self._time(index, given)
        if not actions:
            return Event(self.now)
        action, value = actions[0], given[actions[0]]
        found = {key: self._actor(index, action, key, word) for key, word in value.items()}
        if action in events.MAKERS:
            self.made.add(events.name_given(value))
        return Event(self.now, action, found)

    def _time(self, index: int, given: dict[str, Any]) -> int:
        if "at" in given and "wait" in given:
            raise self._error(index, "wait", "at counts from the start, wait from the event before: write one of them")
        at = given.get("at", self.now + given.get("wait", 0))
        if at < self.now:
            raise self._error(index, "at", "this is before the event above it: put events in their order")
        return int(at)

    def _actor(self, index: int, action: str, key: str, word: Any) -> Any:
        """The value of that key, which may name somebody."""
        if key not in events.REFERENCES or (key == "as" and word == "root"):
            return word
        try:
            return self._known(word, ["root"] if key == "as" else [])
        except FakeprocError as error:
            raise self._error(index, action, f"{key} = {wording.shown(word)}: {error}") from None

    def _error(self, index: int, key: str, what: str) -> ScenarioError:
        shown = f"{key}: " if key else ""
        return self.source.error(
            ("event", index, key) if key else ("event", index), f"event {index + 1}: {shown}{what}"
        )

    # --- expectations ------------------------------------------------------------

    def _expects_of(self, index: int) -> Iterator[Expect]:
        """One for each key that is no modifier; the modifiers of the table go with all that take them."""
        checked = self.source.table(("expect", index), expect.EXPECT_KEYS)
        written = self.source.tables["expect"][index]
        wanted = [key for key in checked if key in expect.EXPECTS]
        if not wanted:
            raise self._refused(index, "", f"nothing is expected: write one of {' '.join(expect.EXPECTS)}")
        for key in (key for key in checked if key in expect.MODIFIERS):
            if not any(key in expect.EXPECTS[one].modifiers for one in wanted):
                takers = " ".join(one for one, row in expect.EXPECTS.items() if key in row.modifiers)
                raise self._refused(index, key, f"this goes with {takers}: leave it out")
        for key in wanted:
            given = {one: checked[one] for one in expect.EXPECTS[key].modifiers if one in checked}
            said = ", ".join(f"{one} = {wording.toml(written[one])}" for one in (key, *given))
            yield Expect(key, self._named(index, key, checked[key]), given, said)

    def _named(self, index: int, key: str, value: Any) -> Any:
        """The value of an expectation, with everybody in it known."""
        try:
            if key in PEOPLE:
                return [self._known(word) for word in value]
            if key == "value" and "of" in value:
                return {**value, "of": self._known(value["of"])}
        except FakeprocError as error:
            raise self._refused(index, key, str(error)) from None
        return value

    def _refused(self, index: int, key: str, what: str) -> ScenarioError:
        path = ("expect", index, key) if key else ("expect", index)
        return self.source.error(path, f"expect {index + 1}: {key}{': ' if key else ''}{what}")

    # --- who ---------------------------------------------------------------------

    def _known(self, word: int | str, others: list[str] | None = None) -> int | str:
        """A process that is named is there: a name of the file's, one that an event gave, or a pid."""
        if word in self.made or word in self.planner.by_pid:
            return word
        found = self.planner.named.get(word, []) if isinstance(word, str) else []
        if len(found) == 1 and found[0].name:
            return found[0].name
        if found:
            pids = wording.listed(str(one.pid) for one in found)
            raise FakeprocError(f"that could be pid {pids}: write the pid")
        if self.source.lacks_names:
            return word
        known = [*self.planner.named, *self.made, *(others or [])]
        near = wording.near(word, known) if isinstance(word, str) else ""
        shown = "" if others is not None else f"{wording.shown(word)}: "
        raise FakeprocError(f"{shown}there is no such process{near or WAY_OUT}")


WAY_OUT = ": write the name, comm or pid of a process of this file"
