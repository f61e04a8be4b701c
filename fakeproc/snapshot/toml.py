"""Writing TOML: the few kinds of values that a scenario has. Python only reads it."""

from collections.abc import Iterable
from typing import Any

from fakeproc import wording

WIDTH = 110
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def value(given: Any) -> str:
    """A string, a boolean, a number, a list or a table, on one line."""
    match given:
        case str():
            return f'"{"".join(map(_character, given))}"'
        case bool():
            return str(given).lower()
        case dict():
            return f"{{ {', '.join(f'{name} = {value(one)}' for name, one in given.items())} }}"
        case list():
            return f"[{', '.join(map(value, given))}]"
        case _:
            return str(given)


def _character(c: str) -> str:
    """What would break the line or a terminal is escaped; TOML has no words for half a pair of surrogates."""
    if c in _ESCAPES:
        return _ESCAPES[c]
    if "\ud800" <= c <= "\udfff":
        return "?"
    return c if c.isprintable() else f"\\U{ord(c):08x}"


def comment(text: str) -> str:
    return f"# {wording.printable(text)}".rstrip()


def table(header: str, given: dict[str, Any], comments: Iterable[str] = ()) -> str:
    """A header with its keys below and comments above."""
    return "\n".join([*map(comment, comments), header, *(_pair(name, one) for name, one in given.items())]) + "\n"


def _pair(name: str, given: Any) -> str:
    """A list that is long has a line for each."""
    line = f"{name} = {value(given)}"
    if len(line) <= WIDTH or not isinstance(given, list):
        return line
    return "\n".join([f"{name} = [", *(f"    {value(one)}," for one in given), "]"])
