"""Saved worlds: the bytes that the core writes of one, behind a head that tells whether they are whole, and whose.

They are exact, and only for the build that wrote them; what lasts is a scenario (World.save_scenario()).
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from fakeproc import rules
from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError, StateError
from fakeproc.sigterm import DEEDS, OnSigterm
from fakeproc.task import Task

if TYPE_CHECKING:
    from fakeproc.scenario import Scenario
    from fakeproc.scenario.run import Run
    from fakeproc.world import World

MAGIC = b"\x89fakeproc world\n"
FORMAT = 2
DIGEST = 16
_HEAD = struct.Struct(f"<16sH{DIGEST}s{DIGEST}sI")  # magic, format, layout, checksum of the rest, bytes of names
WAY_OUT = "save_scenario() writes one that lasts"


def save(world: World) -> bytes:
    """Everything that it goes on by. MemoryError."""
    return wrap(_told(world), _bytes_of(lambda *out: lib.world_save(world._w, *out)))


def _told(world: World) -> bytes:
    """What a scenario tells of tasks and what is still to come of it: the core does not know that."""
    names = {name: [task.pid, task.serial] for name, task in world.names.items()}
    on_sigterm = {serial: [answer.deed, answer.time] for serial, answer in world.on_sigterm.items()}
    run = world._run.saved() if world._run else None
    return json.dumps({"names": names, "on_sigterm": on_sigterm, "run": run}).encode()


def wrap(names: bytes, core: bytes) -> bytes:
    """The same behind a head."""
    checksum = _digest(names + core)
    return _HEAD.pack(MAGIC, FORMAT, _layout(), checksum, len(names)) + names + core


def unwrap(state: bytes) -> tuple[bytes, bytes]:
    """The names and the core's bytes. StateError where they are none, are another build's, or are damaged."""
    if len(state) < _HEAD.size or not state.startswith(MAGIC):
        raise StateError("this is no saved world")
    _, number, layout, checksum, length = _HEAD.unpack_from(state)
    if (number, layout) != (FORMAT, _layout()):
        raise StateError(f"this world was saved by another build of fakeproc, which alone can load it: {WAY_OUT}")
    rest = state[_HEAD.size :]
    if _digest(rest) != checksum or length > len(rest):
        raise StateError("this saved world is damaged: its checksum is wrong")
    return rest[:length], rest[length:]


class Told(NamedTuple):
    """names: pid and serial of each; on_sigterm: by serial; run: what Run.saved() says."""

    names: dict[str, tuple[int, int]]
    on_sigterm: dict[int, OnSigterm]
    run: dict[str, Any] | None


def load(state: bytes) -> tuple[Any, rules.Kernel, Told]:
    """The core's world, its kernel, and what its scenario told of tasks. StateError."""
    raw, core = unwrap(state)
    told = _understood(raw)
    why = ffi.new("char[]", 256)
    pointer = lib.world_load(core, len(core), why, len(why))
    if pointer == ffi.NULL:
        raise StateError(f"this saved world cannot be: {ffi.string(why).decode()}")
    return pointer, _kernel(pointer), told


def named(world: World, names: dict[str, tuple[int, int]]) -> dict[str, Task]:
    """The tasks of a world by what a scenario calls them; those that are gone have their names still."""
    return {name: Task(world, pid, serial) for name, (pid, serial) in names.items()}


def resumed(world: World, told: Told, described: Scenario | None) -> Run | None:
    """What is still to come in a world that was loaded. StateError where that cannot be."""
    from fakeproc.scenario.run import Run

    try:
        return None if told.run is None else Run.resumed(world, told.run, described)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError, FakeprocError):
        raise StateError("this saved world cannot be: what is still to come of its scenario never does") from None


def read(path: str | os.PathLike[str]) -> bytes:
    """A file as it is; OSError."""
    with open(path, "rb") as file:
        return file.read()


def _understood(raw: bytes) -> Told:
    try:
        told = json.loads(raw)
        names = {name: (int(pid), int(serial)) for name, (pid, serial) in told["names"].items()}
        return Told(
            names, {int(serial): _answer(*said) for serial, said in told["on_sigterm"].items()}, told.get("run")
        )
    except (ValueError, TypeError, AttributeError, LookupError):
        raise StateError("this saved world cannot be: the names of its tasks are none") from None


def _answer(deed: str, time: int) -> OnSigterm:
    if deed not in DEEDS or time < 0:
        raise ValueError(deed)
    return OnSigterm(deed, time)


def _kernel(pointer: Any) -> rules.Kernel:
    mask = lib.world_patches(pointer)
    return rules.Kernel(
        rules.versions()[lib.world_version(pointer)], frozenset(patch for patch in rules.PATCHES if mask >> patch & 1)
    )


def _layout() -> bytes:
    return _digest(_bytes_of(lib.state_layout))


def _digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=DIGEST).digest()


def _bytes_of(call: Callable[[Any, Any], int]) -> bytes:
    """What a call of the core hands over."""
    out, length = ffi.new("char **"), ffi.new("size_t *")
    if call(out, length):
        raise MemoryError("a saved world")
    try:
        return bytes(ffi.buffer(out[0], length[0]))
    finally:
        lib.state_free(out[0])
