"""A moment as lines of text. Nothing in it breaks a line or a terminal, and no line is wider than asked for."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fakeproc import wording
from fakeproc.top.reading import Moment, Row

PLAIN, HEAD, NEXT, FAINT = "plain", "head", "next", "faint"
BAR = 20
COMM = 15
KEYS = "q quit  p pause  o order"

# What may be sorted by, and how; the first order is that of the OOM killer, which the rows have already.
ORDERS: dict[str, Callable[[Row], Any]] = {
    "points": lambda row: 0,
    "rss": lambda row: -row.resident,
    "score": lambda row: -row.oom_score,
    "adj": lambda row: -row.oom_score_adj,
    "pid": lambda row: row.pid,
    "comm": lambda row: row.comm,
}


@dataclass(frozen=True)
class Line:
    """A line and how it is to look."""

    text: str
    style: str = PLAIN


def whole(moment: Moment, order: str) -> list[Line]:
    """Everything, however much it is."""
    return [*_head(moment, ""), *_table(moment, order), *_log(moment, len(moment.log) + 1)]


def frame(moment: Moment, order: str, width: int, height: int, note: str = "") -> list[Line]:
    """The lines of a screen of that size. Where it is small, processes go from the end, then the log."""
    head = list(_head(moment, note))
    room = max(0, height - len(head))
    log = _log(moment, room // 4)
    table = list(islice(_table(moment, order), room - len(log)))
    space = [Line("")] * (room - len(table) - len(log))
    lines = [*head, *table, *space, *log][:height]
    return [Line(cut(line.text, width), line.style) for line in lines]


# --- above -------------------------------------------------------------------------------------


def _head(moment: Moment, note: str) -> Iterator[Line]:
    place, kernel = wording.printable(moment.place), wording.printable(moment.kernel)
    yield Line(f"kernel {kernel}  up {_clock(moment.now)}  {len(moment.rows)} processes{note}  {place}")
    memory = moment.memory
    yield Line(_bar("RAM", memory.get("MemTotal", 0), memory.get("MemAvailable", memory.get("MemFree", 0))))
    yield Line(_bar("swap", memory.get("SwapTotal", 0), memory.get("SwapFree", 0)) + _pressure(moment))
    yield Line(wording.printable(moment.outcome), NEXT)
    yield Line(COLUMNS, HEAD)


def _clock(nanoseconds: int) -> str:
    """ "1:02:03", or "12.3 s" in the first minute."""
    seconds = nanoseconds // 10**9
    if seconds < 60:
        return f"{nanoseconds / 1e9:.1f} s"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _bar(name: str, total: int, free: int) -> str:
    if not total:
        return f"{name:4} none"
    used = min(max(total - free, 0), total)
    full = round(BAR * used / total)
    return f"{name:4} [{'#' * full}{'.' * (BAR - full)}] {size(used)} of {size(total)}"


def _pressure(moment: Moment) -> str:
    averages = "  ".join(f"{kind} {value} %" for kind, value in moment.pressure.items())
    return f"   pressure {averages}" if averages else ""


# --- the table ---------------------------------------------------------------------------------

COLUMNS = f"        PID {'COMM':{COMM}} S    ADJ SCORE     POINTS       RSS      SWAP  WHY"


def _table(moment: Moment, order: str) -> Iterator[Line]:
    for row in sorted(moment.rows, key=ORDERS[order]):
        is_next = row.pid == moment.victim
        yield Line(("->" if is_next else "  ") + _cells(row), NEXT if is_next else PLAIN)


def _cells(row: Row) -> str:
    points = "-" if row.points is None else str(row.points)
    who = f"{row.pid:9} {pad(wording.printable(row.comm), COMM)} {wording.printable(row.state):1.1}"
    weight = f"{row.oom_score_adj:6} {row.oom_score:5} {points:>10} {size(row.resident):>9} {size(row.swapped):>9}"
    return f"{who} {weight}  {wording.printable(row.why)}".rstrip()


def size(count: int) -> str:
    """ "12.3 GiB", "840 MiB", "16 KiB"."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f} GiB"
    if count >= 1 << 20:
        return f"{count >> 20} MiB"
    return f"{count >> 10} KiB" if count else "0"


# --- below -------------------------------------------------------------------------------------


def _log(moment: Moment, most: int) -> list[Line]:
    """The newest lines, with a title of their own."""
    if most < 2 or not moment.log:
        return []
    return [Line("kernel log", HEAD), *(Line(wording.printable(line), FAINT) for line in moment.log[1 - most :])]


# --- widths ------------------------------------------------------------------------------------


def _width(c: str) -> int:
    """How many cells of a terminal it takes."""
    if unicodedata.category(c) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def cut(text: str, width: int) -> str:
    """As much of it as fits into so many cells."""
    at = 0
    for i, c in enumerate(text):
        at += _width(c)
        if at > width:
            return text[:i]
    return text


def pad(text: str, width: int) -> str:
    """Exactly that many cells."""
    short = cut(text, width)
    return short + " " * (width - sum(map(_width, short)))
