"""What a world keeps a list of as it happens: the records of the kernel log, and who died of what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LogRecord:
    """One record of the kernel log, as of /dev/kmsg.

    seq: its number; time: in nanoseconds since boot; level: 0 (KERN_EMERG) to 7 (KERN_DEBUG), and 8 times
    the facility for what a program has written there; text: without a newline.
    str() is a line as dmesg(1) prints it.
    """

    seq: int
    time: int
    level: int
    text: str

    def __str__(self) -> str:
        return f"[{self.time // 10**9:5}.{self.time // 1000 % 10**6:06}] {self.text}"


@dataclass(frozen=True)
class Death:
    """What became of a process: it was killed by the OOM killer or by a signal, or it has died.

    how: fakeproc._native.lib.KILLED_BY_OOM, KILLED_BY_SIGNAL or HAS_DIED; time: in nanoseconds since boot; serial: of
    its leader; exit_code: as wait(2) gives it.
    """

    seq: int
    time: int
    pid: int
    serial: int
    how: int
    exit_code: int
    comm: str
