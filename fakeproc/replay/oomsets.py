"""Records with a `spec`: a memory cgroup that is full, the tasks in it, and who is killed first."""

import re
from collections.abc import Callable

from fakeproc.replay import scene_files, scene_tasks
from fakeproc.replay.door import MakeDoor
from fakeproc.replay.judging import differences
from fakeproc.replay.recording import Line, NotUnderstoodError, Record, Recording
from fakeproc.replay.report import Verdict
from fakeproc.replay.scene import Scene
from fakeproc.world import Memory

GROUP = "/set"  # the memory cgroup; its name is the recorder's own affair
CHARGE = 0xCC0  # GFP_KERNEL: what the charge of a touched page asks for
PAGE = 4096
KINDS = {"spawn", "clone_vm", "vfork", "thread"}
KILLED = re.compile(r"(?:(?P<prefix>.*): )?Killed process (?P<pid>\d+) \((?P<comm>.*?)\) (?P<text>.*)")

Told = Record  # a task as the spec tells it


# --- what a task of the spec is or does, in this order --------------------------------------


def _done(scene: Scene, told: Told, op: Record) -> None:
    """An operation of that task, which the recorder saw succeed."""
    operations = scene_tasks.OPERATIONS | scene_files.OPERATIONS
    result = operations[op["op"]](scene, {"name": told["name"], "of": told["name"], **op})
    if result.get("ret") == -1:
        raise NotUnderstoodError(f"{op['op']} of {told['name']}: {result['errno']}")


def _make(scene: Scene, told: Told) -> None:
    if told["kind"] not in KINDS:
        raise NotUnderstoodError(f"task {told['name']} is of a kind {told['kind']!r} that is not known")
    _done(scene, told, {"op": told["kind"], "parent": told["parent"]})


def _path(told: Told) -> str:
    """Its cgroup: the one with the limit, a child of it, or none."""
    return "/" if told.get("outside") else GROUP + (f"/{told['child']}" if "child" in told else "")


def _write(file: str) -> Callable[[Scene, Told, object], None]:
    return lambda scene, told, value: _done(scene, told, {"op": "write", "file": file, "data": str(value)})


def _exit(scene: Scene, told: Told, code: object) -> None:
    """A zombie, which nobody waits for."""
    _done(scene, told, {"op": "exit_thread" if told["kind"] == "thread" else "exit"})


def _nothing(scene: Scene, told: Told, value: object) -> None:
    """Seen in the sizes alone, or asked for elsewhere."""


STEPS: dict[str, Callable[[Scene, Told, object], None]] = {
    "exec": lambda scene, told, _: _done(scene, told, {"op": "exec"}),
    "uid": lambda scene, told, uid: _done(scene, told, {"op": "setuid", "uid": uid}),
    "adj": _write("oom_score_adj"),
    "legacy": _write("oom_adj"),
    "stop": lambda scene, told, _: _done(scene, told, {"op": "kill", "sig": "SIGSTOP"}),
    "exit": _exit,
    **dict.fromkeys(("name", "mb", "kind", "parent", "grow", "outside", "child", "shared", "mlock"), _nothing),
}
SPEC = {"id", "limit_mb", "tasks", "hog", "hog_max_mb", "note", "sysctl", "children", "child_limit_mb", "guest_only"}


def _stage(scene: Scene, told: Told) -> None:
    if unknown := set(told) - set(STEPS):
        raise NotUnderstoodError(f"option {min(unknown)!r} of task {told['name']} is not known")
    if not told.get("grow"):
        _make(scene, told)
        scene.actor(told["name"]).task.set_cgroup(_path(told))
    for option, step in STEPS.items():
        if told.get(option) not in (None, False):
            step(scene, told, told[option])


# --- sizes ----------------------------------------------------------------------------------


