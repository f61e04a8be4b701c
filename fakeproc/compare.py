"""fakeproc compare: one scenario on several kernels side by side, and which patch makes each difference.

Nothing is known here of what a patch does. A difference between two columns is traced by playing the scenario again
with single patches of the series switched on or off, and beyond 4.8 with each version between.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Any

from fakeproc import explain, rules, wording
from fakeproc._native import lib
from fakeproc.errors import FakeprocError
from fakeproc.rules import PATCHES, Kernel
from fakeproc.scenario import Scenario
from fakeproc.scenario.events import Event, Happened
from fakeproc.world import Task, World

SYSRQ_F = Event(0, "sysrq", {"key": "f"})
DEFAULT_KERNELS = ("4.7", "4.8", "6.18")
BEFORE, END, LOG = "oom_score before", "in the end", "kernel log"
FEW = 8  # processes of a scenario all of which are shown

Place = tuple[str, str]  # section, label
Column = dict[Place, str]
Look = Callable[[Kernel], Column]


@dataclass(frozen=True)
class Row:
    """One fact on every kernel, and what made it differ."""

    section: str
    label: str
    values: list[str]
    made_by: list[str]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


# --- one column: what a user sees on one kernel -----------------------------------------------


def observe(described: Scenario, kernel: Kernel) -> Column:
    """Every fact of the scenario on that kernel: what it shows first, what happens, what is left, what is logged."""
    world = described.build(kernel)
    seen: Column = {(BEFORE, _name(task)): str(task.ranking.score) for task in _people(world)}
    used, adjustments = explain.memory(world), {task.pid: task.oom_score_adj for task in _people(world)}
    gone = {task.pid for task in _people(world) if not _user(task).mm}
    for number, happened in enumerate(described.play(world), 1):
        seen[_moment(number, happened), ""] = happened.result
    world.run(explain.SETTLE)
    for task in (task for task in _people(world) if task.pid not in gone):
        seen[END, _name(task)] = ", ".join(_fate(task, adjustments.get(task.pid)))
    seen[END, "memory freed"] = f"{(used - explain.memory(world)) >> 8} MiB"
    if world.panic:
        seen[END, "panic"] = world.panic
    for line in explain.report_lines(world, 0):
        seen[LOG, line] = str(int(seen.get((LOG, line), 0)) + 1)
    return seen


def _people(world: World) -> list[Task]:
    return [task for task in world.processes if not task.is_kthread]


def _name(task: Task) -> str:
    return f"{wording.printable(task.comm)} ({task.pid})"


def _moment(number: int, happened: Happened) -> str:
    return f"{number}. at {happened.at / 10**9:g} s: {happened.event}"


def _fate(task: Task, adjustment: int | None) -> Iterator[str]:
    """What became of a process."""
    info, user = task.info, _user(task)
    is_dead = not user.mm
    if is_dead:
        yield "killed" if info.exit_code & 0x7F else "exited"
    elif user.flags & (lib.TASK_KILLED | lib.TASK_EXIT_WAITS | lib.TASK_GROUP_EXIT):
        yield "killed, still there"
    else:
        yield "alive"
    if not is_dead and user.flags & lib.TASK_OOM_REAPED:
        yield "hidden" if _holds_memory(user) else "reaped"
    if info.oom_score_adj != adjustment:
        yield f"adj {info.oom_score_adj}"


def _user(task: Task) -> Any:
    """What is known of its first thread with an mm; of the leader where there is none."""
    return next((thread.info for thread in task.threads if thread.info.mm), task.info)


def _holds_memory(info: Any) -> bool:
    m = info.memory
    return bool(m.anon + m.file + m.shmem + m.swapents)


# --- which patch makes a difference ----------------------------------------------------------


def made_by(place: Place, one: Kernel, other: Kernel, look: Look) -> list[str]:
    """What makes that fact differ between two kernels, as words: "patch 5", "since 4.9"."""
    older, newer = sorted((one, other), key=lambda kernel: (kernel.index, len(kernel.patches)))
    causes = []
    start = older
    if older.version == "4.7":
        end = newer if newer.version == "4.7" else Kernel("4.7", frozenset(PATCHES))
        causes += [_patch_words(place, older, end, look)]
        start = end
    causes += [f"since {version}" for version in _changes(place, start, newer, look)]
    return [cause for cause in causes if cause]


def _changes(place: Place, start: Kernel, end: Kernel, look: Look) -> Iterator[str]:
    """The versions, up to that of end, that show something else than the one before."""
    for version in rules.versions()[start.index + 1 : end.index + 1]:
        kernel = Kernel(version)
        if look(kernel).get(place) != look(start).get(place):
            yield version
        start = kernel


def _patch_words(place: Place, one: Kernel, other: Kernel, look: Look) -> str:
    """Patches that change the fact where all others of the newer kernel are applied; else those that do alone."""
    if look(one).get(place) == look(other).get(place):
        return ""
    between = one.patches ^ other.patches
    for kernel, joint in ((other, ", "), (one, " or ")):
        found = [str(patch) for patch in sorted(between) if _has_effect(place, patch, kernel, look)]
        if found:
            return f"patch {joint.join(found)}"
    return "several patches together"


def _has_effect(place: Place, patch: int, kernel: Kernel, look: Look) -> bool:
    """Does the fact change with only this patch, in that company?"""
    company = _without(kernel.patches, patch) | _needs(patch) - {patch}
    return look(Kernel("4.7", company)).get(place) != look(Kernel("4.7", company | {patch})).get(place)


def _needs(patch: int) -> frozenset[int]:
    """The patch, and those that it builds on."""
    return rules.kernel("4.7", [patch]).patches


def _without(patches: Iterable[int], patch: int) -> frozenset[int]:
    """The patches that do not build on this one."""
    return frozenset(other for other in patches if patch not in _needs(other))


# --- the columns -----------------------------------------------------------------------------


def kernels_asked(kernels: list[str] | None, patches: list[str] | None) -> list[Kernel]:
    """The columns. FakeprocError where they name no kernel, or fewer than two."""
    if kernels and patches:
        raise FakeprocError("--kernels compares versions, --patches goes on top of 4.7: ask for one of them")
    found = [rules.kernel("4.7", words) for words in patches or []]
    found = found or [rules.kernel(version) for version in kernels or DEFAULT_KERNELS]
    if len(set(found)) < 2:
        raise FakeprocError("one kernel is nothing to compare: name two, such as --kernels 4.7 4.8 or --patches 0 5")
    return list(dict.fromkeys(found))


def compare(described: Scenario, kernels: list[Kernel]) -> list[Row]:
    """Every fact on each of these kernels, in the order in which things happen."""
    if not described.events:
        described = dataclasses.replace(described, events=(SYSRQ_F,))
    look = cache(partial(observe, described))
    columns = [look(kernel) for kernel in kernels]
    places = sorted(dict.fromkeys(place for column in columns for place in column), key=_order)
    return [_row(place, kernels, columns, look) for place in places]


def _order(place: Place) -> int:
    """Sections in their order; within one, rows stay as they were met."""
    fixed = {BEFORE: 0, END: 1 << 30, LOG: 1 << 31}
    return fixed[place[0]] if place[0] in fixed else int(place[0].partition(".")[0])


def _row(place: Place, kernels: list[Kernel], columns: list[Column], look: Look) -> Row:
    values = [column.get(place, "") for column in columns]
    steps = zip(pairwise(kernels), pairwise(values), strict=True)
    differing = [pair for pair, (one, other) in steps if one != other]
    causes = dict.fromkeys(cause for pair in differing for cause in made_by(place, *pair, look))
    return Row(*place, values, list(causes))


def column_name(kernel: Kernel) -> str:
    """ "4.7+5-6": the version, and the patches on top as ranges."""
    return kernel.version + ("+" + ",".join(_ranges(sorted(kernel.patches))) if kernel.patches else "")


def _ranges(numbers: list[int]) -> Iterator[str]:
    while numbers:
        length = next((i for i, number in enumerate(numbers) if number != numbers[0] + i), len(numbers))
        yield str(numbers[0]) if length == 1 else f"{numbers[0]}-{numbers[length - 1]}"
        numbers = numbers[length:]


# --- for people, and for machines ----------------------------------------------------------------


def text(described: Scenario, kernels: list[Kernel], rows: list[Row]) -> str:
    """A table: a line a fact, * where kernels differ, and what made it so. Log lines stand below, each with the
    kernels that print it."""
    names = [column_name(kernel) for kernel in kernels]
    table = [row for row in rows if row.section != LOG and _is_shown(row, rows)]
    label = max(len(row.label) for row in table) + 6
    widths = [max(len(name), *(len(row.values[i]) for row in table)) + 2 for i, name in enumerate(names)]
    lines = [described.title, ""] if described.title else []
    lines.append((" " * label + _cells(names, widths)).rstrip())
    section = ""
    for row in table:
        if row.section != section:
            lines.append(row.section)
        section = row.section
        head = f"{'  * ' if row.differs else '    '}{row.label}"
        lines.append((f"{head:{label}}" + _cells(row.values, widths) + ", ".join(row.made_by)).rstrip())
    return "\n".join([*lines, *_log(names, rows)]) + "\n"


def _is_shown(row: Row, rows: list[Row]) -> bool:
    """Of many processes only those that something happens to."""
    few = sum(one.section == BEFORE for one in rows) <= FEW
    return few or row.differs or (row.section != BEFORE and row.values[0] != "alive")


def _cells(words: list[str], widths: list[int]) -> str:
    return "".join(f"{word or '-':{width}}" for word, width in zip(words, widths, strict=True))


def _log(names: list[str], rows: list[Row]) -> Iterator[str]:
    logged = [row for row in rows if row.section == LOG]
    if logged:
        yield LOG
    for row in logged:
        counted = [(name, times) for name, times in zip(names, row.values, strict=True) if times]
        who = [name if times == "1" else f"{name} ({times} times)" for name, times in counted]
        causes = f"  [{', '.join(row.made_by)}]" if row.made_by else ""
        mark = "  * " if row.differs else "    "
        yield f"{mark}{', '.join(who)}: {wording.printable(row.label)}{causes}"


def as_json(described: Scenario, kernels: list[Kernel], rows: list[Row]) -> str:
    found = {
        "scenario": described.file,
        "title": described.title,
        "columns": [column_name(kernel) for kernel in kernels],
        "rows": [{**dataclasses.asdict(row), "differs": row.differs} for row in rows],
    }
    return json.dumps(found, indent=2) + "\n"
