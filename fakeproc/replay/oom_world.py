"""The world of an `oom` record: built from its helper, its actors and the conditions that hold there."""

import re

from fakeproc._native import lib
from fakeproc.replay import identity, standing, topology
from fakeproc.replay.recording import NotUnderstoodError, Record
from fakeproc.world import Memory, Task, World

CAP_SYS_ADMIN = 1 << 21
GROUP_EXIT, GROUP_COREDUMP = 4, 8
COUNTERS = ("anon", "file", "shmem", "swapents", "ptes", "pmds", "total_vm")
MARKS = {
    "reaped": lib.TASK_OOM_REAPED,
    "not_reapable": lib.TASK_NOT_REAPABLE,
    "memdie": lib.TASK_MEMDIE,
    "exiting": lib.TASK_EXITING,
}

# What may hold in a round. The last four are told elsewhere too: in the helper, the task table, the actors.
CONDITIONS = {"tasks", "sigkilled_before", "sysctl", "memcg", "pages", "until_round", "note"} | {
    "kthread_uses_mm_of",
    "uid1000",
    "real_parent",
}
TASK_CONDITIONS = {
    "dsleep": lib.TASK_DSLEEP,
    "mmap_lock_held": lib.TASK_HOLDS_MMAP_LOCK,
    "coredumping": lib.TASK_COREDUMPING,
    "exit_waits_mmap_lock": lib.TASK_EXIT_WAITS,
    "stopped": 0,  # which hinders nobody from dying
}

ROW = re.compile(r"\[ *(\d+)\] +(-?\d+) +\d+ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +-?\d+ ")
LEFT = re.compile(r"oom_reaper: reaped process (\d+) .* now anon-rss:(\d+)kB, file-rss:\d+kB, shmem-rss:(\d+)kB")


def is_random(record: Record) -> bool:
    """A random world: rounds whose outcome depends on timing were left out, so that every line counts."""
    return str(record["scenario"]).startswith("rand-")


def conditions(record: Record, of_file: Record) -> Record:
    """What holds in a round: as the record says, else as conditions.json says of its scenario."""
    told = record.get("conditions", of_file.get(record["scenario"], {}))
    if not isinstance(told, dict):
        raise NotUnderstoodError("its conditions are no JSON object")
    if unknown := set(told) - CONDITIONS:
        raise NotUnderstoodError(f"condition {min(unknown)!r} is not known")
    if unknown := {word for words in told.get("tasks", {}).values() for word in words} - set(TASK_CONDITIONS):
        raise NotUnderstoodError(f"condition {min(unknown)!r} of a task is not known")
    return told


class OomWorld:
    """The tasks of a round, by name and by id."""

    def __init__(self, world: World, record: Record, conditions: Record) -> None:
        self.world, self.conditions = world, conditions
        machine, *helper = record["helper_before"]
        self.rows: dict[int, Record] = {row["pid"]: row for row in helper}
        self.cast = topology.cast(record if "actors" in record else record | {"state": record["before"]}, conditions)
        world.set_total_pages(machine["totalram"], machine["totalswap"])
        world.set_sysctl(panic_on_oom=0, oom_kill_allocating_task=0, oom_dump_tasks=1)
        world.set_sysctl(**conditions.get("sysctl", {}))
        standing.build(world, helper, self._creators())
        for row in helper:
            self._fill(row)
        self._dress() if "actors" in record else self._identify(record)
        self._condition(record)
        self._keep(record)
        if not is_random(record):
            self._wake_reaper()

    def task(self, pid: int) -> Task | None:
        try:
            return self.world.task(pid)
        except ProcessLookupError:
            return None

    def actor(self, name: str) -> Task | None:
        return self.task(self.cast[name].id) if name in self.cast else None

    def _living(self, name: str) -> Task | None:
        task = self.actor(name)
        return None if task is None or task.is_zombie else task

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

    def _wake_reaper(self) -> None:
        """Plain rounds may follow so closely that the reaper still has its list: the victims, unless somebody on
        their mm has not been killed. Between those of random worlds it came to its end."""
        for row in self.rows.values():
            if row["memdie"] == 1 and row.get("mm") and not row["reaped"] and self._all_killed(row["mm"]):
                self.world.task(row["pid"]).set_flag(lib.TASK_AWAITS_REAPER)

    def _all_killed(self, mm: str) -> bool:
        return all(row["sigflags"] & GROUP_EXIT for row in self.rows.values() if row.get("mm") == mm)

    # --- who they are ----------------------------------------------------------------

    def _dress(self) -> None:
        """As the actors are told; uid 0 that has exec'ed has all capabilities again."""
        for actor in self.cast.values():
            task = self.actor(actor.name)
            if not task or task.is_kthread:
                continue
            if actor.uid:
                task.setuid(actor.uid)
            caps = identity.caps(actor.caps)
            if caps != task.info.caps and not (actor.has_execed and not actor.uid):
                task.set_caps(caps)

    def _identify(self, record: Record) -> None:
        """The task table tells uids, or the conditions; badness tells who has CAP_SYS_ADMIN."""
        told = {actor.id: actor.uid for actor in self.cast.values()}
        uids = {int(match[1]): int(match[2]) for match in map(ROW.match, record["kmsg"]) if match}
        for pid, row in self.rows.items():
            task = self.world.task(pid)
            if task.is_zombie or row["kthread"] or pid == 1:
                continue
            if not task.info.uid and (uid := uids.get(pid) or told.get(pid)):
                task.setuid(uid)
            if row["badness"] > 0 and (task.badness or 0) != row["badness"]:
                task.set_caps(task.info.caps & ~CAP_SYS_ADMIN)

    # --- what holds --------------------------------------------------------------------

    def _condition(self, record: Record) -> None:
        if record["round"] <= self.conditions.get("until_round", record["round"]):
            self._condition_tasks()
        for name in self.conditions.get("sigkilled_before", []):
            if task := self.actor(name):
                task.set_flag(lib.TASK_KILLED)
        for group, about in self.conditions.get("memcg", {}).items():
            for name in about["members"]:
                if task := self.actor(name):
                    task.set_cgroup(f"/{group}")

    def _condition_tasks(self) -> None:
        for name, words in self.conditions.get("tasks", {}).items():
            task = self._living(name)
            for flag in map(TASK_CONDITIONS.__getitem__, words):
                if task and flag:
                    task.set_flag(flag)

    def _keep(self, record: Record) -> None:
        """Pages that the reaper must leave, mlocked or mapped shared: as the conditions say, else as the log does."""
        for match in filter(None, map(LEFT.match, record["kmsg"])):
            self._keep_of(self.task(int(match[1])), int(match[2]) // 4, int(match[3]) // 4)
        for name, pages in self.conditions.get("pages", {}).items():
            self._keep_of(self.actor(name), pages.get("anon_mlocked", 0), pages.get("shmem_shared", 0))

    def _keep_of(self, task: Task | None, anon: int, shmem: int) -> None:
        user = next((thread for thread in task.threads if thread.info.mm), None) if task else None
        if user:
            user.set_memory_kept(anon_locked=anon, shmem_shared=shmem)
