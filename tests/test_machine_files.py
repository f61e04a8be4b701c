"""The machine-wide files: names, modes and lines against what a real kernel showed, and how they follow the clock."""

import json
import os
import stat
from pathlib import Path

import pytest
from doors import outcome

from fakeproc import World, absent, versions
from fakeproc._native import lib
from fakeproc.errors import ScenarioError
from fakeproc.scenario import loads
from fakeproc.world import Caller

GOLDEN = Path(__file__).parent / "golden" / "6.18-nocap" / "formats"
DIRECTORY, FILE, LINK = 4, 8, 10
TYPES = {stat.S_IFDIR: DIRECTORY, stat.S_IFREG: FILE, stat.S_IFLNK: LINK}
NOT_RECORDED = {"sysrq-trigger": "the recorded kernel was built without SysRq"}


def golden(name):
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def raw(name):
    return (GOLDEN / "raw" / "proc" / name).read_text()


def words(text):
    return [line.split()[0] for line in text.splitlines()]


def fields(world, path):
    """What a file of 'name value' lines says."""
    return {line.split()[0].rstrip(":"): int(line.split()[1]) for line in world.read(path).decode().splitlines()}


def run(task, state=b"R"):
    task._do(lib.task_set_state, state)


@pytest.fixture
def world():
    return World("6.18")


# --- what is there ---------------------------------------------------------------------


@pytest.mark.parametrize("directory", ["/proc", "/proc/sys", "/proc/sys/vm"])
def test_what_a_real_kernel_lists_is_listed_in_its_order_or_missing_on_purpose(world, directory):
    entries = next(record["entries"] for record in golden("machine-getdents.jsonl") if record["path"] == directory)
    prefix = directory.removeprefix("/proc").lstrip("/")
    missing = {name for name, _ in entries if (f"{prefix}/{name}" if prefix else name) in absent.MACHINE}
    for name in sorted(missing):
        path = f"{prefix}/{name}" if prefix else name
        print(f"missing on purpose: {directory}/{name}: {absent.MACHINE[path]}")
        assert outcome(lambda path=path: world.stat(f"/{path}")) == "ENOENT"
    expected = [(name, type_) for name, type_ in entries if name not in missing | {".", ".."}]
    here = f"/{prefix}"
    listed = [
        (name, TYPES[stat.S_IFMT(world.stat(f"{here}/{name}").mode)])
        for name in world.listdir(here)
        if not name.isdigit() and name not in NOT_RECORDED
    ]
    assert listed == expected


def test_nothing_is_said_to_be_missing_that_is_there_or_that_no_kernel_has():
    recorded = {
        f"{record['path']}/{name}".removeprefix("/proc/")
        for record in golden("machine-getdents.jsonl")
        for name, _ in record["entries"]
    }
    assert absent.MACHINE.keys() <= recorded
    assert all(absent.MACHINE.values())


def test_modes_owners_and_links_are_those_of_a_real_kernel(world):
    for record in golden("machine-index.jsonl"):
        path, seen = record["path"].removeprefix("/proc") or "/", record.get("lstat")
        if seen is None or path == "/":
            continue
        status = world.stat(path)
        assert (path, oct(status.mode), status.nlink) == (path, seen["mode"], seen["nlink"])
        assert (status.uid, status.gid) == (seen["uid"], seen["gid"])


def test_every_file_can_be_read_on_every_kernel():
    for version in versions():
        world = World(version, ram="300 MiB", swap="10 MiB")
        for directory in ("/", "/sys/vm", "/sys/kernel", "/sys/kernel/random", "/sys/fs", "/tty"):
            for name in world.listdir(directory):
                path = f"{directory}/{name}"
                mode = world.stat(path).mode
                if stat.S_ISREG(mode) and mode & 0o400:
                    text = world.read(path).decode()
                    assert name in ("kmsg", "locks") or text.endswith("\n"), path


# --- their lines -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["meminfo", "vmstat"])
def test_the_lines_are_those_of_6_18(world, name):
    assert words(world.read(f"/{name}").decode()) == words(raw(name))


