"""What differs by nature between the doors, and why: the whole list."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from .doors import Door


def empty_write(door: Door) -> str:
    try:
        return str(door.write("/1200/oom_score_adj", b""))
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def dead(door: Door) -> str:
    door.ctl("exit 1500")
    return "a zombie" if "1500" in door.call("listdir", "/") else "waited for"


def clock(door: Door) -> str:
    """Looked at until it moves, or for a second."""
    before, until = door.read("/uptime"), time.monotonic() + 1
    while time.monotonic() < until:
        if door.read("/uptime") != before:
            return "goes with the wall's"
    return "stands until it is stepped"


def who_asks(door: Door) -> str:
    try:
        return "a process of the world" if door.read("/self/comm") else ""
    except FileNotFoundError:
        return "nobody there"


def strangers(door: Door) -> str:
    described = {"1", "2", "1200", "1300", "1301", "1400", "1500"}
    return "too" if {name for name in door.call("listdir", "/") if name.isdigit()} - described else "no"


def position(door: Door) -> str:
    """After a write(2) of "5" to a file that is open for both."""
    with door.open("/1200/oom_score_adj", os.O_RDWR) as fd:
        door.call("write", fd, b"5")
        return str(door.call("lseek", fd, 0, os.SEEK_CUR))


@dataclass(frozen=True)
class Difference:
    """What is looked at, what each door shows, and why that cannot be otherwise."""

    look: Callable[[Door], str]
    shown: dict[str, str]
    why: str


DIFFERENCES = {
    "a write of no bytes": Difference(
        empty_write,
        {"core": "EINVAL", "fake_fs": "EINVAL", "mount": "0", "lab": "0"},
        "a FUSE client keeps it to itself",
    ),
    "who has ended is": Difference(
        dead,
        {"core": "a zombie", "fake_fs": "a zombie", "mount": "a zombie", "lab": "waited for"},
        "in the lab a real process stands behind it, and its parent waits for it",
    ),
    "the clock": Difference(
        clock,
        {
            "core": "stands until it is stepped",
            "fake_fs": "stands until it is stepped",
            "mount": "goes with the wall's",
            "lab": "goes with the wall's",
        },
        "who mounts a world lets real programs wait in it",
    ),
    "self is": Difference(
        who_asks,
        {
            "core": "nobody there",
            "fake_fs": "a process of the world",
            "mount": "nobody there",
            "lab": "a process of the world",
        },
        "in the lab whoever asks has a pid of its own among the others; in pyfakefs one stands for the test",
    ),
    "real processes are listed": Difference(
        strangers,
        {"core": "no", "fake_fs": "too", "mount": "no", "lab": "too"},
        "the command of a lab, and all that it starts, live in its world; in pyfakefs one that stands for the test",
    ),
    "the position after a write of one byte is": Difference(
        position,
        {"core": "0", "fake_fs": "0", "mount": "1", "lab": "1"},
        "a FUSE client counts what was taken; the files of procfs count nothing",
    ),
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_what_differs_by_nature(door: Door, what: str) -> None:
    difference = DIFFERENCES[what]
    assert difference.look(door) == difference.shown[door.name], difference.why
