"""The surprises of selection, kill, reaper and log, by the numbers that the list of them gives: 30 to 55; the
patches 5 to 10, each by the scene that shows it; and what a kill looks like in the log of each kernel."""

import re

import pytest

from fakeproc import Task, World, rules
from fakeproc._native import lib
from fakeproc.world import CLONE_PARENT, CLONE_VFORK, CLONE_VM, GFP_KERNEL, ROOT_CAPS, Memory

GFP_FAULT = 0
GFP_NOFS = 0x2400040
DSLEEP, LOCK, DUMPING = lib.TASK_DSLEEP, lib.TASK_HOLDS_MMAP_LOCK, lib.TASK_COREDUMPING
KILLED, EXITING, MEMDIE = lib.TASK_KILLED, lib.TASK_EXITING, lib.TASK_MEMDIE
OLD = ["4.7", "4.8"]
EVERY_KERNEL = ["4.7", "4.8", "4.9", "5.4", "6.18"]
ALL = ROOT_CAPS
ABOUT_KILLS = re.compile(r".*Kill process|.*Killed process|oom killer |oom_reaper: ")


@pytest.fixture
def kernel(request):
    """A version, or 4.7 with one patch as ("4.7", "5")."""
    return request.param if hasattr(request, "param") else "4.8"


@pytest.fixture
def world(kernel):
    """1 GiB, no swap; the first process is too small to be chosen."""
    asked = kernel if isinstance(kernel, tuple) else (kernel, None)
    world = World(rules.kernel(*asked), ram="1 GiB")
    world.kthread("kthreadd")
    return world


def kernels(*names):
    return pytest.mark.parametrize("kernel", names)


def seen(*pairs):
    """kernel, and what it shows."""
    return pytest.mark.parametrize(("kernel", "shown"), pairs)


def big(world: World, comm: str, size: str = "100 MiB", adj: int = 0, parent: Task | None = None) -> Task:
    task = world.spawn(comm, anon=size, parent=parent)
    task.set_adj(adj, 0)
    return task


def stuck(*tasks: Task) -> None:
    """They sleep uninterruptibly: when killed they stay, and keep their memory."""
    for task in tasks:
        task.set_flag(DSLEEP)


def has(task: Task, flag: int) -> bool:
    return bool(task.info.flags & flag)


def about_kills(world: World) -> list[str]:
    return [record.text for record in world.kmsg if ABOUT_KILLS.match(record.text)]


def killed(world: World) -> list[str]:
    """Who was killed with a line in the log, in order."""
    found = (re.search(r"Killed process \d+ \((.*?)\) ", line) for line in about_kills(world))
    return [match[1] for match in found if match]


def chosen(world: World) -> list[str]:
    """Who was named by "Kill process"."""
    found = (re.search(r": Kill process \d+ \((.*?)\) ", line) for line in about_kills(world))
    return [match[1] for match in found if match]


def reaped(world: World) -> list[str]:
    found = (re.match(r"oom_reaper: reaped process \d+ \((.*?)\)", line) for line in about_kills(world))
    return [match[1] for match in found if match]


def alive(*tasks: Task) -> list[str]:
    return [task.comm for task in tasks if not task.is_zombie]


# --- selection ---------------------------------------------------------------------


@kernels(*EVERY_KERNEL)
def test_point_30_the_younger_of_two_equals_dies(world):
    big(world, "older")
    big(world, "younger")
    world.sysrq_f()
    assert killed(world) == ["younger"]


@seen(("4.7", "older"), ("4.8", "older"), ("5.4", "younger"), ("6.18", "younger"))
def test_point_30_in_a_memory_cgroup_the_older_until_5_0(world, shown):
    for name in ("older", "younger"):
        big(world, name).set_cgroup("/g")
    world.oom(world.init, memcg="/g", limit="200 MiB")
    assert killed(world) == [shown]


@kernels(*EVERY_KERNEL)
def test_point_31_below_1000_pages_an_adjustment_moves_nothing(world):
    world.set_total_pages(999)
    a, b = big(world, "a", "400 KiB", adj=1000), big(world, "b", "400 KiB", adj=-999)
    assert a.badness == b.badness
    b.set_adj(-1000, 0)
    assert b.badness is None


