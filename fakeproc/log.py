"""What a world keeps a list of as it happens: the records of the kernel log, and who died of what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LogRecord:
    """One record of the kernel log; time in nanoseconds since boot."""

    seq: int
    time: int
    level: int
    text: str


@dataclass(frozen=True)
class Death:
    """What became of a process: it was killed by the OOM killer or by a signal (lib.KILLED_BY_OOM, KILLED_BY_SIGNAL),
    or it has died (HAS_DIED). Time in nanoseconds since boot; the exit code as wait(2) gives it."""

    seq: int
    time: int
    pid: int
    serial: int
    how: int
    exit_code: int
    comm: str
