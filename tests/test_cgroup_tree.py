"""The cgroup tree: which files there are, what they show and take, on whose behalf; in v2 and in v1; by all doors."""

import errno
import json
import os
import select
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from doors import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproc import World, rules, scenario
from fakeproc._native import ffi, lib
from fakeproc.cgroup import EVENTS
from fakeproc.mount import mounted
from fakeproc.world import ROOT, Caller

ROOT_PATH = "/.fakeproc/cgroup"
MIB = 1 << 20
ALICE = Caller(uid=1000, gid=1000, caps=0)
RECORDED = json.loads((Path(__file__).parent / "golden/6.18-nocap/cgroup-files.json").read_text())


def put(cgroup, name, data, as_=None):
    return outcome(lambda: cgroup.write(name, data, as_))


def shown(cgroup, name):
    return outcome(lambda: cgroup.read(name))


def keyed(cgroup, name):
    return {key: int(value) for key, value in (line.split() for line in cgroup.read(name).splitlines())}


def files(world, cgroup):
    """Names and modes of its files, directories left out."""
    found = {}
    with world.open(cgroup.path_to(), os.O_RDONLY | os.O_DIRECTORY) as directory:
        for name, _ino, mode in directory.entries():
            if mode & 0o170000 == 0o100000:
                found[name] = mode & 0o7777
    return found


@pytest.fixture
def world():
    return World("6.18", ram="1 GiB", swap="512 MiB")


@pytest.fixture
def box(world):
    """An empty cgroup below the root, with all controllers."""
    return world.make_cgroup("/box")


# --- what a real 6.18 has and does ------------------------------------------------------

# Of v1: kernel memory, which is not counted here; notifications by eventfd; what is gone or was never of use.
LEFT_OUT_OF_V1 = (
    "memory.kmem.", "memory.pressure_level", "memory.move_charge_at_immigrate", "release_agent",
)  # fmt: skip


def unlike(ours, recorded):
    return {name: (ours.get(name), mode) for name, mode in recorded.items() if f"0o{ours.get(name, 0):o}" != mode}


@pytest.mark.parametrize("which", ["root", "child"])
def test_the_files_without_controllers_are_those_of_a_real_kernel(world, which):
    above = world.make_cgroup("/above")
    world.mkdir(above.path_to() + "/bare")
    here = world.cgroup("/" if which == "root" else "/above/bare")
    ours, recorded = files(world, here), RECORDED["v2"][which]
    assert unlike(ours, recorded) == {}
    more = set(ours) - set(recorded)
    assert more == ({"io.stat", "memory.stat", "memory.numa_stat", "memory.reclaim"} if which == "root" else set())


@pytest.mark.parametrize("which", ["root", "child"])
def test_the_files_of_v1_are_those_of_a_real_kernel(world, which):
    world.cgroup_version = 1
    here = world.cgroup("/") if which == "root" else world.make_cgroup("/box")
    ours, recorded = files(world, here), RECORDED["v1"][which]
    missing = {name for name in recorded if name not in ours}
    assert {name for name in missing if not name.startswith(LEFT_OUT_OF_V1)} == set()
    assert unlike(ours, {name: mode for name, mode in recorded.items() if name not in missing}) == {}
    assert set(ours) - set(recorded) == set()


def written(cgroup, name, rows):
    """What becomes of the recorded writes here, in the same shape."""
    ours = []
    for row in rows:
        result = put(cgroup, name, row[0].encode("latin-1"))
        ours.append([row[0], result, *([shown(cgroup, name)] if len(row) == 3 else [])])
    return ours


@pytest.mark.parametrize("name", RECORDED["v2"]["writes"])
def test_writes_to_v2_end_as_on_a_real_kernel(world, name):
    world.make_cgroup("/above")
    world.mkdir(f"{ROOT_PATH}/above/bare")
    rows = RECORDED["v2"]["writes"][name]
    frozen = name == "cgroup.events"  # as it was when that was recorded
    bare = world.cgroup("/above/bare")
    bare.write("cgroup.freeze", int(frozen))
    assert written(bare, name, rows) == rows


@pytest.mark.parametrize("name", RECORDED["v1"]["writes"])
def test_writes_to_v1_end_as_on_a_real_kernel(world, name):
    world.cgroup_version = 1
    rows = RECORDED["v1"]["writes"][name]
    box = world.make_cgroup("/box")
    if name == "memory.memsw.limit_in_bytes":
        box.write("memory.limit_in_bytes", "20M")
    assert written(box, name, rows) == rows


def test_v1_memory_stat_has_the_lines_of_a_real_kernel(world):
    world.cgroup_version = 1
    lines = world.make_cgroup("/box").read("memory.stat").splitlines()
    assert [line.split()[0] for line in lines] == RECORDED["v1"]["stat"]


# --- which kernel has which -------------------------------------------------------------

SINCE = {
    "4.14": ["cgroup.type", "cgroup.threads", "cgroup.stat", "cgroup.max.depth", "cgroup.max.descendants"],
    "4.19": ["cpu.stat", "cpu.weight", "cpu.max", "memory.min", "memory.swap.events", "memory.oom.group"],
    "5.4": ["cgroup.freeze", "memory.events.local", "memory.pressure", "io.pressure", "cpu.pressure"],
    "5.10": ["memory.swap.high", "memory.numa_stat"],
    "5.15": ["cgroup.kill"],
    "6.1": ["memory.peak", "memory.reclaim", "cgroup.pressure", "pids.peak"],
    "6.6": ["memory.swap.peak"],
    "6.12": ["cpu.stat.local", "pids.events.local"],
    "6.18": ["cgroup.stat.local"],
}
ALWAYS = [
    "cgroup.procs", "cgroup.controllers", "cgroup.subtree_control", "cgroup.events", "io.stat",
    "memory.current", "memory.low", "memory.high", "memory.max", "memory.events", "memory.stat",
    "memory.swap.current", "memory.swap.max", "pids.max", "pids.current", "pids.events",
]  # fmt: skip


@pytest.mark.parametrize("kernel", rules.versions())
def test_each_kernel_has_its_files(kernel):
    world = World(kernel)
    world.cgroup_version = 2
    versions = rules.versions()
    expected = set(ALWAYS)
    for since, names in SINCE.items():
        if versions.index(since) <= versions.index(kernel):
            expected |= set(names)
    assert set(files(world, world.make_cgroup("/box"))) == expected


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("4.14", {"cgroup.procs", "cgroup.controllers", "cgroup.subtree_control", "cgroup.threads", "cgroup.stat",
                  "cgroup.max.depth", "cgroup.max.descendants"}),
        ("5.10", {"cgroup.procs", "cgroup.controllers", "cgroup.subtree_control", "cgroup.threads", "cgroup.stat",
                  "cgroup.max.depth", "cgroup.max.descendants", "memory.stat", "memory.numa_stat",
                  "cpu.stat", "io.stat", "memory.pressure", "io.pressure", "cpu.pressure"}),
    ],
)  # fmt: skip
def test_the_root_has_fewer(kernel, expected):
    world = World(kernel)
    world.cgroup_version = 2
    assert set(files(world, world.cgroup("/"))) == expected


