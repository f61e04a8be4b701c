"""Sizes and times as people write them ("900 MiB", "200 ms"), carried as bytes and nanoseconds."""

import re

from fakeproc import wording
from fakeproc.errors import FakeprocError

PAGE = 4096

SIZES = {
    "": 1,
    "B": 1,
    "K": 1 << 10,
    "KiB": 1 << 10,
    "kB": 1 << 10,
    "KB": 1 << 10,
    "M": 1 << 20,
    "MiB": 1 << 20,
    "MB": 1 << 20,
    "G": 1 << 30,
    "GiB": 1 << 30,
    "GB": 1 << 30,
    "T": 1 << 40,
    "TiB": 1 << 40,
    "TB": 1 << 40,
}
TIMES = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 24 * 3600 * 10**9,
}
BIGGEST = 1 << 56  # bytes: more than any Linux machine can address
SMALLEST_RAM = 1 << 20  # a kernel that boots with less was not seen for long
LONGEST = 366 * TIMES["d"]  # nanoseconds; the core's clock goes to 146 years

_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def _quantity(text: str, units: dict[str, int], example: str) -> int:
    match = _QUANTITY.fullmatch(text)
    if not match or match[2] not in units:
        known = " ".join(unit for unit in units if unit)
        raise FakeprocError(f"{text!r} is not understood: write a number and one of {known}, such as {example!r}")
    try:
        return int(float(match[1]) * units[match[2]]) if "." in match[1] else int(match[1]) * units[match[2]]
    except (ValueError, OverflowError):  # more digits than Python converts
        raise FakeprocError(f"{text[:20]!r}...: no machine has that much, and no time is that long") from None


def size(value: int | str) -> int:
    """Bytes of "900 MiB", "900M" (both powers of 1024, as the kernel's memparse) or a number of bytes."""
    count = _whole(value, SIZES, "900 MiB")
    if not 0 <= count <= BIGGEST:
        raise FakeprocError(f"{value!r} is not a size from 0 to {BIGGEST >> 50} PiB")
    return count


def ram(value: int | str) -> int:
    """Bytes of such a size, for a machine."""
    if size(value) < SMALLEST_RAM:
        raise FakeprocError(f"a machine has at least {shown_size(SMALLEST_RAM)} of RAM: write more")
    return size(value)


def pages(value: int | str) -> int:
    """Pages of 4 KiB that hold such a size, rounded up."""
    return -(-size(value) // PAGE)


def shown_size(count: int) -> str:
    """Bytes in the largest unit of which they are a whole number, as one would write them: "900 MiB"."""
    for unit in ("GiB", "MiB", "KiB"):
        if count >= SIZES[unit] and not count % SIZES[unit]:
            return f"{count // SIZES[unit]} {unit}"
    return f"{count >> 20} MiB" if count >= SIZES["MiB"] else f"{count} B"


def shown_time(nanoseconds: int) -> str:
    """Nanoseconds as one would write them: "1.5 s"."""
    return f"{nanoseconds / 10**9:g} s"


def rate(value: str) -> tuple[int, int]:
    """(bytes, nanoseconds) of "50 MiB/s": so many bytes in so long."""
    amount, slash, per = value.rpartition("/")
    if not slash or per.strip() not in TIMES:
        raise FakeprocError(f"{value!r} is not understood: write a size, / and a unit of time, such as '50 MiB/s'")
    return size(amount), TIMES[per.strip()]


def duration(value: int | str) -> int:
    """Nanoseconds of "200 ms" or a number of nanoseconds: a year at most."""
    time = _whole(value, TIMES, "200 ms")
    if not 0 <= time <= LONGEST:
        raise FakeprocError(f"{wording.shown(value)} is not a time from 0 to {LONGEST // TIMES['d']} d")
    return time


def _whole(value: int | str, units: dict[str, int], example: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise FakeprocError(f"{value!r} is not understood: write a whole number, or a text such as {example!r}")
    return value if isinstance(value, int) else _quantity(value, units, example)
