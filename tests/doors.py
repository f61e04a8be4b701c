"""The doors through which a test can meet a world: the tree in process, pyfakefs, a mount with real system calls."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyfakefs.fake_filesystem import FakeFilesystem
from pyfakefs.fake_filesystem_unittest import Patcher

from fakeproc.fake_fs import Place, add_to, take_from
from fakeproc.mount import Mount, mounted
from fakeproc.world import ROOT, Caller, OpenFile, Task, World

Who = Caller | Task


def as_caller(who: Who) -> Caller:
    return who if isinstance(who, Caller) else who.caller()


class TreeFile:
    """An open file of the tree, with the calls of os."""

    def __init__(self, file: OpenFile) -> None:
        self.file = file

    def read(self, count: int = 4096, as_: Who = ROOT) -> bytes:
        return self.file.read(count, as_)

    def pread(self, count: int, offset: int, as_: Who = ROOT) -> bytes:
        return self.file.pread(count, offset, as_)

    def write(self, data: bytes, as_: Who = ROOT) -> int:
        return self.file.write(data, as_)

    def pwrite(self, data: bytes, offset: int, as_: Who = ROOT) -> int:
        return self.file.pwrite(data, offset, as_)

    def lseek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.file.lseek(offset, whence)

    def close(self) -> None:
        self.file.close()


class Tree:
    """In process, through the core's own file door."""

    name = "tree"

    def use(self, world: World) -> World:
        self.world = world
        return world

    def open(self, path: str, flags: int = os.O_RDONLY, as_: Who = ROOT) -> TreeFile:
        return TreeFile(self.world.open(path, flags, as_))

    def stat(self, path: str, as_: Who = ROOT) -> tuple[int, int, int]:
        status = self.world.stat(path, as_)
        return status.mode, status.uid, status.gid

    def listdir(self, path: str, as_: Who = ROOT) -> list[str]:
        return self.world.listdir(path, as_)

    def call(self, name: str, path: str, *words: object, as_: Who = ROOT) -> object:
        """A system call on a name, by that of os: mkdir, rmdir, chmod, chown, setxattr and so on."""
        return getattr(self.world, name)(path, *words, as_=as_)


@dataclass
class MountFile:
    """An open file of the mount: the caller policy says as whom each call is judged."""

    mount: Mount
    fd: int

    def read(self, count: int = 4096, as_: Who = ROOT) -> bytes:
        self.mount.caller(as_caller(as_))
        return os.read(self.fd, count)

    def pread(self, count: int, offset: int, as_: Who = ROOT) -> bytes:
        self.mount.caller(as_caller(as_))
        return os.pread(self.fd, count, offset)

    def write(self, data: bytes, as_: Who = ROOT) -> int:
        self.mount.caller(as_caller(as_))
        return os.write(self.fd, data)

    def pwrite(self, data: bytes, offset: int, as_: Who = ROOT) -> int:
        self.mount.caller(as_caller(as_))
        return os.pwrite(self.fd, data, offset)

    def lseek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self.fd, offset, whence)

    def close(self) -> None:
        os.close(self.fd)


class Mounted:
    """Through a FUSE mount, with real system calls."""

    name = "mount"

    def __init__(self, mount: Mount) -> None:
        self.mount = mount

    def use(self, world: World) -> World:
        self.mount.serve(world)
        return world

    def open(self, path: str, flags: int = os.O_RDONLY, as_: Who = ROOT) -> MountFile:
        self.mount.caller(as_caller(as_))
        return MountFile(self.mount, os.open(self.mount.path + path, flags))

    def stat(self, path: str, as_: Who = ROOT) -> tuple[int, int, int]:
        self.mount.caller(as_caller(as_))
        found = os.lstat(self.mount.path + path)
        return found.st_mode, found.st_uid, found.st_gid

    def listdir(self, path: str, as_: Who = ROOT) -> list[str]:
        self.mount.caller(as_caller(as_))
        return os.listdir(self.mount.path + path)

    def call(self, name: str, path: str, *words: object, as_: Who = ROOT) -> object:
        self.mount.caller(as_caller(as_))
        return getattr(os, name)(self.mount.path + path, *words)