DEFAULTS = {
    "cgroup.type": "domain\n", "cgroup.procs": "", "cgroup.controllers": "cpu io memory pids\n",
    "cgroup.subtree_control": "", "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.max.depth": "max\n",
    "cgroup.max.descendants": "max\n", "cgroup.freeze": "0\n", "cgroup.kill": "EINVAL", "cgroup.pressure": "1\n",
    "cgroup.stat.local": "frozen_usec 0\n",
    "cpu.stat": "usage_usec 0\nuser_usec 0\nsystem_usec 0\nnice_usec 0\nnr_periods 0\nnr_throttled 0\n"
                "throttled_usec 0\nnr_bursts 0\nburst_usec 0\n",
    "cpu.stat.local": "throttled_usec 0\n", "cpu.weight": "100\n", "cpu.max": "max 100000\n", "io.stat": "",
    "memory.current": "0\n", "memory.peak": "0\n", "memory.min": "0\n", "memory.low": "0\n", "memory.high": "max\n",
    "memory.max": "max\n", "memory.oom.group": "0\n", "memory.reclaim": "EINVAL",
    "memory.events": "".join(f"{name} 0\n" for name in EVENTS),
    "memory.events.local": "".join(f"{name} 0\n" for name in EVENTS),
    "memory.swap.current": "0\n", "memory.swap.high": "max\n", "memory.swap.max": "max\n", "memory.swap.peak": "0\n",
    "memory.swap.events": "high 0\nmax 0\nfail 0\n", "pids.max": "max\n", "pids.current": "0\n", "pids.peak": "0\n",
    "pids.events": "max 0\n", "pids.events.local": "max 0\n",
    "memory.pressure": "".join(
        f"{kind} avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" for kind in ("some", "full")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_empty_cgroup_shows_the_defaults(box, name):
    assert shown(box, name) == DEFAULTS[name]


@pytest.mark.parametrize(
    ("kernel", "lines"),
    [
        ("4.7", "low high max oom"), ("4.14", "low high max oom oom_kill"), ("5.15", "low high max oom oom_kill"),
        ("6.1", "low high max oom oom_kill oom_group_kill"),
    ],
)  # fmt: skip
def test_memory_events_has_the_lines_of_its_kernel(kernel, lines):
    world = World(kernel)
    world.cgroup_version = 2
    assert list(keyed(world.make_cgroup("/box"), "memory.events")) == lines.split()


STAT_BEGINNINGS = {
    "4.7": "anon file kernel_stack slab sock file_mapped",
    "4.14": "anon file kernel_stack slab sock shmem file_mapped",
    "5.10": "anon file kernel_stack percpu sock shmem file_mapped",
    "5.15": "anon file kernel_stack pagetables percpu sock shmem file_mapped",
    "6.1": "anon file kernel kernel_stack pagetables sec_pagetables percpu sock vmalloc shmem zswap zswapped",
}
STAT_ENDS = {
    "4.7": "slab_unreclaimable pgfault pgmajfault",
    "4.14": "pglazyfreed workingset_refault workingset_activate workingset_nodereclaim",
    "5.4": "pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc",
    "6.1": "zswpin zswpout thp_fault_alloc thp_collapse_alloc",
    "6.12": "zswpin zswpout zswpwb thp_fault_alloc thp_collapse_alloc thp_swpout thp_swpout_fallback",
}


@pytest.mark.parametrize("kernel", rules.versions())
def test_memory_stat_has_the_lines_of_its_kernel(kernel):
    world = World(kernel)
    world.cgroup_version = 2
    names = list(keyed(world.make_cgroup("/box"), "memory.stat"))
    versions = rules.versions()

    def of(table):
        return next(table[v] for v in reversed(versions[: versions.index(kernel) + 1]) if v in table).split()

    assert names[: len(of(STAT_BEGINNINGS))] == of(STAT_BEGINNINGS)
    assert names[-len(of(STAT_ENDS)) :] == of(STAT_ENDS)
    assert len(set(names)) == len(names)


NUMA_STAT = {
    "5.10": "anon file kernel_stack shmem file_mapped file_dirty file_writeback anon_thp",
    "6.18": "anon file kernel_stack pagetables sec_pagetables shmem file_mapped file_dirty file_writeback swapcached "
            "anon_thp file_thp shmem_thp",
}  # fmt: skip
NUMA_STAT_LISTS = (
    "inactive_anon active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable "
    "workingset_refault_anon workingset_refault_file workingset_activate_anon workingset_activate_file "
    "workingset_restore_anon workingset_restore_file workingset_nodereclaim"
)


@pytest.mark.parametrize(
    ("kernel", "ends"),
    [("5.10", ""), ("6.18", "pgdemote_kswapd pgdemote_direct pgdemote_khugepaged pgdemote_proactive")],
)
def test_memory_numa_stat_has_the_lines_of_memory_stat_that_are_kept_by_node(kernel, ends):
    lines = World(kernel).make_cgroup("/box").read("memory.numa_stat").splitlines()
    assert [line.split()[0] for line in lines] == f"{NUMA_STAT[kernel]} {NUMA_STAT_LISTS} {ends}".split()
    assert {line.split(" ", 1)[1] for line in lines} == {"N0=0"}


# --- limits -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("max", "max\n"), (" max \n", "max\n"), ("1M", "1048576\n"), ("1m\n", "1048576\n"), ("4097", "4096\n"),
        ("1", "0\n"),
        ("0x1000", "4096\n"), ("010000", "4096\n"), ("\n", "0\n"), ("M", "0\n"), ("16E", "0\n"),
        ("18446744073709551615", "max\n"), ("9223372036854775807", "max\n"), ("-1", "EINVAL"), ("+1M", "EINVAL"),
        ("1.5M", "EINVAL"), ("1MB", "EINVAL"), ("1 M", "EINVAL"), ("maxx", "EINVAL"), ("MAX", "EINVAL"),
        ("1" * 4097, "E2BIG"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "name", ["memory.min", "memory.low", "memory.high", "memory.max", "memory.swap.max", "memory.swap.high"]
)
def test_a_limit_is_read_as_the_kernel_reads_it(box, name, text, result):
    before = box.read(name)
    answer = put(box, name, text)
    assert (answer, box.read(name)) == ((result, before) if result[0] == "E" else (len(text), result))


def test_what_files_and_python_say_of_a_limit_is_one_thing(box):
    box.write("memory.max", "64M")
    box.write("memory.swap.max", "0")
    assert (box.max, box.swap_max, box.high) == (64 * MIB, 0, None)
    box.max, box.low = "32 MiB", "1 MiB"
    assert (box.read("memory.max"), box.read("memory.low")) == (f"{32 * MIB}\n", f"{MIB}\n")


def test_a_limit_below_what_is_held_swaps_first_and_then_kills(world, box):
    small, large = (world.spawn(comm, anon=f"{size} MiB") for comm, size in (("small", 10), ("large", 40)))
    for task in (small, large):
        task.move_to(box)
    box.write("memory.max", "20M")
    assert box.read("memory.current") == f"{20 * MIB}\n"
    assert box.read("memory.swap.current") == f"{30 * MIB}\n"
    assert not large.is_zombie
    box.write("memory.swap.max", "30M")
    box.write("memory.max", "15M")
    assert large.is_zombie
    assert not small.is_zombie
    assert keyed(box, "memory.events")["oom_kill"] == 1


@pytest.mark.parametrize("swap", [0, "512 MiB"])
def test_nobody_is_left_where_nothing_is_allowed(swap):
    world = World("6.18", ram="1 GiB", swap=swap)
    box = world.make_cgroup("/box")
    tasks = [world.spawn(str(i), anon="10 MiB") for i in range(3)]
    for task in tasks:
        task.move_to(box)
    box.write("memory.swap.max", "0")
    box.write("memory.max", "0")
    assert [task.is_zombie for task in tasks] == [True] * 3
    assert (box.read("memory.current"), box.read("memory.max")) == ("0\n", "0\n")
    assert keyed(box, "memory.events")["oom_kill"] == 3


def test_who_cannot_die_keeps_what_it_has(world, box):
    stuck = world.spawn("stuck", anon="10 MiB")
    stuck.move_to(box)
    stuck.set_flag(lib.TASK_DSLEEP)
    box.write("memory.swap.max", "0")
    assert put(box, "memory.max", "1M") == 2
    assert (box.read("memory.max"), stuck.is_zombie) == (f"{MIB}\n", False)


def test_with_oom_group_all_die(world, box):
    tasks = [world.spawn(str(i), anon="10 MiB") for i in range(3)]
    for task in tasks:
        task.move_to(box)
    box.write("memory.oom.group", "1")
    box.write("memory.swap.max", "0")
    box.write("memory.max", "25M")
    assert all(task.is_zombie for task in tasks)
    assert keyed(box, "memory.events")["oom_group_kill"] == 1


@pytest.mark.parametrize(
    ("text", "result"), [("1", "1\n"), ("0", "0\n"), ("2", "EINVAL"), ("-1", "EINVAL"), ("x", "EINVAL")]
)
def test_oom_group_is_0_or_1(box, text, result):
    answer = put(box, "memory.oom.group", text)
    assert (answer if result[0] == "E" else box.read("memory.oom.group")) == result


def test_growth_above_high_is_counted_and_swapped_out(world, box):
    task = world.spawn("task", anon="10 MiB")
    task.move_to(box)
    box.write("memory.high", "16M")
    task.grow("10 MiB")
    assert keyed(box, "memory.events")["high"] == 1
    assert box.read("memory.current") == f"{16 * MIB}\n"
    assert box.read("memory.swap.current") == f"{4 * MIB}\n"


def swap_events(cgroup):
    events = keyed(cgroup, "memory.swap.events")
    assert events == cgroup.swap_events
    return events


def test_a_page_that_swap_max_keeps_in_ram_is_an_event_of_the_cgroup_and_of_those_above(world):
    inner = world.make_cgroup("/outer/inner", parents=True)
    hog = world.spawn("hog", anon="4 MiB")
    hog.move_to(inner)
    inner.write("memory.swap.max", "2M")
    inner.write("memory.max", "8M")
    assert not hog.grow("20 MiB")
    assert swap_events(inner) == swap_events(world.cgroup("/outer")) == {"high": 0, "max": 1, "fail": 1}


def test_swap_that_is_full_is_a_failure_but_none_of_the_limit():
    world = World("6.18", ram="1 GiB", swap="2 MiB")
    box, hog = world.make_cgroup("/box"), world.spawn("hog", anon="4 MiB")
    hog.move_to(box)
    box.write("memory.max", "8M")
    assert not hog.grow("20 MiB")
    assert swap_events(box) == {"high": 0, "max": 0, "fail": 1}


def test_who_may_not_swap_at_all_is_not_refused_anything(world, box):
    hog = world.spawn("hog", anon="4 MiB")
    hog.move_to(box)
    box.write("memory.swap.max", "0")
    box.write("memory.max", "8M")
    assert not hog.grow("20 MiB")
    assert swap_events(box) == {"high": 0, "max": 0, "fail": 0}


def test_growth_with_more_in_swap_than_swap_high_is_an_event(world, box):
    task = world.spawn("task", anon="4 MiB", swap="4 MiB")
    task.move_to(box)
    box.write("memory.swap.high", "4M")
    task.grow("1 MiB")
    box.write("memory.swap.high", "3M")
    task.grow("1 MiB")
    assert swap_events(box) == {"high": 1, "max": 0, "fail": 0}


def test_growth_against_the_limit_is_an_event_of_the_cgroup_and_of_those_above(world):
    inner = world.make_cgroup("/outer/inner", parents=True)
    outer, hog = world.cgroup("/outer"), world.spawn("hog", anon="1 MiB")
    hog.move_to(inner)
    inner.write("memory.max", "8M")
    inner.write("memory.swap.max", "0")
    assert not hog.grow("20 MiB")
    ours, theirs = keyed(inner, "memory.events"), keyed(outer, "memory.events")
    assert (ours["oom"], ours["oom_kill"]) == (1, 1)
    assert ours == theirs
    assert set(keyed(outer, "memory.events.local").values()) == {0}
    assert keyed(inner, "memory.events.local") == ours


@pytest.mark.parametrize(
    ("text", "result", "left"),
    [("4M", 2, 6), ("10M", 3, 0), ("0", 1, 10), ("11M", "EAGAIN", 0), ("x", "EINVAL", 10), ("4M swappiness=10", 16, 6),
     ("4M swappiness=201", "EINVAL", 10), ("4M swappiness=", "EINVAL", 10), ("4M x", "EINVAL", 10),
     ("4Mx", "EINVAL", 10)],
)  # fmt: skip
def test_reclaim_takes_what_is_asked_for(world, box, text, result, left):
    world.spawn("task", anon="10 MiB").move_to(box)
    assert put(box, "memory.reclaim", text) == result
    assert box.read("memory.current") == f"{left * MIB}\n"


def test_reclaim_knew_no_swappiness_until_6_9():
    world = World("6.6")
    assert put(world.make_cgroup("/box"), "memory.reclaim", "0 swappiness=10") == "EINVAL"


@pytest.mark.parametrize(("kernel", "result"), [("6.6", "EINVAL"), ("6.12", 1)])
def test_peaks_are_set_back_by_a_write_since_6_12(kernel, result):
    world = World(kernel)
    box, task = world.make_cgroup("/box"), world.spawn("task", anon="10 MiB")
    task.move_to(box)
    task.shrink("6 MiB")
    assert box.read("memory.peak") == f"{10 * MIB}\n"
    assert put(box, "memory.peak", "x") == result
    assert box.read("memory.peak") == f"{(10 if result == 'EINVAL' else 4) * MIB}\n"


# --- numbers agree ----------------------------------------------------------------------


def test_what_the_children_hold_is_what_their_parent_holds(world):
    for path, anon in (("/p/a", 10), ("/p/b", 20)):
        task = world.spawn("x", anon=f"{anon} MiB", file="1 MiB", shmem="2 MiB")
        task.set_cgroup(path)
        task.thread("t")
    parent, children = world.cgroup("/p"), [world.cgroup("/p/a"), world.cgroup("/p/b")]
    for name in ("memory.current", "memory.swap.current", "pids.current"):
        assert int(parent.read(name)) == sum(int(child.read(name)) for child in children)
    sums, parts = keyed(parent, "memory.stat"), [keyed(child, "memory.stat") for child in children]
    assert sums == {name: sum(part[name] for part in parts) for name in sums}
    assert (sums["anon"], sums["file"], sums["shmem"], sums["file_mapped"]) == (30 * MIB, 6 * MIB, 4 * MIB, 6 * MIB)
    assert (sums["kernel_stack"], int(parent.read("pids.current"))) == (4 * 4 * 4096, 4)
    assert int(parent.read("memory.current")) == sums["anon"] + sums["file"]


def by_node(cgroup):
    """{"anon": [of node 0, of node 1], ...}"""
    lines = (line.split() for line in cgroup.read("memory.numa_stat").splitlines())
    return {name: [int(word.partition("=")[2]) for word in words] for name, *words in lines}


def test_memory_numa_stat_is_memory_stat_by_the_nodes_of_the_processes(world):
    world.set_nodes("512 MiB", "512 MiB")
    parent = world.make_cgroup("/p/a", parents=True) and world.cgroup("/p")
    for comm, anon, mems in (("first", 10, 1), ("second", 20, 2), ("either", 5, 3)):
        task = world.spawn(comm, anon=f"{anon} MiB", file="1 MiB")
        task.set_cgroup("/p/a")
        lib.task_set_mems(world._w, task.id, mems)
    found, stat = by_node(parent), keyed(parent, "memory.stat")
    assert {name: sum(parts) for name, parts in found.items()} == {name: stat[name] for name in found}
    assert (found["anon"], found["file"]) == ([15 * MIB, 20 * MIB], [2 * MIB, MIB])
    assert found["kernel_stack"] == [3 * 4 * 4096, 0]
    assert {len(parts) for parts in found.values()} == {2}


def test_the_root_is_the_machine(world):
    world.set_own_pages(cache="100 MiB", slab_reclaimable="8 MiB")
    world.spawn("x", anon="10 MiB", file="1 MiB")
    stat, meminfo = keyed(world.cgroup("/"), "memory.stat"), world.read("/meminfo").decode()
    lines = {line.split(":")[0]: int(line.split()[1]) << 10 for line in meminfo.splitlines()}
    assert (stat["anon"], stat["file"]) == (lines["AnonPages"], lines["Cached"])
    assert (stat["slab_reclaimable"], stat["inactive_file"]) == (lines["SReclaimable"], lines["Inactive(file)"])
    assert (stat["kernel_stack"], stat["pagetables"]) == (lines["KernelStack"], lines["PageTables"])


def test_reclaim_is_counted_where_it_took(world, box):
    world.spawn("task", anon="10 MiB").move_to(box)
    box.write("memory.reclaim", "4M")
    stat = keyed(box, "memory.stat")
    assert (stat["pgscan"], stat["pgsteal"], stat["pgscan_direct"]) == (1024, 1024, 1024)


def test_cpu_time_stays_where_it_was_spent(world, box):
    other, task = world.make_cgroup("/other"), world.spawn("task")
    task.set_cpu(user=500, system=250)
    world.run("2 s")
    task.move_to(box)
    world.run("4 s")
    task.move_to(other)
    world.run("8 s")
    task.exit()
    task.reap()
    seen = [keyed(cgroup, "cpu.stat") for cgroup in (box, other, world.cgroup("/"))]
    assert [s["usage_usec"] for s in seen] == [3_000_000, 6_000_000, 10_500_000]
    assert [s["user_usec"] for s in seen] == [2_000_000, 4_000_000, 7_000_000]


def test_what_was_read_and_written_is_in_io_stat(world, box):
    task = world.spawn("task")
    task.move_to(box)
    task.spend(read_bytes=8192, write_bytes=4096)
    assert box.read("io.stat") == "8:0 rbytes=8192 wbytes=4096 rios=2 wios=1 dbytes=0 dios=0\n"


# --- who is in it -----------------------------------------------------------------------


def test_a_pid_that_is_written_moves_its_process(world, box):
    task = world.spawn("task")
    thread = task.thread("t")
    assert put(box, "cgroup.procs", f"{thread.pid}\n") == len(f"{thread.pid}\n")
    assert (box.read("cgroup.procs"), box.read("cgroup.threads")) == (f"{task.pid}\n", f"{task.pid}\n{thread.pid}\n")
    assert str(task.pid) not in world.cgroup("/").read("cgroup.procs").split()
    assert task.read("cgroup") == "0::/box\n"


def test_0_is_who_writes(world, box):
    shell = world.spawn("shell")
    assert put(box, "cgroup.procs", "0", shell) == 1
    assert shell.cgroup == box
    assert put(box, "cgroup.procs", "0") == "ESRCH"


@pytest.mark.parametrize(
    ("text", "result"), [("99", "ESRCH"), ("-1", "EINVAL"), ("1x", "EINVAL"), ("2", "EINVAL"), ("3", 1)]
)
def test_who_cannot_be_moved(world, box, text, result):
    world.kthread("kthreadd", 2)
    world.kthread("kworker/0:0", 3)
    assert put(box, "cgroup.procs", text) == result


def test_the_dead_are_not_told_and_stay(world, box):
    task = world.spawn("task")
    task.move_to(box)
    task.exit()
    assert (box.read("cgroup.procs"), box.read("pids.current")) == ("", "1\n")
    assert box.read("cgroup.events") == "populated 0\nfrozen 0\n"
    assert put(world.make_cgroup("/other"), "cgroup.procs", task.pid) == 1
    assert task.cgroup == box


def test_the_cgroup_of_the_dead_may_be_removed(world, box):
    task = world.spawn("task")
    task.move_to(box)
    task.exit()
    world.rmdir(f"{ROOT_PATH}/box")
    assert task.read("cgroup") == "0::/box (deleted)\n"
    assert keyed(world.cgroup("/"), "cgroup.stat")["nr_dying_descendants"] == 1
    task.reap()
    assert keyed(world.cgroup("/"), "cgroup.stat")["nr_dying_descendants"] == 0


def test_threads_stay_with_their_process(world, box):
    task, other = world.spawn("task"), world.spawn("other")
    task.move_to(box)
    assert put(box, "cgroup.threads", task.pid) == 1
    assert put(box, "cgroup.threads", other.pid) == "ENOTSUP"
    assert put(box, "cgroup.type", "threaded") == "ENOTSUP"


def test_moving_needs_write_access_above_both(world):
    for path in ("/mine", "/mine/a", "/mine/b", "/theirs"):
        world.make_cgroup(path)
    task = world.spawn("task")
    task.set_cgroup("/mine/a")
    a, b = world.cgroup("/mine/a"), world.cgroup("/mine/b")
    for path in ("/mine/a", "/mine/b", "/mine/a/cgroup.procs", "/mine/b/cgroup.procs"):
        world.chown(ROOT_PATH + path, 1000, 1000)
    world.cgroup("/mine").write("cgroup.subtree_control", "-memory -io")
    assert put(b, "cgroup.procs", task.pid, ALICE) == "EACCES"
    world.chown(f"{ROOT_PATH}/mine/cgroup.procs", 1000)
    assert put(b, "cgroup.procs", task.pid, ALICE) == len(str(task.pid))
    assert put(world.cgroup("/theirs"), "cgroup.procs", task.pid, ALICE) == "EACCES"
    assert task.cgroup == b
    assert a.read("cgroup.procs") == ""


# --- controllers ------------------------------------------------------------------------


def test_children_have_the_controllers_that_are_shared_out(world, box):
    world.mkdir(f"{ROOT_PATH}/box/child")
    child = world.cgroup("/box/child")
    assert (child.read("cgroup.controllers"), shown(child, "memory.max")) == ("", "ENOENT")
    assert put(box, "cgroup.subtree_control", "+memory +pids") == 13
    assert (box.read("cgroup.subtree_control"), child.read("cgroup.controllers")) == ("memory pids\n",) * 2
    child.write("memory.max", "1M")
    assert put(child, "cgroup.subtree_control", "+io") == "ENOENT"
    assert put(child, "cgroup.subtree_control", "+memory") == 7
    assert put(box, "cgroup.subtree_control", "-memory") == "EBUSY"
    assert put(child, "cgroup.subtree_control", "-memory") == 7
    assert put(box, "cgroup.subtree_control", "-memory -pids") == 13
    assert shown(child, "memory.max") == "ENOENT"
    box.write("cgroup.subtree_control", "+memory")
    assert child.read("memory.max") == "max\n"


def test_processes_and_children_do_not_compete(world, box):
    task = world.spawn("task")
    task.move_to(box)
    assert put(box, "cgroup.subtree_control", "+memory") == "EBUSY"
    assert put(box, "cgroup.subtree_control", "+pids +cpu") == 10
    task.move_to("/")
    assert put(box, "cgroup.subtree_control", "+memory") == 7
    assert put(box, "cgroup.procs", task.pid) == "EBUSY"
    assert put(world.cgroup("/"), "cgroup.procs", task.pid) == len(str(task.pid))


def test_a_refused_line_changes_nothing(world, box):
    for text in ("-memory +bogus", "+hugetlb -memory", "-memory memory"):
        assert put(world.cgroup("/"), "cgroup.subtree_control", text) in ("EINVAL", "ENOENT")
    assert world.cgroup("/").read("cgroup.subtree_control") == "cpu io memory pids\n"


# --- kill, freeze, forks ----------------------------------------------------------------


def test_kill_is_for_all_below(world):
    outer, inner = world.make_cgroup("/outer/inner", parents=True), None
    inner, outer = outer, world.cgroup("/outer")
    kthread = world.kthread("kthreadd")
    tasks = [world.spawn(str(i)) for i in range(4)]
    for task, cgroup in zip(tasks, (inner, outer, inner, world.cgroup("/")), strict=True):
        task.move_to(cgroup)
    kthread.move_to(outer)
    assert put(outer, "cgroup.kill", "1") == 1
    assert [task.is_zombie for task in tasks] == [True, True, True, False]
    assert (inner.read("cgroup.procs"), outer.read("cgroup.procs")) == ("", f"{kthread.pid}\n")


def test_who_is_frozen_does_not_run_and_can_be_killed(world, box):
    task, later = world.spawn("task", anon="1 MiB"), world.spawn("later")
    task.move_to(box)
    task.set_cpu(user=1000)
    world.run("1 s")
    box.write("cgroup.freeze", "1")
    world.run("1 s")
    assert box.read("cgroup.events") == "populated 1\nfrozen 1\n"
    assert keyed(box, "cpu.stat")["usage_usec"] == 1_000_000
    assert outcome(lambda: task.grow("1 MiB")) == "EBUSY"
    later.set_cpu(user=1000)
    later.move_to(box)
    world.run("1 s")
    assert keyed(box, "cpu.stat")["usage_usec"] == 1_000_000
    later.move_to("/")
    task.kill()
    assert task.is_zombie
    box.write("cgroup.freeze", "0")
    assert box.read("cgroup.events") == "populated 0\nfrozen 0\n"


def test_what_is_above_freezes_all_below(world):
    inner = world.make_cgroup("/outer/inner", parents=True)
    task, outer = world.spawn("task"), world.cgroup("/outer")
    task.move_to(inner)
    task.set_flag(lib.TASK_DSLEEP)
    outer.write("cgroup.freeze", "1")
    assert [inner.read(name) for name in ("cgroup.freeze", "cgroup.events")] == ["0\n", "populated 1\nfrozen 0\n"]
    task.set_flag(lib.TASK_DSLEEP, False)
    assert inner.read("cgroup.events") == "populated 1\nfrozen 1\n"


def test_forks_stop_at_pids_max(world, box):
    task = world.spawn("task")
    task.move_to(box)
    box.write("pids.max", "3")
    task.fork()
    task.thread()
    assert outcome(task.fork) == "EAGAIN"
    assert outcome(task.thread) == "EAGAIN"
    assert (box.read("pids.current"), box.read("pids.peak"), box.read("pids.events")) == ("3\n", "3\n", "max 2\n")


@pytest.mark.parametrize(
    ("name", "text", "result"),
    [
        ("pids.max", "5", "5\n"), ("pids.max", "max", "max\n"), ("pids.max", "-1", "EINVAL"),
        ("pids.max", "4194305", "EINVAL"),
        ("pids.max", "x", "EINVAL"), ("cpu.weight", "1", "1\n"), ("cpu.weight", "10000", "10000\n"),
        ("cpu.weight", "0", "ERANGE"),
        ("cpu.weight", "10001", "ERANGE"), ("cpu.weight", "x", "EINVAL"), ("cpu.max", "50000", "50000 100000\n"),
        ("cpu.max", "max 50000", "max 50000\n"), ("cpu.max", "50000 200000", "50000 200000\n"),
        ("cpu.max", "1", "EINVAL"),
        ("cpu.max", "50000 1", "EINVAL"), ("cpu.max", "x", "EINVAL"), ("cpu.max", "", "max 100000\n"),
    ],
)  # fmt: skip
def test_the_other_controllers_take(box, name, text, result):
    before, answer = box.read(name), put(box, name, text)
    assert (answer, box.read(name)) == ((result, before) if result[0] == "E" else (len(text), result))


# --- pressure ---------------------------------------------------------------------------


def test_a_stall_in_a_cgroup_is_one_of_those_above(world, box):
    world.now = 10**10
    world.stall("memory", "20 ms", cgroup="/box")
    for cgroup in (box, world.cgroup("/")):
        assert "total=20000\n" in cgroup.read("memory.pressure")
    assert "total=20000\n" in world.read("/pressure/memory").decode()
    assert "total=20000\n" not in world.make_cgroup("/other").read("memory.pressure")


def test_a_cgroup_has_triggers_of_its_own(world, box):
    with world.open(box.path_to("memory.pressure"), os.O_RDWR) as file:
        file.write(b"some 100000 1000000\n")
        world.set_pressure("memory", 50, cgroup="/other" if world.make_cgroup("/other") else None)
        world.run("3 s")
        assert not lib.file_poll(file._f) & select.POLLPRI
        world.set_pressure("memory", 50, cgroup="/box")
        world.run("3 s")
        assert lib.file_poll(file._f) & select.POLLPRI


def test_pressure_can_be_switched_off(world, box):
    box.write("cgroup.pressure", "0")
    assert shown(box, "memory.pressure") == "ENOENT"
    box.write("cgroup.pressure", "1")
    assert shown(box, "memory.pressure") == DEFAULTS["memory.pressure"]


# --- names: by all doors ---------------------------------------------------------------


@pytest.fixture
def shared(door, world):
    """The same world, through each door."""
    door.use(world)
    return door


def test_directories_are_made_and_removed(shared, world):
    shared.call("mkdir", f"{ROOT_PATH}/a")
    shared.call("mkdir", f"{ROOT_PATH}/a/b")
    assert world.cgroup("/a/b").exists
    assert "b" in shared.listdir(f"{ROOT_PATH}/a")
    assert outcome(lambda: shared.call("rmdir", f"{ROOT_PATH}/a")) == "EBUSY"
    shared.call("rmdir", f"{ROOT_PATH}/a/b")
    shared.call("rmdir", f"{ROOT_PATH}/a")
    assert [child.path for child in world.cgroup("/").children] == []
    assert outcome(lambda: shared.stat(f"{ROOT_PATH}/a")) == "ENOENT"


@pytest.mark.parametrize(
    ("call", "path", "error"),
    [
        ("mkdir", "/box", "EEXIST"), ("mkdir", "/box/cgroup.procs", "EEXIST"), ("mkdir", "/nosuch/a", "ENOENT"),
        ("mkdir", "/box/cgroup.procs/a", "ENOTDIR"), ("mkdir", "/box/a\nb", "EINVAL"), ("rmdir", "/nosuch", "ENOENT"),
        ("rmdir", "/box/cgroup.procs", "ENOTDIR"), ("rmdir", "/full", "EBUSY"),
        ("unlink", "/box/cgroup.procs", "EPERM"),
        ("unlink", "/box", "EISDIR"),
    ],
)  # fmt: skip
def test_what_is_refused(shared, world, box, call, path, error):
    world.spawn("task").set_cgroup("/full")
    before = [child.path for child in world.cgroup("/").children]
    assert outcome(lambda: shared.call(call, ROOT_PATH + path)) == error
    assert [child.path for child in world.cgroup("/").children] == before


def test_only_directories_can_be_made_and_nothing_renamed(mount_door, world, box):
    mount_door.use(world)
    mount_door.mount.caller(ROOT)
    root = mount_door.mount.path + ROOT_PATH
    assert outcome(lambda: os.rename(f"{root}/box", f"{root}/other")) == "EPERM"
    assert outcome(lambda: os.rename(f"{root}/box/cgroup.procs", f"{root}/box/x")) == "EPERM"
    assert outcome(lambda: os.open(f"{root}/box/x", os.O_CREAT | os.O_WRONLY)) == "EACCES"
    assert outcome(lambda: os.mknod(f"{root}/box/x")) == "EACCES"
    assert outcome(lambda: os.symlink("x", f"{root}/box/x")) == "EPERM"
    assert outcome(lambda: os.link(f"{root}/box/cgroup.procs", f"{root}/box/x")) == "EPERM"
    assert os.listdir(f"{root}/box") == [name for name in world.listdir(box.path_to()) if name not in (".", "..")]


def test_depth_and_number_are_limited(world, box):
    box.write("cgroup.max.depth", "2")
    box.write("cgroup.max.descendants", "3")
    world.mkdir(f"{ROOT_PATH}/box/a")
    world.mkdir(f"{ROOT_PATH}/box/a/b")
    assert outcome(lambda: world.mkdir(f"{ROOT_PATH}/box/a/b/c")) == "EAGAIN"
    world.mkdir(f"{ROOT_PATH}/box/c")
    assert outcome(lambda: world.mkdir(f"{ROOT_PATH}/box/d")) == "EAGAIN"
    assert keyed(box, "cgroup.stat")["nr_descendants"] == 3


def test_who_made_it_owns_it_and_others_may_not(shared, world):
    world.mkdir(f"{ROOT_PATH}/alice")
    world.chown(f"{ROOT_PATH}/alice", 1000, 1000)
    assert outcome(lambda: shared.call("mkdir", f"{ROOT_PATH}/bob", as_=ALICE)) == "EACCES"
    shared.call("mkdir", f"{ROOT_PATH}/alice/sub", 0o750, as_=ALICE)
    assert shared.stat(f"{ROOT_PATH}/alice/sub") == (0o40750, 1000, 1000)
    assert shared.stat(f"{ROOT_PATH}/alice/sub/cgroup.procs") == (0o100644, 1000, 1000)
    assert outcome(lambda: shared.call("rmdir", f"{ROOT_PATH}/alice", as_=ALICE)) == "EACCES"
    shared.call("rmdir", f"{ROOT_PATH}/alice/sub", as_=ALICE)


def test_modes_and_owners_can_be_changed(shared, box):
    path = box.path_to("memory.max")
    assert outcome(lambda: shared.call("chown", path, 1000, -1, as_=ALICE)) == "EPERM"
    shared.call("chown", path, 1000, -1)
    shared.call("chmod", path, 0o600, as_=ALICE)
    assert shared.stat(path) == (0o100600, 1000, 0)
    assert shared.stat(box.path_to()) == (0o40755, 0, 0)
    assert put(box, "memory.max", "5M", ALICE) == 2
    assert put(box, "memory.low", "5M", ALICE) == "EACCES"
    assert outcome(lambda: shared.call("chmod", box.path_to(), 0o700, as_=ALICE)) == "EPERM"


def test_a_closed_directory_cannot_be_looked_into(world, box):
    world.chmod(box.path_to(), 0o700)
    assert outcome(lambda: box.read("memory.max", ALICE)) == "EACCES"
    assert box.read("memory.max") == "max\n"


def test_all_is_of_who_mounted_unless_it_was_made_by_another(world, box):
    lib.world_set_control(world._w, ffi.NULL, ffi.NULL, ffi.NULL, 1000, 1001)
    status = world.stat(box.path_to("memory.max"))
    assert (status.uid, status.gid) == (1000, 1001)
    assert put(box, "memory.max", "5M", ALICE) == 2


def test_inode_numbers_and_links(world):
    world.make_cgroup("/a/b", parents=True)
    world.make_cgroup("/a/c")
    directories = [f"{ROOT_PATH}{path}" for path in ("", "/a", "/a/b", "/a/c")]
    paths = [f"{d}/{name}" for d in directories for name in world.listdir(d) if name not in (".", "..", "a", "b", "c")]
    numbers = [world.stat(path).ino for path in paths + directories]
    assert len(set(numbers)) == len(numbers)
    assert [world.stat(path).ino for path in paths + directories] == numbers
    assert [world.stat(path).nlink for path in directories] == [3, 4, 2, 2]


def test_a_listing_goes_on_where_names_come_and_go(world):
    for i in range(6):
        world.make_cgroup(f"/{i}")
    with world.open(ROOT_PATH, os.O_RDONLY | os.O_DIRECTORY) as directory:
        names = []
        for name, _ino, mode in directory.entries():
            if mode & 0o170000 == 0o040000 and name not in (".", ".."):
                names.append(name)
                world.cgroup(f"/{name}").remove()
                if name == "2":
                    world.make_cgroup("/late")
    assert names == ["0", "1", "2", "3", "4", "5", "late"]


# --- a cgroup that is gone --------------------------------------------------------------


def test_open_files_of_one_that_was_removed_answer_enodev(world, box):
    reads, writes = (world.open(box.path_to(name), flags) for name, flags in (("cgroup.events", 0), ("memory.max", 1)))
    pressure = world.open(box.path_to("memory.pressure"), os.O_RDWR)
    reads.read(100)
    world.rmdir(box.path_to())
    world.make_cgroup("/box")
    assert [outcome(lambda f=f: f.pread(100, 0)) for f in (reads, pressure)] == ["ENODEV"] * 2
    assert [outcome(lambda f=f: f.write(b"1")) for f in (writes, pressure)] == ["ENODEV"] * 2
    assert lib.file_poll(reads._f) & (select.POLLERR | select.POLLPRI)


def test_a_removed_one_is_empty(world, box):
    with world.open(box.path_to(), os.O_RDONLY | os.O_DIRECTORY) as directory:
        world.rmdir(box.path_to())
        assert outcome(lambda: directory.open_at("memory.max")) == "ENOENT"
        assert {name for name, _, _ in directory.entries()} <= {".", ".."}


# --- notifications ----------------------------------------------------------------------

CHANGED = select.POLLERR | select.POLLPRI


def polled(file):
    return bool(lib.file_poll(file._f) & CHANGED)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cgroup.events", lambda world, box, task: task.exit()),
        ("cgroup.events", lambda world, box, task: task.move_to("/")),
        ("cgroup.events", lambda world, box, task: box.write("cgroup.freeze", "1")),
        ("memory.events", lambda world, box, task: outcome(lambda: task.grow("1 GiB"))),
        ("memory.events.local", lambda world, box, task: outcome(lambda: task.grow("1 GiB"))),
        ("memory.swap.events", lambda world, box, task: (box.write("memory.swap.max", "1M"), task.grow("1 GiB"))),
        ("pids.events", lambda world, box, task: (box.write("pids.max", 1), outcome(task.fork))),
    ],
)
def test_a_poll_tells_of_a_change_until_it_is_read(world, box, name, change):
    task = world.spawn("task", anon="1 MiB")
    task.move_to(box)
    box.write("memory.swap.max", "0")
    box.write("memory.max", "8M")
    with world.open(box.path_to(name)) as file:
        assert polled(file)
        file.pread(4096, 0)
        assert not polled(file)
        change(world, box, task)
        assert polled(file)
        file.pread(4096, 0)
        assert not polled(file)


