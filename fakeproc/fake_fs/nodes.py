"""What pyfakefs finds below the place of a world: files, directories and links that ask the core at every look.

They are made at each lookup and kept nowhere, so that a process that has died is gone at once.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from pyfakefs.fake_file import FakeDirectory, FakeFile
from pyfakefs.fake_filesystem import FakeFilesystem
from pyfakefs.helpers import FakeStatResult

from fakeproc.fake_fs.place import Name


class Node(FakeFile):
    """A file of the tree, as pyfakefs wants to see it."""

    found: Name

    def show(self, found: Name) -> Node:
        """Look as the core says."""
        self.found = found
        tell(self.stat_result, found.status)
        self.stat_result.st_dev = found.place.device
        return self

    @property
    def path(self) -> Any:
        return self.found.place.at + self.found.where.rstrip("/")

    @property
    def byte_contents(self) -> bytes | None:
        return bytes(self.found.ask("read"))

    @property
    def size(self) -> int:
        return int(self.stat_result.st_size)

    @size.setter
    def size(self, length: int) -> None:
        self.found.ask("truncate")

    def set_contents(self, contents: Any, encoding: str | None = None) -> bool:
        raw = contents if isinstance(contents, bytes) else contents.encode(encoding or "utf-8")
        self.found.ask("write", raw)
        return True

    def has_permission(self, permission_bits: int) -> bool:
        """The core judges, not pyfakefs."""
        return True


class Link(Node):
    @property
    def contents(self) -> str:
        return str(self.found.ask("readlink"))

    @property
    def byte_contents(self) -> bytes | None:
        return os.fsencode(self.contents)


class Directory(Node, FakeDirectory):
    @property
    def entries(self) -> Any:
        return Entries(self)

    @property
    def ordered_dirs(self) -> list[str]:
        return list(self.entries)

    def add_entry(self, path_object: FakeFile) -> None:
        """What mkdir(2), symlink(2) and mknod(2) end in."""
        found = self.found.child(str(path_object.name))
        mode = path_object.st_mode
        if stat.S_ISDIR(mode):
            found.ask("mkdir", stat.S_IMODE(mode))
        else:
            found.ask("create", kind=stat.S_IFMT(mode))

    def remove_entry(self, pathname_name: str, recursive: bool = True) -> None:
        entry = self.get_entry(pathname_name)
        entry.found.ask("rmdir" if isinstance(entry, Directory) else "unlink")


class Entries(Mapping[str, FakeFile]):
    """The names in a directory, as they are when they are asked for."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __getitem__(self, name: str) -> FakeFile:
        try:
            return node_of(self._directory.filesystem, self._directory.found.child(name).look())
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._directory.found.ask("listdir"))

    def __len__(self) -> int:
        return len(self._directory.found.ask("listdir"))


def node_of(filesystem: FakeFilesystem, found: Name) -> Node:
    """The node of that name, which was looked at."""
    mode = found.status.mode
    if stat.S_ISDIR(mode):
        return Directory(found.name, filesystem=filesystem).show(found)
    kind = Link if stat.S_ISLNK(mode) else Node
    return kind(found.name, mode, filesystem=filesystem).show(found)


def tell(result: FakeStatResult, status: Any) -> None:
    """The core's struct status as a stat_result; all its times are one, as in procfs."""
    result.st_mode, result.st_ino, result.st_nlink = status.mode, status.ino, status.nlink
    result.st_uid, result.st_gid, result.st_size = status.uid, status.gid, status.size
    result.st_atime_ns = result.st_mtime_ns = result.st_ctime_ns = status.time
    result.st_blksize = status.block_size  # type: ignore[attr-defined]
