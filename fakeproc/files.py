"""Files that a user asks for: all of it is written, or what was there stays as it was. Errors name what was asked for.

The content goes into a file beside the one that it replaces at once: whoever looks sees the old one or the new one.
What is no regular file (a device, a fifo, what /dev/stdout leads to) cannot be replaced, and is written to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def write(path: str | os.PathLike[str], content: bytes, mode: int = 0o666) -> None:
    """Into that file; where it is a link, into the one that it leads to. OSError.

    A file that is there keeps its mode and, as far as that is allowed, its owner; mode, less the umask, is for others.
    """
    name = os.fspath(path)
    with _named(name):
        found = _found(name)
        if _is_replaced(name, found):
            _replace(os.path.realpath(name), content, found, mode)
        else:
            _write_to(name, content)


def check(path: str | os.PathLike[str]) -> None:
    """OSError where write() could not begin: for who has long to do before it. Nothing is changed."""
    name = os.fspath(path)
    with _named(name):
        found = _found(name)
        if _is_replaced(name, found):
            fd, part = _part_of(os.path.realpath(name), found, 0o600)
            os.close(fd)
            os.unlink(part)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None


def _found(name: str) -> os.stat_result | None:
    """What is there, behind all links."""
    if not os.path.basename(name):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    try:
        return os.stat(name)
    except FileNotFoundError:
        return None


def _is_replaced(name: str, found: os.stat_result | None) -> bool:
    return found is None or (stat.S_ISREG(found.st_mode) and _descriptor(name) is None)


def _descriptor(name: str) -> int | None:
    """The descriptor of this process to which it leads, as /dev/stdout does."""
    own = os.path.realpath("/proc/self/fd")
    while os.path.islink(name):
        home = os.path.realpath(os.path.dirname(name))
        if home == own:
            return int(os.path.basename(name))
        name = os.path.join(home, os.readlink(name))
    return None


def _write_to(name: str, content: bytes) -> None:
    """A descriptor goes on where it is: opened anew, what stands in its file already would be overwritten."""
    own = _descriptor(name)
    fd = os.open(name, os.O_WRONLY | os.O_CLOEXEC) if own is None else os.dup(own)
    with open(fd, "wb") as file:
        file.write(content)


def _replace(target: str, content: bytes, found: os.stat_result | None, mode: int) -> None:
    fd, part = _part_of(target, found, mode)
    try:
        with open(fd, "wb") as file:
            if found:
                _take_after(fd, found)
            file.write(content)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _part_of(target: str, found: os.stat_result | None, mode: int) -> tuple[int, str]:
    """A new file beside that one, which nobody may read who may not read that one."""
    if found and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    part = os.path.join(os.path.dirname(target), f".fakeproc-{os.urandom(8).hex()}")
    return os.open(part, _NEW, stat.S_IMODE(found.st_mode) & 0o600 if found else mode), part


def _take_after(fd: int, found: os.stat_result) -> None:
    """An ordinary user cannot give files away: it is theirs then, with the same mode."""
    with contextlib.suppress(PermissionError):
        os.fchown(fd, found.st_uid, found.st_gid)
    os.fchmod(fd, stat.S_IMODE(found.st_mode))
