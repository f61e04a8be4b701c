"""Open files of a world in pyfakefs: the descriptor, and Python's own streams over it."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from typing import Any

from pyfakefs.fake_file import FakeFile
from pyfakefs.fake_filesystem import FakeFilesystem

from fakeproc.fake_fs.nodes import node_of
from fakeproc.fake_fs.place import Name, naming
from fakeproc.open_file import OpenFile

ACCESS = {"r": os.O_RDONLY, "w": os.O_WRONLY, "a": os.O_WRONLY, "x": os.O_WRONLY}
CREATION = {"r": 0, "w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND, "x": os.O_CREAT | os.O_EXCL}


class Description:
    """An open file in pyfakefs' table of descriptors: what read(2), write(2) and their like do with it. It is closed
    with the last descriptor that leads to it."""

    def __init__(self, filesystem: FakeFilesystem, found: Name, flags: int) -> None:
        self.filesystem, self.found, self.flags = filesystem, found, flags
        self._file: OpenFile = found.ask("open", flags)
        self.fd = filesystem.add_open_file(self)  # type: ignore[arg-type]

    @property
    def block_size(self) -> int:
        return int(self._file.stat().block_size)

    @property
    def mode(self) -> int:
        return int(self._file.stat().mode)

    def _ask(self, call: Callable[..., Any], *words: Any) -> Any:
        with naming():
            return call(*words, as_=self.found.place.who)

    def read(self, count: int) -> bytes:
        return bytes(self._ask(self._file.read, count))

    def pread(self, count: int, offset: int) -> bytes:
        return bytes(self._ask(self._file.pread, count, offset))

    def write(self, data: Any) -> int:
        return int(self._ask(self._file.write, bytes(data)))

    def pwrite(self, data: Any, offset: int) -> int:
        return int(self._ask(self._file.pwrite, bytes(data), offset))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return int(self._ask(self._file.lseek, offset, whence))

    def tell(self) -> int:
        return self.seek(0, os.SEEK_CUR)

    def truncate(self, length: int) -> None:
        with naming():
            self._file.truncate()

    def sync(self) -> None:
        with naming():
            self._file.fsync()

    # --- what pyfakefs asks of an entry of its table ---------------------------------

    def get_object(self) -> FakeFile:
        return node_of(self.filesystem, self.found._replace(status=self._file.stat()))

    def fileno(self) -> int:
        return self.fd

    def flush(self) -> None:
        """Nothing is held back."""

    def close_fd(self, fd: int | None) -> None:
        if fd is not None:
            self.filesystem.close_open_file(fd)

    def close(self) -> None:
        """dup2(2) has put another in its place: that is all."""


class Raw(io.RawIOBase):
    """What io.FileIO is to a real descriptor."""

    def __init__(self, filesystem: FakeFilesystem, file: Any, mode: str, closefd: bool, fd: int) -> None:
        self._filesystem, self._fd, self._closes = filesystem, fd, closefd
        self.name, self.mode = file, mode
        self._kind = next(letter for letter in mode if letter in ACCESS)
        if stat.S_ISDIR(self._description().mode):
            self.close()
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
        if self._kind == "a":
            self.seek(0, os.SEEK_END)

    def _description(self) -> Description:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        file = self._filesystem.get_open_file(self._fd)
        if not isinstance(file, Description):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return file

    @property
    def block_size(self) -> int:
        return self._description().block_size

    def fileno(self) -> int:
        self._description()
        return self._fd

    def readable(self) -> bool:
        return self._kind == "r" or "+" in self.mode

    def writable(self) -> bool:
        return self._kind != "r" or "+" in self.mode

    def seekable(self) -> bool:
        try:
            self._description().tell()
        except OSError:
            return False
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self.readable():
            raise io.UnsupportedOperation("File not open for reading")
        try:
            data = self._description().read(len(buffer))
        except BlockingIOError:
            return None
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        if not self.writable():
            raise io.UnsupportedOperation("File not open for writing")
        return self._description().write(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._description().seek(offset, whence)

    def truncate(self, size: int | None = None) -> int:
        length = self.tell() if size is None else size
        self._description().truncate(length)
        return length

    def close(self) -> None:
        try:
            if self._closes and not self.closed:
                self._description().close_fd(self._fd)
        finally:
            super().close()


def flags_of(mode: str) -> int:
    """The flags of open(2) that a mode of open() stands for. ValueError for one that is none."""
    kinds = [letter for letter in mode if letter in ACCESS]
    if len(kinds) != 1 or len(set(mode)) != len(mode) or set(mode) - set("rwaxbt+") or {"b", "t"} <= set(mode):
        raise ValueError(f"invalid mode: {mode!r}")
    return (os.O_RDWR if "+" in mode else ACCESS[kinds[0]]) | CREATION[kinds[0]] | os.O_CLOEXEC


def stream(raw: Raw, buffering: int, encoding: str | None, errors: str | None, newline: str | None) -> Any:
    """What open() puts over the raw file, in the same classes."""
    is_text = "b" not in raw.mode
    if buffering == 0 and is_text:
        raise ValueError("can't have unbuffered text I/O")
    if buffering == 0:
        return raw
    kind: Any = io.BufferedRandom if "+" in raw.mode else io.BufferedWriter if raw.writable() else io.BufferedReader
    size = buffering if buffering > 1 else raw.block_size
    buffered = kind(raw, size if size > 1 else io.DEFAULT_BUFFER_SIZE)
    if not is_text:
        return buffered
    text = io.TextIOWrapper(buffered, encoding, errors, newline, buffering == 1)
    text.mode = raw.mode  # type: ignore[misc]
    return text