@seen(("4.7", 1), ("4.8", 1), ("5.4", 1), ("5.10", -236087), ("6.18", -236087))
def test_point_32_at_minus_999_it_is_killable_when_nothing_else_is_left(world, shown):
    task = big(world, "a", adj=-999)
    assert task.badness == shown
    world.sysrq_f()
    assert killed(world) == ["a"]


@seen(("4.8", "younger"), ("6.18", "larger"))
def test_point_32_negative_points_are_compared_today(world, shown):
    big(world, "larger", "200 MiB", adj=-900)
    big(world, "younger", "100 MiB", adj=-900)
    world.sysrq_f()
    assert killed(world) == [shown]


@pytest.mark.parametrize("is_older", [True, False])
@kernels(*EVERY_KERNEL)
def test_point_33_a_victim_on_its_way_stops_the_scan(world, is_older):
    better = big(world, "better", "300 MiB") if is_older else None
    victim = big(world, "victim", adj=1000)
    stuck(victim)
    victim.set_flag(LOCK)
    world.oom(world.init)
    better = better or big(world, "better", "300 MiB")
    assert world.oom(world.init)
    assert killed(world) == ["victim"]
    assert not better.is_zombie


@kernels(*EVERY_KERNEL)
def test_point_33_but_not_that_of_sysrq(world):
    better, victim = big(world, "better", "300 MiB"), big(world, "victim", adj=1000)
    stuck(victim)
    victim.set_flag(LOCK)
    world.oom(world.init)
    victim.set_adj(0, 0)
    world.sysrq_f()
    assert killed(world) == ["victim", "better"]
    assert better.is_zombie


@kernels(*OLD)
def test_point_34_a_victim_without_an_mm_still_stops_it(world):
    victim, other = big(world, "victim"), big(world, "other")
    victim.exit()
    victim.set_flag(MEMDIE)
    assert world.oom(world.init)
    assert killed(world) == []
    assert not other.is_zombie


@seen(("4.7", "child"), (("4.7", "5"), "small"), ("4.8", "small"), ("6.18", "small"))
def test_point_35_a_vforked_child_of_an_unkillable_parent_is_not_seen(world, shown):
    small = big(world, "small")
    child = big(world, "parent", "500 MiB", adj=-1000).vfork("child")
    child.set_adj(0, 0)
    assert child.oom_score == {"child": 474, "small": 0}[shown]
    world.sysrq_f()
    assert killed(world) == [shown]
    assert alive(small, child) == [name for name in ("small", "child") if name != shown]


@seen(("4.7", ["child"]), (("4.7", "6"), []), ("4.8", []), ("6.18", []))
def test_point_36_a_vforked_child_at_minus_1000_dies_with_its_parent(world, shown):
    parent = big(world, "parent")
    child = parent.vfork("child")
    child.set_adj(-1000, 0)
    world.sysrq_f()
    assert parent.is_zombie
    assert alive(child) == shown


# --- kill ----------------------------------------------------------------------------


@seen(("4.7", "small"), ("4.8", "small"), ("4.19", "small"), ("5.4", "parent"), ("6.18", "parent"))
def test_point_37_a_child_is_sacrificed_until_5_0(world, shown):
    parent = big(world, "parent", "300 MiB")
    big(world, "small", "1 MiB", parent=parent)
    world.sysrq_f()
    assert killed(world) == [shown]


@kernels(*OLD)
@pytest.mark.parametrize("kind", ["grandchild", "sharer", "at -1000", "vforked"])
def test_point_37_who_is_no_child_to_sacrifice(world, kernel, kind):
    parent = big(world, "parent", "300 MiB")
    if kind == "grandchild":
        big(world, "no", "2 MiB", parent=parent).fork("grandchild")
        parent.children[0].kill()
    elif kind == "sharer":
        parent.clone_vm("sharer")
        parent.set_adj(1, 0)
    elif kind == "at -1000":
        big(world, "no", adj=-1000, parent=parent)
    else:
        parent.vfork("vforked").set_adj(-1, 0)
    world.sysrq_f()
    assert killed(world) == ["parent"]


