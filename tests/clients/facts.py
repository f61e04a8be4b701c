"""What is true in a world, in the units in which clients show it. A client's row is compared field by field."""

from collections.abc import Callable
from typing import Any

from fakeproc import units
from fakeproc.world import Task, World

Row = dict[str, Any]
Rows = dict[int, Row]  # by pid


SIZES = {"K": 1, "M": 1 << 10, "G": 1 << 20}


class Rounded:
    """A size in KiB as a client prints it, "962M": equal to all that it can stand for."""

    def __init__(self, text: str) -> None:
        number, unit = (text[:-1], text[-1].upper()) if text[-1].isalpha() else (text, "K")
        digits = len(number.partition(".")[2])
        self.text, self.size = text, SIZES[unit]
        self.value, self.within = float(number) * self.size, self.size / 10**digits if self.size > 1 else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and abs(self.value - other) <= self.within

    def __repr__(self) -> str:
        return self.text

    __hash__ = None  # type: ignore[assignment]


def kib(pages: int) -> int:
    return pages * units.PAGE >> 10


def rss(t: Task) -> int:
    m = t.info.memory
    return kib(m.anon + m.file + m.shmem)


def cmdline(t: Task) -> list[str]:
    text = t.world.read(t.path("cmdline")).decode("utf-8", "surrogateescape")
    return text.split("\0")[:-1]


def args(t: Task) -> str:
    """As ps shows it: the comm in brackets where there is no command line."""
    words = cmdline(t)
    if words:
        return " ".join(words)
    return f"[{t.comm}]" + (" <defunct>" if t.is_zombie else "")


FACTS: dict[str, Callable[[Task], Any]] = {
    "args": args,
    "cmdline": cmdline,
    "comm": lambda t: t.comm,
    "gid": lambda t: t.info.gid,
    "oom": lambda t: int(t.world.read(t.path("oom_score"))),
    "oomadj": lambda t: t.info.oom_score_adj,
    "ppid": lambda t: t.info.ppid,
    "rss": rss,
    "shared": lambda t: kib(t.info.memory.file + t.info.memory.shmem),
    "state": lambda t: t.info.state.decode(),
    "swap": lambda t: kib(t.info.memory.swapents),
    "threads": lambda t: t.info.threads,
    "tids": lambda t: [thread.pid for thread in t.threads],
    "uid": lambda t: t.info.uid,
    "vsz": lambda t: kib(t.info.memory.total_vm),
}


def rows_of(world: World, fields: set[str], chosen: Callable[[Task], bool] = lambda _: True) -> Rows:
    """The processes of a world, told in these fields."""
    return {t.pid: {name: FACTS[name](t) for name in fields} for t in world.processes if chosen(t)}


def meminfo(text: str) -> dict[str, int]:
    """In KiB, by name."""
    return {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in text.splitlines())}


def memory_of(world: World) -> dict[str, int]:
    """The machine's memory in KiB, by the sums of the world and what meminfo adds to them."""
    lines = meminfo(world.read("/meminfo").decode())
    used = world.usage()
    assert lines["AnonPages"] == kib(used.anon)
    assert lines["Mapped"] == kib(used.file + used.shmem)
    assert lines["SwapTotal"] - lines["SwapFree"] == kib(used.swap)
    return lines
