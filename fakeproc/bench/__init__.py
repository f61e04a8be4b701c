"""`fakeproc bench`: the mount beside Python handlers, a minimal C program and the real procfs, in one run."""

import contextlib
import json as json_format
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from fakeproc.bench import core, kernel, lab, ps, table
from fakeproc.bench.measure import FULL, QUICK, Effort, measure, progress
from fakeproc.bench.probe import choose_probe


@contextlib.contextmanager
def one_cpu() -> Iterator[int]:
    """Everything on one CPU: where the scheduler puts a server makes 25 us or 100 us of the same open+read+close."""
    before = os.sched_getaffinity(0)
    cpu = max(before)
    os.sched_setaffinity(0, {cpu})
    try:
        yield cpu
    finally:
        os.sched_setaffinity(0, before)


def _end(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def sigterm_cleans_up() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that nothing stays mounted."""
    try:
        before = signal.signal(signal.SIGTERM, _end)
    except ValueError:  # not the main thread: whoever owns the process decides
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parts(directory: Path, effort: Effort) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is measured beside the rows, as far as the effort goes."""
    progress(f"the core with {effort.core_tasks:,} tasks")
    yield "core", core.measure(effort.core_tasks)
    if effort.ps_rounds:
        progress(f"ps over {effort.large:,} processes")
        yield "ps", ps.measure(directory, effort.large, effort.ps_rounds)
    if effort.kills:
        progress(f"real kills among {effort.large:,} processes")
        yield "kernel", kernel.measure(directory, effort.large, effort.kills)
    progress("placeholders of a lab")
    yield "lab", lab.measure(effort.placeholders)


def bench_command(*, json: bool, quick: bool, stream: TextIO) -> int:
    """Measure and print; 0, or 1 where this mount itself could not be measured (the output says why)."""
    effort = QUICK if quick else FULL
    with sigterm_cleans_up(), one_cpu(), tempfile.TemporaryDirectory(prefix="fakeproc-bench-") as name:
        probe = choose_probe(Path(name))
        rows = measure(Path(name), probe, effort)
        parts = dict(_parts(Path(name), effort))
        result = table.result(rows, parts, probe, effort.left_out)
        progress("")
    stream.write(json_format.dumps(result, indent=1) + "\n" if json else table.text(result))
    return 0 if all("fakeproc" in row["nanoseconds"] for row in result["rows"]) else 1
