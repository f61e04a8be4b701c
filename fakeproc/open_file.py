"""An open file of the tree: reads, writes and positions as the real procfs has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi, lib
from fakeproc.caller import ROOT, Caller, native_of
from fakeproc.errors import check

if TYPE_CHECKING:
    from fakeproc.task import Task
    from fakeproc.tree import Tree


def raw_path(path: str | bytes) -> bytes:
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ValueError("a path holds no NUL byte")
    return raw


class OpenFile:
    """An open file or directory of the tree. It stays with the task that it was opened for: ESRCH once that is
    gone. Positions, flags and errors are those of the real procfs."""

    def __init__(self, pointer: Any, world: Tree) -> None:
        self._pointer: Any = pointer
        self._world = world  # which must outlive the file

    @property
    def _f(self) -> Any:
        if self._pointer is None:
            raise ValueError("this file of the tree is closed")
        return self._pointer

    @classmethod
    def of(cls, world: Tree, call: Any, path: str | bytes) -> OpenFile:
        out = ffi.new("struct file **")
        check(call(out), os.fsdecode(path))
        return cls(ffi.gc(out[0], lib.file_close), world)

    def open_at(self, name: str | bytes, flags: int = os.O_RDONLY, as_: Caller | Task = ROOT) -> OpenFile:
        """openat(2) below this open directory."""
        call = lib.file_open_at
        return OpenFile.of(self._world, lambda out: call(self._f, native_of(as_), raw_path(name), flags, out), name)

    def close(self) -> None:
        """Closing twice is fine; anything else on a closed file is ValueError."""
        if self._pointer is not None:
            ffi.release(self._pointer)
        self._pointer = None

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def read(self, count: int, as_: Caller | Task = ROOT) -> bytes:
        """read(2) at the position."""
        return self._read(count, lambda buffer: lib.file_read(self._f, native_of(as_), buffer, count))

    def pread(self, count: int, offset: int, as_: Caller | Task = ROOT) -> bytes:
        return self._read(count, lambda buffer: lib.file_pread(self._f, native_of(as_), buffer, count, offset))

    def _read(self, count: int, call: Any) -> bytes:
        buffer = ffi.new("char[]", max(1, count))
        length = check(call(buffer), "read")
        return bytes(ffi.buffer(buffer, length))

    def read_all(self, as_: Caller | Task = ROOT) -> bytes:
        return b"".join(iter(lambda: self.read(65536, as_), b""))

    def write(self, data: bytes, as_: Caller | Task = ROOT) -> int:
        """write(2): the count, which is cut to 12 by the adjustment files."""
        return check(lib.file_write(self._f, native_of(as_), ffi.from_buffer(data), len(data)), "write")

    def pwrite(self, data: bytes, offset: int, as_: Caller | Task = ROOT) -> int:
        return check(lib.file_pwrite(self._f, native_of(as_), ffi.from_buffer(data), len(data), offset), "write")

    def read_nowhere(self, count: int, offset: int | None = None, as_: Caller | Task = ROOT) -> int:
        """read(2), or pread(2), into memory that cannot be written: EFAULT unless there is nothing to read."""
        where = () if offset is None else (offset,)
        call = lib.file_read if offset is None else lib.file_pread
        return check(call(self._f, native_of(as_), ffi.NULL, count, *where), "read")

    def write_nowhere(self, count: int, offset: int | None = None, as_: Caller | Task = ROOT) -> int:
        """write(2), or pwrite(2), from memory that cannot be read."""
        where = () if offset is None else (offset,)
        call = lib.file_write if offset is None else lib.file_pwrite
        return check(call(self._f, native_of(as_), ffi.NULL, count, *where), "write")

    def poll(self) -> int:
        """The POLL* events of poll(2). That a trigger of pressure went off (POLLPRI) is told once."""
        return int(lib.file_poll(self._f))

    def truncate(self) -> None:
        """ftruncate(2)."""
        check(lib.file_truncate(self._f), "ftruncate")

    def fsync(self) -> None:
        check(lib.file_fsync(self._f), "fsync")

    def lseek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return check(lib.file_lseek(self._f, offset, whence), "lseek")

    def entries(self) -> Iterator[tuple[str, int, int]]:
        """What is left of an open directory: name, inode number, mode."""
        name, ino, mode = ffi.new("char[256]"), ffi.new("uint64_t *"), ffi.new("uint32_t *")
        while check(lib.file_entry(self._f, name, ino, mode), "readdir"):
            yield ffi.string(name).decode(), ino[0], mode[0]

    def stat(self) -> Any:
        """fstat(2): a struct status."""
        status = ffi.new("struct status *")
        check(lib.file_stat(self._f, status), "fstat")
        return status
