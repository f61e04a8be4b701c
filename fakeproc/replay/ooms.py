"""Records `oom`: a round of the OOM killer, and what is left when it is over."""

import re

from fakeproc._native import lib
from fakeproc.replay import topology
from fakeproc.replay.door import MakeDoor
from fakeproc.replay.judging import differences
from fakeproc.replay.oom_world import LEFT, ROW, OomWorld, conditions, is_random
from fakeproc.replay.recording import Line, NotUnderstoodError, Record, Recording
from fakeproc.replay.report import Difference, Verdict
from fakeproc.world import GFP_KERNEL, Memory, Task, World

GFP_FAULT = 0
GFP_HOG = 0x24280CA  # GFP_HIGHUSER_MOVABLE|__GFP_ZERO: what a touched page asks for
SEQUENCE = "ratelimit"  # whose rounds are one sequence, 60 ms apart, and share the rate limiter

SEEN_BEFORE = {"in_vfork": lib.TASK_IN_VFORK, "will_free_mem": lib.TASK_WILL_FREE_MEM}
SEEN_AFTER = {"reaped": lib.TASK_OOM_REAPED, "not_reapable": lib.TASK_NOT_REAPABLE, "memdie": lib.TASK_MEMDIE}

JUDGED = re.compile(
    r".* invoked oom-killer: |\[ *pid *\] |\[ *\d+\] +-?\d+ +\d+ |.*: Kill process \d|(.*: )?Killed process \d"
    r"|oom killer \d+ \(.*\) has mm pinned|oom_reaper: |.* callbacks suppressed"
)
KILL = re.compile(r".*: Kill process \d+ \([^)]*\)|Killed process \d+ \([^)]*\)")
REAPER_ENDS = "oom_reaper: unable to reap"
SUPPRESSED = "callbacks suppressed"

Table = dict[int, tuple[int, ...]]


def watched(record: Record) -> str:
    """How long the kernel was watched.

    Plain rounds were read 250 ms after the trigger. Of random worlds nobody says when, but their logs hold the end
    of a reaper that found an mm locked, which takes a second; 1.5 s fits all of those that we know.
    """
    if record["scenario"] == SEQUENCE:
        return "60 ms"
    has_ended = any(line.startswith(REAPER_ENDS) for line in record["kmsg"])
    return "1500 ms" if has_ended or is_random(record) else "250 ms"


