"""Commands that change a world: one table, whose usages are the grammar, too. Lines of text in, results out.

A line is understood before anything is done: words are split as in a shell, # begins a comment.
"""

import contextlib
import errno
import re
import shlex
import signal
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fakeproc import capabilities, nodes, units, wording
from fakeproc import world as core
from fakeproc._native import ffi, lib
from fakeproc.caller import native_of
from fakeproc.errors import FakeprocError
from fakeproc.playback import Playback, check_speed
from fakeproc.scenario.run import Entry
from fakeproc.world import Caller, Task, World

CLONE_FLAGS = {
    "VM": core.CLONE_VM,
    "SIGHAND": core.CLONE_SIGHAND,
    "VFORK": core.CLONE_VFORK,
    "PARENT": core.CLONE_PARENT,
    "THREAD": core.CLONE_THREAD,
    "NEWPID": core.CLONE_NEWPID,
}
SYSCTLS = [name for name, _ in ffi.typeof("struct sysctl").fields]
HOUR = 3600 * 10**9  # nanoseconds
WAYS_OUT = {
    errno.EAGAIN: "no free pid is left, or pids.max of its cgroup is reached",
    errno.EBUSY: "it waits for its vforked child, which must exec or exit first, or for memory, or is frozen",
    errno.ECHILD: "only a process that has ended can be reaped: exit or kill it first",
    errno.EEXIST: "that pid is taken: choose another, or leave out `as`",
    errno.EHOSTDOWN: "nothing changes any more: see .fakeproc/kmsg, and mount it anew",
    errno.ENOENT: "there is no such cgroup",
    errno.ENOMEM: "nobody is left that could be killed for it",
    errno.EPERM: "the kernel does not let that task do it",
    errno.ESRCH: "it is gone, or a zombie",
}


class CommandError(FakeprocError):
    """A command that was not understood or could not be carried out; number is its errno."""

    def __init__(self, what: str, number: int = errno.EINVAL) -> None:
        super().__init__(what)
        self.number = number


# --- words: what an argument may be ----------------------------------------------


@dataclass(frozen=True)
class Named:
    """A task by its pid, its name in the scenario or its comm: looked up only when its turn has come."""

    word: str

    def find(self, world: World) -> Task:
        if self.word.isascii() and self.word.isdigit():
            return self._by_pid(world)
        named = world.names.get(self.word)
        if named and named.exists:
            return named
        return self._by_comm(world)

    def _by_comm(self, world: World) -> Task:
        comms = dict(_comms(world))
        found = [task for task, comm in comms.items() if comm == self.word]
        if len(found) == 1:
            return found[0]
        if found:
            pids = wording.listed(str(task.pid) for task in found)
            raise CommandError(f"{wording.quoted(self.word)} could be pid {pids}: write the pid")
        known = list(dict.fromkeys(comms.values()))
        near = wording.near(self.word, known) or f": there are {wording.listed(map(wording.printable, known))}"
        raise CommandError(f"there is no process {wording.quoted(self.word)}{near}", errno.ESRCH)

    def _by_pid(self, world: World) -> Task:
        try:
            return world.task(_number(0, (1 << 31) - 1, self.word))
        except ProcessLookupError:
            pids = wording.listed(str(task.pid) for task in world.processes)
            raise CommandError(f"there is no task {self.word}: there are {pids}", errno.ESRCH) from None


def _comms(world: World) -> Iterator[tuple[Task, str]]:
    """Every process with its comm, but those that go while this is read."""
    for task in world.processes:
        with contextlib.suppress(ProcessLookupError):
            yield task, task.comm


def _number(low: int, high: int, word: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,12}", word) or not low <= int(word) <= high:
        raise CommandError(f"{wording.quoted(word)}: write a number from {low} to {high}")
    return int(word)


def _any_of(words: Sequence[str], word: str) -> str:
    if word not in words:
        raise CommandError(f"{wording.quoted(word)}: write one of {' '.join(words)}")
    return word


