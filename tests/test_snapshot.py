"""fakeproc snapshot: from a /proc to a scenario, and from that to the same machine again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from doors import Mounted
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from server import ask

from fakeproc import World, scenario, unseen
from fakeproc.control import Control
from fakeproc.snapshot import kcmp, parse, snapshot, toml
from fakeproc.world import Task

FIELDS = (
    *("pid", "tgid", "ppid", "threads", "uid", "euid", "gid", "egid", "caps", "caps_permitted", "mems", "flags"),
    *("oom_score_adj", "oom_score_adj_min", "dumpable", "state", "sharers", "vfork_waiter", "vfork_child"),
)
FILES = ("comm", "cmdline", "cgroup", "oom_score", "oom_score_adj", "status", "stat", "statm")


def table_of(task: Task) -> dict[str, Any]:
    """All that a scenario can say of a task, as the world has it."""
    info = task.info
    fields = {field: getattr(info, field) for field in FIELDS}
    sharers = [other.pid for other in task.sharers] if info.mm else []
    return {**fields, "comm": task.comm, "memory": task.memory, "sharers": sorted(sharers)}


def everything(world: World) -> dict[int, dict[str, Any]]:
    return {task.pid: table_of(task) for task in world.tasks}


def files(world: World) -> dict[str, bytes]:
    """What `fakeproc` shows of every task but init; not what it does with signals, which no snapshot keeps."""
    paths = (task.path(name) for task in world.tasks for name in FILES if task.pid > 1)
    return {path: re.sub(rb"Sig(Ign|Cgt):.*", b"", world.read(path)) for path in paths}


def rebuilt(text: str) -> World:
    return scenario.loads(text).build()


def given_of(text: str, pid: int) -> dict[str, Any]:
    """The keys of one process in a scenario's text."""
    (found,) = (one for one in tomllib.loads(text)["process"] if one["pid"] == pid)
    return dict(found)


# --- a mount of fakeproc ---------------------------------------------------------------


def of_mount(door: Mounted, world: World, **options: Any) -> str:
    Control(world).attach()
    door.use(world)
    return snapshot(door.mount.path, **{"with_arguments": True, **options}).text


@pytest.mark.parametrize("name", scenario.bundled_names())
def test_a_mounted_scenario_comes_back_equal(name: str, mount_door: Mounted) -> None:
    world = scenario.bundled(name).build()
    again = rebuilt(of_mount(mount_door, world))
    assert everything(again) == everything(world)
    assert files(again) == files(world)
    assert (again.kernel, again.total_pages) == (world.kernel, world.total_pages)
    assert again.own_pages == world.own_pages


ODD = """
[machine]
kernel = { base = "4.7", patches = [1, 4] }
ram = "3 GiB"
pid_max = 70000
cpus = 3
hostname = "server1"
cache = "100 MiB"
dirty = "3 MiB"
buffers = "8 KiB"
slab_reclaimable = "12 MiB"
slab_unreclaimable = "1 MiB"
sysctl = { panic_on_oom = 1, swappiness = 10 }

[[process]]
pid = 60000
comm = "high"
uid = 1000
gid = 50
caps = "kill"
dumpable = false
anon = "5000 KiB"
oom_score_adj = 300
oom_score_adj_min = -300
threads = [{ comm = "one", tid = 60001 }, { tid = 7 }]

[[process]]
pid = 500
comm = "child"
parent = 60000
cgroup = "/a b/c"
state = "T"
cmdline = ["", "x y"]

[[process]]
pid = 501
comm = "other"
clone_vm_of = 500
uid = 0
oom_score_adj = -100

[[process]]
pid = 502
comm = "brother"
clone_vm_of = 500
parent = 60000

[[process]]
pid = 503
comm = "stuck"
dsleep = true
holds_mmap_lock = true
mems = "0"

[[process]]
pid = 504
comm = "container"
namespace_init = true
"""


