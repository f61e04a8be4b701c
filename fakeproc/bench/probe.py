"""Who makes the timed system calls: a small C program, or without a compiler the same in Python."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fakeproc.bench.build import Missing, build

VALUE = b"1000"  # every process may raise its own to this, whoever it belongs to
BATCH = 8  # operations between two looks at the clock


@dataclass(frozen=True)
class Probe:
    """The command that times an operation on several paths, and what to call it."""

    command: tuple[str, ...]
    language: str
    note: str = ""

    def run(self, operation: str, rounds: int, milliseconds: int, paths: list[str]) -> list[list[float]]:
        """Nanoseconds an operation, or a negative errno: a list for each path. Missing where it does not end well."""
        words = [*self.command, operation, str(rounds), str(milliseconds), *paths]
        limit = 60 + rounds * len(paths) * milliseconds / 100
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=limit)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise Missing(f"the prober failed: {error}") from error
        lines = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
        return [list(column) for column in zip(*lines, strict=True)]


def choose_probe(directory: Path) -> Probe:
    """The C prober where it can be built."""
    try:
        return Probe((build("probe", directory),), "C")
    except Missing as why:
        return Probe((sys.executable, "-m", "fakeproc.bench", "probe"), "Python", str(why))


# --- the prober in Python: probe.c, line by line --------------------------------


def open_read_close(path: str, _fd: int) -> None:
    fd = os.open(path, os.O_RDONLY)
    os.read(fd, 64)
    os.close(fd)


def open_write_close(path: str, _fd: int) -> None:
    fd = os.open(path, os.O_WRONLY)
    os.write(fd, VALUE)
    os.close(fd)


def read_open_file(_path: str, fd: int) -> None:
    os.pread(fd, 64, 0)


def write_open_file(_path: str, fd: int) -> None:
    os.pwrite(fd, VALUE, 0)


def ask_status(path: str, _fd: int) -> None:
    os.stat(path)


def read_directory(path: str, _fd: int) -> None:
    os.listdir(path)


OPERATIONS: dict[str, tuple[Callable[[str, int], None], int | None, int]] = {
    "open+read+close": (open_read_close, None, BATCH),
    "open+write+close": (open_write_close, None, BATCH),
    "pread": (read_open_file, os.O_RDONLY, BATCH),
    "pwrite": (write_open_file, os.O_WRONLY, BATCH),
    "stat": (ask_status, None, BATCH),
    "readdir": (read_directory, None, 1),
}


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags)
    except OSError:
        return -1  # and every operation on it is EBADF


def _time(run: Callable[[str, int], None], path: str, fd: int, batch: int, length: float) -> float:
    count, spent, start = 0, 0, time.perf_counter_ns()
    while spent < length:
        for _ in range(batch):
            run(path, fd)
        count += batch
        spent = time.perf_counter_ns() - start
    return spent / count


def _time_or_errno(run: Callable[[str, int], None], path: str, fd: int, batch: int, length: float) -> float:
    try:
        return _time(run, path, fd, batch, length)
    except OSError as error:
        return -(error.errno or errno.EIO)


def main(operation: str, rounds: str, milliseconds: str, *paths: str) -> None:
    """Print what probe.c prints."""
    run, flags, batch = OPERATIONS[operation]
    fds = [-1 if flags is None else _open(path, flags) for path in paths]
    for _ in range(int(rounds)):
        for path, fd in zip(paths, fds, strict=True):
            print(_time_or_errno(run, path, fd, batch, float(milliseconds) * 1e6), end=" ")
        print(flush=True)
