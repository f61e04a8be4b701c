"""Family B: operations on live processes, fed in order to a world, and sets of tasks of which one is killed.

The recorder documents every operation.
"""

from fakeproc.replay import oomsets, scene_files, scene_tasks
from fakeproc.replay.door import MakeDoor
from fakeproc.replay.judging import differences, excused
from fakeproc.replay.recording import Line, NotUnderstoodError, Record, Recording
from fakeproc.replay.report import Difference, Verdict
from fakeproc.replay.scene import Scene

OPERATIONS = scene_tasks.OPERATIONS | scene_files.OPERATIONS

# Calls whose result is a number of the recorder's, or of its kernel's configuration: only the least is judged.
LEAST_RESULT = {"openat": 0, "dup": 0, "mmap": 0, "getdents64": 1}
UNTOLD = {"op", "note", "nostate", "class", "prior"}


class Replay:
    """The records of a file in order; a scenario record starts from an empty set of tasks."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.recording, self.make_door = recording, make_door
        self.scene = Scene(recording, make_door)

    def judge(self, line: Line) -> Verdict:
        if line.is_set:
            return oomsets.judge(line, self.recording, self.make_door)
        record, op = line.record, line.record["op"]
        if op.get("op") == "scenario":
            self.close()
            self.scene = Scene(self.recording, self.make_door)
            return Verdict(line, _told(op), _compare(record, {"ret": 0}))
        if op.get("op") not in OPERATIONS:
            raise NotUnderstoodError(f"operation {op.get('op')!r} is not understood")
        if "ret" not in record:
            raise NotUnderstoodError("it has no ret")
        return self._judge_operation(line)

    def _judge_operation(self, line: Line) -> Verdict:
        record, op, scene = line.record, line.record["op"], self.scene
        scene.expected, scene.door.doubt = record, None
        got = OPERATIONS[op["op"]](scene, op)
        found, kind = excused(_compare(record, got), scene.door.doubt)
        if not op.get("nostate") and "state" in record:
            expected, state = record["state"], scene.state()
            found += differences(list({**expected, **state}), expected, state, " afterwards")
        return Verdict(line, _told(op), found, kind=kind)

    def close(self) -> None:
        self.scene.close()


def _compare(record: Record, got: Record) -> list[Difference]:
    """Everything but the state; of some calls only whether they succeeded."""
    least = LEAST_RESULT.get(str(record["op"].get("call")))
    if least is not None and _are_results(least, record["ret"], got["ret"]):
        got = {**got, "ret": record["ret"]}
    names = [name for name in {**record, **got} if name not in ("op", "state")]
    return differences(names, record, got)


def _are_results(least: int, *numbers: object) -> bool:
    return all(isinstance(number, int) and number >= least for number in numbers)


def _told(op: Record) -> str:
    """An operation in a few words."""
    return " ".join([str(op.get("op")), *(f"{name}={what!r}" for name, what in op.items() if name not in UNTOLD)])
