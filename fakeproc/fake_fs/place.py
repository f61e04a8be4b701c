"""A world at a place in pyfakefs: what a path below it means in the world's tree, and who acts there."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fakeproc._native import lib
from fakeproc.caller import ROOT, Caller, native_of
from fakeproc.control import Control
from fakeproc.errors import WorldError, check
from fakeproc.task import Task
from fakeproc.world import World

EXECUTABLE = os.path.realpath(sys.executable) if sys.executable else None  # before it is hidden by a pyfakefs


class Place:
    """One world at one directory of one pyfakefs. as_: who acts; None: a process that stands for this one."""

    def __init__(self, world: World, at: str, as_: Caller | Task | None = None) -> None:
        self.world, self.at, self.device = world, at, 0
        world.set_boot_time(time.time_ns() - world.now)  # as a mount does
        self._control = None if world._control else Control(world).attach()
        self._guest = _stand_in(world) if as_ is None else None
        self.act_as(as_ or self._guest or ROOT)

    def act_as(self, who: Caller | Task) -> None:
        """From now on this one acts. ProcessLookupError for a task that is gone."""
        self._actor = who
        self._known = who if isinstance(who, Caller) else who.caller()

    @property
    def who(self) -> Caller:
        """Who acts. A task that has gone meanwhile goes on as what it was, and its /proc/self leads nowhere."""
        if isinstance(self._actor, Task):
            with contextlib.suppress(ProcessLookupError):
                self._known = self._actor.caller()
        return self._known

    def where(self, path: str) -> str | None:
        """The path in the tree of an absolute one without symlinks; None where that is not below this place."""
        if path == self.at:
            return "/"
        return path[len(self.at) :] if path.startswith(f"{self.at}/") else None

    def kill(self, pid: int, signal: int) -> None:
        """kill(2) of one process of the world. OSError ESRCH, EPERM, EINVAL."""
        check(lib.task_signal(self.world._w, native_of(self.who), pid, signal), f"pid {pid}")

    def leave(self) -> None:
        """Who stood for this process leaves the world, and so does what commands it, unless that was there before."""
        if self._control:
            self._control.detach()
        guest, self._guest, self._control = self._guest, None, None
        with contextlib.suppress(OSError):
            if guest and not guest.is_zombie:
                guest.exit()
            if guest:
                guest.reap()


def _stand_in(world: World) -> Task | None:
    """A process of root that holds no memory; None where a world takes in nobody any more."""
    with contextlib.suppress(OSError):
        task = world.spawn("python3")
        task.set_exe(EXECUTABLE)
        task.set_cmdline(list(sys.orig_argv))
        return task
    return None


class Name(NamedTuple):
    """A name in the tree of a world. shown: the path by which it was asked for, for errors; status: what lstat(2) said
    when it was looked at."""

    place: Place
    where: str
    shown: Any
    status: Any = None

    @property
    def name(self) -> str:
        return (self.place.at + self.where).rstrip("/").rpartition("/")[2]

    def look(self) -> Name:
        """The same, as it is now. OSError where there is none."""
        return self._replace(status=self.ask("stat"))

    def ask(self, call: str, *words: Any, **options: Any) -> Any:
        """What a call of World says of that name: stat, listdir, mkdir and so on. OSError as of the real call."""
        function: Callable[..., Any] = getattr(self.place.world, call)
        with naming(self.shown):
            return function(self.where, *words, as_=self.place.who, **options)

    def child(self, name: str) -> Name:
        where = f"{self.where.rstrip('/')}/{name}"
        return Name(self.place, where, self.place.at + where)


@contextlib.contextmanager
def naming(*path: Any) -> Iterator[None]:
    """Errors of the core name that path, as those of os do; without one, none."""
    try:
        yield
    except WorldError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, *path) from None
