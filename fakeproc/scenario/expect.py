"""What a scenario may expect: one table of expectations, with what they take and how a world is asked.

Nothing is known here of the kernel's rules. Who was killed, by whom and when, is in the core's list of deaths; the
rest is read from the files and the log of the world, as anybody could.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fakeproc import outcome, units, wording
from fakeproc._native import lib
from fakeproc.errors import FakeprocError
from fakeproc.scenario import keys

if TYPE_CHECKING:
    from fakeproc.scenario.judge import Witness
    from fakeproc.world import Death

BY = {"kernel": lib.KILLED_BY_OOM, "signal": lib.KILLED_BY_SIGNAL}
BY_WHOM = {number: word for word, number in BY.items()}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "!=": operator.ne,
    "": operator.eq,
}


class Comparison(NamedTuple):
    """What a value has to be: `than`, or less, or more."""

    sign: str
    than: int | str

    def holds(self, value: int | str) -> bool:
        return type(value) is type(self.than) and OPERATORS[self.sign](value, self.than)


class Seen(NamedTuple):
    """Whether it is as expected, and what was seen."""

    holds: bool
    what: str


class Expect(NamedTuple):
    """One expectation of a file. The modifiers that it takes are in `given`; times count from the start."""

    key: str
    value: Any
    given: dict[str, Any]
    said: str  # as the file has it

    @property
    def at(self) -> int | None:
        """When to look; None: in the end."""
        return self.given.get("at")

    @property
    def latest(self) -> int:
        """The last time that it is about."""
        return max((self.given.get(key, 0) for key in ("at", "before", "after")), default=0)

    def judge(self, witness: Witness) -> Seen:
        return EXPECTS[self.key].judge(witness, self.value, self.given)


@dataclass(frozen=True)
class Row:
    """One kind of expectation: what its value may be, the modifiers that go with it, and how to find out."""

    check: keys.Check
    usage: str
    help: str
    judge: Callable[[Witness, Any, dict[str, Any]], Seen]
    modifiers: tuple[str, ...] = ()


# --- values ----------------------------------------------------------------------------


def _who(value: Any) -> list[int | str]:
    words = value if isinstance(value, list) else [value]
    if not words:
        raise FakeprocError('name a process, as in ["browser"]')
    return [keys.reference(word) for word in words]


def _split(value: Any) -> tuple[str, str]:
    sign = next(sign for sign in OPERATORS if value.strip().startswith(sign))
    return sign, value.strip().removeprefix(sign).strip()


def compared(value: Any) -> Comparison:
    """A number, a text, or a number behind a sign: "<= 300"."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise FakeprocError('write a number, a text, or a comparison such as "<= 300"')
    if isinstance(value, int):
        return Comparison("", value)
    sign, rest = _split(value)
    return Comparison(sign, int(rest) if re.fullmatch(r"[+-]?\d{1,18}", rest) else rest)


def _compared_size(value: Any) -> Comparison:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise FakeprocError('write a size, or a comparison such as ">= 100 MiB"')
    sign, rest = _split(str(value))
    return Comparison(sign, units.size(int(rest) if rest.isdigit() else rest))


def _value(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"file", "is"} <= set(value):
        raise FakeprocError('write { of = "browser", file = "oom_score_adj", is = -500 }')
    return keys.check_table(value, {"of": keys.reference, "file": _file, "is": compared})


def _file(value: Any) -> str:
    name = keys.text(value)
    if ".." in name.split("/") or name.startswith(("/", ".fakeproc")):
        raise FakeprocError('write the name of a file, such as "oom_score_adj" or "sys/vm/panic_on_oom"')
    return name


def _meminfo(value: Any) -> dict[str, Comparison]:
    if not isinstance(value, dict) or not value:
        raise FakeprocError('write { MemAvailable = ">= 100 MiB" }')
    return {key: _compared_size(size) for key, size in value.items()}


def _regex(value: Any) -> re.Pattern[str]:
    try:
        return re.compile(keys.text(value))
    except (re.error, RecursionError, OverflowError) as error:
        raise FakeprocError(f"this is no regular expression: {error}") from None


# --- asking a world ----------------------------------------------------------------------


def _is_within(time: int, given: dict[str, Any]) -> bool:
    return bool(given.get("after", 0) <= time <= given.get("before", time))


def _kill_of(witness: Witness, who: int | str, given: dict[str, Any]) -> Death | None:
    """The first one that counts."""
    by = BY.get(given.get("by", ""))
    kills = (kill for kill in witness.kills_of(who) if by in (None, kill.how))
    return next((kill for kill in kills if _is_within(witness.since(kill.time), given)), None)


def _fate(witness: Witness, who: int | str) -> str:
    """What became of it, for people."""
    kill = next(iter(witness.kills_of(who)), None)
    if kill is None:
        return f"{witness.name(who)} {witness.state(who)}"
    whom = f"killed by {'the kernel' if BY_WHOM[kill.how] == 'kernel' else 'a signal'}"
    return f"{witness.name(who)} was {whom} at {units.shown_time(witness.since(kill.time))}{_later(witness, kill)}"


def _later(witness: Witness, kill: Death) -> str:
    """Who cannot run dies when it can."""
    end = witness.end_of(kill)
    return f", and died at {units.shown_time(witness.since(end.time))}" if end and end.time > kill.time else ""


