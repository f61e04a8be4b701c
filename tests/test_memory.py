"""Growth: RAM fills, then swap, then somebody dies for it; memory cgroups with limits; and time on a mount."""

import os
import time

import pytest
from doors import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproc import World
from fakeproc._native import lib
from fakeproc.control import Control
from fakeproc.errors import WorldError

MIB = 256  # pages


def small(kernel="4.8", swap="0"):
    """100 MiB of RAM, with a hog of 60 and a baby of 10."""
    world = World(kernel, ram="100 MiB", swap=swap)
    return world, world.spawn("hog", anon="60 MiB"), world.spawn("baby", anon="10 MiB")


def texts(world):
    return [record.text for record in world.kmsg]


def in_ram(world):
    """Every task has a stack of 16 KiB in the kernel."""
    return world.usage().resident + world.usage().tables + 4 * world.task_count


def min_free(world):
    return int(world.read("/sys/vm/min_free_kbytes")) // 4


def held(world):
    usage = world.usage()
    return usage.resident + usage.tables + usage.swap


# --- where pages go -----------------------------------------------------------------


def test_new_memory_is_anonymous_and_has_page_tables():
    world, _, baby = small()
    assert baby.grow("20 MiB")
    memory = baby.memory
    assert (memory.anon, memory.swapents, memory.ptes, memory.total_vm) == (30 * MIB, 0, 15, 30 * MIB + 600)
    assert world.usage().anon == 90 * MIB


def test_when_ram_is_full_others_are_swapped():
    world, hog, baby = small(swap="100 MiB")
    assert baby.grow("80 MiB")
    assert baby.memory.anon == 90 * MIB
    assert hog.memory.anon + hog.memory.swapents == 60 * MIB
    assert min_free(world) <= 100 * MIB - in_ram(world) <= 2 * min_free(world)
    assert world.kmsg == []


def test_who_grows_beyond_all_ram_swaps_itself_last():
    world, hog, baby = small(swap="100 MiB")
    assert baby.grow("110 MiB")
    assert hog.memory.anon == 0
    assert baby.memory.anon + baby.memory.swapents == 120 * MIB
    assert world.usage().swap == hog.memory.swapents + baby.memory.swapents
    assert not baby.grow("60 MiB")
    assert killed(world) == ["(baby)"]


def test_page_tables_stay_in_ram_that_is_full():
    world, _hog, baby = small(swap="20 MiB")
    assert baby.grow("30 MiB")
    assert baby.grow("15 MiB")
    assert in_ram(world) <= 100 * MIB - min_free(world)
    assert baby.memory.anon + baby.memory.swapents == 55 * MIB


def test_swapped_pages_come_back_when_touched_for_those_of_others():
    world, hog, baby = small(swap="100 MiB")
    baby.grow("80 MiB")
    swapped = hog.memory.swapents
    assert baby.touch() == 0
    assert hog.touch() == swapped
    assert (hog.memory.swapents, hog.memory.anon) == (0, 60 * MIB)
    assert baby.memory.swapents > 0
    hog.exit()
    assert baby.touch() > 0
    assert (baby.memory.swapents, baby.memory.anon) == (0, 90 * MIB)
    assert world.usage().swap == 0


def test_shared_memory_counts_once_and_goes_with_the_last_sharer():
    world, hog, _baby = small()
    twin = hog.clone_vm("twin")
    assert world.usage().anon == 70 * MIB
    hog.exit()
    assert world.usage().anon == 70 * MIB
    twin.exit()
    assert world.usage().anon == 10 * MIB


def test_what_is_given_back_is_free_again():
    _world, hog, baby = small()
    hog.shrink("50 MiB")
    assert hog.memory.anon == 10 * MIB
    assert baby.grow("70 MiB")
    assert outcome(lambda: hog.shrink("11 MiB")) == "EINVAL"


# --- who dies for it ------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["4.7", "4.8", "4.14", "6.18"])
def test_the_biggest_dies_for_who_grows(kernel):
    world, hog, baby = small(kernel)
    assert baby.grow("50 MiB")
    assert (hog.is_zombie, baby.memory.anon) == (True, 60 * MIB)
    assert texts(world)[0].startswith("baby invoked oom-killer: gfp_mask=0x")
    assert held(world) <= 100 * MIB


