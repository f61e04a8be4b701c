"""`ps` over many processes: on the mount, on the least that a FUSE server can be, and on a real procfs, side by side.

Each has a pid namespace of its own. The real one holds that many real processes, each with its own memory, and its own
procfs; in the others a mount lies over /proc. The first run of each is cold: the kernel knows no name yet.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakeproc.bench.build import Missing, build
from fakeproc.bench.contender import first_line, stop

COMMAND = ["ps", "-eo", "pid,comm,rss,oom"]
PRIVATE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
NOT_ROOT = ["--user", "--map-root-user"]
BYTES_EACH = 64 << 10  # of a process that only waits: 47 KiB of page tables, stack and task on x86
BYTES_OF_OTHERS = 512 << 20  # stay free
LONGEST = 120  # seconds for a run
# init of the namespace with the mount: it ends with its input, and everything with it
SERVE = ["sh", "-c", '"$@" </dev/null & exec cat >/dev/null', "sh"]
BIND = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /proc && exec "$@"']
TIMER = """
import subprocess, sys, time
start = time.perf_counter_ns()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
print(time.perf_counter_ns() - start, done.stdout.count(b"\\n"))
"""


@dataclass(frozen=True)
class Namespace:
    """A pid namespace, by its init, and what binds the mount over /proc in it."""

    init: int
    bind: list[str]

    def run(self, count: int) -> int:
        """Nanoseconds of one ps. Missing where it does not list that many."""
        enter = ["nsenter", "--target", str(self.init), "--mount", "--pid"]
        enter += ["--user", "--preserve-credentials"] if os.geteuid() else []
        command = [*enter, *self.bind, sys.executable, "-c", TIMER, *COMMAND]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise Missing(f"ps failed: {getattr(error, 'stderr', '') or error}") from error
        nanoseconds, lines = map(int, done.stdout.split())
        if lines < count:
            raise Missing(f"ps listed {lines:,} of {count:,} processes")
        return nanoseconds


def _check() -> None:
    for tool in ("unshare", "nsenter", "ps"):
        if not shutil.which(tool):
            raise Missing(f"{tool} is not installed: apt-get install util-linux procps")


def _check_room(count: int) -> None:
    """Missing where so many processes would take the memory of others."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    if free - BYTES_OF_OTHERS < count * BYTES_EACH:
        raise Missing(f"{count:,} processes take {count * BYTES_EACH >> 20:,} MiB, {free >> 20:,} MiB are free")


@contextlib.contextmanager
def _namespace(command: list[str], what: str) -> Iterator[tuple[int, str]]:
    """Its init, which runs that, and the line that it printed; gone at the end."""
    private = [*PRIVATE, *(NOT_ROOT if os.geteuid() else [])]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*private, *command], text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]
    try:
        try:
            line = first_line(process, what)
        except Missing as why:
            process.kill()
            raise Missing(f"{why}: {process.communicate()[1].strip()}") from why
        yield int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()), line
    finally:
        process.stdin.close()  # its end is that of init, and of all
        stop(process)
        process.stdout.close()
        process.stderr.close()


@contextlib.contextmanager
def _real(directory: Path, count: int) -> Iterator[Namespace]:
    with _namespace([build("herd", directory, ["-static"]), str(count - 1)], "a crowd of processes") as (init, line):
        if int(line) < count - 1:
            raise Missing(f"this machine lets only {int(line):,} more processes run")
        yield Namespace(init, [])


@contextlib.contextmanager
def _served(directory: Path, name: str, server: list[str]) -> Iterator[Namespace]:
    """server: a command without its last word, the mount point."""
    point = directory.resolve() / f"ps-{name}"
    point.mkdir()
    with _namespace([*SERVE, *server, str(point)], f"the server of {name}") as (init, _):
        yield Namespace(init, [*BIND, str(point)])


def _ours(directory: Path, count: int) -> contextlib.AbstractContextManager[Namespace]:
    server = [sys.executable, "-m", "fakeproc.bench", "serve", "adopting", str(count)]
    return _served(directory, "fakeproc", server)


def _least(directory: Path, count: int) -> contextlib.AbstractContextManager[Namespace]:
    return _served(directory, "least", [build("least_fuse", directory), str(count)])


PLACES = {"fakeproc": _ours, "least": _least, "procfs": _real}


def _ratios(times: list[dict[str, int]], by: str) -> float:
    return statistics.median(time["fakeproc"] / time[by] for time in times)


def run(directory: Path, count: int, rounds: int) -> dict[str, Any]:
    """All in turn: a cold run, then so many warm ones."""
    _check()
    _check_room(count)
    with contextlib.ExitStack() as stack:
        places = {name: stack.enter_context(start(directory, count)) for name, start in PLACES.items()}
        cold, *warm = [{name: place.run(count) for name, place in places.items()} for _ in range(rounds + 1)]
    return {
        "cold_nanoseconds": cold,
        "warm_nanoseconds": {name: statistics.median(times[name] for times in warm) for name in PLACES},
        "cold_ratio": _ratios([cold], "procfs"),
        "ratio": _ratios(warm, "procfs"),
        "least_ratio": _ratios(warm, "least"),
        "floor": statistics.median(times["least"] / times["procfs"] for times in warm),
    }


def measure(directory: Path, count: int, rounds: int) -> dict[str, Any]:
    """The same; or why it cannot be measured here, as "missing"."""
    head = {"processes": count, "rounds": rounds, "command": " ".join(COMMAND)}
    try:
        return head | run(directory, count, rounds)
    except (Missing, OSError, ValueError) as why:
        return head | {"missing": " ".join(str(why).split())}
