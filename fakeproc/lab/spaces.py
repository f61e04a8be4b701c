"""The namespaces of a lab, and what is mounted in them."""

import contextlib
import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from fakeproc.lab import LabError, needs
from fakeproc.namespaces import CLONE_NEWNS, MNT_DETACH, MS_PRIVATE, MS_REC

CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x4000000, 0x8000000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 2, 4, 8, 4096
PR_SET_PDEATHSIG = 1
SIGKILL = 9

HIDDEN = "/proc/.fakeproc/real"  # as native/fuse.c has it
# Files of the tree that are seen elsewhere, too.
BINDS = {"/proc/.fakeproc/kmsg": "/dev/kmsg", "/proc/.fakeproc/cgroup": "/sys/fs/cgroup"}

_libc = ctypes.CDLL(None, use_errno=True)


def _do(call: Callable[..., int], *words: object) -> None:
    if call(*words) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def enter() -> None:
    """This process, which must have one thread only, into new namespaces; its next child is the init of a pid
    namespace. Whoever is not root becomes root of a user namespace. LabError where that is refused."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        _do(_libc.unshare, (CLONE_NEWUSER if uid else 0) | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
    except OSError as error:
        raise needs.why_not_unshared(error) from None
    if uid:
        _map_ids(uid, gid)


def _map_ids(uid: int, gid: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends."""
    _do(_libc.prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def leave_mounts() -> None:
    """Into a mount namespace in which nothing is shared with others."""
    _do(_libc.unshare, CLONE_NEWNS)
    _do(_libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)


def mount_proc(place: str = "/proc", options: bytes | None = None) -> None:
    """A real procfs of this pid namespace. LabError where a part of the machine's is hidden."""
    try:
        _do(_libc.mount, b"proc", os.fsencode(place), b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
    except OSError as error:
        what = "parts of /proc are hidden from this container" if os.path.exists("/.dockerenv") else "try as root"
        raise LabError(f"no procfs can be mounted here ({error.strerror}): {what}") from None


def hide_proc() -> None:
    """Below the synthetic /proc, a real one to which the links of real processes lead: of these, and nothing else."""
    mount_proc(HIDDEN, b"subset=pid")


def bind_files() -> list[str]:
    """The files of BINDS that the tree has and the machine has a place for; returns the places."""
    done = []
    for file, place in BINDS.items():
        with contextlib.suppress(OSError):
            os.stat(file)
            _do(_libc.mount, os.fsencode(file), os.fsencode(place), None, MS_BIND, None)
            done.append(place)
    return done


def step_out(proc: int, places: list[str]) -> int:
    """This thread, and those that it starts, to where none of ours is mounted; a descriptor of where it was."""
    before = os.open("thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    leave_mounts()
    for place in [*places, "/proc"]:
        _do(_libc.umount2, os.fsencode(place), MNT_DETACH)
    return before


def start_pids_at(pid: int, proc: int) -> None:
    """Of real processes, so that they stay clear of the synthetic ones."""
    fd = os.open("sys/kernel/ns_last_pid", os.O_WRONLY, dir_fd=proc)
    try:
        os.write(fd, b"%d" % (pid - 1))
    finally:
        os.close(fd)
