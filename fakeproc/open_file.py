"""An open file of the tree: reads, writes and positions as the real procfs has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi, lib
from fakeproc.caller import ROOT, Caller, native_of
from fakeproc.errors import check
from fakeproc.status import Status, status_of

if TYPE_CHECKING:
    from fakeproc.task import Task
    from fakeproc.tree import Tree


def raw_path(path: str | bytes) -> bytes:
    """For the core. ValueError with a NUL byte, as of os.open()."""
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ValueError("a path holds no NUL byte")
    return raw


class OpenFile:
    """An open file or directory of the tree, as World.open() gives it; it closes itself at the end of a with block.

    It stays with the task that it was opened for: OSError ESRCH once that is gone. Positions, short counts and errors
    are those of the real procfs; ValueError once it is closed. as_: who asks, a task or a Caller (default: root).
    """

    def __init__(self, pointer: Any, world: Tree, name: str) -> None:
        self._pointer: Any = pointer
        self._world = world  # which must outlive the file
        self.name = name

    @property
    def _f(self) -> Any:
        if self._pointer is None:
            raise ValueError("this file of the tree is closed")
        return self._pointer

    def open_at(self, name: str | bytes, flags: int = os.O_RDONLY, as_: Caller | Task = ROOT) -> OpenFile:
        """openat(2) of a name below this open directory; flags as of os.open."""
        call = lib.file_open_at
        return opened(self._world, lambda out: call(self._f, native_of(as_), raw_path(name), flags, out), name)

    def close(self) -> None:
        """close(2). Closing twice is fine; anything else on a closed file is ValueError."""
        if self._pointer is not None:
            ffi.release(self._pointer)
        self._pointer = None

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def read(self, count: int = -1, as_: Caller | Task = ROOT) -> bytes:
        """read(2) of so many bytes at the position, of which there may be fewer; without a count, all that is left."""
        if count < 0:
            return self.read_all(as_)
        return self._read(count, lambda buffer: lib.file_read(self._f, native_of(as_), buffer, count))

    def pread(self, count: int, offset: int, as_: Caller | Task = ROOT) -> bytes:
        """pread(2): from that offset in bytes; the position stays."""
        return self._read(count, lambda buffer: lib.file_pread(self._f, native_of(as_), buffer, count, offset))

    def _read(self, count: int, call: Any) -> bytes:
        buffer = ffi.new("char[]", max(1, count))
        return bytes(ffi.buffer(buffer, self._checked(call(buffer))))

    def read_all(self, as_: Caller | Task = ROOT) -> bytes:
        """read(2) until nothing is left."""
        return b"".join(iter(lambda: self.read(65536, as_), b""))

    def write(self, data: bytes, as_: Caller | Task = ROOT) -> int:
        """write(2): how many bytes were taken, at most 12 by the adjustment files."""
        return self._checked(lib.file_write(self._f, native_of(as_), ffi.from_buffer(data), len(data)))

    def pwrite(self, data: bytes, offset: int, as_: Caller | Task = ROOT) -> int:
        """pwrite(2) at that offset in bytes; the position stays."""
        return self._checked(lib.file_pwrite(self._f, native_of(as_), ffi.from_buffer(data), len(data), offset))

    def read_nowhere(self, count: int, offset: int | None = None, as_: Caller | Task = ROOT) -> int:
        """read(2), or pread(2), into memory that cannot be written: EFAULT unless there is nothing to read."""
        where = () if offset is None else (offset,)
        call = lib.file_read if offset is None else lib.file_pread
        return self._checked(call(self._f, native_of(as_), ffi.NULL, count, *where))

    def write_nowhere(self, count: int, offset: int | None = None, as_: Caller | Task = ROOT) -> int:
        """write(2), or pwrite(2), from memory that cannot be read: EFAULT, as far as the file looks at it."""
        where = () if offset is None else (offset,)
        call = lib.file_write if offset is None else lib.file_pwrite
        return self._checked(call(self._f, native_of(as_), ffi.NULL, count, *where))

    def poll(self) -> int:
        """The POLL* events of poll(2). That a trigger of pressure went off (POLLPRI) is told once."""
        return int(lib.file_poll(self._f))

    def truncate(self) -> None:
        """ftruncate(2) to nothing: without effect, EINVAL where it is not open for writing."""
        self._checked(lib.file_truncate(self._f))

    def fsync(self) -> None:
        """fsync(2): always an OSError, EINVAL."""
        self._checked(lib.file_fsync(self._f))

    def lseek(self, offset: int, whence: int = os.SEEK_SET, as_: Caller | Task = ROOT) -> int:
        """lseek(2), in bytes: the new position. OSError EINVAL, as the file has it; ESRCH if it shows what is gone."""
        return self._checked(lib.file_lseek(self._f, native_of(as_), offset, whence))

    def entries(self) -> Iterator[tuple[str, int, int]]:
        """getdents(2): what is left of an open directory, each as name, inode number, mode."""
        name, ino, mode = ffi.new("char[256]"), ffi.new("uint64_t *"), ffi.new("uint32_t *")
        while self._checked(lib.file_entry(self._f, name, ino, mode)):
            yield os.fsdecode(ffi.string(name)), ino[0], mode[0]

    def stat(self) -> Status:
        """fstat(2)."""
        status = ffi.new("struct status *")
        self._checked(lib.file_stat(self._f, status))
        return status_of(status)

    def _checked(self, result: int) -> int:
        return check(result, self.name)


def opened(world: Tree, call: Any, path: str | bytes) -> OpenFile:
    """What that call of the core opens."""
    out, name = ffi.new("struct file **"), os.fsdecode(path)
    check(call(out), name)
    return OpenFile(ffi.gc(out[0], lib.file_close), world, name)
