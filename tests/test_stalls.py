"""Stalls: who waits for whom, what the series made safe, and what the world says where nothing can move."""

from functools import partial

import pytest
from doors import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproc import Task, World, rules
from fakeproc._native import lib

STUCK_BEFORE = ["4.7"]
SAFE_SINCE = ["4.8", "4.9", "5.10", "6.18"]
MIB = 256  # pages


def named(world, comm):
    return next(task for task in world.processes if task.comm == comm)


def victim_pinned_by_init(kernel):
    """Patch 10: the victim's mm is init's too, so it is not reaped; it waits for a lock of one who wants memory."""
    world = World(kernel)
    world.init.set_sizes(anon="1 GiB")
    victim = world.init.clone_vm("victim")
    victim.set_adj(500, 0)
    writer = world.spawn("writer", anon="100 MiB")
    world.spawn("bystander", anon="50 MiB")
    writer.wait_for_memory()
    victim.wait_for_lock(writer)
    return world


def victim_holds_its_mmap_lock(kernel):
    """Patch 9: the reaper cannot take the victim's memory, and the victim waits for one who wants memory."""
    world = World(kernel)
    victim, writer = world.spawn("victim", anon="1 GiB"), world.spawn("writer", anon="100 MiB")
    world.spawn("bystander", anon="50 MiB")
    victim.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    writer.wait_for_memory()
    victim.wait_for_lock(writer)
    return world


def sharer_is_spared(kernel):
    """Patch 6: a sharer at -1000 keeps the victim's memory, which nobody may reap."""
    world = World(kernel)
    victim = world.spawn("victim", anon="1 GiB")
    vforked = victim.vfork("vforked")
    vforked.set_adj(-1000, -1000)
    writer = world.spawn("writer", anon="1 MiB")
    writer.set_adj(-1000, -1000)
    writer.wait_for_memory()
    victim.wait_for_lock(writer)
    return world


STAGED = [victim_pinned_by_init, victim_holds_its_mmap_lock, sharer_is_spared]


@pytest.mark.parametrize("stage", STAGED)
@pytest.mark.parametrize("kernel", STUCK_BEFORE)
def test_what_was_staged_is_stuck_before_the_series(stage, kernel):
    assert stage(kernel).settle() == (
        "no progress possible: writer waits for memory, the OOM killer waits for victim, "
        "victim waits for a lock of writer, writer waits for memory"
    )


@pytest.mark.parametrize("stage", STAGED)
@pytest.mark.parametrize("kernel", SAFE_SINCE)
def test_what_was_staged_moves_on_since_the_series(stage, kernel):
    world = stage(kernel)
    assert world.settle() == ""
    assert world.panic is None


@pytest.mark.parametrize(
    ("stage", "patch"), [(victim_pinned_by_init, 10), (victim_holds_its_mmap_lock, 9), (sharer_is_spared, 6)]
)
def test_one_patch_makes_it_safe_and_the_others_do_not(stage, patch):
    others = [p for p in rules.PATCHES if p != patch]
    assert stage(rules.kernel("4.7", [patch])).settle() == ""
    assert stage(rules.kernel("4.7", others)).settle().startswith("no progress possible")


def test_a_victim_may_use_the_reserves():
    world = World("4.8")
    hog = world.spawn("hog", anon="1 GiB")
    hog.wait_for_memory()
    assert world.settle() == ""
    assert hog.is_zombie


def test_a_frozen_victim_is_thawed_and_a_frozen_sharer_is_not():
    world = World("4.8")
    victim = world.spawn("victim", anon="1 GiB")
    sharer = victim.clone_vm("sharer")
    for task in (victim, sharer):
        task.set_flag(lib.TASK_FROZEN)
    world.sysrq_f()
    assert sorted([victim.is_zombie, sharer.is_zombie]) == [False, True]


def test_an_oom_notifier_that_frees_saves_everybody():
    world = World("4.8")
    world.spawn("hog", anon="1 GiB")
    lib.world_set_oom_notifier(world._w, 1)
    assert world.sysrq_f()
    assert [record.text for record in world.kmsg] == ["sysrq: SysRq : Manual OOM execution"]
    world.sysrq_f()
    assert "Killed process" in world.kmsg[-1].text


