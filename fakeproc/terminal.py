"""Lines on a terminal: what is longer than it is wide goes on below, indented. Elsewhere lines stay whole, for programs
that read them."""

import io
import os
import re
import textwrap
from typing import TextIO, cast

# What a line begins with, such as a time or a verdict, before its text: that goes on below itself.
BEGINNING = re.compile(r" *\S+( s)?  ")
LONGEST_BEGINNING = 16
NARROWEST = 40  # columns that are wrapped to


def wrapped(line: str, width: int) -> str:
    """The line in lines of that width; words are not broken, so that they can be copied."""
    if len(line) <= width:
        return line
    begun = BEGINNING.match(line)
    own = len(line) - len(line.lstrip())
    indent = begun.end() if begun and begun.end() <= LONGEST_BEGINNING else own + 4
    return textwrap.fill(line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


class Wrapping(io.TextIOBase):
    """Wraps each line that is written, once it is complete."""

    def __init__(self, stream: TextIO, width: int) -> None:
        self._stream, self._width, self._begun = stream, width, ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        self._stream.write("".join(f"{wrapped(line, self._width)}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def fitting(stream: TextIO) -> TextIO:
    """The stream, with lines that fit where it is a terminal."""
    if not stream.isatty():
        return stream
    width = os.get_terminal_size(stream.fileno()).columns
    return cast(TextIO, Wrapping(stream, max(width, NARROWEST))) if width else stream
