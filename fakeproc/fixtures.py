"""What the fixtures of the pytest plugin are made of, loaded when the first of them is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pyfakefs.fake_filesystem_unittest import Patcher, Pause

from fakeproc import fake_fs, libfuse, mount, rules, scenario, units
from fakeproc.control import table
from fakeproc.errors import FakeprocError
from fakeproc.lab import LabError, outside
from fakeproc.world import World

LOG_LINES = 20
FAKE_FS = fake_fs  # loaded with this: see pytest_generate_tests


# --- the marker ----------------------------------------------------------------------


@dataclass(frozen=True)
class Marked:
    """What @pytest.mark.scenario(name, kernel=...) asks for. file: the scenario as `fakeproc run` finds it, None: the
    marker names none; kernels: None where it leaves that to the scenario."""

    file: str | None = None
    kernels: tuple[str, ...] | None = None

    def world(self, kernel: str | None) -> World:
        """Its machine at the beginning, by the rules of that kernel or of the scenario's own."""
        if self.file is None:
            return World(kernel) if kernel else World()
        return World.from_scenario(self.file, kernel)


def marked(beside: Path, words: Sequence[Any], options: Mapping[str, Any]) -> Marked:
    """The marker of a test in that file. FakeprocError for what it cannot mean."""
    try:
        return _marked(beside, *words, **options)
    except TypeError:
        raise FakeprocError('write @pytest.mark.scenario("leak.toml", kernel=["4.7", "4.8"])') from None


def _marked(beside: Path, name: str | None = None, *, kernel: str | Sequence[str] | None = None) -> Marked:
    kernels = (kernel,) if isinstance(kernel, str) else None if kernel is None else tuple(kernel)
    if kernels == () or (name is None and kernels is None):
        raise TypeError("nothing is asked for")
    for version in kernels or ():
        rules.kernel(_text(version))
    if name is None:
        return Marked(None, kernels)
    file = beside.with_name(os.fspath(name))
    found = str(file) if file.exists() or file.suffix == ".toml" else name
    scenario.find(found)  # where it is wrong this says so
    return Marked(found, kernels)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


# --- what is to be had here ------------------------------------------------------------


def real_machine() -> AbstractContextManager[object]:
    """For a block that no pyfakefs may lead astray: it would hide libfuse, devices and pipes."""
    patcher = Patcher.PATCHER
    return Pause(patcher) if patcher and patcher.is_patching else nullcontext()


@cache
def why_no_mount() -> str:
    """ "", or why nothing can be mounted here."""
    try:
        with real_machine():
            libfuse.fusepy()
            mount.check_device()
    except libfuse.MountError as error:
        return str(error)
    return ""


@cache
def why_no_lab() -> str:
    """ "", or why no lab can be opened here."""
    try:
        with real_machine():
            outside.run(["true"])
    except LabError as error:
        return str(error)
    return ""


class OomLab:
    """oom_lab(command, time="10 s"): an unmodified program on the machine of the test's scenario, and what it did."""

    def __init__(self, asked: Marked, kernel: str | None) -> None:
        self._options = ["--scenario", asked.file] if asked.file else []
        self._options += ["--kernel", kernel] if kernel else []
        self.runs: list[outside.LabRun] = []

    def __call__(
        self,
        command: Sequence[str | os.PathLike[str]],
        time: int | str | None = "10 s",
        options: Sequence[str] = (),
    ) -> outside.LabRun:
        """Run it until it ends, or for so long on the wall ("500 ms" or nanoseconds; None: until it ends).

        options: further ones of `fakeproc run`, such as ["--intercept"]. LabError where they cannot be.
        """
        seconds = None if time is None else units.duration(time) / 1e9
        with real_machine():
            done = outside.run(command, [*self._options, *options], seconds)
        self.runs.append(done)
        return done


# --- the report of a test that fails -------------------------------------------------


def sections(values: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Title and text: the worlds among these values, and the runs of labs."""
    for world in dict.fromkeys(value for value in values if isinstance(value, World)):
        yield "fakeproc: the world", table(world)
        lines = [f"[{one.time / 1e9:12.6f}] {one.text}" for one in world.kmsg[-LOG_LINES:]]
        if lines:
            yield "fakeproc: the kernel log", "\n".join(lines)
    for value in values:
        for run in value.runs if isinstance(value, OomLab) else ():
            yield "fakeproc: the lab", str(run)
