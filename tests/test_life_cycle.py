"""What fork, clone, exec, exit, kill and wait do to tasks, signals and mms."""

import pytest
from doors import outcome
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakeproc import Task, World
from fakeproc._native import lib
from fakeproc.world import (
    CLONE_NEWPID,
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_THREAD,
    CLONE_VFORK,
    CLONE_VM,
    ROOT_CAPS,
    THREAD_FLAGS,
)


@pytest.fixture
def a(world):
    return world.spawn("a", anon="10 MiB")


def test_fork_copies_values_and_memory_into_its_own_mm(a):
    a.set_adj(300, 100)
    child = a.fork("child")
    assert (child.oom_score_adj, child.info.oom_score_adj_min) == (300, 100)
    assert child.memory == a.memory
    assert child.info.mm != a.info.mm
    assert child.ppid == a.pid


def test_clone_vm_shares_the_mm_and_nothing_else(a):
    child = a.clone_vm("child")
    assert child.info.mm == a.info.mm
    assert child.tgid == child.pid
    assert a.sharers == [a, child]


def test_a_thread_shares_the_process(a):
    thread = a.thread("t")
    assert (thread.tgid, thread.ppid) == (a.pid, a.ppid)
    assert a.threads == [a, thread]
    assert a.info.mm_users == 2
    assert a.info.sharers == 1


def test_a_vfork_parent_waits_until_its_child_execs(a):
    child = a.vfork("child")
    assert child.is_vforked
    assert outcome(lambda: a.fork()) == "EBUSY"
    assert outcome(lambda: a.exit()) == "EBUSY"
    mm = a.info.mm
    child.exec("other")
    assert not child.is_vforked
    assert (a.info.mm, child.info.mm == mm) == (mm, False)
    assert a.fork().ppid == a.pid


def test_a_vfork_parent_waits_until_its_child_exits(a):
    child = a.vfork("child")
    child.exit()
    assert a.info.vfork_child == 0
    assert a.sharers == [a]


def test_a_vfork_parent_that_is_killed_lets_its_child_go(a):
    child = a.vfork("child")
    a.kill()
    assert a.is_zombie
    assert not child.is_vforked
    assert child.ppid == 1


def test_clone_parent_makes_a_sibling(a):
    sibling = a.clone(CLONE_VM | CLONE_PARENT, "sibling")
    assert sibling.ppid == a.ppid == 1


@pytest.mark.parametrize(
    "flags",
    [
        CLONE_THREAD,
        CLONE_THREAD | CLONE_VM,
        CLONE_SIGHAND,
        CLONE_NEWPID | CLONE_PARENT,
        CLONE_NEWPID | THREAD_FLAGS,
        1 << 40,
        1,
    ],
)
def test_clone_refuses_what_the_kernel_refuses(a, flags):
    assert outcome(lambda: a.clone(flags)) == "EINVAL"


def test_init_makes_no_siblings(world):
    assert outcome(lambda: world.init.clone(CLONE_PARENT)) == "EINVAL"


def test_exec_gives_a_fresh_mm_and_keeps_the_values(a):
    a.set_adj(300, 200)
    mm = a.info.mm
    a.exec("b")
    assert a.info.mm != mm
    assert a.memory.anon == 0
    assert (a.comm, a.oom_score_adj, a.info.oom_score_adj_min) == ("b", 300, 200)


def test_exec_by_another_thread_takes_the_leaders_pid_and_place(world, a):
    later = world.spawn("later")
    thread, third = a.thread("t"), a.thread("u")
    opened = [world.open(task.path("oom_score_adj")) for task in (a, thread)]
    leader = thread.exec("b")
    assert leader.pid == a.pid
    assert a.exists  # the pid, and so the process, goes on
    assert not thread.exists
    assert not third.exists
    assert [task.comm for task in world.processes] == ["init", "b", later.comm]
    assert opened[0].read(10) == b"0\n"
    assert outcome(lambda: opened[1].read(10)) == "ESRCH"


