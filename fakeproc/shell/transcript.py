"""A transcript of the shell, replayed: does every command still show what it showed?

A session begins with the line that called the shell ("$ fakeproc shell leak"), or with the first prompt. What a
command shows goes on to the next prompt, to the end of the block (``` in a text about it), or to the end of the file.
Everything else is read over. ... stands for whatever there is.
"""

import difflib
import doctest
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from fakeproc.errors import FakeprocError
from fakeproc.shell import PROMPT
from fakeproc.shell.builtin import Quit, Refused
from fakeproc.shell.session import Session

FENCE = "```"
_BARE_PROMPT = PROMPT.rstrip()
_CALL = re.compile(r".*[$#%>] (?:\S*/)?fakeproc shell\b(.*)")


@dataclass
class Exchange:
    """A command, the number of its line, and what it showed."""

    line: int
    command: str
    shown: list[str] = field(default_factory=list)


@dataclass
class Talk:
    """One session: the words behind `fakeproc shell` that began it, if it says so, and what was said in it."""

    call: str = ""
    exchanges: list[Exchange] = field(default_factory=list)


def read(text: str) -> list[Talk]:
    """The sessions of a text that have a command."""
    talks, last = [Talk()], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_BARE_PROMPT):
            last = Exchange(number, line.removeprefix(_BARE_PROMPT).strip())
            talks[-1].exchanges.append(last)
        elif call := _CALL.fullmatch(line):
            talks.append(Talk(call[1]))
            last = None
        elif line.startswith(FENCE):
            last = None
        elif last:
            last.shown.append(line.rstrip())
    return [talk for talk in talks if talk.exchanges]


def check(file: str, start: Callable[[str], Session], out: TextIO) -> int:
    """Replay what that file says, and print what differs, with the lines where it stands: 0, or 1 where something does.

    start: the session that such words behind `fakeproc shell` begin. FakeprocError where there is nothing to replay.
    """
    talks = read(Path(file).read_text("utf-8", "surrogateescape"))
    if not talks:
        raise FakeprocError(f"{file}: no line begins with {PROMPT!r}: this is no transcript of fakeproc shell")
    differing = 0
    for talk in talks:
        for exchange, shown in _replay(start(talk.call), talk):
            if not _agrees(exchange.shown, shown):
                differing += 1
                out.writelines(_difference(file, exchange, shown))
    count = sum(len(talk.exchanges) for talk in talks)
    out.write(f"{file}: {differing} of {count} commands show something else\n" if differing else _good(file, count))
    return 1 if differing else 0


def _good(file: str, count: int) -> str:
    return f"{file}: {count} commands show what they showed\n"


def _replay(session: Session, talk: Talk) -> Iterator[tuple[Exchange, list[str]]]:
    """What each command shows now, without spaces at the ends of lines."""
    for exchange in talk.exchanges:
        try:
            text = session.do(exchange.command)
        except Refused as error:
            text = str(error)
        except Quit:
            return
        yield exchange, [line.rstrip() for line in text.splitlines()]


def _agrees(wanted: list[str], shown: list[str]) -> bool:
    return doctest.OutputChecker().check_output(_text(wanted), _text(shown), doctest.ELLIPSIS)


def _text(lines: list[str]) -> str:
    """As a whole; empty lines at the end are the text's around it."""
    joined = "\n".join(lines).rstrip("\n")
    return f"{joined}\n" if joined else ""


def _difference(file: str, exchange: Exchange, shown: list[str]) -> Iterator[str]:
    """- what the transcript has, each with its line; + what is shown now."""
    yield f"{file}:{exchange.line}: {PROMPT}{exchange.command}\n"
    number = exchange.line
    for line in difflib.ndiff(_text(exchange.shown).splitlines(), _text(shown).splitlines()):
        mark = line[0]
        number += mark in " -"
        if mark in "-+":
            yield f"{number if mark == '-' else '':>7} {line.rstrip()}\n"