@kernels(*OLD)
def test_point_37_the_first_of_the_worst_children(world):
    parent = big(world, "parent", "300 MiB")
    for name in ("first", "second"):
        big(world, name, "2 MiB", parent=parent)
    world.sysrq_f()
    assert killed(world) == ["first"]


@kernels(*OLD)
def test_point_38_under_a_dead_leader_a_sharing_child_is_sacrificed_and_the_parent_with_it(world):
    parent = big(world, "parent", adj=500)
    thread = parent.thread("thread")
    child = thread.clone_vm("child")
    child.set_adj(0, 0)
    parent.exit_thread()
    world.sysrq_f()
    assert (chosen(world), killed(world)) == (["parent"], ["child"])
    assert alive(parent, child) == []


@kernels(*OLD)
def test_point_39_killed_names_the_thread_and_kill_the_leader(world):
    leader = big(world, "leader")
    thread = leader.thread("worker")
    leader.exit_thread()
    pids = leader.pid, thread.pid
    world.sysrq_f()
    kill, done = about_kills(world)
    assert kill.startswith(f"Out of memory: Kill process {pids[0]} (leader) score ")
    assert done.startswith(f"Killed process {pids[1]} (worker) total-vm:")


@kernels(*EVERY_KERNEL)
def test_point_40_who_is_dying_is_left_to_die_in_silence(world):
    dying = big(world, "dying")
    stuck(dying)
    dying.set_flag(KILLED)
    dying.set_flag(EXITING)
    world.sysrq_f()
    assert killed(world) == []
    assert [line for line in about_kills(world) if "reaped" not in line] == []
    assert not any("invoked" in record.text for record in world.kmsg)


@seen(("4.7", True), (("4.7", "8"), False), ("4.8", False), ("6.18", False))
def test_point_40_but_not_when_its_memory_is_gone_already(world, shown):
    dying = big(world, "dying")
    stuck(dying)
    for flag in (KILLED, EXITING, lib.TASK_OOM_REAPED):
        dying.set_flag(flag)
    assert has(dying, lib.TASK_WILL_FREE_MEM) == shown


@kernels("4.8", "6.18")
def test_point_40_with_nobody_else_left_the_machine_panics(world):
    victim = big(world, "victim")
    stuck(victim)
    world.oom(world.init)
    world.run("5 s")
    assert reaped(world) == ["victim"]
    world.oom(world.init)
    assert world.panic in ("Out of memory and no killable processes...", "System is deadlocked on memory")


@kernels(*EVERY_KERNEL)
def test_point_41_one_thread_that_exits_is_not_a_process_that_dies(world):
    leader = big(world, "leader")
    thread = leader.thread("thread")
    thread.set_flag(EXITING)
    assert not has(thread, lib.TASK_WILL_FREE_MEM)
    leader.set_flag(KILLED)
    assert has(thread, lib.TASK_WILL_FREE_MEM)


@kernels(*EVERY_KERNEL)
def test_point_42_nor_is_the_last_thread_behind_a_dead_leader(world):
    leader = big(world, "leader")
    thread = leader.thread("thread")
    leader.exit_thread()
    thread.set_flag(EXITING)
    assert not has(thread, lib.TASK_WILL_FREE_MEM)


@kernels("4.8", "4.9", "6.18")
def test_point_43_own_threads_are_no_sharers(world):
    leader = big(world, "leader")
    leader.thread("thread")
    stuck(*leader.threads)
    leader.set_flag(KILLED)
    assert leader.info.mm_users == 2
    assert has(leader, lib.TASK_WILL_FREE_MEM)


@kernels("4.8", "6.18")
def test_point_44_who_dumps_core_is_not_dying_nor_are_its_sharers(world):
    dumper = big(world, "dumper")
    sharer = dumper.clone_vm("sharer")
    for task in (dumper, sharer):
        stuck(task)
        task.set_flag(lib.TASK_GROUP_EXIT)
        task.set_flag(DUMPING)
    assert not has(dumper, lib.TASK_WILL_FREE_MEM)
    assert not has(sharer, lib.TASK_WILL_FREE_MEM)


