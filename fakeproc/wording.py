"""How values and choices are worded in messages, always on one line."""

import difflib
from collections.abc import Iterable
from typing import Any

LONGEST = 60


def printable(text: str) -> str:
    """The text with everything escaped that would break a line or a terminal."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(c: str) -> str:
    """A byte that was no UTF-8 stands in a text as a lone surrogate (PEP 383)."""
    if "\udc80" <= c <= "\udcff":
        return f"\\x{ord(c) - 0xDC00:02x}"
    return c.encode("unicode_escape").decode()


def quoted(text: str) -> str:
    """The text in double quotes, escaped, and cut where it is too long for a message."""
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "..."
    return '"' + printable(cut).replace('"', '\\"') + '"'


def shown(value: Any) -> str:
    """A value of a TOML file as one would write it there; lists and tables only by their kind."""
    match value:
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case int() if value.bit_length() > 64:
            return f"a number of {value.bit_length()} bits"
        case dict():
            return "{...}"
        case list():
            return "[...]" if value else "[]"
        case _:
            return str(value)


def toml(value: Any) -> str:
    """A value as a TOML file has it, on one line; texts cut where they are too long for a message."""
    match value:
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{ " + ", ".join(f"{printable(key)} = {toml(one)}" for key, one in value.items()) + " }"
        case _:
            return shown(value)


def near(word: str, known: Iterable[str]) -> str:
    """The way out for a word that is nearly known, ': did you mean "anon"?', or nothing."""
    found = difflib.get_close_matches(word[:LONGEST], list(known), n=1)
    return f": did you mean {quoted(found[0])}?" if found else ""


def meant(word: str, known: Iterable[str]) -> str:
    """The way out for a word that is not known: the nearest that is, or everything there is."""
    choices = list(known)
    return near(word, choices) or f": choose one of {' '.join(choices)}"


def counted(count: int, what: str) -> str:
    """So many of them: "1 event", "2 processes"."""
    ending = "es" if what.endswith("s") else "s"
    return f"{count} {what}{'' if count == 1 else ending}"


def listed(words: Iterable[str], most: int = 8) -> str:
    """The words, joined by commas; of many only the first."""
    every = list(words)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
