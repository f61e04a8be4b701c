"""The files of a process tell one story, to who may read them, as each kernel writes them."""

import errno
import itertools
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeproc import World, scenario
from fakeproc.rules import versions
from fakeproc.world import Caller, Memory

USER = Caller(uid=1000, gid=1000, caps=0)
OTHER = Caller(uid=1001, gid=1001, caps=0)


@pytest.fixture
def kernel():
    return "6.18"


def refusal(call):
    """The name of the errno; nothing where it is done."""
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno]
    return ""


def numbers(text):
    """Name -> the first number of its line; of lines with the same name their sum."""
    found = {}
    for name, value in re.findall(r"(?m)^(\w+):?\s+(\d+)", text):
        found[name] = found.get(name, 0) + int(value)
    return found


# --- one story ----------------------------------------------------------------------------------

pages = st.integers(0, 1 << 20)


@given(
    memory=st.builds(Memory, anon=pages, file=pages, shmem=pages, swapents=pages),
    spare=st.integers(0, 2000),
    version=st.sampled_from(versions()),
)
def test_sizes_agree_in_all_files(memory, spare, version):
    world = World(version)
    task = world.spawn("a")
    mapped = memory.anon + memory.file + memory.shmem + memory.swapents
    task.set_memory(Memory(memory.anon, memory.file, memory.shmem, memory.swapents, 3, 1, mapped + spare))
    status, smaps = numbers(task.read("status")), numbers(task.read("smaps"))
    statm = [int(word) * 4 for word in task.read("statm").split()]
    fields = task.read("stat").rpartition(") ")[2].split()
    vsyscall = 4
    assert smaps["Size"] - vsyscall == status["VmSize"] == statm[0] == int(fields[20]) >> 10
    assert smaps["Rss"] == status["VmRSS"] == statm[1] == int(fields[21]) * 4
    assert status["VmRSS"] == status["RssAnon"] + status["RssFile"] + status["RssShmem"]
    assert smaps["Anonymous"] == status["RssAnon"]
    assert smaps["Swap"] == status["VmSwap"] == memory.swapents * 4
    assert statm[2] == status["RssFile"] + status["RssShmem"]
    assert (statm[3], statm[5]) == (status["VmExe"], status["VmData"] + status["VmStk"])


@pytest.mark.parametrize("version", versions()[3:])
def test_smaps_rollup_is_the_sum_of_smaps(version):
    task = World(version).spawn("a", anon="9 MiB", file="5 MiB", shmem="2 MiB", swap="1 MiB")
    rollup, smaps = numbers(task.read("smaps_rollup")), numbers(task.read("smaps"))
    assert {name: smaps[name] for name in rollup if name in smaps} == {
        name: rollup[name] for name in rollup if name in smaps
    }
    assert rollup["Rss"] == 16 << 10


def test_mappings_neither_touch_nor_overlap_wrongly(world):
    task = world.spawn("a", anon="3 GiB", file="900 MiB", shmem="1 GiB")
    ends = [re.match(r"(\w+)-(\w+)", line) for line in task.read("maps").splitlines()]
    spans = [(int(end[1], 16), int(end[2], 16)) for end in ends]
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_high_water_marks_stay_when_memory_goes(world):
    task = world.spawn("a", anon="8 MiB")
    task.grow("8 MiB")
    task.shrink("12 MiB")
    status = numbers(task.read("status"))
    assert (status["VmHWM"], status["VmRSS"]) == (16 << 10, 4 << 10)
    assert status["VmPeak"] - status["VmSize"] == 12 << 10


def test_a_child_begins_with_the_size_of_its_parent_as_its_high_water_mark(world):
    task = world.spawn("a", anon="8 MiB")
    task.shrink("6 MiB")
    assert numbers(task.fork("b").read("status"))["VmHWM"] == 2 << 10


# --- what was used --------------------------------------------------------------------------------


def stat_fields(text):
    return ["pid", "comm", *text.rpartition(") ")[2].split()]


def test_stat_has_the_times_and_faults_of_the_process_and_of_a_thread(world):
    task = world.spawn("a")
    thread = task.thread()
    task.spend(utime=2 * 10**9, min_flt=5, maj_flt=1)
    thread.spend(stime=10**9, min_flt=7)
    child = task.fork("b")
    child.spend(utime=10**9, maj_flt=4)
    child.exit()
    child.reap()
    whole = stat_fields(task.read("stat"))
    own = stat_fields(world.read(f"/{task.pid}/task/{thread.pid}/stat").decode())
    assert whole[9:17] == ["12", "0", "1", "4", "200", "100", "100", "0"]
    assert own[9:17] == ["7", "0", "0", "4", "0", "100", "100", "0"]


