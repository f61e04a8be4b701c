"""Bringing a world to the life-cycle state that a record's `helper` describes, by what processes really do.

A world is built by clone, changed by exec, exit, kill and wait, so that what the kernel only marks on the way
(MMF_MULTIPROCESS) comes out as it did there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fakeproc.replay import identity
from fakeproc.replay.recording import NotUnderstoodError, Record
from fakeproc.world import CLONE_NEWPID, CLONE_PARENT, CLONE_VFORK, CLONE_VM, THREAD_FLAGS, Task, World

SIGNAL_UNKILLABLE = 64
KTHREADD = 2

# How the recordings call the ways in which an actor was made.
KINDS = {
    "fork": 0,
    "clone_vm": CLONE_VM,
    "clone_vm_parent": CLONE_VM | CLONE_PARENT,
    "thread": THREAD_FLAGS,
    "vfork": CLONE_VM | CLONE_VFORK,
    "vfork_novm": CLONE_VFORK,
}


@dataclass(frozen=True)
class Row:
    """One task of a `helper`."""

    pid: int
    tgid: int
    ppid: int
    comm: str
    is_kthread: bool
    is_dead: bool
    adj: int
    adj_min: int
    vfork_done: bool
    is_namespace_init: bool
    mm: str

    @classmethod
    def parse(cls, task: Record) -> "Row":
        mm = str(task.get("mm", ""))
        return cls(
            pid=int(task["pid"]),
            tgid=int(task["tgid"]),
            ppid=int(task["ppid"]),
            comm=str(task["comm"]),
            is_kthread=bool(task["kthread"]),
            is_dead=bool(task["exit_state"]) or (bool(task["exiting"]) and not mm),
            adj=int(task["adj"]),
            adj_min=int(task["adj_min"]),
            vfork_done=bool(task["vfork_done"]),
            is_namespace_init=bool(int(task["sigflags"]) & SIGNAL_UNKILLABLE) and task["pid"] != 1,
            mm=mm,
        )

    @property
    def leads(self) -> bool:
        return self.pid == self.tgid


@dataclass(frozen=True)
class Actor:
    """A task that the record names, as far as the record (or conditions.json) knows it."""

    name: str
    id: int  # its tid where it is a thread, else its pid
    kind: str = ""
    parent: str = ""
    uid: int = 0
    caps: str = "all"
    has_execed: bool = False


Rows = dict[int, Row]
Cast = dict[str, Actor]


def rows(helper: Iterable[Record]) -> Rows:
    """The tasks of a helper, by id. Its first object describes the machine."""
    return {row.pid: row for row in (Row.parse(task) for task in helper if "pid" in task)}


def cast(record: Record, conditions: Record) -> Cast:
    """Who is who, by name: from the record's own `actors`, else from its `state` and the conditions."""
    told = record.get("actors")
    if told is not None:
        return {name: _described(name, about) for name, about in told.items()}
    return {name: _guessed(name, at, conditions) for name, at in record["state"].items()}


def _described(name: str, about: Record) -> Actor:
    if about["kind"] not in KINDS:
        raise NotUnderstoodError(f"actor {name} is of a kind {about['kind']!r} that is not known")
    has_execed = bool(about.get("exec"))
    return Actor(name, id_of(about), about["kind"], about["parent"], about["uid"], about["caps"], has_execed)


def _guessed(name: str, at: Record, conditions: Record) -> Actor:
    parent = conditions.get("real_parent", {}).get(name, "")
    if name in conditions.get("uid1000", []):
        return Actor(name, id_of(at), parent=parent, uid=identity.USER, caps="none")
    return Actor(name, id_of(at), parent=parent)


def id_of(about: Record) -> int:
    """The id by which an actor's files are found: the tid of a thread, else the pid."""
    return int(about["tid"] if "tid" in about else about["pid"])