def _sizes_before(at: Record) -> Memory:
    """As the task's status said, in kB."""
    pages = {name: at[name] * 1024 // PAGE for name in at if name.startswith(("Vm", "Rss"))}
    return Memory(
        pages["RssAnon"], pages["RssFile"], pages["RssShmem"], pages["VmSwap"], pages["VmPTE"], 0, pages["VmSize"]
    )


def _sizes_in_table(row: Record) -> Memory:
    tables = row["pgtables_bytes"] // PAGE
    return Memory(row["rss_anon"], row["rss_file"], row["rss_shmem"], row["swapents"], tables, 0, row["total_vm"])


def _fill(scene: Scene, record: Record, first: Record) -> None:
    """Sizes at the first kill, over those before it; the log may have no table, and no row of whoever is outside."""
    for name, at in record["before"].items():
        if "RssAnon" in at:
            scene.actor(name).task.set_memory(_sizes_before(at))
    for row in first.get("table", []):
        scene.actor(row["name"]).task.set_memory(_sizes_in_table(row))


# --- the kill -------------------------------------------------------------------------------


def _limits(spec: Record) -> dict[str, int]:
    """Memory cgroups with a limit, in MiB, outer ones first."""
    inner = {f"{GROUP}/{name}": mb for name, mb in spec.get("child_limit_mb", {}).items()}
    return {GROUP: spec["limit_mb"], **inner}


def _is_below(path: str, group: str) -> bool:
    return f"{path}/".startswith(f"{group}/")


def _room(spec: Record, homes: dict[str, str], group: str) -> int:
    """What is left below its limit, in MiB."""
    inside = (told for told in spec["tasks"] if _is_below(homes[told["name"]], group))
    used: int = sum(told["mb"] for told in inside if not told.get("exit"))
    return _limits(spec)[group] - used


def _full_group(spec: Record) -> str:
    """The hog fills the one of its cgroups first that has the least room."""
    homes = {told["name"]: _path(told) for told in spec["tasks"] if not told.get("grow")}
    own = [group for group in _limits(spec) if _is_below(homes[spec["hog"]], group)]
    if not own:
        raise NotUnderstoodError(f"the hog {spec['hog']!r} is in no cgroup with a limit")
    return min(own, key=lambda group: _room(spec, homes, group))


def _sysctl(scene: Scene, told: Record) -> None:
    scene.world.set_sysctl(**{name.removeprefix("vm/"): int(value) for name, value in told.items()})


def _first_kill(scene: Scene) -> Record:
    kills = (match for record in scene.world.kmsg if (match := KILLED.fullmatch(record.text)))
    kill = next(kills, None)
    if kill is None:
        return {"victim": None}
    names = {actor.tid: name for name, actor in scene.actors.items()}
    return {"victim": names[int(kill["pid"])], "prefix": kill["prefix"], "text": kill["text"]}


def _expected(record: Record) -> tuple[Record, list[str]]:
    """The first kill, and what of it is judged: its text where the sizes are known."""
    if not record["kills"]:
        return {"victim": next(iter(record["deaths"]), None)}, ["victim"]
    first = record["kills"][0]
    return first, ["victim", "prefix", "text"] if first.get("table") else ["victim", "prefix"]


def judge(line: Line, recording: Recording, make_door: MakeDoor) -> Verdict:
    """One record: a world of its own, one call of the OOM killer."""
    record, spec = line.record, line.record["spec"]
    if unknown := set(spec) - SPEC:
        raise NotUnderstoodError(f"{min(unknown)!r} of a spec is not known")
    scene = Scene(recording, make_door)
    for told in spec["tasks"]:
        _stage(scene, told)
    first, judged = _expected(record)
    _fill(scene, record, first)
    _sysctl(scene, spec.get("sysctl", {}))
    group = _full_group(spec)
    hog = scene.actor(spec["hog"]).task
    scene.world.out_of_memory(hog, gfp_mask=CHARGE, memcg=group, limit=f"{_limits(spec)[group]} MiB")
    return Verdict(line, f"set {spec['id']}", differences(judged, first, _first_kill(scene)))