def test_io_is_that_of_the_process_or_of_the_thread(world):
    task = world.spawn("a")
    thread = task.thread()
    task.spend(rchar=10, read_bytes=4096)
    thread.spend(rchar=5, wchar=3, syscr=2, syscw=1, write_bytes=1, cancelled_write_bytes=7)
    assert numbers(task.read("io")) == {
        "rchar": 15, "wchar": 3, "syscr": 2, "syscw": 1, "read_bytes": 4096, "write_bytes": 1,
        "cancelled_write_bytes": 7,
    }  # fmt: skip
    assert numbers(world.read(f"/{task.pid}/task/{task.pid}/io").decode())["rchar"] == 10


def test_switches_are_the_thread_s_own_in_status_and_schedstat(world):
    task = world.spawn("a")
    task.set_cpu(user=1000)
    world.run("1 s")
    assert numbers(task.read("status"))["voluntary_ctxt_switches"] == 250
    assert task.read("schedstat") == "1000000000 0 250\n"


# --- who may read ---------------------------------------------------------------------------------

GUARDED = ("environ", "auxv", "mem", "pagemap", "maps", "smaps", "smaps_rollup", "numa_maps", "io", "personality")


@pytest.mark.parametrize("name", GUARDED)
def test_its_owner_and_root_read_what_another_may_not(world, name):
    task = world.spawn("a", uid=1000, anon="1 MiB")
    expected = "EIO" if name == "mem" else ""
    assert refusal(lambda: task.read(name)) == refusal(lambda: task.read(name, USER)) == expected
    assert refusal(lambda: task.read(name, OTHER)) == "EACCES"


@pytest.mark.parametrize(("name", "refused"), [("maps", "EACCES"), ("io", "EACCES"), ("environ", "EACCES")])
def test_who_is_not_dumpable_shows_it_to_no_one_without_capability(world, name, refused):
    task = world.spawn("a", uid=1000)
    task.set_dumpable(0)
    assert refusal(lambda: task.read(name, USER)) == refused
    assert refusal(lambda: task.read(name)) == ""


def test_capabilities_that_one_lacks_guard_a_task_of_the_same_uid(world):
    task = world.spawn("a")
    weak = Caller(caps=0)
    assert refusal(lambda: task.read("maps", weak)) == "EACCES"
    task.set_caps(0)
    assert refusal(lambda: task.read("maps", weak)) == ""


def test_a_thread_reads_its_own_process_whatever_it_is(world):
    task = world.spawn("a", uid=1000)
    task.set_dumpable(0)
    assert refusal(lambda: task.read("maps", Caller(pid=task.pid, uid=1000, gid=1000, caps=0))) == ""


def test_links_are_read_by_who_may_look_into_the_task(world):
    task = world.spawn("a", uid=1000)
    for name in ("exe", "cwd", "root", "ns/pid"):
        assert world.readlink(task.path(name), USER)
        assert refusal(lambda name=name: world.readlink(task.path(name), OTHER)) == "EACCES"


def test_names_of_namespaces_are_no_secret(world):
    task = world.spawn("a", uid=1000)
    assert world.stat(task.path("ns/mnt"), OTHER).uid == 1000
    assert refusal(lambda: world.listdir(task.path("ns"), OTHER)) == "EACCES"
    assert "mnt" in world.listdir(task.path("ns"), Caller(uid=1000, gid=1000, caps=0))


def test_fd_is_for_its_own_process_whatever_its_mode_says(world):
    task = world.spawn("a", uid=1000)
    task.set_dumpable(0)
    itself, another = (Caller(pid=pid, uid=1000, gid=1000, caps=0) for pid in (task.thread("t").pid, world.init.pid))
    assert world.stat(task.path("fd"), another).uid == 0
    for caller, refused in ((itself, ""), (another, "EACCES")):
        assert refusal(lambda caller=caller: world.listdir(task.path("fd"), caller)) == refused
        assert refusal(lambda caller=caller: world.readlink(task.path("fd/1"), caller)) == refused


def test_stat_hides_addresses_from_others(world):
    task = world.spawn("a", uid=1000)
    assert stat_fields(task.read("stat", OTHER))[25:30] == ["1", "1", "0", "0", "0"]
    assert stat_fields(task.read("stat", USER))[25] == str(0x555555556000)
    assert task.read("wchan", OTHER) == "0"


@pytest.mark.parametrize(("kernel", "refused"), [("4.14", ""), ("4.19", "EACCES")])
def test_the_stack_is_for_the_administrator_since_4_18(world, refused):
    task = world.spawn("a", uid=1000)
    owner = Caller(uid=1000, gid=1000, caps=0)
    assert refusal(lambda: task.read("stack", owner)) == refused