class Ooms:
    """A world of its own for each round."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.recording = recording
        self.scenario: str | None = None

    def judge(self, line: Line) -> Verdict:
        record = line.record
        told = conditions(record, self.recording.conditions)
        self._choose_world(record)
        self.at = OomWorld(self.world, record, told)
        found = self._before(record)
        mark = self.world.log_end
        if record["trigger"] == "hog":
            self._hog(record)
            found += self._dead(record) + self._first_victim(record, mark)
        else:
            self._pull(record)
            self.world.run(watched(record))
            found += self._dead(record) + self._after(record) + self._log(record, mark)
        return Verdict(line, f"{record['scenario']} round {record['round']}, {record['trigger']}", found)

    def _choose_world(self, record: Record) -> None:
        """Each round stands by itself, but for a sequence, whose suppressed reports the next one there tells."""
        goes_on = record["scenario"] == SEQUENCE or any(SUPPRESSED in line for line in record["kmsg"])
        if self.scenario != SEQUENCE or not goes_on:
            self.world = World(self.recording.kernel)
        elif record["scenario"] != SEQUENCE:
            self.world.run("10 s")
        self.scenario = record["scenario"]

    # --- the round -----------------------------------------------------------------

    def _pull(self, record: Record) -> None:
        trigger = record["trigger"]
        if trigger == "sysrq":
            self.world.sysrq_f(_kworker(record))
            return
        by = self._current(record)
        if trigger == "selfkilloom":
            by.set_flag(lib.TASK_KILLED)
        elif trigger == "originoom":
            by.set_flag(lib.TASK_OOM_ORIGIN)
        elif trigger not in ("direct", "faultoom"):
            raise NotUnderstoodError(f"trigger {trigger!r} is not understood")
        self.world.out_of_memory(by, gfp_mask=GFP_FAULT if trigger == "faultoom" else GFP_KERNEL)

    def _current(self, record: Record) -> Task:
        """Who allocates: an actor, or init."""
        if "by" not in record:
            return self.world.task(record.get("current", {}).get("pid", 1))
        by = self.at.actor(record["by"])
        if by is None:
            raise NotUnderstoodError(f"actor {record['by']!r} is not there")
        return by

    def _hog(self, record: Record) -> None:
        """It may take several kills: each is based on the sizes of its own task table."""
        for table in _tables(record["kmsg"]) or [{}]:
            self._grow(table)
            by = self.at.actor(record["by"])
            if not by or by.is_zombie:
                return
            self._run_out(by)
            self.world.run("250 ms")

    def _run_out(self, by: Task) -> None:
        groups = self.at.conditions.get("memcg", {})
        for name, group in groups.items():
            self.world.out_of_memory(by, gfp_mask=GFP_KERNEL, memcg=f"/{name}", limit=group["limit_bytes"])
        if not groups:
            self.world.out_of_memory(by, gfp_mask=GFP_HOG)

    def _grow(self, table: Table) -> None:
        """Sizes as the table has them: what is more than before is anonymous."""
        for pid, (total_vm, resident, ptes, pmds, swapents) in table.items():
            task = self.at.task(pid)
            if task and task.info.mm:
                m = task.memory
                task.set_memory(Memory(resident - m.file - m.shmem, m.file, m.shmem, swapents, ptes, pmds, total_vm))

    # --- comparing -----------------------------------------------------------------

    def _before(self, record: Record) -> list[Difference]:
        found: list[Difference] = []
        for pid, row in self.at.rows.items():
            task = self.world.task(pid)
            found += _flags(row, task, SEEN_BEFORE, "before")
            found += differences(("badness",), row, {"badness": task.badness or 0}, f" of {row['comm']} ({pid}) before")
        for name, at in record["before"].items():
            if at["st"] != "x":
                score = int(self.world.read(f"/{topology.id_of(at)}/oom_score"))
                found += differences(("oom_score",), at, {"oom_score": score}, f" of {name} before")
        return found

    def _dead(self, record: Record) -> list[Difference]:
        rows = self.at.rows
        told = {row["pid"] for row in record["helper_after"][1:] if not row["exit_state"]}
        alive = {pid for pid in rows if (task := self.at.task(pid)) and not task.is_zombie}
        return [
            Difference(f"{rows[pid]['comm']} ({pid}) dead after", pid not in told, pid not in alive)
            for pid in sorted(told ^ alive)
            if pid in rows
        ]

    def _after(self, record: Record) -> list[Difference]:
        found: list[Difference] = []
        for row in record["helper_after"][1:]:
            task = self.at.task(row["pid"])
            if row["exit_state"] or not task or task.is_zombie or row["pid"] not in self.at.rows:
                continue
            found += _flags(row, task, SEEN_AFTER, "after")
            victims = {"oom_victims": task.info.oom_victims}
            found += differences(("oom_victims",), row, victims, f" of {row['comm']} ({row['pid']}) after")
        return found

    def _log(self, record: Record, mark: int) -> list[Difference]:
        expected = [line for line in record["kmsg"] if JUDGED.match(line)]
        got = [entry.text for entry in self.world.log_since(mark) if JUDGED.match(entry.text)]
        if not is_random(record):
            expected, got = self._without_noise(expected), self._without_noise(got)
        return [] if expected == got else [Difference("log", expected, got)]

    def _without_noise(self, lines: list[str]) -> list[str]:
        """A victim that was free to exit may have been quicker than the reaper, or not."""
        return [line for line in lines if not (match := LEFT.match(line)) or self._is_stuck(int(match[1]))]

    def _is_stuck(self, pid: int) -> bool:
        task = self.at.task(pid)
        return bool(task and not task.is_zombie)

    def _first_victim(self, record: Record, mark: int) -> list[Difference]:
        """Sizes and scores differ by a little from run to run; who is killed first does not."""
        expected = _first_kill(record["kmsg"])
        got = _first_kill([entry.text for entry in self.world.log_since(mark)])
        return [] if expected == got else [Difference("first victim", expected, got)]


def _flags(row: Record, task: Task, names: dict[str, int], when: str) -> list[Difference]:
    told = {name: row[name] for name in names if row.get(name, -1) != -1}
    got = {name: int(bool(task.info.flags & names[name])) for name in told}
    return differences(tuple(told), told, got, f" of {row['comm']} ({row['pid']}) {when}")


def _kworker(record: Record) -> str:
    found = (line.partition(" invoked oom-killer")[0] for line in record["kmsg"] if " invoked oom-killer" in line)
    return next(found, "kworker/0:1")


def _tables(lines: list[str]) -> list[Table]:
    """The task tables of a log, in order: pid -> total_vm, rss, nr_ptes, nr_pmds, swapents."""
    tables: list[Table] = []
    for line in lines:
        if line.startswith("[ pid ]"):
            tables.append({})
        elif (match := ROW.match(line)) and tables:
            tables[-1][int(match[1])] = tuple(int(number) for number in match.groups()[2:])
    return tables


def _first_kill(lines: list[str]) -> list[str]:
    kills = [match[0] for match in map(KILL.match, lines) if match]
    return kills[:2]
