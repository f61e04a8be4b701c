"""How a replay reaches a world's files: a Door. This one goes through the tree, in process.

Errors are OSError with the errno of the system call. A door that answers for something it cannot judge says so
through `doubt`: the kind of elsewhere.KINDS that decided.
"""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Protocol

from fakeproc.replay import elsewhere
from fakeproc.replay.elsewhere import Kind
from fakeproc.replay.recording import NotUnderstoodError
from fakeproc.world import Caller, OpenFile, World

BUFFER = 65536  # the recorder's: it hands a longer count on, with this much memory behind it


@dataclass(frozen=True)
class PathArgument:
    """An argument of a system call: a path below the root of the tree."""

    path: str


@dataclass(frozen=True)
class OutArgument:
    """An argument of a system call: memory to be filled."""

    size: int


Argument = Any  # int, bytes, Handle, PathArgument or OutArgument


@dataclass(frozen=True)
class Bytes:
    """What a read or a write works on: memory of that many bytes, or a bad pointer."""

    data: bytes
    count: int
    is_bad: bool = False


class Handle(Protocol):
    """An open file. A position of None is the file's own."""

    def read(self, who: Caller, memory: Bytes, position: int | None = None) -> bytes: ...
    def write(self, who: Caller, memory: Bytes, position: int | None = None) -> int: ...
    def readv(self, who: Caller, lengths: Sequence[int]) -> int: ...
    def writev(self, who: Caller, parts: Sequence[bytes]) -> int: ...
    def lseek(self, who: Caller, offset: int, whence: int) -> int: ...
    def put_as_recorded(self, position: int) -> None: ...
    def close(self) -> None: ...


class Door(Protocol):
    """The files of one world."""

    doubt: Kind | None

    def open(self, who: Caller, path: str, flags: int, mode: int = 0) -> Handle: ...
    def stat(self, who: Caller, path: str, follow: bool = True) -> dict[str, Any]: ...
    def call(self, who: Caller, name: str, arguments: Sequence[Argument]) -> tuple[int, bytes]: ...


MakeDoor = Callable[[World], Door]


def fail(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))


def stat_fields(mode: int, nlink: int, uid: int, gid: int, size: int, blksize: int, blocks: int) -> dict[str, Any]:
    """What the recorder keeps of a struct stat."""
    return {
        "mode": oct(mode),
        "nlink": nlink,
        "uid": uid,
        "gid": gid,
        "size": size,
        "blksize": blksize,
        "blocks": blocks,
    }


