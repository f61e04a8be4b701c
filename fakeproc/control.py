"""The control files under .fakeproc: commands for a world while it is mounted, its table, and what became of them.

`ctl` takes one command a line. All lines are understood before the first is carried out, and one that fails ends
the write with its errno. `log` has a line for each: "ok fork 1200: 1300" with the result last, or what was wrong.
"""

import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from fakeproc import rules, units, wording
from fakeproc._native import ffi, lib
from fakeproc.commands import Call, CommandError, Commands, understand, usage
from fakeproc.errors import FakeprocError
from fakeproc.world import Task, World

LOG_LINES = 1000


class Control:
    """The files themselves: what reading gives and what writing does."""

    def __init__(self, world: World) -> None:
        self.commands = Commands(world)
        self.world = world
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._lock = threading.Lock()
        self._files: dict[str, Callable[[], str]] = {
            "ctl": usage,
            "explain": partial(_explained, world),
            "explain.json": partial(_explained, world, as_json=True),
            "log": self.log,
            "world": partial(table, world),
            "world.json": partial(_unseen, world),
        }

    def attach(self, uid: int | None = None, gid: int | None = None) -> "Control":
        """Hang the files into the tree; they belong to that user, else to whoever runs this."""
        self._handle = ffi.new_handle(self)
        self.world._control = self
        owner = (os.getuid() if uid is None else uid, os.getgid() if gid is None else gid)
        lib.world_set_control(
            self.world._w, self._handle, lib.fakeproc_control_read, lib.fakeproc_control_write, *owner
        )
        return self

    def detach(self) -> None:
        """There is no .fakeproc any more, and nothing left that would keep the world."""
        lib.world_set_control(self.world._w, ffi.NULL, ffi.NULL, ffi.NULL, 0, 0)
        self.world._control = self._handle = None
        self._files.clear()

    def log(self) -> str:
        """What became of the commands, newest last."""
        return "".join(f"{line}\n" for line in list(self._log))

    def note(self, line: str) -> None:
        self._log.append(wording.printable(line))

    def read(self, name: str) -> bytes:
        return self._files[name]().encode("utf-8", "surrogateescape")

    def write(self, text: bytes) -> int:
        """Carry out every line; 0, or the negative errno of the one that failed."""
        with self._lock:
            try:
                calls = self._understood(text.decode("utf-8", "surrogateescape"))
                for call in calls:
                    self._carry_out(call)
            except CommandError as error:
                return -error.number
        return 0

    def _understood(self, text: str) -> list[Call]:
        calls = []
        for line, words in enumerate(text.split("\n"), 1):
            with self._noting(line, words):
                calls.append(understand(line, words))
        return [call for call in calls if call]

    def _carry_out(self, call: Call) -> None:
        with self._noting(call.line, call.text), self.commands.still():
            result = self.commands.carry_out(call)
            self.note(f"ok {_cut(call.text)}" + (f": {result}" if result else ""))

    @contextlib.contextmanager
    def _noting(self, line: int, text: str) -> Iterator[None]:
        """Whatever goes wrong inside is a line in the log, and a CommandError."""
        try:
            yield
        except FakeprocError as error:
            self.note(f"error line {line}: {_cut(text)}: {error}")
            raise error if isinstance(error, CommandError) else CommandError(str(error)) from None

    @contextlib.contextmanager
    def never_raising(self) -> Iterator[None]:
        """The core cannot take an exception: one that nobody foresaw is a line in the log."""
        try:
            yield
        except Exception as error:
            self.note(f"error: {type(error).__name__}: {error}")


def _cut(text: str) -> str:
    bare = text.strip()
    return bare if len(bare) <= 200 else bare[:200] + "..."


# --- the table of the world ------------------------------------------------------------------


def table(world: World) -> str:
    """What reading world gives."""
    rows = [row for task in world.processes if (row := _row(task))]
    patches = f"\npatches  {rules.patch_list(world.kernel.patches)}" if world.kernel.version == "4.7" else ""
    total = world.total_pages * units.PAGE >> 20
    head = f"kernel   {world.kernel.version}{patches}\ntotal    {total} MiB\n"
    processes, tasks = wording.counted(len(rows), "process"), wording.counted(world.task_count, "task")
    counts = f"holds    {processes}, {tasks}\n\n"
    columns = "    PID    PPID S    UID   ADJ   MIN  RSS MiB  THR  COMM             NOTES\n"
    return head + counts + columns + "".join(rows)


def _row(leader: Task) -> str:
    """Its line; nothing where it went meanwhile."""
    try:
        info, user = leader.info, _user(leader)
        memory, comm, notes = user.memory, leader.comm, ", ".join(_notes(leader, info, user))
    except ProcessLookupError:
        return ""
    rss = (memory.anon + memory.file + memory.shmem) * units.PAGE >> 20
    who = f"{info.pid:7} {info.ppid:7} {info.state.decode()} {info.uid:6}"
    weight = f"{info.oom_score_adj:5} {info.oom_score_adj_min:5} {rss:8} {info.threads:4}"
    return f"{who} {weight}  {wording.printable(comm):15}  {notes}".rstrip() + "\n"


def _user(leader: Task) -> Task:
    """The first thread with an mm, which is another where the leader has ended; the leader where there is none."""
    if not leader.is_zombie:
        return leader
    return next((thread for thread in leader.threads if thread.info.mm), leader)


def _notes(leader: Task, info: Any, user: Task) -> Iterator[str]:
    """What is special about a process."""
    if leader.is_adopted:
        yield "real process"
    if info.flags & lib.TASK_KTHREAD:
        yield "kernel thread"
    if info.flags & lib.TASK_NAMESPACE_INIT:
        yield "init of a pid namespace"
    if info.flags & lib.TASK_IN_USER_NAMESPACE:
        yield "in a user namespace"
    if leader.is_zombie:
        yield "zombie leader, threads live on" if user != leader else "zombie"
    if user.info.sharers > 1:
        yield "shares its mm with " + wording.listed(str(task.pid) for task in user.sharers if task != leader)
    if info.vfork_waiter:
        yield f"vforked, {info.vfork_waiter} waits for it"
    elif user.is_vforked and not user.is_kthread:
        yield "vforked"
    waited_for = next((thread.info.vfork_child for thread in leader.threads if thread.info.vfork_child), 0)
    if waited_for:
        yield f"waits for {waited_for}"


# --- who would be killed ---------------------------------------------------------------------


def _explained(world: World, *, as_json: bool = False) -> str:
    from fakeproc import explain

    found = explain.explain(world)
    return explain.as_json(found) if as_json else explain.text(found)


def _unseen(world: World) -> str:
    from fakeproc import unseen

    return unseen.as_json(world)


# --- what the core calls ---------------------------------------------------------------------


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def fakeproc_control_read(handle: Any, name: Any, out: Any) -> int:
    control = ffi.from_handle(handle)
    with control.never_raising():
        content = control.read(ffi.string(name).decode())
        return int(lib.text_append(out, content, len(content)))
    return -errno.EIO


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def fakeproc_control_write(handle: Any, name: Any, data: Any, count: int, who: Any) -> int:
    control = ffi.from_handle(handle)
    with control.never_raising():
        return int(control.write(bytes(ffi.buffer(data, count)))) or count
    return -errno.EIO
