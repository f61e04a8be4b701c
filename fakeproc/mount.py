"""A world through FUSE. fusepy loads libfuse, parses options and runs the loop; C functions of the core answer.

Measured on a 2-core machine, open+read+close: Python handlers 90-200 us, these 25-50 us. The loop has one
thread: nothing in the core blocks, and that is about 30 % quicker a call than libfuse's pool.
"""

import atexit
import contextlib
import ctypes
import errno
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fakeproc import namespaces
from fakeproc._native import ffi, lib
from fakeproc.caller import native_of
from fakeproc.errors import FakeprocError
from fakeproc.libfuse import Arguments, Libfuse
from fakeproc.libfuse import MountError as MountError
from fakeproc.world import Caller, World

CAPS_POLICIES = {"root": lib.CAPS_ROOT, "caller": lib.CAPS_CALLER}

# Names may be cached, what they stand for may not: a dead pid is ENOENT at once. Inode numbers are ours. Longer than a
# look at all processes takes: ps over 10,000 takes 2 s with the names known, 3 without.
OPTIONS = {
    "fsname": "fakeproc",
    "subtype": "fakeproc",
    "entry_timeout": "60",
    "attr_timeout": "0",
    "negative_timeout": "0",
    "use_ino": "",
    "atomic_o_trunc": "",
    "hard_remove": "",  # libfuse would rename a file that is open, and ENOENT is no answer to an unlink
    "big_writes": "",
    # Programs read cmdline and environ into 128 KiB, of which the client pins every page for each read: 7 % of a ps.
    "max_read": "16384",
}

# What ends a mount in the foreground.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# --- the mount point -----------------------------------------------------------


def mounts() -> dict[str, str]:
    """Where something is mounted on this machine, and its file system type (the last one on top)."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
        found[point.encode("latin-1").decode("utf-8", "surrogateescape")] = right.split()[0]
    return found


def is_dead(point: str) -> bool:
    """A mount whose server is gone: every look at it is ENOTCONN."""
    try:
        os.stat(point)
    except OSError as error:
        return error.errno == errno.ENOTCONN
    return False


def is_ours(kind: str | None) -> bool:
    """Whether a file system of that type is one of ours."""
    return kind == f"fuse.{OPTIONS['subtype']}"


def unmount(point: str) -> None:
    """Take the mount away, also where it is busy or its server is dead. MountError where that is refused."""
    import shutil
    import subprocess

    tool = shutil.which("fusermount") or shutil.which("fusermount3")
    commands = [[tool, "-u", point], [tool, "-u", "-z", point]] if tool else []
    commands += [["umount", "-l", point]]
    for command in commands:
        if subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
            return
    raise MountError(f"{point} cannot be unmounted: try as root: umount -l {point}")


def check_mount_point(path: str | os.PathLike[str], force: bool = False, adopt: bool = False) -> str:
    """The real path of an empty directory to mount on; MountError, and nothing done, where it is none.

    force takes away a mount of ours that is there, whether its server died or not. Who adopts may mount over /proc.
    """
    point = os.path.realpath(path)
    if adopt and point == "/proc":
        namespaces.check_over_proc(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
        return point
    _check_is_not_proc(point)
    _check_is_free(point, force)
    _check_is_empty_directory(point)
    return point


def _check_is_not_proc(point: str) -> None:
    if os.path.commonpath([point, "/proc"]) == "/proc":
        raise MountError(
            "never over /proc: programs would signal real processes of the synthetic pids; choose an empty directory, "
            "or see --adopt"
        )


def _check_is_free(point: str, force: bool) -> None:
    kind = mounts().get(point)
    if kind is None:
        return
    if force and is_ours(kind):
        unmount(point)
    elif not is_ours(kind):
        raise MountError(f"{point} is already a mount point ({kind}): choose another directory")
    elif is_dead(point):
        raise MountError(
            f"{point} still has the mount of a server that died: run fusermount -u {point}, or add --force"
        )
    else:
        raise MountError(f"{point} is already mounted: choose another directory, or add --force to take its place")


def _check_is_empty_directory(point: str) -> None:
    try:
        entries = os.listdir(point)
    except FileNotFoundError as error:
        raise MountError(f"{point} does not exist: mkdir {point}") from error
    except NotADirectoryError as error:
        raise MountError(f"{point} is not a directory: choose an empty directory") from error
    except OSError as error:
        raise MountError(f"{point} cannot be read ({error.strerror}): choose another directory") from error
    if entries:
        raise MountError(f"{point} is not empty: choose an empty directory")


def others_allowed() -> bool:
    """May the mount be opened to other users (allow_other)?"""
    if os.geteuid() == 0:
        return True
    with contextlib.suppress(OSError):
        return "user_allow_other" in Path("/etc/fuse.conf").read_text().split()
    return False


def check_device() -> None:
    """MountError, with the way out, where /dev/fuse cannot be used."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except FileNotFoundError as error:
        raise MountError("/dev/fuse does not exist: modprobe fuse, or give the container --device /dev/fuse") from error
    except OSError as error:
        raise MountError(
            f"/dev/fuse cannot be opened ({error.strerror}): try as root, or chmod 0666 /dev/fuse"
        ) from error


