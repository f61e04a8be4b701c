"""A lab for programs: `fakeproc run` in a process of its own, and what it came to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fakeproc.lab import LabError

SPARE = 30.0  # seconds for a lab to open and to close


@dataclass(frozen=True)
class Signal:
    """One signal to a process of the world. at: nanoseconds from the start; by: who sent it, "" where nobody knows;
    mem_available: bytes, as meminfo said then; outcome: "died at 1.234 s", "lives on" or "pending"."""

    at: int
    pid: int
    comm: str
    signal: str
    by: str
    mem_available: int
    outcome: str


@dataclass(frozen=True)
class LabRun:
    """What a command did in a lab. code: that of `fakeproc run`; output: what the command printed, both streams;
    verdict: what --json says."""

    code: int
    output: str
    verdict: dict[str, Any] = field(repr=False)

    @property
    def signals(self) -> list[Signal]:
        """In the order in which they came."""
        return [Signal(**one) for one in self.verdict["signals"]]

    @property
    def killed(self) -> list[str]:
        """The names of those who died of a signal, in the order of their deaths."""
        dead = [one for one in self.signals if one.outcome.startswith("died")]
        return list(dict.fromkeys(one.comm for one in dead))

    @property
    def killed_by_kernel(self) -> list[str]:
        """The names of those whom the kernel's OOM killer chose."""
        return [one["comm"] for one in self.verdict["kernel_kills"]]

    @property
    def holds(self) -> bool:
        """Whether everything that the scenario expects came true."""
        return bool(self.verdict["holds"])

    def __str__(self) -> str:
        from fakeproc.lab import watch

        return watch.text(self.verdict)


def run(command: Sequence[str | os.PathLike[str]], options: Sequence[str] = (), seconds: float | None = None) -> LabRun:
    """The command in a lab of its own, until it ends, or for so long. options: those of `fakeproc run`.

    LabError where there is no lab here, or the options ask for what there is not; the message says why.
    """
    if isinstance(command, str):
        raise LabError(f"{command!r} is one text: write a list: {command.split()!r}")
    limit = ["--for", f"{seconds} s"] if seconds is not None else []
    words = [sys.executable, "-P", "-m", "fakeproc", "run", "--json", *options, *limit, "--"]
    done = subprocess.run(
        [*words, *(os.fspath(word) for word in command)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=None if seconds is None else seconds + SPARE,
        check=False,
    )
    if not done.stdout.startswith("{"):
        raise LabError(done.stderr.strip().removeprefix("fakeproc: ") or "the lab was killed")
    return LabRun(done.returncode, done.stderr, json.loads(done.stdout))
