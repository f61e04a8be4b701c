"""The door through a real FUSE mount: real system calls, judged by the server as the recorded caller's."""

import contextlib
import ctypes
import os
import re
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from fakeproc.mount import Mount, mounted
from fakeproc.replay import elsewhere
from fakeproc.replay.door import (
    BUFFER,
    Argument,
    Bytes,
    OutArgument,
    PathArgument,
    TreeDoor,
    stat_fields,
)
from fakeproc.replay.elsewhere import Kind
from fakeproc.replay.recording import NotUnderstoodError
from fakeproc.world import ROOT, Caller, World

# ctypes lets the interpreter go during a call, so the thread that serves the mount can answer it.
LIBC = ctypes.CDLL(None, use_errno=True)
# The calls whose result is a long; that of the others is an int.
LONG_RESULT = {
    *("getdents64", "getxattr", "listxattr", "lseek", "mmap", "pread", "pwrite", "read", "readlink", "readv"),
    *("sendfile", "splice", "write", "writev"),
}
BAD_POINTER = 8  # where the recorder's bad pointers point
PROCFS_MAXIMUM = 0x7FFFFFFF  # s_maxbytes of procfs: MAX_NON_LFS
SHOWN_ANEW = frozenset(("oom_adj", "oom_score_adj"))  # no seq_file: lseek knows the end
# Calls on an open file that the client turns into a question about a name: ENOENT where the task is gone.
BY_NAME = {
    "openat": elsewhere.DEAD_DIRECTORY,
    "fstat": elsewhere.DEAD_FSTAT,
    "fchmod": elsewhere.DEAD_FSTAT,
}
# Names that lead nowhere else, so that nobody needs to look.
PLAIN = re.compile(r"/[0-9]+(/task/[0-9]+)?/oom_(adj|score|score_adj)")
# One world follows the other with the same pids, and an O_PATH open is answered from a cached name alone.
NAMES_NOT_CACHED = "entry_timeout=0"
WORLDS_KEPT = 16  # a RELEASE may still be under way when the next world is served