@pytest.mark.parametrize(("kernel", "owner_only"), [("5.10", True), ("5.15", False)])
def test_fdinfo_was_the_owner_s_until_5_13(world, owner_only):
    task = world.spawn("a", uid=1000)
    assert oct(world.stat(task.path("fdinfo")).mode) == ("0o40500" if owner_only else "0o40555")
    assert ("ino:" in task.read("fdinfo/0")) != owner_only


def test_a_mount_shows_what_the_tree_shows(world, mounted_world):
    task = world.spawn("a", anon="4 MiB", file="3 MiB")
    at = f"{mounted_world(world).path}/{task.pid}"
    for name in ("status", "smaps", "maps", "limits", "net/tcp", "fdinfo/1", "mountinfo", "statm", "task/{0}/stat"):
        with open(f"{at}/{name.format(task.pid)}") as file:
            assert file.read() == task.read(name.format(task.pid))
    for name in ("exe", "ns/mnt", "fd/2"):
        assert os.readlink(f"{at}/{name}") == world.readlink(task.path(name))
    for name in ("", "fd", "map_files", "ns", "attr", "net", "task"):
        assert set(os.listdir(f"{at}/{name}")) == set(world.listdir(task.path(name)))


# --- life and death -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel", "refused"), [("6.12", ""), ("6.18", "ESRCH")])
def test_a_task_without_mm_has_no_environment(world, refused):
    zombie = world.spawn("a")
    zombie.exit()
    assert refusal(lambda: zombie.read("environ")) == refused


def test_mounts_of_a_zombie_are_invalid(world):
    zombie = world.spawn("a")
    zombie.exit()
    assert refusal(lambda: zombie.read("mountinfo")) == "EINVAL"
    assert zombie.world.listdir(zombie.path("fd")) == []


def test_a_kernel_thread_with_a_borrowed_mm_shows_none_of_it(world):
    task = world.spawn("a", anon="4 MiB")
    kthread = world.kthread("kthreadd")
    kthread.use_mm(task)
    assert "VmSize" not in kthread.read("status")
    assert kthread.read("maps") == ""
    assert kthread.read("statm") == "0 0 0 0 0 0 0\n"


# --- the line list of status ----------------------------------------------------------------------

STATUS_LINES = {
    "4.7": (52, 35), "4.8": (52, 35), "4.9": (52, 35), "4.14": (53, 36), "4.19": (54, 37), "5.4": (55, 37),
    "5.10": (57, 39), "5.15": (57, 39), "6.1": (57, 39), "6.6": (58, 39), "6.12": (59, 40), "6.18": (59, 40),
}  # fmt: skip


@pytest.mark.parametrize(("kernel", "lines"), STATUS_LINES.items())
def test_all_processes_of_a_kernel_have_one_line_list_and_all_kernel_threads_another(world, lines):
    kthreads = [world.kthread("kthreadd"), world.kthread("worker")]
    tasks = [world.init, world.spawn("a", uid=7, anon="1 GiB"), world.spawn("b").clone_vm("c")]
    found = [{tuple(numbers_of_lines(task)) for task in some} for some in (tasks, kthreads)]
    assert [len(lists) for lists in found] == [1, 1]
    assert tuple(len(next(iter(lists))) for lists in found) == lines


def numbers_of_lines(task):
    return [line.partition(":")[0] for line in task.read("status").splitlines()]


@pytest.mark.parametrize(
    ("kernel", "line", "there"),
    [
        ("4.7", "VmPMD", True), ("4.14", "VmPMD", True), ("4.19", "VmPMD", False),
        ("4.9", "NoNewPrivs", False), ("4.14", "NoNewPrivs", True), ("4.14", "CoreDumping", False),
        ("4.19", "CoreDumping", True), ("4.19", "THP_enabled", False), ("5.4", "THP_enabled", True),
        ("5.4", "Seccomp_filters", False), ("5.10", "Seccomp_filters", True), ("6.1", "untag_mask", False),
        ("6.6", "untag_mask", True), ("6.6", "Kthread", False), ("6.12", "Kthread", True),
    ],
)  # fmt: skip
def test_lines_of_status_come_and_go_with_the_kernel(world, line, there):
    assert (line in numbers_of_lines(world.init)) == there


@pytest.mark.parametrize(("kernel", "bounding"), [("4.7", "0000003fffffffff"), ("6.18", "000001ffffffffff")])
def test_masks_hold_the_capabilities_of_the_kernel(world, bounding):
    assert f"CapBnd:\t{bounding}\n" in world.init.read("status")


# --- what a scenario says of a program ------------------------------------------------------------


def program(text):
    return scenario.loads(f"[[process]]\n{text}").build().names["a"]


