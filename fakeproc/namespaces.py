"""Where a mount may adopt who asks, and lie over /proc: in a pid namespace and a mount namespace of its own.

Elsewhere the pids that it shows are the numbers of real processes, and a kill(2) of one hits whoever is behind it.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator

from fakeproc.errors import FakeprocError

INITIAL_PID_NAMESPACE = 0xEFFFFFFC  # inode number: PROC_PID_INIT_INO
PROC_SUPER_MAGIC = 0x9FA0
CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
MNT_DETACH = 2
M_ARENA_MAX = -8

WAY_IN = "start it in one: unshare --mount --pid --fork --mount-proc fakeproc mount --adopt ..."


class NamespaceError(FakeprocError):
    """Adoption is not for here; the message says why and what to do."""


def open_proc(path: str | os.PathLike[str] = "/proc") -> int:
    """A descriptor of a real procfs, which stays what it is when something is mounted over it.

    NamespaceError where it is none.
    """
    try:
        proc = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NamespaceError(f"{os.fspath(path)} cannot be opened ({error.strerror}): name a real procfs") from error
    if _file_system(proc) == PROC_SUPER_MAGIC:
        return proc
    os.close(proc)
    raise NamespaceError(f"{os.fspath(path)} is no real procfs: mount -t proc proc DIR, and add --real-proc DIR")


def _file_system(fd: int) -> int:
    """statfs(2)'s f_type."""
    buffer = ctypes.create_string_buffer(256)
    _check(ctypes.CDLL(None, use_errno=True).fstatfs(fd, buffer))
    return ctypes.c_long.from_buffer(buffer).value


def check_adoption(proc: int) -> None:
    """NamespaceError unless this is a private pid namespace, and that procfs is of it."""
    if os.stat("self/ns/pid", dir_fd=proc).st_ino == INITIAL_PID_NAMESPACE:
        raise NamespaceError(f"--adopt needs a private pid namespace, and this is the machine's own: {WAY_IN}")
    if os.readlink("self", dir_fd=proc) != str(os.getpid()):
        raise NamespaceError(f"--adopt needs a procfs of this pid namespace, and that is another's: {WAY_IN}")


def check_over_proc(mountinfo: str) -> None:
    """NamespaceError where a mount over /proc would be seen in other mount namespaces, too."""
    covered = [line.split(" - ")[0].split() for line in mountinfo.splitlines() if line.split()[4] == "/proc"]
    if covered and any(field.startswith("shared:") for field in covered[-1][6:]):
        raise NamespaceError(f"/proc is shared with other mount namespaces: mount --make-rprivate /, or {WAY_IN}")


@contextlib.contextmanager
def stepped_out(point: str, proc: int) -> Iterator[None]:
    """This thread, while the block runs, in a mount namespace of its own, in which nothing is mounted at point.

    A server that answers for /proc must never come upon itself there: it would wait for its own answer for ever. And
    who binds the mount over /proc later does so where the others are. NamespaceError where that is refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)  # a second arena reads /proc/sys/vm when it shrinks, in any thread
    before = os.open("thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)  # /proc may be ours already
    try:
        _check(libc.unshare(CLONE_NEWNS))
        try:
            _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
            _check(libc.umount2(os.fsencode(point), MNT_DETACH))
            yield
        finally:
            _check(libc.setns(before, CLONE_NEWNS))
    finally:
        os.close(before)


def _check(result: int) -> None:
    if result < 0:
        why = os.strerror(ctypes.get_errno())
        raise NamespaceError(f"--adopt needs CAP_SYS_ADMIN in its namespaces ({why}): {WAY_IN}")
