"""Plan -> World, and its events in virtual time."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fakeproc import capabilities, rules, sigterm, units
from fakeproc._native import lib
from fakeproc.errors import ScenarioError
from fakeproc.scenario.events import Event, Happened, set_cgroup, set_conditions
from fakeproc.scenario.expect import Expect
from fakeproc.scenario.keys import OWN_PAGES, SIZES
from fakeproc.scenario.plan import Process
from fakeproc.scenario.player import Player
from fakeproc.sigterm import OnSigterm
from fakeproc.world import THREAD_FLAGS, Task, World, check


@dataclass(frozen=True)
class Scenario:
    """A described machine. It can be built any number of times, and for another kernel than its own."""

    file: str
    kernel: rules.Kernel
    ram: int
    swap: int
    pid_max: int
    processes: tuple[Process, ...] = field(repr=False)
    title: str = ""  # the first line of the file, where that is a comment
    mmu: bool = True
    nodes: tuple[int, ...] = ()  # bytes of each memory node; none: all is one
    sysctl: dict[str, int] = field(default_factory=dict)
    events: tuple[Event, ...] = field(default=(), repr=False)
    cgroups: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    expects: tuple[Expect, ...] = field(default=(), repr=False)
    machine: dict[str, Any] = field(default_factory=dict, repr=False)  # the other keys of [machine]
    text: str = field(default="", repr=False)  # of the file

    def build(self, kernel: rules.Kernel | None = None) -> World:
        """The machine. ScenarioError where the core refuses what the file asks for."""
        world = World(kernel or self.kernel, ram=self.ram, swap=self.swap)
        if self.nodes:
            world.set_nodes(*self.nodes)
        world.set_pid_max(self.pid_max)
        world.set_mmu(self.mmu)
        world.set_machine(cpus=self.machine.get("cpus"), hostname=self.machine.get("hostname"))
        world.set_own_pages(**{key: self.machine[key] for key in OWN_PAGES if key in self.machine})
        self._set_sysctl(world)
        if "cgroups" in self.machine:
            world.cgroup_version = int(self.machine["cgroups"][1:])
        for cgroup in self.cgroups:
            set_cgroup(world, cgroup)
        for step in (_make, _identify, _hide, _end):
            for process in self.processes:
                with self._blame(process):
                    step(world, process)
        world.last_pid = max(pid for process in self.processes for pid in process.tids if pid < self.pid_max)
        world.names = {name: world.task(pid) for name, pid in self._names()}
        for pid, answer in self._on_sigterm():
            sigterm.give(world.task(pid), answer)
        return world

    def play(self, world: World, until: int | None = None) -> Iterator[Happened]:
        """Let the events happen in a world that was built of this, in virtual time, one at each step: those up to
        `until` (nanoseconds from now), or all."""
        return self.player(world).play(None if until is None else world.now + until)

    def player(self, world: World) -> Player:
        """What plays the events in a world that was built of this, from its time now."""
        return Player(self.events, world)

    def _set_sysctl(self, world: World) -> None:
        for name, value in self.sysctl.items():
            try:
                world.set_sysctl(**{name: value})
            except OSError as error:
                what = f"{self.file}: machine: sysctl: {name} = {value}: kernel {world.kernel} refuses it"
                raise ScenarioError(f"{what}: {error.strerror}") from None

    def _on_sigterm(self) -> Iterator[tuple[int, OnSigterm]]:
        """What is not written of a copy is as with the process that it was forked from."""
        answers: dict[int, OnSigterm] = {}
        for process in self.processes:
            inherited = None if process.execs or process.maker is None else answers.get(process.maker.pid)
            answer = process.given.get("on_sigterm", inherited)
            if answer is not None:
                answers[process.pid] = answer
        yield from answers.items()

    def _names(self) -> Iterator[tuple[str, int]]:
        """The names that mean one process only."""
        count = Counter(process.name for process in self.processes)
        yield from ((p.name, p.pid) for p in self.processes if p.name is not None and count[p.name] == 1)

    @contextmanager
    def _blame(self, process: Process) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name = process.name or process.pid
            raise ScenarioError(f"{self.file}: process {name}: the kernel refuses it: {error.strerror}") from None


PROGRAM: dict[str, Callable[[Task, Any], None]] = {
    "cmdline": Task.set_cmdline,
    "environ": Task.set_environ,
    "exe": Task.set_exe,
    "cwd": Task.set_cwd,
    "fds": Task.set_open_files,
    "cgroup": Task.set_cgroup,
}


# --- the steps, each for every process before the next ----------------------------


def _make(world: World, process: Process) -> None:
    """Its tasks, its memory, and what its own children inherit. Everybody is root until all are made."""
    task = _create(world, process)
    if process.comm:
        task.comm = process.comm
    if "mems" in process.given:
        task._do(lib.task_set_mems, process.given["mems"])
    _add_threads(task, process)
    _set_sizes(task, process)
    _set_adj(world, task, process)
    _set_state(task, process)
    for key, set_it in PROGRAM.items():
        if key in process.given:
            set_it(task, process.given[key])
    if process.borrows:
        check(lib.task_use_mm(world._w, process.pid, process.borrows.pid), "use_mm")


def _create(world: World, process: Process) -> Task:
    if process.pid == 1:
        return world.init
    if process.is_kthread:
        return world.kthread(process.comm or "", process.pid)
    if process.maker is None:
        raise ValueError("only init and kthreadd are made by nobody")
    task = world.task(process.maker.actor)._clone(process.flags, pid=process.pid)
    return task.exec() if process.execs else task


def _add_threads(task: Task, process: Process) -> None:
    """Cloned last, they have the leader's comm and memory nodes."""
    for thread in process.threads:
        check(lib.task_clone(task.world._w, task.pid, THREAD_FLAGS, thread.tid), "thread")
        if thread.comm:
            task.world.task(thread.tid).comm = thread.comm