# --- the mount ----------------------------------------------------------------


def _ours() -> list[str]:
    return [f"{name}={value}" if value else name for name, value in OPTIONS.items()]


class Mount:
    """One world (or one after the other) at one mount point. World.mount() gives one that is answered for.

    It is a path itself: open(mount / "1200/stat"), os.listdir(mount), f"ls {mount}"; `path` has it as a text.
    caps: "root" gives every capability to uid 0, "caller" what the caller really has. options: for FUSE. proc: where a
    real procfs is mounted. speed: its clock goes so many times as fast as the wall's; 0: it stands still. adopt:
    callers that the world does not know become processes of it; only where synthetic pids cannot be those of strangers,
    NamespaceError elsewhere. lab: a real procfs will be mounted at .fakeproc/real, and who is adopted has the files of
    that; and whoever of them dies in the world is killed. MountError without libfuse or /dev/fuse.
    """

    def __init__(
        self,
        world: World,
        path: str,
        caps: str = "root",
        options: list[str] | None = None,
        adopt: bool = False,
        proc: str | os.PathLike[str] = "/proc",
        speed: float = 1.0,
        lab: bool = False,
    ) -> None:
        if caps not in CAPS_POLICIES:
            raise FakeprocError(f"caps {caps!r}: write one of {' '.join(CAPS_POLICIES)}")
        self._libfuse = Libfuse()
        check_device()
        self.path, self.world, self._before = path, world, world
        self.options = [*(["allow_other"] if others_allowed() else []), *(options or [])]
        self.options += ["nonempty"] if path == "/proc" else []
        self.ready = threading.Event()
        self._lock = threading.Lock()
        self._running: int | None = None  # libfuse's handle, while it is safe to speak to
        self.adopts, self._is_lab, self._proc = adopt, lab, namespaces.open_proc(proc)
        weakref.finalize(self, os.close, self._proc)
        if adopt:
            namespaces.check_adoption(self._proc)
        self._adopt_in(world)
        pointer = lib.mount_new(world._w, self._address("fuse_get_context"), CAPS_POLICIES[caps], self._proc)
        lib.fuse_set_poll(self._address("fuse_notify_poll"), self._address("fuse_pollhandle_destroy"))
        self.pointer = ffi.gc(pointer, lib.mount_free)
        world.set_boot_time(time.time_ns() - world.now)
        self.set_speed(speed)

    def _address(self, function: str) -> Any:
        """Of a function of libfuse."""
        return ffi.cast("void *", self._libfuse.address(function))

    def _adopt_in(self, world: World) -> None:
        if self.adopts and (error := lib.world_adopt(world._w, self._proc, self._is_lab)):
            raise MountError(f"nobody can be adopted: {os.strerror(-error)}")

    def __fspath__(self) -> str:
        return self.path

    __str__ = __fspath__

    def __truediv__(self, name: str) -> Path:
        """The path of a file in it, such as mount / "1200/stat"."""
        return Path(self.path, name)

    def serve(self, world: World) -> None:
        """Answer for another world from now on."""
        self._adopt_in(world)
        world.set_boot_time(time.time_ns() - world.now)
        self._before, self.world = self.world, world  # a request that is under way may still be using it
        lib.mount_serve(self.pointer, world._w)

    def set_speed(self, times: float) -> None:
        """How fast the world's clock goes, by that of the wall; 0: it stands still."""
        lib.mount_set_speed(self.pointer, round(times * 1000))

    def look(self) -> None:
        """Let the clock go on to now, as with each request."""
        lib.mount_look(self.pointer)

    def caller(self, who: Caller | None) -> None:
        """Judge the requests that follow as this caller's; None: as the real caller's again."""
        lib.fuse_set_caller(self.world._w, native_of(who) if who else ffi.NULL)

    def run(self, on_ready: Callable[[], None] = lambda: None, heeds_signals: bool = False) -> int:
        """Mount and answer until it is unmounted or stopped; returns libfuse's exit status.

        heeds_signals: SIGINT, SIGTERM and SIGHUP end it, where they have default handlers; only in the main thread.
        """
        address = int(ffi.cast("uintptr_t", self.pointer))

        def is_ready() -> int:
            lib.mount_start(self.pointer)
            self.ready.set()
            on_ready()
            return address

        table, options = self._libfuse.operations(is_ready), [*_ours(), *self.options]
        arguments, point = Arguments.of(options), os.fsencode(self.path)
        channel = self._libfuse.call("fuse_mount", point, arguments)
        sizes = (ctypes.byref(table), ctypes.sizeof(table), address)
        fuse = channel and self._libfuse.call("fuse_new", channel, arguments, *sizes)
        if fuse:
            return self._answer(fuse, channel, heeds_signals)
        if channel:
            self._libfuse.call("fuse_unmount", point, channel)
        return 1

    def _reveal(self, fuse: int, channel: int) -> None:
        """A request that waits for a client is waited for by another thread, see native/stand_in.h."""
        if not self._is_lab:
            return
        places = (ffi.cast("void *", place) for place in (self._libfuse.call("fuse_get_session", fuse), channel))
        names = ("fuse_chan_recv", "fuse_session_process", "fuse_interrupted")
        functions = (self._address(name) for name in names)
        if error := lib.mount_reveal(
            self.pointer, *places, self._libfuse.call("fuse_chan_bufsize", channel), *functions
        ):
            raise MountError(f"adopted processes cannot have their own files: {os.strerror(-error)}")

    def _answer(self, fuse: int, channel: int, heeds_signals: bool) -> int:
        session = self._libfuse.call("fuse_get_session", fuse)
        self._running = fuse
        try:
            self._reveal(fuse, channel)
            if heeds_signals:
                self._libfuse.call("fuse_set_signal_handlers", session)
            with namespaces.stepped_out(self.path, self._proc) if self.adopts else contextlib.nullcontext():
                status = self._loop(fuse)
        finally:
            if heeds_signals:
                self._libfuse.call("fuse_remove_signal_handlers", session)
            self._end(fuse, channel)
        return 1 if status == -1 else 0

    def _loop(self, fuse: int) -> int:
        """Nobody may be woken any more when libfuse takes its channel down, or the thread steps back in."""
        try:
            return int(self._libfuse.call("fuse_loop", fuse))
        finally:
            lib.mount_stop(self.pointer)

    def _end(self, fuse: int, channel: int) -> None:
        self._libfuse.call("fuse_unmount", os.fsencode(self.path), channel)
        with self._lock:
            self._running = None
            self._libfuse.call("fuse_destroy", fuse)

    def stop(self) -> None:
        """End run() in another thread: nothing is mounted when it returns, and files that are open are ENOTCONN."""
        with self._lock:
            if self._running:
                self._libfuse.call("fuse_exit", self._running)
        with contextlib.suppress(OSError):
            os.stat(self.path)  # a request, with which the loop sees that it is to end