def test_who_grows_most_dies_itself():
    _, hog, baby = small()
    assert not hog.grow("90 MiB")
    assert hog.is_zombie
    assert not baby.is_zombie


def test_as_many_die_as_it_takes():
    world = World(ram="100 MiB")
    others = [world.spawn(f"p{i}", anon="10 MiB") for i in range(8)]
    grower = world.spawn("grower")
    grower.set_adj(-999, -999)
    assert grower.grow("90 MiB")
    assert sum(task.is_zombie for task in others) >= 7
    assert grower.memory.anon == 90 * MIB


def test_nobody_left_to_kill_is_a_panic():
    world = World(ram="100 MiB")
    grower = world.spawn("grower")
    grower.set_adj(-1000, -1000)
    assert outcome(lambda: grower.grow("101 MiB")) == "ENOMEM"
    assert world.panic == "Out of memory and no killable processes..."


def test_a_fork_takes_no_more_than_there_is_and_the_copy_that_does_not_fit_kills():
    world, hog, _ = small()
    child = hog.fork("child")
    assert world.usage().anon <= 100 * MIB
    assert any("Killed process" in text for text in texts(world))
    world.step("1 s")
    assert [task.is_zombie for task in (hog, child)].count(True) == 1
    assert world.usage().anon == 70 * MIB


def test_a_fork_takes_from_the_page_cache_and_from_swap_before_anybody_dies():
    world, hog, _ = small(swap="64 MiB")
    world.set_own_pages(cache="10 MiB")
    child = hog.fork("child")
    assert (child.memory.anon, texts(world)) == (60 * MIB, [])
    assert (world.own_pages.cache, hog.memory.swapents > 0) == (0, True)


def test_a_fork_in_a_full_cgroup_kills_there():
    world = World(ram="1 GiB")
    hog = world.spawn("hog", anon="60 MiB")
    hog.set_cgroup("/box")
    world.limit_cgroup("/box", "100 MiB")
    hog.fork("child")
    assert world.cgroup("/box").usage.anon <= 100 * MIB
    assert any("Memory cgroup out of memory" in text for text in texts(world))


def test_who_execs_at_once_takes_no_copy_of_its_parent():
    world, hog, _ = small()
    assert not world.spawn("child", parent=hog, anon="1 MiB").is_zombie
    assert (texts(world), world.usage().anon) == ([], 71 * MIB)


def test_a_child_has_no_locked_pages():
    world = World()
    locker = world.spawn("locker", anon="10 MiB")
    locker.set_memory_kept(anon_locked=100)
    locked = [task.read("status").split("VmLck:\t")[1].split(" kB")[0].strip() for task in (locker, locker.fork())]
    assert locked == ["400", "0"]


def test_after_a_panic_everything_can_be_read_and_nothing_changes():
    world, hog, baby = small()
    hog.set_flag(lib.TASK_DSLEEP)
    hog.kill()
    world.set_sysctl(panic_on_oom=2)
    world.oom()
    hog_before, now = hog.read("status"), world.now
    for change in (
        lambda: baby.fork("child"),
        lambda: baby.grow("1 MiB"),
        lambda: baby.write("oom_score_adj", "500"),
        lambda: world.write("/sys/vm/panic_on_oom", "0"),
        lambda: world.set_sysctl(panic_on_oom=0),
        lambda: world.limit_cgroup("/box", "1 MiB"),
        lambda: world.set_total_pages(1, 0),
        world.sysrq_f,
        world.oom,
    ):
        with pytest.raises(WorldError, match="kernel panic: the machine has halted"):
            change()
    world.run("1 min")
    assert world.settle() == ""
    assert (hog.read("status"), world.now) == (hog_before, now)
    assert texts(world)[-1] == "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled"


