"""Family B's operations on files."""

import os
from collections.abc import Callable
from typing import Any

from fakeproc.replay.door import Argument, Bytes, Handle, OutArgument, PathArgument, check_call
from fakeproc.replay.recording import NotUnderstoodError, Record
from fakeproc.replay.scene import Operation, Scene, attempted, failed
from fakeproc.world import Caller, Task

OPEN_FLAGS = {name: getattr(os, name) for name in dir(os) if name.startswith("O_")} | {"O_ACCMODE3": 3}
OVERFLOW_ID = 65534  # what stat(2) tells of an owner that the reader's user namespace does not know


def _flags(op: Record, default: int) -> int:
    words = op.get("flags", default)
    if isinstance(words, int):
        return words
    flags = 0
    for word in words.split("|") if isinstance(words, str) else words:
        if word not in OPEN_FLAGS:
            raise NotUnderstoodError(f"open flag {word!r} is not known")
        flags |= OPEN_FLAGS[word]
    return flags


def _bytes(op: Record) -> bytes:
    data: bytes = bytes.fromhex(op["hex"]) if "hex" in op else op.get("data", "").encode("latin-1")
    return data * int(op.get("repeat", 1))


def open_file(scene: Scene, op: Record) -> Record:
    try:
        handle = scene.door.open(scene.who(op), scene.path(op), _flags(op, os.O_RDONLY), op.get("mode", 0))
    except OSError as error:
        return failed(error, "open")
    if op["as"] in scene.handles:
        attempted(scene.handles[op["as"]][1].close)
    scene.handles[op["as"]] = (op.get("by", "ctl"), handle)
    return {"ret": 0, "stage": "open"}


def on_file(scene: Scene, op: Record, flags: int, act: Callable[[Caller, Handle], Record]) -> Record:
    """act on the file that is open as "h", or on the named one, opened and closed around it."""
    if "h" in op:
        opener, handle = scene.handle(op["h"])
        return act(scene.actor(op.get("by", opener)).task.caller(), handle)
    who = scene.who(op)
    try:
        handle = scene.door.open(who, scene.path(op), _flags(op, flags))
    except OSError as error:
        return failed(error, "open")
    try:
        return act(who, handle)
    finally:
        handle.close()


def _read(scene: Scene, op: Record, position: int | None) -> Record:
    memory = Bytes(b"", op.get("len", 4096), bool(op.get("badptr")))

    def act(who: Caller, handle: Handle) -> Record:
        try:
            data = handle.read(who, memory, position)
        except OSError as error:
            return failed(error, "read")
        return {"ret": len(data), "stage": "read", "data": data.decode("latin-1")}

    return on_file(scene, op, os.O_RDONLY, act)


def _written(op: Record, who: Caller, handle: Handle, position: int | None) -> Record:
    data = _bytes(op)
    memory = Bytes(data, op.get("count", len(data)), bool(op.get("badptr")))
    return attempted(lambda: handle.write(who, memory, position), "write")


def write(scene: Scene, op: Record) -> Record:
    """With an offset, lseek first. Where a door goes on although procfs refused that, it ends there all the same."""

    def act(who: Caller, handle: Handle) -> Record:
        if "offset" in op:
            sought = attempted(lambda: handle.lseek(who, op["offset"], os.SEEK_SET), "seek")
            was_refused = scene.door.doubt and scene.expected.get("stage") == "seek"
            if "errno" in sought or was_refused:
                return sought
        return _written(op, who, handle, None)

    return on_file(scene, op, os.O_WRONLY, act)


def pwrite(scene: Scene, op: Record) -> Record:
    offset = op.get("offset", 0)
    return on_file(scene, op, os.O_WRONLY, lambda who, handle: _written(op, who, handle, offset))


def writev(scene: Scene, op: Record) -> Record:
    parts = [part.encode("latin-1") for part in op["parts"]]
    return on_file(scene, op, os.O_WRONLY, lambda who, handle: attempted(lambda: handle.writev(who, parts), "write"))


def readv(scene: Scene, op: Record) -> Record:
    lengths = op["lens"]
    return on_file(scene, op, os.O_RDONLY, lambda who, handle: attempted(lambda: handle.readv(who, lengths), "read"))


def lseek(scene: Scene, op: Record) -> Record:
    """Where the door went elsewhere than procfs did, the position is put where the next record expects it.

    That is the beginning where procfs had nothing to show any more.
    """
    opener, handle = scene.handle(op["h"])
    who = scene.actor(op.get("by", opener)).task.caller()
    got = attempted(lambda: handle.lseek(who, op["offset"], op.get("whence", 0)), "seek")
    if scene.door.doubt and got["ret"] != scene.expected["ret"]:
        handle.put_as_recorded(0 if scene.expected.get("errno") == "ESRCH" else int(scene.expected["ret"]))
    return got


def close(scene: Scene, op: Record) -> Record:
    _, handle = scene.handle(op["h"])
    del scene.handles[op["h"]]
    return attempted(handle.close)


def stat(scene: Scene, op: Record) -> Record:
    try:
        seen = scene.door.stat(scene.who(op), scene.path(op), not op.get("nofollow"))
    except OSError as error:
        return failed(error, "stat")
    if scene.by(op).is_in_user_namespace:
        seen |= {"uid": OVERFLOW_ID, "gid": OVERFLOW_ID}
    return {"ret": 0, "stat": seen}


def call(scene: Scene, op: Record) -> Record:
    name, arguments = op["call"], [_argument(scene, word) for word in op.get("args", [])]
    check_call(name, arguments)
    who = _real_caller(scene.by(op)) if name == "access" else scene.who(op)
    try:
        result, data = scene.door.call(who, name, arguments)
    except OSError as error:
        return failed(error, name)
    got: Record = {"ret": result, "stage": name}
    size = sum(a.size for a in arguments if isinstance(a, OutArgument))
    if size and op.get("show"):
        got["data"] = data[: size if op["show"] == "all" else result].decode("latin-1")
    return got


def _real_caller(task: Task) -> Caller:
    """The identity that access(2) asks for: the real ids, with capabilities only where that is root."""
    info, who = task.info, task.caller()
    caps = info.caps_permitted if info.uid == 0 and not task.is_in_user_namespace else 0
    return Caller(who.pid, info.uid, info.gid, caps, who.mems, who.comm)


def _argument(scene: Scene, word: Any) -> Argument:
    match word:
        case str() if word.startswith("@"):
            return scene.handle(word[1:])[1]
        case str() if word.startswith("#"):
            return PathArgument(scene.place(word[1:]))
        case str():
            return word.encode("latin-1")
        case {"out": int(size)}:
            return OutArgument(size)
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case int():
            return word
    raise NotUnderstoodError(f"argument {word!r} of a system call is not understood")


OPERATIONS: dict[str, Operation] = {
    "call": call,
    "close": close,
    "lseek": lseek,
    "open": open_file,
    "pread": lambda scene, op: _read(scene, op, op.get("offset", 0)),
    "pwrite": pwrite,
    "read": lambda scene, op: _read(scene, op, None),
    "readv": readv,
    "stat": stat,
    "write": write,
    "writev": writev,
}