def _set_sizes(task: Task, process: Process) -> None:
    """What is not written stays as it was copied from the process that it was forked from."""
    if not process.execs and not any(key in process.given for key in SIZES):
        return
    held = task.memory
    copied = dict(zip(SIZES, (held.anon, held.file, held.shmem, held.swapents), strict=True))
    task.set_sizes(**{key: process.given.get(key, pages * units.PAGE) for key, pages in copied.items()})


def _set_adj(world: World, task: Task, process: Process) -> None:
    """As a privileged writer would leave it, but for a raised value: any process may raise its own, and its
    minimum stays where it was. A value given as oom_adj never moves the minimum."""
    given, info = process.given, task.info
    value, minimum = int(info.oom_score_adj), int(info.oom_score_adj_min)
    if "oom_adj" in given:
        value = _scaled(given["oom_adj"])
    elif "oom_score_adj" in given:
        value = given["oom_score_adj"]
        minimum = min(minimum, value)
    task.set_adj(value, given.get("oom_score_adj_min", minimum))


def _scaled(oom_adj: int) -> int:
    """What a write of that oom_adj makes of oom_score_adj: the core is asked, in a world of its own."""
    init = World().init
    init.oom_adj = oom_adj
    return init.oom_score_adj


def _set_state(task: Task, process: Process) -> None:
    if "state" not in process.given:
        return
    stopped = process.given["state"] == "T"
    for one in task.threads if stopped else [task]:
        one._do(lib.task_set_state, process.given["state"].encode())


def _identify(world: World, process: Process) -> None:
    """The ids and capabilities of each of its threads; keepcaps lets them survive the change of uid."""
    if (process.uid, process.gid, process.caps, process.bounding) == (0, 0, capabilities.ALL, capabilities.ALL):
        return
    steps = (
        (lib.task_set_bounding, process.bounding),
        (lib.task_set_keepcaps, 1),
        (lib.task_setresgid, process.gid, process.gid, process.gid),
        (lib.task_setresuid, process.uid, process.uid, process.uid),
        (lib.task_capset, process.caps, process.caps, 0),
        (lib.task_set_keepcaps, 0),
    )
    for pid in process.tids:
        for call, *words in steps:
            check(call(world._w, pid, *words), "credentials")


def _hide(world: World, process: Process) -> None:
    """Ids that changed above would leave every mm hidden (not dumpable)."""
    if process.owner is process and not process.is_kthread:
        world.task(process.pid)._do(lib.task_set_dumpable, int(process.dumpable))


def _end(world: World, process: Process) -> None:
    """Exits come last: a zombie has been a process like others before."""
    if process.is_zombie:
        world.task(process.pid).exit()
    elif process.has_dead_leader:
        world.task(process.pid).exit_thread()
    _set_cpu(world, process)
    set_conditions(world.task(process.actor), process.given)


def _set_cpu(world: World, process: Process) -> None:
    """Spread evenly over its living threads."""
    if "cpu" not in process.given:
        return
    tids = [tid for tid in process.tids if not world.task(tid).is_zombie]
    left = dict(process.given["cpu"])
    for i, tid in enumerate(tids):
        part = {mode: share // (len(tids) - i) for mode, share in left.items()}
        world.task(tid).set_cpu(part["user"], part["system"])
        left = {mode: left[mode] - part[mode] for mode in left}
