"""Facts -> the tables of a scenario, which say only what does not follow by itself, and remarks on what no scenario
can say. What follows by itself is asked of the scenario's own planner.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fakeproc import capabilities, nodes
from fakeproc.errors import FakeprocError
from fakeproc.scenario import keys, plan
from fakeproc.scenario.planner import identify
from fakeproc.snapshot.facts import Process, Thread
from fakeproc.snapshot.lineage import INIT, Lineage
from fakeproc.snapshot.sharing import BY_FACTS, Share

STATES = {"R": "R", "D": "D", "T": "T", "t": "T"}  # S is the state of whom nothing else is said
UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}
UNNAMED = "?"


@dataclass
class Inherited:
    """What the planner hands on from whoever makes a process. The defaults are those of init."""

    planned: plan.Process = field(default_factory=lambda: plan.Process(-1, {}))
    parent: int = 0
    oom_score_adj: int = 0
    oom_score_adj_min: int = 0
    cmdline: list[str] = field(default_factory=list)
    cgroup: str = "/"
    mems: str | None = None


@dataclass
class Table:
    """One [[process]]: its keys, what is remarked above it, and how often which kind of thing could not be said."""

    process: Process
    maker: Inherited
    share: Share | None = None
    borrows: int = 0  # whose mm a kernel thread uses
    waits: bool = False  # for a vforked child
    pid_max: int = 0
    given: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    unsaid: Counter[str] = field(default_factory=Counter)
    leaves: Inherited = field(default_factory=Inherited)

    def remark(self, kind: str, what: str, count: int = 1) -> None:
        self.remarks.append(what)
        self.unsaid[kind] += count

    @property
    def is_kthread(self) -> bool:
        return self.process.stat.is_kthread

    @property
    def owns_mm(self) -> bool:
        return self.process.has_mm and not self.share

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of its own, by their keys."""
        return (self.process.status.sizes or {}) if self.owns_mm else {}


def tables(lineage: Lineage, pid_max: int) -> list[Table]:
    """One for each process, in the order of pids."""
    found: dict[int, Table] = {}
    owners = {p.unseen.mm: p.pid for p in lineage.processes.values() if p.has_mm and p.unseen}
    for pid in lineage.order:
        process = lineage.processes[pid]
        maker = found.get(lineage.makers[pid])
        table = Table(process, maker.leaves if maker else Inherited(), lineage.shares.get(pid), pid_max=pid_max)
        table.waits = pid in lineage.waiting
        table.borrows = owners.get(process.unseen.mm, 0) if process.unseen and table.is_kthread else 0
        found[pid] = table
        for say in SAYINGS:
            say(table)
    for table in found.values():
        _dumpable(table)
    return [found[pid] for pid in sorted(found)]


# --- who it is ---------------------------------------------------------------------------------


def _name(table: Table) -> None:
    comm = table.process.stat.comm
    table.given |= {"pid": table.process.pid, "comm": text(comm) or UNNAMED}
    if table.given["comm"].encode() != comm:
        table.remark("names that are no text", f"its comm is {comm!r}")


def _kind(table: Table) -> None:
    """What it is, and who made it."""
    process = table.process
    if table.is_kthread:
        table.given["kthread"] = True
        table.leaves.parent = process.stat.ppid
    elif table.share:
        _copy(table, table.share)
    elif process.pid != INIT:
        _child(table)
    if process.has_dead_leader:
        table.given["dead_leader"] = True


def _child(table: Table) -> None:
    """Of its parent, or of init where that cannot be said."""
    process, maker = table.process, table.maker.planned.pid or INIT
    table.leaves.parent = maker
    if maker != INIT:
        table.given["parent"] = maker
    if process.stat.ppid not in (0, maker):
        table.remark("parents that are none here", f"its parent is {process.stat.ppid}")
    if process.is_zombie:
        table.given["zombie"] = True
    elif process.status.is_namespace_init or (process.unseen and process.unseen.is_namespace_init):
        table.given["namespace_init"] = True


def _copy(table: Table, share: Share) -> None:
    """In another's mm: a child of that one, or its brother (CLONE_PARENT)."""
    ppid, maker = table.process.stat.ppid, table.maker
    table.given["vfork_of" if share.is_vforked else "clone_vm_of"] = share.owner
    if share.way == BY_FACTS:
        table.remarks.append(f"in one mm with {share.owner}? They are {share.way}; a copy by fork(2) may be so, too")
    table.leaves.parent = share.owner
    if ppid == share.owner:
        return
    if ppid and ppid == maker.parent and "namespace_init" not in maker.planned.given:
        table.given["parent"] = table.leaves.parent = ppid
    else:
        table.remark("parents that are none here", f"its parent is {ppid}")


def _ids(table: Table) -> None:
    """Ids and capabilities, as far as they do not come from the maker."""
    if table.is_kthread:
        return
    planned, maker, seen = table.leaves.planned, table.maker.planned, table.process.status
    planned.pid, planned.given = table.process.pid, table.given
    planned.execs = table.share is None
    planned.owner = (maker.owner or maker) if table.share else planned
    for key, wanted in (("uid", seen.uid), ("gid", seen.gid)):
        identify(planned, maker)
        if getattr(planned, key) != wanted:
            table.given[key] = wanted
    identify(planned, maker)
    caps = 0 if table.process.is_in_user_namespace else seen.caps
    if caps not in (None, planned.caps):
        table.given["caps"] = capabilities.names(caps or 0)
        identify(planned, maker)