class TreeHandle:
    """An open file of the tree. What the VFS does above procfs for readv and writev is done here."""

    def __init__(self, file: OpenFile, flags: int) -> None:
        self.file, self.flags = file, flags
        self._left: tuple[str, int, int] | None = None
        self._entries: Iterator[tuple[str, int, int]] | None = None

    def read(self, who: Caller, memory: Bytes, position: int | None = None) -> bytes:
        if memory.is_bad:
            return bytes(self.file.read_nowhere(memory.count, position, who))
        count = min(memory.count, BUFFER)
        return self.file.read(count, who) if position is None else self.file.pread(count, position, who)

    def write(self, who: Caller, memory: Bytes, position: int | None = None) -> int:
        if memory.is_bad:
            return self.file.write_nowhere(memory.count, position, who)
        data = memory.data[: memory.count]
        return self.file.write(data, who) if position is None else self.file.pwrite(data, position, who)

    def readv(self, who: Caller, lengths: Sequence[int]) -> int:
        self._check_mode(os.O_RDONLY)
        return self._by_segment([partial(self._read_segment, who, n) for n in lengths], lengths)

    def _read_segment(self, who: Caller, length: int) -> int:
        return len(self.read(who, Bytes(b"", length)))

    def writev(self, who: Caller, parts: Sequence[bytes]) -> int:
        self._check_mode(os.O_WRONLY)
        self._check_function(who)
        writes = [partial(self.write, who, Bytes(part, len(part))) for part in parts]
        return self._by_segment(writes, [len(part) for part in parts])

    def _check_mode(self, wanted: int) -> None:
        if self.flags & os.O_PATH or self.flags & os.O_ACCMODE not in (wanted, os.O_RDWR):
            fail(errno.EBADF)

    def _check_function(self, who: Caller) -> None:
        """A file that nobody can write to refuses also no segments at all: before it looks at the memory."""
        try:
            self.file.write_nowhere(1, None, who)
        except OSError as error:
            if error.errno != errno.EFAULT:
                raise

    def _by_segment(self, calls: Sequence[Callable[[], int]], lengths: Sequence[int]) -> int:
        """do_loop_readv_writev(): a call a segment while bytes are left, empty ones behind the first left out;
        a short one ends it, an error only counts where nothing was done before."""
        done, left = 0, sum(lengths)
        for number, (call, length) in enumerate(zip(calls, lengths, strict=True)):
            if not left or (number and not length):
                continue
            try:
                count = call()
            except OSError:
                if done:
                    break
                raise
            done, left = done + count, left - length
            if count != length:
                break
        return done

    def lseek(self, who: Caller, offset: int, whence: int) -> int:
        return self.file.lseek(offset, whence, who)

    def put_as_recorded(self, position: int) -> None:
        self.file.lseek(position, os.SEEK_SET)

    def close(self) -> None:
        self.file.close()

    def getdents(self, size: int) -> int:
        """Bytes of struct linux_dirent64 for the entries that fit."""
        used = 0
        while entry := self._left or self._next_entry():
            self._left = entry
            length = (19 + len(entry[0].encode()) + 1 + 7) & ~7
            if used + length > size:
                return used or fail(errno.EINVAL)
            used, self._left = used + length, None
        self._entries = None
        return used

    def _next_entry(self) -> tuple[str, int, int] | None:
        self._entries = self._entries or self.file.entries()
        try:
            return next(self._entries, None)
        except OSError:
            self._entries = None  # it fails once and is at its end
            raise


