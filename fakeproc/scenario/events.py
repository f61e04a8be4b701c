"""What may happen in a scenario: one table of actions, with their keys, their words and what they do to a world."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from fakeproc import outcome, sigterm, units, wording
from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError, WorldError
from fakeproc.scenario import keys
from fakeproc.scenario.courses import WAITS, Course, Gradual, Until
from fakeproc.world import RESOURCES, ROOT, Caller, Task, World

REFERENCES = ("who", "by", "as", "parent")
MAKERS = ("spawn", "fork", "clone_vm", "vfork")  # they give a name
SPAWNED = ("oom_score_adj", "cgroup", "on_sigterm")  # besides ids and sizes
ADJUSTMENTS = ("oom_score_adj", "oom_adj")


def set_conditions(task: Task, given: dict[str, Any]) -> None:
    """Those that the file names. Whoever sleeps uninterruptibly shows it in its state."""
    for name, flag in keys.CONDITIONS.items():
        if name in given:
            task.set_flag(flag, given[name])
    if "dsleep" in given:
        task._do(lib.task_set_state, b"D" if given["dsleep"] else b"S")


def set_cgroup(world: World, given: dict[str, Any]) -> None:
    """What the file says of a cgroup, which is made where there is none."""
    cgroup = world.make_cgroup(given["path"], parents=True)
    if "limit" in given:
        world.limit_cgroup(given["path"], given["limit"])
    if "oom_group" in given:
        cgroup.oom_group = given["oom_group"]
    for name in keys.CGROUP_LIMITS:
        if name in given:
            setattr(cgroup, name, None if given[name] == "max" else given[name])


class Gone(Exception):
    """Who should act, or be acted upon, is dead."""


@dataclass(frozen=True)
class Action:
    """One kind of event: the keys of its table, of which some must be there, and what it does. A value that is no
    table stands for that of the first key. The result of `run` is what came of it, for people."""

    table: dict[str, keys.Check]
    said: Callable[[dict[str, Any]], str]
    run: Callable[[World, dict[str, Any]], str | Course]
    needed: tuple[str, ...] = ("who",)
    either: tuple[str, ...] = ()  # one of these, too
    course: Callable[[Task, dict[str, Any], int], Course] | None = None  # how it goes on, where that takes time

    def check(self, value: Any) -> dict[str, Any]:
        given = value if isinstance(value, dict) else {next(iter(self.table)): value}
        checked = keys.check_table(given, self.table)
        for key in self.needed:
            if key not in checked:
                raise FakeprocError(f"it lacks {key} = ...: its keys are {' '.join(self.table)}")
        if self.either and sum(key in checked for key in self.either) != 1:
            choices = " or ".join(f"{key} = ..." for key in self.either)
            raise FakeprocError(f"write either {choices}: its keys are {' '.join(self.table)}")
        return checked


@dataclass(frozen=True)
class Event:
    """Something that happens, `at` nanoseconds after the start; without an action only time passes."""

    at: int
    action: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return ACTIONS[self.action].said(self.given) if self.action else "time passes"

    def course(self, task: Task, amount: int) -> Course:
        """As happen() made it, of that task. ValueError where this takes no time."""
        begin = ACTIONS[self.action].course if self.action else None
        if begin is None:
            raise ValueError(f"{self} takes no time")
        return begin(task, self.given, amount)

    def happen(self, world: World) -> str | Course:
        """What comes of it: a word for people, the name of an errno where the kernel refuses it; or how it goes on."""
        if not self.action:
            return ""
        try:
            return ACTIONS[self.action].run(world, self.given) or "ok"
        except Gone as gone:
            return str(gone)
        except WorldError:
            return "the machine has halted"
        except OSError as error:
            return outcome.errno_name(error)


class Happened(NamedTuple):
    """What came of an event `at` nanoseconds after the start, which is later than it began where it takes time; its
    lines in the kernel log begin with the number `log`."""

    event: Event
    at: int
    result: str
    log: int


# --- who -------------------------------------------------------------------------------


def _task(world: World, who: int | str) -> Task:
    """Whoever the file calls so; a name is one of the scenario, a number a pid."""
    task = world.task(who) if isinstance(who, int) else world.names.get(who)
    if task is None:
        raise ProcessLookupError(3, "No such process")
    return task


def _actor(world: World, who: int | str) -> Task:
    """The thread of that process that still runs."""
    task = _task(world, who)
    if task.can_act:
        return task
    alive = next((thread for thread in task.threads if not thread.is_zombie), None)
    if alive is None:
        raise Gone("it is dead")
    return alive


def _why_over(world: World, task: Task) -> str:
    """Nothing that takes time goes on behind the end of whoever does it; nothing: it goes on."""
    if world.panic is not None:
        return "the machine has panicked"
    if task.exists and task._own_flags() & lib.TASK_COREDUMPING:
        return "it dumps core"
    return "" if task.exists and task.can_act else "it is dead"


def _caller(world: World, given: dict[str, Any]) -> Caller | Task:
    who = given.get("as", "root")
    return ROOT if who == "root" else _actor(world, who)


def _as(given: dict[str, Any]) -> str:
    return "" if given.get("as", "root") == "root" else f", as {given['as']}"


# --- what they do ------------------------------------------------------------------------


def _write(world: World, given: dict[str, Any]) -> str:
    _task(world, given["who"]).write(given.get("file", "oom_score_adj"), str(given["value"]), _caller(world, given))
    return "ok"


def _read(world: World, given: dict[str, Any]) -> str:
    text = _task(world, given["who"]).read(given.get("file", "oom_score_adj"), _caller(world, given))
    return wording.printable(text.rstrip("\n"))


def _kill(world: World, given: dict[str, Any]) -> str | Course:
    """SIGKILL is pending until its threads run: one that sleeps uninterruptibly does not."""
    number, task = given.get("signal", given.get("send", signal.SIGKILL)), _actor(world, given["who"])
    if number == signal.SIGTERM:
        return _terminate(task, given)
    if number == signal.SIGKILL and not (task.is_kthread or task.tgid == 1):
        task.set_flag(lib.TASK_KILLED)
    else:
        task.kill(number)
    return "ok"


def _terminate(task: Task, given: dict[str, Any]) -> str | Course:
    """It does with it what the scenario says."""
    rest = sigterm.begin(task)
    if rest is None:
        return "it ignores that"
    if rest:
        return _terminating(task, given, rest)
    sigterm.end(task)
    return "ok"


def _terminating(task: Task, given: dict[str, Any], rest: int) -> Course:
    return Until(task, rest, partial(sigterm.end, task))


def _exec(world: World, given: dict[str, Any]) -> str:
    task = _actor(world, given["who"]).exec(given.get("comm", ""))
    task.set_sizes(**{size: given[size] for size in keys.SIZES if size in given})
    return "ok"


def _exit(world: World, given: dict[str, Any]) -> str:
    _actor(world, given["who"]).exit(given.get("code", 0))
    return "ok"


def _reap(world: World, given: dict[str, Any]) -> str:
    _task(world, given["who"]).reap()
    return "ok"


def _releasing(world: World, given: dict[str, Any]) -> str:
    _task(world, given["who"])._do(lib.task_release_sighand)
    return "ok"


def _made_by(clone: Callable[[Task, str], Task]) -> Callable[[World, dict[str, Any]], str]:
    def run(world: World, given: dict[str, Any]) -> str:
        child = clone(_actor(world, given["who"]), given.get("comm", ""))
        _set_on_sigterm(child, given)
        if name := name_given(given):
            world.names[name] = child
        return str(child.pid)

    return run


def name_given(given: dict[str, Any]) -> str:
    """By which later events know who is made; nothing: they cannot."""
    return str(given.get("name", given.get("comm", "")))


def _set_on_sigterm(task: Task, given: dict[str, Any]) -> None:
    if "on_sigterm" in given:
        sigterm.give(task, given["on_sigterm"])


def _spawn(world: World, given: dict[str, Any]) -> str:
    parent = _actor(world, given["parent"]) if "parent" in given else None
    sizes = {size: given[size] for size in keys.SIZES if size in given and size != "anon"}
    child = world.spawn(given["comm"], parent=parent, pid=given.get("pid", 0), uid=given.get("uid", 0), **sizes)
    world.names[name_given(given)] = child
    if "oom_score_adj" in given:
        child.set_adj(given["oom_score_adj"], min(0, given["oom_score_adj"]))
    if "cgroup" in given:
        child.set_cgroup(given["cgroup"])
    _set_on_sigterm(child, given)
    said = _grow_by(world, child, units.pages(given.get("anon", 0)))
    return f"{child.pid}, {said}" if said else str(child.pid)


def _thread(world: World, given: dict[str, Any]) -> str:
    return str(_actor(world, given["who"]).thread(given.get("comm", "")).pid)


def _move_cgroup(world: World, given: dict[str, Any]) -> str:
    """As by a write to cgroup.procs; the cgroup is made where there is none."""
    _task(world, given["who"]).move_to(world.make_cgroup(given["to"], parents=True))
    return "ok"


def _set_cgroup(world: World, given: dict[str, Any]) -> str:
    set_cgroup(world, given)
    return "ok"


def _set(world: World, given: dict[str, Any]) -> str:
    set_conditions(_actor(world, given["who"]), given)
    return "ok"


def _held(flag: str) -> Callable[[World, dict[str, Any]], str | Course]:
    """A condition that holds for a time, or from now on."""

    def run(world: World, given: dict[str, Any]) -> str | Course:
        task = _actor(world, given["who"])
        set_conditions(task, {flag: True})
        return _holding(flag)(task, given, given["for"]) if "for" in given else "ok"

    return run


def _holding(flag: str) -> Callable[[Task, dict[str, Any], int], Course]:
    return lambda task, given, time: Until(task, time, lambda: set_conditions(task, {flag: False}))


def _sysctl(world: World, given: dict[str, Any]) -> str:
    world.set_sysctl(**given)
    return "ok"


def _sysrq(world: World, given: dict[str, Any]) -> str:
    world.sysrq("f")
    return outcome.told(world)


def _set_pressure(world: World, given: dict[str, Any]) -> str:
    world.set_pressure(given["resource"], given["some"], given.get("full", 0.0), given.get("cgroup"))
    return "ok"


def _grow(world: World, given: dict[str, Any]) -> str | Course:
    task = _actor(world, given["who"])
    pages = units.pages(given["size"]) if "size" in given else max(0, units.pages(given["to"]) - _pages(task))
    return _growing(task, given, pages) if "over" in given else _grow_by(world, task, pages)


def _growing(task: Task, given: dict[str, Any], pages: int) -> Course:
    return _evenly(task, given, pages, partial(_grow_by, task.world, task))


def _pages(task: Task) -> int:
    """That its mm holds, in RAM and in swap."""
    memory = task.memory
    return memory.anon + memory.file + memory.shmem + memory.swapents


def _evenly(task: Task, given: dict[str, Any], pages: int, act: Callable[[int], str]) -> Course:
    """All these pages, in the time that is given."""
    over = given["over"]
    due_at = (lambda now: pages * now // over) if over else (lambda now: pages)
    return Gradual(task, pages, due_at, over, True, act, partial(_why_over, task.world, task))


def _grow_by(world: World, task: Task, pages: int) -> str:
    """A word only where it does not simply get them: what the OOM killer has done for it, if it was asked."""
    before, has_all = world.log_end, False
    try:
        has_all = task.grow(min(pages * units.PAGE, units.BIGGEST))
    except OSError:
        if world.log_end == before:
            raise
    if world.log_end > before:
        return outcome.told(world)
    return "" if has_all else WAITS


def _leak(world: World, given: dict[str, Any]) -> Course:
    return _leaking(_actor(world, given["who"]), given)


def _leaking(task: Task, given: dict[str, Any], _: int = 0) -> Course:
    """What is blocked does not leak: that is not made up for. Without an end it goes on as long as a run can last."""
    world, (size, time) = task.world, given["rate"]
    over = given.get("over", units.LONGEST)
    act, why_over = partial(_grow_by, world, task), partial(_why_over, world, task)
    return Gradual(task, 0, lambda now: size * now // (time * units.PAGE), over, False, act, why_over)


def _shrink(world: World, given: dict[str, Any]) -> str | Course:
    task = _actor(world, given["who"])
    pages = units.pages(given["size"]) if "size" in given else max(0, _pages(task) - units.pages(given["to"]))
    return _shrinking(task, given, pages) if "over" in given else _shrink_by(task, pages)


def _shrinking(task: Task, given: dict[str, Any], pages: int) -> Course:
    return _evenly(task, given, pages, partial(_shrink_by, task))


def _shrink_by(task: Task, pages: int) -> str:
    task.shrink(pages * units.PAGE)
    return ""


def _touch(world: World, given: dict[str, Any]) -> str:
    return f"{_actor(world, given['who']).touch()} pages"


def _swap_out(world: World, given: dict[str, Any]) -> str:
    return f"{_actor(world, given['who']).swap_out(given['size'])} pages"


def _drop_caches(world: World, given: dict[str, Any]) -> str:
    world.drop_caches(given.get("what", 3))
    return "ok"


def _oom(world: World, given: dict[str, Any]) -> str:
    by = _actor(world, given["by"]) if "by" in given else None
    what = {key: given[key] for key in ("order", "memcg", "limit", "nodes") if key in given}
    world.out_of_memory(by, **what)
    return outcome.told(world)


# --- the table -----------------------------------------------------------------------------

_who = keys.reference
_file = keys.one_of(*ADJUSTMENTS)
_readable = keys.one_of(*ADJUSTMENTS, "oom_score")
_child: dict[str, keys.Check] = {"who": _who, "comm": keys.text, "name": keys.text, "on_sigterm": keys.on_sigterm}
_int: keys.Check = keys.integer(-(1 << 31), (1 << 31) - 1)


_resized: dict[str, keys.Check] = {"who": _who, "size": keys.size, "to": keys.size, "over": keys.time}


def _that(verb: str) -> Callable[[dict[str, Any]], str]:
    return lambda given: f"{verb} {given['who']}"


def _path(given: dict[str, Any]) -> str:
    return f"{given['who']}/{given.get('file', 'oom_score_adj')}{_as(given)}"


def _pairs(given: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {wording.shown(value)}" for key, value in given.items() if key != "who")


def _changes(verb: str) -> Callable[[dict[str, Any]], str]:
    """Of a size: by so much, or to so much, at once or gradually."""

    def said(given: dict[str, Any]) -> str:
        word, size = ("by", given["size"]) if "size" in given else ("to", given["to"])
        over = f" over {units.shown_time(given['over'])}" if "over" in given else ""
        return f"{given['who']} {verb} {word} {units.shown_size(size)}{over}"

    return said


def _leaks(given: dict[str, Any]) -> str:
    size, time = given["rate"]
    unit = next(name for name, length in units.TIMES.items() if length == time)
    over = f" for {units.shown_time(given['over'])}" if "over" in given else ""
    return f"{given['who']} leaks {units.shown_size(size)}/{unit}{over}"


def _for(verb: str) -> Callable[[dict[str, Any]], str]:
    def said(given: dict[str, Any]) -> str:
        return f"{given['who']} {verb}" + (f" for {units.shown_time(given['for'])}" if "for" in given else "")

    return said


def _child_said(verb: str) -> Callable[[dict[str, Any]], str]:
    return lambda given: " ".join([verb, *([given["comm"]] if "comm" in given else []), "by", str(given["who"])])


ACTIONS: dict[str, Action] = {
    "write": Action(
        {"who": _who, "file": _file, "value": keys.writable, "as": _who},
        lambda given: f"write {given['value']} to {_path(given)}",
        _write,
        needed=("who", "value"),
    ),
    "read": Action({"who": _who, "file": _readable, "as": _who}, lambda given: f"read {_path(given)}", _read),
    "kill": Action({"who": _who, "signal": keys.signal_number}, _that("kill"), _kill, course=_terminating),
    "signal": Action(
        {"who": _who, "send": keys.signal_number},
        lambda given: f"signal {given['send']} to {given['who']}",
        _kill,
        needed=("who", "send"),
        course=_terminating,
    ),
    "spawn": Action(
        {
            "comm": keys.text,
            "name": keys.text,
            "parent": _who,
            **{key: keys.PROCESS_KEYS[key] for key in ("pid", "uid", *keys.SIZES, *SPAWNED)},
        },
        lambda given: f"spawn {given['comm']}",
        _spawn,
        needed=("comm",),
    ),
    "exec": Action({"who": _who, "comm": keys.text, **dict.fromkeys(keys.SIZES, keys.size)}, _that("exec in"), _exec),
    "exit": Action({"who": _who, "code": keys.integer(0, 255)}, _that("exit of"), _exit),
    "reap": Action({"who": _who}, _that("wait for"), _reap),
    "releasing": Action({"who": _who}, _that("begin to release"), _releasing),
    "fork": Action(_child, _child_said("fork"), _made_by(Task.fork)),
    "clone_vm": Action(_child, _child_said("clone(CLONE_VM)"), _made_by(Task.clone_vm)),
    "vfork": Action(_child, _child_said("vfork"), _made_by(Task.vfork)),
    "thread": Action({"who": _who, "comm": keys.text}, _that("thread of"), _thread),
    "set": Action(
        {"who": _who, **dict.fromkeys(keys.CONDITIONS, keys.boolean)},
        lambda given: f"{given['who']}: {_pairs(given)}",
        _set,
    ),
    "sysctl": Action(
        {name: _int for name, _ in ffi.typeof("struct sysctl").fields},
        lambda given: f"sysctl {_pairs(given)}",
        _sysctl,
        needed=(),
    ),
    "sysrq": Action({"key": keys.one_of("f")}, lambda given: f"SysRq-{given['key']}", _sysrq, needed=("key",)),
    "grow": Action(_resized, _changes("grows"), _grow, either=("size", "to"), course=_growing),
    "shrink": Action(_resized, _changes("shrinks"), _shrink, either=("size", "to"), course=_shrinking),
    "leak": Action(
        {"who": _who, "rate": keys.rate, "until": keys.time}, _leaks, _leak, needed=("who", "rate"), course=_leaking
    ),
    "touch": Action({"who": _who}, lambda given: f"{given['who']} touches what is swapped", _touch),
    "dsleep": Action(
        {"who": _who, "for": keys.time}, _for("sleeps uninterruptibly"), _held("dsleep"), course=_holding("dsleep")
    ),
    "hold_lock": Action(
        {"who": _who, "for": keys.time},
        _for("holds its mmap lock"),
        _held("holds_mmap_lock"),
        course=_holding("holds_mmap_lock"),
    ),
    "freeze": Action({"who": _who, "for": keys.time}, _for("is frozen"), _held("frozen"), course=_holding("frozen")),
    "move_cgroup": Action(
        {"who": _who, "to": keys.cgroup},
        lambda given: f"move {given['who']} to cgroup {given['to']}",
        _move_cgroup,
        needed=("who", "to"),
    ),
    "set_cgroup": Action(
        keys.CGROUP_KEYS,
        lambda given: f"cgroup {_pairs(given)}",
        _set_cgroup,
        needed=("path",),
    ),
    "set_pressure": Action(
        {"resource": keys.one_of(*RESOURCES), "some": keys.percent, "full": keys.percent, "cgroup": keys.cgroup},
        lambda given: f"pressure {_pairs(given)}",
        _set_pressure,
        needed=("resource", "some"),
    ),
    "swap_out": Action(
        {"who": _who, "size": keys.size},
        lambda given: f"{given['size'] >> 20} MiB of {given['who']} go to swap",
        _swap_out,
        needed=("who", "size"),
    ),
    "drop_caches": Action(
        {"what": keys.integer(1, 3)}, lambda given: f"drop_caches {given.get('what', 3)}", _drop_caches, needed=()
    ),
    "oom": Action(
        {"by": _who, "order": keys.integer(0, 10), "memcg": keys.cgroup, "limit": keys.size, "nodes": keys.node_set},
        lambda given: f"out of memory{' in ' + str(given['by']) if 'by' in given else ''}",
        _oom,
        needed=(),
    ),
}

TIMES: dict[str, keys.Check] = {
    "at": keys.time,
    "wait": keys.time,
    "every": keys.time,
    "times": keys.integer(1, 1_000_000),
}
EVENT_KEYS: dict[str, keys.Check] = {**TIMES, **{name: action.check for name, action in ACTIONS.items()}}
