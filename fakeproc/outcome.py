"""What the OOM killer did, in words. Which word is the core's choice."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING

from fakeproc import wording
from fakeproc._native import lib

if TYPE_CHECKING:
    from fakeproc.world import World

HOW = {
    lib.OOM_NEVER_ASKED: "nothing",
    lib.OOM_KILLED: "kills {victim}",
    lib.OOM_CURRENT_DIES: "{chosen} dies anyway: nobody is killed",
    lib.OOM_CHOSEN_DIES: "chooses {chosen}, which dies anyway: nobody is killed",
    lib.OOM_VICTIM_IN_FLIGHT: "waits for an earlier victim",
    lib.OOM_NOBODY: "finds nobody to kill",
    lib.OOM_REFUSED: "kills nobody for such an allocation",
    lib.OOM_PANIC: "panics",
    lib.OOM_HAS_EXITED: "chooses {chosen}, which has no memory any more",
}
SACRIFICED = "chooses {chosen}, kills its child {victim}"

IN_FLIGHT = {
    lib.NOT_A_VICTIM: "",
    lib.VICTIM_IS_SKIPPED: "a victim already, skipped",
    lib.VICTIM_IS_WAITED_FOR: "a victim already: others are safe until it is gone",
}


def name(world: World, pid: int) -> str:
    """A task as people are told of it: its process's comm and its pid."""
    with suppress(ProcessLookupError):
        return f"{wording.printable(world.task(pid).comm)} ({pid})"
    return f"({pid})"


def told(world: World) -> str:
    """How the last call of the OOM killer ended; the machine's panic, if that was it."""
    if world.panic:
        return f"panics: {world.panic}"
    ended = world.outcome
    is_child = ended.how == lib.OOM_KILLED and ended.victim != ended.chosen
    words = SACRIFICED if is_child else HOW[ended.how]
    return words.format(chosen=name(world, ended.chosen), victim=name(world, ended.victim))


def errno_name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error))
