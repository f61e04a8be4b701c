"""Random worlds that run out of memory: whatever happened in them before, what the OOM killer and its reaper may never
do they never do, and the world stays whole."""

import re
from collections import Counter
from dataclasses import dataclass

from doors import outcome
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakeproc import Task, World, rules
from fakeproc._native import lib
from fakeproc.world import CLONE_NEWPID, CLONE_PARENT, CLONE_VFORK, CLONE_VM, GFP_KERNEL, THREAD_FLAGS

KERNELS = ["4.7", "4.8", "4.9", "4.19", "5.4", "6.18"]
PATCHED = ["4", "5", "6", "7", "8", "9", "10", "1-10"]
CLONES = [0, 0, CLONE_VM, CLONE_VM | CLONE_VFORK, CLONE_VFORK, CLONE_VM | CLONE_PARENT, CLONE_NEWPID, THREAD_FLAGS]
CONDITIONS = [lib.TASK_DSLEEP, lib.TASK_HOLDS_MMAP_LOCK, lib.TASK_COREDUMPING, lib.TASK_EXIT_WAITS, lib.TASK_OOM_ORIGIN]
MARKS = [lib.TASK_EXITING, lib.TASK_MEMDIE, lib.TASK_AWAITS_REAPER, lib.TASK_GROUP_EXIT, lib.TASK_NOT_REAPABLE]
GROUPS = ["/", "/g", "/g/h", "/other"]
FLAG = {name: getattr(lib, f"TASK_{name}") for name in ("KILLED", "MEMDIE", "OOM_REAPED", "GROUP_EXIT", "EXITING")}

indices = st.integers(0, 40)
adjustments = st.sampled_from([-1000, -999, -500, -1, 0, 0, 1, 500, 1000])


@dataclass(frozen=True)
class Seen:
    """A process before the OOM killer came."""

    leader: Task
    is_eligible: bool
    is_origin: bool  # runs swapoff: chosen before all others, also at -1000
    is_reaped: bool
    is_dying: bool
    adj: int
    group: str
    sharers: frozenset[Task]  # processes on its mm

    @property
    def can_be_killed(self) -> bool:
        return not self.leader.is_kthread and self.leader.pid != 1


def happens(**drawn):
    """A rule, as long as the machine has not halted."""
    return lambda step: precondition(lambda self: not self.world.panic)(rule(**drawn)(step))


