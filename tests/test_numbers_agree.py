"""Numbers that agree: in random worlds, after every step, the machine's files are the sum over its processes."""

import pytest
from doors import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproc import World
from fakeproc._native import lib
from fakeproc.world import OwnPages

MIB = 256  # pages
KERNELS = ["4.7", "4.8", "5.4", "6.18"]
RAM, SWAP = 100 * MIB, 30 * MIB
STACK = 4  # pages a task


def named(world, path):
    """Files of lines 'Name: 123 kB' or 'name 123'."""
    lines = (line.replace(":", " ").split() for line in world.read(path).decode().splitlines())
    return {words[0]: int(words[1]) for words in lines if words[1:] and words[1].isdigit()}


def meminfo(world):
    return named(world, "/meminfo")


def vmstat(world):
    return named(world, "/vmstat")


def owners(world):
    """One task of each mm."""
    found = {}
    for leader in world.processes:
        for task in leader.threads:
            if task.info.mm:
                found.setdefault(task.info.mm, task)
    return list(found.values())


def status(task):
    fields = {
        name: rest.split() for name, _, rest in (line.partition(":") for line in task.read("status").splitlines())
    }
    return {name: int(words[0]) for name, words in fields.items() if words and words[0].isdigit()}


def rollup(task):
    """smaps_rollup of a task with an mm."""
    lines = (line.split() for line in task.read("smaps_rollup").splitlines()[1:])
    return {words[0].rstrip(":"): int(words[1]) for words in lines}


# --- what must be so ---------------------------------------------------------------------


def check_processes(world):
    """meminfo is the sum over statm and status of one task of each mm."""
    tasks, info = owners(world), meminfo(world)
    statm = [list(map(int, task.read("statm").split())) for task in tasks]
    states = [status(task) for task in tasks]
    memories = [task.memory for task in tasks]
    assert info["AnonPages"] + info["Mapped"] == sum(words[1] for words in statm) * 4
    assert info["AnonPages"] == sum(state.get("RssAnon", m.anon * 4) for state, m in zip(states, memories, strict=True))
    if "smaps_rollup" in world.listdir(tasks[0].path("")):
        rollups = [rollup(task) for task in tasks]
        assert [found["Rss"] for found in rollups] == [words[1] * 4 for words in statm]
        assert [found["Swap"] for found in rollups] == [memory.swapents * 4 for memory in memories]
    assert info["Shmem"] == sum(memory.shmem for memory in memories) * 4
    swapped = sum(state["VmSwap"] for state in states)  # forks may hold more than there is
    assert info["SwapTotal"] - info["SwapFree"] == min(swapped, info["SwapTotal"])
    assert info["PageTables"] == sum(memory.ptes + memory.pmds for memory in memories) * 4
    assert info["KernelStack"] == world.task_count * STACK * 4
    assert info["Committed_AS"] == sum(m.anon + m.swapents + m.shmem for m in memories) * 4


def check_meminfo(world):
    """Its lines are one sum."""
    info, own = meminfo(world), world.own_pages
    used = (
        info["AnonPages"] + info["Cached"] + info["Buffers"] + info["Slab"] + info["PageTables"] + info["KernelStack"]
    )
    assert info["MemFree"] == max(0, info["MemTotal"] - used)
    assert info["Cached"] == info["Mapped"] + own.cache * 4
    assert info["Active"] == info["Active(anon)"] + info["Active(file)"]
    assert info["Inactive"] == info["Inactive(anon)"] + info["Inactive(file)"]
    lists = info["Active"] + info["Inactive"] + info["Unevictable"]
    assert lists == info["AnonPages"] + info["Cached"] + info["Buffers"]
    assert info["Slab"] == info["SReclaimable"] + info["SUnreclaim"]
    assert info["Dirty"] <= own.cache * 4
    assert info["MemAvailable"] == available(world, info)
    assert info["DirectMap4k"] + info["DirectMap2M"] + info["DirectMap1G"] == info["MemTotal"]


def available(world, info):
    """si_mem_available(), with the watermarks that zoneinfo shows."""
    low = reserve = 0
    for zone in world.read("/zoneinfo").decode().split("Node ")[1:]:
        lines = {words[0]: words for words in (line.split() for line in zone.splitlines()) if words}
        low += int(lines["low"][1])
        kept = int(lines["protection:"][2].rstrip(")")) + int(lines["high"][1])
        reserve += min(kept, int(lines["managed"][1]))
    files = (info["Active(file)"] + info["Inactive(file)"]) // 4
    slab = info["SReclaimable"] // 4
    pages = info["MemFree"] // 4 - reserve + files - min(files // 2, low) + slab - min(slab // 2, low)
    return max(0, pages) * 4


