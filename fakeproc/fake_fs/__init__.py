"""A world inside pyfakefs: Python code that is under test finds it at /proc, in process and without a mount.

Every look is the core's at that moment, every write goes to it: errno, short counts, positions and who may do what
are those of the mount. os.getpid() is a process of the world that stands for this one, and os.kill() signals the
world's processes, never a real one of the same number.

What does not go through Python's own os, io and pathlib is not reached: C extensions, subprocesses, select and poll.
For these there is the mount (World.mount, `fakeproc mount`) and the lab (`fakeproc run`): see `fakeproc help testing`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pyfakefs.fake_filesystem import FakeFilesystem
from pyfakefs.fake_filesystem_unittest import Patcher

from fakeproc.caller import Caller
from fakeproc.errors import FakeprocError
from fakeproc.fake_fs.filesystem import Filesystem
from fakeproc.fake_fs.nodes import node_of
from fakeproc.fake_fs.place import Name, Place
from fakeproc.fake_fs.teaching import teach
from fakeproc.task import Task
from fakeproc.world import World

__all__ = ["Place", "add_to", "fake_fs", "take_from"]


@contextlib.contextmanager
def fake_fs(world: World, at: str = "/proc", as_: Caller | Task | None = None) -> Iterator[FakeFilesystem]:
    """pyfakefs with the world at that directory while the block runs; see World.fake_fs."""
    with Patcher() as patcher:
        assert patcher.fs
        place = add_to(patcher.fs, world, at, as_)
        try:
            yield patcher.fs
        finally:
            take_from(patcher.fs, place)


def add_to(fs: FakeFilesystem, world: World, at: str = "/proc", as_: Caller | Task | None = None) -> Place:
    """Put the world into a pyfakefs that is there: its `fs` fixture, TestCase.fs or Patcher().fs.

    at: a directory that is empty or not there. as_: who acts, as in World.fake_fs. FakeprocError where it cannot be.
    """
    if not (fs.has_patcher if hasattr(fs, "has_patcher") else fs.patcher):  # the one since 6.1, the other before
        raise FakeprocError("this FakeFilesystem patches nothing: take that of pyfakefs' fs fixture or Patcher")
    filesystem = teach(fs)
    path = _free_directory(filesystem, at)
    place = Place(world, path, as_)
    place.device = filesystem.add_mount_point(path, can_exist=True)["idev"]
    above, name = filesystem.splitpath(path)
    parent = filesystem.get_object(above)
    parent.entries[name] = node_of(filesystem, Name(place, "/", path).look())
    filesystem.places.append(place)
    return place


def _free_directory(filesystem: Filesystem, at: str) -> str:
    path = filesystem.absnormpath(at)
    if path == "/" or not at.startswith("/"):
        raise FakeprocError(f"at: {at!r} is no place for a world: write an absolute path below /, such as '/proc'")
    if filesystem.found(path) or (filesystem.exists(path) and filesystem.listdir(path)):
        raise FakeprocError(f"at: {path} is not empty in this pyfakefs: choose another directory")
    return path


def take_from(fs: FakeFilesystem, place: Place) -> None:
    """The directory is empty again."""
    if isinstance(fs, Filesystem) and place in fs.places:
        fs.places.remove(place)
        above, name = fs.splitpath(place.at)
        del fs.get_object(above).entries[name]
        fs.create_dir(place.at)
    place.leave()
