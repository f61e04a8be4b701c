"""What the records of both families need to be judged: a write, a value, and where two results differ."""

import errno
import os
from collections.abc import Sequence
from typing import Any

from fakeproc.replay.door import Bytes, Door
from fakeproc.replay.elsewhere import Kind
from fakeproc.replay.recording import Record
from fakeproc.replay.report import Difference
from fakeproc.world import ROOT, Caller

VALUES = ("oom_adj", "oom_score_adj")


def errno_name(error: OSError) -> str:
    number = error.errno or 0
    return errno.errorcode.get(number, f"E{number}")


def read(door: Door, path: str) -> str:
    """What root reads there."""
    handle = door.open(ROOT, path, os.O_RDONLY)
    try:
        return handle.read(ROOT, Bytes(b"", 64)).decode("latin-1")
    finally:
        handle.close()


def value(door: Door, path: str) -> int | str:
    """The number that root reads there; the text where it is none, the errno where it cannot be read."""
    try:
        text = read(door, path)
    except OSError as error:
        return errno_name(error)
    digits = text.removeprefix("-").removesuffix("\n")
    return int(text) if text.endswith("\n") and digits.isdecimal() else text


def write(
    door: Door, who: Caller, path: str, data: bytes, flags: int = os.O_WRONLY, position: int | None = None
) -> Record:
    """One open and write: ret and errno of the write, or the errno of the open as `open`."""
    try:
        handle = door.open(who, path, flags)
    except OSError as error:
        return {"open": errno_name(error)}
    try:
        return {"ret": handle.write(who, Bytes(data, len(data)), position), "errno": ""}
    except OSError as error:
        return {"ret": -1, "errno": errno_name(error)}
    finally:
        handle.close()


def differences(names: Sequence[str], expected: Record, got: Record, of: str = "") -> list[Difference]:
    """Where the two differ in what these names say."""
    return [
        Difference(f"{name}{of}", expected.get(name), got.get(name))
        for name in names
        if expected.get(name) != got.get(name)
    ]


def excused(found: list[Difference], kind: Kind | None) -> tuple[list[Difference], Kind | None]:
    """The differences that count, and the kind that excused the others."""
    return ([], kind) if kind and (found or kind.says_nothing) else (found, None)


def told_write(record: Record, by: Any, data: Any) -> str:
    return f"write {data!r} to {record['file']} of {record['target']} by {by}"