def _fates(witness: Witness, people: list[int | str]) -> str:
    return "; ".join(_fate(witness, who) for who in people)


def _killed(witness: Witness, people: list[int | str], given: dict[str, Any]) -> Seen:
    return Seen(all(_kill_of(witness, who, given) for who in people), _fates(witness, people))


def _not_killed(witness: Witness, people: list[int | str], given: dict[str, Any]) -> Seen:
    return Seen(not any(_kill_of(witness, who, given) for who in people), _fates(witness, people))


def _alive(witness: Witness, people: list[int | str], given: dict[str, Any]) -> Seen:
    states = [witness.state(who) for who in people]
    told = (f"{witness.name(who)} {state}" for who, state in zip(people, states, strict=True))
    return Seen(all(state == "is alive" for state in states), "; ".join(told))


def _order(witness: Witness, people: list[int | str], given: dict[str, Any]) -> Seen:
    kills = [_kill_of(witness, who, given) for who in people]
    numbers = [kill.seq for kill in kills if kill]
    return Seen(len(numbers) == len(people) and numbers == sorted(numbers), _fates(witness, people))


def _matching(witness: Witness, pattern: re.Pattern[str], given: dict[str, Any]) -> str:
    lines = (line for line in witness.lines if _is_within(witness.since(line.time), given))
    found = next((line for line in lines if pattern.search(line.text)), None)
    return f"{wording.printable(found.text)} ({units.shown_time(witness.since(found.time))})" if found else ""


def _log(witness: Witness, pattern: re.Pattern[str], given: dict[str, Any]) -> Seen:
    found = _matching(witness, pattern, given)
    return Seen(bool(found), found or "no such line")


def _no_log(witness: Witness, pattern: re.Pattern[str], given: dict[str, Any]) -> Seen:
    found = _matching(witness, pattern, given)
    return Seen(not found, found or "no such line")


def _read(witness: Witness, wanted: dict[str, Any]) -> int | str:
    if "of" in wanted:
        task = witness.find(wanted["of"])
        if task is None:
            raise ProcessLookupError(3, "No such process")
        path = f"/{task.id}/{wanted['file']}"
    else:
        path = f"/{wanted['file']}"
    text = witness.world.read(path).decode("utf-8", "replace").strip()
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else text


def _is_value(witness: Witness, wanted: dict[str, Any], given: dict[str, Any]) -> Seen:
    try:
        found = _read(witness, wanted)
    except OSError as error:
        return Seen(False, outcome.errno_name(error))
    return Seen(wanted["is"].holds(found), wording.shown(found) if isinstance(found, str) else str(found))


def _is_meminfo(witness: Witness, wanted: dict[str, Comparison], given: dict[str, Any]) -> Seen:
    lines = (line.split() for line in witness.world.read("/meminfo").decode().splitlines())
    sizes = {words[0].rstrip(":"): int(words[1]) << 10 for words in lines if len(words) > 1}
    told = (f"{name} = {units.shown_size(sizes[name])}" if name in sizes else f"no line {name}" for name in wanted)
    holds = all(name in sizes and wanted[name].holds(sizes[name]) for name in wanted)
    return Seen(holds, ", ".join(told))


def _stuck(witness: Witness, expected: bool, given: dict[str, Any]) -> Seen:
    why = witness.stuck()
    return Seen(bool(why) == expected, why or "nobody waits")


def _panic(witness: Witness, expected: bool, given: dict[str, Any]) -> Seen:
    panic = witness.world.panic
    return Seen((panic is not None) == expected, f"panic: {panic}" if panic else "no panic")


# --- the table -----------------------------------------------------------------------------

_WINDOW = ("before", "after")
_PEOPLE = '["NAME", ...]'

EXPECTS: dict[str, Row] = {
    "killed": Row(_who, _PEOPLE, "each of them was killed", _killed, ("by", *_WINDOW)),
    "not_killed": Row(_who, _PEOPLE, "none of them was", _not_killed, ("by", *_WINDOW)),
    "order": Row(_who, _PEOPLE, "they were killed one after the other", _order, ("by", *_WINDOW)),
    "alive": Row(_who, _PEOPLE, "each of them lives, and is not being killed", _alive, ("at",)),
    "value": Row(_value, '{ of = "NAME", file = "FILE", is = VALUE }', "what a file says", _is_value, ("at",)),
    "meminfo": Row(_meminfo, '{ LINE = ">= 100 MiB" }', "lines of meminfo", _is_meminfo, ("at",)),
    "log": Row(_regex, '"REGEX"', "the kernel log has such a line", _log, _WINDOW),
    "no_log": Row(_regex, '"REGEX"', "it has none", _no_log, _WINDOW),
    "stuck": Row(keys.boolean, "true|false", "whether in the end somebody waits for ever", _stuck),
    "panic": Row(keys.boolean, "true|false", "whether the machine panicked", _panic),
}
MODIFIERS: dict[str, tuple[keys.Check, str]] = {
    "by": (keys.one_of(*BY), '"kernel" (the OOM killer) or "signal": who killed'),
    "before": (keys.time, "at that time at the latest"),
    "after": (keys.time, "at that time at the earliest"),
    "at": (keys.time, "when to look (without it in the end)"),
}
EXPECT_KEYS: dict[str, keys.Check] = {
    **{key: row.check for key, row in EXPECTS.items()},
    **{key: check for key, (check, _) in MODIFIERS.items()},
}
