"""The shell at a terminal: a prompt with a history and completion, as far as the interpreter has readline."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from fakeproc.shell import PROMPT, builtin
from fakeproc.shell.builtin import Quit, Refused
from fakeproc.shell.session import Session

LONGEST_HISTORY = 1000
WITH_PATHS = ("cat", "ls", "echo")


def talk(session: Session) -> int:
    """Until quit, exit or Ctrl-D; a line that fails is told, and the session goes on. 0."""
    world = session.world
    print(f"kernel {world.kernel}, {len(world.processes)} processes; help lists the commands, quit ends it")
    with _remembered(session):
        while True:
            try:
                print(session.do(input(PROMPT)), end="", flush=True)
            except Refused as error:
                print(error, flush=True)
            except KeyboardInterrupt:
                print()  # the line is given up
            except EOFError:
                print()
                return 0
            except Quit:
                return 0


# --- history -------------------------------------------------------------------------


def _history() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state, "fakeproc", "history")


@contextlib.contextmanager
def _remembered(session: Session) -> Iterator[None]:
    """What is typed meanwhile can be called back, also in the next session, where there is a place to keep it."""
    try:
        import readline
    except ImportError:
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(_history())
    _complete_with(readline, Completer(session))
    try:
        yield
    finally:
        readline.set_history_length(LONGEST_HISTORY)
        with contextlib.suppress(OSError):
            _history().parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(_history())


# --- completion ----------------------------------------------------------------------


def _complete_with(readline: ModuleType, completer: "Completer") -> None:
    def complete(word: str, number: int) -> str | None:
        before = readline.get_line_buffer()[: readline.get_begidx()]
        found = completer.words(before, word)
        return found[number] if number < len(found) else None

    readline.set_completer_delims(" \t\n>")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")


class Completer:
    """What a word may become, by what stands before it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def words(self, before: str, word: str) -> list[str]:
        """Every way to go on with the word: a command, the path of a file, or a process."""
        first = before.split()[:1]
        if not first:
            choices = [f"{name} " for name in builtin.names()]
        elif first[0] in WITH_PATHS:
            choices = self._paths(word)
        else:
            choices = [f"{name} " for name in self._tasks()]
        return sorted(choice for choice in choices if choice.startswith(word))

    def _paths(self, word: str) -> list[str]:
        above, slash, _ = word.rpartition("/")
        world, directory = self.session.world, builtin.place(above + slash)
        found = []
        with contextlib.suppress(OSError, ValueError):
            for name in world.listdir(directory, self.session.caller):
                is_directory = world.stat(f"{directory.rstrip('/')}/{name}").is_directory
                found.append(f"{above}{slash}{name}{'/' if is_directory else ' '}")
        return found

    def _tasks(self) -> list[str]:
        comms = [task.comm for task in self.session.world.processes]
        return [*self.session.world.names, *(comm for comm in comms if comms.count(comm) == 1)]