def _flags(word: str) -> int:
    mask = 0
    for name in word.upper().split(","):
        if name.removeprefix("CLONE_") not in CLONE_FLAGS:
            raise CommandError(f"{wording.quoted(name)} is no flag of clone{wording.meant(name, CLONE_FLAGS)}")
        mask |= CLONE_FLAGS[name.removeprefix("CLONE_")]
    return mask


def _signal(word: str) -> int:
    if word.isascii() and word.isdigit():
        return _number(0, 64, word)
    name = "SIG" + word.upper().removeprefix("SIG")
    if name not in signal.Signals.__members__:
        known = (known.removeprefix("SIG") for known in signal.Signals.__members__)
        raise CommandError(f"there is no signal {wording.quoted(word)}{wording.meant(word.upper(), known)}")
    return int(signal.Signals[name])


def _caps(word: str) -> str:
    capabilities.parse(word, 0)
    return word


def _size(word: str) -> int:
    return units.size(word)


def _time(word: str) -> int:
    return units.duration(word)


def _percent(word: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?%?", word) or float(word.rstrip("%")) > 100:
        raise CommandError(f"{wording.quoted(word)}: write a percentage from 0 to 100, such as 45.5")
    return float(word.rstrip("%"))


def _times(word: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", word):
        raise CommandError(f"{wording.quoted(word)}: write a number, such as 10 or 0.5")
    return check_speed(float(word))


def _setting(word: str) -> tuple[str, int]:
    name, equals, value = word.removeprefix("vm.").partition("=")
    if not equals or name not in SYSCTLS:
        raise CommandError(f"{wording.quoted(word)}: write name=value{wording.meant(name, SYSCTLS)}")
    return name, _number(-(1 << 31), (1 << 31) - 1, value)


def _key(word: str) -> str:
    if len(word) != 1 or not word.isascii():
        raise CommandError(f"{wording.quoted(word)}: write one key, such as f")
    return word


_id = partial(_number, 0, (1 << 32) - 2)
_new_id = partial(_number, -1, (1 << 32) - 2)
_adj = partial(_number, -1000, 1000)

# The capital words of a usage, and what makes a value of them.
WORDS: dict[str, Callable[[str], Any]] = {
    "TASK": Named,
    "PARENT": Named,
    "KTHREAD": Named,
    "PID": partial(_number, 1, (1 << 22) - 1),
    "UID": _id,
    "GID": _id,
    "RUID": _new_id,
    "EUID": _new_id,
    "SUID": _new_id,
    "NAME": str,
    "SIZE": _size,
    "RAM": units.ram,
    "SWAP": _size,
    "CAPS": _caps,
    "FLAGS": _flags,
    "SIGNAL": _signal,
    "CODE": partial(_number, 0, 255),
    "NODES": nodes.parse,
    "VALUE": _adj,
    "MIN": _adj,
    "PATH": str,
    "RESOURCE": partial(_any_of, tuple(core.RESOURCES)),
    "PERCENT": _percent,
    "TIME": _time,
    "TIMES": _times,
    "KEY": _key,
    "SYSCTL=VALUE": _setting,
    "0|1": lambda word: int(_any_of("01", word)),
    "1|2|3": partial(_number, 1, 3),
    "on|off": lambda word: _any_of(("on", "off"), word) == "on",
    "R|S|D|T": partial(_any_of, "RSDT"),
}


# --- the table ---------------------------------------------------------------------


def _clone(on: "Commands", parent: Task, pid: int = 0, comm: str = "", *, flags: int) -> str:
    return str(parent.clone(flags, comm, pid=pid).pid)


def _kthread(on: "Commands", comm: str, pid: int = 0) -> str:
    return str(on.world.kthread(comm, pid).pid)


def _exec(on: "Commands", task: Task, comm: str = "", **sizes: int) -> str:
    task = task.exec(comm)
    if comm:
        task.set_cmdline([comm])
    task.set_sizes(**sizes)
    return str(task.pid)


def _exit(on: "Commands", task: Task, code: int = 0) -> None:
    task.exit(code)


def _exit_thread(on: "Commands", task: Task, code: int = 0) -> None:
    task.exit_thread(code)


def _kill(on: "Commands", task: Task, number: int = signal.SIGKILL) -> None:
    task.kill(number)


def _reap(on: "Commands", task: Task) -> None:
    task.reap()


def _setuid(on: "Commands", task: Task, uid: int, gid: int | None = None) -> None:
    task.setuid(uid, gid)


def _setcaps(on: "Commands", task: Task, caps: str) -> None:
    task.set_caps(capabilities.parse(caps, int(task.info.caps)))


def _call(on: "Commands", task: Task, *values: Any, call: Any) -> None:
    """A call of the core that takes a task and nothing but plain values."""
    core.check(call(on.world._w, task.id, *values), f"task {task.pid}")


def _memory(on: "Commands", task: Task, **sizes: int) -> None:
    """Sizes that are not written stay as they are."""
    held = task.memory
    pages = {"anon": held.anon, "file": held.file, "shmem": held.shmem, "swap": held.swapents}
    task.set_sizes(**{part: sizes.get(part, count * units.PAGE) for part, count in pages.items()})


def _comm(on: "Commands", task: Task, name: str) -> None:
    task.comm = name


def _state(on: "Commands", task: Task, state: str) -> None:
    _call(on, task, state.encode(), call=lib.task_set_state)


def _use_mm(on: "Commands", kthread: Task, task: Task) -> None:
    _call(on, kthread, task.id, call=lib.task_use_mm)


def _set_adj(on: "Commands", task: Task, value: int, minimum: int | None = None) -> None:
    task.set_adj(value, int(task.info.oom_score_adj_min) if minimum is None else minimum)


def _total(on: "Commands", ram: int, swap: int = 0) -> None:
    """Nothing that is in use is taken away."""
    usage = on.world.usage()
    for what, size, used in (("RAM", ram, usage.in_ram + on.world.own_pages.total), ("swap", swap, usage.swap)):
        if units.pages(size) < used:
            held = units.shown_size(used * units.PAGE)
            raise CommandError(f"{held} of the {what} are in use: write more, or free some first", errno.EBUSY)
    on.world.set_total_pages(units.pages(ram), units.pages(swap))


def _cgroup(on: "Commands", task: Task, path: str) -> None:
    task.set_cgroup(path)


def _limit(on: "Commands", path: str, size: int) -> None:
    on.world.limit_cgroup(path, size)


def _oom_group(on: "Commands", path: str, is_set: bool) -> None:
    on.world.set_oom_group(path, is_set)


def _grow(on: "Commands", task: Task, size: int) -> str:
    if task.grow(size):
        return ""
    return "waits for memory" if task.exists and not task.is_zombie else "killed"


def _touch(on: "Commands", task: Task) -> str:
    return f"{task.touch()} pages"


def _swap_out(on: "Commands", task: Task, size: int) -> str:
    return f"{task.swap_out(size)} pages"


def _own(on: "Commands", **sizes: int) -> None:
    on.world.set_own_pages(**sizes)


def _drop_caches(on: "Commands", what: int) -> None:
    on.world.drop_caches(what)


def _shrink(on: "Commands", task: Task, size: int) -> None:
    task.shrink(size)


def _oom(on: "Commands", by: Task | None = None) -> str:
    on.world.out_of_memory(by)
    return _victim(on.world)


def _sysrq(on: "Commands", key: str) -> str:
    on.world.sysrq(key)
    return _victim(on.world) if key == "f" else ""


def _victim(world: World) -> str:
    """The pid of who was killed last."""
    outcome = world.outcome
    return str(outcome.victim) if outcome.how == lib.OOM_KILLED else "nobody was killed"


def _pressure(on: "Commands", resource: str, some: float, full: float = 0.0, cgroup: str | None = None) -> None:
    on.world.set_pressure(resource, some, full, cgroup)


def _run(on: "Commands", time: int) -> str:
    return _on_clock(on, time, act=Playback.run) if on.clock else on.play(time)


def _settle(on: "Commands", time: int = HOUR) -> str:
    before, since = on.world.waits, on.world.now
    if not before:
        return "nobody waits"
    why = (on.clock or on.world).settle(time)
    passed = units.shown_time(on.world.now - since)
    panic = on.world.panic
    left = f"the machine panicked: {panic}" if panic else why or on.world.waits
    return f"{left}, after {passed}" if left else f"{before}: over after {passed}"


def _step(on: "Commands", time: int) -> str:
    return _on_clock(on, time, act=Playback.step) if on.clock else on.play(time)


def _on_clock(on: "Commands", *values: Any, act: Callable[..., object]) -> str:
    if on.clock is None:
        raise CommandError("this world's clock only goes when it is told to: write step TIME")
    act(on.clock, *values)
    return str(on.clock)


def _sysctl(on: "Commands", setting: tuple[str, int]) -> None:
    name, _ = setting
    try:
        on.world.set_sysctl(**dict([setting]))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        low, high = _limits(on.world, name)
        raise CommandError(f"{name} goes from {low} to {high}") from None


def _limits(world: World, name: str) -> tuple[int, int]:
    """Of a number of /proc/sys, whose file may have - where its name has _."""
    limits = ffi.new("struct limits *")
    for file in (name, name.replace("_", "-")):
        lib.world_sysctl_limits(world._w, file.encode(), limits)
    return int(limits.low), int(limits.high)


def _condition(on: "Commands", task: Task, is_set: bool, *, flag: int) -> None:
    task.set_flag(flag, is_set)


def _caller(
    on: "Commands",
    uid: int,
    gid: int | None = None,
    pid: int = 0,
    comm: str = "fakeproc",
    caps: str = "",
    mems: int = 0,
) -> None:
    usual = 0 if uid else capabilities.ALL
    on.set_caller(
        Caller(
            pid=pid,
            uid=uid,
            gid=uid if gid is None else gid,
            caps=capabilities.parse(caps, usual) if caps else usual,
            mems=mems or core.ALL_MEMS,
            comm=comm,
        )
    )


def _caller_as(on: "Commands", task: Task) -> None:
    on.set_caller(task.caller())


def _caller_real(on: "Commands") -> None:
    on.set_caller(None)


@dataclass(frozen=True)
class Word:
    """One place of a usage: a word to be written as it is, a value, or a value behind a marker (as PID, comm=NAME)."""

    kind: str
    marker: str = ""  # "as", or the key before "="
    is_literal: bool = False
    is_optional: bool = False

    @property
    def option(self) -> str:
        """The parameter that takes its value."""
        return self.kind.lower() if self.marker == "as" else self.marker


@dataclass(frozen=True)
class Command:
    """A row of the table. The usage is its grammar, too."""

    usage: str
    help: str
    run: Callable[..., str | None]
    refused: str = "the kernel refuses that for such a task"  # what EINVAL means
    words: tuple[Word, ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = re.findall(r"\[[^]]*\]|as \S+|\S+", self.usage)
        object.__setattr__(self, "words", tuple(map(_word_of, parts)))

    @property
    def name(self) -> str:
        return self.words[0].kind

    @property
    def fixed(self) -> set[str]:
        """Words that are there in every line of this command."""
        literals = {word.kind for word in self.words if word.is_literal}
        return literals | {word.marker for word in self.words if word.marker == "as" and not word.is_optional}


def _word_of(part: str) -> Word:
    bare = part.strip("[]")
    marker, _, kind = ("", "", bare) if bare in WORDS else bare.replace("as ", "as=").rpartition("=")
    return Word(kind, marker, is_literal=bare.islower() and bare not in WORDS, is_optional=bare != part)


NEW = "[as PID] [comm=NAME]"
ROOTED = "a path begins with /, such as /system.slice"
BELOW = f"{ROOTED}; the root itself has no limits"
SIZED = "[anon=SIZE] [file=SIZE] [shmem=SIZE] [swap=SIZE]"

COMMANDS: tuple[Command, ...] = (
    Command(f"fork PARENT {NEW}", "a child with a copy of the memory", partial(_clone, flags=0)),
    Command(f"clone_vm PARENT {NEW}", "a child in the same memory", partial(_clone, flags=core.CLONE_VM)),
    Command(
        f"clone_parent PARENT {NEW}",
        "the same as a brother: CLONE_VM|CLONE_PARENT",
        partial(_clone, flags=core.CLONE_VM | core.CLONE_PARENT),
    ),
    Command(
        f"vfork PARENT {NEW}",
        "a child in the same memory, waited for until it execs or exits",
        partial(_clone, flags=core.CLONE_VM | core.CLONE_VFORK),
    ),
    Command(
        f"vfork_novm PARENT {NEW}",
        "waited for as well, but with a copy of the memory",
        partial(_clone, flags=core.CLONE_VFORK),
    ),
    Command(f"thread TASK {NEW}", "another thread of the process", partial(_clone, flags=core.THREAD_FLAGS)),
    Command(f"clone PARENT flags=FLAGS {NEW}", f"clone(2) with flags of {','.join(CLONE_FLAGS)}", _clone),
    Command("kthread NAME [as PID]", "a kernel thread; the first one is kthreadd", _kthread),
    Command(f"exec TASK [comm=NAME] {SIZED}", "a fresh memory of these sizes; other threads end", _exec),
    Command("exit TASK [CODE]", "the whole process ends, and is a zombie until reap", _exit),
    Command("exit_thread TASK [CODE]", "only this thread ends", _exit_thread),
    Command("kill TASK [SIGNAL]", "KILL where no other signal is named", _kill),
    Command("reap TASK", "its parent waits for the zombie", _reap),
    Command(
        "releasing TASK",
        "as if being reaped right now: the race of patch 2",
        partial(_call, call=lib.task_release_sighand),
    ),
    Command("setuid TASK UID [GID]", "all its ids; GID is UID where it is not written", _setuid),
    Command("setresuid TASK RUID EUID SUID", "-1 keeps one", partial(_call, call=lib.task_setresuid)),
    Command("caps TASK caps=CAPS", "all, none, all,-sys_resource, +kill: effective and permitted", _setcaps),
    Command("keepcaps TASK 0|1", "whether capabilities outlive setuid", partial(_call, call=lib.task_set_keepcaps)),
    Command("dumpable TASK 0|1", "0: its files belong to root", partial(_call, call=lib.task_set_dumpable)),
    Command("unshare_user TASK", "into a user namespace of its own", partial(_call, call=lib.task_unshare_user)),
    Command(f"memory TASK {SIZED}", "sizes not written stay", _memory),
    Command("comm TASK NAME", "cut to 15 bytes", _comm),
    Command("state TASK R|S|D|T", "as in /proc/PID/stat", _state),
    Command("mems TASK NODES", "its memory nodes: 0, 0-1", partial(_call, call=lib.task_set_mems)),
    Command("use_mm KTHREAD TASK", "a kernel thread borrows the memory", _use_mm),
    Command("unuse_mm KTHREAD", "and gives it back", partial(_call, call=lib.task_unuse_mm)),
    Command("adj TASK VALUE [MIN]", "oom_score_adj (and its minimum) as they stand: no rule asked", _set_adj),
    Command("total RAM [SWAP]", "the size of the machine", _total),
    Command("cgroup TASK PATH", "its process is in that cgroup", _cgroup, ROOTED),
    Command("limit PATH SIZE", "what the processes below a cgroup may hold in RAM; 0: no limit", _limit, BELOW),
    Command("oom_group PATH on|off", "who is killed below that cgroup takes all others there along", _oom_group, BELOW),
    Command("grow TASK SIZE", "touches new memory: others' is reclaimed for it, then somebody is killed", _grow),
    Command("touch TASK", "its pages come back, from swap and of files, as far as room can be made", _touch),
    Command("swap_out TASK SIZE", "so much of its anonymous memory goes to swap", _swap_out),
    Command(
        "own [cache=SIZE] [dirty=SIZE] [buffers=SIZE] [slab_reclaimable=SIZE] [slab_unreclaimable=SIZE]",
        "what the machine holds besides its processes; what is not written stays",
        _own,
        "no more can be dirty than is cached",
    ),
    Command("drop_caches 1|2|3", "as written to sys/vm/drop_caches: clean page cache, slab, both", _drop_caches),
    Command("free TASK SIZE", "gives anonymous memory back", _shrink, "it does not hold so much"),
    Command("oom [TASK]", "an allocation of that task, or of a kworker, finds no memory", _oom),
    Command("sysrq KEY", "as written to sysrq-trigger; f kills", _sysrq),
    Command("sysctl SYSCTL=VALUE", "a number of /proc/sys, such as panic_on_oom=1", _sysctl),
    Command(
        "pressure RESOURCE some=PERCENT [full=PERCENT] [cgroup=PATH]",
        "so much of the time is stalled from now on for want of io, memory or cpu",
        _pressure,
        "full is the part of some in which nobody gets on: it cannot be more",
    ),
    Command("run TIME", "that much time passes at once, with its events: 250ms", _run),
    Command(
        "settle [TIME]", "time passes until nobody waits for memory or a lock, or nothing moves; at most 1h", _settle
    ),
    Command("pause", "the clock stands still, and no event happens", partial(_on_clock, act=Playback.pause)),
    Command("resume", "it goes on", partial(_on_clock, act=Playback.resume)),
    Command("step TIME", "pause, and run TIME", _step),
    Command("speed TIMES", "so many times as fast as the wall's: 10, 0.5", partial(_on_clock, act=Playback.speed)),
    Command("dsleep TASK on|off", "sleeps uninterruptibly: cannot exit", partial(_condition, flag=lib.TASK_DSLEEP)),
    Command(
        "hold_lock TASK on|off",
        "holds its mmap lock for writing: neither reaper nor exit get it",
        partial(_condition, flag=lib.TASK_HOLDS_MMAP_LOCK),
    ),
    Command("coredump TASK on|off", "writes a core dump", partial(_condition, flag=lib.TASK_COREDUMPING)),
    Command(
        "origin TASK on|off",
        "is chosen before all others, as swapoff is (oom_flag_origin)",
        partial(_condition, flag=lib.TASK_OOM_ORIGIN),
    ),
    Command("caller real", "file operations count as those of who really asks", _caller_real),
    Command("caller as TASK", "file operations count as those of that task", _caller_as),
    Command("caller uid=UID [gid=GID] [pid=PID] [comm=NAME] [caps=CAPS] [mems=NODES]", "or of this stranger", _caller),
)


HEAD = (
    "Write one command a line. TASK, PARENT and KTHREAD are a pid, a name of the",
    "scenario or a comm. The end of log says what became of it; the last word there",
    "is the pid of a new task.",
    "",
)
WIDTH, AT = 79, 40  # of such a list, and where the explanations begin in it


def usage() -> str:
    """What reading ctl prints."""
    lines = [aligned(command.usage, command.help) for command in COMMANDS]
    return "\n".join([*HEAD, *lines]) + "\n"


def aligned(usage: str, text: str) -> str:
    """A row of such a list; a usage that is too long for its column stands above."""
    told = textwrap.wrap(text, WIDTH - AT, break_on_hyphens=False)
    if len(usage) < AT:
        told[0] = f"{usage:{AT}}{told[0]}"
        return f"\n{'':{AT}}".join(told)
    above = textwrap.fill(usage, WIDTH, subsequent_indent=" " * 4, break_on_hyphens=False)
    return f"\n{'':{AT}}".join([above, *told])


# --- understanding ---------------------------------------------------------------------

_PIECE = re.compile(r"""\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)\s*""", re.DOTALL)


def split(line: str) -> list[str]:
    """The words of a line as a shell would split it; a word that starts with # ends it."""
    words: list[str] = []
    at = len(line) - len(line.lstrip())
    while at < len(line):
        piece = _PIECE.match(line, at)
        if not piece:
            raise CommandError("a quote or a backslash has no end: close it")
        if piece[1].startswith("#"):
            break
        words += shlex.split(piece[1])
        at = piece.end()
    return words


@dataclass(frozen=True)
class Call:
    """One understood command, with its place in what was written."""

    line: int
    text: str
    command: Command
    values: list[Any]
    options: dict[str, Any]


def _choose(words: list[str]) -> Command:
    """The row that these words mean. Of rows with one name, it is the one whose fixed words are there."""
    rows = [command for command in COMMANDS if command.name == words[0]]
    if not rows:
        names = dict.fromkeys(command.name for command in COMMANDS)
        raise CommandError(f"there is no command {wording.quoted(words[0])}{wording.meant(words[0], names)}")
    return next((row for row in rows if row.fixed <= set(words)), rows[-1])


def understand(line: int, text: str) -> Call | None:
    """The command on a line; nothing where the line is blank or a comment."""
    if "\0" in text:
        raise CommandError("a NUL byte cannot be part of a command: leave it out")
    words = split(text)
    if not words:
        return None
    command = _choose(words)
    places = [word for word in command.words if not word.marker]
    marked = {word.marker: word for word in command.words if word.marker}
    found, options = _sort(words, marked)
    needed = [word for word in places if not word.is_optional]
    missing = [word for word in marked.values() if not word.is_optional and word.option not in options]
    if missing or not len(needed) <= len(found) <= len(places):
        raise CommandError(f"{_what_is_odd(found[len(places) :])}write: {command.usage}")
    values = [WORDS[place.kind](word) for place, word in zip(places, found, strict=False) if not place.is_literal]
    return Call(line, text, command, values, options)


def _sort(words: list[str], marked: dict[str, Word]) -> tuple[list[str], dict[str, Any]]:
    """The plain words, and the values of the marked ones (as PID, comm=NAME) by the names of their parameters."""
    plain, options, left = [], {}, iter(words)
    for word in left:
        key, equals, value = word.partition("=")
        place = marked.get(key) if equals or key == "as" else None
        if place and place.option not in options:
            options[place.option] = WORDS[place.kind](value if equals else next(left, ""))
        else:
            plain.append(word)
    return plain, options


def _what_is_odd(left: list[str]) -> str:
    return f"{wording.quoted(left[0])} is one word too many: " if left else ""


# --- carrying out -------------------------------------------------------------------------


class Commands:
    """The commands of the table, for one world."""

    def __init__(self, world: World, clock: Playback | None = None) -> None:
        self.world, self.clock = world, clock
        self.caller: Caller | None = None
        self.tell: Callable[[Entry], None] = lambda entry: None  # what happens in a world without a clock of its own

    def play(self, time: int) -> str:
        """So much time passes; returns where the clock is then."""
        for entry in self.world.step(time):
            self.tell(entry)
        return f"the clock is at {units.shown_time(self.world.now)}"

    def still(self) -> AbstractContextManager[None]:
        """Nothing of a scenario happens while the block runs."""
        return self.clock.still() if self.clock else nullcontext()

    def run(self, line: str) -> str:
        """Carry out one line; returns its result, such as the pid of a new process. CommandError where it fails."""
        call = understand(1, line)
        return self.carry_out(call) if call else ""

    def carry_out(self, call: Call) -> str:
        try:
            values = [self._found(value) for value in call.values]
            options = {name: self._found(value) for name, value in call.options.items()}
            return call.command.run(self, *values, **options) or ""
        except OSError as error:
            number = error.errno or errno.EIO
            why = call.command.refused if number == errno.EINVAL else WAYS_OUT.get(number, "see ctl")
            raise CommandError(f"{error.strerror}: {why}", number) from None

    def _found(self, value: Any) -> Any:
        return value.find(self.world) if isinstance(value, Named) else value

    def set_caller(self, caller: Caller | None) -> None:
        """Who file operations of the mount count as; None: who really asks."""
        self.caller = caller
        lib.fuse_set_caller(self.world._w, native_of(caller) if caller else ffi.NULL)
