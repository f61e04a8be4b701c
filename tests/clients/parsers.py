"""What clients print, as rows by pid, in the names and units of facts.py. Text in, rows out, nothing else."""

import json
import re
from collections.abc import Callable
from typing import Any

from .facts import Rounded, Row, Rows

Cast = Callable[[str], Any]


def first_letter(text: str) -> str:
    return text[0]


CASTS: dict[str, Cast] = {
    **dict.fromkeys(("gid", "oom", "oomadj", "pid", "ppid", "rss", "shared", "swap", "threads", "uid", "vsz"), int),
    "state": first_letter,
}


def columns(*names: str, skip: int = 0, **casts: Cast) -> Callable[[str], Rows]:
    """A parser of lines of words, the last of which may have spaces in it. Names that begin with "-" do not matter."""

    wanted = [name for name in names if name != "pid" and not name.startswith("-")]

    def parse(text: str) -> Rows:
        lines = [line for line in text.splitlines()[skip:] if line.strip()]
        rows = [dict(zip(names, line.split(None, len(names) - 1), strict=True)) for line in lines]
        return {
            int(row["pid"]): {name: (casts.get(name) or CASTS.get(name, str))(row[name]) for name in wanted}
            for row in rows
        }

    return parse


def threads(text: str) -> Rows:
    """ps -eLo pid,lwp: the threads of each."""
    found: Rows = {}
    for line in text.splitlines():
        pid, tid = map(int, line.split())
        found.setdefault(pid, {"tids": []})["tids"].append(tid)
    return found


def after_header(first: str, parse: Callable[[str], Rows]) -> Callable[[str], Rows]:
    """What stands below the line that begins with that word."""

    def parse_rest(text: str) -> Rows:
        lines = text.splitlines()
        header = next(i for i, line in enumerate(lines) if line.split()[:1] == [first])
        return parse("\n".join(lines[header + 1 :]))

    return parse_rest


def pids(text: str) -> Rows:
    """Only pids, in one line or one a line."""
    return {int(word): {} for word in text.split()}


def pidstat(text: str) -> Rows:
    """pidstat -r -p ALL with S_TIME_FORMAT=ISO."""
    names = ("-time", "uid", "pid", "-minflt", "-majflt", "vsz", "rss", "-mem", "comm")
    return columns(*names, skip=3)(text)


ATOP = re.compile(r"(PRG|PRM) \S+ \d+ \S+ \S+ \d+ (\d+) \((.*)\) ([A-Z]) (.*)")
# uid gid tgid threads exitcode start (cmdline) ppid, three counts of threads, six ids, elapsed, is a process
ATOP_GENERAL = re.compile(r"(\d+) (\d+) \d+ (\d+) \S+ \d+ \((.*)\) (\d+)(?: -?\d+){10} y ")


def atop(text: str) -> Rows:
    """atop -P PRG,PRM: general facts and memory of processes; threads stand below them with an "n"."""
    found: Rows = {}
    for match in filter(None, map(ATOP.match, text.splitlines())):
        label, pid, comm, state, rest = match.groups()
        row = ATOP_ROWS[label](rest)
        if row:
            found.setdefault(int(pid), {}).update({"comm": comm, "state": state, **row})
    return found


def _atop_general(rest: str) -> Row:
    match = ATOP_GENERAL.match(rest)
    if not match:
        return {}
    uid, gid, count, _, ppid = match.groups()
    return {"uid": int(uid), "gid": int(gid), "threads": int(count), "ppid": int(ppid)}


def _atop_memory(rest: str) -> Row:
    """pagesize vsize rsize shtext vgrow rgrow minflt majflt libs data stack swap pid is-process ..."""
    words = rest.split()
    return {"vsz": int(words[1]), "rss": int(words[2]), "swap": int(words[11])} if words[13] == "y" else {}


ATOP_ROWS = {"PRG": _atop_general, "PRM": _atop_memory}


def json_rows(text: str) -> Rows:
    return {int(pid): row for pid, row in json.loads(text).items()}


def size(text: str) -> Rounded:
    return Rounded(text)


# --- the machine -----------------------------------------------------------------


def free(text: str) -> dict[str, int]:
    """free -k, in the names of meminfo where they are the same."""
    header, memory, swap = (line.split() for line in text.splitlines())
    seen = dict(zip(header, map(int, memory[1:]), strict=True))
    total, used, left = map(int, swap[1:])
    return {**seen, "swap total": total, "swap used": used, "swap free": left}


def vmstat(text: str) -> dict[str, int]:
    """The line of a single report."""
    _, header, line = text.splitlines()
    return dict(zip(header.split(), map(int, line.split()), strict=True))


def counters(text: str) -> dict[str, int]:
    """vmstat -s: a number and what it is."""
    return {
        what.removeprefix("K "): int(number) for number, what in (line.split(None, 1) for line in text.splitlines())
    }


def metrics(text: str) -> dict[str, float]:
    """The text format of Prometheus: name{labels} value."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
