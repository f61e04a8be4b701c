"""Cgroups: the hierarchy and who is in it, what counts where, limits, groups that die and the events they count."""

import pytest
from doors import outcome
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakeproc import World
from fakeproc._native import ffi, lib

MIB = 1 << 20
PAGES = 256  # of a MiB


def pages(cgroup):
    return cgroup.usage.resident


def killed(world):
    lines = [record.text for record in world.kmsg]
    return [line.partition("Killed process ")[2].split()[1] for line in lines if "Killed process" in line]


# --- the hierarchy ----------------------------------------------------------------------


def test_the_root_is_there_and_has_everybody():
    world = World()
    child = world.init.fork("child")
    worker = world.kthread("kthreadd")
    root = world.cgroup("/")
    assert root.processes == [world.init, child, worker]
    assert (root.path, root.children, root.exists) == ("/", [], True)


def test_a_child_begins_in_its_parents_cgroup():
    world = World("6.18")
    world.init.set_cgroup("/a/b")
    child = world.init.fork("child")
    assert child.cgroup == world.cgroup("/a/b")
    assert child.read("cgroup") == "0::/a/b\n"


@pytest.mark.parametrize(
    ("path", "error"),
    [("/a/b/c", None), ("/a", "EEXIST"), ("/", "EEXIST"), ("/x/y", "ENOENT"), ("a", "EINVAL"), ("/a/", "EINVAL")],
)
def test_mkdir_answers_as_the_kernel(path, error):
    world = World()
    world.make_cgroup("/a/b", parents=True)
    assert outcome(lambda: world.make_cgroup(path).path) == (error or path)


@pytest.mark.parametrize(
    "path", ["", "a", "/a/", "//", "/a//b", "/.", "/..", "/a/../b", "/a\nb", "/" + "x" * 256, "/a" * 2048, "/a\0b"]
)
def test_what_is_no_path_is_refused_by_every_door(path):
    world = World()
    doors = [
        lambda: world.make_cgroup(path),
        lambda: world.make_cgroup(path, parents=True),
        lambda: world.init.set_cgroup(path),
        lambda: world.limit_cgroup(path, "1 MiB"),
        lambda: world.set_oom_group(path),
    ]
    assert [outcome(door) for door in doors] == ["EINVAL"] * len(doors)
    assert world.cgroup("/").children == []


def test_names_go_up_to_255_bytes_and_paths_to_4095():
    world = World("6.18")
    assert world.make_cgroup("/" + "x" * 255).exists
    longest = "/a" * 2046 + "/ab"
    world.init.set_cgroup(longest)
    assert world.init.cgroup.path == longest
    assert world.init.read("cgroup") == f"0::{longest}\n"
    assert outcome(lambda: world.make_cgroup(longest + "/x")) == "EINVAL"


def test_children_are_listed_by_name_and_ids_are_their_own():
    world = World()
    for name in ("b", "a", "ab", "c", "aa"):
        world.make_cgroup(f"/{name}")
    children = world.cgroup("/").children
    assert [child.path for child in children] == ["/a", "/aa", "/ab", "/b", "/c"]
    assert len({child.id for child in children} | {world.cgroup("/").id}) == 6


def test_rmdir_wants_it_empty():
    world = World()
    inner = world.make_cgroup("/a/b", parents=True)
    task = world.spawn("task")
    task.move_to(inner)
    assert outcome(world.cgroup("/a").remove) == "EBUSY"
    assert outcome(inner.remove) == "EBUSY"
    assert outcome(world.cgroup("/").remove) == "EBUSY"
    task.move_to("/")
    inner.remove()
    assert not inner.exists
    assert outcome(inner.remove) == "ENOENT"


def test_a_new_one_of_the_same_path_is_another():
    world = World()
    old = world.make_cgroup("/a")
    old.remove()
    new = world.make_cgroup("/a")
    assert old != new
    assert not old.exists
    assert outcome(lambda: world.init.move_to(old)) == "ENOENT"


def test_the_dead_keep_nothing_from_being_removed_and_remember_where_they_were():
    world = World("6.18")
    ghost = world.spawn("ghost")
    ghost.set_cgroup("/a/b")
    ghost.exit()
    inner, outer = world.cgroup("/a/b"), world.cgroup("/a")
    assert inner.processes == [ghost]
    assert not outer.is_populated
    inner.remove()
    outer.remove()
    assert ghost.read("cgroup") == "0::/a/b (deleted)\n"
    assert not ghost.cgroup.exists
    ghost.reap()
    assert lib.world_charges_agree(world._w)