class TreeDoor:
    """A world's tree in process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.doubt: Kind | None = None

    def open(self, who: Caller, path: str, flags: int, mode: int = 0) -> TreeHandle:
        return TreeHandle(self.world.open(path, flags, who), flags)

    def stat(self, who: Caller, path: str, follow: bool = True) -> dict[str, Any]:
        s = self.world.stat(path, who)
        return stat_fields(s.mode, s.nlink, s.uid, s.gid, s.size, s.block_size, 0)

    def call(self, who: Caller, name: str, arguments: Sequence[Argument]) -> tuple[int, bytes]:
        if name in TREE_CALLS:
            result = TREE_CALLS[name](self, who, *arguments)
            return result if isinstance(result, tuple) else (int(result or 0), b"")
        self.doubt = elsewhere.NO_COUNTERPART
        return 0, b""

    def open_at(self, who: Caller, directory: "TreeHandle | int", name: "PathArgument | bytes", flags: int) -> int:
        if isinstance(name, PathArgument):
            self.open(who, name.path, flags).close()
        elif isinstance(directory, TreeHandle):
            directory.file.open_at(name, flags, who).close()
        else:
            raise NotUnderstoodError("openat of a name below no open directory")
        return 0

    def _read(self, who: Caller, h: TreeHandle, out: OutArgument, n: int, at: int | None = None) -> tuple[int, bytes]:
        data = h.read(who, Bytes(b"", n), at)
        return len(data), data

    def _write(self, who: Caller, handle: TreeHandle, data: bytes, count: int, at: int | None = None) -> int:
        return handle.write(who, Bytes(data, count), at)

    def _readlink(self, who: Caller, path: PathArgument, out: OutArgument, size: int) -> tuple[int, bytes]:
        data = self.world.readlink(path.path, who).encode()[:size]
        return len(data), data

    def _truncate(self, who: Caller, path: PathArgument, length: int) -> None:
        self.world.truncate(path.path, who) if length >= 0 else fail(errno.EINVAL)

    def _ftruncate(self, who: Caller, handle: TreeHandle, length: int) -> None:
        handle.file.truncate() if length >= 0 else fail(errno.EINVAL)


# System calls with a counterpart in the tree: (door, who, the call's arguments).
TREE_CALLS: dict[str, Callable[..., Any]] = {
    "access": lambda door, who, path, mask: door.world.access(path.path, mask, who),
    "chmod": lambda door, who, path, mode: door.world.chmod(path.path, mode, who),
    "chown": lambda door, who, path, uid, gid: door.world.chown(path.path, uid, gid, who),
    "close": lambda door, who, handle: handle.close(),
    "fstat": lambda door, who, handle, out: handle.file.stat() and 0,
    "fsync": lambda door, who, handle: handle.file.fsync(),
    "ftruncate": TreeDoor._ftruncate,
    "getdents64": lambda door, who, handle, out, size: handle.getdents(size),
    "lseek": lambda door, who, handle, offset, whence=0: handle.lseek(who, offset, whence),
    "lstat": lambda door, who, path, out: door.stat(who, path.path, follow=False) and 0,
    "mkdir": lambda door, who, path, mode: door.world.mkdir(path.path, mode, who),
    "openat": lambda door, who, directory, name, flags, mode=0: door.open_at(who, directory, name, flags),
    "pread": TreeDoor._read,
    "pwrite": TreeDoor._write,
    "read": TreeDoor._read,
    "readlink": TreeDoor._readlink,
    "rename": lambda door, who, path, to: door.world.rename(path.path, to.path, who),
    "stat": lambda door, who, path, out: door.stat(who, path.path) and 0,
    "truncate": TreeDoor._truncate,
    "unlink": lambda door, who, path: door.world.unlink(path.path, who),
    "utimensat": lambda door, who, at, path, times, flags: door.world.utimens(path.path, who),
    "write": TreeDoor._write,
}

# What the first arguments of each call on files are: a path, a handle, a directory, a name below it, memory; * = any.
# Those that are not in TREE_CALLS the VFS answers above every file system.
ARGUMENTS = {
    **dict.fromkeys(("access", "chmod", "chown", "mkdir", "readlink", "truncate", "unlink"), "p"),
    **dict.fromkeys(("getxattr", "listxattr", "lstat", "stat", "statfs"), "p"),
    **dict.fromkeys(("close", "dup", "fallocate", "fchmod", "fcntl", "flock", "fstat", "fsync"), "h"),
    **dict.fromkeys(("ftruncate", "ioctl", "lseek"), "h"),
    **dict.fromkeys(("getdents64", "pread", "pwrite", "read", "write"), "hm"),
    "mmap": "****h",
    "openat": "dn",
    "poll": "m",
    "rename": "pp",
    "sendfile": "hh",
    "splice": "h*h",
    "utimensat": "dp",
}
AT_FDCWD = -100
LOWEST_MEMORY = 4096  # below it no pointer is good


def _is_of_sort(argument: Argument, sort: str) -> bool:
    match sort:
        case "p":
            return isinstance(argument, PathArgument)
        case "h":
            return not isinstance(argument, int | bytes | PathArgument | OutArgument)
        case "d":
            return argument == AT_FDCWD or _is_of_sort(argument, "h")
        case "n":
            is_below = isinstance(argument, bytes) and b".." not in argument and not argument.startswith(b"/")
            return is_below or _is_of_sort(argument, "p")
        case "m":
            return isinstance(argument, bytes | OutArgument) or argument in range(LOWEST_MEMORY)
    return True


def check_call(name: str, arguments: Sequence[Argument]) -> None:
    """NotUnderstoodError for a call that is none on files, or whose arguments could be anything of this process."""
    if name not in ARGUMENTS:
        raise NotUnderstoodError(f"no system call {name!r} is known for files")
    sorts = ARGUMENTS[name]
    if len(arguments) < len(sorts) or not all(map(_is_of_sort, arguments, sorts)):
        raise NotUnderstoodError(f"the arguments of {name} are not understood")
