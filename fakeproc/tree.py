"""The files of a world, by path: what open(2), stat(2) and the others do in its procfs. No rule lives here."""

from __future__ import annotations

import os
from stat import S_IFDIR, S_IFREG
from typing import TYPE_CHECKING, Any

from fakeproc._native import ffi, lib
from fakeproc.caller import ROOT, Caller, native_of
from fakeproc.errors import check
from fakeproc.open_file import OpenFile, opened, raw_path
from fakeproc.status import Status, status_of

if TYPE_CHECKING:
    from fakeproc.task import Task

MOUNTED_AT = b"/proc"


class Tree:
    """The procfs of one world.

    A path may begin with /proc or leave it out: "/proc/1200/stat" or "/1200/stat". as_: who asks, a task of the world
    or a Caller; the default is root with every capability. OSError with the kernel's errno where it would refuse:
    ENOENT, EACCES, EPERM, ENOTDIR, ESRCH for a process that is gone, whatever the file says of what is written.
    """

    _w: Any  # the core's struct world

    def open(self, path: str | bytes, flags: int = os.O_RDONLY, as_: Caller | Task = ROOT) -> OpenFile:
        """open(2): a file or directory of the tree; flags as of os.open."""
        name = _below(path)
        return opened(self, lambda out: lib.file_open(self._w, native_of(as_), name, flags, out), path)

    def read(self, path: str | bytes, as_: Caller | Task = ROOT) -> bytes:
        """Everything in that file, as cat(1) reads it."""
        with self.open(path, as_=as_) as file:
            return file.read_all(as_)

    def write(self, path: str | bytes, data: str | bytes, as_: Caller | Task = ROOT) -> int:
        """One write(2) of data; returns how many bytes were taken, which may be fewer."""
        with self.open(path, os.O_WRONLY, as_) as file:
            return file.write(data.encode() if isinstance(data, str) else data, as_)

    def listdir(self, path: str | bytes = "/", as_: Caller | Task = ROOT) -> list[str]:
        """Names in a directory, without . and .., in the order of getdents(2)."""
        with self.open(path, os.O_RDONLY | os.O_DIRECTORY, as_) as directory:
            return [name for name, _, _ in directory.entries() if name not in (".", "..")]

    def stat(self, path: str | bytes, as_: Caller | Task = ROOT) -> Status:
        """lstat(2): a symbolic link is not followed."""
        status = ffi.new("struct status *")
        self._on_path(lib.path_stat, path, as_, status)
        return status_of(status)

    def access(self, path: str | bytes, mask: int, as_: Caller | Task = ROOT) -> None:
        """access(2) with a mask of os.R_OK, os.W_OK, os.X_OK or os.F_OK: OSError where it says no."""
        self._on_path(lib.path_access, path, as_, mask)

    def readlink(self, path: str | bytes, as_: Caller | Task = ROOT) -> str:
        """readlink(2): where a symbolic link of the tree leads. OSError EINVAL for what is none."""
        buffer = ffi.new("char[]", 4096)
        length = self._on_path(lib.path_readlink, path, as_, buffer, 4096)
        return os.fsdecode(bytes(ffi.buffer(buffer, length)))

    def truncate(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        """truncate(2) to nothing: allowed where one may write, and without effect."""
        self._on_path(lib.path_truncate, path, as_)

    def chmod(self, path: str | bytes, mode: int, as_: Caller | Task = ROOT) -> None:
        """chmod(2): of cgroups. Elsewhere it is refused for every mode; so is each change below, or without effect."""
        self._on_path(lib.path_chmod, path, as_, mode)

    def chown(self, path: str | bytes, uid: int = -1, gid: int = -1, as_: Caller | Task = ROOT) -> None:
        """chown(2) of cgroups; -1 leaves the id as it is."""
        self._on_path(lib.path_chown, path, as_, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF)

    def utimens(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        """utimensat(2): without effect; OSError EPERM for others than the owner."""
        self._on_path(lib.path_utimens, path, as_)

    def unlink(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        """unlink(2): always an OSError."""
        self._on_path(lib.path_unlink, path, as_)

    def rename(self, path: str | bytes, to: str | bytes, as_: Caller | Task = ROOT) -> None:
        """rename(2): always an OSError."""
        self._on_path(lib.path_rename, path, as_, _below(to))

    def mkdir(self, path: str | bytes, mode: int = 0o755, as_: Caller | Task = ROOT) -> None:
        """mkdir(2): of a cgroup; the errno elsewhere."""
        self._on_path(lib.path_create, path, as_, S_IFDIR | mode)

    def rmdir(self, path: str | bytes, as_: Caller | Task = ROOT) -> None:
        """rmdir(2): of a cgroup, OSError EBUSY while somebody is in it; the errno elsewhere."""
        self._on_path(lib.path_rmdir, path, as_)

    def create(self, path: str | bytes, as_: Caller | Task = ROOT, kind: int = S_IFREG) -> None:
        """mknod(2) and open(2) with O_CREAT, symlink(2) (S_IFLNK) or link(2) (0) of that name: always an OSError."""
        self._on_path(lib.path_create, path, as_, kind)

    def getxattr(self, path: str | bytes, name: str, as_: Caller | Task = ROOT) -> bytes:
        """getxattr(2) of a cgroup or of one of its files. OSError ENODATA, ENOTSUP."""
        value = ffi.new("char[]", 65536)
        return bytes(ffi.buffer(value, self._on_path(lib.path_getxattr, path, as_, os.fsencode(name), value, 65536)))

    def setxattr(self, path: str | bytes, name: str, value: bytes, flags: int = 0, as_: Caller | Task = ROOT) -> None:
        """setxattr(2). OSError EEXIST, ENODATA, ENOSPC, E2BIG, EPERM (trusted.* without CAP_SYS_ADMIN)."""
        self._on_path(lib.path_setxattr, path, as_, os.fsencode(name), value, len(value), flags)

    def listxattr(self, path: str | bytes, as_: Caller | Task = ROOT) -> list[str]:
        """listxattr(2): the names."""
        size = self._on_path(lib.path_listxattr, path, as_, ffi.NULL, 0)
        names = ffi.new("char[]", size + 1)
        self._on_path(lib.path_listxattr, path, as_, names, size)
        return [os.fsdecode(name) for name in bytes(ffi.buffer(names, size)).split(b"\0")[:-1]]

    def removexattr(self, path: str | bytes, name: str, as_: Caller | Task = ROOT) -> None:
        """removexattr(2). OSError ENODATA, ENOTSUP, EPERM."""
        self._on_path(lib.path_removexattr, path, as_, os.fsencode(name))

    def _on_path(self, call: Any, path: str | bytes, as_: Caller | Task, *words: Any) -> int:
        return check(call(self._w, native_of(as_), _below(path), *words), os.fsdecode(path))


def _below(path: str | bytes) -> bytes:
    """The path as the core takes it, from the root of the tree. ValueError with a NUL byte."""
    raw = raw_path(path)
    below = raw.removeprefix(MOUNTED_AT)
    return below or b"/" if below != raw and below[:1] in (b"/", b"") else raw
