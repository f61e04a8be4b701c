"""Records `oom`: a round of the OOM killer on a world built from the helper, and 250 ms after it."""

import re

from fakeproc._native import lib
from fakeproc.replay import identity, standing, topology
from fakeproc.replay.door import MakeDoor
from fakeproc.replay.judging import differences
from fakeproc.replay.recording import Line, NotUnderstoodError, Record, Recording
from fakeproc.replay.report import Difference, Verdict
from fakeproc.world import GFP_KERNEL, Memory, Task, World

GFP_FAULT = 0
GFP_HOG = 0x24280CA  # GFP_HIGHUSER_MOVABLE|__GFP_ZERO: what a touched page asks for
CAP_SYS_ADMIN = 1 << 21
GROUP_EXIT, GROUP_COREDUMP = 4, 8
COUNTERS = ("anon", "file", "shmem", "swapents", "ptes", "pmds", "total_vm")
SEQUENCE = "ratelimit"  # whose rounds are one sequence, and share the rate limiter

CONDITIONS = {
    "dsleep": lib.TASK_DSLEEP,
    "mmap_lock_held": lib.TASK_HOLDS_MMAP_LOCK,
    "coredumping": lib.TASK_COREDUMPING,
    "exit_waits_mmap_lock": lib.TASK_EXIT_WAITS,
    "stopped": 0,
}
MARKS = {
    "reaped": lib.TASK_OOM_REAPED,
    "not_reapable": lib.TASK_NOT_REAPABLE,
    "memdie": lib.TASK_MEMDIE,
    "exiting": lib.TASK_EXITING,
}
SEEN_BEFORE = {"in_vfork": lib.TASK_IN_VFORK, "will_free_mem": lib.TASK_WILL_FREE_MEM}
SEEN_AFTER = {"reaped": lib.TASK_OOM_REAPED, "not_reapable": lib.TASK_NOT_REAPABLE, "memdie": lib.TASK_MEMDIE}

JUDGED = re.compile(
    r".* invoked oom-killer: |\[ *pid *\] |\[ *\d+\] +-?\d+ +\d+ |.*: Kill process \d|(.*: )?Killed process \d"
    r"|oom killer \d+ \(.*\) has mm pinned|oom_reaper: |.* callbacks suppressed"
)
ROW = re.compile(r"\[ *(\d+)\] +(-?\d+) +\d+ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +-?\d+ ")
KILL = re.compile(r".*: Kill process \d+ \([^)]*\)|Killed process \d+ \([^)]*\)")
LEFT = re.compile(r"oom_reaper: reaped process (\d+) .* now anon-rss:(\d+)kB, file-rss:\d+kB, shmem-rss:(\d+)kB")