def test_a_disabled_oom_killer_kills_nobody():
    world = World("6.18")
    hog = world.spawn("hog", anon="1 GiB")
    assert lib.world_oom_disable(world._w) == 0
    assert not world.sysrq_f()
    assert not hog.is_zombie
    lib.world_oom_enable(world._w)
    assert world.sysrq_f()
    assert [record.text for record in world.kmsg[:4]] == [
        "OOM killer disabled.",
        "sysrq: Manual OOM execution",
        "sysrq: OOM request ignored. No task eligible",
        "OOM killer enabled.",
    ]


@pytest.mark.parametrize(("kernel", "result"), [("5.10", -38), ("5.15", 0), ("6.18", 0)])
def test_process_mrelease_reaps_who_is_dying(kernel, result):
    world = World(kernel)
    task = world.spawn("victim", anon="1 GiB")
    task.set_flag(lib.TASK_DSLEEP)
    assert lib.world_mrelease(world._w, task.pid, 0) in (-22, -38)
    task.set_flag(lib.TASK_KILLED)
    assert lib.world_mrelease(world._w, task.pid, 1) in (-22, -38)
    assert lib.world_mrelease(world._w, task.pid, 0) == result
    assert (task.memory.anon == 0) == (result == 0)


def test_two_who_wait_for_each_other_are_locked_out():
    world = World("6.18")
    a, b = world.spawn("a"), world.spawn("b")
    a.wait_for_lock(b)
    b.wait_for_lock(a)
    assert world.settle().startswith("no progress possible: a is locked out, a waits for a lock of b, b waits for")


# --- growth that waits ----------------------------------------------------------------


def two_grow(kernel, cgroup="/"):
    """1 GiB is full. Two want more of it; the victim waits for a lock of one of them, and holds its own mmap lock."""
    world = World(kernel, ram="1 GiB" if cgroup == "/" else "8 GiB")
    if cgroup != "/":
        world.limit_cgroup(cgroup, "1 GiB")
    victim, first, second = (
        world.spawn(name, anon=size)
        for name, size in {"victim": "600 MiB", "first": "20 MiB", "second": "10 MiB"}.items()
    )
    for task in (victim, first, second, world.spawn("bystander", anon="300 MiB")):
        task.set_cgroup(cgroup)
    victim.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    victim.wait_for_lock(second)
    assert not first.grow("200 MiB")
    assert not second.grow("100 MiB")
    return world, first, second


@pytest.mark.parametrize(("cgroup", "what"), [("/", "memory"), ("/box", "memory of /box")])
def test_growth_that_waits_is_part_of_the_stall(cgroup, what):
    world, *_ = two_grow("4.7", cgroup)
    assert world.settle() == (
        f"no progress possible: first waits for {what}, the OOM killer waits for victim, "
        f"victim waits for a lock of second, second waits for {what}"
    )


@pytest.mark.parametrize("cgroup", ["/", "/box"])
@pytest.mark.parametrize("kernel", SAFE_SINCE)
def test_growth_goes_on_since_the_series(kernel, cgroup):
    world, first, second = two_grow(kernel, cgroup)
    assert world.settle() == ""
    assert (first.memory.anon, second.memory.anon) == (220 * MIB, 110 * MIB)
    assert [task.comm for task in world.processes if task.is_zombie] == ["victim", "bystander"]


def test_growth_goes_on_when_the_victim_gets_its_lock():
    world, first, second = two_grow("4.7")
    named(world, "bystander").exit()
    assert world.settle() == ""
    assert (first.memory.anon, second.memory.anon) == (220 * MIB, 110 * MIB)
    assert named(world, "victim").is_zombie


def test_who_grows_cannot_let_a_lock_go_meanwhile():
    world, first, second = two_grow("4.7")
    late = world.spawn("late")
    late.wait_for_lock(first)
    world.run("1 min")
    assert outcome(lambda: late.wait_for_memory()) == "EBUSY"
    assert outcome(lambda: second.wait_for_memory()) == "EBUSY"
    named(world, "bystander").shrink("300 MiB")
    world.run(0)
    assert late.wait_for_memory() is None