def test_who_polls_a_mount_is_woken(mount_door, world, box):
    mount_door.use(world)
    mount_door.mount.caller(ROOT)
    task = world.spawn("task")
    task.move_to(box)
    fd = os.open(mount_door.mount.path + box.path_to("cgroup.events"), os.O_RDONLY)
    try:
        os.read(fd, 100)
        poll = select.poll()
        poll.register(fd, select.POLLPRI)
        assert poll.poll(0) == []
        threading.Timer(0.2, task.exit).start()  # nobody asks the mount for anything then
        assert poll.poll(20_000) == [(fd, CHANGED)]
        assert os.pread(fd, 100, 0) == b"populated 0\nfrozen 0\n"
    finally:
        os.close(fd)


# --- extended attributes ----------------------------------------------------------------


def test_attributes_are_kept(shared, box):
    for path in (box.path_to(), box.path_to("memory.max")):
        shared.call("setxattr", path, "user.oomd_avoid", b"1")
        shared.call("setxattr", path, "trusted.oomd_prefer", b"")
        assert shared.call("getxattr", path, "user.oomd_avoid") == b"1"
        assert shared.call("getxattr", path, "trusted.oomd_prefer") == b""
        assert shared.call("listxattr", path) == ["user.oomd_avoid", "trusted.oomd_prefer"]
        shared.call("removexattr", path, "user.oomd_avoid")
        assert shared.call("listxattr", path) == ["trusted.oomd_prefer"]


