"""The surprises that a naive implementation gets wrong, by the numbers that the list of them gives: 1 to 29, 35 and 56.

Each runs through the tree in process and through a FUSE mount with real system calls; what a FUSE client decides
before the server is asked runs through the tree alone, and says so.
"""

import os
import signal

import pytest
from doors import Tree, outcome, read, write

from fakeproc import World, rules
from fakeproc._native import lib
from fakeproc.world import CLONE_PARENT, CLONE_VFORK, CLONE_VM, ROOT, ROOT_CAPS, Caller

SYS_RESOURCE = 1 << 24
USER = Caller(uid=1000, gid=1000, caps=0, comm="sh")
POWERLESS_ROOT = Caller(caps=ROOT_CAPS & ~SYS_RESOURCE)
EVERY_KERNEL = ["4.7", "4.8", "6.18"]


@pytest.fixture(params=EVERY_KERNEL)
def world(request, door):
    return door.use(World(request.param))


@pytest.fixture
def one(world):
    """A process of uid 1000, which may open its own files."""
    return world.spawn("one", uid=1000, anon="10 MiB")


def with_kernel(door, version, patches=None):
    return door.use(World(rules.kernel(version, patches)))


# --- writes and reads ------------------------------------------------------------


def test_point_1_more_than_12_bytes_are_cut_off(door, one):
    assert write(door, one, "oom_score_adj", "0" * 18 + "5") == 12
    assert one.oom_score_adj == 0
    assert write(door, one, "oom_score_adj", "0" * 6 + "5") == 7
    assert one.oom_score_adj == 5


def test_point_2_an_empty_write_is_refused_where_it_arrives(one):
    tree = Tree()
    tree.use(one.world)
    assert write(tree, one, "oom_score_adj", "") == "EINVAL"


def test_point_2_a_fuse_client_keeps_an_empty_write_to_itself(mount_door, one):
    mount_door.use(one.world)
    assert write(mount_door, one, "oom_score_adj", "") == 0


@pytest.mark.parametrize(("text", "seen"), [("010", 8), ("08", "EINVAL"), ("0x10", 16), ("0x", "EINVAL")])
def test_point_3_octal_and_hexadecimal(door, one, text, seen):
    result = write(door, one, "oom_score_adj", text)
    assert seen == (one.oom_score_adj if isinstance(result, int) else result)


@pytest.mark.parametrize(
    ("text", "error"), [("2147483648", "ERANGE"), ("2147483647", "EINVAL"), ("1001", "EINVAL"), ("-1001", "EINVAL")]
)
def test_point_4_too_big_for_int_is_another_error_than_out_of_range(door, one, text, error):
    assert write(door, one, "oom_score_adj", text) == error


@pytest.mark.parametrize("name", ["oom_adj", "oom_score_adj"])
def test_point_5_garbage_is_seen_before_death(door, one, name):
    file = door.open(one.path(name), os.O_RDWR)
    one.kill()
    one.reap()
    assert outcome(lambda: file.write(b"junk")) == "EINVAL"
    assert outcome(lambda: file.write(b"99999")) == "EINVAL"
    assert outcome(lambda: file.write(b"99999999999")) == "ERANGE"
    assert outcome(lambda: file.write(b"5")) == "ESRCH"
    assert outcome(lambda: file.read()) == "ESRCH"
    file.close()


@pytest.mark.parametrize(("data", "count"), [(b"\xa07", 2), (b"\v7\f", 3), (b"7\0zz", 4)])
def test_point_6_odd_white_space_and_an_embedded_nul(door, one, data, count):
    assert write(door, one, "oom_score_adj", data) == count
    assert one.oom_score_adj == 7


def test_point_7_the_deprecation_line_comes_once_and_after_the_permission_check(door, one):
    mine = Caller(pid=77, uid=1000, gid=1000, caps=0, comm="writer")
    assert write(door, one, "oom_adj", "junk", mine) == "EINVAL"
    assert write(door, one, "oom_adj", "-1", mine) == "EACCES"
    assert one.world.kmsg == []
    assert write(door, one, "oom_adj", "1", mine) == 1
    assert write(door, one, "oom_adj", "2", mine) == 1
    (record,) = one.world.kmsg
    assert record.level == 4
    assert record.text == (
        f"writer (77): /proc/{one.pid}/oom_adj is deprecated, please use /proc/{one.pid}/oom_score_adj instead."
    )