@pytest.mark.parametrize("name", ["meminfo", "stat", "swaps", "uptime", "loadavg", "sys_kernel_pid_max"])
def test_digits_apart_the_text_is_shaped_as_a_real_one(world, name):
    world.set_total_pages(24684084 // 4)
    mine, real = (_shape(text) for text in (world.read("/" + name.replace("_", "/", 2)).decode(), raw(name)))
    assert mine == real


def _shape(text):
    """Numbers as one digit, blanks before them as one; lines of numbers that go on are cut."""
    lines = ["".join("9" if c.isdigit() else c for c in line) for line in text.splitlines()]
    while any("99" in line for line in lines):
        lines = [line.replace("99", "9") for line in lines]
    return [
        line[:8] if line.startswith("intr") else " ".join(line.split(" ")) if "kB" not in line else line.split()[0]
        for line in lines
    ]


@pytest.mark.parametrize(
    ("kernel", "has", "lacks"),
    [
        ("4.7", "MemAvailable Slab DirectMap1G", "ShmemHugePages KReclaimable Hugetlb Zswap Balloon"),
        ("4.8", "ShmemHugePages ShmemPmdMapped", "KReclaimable Percpu FileHugePages Hugetlb"),
        ("4.19", "Hugetlb", "KReclaimable SecPageTables"),
        ("5.4", "KReclaimable Percpu FileHugePages FilePmdMapped", "Zswap"),
        ("6.1", "Zswap Zswapped SecPageTables", "Balloon"),
    ],
)
def test_meminfo_has_the_lines_of_its_kernel(kernel, has, lacks):
    names = words(World(kernel).read("/meminfo").decode().replace(":", ""))
    assert set(has.split()) <= set(names)
    assert not set(lacks.split()) & set(names)
    assert names[:3] == ["MemTotal", "MemFree", "MemAvailable"]


@pytest.mark.parametrize(
    ("version", "has", "lacks"),
    [
        (
            "4.7",
            "pgscan_kswapd_normal allocstall nr_alloc_batch workingset_refault",
            "pgscan_kswapd nr_zone_unevictable",
        ),
        (
            "4.8",
            "pgscan_kswapd allocstall_normal nr_zone_unevictable workingset_refault",
            "allocstall oom_kill swap_ra",
        ),
        ("4.14", "oom_kill swap_ra", "workingset_nodes"),
        ("5.10", "workingset_refault_file workingset_refault_anon pgscan_anon", "workingset_refault"),
        ("6.18", "nr_free_pages_blocks", "nr_bounce"),
    ],
)
def test_vmstat_has_the_names_of_its_kernel(version, has, lacks):
    names = words(World(version).read("/vmstat").decode())
    assert len(names) == len(set(names))
    assert set(has.split()) <= set(names)
    assert not set(lacks.split()) & set(names)


# --- the clock -------------------------------------------------------------------------


def test_uptime_and_stat_follow_the_clock(world):
    world.set_machine(cpus=3)
    world.set_boot_time(1_500_000_000 * 10**9)
    world.run("100.25 s")
    assert world.read("/uptime") == b"100.25 300.75\n"
    lines = world.read("/stat").decode().splitlines()
    assert [sum(map(int, line.split()[1:])) for line in lines[:4]] == [30075, 10025, 10025, 10025]
    assert "btime 1500000000" in lines


def test_stat_counts_what_was_forked_and_what_runs(world):
    before = fields(world, "/stat")["processes"]
    one, two = world.spawn("one"), world.spawn("two")
    one.thread("t")
    run(one)
    run(two, b"D")
    found = fields(world, "/stat")
    assert found["processes"] == before + 3
    assert (found["procs_running"], found["procs_blocked"]) == (1, 1)


def test_loadavg_decays_as_the_kernels(world):
    task = world.spawn("busy")
    run(task)
    expected = [0, 0, 0]
    for _ in range(30):
        world.run("5 s")
        for i, exponent in enumerate((1884, 2014, 2037)):
            load = expected[i] * exponent + 2048 * (2048 - exponent) + (2047 if expected[i] <= 2048 else 0)
            expected[i] = load // 2048
    shown = [f"{(load + 10) >> 11}.{((load + 10) & 2047) * 100 >> 11:02}" for load in expected]
    assert world.read("/loadavg").decode() == f"{' '.join(shown)} 1/2 {task.pid}\n"
    run(task, b"S")
    world.run("1 h")
    assert world.read("/loadavg").decode().startswith("0.00 0.00 0.0")


def test_a_load_of_long_ago_is_sampled_in_one_step_as_in_many():
    worlds = [World("6.18"), World("6.18")]
    for world in worlds:
        run(world.spawn("busy"), b"D")
    worlds[0].run("10 min")
    for _ in range(1200):
        worlds[1].run("500 ms")
    assert worlds[0].read("/loadavg") == worlds[1].read("/loadavg")


# --- the machine -----------------------------------------------------------------------


def test_the_machine_has_the_cpus_and_the_name_that_it_was_given(world):
    world.set_machine(cpus=4, hostname="server1")
    assert world.read("/cpuinfo").decode().count("processor\t:") == 4
    assert world.read("/sys/kernel/hostname") == b"server1\n"
    assert world.write("/sys/kernel/hostname", "other\nthing") == 11
    assert world.read("/sys/kernel/hostname") == b"other\n"
    assert world.write("/sys/kernel/hostname", "x" * 200) == 200
    assert world.read("/sys/kernel/hostname") == b"x" * 64 + b"\n"


@pytest.mark.parametrize("cpus", [0, -1, 1025])
def test_no_machine_has_that_many_cpus(world, cpus):
    assert outcome(lambda: world.set_machine(cpus=cpus)) == "EINVAL"


def test_the_release_is_that_of_the_rules():
    assert World("4.8").read("/sys/kernel/osrelease") == b"4.8.0\n"
    assert World("6.18").read("/version").startswith(b"Linux version 6.18.0 (")


def test_pid_max_and_ns_last_pid_decide_the_next_pid(world):
    world.write("/sys/kernel/ns_last_pid", "4000")
    assert world.spawn("next").pid == 4001
    assert world.read("/sys/kernel/ns_last_pid") == b"4001\n"
    world.write("/sys/kernel/pid_max", "4002")
    assert world.spawn("again").pid == 300
    assert outcome(lambda: world.write("/sys/kernel/pid_max", "300")) == "EINVAL"
    user = Caller(uid=1000, gid=1000, caps=0)
    assert outcome(lambda: world.write("/sys/kernel/ns_last_pid", "5", user)) == "EPERM"


def test_memory_is_shared_out_among_zones(world):
    world.set_total_pages(2 << 20)
    text = world.read("/zoneinfo").decode()
    managed = [int(line.split()[1]) for line in text.splitlines() if line.split()[0] == "managed"]
    low = [int(line.split()[1]) for line in text.splitlines() if line.split()[0] == "low"]
    free = [int(line.split()[1]) for line in text.splitlines() if line.split()[0] == "nr_free_pages"]
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("Node")] == ["DMA", "DMA32", "Normal"]
    assert (managed, sum(managed)) == ([4096, 1044480, 1048576], 2 << 20)
    assert sum(free) == fields(world, "/vmstat")["nr_free_pages"]
    assert sum(low) > int(world.read("/sys/vm/min_free_kbytes")) // 4
    blocks = [line.split()[4:] for line in world.read("/buddyinfo").decode().splitlines()]
    assert [sum(int(count) << order for order, count in enumerate(zone)) for zone in blocks] == free


