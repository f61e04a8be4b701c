"""The record of a run: JSON lines, each with its type. A header, samples of memory, what happened, verdicts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fakeproc import wording
from fakeproc.errors import FakeprocError
from fakeproc.scenario.run import Entry, Run

VERSION = 1
BIGGEST = 1 << 62
KINDS = ("some", "full")  # of pressure


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


def text(run: Run, entries: list[Entry]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines(run, entries))


def read(path: str) -> Record:
    """FakeprocError where that file is no record."""
    record = Record()
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                _take(record, json.loads(line))
        _check(record)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        what = "is no record of a run: write one with fakeproc scenario run --record"
        raise FakeprocError(f"{wording.printable(path)} {what}") from None
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


# --- whether a file is what it should be -------------------------------------------------


def _check(record: Record) -> None:
    """ValueError, KeyError or TypeError where a value is none that a run writes."""
    header = record.header
    if header["fakeproc"] != VERSION:
        raise ValueError("of another version")
    _numbers(header["ram"], header["swap"], header["end"], *header["patches"])
    _texts(header["scenario"], header["title"], header["kernel"])
    for sample in record.samples:
        _numbers(sample["at"], sample["ram"], sample["swap"], *(sample.get(f"pressure_{kind}", 0) for kind in KINDS))
        for values in sample["processes"].values():
            resident, swap, adj = (0, 0, 0) if values is None else values
            _numbers(resident, swap, adj)
    for entry in record.entries:
        _numbers(entry["at"])
        _texts(entry["kind"], entry["text"], entry.get("result", ""))
    for verdict in record.verdicts:
        _numbers(verdict["at"], verdict["holds"])
        _texts(verdict["expected"], verdict["seen"])


def _numbers(*values: object) -> None:
    if not all(isinstance(value, (int, float)) and -BIGGEST <= value <= BIGGEST for value in values):
        raise ValueError("no number that a run writes")


def _texts(*values: object) -> None:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("no text")