@pytest.mark.parametrize(
    ("call", "words", "result"),
    [
        ("getxattr", ("user.none",), "ENODATA"), ("removexattr", ("user.none",), "ENODATA"),
        ("setxattr", ("user.there", b"x", os.XATTR_CREATE), "EEXIST"),
        ("setxattr", ("user.none", b"x", os.XATTR_REPLACE), "ENODATA"),
        ("setxattr", ("user.there", b"x", os.XATTR_REPLACE), None), ("setxattr", ("nothing", b"x"), "ENOTSUP"),
        ("setxattr", ("system.x", b"x"), "ENOTSUP"), ("setxattr", ("user.", b"x"), "EINVAL"),
        ("setxattr", ("user.big", b"x" * 65536), None), ("setxattr", ("user.big", b"x" * 65537), "E2BIG"),
        ("setxattr", ("user." + "n" * 250, b""), None), ("setxattr", ("user." + "n" * 251, b""), "ERANGE"),
    ],
)  # fmt: skip
def test_attributes_answer_as_kernfs(shared, box, call, words, result):
    shared.call("setxattr", box.path_to(), "user.there", b"1")
    assert outcome(lambda: shared.call(call, box.path_to(), *words)) == result


def test_what_users_can_keep_is_limited(world, box):
    path = box.path_to()

    def put_one(name, value=b""):
        return outcome(lambda: world.setxattr(path, name, value))

    assert [put_one(f"user.{i}") for i in range(129)] == [None] * 128 + ["ENOSPC"]
    assert [put_one(f"trusted.{i}", b"x" * 65536) for i in range(200)] == [None] * 200
    for i in range(128):
        world.removexattr(path, f"user.{i}")
    assert [put_one(f"user.{i}", b"x" * 65536) for i in range(3)] == [None, None, "ENOSPC"]


