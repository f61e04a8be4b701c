"""What may happen in a scenario: one table of actions, with their keys, their words and what they do to a world."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fakeproc import outcome, wording
from fakeproc._native import lib
from fakeproc.errors import FakeprocError, WorldError
from fakeproc.scenario import keys
from fakeproc.world import ROOT, Caller, Task, World

REFERENCES = ("who", "by", "as")
ADJUSTMENTS = ("oom_score_adj", "oom_adj")


def set_conditions(task: Task, given: dict[str, Any]) -> None:
    """Those that the file names. Whoever sleeps uninterruptibly shows it in its state."""
    for name, flag in keys.CONDITIONS.items():
        if name in given:
            task.set_flag(flag, given[name])
    if "dsleep" in given:
        task._do(lib.task_set_state, b"D" if given["dsleep"] else b"S")


class Gone(Exception):
    """Who should act, or be acted upon, is dead."""


@dataclass(frozen=True)
class Action:
    """One kind of event: the keys of its table, of which some must be there, and what it does. A value that is no
    table stands for that of the first key. The result of `run` is what came of it, for people."""

    table: dict[str, keys.Check]
    said: Callable[[dict[str, Any]], str]
    run: Callable[[World, dict[str, Any]], str]
    needed: tuple[str, ...] = ("who",)

    def check(self, value: Any) -> dict[str, Any]:
        given = value if isinstance(value, dict) else {next(iter(self.table)): value}
        checked = keys.check_table(given, self.table)
        for key in self.needed:
            if key not in checked:
                raise FakeprocError(f"it lacks {key} = ...: its keys are {' '.join(self.table)}")
        return checked


@dataclass(frozen=True)
class Event:
    """Something that happens, `at` nanoseconds after the start; without an action only time passes."""

    at: int
    action: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return ACTIONS[self.action].said(self.given) if self.action else "time passes"

    @property
    def is_trigger(self) -> bool:
        """Does it call the OOM killer?"""
        return self.action in ("oom", "sysrq", "grow")

    def happen(self, world: World) -> str:
        """What comes of it: a word for people, the name of an errno where the kernel refuses it."""
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


@dataclass(frozen=True)
class Happened:
    """What came of an event; its lines in the kernel log begin with the number `log`."""

    event: Event
    result: str
    log: int


# --- who -------------------------------------------------------------------------------


def _task(world: World, who: int | str) -> Task:
    """Whoever the file calls so; a name is one of the scenario, a number a pid."""
    task = world.task(who) if isinstance(who, int) else world.names.get(who)
    if task is None or not task.exists:
        raise ProcessLookupError(3, "No such process")
    return task


def _actor(world: World, who: int | str) -> Task:
    """The thread of that process that still runs."""
    task = _task(world, who)
    alive = next((thread for thread in task.threads if not thread.is_zombie), None)
    if alive is None:
        raise Gone("it is dead")
    return alive


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


def _kill(world: World, given: dict[str, Any]) -> str:
    """SIGKILL is pending until its threads run: one that sleeps uninterruptibly does not."""
    number, task = given.get("signal", signal.SIGKILL), _actor(world, given["who"])
    if number == signal.SIGKILL and not (task.is_kthread or task.tgid == 1):
        task.set_flag(lib.TASK_KILLED)
    else:
        task.kill(number)
    return "ok"


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
        world.names[given["comm"]] = child = clone(_actor(world, given["who"]), given["comm"])
        return str(child.pid)

    return run


def _set(world: World, given: dict[str, Any]) -> str:
    set_conditions(_actor(world, given["who"]), given)
    return "ok"


def _sysctl(world: World, given: dict[str, Any]) -> str:
    world.set_sysctl(**given)
    return "ok"


def _sysrq(world: World, given: dict[str, Any]) -> str:
    world.sysrq_f()
    return outcome.told(world)


def _grow(world: World, given: dict[str, Any]) -> str:
    task = _actor(world, given["who"])
    before = world.log_end
    has_all = task.grow(given["size"])
    if world.log_end > before:
        return outcome.told(world)
    return "ok" if has_all else "it waits for memory"


def _oom(world: World, given: dict[str, Any]) -> str:
    by = _actor(world, given["by"]) if "by" in given else None
    what = {key: given[key] for key in ("order", "memcg", "limit", "nodes") if key in given}
    world.oom(by, **what)
    return outcome.told(world)


# --- the table -----------------------------------------------------------------------------

_who = keys.reference
_file = keys.one_of(*ADJUSTMENTS)
_readable = keys.one_of(*ADJUSTMENTS, "oom_score")
_child: dict[str, keys.Check] = {"who": _who, "comm": keys.text}


def _that(verb: str) -> Callable[[dict[str, Any]], str]:
    return lambda given: f"{verb} {given['who']}"


def _path(given: dict[str, Any]) -> str:
    return f"{given['who']}/{given.get('file', 'oom_score_adj')}{_as(given)}"


def _pairs(given: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {wording.shown(value)}" for key, value in given.items() if key != "who")


def _child_said(verb: str) -> Callable[[dict[str, Any]], str]:
    return lambda given: f"{verb} {given['comm']} by {given['who']}"


ACTIONS: dict[str, Action] = {
    "write": Action(
        {"who": _who, "file": _file, "value": keys.writable, "as": _who},
        lambda given: f"write {given['value']} to {_path(given)}",
        _write,
        needed=("who", "value"),
    ),
    "read": Action({"who": _who, "file": _readable, "as": _who}, lambda given: f"read {_path(given)}", _read),
    "kill": Action({"who": _who, "signal": keys.integer(1, 64)}, _that("kill"), _kill),
    "exec": Action({"who": _who, "comm": keys.text, **dict.fromkeys(keys.SIZES, keys.size)}, _that("exec in"), _exec),
    "exit": Action({"who": _who, "code": keys.integer(0, 255)}, _that("exit of"), _exit),
    "reap": Action({"who": _who}, _that("wait for"), _reap),
    "releasing": Action({"who": _who}, _that("begin to release"), _releasing),
    "fork": Action(_child, _child_said("fork"), _made_by(Task.fork), needed=("who", "comm")),
    "clone_vm": Action(_child, _child_said("clone(CLONE_VM)"), _made_by(Task.clone_vm), needed=("who", "comm")),
    "vfork": Action(_child, _child_said("vfork"), _made_by(Task.vfork), needed=("who", "comm")),
    "set": Action(
        {"who": _who, **dict.fromkeys(keys.CONDITIONS, keys.boolean)},
        lambda given: f"{given['who']}: {_pairs(given)}",
        _set,
    ),
    "sysctl": Action(
        {
            "panic_on_oom": keys.integer(-(1 << 31), (1 << 31) - 1),
            "oom_kill_allocating_task": keys.integer(-(1 << 31), (1 << 31) - 1),
            "oom_dump_tasks": keys.integer(-(1 << 31), (1 << 31) - 1),
        },
        lambda given: f"sysctl {_pairs(given)}",
        _sysctl,
        needed=(),
    ),
    "sysrq": Action({"key": keys.one_of("f")}, lambda given: f"SysRq-{given['key']}", _sysrq, needed=("key",)),
    "grow": Action(
        {"who": _who, "size": keys.size},
        lambda given: f"{given['who']} grows by {given['size'] >> 20} MiB",
        _grow,
        needed=("who", "size"),
    ),
    "oom": Action(
        {"by": _who, "order": keys.integer(0, 10), "memcg": keys.cgroup, "limit": keys.size, "nodes": keys.node_set},
        lambda given: f"out of memory{' in ' + str(given['by']) if 'by' in given else ''}",
        _oom,
        needed=(),
    ),
}

TIMES: dict[str, keys.Check] = {"at": keys.time, "wait": keys.time}
EVENT_KEYS: dict[str, keys.Check] = {**TIMES, **{name: action.check for name, action in ACTIONS.items()}}
