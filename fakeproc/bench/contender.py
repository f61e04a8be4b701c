"""What is compared: each contender shows a directory of processes, made for the time of a block."""

import contextlib
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fakeproc import mount
from fakeproc.bench.build import Missing, build, fuse_flags
from fakeproc.errors import FakeprocError

READY_WITHIN = 60  # seconds; 10,000 forks from Python take 0.1


def mount_options() -> list[str]:
    """What every server of the bench is mounted with, so that the client caches alike."""
    words = [f"{name}={value}" if value else name for name, value in mount.OPTIONS.items()]
    return words + (["allow_other"] if mount.others_allowed() else [])


@dataclass(frozen=True)
class Place:
    """Where a contender's processes are, and one of them."""

    root: str
    pid: int
    note: str = ""

    @property
    def file(self) -> str:
        return f"{self.root}/{self.pid}/oom_score_adj"


@dataclass(frozen=True)
class Contender:
    """A column of the table: its name, and how to set it up with so many processes (in a directory for builds)."""

    name: str
    start: Callable[[Path, int], contextlib.AbstractContextManager[Place]]


def stop(process: "subprocess.Popen[str]") -> None:
    """It has been asked to end: wait for it, not for ever."""
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def first_line(process: "subprocess.Popen[str]", what: str) -> str:
    """What it says first. Missing where it says nothing."""
    assert process.stdout
    readable, _, _ = select.select([process.stdout], [], [], READY_WITHIN)
    line = process.stdout.readline() if readable else ""
    if not line:
        raise Missing(f"{what} did not start")
    return line


def _wait_ready(process: "subprocess.Popen[str]", errors: Path, what: str) -> None:
    try:
        first_line(process, what)
    except Missing as why:
        said = errors.read_text(errors="replace").strip().splitlines()
        raise Missing(f"{why}: {said[-1]}" if said else str(why)) from why


@contextlib.contextmanager
def _served(command: list[str], point: Path, count: int) -> Iterator[Place]:
    """A FUSE server in a process of its own; unmounted and gone at the end."""
    point.mkdir(exist_ok=True)
    errors = point.with_suffix(".err")
    with errors.open("w") as sink:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sink, text=True)
    try:
        _wait_ready(process, errors, "its server")
        yield Place(str(point), max(1, count // 2))
    finally:
        process.terminate()  # libfuse unmounts and ends
        stop(process)
        if str(point) in mount.mounts():
            mount.unmount(str(point))


def _server(kind: str) -> Callable[[Path, int], contextlib.AbstractContextManager[Place]]:
    def start(directory: Path, count: int) -> contextlib.AbstractContextManager[Place]:
        point = directory.resolve() / f"{kind}-{count}"
        return _served([sys.executable, "-m", "fakeproc.bench", "serve", kind, str(count), str(point)], point, count)

    return start


def _minimal(directory: Path, count: int) -> contextlib.AbstractContextManager[Place]:
    program = build("minimal_fuse", directory, fuse_flags())
    point = directory.resolve() / f"minimal-{count}"
    return _served([program, str(count), str(point), "-f", "-s", "-o", ",".join(mount_options())], point, count)


def _host_processes() -> int:
    return sum(entry.name.isdigit() for entry in Path("/proc").iterdir())


@contextlib.contextmanager
def _crowded(directory: Path, count: int) -> Iterator[Place]:
    """The real /proc, filled up to so many processes with some that only wait; files are those of the first."""
    wanted = max(1, count - _host_processes() - 1)
    crowd = subprocess.Popen(
        [build("crowd", directory), str(wanted)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        came, first = map(int, first_line(crowd, "the crowd of processes").split())
        if came < wanted:
            raise Missing(f"this machine lets only {came:,} more processes run")
        yield Place("/proc", first, f"{_host_processes():,} processes")
    finally:
        crowd.communicate()
        stop(crowd)


CONTENDERS = [
    Contender("fakeproc", _server("native")),
    Contender("minimal C", _minimal),
    Contender("Python handlers", _server("python")),
    Contender("Python, 1 thread", _server("python-single")),
    Contender("procfs", _crowded),
]


@contextlib.contextmanager
def started(directory: Path, count: int) -> Iterator[tuple[dict[str, Place], dict[str, str]]]:
    """Every contender that can run here by its name, and why the others cannot."""
    places: dict[str, Place] = {}
    missing: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for contender in CONTENDERS:
            try:
                places[contender.name] = stack.enter_context(contender.start(directory, count))
            except (Missing, FakeprocError, OSError) as why:
                missing[contender.name] = str(why)
        yield places, missing