SAME = {
    "nr_free_pages": "MemFree",
    "nr_anon_pages": "AnonPages",
    "nr_mapped": "Mapped",
    "nr_shmem": "Shmem",
    "nr_dirty": "Dirty",
    "nr_inactive_anon": "Inactive(anon)",
    "nr_active_anon": "Active(anon)",
    "nr_inactive_file": "Inactive(file)",
    "nr_active_file": "Active(file)",
    "nr_unevictable": "Unevictable",
    "nr_mlock": "Mlocked",
    "nr_slab_reclaimable": "SReclaimable",
    "nr_slab_unreclaimable": "SUnreclaim",
    "nr_page_table_pages": "PageTables",
}


def check_vmstat(world):
    stat, info = vmstat(world), meminfo(world)
    assert {name: stat[name] * 4 for name in SAME} == {name: info[line] for name, line in SAME.items()}
    assert stat["nr_file_pages"] * 4 == info["Cached"] + info["Buffers"]
    assert stat["nr_kernel_stack"] == info["KernelStack"]
    if "pgsteal_anon" in stat:
        assert stat["pgsteal_anon"] + stat["pgsteal_file"] == stat["pgsteal_kswapd"] + stat["pgsteal_direct"]
    zones = world.read("/zoneinfo").decode().splitlines()
    assert sum(int(line.split()[1]) for line in zones if "nr_free_pages" in line) == stat["nr_free_pages"]
    blocks = [line.split()[4:] for line in world.read("/buddyinfo").decode().splitlines()]
    assert sum(int(n) << order for zone in blocks for order, n in enumerate(zone)) == stat["nr_free_pages"]


def check_swaps(world):
    info, lines = meminfo(world), world.read("/swaps").decode().splitlines()
    size, used = map(int, lines[1].split()[2:4])
    assert (size, size - used) == (info["SwapTotal"], info["SwapFree"])


def check_clock(world):
    """stat, uptime, loadavg, the clock and the tasks' time."""
    cpus = [line.split() for line in world.read("/stat").decode().splitlines() if line.startswith("cpu")]
    times = [list(map(int, words[1:])) for words in cpus]
    uptime, idle = (float(word) for word in world.read("/uptime").split())
    assert uptime == world.now // 10**7 / 100
    assert times[0] == [sum(column) for column in zip(*times[1:], strict=True)]
    assert times[0][0] == world.spent.utime // 10**7
    assert times[0][3] == round(idle * 100)
    assert all(sum(time) >= round(uptime * 100) for time in times[1:])
    assert all(sum(time) == round(uptime * 100) or time[3] == 0 for time in times[1:])
    states = [task.state for task in world.tasks]
    assert world.read("/loadavg").decode().split()[3] == f"{states.count('R')}/{world.task_count}"
    assert named(world, "/stat")["procs_running"] == states.count("R")
    assert named(world, "/stat")["procs_blocked"] == states.count("D")


CHECKS = [check_processes, check_meminfo, check_vmstat, check_swaps, check_clock]


def check_all(world):
    for check in CHECKS:
        check(world)
    assert lib.world_charges_agree(world._w)


# --- random worlds -------------------------------------------------------------------------

LIVES = ["grow", "fork", "vm", "thread", "exec", "exit", "touch", "swap_out", "kill", "shrink", "lock", "state", "cpu"]
STEPS = [*LIVES, "drop", "own", "limit", "move", "swappiness", "run"]
steps = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(STEPS), st.integers(0, 60)), max_size=20)


def take_step(world, number, what, size):
    tasks = [task for leader in world.processes for task in leader.threads]
    task = tasks[number % len(tasks)]
    calls = {
        "grow": lambda: task.grow(f"{size} MiB"),
        "fork": lambda: task.fork("child"),
        "vm": lambda: task.clone_vm("sharer"),
        "thread": lambda: task.thread("thread"),
        "exec": lambda: task.exec("other").set_sizes(anon=f"{size // 10} MiB", file=f"{size // 8} MiB"),
        "exit": task.exit,
        "touch": task.touch,
        "swap_out": lambda: task.swap_out(f"{size} MiB"),
        "kill": task.kill,
        "shrink": lambda: task.shrink(f"{size} MiB"),
        "drop": lambda: world.drop_caches(size % 3 + 1),
        "own": lambda: world.set_own_pages(
            cache=f"{size} MiB",
            dirty=f"{size // 3} MiB",
            buffers=f"{size // 9} MiB",
            slab_reclaimable=f"{size // 5} MiB",
        ),
        "limit": lambda: world.limit_cgroup("/box", f"{size} MiB"),
        "move": lambda: task.set_cgroup("/box"),
        "swappiness": lambda: world.set_sysctl(swappiness=size),
        "lock": lambda: task.set_memory_kept(anon_locked=min(task.memory.anon, size)),
        "cpu": lambda: task.set_cpu(size * 10, size),
        "state": lambda: task._do(lib.task_set_state, b"RSDT"[size % 4 : size % 4 + 1]),
        "run": lambda: world.run(f"{size * 50} ms"),
    }
    outcome(calls[what])


