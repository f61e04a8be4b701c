"""The servers of the bench, each a process of its own: python -m fakeproc.bench serve KIND COUNT POINT."""

import ctypes
import os
import signal
import sys
from typing import Any

from fakeproc import libfuse, mount
from fakeproc.bench.contender import mount_options
from fakeproc.errors import FakeprocError
from fakeproc.world import World

PR_SET_PDEATHSIG = 1


def world_of(count: int) -> World:
    """Processes 1 to count: init, and a family that belongs to whoever measures, since only he may write there."""
    world = World()
    first = world.spawn("first", uid=os.getuid())
    for _ in range(count - 2):
        first.fork()
    return world


def ready() -> None:
    print("ready", flush=True)


def serve_native(count: int, point: str) -> None:
    mount.serve(mount.Mount(world_of(count), point), ready)


def serve_adopting(count: int, point: str) -> None:
    """For a mount that lies over /proc: ps looks for itself there."""
    mount.serve(mount.Mount(world_of(count), point, adopt=True), ready)


def serve_python(count: int, point: str) -> None:
    """As nearly everybody calls fusepy: libfuse's pool of threads, and the interpreter's lock between them."""
    _serve_handlers(count, point)


def serve_python_single(count: int, point: str) -> None:
    """One thread, as our own loop has it."""
    _serve_handlers(count, point, nothreads=True)


def _serve_handlers(count: int, point: str, **loop: bool) -> None:
    fuse = libfuse.fusepy()
    from fakeproc.bench.handlers import Handlers

    parts = (option.partition("=") for option in mount_options())
    options: dict[str, Any] = {name: value or True for name, _, value in parts}
    fuse.FUSE(Handlers(world_of(count), ready), point, foreground=True, direct_io=True, **loop, **options)


SERVERS = {
    "adopting": serve_adopting,
    "native": serve_native,
    "python": serve_python,
    "python-single": serve_python_single,
}


def main(kind: str, count: str, point: str) -> None:
    """Serve until unmounted, or until the bench is gone: no mount outlives it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    try:
        SERVERS[kind](int(count), point)
    except FakeprocError as error:
        sys.exit(str(error))