@pytest.mark.parametrize("name", ["mounts", "mountinfo", "mountstats", "uid_map", "gid_map", "projid_map", "setgroups"])
def test_who_opened_a_file_of_a_namespace_reads_on_when_the_process_has_gone(world, name):
    task = world.spawn("short")
    text = task.read(name).encode()
    with world.open(task.path(name)) as file:
        task.kill()
        task.reap()
        assert text
        assert file.read(len(text)) == text


@pytest.mark.parametrize("name", ["environ", "mem", "pagemap"])
def test_who_opened_a_file_of_an_mm_reads_nothing_when_the_process_has_gone(world, name):
    task = world.spawn("short", anon="1 MiB")
    task.set_environ(["A=b"])
    with world.open(task.path(name)) as file:
        task.kill()
        task.reap()
        assert file.read(100) == b""


@pytest.mark.parametrize(
    ("cpus", "mask", "ranges"),
    [(1, "1", "0"), (2, "3", "0-1"), (6, "3f", "0-5"), (32, "f" * 8, "0-31"), (40, "ff," + "f" * 8, "0-39")],
)
def test_everybody_may_use_all_cpus(world, cpus, mask, ranges):
    world.set_machine(cpus=cpus)
    lines = dict(line.split(":\t") for line in world.init.read("status").splitlines())
    assert (lines["Cpus_allowed"], lines["Cpus_allowed_list"]) == (mask, ranges)


def test_a_program_is_where_the_scenario_says():
    task = program('comm = "a"\nexe = "/opt/a"\ncwd = "/srv"\nenviron = ["HOME=/root", "A=b c"]\nfds = 5')
    links = [task.world.readlink(task.path(name)) for name in ("exe", "cwd", "root", "fd/4")]
    assert links == ["/opt/a", "/srv", "/", "/dev/null"]
    assert task.read("environ") == "HOME=/root\0A=b c\0"
    assert len(task.world.listdir(task.path("fd"))) == 5
    assert "/opt/a" in task.read("maps")


@pytest.mark.parametrize(
    ("keys", "exe"),
    [
        ('cmdline = "/usr/sbin/a -d"', "/usr/sbin/a"),
        ('cmdline = "a -d"', "/usr/bin/a"),
        ("", "/usr/bin/a"),
    ],
)
def test_a_program_that_nobody_placed_is_its_first_argument_or_its_comm(keys, exe):
    task = program(f'comm = "a"\n{keys}')
    assert task.world.readlink(task.path("exe")) == exe


def test_a_comm_cannot_lead_elsewhere(world):
    task = world.spawn("../../x\n y")
    assert world.readlink(task.path("exe")) == "/usr/bin/.._.._x__y"
    assert len({line.count("/usr/bin/") for line in task.read("maps").splitlines()} - {0, 1}) == 0


def test_exec_leaves_program_and_arguments_and_keeps_the_rest(world):
    task = world.spawn("a")
    task.set_exe("/opt/a")
    task.set_cwd("/srv")
    task.set_environ(["A=1"])
    child = task.fork("b")
    assert world.readlink(child.path("exe")) == "/opt/a"
    child = child.exec("c")
    assert [world.readlink(child.path(name)) for name in ("exe", "cwd")] == ["/usr/bin/c", "/srv"]
    assert child.read("environ") == "A=1\0"


@pytest.mark.parametrize("path", ["relative", "", "/a\nb", "/" + "x" * 4096])
def test_a_path_that_is_none_is_refused(world, path):
    assert refusal(lambda: world.init.set_exe(path)) == refusal(lambda: world.init.set_cwd(path)) == "EINVAL"


def test_clear_refs_takes_1_to_5(world):
    assert [refusal(lambda word=word: world.init.write("clear_refs", word)) for word in ("1", "5\n", "0", "6", "")] == [
        "",
        "",
        "EINVAL",
        "EINVAL",
        "EINVAL",
    ]


def test_children_are_those_of_the_very_thread(world):
    task = world.spawn("a")
    thread = task.thread()
    first, second = task.fork("b"), thread.fork("c")
    assert world.read(f"/{task.pid}/task/{task.pid}/children") == f"{first.pid} ".encode()
    assert world.read(f"/{task.pid}/task/{thread.pid}/children") == f"{second.pid} ".encode()


def test_an_init_of_a_namespace_is_1_there(world):
    inner = world.init.clone(0x20000000, "inner")
    assert f"NSpid:\t{inner.pid}\t1\n" in inner.read("status")
    assert world.readlink(inner.path("ns/pid")) != world.readlink(world.init.path("ns/pid"))
    assert world.readlink(inner.path("ns/mnt")) == world.readlink(world.init.path("ns/mnt"))
