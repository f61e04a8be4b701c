"""A line of the shell, taken apart as a shell would: words, and where its output goes."""

import re
import shlex
from dataclasses import dataclass

from fakeproc.errors import FakeprocError

_PIECE = re.compile(
    r"""\s*(?:(?P<operator>>>?|[|<&;])|(?P<word>(?:[^\s"'\\>|<&;]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+))\s*""", re.DOTALL
)


@dataclass(frozen=True)
class Line:
    """Its words without quotes; target: the file behind > or >>, None without one."""

    words: tuple[str, ...]
    target: str | None = None
    appends: bool = False

    def without_first(self) -> "Line":
        """The same behind the name of the command."""
        return Line(self.words[1:], self.target, self.appends)


def split(text: str) -> Line:
    """FakeprocError for what a shell could not take apart, and for what this one does not have."""
    if "\0" in text:
        raise FakeprocError("a NUL byte cannot be part of a command: leave it out")
    words: list[str] = []
    operators: list[tuple[str, int]] = []
    at = len(text) - len(text.lstrip())
    while at < len(text):
        piece = _PIECE.match(text, at)
        if not piece:
            raise FakeprocError("a quote or a backslash has no end: close it")
        if (piece["word"] or "").startswith("#"):
            break
        if piece["operator"]:
            operators.append((piece["operator"], len(words)))
        else:
            words += shlex.split(piece["word"])
        at = piece.end()
    return _redirected(words, operators)


def _redirected(words: list[str], operators: list[tuple[str, int]]) -> Line:
    if not operators:
        return Line(tuple(words))
    (operator, place), *others = operators
    if others or operator not in (">", ">>"):
        raise FakeprocError(
            f"{(others or operators)[-1][0]} is not for here: write one command a line, with one > at most"
        )
    if place != len(words) - 1:
        raise FakeprocError(f"{operator} takes one file, at the end of the line: echo TEXT > PATH")
    return Line(tuple(words[:-1]), words[-1], operator == ">>")
