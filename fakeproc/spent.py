"""What tasks have used so far: time, faults, switches, bytes."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spent:
    """What a task, a process or the machine has used so far; times in nanoseconds, sizes in bytes.

    nvcsw and nivcsw are voluntary and involuntary switches, rchar to syscw what read(2) and write(2) moved and how
    often they were called, the last three what reached the disk (getrusage(2), task_io_accounting).
    """

    utime: int = 0
    stime: int = 0
    min_flt: int = 0
    maj_flt: int = 0
    nvcsw: int = 0
    nivcsw: int = 0
    rchar: int = 0
    wchar: int = 0
    syscr: int = 0
    syscw: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    cancelled_write_bytes: int = 0


SPENT = tuple(Spent.__dataclass_fields__)


def spent_of(native: Any) -> Spent:
    return Spent(*(getattr(native, name) for name in SPENT))
