"""/proc/sys/vm and /proc/sysrq-trigger: the kernel's own reading of integers, its refusals, and what the keys do."""

import os

import pytest
from doors import outcome
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakeproc import World
from fakeproc.world import Caller

DEFAULTS = {
    "min_free_kbytes": b"11586\n",
    "oom_dump_tasks": b"1\n",
    "oom_kill_allocating_task": b"0\n",
    "overcommit_memory": b"0\n",
    "overcommit_ratio": b"50\n",
    "panic_on_oom": b"0\n",
    "swappiness": b"60\n",
}
USER = Caller(uid=1000, gid=1000, caps=0)


def vm(name):
    return f"/sys/vm/{name}"


def put(door, path, data):
    """One write(2) at position 0."""
    file = door.open(path, os.O_WRONLY)
    try:
        return outcome(lambda: file.write(data))
    finally:
        file.close()


def get(door, path):
    file = door.open(path)
    try:
        return file.read()
    finally:
        file.close()


def texts(world):
    return [record.text for record in world.kmsg]


# --- sys/vm ------------------------------------------------------------------------


def test_the_numbers_are_those_after_boot(world):
    assert {name: world.read(vm(name)) for name in DEFAULTS} == DEFAULTS
    assert world.listdir("/sys") == ["fs", "kernel", "vm"]


def test_modes_and_links_are_the_kernels(world):
    assert (world.stat("/sys").mode, world.stat("/sys").nlink) == (0o40555, 1)
    assert (world.stat("/sys/vm").mode, world.stat("/sys/vm").nlink) == (0o40555, 1)
    assert (world.stat(vm("swappiness")).mode, world.stat(vm("swappiness")).nlink) == (0o100644, 1)


@pytest.mark.parametrize(
    ("data", "result", "value"),
    [
        (b"1", 1, 1),
        (b"1\n", 2, 1),
        (b" \t\n\x0b\xa02\n", 7, 2),
        (b"2 \n\t ", 5, 2),
        (b"0x1", 3, 1),
        (b"0X1\n", 4, 1),
        (b"01", 2, 1),
        (b"00000000000000000001", 20, 1),
        (b"-0", 2, 0),
        (b"1 2\n", 2, 1),
        (b"1\t0", 2, 1),
        (b"", 0, None),
        (b" ", "EINVAL", None),
        (b"\n", "EINVAL", None),
        (b"+1", "EINVAL", None),
        (b"-", "EINVAL", None),
        (b"1x", "EINVAL", None),
        (b"1\0", "EINVAL", None),
        (b"\0001", "EINVAL", None),
        (b"1\x0b", "EINVAL", None),
        (b"08", "EINVAL", None),
        (b"0x", "EINVAL", None),
        (b"one", "EINVAL", None),
        (b"1,1", "EINVAL", None),
        (b"3", "EINVAL", None),
        (b"-1", "EINVAL", None),
        (b"000000000000000000001", "EINVAL", None),
        (b"1" + b" " * 5000, 5001, 1),
        (b" " * 5000 + b"1", "EINVAL", None),
    ],
)
def test_a_limited_number_is_read_as_the_kernel_reads_it(door, world, data, result, value):
    door.use(world)
    world.set_sysctl(panic_on_oom=1 if value in (0, None) else 0)
    before = get(door, vm("panic_on_oom"))
    assert put(door, vm("panic_on_oom"), data) == result
    assert get(door, vm("panic_on_oom")) == (before if value is None else b"%d\n" % value)


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"-2147483648", -(1 << 31)), (b"2147483647\n", (1 << 31) - 1), (b"2147483648", None), (b"-2147483649", None)],
)
def test_any_int_goes_where_there_are_no_limits(world, data, value):
    expected = len(data) if value is not None else "EINVAL"
    assert outcome(lambda: world.write(vm("oom_dump_tasks"), data)) == expected
    assert int(world.read(vm("oom_dump_tasks"))) == (1 if value is None else value)


@pytest.mark.parametrize(
    ("kernel", "data", "result"),
    [
        ("4.7", b"4294967297", 10),
        ("4.19", b"18446744073709551617", 20),
        ("5.4", b"4294967297", "EINVAL"),
        ("6.18", b"18446744073709551617", "EINVAL"),
    ],
)
def test_a_number_too_large_wraps_around_until_5_1(world, data, result):
    assert outcome(lambda: world.write(vm("panic_on_oom"), data)) == result
    assert world.read(vm("panic_on_oom")) == (b"0\n" if result == "EINVAL" else b"1\n")


@pytest.mark.parametrize(("kernel", "result"), [("4.8", "EINVAL"), ("5.4", "EINVAL"), ("5.10", 3), ("6.18", 3)])
def test_swappiness_goes_up_to_200_since_5_8(world, result):
    assert outcome(lambda: world.write(vm("swappiness"), b"200")) == result
    assert outcome(lambda: world.write(vm("swappiness"), b"201")) == "EINVAL"


@pytest.mark.parametrize("name", ["panic_on_oom", "overcommit_memory"])
def test_what_the_core_is_told_has_the_same_limits(world, name):
    with pytest.raises(OSError, match="Invalid argument"):
        world.set_sysctl(oom_dump_tasks=0, **{name: 3})
    assert world.read(vm("oom_dump_tasks")) == b"1\n"


def test_a_write_at_another_position_has_no_effect(door, world):
    door.use(world)
    file = door.open(vm("panic_on_oom"), os.O_RDWR)
    assert file.pwrite(b"x", 1) == 1
    assert file.write(b"1 2\n") == 2
    assert file.write(b"2\n") == 2
    file.close()
    assert get(door, vm("panic_on_oom")) == b"1\n"


