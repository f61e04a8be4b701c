"""Records `write`, and the sweep: writes by every credential to every sort of target."""

import os

from fakeproc.replay import identity
from fakeproc.replay.door import MakeDoor
from fakeproc.replay.judging import VALUES, differences, excused, told_write, value, write
from fakeproc.replay.recording import Line, NotUnderstoodError, Record, Recording
from fakeproc.replay.report import Difference, Verdict
from fakeproc.world import ROOT, Task, World


class Writes:
    """One world with a target of each sort. Records with a state of `-` go on one from another."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.world = World(recording.kernel)
        self.targets = {
            "init": self.world.init,
            "kthreadd": self.world.kthread("kthreadd"),
            "kthread3": self.world.kthread("kthread3"),
            "root": self.world.spawn("root"),
            "user": self.world.spawn("user", uid=identity.USER),
            "user-nodump": self.world.spawn("user-nodump", uid=identity.USER),
            "zombie": self.world.spawn("zombie"),
        }
        self.targets["user-nodump"].set_dumpable(0)
        self.targets["zombie"].exit()
        self.door = make_door(self.world)

    def judge(self, line: Line) -> Verdict:
        record = line.record
        if record["exp"] == "sweep_score_adj_to_oom_adj":
            return self._judge_sweep(line)
        task, data = self._target(record), _input(record)
        who, flags = identity.named(record["cred"]), record.get("flags", os.O_WRONLY)
        self.door.doubt = None
        got = write(self.door, who, task.path(record["file"]), data, flags, record.get("off"))
        found, kind = excused(differences(("open", "ret", "errno"), record, got), self.door.doubt)
        done = told_write(record, record["cred"], record["input"])
        return Verdict(line, done, found + self._values(record, task), kind=kind)

    def _target(self, record: Record) -> Task:
        """The target in the state that the record starts from."""
        if record["target"] not in self.targets:
            raise NotUnderstoodError(f"target {record['target']!r} is not known")
        task = self.targets[record["target"]]
        if record["state"] != "-" and not _goes_on(record["group"]):
            adj, adj_min = record["state"].split("/")
            task.set_adj(int(adj), int(adj_min))
        return task

    def _values(self, record: Record, task: Task) -> list[Difference]:
        got: Record = {name: value(self.door, task.path(name)) for name in VALUES}
        names = [*VALUES, "adj_min"] if "adj_min" in record else VALUES
        return differences(names, record, got | {"adj_min": int(task.info.oom_score_adj_min)})

    def _judge_sweep(self, line: Line) -> Verdict:
        record, task = line.record, self.targets["root"]
        numbers = range(record["from"], record["to"] + 1)
        if len(record["oom_adj"]) != len(numbers):
            raise NotUnderstoodError(f"{len(record['oom_adj'])} values for {len(numbers)} numbers")
        found = []
        for number, expected in zip(numbers, record["oom_adj"], strict=True):
            wrote = write(self.door, ROOT, task.path("oom_score_adj"), str(number).encode())
            got = wrote.get("errno") or value(self.door, task.path("oom_adj"))
            if got != expected:
                found.append(Difference(f"oom_adj at oom_score_adj {number}", expected, got))
        return Verdict(line, "sweep", found)


def _input(record: Record) -> bytes:
    data: bytes = record["input"].encode("latin-1")
    if len(data) != record["len"]:
        raise NotUnderstoodError(f"len {record['len']} does not fit the input")
    return data


def _goes_on(group: str) -> bool:
    """seqN.K and rootseqN.K with K > 0 go on from step K-1."""
    name, _, step = group.rpartition(".")
    return name.rstrip("0123456789").endswith("seq") and step.isdecimal() and int(step) > 0
