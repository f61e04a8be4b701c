"""What can go wrong in a way that a user can mend: one line that says what, where, and the way out."""


class FakeprocError(Exception):
    """A mistake in what was asked: the command line prints it as one line and exits with 2."""


class WorldError(OSError):
    """The machine has halted after a kernel panic: nothing in it changes any more (EHOSTDOWN)."""


class ScenarioError(FakeprocError):
    """A scenario file that cannot be understood; the message names file, line and key."""
