"""systemd-cgls, in a lab: it finds the cgroup tree by itself, over /sys/fs/cgroup."""

import os
import re
import subprocess
from collections.abc import Callable

from fakeproc.world import World

from .conftest import MACHINE
from .lab import FAKEPROC, LONGEST

SHOW = ["run", "--json", "--intercept", "--scenario", str(MACHINE), "--", "systemd-cgls", "--no-pager", "--full"]
NODE = re.compile(r"(?P<indent>[│ ]*)[├└]─(?:(?P<pid> *\d+) |(?P<name>\S+)$)")


def shown(text: str) -> dict[str, set[int]]:
    """The processes of each cgroup, by the drawing."""
    heading, root, *lines = text.splitlines()
    assert (heading, root) == ("Control group /:", "-.slice")
    where, pids = [""], {"/": set[int]()}
    for line in lines:
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


def test_systemd_cgls(lab: None, truth: World, program: Callable[[str], str]) -> None:
    program("systemd-cgls")
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run([*FAKEPROC, *SHOW], env=environment, capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode == 0, done
    seen = shown(done.stderr)
    synthetic = {task.pid for task in truth.processes}
    assert {path: pids & synthetic for path, pids in seen.items() if pids & synthetic} == placed(truth)
    assert {"/system.slice", "/system.slice/database.service", "/user.slice"} <= set(seen)
