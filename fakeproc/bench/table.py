"""What was measured, as one dictionary for machines and one table for people."""

import os
import platform
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from fakeproc.bench.contender import CONTENDERS
from fakeproc.bench.measure import OURS, Row
from fakeproc.bench.probe import Probe

COLUMNS = [contender.name for contender in CONTENDERS]
OTHERS = [name for name in COLUMNS if name != OURS]
WIDTH = 80
HEADINGS = {"Python handlers": "Python", "Python, 1 thread": "1 thread"}
UNITS = [(1e6, "ms"), (1e3, "us"), (1, "ns")]

# what it is, the most it should be, its unit, and where it stands among the results
TARGETS = [
    ("open+read+close by minimal C", 1.1, "x", ("rows", "open+read+close", "ratios", "minimal C")),
    ("open+read+close by Python handlers", 0.35, "x", ("rows", "open+read+close", "ratios", "Python handlers")),
    ("ps, warm, by procfs", 2.5, "x", ("ps", "ratio")),
    ("a write with 2 sharers", 2_000, "ns", ("core", "write_nanoseconds", "2")),
    ("a victim among 1,000,000", 10_000_000, "ns", ("core", "select_nanoseconds", "1000000")),
    ("a victim among 4,000,000", 50_000_000, "ns", ("core", "select_nanoseconds", "4000000")),
    ("100,000 events over 10,000 processes", 2, "s", ("core", "play_seconds", "100000")),
    ("500 placeholders", 0.2, "s", ("lab", "placeholders", "500", "seconds")),
    ("10,000 placeholders", 2, "s", ("lab", "placeholders", "10000", "seconds")),
    ("memory of 10,000 placeholders", 600 << 20, "bytes", ("lab", "placeholders", "10000", "bytes")),
    ("memory of a task", 400, "bytes", ("core", "bytes_a_task")),
]


def _lookup(result: dict[str, Any], place: tuple[str, ...]) -> float | None:
    found: Any = result
    for key in place:
        if isinstance(found, list):
            found = next((row for row in found if row["operation"] == key), {})
        else:
            found = found.get(key, {})
    return found if isinstance(found, float | int) else None


def _target(result: dict[str, Any], what: str, most: float, unit: str, place: tuple[str, ...]) -> dict[str, Any]:
    value = _lookup(result, place)
    return {"what": what, "value": value, "most": most, "unit": unit, "met": None if value is None else value <= most}


def _row(row: Row) -> dict[str, Any]:
    return {
        "operation": row.operation,
        "rounds": max((len(found) for found in row.rounds.values()), default=0),
        "nanoseconds": row.nanoseconds,
        "ratios": row.ratios,
        "missing": row.missing,
        "notes": row.notes,
    }


def result(rows: list[Row], parts: dict[str, dict[str, Any]], probe: Probe, left_out: list[str]) -> dict[str, Any]:
    """Everything that was found, ready for json.dumps()."""
    machine = {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "prober": probe.language,
        "prober_note": probe.note,
    }
    found: dict[str, Any] = {"machine": machine, "columns": COLUMNS, "rows": [_row(row) for row in rows]}
    found |= parts
    return found | {"left_out": left_out} | {"targets": [_target(found, *target) for target in TARGETS]}


# --- for people -----------------------------------------------------------------


def duration(nanoseconds: float) -> str:
    """Three digits and a unit: "23.4 us"."""
    size, unit = next(((size, unit) for size, unit in UNITS if nanoseconds >= size), UNITS[-1])
    value = nanoseconds / size
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"


def _line(first: str, ours: str, others: Iterable[str]) -> str:
    return f"{first:16}{ours:>8}" + "".join(f"{cell:>14}" for cell in others) + "\n"


def _packed(nanoseconds: float) -> str:
    """A duration in a table of many."""
    return duration(nanoseconds).replace(" ", "")


def _ratio(ratio: float | None) -> str:
    """Three digits, as far as they tell anything: 0.07x, 1.06x, 30.8x."""
    return "" if ratio is None else f"{ratio:.{2 if ratio < 10 else 1 if ratio < 100 else 0}f}x"


def _cell(row: dict[str, Any], name: str) -> str:
    if name not in row["nanoseconds"]:
        return "-"
    return f"{_packed(row['nanoseconds'][name])} {_ratio(row['ratios'].get(name)):>5}"


def _comparison(result: dict[str, Any]) -> Iterator[str]:
    yield _line("", OURS, (HEADINGS.get(name, name) for name in OTHERS))
    for row in result["rows"]:
        ours = row["nanoseconds"].get(OURS)
        label = row["operation"].replace(" of ", " ")
        yield _line(label, "-" if ours is None else _packed(ours), (_cell(row, name) for name in OTHERS))


def _footnotes(result: dict[str, Any]) -> Iterator[str]:
    machine = result["machine"]
    yield f"x = time of {OURS} by time of that column: median over rounds, each of which measured all in turn.\n"
    yield f"prober in {machine['prober']}, all on one of {machine['cpus']} CPUs, Linux {machine['kernel']}\n"
    yield "Python: fusepy as nearly everybody calls it, with libfuse's threads; 1 thread: nothreads=True\n"
    if machine["prober_note"]:
        yield f"prober in {machine['prober']}: {machine['prober_note']}\n"
    for name, why in dict.fromkeys((name, why) for row in result["rows"] for name, why in row["missing"].items()):
        yield f"{name} is missing: {why}\n"
    for row in result["rows"]:
        for name, note in row["notes"].items():
            yield f"{row['operation']}, {name}: {note}\n"
    if result["left_out"]:
        yield f"left out by --quick: {', '.join(result['left_out'])}\n"


