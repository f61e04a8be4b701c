"""The record of a run: JSON lines, each with its type. A header, samples of memory, what happened, verdicts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from fakeproc import wording
from fakeproc.errors import FakeprocError
from fakeproc.scenario.run import Entry, Run

VERSION = 1


@dataclass
class Record:
    """What a record says. Times in nanoseconds from the start, memory in pages of 4 KiB."""

    header: dict[str, Any] = field(default_factory=dict)
    people: dict[str, tuple[int, str]] = field(default_factory=dict)  # serial -> pid, comm
    samples: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)


def lines(run: Run, entries: list[Entry]) -> Iterator[dict[str, Any]]:
    """The record of a run that is over."""
    described, kernel = run.described, run.world.kernel
    yield {
        "type": "header",
        "fakeproc": VERSION,
        "scenario": described.file,
        "title": described.title,
        "kernel": kernel.version,
        "patches": sorted(kernel.patches),
        "ram": described.ram,
        "swap": described.swap,
        "end": run.now,
    }
    if run.sampler:
        yield {"type": "people", "people": run.sampler.people}
        yield from ({"type": "sample", **sample} for sample in run.sampler.samples)
    yield from ({"type": "entry", **entry.as_dict()} for entry in entries)
    yield from ({"type": "verdict", **verdict._asdict()} for verdict in run.verdicts)


def write(stream: TextIO, run: Run, entries: list[Entry]) -> None:
    for line in lines(run, entries):
        stream.write(json.dumps(line) + "\n")


def read(path: str) -> Record:
    """FakeprocError where that file is no record."""
    record = Record()
    try:
        text = Path(path).read_text(encoding="utf-8")
        for line in text.splitlines():
            _take(record, json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _refusal(path) from None
    if record.header.get("fakeproc") != VERSION:
        raise _refusal(path)
    return record


def of_run(run: Run, entries: list[Entry]) -> Record:
    """The same without a file."""
    record = Record()
    for line in lines(run, entries):
        _take(record, json.loads(json.dumps(line)))
    return record


def _take(record: Record, line: dict[str, Any]) -> None:
    kind = line.pop("type")
    if kind == "header":
        record.header = line
    elif kind == "people":
        record.people = {serial: (int(pid), str(comm)) for serial, (pid, comm) in line["people"].items()}
    else:
        {"sample": record.samples, "entry": record.entries, "verdict": record.verdicts}[kind].append(line)


def _refusal(path: str) -> FakeprocError:
    return FakeprocError(
        f"{wording.printable(path)} is no record of a run: write one with fakeproc scenario run --record"
    )