@dataclass
class FakeFile:
    """An open file of pyfakefs, with the os that it gives to code under test."""

    place: Place
    os: Any
    fd: int

    def _as(self, who: Who) -> Any:
        self.place.act_as(who)
        return self.os

    def read(self, count: int = 4096, as_: Who = ROOT) -> bytes:
        return bytes(self._as(as_).read(self.fd, count))

    def pread(self, count: int, offset: int, as_: Who = ROOT) -> bytes:
        return bytes(self._as(as_).pread(self.fd, count, offset))

    def write(self, data: bytes, as_: Who = ROOT) -> int:
        return int(self._as(as_).write(self.fd, data))

    def pwrite(self, data: bytes, offset: int, as_: Who = ROOT) -> int:
        return int(self._as(as_).pwrite(self.fd, data, offset))

    def lseek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return int(self.os.lseek(self.fd, offset, whence))

    def close(self) -> None:
        self.os.close(self.fd)


class FakeFs:
    """Through pyfakefs: nothing is patched, its os is asked itself."""

    name = "fake_fs"

    def __init__(self, filesystem: FakeFilesystem) -> None:
        self.filesystem = filesystem
        self.os = filesystem.patcher.fake_modules["os"]
        self.place: Place | None = None

    def use(self, world: World) -> World:
        if self.place:
            take_from(self.filesystem, self.place)
        self.place = add_to(self.filesystem, world, as_=ROOT)
        return world

    def _as(self, who: Who) -> Any:
        assert self.place
        self.place.act_as(who)
        return self.os

    def open(self, path: str, flags: int = os.O_RDONLY, as_: Who = ROOT) -> FakeFile:
        fd = self._as(as_).open(f"/proc{path}", flags)
        assert self.place
        return FakeFile(self.place, self.os, fd)

    def stat(self, path: str, as_: Who = ROOT) -> tuple[int, int, int]:
        found = self._as(as_).lstat(f"/proc{path}")
        return found.st_mode, found.st_uid, found.st_gid

    def listdir(self, path: str, as_: Who = ROOT) -> list[str]:
        return list(self._as(as_).listdir(f"/proc{path}"))

    def call(self, name: str, path: str, *words: object, as_: Who = ROOT) -> object:
        return getattr(self._as(as_), name)(f"/proc{path}", *words)


Door = Tree | FakeFs | Mounted


@contextmanager
def fake_fs_door() -> Iterator[FakeFs]:
    with Patcher() as patcher:
        assert patcher.fs
        patcher.pause()
        yield FakeFs(patcher.fs)


@contextmanager
def mount_door_at(directory: Path) -> Iterator[Mounted]:
    with mounted(World(), directory) as mount:
        yield Mounted(mount)


def read(door: Door, task: Task, name: str, as_: Who = ROOT) -> str:
    """The text of a task's file."""
    file = door.open(task.path(name), as_=as_)
    try:
        return file.read(4096, as_).decode()
    finally:
        file.close()


def write(door: Door, task: Task, name: str, data: str | bytes, as_: Who = ROOT) -> int | str:
    """What one write(2) to a task's file gives: the count, or the name of the errno."""
    raw = data.encode("latin-1") if isinstance(data, str) else data
    return outcome(lambda: _write(door, task, name, raw, as_))


def _write(door: Door, task: Task, name: str, data: bytes, as_: Who) -> int:
    file = door.open(task.path(name), os.O_WRONLY, as_)
    try:
        return file.write(data, as_)
    finally:
        file.close()


def outcome(call: object) -> int | str:
    """The result of a call, or the name of its errno."""
    try:
        return call()  # type: ignore[operator, no-any-return]
    except OSError as error:
        return errno.errorcode[error.errno or 0]