def test_a_leader_that_exits_first_stays_as_a_zombie(a):
    thread = a.thread("t")
    a.exit_thread()
    assert (a.state, thread.state, a.info.mm) == ("Z", "S", 0)
    assert a.threads == [a, thread]
    assert outcome(a.reap) == "ECHILD"
    thread.exit_thread()
    a.reap()
    assert not a.exists


def test_a_thread_that_exits_is_gone_at_once(a):
    thread = a.thread("t")
    thread.exit_thread()
    assert not thread.exists
    assert a.info.mm_users == 1


def test_exit_group_ends_every_thread_and_leaves_a_zombie(a):
    thread = a.thread("t")
    thread.exit(3)
    assert a.is_zombie
    assert a.info.exit_code == 3 << 8
    assert outcome(lambda: a.write("oom_score_adj", "7")) == 1
    a.reap()
    assert outcome(lambda: a.oom_score_adj) == "ESRCH"


def test_children_go_to_another_thread_then_to_init(a):
    thread = a.thread("t")
    child = thread.fork("child")
    assert thread.children == [child]
    thread.exit_thread()
    assert a.children == [child]
    a.exit()
    assert child.ppid == 1


def test_children_go_to_a_subreaper_above(world, a):
    lib.task_set_subreaper(world._w, a.pid, 1)
    child = a.fork("child")
    grandchild = child.fork("grandchild")
    child.exit()
    assert grandchild.ppid == a.pid


@pytest.mark.parametrize(
    ("signal", "state"), [(9, "Z"), (15, "Z"), (17, "S"), (19, "T"), (20, "T"), (18, "S"), (0, "S"), (64, "Z")]
)
def test_signals_do_what_they_do_by_default(a, signal, state):
    a.kill(signal)
    assert a.state == state


@pytest.mark.parametrize("signal", [-1, 65])
def test_there_are_no_other_signals(a, signal):
    assert outcome(lambda: a.kill(signal)) == "EINVAL"


def test_nothing_kills_init_or_a_kernel_thread(world):
    kthread = world.kthread("kthreadd")
    world.init.kill(9)
    kthread.kill(9)
    assert (world.init.state, kthread.state) == ("S", "S")
    assert outcome(world.init.exit) == "EPERM"


def test_a_pid_namespace_dies_with_its_init(a):
    inner = a.clone(CLONE_NEWPID, "container")
    child = inner.fork("child")
    orphan = child.fork("orphan")
    child.exit()
    assert orphan.ppid == inner.pid
    inner.kill(15)
    assert inner.state == "S"
    inner.kill(9)
    assert (inner.is_zombie, orphan.is_zombie, a.is_zombie) == (True, True, False)


def test_kthreadd_comes_first_and_is_the_others_parent(world):
    kthreadd, other = world.kthread("kthreadd"), world.kthread("kswapd0")
    assert (kthreadd.pid, kthreadd.ppid, other.ppid) == (2, 0, 2)
    assert (kthreadd.is_vforked, other.is_vforked) == (False, True)
    assert kthreadd.info.mm == 0
    assert outcome(other.exec) == "EPERM"


def test_a_borrowed_mm_lives_as_long_as_its_borrower(world, a):
    world.kthread("kthreadd")
    kthread = world.kthread("kworker")
    lib.task_use_mm(world._w, kthread.pid, a.pid)
    mm = a.info.mm
    a.exit()
    assert kthread.info.mm == mm
    lib.task_unuse_mm(world._w, kthread.pid)
    assert kthread.info.mm == 0


def test_setuid_hides_the_mm_until_exec(world):
    task = world.init.fork("su")
    task.setuid(1000)
    assert world.stat(task.path("oom_adj")).uid == 0
    task.exec()
    assert world.stat(task.path("oom_adj")).uid == 1000
    assert task.info.caps == 0


def test_capset_never_raises_what_is_not_permitted(a):
    a.set_caps(5)
    assert a.info.caps == 5
    assert outcome(lambda: a.set_caps(7)) == "EPERM"
    assert outcome(lambda: a.setuid(1000)) == "EPERM"
    assert a.exec().info.caps == ROOT_CAPS


