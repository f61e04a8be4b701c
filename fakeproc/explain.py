"""fakeproc explain: whom the OOM killer would take and why, who dies with it, and what is freed.

Every verdict is the core's. It ranks the processes of the world; then it really kills, in a rehearsal, and what is
told of that is read from the outcome, from the tasks before and after, and from the kernel log.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fakeproc import outcome, rules, units, wording
from fakeproc._native import lib
from fakeproc.errors import FakeprocError
from fakeproc.oom import Ranking
from fakeproc.rehearsal import rehearse
from fakeproc.world import Task, World

SETTLE = units.duration("4 s")  # the reaper's 2 s of today, and its ten attempts
REPORT = ("Kill process", "Killed process", "oom_reaper:", "oom killer ", "updating oom_score_adj", "Kernel panic")


# --- the ranking ---------------------------------------------------------------------------


def ranking(world: World) -> list[dict[str, Any]]:
    """Every process, as the OOM killer sees it: the first to be chosen first."""
    return [row for rank in world.ranking() if (row := _ranked(world, rank))]


def _ranked(world: World, rank: Ranking) -> dict[str, Any] | None:
    """Nothing where it has gone meanwhile."""
    with suppress(ProcessLookupError):
        task = world.task(rank.pid)
        info, held = task.info, _user(task).memory
        return {
            "pid": info.pid,
            "comm": rank.comm,
            "state": task.state,
            "resident_pages": held.anon + held.file + held.shmem,
            "swapped_pages": held.swapents,
            "pages": rank.pages,
            "oom_score_adj": rank.oom_score_adj,
            "points": rank.points,
            "oom_score": rank.score,
            "eligible": rank.is_eligible,
            "why": ", ".join(_reasons(task, info, rank)),
        }
    return None


def _reasons(task: Task, info: Any, rank: Ranking) -> Iterator[str]:
    """What is special about it for the OOM killer."""
    if reason := rank.why:
        yield reason
    if reason := outcome.IN_FLIGHT[rank.in_flight]:
        yield reason
    if info.flags & lib.TASK_OOM_ORIGIN:
        yield "allocates for a reason that makes it the first (oom_flag_origin)"
    others = [sharer.pid for sharer in _user(task).sharers if sharer != task]
    if others:
        yield f"shares its mm with {wording.listed(map(str, others))}"


def _user(task: Task) -> Task:
    """The thread with the mm, where the leader has ended."""
    return next((thread for thread in task.threads if thread.info.mm), task)


# --- what would happen -----------------------------------------------------------------------


def foresee(world: World, by: Task | None = None) -> dict[str, Any]:
    """What one call of the OOM killer would bring: SysRq-f, or an allocation of that task that finds no memory."""
    if by and by.is_zombie:
        raise FakeprocError(f"{by.comm} ({by.pid}) is dead, and allocates nothing: name one that lives")
    pid = by.pid if by else 0
    result: dict[str, Any] = rehearse(world, lambda copy: _happen(copy, pid))
    return result


def _happen(world: World, by: int) -> dict[str, Any]:
    before, used, log = {task.pid: _look(task) for task in world.processes}, memory(world), world.log_end
    if not world.panic:
        world.out_of_memory(world.task(by)) if by else world.sysrq("f")
    ended, told = world.outcome, outcome.told(world)
    world.run(SETTLE)
    after = {task.pid: _look(task) for task in world.processes}
    victim = ended.victim
    mm = before[victim]["mm"] if victim in before else 0
    sharers = [pid for pid, look in before.items() if mm and look["mm"] == mm]
    return {
        "trigger": f"out of memory in {outcome.name(world, by)}" if by else "SysRq-f",
        "outcome": told,
        "chosen": ended.chosen or None,
        "victim": victim or None,
        "dies": [_death(look, pid, victim, sharers) for pid, look in before.items() if _died(look, after.get(pid))],
        "lingers": [_lingerer(look) for look in after.values() if look["killed"] and not look["dead"]],
        "survives": [_survivor(after[pid]) for pid in sharers if not (after[pid]["dead"] or after[pid]["killed"])],
        "freed_kib": (used - memory(world)) * units.PAGE >> 10,
        "panic": world.panic,
        "log": report_lines(world, log),
    }


def memory(world: World) -> int:
    """Pages of all mms."""
    mms = {}
    for task in world.processes:
        info = _user(task).info
        if info.mm:
            mms[info.mm] = _pages(info)
    return sum(mms.values())


def _pages(info: Any) -> int:
    m = info.memory
    return int(m.anon + m.file + m.shmem + m.swapents)


def report_lines(world: World, since: int) -> list[str]:
    """The lines of the kernel log that say who was killed, followed, reaped; not the table before them."""
    return [record.text for record in world.log_since(since) if is_report(record.text)]


def is_report(line: str) -> bool:
    """Whether it is one of those."""
    return any(words in line for words in REPORT)


def _look(task: Task) -> dict[str, Any]:
    info, user = task.info, _user(task).info
    return {
        "pid": int(info.pid),
        "comm": task.comm,
        "mm": int(user.mm),
        "dead": not user.mm and bool(user.flags & lib.TASK_ZOMBIE),
        "killed": bool(user.flags & (lib.TASK_KILLED | lib.TASK_EXIT_WAITS)),
        "flags": int(user.flags),
        "pages": _pages(user),
        "reaped": bool(user.flags & lib.TASK_OOM_REAPED),
        "adj": int(info.oom_score_adj),
    }


def _died(before: dict[str, Any], after: dict[str, Any] | None) -> bool:
    return not before["dead"] and (after is None or after["dead"] or (after["killed"] and not before["killed"]))


def _death(look: dict[str, Any], pid: int, victim: int, sharers: list[int]) -> dict[str, Any]:
    why = "the victim" if pid == victim else "shares its mm" if pid in sharers else "dies with them"
    return {"pid": pid, "comm": look["comm"], "why": why}


def _lingerer(look: dict[str, Any]) -> dict[str, Any]:
    """Killed, but there."""
    flags = look["flags"]
    why = "waits for the mmap lock" if flags & (lib.TASK_EXITING | lib.TASK_EXIT_WAITS) else "cannot run"
    if flags & lib.TASK_DSLEEP:
        why = "sleeps uninterruptibly"
    held = "nothing of its memory is left" if not look["pages"] else "its memory is not free"
    waited = ", and nobody waits for it" if look["reaped"] else ""
    return {"pid": look["pid"], "comm": look["comm"], "why": f"{why}: {held}{waited}"}


def _survivor(look: dict[str, Any]) -> dict[str, Any]:
    """Of the victim's mm, and alive; what it is says why."""
    flags = look["flags"]
    if flags & lib.TASK_GLOBAL_INIT:
        why = "global init"
    elif flags & lib.TASK_KTHREAD:
        why = "a kernel thread"
    else:
        why = f"at {look['adj']}"
    return {"pid": look["pid"], "comm": look["comm"], "why": f"{why}: keeps the memory"}


