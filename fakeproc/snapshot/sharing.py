"""Who is in whose mm. A mount of fakeproc says it; kcmp(2) tells of living processes; else equal facts have to do.

Facts mean little by themselves: a process that was just forked looks like one that shares. So they count only
between relatives, and the file says that they were all there was.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from fakeproc.snapshot import kcmp
from fakeproc.snapshot.facts import Machine, Process

BY_WORLD, BY_KCMP, BY_FACTS = "the mount says so", "kcmp(2) says so", "equal in size and layout"
HIDDEN = (0, 1)  # what stat shows for an address that its reader may not know


@dataclass(frozen=True)
class Share:
    """One process in the mm of another."""

    owner: int
    is_vforked: bool
    way: str


def find(machine: Machine) -> tuple[dict[int, Share], int]:
    """By pid, everybody who came into an mm that another process has; and of how many nobody can tell."""
    users = [process for process in machine.processes.values() if process.has_mm]
    told, left = _by_world(users)
    compared, left = _by_kcmp(left) if machine.is_live else ([], left)
    ways = ((told, BY_WORLD), (compared, BY_KCMP), (_by_facts(left), BY_FACTS))
    shares = {pid: share for groups, way in ways for group in groups for pid, share in _shares(group, way)}
    return shares, sum(not _is_seen(process) for process in left)


Groups = list[list[Process]]


def _by_world(users: list[Process]) -> tuple[Groups, list[Process]]:
    """As a mount of fakeproc tells it, and those of whom nothing is told."""
    told = {process.pid: process.unseen.mm for process in users if process.unseen}
    groups = _alike([process for process in users if process.pid in told], lambda process: told[process.pid])
    return groups, [process for process in users if process.pid not in told]


def _by_kcmp(users: list[Process]) -> tuple[Groups, list[Process]]:
    """As the kernel tells it, and those that it does not compare."""
    by_task = {process.actor: process for process in users}
    parted, refused = kcmp.part(by_task)
    return [[by_task[task] for task in group] for group in parted], [by_task[task] for task in refused]


def _by_facts(users: list[Process]) -> Groups:
    """Relatives whose facts are the same, as far as the facts may be seen."""
    alike = _alike([process for process in users if _is_seen(process)], _facts)
    return [kin for group in alike for kin in _kin(group)]


def _shares(group: list[Process], way: str) -> Iterator[tuple[int, Share]]:
    """Everybody of a group but the first has it of its parent, or else of a brother, or else of the first."""
    members = {process.pid: process for process in sorted(group, key=_age)}
    for process in members.values():
        if parent := members.get(process.stat.ppid):
            yield process.pid, Share(parent.pid, _is_vforked(process, parent), way)
    roots = [process for process in members.values() if process.stat.ppid not in members]
    for i, process in enumerate(roots[1:], 1):
        brothers = (other for other in roots[:i] if other.stat.ppid == process.stat.ppid)
        yield process.pid, Share(next(brothers, roots[0]).pid, False, way)


def _age(process: Process) -> tuple[bool, int, int]:
    """Init is the oldest, whatever a saved tree says."""
    return process.pid != 1, process.stat.start_time, process.pid


def _is_vforked(process: Process, parent: Process) -> bool:
    """Since 4.8 the score tells: of two in one mm, at the same adjustment, only a vforked child has none."""
    if process.unseen:
        return process.unseen.is_vforked
    return process.oom_score == 0 and bool(parent.oom_score) and process.oom_score_adj >= parent.oom_score_adj


def _alike(processes: Iterable[Process], key: Callable[[Process], Hashable]) -> list[list[Process]]:
    groups: dict[Hashable, list[Process]] = defaultdict(list)
    for process in processes:
        groups[key(process)].append(process)
    return [group for group in groups.values() if len(group) > 1]


def _is_seen(process: Process) -> bool:
    """Is its layout to be seen?"""
    return bool(process.stat.layout) and not set(process.stat.layout[:3]) & set(HIDDEN)


def _facts(process: Process) -> Hashable:
    return process.stat.layout, process.status.mm_facts


def _kin(group: list[Process]) -> list[list[Process]]:
    """Those of them that are parents, children or brothers of each other."""
    members = {process.pid: process for process in group}
    return _alike(group, lambda process: _above(process, members))


def _above(process: Process, members: dict[int, Process]) -> int:
    """The first ancestor that is not one of them."""
    pid = process.pid
    for _ in members:
        if pid not in members:
            break
        pid = members[pid].stat.ppid
    return pid