def lively(kernel):
    """Four processes and a page cache."""
    world = World(kernel, ram="100 MiB", swap="30 MiB")
    world.set_own_pages(
        cache="10 MiB", dirty="1 MiB", buffers="1 MiB", slab_reclaimable="4 MiB", slab_unreclaimable="1 MiB"
    )
    for number in range(4):
        world.spawn(f"p{number}", anon="5 MiB", file="2 MiB", shmem="1 MiB", swap="1 MiB")
    return world


@given(st.sampled_from(KERNELS), steps)
@settings(max_examples=200, deadline=None)
def test_numbers_agree_after_every_step(kernel, life):
    world = lively(kernel)
    check_all(world)
    before = vmstat(world)
    for step in life:
        take_step(world, *step)
        check_all(world)
        after = vmstat(world)
        assert all(after[name] >= before[name] for name in after if not name.startswith("nr_"))
        before = after
    if world.panic is None:
        for task in world.processes:
            outcome(task.exit)
        check_all(world)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_small_machine_agrees_too(kernel):
    for ram in ("4 KiB", "1 MiB", "17 MiB", "5 GiB", "300 GiB"):
        world = World(kernel, ram=ram, swap="1 MiB")
        check_meminfo(world)
        check_vmstat(world)


# --- what goes first -----------------------------------------------------------------------


def cached(swap="50 MiB", **own):
    """100 MiB of RAM: 20 of page cache, a process of 30 and one of 10."""
    world = World("6.18", ram="100 MiB", swap=swap)
    world.set_own_pages(**{"cache": "20 MiB", **own})
    return world, world.spawn("old", anon="30 MiB", file="4 MiB"), world.spawn("new", anon="10 MiB")


def test_page_cache_goes_first_then_files_and_swap_then_somebody_dies():
    world, old, new = cached()
    assert new.grow("40 MiB")
    assert 0 < world.own_pages.cache < 20 * MIB
    assert (old.memory.swapents, old.memory.file) == (0, 4 * MIB)
    assert new.grow("20 MiB")
    assert (world.own_pages.cache, old.memory.file) == (0, 0)
    assert old.memory.swapents > 0
    assert world.kmsg == []
    assert not new.grow("80 MiB")
    assert any("Out of memory" in record.text for record in world.kmsg)


def test_dirty_cache_is_written_when_it_goes():
    world, _old, new = cached(dirty="5 MiB")
    assert new.grow("60 MiB")
    assert world.own_pages.dirty == 0
    assert vmstat(world)["nr_written"] == 5 * MIB
    assert vmstat(world)["pgpgout"] >= 5 << 10


def test_slab_goes_to_an_eighth_and_not_at_all_without_cache_pressure():
    for pressure, left in ((100, 1), (0, 8)):
        world, _old, new = cached(slab_reclaimable="8 MiB", cache=0, swap="0")
        world.set_sysctl(vfs_cache_pressure=pressure)
        new.grow("54 MiB")
        assert world.own_pages.slab_reclaimable == left * MIB


@pytest.mark.parametrize(("swappiness", "swapped"), [(0, False), (60, True), (200, True)])
def test_swappiness_0_spares_anonymous_pages_while_there_are_files(swappiness, swapped):
    world, old, new = cached(cache=0)
    world.set_sysctl(swappiness=swappiness)
    assert new.grow("57 MiB")
    assert (old.memory.swapents > 0) == swapped
    assert (old.memory.file < 4 * MIB) == (swappiness < 200)


def test_who_grew_or_touched_last_is_swapped_last():
    world = World("6.18", ram="100 MiB", swap="100 MiB")
    one, two, three = (world.spawn(name, anon="30 MiB") for name in ("one", "two", "three"))
    one.touch()
    assert three.grow("30 MiB")
    assert two.memory.swapents > 0
    assert (one.memory.swapents, three.memory.swapents) == (0, 0)


def test_what_is_mlocked_stays():
    world, old, new = cached(cache=0)
    old.set_memory_kept(anon_locked=30 * MIB)
    new.grow("80 MiB")
    assert old.memory.anon == 30 * MIB
    assert meminfo(world)["Mlocked"] == 30 << 10


def test_files_are_read_again_when_they_are_touched():
    world, old, new = cached(cache=0, swap="0")
    assert new.grow("57 MiB")
    evicted = 4 * MIB - old.memory.file
    assert evicted > 0
    new.exit()
    assert old.touch() == evicted
    assert old.memory.file == 4 * MIB
    found = vmstat(world)
    assert (found["workingset_refault_file"], found["pgmajfault"]) == (evicted, evicted)
    assert found["pgpgin"] == evicted * 4