def test_it_waits_while_the_victim_does_not_let_go():
    world, hog, baby = small()
    hog.set_flag(lib.TASK_DSLEEP)
    hog.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    assert not baby.grow("50 MiB")
    assert outcome(lambda: baby.grow("1 MiB")) == "EBUSY"
    world.run("500 ms")
    assert baby.memory.anon < 60 * MIB
    hog.set_flag(lib.TASK_HOLDS_MMAP_LOCK, False)
    world.run("500 ms")
    assert baby.memory.anon == 60 * MIB
    assert texts(world)[-1].startswith("oom_reaper: reaped process")


def test_it_no_longer_waits_once_it_is_killed():
    world, hog, baby = small()
    hog.set_flag(lib.TASK_DSLEEP)
    hog.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    baby.grow("50 MiB")
    baby.kill()
    hog.set_flag(lib.TASK_DSLEEP, False)
    hog.set_flag(lib.TASK_HOLDS_MMAP_LOCK, False)
    world.run("1 s")
    assert world.usage().anon == 0


def test_memory_that_comes_free_otherwise_ends_the_wait():
    world, hog, baby = small()
    other = world.spawn("other", anon="20 MiB")
    hog.set_flag(lib.TASK_DSLEEP)
    hog.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    assert not baby.grow("15 MiB")
    other.shrink("19 MiB")
    assert baby.memory.anon == 25 * MIB


@pytest.mark.parametrize(
    ("who", "error"), [(lambda world, _: world.kthread("kthreadd"), "EINVAL"), (lambda _, hog: hog, "EBUSY")]
)
def test_who_cannot_allocate(who, error):
    world, hog, _ = small()
    hog.vfork("child")
    assert outcome(lambda: who(world, hog).grow("1 MiB")) == error


def test_sigkill_waits_for_who_sleeps_uninterruptibly():
    world, hog, _ = small()
    hog.set_flag(lib.TASK_DSLEEP)
    hog.kill()
    world.run("1 min")
    assert not hog.is_zombie
    hog.set_flag(lib.TASK_DSLEEP, False)
    world.run(0)
    assert hog.is_zombie


# --- memory cgroups ---------------------------------------------------------------------


def boxed(kernel="4.8"):
    """20 MiB for /box and what is below; 10 of them in use by two."""
    world, _hog, _baby = small(kernel)
    outer, inner = world.spawn("outer", anon="6 MiB"), world.spawn("inner", anon="4 MiB")
    outer.set_cgroup("/box")
    inner.set_cgroup("/box/inner")
    world.limit_cgroup("/box", "20 MiB")
    return world, outer, inner


def test_a_full_memory_cgroup_kills_inside():
    world, _outer, inner = boxed()
    assert world.usage("/box").anon == 10 * MIB
    assert inner.grow("9 MiB")
    assert not inner.grow("2 MiB")
    assert inner.is_zombie
    assert [task.comm for task in world.processes if task.is_zombie] == ["inner"]
    assert "Task in /box/inner killed as a result of limit of /box" in texts(world)
    assert "memory: usage 20480kB, limit 20480kB, failcnt 0" in texts(world)


@pytest.mark.parametrize("kernel", ["4.8", "6.18"])
def test_a_growth_that_just_fits_but_for_new_page_tables_costs_nobody(kernel):
    world, _outer, inner = boxed(kernel)
    assert inner.grow("10 MiB")
    assert texts(world) == []
    assert world.cgroup("/box").info.usage.anon == 20 * MIB


def test_the_innermost_limit_counts_first():
    world, outer, inner = boxed()
    world.limit_cgroup("/box/inner", "5 MiB")
    assert not inner.grow("2 MiB")
    assert "Task in /box/inner killed as a result of limit of /box/inner" in texts(world)
    assert not outer.is_zombie


def test_a_name_that_begins_alike_is_another_cgroup():
    world, *_ = boxed()
    stranger = world.spawn("stranger", anon="1 MiB")
    stranger.set_cgroup("/boxer")
    assert world.usage("/box").anon == 10 * MIB
    assert stranger.grow("15 MiB")


