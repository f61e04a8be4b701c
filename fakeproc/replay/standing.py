"""A world as a helper's table says that it stands: no rule asked, no history."""

from fakeproc._native import lib
from fakeproc.replay.recording import Record
from fakeproc.world import THREAD_FLAGS, Task, World, check

KTHREADD = 2


def build(world: World, helper: list[Record], creators: dict[int, int]) -> None:
    """Make, end and tie tasks until the world has just those of the helper. creators: child id -> who called clone."""
    rows = {row["pid"]: row for row in helper}
    _forget(world, rows)
    if not _task(world, KTHREADD):
        world.kthread("kthreadd")
    for row in helper:
        _make(world, row)
    for row in helper:
        _tie_mm(world, row, helper)
    for row in helper:
        _end(world, row)
    for row in helper:
        _tie_parent(world, row, rows, creators)
    for row in helper:
        _value(world.task(row["pid"]), row)


def _task(world: World, pid: int) -> Task | None:
    try:
        return world.task(pid)
    except ProcessLookupError:
        return None


def _forget(world: World, rows: dict[int, Record]) -> None:
    """End who stands no more: a sequence goes on in the world that it began in."""
    for task in [task for task in world.processes if task.pid > KTHREADD and task.pid not in rows]:
        if not task.is_zombie:
            task.exit() if task.is_kthread else task.kill()
        task.reap()


def _make(world: World, row: Record) -> None:
    if _task(world, row["pid"]):
        return
    if row["kthread"]:
        world.kthread(row["comm"], row["pid"])
    elif row["pid"] != row["tgid"]:
        world.task(row["tgid"]).clone(THREAD_FLAGS, row["comm"], pid=row["pid"])
    else:
        world.init.fork(row["comm"], pid=row["pid"])


def _tie_mm(world: World, row: Record, helper: list[Record]) -> None:
    """The first one on an mm has it; the others join. A leader that is dead joins first what its threads have."""
    mm = row.get("mm") or next((r.get("mm") for r in helper if r["tgid"] == row["tgid"] and r.get("mm")), None)
    first = next((r for r in helper if mm and r.get("mm") == mm and not r["kthread"]), row)
    if mm and first["pid"] != row["pid"]:
        _join(world, row["pid"], first["pid"])
    elif mm and row["kthread"]:
        _outlive(world, row["pid"])


def _join(world: World, pid: int, other: int) -> None:
    check(lib.task_set_mm_of(world._w, pid, other), f"mm of {pid}")


def _outlive(world: World, kthread: int) -> None:
    """An mm that only its borrower has kept: whose it was is gone."""
    owner = world.init.fork("gone")
    _join(world, kthread, owner.pid)
    owner.exit()
    owner.reap()


def _end(world: World, row: Record) -> None:
    task = world.task(row["pid"])
    if row["exit_state"] and not task.is_zombie:
        lib.task_exit_thread(world._w, row["pid"], 0)


def _tie_parent(world: World, row: Record, rows: dict[int, Record], creators: dict[int, int]) -> None:
    """Its parent is that thread of the parent's process that called clone, where it lives; else the leader."""
    if row["pid"] != row["tgid"] or not row["ppid"]:
        return
    creator = creators.get(row["pid"], 0)
    is_known = creator in rows and rows[creator]["tgid"] == row["ppid"] and not rows[creator]["exit_state"]
    check(lib.task_set_parent(world._w, row["pid"], creator if is_known else row["ppid"]), f"parent of {row['pid']}")


def _value(task: Task, row: Record) -> None:
    task.set_adj(row["adj"], row["adj_min"])
    if row["vfork_done"] != -1 and task.is_vforked != bool(row["vfork_done"]):
        task.set_vfork_done(bool(row["vfork_done"]))