def test_swap_is_one_partition():
    for kernel, line in (
        ("4.7", "/dev/sda2" + " " * 31 + "partition\t1048576\t10240\t-1"),
        ("6.18", "/dev/sda2" + " " * 31 + "partition\t1048576\t\t10240\t\t-2"),
    ):
        world = World(kernel, swap="1 GiB")
        world.spawn("a", swap="10 MiB")
        assert world.read("/swaps").decode().splitlines()[1] == line
        assert "   8       2 sda2 " in world.read("/diskstats").decode()
    assert len(World().read("/swaps").splitlines()) == 1


def test_links_lead_to_who_asks(world):
    assert (world.readlink("/mounts"), world.readlink("/net")) == ("self/mounts", "self/net")


def test_a_uuid_is_another_at_each_read(world):
    assert world.read("/sys/kernel/random/uuid") != world.read("/sys/kernel/random/uuid")
    assert world.read("/sys/kernel/random/boot_id") == world.read("/sys/kernel/random/boot_id")


# --- /proc/kmsg --------------------------------------------------------------------------


def logged(world):
    """Two lines in the log."""
    world.now = 1_234_567_000
    for _ in range(2):
        world.write("/sys/vm/drop_caches", "1")
    return world


def test_kmsg_gives_lines_once(world):
    logged(world)
    line = b"<6>[    1.234567] fakeproc (0): drop_caches: 1\n"
    with world.open("/kmsg", os.O_RDONLY | os.O_NONBLOCK) as file, world.open("/kmsg") as other:
        assert file.read(5) == line[:5]
        assert other.read(len(line) + 3) == line[5:]
        assert file.read(4096) == line
        assert outcome(lambda: file.read(10)) == "EAGAIN"
        assert other.read(10) == b""


def test_kmsg_is_for_who_may_read_the_log(world):
    assert world.stat("/kmsg").mode == 0o100400
    assert outcome(lambda: world.open("/kmsg", as_=Caller(uid=1000, gid=1000, caps=0))) == "EACCES"
    assert outcome(lambda: world.open("/kmsg", as_=Caller(uid=0, caps=0))) == "EPERM"