def test_a_limit_can_be_taken_away():
    world, outer, _ = boxed()
    world.limit_cgroup("/box", 0)
    world.limit_cgroup("/nowhere", 0)
    assert outer.grow("15 MiB")
    assert world.kmsg == []


@pytest.mark.parametrize("path", ["", "/", "box", "/box/", "/a\nb", "/" + "x" * 5000])
def test_what_is_no_cgroup_gets_no_limit(path):
    assert outcome(lambda: World().limit_cgroup(path, "1 MiB")) == "EINVAL"
    assert outcome(lambda: World().set_oom_group(path)) == "EINVAL"


# --- memory.oom.group ---------------------------------------------------------------------


def grouped(kernel="6.18"):
    """/app dies as one: worker and helper in it, a guard at -1000, a zombie; others outside."""
    world, _hog, _baby = small(kernel)
    places = {"worker": "/app", "helper": "/app/part", "guard": "/app", "other": "/application"}
    for name, path in places.items():
        world.spawn(name, anon="20 MiB" if name == "worker" else "1 MiB").set_cgroup(path)
    named(world, "guard").oom_score_adj = -1000
    ghost = world.spawn("ghost")
    ghost.set_cgroup("/app")
    ghost.exit()
    world.set_oom_group("/app")
    return world


def named(world, comm):
    return next(task for task in world.processes if task.comm == comm)


def killed(world):
    return [line.partition("Killed process ")[2].split()[1] for line in texts(world) if "Killed process" in line]


def test_a_group_dies_as_one_and_the_first_victim_is_named_twice():
    world = grouped()
    named(world, "worker").oom_score_adj = 1000
    world.sysrq_f()
    assert killed(world) == ["(worker)", "(worker)", "(helper)"]
    assert "Tasks in /app are going to be killed due to memory.oom.group set" in texts(world)
    assert not named(world, "guard").is_zombie
    assert not named(world, "hog").is_zombie
    assert b"oom_kill 3\n" in world.read("/vmstat")


def test_the_highest_group_below_the_cgroup_that_ran_out_dies():
    world = grouped()
    world.set_oom_group("/app/part")
    world.oom(named(world, "helper"), memcg="/app/part", limit="1 MiB")
    assert killed(world) == ["(helper)", "(helper)"]
    world = grouped()
    world.oom(named(world, "helper"), memcg="/app", limit="22 MiB")
    assert killed(world) == ["(worker)", "(worker)", "(helper)"]


def test_who_is_in_no_group_dies_alone():
    world = grouped()
    world.sysrq_f()
    assert killed(world) == ["(hog)"]


@pytest.mark.parametrize(("kernel", "dies"), [("4.14", 1), ("4.19", 3)])
def test_groups_are_known_since_4_19(kernel, dies):
    world = grouped(kernel)
    named(world, "worker").oom_score_adj = 1000
    world.sysrq_f()
    assert len(killed(world)) == dies


def test_a_group_can_be_taken_apart_again():
    world = grouped()
    world.set_oom_group("/app", False)
    named(world, "worker").oom_score_adj = 1000
    world.sysrq_f()
    assert killed(world) == ["(worker)"]


@given(st.text(alphabet=st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20))
def test_any_path_is_a_cgroup_or_changes_nothing(path):
    world, hog, _ = small()
    result = outcome(lambda: world.limit_cgroup(path, "1 MiB"))
    assert result in (None, "EINVAL")
    assert hog.grow("1 MiB")  # which is in no cgroup with a limit


# --- memory nodes ---------------------------------------------------------------------


def two_nodes(kernel="6.18"):
    """big has its memory on node 0, little on node 1, and both may use both."""
    world = World(kernel)
    world.set_nodes("100 MiB", "100 MiB")
    big, little = world.spawn("big", anon="60 MiB"), world.spawn("little", anon="10 MiB")
    big._do(lib.task_set_mems, 0b01)
    little._do(lib.task_set_mems, 0b10)
    return world, big, little


def test_a_full_cpuset_kills_whoever_may_use_its_nodes():
    world, big, little = two_nodes()
    assert world.total_pages == 200 * MIB
    world.oom(little)
    assert (big.is_zombie, little.is_zombie) == (False, True)
    assert any("oom-kill:constraint=CONSTRAINT_CPUSET" in text for text in texts(world))