def test_kswapd_keeps_free_pages_above_the_low_watermark():
    world, _old, new = cached()
    marks = [
        line.split() for line in world.read("/zoneinfo").decode().splitlines() if line.split()[0] in ("low", "high")
    ]
    low, high = (sum(int(words[1]) for words in marks if words[0] == name) for name in ("low", "high"))
    for _ in range(45):
        assert new.grow("128 KiB")
        assert new.grow("896 KiB")
        assert vmstat(world)["nr_free_pages"] >= low
    assert vmstat(world)["pgsteal_kswapd"] > vmstat(world)["pgsteal_direct"]
    world.write("/sys/vm/min_free_kbytes", "8192")
    assert new.grow("4 KiB")
    assert vmstat(world)["nr_free_pages"] >= 8192 // 4 > high


def test_a_full_cgroup_reclaims_its_own():
    world, old, new = cached()
    old.set_cgroup("/box")
    other = world.spawn("other", anon="10 MiB")
    other.set_cgroup("/box")
    world.limit_cgroup("/box", "50 MiB")
    assert other.grow("30 MiB")
    assert old.memory.swapents > 0
    assert (new.memory.swapents, world.own_pages.cache) == (0, 20 * MIB)
    assert world.cgroup("/box").usage.resident <= 50 * MIB
    assert world.cgroup("/box").events["oom"] == 0


def test_swap_out_pushes_pages_out_and_touch_brings_them_back():
    world, old, _new = cached()
    assert old.swap_out("12 MiB") == 12 * MIB
    assert (old.memory.anon, old.memory.swapents) == (18 * MIB, 12 * MIB)
    assert old.swap_out("100 MiB") == 18 * MIB
    assert old.touch() == 30 * MIB
    found = vmstat(world)
    assert (found["pswpout"], found["pswpin"], found["pgmajfault"]) == (30 * MIB, 30 * MIB, 30 * MIB)
    assert outcome(lambda: world.kthread("k").swap_out("1 MiB")) == "EINVAL"


def test_swap_that_is_full_takes_no_more():
    _world, old, new = cached(swap="5 MiB")
    assert old.swap_out("20 MiB") == 5 * MIB
    assert new.swap_out("20 MiB") == 0


def test_who_waits_for_memory_goes_on_when_another_is_swapped_out():
    world, old, new = cached(cache=0)
    for task in (old, new):
        task.set_flag(lib.TASK_DSLEEP)
        task.set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    old.set_memory_kept(anon_locked=30 * MIB)
    third = world.spawn("third")
    third.oom_score_adj = -1000
    assert not third.grow("110 MiB")
    before = third.memory.anon + third.memory.swapents
    assert before < 110 * MIB
    old.set_memory_kept(anon_locked=0)
    world.set_total_pages(RAM, 2 * SWAP)
    assert old.swap_out("10 MiB") == 10 * MIB
    assert third.memory.anon + third.memory.swapents == 110 * MIB


# --- stalls ------------------------------------------------------------------------------


def stalled(world, line=0):
    """Microseconds of memory stall, some (0) or full (1)."""
    return int(world.read("/pressure/memory").decode().splitlines()[line].rpartition("=")[2])


def test_direct_reclaim_and_refaults_stall_and_kswapd_does_not():
    world, old, new = cached(cache=0)
    world.run("100 s")
    assert old.swap_out("10 MiB") == 10 * MIB
    assert stalled(world) == 0
    assert old.touch() == 10 * MIB
    world.run("1 s")
    assert stalled(world) == stalled(world, 1) == 10 * MIB * 100
    assert new.grow("70 MiB")
    world.run("10 s")
    assert vmstat(world)["allocstall_normal"] > 0
    expected = (10 * MIB + vmstat(world)["pgsteal_direct"]) * 100
    assert expected - 4 * MIB * 100 <= stalled(world) <= expected


def test_a_stall_is_full_only_where_nobody_else_runs():
    world, old, _new = cached(cache=0)
    world.run("100 s")
    world.spawn("busy")._do(lib.task_set_state, b"R")
    old.swap_out("10 MiB")
    old.touch()
    world.run("1 s")
    assert (stalled(world) > 0, stalled(world, 1)) == (True, 0)


def test_the_own_pages_are_kept_within_reason():
    world = World()
    for sizes in ({"dirty": "1 MiB"}, {"cache": "1 MiB", "dirty": "2 MiB"}):
        assert outcome(lambda sizes=sizes: world.set_own_pages(**sizes)) == "EINVAL"
    assert world.own_pages == OwnPages()