@seen(("4.8", True), ("5.15", True), ("6.1", False), ("6.18", False))
def test_point_44_until_5_16_a_kill_ends_the_dump(world, shown):
    dumper = big(world, "dumper")
    stuck(dumper)
    dumper.set_flag(DUMPING)
    dumper.set_flag(KILLED)
    assert has(dumper, lib.TASK_WILL_FREE_MEM) == shown


@kernels(*EVERY_KERNEL)
def test_point_45_sharers_die_without_a_line_and_without_reserves(world):
    victim = big(world, "victim", adj=1)
    sharer = victim.clone_vm("sharer")
    sharer.set_adj(0, 0)
    stuck(victim, sharer)
    victim.set_flag(LOCK)
    world.sysrq_f()
    assert killed(world) == ["victim"]
    assert [has(task, MEMDIE) for task in (victim, sharer)] == [True, False]
    assert has(sharer, KILLED)


@kernels("4.8")
def test_point_46_a_line_for_each_who_pins_the_mm_and_nobody_on_it_has_a_score(world):
    victim = world.init.clone_vm("victim")
    victim.set_sizes(anon="100 MiB")
    sharer = victim.clone_vm("sharer")
    stuck(victim, sharer)
    world.kthread("borrower", 900).use_mm(victim)
    victim.set_adj(500, 0)
    world.sysrq_f()
    world.run("2 s")
    assert about_kills(world)[2:] == [
        f"oom killer {victim.pid} (victim) has mm pinned by 1 (init)",
        f"oom killer {victim.pid} (victim) has mm pinned by 900 (borrower)",
    ]
    assert [task.oom_score for task in (victim, sharer)] == [0, 0]
    assert has(victim, MEMDIE)


# --- the reaper ------------------------------------------------------------------------


def locked(world: World) -> Task:
    task = big(world, "locked", adj=1000)
    stuck(task)
    task.set_flag(LOCK)
    return task


def round_of(world: World) -> list[str]:
    """What one OOM and 1.5 s after it add to the log."""
    mark = len(about_kills(world))
    world.oom(world.init)
    world.run("1500 ms")
    return [re.sub(r" (total-vm|score).*", "", line) for line in about_kills(world)[mark:]]


KILL = ["Out of memory: Kill process 3 (locked)", "Killed process 3 (locked)"]
UNABLE = ["oom_reaper: unable to reap pid:3 (locked)"]
GIVING_UP = [*UNABLE, "oom_reaper: giving up pid:3 (locked)"]
OTHER = ["Out of memory: Kill process 4 (other)", "Killed process 4 (other)"]


@seen(
    ("4.7", [KILL + UNABLE, KILL + UNABLE, KILL + UNABLE]),
    (("4.7", "7"), [KILL + UNABLE, UNABLE, UNABLE]),
    (("4.7", "7,9"), [KILL + UNABLE, GIVING_UP, OTHER]),
    ("4.8", [KILL + UNABLE, GIVING_UP, OTHER]),
    ("4.9", [KILL + UNABLE, OTHER]),
)
def test_point_47_after_how_many_failures_another_is_chosen(world, shown):
    locked(world)
    big(world, "other")
    assert [round_of(world) for _ in shown] == shown


@kernels(*EVERY_KERNEL)
def test_point_48_who_exits_at_once_is_not_reaped(world):
    big(world, "quick")
    world.sysrq_f()
    world.run("5 s")
    assert killed(world) == ["quick"]
    assert reaped(world) == []


@seen(("4.7", 1.0), ("4.8", 1.0), ("4.9", 1.0), ("5.15", 1.0), ("6.1", 3.0), ("6.18", 3.0))
def test_point_48_ten_attempts_take_a_second(world, shown):
    locked(world)
    world.oom(world.init)
    world.run("10 s")
    kill, unable = [record for record in world.kmsg if ABOUT_KILLS.match(record.text)][-2:]
    assert "unable to reap" in unable.text
    assert (unable.time - kill.time) / 1e9 == shown


@seen(("4.7", 850), ("4.8", 850), ("6.18", 2850))
def test_point_48_a_lock_that_is_given_back_lets_the_next_attempt_reap(world, shown):
    victim = locked(world)
    world.oom(world.init)
    world.run(f"{shown} ms")
    victim.set_flag(LOCK, False)
    world.run("100 ms")
    assert reaped(world) == ["locked"]


