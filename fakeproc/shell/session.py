"""A session of the shell: a world, who acts in it, and what each line does. It prints nothing and reads nothing.

Whatever changes the world is a command of .fakeproc/ctl; builtin.py has those that show it or touch its files.
"""

import errno

from fakeproc import control, wording
from fakeproc.caller import ROOT, Caller
from fakeproc.commands import CommandError, understand
from fakeproc.errors import FakeprocError
from fakeproc.scenario.run import Entry
from fakeproc.shell import builtin
from fakeproc.shell.builtin import BUILTINS, Refused
from fakeproc.shell.words import split
from fakeproc.world import World


class Session:
    """Commands for one world, a line each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commands = control.Control(world).attach().commands
        self.commands.tell = self._happened
        self._told: list[Entry] = []
        world.news()  # what happened before is nobody's doing here

    @property
    def caller(self) -> Caller:
        """Who acts on files."""
        return self.commands.caller or ROOT

    def do(self, text: str) -> str:
        """Carry out one line; returns what it shows, as lines with their ends.

        Refused, and one line that says why, where it cannot; Quit where it ends the session.
        """
        name = text.split(maxsplit=1)[0] if text.strip() else "#"
        try:
            return self._do(name, text) + self._news()
        except FakeprocError as error:
            raise Refused(" ".join(f"{wording.printable(name)}: {error}".split())) from None
        except OSError as error:
            raise Refused(f"{wording.printable(name)}: {builtin.worded(error)}") from None

    def _do(self, name: str, text: str) -> str:
        if name.startswith("#"):
            return ""
        if name in BUILTINS or text.split() == ["exit"]:
            return BUILTINS["quit" if name == "exit" else name].run(self, split(text).without_first())
        if name not in builtin.names():
            raise FakeprocError(f"there is no such command{wording.near(name, builtin.names()) or ': help lists them'}")
        result = self._carry_out(text)
        return f"{result}\n" if result else ""

    def _carry_out(self, text: str) -> str:
        """A command of .fakeproc/ctl. What is not understood has no errno, what fails has one."""
        call = understand(1, text)
        try:
            return self.commands.carry_out(call) if call else ""
        except CommandError as error:
            raise Refused(f"{error} ({errno.errorcode.get(error.number, error.number)})") from None

    def _happened(self, entry: Entry) -> None:
        self._told.append(entry)

    def _news(self) -> str:
        """What happened in the world meanwhile."""
        happened, self._told = [*self._told, *self.world.news()], []
        return "".join(f"{entry}\n" for entry in happened)