@pytest.mark.parametrize(("written", "seen"), [(14, 13), (1, 0), (-1, 0), (-16, -15), (15, 15), (-17, -17)])
def test_point_8_oom_adj_does_not_always_read_back(door, one, written, seen):
    write(door, one, "oom_adj", str(written))
    assert read(door, one, "oom_adj") == f"{seen}\n"


@pytest.mark.parametrize(("version", "seen"), [("4.7", 16), ("4.8", 16), ("5.4", 16), ("5.10", 15), ("6.18", 15)])
def test_point_9_oom_score_adj_950_reads_16_until_5_10(door, version, seen):
    task = with_kernel(door, version).spawn("one")
    task.set_adj(950, 0)
    assert read(door, task, "oom_adj") == f"{seen}\n"


def test_point_10_oom_adj_compares_with_the_value_as_it_is(door, one):
    one.set_adj(100, 0)
    assert read(door, one, "oom_adj") == "1\n"
    assert write(door, one, "oom_adj", "1", USER) == "EACCES"
    assert write(door, one, "oom_score_adj", "58", USER) == 2


def test_point_11_an_own_raise_is_taken_back_through_oom_score_adj_only(door, one):
    assert write(door, one, "oom_score_adj", "500", USER) == 3
    assert write(door, one, "oom_score_adj", "0", USER) == 1
    assert write(door, one, "oom_adj", "8", USER) == 1
    assert write(door, one, "oom_adj", "0", USER) == "EACCES"


def test_point_12_root_moves_the_minimum_through_oom_score_adj_only(door, one):
    write(door, one, "oom_adj", "-17")
    assert write(door, one, "oom_score_adj", "0", USER) == 1
    assert write(door, one, "oom_score_adj", "-1000", USER) == "EACCES"
    write(door, one, "oom_score_adj", "-500")
    assert write(door, one, "oom_score_adj", "0", USER) == 1
    assert write(door, one, "oom_score_adj", "-500", USER) == 4


def test_point_13_root_raises_the_minimum_too(door, one):
    write(door, one, "oom_score_adj", "300")
    assert write(door, one, "oom_score_adj", "299", USER) == "EACCES"


def test_point_14_the_capability_counts_when_it_writes(door, one):
    file = door.open(one.path("oom_score_adj"), os.O_RDWR, ROOT)
    assert outcome(lambda: file.write(b"-5", POWERLESS_ROOT)) == "EACCES"
    assert outcome(lambda: file.write(b"-5", USER)) == "EACCES"
    assert file.write(b"-5", ROOT) == 2
    file.close()


def test_point_14_root_of_a_user_namespace_has_no_capability_here(door, one):
    one.world.spawn("helper")
    lib.task_unshare_user(one.world._w, one.pid)
    assert one.info.caps & SYS_RESOURCE
    assert write(door, one, "oom_score_adj", "-1", one) == "EACCES"


@pytest.mark.parametrize(("version", "patches", "seen"), [("4.7", None, "EINVAL"), ("4.7", "1", 2), ("4.8", None, 2)])
@pytest.mark.parametrize("kind", ["zombie", "kthread"])
@pytest.mark.parametrize("name", ["oom_adj", "oom_score_adj"])
def test_point_15_without_an_mm(door, version, patches, seen, kind, name):
    world = with_kernel(door, version, patches)
    task = world.kthread("kthreadd") if kind == "kthread" else world.spawn("zombie")
    if kind == "zombie":
        task.exit()
    assert write(door, task, name, "-5") == seen