@seen(("4.7", 950), ("4.8", 950), ("6.18", 2950))
def test_point_48_after_the_tenth_it_does_not_look_again(world, shown):
    victim = locked(world)
    world.oom(world.init)
    world.run(f"{shown} ms")
    victim.set_flag(LOCK, False)
    world.run("100 ms")
    assert reaped(world) == []
    assert "unable to reap" in about_kills(world)[-1]


# --- requests ---------------------------------------------------------------------------


@kernels(*OLD)
def test_point_49_an_origin_is_chosen_with_a_meaningless_score(world):
    world.set_total_pages(2000000)
    big(world, "larger", "500 MiB")
    origin = big(world, "origin", "4 KiB")
    origin.set_flag(lib.TASK_OOM_ORIGIN)
    world.sysrq_f()
    assert (
        about_kills(world)[0]
        == f"Out of memory: Kill process {origin.pid} (origin) score 2077252342 or sacrifice child"
    )


@kernels(*EVERY_KERNEL)
def test_point_49_a_later_origin_overrides_an_earlier(world):
    for name in ("first", "second", "third"):
        big(world, name).set_flag(lib.TASK_OOM_ORIGIN)
    big(world, "larger", "500 MiB")
    world.sysrq_f()
    assert killed(world) == ["third"]


@kernels(*OLD)
def test_point_50_the_allocating_task_dies_with_score_0(world):
    world.set_sysctl(oom_kill_allocating_task=1)
    big(world, "larger", "500 MiB")
    current = big(world, "current")
    world.oom(current)
    kill = "Out of memory (oom_kill_allocating_task): Kill process {} (current) score 0 or sacrifice child"
    assert about_kills(world)[0] == kill.format(current.pid)
    assert killed(world) == ["current"]


@seen(("4.8", "child"), ("6.18", "current"))
def test_point_50_its_child_is_sacrificed_all_the_same(world, shown):
    world.set_sysctl(oom_kill_allocating_task=1)
    current = big(world, "current")
    big(world, "child", "1 MiB", parent=current)
    world.oom(current)
    assert killed(world) == [shown]


@kernels(*EVERY_KERNEL)
def test_point_50_not_at_minus_1000_and_not_for_a_memory_cgroup(world):
    world.set_sysctl(oom_kill_allocating_task=1)
    big(world, "larger", "500 MiB")
    world.oom(big(world, "current", adj=-1000))
    assert killed(world) == ["larger"]
    big(world, "large", "400 MiB").set_cgroup("/g")
    inside = big(world, "inside")
    inside.set_cgroup("/g")
    world.oom(inside, memcg="/g", limit="500 MiB")
    assert killed(world) == ["larger", "large"]


@kernels(*EVERY_KERNEL)
@pytest.mark.parametrize(
    ("value", "request_", "panic"),
    [
        (1, {"by": True}, "Out of memory: system-wide panic_on_oom is enabled"),
        (2, {"by": True}, "Out of memory: compulsory panic_on_oom is enabled"),
        (1, {"by": True, "memcg": "/g"}, None),
        (2, {"by": True, "memcg": "/g"}, "Out of memory: compulsory panic_on_oom is enabled"),
    ],
)
def test_point_51_whom_panic_on_oom_concerns(world, value, request_, panic):
    world.set_sysctl(panic_on_oom=value, oom_kill_allocating_task=1)
    task = big(world, "task")
    task.set_cgroup("/g")
    by = {"by": task} if request_.pop("by", None) else {}
    world.oom(**by, **request_)
    assert world.panic == panic
    assert killed(world) == ([] if panic else ["task"])
    if panic:
        assert world.kmsg[-1].text == f"Kernel panic - not syncing: {panic}"


@kernels(*EVERY_KERNEL)
@pytest.mark.parametrize("value", [1, 2])
def test_point_51_sysrq_f_never_panics(world, value):
    world.set_sysctl(panic_on_oom=value, oom_kill_allocating_task=1)
    big(world, "task")
    world.sysrq_f()
    assert world.panic is None
    assert killed(world) == ["task"]


