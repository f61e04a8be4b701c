"""Who a task is: its ids and capabilities, and the system calls that change them. No rule lives here."""

from __future__ import annotations

from fakeproc._native import ffi, lib
from fakeproc.caller import Caller
from fakeproc.errors import FakeprocError
from fakeproc.handle import Handle

LAST_ID = (1 << 32) - 2  # behind it is -1, which means "no change" to the system calls


def checked_id(number: int) -> int:
    """The same number; FakeprocError where no user and no group can have it."""
    if not 0 <= number <= LAST_ID:
        raise FakeprocError(f"{number} is no id of a user or a group: write a number from 0 to {LAST_ID}")
    return number


class Credentials(Handle):
    """The ids and capabilities of one task."""

    __slots__ = ()

    def setuid(self, uid: int, gid: int | None = None) -> None:
        """setresgid(2) and setresuid(2) with one id each, as su does it. FakeprocError for what is no id."""
        group = checked_id(uid if gid is None else gid)
        checked_id(uid)
        self._do(lib.task_setresgid, group, group, group)
        self._do(lib.task_setresuid, uid, uid, uid)

    def set_caps(self, effective: int, permitted: int | None = None, inheritable: int = 0) -> None:
        """capset(2), a bit for each capability; permitted: as effective, where it is not given.

        OSError EPERM where it would raise what is not permitted.
        """
        self._do(lib.task_capset, effective, effective if permitted is None else permitted, inheritable)

    def setresuid(self, real: int, effective: int, saved: int) -> None:
        """setresuid(2), -1 = keep. It alone leaves the task undumpable until it execs."""
        self._do(lib.task_setresuid, real, effective, saved)

    def setresgid(self, real: int, effective: int, saved: int) -> None:
        """setresgid(2), -1 = keep."""
        self._do(lib.task_setresgid, real, effective, saved)

    def set_bounding(self, caps: int) -> None:
        """Its bounding set, a bit for each capability: what exec gives to uid 0."""
        self._do(lib.task_set_bounding, caps)

    def set_keepcaps(self, keep: bool = True) -> None:
        """prctl(PR_SET_KEEPCAPS): whether its capabilities outlive a change of uid, until it execs."""
        self._do(lib.task_set_keepcaps, keep)

    def set_dumpable(self, value: int) -> None:
        """prctl(PR_SET_DUMPABLE): 0 hands its files to root. OSError EINVAL for anything but 0 and 1."""
        self._do(lib.task_set_dumpable, value)

    def unshare_user(self) -> None:
        """unshare(CLONE_NEWUSER): every capability, and none that counts here."""
        self._do(lib.task_unshare_user)

    def caller(self) -> Caller:
        """Who this task is for a file operation."""
        c = ffi.new("struct caller *")
        self._do(lib.task_caller, c)
        return Caller(c.pid, c.uid, c.gid, c.caps, c.mems, ffi.string(c.comm).decode("utf-8", "surrogateescape"))