def test_keys_that_the_bundled_scenarios_lack_come_back_too(mount_door: Mounted) -> None:
    world = rebuilt(ODD)
    text = of_mount(mount_door, world, with_hostname=True)
    again = rebuilt(text)
    assert all(again.read(name) == world.read(name) for name in ("/meminfo", "/cpuinfo", "/sys/kernel/hostname"))
    left = {task.pid: {**table, "mems": 0} for task, table in zip(again.tasks, everything(again).values(), strict=True)}
    assert left == {pid: {**table, "mems": 0} for pid, table in everything(world).items()}
    assert files(again) == files(world)
    assert again.kernel == world.kernel
    assert again.read("/sys/vm/swappiness") == b"10\n"
    assert again.read("/sys/vm/panic_on_oom") == b"1\n"
    assert scenario.loads(text).pid_max > 60001


def test_what_a_mount_tells_beside_its_files_is_said(mount_door: Mounted) -> None:
    text = of_mount(mount_door, scenario.bundled().build())
    assert "# 1 in the memory of another process" not in text
    assert "# 2 in the memory of another process: the mount says so." in text
    assert given_of(text, 1202)["vfork_of"] == 1200
    assert given_of(text, 413)["uses_mm_of"] == 410


COMMS = [
    b'say "hi"',
    b"a\nb",
    b"back\\slash",
    b"(x) S 1 1",
    b"[[process]]",
    b"\t\r\x01\x7f",
    b"'''",
    b"#no comment",
    "grün €".encode(),
    b" ",
]


@pytest.mark.parametrize("comm", COMMS)
def test_a_hostile_comm_comes_back_byte_by_byte(comm: bytes, mount_door: Mounted) -> None:
    world = World()
    world.spawn(comm.decode(), pid=100).set_cmdline([comm.decode(), 'a "b"', "\n[machine]\n"])
    world.task(100).thread(comm.decode()[::-1], pid=102)
    again = rebuilt(of_mount(mount_door, world))
    assert files(again) == files(world)


def test_what_no_text_can_say_is_remarked(mount_door: Mounted) -> None:
    world = World()
    world.spawn("x\udcff\udce2", pid=100).thread("\udcff", pid=101)
    text = of_mount(mount_door, world)
    assert r"# its comm is b'x\xff\xe2'" in text
    assert rebuilt(text).task(100).comm == "x??"


# --- a saved tree ---------------------------------------------------------------------


STATUS = """\
Name:\t{comm}
State:\tS (sleeping)
Pid:\t{pid}
PPid:\t{ppid}
Uid:\t{uid}\t{uid}\t{uid}\t{uid}
Gid:\t{uid}\t{uid}\t{uid}\t{uid}
VmSize:\t   20000 kB
VmRSS:\t    {rss} kB
RssAnon:\t    {rss} kB
RssFile:\t       0 kB
RssShmem:\t       0 kB
VmSwap:\t       0 kB
CapEff:\t{caps}
"""


def stat_line(
    pid: int, ppid: int, comm: str = "x", state: str = "S", flags: int = 0, start: int = 0, at: int = 9
) -> str:
    middle = f"{pid} ({comm}) {state} {ppid} 1 1 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 {start} 20480000 10 1"
    return f"{middle} {at} {at + 1} {at + 2} " + "0 " * 16 + "5 6 7 8 9 10 11 0\n"


def save(tree: Path, pid: int, ppid: int = 1, *, uid: int = 0, rss: int = 400, caps: str = "0", **stat: Any) -> Path:
    """A process as files."""
    place = tree / str(pid)
    (place / "task" / str(pid)).mkdir(parents=True)
    words = {"pid": pid, "ppid": ppid, "uid": uid, "rss": rss, "caps": caps, "comm": stat.get("comm", "x")}
    (place / "stat").write_text(stat_line(pid, ppid, **stat))
    (place / "status").write_text(STATUS.format(**words))
    return place


def test_a_saved_tree_is_read(tmp_path: Path) -> None:
    place = save(tmp_path, 10, uid=1000, comm="one")
    (place / "oom_score_adj").write_text("-900\n")
    (place / "cgroup").write_text("4:memory:/old\n0::/new\n")
    (place / "cmdline").write_bytes(b"/bin/one --password=secret\0--token\0")
    (tmp_path / "meminfo").write_text("MemTotal:        4194304 kB\nSwapTotal:       1048576 kB\nHugePages_Total: 0\n")
    (tmp_path / "version").write_text("Linux version 6.17.3-amd64 (builder@host)\n")
    text = snapshot(tmp_path).text
    assert given_of(text, 10) == {
        **{"pid": 10, "comm": "one", "uid": 1000, "anon": "400 KiB", "oom_score_adj": -900},
        **{"cmdline": ["/bin/one"], "cgroup": "/old"},
    }
    described = scenario.loads(text)
    assert (described.kernel.version, described.ram, described.swap) == ("6.12", 4 << 30, 1 << 30)
    assert "# Its kernel is 6.17; the nearest known one at or below is 6.12." in text


