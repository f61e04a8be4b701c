"""What is seen of signals in a lab, and the verdict at its end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fakeproc import units, wording
from fakeproc._native import lib
from fakeproc.log import Death
from fakeproc.scenario.run import Entry, Run
from fakeproc.world import World

PENDING, DIED, IGNORED = "pending", "died", "lives on"
KILLS = {"kernel_kills": "kernel's OOM killer", "other_kills": "killed in the world"}  # how each is told


@dataclass
class Signalled:
    """One signal to a synthetic process. at: nanoseconds from the start; by: who sent it, "" where nobody knows;
    mem_available: bytes, as meminfo said at that moment."""

    at: int
    pid: int
    comm: str
    signal: str
    by: str
    mem_available: int
    outcome: str = ""
    serial: int = field(default=0, repr=False)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def mem_available(world: World) -> int:
    """Bytes, as meminfo says."""
    lines = world.read("/meminfo").decode().splitlines()
    found = next((line for line in lines if line.startswith("MemAvailable:")), "MemAvailable: 0")
    return int(found.split()[1]) << 10


class Watch:
    """Signals in the order in which they came, beside what the kernel of the world did."""

    def __init__(self, run: Run) -> None:
        self.run, self.world = run, run.world
        self.signals: list[Signalled] = []
        self.notes: list[str] = []

    def saw(self, pid: int, serial: int, comm: str, number: int, by: str) -> None:
        at = self.run.witness.since(self.world.now)
        name = signal_name(number)
        self.signals.append(Signalled(at, pid, comm, name, by, mem_available(self.world), serial=serial))

    # --- the end ---------------------------------------------------------------------

    def conclude(self) -> None:
        self.run.witness.look()
        deaths = self.run.witness.deaths
        died = {death.serial: self._told(death) for death in deaths if death.how == lib.HAS_DIED}
        killed = {death.serial for death in deaths}
        for one in self.signals:
            one.outcome = PENDING if one.serial in killed else IGNORED
            one.outcome = died.get(one.serial, one.outcome)

    def _told(self, death: Death) -> str:
        cored = ", core dumped" if os.WCOREDUMP(death.exit_code) else ""
        return f"{DIED} at {_seconds(self.run.witness.since(death.time))}{cored}"

    def entries(self) -> Iterator[Entry]:
        """For the timeline of a run."""
        for one in self.signals:
            by = f" by {one.by}" if one.by else ""
            yield Entry(one.at, "event", f"{one.signal} to {one.comm} ({one.pid}){by}", one.outcome, one.pid)

    def kernel_kills(self) -> list[dict[str, Any]]:
        return self._kills(lambda death: death.how == lib.KILLED_BY_OOM)

    def other_kills(self) -> list[dict[str, Any]]:
        """Without a signal to a placeholder: by a write to cgroup.kill, an event of the scenario, or a line for ctl."""
        signalled = {one.serial for one in self.signals}
        return self._kills(lambda death: death.how == lib.KILLED_BY_SIGNAL and death.serial not in signalled)

    def _kills(self, are_meant: Callable[[Death], bool]) -> list[dict[str, Any]]:
        witness = self.run.witness
        kills = filter(are_meant, witness.deaths)
        return [{"at": witness.since(one.time), "pid": one.pid, "comm": one.comm} for one in kills]

    def faster(self) -> str:
        """Who was the first to kill: "command", "kernel" or "nobody"."""
        kills = self.kernel_kills()
        deadly = [one.at for one in self.signals if one.outcome != IGNORED]
        if not deadly and not kills:
            return "nobody"
        return "kernel" if not deadly or (kills and kills[0]["at"] < deadly[0]) else "command"

    def holds(self) -> bool:
        return all(verdict.holds for verdict in self.run.verdicts)

    def as_dict(self, command: list[str], code: int, ended: str) -> dict[str, Any]:
        signals = [{key: value for key, value in asdict(one).items() if key != "serial"} for one in self.signals]
        return {
            "scenario": self.run.described.file,
            "kernel": str(self.run.world.kernel),
            "command": command,
            "exit_code": code,
            "ended": ended,
            "seconds": round(self.run.now / 1e9, 3),
            "mem_available": mem_available(self.world),
            "signals": signals,
            "kernel_kills": self.kernel_kills(),
            "other_kills": self.other_kills(),
            "faster": self.faster(),
            "verdicts": [verdict._asdict() for verdict in self.run.verdicts],
            "notes": self.notes,
            "holds": self.holds(),
        }


def as_json(verdict: dict[str, Any]) -> str:
    return json.dumps(verdict, indent=1) + "\n"


def text(verdict: dict[str, Any]) -> str:
    """For people."""
    head = f"{verdict['scenario']}, kernel {verdict['kernel']}: {_command(verdict)}"
    lines = [head, *_signals(verdict), *_verdicts(verdict), *(f"note: {note}" for note in verdict["notes"])]
    return "".join(f"{wording.printable(line)}\n" for line in lines)


def _command(verdict: dict[str, Any]) -> str:
    return f"{verdict['command'][0]} {verdict['ended']} after {verdict['seconds']:.1f} s"


def _signals(verdict: dict[str, Any]) -> list[str]:
    rows = [_signal_row(one) for one in verdict["signals"]]
    for kind, words in KILLS.items():
        rows += [(one["at"], f"{_seconds(one['at'])}  {words}  {_who(one)}") for one in verdict[kind]]
    nobody = "nobody else" if verdict["other_kills"] else "nobody"
    alone = "" if verdict["kernel_kills"] else "; the kernel killed nobody"
    told = {
        "command": f"the command was the first to kill{alone}",
        "kernel": "the kernel's OOM killer was faster",
        "nobody": f"{nobody} was killed",
    }
    return [*(row for _, row in sorted(rows, key=lambda row: row[0])), told[verdict["faster"]]]


def _signal_row(one: dict[str, Any]) -> tuple[int, str]:
    by = f" by {one['by'] or 'somebody unknown'}"
    available = f"MemAvailable {one['mem_available'] >> 20} MiB"
    return one["at"], f"{_seconds(one['at'])}  {one['signal']}  {_who(one)}{by}, {available}: {one['outcome']}"


def _who(one: dict[str, Any]) -> str:
    return f"{one['comm']} ({one['pid']})"


def _verdicts(verdict: dict[str, Any]) -> list[str]:
    lines = []
    for one in verdict["verdicts"]:
        word = "PASS" if one["holds"] else "FAIL"
        lines.append(f"{word}  {one['expected']}: {one['seen']} [at {units.shown_time(one['at'])}]")
    return lines


def _seconds(time: int) -> str:
    return f"{time / 1e9:8.3f} s".strip()
