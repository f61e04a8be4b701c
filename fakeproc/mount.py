"""A world through FUSE. fusepy loads libfuse, parses options and runs the loop; C functions of the core answer.

Measured on a 2-core machine, open+read+close: Python handlers 90-200 us, these 25-50 us. The loop has one
thread: nothing in the core blocks, and that is about 30 % quicker a call than libfuse's pool.
"""

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
from types import ModuleType
from typing import Any

from fakeproc import namespaces
from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError
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
    "big_writes": "",
    # Programs read cmdline and environ into 128 KiB, of which the client pins every page for each read: 7 % of a ps.
    "max_read": "16384",
}

# What ends a mount in the foreground.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

LIBFUSE_MISSING = "libfuse 2 is not installed: apt-get install fuse libfuse2 (or your distribution's name for it)"


class MountError(FakeprocError):
    """The world cannot be mounted there; the message says why and what to do."""


def fusepy() -> ModuleType:
    """The fusepy module, which loads libfuse when it is imported. MountError without libfuse."""
    try:
        import fuse
    except OSError as error:
        raise MountError(LIBFUSE_MISSING) from error
    return fuse  # type: ignore[no-any-return]


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


# --- the loop ------------------------------------------------------------------


def _operation_table(fuse: ModuleType, ready: Callable[[], int]) -> ctypes.Structure:
    """fusepy's own struct, extended by the member that it lacks, with the addresses of the core's functions."""

    class Operations(fuse.fuse_operations):  # type: ignore[misc,name-defined]
        _fields_ = [("poll", ctypes.c_void_p)]  # noqa: RUF012

    types = {field[0]: field[1] for field in fuse.fuse_operations._fields_}
    table = Operations(flag_nullpath_ok=1, flag_nopath=1)  # open files are known by their handle
    for i in range(lib.fuse_operation_count()):
        name = ffi.string(lib.fuse_operation_name(i)).decode()
        address = int(ffi.cast("uintptr_t", lib.fuse_operation_address(i)))
        setattr(table, name, ctypes.cast(address, types.get(name, ctypes.c_void_p)))
    table.init = types["init"](lambda _connection: ready())
    return table


def _arguments(point: str, options: list[str]) -> list[bytes]:
    ours = [f"{name}={value}" if value else name for name, value in OPTIONS.items()]
    words = ["fakeproc", "-f", "-s", "-o", ",".join(ours + options), point]
    return [os.fsencode(word) for word in words]


class Mount:
    """One world (or one after the other) at one mount point.

    adopt: callers that the world does not know become processes of it. Only where synthetic pids cannot be those of
    strangers: NamespaceError elsewhere. proc: where a real procfs is mounted.
    """

    def __init__(
        self,
        world: World,
        path: str,
        caps: str = "root",
        options: list[str] | None = None,
        adopt: bool = False,
        proc: str | os.PathLike[str] = "/proc",
    ) -> None:
        self.fuse = fusepy()
        check_device()
        self.path, self.world, self._before = path, world, world
        self.options = [*(["allow_other"] if others_allowed() else []), *(options or [])]
        self.options += ["nonempty"] if path == "/proc" else []
        self.ready = threading.Event()
        self.adopts, self._proc = adopt, namespaces.open_proc(proc)
        weakref.finalize(self, os.close, self._proc)
        if adopt:
            namespaces.check_adoption(self._proc)
        self._adopt_in(world)
        pointer = lib.mount_new(world._w, self._address("fuse_get_context"), CAPS_POLICIES[caps], self._proc)
        lib.fuse_set_poll(self._address("fuse_notify_poll"), self._address("fuse_pollhandle_destroy"))
        self.pointer = ffi.gc(pointer, lib.mount_free)
        world.set_boot_time(time.time_ns() - world.now)

    def _address(self, function: str) -> Any:
        """Of a function of libfuse."""
        return ffi.cast("void *", ctypes.cast(getattr(self.fuse._libfuse, function), ctypes.c_void_p).value)

    def _adopt_in(self, world: World) -> None:
        if self.adopts and (error := lib.world_adopt(world._w, self._proc)):
            raise MountError(f"nobody can be adopted: {os.strerror(-error)}")

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
        lib.fuse_set_caller(self.world._w, who.native() if who else ffi.NULL)

    def run(self, on_ready: Callable[[], None] = lambda: None) -> int:
        """Mount and answer until it is unmounted or interrupted; returns libfuse's exit status."""
        address = int(ffi.cast("uintptr_t", self.pointer))

        def is_ready() -> int:
            lib.mount_start(self.pointer)
            self.ready.set()
            on_ready()
            return address

        return self._main(_operation_table(self.fuse, is_ready), _arguments(self.path, self.options), address)

    def _main(self, table: ctypes.Structure, words: list[bytes], address: int) -> int:
        """fuse_main() in its three steps: nobody may be woken any more when libfuse takes its channel down."""
        libfuse = self.fuse._libfuse
        libfuse.fuse_setup.restype = ctypes.c_void_p
        argv = (ctypes.c_char_p * len(words))(*words)
        point, threads, private = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_void_p(address)
        size, outs = ctypes.sizeof(table), (ctypes.byref(point), ctypes.byref(threads))
        session = ctypes.c_void_p(libfuse.fuse_setup(len(words), argv, ctypes.byref(table), size, *outs, private))
        if not session:
            return 1
        try:
            with namespaces.stepped_out(self.path, self._proc) if self.adopts else contextlib.nullcontext():
                status = self._loop(session)
        finally:
            libfuse.fuse_teardown(session, point)
        return 1 if status == -1 else 0

    def _loop(self, session: ctypes.c_void_p) -> int:
        try:
            return int(self.fuse._libfuse.fuse_loop(session))
        finally:
            lib.mount_stop(self.pointer)


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
        mount.run(is_ready)
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
) -> Iterator[Mount]:
    """Mount a world while the block runs, answered by a thread of this process.

    Whoever uses the mount from this process must not hold the interpreter while the core waits for it: that
    concerns only the files of .fakeproc, and os.open() and friends let the interpreter go.
    """
    point = check_mount_point(path, adopt=adopt)
    mount = Mount(world, point, caps, options, adopt)
    thread = threading.Thread(target=mount.run, name=f"fakeproc at {point}", daemon=True)
    thread.start()
    while not mount.ready.wait(0.05):
        if not thread.is_alive():
            raise MountError(f"libfuse could not mount at {point}")
    try:
        yield mount
    finally:
        unmount(point)
        thread.join(10)
