"""The shell without a person: each line of a script is carried out; one that fails ends it."""

import sys
from collections.abc import Iterable
from typing import TextIO

from fakeproc.shell import PROMPT
from fakeproc.shell.builtin import Quit, Refused
from fakeproc.shell.session import Session


def run(session: Session, lines: Iterable[str], name: str, out: TextIO, *, keep_going: bool, echo: bool) -> int:
    """0, or 1 where a line failed, with which it ends unless it is to keep going. name: what errors call the script.

    echo: each line behind its prompt, and errors among what is shown: a transcript.
    """
    failed = 0
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\n")
        if echo:
            out.write(f"{PROMPT}{text}\n")
        try:
            out.write(session.do(text))
        except Quit:
            break
        except Refused as error:
            failed = 1
            _complain(error, out if echo else None, f"{name}:{number}")
            if not keep_going:
                break
        out.flush()
    return failed


def _complain(error: Refused, transcript: TextIO | None, where: str) -> None:
    print(error if transcript else f"fakeproc: {where}: {error}", file=transcript or sys.stderr)