def test_a_full_memory_policy_kills_whoever_may_use_its_nodes():
    world, big, little = two_nodes()
    world.oom(world.init, nodes="1")
    assert (big.is_zombie, little.is_zombie) == (False, True)
    assert any("oom-kill:constraint=CONSTRAINT_MEMORY_POLICY" in text for text in texts(world))


def test_without_a_constraint_the_biggest_dies():
    world, big, _ = two_nodes()
    world.oom(world.init)
    assert big.is_zombie


# --- it adds up -----------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["grow", "shrink", "touch", "dsleep", "wake", "lock", "unlock", "run", "exit", "limit"]),
        st.integers(0, 60),
    ),
    max_size=25,
)


def take_step(world, tasks, number, what, size):
    task = tasks[number]
    calls = {
        "grow": lambda: task.grow(f"{size} MiB"),
        "shrink": lambda: task.shrink(f"{size} MiB"),
        "touch": task.touch,
        "dsleep": lambda: task.set_flag(lib.TASK_DSLEEP),
        "wake": lambda: task.set_flag(lib.TASK_DSLEEP, False),
        "lock": lambda: task.set_flag(lib.TASK_HOLDS_MMAP_LOCK),
        "unlock": lambda: task.set_flag(lib.TASK_HOLDS_MMAP_LOCK, False),
        "run": lambda: world.run(f"{size * 50} ms"),
        "exit": task.exit,
        "limit": lambda: world.limit_cgroup("/box", f"{size} MiB"),
    }
    return outcome(calls[what])


@given(st.sampled_from(["4.7", "4.8", "4.14", "6.18"]), steps)
@settings(max_examples=150, deadline=None)
def test_pages_never_exceed_the_machine_and_add_up(kernel, life):
    world = World(kernel, ram="100 MiB", swap="20 MiB")
    tasks = [world.spawn(f"p{i}", anon="5 MiB") for i in range(4)]
    tasks += [tasks[0].clone_vm("sharer"), tasks[1].thread("thread")]
    for task in tasks[2:4]:
        task.set_cgroup("/box")
    for step in life:
        take_step(world, tasks, *step)
        found = {user.info.mm: user.memory for task in world.processes for user in task.threads if user.info.mm}
        assert held(world) <= 120 * MIB
        assert world.usage().anon == sum(memory.anon for memory in found.values())
        assert lib.world_charges_agree(world._w)


# --- on a mount -----------------------------------------------------------------------


def test_victims_exit_and_the_reaper_reaps_by_themselves(mounted_world):
    world, hog, _baby = small()
    hog.set_flag(lib.TASK_DSLEEP)
    at = mounted_world(world).path
    world.oom()
    assert hog.memory.anon == 0
    hog.set_flag(lib.TASK_DSLEEP, False)
    with open(f"{at}/{hog.pid}/stat") as file:
        assert ") Z " in file.read()


def test_wall_time_drives_the_reaper(mounted_world):
    world, hog, _ = small()
    hog.set_flag(lib.TASK_DSLEEP)
    hog.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    at = mounted_world(world).path
    world.oom()
    began, before = time.monotonic(), world.now
    while "unable to reap" not in texts(world)[-1]:
        os.stat(at)
        assert time.monotonic() - began < 10
        time.sleep(0.01)
    assert 0.8 < time.monotonic() - began < 10
    assert abs((world.now - before) / 1e9 - (time.monotonic() - began)) < 2


def test_time_that_a_command_lets_pass_comes_on_top(mounted_world):
    world, *_ = small()
    Control(world).attach()
    at = mounted_world(world).path
    os.stat(at)
    before = world.now
    with open(f"{at}/.fakeproc/ctl", "w") as file:
        file.write("run 100s\n")
    os.stat(at)
    first = world.now
    time.sleep(0.1)
    os.stat(at)
    assert first - before >= 100 * 10**9
    assert 0.1 <= (world.now - first) / 1e9 < 5
