"""What /proc does not tell of a world, for programs: .fakeproc/world.json. Which processes are in one mm, who was
vforked, what an adjustment may be lowered to, and what keeps a process from dying.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from fakeproc._native import lib
from fakeproc.scenario.keys import CONDITIONS
from fakeproc.world import Task, World


def as_json(world: World) -> str:
    """The rules of the world, and a row for each process."""
    kernel = {"kernel": world.kernel.version, "patches": sorted(world.kernel.patches)}
    return json.dumps({**kernel, "now": world.now, "processes": list(_rows(world))}) + "\n"


def _rows(world: World) -> Iterator[dict[str, Any]]:
    """But those that go while this is read. The mms are numbered as they come."""
    numbers: dict[int, int] = {0: 0}
    for leader in world.processes:
        with suppress(ProcessLookupError):
            yield _row(leader, numbers)


def _row(leader: Task, numbers: dict[int, int]) -> dict[str, Any]:
    user = next((thread for thread in leader.threads if thread.info.mm), leader)
    info = user.info
    return {
        "pid": leader.pid,
        "mm": numbers.setdefault(int(info.mm), len(numbers)),
        "oom_score_adj_min": int(info.oom_score_adj_min),
        "vforked": bool(info.flags & lib.TASK_IN_VFORK) or bool(info.vfork_waiter),
        "namespace_init": bool(info.flags & lib.TASK_NAMESPACE_INIT),
        "conditions": [name for name, flag in CONDITIONS.items() if info.flags & flag],
    }