@kernels(*EVERY_KERNEL)
def test_point_52_without_gfp_fs_nobody_is_killed(world):
    big(world, "task")
    assert world.oom(world.init, gfp_mask=GFP_NOFS)
    assert world.kmsg == []


@kernels(*OLD)
def test_point_52_but_for_a_page_fault_and_point_53_its_mask_reads_0x0(world):
    big(world, "task")
    assert world.oom(world.init, gfp_mask=GFP_FAULT)
    assert world.kmsg[0].text == "init invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0"
    assert killed(world) == ["task"]


def test_point_53_a_uid_is_printed_with_its_sign(world):
    world.spawn("nobody", uid=4294967294, anon="9 MiB")
    world.sysrq_f()
    assert any(re.match(r"\[ *\d+\] +-2 .* nobody$", record.text) for record in world.kmsg)


@seen(("4.8", "),"), ("4.9", "), nodemask=(null),"), ("4.19", "), nodemask=(null),"), ("5.4", "),"), ("6.18", "),"))
def test_point_53_a_nodemask_that_is_missing(world, shown):
    big(world, "task")
    world.oom(world.init)
    assert f"{shown} order=0" in world.kmsg[0].text


@seen(("4.7", []), ("4.8", []), ("4.9", ["victim"]), ("5.4", ["victim"]), ("6.18", ["victim"]))
def test_point_54_a_kernel_thread_that_borrowed_the_mm_pins_it_until_4_8(world, shown):
    victim = big(world, "victim")
    stuck(victim)
    world.kthread("borrower", 900).use_mm(victim)
    world.sysrq_f()
    world.run("5 s")
    assert reaped(world) == shown
    assert any("pinned" in line for line in about_kills(world)) == (world.kernel.version == "4.8")


@seen(("4.7", None), ("4.8", "init"), ("4.9", "init"), ("6.18", "init"))
def test_point_54_global_init_pins_it_still(world, shown):
    victim = world.init.clone_vm("victim")
    victim.set_sizes(anon="100 MiB")
    world.sysrq_f()
    world.run("5 s")
    pinned = [line for line in about_kills(world) if "pinned" in line]
    assert pinned == [f"oom killer {victim.pid} (victim) has mm pinned by 1 (init)"] * (shown is not None)
    assert reaped(world) == []
    assert not world.init.is_zombie


@kernels(*EVERY_KERNEL)
def test_point_55_only_the_report_is_limited(world):
    for _ in range(13):
        big(world, "task")
        world.sysrq_f()
    texts = [record.text for record in world.kmsg]
    assert sum("invoked oom-killer" in text for text in texts) == 10
    assert len(killed(world)) == 13
    world.run("6 s")
    big(world, "task")
    world.sysrq_f()
    assert "oom_kill_process: 3 callbacks suppressed" in [record.text for record in world.kmsg]


# --- patch by patch -----------------------------------------------------------------------


@seen(("4.7", True), (("4.7", "5"), False), ("4.8", False), ("6.18", False))
@pytest.mark.parametrize("flags", [CLONE_VM | CLONE_VFORK])
def test_patch_5_a_vforked_child_scores_0_until_it_execs(world, flags, shown):
    child = big(world, "parent").clone(flags, "child")
    assert (child.oom_score > 0 or child.badness is not None) == shown
    child = child.exec("execed")
    child.set_sizes(anon="10 MiB")
    assert child.badness is not None


@kernels(*EVERY_KERNEL)
@pytest.mark.parametrize("flags", [CLONE_VFORK, CLONE_VM, CLONE_VM | CLONE_VFORK | CLONE_PARENT])
def test_patch_5_does_not_hide_who_does_not_borrow_its_parents_mm(world, flags):
    assert big(world, "parent").clone(flags, "child").badness is not None


@seen(("4.7", (["child"], [])), (("4.7", "6"), ([], ["parent"])), ("4.8", ([], ["parent"])), ("6.18", ([], ["parent"])))
def test_patch_6_with_the_sharer_at_minus_1000_the_mm_is_reaped(world, shown):
    parent = big(world, "parent")
    child = parent.vfork("child")
    child.set_adj(-1000, 0)
    stuck(parent)
    world.sysrq_f()
    world.run("5 s")
    assert (alive(child), reaped(world)) == shown


