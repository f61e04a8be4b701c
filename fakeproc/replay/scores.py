"""Records `score`: points and scores for sizes and adjustments."""

from dataclasses import fields

from fakeproc.replay.door import MakeDoor
from fakeproc.replay.judging import VALUES, differences, value
from fakeproc.replay.recording import Line, Record, Recording
from fakeproc.replay.report import Difference, Verdict
from fakeproc.world import Memory, Task, World

READ = (*VALUES, "oom_score")


class Scores:
    """A world of its own for each record."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.recording, self.make_door = recording, make_door

    def judge(self, line: Line) -> Verdict:
        record = line.record
        machine, rows = record["helper"][0], {row["pid"]: row for row in record["helper"][1:]}
        world = World(self.recording.kernel)
        world.set_total_pages(machine["totalram"], machine["totalswap"])
        door = self.make_door(world)
        found: list[Difference] = []
        for name, actor in record["state"].items():
            row = rows[actor["pid"]]
            task = _task(world, record, row)
            found += differences(READ, actor, {file: value(door, task.path(file)) for file in READ}, f" of {name}")
            found += differences(("badness",), row, {"badness": task.badness or 0}, f" of {name}")
        done = f"{record['pages']} pages, uid {record['uid']}, oom_score_adj {record['adj']}"
        return Verdict(line, done, found)


def _task(world: World, record: Record, row: Record) -> Task:
    task = world.spawn(row["comm"], pid=row["pid"], uid=record["uid"])
    task.set_memory(Memory(**{field.name: row[field.name] for field in fields(Memory)}))
    task.set_adj(row["adj"], row["adj_min"])
    return task
