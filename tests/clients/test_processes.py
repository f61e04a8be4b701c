"""The table of those who show processes: which program, how it is called, and what of the world it has to show."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from fakeproc.world import Task, World

from .facts import FACTS, Rows, rows_of
from .lab import Lab
from .parsers import after_header, atop, columns, pids, pidstat, size, threads


def everybody(_t: Task) -> bool:
    return True


def has_mm(t: Task) -> bool:
    return not (t.is_zombie or t.is_kthread)


def named(*comms: str) -> Callable[[Task], bool]:
    return lambda t: t.comm in comms


@dataclass(frozen=True)
class Client:
    """A program and its arguments; how to read what it prints; whom it shows."""

    name: str
    words: list[str]
    parse: Callable[[str], Rows]
    shows: Callable[[Task], bool] = everybody
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str:
        return self.words[0]


PS_NAMES = ["pid", "ppid", "uid", "gid", "stat", "nlwp", "vsz", "rss", "oom", "oomadj", "comm"]
PS = ["pid", "ppid", "uid", "gid", "state", "threads", "vsz", "rss", "oom", "oomadj", "comm"]
TOP = ["pid", "-user", "-pr", "-ni", "vsz", "rss", "shared", "state", "-cpu", "-mem", "-time", "comm"]
AUX = ["-user", "pid", "-cpu", "-mem", "vsz", "rss", "-tty", "state", "-start", "-time", "args"]
FULL = ["-user", "pid", "ppid", "-lwp", "-c", "threads", "-stime", "-tty", "-time", "args"]
BUSYBOX_TOP = ["pid", "ppid", "-user", "state", "vsz", "-vsz", "-cpu", "-command"]


def headless(*names: str) -> str:
    return ",".join(f"{name}=" for name in names)


# fmt: off
CLIENTS = [
    Client("ps -eo", ["ps", "-eo", headless(*PS_NAMES)],
           columns(*PS)),
    Client("ps -eo args", ["ps", "-ww", "-eo", headless("pid", "args")], columns("pid", "args")),
    Client("ps aux", ["ps", "auxww"], columns(*AUX, skip=1)),
    Client("ps -eLf", ["ps", "-ww", "-eLf"], columns(*FULL, skip=1)),
    Client("ps -eL", ["ps", "-eLo", headless("pid", "lwp")], threads),
    Client("top -b", ["top", "-b", "-n1", "-w200"], after_header("PID", columns(*TOP))),
    Client("pgrep", ["pgrep", "."], pids),
    Client("pgrep -l", ["pgrep", "-l", "work"], columns("pid", "comm"), named("worker", "kworker/0:1-ev")),
    Client("pgrep -u -a", ["pgrep", "-a", "-u", "1000"], columns("pid", "args"), lambda t: t.info.uid == 1000),
    Client("pgrep -f", ["pgrep", "-f", "restore|dir -x"], pids, named("browser", "gpu-helper", "database")),
    Client("pidof", ["pidof", "database"], pids, named("database")),
    Client("busybox ps", ["busybox", "ps", "-o", "pid,ppid,vsz,rss,stat,comm"],
           columns("pid", "ppid", "vsz", "rss", "state", "comm", skip=1, vsz=size, rss=size)),
    Client("busybox top", ["busybox", "top", "-b", "-n1"], after_header("PID", columns(*BUSYBOX_TOP, vsz=size))),
    Client("busybox pidof", ["busybox", "pidof", "worker"], pids, named("worker")),
    Client("pidstat", ["pidstat", "-r", "-p", "ALL"], pidstat, environment={"S_TIME_FORMAT": "ISO"}),
    Client("smem", ["smem", "-H", "-c", "pid swap uss pss rss"], columns("pid", "swap", "-uss", "-pss", "rss"), has_mm),
    Client("atop", ["atop", "-P", "PRG,PRM", "1", "1"], atop),
]
# fmt: on


def ask(machine: Lab, client: Client) -> Rows:
    return client.parse(machine.says(*client.words, env={**os.environ, "LC_ALL": "C", **client.environment}))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_it_shows_the_processes_of_the_world(
    client: Client, machine: Lab, truth: World, program: Callable[[str], str]
) -> None:
    program(client.program)
    seen = ask(machine, client)
    fields = {name for row in seen.values() for name in row}
    expected = rows_of(truth, fields & FACTS.keys(), client.shows)
    assert fields <= FACTS.keys()
    assert {pid: row for pid, row in seen.items() if pid in expected} == expected
    assert not [pid for pid in seen.keys() - expected.keys() if pid >= min(expected.keys() - {1})]


def test_smem_sums_up(machine: Lab, watched: World, program: Callable[[str], str]) -> None:
    """No page is shared between two mms, and of a clone(CLONE_VM) each shows all: a sum over processes, not mms."""
    program("smem")
    total = machine.says("smem", "-H", "-t", "-c", "swap uss pss rss").splitlines()[-1]
    rows = rows_of(watched, {"rss", "swap"}, has_mm).values()
    rss = sum(row["rss"] for row in rows)
    assert [int(word) for word in total.split()] == [sum(row["swap"] for row in rows), rss, rss, rss]


def test_ps_shows_itself(machine: Lab) -> None:
    rows = columns("pid", "ppid", "comm")(machine.says("ps", "-eo", headless("pid", "ppid", "comm")))
    assert [row for row in rows.values() if row["comm"] == "ps"] == [{"ppid": 1, "comm": "ps"}]


def test_killall_finds_itself_and_looks_for_others(machine: Lab, program: Callable[[str], str]) -> None:
    """Whom it finds it could not signal: nobody real is behind that pid."""
    program("killall")
    assert machine.run("killall", "-0", "nobody-here").stderr == "nobody-here: no process found\n"
    assert machine.run("killall", "-0", "database").stderr.startswith("database(20100): ")
