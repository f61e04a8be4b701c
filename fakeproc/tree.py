"""The files of a world, by path: what open(2), stat(2) and the others do in its procfs. No rule lives here."""

from __future__ import annotations

import os
from stat import S_IFDIR, S_IFREG
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi, lib
from fakeproc.caller import ROOT, Caller, native_of
from fakeproc.errors import check
from fakeproc.open_file import OpenFile, raw_path

if TYPE_CHECKING:
    from fakeproc.task import Task


class Tree:
    """The procfs of one world."""

    _w: Any  # the core's struct world

    def open(self, path: str | bytes, flags: int = os.O_RDONLY, as_: Caller | Task = ROOT) -> OpenFile:
        """Open a file of the tree by its path below the root ("/1200/oom_adj"). OSError with the kernel's errno."""
        return OpenFile.of(self, lambda out: lib.file_open(self._w, native_of(as_), raw_path(path), flags, out), path)

    def read(self, path: str | bytes, as_: Caller | Task = ROOT) -> bytes:
        """Everything in that file."""
        with self.open(path, as_=as_) as file:
            return file.read_all(as_)

    def write(self, path: str | bytes, data: str | bytes, as_: Caller | Task = ROOT) -> int:
        """One write(2) of data; returns the count, which may be short."""
        with self.open(path, os.O_WRONLY, as_) as file:
            return file.write(data.encode() if isinstance(data, str) else data, as_)

    def listdir(self, path: str | bytes, as_: Caller | Task = ROOT) -> list[str]:
        """Names in a directory, without . and .., in the order of getdents(2)."""
        with self.open(path, os.O_RDONLY | os.O_DIRECTORY, as_) as directory:
            return [name for name, _, _ in directory.entries() if name not in (".", "..")]

    def stat(self, path: str | bytes, as_: Caller | Task = ROOT) -> Any:
        """The struct status of a file: ino mode nlink uid gid block_size time."""
        status = ffi.new("struct status *")
        check(lib.path_stat(self._w, native_of(as_), raw_path(path), status), os.fsdecode(path))
        return status

    def access(self, path: str | bytes, mask: int, as_: Caller | Task = ROOT) -> None:
        """access(2); OSError where it would say no."""
        check(lib.path_access(self._w, native_of(as_), raw_path(path), mask), os.fsdecode(path))

    def readlink(self, path: str | bytes, as_: Caller | Task = ROOT) -> str:
        """Where a symbolic link of the tree leads."""
        buffer = ffi.new("char[]", 4096)
        length = check(lib.path_readlink(self._w, native_of(as_), raw_path(path), buffer, 4096), os.fsdecode(path))
        return str(ffi.unpack(buffer, length).decode())

    def truncate(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        self._on_path(lib.path_truncate, path, as_)

    def chmod(self, path: str | bytes, mode: int, as_: Caller | Task = ROOT) -> None:
        """chmod(2): of cgroups. Elsewhere it is refused for every mode; so is each change below, or without effect."""
        self._on_path(lib.path_chmod, path, as_, mode)

    def chown(self, path: str | bytes, uid: int = -1, gid: int = -1, as_: Caller | Task = ROOT) -> None:
        """chown(2); -1 leaves the id as it is."""
        self._on_path(lib.path_chown, path, as_, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF)

    def utimens(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        self._on_path(lib.path_utimens, path, as_)

    def unlink(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        self._on_path(lib.path_unlink, path, as_)

    def rename(self, path: str | bytes, to: str | bytes, as_: Caller | Task = ROOT) -> None:
        check(lib.path_rename(self._w, native_of(as_), raw_path(path), raw_path(to)), os.fsdecode(path))

    def mkdir(self, path: str | bytes, mode: int = 0o755, as_: Caller | Task = ROOT) -> None:
        """mkdir(2): of a cgroup, the errno elsewhere."""
        self._on_path(lib.path_create, path, as_, S_IFDIR | mode)

    def rmdir(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        self._on_path(lib.path_rmdir, path, as_)

    def create(self, path: str | bytes, as_: Caller | Task = ROOT, kind: int = S_IFREG) -> None:
        """mknod(2) and open(2) with O_CREAT, symlink(2) (S_IFLNK) or link(2) (0) of that name."""
        self._on_path(lib.path_create, path, as_, kind)

    def getxattr(self, path: str | bytes, name: str, as_: Caller | Task = ROOT) -> bytes:
        """getxattr(2) of a cgroup or of one of its files. OSError ENODATA, ENOTSUP."""
        value = ffi.new("char[]", 65536)
        return bytes(ffi.buffer(value, self._on_path(lib.path_getxattr, path, as_, name.encode(), value, 65536)))

    def setxattr(self, path: str | bytes, name: str, value: bytes, flags: int = 0, as_: Caller | Task = ROOT) -> None:
        """setxattr(2). OSError EEXIST, ENODATA, ENOSPC, E2BIG, EPERM (trusted.* without CAP_SYS_ADMIN)."""
        self._on_path(lib.path_setxattr, path, as_, name.encode(), value, len(value), flags)

    def listxattr(self, path: str | bytes, as_: Caller | Task = ROOT) -> list[str]:
        """listxattr(2)."""
        size = self._on_path(lib.path_listxattr, path, as_, ffi.NULL, 0)
        names = ffi.new("char[]", size + 1)
        self._on_path(lib.path_listxattr, path, as_, names, size)
        return [name.decode() for name in bytes(ffi.buffer(names, size)).split(b"\0")[:-1]]

    def removexattr(self, path: str | bytes, name: str, as_: Caller | Task = ROOT) -> None:
        self._on_path(lib.path_removexattr, path, as_, name.encode())

    def _on_path(self, call: Any, path: str | bytes, as_: Caller | Task, *words: Any) -> int:
        return check(call(self._w, native_of(as_), raw_path(path), *words), os.fsdecode(path))