def test_trusted_is_for_admins(world, box):
    box_path = box.path_to()
    world.setxattr(box_path, "trusted.a", b"1")
    world.chown(box_path, 1000, 1000)
    assert outcome(lambda: world.getxattr(box_path, "trusted.a", ALICE)) == "ENODATA"
    assert outcome(lambda: world.setxattr(box_path, "trusted.a", b"2", as_=ALICE)) == "EPERM"
    assert world.listxattr(box_path, ALICE) == []
    world.setxattr(box_path, "user.a", b"2", as_=ALICE)
    assert world.listxattr(box_path) == ["user.a", "trusted.a"]
    stranger = Caller(uid=1001, gid=1001, caps=0)
    assert outcome(lambda: world.setxattr(box_path, "user.a", b"3", as_=stranger)) == "EACCES"


def test_users_had_none_until_5_7_and_procfs_never(world):
    old = World("5.4")
    old.make_cgroup("/box")
    assert outcome(lambda: old.setxattr(f"{ROOT_PATH}/box", "user.a", b"")) == "ENOTSUP"
    old.setxattr(f"{ROOT_PATH}/box", "trusted.a", b"")
    assert outcome(lambda: world.setxattr("/1/comm", "user.a", b"")) == "ENOTSUP"
    assert outcome(lambda: world.getxattr("/1/comm", "user.a")) == "ENOTSUP"
    assert world.listxattr("/1/comm") == []


