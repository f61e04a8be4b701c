"""Answers to system calls that no file system can give: statfs and fstatfs of /proc and /sys/fs/cgroup, signals through
a descriptor of /proc/PID, sysinfo. With --senders, who sends a signal is noted. Every other call goes on as it was.

The main thread of init answers. Who calls waits for it, and it for nobody: of the caller it reads its memory, in
which nobody but the caller can be, and links of the real procfs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fakeproc._native import ffi, lib
from fakeproc.lab import magic
from fakeproc.world import World

# struct statfs of x86-64: type bsize blocks bfree bavail files ffree fsid[2] namelen frsize flags spare[4]
STATFS = struct.Struct("=7q2i3q4q")
# struct sysinfo: uptime loads[3] totalram freeram sharedram bufferram totalswap freeswap procs pad ... unit
SYSINFO = struct.Struct("=q3Q6QHH4xQQI4x")
LONGEST_PATH = PAGE = 4096


EVERYBODY = 0  # where a pid could stand


def name_of(pid: int, proc: int) -> str:
    """Of a real process that may be gone already. proc: a directory of the real procfs."""
    try:
        with os.fdopen(os.open(f"{pid}/comm", os.O_RDONLY, dir_fd=proc), errors="replace") as file:
            return f"{file.read().strip()} ({pid})"
    except OSError:
        return f"pid {pid}"


class Sent(NamedTuple):
    """A signal that is on its way."""

    pid: int
    number: int
    sender: str  # its name, read while it waits: it may be gone once it is answered


class Goes(Exception):
    """The call goes on: it is none of ours. sent: the signal that it sends, if it gets that far."""

    def __init__(self, sent: Sent | None = None) -> None:
        super().__init__()
        self.sent = sent


class Intercept:
    """What comes from one listener."""

    def __init__(self, listener: int, world: World, proc: int) -> None:
        self.listener, self.world, self.proc = listener, world, proc
        self._calls: dict[int, Callable[[Any], Sent | None]] = {
            137: self._statfs,
            138: self._fstatfs,
            424: self._pidfd_send_signal,
            99: self._sysinfo,
            62: self._kill,
            129: self._kill,  # rt_sigqueueinfo
            200: self._kill,  # tkill
            234: self._tgkill,
            297: self._tgkill,  # rt_tgsigqueueinfo
        }

    def answer_next(self) -> Sent | None:
        """One call; what it sends, if it is a signal."""
        call = ffi.new("struct trapped *")
        if lib.intercept_next(self.listener, call):
            return None
        error, goes_on, sent = 0, False, None
        try:
            sent = self._calls[call.number](call)
        except Goes as goes:
            goes_on, sent = True, goes.sent
        except OSError as problem:
            error = errno.EFAULT if problem.errno in (None, errno.EIO) else problem.errno
        lib.intercept_answer(self.listener, call.id, error, goes_on)
        return sent

    # --- calls ----------------------------------------------------------------------------

    def _statfs(self, call: Any) -> None:
        """What is not there, or leads elsewhere, is the kernel's business."""
        path = os.fsdecode(self._text(call, call.words[0]))
        if path and not path.startswith("/"):
            path = os.path.join(self._link(call, "cwd"), path)
        self._tell_magic(call, magic.followed(self.world, path, call.pid))

    def _fstatfs(self, call: Any) -> None:
        self._tell_magic(call, self._link(call, f"fd/{call.words[0]}"))

    def _tell_magic(self, call: Any, path: str | None) -> None:
        number = magic.magic(self.world, path) if path else None
        if number is None:
            raise Goes
        self._write(call, call.words[1], STATFS.pack(number, 4096, 0, 0, 0, 0, 0, 0, 0, 255, 4096, 0, 0, 0, 0, 0))

    def _pidfd_send_signal(self, call: Any) -> Sent:
        """Of a directory of /proc: the real procfs would take that, and a FUSE file system cannot."""
        found = re.fullmatch(r"/proc/([0-9]+)(?: \(deleted\))?", self._link(call, f"fd/{call.words[0]}"))
        if found is None:
            raise Goes(self._sent(call, self._pid_of_pidfd(call), call.words[1]))
        pid, number = int(found[1]), call.words[1]
        self._check_may_kill(call.pid, pid)
        os.kill(pid, number)
        return Sent(pid, number, self._sender(call))

    def _kill(self, call: Any) -> None:
        """A group is named by its leader: every synthetic process has one of its own, and 0 is none of those."""
        pid = int(ffi.cast("int32_t", call.words[0]))
        if not pid:
            raise Goes
        raise Goes(self._sent(call, EVERYBODY if pid == -1 else abs(pid), call.words[1]))

    def _tgkill(self, call: Any) -> None:
        raise Goes(self._sent(call, call.words[0], call.words[2]))

    def _sent(self, call: Any, tid: int, number: int) -> Sent | None:
        """To the process of that thread."""
        if not number:
            return None
        with contextlib.suppress(ProcessLookupError):
            return Sent(self.world.task(tid).tgid if tid else EVERYBODY, number, self._sender(call))
        return None

    def _sender(self, call: Any) -> str:
        """The process whose thread calls."""
        return name_of(int(self._field(f"{call.pid}/status", "Tgid") or call.pid), self.proc)

    def _pid_of_pidfd(self, call: Any) -> int:
        """-1 where it is none. What is told of other descriptors may have to be waited for."""
        if "pidfd" not in self._link(call, f"fd/{call.words[0]}"):
            return -1
        return int(self._field(f"{call.pid}/fdinfo/{call.words[0]}", "Pid") or -1)

    def _field(self, name: str, field: str) -> str:
        """Of a file of the real procfs, a number; "" where it is not there."""
        with contextlib.suppress(OSError), os.fdopen(os.open(name, os.O_RDONLY, dir_fd=self.proc)) as file:
            found = re.search(rf"^{field}:\s*(\d+)$", file.read(), re.MULTILINE)
            return found[1] if found else ""
        return ""

    def _sysinfo(self, call: Any) -> None:
        lines = (line.split() for line in self.world.read("/meminfo").decode().splitlines())
        kib = {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1}
        names = ("MemTotal", "MemFree", "Shmem", "Buffers", "SwapTotal", "SwapFree")
        sizes = (kib.get(name, 0) << 10 for name in names)
        count = min(self.world.task_count, 0xFFFF)
        uptime = self.world.now // 10**9
        self._write(call, call.words[0], SYSINFO.pack(uptime, 0, 0, 0, *sizes, count, 0, 0, 0, 1))

    # --- the caller ---------------------------------------------------------------------------

    def _link(self, call: Any, name: str) -> str:
        """Where a link of its directory in the real procfs leads."""
        try:
            return os.readlink(f"{call.pid}/{name}", dir_fd=self.proc)
        except OSError:
            raise Goes from None

    def _check_may_kill(self, sender: int, pid: int) -> None:
        """kill(2) is init's here, who may always."""
        uid = os.stat(f"{sender}", dir_fd=self.proc).st_uid
        try:
            owner = os.stat(f"{pid}", dir_fd=self.proc).st_uid
        except FileNotFoundError:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from None
        if uid not in (0, owner):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def _text(self, call: Any, address: int) -> bytes:
        """Up to its NUL, a page at a time: what follows may not be there."""
        text = b""
        with self._opened(call, os.O_RDONLY) as fd:
            while b"\0" not in text and len(text) < LONGEST_PATH:
                at = address + len(text)
                text += os.pread(fd, PAGE - at % PAGE, at)
        return text.partition(b"\0")[0]

    def _write(self, call: Any, address: int, text: bytes) -> None:
        with self._opened(call, os.O_WRONLY) as fd:
            os.pwrite(fd, text, address)

    @contextlib.contextmanager
    def _opened(self, call: Any, flags: int) -> Iterator[int]:
        """Its memory; another may have its pid by now, unless it still waits."""
        fd = os.open(f"{call.pid}/mem", flags, dir_fd=self.proc)
        try:
            if not lib.intercept_is_waiting(self.listener, call.id):
                raise Goes
            yield fd
        finally:
            os.close(fd)
