"""What came out: verdicts on records, and how they are told."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TextIO

from fakeproc import wording
from fakeproc.replay import elsewhere
from fakeproc.replay.elsewhere import Kind
from fakeproc.replay.recording import Line

MOST_SHOWN = 200  # characters of a value in a difference


@dataclass(frozen=True)
class Difference:
    """Where a record and the world disagree."""

    what: str
    expected: Any
    got: Any


@dataclass(frozen=True)
class Verdict:
    """What became of one record: it passed where nothing differs and no kind claims it."""

    line: Line
    done: str = ""
    differences: list[Difference] = field(default_factory=list)
    problem: str = ""
    kind: Kind | None = None

    @property
    def has_failed(self) -> bool:
        return bool(self.problem or self.differences)


def _value(value: Any) -> str:
    """A value on one line, as the recording would write it."""
    text = value if isinstance(value, str) and not value else json.dumps(value, separators=(",", ":"), default=repr)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."


def _shown(value: Any) -> str:
    return "nothing" if value is None else _value(value) or '""'


class Report:
    """Counts verdicts and prints the failed ones as they come."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.passed = self.failed = 0
        self.elsewhere: Counter[Kind] = Counter()

    def add(self, verdict: Verdict) -> None:
        if verdict.has_failed:
            self.failed += 1
            self._tell(verdict)
        elif verdict.kind:
            self.elsewhere[verdict.kind] += 1
        else:
            self.passed += 1

    def _tell(self, verdict: Verdict) -> None:
        where = f"{verdict.line}: {wording.printable(verdict.done)}".rstrip(": ")
        if verdict.problem:
            self._say(f"{where}: {wording.printable(verdict.problem)}")
        for d in verdict.differences:
            self._say(f"{where}: {wording.printable(d.what)}: expected {_shown(d.expected)}, got {_shown(d.got)}")

    def tell_left_out(self, place: str, files: list[str], of: int) -> None:
        """Those of so many files of a directory that are no recordings, on one line."""
        if files:
            what = f"{place}: left out what records no operations ({len(files)} of {of} files): {wording.listed(files)}"
            self._say(wording.printable(what))

    def tell_why(self) -> None:
        """The table of kinds that were decided elsewhere, with their reasons."""
        for kind in elsewhere.KINDS:
            if self.elsewhere[kind]:
                self._say(f"{self.elsewhere[kind]:6} {kind.name} ({kind.mode}): {kind.reason}")

    def tell_sum(self) -> None:
        total = self.elsewhere.total()
        self._say(f"{self.passed} passed, {self.failed} failed, {total} decided elsewhere")

    def _say(self, line: str) -> None:
        print(line, file=self.stream)
