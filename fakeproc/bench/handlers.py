"""The yardstick in Python: fusepy as everybody uses it, a class whose methods ask the world in process."""

import errno
import itertools
import stat
from collections.abc import Callable
from typing import Any

import fuse

from fakeproc.world import Caller, OpenFile, World


class Handlers(fuse.Operations):  # type: ignore[misc]
    """The tree as fusepy's users write a file system: a method a call, in Python."""

    def __init__(self, world: World, ready: Callable[[], None]) -> None:
        self.world, self.ready = world, ready
        self.files: dict[int, OpenFile] = {}
        self.handles = itertools.count(1)

    def who(self) -> Caller:
        uid, gid, pid = fuse.fuse_get_context()
        return Caller(pid=pid, uid=uid, gid=gid)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        s = self.world.stat(path, self.who())
        times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), s.time / 1e9)
        return {"st_ino": s.ino, "st_mode": s.mode, "st_nlink": s.nlink, "st_uid": s.uid, "st_gid": s.gid, **times}

    def open(self, path: str, flags: int) -> int:
        handle = next(self.handles)
        self.files[handle] = self.world.open(path, flags, self.who())
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return self.files[fh].pread(size, offset, self.who())

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return self.files[fh].pwrite(data, offset, self.who())

    def release(self, path: str, fh: int) -> None:
        self.files.pop(fh).close()

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        if not stat.S_ISREG(self.world.stat(path, self.who()).mode):
            raise fuse.FuseOSError(errno.EISDIR)

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *self.world.listdir(path, self.who())]

    def init(self, path: str) -> None:
        self.ready()
