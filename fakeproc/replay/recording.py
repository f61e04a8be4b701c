"""Recordings as files: lines, families, and the kernel that a file was recorded on. Nothing here replays."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from fakeproc import rules
from fakeproc.errors import FakeprocError

Record = dict[str, Any]

# Records of family A that are no cases. So is every one with a note.
REMARKS = {"boot", "info", "end"}
# The kinds of family A that are selected by another name than the one in the record.
KIND_OF = {"sweep_score_adj_to_oom_adj": "write"}


class NotUnderstoodError(Exception):
    """A record asks for something that no replay knows: it has failed. The message says what."""


@dataclass(frozen=True)
class Line:
    """One record and where it stands. Where it is no JSON object, record is empty and error says why."""

    file: str
    number: int
    record: Record = field(default_factory=dict)
    error: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"

    @property
    def family(self) -> str:
        """ "A", "B", or "" for what belongs to neither."""
        if isinstance(self.record.get("exp"), str):
            return "A"
        return "B" if isinstance(self.record.get("op"), dict) or self.is_set else ""

    @property
    def is_set(self) -> bool:
        """A set of tasks in a full memory cgroup, of family B."""
        return isinstance(self.record.get("spec"), dict)

    @property
    def kind(self) -> str:
        """The kind of a record of family A, as --kind names it."""
        exp = str(self.record.get("exp"))
        return KIND_OF.get(exp, exp)

    @property
    def is_case(self) -> bool:
        """False for heads of files and remarks."""
        if self.error or isinstance(self.record.get("op"), dict):
            return True
        if self.family == "A":
            return self.record["exp"] not in REMARKS and "note" not in self.record
        return not {"meta", "skipped"} & set(self.record)


def parse(file: str, number: int, text: str) -> Line:
    """One line of a recording; never an exception."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Line(file, number, error=f"not JSON ({str(error).splitlines()[0]})")
    if not isinstance(record, dict):
        return Line(file, number, error="not a JSON object")
    return Line(file, number, record)


def _open(path: Path) -> TextIO:
    """As text, packed by gzip or not."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", errors="replace")
    return path.open(errors="replace")


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a recording, without empty ones and // comments."""
    with _open(path) as file:
        for number, text in enumerate(file, 1):
            bare = text.strip()
            if bare and not bare.startswith("//"):
                yield parse(str(path), number, bare)


@dataclass(frozen=True)
class Recording:
    """A file of records and the kernel that made it."""

    path: Path
    lines: list[Line]
    kernel: rules.Kernel

    @property
    def head(self) -> Record:
        return self.lines[0].record

    @cached_property
    def conditions(self) -> Record:
        """conditions.json beside the file's folder (or in it): what the records do not say, by scenario."""
        for folder in (self.path.resolve().parent.parent, self.path.resolve().parent):
            found = _json_object(folder / "conditions.json")
            if found:
                return found
        return {}


def _json_object(path: Path) -> Record:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _known(version: str | None) -> rules.Kernel | None:
    """The kernel of a release or a folder's name, such as 4.8.15 or 6.18-cap."""
    match = re.match(r"\d+\.\d+(\.\d+)?", version or "")
    try:
        return rules.kernel(match[0]) if match else None
    except FakeprocError:
        return None


def _release(lines: list[Line]) -> str | None:
    head = lines[0].record
    meta = head.get("meta")
    release = meta.get("kernel") if isinstance(meta, dict) else head.get("release")
    return release if isinstance(release, str) else None


def kernel_of(path: Path, lines: list[Line], asked: str | None) -> rules.Kernel:
    """The kernel asked for, or that of the folder's name, or that of the first record."""
    if asked is not None:
        return rules.kernel(asked)
    found = _known(path.resolve().parent.name) or _known(_release(lines))
    if found:
        return found
    raise FakeprocError(f"{path}: no known kernel in its folder's name or first record: add --kernel")


def load(name: str, kernel: str | None = None) -> Recording:
    """A recording by its file name. FakeprocError where it cannot be read, is empty, or its kernel is not known."""
    path = Path(name)
    try:
        lines = list(read_lines(path))
    except (OSError, EOFError) as error:
        raise FakeprocError(f"{name}: {getattr(error, 'strerror', None) or error}") from error
    if not lines:
        raise FakeprocError(f"{name}: no record in it")
    if not any(line.family or line.error or not line.is_case for line in lines):
        raise FakeprocError(f"{name}: no recording of operations: neither exp nor op stands in any of its records")
    return Recording(path, lines, kernel_of(path, lines, kernel))


def files_in(name: str) -> list[str]:
    """The files of a directory that may be recordings, those in directories below it among them."""
    found = [str(path) for path in sorted(Path(name).rglob("*.jsonl"))]
    if not found:
        raise FakeprocError(f"{name}: no *.jsonl in it")
    return found
