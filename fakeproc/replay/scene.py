"""One scenario of family B: the recorder's tasks, open files and mappings, in a world."""

import re
from collections.abc import Callable
from typing import Any

from fakeproc import capabilities
from fakeproc.replay.door import Door, Handle, MakeDoor
from fakeproc.replay.judging import VALUES, errno_name, value
from fakeproc.replay.recording import NotUnderstoodError, Record, Recording
from fakeproc.world import Caller, Memory, Task, World

OPEN_FILES = 67  # the recorder's tasks hold 64 sockets beside the usual three


class Actor:
    """A task by the name it has in the recording, and the ids under which the recorder knows it."""

    def __init__(self, name: str, parent: str, task: Task) -> None:
        self.name, self.parent, self.task = name, parent, task
        self.tid, self.tgid = task.id, task.tgid
        # What the recorder believes of it, which it does not look up.
        self.is_gone = False
        self.waits_for: Actor | None = None  # its vforked child

    @property
    def leads(self) -> bool:
        return self.tid == self.tgid

    @property
    def life(self) -> str:
        """By its ids: also live where another thread took them over by exec."""
        if not self.task.exists:
            return "gone"
        return "Z" if self.task.is_zombie else "live"

    @property
    def is_left(self) -> bool:
        return not self.is_gone and self.life != "gone"


class Scene:
    """Everything that the operations of one scenario name."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.world = World(recording.kernel)
        self.door: Door = make_door(self.world)
        self.actors: dict[str, Actor] = {}
        self.handles: dict[str, tuple[str, Handle]] = {}
        self.maps: dict[str, Memory] = {}
        self.expected: Record = {}  # the record that is being done
        meta = recording.head.get("meta")
        self.ctl = self._recorder(meta if isinstance(meta, dict) else {})

    def _recorder(self, meta: Record) -> Actor:
        """The recorder's own process: parent and reaper of all others."""
        self.world.kthread("kthreadd")
        task = self.world.spawn("pw:ctl")
        task.set_subreaper()
        task.set_open_files(OPEN_FILES)
        adj = meta.get("ctl_oom_score_adj", 0)
        task.set_adj(adj, adj)
        if meta.get("cap_sys_resource") == 0:
            caps = capabilities.parse("all,-sys_resource", 0)
            task.set_bounding(caps)
            task.set_caps(caps)
        return Actor("ctl", "", task)

    def close(self) -> None:
        for _, handle in self.handles.values():
            attempted(handle.close)
        self.handles.clear()

    # --- names and paths ---------------------------------------------------------

    def actor(self, name: str) -> Actor:
        if name == "ctl":
            return self.ctl
        if name not in self.actors:
            raise NotUnderstoodError(f"no task is named {name!r}")
        return self.actors[name]

    def release(self, child: Actor) -> None:
        """Nobody waits for that vforked child any longer."""
        for actor in [self.ctl, *self.actors.values()]:
            if actor.waits_for is child:
                actor.waits_for = None

    def group(self, actor: Actor) -> list[Actor]:
        """Everybody in its process."""
        return [other for other in self.actors.values() if other.tgid == actor.tgid]

    def by(self, op: Record) -> Task:
        """Who does it."""
        return self.actor(op.get("by", "ctl")).task

    def who(self, op: Record) -> Caller:
        return self.by(op).caller()

    def handle(self, name: str) -> tuple[str, Handle]:
        """Who opened it, and the file."""
        if name not in self.handles:
            raise NotUnderstoodError(f"no file is open as {name!r}")
        return self.handles[name]

    def place(self, text: str) -> str:
        """A path of the recording with its {names} filled in, below the root of the tree."""
        if not text.startswith("{proc}"):
            raise NotUnderstoodError(f"path {text!r} does not start with {{proc}}")
        return re.sub(r"\{([^{}]+)\}", lambda match: self._id(match[1]), text[len("{proc}") :]) or "/"

    def _id(self, word: str) -> str:
        actor = self.actor(word.removesuffix(".tid"))
        return str(actor.tid if word.endswith(".tid") else actor.tgid)

    def path(self, op: Record) -> str:
        if "path" in op:
            return self.place(op["path"])
        actor = self.actor(op["of"])
        if actor.leads and not op.get("astask"):
            return f"/{actor.tgid}/{op['file']}"
        return f"/{actor.tgid}/task/{actor.tid}/{op['file']}"

    # --- state -------------------------------------------------------------------

    def state(self) -> Record:
        """What root reads of every task that is not gone."""
        return {actor.name: self._row(actor) for actor in self.actors.values() if actor.is_left}

    def _row(self, actor: Actor) -> list[Any]:
        below = f"/{actor.tgid}" if actor.leads else f"/{actor.tgid}/task/{actor.tid}"
        row: list[Any] = [value(self.door, f"{below}/{name}") for name in VALUES]
        return [*row, "Z"] if actor.life == "Z" else row


Operation = Callable[[Scene, Record], Record]


def failed(error: OSError, stage: str = "") -> Record:
    """The result of a system call that failed, as the recorder writes it."""
    result: Record = {"ret": -1, "errno": errno_name(error)}
    return {**result, "stage": stage} if stage else result


def attempted(call: Callable[[], object], stage: str = "") -> Record:
    """The result of a system call, whichever way it goes."""
    try:
        returned = call()
    except OSError as error:
        return failed(error, stage)
    result: Record = {"ret": returned if isinstance(returned, int) else 0}
    return {**result, "stage": stage} if stage else result
