"""What a mount shows at one moment. FakeprocError where it is none, or has gone."""

import json
import os
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fakeproc import explain, wording
from fakeproc.errors import FakeprocError
from fakeproc.snapshot import parse
from fakeproc.units import PAGE

LOG_LINES = 100
RECORD = 8192  # bytes: the longest of /dev/kmsg

_RECORD = re.compile(r"[^,]*,[^,]*,(\d{1,18}),[^;]*;(.*)", re.DOTALL)
_AVERAGES = re.compile(r"(some|full) avg10=(\d+\.\d+)")


@dataclass(frozen=True)
class Row:
    """One process; sizes in bytes, points None where it is not eligible."""

    pid: int
    comm: str
    state: str
    resident: int
    swapped: int
    oom_score_adj: int
    oom_score: int
    points: int | None
    why: str


@dataclass(frozen=True)
class Moment:
    """Rows stand in the order in which the OOM killer would choose; now is in nanoseconds since boot."""

    place: str
    kernel: str
    now: int
    rows: list[Row]
    victim: int | None
    outcome: str
    memory: dict[str, int] = field(default_factory=dict)  # bytes, by the names of meminfo
    pressure: dict[str, str] = field(default_factory=dict)  # avg10 of some and full, in percent
    log: list[str] = field(default_factory=list)


class Reader:
    """A mount, asked again and again."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self.was_there = False
        self.kmsg: int | None = None

    def read(self) -> Moment:
        """What it shows now."""
        try:
            moment = self._moment(json.loads(explain.of_mount(self.place, json=True)))
        except (FakeprocError, OSError) as error:
            raise self._refusal(error) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise FakeprocError(f"{self._name} is no mount of fakeproc that this program understands") from None
        self.was_there = True
        return moment

    @property
    def _name(self) -> str:
        return wording.printable(self.place)

    def _refusal(self, error: Exception) -> FakeprocError:
        if self.was_there:
            return FakeprocError(f"{self._name} was unmounted, or its server has ended")
        if isinstance(error, OSError):
            return FakeprocError(f"{self._name}: {error.strerror}: name a mount of fakeproc")
        return FakeprocError(f"{self._name} is no mount of fakeproc: mount one, fakeproc mount {self._name}")

    def _moment(self, found: dict[str, Any]) -> Moment:
        patches = f" with patches {', '.join(map(str, found['patches']))}" if found["patches"] else ""
        rows = [_row(row) for row in found["processes"]]
        self._read_log()
        return Moment(
            place=self.place,
            kernel=f"{found['kernel']}{patches}",
            now=int(found["now"]),
            rows=rows,
            victim=found["would"]["victim"],
            outcome=f"{found['would']['trigger']}: {found['would']['outcome']}",
            memory=parse.meminfo(self._find("meminfo")),
            pressure=dict(_AVERAGES.findall(self._find("pressure/memory").decode("latin-1"))),
            log=list(self.log),
        )

    def _find(self, path: str) -> bytes:
        """That file, which need not be there."""
        with suppress(OSError), open(f"{self.place}/{path}", "rb") as file:
            return file.read()
        return b""

    def _read_log(self) -> None:
        """The records that are new. A reader that was left behind goes on with the oldest there is."""
        if self.kmsg is None:
            self.kmsg = os.open(f"{self.place}/.fakeproc/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        while True:
            try:
                record = os.read(self.kmsg, RECORD)
            except BrokenPipeError:
                continue
            except BlockingIOError:
                return
            if not record:
                return
            self.log.append(logged(record))

    def close(self) -> None:
        if self.kmsg is not None:
            os.close(self.kmsg)
            self.kmsg = None


def _row(found: dict[str, Any]) -> Row:
    return Row(
        pid=int(found["pid"]),
        comm=str(found["comm"]),
        state=str(found["state"]),
        resident=int(found["resident_pages"]) * PAGE,
        swapped=int(found["swapped_pages"]) * PAGE,
        oom_score_adj=int(found["oom_score_adj"]),
        oom_score=int(found["oom_score"]),
        points=int(found["points"]) if found["eligible"] else None,
        why=str(found["why"]),
    )


def logged(record: bytes) -> str:
    """A record as dmesg shows it."""
    text = record.decode("utf-8", "surrogateescape").rstrip("\n")
    match = _RECORD.fullmatch(text)
    return f"[{int(match[1]) / 1e6:12.6f}] {match[2]}" if match else text
