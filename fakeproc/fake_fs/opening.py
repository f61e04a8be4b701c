"""open() and open(2) of code under test, where a path or a descriptor is of a world."""

from __future__ import annotations

import os
from typing import Any

from pyfakefs.fake_open import FakeFileOpen

from fakeproc.fake_fs.filesystem import Filesystem
from fakeproc.fake_fs.place import Name
from fakeproc.fake_fs.streams import Description, Raw, flags_of, stream

PATHLIB = ("pathlib", "pathlib._local")  # its openers only call open()


class FileOpen(FakeFileOpen):
    """The open() of code under test."""

    filesystem: Filesystem

    def call(
        self,
        file_: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
        open_modes: Any = None,
    ) -> Any:
        if opener is not None and opener.__module__ not in PATHLIB:
            file_, closefd, opener = opener(file_, flags_of(mode)), True, None
        found = self.filesystem.found(file_) if isinstance(self.filesystem, Filesystem) else None
        if not found:
            return super().call(
                file_, mode, buffering, encoding, errors, newline, closefd, opener, open_modes=open_modes
            )
        flags = flags_of(mode)
        fd = file_ if isinstance(file_, int) else open_in_world(self.filesystem, found, flags).fd
        return stream(Raw(self.filesystem, file_, mode, closefd, fd), buffering, encoding, errors, newline)


def open_in_world(filesystem: Filesystem, found: Name, flags: int) -> Description:
    """open(2) of that name. OSError as of the real call."""
    try:
        return Description(filesystem, found, flags)
    except FileNotFoundError:
        if flags & os.O_CREAT:
            found.ask("create")
        raise