@pytest.mark.parametrize("kernel", [*STUCK_BEFORE, *SAFE_SINCE])
@pytest.mark.parametrize("cgroup", ["/", "/box"])
def test_who_is_killed_while_it_grows_is_let_out(kernel, cgroup):
    world, first, _ = two_grow(kernel, cgroup)
    first.kill()
    assert not first.is_zombie
    world.run(0)
    assert first.is_zombie
    assert not first.memory.anon


def test_who_did_not_say_how_much_takes_what_is_given_back():
    world = World("6.18")
    hog, writer = world.spawn("hog", anon="1 GiB"), world.spawn("writer", anon="10 MiB")
    writer.wait_for_memory()
    hog.shrink("1 MiB")
    assert world.settle() == ""
    assert world.kmsg == []


def test_sigkill_waits_for_who_waits_for_a_lock():
    world = World("6.18")
    holder, waiter = world.spawn("holder"), world.spawn("waiter")
    holder.set_flag(lib.TASK_DSLEEP)
    waiter.wait_for_lock(holder)
    waiter.kill()
    world.run("1 min")
    assert not waiter.is_zombie
    holder.set_flag(lib.TASK_DSLEEP, False)
    world.run(0)
    assert waiter.is_zombie


# --- any world ------------------------------------------------------------------------

CONDITIONS = [lib.TASK_DSLEEP, lib.TASK_HOLDS_MMAP_LOCK, lib.TASK_FROZEN, lib.TASK_COREDUMPING]
a_task = st.fixed_dictionaries(
    {
        "made": st.sampled_from(["spawn", "clone_vm", "vfork", "thread", "init_vm"]),
        "of": st.integers(0, 4),
        "adj": st.sampled_from([-1000, -500, 0, 500, 1000]),
        "size": st.sampled_from(["1 MiB", "100 MiB", "2 GiB"]),
        "conditions": st.lists(st.sampled_from(CONDITIONS), max_size=2),
        "waits": st.sampled_from([None, None, "memory", "growth", "lock"]),
        "holder": st.integers(0, 4),
    }
)


def make(world: World, tasks: list[Task], about: dict) -> Task:
    parents = [task for task in tasks if not task.info.vfork_child]
    if about["made"] == "spawn" or not parents:
        return world.spawn("t", anon=about["size"])
    if about["made"] == "init_vm":
        return world.init.clone_vm("t")
    return getattr(parents[about["of"] % len(parents)], about["made"])("t")


def staged(kernel, described) -> World:
    """A world of some tasks: who shares, who sleeps, who holds and waits for what."""
    world = World(kernel)
    tasks: list[Task] = []
    for about in described:
        tasks.append(make(world, tasks, about))
    for task, about in zip(tasks, described, strict=True):
        task.set_adj(about["adj"], -1000)
        for condition in about["conditions"]:
            task.set_flag(condition)
        holder = tasks[about["holder"] % len(tasks)]
        if about["waits"] == "memory":
            task.wait_for_memory()
        elif about["waits"] == "lock" and holder != task:
            task.wait_for_lock(holder)
    for task, about in zip(tasks, described, strict=True):
        if about["waits"] == "growth":
            outcome(partial(task.grow, "7 GiB"))  # for which somebody may have died before
    return world


def has_a_lock_cycle(world: World, described) -> bool:
    """Tasks that wait for each other's locks are stuck without any lack of memory: no OOM killer's business."""
    holders = {i: about["holder"] % len(described) for i, about in enumerate(described) if about["waits"] == "lock"}
    for start in holders:
        at, seen = start, set()
        while at in holders and at not in seen and holders[at] != at:
            seen.add(at)
            at = holders[at]
        if at in seen:
            return True
    return False


@given(described=st.lists(a_task, min_size=1, max_size=5), kernel=st.sampled_from(SAFE_SINCE))
@settings(max_examples=300, deadline=None)
def test_with_all_patches_no_lack_of_memory_stays(described, kernel):
    world = staged(kernel, described)
    short = [about for about in described if about["waits"] in ("memory", "growth")]
    why = world.settle()
    if why and short and not has_a_lock_cycle(world, described):
        assert "waits for memory" not in why.split(",")[0], why


@given(described=st.lists(a_task, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_before_the_series_a_stall_is_explained(described):
    why = staged("4.7", described).settle()
    assert why == "" or why.startswith("no progress possible: ")