def test_a_read_elsewhere_than_at_the_start_is_the_end(door, world):
    door.use(world)
    file = door.open(vm("swappiness"))
    assert [file.read(1), file.read(9), file.pread(9, 0), file.pread(9, 1)] == [b"6", b"", b"60\n", b""]
    file.close()


@pytest.mark.parametrize(
    ("who", "flags", "expected"),
    [
        (Caller(), os.O_RDWR, None),
        (Caller(uid=0, caps=0), os.O_RDWR, None),
        (USER, os.O_RDONLY, None),
        (USER, os.O_WRONLY, "EACCES"),
        (Caller(uid=1000, gid=1000), os.O_WRONLY, "EACCES"),
        (Caller(uid=1000, gid=0), os.O_WRONLY, "EACCES"),
    ],
)
def test_no_capability_helps_who_is_not_root(world, who, flags, expected):
    assert outcome(lambda: world.open(vm("swappiness"), flags, who).close()) == expected


def test_a_descriptor_that_root_opened_serves_root_only(world):
    with world.open(vm("panic_on_oom"), os.O_RDWR) as file:
        assert outcome(lambda: file.write(b"1", USER)) == "EPERM"
        assert file.read(9, USER) == b"0\n"


def test_what_was_set_decides_the_next_kill(door):
    world = door.use(World("4.8"))
    world.spawn("hog", anon="1 GiB")
    assert put(door, vm("panic_on_oom"), b"2\n") == 2
    world.oom()
    assert world.panic == "Out of memory: compulsory panic_on_oom is enabled"


@given(st.sampled_from(sorted(DEFAULTS)), st.binary(max_size=30))
@example("panic_on_oom", b"\xff" * 30)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_number_within_limits_or_change_nothing(name, data):
    world = World()
    before = world.read(vm(name))
    result = outcome(lambda: world.write(vm(name), data))
    after = world.read(vm(name))
    assert result == "EINVAL" or 0 <= result <= len(data)
    assert after == before or (result != "EINVAL" and any(c in b"0123456789" for c in data))
    assert name not in ("panic_on_oom", "overcommit_memory") or int(after) in (0, 1, 2)


# --- sysrq-trigger -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "said"),
    [("4.7", "sysrq: SysRq : Manual OOM execution"), ("6.18", "sysrq: Manual OOM execution")],
)
def test_f_runs_the_oom_killer_in_a_kworker(door, kernel, said):
    world = door.use(World(kernel))
    hog = world.spawn("hog", anon="1 GiB")
    assert put(door, "/sysrq-trigger", b"f\n") == 2
    assert texts(world)[0] == said
    assert texts(world)[1].startswith("kworker/0:1 invoked oom-killer: gfp_mask=0x")
    assert "(GFP_KERNEL), order=-1" in texts(world)[1].replace(" nodemask=(null),", "")
    assert hog.is_zombie


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", []),
        (b"bf", []),
        (b"9", []),
        (b"_f", ["HELP"]),
        (b"h", ["HELP"]),
        (b"\0", ["HELP"]),
        (b"\xff\n", ["HELP"]),
        (b"(", ["HELP"]),
    ],
)
def test_only_the_first_byte_counts(door, world, data, said):
    door.use(world)
    world.spawn("hog", anon="1 GiB")
    assert put(door, "/sysrq-trigger", data) == len(data)
    assert [text.split()[3] for text in texts(world)] == said
    assert all(not task.is_zombie for task in world.processes)


def test_only_root_may_and_nobody_reads(world):
    assert world.stat("/sysrq-trigger").mode == 0o100200
    assert outcome(lambda: world.write("/sysrq-trigger", b"f", USER)) == "EACCES"
    assert outcome(lambda: world.read("/sysrq-trigger")) == "EIO"


def test_nobody_to_kill_is_said_today(world):
    world.sysrq_f()
    assert texts(world) == ["sysrq: SysRq : Manual OOM execution"]
    today = World("6.18")
    today.sysrq_f()
    assert texts(today)[-1] == "sysrq: OOM request ignored. No task eligible"


# --- vmstat, meminfo -----------------------------------------------------------------


@pytest.mark.parametrize(("kernel", "counts"), [("4.8", None), ("4.9", None), ("4.14", 2), ("6.18", 2)])
def test_vmstat_counts_kills_since_4_14(door, kernel, counts):
    world = door.use(World(kernel))
    for name in ("a", "b", "c"):
        world.spawn(name, anon="10 MiB").clone_vm(name)
    for _ in range(2):
        put(door, "/sysrq-trigger", b"f")
    assert dict(line.split() for line in get(door, "/vmstat").decode().splitlines()).get("oom_kill") == (
        None if counts is None else str(counts)
    )


def test_meminfo_is_the_sum_over_processes(door):
    world = door.use(World(ram="1 GiB", swap="100 MiB"))
    world.spawn("a", anon="100 MiB", file="20 MiB", shmem="3 MiB", swap="10 MiB").clone_vm("b")
    lines = get(door, "/meminfo").decode().splitlines()
    found = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    assert lines[0] == "MemTotal:        1048576 kB"
    assert (found["AnonPages"], found["Shmem"], found["Mapped"]) == (102400, 3072, 23552)
    assert found["SwapFree"] == found["SwapTotal"] - 10240
    assert found["MemFree"] == 1048576 - 102400 - 3072 - 20480 - found["PageTables"] - found["KernelStack"]


def test_what_has_no_writer_refuses_bytes(world):
    assert outcome(lambda: world.write("/vmstat", b"x")) == "EIO"
    assert outcome(lambda: world.write("/meminfo", b"x")) == "EIO"
