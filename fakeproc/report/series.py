"""A record as the lines and areas of a picture: the largest processes by themselves, the others together."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from fakeproc import units, wording
from fakeproc.explain import is_report
from fakeproc.scenario.record import Record

LARGEST = 10  # processes with an area of their own
MIB = (1 << 20) // units.PAGE


@dataclass(frozen=True)
class Process:
    """One that is shown by itself. MiB in RAM and in swap, and oom_score_adj, at each time; None: it is not there."""

    label: str
    resident: list[float]
    swap: list[float]
    adj: list[int | None]


@dataclass(frozen=True)
class Series:
    """All that is drawn. Times in seconds, memory in MiB."""

    title: str
    subtitle: str
    ram: float
    end: float
    times: list[float]
    processes: list[Process]  # the largest last
    others: list[float]
    swap: list[float]
    pressure: dict[str, list[float]]
    kills: list[tuple[float, str]]
    entries: list[tuple[float, str, str]]  # time, kind, text
    verdicts: list[tuple[bool, str]]


def series_of(record: Record) -> Series:
    header = record.header
    chosen = _largest(record)
    processes = list(_processes(record, chosen))
    shown = [sum(process.resident[i] for process in processes) for i in range(len(record.samples))]
    patches = f" with patches {', '.join(map(str, header['patches']))}" if header["patches"] else ""
    return Series(
        title=wording.printable(header["title"] or header["scenario"]),
        subtitle=wording.printable(f"{header['scenario']}, kernel {header['kernel']}{patches}"),
        ram=header["ram"] / (1 << 20),
        end=header["end"] / 1e9,
        times=[sample["at"] / 1e9 for sample in record.samples],
        processes=processes,
        others=[max(0.0, sample["ram"] / MIB - part) for sample, part in zip(record.samples, shown, strict=True)],
        swap=[sample["swap"] / MIB for sample in record.samples],
        pressure=_pressure(record),
        kills=[(e["at"] / 1e9, wording.printable(e["text"])) for e in record.entries if _is_kill(e["kind"], e["text"])],
        entries=[
            (e["at"] / 1e9, e["kind"], _text(e["text"], e.get("result", "")))
            for e in record.entries
            if e["kind"] != "log" or is_report(e["text"])
        ],
        verdicts=[(v["holds"], wording.printable(f"{v['expected']}: {v['seen']}")) for v in record.verdicts],
    )


def _is_kill(kind: str, text: str) -> bool:
    return kind == "death" and " is killed by " in text


def _text(text: str, result: str) -> str:
    return wording.printable(f"{text}: {result}" if result else text)


def _largest(record: Record) -> list[str]:
    """Those that held most at some time; the largest last, so that it is on top."""
    peaks: dict[str, int] = defaultdict(int)
    for sample in record.samples:
        for serial, values in sample["processes"].items():
            if values:
                peaks[serial] = max(peaks[serial], values[0] + values[1])
    return sorted((serial for serial in peaks if peaks[serial]), key=peaks.__getitem__)[-LARGEST:]


def _processes(record: Record, chosen: list[str]) -> Iterator[Process]:
    for serial in chosen:
        values: tuple[int, int, int] | None = None
        history = []
        for sample in record.samples:
            values = sample["processes"].get(serial, values)
            history.append(values)
        pid, comm = record.people.get(serial, (0, "?"))
        yield Process(
            label=f"{pid} {wording.printable(comm)}",
            resident=[one[0] / MIB if one else 0.0 for one in history],
            swap=[one[1] / MIB if one else 0.0 for one in history],
            adj=[one[2] if one else None for one in history],
        )


def _pressure(record: Record) -> dict[str, list[float]]:
    """Where the machine told it."""
    kinds = [kind for kind in ("some", "full") if any(f"pressure_{kind}" in sample for sample in record.samples)]
    return {kind: [sample.get(f"pressure_{kind}", 0.0) for sample in record.samples] for kind in kinds}
