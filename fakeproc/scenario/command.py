"""fakeproc scenario check and run: is a file valid, and does what it expects come true?"""

from __future__ import annotations

import json as json_format
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TextIO

from fakeproc import files, rules, scenario, units, wording
from fakeproc.errors import ScenarioError
from fakeproc.scenario import record
from fakeproc.scenario.check import problems
from fakeproc.scenario.run import Entry, Run, head
from fakeproc.scenario.sampler import Sampler
from fakeproc.scenario.source import read_text

# --- check -------------------------------------------------------------------------------


def check_command(files: list[str], stream: TextIO) -> int:
    """What each file is, or every mistake in it; 2 where there is one."""
    return max(_check(file, stream) for file in files)


def _check(file: str, stream: TextIO) -> int:
    wrong: list[ScenarioError] = []
    try:
        if scenario.is_file(file):
            wrong = problems(read_text(file), file)
        if not wrong:
            described = scenario.find(file)
            world = described.build()
    except ScenarioError as error:
        wrong = [error]
    if wrong:
        stream.writelines(f"{problem}\n" for problem in wrong)
        return 2
    lengths = {"process": described.processes, "event": described.events, "expect": described.expects}
    counts = ", ".join(wording.counted(len(them), kind) for kind, them in lengths.items())
    stream.write(f"{described.file}: valid: {counts}" + (f": {described.title}\n" if described.title else "\n"))
    missing = world.usage().in_ram + world.own_pages.total - described.ram // units.PAGE
    if missing > 0:
        size = f"{-(-missing * units.PAGE >> 20)} MiB"
        stream.write(f"{described.file}: note: {size} more are in use than there is RAM: who grows next meets it\n")
    return 0


# --- run ---------------------------------------------------------------------------------


def run_command(
    file: str,
    stream: TextIO,
    *,
    kernel: rules.Kernel | None = None,
    until: int | None = None,
    speed: float | None = None,
    json: bool = False,
    recorded: str | None = None,
    quiet: bool = False,
) -> int:
    """Play it and print the timeline and the verdicts; 0, or 1 where a verdict failed."""
    if recorded:
        files.check(recorded)
    run = Run(scenario.find(file), kernel, until, Sampler() if recorded else None)
    entries = []
    if not (json or quiet):
        stream.write(f"{head(run)}\n")
    for entry in _paced(run.play(), speed):
        if json or recorded:
            entries.append(entry)
        if not (json or quiet) and entry.is_told:
            print(entry, file=stream, flush=speed is not None)
    if recorded:
        files.write(recorded, record.text(run, entries).encode())
    _conclude(run, entries, stream, json=json)
    return 0 if all(verdict.holds for verdict in run.verdicts) else 1


def _paced(entries: Iterator[Entry], speed: float | None) -> Iterator[Entry]:
    """Each when its time has come, by a clock that is so many times faster than the wall's."""
    begun = time.monotonic()
    for entry in entries:
        if speed is not None:
            time.sleep(min(max(0.0, begun + entry.at / 1e9 / speed - time.monotonic()), threading.TIMEOUT_MAX))
        yield entry


def _conclude(run: Run, entries: list[Entry], stream: TextIO, *, json: bool) -> None:
    if json:
        stream.write(json_format.dumps(asdict(record.of_run(run, entries)), indent=1) + "\n")
        return
    stream.writelines(f"{verdict}\n" for verdict in run.verdicts)
    passed = sum(verdict.holds for verdict in run.verdicts)
    if run.verdicts:
        stream.write(f"{passed} of {len(run.verdicts)} expectations came true\n")
