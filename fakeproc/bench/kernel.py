"""The choice of a victim by the kernel that runs here: real kills in a memory cgroup made for it.

python -m fakeproc.bench kernel DIRECTORY TASKS KILLS prints JSON. It is a process of its own, so that it cleans up
also where the bench is killed.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakeproc.bench import core
from fakeproc.bench.build import Missing, build

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GROUP = "fakeproc-bench"
FEW = 10  # processes of the small crowd, whose time is what is not the choice
BYTES_EACH = 192 << 10  # of a process that only waits: 116 KiB of page tables, stack and task on x86
BYTES_OF_THE_KILLS = 64 << 20
BYTES_OF_OTHERS = 512 << 20  # stay free
WORLDS = 9  # of the core, one after the other: a choice in it is short beside an interruption
LONGEST = 60  # seconds; the full effort takes 4

WHAT = [
    "this kernel: CPU time of kills in a memory cgroup, from fault to death, less the same with nobody to choose from:",
    "css_task_iter over the cgroup and oom_badness() of each task. The core: a scan of what it keeps ready.",
]


@dataclass(frozen=True)
class Version:
    """What is called otherwise in cgroup v1 and v2."""

    name: str
    usage: str
    limit: str
    unswapped: str


V1 = Version("v1", "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.swappiness")
V2 = Version("v2", "memory.current", "memory.max", "memory.swap.max")


@dataclass(frozen=True)
class Hierarchy:
    """A mounted hierarchy of memory cgroups, and the directories in it from its root down to our own cgroup."""

    version: Version
    directories: list[Path]

    def home(self) -> Path:
        """The highest where a group can be made: what happens in it is then nobody else's."""
        for directory in self.directories:
            if os.access(directory, os.W_OK) and (self.version is V1 or _has_memory(directory, "subtree_control")):
                return directory
        raise Missing(f"this user may make no memory cgroup in {self.directories[0]}")


def _has_memory(directory: Path, kind: str) -> bool:
    try:
        return "memory" in (directory / f"cgroup.{kind}").read_text().split()
    except OSError:
        return False


def own_cgroup(text: str, version: Version) -> str:
    """The path of our own memory cgroup, of /proc/self/cgroup."""
    for number, controllers, path in (line.split(":", 2) for line in text.splitlines()):
        if "memory" in controllers.split(",") if version is V1 else (number, controllers) == ("0", ""):
            return path
    return "/"


def _way_down(point: str, root: str, own: str) -> list[Path]:
    """From the mount point to our own cgroup, as far as it can be seen."""
    inner = os.path.relpath(own, root)
    way = [Path(point)]
    for part in [] if inner.startswith("..") or inner == "." else inner.split("/"):
        way.append(way[-1] / part)
    return [directory for directory in way if directory.is_dir()]


def hierarchy(mountinfo: str, own: str) -> Hierarchy:
    """Where memory cgroups are mounted, of /proc/self/mountinfo and /proc/self/cgroup. Missing where they are not."""
    for line in mountinfo.splitlines():
        fields, _, more = line.partition(" - ")
        _, _, _, root, point, *_ = fields.split()
        kind, _, options = more.split(maxsplit=2)
        if kind == "cgroup" and "memory" in options.split(","):
            return Hierarchy(V1, _way_down(point, root, own_cgroup(own, V1)))
        if kind == "cgroup2" and _has_memory(Path(point), "controllers"):
            return Hierarchy(V2, _way_down(point, root, own_cgroup(own, V2)))
    raise Missing("no memory cgroups are mounted here")


# --- a place where a kill hurts nobody ------------------------------------------


def _free_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))


def _room_below(directory: Path, version: Version) -> int | None:
    """What its limit leaves; None where it has none."""
    try:
        limit = (directory / version.limit).read_text().strip()
        return None if limit == "max" else int(limit) - int((directory / version.usage).read_text())
    except OSError:  # the root of v2
        return None


def check_room(found: Hierarchy, needed: int) -> None:
    """Missing where the crowd could make memory run out for others."""
    below = [_room_below(directory, found.version) for directory in found.directories]
    room = min([_free_memory() - BYTES_OF_OTHERS, *(room for room in below if room is not None)])
    if room < needed:
        raise Missing(f"it takes {needed >> 20:,} MiB, and {max(0, room) >> 20:,} MiB can be spared")


def check_panic() -> None:
    """Missing where a kill in a cgroup is not what happens."""
    if Path("/proc/sys/vm/panic_on_oom").read_text().strip() == "2":
        raise Missing("vm.panic_on_oom is 2: the machine would panic")