def system_call(name: str, *arguments: Any) -> int:
    """A system call through libc. OSError as it fails."""
    function = getattr(LIBC, name)
    function.restype = ctypes.c_int64 if name in LONG_RESULT else ctypes.c_int
    result = function(*(ctypes.c_int64(a) if isinstance(a, int) else a for a in arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


class _Segment(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def _segments(buffers: Sequence[Any], lengths: Sequence[int]) -> Any:
    pairs = zip(buffers, lengths, strict=True)
    return (_Segment * max(1, len(lengths)))(*(_Segment(ctypes.addressof(b), n) for b, n in pairs))


class MountHandle:
    """A real file descriptor."""

    def __init__(self, door: "MountDoor", fd: int, path: str, flags: int) -> None:
        self.door, self.fd, self.path, self.flags = door, fd, path, flags
        self._is_put_back = False  # the position is ours since a write
        self._is_sought = False  # a seq_file, away from its beginning: procfs has its text since then
        self._before = 0

    @property
    def _is_seq_file(self) -> bool:
        return os.path.basename(self.path) not in SHOWN_ANEW

    def read(self, who: Caller, memory: Bytes, position: int | None = None) -> bytes:
        self.door.act_as(who)
        self._doubt_memory(memory, elsewhere.EMPTY_READ)
        self._doubt_text()
        buffer = ctypes.create_string_buffer(max(1, min(memory.count, BUFFER)))
        count = self._transfer("read", BAD_POINTER if memory.is_bad else buffer, memory.count, position)
        return buffer.raw[:count]

    def write(self, who: Caller, memory: Bytes, position: int | None = None) -> int:
        self.door.act_as(who)
        self._doubt_memory(memory, elsewhere.EMPTY_WRITE)
        if position is not None and self._is_seq_file:
            self.door.doubt = elsewhere.PWRITE_OF_SEQ_FILE
        buffer = ctypes.create_string_buffer(memory.data, max(len(memory.data), min(memory.count, BUFFER), 1))
        before = self._position()
        count = self._transfer("write", BAD_POINTER if memory.is_bad else buffer, memory.count, position)
        if position is None:
            self._put_back(before, count)
        return count

    def _transfer(self, name: str, memory: Any, count: int, position: int | None) -> int:
        if position is None:
            return system_call(name, self.fd, memory, count)
        return system_call(f"p{name}", self.fd, memory, count, position)

    def _doubt_text(self) -> None:
        if self._is_sought:
            self.door.doubt = self.door.doubt or elsewhere.SHOWN_AT_SEEK

    def _doubt_memory(self, memory: Bytes, empty: Kind) -> None:
        if not memory.count:
            self.door.doubt = empty
        elif memory.is_bad:
            self.door.doubt = elsewhere.BAD_POINTER

    def _position(self) -> int | None:
        try:
            return os.lseek(self.fd, 0, os.SEEK_CUR)
        except OSError:
            return None

    def _put_back(self, before: int | None, count: int) -> None:
        if before is not None and count:
            os.lseek(self.fd, before, os.SEEK_SET)
            self._is_put_back = True

    def readv(self, who: Caller, lengths: Sequence[int]) -> int:
        self.door.act_as(who)
        self._doubt_text()
        buffers = [ctypes.create_string_buffer(max(1, n)) for n in lengths]
        return system_call("readv", self.fd, _segments(buffers, lengths), len(lengths))

    def writev(self, who: Caller, parts: Sequence[bytes]) -> int:
        if any(parts[1:]):
            return self._write_in_process(who, parts)
        self.door.act_as(who)
        if not any(parts):
            self.door.doubt = elsewhere.EMPTY_WRITE
        before = self._position()
        buffers = [ctypes.create_string_buffer(part, max(1, len(part))) for part in parts]
        count = system_call("writev", self.fd, _segments(buffers, [len(part) for part in parts]), len(parts))
        self._put_back(before, count)
        return count

    def _write_in_process(self, who: Caller, parts: Sequence[bytes]) -> int:
        """Segments that the client would join: written in process, so that what follows can be judged."""
        self.door.doubt = elsewhere.SEGMENTS
        handle = TreeDoor(self.door.world).open(ROOT, self.path, self.flags)
        try:
            return handle.writev(who, parts)
        finally:
            handle.close()

    def lseek(self, who: Caller, offset: int, whence: int) -> int:
        self._before = self._position() or 0
        if whence > os.SEEK_CUR and (offset < 0 or self._is_seq_file):
            self.door.doubt = elsewhere.ARITHMETIC
        elif whence == os.SEEK_CUR and self._is_put_back:
            self.door.doubt = elsewhere.POSITION
        result = system_call("lseek", self.fd, offset, whence)
        if result > PROCFS_MAXIMUM:
            self.door.doubt = elsewhere.MAXIMUM_OFFSET
        self._is_sought = self._is_seq_file and (result > 0 or (self._is_sought and whence == os.SEEK_CUR))
        self._doubt_text()
        if whence != os.SEEK_CUR:
            self._is_put_back = False
        return result

    def put_as_recorded(self, position: int) -> None:
        os.lseek(self.fd, position if position >= 0 else self._before, os.SEEK_SET)

    def close(self) -> None:
        os.close(self.fd)


class MountDoor:
    """A world behind a mount point."""

    def __init__(self, mount: Mount, world: World) -> None:
        self.mount, self.world = mount, world
        self.doubt: Kind | None = None

    def act_as(self, who: Caller) -> None:
        self.mount.caller(who)

    def _place(self, path: str, follow: bool = True) -> bytes:
        """Where it is on this machine. A recording must not reach the files around the mount."""
        place = self.mount.path + path
        is_led = follow or os.path.basename(path) in ("", ".", "..")
        reached = os.path.realpath(place if is_led else os.path.dirname(place))
        if not PLAIN.fullmatch(path) and not f"{reached}/".startswith(f"{self.mount.path}/"):
            raise NotUnderstoodError(f"path {path!r} leads out of the mount")
        return os.fsencode(place)

    def open(self, who: Caller, path: str, flags: int, mode: int = 0) -> MountHandle:
        self.act_as(who)
        place = self._place(path, not flags & os.O_NOFOLLOW)
        return MountHandle(self, system_call("open", place, flags, mode), path, flags)

    def stat(self, who: Caller, path: str, follow: bool = True) -> dict[str, Any]:
        self.act_as(who)
        s = os.stat(self._place(path, follow), follow_symlinks=follow)
        return stat_fields(s.st_mode, s.st_nlink, s.st_uid, s.st_gid, s.st_size, s.st_blksize, s.st_blocks)

    def call(self, who: Caller, name: str, arguments: Sequence[Argument]) -> tuple[int, bytes]:
        if name in ("stat", "lstat"):
            self.stat(who, arguments[0].path, follow=name == "stat")
            return 0, b""
        if name == "lseek":
            return arguments[0].lseek(who, *arguments[1:]), b""
        self.act_as(who)
        outs = [a for a in arguments if isinstance(a, OutArgument)]
        buffer = ctypes.create_string_buffer(max(1, sum(out.size for out in outs)))
        used = 0
        words: list[Any] = []
        for argument in arguments:
            words.append(self._word(argument, buffer, used))
            used += argument.size if isinstance(argument, OutArgument) else 0
        return self._made(name, arguments, words), buffer.raw

    def _word(self, argument: Argument, buffer: Any, used: int) -> Any:
        match argument:
            case MountHandle():
                return argument.fd
            case PathArgument():
                return self._place(argument.path)
            case OutArgument():
                return ctypes.byref(buffer, used)
            case _:
                return argument

    def _made(self, name: str, arguments: Sequence[Argument], words: Sequence[Any]) -> int:
        try:
            result = system_call(name, *words)
        except FileNotFoundError:
            if isinstance(arguments[0], MountHandle):
                self.doubt = BY_NAME.get(name)
            raise
        if name in ("openat", "dup"):
            os.close(result)
        if name == "mmap":
            system_call("munmap", ctypes.c_void_p(result), words[1])
        return result


class MountedWorlds:
    """One mount for all the worlds of a replay, one after the other."""

    def __init__(self, mount: Mount) -> None:
        self.mount = mount
        self._kept: deque[World] = deque(maxlen=WORLDS_KEPT)

    def door(self, world: World) -> MountDoor:
        self._kept.append(world)
        self.mount.serve(world)
        return MountDoor(self.mount, world)


@contextlib.contextmanager
def mounted_worlds() -> Iterator[MountedWorlds]:
    """A mount point of its own while the block runs."""
    with tempfile.TemporaryDirectory(prefix="fakeproc-replay-") as point:
        first = World()
        with mounted(first, point, options=[NAMES_NOT_CACHED]) as mount:
            yield MountedWorlds(mount)
