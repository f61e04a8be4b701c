"""Saved worlds: the bytes that the core writes of one, behind a head that tells whether they are whole, and whose.

They are exact, and only for the build that wrote them; what lasts is a scenario (World.save_scenario()).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fakeproc import rules
from fakeproc._native import ffi, lib
from fakeproc.errors import StateError
from fakeproc.task import Task

if TYPE_CHECKING:
    from fakeproc.world import World

MAGIC = b"\x89fakeproc world\n"
FORMAT = 1
DIGEST = 16
_HEAD = struct.Struct(f"<16sH{DIGEST}s{DIGEST}sI")  # magic, format, layout, checksum of the rest, bytes of names
WAY_OUT = "save_scenario() writes one that lasts"


def save(world: World) -> bytes:
    """Everything that it goes on by. MemoryError."""
    names = json.dumps({name: [task.pid, task.serial] for name, task in world.names.items()}).encode()
    return wrap(names, _bytes_of(lambda *out: lib.world_save(world._w, *out)))


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


def load(state: bytes) -> tuple[Any, rules.Kernel, dict[str, tuple[int, int]]]:
    """The core's world, its kernel, and the pid and serial of each name. StateError."""
    raw_names, core = unwrap(state)
    names = _names(raw_names)
    why = ffi.new("char[]", 256)
    pointer = lib.world_load(core, len(core), why, len(why))
    if pointer == ffi.NULL:
        raise StateError(f"this saved world cannot be: {ffi.string(why).decode()}")
    return pointer, _kernel(pointer), names


def named(world: World, names: dict[str, tuple[int, int]]) -> dict[str, Task]:
    """The tasks of a world by what a scenario calls them; those that are gone have their names still."""
    return {name: Task(world, pid, serial) for name, (pid, serial) in names.items()}


def read(path: str | os.PathLike[str]) -> bytes:
    """A file as it is; OSError."""
    with open(path, "rb") as file:
        return file.read()


def write(state: bytes, path: str | os.PathLike[str]) -> None:
    """Into that file, all of it or nothing; OSError."""
    part = f"{os.fspath(path)}.part"
    try:
        with open(part, "wb") as file:
            file.write(state)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _names(raw: bytes) -> dict[str, tuple[int, int]]:
    try:
        return {name: (int(pid), int(serial)) for name, (pid, serial) in json.loads(raw).items()}
    except (ValueError, TypeError, AttributeError):
        raise StateError("this saved world cannot be: the names of its tasks are none") from None


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
