"""Records `share`: processes that share an mm, and what a write, an exec or a death does to the others."""

from pathlib import Path

from fakeproc.replay import identity, topology
from fakeproc.replay.door import MakeDoor
from fakeproc.replay.elsewhere import Kind
from fakeproc.replay.judging import VALUES, differences, excused, told_write, value, write
from fakeproc.replay.recording import Line, NotUnderstoodError, Record, Recording, read_lines
from fakeproc.replay.report import Difference, Verdict
from fakeproc.replay.topology import Cast, Rows, Topology
from fakeproc.world import Caller, World

LIFE_CYCLE = {"setup", "exec", "exit", "kill_parent", "kill_parent_not_reaped", "child_exit", "leader_exit"}
DEPRECATED = "is deprecated"
LENDER = "4.8.15"  # whose topology a kernel without a helper borrows


class Shares:
    """A world for each scenario, brought to each record's life-cycle state before what it did is done."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.recording, self.make_door = recording, make_door
        self.lender = _Lender(recording.path)
        self.scenario: str | None = None
        self.is_warned = False

    def judge(self, line: Line) -> Verdict:
        record = line.record
        if record["op"] != "write" and record["op"] not in LIFE_CYCLE:
            raise NotUnderstoodError(f"operation {record['op']!r} is not understood")
        after = topology.rows(record["helper"] if "helper" in record else self.lender.helper(record))
        cast = topology.cast(record, self._conditions(record))
        self._start(record)
        self._bring_before(record, after, cast)
        mark = self.world.log_end
        found, kind = self._write(record, cast) if record["op"] == "write" else self._live(record, after, cast)
        found += self._values(record) + self._log(record, mark)
        if "helper" in record:
            found += self._rows(after)
        return Verdict(line, _told(record), found, kind=kind)

    def _conditions(self, record: Record) -> Record:
        told = record.get("conditions", self.recording.conditions.get(record["scenario"], {}))
        return told if isinstance(told, dict) else {}

    def _start(self, record: Record) -> None:
        """The deprecation line comes once a boot: once a file, and never where a record tells its actors."""
        if record["scenario"] == self.scenario:
            return
        self.scenario = record["scenario"]
        self.world = World(self.recording.kernel)
        self.topology = Topology(self.world)
        self.door = self.make_door(self.world)
        if "actors" in record or self.is_warned:
            self.world.init.write("oom_adj", "0")

    def _bring_before(self, record: Record, after: Rows, cast: Cast) -> None:
        """To helper_before where there is one; else a write changes no life, and what came before is known.

        Random worlds are set up with values of their own; the others start from 0.
        """
        is_new = not self.topology.rows
        if "helper_before" in record:
            before = topology.rows(record["helper_before"])
            self.topology.bring_to(before, cast)
            self.topology.set_values(before)
        elif is_new or record["op"] == "write":
            self.topology.bring_to(after, cast)
            if is_new and "actors" in record:
                self.topology.set_values(after)

    def _live(self, record: Record, after: Rows, cast: Cast) -> tuple[list[Difference], None]:
        if record["op"] == "exec":
            self.topology.exec(cast[record["target"]].id)
        self.topology.bring_to(after, cast)
        return [], None

    def _write(self, record: Record, cast: Cast) -> tuple[list[Difference], Kind | None]:
        target = 1 if record["target"] == "init" else cast[record["target"]].id
        data = record["value"].encode("latin-1")
        self.door.doubt = None
        got = write(self.door, self._writer(record, cast), f"/{target}/{record['file']}", data)
        if "open" in got:
            got = {"ret": -1, "errno": got["open"], "stage": "open"}
        names = ("ret", "errno", "stage") if "stage" in record else ("ret", "errno")
        return excused(differences(names, record, {"stage": "write", **got}), self.door.doubt)

    def _writer(self, record: Record, cast: Cast) -> Caller:
        by, cred = record["by"], record.get("by_cred")
        if by == "root":
            return Caller(pid=1, comm="init")
        if by not in cast:
            return identity.named(by)
        who = self.world.task(cast[by].id).caller()
        if cred is None:
            return who
        return Caller(who.pid, cred["uid"], cred["uid"], identity.caps(cred["caps"]), who.mems, who.comm)

    def _values(self, record: Record) -> list[Difference]:
        """Every actor's values, as root reads them; of one that is gone the record has none."""
        found = []
        for name, at in record["state"].items():
            names = [file for file in VALUES if file in at]
            got: Record = {file: value(self.door, f"/{topology.id_of(at)}/{file}") for file in names}
            found += differences(names, at, got, f" of {name}")
        return found

    def _rows(self, rows: Rows) -> list[Difference]:
        """What the helper saw in every task: it alone knows adj_min, and the values of init."""
        found = []
        for pid, row in rows.items():
            info = self.world.task(pid).info
            got: Record = {"adj": int(info.oom_score_adj), "adj_min": int(info.oom_score_adj_min)}
            found += differences(("adj", "adj_min"), vars(row), got, f" of {pid} ({row.comm})")
        return found

    def _log(self, record: Record, mark: int) -> list[Difference]:
        got = [entry.text for entry in self.world.log_since(mark)]
        self.is_warned |= any(DEPRECATED in text for text in record["kmsg"])
        return differences(("kmsg",), record, {"kmsg": got})


def _told(record: Record) -> str:
    where = f"{record['scenario']} step {record['step']}"
    if record["op"] == "write":
        return f"{where}, {told_write(record, record['by'], record['value'])}"
    return f"{where}, {record['op']} {record.get('target', '')}".rstrip()


class _Lender:
    """The same recording on a kernel that had a helper: the file of that name in a folder beside."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._records: dict[tuple[str, int], Record] | None = None

    def helper(self, record: Record) -> list[Record]:
        """The helper of the same scenario and step, with this recording's ids."""
        if self._records is None:
            self._records = self._load()
        lent = self._records.get((record["scenario"], record["step"]))
        if lent is None:
            raise NotUnderstoodError(f"it has no helper, nor has that of ../{LENDER}/{self.path.name}: no topology")
        ids = _same_actors(lent["state"], record["state"])
        return [_renumbered(task, ids) for task in lent["helper"][1:]]

    def _load(self) -> dict[tuple[str, int], Record]:
        path = self.path.parent.parent / LENDER / self.path.name
        lines = read_lines(path) if path.is_file() else []
        return {
            (line.record["scenario"], line.record["step"]): line.record
            for line in lines
            if line.family == "A" and {"scenario", "step", "state", "helper"} <= set(line.record)
        }


def _same_actors(theirs: Record, ours: Record) -> dict[int, int]:
    """Their ids and ours, actor by actor in order."""
    ids = {}
    for their, our in zip(theirs.values(), ours.values(), strict=True):
        ids[their["pid"]] = our["pid"]
        ids[topology.id_of(their)] = topology.id_of(our)
    return ids


def _renumbered(task: Record, ids: dict[int, int]) -> Record:
    return task | {name: ids.get(task[name], task[name]) for name in ("pid", "tgid", "ppid")}