class Ooms:
    """A world of its own for each round."""

    def __init__(self, recording: Recording, make_door: MakeDoor) -> None:
        self.recording = recording
        self.scenario: str | None = None

    def judge(self, line: Line) -> Verdict:
        record = line.record
        self._build(record)
        found = self._before(record)
        mark = self.world.log_end
        if record["trigger"] == "hog":
            self._hog(record)
            found += self._dead(record) + self._first_victim(record, mark)
        else:
            self._pull(record)
            self.world.run("1500 ms" if "actors" in record else "250 ms")
            found += self._dead(record) + self._after(record) + self._log(record, mark)
        return Verdict(line, f"{record['scenario']} round {record['round']}, {record['trigger']}", found)

    # --- building ------------------------------------------------------------------

    def _build(self, record: Record) -> None:
        machine, *helper = record["helper_before"]
        self.told: Record = record.get("conditions") or self.recording.conditions.get(record["scenario"]) or {}
        self.cast = topology.cast(record if "actors" in record else record | {"state": record["before"]}, self.told)
        self.rows = {row["pid"]: row for row in helper}
        self._choose_world(record["scenario"])
        self.world.set_total_pages(machine["totalram"], machine["totalswap"])
        self.world.set_sysctl(**self.told.get("sysctl", {}))
        standing.build(self.world, helper, self._creators())
        for row in helper:
            self._fill(row)
        self._identify(record)
        self._condition(record)

    def _choose_world(self, scenario: str) -> None:
        """Each round stands by itself, but for a sequence; what it suppressed is told by the round behind it."""
        if self.scenario != SEQUENCE:
            self.world = World(self.recording.kernel)
        elif scenario != SEQUENCE:
            self.world.run("10 s")
        self.scenario = scenario

    def _creators(self) -> dict[int, int]:
        """Who called clone, by the ids of both, where the record tells."""
        return {actor.id: self.cast[actor.parent].id for actor in self.cast.values() if actor.parent in self.cast}

    def _fill(self, row: Record) -> None:
        task = self.world.task(row["pid"])
        if row.get("mm"):
            task.set_memory(Memory(**{name: row[name] for name in COUNTERS}))
        for name, flag in MARKS.items():
            if row.get(name) == 1 and row.get("mm"):
                task.set_flag(flag)
        if row["sigflags"] & GROUP_EXIT:
            task.set_flag(lib.TASK_GROUP_EXIT)
        if row["sigflags"] & GROUP_COREDUMP:
            task.set_flag(lib.TASK_COREDUMPING)

    def _identify(self, record: Record) -> None:
        """The task table tells uids; badness tells who has CAP_SYS_ADMIN."""
        if "actors" in record:
            self._dress()
            return
        uids = {int(match[1]): int(match[2]) for match in map(ROW.match, record["kmsg"]) if match}
        for pid, row in self.rows.items():
            task = self.world.task(pid)
            if task.is_zombie or row["kthread"] or pid == 1:
                continue
            if uids.get(pid) and not task.info.uid:
                task.setuid(uids[pid])
            if row["badness"] > 0 and (task.badness or 0) != row["badness"]:
                task.set_caps(task.info.caps & ~CAP_SYS_ADMIN)

    def _dress(self) -> None:
        """As the actors are told; uid 0 that has exec'ed has all capabilities again."""
        for actor in self.cast.values():
            task = self._actor(actor.name)
            if not task or task.is_kthread:
                continue
            if actor.uid:
                task.setuid(actor.uid)
            caps = identity.caps(actor.caps)
            if caps != task.info.caps and not (actor.has_execed and not actor.uid):
                task.set_caps(caps)

    def _condition(self, record: Record) -> None:
        for name, conditions in self.told.get("tasks", {}).items():
            if record["round"] > self.told.get("until_round", record["round"]):
                continue
            task = self._actor(name)
            for condition in conditions:
                if task and not task.is_zombie and CONDITIONS[condition]:
                    task.set_flag(CONDITIONS[condition])
        for name in self.told.get("sigkilled_before", []):
            task = self._actor(name)
            if task:
                task.set_flag(lib.TASK_KILLED)
        for match in filter(None, map(LEFT.match, record["kmsg"])):
            self._keep(int(match[1]), int(match[2]) // 4, int(match[3]) // 4)

    def _keep(self, pid: int, anon: int, shmem: int) -> None:
        """What was locked or shared stands only in the log."""
        user = next((t for t in self.world.task(pid).threads if t.info.mm), None)
        if user:
            user.set_memory_kept(anon_locked=anon, shmem_shared=shmem)

    def _actor(self, name: str) -> Task | None:
        try:
            return self.world.task(self.cast[name].id)
        except (KeyError, ProcessLookupError):
            return None

    # --- the round -----------------------------------------------------------------

    def _pull(self, record: Record) -> None:
        trigger = record["trigger"]
        by = self._actor(record["by"]) if "by" in record else self.world.init
        if by is None:
            raise NotUnderstoodError(f"actor {record['by']!r} is not there")
        match trigger:
            case "sysrq":
                self.world.sysrq_f(self._kworker(record))
            case "direct":
                self.world.oom(by, gfp_mask=GFP_KERNEL)
            case "selfkilloom":
                by.set_flag(lib.TASK_KILLED)
                self.world.oom(by, gfp_mask=GFP_KERNEL)
            case "originoom":
                by.set_flag(lib.TASK_OOM_ORIGIN)
                self.world.oom(by, gfp_mask=GFP_KERNEL)
            case "faultoom":
                self.world.oom(by, gfp_mask=GFP_FAULT)
            case _:
                raise NotUnderstoodError(f"trigger {trigger!r} is not understood")

    def _kworker(self, record: Record) -> str:
        found = (line.partition(" invoked oom-killer")[0] for line in record["kmsg"] if " invoked oom-killer" in line)
        return next(found, "kworker/0:1")

    # --- comparing -----------------------------------------------------------------

    def _flags(self, row: Record, task: Task, names: dict[str, int], when: str) -> list[Difference]:
        told = {name: row[name] for name in names if row.get(name, -1) != -1}
        got = {name: int(bool(task.info.flags & names[name])) for name in told}
        return differences(tuple(told), told, got, f" of {row['comm']} ({row['pid']}) {when}")

    def _before(self, record: Record) -> list[Difference]:
        found: list[Difference] = []
        for pid, row in self.rows.items():
            task = self.world.task(pid)
            found += self._flags(row, task, SEEN_BEFORE, "before")
            found += differences(("badness",), row, {"badness": task.badness or 0}, f" of {row['comm']} ({pid}) before")
        for name, at in record["before"].items():
            if at["st"] != "x":
                score = int(self.world.read(f"/{topology.id_of(at)}/oom_score"))
                found += differences(("oom_score",), at, {"oom_score": score}, f" of {name} before")
        return found

    def _dead(self, record: Record) -> list[Difference]:
        told = {row["pid"] for row in record["helper_after"][1:] if not row["exit_state"]}
        alive = {pid for pid in self.rows if (task := self._task(pid)) and not task.is_zombie}
        return [
            Difference(f"{self.rows[pid]['comm']} ({pid}) dead after", pid not in told, pid not in alive)
            for pid in sorted(told ^ alive)
            if pid in self.rows
        ]

    def _after(self, record: Record) -> list[Difference]:
        found: list[Difference] = []
        for row in record["helper_after"][1:]:
            task = self._task(row["pid"])
            if row["exit_state"] or not task or task.is_zombie or row["pid"] not in self.rows:
                continue
            found += self._flags(row, task, SEEN_AFTER, "after")
            victims = {"oom_victims": task.info.oom_victims}
            found += differences(("oom_victims",), row, victims, f" of {row['comm']} ({row['pid']}) after")
        return found

    def _task(self, pid: int) -> Task | None:
        try:
            return self.world.task(pid)
        except ProcessLookupError:
            return None

    def _log(self, record: Record, mark: int) -> list[Difference]:
        expected = [line for line in record["kmsg"] if JUDGED.match(line)]
        got = [entry.text for entry in self.world.log_since(mark) if JUDGED.match(entry.text)]
        if "actors" not in record:
            expected, got = self._without_noise(expected), self._without_noise(got)
        return [] if expected == got else [Difference("log", expected, got)]

    def _without_noise(self, lines: list[str]) -> list[str]:
        """A victim that was free to exit may have been quicker than the reaper, or not."""
        return [line for line in lines if not (match := LEFT.match(line)) or self._is_stuck(int(match[1]))]

    def _is_stuck(self, pid: int) -> bool:
        task = self._task(pid)
        return bool(task and not task.is_zombie)

    # --- a hog ---------------------------------------------------------------------

    def _hog(self, record: Record) -> None:
        """It may take several kills: each is based on the sizes of its own task table."""
        cgroups = self.told.get("memcg", {})
        for name, group in cgroups.items():
            for member in group["members"]:
                self.world.task(self.cast[member].id).set_cgroup(f"/{name}")
        for table in _tables(record["kmsg"]) or [{}]:
            self._grow(table)
            by = self._actor(record["by"])
            if not by or by.is_zombie:
                return
            for name, group in cgroups.items():
                self.world.oom(by, gfp_mask=GFP_KERNEL, memcg=f"/{name}", limit=group["limit_bytes"])
            if not cgroups:
                self.world.oom(by, gfp_mask=GFP_HOG)
            self.world.run("250 ms")

    def _grow(self, table: dict[int, tuple[int, ...]]) -> None:
        """Sizes as the table has them: what is more than before is anonymous."""
        for pid, (total_vm, resident, ptes, pmds, swapents) in table.items():
            task = self._task(pid)
            if task and task.info.mm:
                m = task.memory
                task.set_memory(Memory(resident - m.file - m.shmem, m.file, m.shmem, swapents, ptes, pmds, total_vm))

    def _first_victim(self, record: Record, mark: int) -> list[Difference]:
        """Sizes and scores differ by a little from run to run; who is killed first does not."""
        expected = _first_kill(record["kmsg"])
        got = _first_kill([entry.text for entry in self.world.log_since(mark)])
        return [] if expected == got else [Difference("first victim", expected, got)]


def _tables(lines: list[str]) -> list[dict[int, tuple[int, ...]]]:
    """The task tables of a log, in order: pid -> total_vm, rss, nr_ptes, nr_pmds, swapents."""
    tables: list[dict[int, tuple[int, ...]]] = []
    for line in lines:
        if line.startswith("[ pid ]"):
            tables.append({})
        elif (match := ROW.match(line)) and tables:
            tables[-1][int(match[1])] = tuple(int(number) for number in match.groups()[2:])
    return tables


def _first_kill(lines: list[str]) -> list[str]:
    kills = [match[0] for match in map(KILL.match, lines) if match]
    return kills[:2]
