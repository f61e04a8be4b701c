"""Where the keys of a TOML text stand, which tomllib does not tell.

The text has been parsed already, so it is known to be valid: this only has to tell headers, keys and the ends of
values apart. It is read when there is an error to report, never else.
"""

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str | int, ...]

# No possessive quantifiers (*+) here: Python up to 3.11.4, which Debian 12 has, gets them wrong.
_STRING = (
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_KEY = rf"(?:[A-Za-z0-9_-]+|{_STRING})"
_BLANK = re.compile(r"(?:\s+|#[^\n]*)*")
_HEADER = re.compile(rf"(\[\[?)[ \t]*({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*\]\]?", re.DOTALL)
_ASSIGN = re.compile(rf"({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*=", re.DOTALL)
_IN_VALUE = re.compile(rf"{_STRING}|#[^\n]*|[\[{{]|[\]}}]|\n|[^\"'#\[\]{{}}\n]+", re.DOTALL)


def find_line(text: str, path: Path) -> int | None:
    """The line of the key of that path, such as ("process", 2, "anon"), or of the table that it would be in."""
    lines = dict(reversed(list(_keys(text))))  # of a header met twice, the first
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _keys(text: str) -> Iterator[tuple[Path, int]]:
    """Every key and header with its line, in the order of the text."""
    arrays: dict[Path, int] = {}
    table: Path = ()
    line, counted, at = 1, 0, _skip(text, 0)
    while at < len(text):
        line, counted = line + text.count("\n", counted, at), at
        if header := _HEADER.match(text, at):
            table = _enter(arrays, _words(header[2]), is_array=header[1] == "[[")
            yield from ((table[:i], line) for i in range(1, len(table) + 1))
            at = header.end()
        elif key := _ASSIGN.match(text, at):
            words = _words(key[1])
            yield from (((*table, *words[: i + 1]), line) for i in range(len(words)))
            at = _value_end(text, key.end())
        else:
            return
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _words(dotted: str) -> list[str]:
    """The parts of a dotted key; quotes are tomllib's to understand."""
    words, table = [], tomllib.loads(dotted + " = 0")
    while isinstance(table, dict):
        word, table = next(iter(table.items()))
        words.append(word)
    return words


def _enter(arrays: dict[Path, int], words: list[str], *, is_array: bool) -> Path:
    """The path of a header's table; an array of tables stands for its newest element."""
    path: Path = ()
    for word in words[:-1]:
        path = _newest(arrays, (*path, word))
    path = (*path, words[-1])
    if is_array:
        arrays[path] = arrays.get(path, 0) + 1
    return _newest(arrays, path)


def _newest(arrays: dict[Path, int], path: Path) -> Path:
    return (*path, arrays[path] - 1) if path in arrays else path


def _value_end(text: str, at: int) -> int:
    """Behind the value that starts there: the first end of line outside of brackets."""
    depth = 0
    while token := _IN_VALUE.match(text, at):
        if token[0] == "\n" and depth <= 0:
            break
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        at = token.end()
    return at