# --- v1 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel", "version"), [("4.7", 1), ("4.14", 1), ("4.19", 2), ("6.18", 2)])
def test_old_kernels_show_v1(kernel, version):
    world = World(kernel)
    world.make_cgroup("/box")
    assert world.cgroup_version == version
    assert ("memory" in world.listdir(ROOT_PATH)) == (version == 1)
    task = world.spawn("task")
    task.set_cgroup("/box")
    assert task.read("cgroup") == ("1:memory:/box\n" if version == 1 else "0::/box\n")
    assert ("/sys/fs/cgroup/memory" in task.read("mounts")) == (version == 1)
    row = next(line.split() for line in world.read("/cgroups").decode().splitlines() if line.startswith("memory"))
    assert row == ["memory", "1" if version == 1 else "0", "2", "1"]


@pytest.mark.parametrize(("says", "kernel", "version"), [("v2", "4.8", 2), ("v1", "6.18", 1)])
def test_a_scenario_says_which_version(says, kernel, version):
    text = f'[machine]\nkernel = "{kernel}"\ncgroups = "{says}"\n[[process]]\ncomm = "a"\ncgroup = "/box"\n'
    assert scenario.loads(text).build().cgroup_version == version


def test_a_scenario_says_the_limits():
    text = '[[cgroup]]\npath = "/box"\nhigh = "5 MiB"\nlow = "1 MiB"\nswap_max = 0\n[[process]]\ncomm = "a"\n'
    box = scenario.loads(text).build().cgroup("/box")
    assert (box.high, box.low, box.swap_max, box.max) == (5 * MIB, MIB, 0, None)


