"""A scenario file as text and as tables, and how its errors name their place. What the tables mean comes later."""

import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakeproc import wording
from fakeproc.errors import ScenarioError
from fakeproc.scenario import keys
from fakeproc.scenario.events import ACTIONS, EVENT_KEYS, MAKERS
from fakeproc.scenario.expect import EXPECT_KEYS, EXPECTS
from fakeproc.scenario.lines import Path, find_line

BIGGEST_FILE = 64 << 20
TABLES = {
    "machine": keys.MACHINE_KEYS,
    "cgroup": keys.CGROUP_KEYS,
    "process": keys.PROCESS_KEYS,
    "event": EVENT_KEYS,
    "expect": EXPECT_KEYS,
}
GIVE_NAMES = ("name", "comm", "pid", *MAKERS)
NAME_OTHERS = (*keys.RELATIONS, *ACTIONS, *EXPECTS)
BELOW = {name: "[machine]" if name == "machine" else f"[[{name}]]" for name in TABLES}


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a scenario file; ScenarioError where there is none to be had."""
    shown = wording.printable(os.fsdecode(path))
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
            raise ScenarioError(f"{shown}: this is {what}: name a scenario file (.toml)")
        with open(path, "rb") as file:
            raw = file.read(BIGGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ScenarioError(f"{shown}: cannot be read: {reason}") from None
    if len(raw) > BIGGEST_FILE:
        raise ScenarioError(f"{shown}: larger than {BIGGEST_FILE >> 20} MiB: this is no scenario file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ScenarioError(f"{shown}:{line}: not UTF-8: save the file with this encoding") from None


class Source:
    """The text of a scenario file and its tables. Every refusal is a ScenarioError with file, line and key.

    The first mistake is raised; or, where a list for problems is given, all of them are noted there, and whatever is
    wrong counts as not written.
    """

    def __init__(self, file: str, text: str, problems: list[ScenarioError] | None = None) -> None:
        self.file, self.text, self.problems = wording.printable(file), text, problems
        self.lacking: set[Path] = set()  # tables that have lost a key
        self.lacks_names = False  # of which one gave somebody a name
        self.tables = self._parse()
        self.tables = {key: value for key, value in self.tables.items() if self._is_known(key, value)}

    def error(self, path: Path, what: str) -> ScenarioError:
        """What is wrong with the key of that path."""
        line = find_line(self.text, path)
        return ScenarioError(f"{self.file}:{line}: {what}" if line else f"{self.file}: {what}", line or 0, path)

    def note(self, error: ScenarioError) -> None:
        """What is said of a table that has lost a key may follow from that; whom it names does not."""
        if self.problems is None:
            raise error
        table, key = error.path[:2], error.path[2:]
        if table not in self.lacking or (key and key[0] in NAME_OTHERS):
            self.problems.append(error)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """A mistake ends the block; whether it is more than noted, see the class."""
        try:
            yield
        except ScenarioError as error:
            self.note(error)

    def table(self, path: Path, known: dict[str, keys.Check]) -> dict[str, Any]:
        """The checked values of a table: ("machine",), or ("process", its index), as all that come in arrays."""
        table = self.tables.get(str(path[0]), {})
        table = table[path[1]] if len(path) == 2 else table
        checked: dict[str, Any] = {}
        wrong = []
        for key, value in table.items():
            try:
                checked |= keys.check_table({key: value}, known)
            except keys.KeyProblem as problem:
                error = self.error((*path, key), f"{where(path, table)}: {problem}")
                self.note(error)
                wrong.append(key)
        if wrong:
            self.lacking.add(path)
            self.lacks_names = self.lacks_names or any(key in GIVE_NAMES for key in wrong)
        return checked

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax(str(error)) from None
        except (ValueError, RecursionError) as error:
            what = "a number is too long" if isinstance(error, ValueError) else "values are nested too deeply"
            raise ScenarioError(f"{self.file}: {what}: no scenario needs that") from None

    def _syntax(self, message: str) -> ScenarioError:
        at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
        what = wording.printable(message[: at.start()] if at else message)
        last = self.text.count("\n") + (not self.text.endswith("\n"))
        line, column = (at[1], f" (column {at[2]})") if at and at[1] else (last, "")
        return ScenarioError(f"{self.file}:{line}: this is not TOML: {what}{column}")

    def _is_known(self, key: str, value: Any) -> bool:
        with self.noting():
            self._check_top(key, value)
            return True
        return False

    def _check_top(self, key: str, value: Any) -> None:
        if key not in TABLES:
            raise self.error((key,), f"unknown key {wording.quoted(key)}{_way_out(key)}")
        if key == "machine" and not isinstance(value, dict):
            raise self.error((key,), "machine: write it once, as [machine]")
        if key != "machine" and not _is_tables(value):
            raise self.error((key,), f"{key}: write [[{key}]], in double brackets, above the keys of each {key}")


def _way_out(key: str) -> str:
    for table, known in TABLES.items():
        if key in known:
            return f": it belongs below {BELOW[table]}"
    return wording.meant(key, TABLES)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(table, dict) for table in value)


def where(path: Path, table: dict[str, Any]) -> str:
    """What a message calls that table."""
    if path[0] == "process":
        return label(table, int(path[1]))
    return f"{path[0]} {int(path[1]) + 1}" if len(path) == 2 else str(path[0])


def label(table: dict[str, Any], index: int) -> str:
    """How a message calls the process of that table, which need not be sound."""
    name, pid = table.get("name", table.get("comm")), table.get("pid")
    if isinstance(name, str):
        return f"process {wording.quoted(name)}"
    if isinstance(pid, int) and 0 < pid < keys.PID_LIMIT:
        return f"process of pid {pid}"
    return f"process number {index + 1}"
