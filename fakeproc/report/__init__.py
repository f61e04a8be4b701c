"""fakeproc report: the record of a run as one HTML file that needs nothing else, and as a plot for papers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from fakeproc import files, scenario
from fakeproc.errors import FakeprocError
from fakeproc.scenario import record
from fakeproc.scenario.run import Run
from fakeproc.scenario.sampler import Sampler

if TYPE_CHECKING:
    from fakeproc.rules import Kernel
    from fakeproc.scenario.record import Record
    from fakeproc.scenario.run import Entry


def report_command(
    source: str,
    stream: TextIO,
    *,
    kernel: Kernel | None = None,
    html: str | None = None,
    svg: str | None = None,
    png: str | None = None,
) -> int:
    """Write what is asked for, else NAME.html in the working directory. FakeprocError where there is no matplotlib."""
    check_library()
    from fakeproc.report import page, plot
    from fakeproc.report.series import series_of

    series = series_of(_record(source, kernel))
    if not (html or svg or png):
        html = f"{Path(source).stem}.html"
    written = []
    if html:
        written.append((html, page.html(series).encode("utf-8", "backslashreplace")))
    for file, kind in ((svg, "svg"), (png, "png")):
        if file:
            written.append((file, plot.picture(series, kind)))
    for file, content in written:
        files.write(file, content)
        stream.write(f"wrote {file}\n")
    return 0


def check_library() -> None:
    """FakeprocError where no pictures can be made. Nothing is imported: its threads would keep an ordinary user from
    opening a lab (unshare(2) is EINVAL for a process with several)."""
    if not importlib.util.find_spec("matplotlib"):
        raise FakeprocError("pictures need matplotlib: .venv/bin/pip install matplotlib")


def write_page(run: Run, entries: list[Entry], file: str) -> None:
    """A run that is over, whose sampler has looked at it, as one HTML file. OSError."""
    from fakeproc.report import page
    from fakeproc.report.series import series_of

    text = page.html(series_of(record.of_run(run, entries)))
    files.write(file, text.encode("utf-8", "backslashreplace"))


def _record(source: str, kernel: Kernel | None) -> Record:
    """Of a run that was recorded, or of a scenario, which is run for it."""
    if source not in scenario.bundled_names() and not source.endswith(".toml"):
        if kernel is not None:
            raise FakeprocError("--kernel and --patches are for scenarios: a record tells what was")
        return record.read(source)
    run = Run(scenario.find(source), kernel, sampler=Sampler())
    return record.of_run(run, list(run.play()))
