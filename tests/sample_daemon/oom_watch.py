"""oom_watch: a small userspace OOM daemon, as somebody might write one.

While less than so much of the memory is available, the process with the highest oom_score is asked to end, and killed
where it does not listen.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 1.0  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Process:
    pid: int
    name: str
    oom_score: int
    resident: int  # KiB

    def __str__(self) -> str:
        return f"{self.name} ({self.pid}), oom_score {self.oom_score}, {self.resident >> 10} MiB"


class OomWatch:
    """Looks at a /proc and kills there; who is asked once is killed when it is found again, patience later."""

    def __init__(
        self,
        minimum: float,
        proc: str = "/proc",
        kill: Callable[[int, int], object] | None = None,
        spared: str = "sshd",
    ) -> None:
        self.minimum, self.proc, self.kill, self.spared = minimum, Path(proc), kill or os.kill, spared
        self.asked: dict[int, float] = {}  # pid: when

    def available(self) -> float:
        """Percent of the memory."""
        lines = (line.split() for line in (self.proc / "meminfo").read_text().splitlines())
        sizes = {words[0]: int(words[1]) for words in lines}
        return 100 * sizes["MemAvailable:"] / sizes["MemTotal:"]

    def processes(self) -> Iterator[Process]:
        """All that can be killed and are still there."""
        for directory in self.proc.iterdir():
            if not directory.name.isdigit() or directory.name == "1":
                continue
            try:
                process = self._process(directory)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while it was looked at
            if process.resident and process.name != self.spared:
                yield process

    def _process(self, directory: Path) -> Process:
        status = dict(line.split(":\t", 1) for line in (directory / "status").read_text().splitlines() if ":\t" in line)
        score = int((directory / "oom_score").read_text())
        return Process(int(directory.name), status["Name"], score, int(status.get("VmRSS", "0").split()[0]))

    def worst(self) -> Process | None:
        killable = [process for process in self.processes() if process.pid != os.getpid()]
        return max(killable, key=lambda process: (process.oom_score, process.resident), default=None)

    def look(self, now: float) -> Process | None:
        """One look; the process that was signalled, if there was need."""
        if self.available() >= self.minimum:
            return None
        process = self.worst()
        if process is None:
            return None
        asked = self.asked.setdefault(process.pid, now)
        if asked != now and now - asked < PATIENCE:
            return None
        try:
            self.kill(process.pid, signal.SIGTERM if asked == now else signal.SIGKILL)
        except ProcessLookupError:
            return None
        return process

    def protect(self) -> None:
        """From the kernel's OOM killer: as far as this user may."""
        try:
            (self.proc / "self" / "oom_score_adj").write_text("-1000\n")
        except PermissionError as error:
            print(f"oom_watch: not protected: {error.strerror}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minimum", type=float, default=10, metavar="PERCENT")
    parser.add_argument("--every", type=float, default=0.1, metavar="SECONDS")
    asked = parser.parse_args()
    watch = OomWatch(asked.minimum)
    watch.protect()
    while True:
        if process := watch.look(time.monotonic()):
            print(f"oom_watch: {process}", flush=True)
        time.sleep(asked.every)


if __name__ == "__main__":
    main()