class Machine(RuleBasedStateMachine):
    """Lives, conditions and shortages. What is asked of selection holds where nobody is killed for allocating."""

    def begin_with(self, kernel: rules.Kernel) -> None:
        self.world = World(kernel, ram="1 GiB")
        self.world.kthread("kthreadd")
        self.failures: dict[tuple[Task, int], int] = {}  # reap rounds by victim and mm
        for name in ("a", "b", "c"):
            self.world.spawn(name, anon="50 MiB")

    @initialize(version=st.sampled_from(KERNELS))
    def begin(self, version: str) -> None:
        self.begin_with(rules.kernel(version))

    def any_task(self, index: int) -> Task:
        tasks = list(self.world.tasks)
        return tasks[index % len(tasks)]

    # --- lives -----------------------------------------------------------------------

    @happens(index=indices, flags=st.sampled_from(CLONES), pid=st.sampled_from([0, 0, 0, 4, 5, 6, 7]))
    def clone(self, index, flags, pid):
        if self.world.task_count < 24:
            outcome(lambda: self.any_task(index).clone(flags, pid=pid))

    @happens(index=indices, step=st.sampled_from(["exec", "exit", "exit_thread", "kill", "reap", "reap"]))
    def live(self, index, step):
        outcome(getattr(self.any_task(index), step))

    @happens(index=indices, other=indices)
    def borrow(self, index, other):
        lib.task_use_mm(self.world._w, self.any_task(index).pid, self.any_task(other).pid)

    @happens(index=indices)
    def give_back(self, index):
        lib.task_unuse_mm(self.world._w, self.any_task(index).pid)

    @happens(pid=st.sampled_from([0, 900]))
    def start_kthread(self, pid):
        if self.world.task_count < 24:
            outcome(lambda: self.world.kthread("worker", pid).pid)

    @happens(index=indices, size=st.sampled_from([0, 4096, 50 << 20, 300 << 20]), kept=st.sampled_from([0, 0, 7]))
    def resize(self, index, size, kept):
        outcome(lambda: self.any_task(index).set_sizes(anon=size, shmem=size // 2))
        outcome(lambda: self.any_task(index).set_memory_kept(shmem_shared=kept))

    @happens(index=indices, adj=adjustments)
    def adjust(self, index, adj):
        outcome(lambda: self.any_task(index).write("oom_score_adj", str(adj)))

    @happens(index=indices, adj=adjustments)
    def adjust_it_alone(self, index, adj):
        self.any_task(index).set_adj(adj, -1000)

    @happens(index=indices, group=st.sampled_from(GROUPS))
    def move(self, index, group):
        self.any_task(index).set_cgroup(group)

    @happens(index=indices, flag=st.sampled_from([*CONDITIONS, lib.TASK_KILLED]), is_set=st.booleans())
    def condition(self, index, flag, is_set):
        task = self.any_task(index)
        if not task.is_zombie:
            outcome(lambda: task.set_flag(flag, is_set))

    @happens(time=st.sampled_from(["1 ms", "100 ms", "1 s", "3 s", "30 s"]))
    def pass_time(self, time):
        mark = self.world.log_end
        mms = {task.pid: (task, task.info.mm) for task in self.world.tasks}
        self.world.run(time)
        self._count_failures(mark, mms)

    def _count_failures(self, mark: int, mms: dict[int, tuple[Task, int]]) -> None:
        for text in (record.text for record in self.world.log_since(mark)):
            if (match := re.match(r"oom_reaper: unable to reap pid:(\d+)", text)) and int(match[1]) in mms:
                which = mms[int(match[1])]
                self.failures[which] = self.failures.get(which, 0) + 1

    # --- shortages -------------------------------------------------------------------

    def _seen(self) -> dict[Task, Seen]:
        return {leader: self._see(leader) for leader in self.world.processes}

    def _see(self, leader: Task) -> Seen:
        user = next((thread for thread in leader.threads if thread.info.mm), None)
        flags = (user or leader).info.flags
        return Seen(
            leader,
            leader.badness is not None,
            bool(flags & lib.TASK_OOM_ORIGIN),
            bool(flags & FLAG["OOM_REAPED"]),
            bool(leader.info.flags & (FLAG["KILLED"] | FLAG["GROUP_EXIT"] | FLAG["EXITING"])),
            leader.oom_score_adj,
            leader.read("cgroup").strip().rpartition(":")[2],
            frozenset(user.sharers) if user else frozenset(),
        )

    @happens(kworker=st.sampled_from(["kworker/0:1", "kworker/u2:0"]))
    def press_f(self, kworker):
        self._shortage(None, lambda: self.world.sysrq_f(kworker))

    @happens(index=indices, gfp_mask=st.sampled_from([GFP_KERNEL, GFP_KERNEL, 0, 0x2400040]))
    def run_out(self, index, gfp_mask):
        task = self.any_task(index)
        self._shortage(None, lambda: self.world.oom(task, gfp_mask=gfp_mask))

    @happens(index=indices, group=st.sampled_from(GROUPS[1:]), limit=st.sampled_from(["1 MiB", "400 MiB"]))
    def fill_group(self, index, group, limit):
        task = self.any_task(index)
        self._shortage(group, lambda: self.world.oom(task, memcg=group, limit=limit))

    def _shortage(self, group, call) -> None:
        before = self._seen()
        owners = {thread.pid: seen for seen in before.values() for thread in seen.leader.threads}
        mms = {task.pid: (task, task.info.mm) for task in self.world.tasks}
        mark = self.world.log_end
        call()
        texts = [record.text for record in self.world.log_since(mark)]
        pids = [int(match[1]) for text in texts if (match := re.search(r"Killed process (\d+) ", text))]
        self._count_failures(mark, mms)
        assert len(pids) <= 1
        victims = [owners[pid] for pid in pids]
        for victim in victims:
            self._is_rightly_chosen(victim, group)
        self._nobody_else_died(before, victims)

    def _is_rightly_chosen(self, victim: Seen, group: str | None) -> None:
        assert victim.can_be_killed
        assert victim.is_eligible or victim.is_origin
        assert victim.adj != -1000 or victim.is_origin
        assert not victim.is_reaped or victim.is_origin
        assert group is None or f"{victim.group}/".startswith(f"{group}/")
        assert self._is_killed(victim.leader)
        if self.world.holds("sharers_at_minus_1000_die"):
            assert all(self._is_killed(p) for p in victim.sharers if p.pid != 1 and not (p.exists and p.is_kthread))

    def _is_killed(self, leader: Task) -> bool:
        """Dead, or with SIGKILL pending for whoever of it was not exiting already."""
        if not leader.exists:
            return True
        threads = [thread for thread in leader.threads if not thread.is_zombie]
        return all(thread.info.flags & (FLAG["KILLED"] | FLAG["EXITING"]) for thread in threads)

    def _nobody_else_died(self, before: dict[Task, Seen], victims: list[Seen]) -> None:
        """But who was dying before, and who lived in a pid namespace whose init died."""
        doomed = {sharer for victim in victims for sharer in victim.sharers}
        if self.has_namespaces:
            return
        for leader, seen in before.items():
            if not seen.is_dying and leader not in doomed and leader.exists:
                assert leader.is_zombie or not leader.info.flags & FLAG["KILLED"]

    @property
    def has_namespaces(self) -> bool:
        return any(task.info.flags & lib.TASK_NAMESPACE_INIT for task in self.world.tasks)

    # --- after a panic ---------------------------------------------------------------

    @precondition(lambda self: self.world.panic)
    @rule(index=indices)
    def stay_halted(self, index):
        task, log, now = self.any_task(index), self.world.log_end, self.world.now
        for change in (task.fork, task.kill, self.world.sysrq_f, lambda: task.write("oom_score_adj", "0")):
            assert outcome(change) == "EHOSTDOWN"
        self.world.run("1 min")
        assert (self.world.log_end, self.world.now) == (log, now)

    # --- what always holds -----------------------------------------------------------

    @invariant()
    def the_world_is_whole(self):
        infos = [task.info for task in self.world.tasks]
        users = Counter(info.mm for info in infos if info.mm)
        victims = Counter(info.tgid for info in infos if info.flags & FLAG["MEMDIE"])
        for info in infos:
            assert info.mm_users == users[info.mm]
            assert info.oom_victims == victims[info.tgid]
            assert not (info.mm and info.flags & lib.TASK_ZOMBIE)
        assert lib.world_candidates_agree(self.world._w)
        assert lib.world_charges_agree(self.world._w)

    @invariant()
    def the_reaper_does_not_try_for_ever(self):
        if self.world.holds("victim_keeps_mm"):
            assert all(count == 1 for count in self.failures.values())
        elif self.world.holds("reaper_gives_up") and self.world.holds("reaped_mm_frees_nothing"):
            assert all(count <= 2 for count in self.failures.values())

    @invariant()
    def global_init_lives(self):
        assert any(not thread.is_zombie for thread in self.world.init.threads)


class Patched(Machine):
    """The same on 4.7 with single patches of the series, and with all."""

    @initialize(patches=st.sampled_from(PATCHED))
    def begin(self, patches: str) -> None:
        self.begin_with(rules.kernel("4.7", patches))


class Broken(Machine):
    """Marks set at random, and sysctls: nothing is asked of the choice, but that the world survives it."""

    @happens(index=indices, flag=st.sampled_from(MARKS), is_set=st.booleans())
    def mark(self, index, flag, is_set):
        outcome(lambda: self.any_task(index).set_flag(flag, is_set))

    @happens(index=indices, is_set=st.booleans())
    def mark_vfork(self, index, is_set):
        outcome(lambda: self.any_task(index).set_vfork_done(is_set))

    @happens(index=indices, other=indices)
    def swap_mm(self, index, other):
        lib.task_set_mm_of(self.world._w, self.any_task(index).pid, self.any_task(other).pid)

    @happens(index=indices, other=indices)
    def give_to(self, index, other):
        lib.task_set_parent(self.world._w, self.any_task(index).pid, self.any_task(other).pid)

    @happens(alloc=st.integers(0, 1), dump=st.integers(0, 1))
    def configure(self, alloc, dump):
        self.world.set_sysctl(oom_kill_allocating_task=alloc, oom_dump_tasks=dump)

    def _is_rightly_chosen(self, victim: Seen, group: str | None) -> None:
        assert victim.can_be_killed

    def _nobody_else_died(self, before: dict[Task, Seen], victims: list[Seen]) -> None:
        pass

    @invariant()
    def the_reaper_does_not_try_for_ever(self):
        pass


STEPS = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestMachine, TestPatched, TestBroken = Machine.TestCase, Patched.TestCase, Broken.TestCase
TestMachine.settings = TestPatched.settings = TestBroken.settings = STEPS
