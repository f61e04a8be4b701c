"""A program on a terminal: what it draws, as lines of text."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator

import pyte

LONGEST = 30  # seconds


class Terminal:
    """A screen that a program draws on."""

    def __init__(self, master: int, lines: int, columns: int) -> None:
        self.master = master
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def until(self, drawn: Callable[[list[str]], bool]) -> list[str]:
        """The lines, once they are as they should be."""
        deadline = time.monotonic() + LONGEST
        while not drawn(self.lines):
            left = deadline - time.monotonic()
            assert left > 0, "\n".join(self.lines)
            if select.select([self.master], [], [], left)[0]:
                self.stream.feed(os.read(self.master, 65536))
        return self.lines


@contextlib.contextmanager
def on_terminal(command: list[str], environment: dict[str, str], lines: int, columns: int) -> Iterator[Terminal]:
    """A program on a terminal of that size; it is gone afterwards."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment = {**inherited, **environment, "TERM": "linux"}
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    try:
        yield Terminal(master, lines, columns)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(master)
