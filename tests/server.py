"""`fakeproc mount` as a process of its own, as a person runs it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fakeproc.mount import mounts, unmount

FAKEPROC = [sys.executable, "-P", "-m", "fakeproc"]


class Server:
    """One that has said that it is ready, and what it said until then."""

    def __init__(self, process: "subprocess.Popen[str]", welcome: list[str]) -> None:
        self.process, self.welcome = process, welcome

    def end(self) -> int:
        """Its exit code, once it has ended; whatever else it said is in `rest` and `stderr`."""
        self.rest, self.stderr = self.process.communicate(timeout=20)
        return self.process.returncode


def start(point: str | Path, *options: str) -> "subprocess.Popen[str]":
    command = [*FAKEPROC, "mount", str(point), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="surrogateescape"
    )


def is_mounted(point: str | Path) -> bool:
    return os.path.realpath(point) in mounts()


@contextlib.contextmanager
def cleared(point: str | Path) -> Iterator[None]:
    """Nothing is mounted there afterwards."""
    try:
        yield
    finally:
        while is_mounted(point):
            unmount(os.path.realpath(point))


@contextlib.contextmanager
def serving(point: str | Path, *options: str) -> Iterator[Server]:
    """A server at that mount point, which is ready; nothing is left of it afterwards."""
    with cleared(point), start(point, *options) as process:
        try:
            yield Server(process, _welcome(process))
        finally:
            process.kill()


def _welcome(process: "subprocess.Popen[str]") -> list[str]:
    """What it says up to its last line before it serves."""
    assert process.stdout
    assert process.stderr
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.endswith(" ends it\n"):
            return lines
    raise AssertionError(f"not mounted: {lines} {process.stderr.read()}")


def ask(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return subprocess.run(
        [*FAKEPROC, *arguments], capture_output=True, text=True, errors="surrogateescape", timeout=60, **options
    )
