"""What would happen, without its happening: the act is done in a copy of the world that is thrown away.

A forked process has such a copy, of whatever the core keeps and however much it is, at the price of its page
tables; and what goes wrong in it harms nobody.
"""

import contextlib
import json
import os
from collections.abc import Callable
from typing import Any, NoReturn

from fakeproc._native import lib
from fakeproc.errors import FakeprocError
from fakeproc.world import World

Act = Callable[[World], Any]


def rehearse(world: World, act: Act) -> Any:
    """What act returns (anything that JSON can carry); the world stays as it is."""
    reader, writer = os.pipe()
    child = _fork(world)
    if not child:
        _perform(world, act, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        answer = pipe.read()
    with contextlib.suppress(ChildProcessError):  # whoever ignores SIGCHLD has nothing to wait for
        os.waitpid(child, 0)
    if not answer:
        raise FakeprocError("the rehearsal ended without an answer: try it in a scenario")
    return json.loads(answer)


def _fork(world: World) -> int:
    """No other thread is in the middle of a change meanwhile."""
    lib.world_hold(world._w)
    try:
        return os.fork()
    finally:
        lib.world_release(world._w)


def _perform(world: World, act: Act, writer: int) -> NoReturn:
    """In the copy: nothing of the original's may be touched on the way out, such as its mount."""
    try:
        with open(writer, "w", encoding="utf-8") as pipe:
            json.dump(act(world), pipe)
    finally:
        os._exit(0)
