"""Family B's operations on tasks: making, ending, credentials, memory."""

import errno
import signal

from fakeproc import capabilities
from fakeproc.replay.door import fail
from fakeproc.replay.recording import NotUnderstoodError, Record
from fakeproc.replay.scene import Actor, Operation, Scene, attempted, failed
from fakeproc.world import (
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_THREAD,
    CLONE_VFORK,
    CLONE_VM,
    THREAD_FLAGS,
    Memory,
    Task,
)

PAGE = 4096
# What clone(2)'s flags mean in a world; 0 where a world knows no such thing.
CLONE_FLAGS = {
    "VM": CLONE_VM,
    "SIGHAND": CLONE_SIGHAND,
    "VFORK": CLONE_VFORK,
    "PARENT": CLONE_PARENT,
    "THREAD": CLONE_THREAD,
    "FS": 0,
    "FILES": 0,
    "SYSVSEM": 0,
    "NEWNS": 0,
}
CAPABILITY_SETS = ("effective", "permitted", "inheritable")
DIED = "DIED"  # the recorder's errno of a task that its own request killed


# --- making ------------------------------------------------------------------------


def clone(scene: Scene, op: Record, flags: int) -> Record:
    parent, name = scene.actor(op.get("parent", "ctl")), op["name"]
    if name in scene.actors or name == "ctl":
        raise NotUnderstoodError(f"task name {name!r} is taken")
    try:
        task = parent.task.clone(flags)
    except OSError as error:
        return failed(error, "clone")
    child = scene.actors[name] = Actor(name, parent.name, task)
    parent.waits_for = child if flags & CLONE_VFORK else None
    _set_comm(op, child)
    return {"ret": f"pid:{name}"}


def _set_comm(op: Record, actor: Actor) -> None:
    if not op.get("keepcomm"):
        actor.task.comm = f"pw:{actor.name}"


def clone_any(scene: Scene, op: Record) -> Record:
    words = set(op.get("flags", []))
    if unknown := words - set(CLONE_FLAGS):
        raise NotUnderstoodError(f"clone flag {min(unknown)!r} is not known")
    if {"NEWNS", "FS"} <= words:
        return failed(OSError(errno.EINVAL, ""), "clone")
    if "NEWNS" in words and not _has_cap(scene.actor(op.get("parent", "ctl")), "sys_admin"):
        return failed(OSError(errno.EPERM, ""), "clone")
    return clone(scene, op, sum(CLONE_FLAGS[word] for word in words))


def exec_task(scene: Scene, op: Record) -> Record:
    actor = scene.actor(op["name"])
    try:
        actor.task = actor.task.exec()
    except OSError as error:
        return failed(error, "exec")
    for other in scene.group(actor):
        other.is_gone = other is not actor
    actor.tid = actor.tgid
    scene.release(actor)
    _set_comm(op, actor)
    return {"ret": 0}


# --- ending ------------------------------------------------------------------------


def exit_process(scene: Scene, op: Record) -> Record:
    actor = scene.actor(op["name"])
    actor.task.exit(op.get("code", 0))
    _release_all(scene, actor)
    return {"ret": 0}


def _release_all(scene: Scene, actor: Actor) -> None:
    for other in scene.group(actor):
        scene.release(other)


def exit_thread(scene: Scene, op: Record) -> Record:
    actor = scene.actor(op["name"])
    actor.task.exit_thread(op.get("code", 0))
    scene.release(actor)
    return {"ret": 0}


def kill(scene: Scene, op: Record) -> Record:
    actor, number = scene.actor(op["name"]), op.get("sig", 9)
    if actor.life == "gone":
        return failed(OSError(errno.ESRCH, ""), "kill")
    if isinstance(number, str):
        number = int(signal.Signals[number])
    by, leader = scene.actor(op.get("by", "ctl")), scene.world.task(actor.tgid)
    try:
        _check_may_signal(by.task, leader, number)
        leader.kill(number)
    except OSError as error:
        return failed(error)
    if by.life != "live":
        return {"ret": -1, "errno": DIED, "stage": by.name}
    if number == signal.SIGKILL:
        _release_all(scene, actor)
    return {"ret": 0}


def _check_may_signal(by: Task, task: Task, number: int) -> None:
    """check_kill_permission(): the recorder's tasks are of one session, in which everybody may say SIGCONT."""
    if number not in range(signal.NSIG):
        fail(errno.EINVAL)
    ours, theirs = by.info, task.info
    is_same = ours.tgid == theirs.tgid or bool({ours.euid, ours.uid} & {theirs.suid, theirs.uid})
    if number != signal.SIGCONT and not is_same and not by.caller().caps & capabilities.BITS["kill"]:
        fail(errno.EPERM)


