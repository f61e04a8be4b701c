"""systemd-cgls, with the cgroup tree bound over /sys/fs/cgroup. It is told so: by itself it looks for cgroup2 there."""

import os
import re
from collections.abc import Callable

from fakeproc.world import World

from .lab import Lab

SHOW = "mount --bind /proc/.fakeproc/cgroup /sys/fs/cgroup && exec systemd-cgls --no-pager --full /sys/fs/cgroup"
NODE = re.compile(r"(?P<indent>[│ ]*)[├└]─(?:(?P<pid> *\d+) |(?P<name>\S+)$)")


def shown(text: str) -> dict[str, set[int]]:
    """The processes of each cgroup, by the drawing."""
    where, pids = [""], {"/": set[int]()}
    for line in text.splitlines()[1:]:
        node = NODE.match(line)
        assert node, line
        depth = len(node["indent"]) // 2
        del where[depth + 1 :]
        path = "/".join(where) or "/"
        if node["pid"]:
            pids[path].add(int(node["pid"]))
        else:
            where.append(node["name"])
            pids["/".join(where)] = set()
    return pids


def placed(world: World) -> dict[str, set[int]]:
    """The same, of the world: zombies and kernel threads are none of its."""
    found: dict[str, set[int]] = {}
    for task in world.processes:
        if not task.is_zombie and not task.is_kthread:
            found.setdefault(task.cgroup.path, set()).add(task.pid)
    return found


def test_systemd_cgls(machine: Lab, truth: World, program: Callable[[str], str]) -> None:
    program("systemd-cgls")
    seen = shown(machine.says("sh", "-c", SHOW, env={**os.environ, "LC_ALL": "C.UTF-8"}))
    synthetic = {task.pid for task in truth.processes}
    assert {path: pids & synthetic for path, pids in seen.items() if pids & synthetic} == placed(truth)
    assert {"/system.slice", "/system.slice/database.service", "/user.slice"} <= set(seen)