def is_bypassed(world: World, by: Task, **request: object) -> bool:
    """It asks for memory, and is let die in silence."""
    world.oom(by, **request)
    return not killed(world)


@seen(("4.7", True), (("4.7", "7"), False), ("4.8", False), ("6.18", False))
def test_patch_7_a_killed_task_whose_sharer_lives_frees_nothing(world, shown):
    task = big(world, "task")
    sharer = task.clone_vm("sharer")
    stuck(task)
    task.set_flag(KILLED)
    assert is_bypassed(world, task) == shown
    assert sharer.is_zombie == (not shown)


@seen(("4.7", True), (("4.7", "7"), False), ("4.8", False), ("6.18", False))
def test_patch_7_nor_does_a_thread_that_an_exec_killed(world, shown):
    leader = big(world, "leader")
    sibling = leader.thread("sibling")
    sibling.set_flag(KILLED)
    sibling.set_flag(lib.TASK_GROUP_EXIT, False)
    assert is_bypassed(world, sibling) == shown


@seen(("4.7", True), (("4.7", "7"), False), ("4.8", False), ("6.18", False))
def test_patch_7_nor_does_one_that_dumps_core(world, shown):
    task = big(world, "task")
    stuck(task)
    task.set_flag(KILLED)
    task.set_flag(DUMPING)
    assert is_bypassed(world, task) == shown


@seen(("4.7", True), (("4.7", "7"), False), ("4.8", False))
def test_patch_7_nor_one_without_an_mm_in_a_memory_cgroup(world, shown):
    big(world, "other").set_cgroup("/g")
    task = big(world, "task")
    task.exit()
    assert is_bypassed(world, task, memcg="/g", limit="1 GiB") == shown
    assert has(task, MEMDIE) == shown


@seen(("4.7", 2), (("4.7", "8"), 1), ("4.8", 1), ("6.18", 1))
def test_patch_8_a_dying_task_is_not_reaped_again(world, shown):
    """It was killed and reaped, and allocates on its way out."""
    victim = big(world, "victim", adj=1000)
    big(world, "other")
    stuck(victim)
    world.oom(world.init)
    world.run("5 s")
    victim.set_flag(EXITING)
    world.oom(victim)
    world.run("5 s")
    assert reaped(world).count("victim") == shown
    assert killed(world) == ["victim"] + ["other"] * (shown == 1)


@seen(("4.7", []), (("4.7", "10"), ["other"]), ("4.8", ["other"]), ("4.9", ["other"]), ("6.18", ["other"]))
def test_patch_10_a_pinned_victim_does_not_block_the_next_choice(world, shown):
    victim = world.init.clone_vm("victim")
    victim.set_sizes(anon="200 MiB")
    stuck(victim)
    big(world, "other")
    world.oom(world.init)
    world.run("5 s")
    world.oom(world.init)
    assert killed(world) == ["victim", *shown]


# --- the log --------------------------------------------------------------------------------

# What differs from machine to machine.
ELSEWHERE = re.compile(r"CPU: |Mem-Info:|Total swap|\d+ pages RAM|memory: usage")

HEAD_OF_2016 = [
    "hog invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0, oom_score_adj=0",
    "hog cpuset=/ mems_allowed=0",
    "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name",
    "[  456]     0   456     5000      700      12       3        0         -1000 sshd",
    "[ 1234]  1000  1234   262145   200000     410       4        0             0 hog",
]
HEAD_OF_TODAY = [
    "hog invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0",
    "Tasks state (memory values in pages):",
]
TWO_LINES = [
    "Out of memory: Kill process 1234 (hog) score 382 or sacrifice child",
    "Killed process 1234 (hog) total-vm:1048580kB, anon-rss:796000kB, file-rss:4000kB, shmem-rss:0kB",
]
SUMMARY = (
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
    "task_memcg=/user.slice,task=hog,pid=1234,uid=1000"
)
ONE_LINE = (
    "Out of memory: Killed process 1234 (hog) total-vm:1048580kB, anon-rss:796000kB, file-rss:4000kB, shmem-rss:0kB,"
    " UID:1000 pgtables:1656kB oom_score_adj:0"
)
REAPED = "oom_reaper: reaped process 1234 (hog), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
TABLE_IN_BYTES = [
    "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
    "[    456]     0   456     5000      700    61440        0         -1000 sshd",
    "[   1234]  1000  1234   262145   200000  1695744        0             0 hog",
]
TABLE_IN_PARTS = [
    "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
    "[    456]     0   456     5000      700      700        0         0    61440        0         -1000 sshd",
    "[   1234]  1000  1234   262145   200000   199000     1000         0  1695744        0             0 hog",
]