class _Stderr:
    """Whatever is written to file descriptor 2, kept until it is released: libfuse says only there why it refuses."""

    def __init__(self) -> None:
        self._before, self._kept = os.dup(2), os.memfd_create("stderr")
        os.dup2(self._kept, 2)

    def release(self) -> str:
        """What was written, as one line; from now on stderr is what it was before."""
        os.dup2(self._before, 2)
        text = os.pread(self._kept, 65536, 0).decode(errors="replace")
        return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def serve(mount: Mount, on_ready: Callable[[], None]) -> None:
    """Mount in the foreground. Ctrl-C, SIGTERM or fusermount -u ends it. MountError where libfuse refuses.

    libfuse takes the signals over between mounting and being ready, and only where they have default handlers:
    until then they have to wait, or they would leave a dead mount behind.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    stderr = _Stderr()

    def is_ready() -> None:
        stderr.release()
        on_ready()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    try:
        mount.run(is_ready, heeds_signals=True)
    finally:
        words = stderr.release()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if not mount.ready.is_set():
        raise MountError(f"libfuse could not mount at {mount.path}: {words or 'it does not say why'}")


@contextlib.contextmanager
def mounted(
    world: World,
    path: str | os.PathLike[str],
    caps: str = "root",
    options: list[str] | None = None,
    adopt: bool = False,
    speed: float = 1.0,
) -> Iterator[Mount]:
    """Mount a world while the block runs, answered by a thread of this process; World.mount() is the way in for users.

    However the block ends, nothing is mounted then. Whoever uses the mount from this process must not hold the
    interpreter while the core waits for it: that concerns only the files of .fakeproc, and os.open() and friends let
    the interpreter go.
    """
    point = check_mount_point(path, adopt=adopt)
    mount = Mount(world, point, caps, options, adopt, speed=speed)
    failed: list[BaseException] = []
    thread = threading.Thread(target=_run, args=(mount, failed), name=f"fakeproc at {point}", daemon=True)
    thread.start()
    atexit.register(mount.stop)
    try:
        while not mount.ready.wait(0.05):
            if not thread.is_alive():
                why = failed[0] if failed else "it says why above"
                raise MountError(f"libfuse could not mount at {point}: {why}")
        yield mount
    finally:
        mount.stop()
        thread.join(10)
        atexit.unregister(mount.stop)


def _run(mount: Mount, failed: list[BaseException]) -> None:
    """In the thread: what goes wrong is told to the one that waits."""
    try:
        mount.run()
    except BaseException as error:
        failed.append(error)