def test_point_16_files_of_a_dead_leader_are_roots(door, one):
    thread = one.thread()
    one.exit_thread()
    assert door.stat(one.path("oom_adj"))[1:] == (0, 0)
    assert door.stat(one.path(""))[1:] == (1000, 1000)
    assert door.stat(f"/{one.pid}/task/{thread.pid}/oom_adj")[1:] == (1000, 1000)
    assert write(door, one, "oom_score_adj", "5", USER) == "EACCES"
    assert write(door, thread, "oom_score_adj", "5", USER) == 1


def test_point_17_a_write_ignores_and_keeps_the_position(one):
    file = one.world.open(one.path("oom_score_adj"), os.O_RDWR)
    assert file.write(b"500") == 3
    assert file.lseek(0, os.SEEK_CUR) == 0
    assert file.read(64) == b"500\n"
    assert file.pwrite(b"7", 100) == 1


def test_point_17_a_read_behind_the_start_gives_the_tail(door, one):
    one.set_adj(500, 0)
    file = door.open(one.path("oom_score_adj"))
    assert file.pread(64, 1) == b"00\n"
    assert file.pread(64, 4) == b""
    assert file.read(1) + file.read(1) + file.read(64) == b"500\n"
    file.close()


def test_point_18_each_write_stands_for_itself(one):
    file = one.world.open(one.path("oom_score_adj"), os.O_WRONLY)
    assert [file.write(part) for part in (b"1", b"0")] == [1, 1]
    assert one.oom_score_adj == 0


@pytest.mark.parametrize("flags", [os.O_TRUNC, os.O_APPEND, os.O_CREAT, os.O_CREAT | os.O_TRUNC, os.O_SYNC])
def test_point_19_truncating_is_taken(door, one, flags):
    file = door.open(one.path("oom_score_adj"), os.O_WRONLY | flags)
    assert file.write(b"7") == 1
    file.close()
    assert one.oom_score_adj == 7


def test_point_19_a_mode_is_not_taken(mount_door, world):
    task = mount_door.use(world).spawn("one")
    path = mount_door.mount.path + task.path("oom_adj")
    mount_door.mount.caller(ROOT)
    assert outcome(lambda: os.chmod(path, 0o666)) == "EPERM"
    assert outcome(lambda: os.truncate(path, 0)) is None
    assert oct(os.stat(path).st_mode) == "0o100644"


# --- propagation -----------------------------------------------------------------


def family(world):
    a = world.spawn("a")
    return a, a.clone_vm("b"), a.fork("c")


@pytest.mark.parametrize(("version", "seen"), [("4.7", [300, 0, 0]), ("4.8", [300, 300, 0]), ("6.18", [300, 300, 0])])
def test_point_20_what_counts_is_the_mm_of_the_target(door, version, seen):
    tasks = family(with_kernel(door, version))
    writer = tasks[2]
    assert write(door, tasks[0], "oom_score_adj", "300", writer) == 3
    assert [task.oom_score_adj for task in tasks] == seen


def test_point_20_the_named_thread_decides(door):
    world = with_kernel(door, "4.8")
    a = world.spawn("a")
    b = a.clone_vm("b")
    thread = a.clone(CLONE_VM | CLONE_VFORK | 0x800 | 0x10000, "t")
    write(door, thread, "oom_score_adj", "15")
    assert (a.oom_score_adj, b.oom_score_adj) == (15, 0)
    write(door, a, "oom_score_adj", "20")
    assert (a.oom_score_adj, b.oom_score_adj) == (20, 20)


@pytest.mark.parametrize("version", ["4.8", "6.18"])
def test_point_21_a_vforked_child_stands_apart(door, version):
    parent = with_kernel(door, version).spawn("parent")
    child = parent.vfork("child")
    write(door, child, "oom_score_adj", "300")
    assert (parent.oom_score_adj, child.oom_score_adj) == (0, 300)
    write(door, parent, "oom_score_adj", "-100")
    assert (parent.oom_score_adj, child.oom_score_adj) == (-100, 300)
    child.exec()
    write(door, parent, "oom_score_adj", "5")
    assert (parent.oom_score_adj, child.oom_score_adj) == (5, 300)