def test_who_moves_must_have_somewhere_to_go():
    world = World()
    assert outcome(lambda: world.init.move_to("/nowhere")) == "ENOENT"
    assert world.init.cgroup.path == "/"


def test_processes_stand_as_they_joined():
    world = World()
    first, second = world.spawn("first"), world.spawn("second")
    second.set_cgroup("/a")
    first.set_cgroup("/a")
    assert world.cgroup("/a").processes == [second, first]
    second.move_to("/")
    second.move_to("/a")
    assert world.cgroup("/a").processes == [first, second]


# --- what counts where ------------------------------------------------------------------


def family():
    """20 MiB in /a/b, 10 in /a, 5 elsewhere."""
    world = World("6.18", ram="100 MiB", swap="50 MiB")
    inner, outer, other = (world.spawn(name, anon=f"{size} MiB") for name, size in (("i", 20), ("o", 10), ("x", 5)))
    inner.set_cgroup("/a/b")
    outer.set_cgroup("/a")
    return world, inner, outer, other


def test_a_cgroup_counts_all_below_it_and_the_root_everything():
    world, *_ = family()
    assert [pages(world.cgroup(path)) // PAGES for path in ("/a/b", "/a", "/")] == [20, 30, 35]
    assert world.cgroup("/").usage == world.usage()


def test_what_a_process_holds_moves_with_it():
    world, inner, *_ = family()
    inner.move_to("/")
    assert [pages(world.cgroup(path)) // PAGES for path in ("/a/b", "/a", "/")] == [0, 10, 35]
    assert world.cgroup("/a/b").peak == 20 * MIB


def test_an_mm_counts_once_where_its_oldest_process_is():
    world, inner, *_ = family()
    inner.clone_vm("sharer").set_cgroup("/c")
    assert pages(world.cgroup("/c")) == 0
    inner.exit()
    assert [pages(world.cgroup(path)) // PAGES for path in ("/c", "/a")] == [20, 10]


def test_growth_of_a_sharer_meets_the_limit_of_where_the_mm_counts():
    world, inner, *_ = family()
    sharer = inner.clone_vm("sharer")
    sharer.move_to("/")
    world.cgroup("/a").max = "32 MiB"
    world.cgroup("/a").swap_max = 0
    assert sharer.grow("1 MiB")
    assert not sharer.grow("5 MiB")


@pytest.mark.parametrize("number", ["min", "low", "high", "max", "swap_max"])
def test_numbers_are_kept_and_none_is_no_limit(number):
    cgroup = World().make_cgroup("/a")
    assert getattr(cgroup, number) == (0 if number in ("min", "low") else None)
    setattr(cgroup, number, "3 MiB")
    assert getattr(cgroup, number) == 3 * MIB
    setattr(cgroup, number, None)
    assert getattr(cgroup, number) is None


def test_the_root_has_no_limits():
    root = World().cgroup("/")
    assert outcome(lambda: setattr(root, "max", "1 MiB")) == "EINVAL"
    assert outcome(lambda: setattr(root, "oom_group", True)) == "EINVAL"


def test_less_than_nothing_is_no_limit():
    cgroup = World().make_cgroup("/a")
    limits = ffi.new("struct cgroup_limits *", [0, 0, 0, -1, 0])
    assert lib.world_cgroup_set_limits(cgroup.world._w, b"/a", limits) < 0
    assert cgroup.max is None


def test_a_limit_of_0_is_one():
    world, inner, *_ = family()
    world.cgroup("/a/b").max = 0
    assert not inner.grow("4 KiB")
    assert killed(world) == ["(i)"]


def test_swap_max_bounds_what_a_subtree_swaps_and_the_machine_kills_for_it():
    world, inner, outer, other = family()
    other.set_cgroup("/c")
    world.cgroup("/a").swap_max = "3 MiB"
    world.cgroup("/c").swap_max = 0
    assert other.grow("60 MiB")
    assert inner.grow("5 MiB")
    assert outer.memory.swapents + inner.memory.swapents <= 3 * PAGES
    assert world.cgroup("/a").usage.swap <= 3 * PAGES
    other.oom_score_adj = -1000
    assert not inner.grow("10 MiB")
    assert killed(world) == ["(i)"]
    assert world.cgroup("/a").events["oom"] == 0


# --- selection, groups, events ----------------------------------------------------------


@pytest.mark.parametrize(("kernel", "chosen"), [("4.8", "(top)"), ("4.19", "(top)"), ("6.18", "(late)")])
def test_on_equal_points_the_kernel_goes_from_cgroup_to_cgroup(kernel, chosen):
    """Outer before inner, brothers as they were made, processes as they joined: the first wins, later the last."""
    world = World(kernel)
    world.make_cgroup("/g")
    world.make_cgroup("/g/z")
    world.make_cgroup("/g/a")
    places = {"late": "/g/a", "inner": "/g/z", "deep": "/g/z/y", "top": "/g"}
    for name, path in places.items():
        world.spawn(name, anon="10 MiB").set_cgroup(path)
    world.oom(memcg="/g", limit="40 MiB")
    assert killed(world) == [chosen]


def test_events_of_a_kill_are_counted_there_and_above():
    world, inner, *_ = family()
    world.cgroup("/a").max = "30 MiB"
    world.cgroup("/a").swap_max = 0
    assert not inner.grow("1 MiB")
    nothing = dict.fromkeys(world.cgroup("/a").events, 0)
    assert world.cgroup("/a").events == {**nothing, "max": 1, "oom": 1, "oom_kill": 1}
    assert world.cgroup("/a").local_events == {**nothing, "max": 1, "oom": 1}
    assert world.cgroup("/a/b").events == world.cgroup("/a/b").local_events == {**nothing, "oom_kill": 1}


def test_a_kill_for_the_machine_is_no_oom_of_the_cgroup():
    world, *_ = family()
    world.oom()
    events = world.cgroup("/a/b").events
    assert (events["oom"], events["max"], events["oom_kill"]) == (0, 0, 1)


@pytest.mark.parametrize(("kernel", "kills", "groups"), [("4.14", 1, 0), ("4.19", 3, 0), ("5.15", 3, 0), ("6.1", 3, 1)])
def test_group_kills_are_counted_since_5_17(kernel, kills, groups):
    world = World(kernel)
    for name, size in (("big", "20 MiB"), ("small", "1 MiB")):
        world.spawn(name, anon=size).set_cgroup("/app")
    world.cgroup("/app").oom_group = True
    world.oom()
    events = world.cgroup("/app").events
    assert (events["oom_kill"], events["oom_group_kill"]) == (kills, groups)


# --- it adds up -------------------------------------------------------------------------

PLACES = ["/", "/a", "/a/b", "/a/b/c", "/d"]
steps = st.lists(
    st.tuples(
        st.sampled_from(["fork", "vm", "exec", "exit", "reap", "move", "make", "remove", "grow", "shrink", "limit"]),
        st.integers(0, 9),
        st.sampled_from(PLACES),
    ),
    max_size=40,
)


def take_step(world, what, index, path):
    tasks = list(world.tasks)
    task = tasks[index % len(tasks)]
    calls = {
        "fork": task.fork,
        "vm": task.clone_vm,
        "exec": task.exec,
        "exit": task.exit,
        "reap": task.reap,
        "move": lambda: task.move_to(path),
        "make": lambda: world.make_cgroup(path),
        "remove": lambda: world.cgroup(path).remove(),
        "grow": lambda: task.grow(f"{index} MiB"),
        "shrink": lambda: task.shrink(f"{index} MiB"),
        "limit": lambda: setattr(world.cgroup(path), "max", f"{index * 3} MiB"),
    }
    outcome(calls[what])


@given(steps)
@settings(max_examples=150, deadline=None)
@example([("exit", 3, "/"), ("make", 0, "/a"), ("move", 3, "/a"), ("remove", 0, "/a")])
def test_sums_and_lists_are_right_whatever_happens(life):
    world = World("6.18", ram="60 MiB", swap="10 MiB")
    for number in range(4):
        world.spawn(f"p{number}", anon="5 MiB")
    for step in life:
        take_step(world, *step)
        assert lib.world_charges_agree(world._w)
        for task in world.tasks:
            assert task.cgroup.exists or task.is_zombie