def reap(scene: Scene, op: Record) -> Record:
    """By any live thread of the process that made it, else by the recorder."""
    actor = scene.actor(op["name"])
    result: Record = {}
    for who in [*_waiters(scene, actor), scene.ctl]:
        result = _wait(scene, who, actor)
        if isinstance(result["ret"], str):
            break
    return result


def _waiters(scene: Scene, actor: Actor) -> list[Actor]:
    parent = scene.actors.get(actor.parent)
    others = scene.group(parent) if parent else []
    return [other for other in others if other.is_left and other.life == "live" and not other.waits_for]


def _wait(scene: Scene, who: Actor, actor: Actor) -> Record:
    """wait4(pid, WNOHANG)"""
    try:
        leader = scene.world.task(actor.tgid)
    except ProcessLookupError:
        return failed(OSError(errno.ECHILD, ""))
    if leader.ppid != who.tgid:
        return failed(OSError(errno.ECHILD, ""))
    try:
        leader.reap()
    except ChildProcessError:
        return {"ret": 0}
    for other in scene.group(actor):
        other.is_gone = True
    return {"ret": f"pid:{actor.name}"}


# --- credentials ---------------------------------------------------------------------


def setuid(scene: Scene, op: Record) -> Record:
    task, uid = scene.actor(op["name"]).task, op["uid"]
    return attempted(lambda: task.setuid(uid, op.get("gid", uid)))


def setresuid(scene: Scene, op: Record) -> Record:
    return attempted(lambda: scene.actor(op["name"]).task.setresuid(op["r"], op["e"], op["s"]))


def keepcaps(scene: Scene, op: Record) -> Record:
    return attempted(scene.actor(op["name"]).task.set_keepcaps)


def dumpable(scene: Scene, op: Record) -> Record:
    return attempted(lambda: scene.actor(op["name"]).task.set_dumpable(op["value"]))


def change_caps(scene: Scene, op: Record) -> Record:
    task = scene.actor(op["name"]).task
    info = task.info
    now = [info.caps, info.caps_permitted, info.caps_inheritable]
    for name in op.get("sets", ["effective", "permitted"]):
        i = CAPABILITY_SETS.index(name)
        now[i] = now[i] & ~_mask(op.get("drop", [])) | _mask(op.get("set", []))
    return attempted(lambda: task.set_caps(*now))


def _mask(words: str | list[str]) -> int:
    if words == "ALL":
        return capabilities.ALL
    return sum(capabilities.BITS[word.lower()] for word in words)


def _has_cap(actor: Actor, name: str) -> bool:
    return bool(actor.task.info.caps & capabilities.BITS[name])


def hascap(scene: Scene, op: Record) -> Record:
    return {"ret": int(_has_cap(scene.actor(op["name"]), op["cap"].lower()))}


def unshare_user(scene: Scene, op: Record) -> Record:
    return attempted(scene.actor(op["name"]).task.unshare_user)


# --- memory --------------------------------------------------------------------------


def alloc(scene: Scene, op: Record) -> Record:
    pages = -(-op["bytes"] // PAGE)
    added = Memory(shmem=pages, total_vm=pages) if op.get("shared") else Memory(anon=pages, total_vm=pages)
    _add(scene.actor(op["name"]).task, added, 1)
    if "as" in op:
        scene.maps[op["as"]] = added
    return {"ret": 0, "stage": "touch"}


def free(scene: Scene, op: Record) -> Record:
    if op["map"] not in scene.maps:
        raise NotUnderstoodError(f"no memory is mapped as {op['map']!r}")
    _add(scene.actor(op["name"]).task, scene.maps.pop(op["map"]), -1)
    return {"ret": 0}


def _add(task: Task, part: Memory, sign: int) -> None:
    now = vars(task.memory)
    task.set_memory(Memory(**{name: max(0, now[name] + sign * count) for name, count in vars(part).items()}))


# --- bookkeeping -----------------------------------------------------------------------


def nothing(scene: Scene, op: Record) -> Record:
    return {"ret": 0}


def life(scene: Scene, op: Record) -> Record:
    return {"ret": scene.actor(op["name"]).life}


OPERATIONS: dict[str, Operation] = {
    "alloc": alloc,
    "caps": change_caps,
    "clone": clone_any,
    "clone_vm": lambda scene, op: clone(scene, op, CLONE_VM),
    "dumpable": dumpable,
    "exec": exec_task,
    "exit": exit_process,
    "exit_leader": exit_thread,
    "exit_thread": exit_thread,
    "free": free,
    "hascap": hascap,
    "keepcaps": keepcaps,
    "kill": kill,
    "life": life,
    "reap": reap,
    "setresuid": setresuid,
    "setuid": setuid,
    "sleep": nothing,
    "spawn": lambda scene, op: clone(scene, op, 0),
    "state": nothing,
    "thread": lambda scene, op: clone(scene, op, THREAD_FLAGS),
    "unshare_user": unshare_user,
    "vfork": lambda scene, op: clone(scene, op, CLONE_VM | CLONE_VFORK),
}