def test_point_22_vfork_without_vm_has_its_own_mm_and_does_not_spread(door):
    world = with_kernel(door, "4.8")
    child = world.spawn("parent", anon="10 MiB").clone(CLONE_VFORK, "child")
    sharer = child.clone_vm("sharer")
    write(door, child, "oom_score_adj", "300")
    assert (child.oom_score_adj, sharer.oom_score_adj) == (300, 0)
    assert child.badness is not None


def test_point_23_with_its_parent_killed_a_vforked_child_is_an_ordinary_sharer(door):
    world = with_kernel(door, "4.8")
    parent = world.spawn("parent", anon="100 MiB")
    child = parent.vfork("child")
    sharer = child.clone_vm("sharer")
    assert read(door, child, "oom_score") == "0\n"
    parent.kill(signal.SIGKILL)
    write(door, sharer, "oom_score_adj", "300")
    assert child.oom_score_adj == 300
    assert int(read(door, child, "oom_score")) > 0


def test_point_24_the_log_names_each_sharer_in_the_order_of_creation(door):
    world = with_kernel(door, "4.8")
    world.kthread("kthreadd")
    a = world.spawn("a")
    b, c = a.clone_vm("b"), a.clone_vm("c")
    a.thread("t")
    write(door, b, "oom_score_adj", "0")
    assert [record.text for record in world.kmsg] == [
        f"updating oom_score_adj for {p.pid} ({p.comm}) from 0 to 0 because it shares mm with {b.pid} (b)."
        " Report if this is unexpected."
        for p in (a, c)
    ]
    assert {record.level for record in world.kmsg} == {6}


@pytest.mark.parametrize(("version", "lines"), [("4.7", 0), ("4.8", 1), ("4.19", 1), ("5.4", 0), ("6.18", 0)])
def test_point_24_the_line_is_gone_since_5_0(door, version, lines):
    a, _, _ = family(with_kernel(door, version))
    write(door, a, "oom_score_adj", "1")
    assert len(a.world.kmsg) == lines


def test_point_25_sharers_are_not_asked_and_their_minimum_moves_with_privilege_only(door):
    world = with_kernel(door, "4.8")
    a = world.spawn("a", uid=1000)
    b = a.clone_vm("b")
    a.set_adj(0, -500)
    b.set_adj(0, 0)
    assert write(door, a, "oom_score_adj", "-300", USER) == 4
    assert (b.oom_score_adj, b.info.oom_score_adj_min) == (-300, 0)
    write(door, a, "oom_score_adj", "-100")
    assert (b.oom_score_adj, b.info.oom_score_adj_min) == (-100, -100)
    write(door, a, "oom_adj", "-10")
    assert (b.oom_score_adj, b.info.oom_score_adj_min) == (-588, -100)


@pytest.mark.parametrize("version", ["4.8", "6.18"])
def test_point_26_a_sharer_with_a_dead_leader_is_found(door, version):
    a, b, _ = family(with_kernel(door, version))
    b.thread("alive")
    b.exit_thread()
    assert b.is_zombie
    write(door, a, "oom_score_adj", "300")
    assert b.oom_score_adj == 300
    write(door, b, "oom_score_adj", "200")
    assert a.oom_score_adj == 200


@pytest.mark.parametrize("version", ["4.8", "6.18"])
def test_point_27_former_sharers_and_zombies_are_left_alone(door, version):
    a, b, _ = family(with_kernel(door, version))
    zombie = a.clone_vm("zombie")
    zombie.exit()
    b.exec("other")
    write(door, a, "oom_score_adj", "300")
    assert (b.oom_score_adj, zombie.oom_score_adj) == (0, 0)


@pytest.mark.parametrize(("version", "seen"), [("4.8", 300), ("5.4", 300), ("5.10", 0), ("6.18", 0)])
def test_point_28_sharing_by_vfork_alone_is_not_marked_since_5_10(door, version, seen):
    parent = with_kernel(door, version).spawn("parent")
    parent.thread("other")
    child = parent.vfork("child")
    grandchild = child.vfork("grandchild")
    child.kill()
    assert not grandchild.is_vforked
    write(door, parent, "oom_score_adj", "300")
    assert grandchild.oom_score_adj == seen