def test_a_comm_is_cut_to_15_bytes(a):
    a.comm = "ä" * 10
    assert a.comm.encode("utf-8", "surrogateescape") == ("ä" * 10).encode()[:15]


@pytest.mark.parametrize("pid", [-5, 4194304, 1 << 30])
def test_a_pid_outside_the_table_is_refused(a, pid):
    assert outcome(lambda: a.fork(pid=pid)) == "EINVAL"


def test_a_taken_pid_is_refused(a):
    assert outcome(lambda: a.fork(pid=1)) == "EEXIST"


def test_pids_are_given_out_upwards_and_start_again_at_300(world):
    world.set_pid_max(310)
    pids = [world.init.fork().pid for _ in range(308)]
    assert pids == list(range(2, 310))
    assert outcome(world.init.fork) == "EAGAIN"
    world.task(305).exit()
    world.task(305).reap()
    assert world.init.fork().pid == 305


def test_every_pid_there_is_can_be_used(world):
    assert world.init.fork(pid=4194303).pid == 4194303
    assert world.listdir("/")[-1] == "4194303"


KINDS = [
    0,
    CLONE_VM,
    CLONE_VM | CLONE_VFORK,
    CLONE_VFORK,
    CLONE_VM | CLONE_PARENT,
    CLONE_NEWPID,
    THREAD_FLAGS,
    THREAD_FLAGS | CLONE_VFORK,
]


class Lives(RuleBasedStateMachine):
    """Random lives: whatever happens, the lists of the core agree with each other."""

    @initialize(kernel=st.sampled_from(["4.7", "4.8", "6.18"]))
    def begin(self, kernel):
        self.world = World(kernel)
        self.world.kthread("kthreadd")

    def any_task(self, index) -> Task:
        tasks = list(self.world.tasks)
        return tasks[index % len(tasks)]

    @rule(index=st.integers(0, 50), flags=st.sampled_from(KINDS))
    def clone(self, index, flags):
        outcome(lambda: self.any_task(index).clone(flags))

    @rule(index=st.integers(0, 50), step=st.sampled_from(["exec", "exit", "exit_thread", "kill", "reap"]))
    def live(self, index, step):
        outcome(getattr(self.any_task(index), step))

    @rule(index=st.integers(0, 50), value=st.integers(-1000, 1000))
    def write(self, index, value):
        outcome(lambda: self.any_task(index).write("oom_score_adj", str(value)))

    @rule(index=st.integers(0, 50), other=st.integers(0, 50))
    def borrow(self, index, other):
        lib.task_use_mm(self.world._w, self.any_task(index).pid, self.any_task(other).pid)

    @invariant()
    def the_lists_agree(self):
        tasks = list(self.world.tasks)
        assert len(tasks) == self.world.task_count
        groups = {task.tgid for task in tasks}
        assert {process.pid for process in self.world.processes} == groups
        for task in tasks:
            info = task.info
            assert task.pid in [thread.pid for thread in task.threads]
            assert info.threads == len(task.threads)
            users = [other for other in tasks if info.mm and other.info.mm == info.mm]
            assert info.mm_users == len(users)
            assert {sharer.pid for sharer in task.sharers} == {other.tgid for other in users}
            assert (info.state == b"Z") == bool(info.flags & lib.TASK_ZOMBIE)
            assert not (info.mm and info.state == b"Z")
            assert not info.vfork_child or self.world.task(info.vfork_child).info.vfork_waiter == task.pid
        assert {child.pid for task in tasks for child in task.children} == {
            process.pid for process in self.world.processes if process.ppid
        }

    @invariant()
    def selection_goes_by_what_the_processes_are(self):
        assert lib.world_candidates_agree(self.world._w)

    @invariant()
    def unforked_sharers_of_4_8_agree_after_a_write(self):
        if self.world.kernel.version != "4.8":
            return
        for process in self.world.processes:
            followers = [p for p in process.sharers if not p.is_vforked and not p.is_kthread and p.pid != 1]
            if len(followers) > 1 and process in followers:
                process.write("oom_score_adj", "7")
                assert {p.oom_score_adj for p in followers} == {7}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