ZONEINFO = """\
Node 0, zone      DMA
  pages free     3840
        managed  1024
Node 0, zone   Normal
        managed  3072
Node 1, zone   Normal
        managed  4096
"""


def test_memory_nodes_and_who_may_use_which(tmp_path: Path) -> None:
    for pid, mems in ((1, "0-1"), (10, "1"), (11, "0-1")):
        place = save(tmp_path, pid, min(10, pid - 1), rss=pid * 4)
        (place / "status").write_text((place / "status").read_text() + f"Mems_allowed_list:\t{mems}\n")
    (tmp_path / "zoneinfo").write_text(ZONEINFO)
    text = snapshot(tmp_path).text
    assert scenario.loads(text).nodes == (16 << 20, 16 << 20)
    assert [given_of(text, pid).get("mems") for pid in (1, 10, 11)] == [None, "1", "0-1"]


def test_nodes_that_a_process_goes_beyond_are_left_out(tmp_path: Path) -> None:
    place = save(tmp_path, 10)
    (place / "status").write_text((place / "status").read_text() + "Mems_allowed_list:\t0-7\n")
    (tmp_path / "zoneinfo").write_text(ZONEINFO)
    assert scenario.loads(snapshot(tmp_path).text).nodes == ()


MEMINFO = """\
MemTotal:        1048576 kB
Buffers:            1024 kB
Cached:           307200 kB
Dirty:               {dirty} kB
Shmem:             51200 kB
SReclaimable:      20480 kB
SUnreclaim:        {slab} kB
"""


def machine_of(text: str) -> dict[str, Any]:
    return dict(tomllib.loads(text)["machine"])


def test_the_machine_has_what_meminfo_tells_besides_its_processes(tmp_path: Path) -> None:
    place = save(tmp_path, 10)
    status = (place / "status").read_text()
    (place / "status").write_text(status.replace("RssFile:\t       0", "RssFile:\t  102400"))
    (tmp_path / "meminfo").write_text(MEMINFO.format(dirty=2048, slab=10240))
    (tmp_path / "stat").write_text("cpu  1 2 3\ncpu0 1 2 3\ncpu1 0 0 0\ncpu2 0 0 0\nintr 5\n")
    text = snapshot(tmp_path).text
    assert (
        machine_of(text).items()
        >= {
            **{"cpus": 3, "cache": "150 MiB", "dirty": "2 MiB", "buffers": "1 MiB"},
            **{"slab_reclaimable": "20 MiB", "slab_unreclaimable": "10 MiB"},
        }.items()
    )
    assert "# It holds 50 MiB of shared memory that no process has mapped (tmpfs): left out." in text


@pytest.mark.parametrize(
    ("dirty", "slab", "cache", "is_dirty"), [(999999, 0, "250 MiB", "250 MiB"), (0, 999999, None, None)]
)
def test_a_machine_cannot_hold_more_than_there_is(
    dirty: int, slab: int, cache: str | None, is_dirty: str | None, tmp_path: Path
) -> None:
    save(tmp_path, 10)
    (tmp_path / "meminfo").write_text(MEMINFO.format(dirty=dirty, slab=slab))
    found = machine_of(snapshot(tmp_path).text)
    assert (found.get("cache"), found.get("dirty")) == (cache, is_dirty)


@pytest.mark.parametrize(("raw", "name"), [("s3cr3t\n", "s3cr3t"), ("(none) x\n", None), ("\xff", None), ("", None)])
def test_the_name_of_the_machine_is_there_only_when_asked_for(raw: str, name: str | None, tmp_path: Path) -> None:
    save(tmp_path, 10)
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "sys/kernel/hostname").write_text(raw, encoding="latin-1")
    assert "hostname" not in snapshot(tmp_path).text
    assert machine_of(snapshot(tmp_path, with_hostname=True).text).get("hostname") == name


