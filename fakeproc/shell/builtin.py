"""What the shell knows beside the commands of .fakeproc/ctl: it shows the world, touches its files, says who acts."""

from __future__ import annotations

import errno
import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakeproc import capabilities, control, explain, wording
from fakeproc.caller import Caller
from fakeproc.commands import COMMANDS, Named, aligned
from fakeproc.errors import FakeprocError
from fakeproc.shell.words import Line

if TYPE_CHECKING:
    from fakeproc.shell.session import Session

WIDTH = 79
PROC = "/proc"
HINTS = {
    errno.EACCES: "`as` says who acts, and root may",
    errno.EPERM: "`as` says who acts, and root may",
    errno.EINVAL: "that file does not take it",
    errno.EISDIR: "ls lists it",
    errno.ENOENT: "ls shows what is there",
    errno.ENOTDIR: "there is nothing below a file",
    errno.ERANGE: "the number is too big",
    errno.ESRCH: "it is gone, or going: see ps",
}


class Refused(FakeprocError):
    """A command that did not do what it says: why, and the way out."""


class Quit(Exception):
    """The session is over."""


# --- files -----------------------------------------------------------------------


def place(path: str) -> str:
    """The path in the tree: whatever is not absolute is below /proc, where the session is."""
    return path if path.startswith("/") else f"{PROC}/{path}"


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """An errno inside is a Refused that names the file."""
    try:
        yield
    except OSError as error:
        raise Refused(f"{wording.printable(path)}: {worded(error)}") from None


def worded(error: OSError) -> str:
    """An errno in words, with its name and the way out."""
    number = error.errno or errno.EIO
    hint = f": {HINTS[number]}" if number in HINTS else ""
    return f"{error.strerror} ({errno.errorcode.get(number, number)}){hint}"


def _cat(session: Session, line: Line) -> str:
    if not line.words:
        raise FakeprocError("write: cat PATH...")
    return "".join(_content(session, path) for path in line.words)


def _content(session: Session, path: str) -> str:
    with _naming(path):
        text = session.world.read(place(path), session.caller).decode("utf-8", "surrogateescape")
    return "".join(one if one in "\n\t" else wording.printable(one) for one in text)


def _ls(session: Session, line: Line) -> str:
    if len(line.words) > 1:
        raise FakeprocError("write: ls [PATH]")
    path = line.words[0] if line.words else PROC
    with _naming(path):
        names = sorted(session.world.listdir(place(path), session.caller))
    filled = textwrap.wrap("  ".join(map(wording.printable, names)), WIDTH, break_long_words=False)
    return "".join(f"{row}\n" for row in filled)


def _echo(session: Session, line: Line) -> str:
    words, end = (line.words[1:], "") if line.words[:1] == ("-n",) else (line.words, "\n")
    text = " ".join(words) + end
    if line.target is None:
        return text
    with _naming(line.target):
        _write(session, line, text.encode("utf-8", "surrogateescape"))
    return ""


def _write(session: Session, line: Line, data: bytes) -> None:
    """As often as it takes: a file may take less than there is."""
    flags = os.O_WRONLY | (os.O_APPEND if line.appends else os.O_TRUNC)
    with session.world.open(place(line.target or ""), flags, session.caller) as file:
        while data:
            data = data[file.write(data, session.caller) :]


# --- the world ---------------------------------------------------------------------


def _ps(session: Session, line: Line) -> str:
    return control.table(session.world)


def _dmesg(session: Session, line: Line) -> str:
    return "".join(f"{wording.printable(str(record))}\n" for record in session.world.kmsg)


def _explain(session: Session, line: Line) -> str:
    if len(line.words) > 1:
        raise FakeprocError("write: explain [TASK]")
    by = Named(line.words[0]).find(session.world) if line.words else None
    return explain.text(explain.explain(session.world, by))


# --- who acts ------------------------------------------------------------------------


def _as(session: Session, line: Line) -> str:
    """The same as `caller` of .fakeproc/ctl, in a shell's words."""
    words = " ".join(line.words)
    if words:
        session.commands.run("caller real" if words == "root" else f"caller {words if '=' in words else f'as {words}'}")
    return f"{_shown(session.caller)}\n"


def _shown(who: Caller) -> str:
    name = f"{wording.printable(who.comm)} ({who.pid}), " if who.pid else ""
    return f"{name}uid {who.uid}, gid {who.gid}, capabilities {capabilities.names(who.caps)}"


# --- the session -----------------------------------------------------------------------


def _quit(session: Session, line: Line) -> str:
    raise Quit


def _help(session: Session, line: Line) -> str:
    wanted = set(line.words)
    rows = [(row.usage, row.help) for row in BUILTINS.values()] + [(row.usage, row.help) for row in COMMANDS]
    shown = [(usage, text) for usage, text in rows if not wanted or usage.split()[0] in wanted]
    if not shown:
        raise FakeprocError(f"there is no such command{wording.near(line.words[0], names())}")
    return "".join(f"{aligned(usage, text)}\n" for usage, text in shown)


@dataclass(frozen=True)
class Builtin:
    """A row of the table."""

    usage: str
    help: str
    run: Callable[[Session, Line], str]


BUILTINS = {
    row.usage.split()[0]: row
    for row in (
        Builtin("cat PATH...", "what is in these files of /proc", _cat),
        Builtin("ls [PATH]", "names in a directory", _ls),
        Builtin("echo [-n] TEXT... [> PATH]", "one write to a file, or nothing but the text", _echo),
        Builtin("ps", "a table of all processes", _ps),
        Builtin("dmesg", "the kernel log", _dmesg),
        Builtin("explain [TASK]", "who would be killed, and what would come of it", _explain),
        Builtin("as [TASK|root|uid=UID ...]", "who acts on files from now on; alone: who does", _as),
        Builtin("help [COMMAND]", "this list, or a line of it", _help),
        Builtin("quit", "the end; so are exit and Ctrl-D", _quit),
    )
}


def names() -> Sequence[str]:
    """Every command of the shell."""
    return list(dict.fromkeys([*BUILTINS, *(command.name for command in COMMANDS)]))
