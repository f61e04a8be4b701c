"""Tables of events -> what happens and when, with everybody who is named known to be there by then."""

from collections.abc import Iterator
from typing import Any

from fakeproc import wording
from fakeproc.errors import ScenarioError
from fakeproc.scenario import events
from fakeproc.scenario.events import Event
from fakeproc.scenario.planner import Planner


def schedule(planner: Planner) -> tuple[Event, ...]:
    """The events of a file, in its order. ScenarioError for a time that runs backwards, or a name that nobody has."""
    return tuple(_Schedule(planner).events())


class _Schedule:
    def __init__(self, planner: Planner) -> None:
        self.planner, self.source = planner, planner.source
        self.made: set[str] = set()  # by earlier events
        self.now = 0

    def events(self) -> Iterator[Event]:
        for index in range(len(self.source.tables.get("event", []))):
            yield self._event(index, self.source.table(("event", index), events.EVENT_KEYS))

    def _event(self, index: int, given: dict[str, Any]) -> Event:
        actions = [key for key in given if key in events.ACTIONS]
        if len(actions) > 1:
            raise self._error(index, actions[1], "one event, one action: write another [[event]]")
        if not given:
            raise self._error(index, "", f"nothing happens: write one of {' '.join(events.EVENT_KEYS)}")
        self.now = self._time(index, given)
        if not actions:
            return Event(self.now)
        value = given[actions[0]]
        found = {key: self._known(index, actions[0], key, word) for key, word in value.items()}
        if actions[0] in ("fork", "clone_vm", "vfork"):
            self.made.add(value["comm"])
        return Event(self.now, actions[0], found)

    def _time(self, index: int, given: dict[str, Any]) -> int:
        if "at" in given and "wait" in given:
            raise self._error(index, "wait", "at counts from the start, wait from the event before: write one of them")
        at = given.get("at", self.now + given.get("wait", 0))
        if at < self.now:
            raise self._error(index, "at", "this is before the event above it: put events in their order")
        return int(at)

    def _known(self, index: int, action: str, key: str, word: Any) -> Any:
        """A process that is named is there: a name of the file's, one that an event gave, or a pid."""
        if key not in events.REFERENCES or (key == "as" and word == "root") or word in self.made:
            return word
        if word in self.planner.by_pid:
            return word
        found = self.planner.named.get(word, [])
        if len(found) == 1:
            return found[0].name
        shown = f"{key} = {wording.shown(word)}"
        if found:
            pids = wording.listed(str(one.pid) for one in found)
            raise self._error(index, action, f"{shown}: that could be pid {pids}: write the pid")
        known = [*self.planner.named, *self.made, *(["root"] if key == "as" else [])]
        near = wording.near(word, known) if isinstance(word, str) else ""
        way_out = near or ": write the name, comm or pid of a process of this file"
        raise self._error(index, action, f"{shown}: there is no such process{way_out}")

    def _error(self, index: int, key: str, what: str) -> ScenarioError:
        shown = f"{key}: " if key else ""
        return self.source.error(
            ("event", index, key) if key else ("event", index), f"event {index + 1}: {shown}{what}"
        )
