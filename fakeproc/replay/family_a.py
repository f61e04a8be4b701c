"""Family A: experiments on booted kernels. Every record is one case: what was done, and every value after it."""

from collections.abc import Callable
from typing import Protocol

from fakeproc.replay.door import MakeDoor
from fakeproc.replay.ooms import Ooms
from fakeproc.replay.recording import Line, NotUnderstoodError, Recording
from fakeproc.replay.report import Verdict
from fakeproc.replay.scores import Scores
from fakeproc.replay.shares import Shares
from fakeproc.replay.writes import Writes


class Judge(Protocol):
    """Judges the records of one kind of one file, in order."""

    def judge(self, line: Line) -> Verdict: ...


JUDGES: dict[str, Callable[[Recording, MakeDoor], Judge]] = {
    "oom": Ooms,
    "score": Scores,
    "share": Shares,
    "write": Writes,
}
# What a record of a kind has to hold, or no world can be made of it: it is there for the eye.
INPUTS = {"oom": "helper_before", "score": "helper"}


def is_judged(line: Line) -> bool:
    """Whether a record is of a kind that is replayed, with the inputs for it."""
    return line.kind in JUDGES and INPUTS.get(line.kind, "exp") in line.record


class Replay:
    """The records of a file, each with the judge of its kind."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.recording, self.make_door = recording, make_door
        self._judges: dict[str, Judge] = {}

    def judge(self, line: Line) -> Verdict:
        kind = line.kind
        if kind not in JUDGES:
            raise NotUnderstoodError(f"kind {kind!r} is not replayed: --kind selects from {', '.join(sorted(JUDGES))}")
        if kind not in self._judges:
            self._judges[kind] = JUDGES[kind](self.recording, self.make_door)
        return self._judges[kind].judge(line)

    def close(self) -> None:
        self._judges.clear()