# --- sysctls -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("overcommit_kbytes", "overcommit_ratio"),
        ("overcommit_ratio", "overcommit_kbytes"),
        ("dirty_bytes", "dirty_ratio"),
        ("dirty_background_ratio", "dirty_background_bytes"),
    ],
)
def test_one_face_of_a_limit_clears_the_other(world, name, other):
    value = "10000" if name.endswith("bytes") else "30"
    world.write(f"/sys/vm/{name}", value)
    assert (world.read(f"/sys/vm/{name}"), world.read(f"/sys/vm/{other}")) == (f"{value}\n".encode(), b"0\n")
    again = World("6.18")
    again.set_sysctl(**{name: int(value)})
    assert again.read(f"/sys/vm/{other}") == b"0\n"


def test_an_unsigned_long_passes_over_what_is_negative(world):
    assert world.write("/sys/vm/overcommit_kbytes", "-5") == 2
    assert world.read("/sys/vm/overcommit_kbytes") == b"0\n"
    assert outcome(lambda: world.write("/sys/vm/overcommit_kbytes", "9" * 19)) == "EINVAL"


def test_the_commit_limit_follows_overcommit():
    world = World("6.18", ram="1 GiB", swap="100 MiB")
    assert fields(world, "/meminfo")["CommitLimit"] == (512 + 100) << 10
    world.write("/sys/vm/overcommit_kbytes", "1024")
    assert fields(world, "/meminfo")["CommitLimit"] == 1024 + (100 << 10)


@pytest.mark.parametrize("data", ["0", "5", "-1", "x", ""])
def test_drop_caches_takes_1_to_4(world, data):
    world.set_own_pages(cache="10 MiB")
    assert outcome(lambda: world.write("/sys/vm/drop_caches", data)) == (0 if not data else "EINVAL")
    assert world.own_pages.cache == 2560


def test_drop_caches_drops_what_is_clean(world):
    world.set_own_pages(cache="10 MiB", dirty="1 MiB", buffers="1 MiB")
    world.set_own_pages(slab_reclaimable="4 MiB", slab_unreclaimable="1 MiB")
    world.write("/sys/vm/drop_caches", "1\n")
    assert (world.own_pages.cache, world.own_pages.buffers, world.own_pages.slab_reclaimable) == (256, 0, 1024)
    world.write("/sys/vm/drop_caches", "4")
    world.write("/sys/vm/drop_caches", "3")
    assert (world.own_pages.slab_reclaimable, world.own_pages.slab_unreclaimable) == (0, 256)
    found = fields(world, "/vmstat")
    assert (found["drop_pagecache"], found["drop_slab"]) == (2, 1)
    assert [record.text for record in world.kmsg] == [f"fakeproc (0): drop_caches: {n}" for n in (1, 4)]


def test_drop_caches_can_be_read_where_it_still_could():
    world = World("4.8")
    world.write("/sys/vm/drop_caches", "3")
    assert world.read("/sys/vm/drop_caches") == b"3\n"
    assert World("6.18").stat("/sys/vm/drop_caches").mode == 0o100200


# --- scenarios ---------------------------------------------------------------------------

MACHINE = """
[machine]
kernel = "6.18"
ram = "1 GiB"
cpus = 4
hostname = "server1"
cache = "100 MiB"
dirty = "1 MiB"
buffers = "10 MiB"
slab_reclaimable = "20 MiB"
slab_unreclaimable = "5 MiB"
[[process]]
pid = 1
comm = "init"
"""


def test_a_scenario_says_what_the_machine_has():
    world = loads(MACHINE).build()
    found = fields(world, "/meminfo")
    assert found["MemTotal"] - found["MemFree"] == ((100 + 10 + 20 + 5) << 10) + found["KernelStack"]
    assert (found["Cached"], found["Buffers"], found["Dirty"], found["Slab"]) == (102400, 10240, 1024, 25600)
    assert world.read("/sys/kernel/hostname") == b"server1\n"
    assert world.read("/cpuinfo").decode().count("processor") == 4


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('cache = "100 MiB"', 'cache = "1 TiB"', "more than the RAM"),
        ('dirty = "1 MiB"', 'dirty = "101 MiB"', "scenario:8: dirty is a part of the cache"),
        ("cpus = 4", "cpus = 0", "whole number from 1 to 1024"),
        ('hostname = "server1"', 'hostname = "a b"', "without blanks"),
    ],
)
def test_what_no_machine_has_is_an_error(old, new, says):
    with pytest.raises(ScenarioError, match=says):
        loads(MACHINE.replace(old, new))