def test_secrets_are_there_only_when_asked_for(tmp_path: Path) -> None:
    place = save(tmp_path, 10)
    (place / "cmdline").write_bytes(b"db\0--password=s3cr3t\0")
    (place / "environ").write_bytes(b"TOKEN=s3cr3t\nfoo\0")
    assert "s3cr3t" not in snapshot(tmp_path).text
    assert given_of(snapshot(tmp_path, with_arguments=True).text, 10)["cmdline"] == ["db", "--password=s3cr3t"]
    assert "\n# environ: TOKEN=s3cr3t\\nfoo\n" in snapshot(tmp_path, with_environ=True).text


def test_a_file_with_secrets_is_its_owner_s(tmp_path: Path) -> None:
    save(tmp_path / "proc", 10)
    for option, mode in (("--kernel=4.8", 0o644), ("--with-arguments", 0o600), ("--with-hostname", 0o600)):
        file = tmp_path / option
        done = ask("snapshot", str(tmp_path / "proc"), "-o", str(file), option, umask=0o022)
        assert (done.returncode, done.stdout) == (0, "")
        assert file.stat().st_mode & 0o777 == mode
        assert scenario.load(file).build().task(10).comm == "x"


@pytest.mark.parametrize(
    ("first", "second", "shares"),
    [
        ({}, {"ppid": 10}, True),
        ({}, {"ppid": 1}, True),
        ({}, {"ppid": 99}, False),
        ({}, {"ppid": 10, "rss": 404}, False),
        ({}, {"ppid": 10, "at": 13}, False),
        ({"at": 1}, {"ppid": 10, "at": 1}, False),
        ({"at": 0}, {"ppid": 10, "at": 0}, False),
    ],
    ids=["child", "brother", "stranger", "other size", "other layout", "may not see", "shows nothing"],
)
def test_equal_facts_mean_one_mm_only_among_relatives(
    first: dict[str, Any], second: dict[str, Any], shares: bool, tmp_path: Path
) -> None:
    save(tmp_path, 99, rss=8)
    save(tmp_path, 10, **first)
    save(tmp_path, 11, **second)
    text = snapshot(tmp_path).text
    assert (given_of(text, 11).get("clone_vm_of") == 10) is shares
    assert ("# in one mm with 10? They are equal in size and layout" in text) is shares


@pytest.mark.parametrize(("parent", "child", "vforked"), [(667, 0, True), (667, 667, False), (0, 0, False)])
def test_a_vforked_child_is_known_by_its_score(parent: int, child: int, vforked: bool, tmp_path: Path) -> None:
    for place, score in ((save(tmp_path, 10), parent), (save(tmp_path, 11, 10), child)):
        (place / "oom_score").write_text(f"{score}\n")
    assert ("vfork_of" in given_of(snapshot(tmp_path).text, 11)) is vforked


def test_of_two_vforked_children_a_scenario_can_say_one(tmp_path: Path) -> None:
    for pid, ppid, score in ((10, 1, 667), (11, 10, 0), (12, 10, 0)):
        (save(tmp_path, pid, ppid) / "oom_score").write_text(f"{score}\n")
    text = snapshot(tmp_path).text
    assert given_of(text, 11)["vfork_of"] == given_of(text, 12)["clone_vm_of"] == 10


def test_whoever_has_no_parent_here_is_a_child_of_init_and_it_is_said(tmp_path: Path) -> None:
    save(tmp_path, 2, 0, comm="kthreadd", flags=0x200000)
    save(tmp_path, 10, 2)  # a program that the kernel started
    save(tmp_path, 11, 4000, rss=8)
    save(tmp_path, 13, 12, start=5, rss=12)
    save(tmp_path, 12, 1, start=6)  # its pid was that of another before
    result = snapshot(tmp_path)
    assert all("parent" not in given_of(result.text, pid) for pid in (10, 11, 12, 13))
    assert result.text.count("# its parent is ") == 3
    assert "parents that are none here: 3." in result.summary


def test_a_circle_of_parents_is_cut(tmp_path: Path) -> None:
    for pid, ppid in ((10, 11), (11, 12), (12, 10), (13, 12)):
        save(tmp_path, pid, ppid, rss=pid * 4)
    assert [task.pid for task in rebuilt(snapshot(tmp_path).text).processes[1:]]