class Topology:
    """A world that follows a helper from record to record."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rows: Rows = {}
        self._execed: set[int] = set()
        if not self._task(KTHREADD):
            world.kthread("kthreadd")

    def _task(self, pid: int) -> Task | None:
        try:
            return self.world.task(pid)
        except ProcessLookupError:
            return None

    def bring_to(self, rows: Rows, cast: Cast) -> None:
        """Make, end and change tasks until the world is as the rows say."""
        by_id = _by_id(cast)
        born = [row for pid, row in sorted(rows.items()) if not self._task(pid)]
        execed = {actor.id for actor in cast.values() if actor.has_execed} & {row.pid for row in born}
        for row in born:
            self._make(row, rows, cast, execed)
        for pid in sorted(execed):
            self.exec(pid)
        for row in born:
            self._dress(row, by_id.get(row.pid))
        self._change_mms(rows)
        self._end(rows)
        self._correct(rows)
        self.rows = rows

    def exec(self, pid: int) -> None:
        """execve by that very thread, which may take its leader's pid."""
        task = self.world.task(pid).exec()
        self._execed.add(task.id)

    # --- making ------------------------------------------------------------------

    def _make(self, row: Row, rows: Rows, cast: Cast, execed: set[int]) -> None:
        """Clone it. execed: who exec'ed since it was made, taken out where that must come before."""
        if row.is_kthread:
            self._make_kthread(row, rows)
            return
        actor = _by_id(cast).get(row.pid)
        creator = self._creator(row, rows, actor, cast)
        self._unblock(creator, rows)
        if creator.pid in execed and self._is_same_mm(rows.get(creator.pid), row, rows):
            execed.discard(creator.pid)
            self.exec(creator.pid)
        flags = KINDS[actor.kind] if actor and actor.kind else self._guess_flags(row, rows, creator)
        creator.clone(flags | (CLONE_NEWPID if row.is_namespace_init else 0), row.comm, pid=row.pid)

    def _make_kthread(self, row: Row, rows: Rows) -> None:
        self.world.kthread(row.comm, row.pid)
        self._borrow(row, rows)

    def _borrow(self, row: Row, rows: Rows) -> None:
        kthread = self.world.task(row.pid)
        owner = next((r for r in rows.values() if row.mm and r.mm == row.mm and not r.is_kthread), None)
        task = self._task(owner.pid) if owner else None
        kthread.use_mm(task) if task else kthread.unuse_mm()

    def _creator(self, row: Row, rows: Rows, actor: Actor | None, cast: Cast) -> Task:
        """Who called clone: the parent where that is told, else whoever fits."""
        if actor and actor.parent:
            known = cast[actor.parent].id if actor.parent in cast else 1
            return self._task(known) or self.world.init
        if not row.leads:
            return self._free_thread(row.tgid)
        parent = self._task(row.ppid) or self.world.init
        sharers = [r for r in rows.values() if r.pid < row.pid and not r.is_kthread and self._is_same_mm(r, row, rows)]
        if sharers and not any(r.tgid == parent.id for r in sharers):
            return self.world.task(sharers[0].pid)
        return parent

    def _free_thread(self, tgid: int) -> Task:
        threads = self.world.task(tgid).threads
        return next((thread for thread in threads if not thread.info.vfork_child), threads[0])

    def _unblock(self, creator: Task, rows: Rows) -> None:
        """A creator that waits for a vforked child made its next one when that one had exec'ed or died."""
        child = int(creator.info.vfork_child)
        if not child:
            return
        if child not in rows or rows[child].is_dead:
            self.world.task(child).kill()
        elif not rows[child].vfork_done:
            self.exec(child)

    def _guess_flags(self, row: Row, rows: Rows, creator: Task) -> int:
        vfork = CLONE_VFORK if row.vfork_done else 0
        if not row.leads:
            return int(THREAD_FLAGS | vfork)
        shared = CLONE_VM if self._is_same_mm(rows.get(creator.pid), row, rows) else 0
        is_sibling = shared and creator.pid != 1 and row.ppid == creator.ppid
        return int(shared | vfork | (CLONE_PARENT if is_sibling else 0))

    def _is_same_mm(self, a: Row | None, b: Row, rows: Rows) -> bool:
        return a is not None and bool(_mm(a, rows)) and _mm(a, rows) == _mm(b, rows)

    def _dress(self, row: Row, actor: Actor | None) -> None:
        """Credentials come after every clone, for nobody may inherit them."""
        task = self._task(row.pid)
        if not actor or not task or row.is_kthread:
            return
        if actor.uid:
            task.setuid(actor.uid)
            task.set_dumpable(1)
        caps = identity.caps(actor.caps)
        if caps != task.info.caps and not (actor.has_execed and not actor.uid):
            task.set_caps(caps)

    # --- changing and ending -------------------------------------------------------

    def _change_mms(self, rows: Rows) -> None:
        """Another mm than before is an exec; a kernel thread's was taken or given back."""
        for pid, row in rows.items():
            before = self.rows.get(pid)
            if not before or row.mm == before.mm or row.is_dead:
                continue
            if row.is_kthread:
                self._borrow(row, rows)
            elif pid not in self._execed:
                self.exec(pid)
        self._execed.clear()

    def _end(self, rows: Rows) -> None:
        present = [task for task in self.world.tasks if task.pid > KTHREADD]
        for task in present:
            row = rows.get(task.pid)
            if task.exists and not task.is_zombie and (row is None or row.is_dead):
                self._end_one(task, rows)
        for task in present:
            if task.exists and task.pid not in rows:
                task.reap()

    def _end_one(self, task: Task, rows: Rows) -> None:
        """A thread by itself while others of its process live, else the process at once."""
        survivors = [r for r in rows.values() if r.tgid == task.tgid and r.pid != task.pid and not r.is_dead]
        if task.is_kthread or not survivors:
            self._end_process(task)
            return
        self._unblock(task, rows)
        task.exit_thread()

    def _end_process(self, task: Task) -> None:
        task.exit() if task.is_kthread else task.kill()

    def _correct(self, rows: Rows) -> None:
        for pid, row in rows.items():
            task = self._task(pid)
            if task and task.is_vforked != row.vfork_done:
                task.set_vfork_done(row.vfork_done)

    def set_values(self, rows: Rows) -> None:
        """The adjustments as they stand in the rows."""
        for pid, row in rows.items():
            task = self._task(pid)
            if task:
                task.set_adj(row.adj, row.adj_min)


def _by_id(cast: Cast) -> dict[int, Actor]:
    return {actor.id: actor for actor in cast.values()}


def _mm(row: Row, rows: Rows) -> str:
    """The mm of a row's process: that of its first thread that has one."""
    return row.mm or next((r.mm for r in rows.values() if r.tgid == row.tgid and r.mm), "")
