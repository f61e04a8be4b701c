"""The rounds: every operation on every contender in turn, and ratios within each round."""

import os
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from fakeproc.bench import lab
from fakeproc.bench.build import Missing
from fakeproc.bench.contender import Place, started
from fakeproc.bench.probe import Probe

OURS = "fakeproc"
FILE_OPERATIONS = ["open+read+close", "pread", "open+write+close", "pwrite", "stat"]


@dataclass(frozen=True)
class Effort:
    """How much is done: rounds of so many milliseconds for a contender, processes listed, tasks in the core's world,
    pairs of real kills, runs of ps, and placeholders. What is 0 is left out."""

    rounds: int
    milliseconds: int
    readdir_rounds: int
    readdir_milliseconds: int
    core_tasks: int
    kills: int
    ps_rounds: int = 5
    small: int = 1_000
    large: int = 10_000
    placeholders: tuple[str, ...] = lab.COUNTS

    @property
    def left_out(self) -> list[str]:
        """What FULL does and this does not."""
        skipped = {
            f"readdir of {FULL.large:,}": not self.large,
            f"ps over {FULL.large:,} processes": not self.ps_rounds,
            f"real kills among {FULL.large:,}": not self.kills,
            **{f"{int(count):,} placeholders": count not in self.placeholders for count in FULL.placeholders},
            f"{FULL.core_tasks:,} tasks": self.core_tasks < FULL.core_tasks,
        }
        return [what for what, is_left_out in skipped.items() if is_left_out]


FULL = Effort(rounds=40, milliseconds=20, readdir_rounds=15, readdir_milliseconds=60, core_tasks=1_000_000, kills=25)
QUICK = Effort(
    rounds=5,
    milliseconds=5,
    readdir_rounds=3,
    readdir_milliseconds=10,
    core_tasks=20_000,
    kills=0,
    ps_rounds=0,
    small=200,
    large=0,
    placeholders=("500",),
)


@dataclass
class Row:
    """One operation: nanoseconds of every round by contender; why others are missing."""

    operation: str
    rounds: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def nanoseconds(self) -> dict[str, float]:
        return {name: statistics.median(found) for name, found in self.rounds.items()}

    @property
    def ratios(self) -> dict[str, float]:
        """Ours by theirs, pair by pair, since the machine's speed drifts between rounds but little within one."""
        ours = self.rounds.get(OURS, [])
        return {
            name: statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
            for name, theirs in self.rounds.items()
            if ours and name != OURS
        }


def progress(what: str) -> None:
    """What is going on, for whoever watches a terminal; "" clears it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)


def _fill(row: Row, found: dict[str, list[float]]) -> Row:
    for name, times in found.items():
        errors = [-int(time) for time in times if time <= 0]
        if errors:
            row.missing[name] = f"{row.operation}: {os.strerror(errors[0])}"
        else:
            row.rounds[name] = times
    return row


def _measured(row: Row, probe: Probe, operation: str, rounds: int, milliseconds: int, paths: dict[str, str]) -> Row:
    progress(f"{row.operation} on {', '.join(paths)}")
    try:
        columns = probe.run(operation, rounds, milliseconds, list(paths.values()))
    except Missing as why:
        row.missing |= dict.fromkeys(paths, str(why))
        return row
    return _fill(row, dict(zip(paths, columns, strict=True)))


def _files(probe: Probe, effort: Effort, places: dict[str, Place], missing: dict[str, str]) -> list[Row]:
    paths = {name: place.file for name, place in places.items()}
    return [
        _measured(Row(operation, missing=dict(missing)), probe, operation, effort.rounds, effort.milliseconds, paths)
        for operation in FILE_OPERATIONS
    ]


def _readdir(probe: Probe, effort: Effort, count: int, places: dict[str, Place], missing: dict[str, str]) -> Row:
    notes = {name: place.note for name, place in places.items() if place.note}
    row = Row(f"readdir of {count:,}", missing=dict(missing), notes=notes)
    paths = {name: place.root for name, place in places.items()}
    return _measured(row, probe, "readdir", effort.readdir_rounds, effort.readdir_milliseconds, paths)


def measure(directory: Path, probe: Probe, effort: Effort) -> list[Row]:
    """All rows: the files among 1,000 processes, then listings of 1,000 and 10,000 (as the effort says)."""
    progress(f"starting {effort.small:,} processes")
    with started(directory, effort.small) as (places, missing):
        rows = _files(probe, effort, places, missing)
        rows.append(_readdir(probe, effort, effort.small, places, missing))
    if not effort.large:
        return rows
    progress(f"starting {effort.large:,} processes")
    with started(directory, effort.large) as (places, missing):
        rows.append(_readdir(probe, effort, effort.large, places, missing))
    return rows