def sample(kernel: str, gfp_mask: int) -> list[str]:
    """A hog that is killed and reaped, beside an sshd at -1000."""
    world = World(kernel, ram="2 GiB")
    sshd = world.spawn("sshd", pid=456)
    sshd.set_memory(Memory(anon=700, ptes=12, pmds=3, total_vm=5000))
    sshd.set_adj(-1000, -1000)
    hog = world.spawn("hog", pid=1234, uid=1000)
    hog.set_memory(Memory(anon=199000, file=1000, ptes=410, pmds=4, total_vm=262145))
    hog.set_cgroup("/user.slice")
    stuck(hog)
    world.oom(hog, gfp_mask=gfp_mask)
    world.run("5 s")
    return [record.text for record in world.kmsg if not ELSEWHERE.match(record.text)]


@pytest.mark.parametrize("kernel", OLD)
def test_the_log_of_a_kill_in_2016(kernel):
    assert sample(kernel, 0x24280CA) == [*HEAD_OF_2016, *TWO_LINES, REAPED]


@pytest.mark.parametrize(
    ("kernel", "table"), [("5.4", TABLE_IN_BYTES), ("6.1", TABLE_IN_BYTES), ("6.18", TABLE_IN_PARTS)]
)
def test_the_log_of_a_kill_since(kernel, table):
    assert sample(kernel, 0x140CCA) == [*HEAD_OF_TODAY, *table, SUMMARY, ONE_LINE, REAPED]


def test_the_log_of_a_kill_has_the_kernels_levels(world):
    task = big(world, "task")
    stuck(task)
    world.sysrq_f()
    world.run("1 s")
    lines = [" invoked oom-killer", " cpuset=/", "[ pid ]", ": Kill process", "Killed process", "oom_reaper: "]
    levels = [record.level for line in lines for record in world.kmsg if line in record.text]
    assert levels == [4, 6, 6, 3, 3, 6]


def test_the_header_of_sysrq_names_the_kworker(world):
    big(world, "task")
    world.sysrq_f("kworker/0:1")
    head = "kworker/0:1 invoked oom-killer: gfp_mask=0x24000c0(GFP_KERNEL), order=-1, oom_score_adj=0"
    assert [record.text for record in world.kmsg[:2]] == ["sysrq: SysRq : Manual OOM execution", head]


@seen(("4.8", False), ("6.18", False))
def test_without_oom_dump_tasks_there_is_no_table(world, shown):
    world.set_sysctl(oom_dump_tasks=0)
    big(world, "task")
    world.sysrq_f()
    assert any("oom_score_adj name" in record.text for record in world.kmsg) == shown


def test_who_is_not_in_the_memory_cgroup_is_not_in_its_table(world):
    big(world, "outside")
    big(world, "inside").set_cgroup("/g/h")
    world.oom(world.init, memcg="/g", limit="200 MiB", gfp_mask=GFP_KERNEL)
    rows = [record.text.split()[-1] for record in world.kmsg if re.match(r"\[ *\d+\]", record.text)]
    assert rows == ["inside"]


@seen(("4.7", 96), ("4.14", 96), ("4.19", 100), ("6.18", 100))
def test_cap_sys_admin_was_worth_3_percent(world, shown):
    world.set_total_pages(100000)
    task = world.spawn("root")
    task.set_memory(Memory(anon=99, ptes=1))
    assert task.badness == shown + (shown == 96)
    task.set_caps(ALL & ~(1 << 21))
    assert task.badness == 100


def test_selection_knows_at_once_that_exec_brought_the_capabilities_of_root_back(world):
    root = world.spawn("root")
    root.set_caps(ALL & ~(1 << 21))
    root.exec()
    assert lib.world_candidates_agree(world._w)