@contextlib.contextmanager
def no_table_of_tasks() -> Iterator[None]:
    """vm.oom_dump_tasks off: a line of the kernel log for each task would be all that is measured."""
    switch = Path("/proc/sys/vm/oom_dump_tasks")
    before = switch.read_text()
    if before.strip() == "0":
        yield
        return
    if not os.access(switch, os.W_OK):
        raise Missing("vm.oom_dump_tasks is on, and this user may not switch it off")
    try:
        switch.write_text("0")
        yield
    finally:
        switch.write_text(before)


def _remove(group: Path) -> None:
    """Its processes are killed already, but may still be ending."""
    deadline = time.monotonic() + 20
    for directory in (group / "crowd", group / "alone", group):
        while directory.exists():
            try:
                directory.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _make(group: Path, version: Version, limit: int) -> None:
    group.mkdir()
    (group / version.limit).write_text(str(limit))
    with contextlib.suppress(OSError):  # a kernel without swap
        (group / version.unswapped).write_text("0")
    if version is V2:
        (group / "cgroup.subtree_control").write_text("+memory")
    else:
        with contextlib.suppress(OSError):  # always on since 5.11
            (group / "memory.use_hierarchy").write_text("1")
    (group / "crowd").mkdir()
    (group / "alone").mkdir()


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """One bench at a time; what an earlier one left there is then nobody's."""
    fd = os.open(home, os.O_RDONLY)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Missing("another bench is measuring it") from error
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def cgroup(home: Path, version: Version, limit: int) -> Iterator[None]:
    """A group with the empty groups crowd and alone in it."""
    group = home / GROUP
    with _only_one(home):
        _remove(group)
        try:
            _make(group, version, limit)
            yield
        finally:
            _remove(group)


# --- the kills ------------------------------------------------------------------


def _reap() -> None:
    """Children, and orphans whose subreaper this is."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _killed(command: list[str]) -> str:
    """What memcg_kill prints. It and all its processes are gone at the end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, errors = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired as error:
        raise Missing(f"the kills took more than {LONGEST} s") from error
    finally:
        process.kill()  # and the crowd dies with it
        process.wait()
        _reap()
    if process.returncode:
        raise Missing((errors.splitlines() or [f"memcg_kill ended with {process.returncode}"])[-1])
    return out


def time_each(lines: str, few: int, many: int) -> float:
    """Nanoseconds for each further task: what the choice among all takes longer, and grows by from few to many."""
    longer: dict[int, list[int]] = {few: [], many: []}
    for crowd, alone, among_all in (map(int, line.split()) for line in lines.splitlines()):
        longer[crowd].append(among_all - alone)
    each = (statistics.median(longer[many]) - statistics.median(longer[few])) / (many - few)
    if each <= 0:
        raise Missing(f"the choice among {many:,} takes no longer than the noise of this machine")
    return each


def nanoseconds_each(directory: Path, tasks: int, kills: int) -> float:
    """What this kernel takes for each task that it chooses from."""
    found = hierarchy(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    version, home, limit = found.version, found.home(), tasks * BYTES_EACH + BYTES_OF_THE_KILLS
    check_panic()
    check_room(found, limit)
    command = [build("memcg_kill", directory), str(home / GROUP), version.usage, version.limit, str(limit)]
    with cgroup(home, version, limit), no_table_of_tasks():
        return time_each(_killed([*command, str(kills), str(FEW), str(tasks)]), FEW, tasks)


def run(directory: Path, tasks: int, kills: int) -> dict[str, Any]:
    """A choice among so many, by this kernel and by the core."""
    kernel = nanoseconds_each(directory, tasks, kills)
    ours = statistics.median(core.select_time(tasks) for _ in range(WORLDS)) / tasks
    return {
        "nanoseconds_each": {"kernel": kernel, "core": ours},
        "select_nanoseconds": {"kernel": kernel * tasks, "core": ours * tasks},
        "ratio": ours / kernel,
        "kills": 4 * kills,
        "what": WHAT,
    }


def measure(directory: Path, tasks: int, kills: int) -> dict[str, Any]:
    """The same in a process of its own; or why it cannot be measured here, as "missing"."""
    words = [sys.executable, "-m", "fakeproc.bench", "kernel", str(directory), str(tasks), str(kills)]
    part = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, errors = part.communicate()
    finally:
        part.terminate()
        part.wait()
    if part.returncode:
        return {"tasks": tasks, "missing": (errors.splitlines() or [f"exit code {part.returncode}"])[-1]}
    found: dict[str, Any] = json.loads(out)
    return {"tasks": tasks} | found


def _end_once(_signal: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # nothing interrupts the cleaning up
    raise KeyboardInterrupt


def main(directory: str, tasks: str, kills: str) -> None:
    signal.signal(signal.SIGTERM, _end_once)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        found = run(Path(directory), int(tasks), int(kills))
    except (Missing, OSError) as why:
        found = {"missing": str(why)}
    print(json.dumps(found))