def _threads(table: Table) -> None:
    """Their number, where the planner will give them these very ids; else a list."""
    process, threads = table.process, table.process.threads
    if not threads:
        return
    following = list(range(process.pid + 1, process.pid + 1 + len(threads)))
    alike = all(thread.comm == process.stat.comm for thread in threads)
    if alike and [thread.tid for thread in threads] == following and following[-1] < table.pid_max:
        table.given["threads"] = len(threads) + 1
    else:
        table.given["threads"] = [_thread(thread, process) for thread in threads]
    if others := sum(thread.uid != process.status.uid for thread in threads):
        table.remark("threads with a uid of their own", f"{others} of its threads have another uid", others)


def _thread(thread: Thread, process: Process) -> dict[str, Any]:
    comm = text(thread.comm)
    return ({"comm": comm} if comm and thread.comm != process.stat.comm else {}) | {"tid": thread.tid}


# --- what it has -------------------------------------------------------------------------------


def _memory(table: Table) -> None:
    table.given |= {key: size(count) for key, count in table.sizes.items() if count}


def _adjustment(table: Table) -> None:
    """The minimum is told by nobody but a mount of fakeproc."""
    value, minimum, unseen = table.process.oom_score_adj, table.maker.oom_score_adj_min, table.process.unseen
    if value != table.maker.oom_score_adj:
        table.given["oom_score_adj"] = value
        minimum = min(minimum, value)
    if unseen and not table.is_kthread and unseen.oom_score_adj_min != minimum:
        table.given["oom_score_adj_min"] = minimum = unseen.oom_score_adj_min
    table.leaves.oom_score_adj, table.leaves.oom_score_adj_min = value, minimum


def _state(table: Table) -> None:
    """Who waits for a vforked child sleeps in D by itself."""
    state = STATES.get(table.process.stat.state)
    if state and not (table.waits and state == "D"):
        table.given["state"] = state


def _arguments(table: Table) -> None:
    """A program that was started has none but its comm, a copy those of the one that it was copied from."""
    process, copied = table.process, table.maker.cmdline if table.share else []
    found = [text(word) for word in process.arguments]
    if found and process.has_mm and found != (copied or [table.given["comm"]]):
        table.given["cmdline"] = found
    table.leaves.cmdline = table.given.get("cmdline", copied)
    table.remarks += [f"environ: {text(variable)}" for variable in process.environ]


def _cgroup(table: Table) -> None:
    path = table.process.cgroup or table.maker.cgroup
    with suppress(FakeprocError):
        if path != table.maker.cgroup:
            table.given["cgroup"] = keys.cgroup(text(path.encode("utf-8", "surrogateescape")))
    table.leaves.cgroup = table.given.get("cgroup", table.maker.cgroup)


def _mems(table: Table) -> None:
    """Its memory nodes, where they are not its maker's. Init may use all there are."""
    seen = table.process.status.mems
    table.leaves.mems = table.maker.mems
    with suppress(FakeprocError):
        if seen and nodes.parse(seen):
            table.leaves.mems = seen
        if table.maker.mems and table.leaves.mems != table.maker.mems:
            table.given["mems"] = seen


def _unseen(table: Table) -> None:
    """What a mount of fakeproc tells besides."""
    unseen = table.process.unseen
    if table.borrows:
        table.given["uses_mm_of"] = table.borrows
    if not unseen or table.is_kthread or table.process.is_zombie:
        return
    if "dsleep" in unseen.conditions:
        table.given.pop("state", None)
    table.given |= dict.fromkeys(unseen.conditions, True)


def _remarks(table: Table) -> None:
    status = table.process.status
    if (status.real_uid, status.real_gid) != (status.uid, status.gid):
        what = f"its real ids are {status.real_uid}:{status.real_gid}"
        table.remark("real ids that are not the effective ones", what)
    if table.process.is_in_user_namespace:
        table.remark("user namespaces", "in a user namespace: its capabilities do not count")


def _dumpable(table: Table) -> None:
    """Said when everybody is known who came into its mm: one with other ids makes it undumpable."""
    seen = table.process.is_dumpable
    if table.owns_mm and seen is not None and seen != table.leaves.planned.dumpable:
        table.given["dumpable"] = seen


SAYINGS = (
    *(_name, _kind, _ids, _memory, _threads, _adjustment, _state, _arguments, _cgroup, _mems, _unseen, _remarks),
)


# --- words -------------------------------------------------------------------------------------


def text(raw: bytes) -> str:
    """As text; a byte that is no UTF-8 is a question mark, so that it stays as long as it was."""
    return "".join("?" if "\udc80" <= c <= "\udcff" else c for c in raw.decode("utf-8", "surrogateescape"))


def size(count: int) -> str | int:
    """In the largest unit that says it without a fraction."""
    return next((f"{count // unit} {name}" for name, unit in UNITS.items() if count % unit == 0), count)
