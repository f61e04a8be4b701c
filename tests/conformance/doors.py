"""The four doors. Each shows machine.toml under a kernel; a world is changed by commands to .fakeproc/ctl alone."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyfakefs.fake_filesystem_unittest import Patcher

from fakeproc import scenario
from fakeproc.control import Control
from fakeproc.fake_fs import Place, add_to
from fakeproc.mount import mounted
from fakeproc.world import ROOT, Caller, OpenFile, World

from .system_calls import STATUS, SystemCalls, packed, unpacked

MACHINE = Path(__file__).with_name("machine.toml")
AGENT = Path(__file__).with_name("system_calls.py")
LONGEST = 20  # seconds for a lab to end


class Door:
    """A way to the tree: system calls by their names. What a call refuses is an OSError."""

    def __init__(self, name: str, calls: Any) -> None:
        self.name, self._calls = name, calls

    def call(self, name: str, *words: Any) -> Any:
        return self._calls.call(name, *words)

    @contextlib.contextmanager
    def open(self, path: str, flags: int = os.O_RDONLY) -> Iterator[int]:
        fd = self.call("open", path, flags)
        try:
            yield fd
        finally:
            self.call("close", fd)

    def read(self, path: str, count: int = 1 << 16) -> bytes:
        """One read(2) of it."""
        with self.open(path) as fd:
            found = self.call("read", fd, count)
        assert isinstance(found, bytes)
        return found

    def write(self, path: str, data: bytes) -> int:
        """One write(2): how many bytes were taken."""
        with self.open(path, os.O_WRONLY) as fd:
            return int(self.call("write", fd, data))

    def ctl(self, *lines: str) -> None:
        self.write("/.fakeproc/ctl", "".join(f"{line}\n" for line in lines).encode())

    @contextlib.contextmanager
    def acting(self, uid: int) -> Iterator[None]:
        """Calls are judged as those of this user, until the end of the block."""
        self._calls.act(uid)
        try:
            yield
        finally:
            self._calls.act(None)

    def is_gone(self, pid: int) -> bool:
        """Dead, whether its parent has waited for it or not."""
        try:
            return b"\nState:\tZ" in self.read(f"/{pid}/status")
        except (FileNotFoundError, ProcessLookupError):  # the one by its name, the other where it is open already
            return True

    def end(self, pid: int) -> None:
        """It exits, and its parent waits for it."""
        self.ctl(f"exit {pid}")
        if str(pid) in self.call("listdir", "/"):
            self.ctl(f"reap {pid}")

    def stat(self, path: str, call: str = "stat") -> dict[str, int]:
        return dict(zip(STATUS, self.call(call, path), strict=True))


class CoreCalls:
    """The calls of the Python API under the names of system calls."""

    def __init__(self, world: World) -> None:
        self.world, self.files, self.who = world, dict[int, OpenFile](), ROOT

    def call(self, name: str, *words: Any) -> Any:
        own = getattr(self, f"_{name}", None)
        return own(*words) if own else getattr(self.world, name)(*words, as_=self.who)

    def act(self, uid: int | None) -> None:
        self.who = ROOT if uid is None else Caller(uid=uid, gid=uid, caps=0)

    def _open(self, path: str, flags: int) -> int:
        fd = max(self.files, default=2) + 1
        self.files[fd] = self.world.open(path, flags, self.who)
        return fd

    def _close(self, fd: int) -> None:
        self.files.pop(fd).close()

    def _read(self, fd: int, count: int) -> bytes:
        return self.files[fd].read(count, self.who)

    def _pread(self, fd: int, count: int, offset: int) -> bytes:
        return self.files[fd].pread(count, offset, self.who)

    def _write(self, fd: int, data: bytes) -> int:
        return self.files[fd].write(data, self.who)

    def _pwrite(self, fd: int, data: bytes, offset: int) -> int:
        return self.files[fd].pwrite(data, offset, self.who)

    def _lseek(self, fd: int, offset: int, whence: int) -> int:
        return self.files[fd].lseek(offset, whence)

    def _fstat(self, fd: int) -> list[int]:
        return _fields(self.files[fd].stat())

    def _lstat(self, path: str) -> list[int]:
        return _fields(self.world.stat(path))

    def _stat(self, path: str) -> list[int]:
        return _fields(self.world.stat(path))


def _fields(status: Any) -> list[int]:
    return [getattr(status, field.removeprefix("st_")) for field in STATUS]


class ActingCalls:
    """Calls of which the control files say whose they are."""

    root = "caller real\n"

    def call(self, name: str, *words: Any) -> Any:
        raise NotImplementedError

    def act(self, uid: int | None) -> None:
        line = f"caller uid={uid} gid={uid}\n" if uid else self.root
        fd = self.call("open", "/.fakeproc/ctl", os.O_WRONLY)
        self.call("write", fd, line.encode())
        self.call("close", fd)


class MountCalls(ActingCalls, SystemCalls):
    """Made by the test itself, whoever runs it."""

    root = "caller uid=0 gid=0 caps=all\n"

    call = SystemCalls.call


class LabCalls(ActingCalls):
    """Made by a process inside of a lab."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin
        assert process.stdout
        self.stdin, self.stdout = process.stdin, process.stdout

    def call(self, name: str, *words: Any) -> Any:
        print(json.dumps([name, *map(packed, words)]), file=self.stdin, flush=True)
        answer = json.loads(self.stdout.readline())
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        return unpacked(answer["result"])


def _world(kernel: str) -> World:
    from fakeproc import rules

    world = scenario.load(MACHINE).build(rules.kernel(kernel))
    Control(world).attach()
    return world


@contextlib.contextmanager
def core(kernel: str, directory: Path) -> Iterator[Door]:
    yield Door("core", CoreCalls(_world(kernel)))


class FakeFsCalls(SystemCalls):
    """Made by the os that pyfakefs gives to code under test; nothing is patched here."""

    def __init__(self, place: Place, module: Any) -> None:
        super().__init__(place.at, module)
        self.place, self.who = place, place.who

    def act(self, uid: int | None) -> None:
        self.place.act_as(self.who if uid is None else Caller(uid=uid, gid=uid, caps=0))


@contextlib.contextmanager
def fake_fs(kernel: str, directory: Path) -> Iterator[Door]:
    with Patcher() as patcher:
        assert patcher.fs
        patcher.pause()
        yield Door("fake_fs", FakeFsCalls(add_to(patcher.fs, _world(kernel)), patcher.fake_modules["os"]))


@contextlib.contextmanager
def mount(kernel: str, directory: Path) -> Iterator[Door]:
    with mounted(_world(kernel), directory):
        calls = MountCalls(str(directory))
        calls.act(None)
        yield Door("mount", calls)


@contextlib.contextmanager
def lab(kernel: str, directory: Path) -> Iterator[Door]:
    command = [sys.executable, "-P", "-m", "fakeproc", "run", "--kernel", kernel, "--scenario", str(MACHINE), "--"]
    with subprocess.Popen(
        [*command, sys.executable, "-S", str(AGENT), "/proc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Door("lab", LabCalls(process))
            process.communicate(timeout=LONGEST)
        finally:
            process.kill()


DOORS = {"core": core, "fake_fs": fake_fs, "mount": mount, "lab": lab}