EVERY_LIMIT = (
    'limit = "9 MiB", oom_group = true, min = "1 MiB", low = "2 MiB", high = "8 MiB", swap_high = "4 MiB", swap_max = 0'
)


def limits(cgroup):
    sizes = (cgroup.max, cgroup.min, cgroup.low, cgroup.high, cgroup.swap_high, cgroup.swap_max)
    return [size if size is None else size // MIB for size in sizes] + [cgroup.oom_group]


def test_an_event_says_all_that_a_cgroup_of_a_scenario_can():
    table = EVERY_LIMIT.replace(", ", "\n")
    begun = scenario.loads(f'[[cgroup]]\npath = "/box"\n{table}\n[[process]]\ncomm = "a"\n')
    later = scenario.loads(f'[[process]]\ncomm = "a"\n[[event]]\nset_cgroup = {{ path = "/box", {EVERY_LIMIT} }}\n')
    first, second = begun.build(), later.build()
    list(later.play(second))
    assert limits(first.cgroup("/box")) == limits(second.cgroup("/box")) == [9, 1, 2, 8, 4, 0, True]


def test_an_event_takes_a_limit_of_a_cgroup_away_and_leaves_the_others():
    text = '[[cgroup]]\npath = "/box"\nhigh = "8 MiB"\nlow = "2 MiB"\n[[process]]\ncomm = "a"\n'
    described = scenario.loads(f'{text}[[event]]\nset_cgroup = {{ path = "/box", high = "max" }}\n')
    world = described.build()
    list(described.play(world))
    assert limits(world.cgroup("/box")) == [None, 0, 2, None, None, None, False]


def v1_box(kernel="4.8", swap=0):
    world = World(kernel, ram="1 GiB", swap=swap)
    box, task = world.make_cgroup("/box"), world.spawn("task", anon="10 MiB", file="2 MiB")
    task.move_to(box)
    return world, box, task


def test_v1_tells_usage_and_limits():
    _, box, task = v1_box()
    task.shrink("4 MiB")
    names = ("usage_in_bytes", "max_usage_in_bytes", "limit_in_bytes", "memsw.usage_in_bytes", "memsw.limit_in_bytes")
    assert [int(box.read(f"memory.{name}")) for name in names] == [
        8 * MIB,
        12 * MIB,
        (1 << 63) - 4096,
        8 * MIB,
        (1 << 63) - 4096,
    ]
    assert box.read("cgroup.procs") == box.read("tasks") == f"{task.pid}\n"
    assert box.read("memory.oom_control") == "oom_kill_disable 0\nunder_oom 0\n"


def test_v1_kills_nobody_for_a_limit_that_is_set():
    _, box, task = v1_box()
    assert put(box, "memory.limit_in_bytes", "4M") == "EBUSY"
    assert not task.is_zombie
    assert int(box.read("memory.limit_in_bytes")) == (1 << 63) - 4096


def test_v1_kills_who_grows_beyond_a_limit():
    _, box, task = v1_box()
    box.write("memory.limit_in_bytes", "20M")
    assert not task.grow("40 MiB")
    assert int(box.read("memory.failcnt")) > 0
    box.write("memory.failcnt", "0")
    assert box.read("memory.failcnt") == "0\n"


def test_v1_limits_ram_and_swap_together():
    world, box, task = v1_box(swap="512 MiB")
    box.write("memory.limit_in_bytes", "20M")
    box.write("memory.memsw.limit_in_bytes", "30M")
    task.grow("15 MiB")
    assert int(box.read("memory.memsw.usage_in_bytes")) <= 30 * MIB
    assert not task.grow("40 MiB")
    assert "Memory cgroup out of memory" in "".join(record.text for record in world.kmsg)


def test_v1_memory_stat_tells_its_own_and_all():
    world, box, _ = v1_box()
    inner = world.spawn("inner", anon="4 MiB")
    inner.set_cgroup("/box/inner")
    box.write("memory.limit_in_bytes", "64M")
    stat = keyed(box, "memory.stat")
    assert (stat["rss"], stat["total_rss"], stat["cache"]) == (10 * MIB, 14 * MIB, 2 * MIB)
    assert keyed(world.cgroup("/box/inner"), "memory.stat")["hierarchical_memory_limit"] == 64 * MIB


def test_v1_memory_numa_stat_tells_pages_by_list_its_own_and_all():
    world, box, task = v1_box()
    task.set_memory_kept(anon_locked=256)
    world.spawn("inner", anon="4 MiB").set_cgroup("/box/inner")
    assert box.read("memory.numa_stat").splitlines() == [
        *("total=3072 N0=3072", "file=512 N0=512", "anon=2304 N0=2304", "unevictable=256 N0=256"),
        *("hierarchical_total=4096 N0=4096", "hierarchical_file=512 N0=512"),
        *("hierarchical_anon=3328 N0=3328", "hierarchical_unevictable=256 N0=256"),
    ]


def test_v1_lets_the_owner_of_a_process_move_it():
    world, box, task = v1_box()
    world.chmod(box.path_to("cgroup.procs"), 0o666)
    assert put(box, "cgroup.procs", 1, ALICE) == "EACCES"
    task.setuid(1000, 1000)
    task.move_to("/")
    assert put(box, "cgroup.procs", task.pid, ALICE) == len(str(task.pid))


def test_v1_shows_who_exits_at_the_root():
    _, _, task = v1_box()
    task.exit()
    assert task.read("cgroup") == "1:memory:/\n"


# --- bind mounts ------------------------------------------------------------------------


def test_bound_over_sys_fs_cgroup_it_is_a_tree_of_its_own(fuse, world, tmp_path):
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("binding a mount needs root and unshare(1)")
    world.spawn("task").set_cgroup("/box")
    point = tmp_path / "proc"
    point.mkdir()
    script = (
        f"mount --bind {point}{ROOT_PATH} /sys/fs/cgroup && cd /sys/fs/cgroup && cat box/cgroup.events && mkdir box/sub"
        " && cat cgroup.controllers && echo 5M > box/memory.high && cat box/memory.high && rmdir box/sub"
    )
    with mounted(world, point):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == "populated 1\nfrozen 0\ncpu io memory pids\n5242880\n"


# --- hostile bytes ----------------------------------------------------------------------

WRITABLE = [name for name, text in DEFAULTS.items() if name not in ("cgroup.kill",)]
WORDS = st.sampled_from(
    [b"max", b"0", b"1", b"-", b"+", b"memory", b" ", b"\n", b"\0", b"M", b"swappiness=", b"0x", b"9" * 20]
)
BYTES = st.one_of(
    st.binary(max_size=40), st.lists(WORDS, max_size=6).map(b"".join), st.binary(min_size=4097, max_size=4100)
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(WRITABLE)), BYTES)
def test_any_bytes_are_understood_or_change_nothing(name, data):
    world = World("6.18", ram="64 MiB")
    box = world.make_cgroup("/box")
    before = {file: shown(box, file) for file in DEFAULTS}
    answer = put(box, name, data)
    after = {file: shown(box, file) for file in DEFAULTS}
    if answer == len(data):
        assert {file for file in after if after[file] != before[file]} <= {
            name,
            "cgroup.controllers",
            "cgroup.events",
            "memory.pressure",
            "pids.current",
            "pids.peak",
        }
        return
    assert answer in {"EINVAL", "ERANGE", "E2BIG", "ENOENT", "ESRCH", "EAGAIN", "ENOTSUP", "EBUSY", "EACCES"}
    assert after == before


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(RECORDED["v1"]["writes"])), BYTES)
def test_any_bytes_are_understood_by_v1_or_change_nothing(name, data):
    world = World("4.8", ram="64 MiB")
    box = world.make_cgroup("/box")
    before = shown(box, name)
    answer = put(box, name, data)
    assert answer == len(data) or (answer in {"EINVAL", "ERANGE", "E2BIG", "ESRCH"} and shown(box, name) == before)