def _core_line(what: str, value: str, more: str = "") -> str:
    return f"  {what:28}{value:>12}{more}\n"


def _core(core: dict[str, Any]) -> Iterator[str]:
    yield f"the core by itself, {core['tasks']:,} tasks\n"
    if "missing" in core:
        yield f"  missing: {core['missing']}\n"
        return
    for sharers, time in core["write_nanoseconds"].items():
        yield _core_line(f"a write with {int(sharers):,} sharers", duration(time), f"{1e9 / time:>12,.0f} a second")
    yield _core_line("a fork", duration(core["fork_nanoseconds"]), f"{core['fork_seconds']:>12.2f} s for all")
    for crowd, time in core["select_nanoseconds"].items():
        each = f"{time / int(crowd):>12.1f} ns each"
        yield _core_line(f"a victim among {int(crowd):,}", duration(time), each)
    for events, seconds in core["play_seconds"].items():
        load = f"{core['load_seconds'][events]:>12.2f} s to load them"
        yield _core_line(f"{int(events):,} events", f"{int(events) / seconds:,.0f}/s", load)
    saved = core["saved"]
    load = f"{saved['load_seconds'] * 1e3:>12.1f} ms to load, {saved['bytes'] / 1e6:.1f} MB"
    yield _core_line(f"saving {saved['processes']:,} processes", duration(saved["save_seconds"] * 1e9), load)
    yield _core_line("memory of a task", f"{core['bytes_a_task']:.0f} bytes")


def _ps(ps: dict[str, Any]) -> Iterator[str]:
    yield f"{ps['command']}, {ps['processes']:,} processes\n"
    if "missing" in ps:
        yield f"  not measured: {ps['missing']}\n"
        return
    for which, ratio in (("warm", "ratio"), ("cold", "cold_ratio")):
        times = ps[f"{which}_nanoseconds"]
        yield _core_line(f"the mount, {which}", duration(times[OURS]), f"{ps[ratio]:>12.2f} x")
        yield _core_line(f"a real procfs, {which}", duration(times["procfs"]))
    least = f"{ps['floor']:>12.2f} x, the mount {ps['least_ratio']:.2f} x of it"
    yield _core_line("constants, warm", duration(ps["warm_nanoseconds"]["least"]), least)
    yield "  each in a pid namespace of its own, server and client on one CPU; cold: the first run\n"
    yield "  constants: a loop of C on /dev/fuse without library or rules, the least that FUSE costs\n"


def _kernel(kernel: dict[str, Any]) -> Iterator[str]:
    yield f"a victim among {kernel['tasks']:,}, by this kernel and by the core\n"
    if "missing" in kernel:
        yield f"  not measured: {kernel['missing']}\n"
        return
    for who, what in (("kernel", "this kernel"), ("core", "the core")):
        each = f"{kernel['nanoseconds_each'][who]:>12.1f} ns each"
        yield _core_line(what, duration(kernel["select_nanoseconds"][who]), each)
    yield _core_line("the core by this kernel", f"{kernel['ratio']:.4f} x")
    yield f"  {' '.join(kernel['what'])}\n"


def _lab(lab: dict[str, Any]) -> Iterator[str]:
    yield "a lab: real processes behind synthetic ones\n"
    if "missing" in lab:
        yield f"  not measured: {lab['missing']}\n"
    for count, found in lab["placeholders"].items():
        more = f"{found['bytes'] / int(count) / 1024:>12.0f} KiB each"
        yield _core_line(f"{int(count):,} placeholders", duration(found["seconds"] * 1e9), more)
        yield _core_line("a kill, until it has landed", duration(found["kill_nanoseconds"]))
    for how, time in lab.get("call_nanoseconds", {}).items():
        yield _core_line(f"a sysinfo(2), {how}", "-" if time is None else duration(time))


def _scaled(unit: str, most: float) -> tuple[float, str]:
    """What a target is told in: many bytes as MiB."""
    return (1 << 20, "MiB") if unit == "bytes" and most >= 1 << 20 else (1, unit)


def _targets(targets: list[dict[str, Any]]) -> Iterator[str]:
    words = {True: "met", False: "MISSED", None: "not measured"}
    yield "targets\n"
    for target in targets:
        size, unit = _scaled(target["unit"], target["most"])
        value = "-" if target["value"] is None else f"{target['value'] / size:.4g}"
        most = f"{target['most'] / size:g} {unit}"
        yield f"  {target['what']:38}{value:>8}, at most {most}: {words[target['met']]}\n"


SECTIONS = {"core": _core, "ps": _ps, "kernel": _kernel, "lab": _lab}


def _fitting(line: str) -> str:
    """A line that is too long goes on below, indented."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return line if len(line) <= WIDTH else textwrap.fill(line, WIDTH, subsequent_indent=indent)


def text(result: dict[str, Any]) -> str:
    """The table."""
    alone = [tell(result[name]) for name, tell in SECTIONS.items() if name in result]
    blocks = [_comparison(result), _footnotes(result), *alone, _targets(result["targets"])]
    lines = "\n".join("".join(block) for block in blocks).splitlines()
    return "".join(f"{_fitting(line)}\n" for line in lines)