def test_threads_with_other_ids_are_counted(tmp_path: Path) -> None:
    place = save(tmp_path, 10)
    for tid, uid in ((11, 0), (12, 5)):
        thread = save(place / "task", tid, 1, uid=uid)
        shutil.rmtree(thread / "task")
    result = snapshot(tmp_path)
    assert given_of(result.text, 10)["threads"] == 3
    assert "threads with a uid of their own: 1." in result.summary


def test_a_leader_that_has_ended_keeps_its_threads(tmp_path: Path) -> None:
    place = save(tmp_path, 10, state="Z")
    (place / "status").write_text("Uid:\t0 0 0 0\nGid:\t0 0 0 0\n")
    save(place / "task", 20, 1, comm="worker", rss=800)
    assert given_of(snapshot(tmp_path).text, 10) == {
        **{"pid": 10, "comm": "x", "dead_leader": True, "caps": "none", "anon": "800 KiB"},
        "threads": [{"comm": "worker", "tid": 20}],
    }


@pytest.mark.parametrize(
    ("mask", "written"), [("000001ffffffffff", None), ("0000003fffffffff", None), ("0", "none"), ("20", "kill")]
)
def test_capabilities_are_said_where_root_has_not_all_of_its_kernel(
    mask: str, written: str | None, tmp_path: Path
) -> None:
    save(tmp_path, 10, caps=mask)
    assert given_of(snapshot(tmp_path).text, 10).get("caps") == written


def test_processes_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    save(tmp_path, 10)
    (tmp_path / "11").mkdir()
    save(tmp_path, 12)
    (tmp_path / "12" / "status").write_text("Uid:\tnobody\n")
    save(tmp_path, 13)
    (tmp_path / "13" / "stat").unlink()
    os.mkfifo(tmp_path / "13" / "stat")
    (tmp_path / "14").write_text("no directory")
    result = snapshot(tmp_path)
    assert {"ended while they were read: 2.", "could not be read: 2."} <= set(result.summary)
    assert [task.pid for task in rebuilt(result.text).processes] == [1, 10]


@pytest.mark.parametrize("place", ["/nosuch", "/etc/passwd", "/etc"])
def test_where_no_process_is_that_is_said(place: str) -> None:
    done = ask("snapshot", place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"fakeproc: {place}")
    assert done.stderr.endswith("name a /proc, a mount of fakeproc or a saved tree\n")


numbers = st.integers(0, 40)
processes = st.dictionaries(
    st.integers(1, 40),
    st.tuples(numbers, st.sampled_from("RSDTZItX"), st.booleans(), numbers, st.lists(st.integers(1, 60), max_size=3)),
    min_size=1,
)


