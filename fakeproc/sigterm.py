"""What a process does with a SIGTERM, where its scenario says so: it ignores it, dies late, dumps core, leaves a copy.

Nothing here waits: begin() says how long it is until end(). So it is the same in virtual time and in a lab.
"""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakeproc._native import lib

if TYPE_CHECKING:
    from fakeproc.task import Task


DEEDS = ("die", "ignore", "core", "fork")


@dataclass(frozen=True)
class OnSigterm:
    """deed: one of DEEDS. time: nanoseconds until it has died."""

    deed: str
    time: int = 0


DIE, IGNORE, FORK = (OnSigterm(deed) for deed in ("die", "ignore", "fork"))


def of(task: Task) -> OnSigterm:
    """What the process does that this task leads."""
    return task.world.on_sigterm.get(task.serial, DIE)


def give(task: Task, answer: OnSigterm) -> None:
    """So it will answer, and so its status says."""
    task.world.on_sigterm[task.serial] = answer
    bit = 0 if answer == DIE else 1 << signal.SIGTERM - 1
    task.set_signals(ignored=bit if answer == IGNORE else 0, caught=0 if answer == IGNORE else bit)


def inherit(parent: Task, child: Task) -> None:
    """A fork has its parent's handlers."""
    if (answer := of(parent)) != DIE:
        child.world.on_sigterm[child.serial] = answer


def reset(task: Task) -> None:
    """An exec leaves no handler, but what is ignored."""
    if of(task) != IGNORE:
        task.world.on_sigterm.pop(task.serial, None)


def begin(task: Task) -> int | None:
    """It gets one. Nanoseconds until end() is due; None: it lives on."""
    answer = of(task)
    if answer == IGNORE:
        return None
    if answer == FORK:
        with contextlib.suppress(OSError):  # one that cannot fork dies all the same
            task._clone(0, task.comm)  # it dies itself: the pages are the copy's then
    elif answer.deed == "core":
        task.set_flag(lib.TASK_COREDUMPING)
    return answer.time


def end(task: Task) -> None:
    """Its time has come. ProcessLookupError where it has died before."""
    if of(task).deed == "core":
        task.core_dumped(signal.SIGTERM)
    else:
        task.kill(signal.SIGTERM)