# --- for people --------------------------------------------------------------------------------


def explain(world: World, by: Task | None = None) -> dict[str, Any]:
    """All of it, as `--json` prints it."""
    return {
        "kernel": world.kernel.version,
        "patches": sorted(world.kernel.patches),
        "now": world.now,
        "total_pages": world.total_pages,
        "processes": ranking(world),
        "would": foresee(world, by),
    }


def text(found: dict[str, Any]) -> str:
    """The same to be read."""
    patches = f" with patches {rules.patch_list(set(found['patches']))}" if found["patches"] else ""
    head = f"kernel {found['kernel']}{patches}, {found['total_pages']} pages of RAM and swap\n"
    return "\n".join([head, *_table(found), "", *_story(found["would"])]) + "\n"


def _table(found: dict[str, Any]) -> Iterator[str]:
    yield "      PID COMM                PAGES    ADJ    POINTS  SCORE  WHY"
    would = found["would"]
    for row in found["processes"]:
        mark = "->" if row["pid"] == would["chosen"] else "  "
        points = str(row["points"]) if row["eligible"] else "-"
        who = f"{mark}{row['pid']:7} {wording.printable(row['comm']):15}"
        numbers = f"{row['pages']:9} {row['oom_score_adj']:6} {points:>9} {row['oom_score']:6}"
        yield f"{who} {numbers}  {row['why']}".rstrip()


def _story(would: dict[str, Any]) -> Iterator[str]:
    """What would happen, from the choice to what is free in the end."""
    yield f"{would['trigger']}: {would['outcome']}"
    for title in ("dies", "survives", "lingers"):
        for one in would[title]:
            yield f"  {title:8}  {wording.printable(one['comm'])} ({one['pid']}): {one['why']}"
    yield f"  freed     {would['freed_kib'] >> 10} MiB after {SETTLE // 10**9} s"
    if would["log"]:
        yield "the kernel log would say, without its table:"
        yield from (f"  {wording.printable(line)}" for line in would["log"])


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2) + "\n"


# --- a mount ---------------------------------------------------------------------------------------


def is_place(word: str) -> bool:
    """Whether that is a directory, which a scenario is not."""
    return bool(word) and Path(word).is_dir()


def of_mount(place: str, *, json: bool) -> str:
    """The ranking of that mount, as its server tells it."""
    file = Path(place) / ".fakeproc" / ("explain.json" if json else "explain")
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        raise FakeprocError(f"{place} is no mount of fakeproc: name one, or a scenario") from None