@settings(max_examples=60, deadline=None)
@given(found=processes)
@example(found={1: (2, "R", False, 0, []), 3: (2, "R", False, 0, [])})  # an init that claims to have a parent
def test_whatever_a_tree_holds_makes_a_machine(
    found: dict[int, tuple[int, str, bool, int, list[int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    possible = {
        pid for pid, (ppid, state, kthread, *_) in found.items() if pid != ppid and state != "X" and pid * kthread != 1
    }
    assume(possible)
    tree = tmp_path_factory.mktemp("tree")
    for pid, (ppid, state, kthread, start, tids) in found.items():
        place = save(tree, pid, ppid, state=state, flags=0x200000 * kthread, start=start, rss=start // 20 * 4)
        for tid in {*tids} - {pid}:
            save(place / "task", tid, ppid, state=state, rss=4)
        (place / "oom_score").write_text(f"{start % 3}\n")
        (place / "oom_score_adj").write_text(f"{start * 20 - 400}\n")
    world = rebuilt(snapshot(tree).text)
    shutil.rmtree(tree)
    assert possible <= {task.pid for task in world.processes}


# --- the parsers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "comm"),
    [
        (b"1 (a) b) (c) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7", b"a) b) (c"),
        (b"1 (\n) R 1 (x)\n) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7", b"\n) R 1 (x)\n"),
        (b"1 () S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7", b""),
        (b"1 (kworker/u8:3-events_unbound) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 7", b"kworker/u8:3"),
        (b"1 (kworker/0:1H+kblockd) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 7", b"kworker/0:1H"),
        (b"1 (kworker/R-netns_cleanup) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 7", b"kworker/R-netns"),
    ],
)
def test_a_comm_is_found_in_stat(raw: bytes, comm: bytes) -> None:
    assert (parse.stat(raw).comm, parse.stat(raw).start_time) == (comm, 7)


def test_a_forged_line_of_status_does_not_count() -> None:
    raw = b"Name:\tx\nUid:\t5\t5\t5\t5\nUid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nCapEff:\tff\n"
    found = parse.status(raw)
    assert (found.real_uid, found.uid, found.gid, found.caps, found.sizes) == (1, 2, 2, 255, None)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"0::/\n", "/"),
        (b"0::/a:b/c (deleted)\n", "/a:b/c"),
        (b"9:name=systemd:/x\n4:cpu,memory:/m\n0::/u\n", "/m"),
        (b"9:name=systemd:/x\n0::/u\n", "/u"),
        (b"0::/\xff\n", "/\udcff"),
        (b"", None),
        (b"0:\n", None),
        (b"::::", None),
    ],
)
def test_the_cgroup_is_that_of_the_memory_controller(raw: bytes, path: str | None) -> None:
    assert parse.cgroup(raw) == path


@pytest.mark.parametrize(
    ("raw", "sizes"),
    [
        (ZONEINFO, [16 << 20, 16 << 20]),
        ("Node 1, zone Normal\n managed 5\n", []),
        ("Node 0, zone Normal\n managed 0\n", []),
        (" managed 5\n", []),
        ("", []),
    ],
)
def test_memory_nodes_are_those_of_zoneinfo(raw: str, sizes: list[int]) -> None:
    assert parse.node_sizes(raw.encode()) == sizes


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        (b"/bin/x\0-y\0", [b"/bin/x"]),
        (b"postgres: alice shop [local] SELECT\0\0\0", [b"postgres:"]),
        (b"/opt/b --type=gpu --key=1", [b"/opt/b"]),
        (b"\0x\0", []),
        (b"   \0", []),
        (b"", []),
    ],
)
def test_the_program_is_what_is_kept_of_a_command_line(raw: bytes, first: list[bytes]) -> None:
    assert parse.program(parse.words(raw)) == first


NOISE_FOR = (parse.stat, parse.status, parse.adjustment, parse.score, parse.sysctl, parse.world, parse.node_sizes)


@pytest.mark.parametrize("reader", NOISE_FOR)
@given(raw=st.binary(max_size=200))
def test_noise_is_a_value_error(reader: Any, raw: bytes) -> None:
    try:
        reader(raw)
    except ValueError:
        return


@pytest.mark.parametrize(
    "row", [7, {}, {"pid": "x"}, {"pid": 1, "mm": [], "vforked": 1}, {"pid": 1, "mm": 1, "oom_score_adj_min": 5000}]
)
def test_a_table_of_a_world_that_is_none_is_refused(row: Any) -> None:
    with pytest.raises(ValueError, match="no table of a world"):
        parse.world(json.dumps({"kernel": "4.8", "patches": [], "processes": [row]}).encode())


def test_the_table_of_a_world_is_read() -> None:
    world = scenario.bundled().build()
    found = parse.world(unseen.as_json(world).encode())
    assert found.kernel == world.kernel
    assert found.processes[1200].mm == found.processes[1201].mm != found.processes[1300].mm
    assert [pid for pid, one in found.processes.items() if one.is_vforked and pid > 1000] == [1202]


@given(text=st.text())
def test_any_text_comes_back_from_toml(text: str) -> None:
    again = tomllib.loads(f"# {toml.comment(text)}\nx = {toml.value([{'a': text}, True, 7])}")["x"]
    assert again == [{"a": text}, True, 7]


# --- the live machine -------------------------------------------------------------------

SHARER = r"""
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static char stacks[2][65536] __attribute__((aligned(16)));
static int stay(void *name) { prctl(PR_SET_PDEATHSIG, SIGKILL); prctl(PR_SET_NAME, name); for (;;) pause(); }

int main(void)
{
	int child, brother;

	setvbuf(stdout, NULL, _IONBF, 0);
	child = clone(stay, stacks[0] + 65536, CLONE_VM | SIGCHLD, "child");
	brother = clone(stay, stacks[1] + 65536, CLONE_VM | CLONE_PARENT | SIGCHLD, "brother");
	printf("%d %d\n", child, brother);
	if (!vfork()) {
		printf("%d\n", getpid());
		for (;;)
			pause();
	}
}
"""