@pytest.mark.parametrize(("version", "seen"), [("4.7", 0), ("4.19", 0), ("5.4", 4)])
def test_point_29_a_reader_without_a_common_memory_node_sees_0(door, version, seen):
    task = with_kernel(door, version).spawn("one", anon="32 MiB")
    lib.task_set_mems(task.world._w, task.pid, 0b01)
    task.set_adj(3, 0)
    there, elsewhere = Caller(mems=0b01), Caller(mems=0b10)
    assert int(read(door, task, "oom_score", there)) > 0
    assert (int(read(door, task, "oom_score", elsewhere)) > 0) == bool(seen)


@pytest.mark.parametrize(("version", "hidden"), [("4.7", False), ("4.8", True), ("6.18", True)])
def test_point_35_a_vforked_child_of_a_huge_parent_scores_0(door, version, hidden):
    parent = with_kernel(door, version).spawn("huge", anon="4 GiB")
    parent.set_adj(-1000, -1000)
    child = parent.vfork("child")
    child.set_adj(0, -1000)
    assert (read(door, child, "oom_score") == "0\n") == hidden


def test_point_56_without_direct_io_a_short_write_would_be_an_error(mount_door, one):
    mount_door.use(one.world)
    assert write(mount_door, one, "oom_score_adj", "0" * 4096) == 12


# --- more that the same files promise ---------------------------------------------


@pytest.mark.parametrize("version", EVERY_KERNEL)
def test_init_spreads_to_its_sharers_and_follows_nobody(door, version):
    world = with_kernel(door, version)
    sharer = world.init.clone_vm("sharer")
    write(door, world.init, "oom_score_adj", "30")
    assert sharer.oom_score_adj == (0 if version == "4.7" else 30)
    write(door, sharer, "oom_score_adj", "40")
    assert world.init.oom_score_adj == 30


def test_a_sibling_made_with_clone_parent_shares_too(door):
    a = with_kernel(door, "4.8").spawn("a")
    b = a.clone(CLONE_VM | CLONE_PARENT, "b")
    assert b.ppid == a.ppid
    write(door, b, "oom_score_adj", "98")
    assert a.oom_score_adj == 98


def test_a_kernel_thread_that_borrows_the_mm_is_left_alone(door):
    world = with_kernel(door, "4.8")
    world.kthread("kthreadd")
    kthread = world.kthread("kworker/0:1")
    a = world.spawn("a")
    lib.task_use_mm(world._w, kthread.pid, a.pid)
    write(door, a, "oom_score_adj", "300")
    assert kthread.oom_score_adj == 0
    assert world.kmsg == []


def test_an_open_file_does_not_reach_the_next_owner_of_its_pid(door, one):
    file = door.open(one.path("oom_score_adj"), os.O_RDWR)
    one.kill()
    one.reap()
    successor = one.world.spawn("successor", pid=one.pid)
    assert outcome(lambda: file.write(b"300")) == "ESRCH"
    assert outcome(lambda: file.read()) == "ESRCH"
    assert successor.oom_score_adj == 0
    assert read(door, successor, "oom_score_adj") == "0\n"
    file.close()


def test_a_dead_pid_is_not_found_at_once(door, one):
    path = one.path("oom_score_adj")
    door.open(path).close()
    one.kill()
    one.reap()
    assert outcome(lambda: door.open(path)) == "ENOENT"
    assert outcome(lambda: door.stat(path)) == "ENOENT"
    assert outcome(lambda: door.stat(one_directory(path))) == "ENOENT"


def one_directory(path: str) -> str:
    return path.rsplit("/", 1)[0]


def test_a_process_is_the_same_by_all_its_names(door, one):
    thread = one.thread("t")
    for path in (f"/{one.pid}", f"/{thread.pid}", f"/{one.pid}/task/{thread.pid}", f"/{thread.pid}/task/{one.pid}"):
        file = door.open(path + "/oom_score_adj", os.O_RDWR)
        assert file.write(b"12") == 2
        file.close()
        assert one.oom_score_adj == 12
        one.set_adj(0, 0)