NAMES = st.one_of(
    st.binary(min_size=1, max_size=20), st.sampled_from([b".", b"..", b"x" * 255, b"x" * 256, b"a\nb", b"cgroup.procs"])
)


@settings(max_examples=200, deadline=None)
@given(NAMES)
def test_any_name_is_made_once_or_refused(name):
    world = World("6.18")
    path = ROOT_PATH.encode() + b"/" + name
    if b"\0" in name:
        return
    answer = outcome(lambda: world.mkdir(path))
    if answer is None:
        assert outcome(lambda: world.mkdir(path)) == "EEXIST"
        world.rmdir(path)
    else:
        assert answer in {"EEXIST", "EINVAL", "ENAMETOOLONG", "ENOENT", "ENOTDIR"}
    assert world.cgroup("/").children == []


ATTRIBUTE = st.tuples(
    st.sampled_from(["user.a", "user.b", "trusted.a", "user.", "x"]),
    st.binary(max_size=8),
    st.sampled_from([0, 1, 2, 3]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ATTRIBUTE, max_size=8))
def test_attributes_are_a_dictionary(changes):
    world = World("6.18")
    world.make_cgroup("/box")
    kept = {}
    for name, value, flags in changes:
        if (
            outcome(lambda name=name, value=value, flags=flags: world.setxattr(f"{ROOT_PATH}/box", name, value, flags))
            is None
        ):
            kept[name] = value
    assert {name: world.getxattr(f"{ROOT_PATH}/box", name) for name in world.listxattr(f"{ROOT_PATH}/box")} == kept


# --- halted -----------------------------------------------------------------------------


def test_after_a_panic_all_can_be_read_and_nothing_changes(world, box):
    world.set_sysctl(panic_on_oom=2)
    world.oom(world.init)
    assert world.panic
    assert outcome(lambda: world.mkdir(f"{ROOT_PATH}/a")) == errno.errorcode[errno.EHOSTDOWN]
    assert put(box, "memory.max", "1M") == "EHOSTDOWN"
    assert outcome(lambda: world.setxattr(box.path_to(), "user.a", b"")) == "EHOSTDOWN"
    assert box.read("memory.max") == "max\n"
