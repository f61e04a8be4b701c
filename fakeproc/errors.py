"""What can go wrong: a user's mistake (one line that says what, where, and the way out), or an errno of the core."""

import errno
import os
from collections.abc import Mapping
from typing import Any, NoReturn

from fakeproc import wording


class FakeprocError(Exception):
    """A mistake in what was asked: the command line prints it as one line and exits with 2."""


class WorldError(OSError):
    """The machine has halted after a kernel panic: nothing in it changes any more (EHOSTDOWN)."""


class ScenarioError(FakeprocError):
    """A scenario file that cannot be understood; the message names file, line and key.

    line: 0 where it is none; path: of the key in the file, such as ("process", 2, "anon").
    """

    def __init__(self, what: str, line: int = 0, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.line, self.path = line, path


class StateError(FakeprocError):
    """A saved world that cannot be loaded: it is damaged, another build's, or none at all."""


def raise_errno(error: int, what: str) -> NoReturn:
    """The OSError of a negative errno."""
    if error == -errno.EHOSTDOWN:
        raise WorldError(-error, "kernel panic: the machine has halted", what)
    raise OSError(-error, os.strerror(-error), what)


def check(result: int, what: str) -> int:
    """The result of a call of the core; OSError with the kernel's errno where it is negative."""
    if result < 0:
        raise_errno(result, what)
    return int(result)


def with_fields(struct: Any, values: Mapping[str, int]) -> Any:
    """A struct of the core with these fields set; FakeprocError for a name that it does not have."""
    for name, value in values.items():
        if not hasattr(struct, name):
            raise FakeprocError(f"there is no {wording.quoted(name)}{wording.meant(name, dir(struct))}")
        setattr(struct, name, value)
    return struct