@contextmanager
def helper(*command: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A program that says pids, in a line or two, and stays until it is killed with all of them."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pids = [int(word) for _ in range(2) for word in process.stdout.readline().split()]
        try:
            yield process, pids
        finally:
            process.kill()
            for pid in pids:
                with suppress(ProcessLookupError, ChildProcessError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)


@contextmanager
def eater(*words: str) -> Iterator[int]:
    """A program that holds so many MiB at such an adjustment."""
    with subprocess.Popen([sys.executable, "-c", EATER, *words], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


@pytest.fixture(scope="module")
def sharer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program with a child and a brother in its memory, and a vforked child."""
    place = tmp_path_factory.mktemp("sharer")
    (place / "sharer.c").write_text(SHARER)
    subprocess.run(["gcc", "-o", str(place / "sharer"), str(place / "sharer.c")], check=True)
    return str(place / "sharer")


@pytest.fixture
def kcmp_works() -> None:
    try:
        assert kcmp.compare(os.getpid(), os.getpid()) == kcmp.EQUAL
    except kcmp.Refused:
        pytest.skip("kcmp(2) is refused here")


@pytest.mark.usefixtures("kcmp_works")
def test_sharers_on_the_live_machine_are_found_by_kcmp(sharer: str) -> None:
    with helper(sharer) as (process, (child, brother, vforked)):
        done = ask("snapshot")
        pid = process.pid
    text = done.stdout
    assert done.returncode == 0
    assert given_of(text, child)["clone_vm_of"] == pid
    assert given_of(text, brother) | {"clone_vm_of": pid, "parent": os.getpid()} == given_of(text, brother)
    assert given_of(text, vforked)["vfork_of"] == pid
    assert "in the memory of another process: kcmp(2) says so." in done.stderr
    world = rebuilt(text)
    assert sorted(task.pid for task in world.task(pid).sharers) == sorted([pid, child, brother, vforked])
    assert world.task(vforked).badness is None


def test_without_kcmp_equal_facts_have_to_do(sharer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kcmp, "NUMBERS", {})
    with helper(sharer) as (process, (child, *_)):
        text = snapshot().text
    assert given_of(text, child)["clone_vm_of"] == process.pid
    assert f"# in one mm with {process.pid}? They are equal in size and layout" in text


def test_who_takes_the_snapshot_is_not_in_it() -> None:
    world = rebuilt(snapshot().text)
    assert os.getpid() not in [task.pid for task in world.processes]


EATER = """
import os, sys
from pathlib import Path
held = b"x" * (int(sys.argv[1]) << 20)
Path("/proc/self/oom_score_adj").write_text(sys.argv[2])
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def test_the_scenario_of_a_live_machine_ranks_as_its_kernel_does() -> None:
    eaters = [("120", "900"), ("10", "700"), ("40", "1000"), ("90", "500"), ("5", "600")]
    with ExitStack() as stack:
        pids = [stack.enter_context(eater(*words)) for words in eaters]
        live = {pid: int(Path(f"/proc/{pid}/oom_score").read_text()) for pid in pids}
        world = rebuilt(ask("snapshot").stdout)
    ours = {pid: world.task(pid).oom_score for pid in pids}
    assert sorted(pids, key=live.__getitem__) == sorted(pids, key=ours.__getitem__)
    assert [abs(live[pid] - ours[pid]) <= 2 for pid in pids] == [True] * len(pids)


def test_processes_may_come_and_go_meanwhile() -> None:
    with subprocess.Popen(["sh", "-c", "while :; do true & true | true; done"]) as busy:
        try:
            described = [scenario.loads(snapshot().text) for _ in range(10)]
        finally:
            busy.kill()
    assert all(busy.pid in [process.pid for process in one.processes] for one in described)


def test_a_zombie_is_seen() -> None:
    with subprocess.Popen(["sh", "-c", "exit"]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        given = given_of(snapshot().text, zombie.pid)
    assert given["zombie"] is True
    assert "cmdline" not in given
