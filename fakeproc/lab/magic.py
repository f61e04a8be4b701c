"""On which file system a path of a lab is, by its magic number, where that is one for which the tree stands."""

from __future__ import annotations

import os
import stat

from fakeproc.caller import Caller
from fakeproc.world import World

PROC, CGROUP1, CGROUP2, TMPFS = 0x9FA0, 0x27E0EB, 0x63677270, 0x1021994
CGROUPS = "/sys/fs/cgroup"
TREES = {"/proc": "", CGROUPS: "/.fakeproc/cgroup"}  # place: where in the tree that is
LINKS = 40  # so many are followed, as by the kernel


def magic(world: World, path: str) -> int | None:
    """Of what is open at that path, or was; None: another file system."""
    place = _place(_clean(path))
    if place != CGROUPS:
        return PROC if place else None
    if world.cgroup_version == 2:
        return CGROUP2
    return TMPFS if _clean(path) == CGROUPS else CGROUP1


def followed(world: World, path: str, pid: int) -> str | None:
    """Where an absolute path leads for a thread, by the links of the tree; None: out of the tree, or nowhere."""
    caller = Caller(pid=pid)
    for _ in range(LINKS):
        path = _clean(path)
        place = _place(path)
        if place is None:
            return None
        inside = TREES[place] + path.removeprefix(place) or "/"
        try:
            if not stat.S_ISLNK(world.stat(inside, caller).mode):
                return path
            path = os.path.join(os.path.dirname(path), world.readlink(inside, caller))
        except OSError:
            return None
    return None


def _clean(path: str) -> str:
    return os.path.normpath(f"/{path.lstrip('/')}")


def _place(path: str) -> str | None:
    return next((place for place in TREES if path == place or path.startswith(f"{place}/")), None)
