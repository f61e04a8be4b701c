"""The tree: its names, modes, owners and inode numbers, and how its open files behave."""

import os
import stat

import pytest
from doors import outcome
from hypothesis import given
from hypothesis import strategies as st

from fakeproc import World
from fakeproc._native import ffi, lib
from fakeproc.caller import native_of
from fakeproc.control import Control
from fakeproc.world import ROOT, Caller

PROCESS_FILES = {
    "task": 0o40555,
    "cgroup": 0o100444,
    "cmdline": 0o100444,
    "comm": 0o100644,
    "oom_adj": 0o100644,
    "oom_score": 0o100444,
    "oom_score_adj": 0o100644,
    "stat": 0o100444,
    "statm": 0o100444,
    "status": 0o100444,
}
USER = Caller(uid=1000, gid=1000, caps=0)


@pytest.fixture
def one(world):
    world.kthread("kthreadd")
    return world.spawn("one", uid=1000, anon="10 MiB")


def entries(world, path):
    with world.open(path, os.O_RDONLY | os.O_DIRECTORY) as directory:
        return {name: (ino, mode) for name, ino, mode in directory.entries()}


def test_the_root_lists_processes_and_not_threads(world, one):
    thread = one.thread("t")
    assert world.listdir("/")[-5:] == ["self", "thread-self", "1", "2", str(one.pid)]
    assert world.read(f"/{thread.pid}/comm") == b"t\n"


def test_a_process_has_these_files_among_others(world, one):
    found = {name: mode for name, (_, mode) in entries(world, one.path("")).items()}
    assert found.items() >= (PROCESS_FILES | {".": 0o40555, "..": 0o40555}).items()


def test_a_thread_has_the_same_without_task(world, one):
    thread = one.thread("t")
    assert world.listdir(one.path("task")) == [str(one.pid), str(thread.pid)]
    assert set(world.listdir(f"{one.path('task')}/{thread.pid}")) >= PROCESS_FILES.keys() - {"task"}
    assert "task" not in world.listdir(f"{one.path('task')}/{thread.pid}")


def test_who_lists_threads_goes_on_behind_the_last_one_also_where_others_went_meanwhile(world, one):
    threads = [one.thread() for _ in range(5)]
    with world.open(one.path("task"), os.O_RDONLY | os.O_DIRECTORY) as directory:
        seen = directory.entries()
        first = [next(seen)[0] for _ in range(5)]
        threads[0].exit_thread()
        rest = [name for name, _, _ in seen]
    assert [*first, *rest] == [".", "..", *(str(task.pid) for task in (one, *threads))]


def test_what_is_listed_is_what_stat_says(world, one):
    for directory in ("/", one.path(""), one.path("task"), f"{one.path('task')}/{one.pid}"):
        for name, (ino, mode) in entries(world, directory).items():
            if name in (".", ".."):
                continue
            status = world.stat(f"{directory}/{name}")
            assert (status.ino, status.mode) == (ino, mode)


def test_inode_numbers_differ_and_stay(world, one):
    one.thread("t")
    paths = [f"/{pid}/{name}" for pid in (1, 2, one.pid) for name in PROCESS_FILES]
    paths += [f"/{one.pid}/task/{one.pid}/{name}" for name in PROCESS_FILES if name != "task"]
    first = [world.stat(path).ino for path in paths]
    assert len(set(first)) == len(first)
    assert [world.stat(path).ino for path in paths] == first


def test_a_pid_that_is_given_away_again_gets_other_inode_numbers(world, one):
    before = world.stat(one.path("oom_adj")).ino
    one.exit()
    one.reap()
    assert world.stat(world.spawn("two", pid=one.pid).path("oom_adj")).ino != before


def test_links_are_counted_as_the_kernel_counts_them(world, one):
    one.thread("t")
    directories = [name for name, (_, mode) in entries(world, "/").items() if stat.S_ISDIR(mode) and name[0].isalpha()]
    assert world.stat("/").nlink == 2 + len(directories) + 3
    assert world.stat(one.path("")).nlink == 9
    assert world.stat(one.path("task")).nlink == 2 + 2
    assert world.stat(one.path("oom_adj")).nlink == 1


def test_times_are_the_start_of_the_task(world):
    world.set_boot_time(10**18)
    world.now = 5 * 10**9
    task = world.spawn("late")
    assert world.stat(task.path("oom_adj")).time == 10**18 + 5 * 10**9


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/{pid}/nosuch", "ENOENT"),
        ("/{pid}/OOM_ADJ", "ENOENT"),
        ("/{pid}/oom_adj/x", "ENOTDIR"),
        ("/{pid}/oom_adj/", "ENOTDIR"),
        ("/{pid}/task/1/oom_adj", "ENOENT"),
        ("/{pid}/task/{pid}/task", "ENOENT"),
        ("/999999/oom_adj", "ENOENT"),
        ("/99999999999999999999/oom_adj", "ENOENT"),
        ("/4194305/oom_adj", "ENOENT"),
        ("/2147483648/oom_adj", "ENOENT"),
        ("/4294967297/oom_adj", "ENOENT"),
        ("/0/oom_adj", "ENOENT"),
        ("/-1/oom_adj", "ENOENT"),
        ("/01/oom_adj", "ENOENT"),
        ("/+1/oom_adj", "ENOENT"),
        ("/ 1/oom_adj", "ENOENT"),
        ("/1 /oom_adj", "ENOENT"),
        ("/self/oom_adj", "ENOENT"),
        ("/.fakeproc/world", "ENOENT"),
        ("/" + "x" * 256, "ENAMETOOLONG"),
        ("/" + "x" * 255, "ENOENT"),
    ],
)
def test_a_path_that_is_not_there(world, one, path, error):
    assert outcome(lambda: world.open(path.format(pid=one.pid))) == error


@pytest.mark.parametrize(
    "path", ["/{pid}/./oom_adj", "/{pid}/../{pid}/oom_adj", "//{pid}//oom_adj", "/../{pid}/oom_adj", "{pid}/oom_adj"]
)
def test_another_way_to_the_same_file(world, one, path):
    assert world.read(path.format(pid=one.pid)) == b"0\n"


def test_self_is_who_asks(world, one):
    thread = one.thread("t")
    assert world.readlink("/self", thread) == str(one.pid)
    assert world.readlink("/thread-self", thread) == f"{one.pid}/task/{thread.pid}"
    assert world.read("/self/comm", thread) == b"one\n"
    assert world.read("/thread-self/comm", thread) == b"t\n"
    assert world.readlink("/self", Caller(pid=4000)) == "4000"
    assert outcome(lambda: world.open("/self", os.O_NOFOLLOW, thread)) == "ELOOP"
    assert outcome(lambda: world.readlink(one.path("oom_adj"))) == "EINVAL"


READ_WRITE, EITHER = os.O_RDWR, os.O_ACCMODE


@pytest.mark.parametrize(
    ("flags", "root", "user"),
    [
        (os.O_RDONLY, None, None),
        (os.O_WRONLY, None, "EACCES"),
        (READ_WRITE, None, "EACCES"),
        (EITHER, None, "EACCES"),
        (os.O_RDONLY | os.O_TRUNC, None, "EACCES"),
        (os.O_RDONLY | os.O_APPEND, None, None),
        (READ_WRITE | os.O_CREAT, None, "EACCES"),
        (READ_WRITE | os.O_CREAT | os.O_EXCL, "EEXIST", "EEXIST"),
        (os.O_DIRECTORY, "ENOTDIR", "ENOTDIR"),
        (os.O_NOFOLLOW, None, None),
        (os.O_PATH, None, None),
        (os.O_DIRECT, "EINVAL", "EINVAL"),
        (READ_WRITE | os.O_DIRECT, "EINVAL", "EACCES"),
        (os.O_NOATIME, None, "EPERM"),
        (os.O_NONBLOCK, None, None),
        (READ_WRITE | os.O_TMPFILE, "ENOTDIR", "ENOTDIR"),
        (os.O_TMPFILE, "EINVAL", "EINVAL"),
        (READ_WRITE | os.O_TMPFILE | os.O_CREAT, "EINVAL", "EINVAL"),
        (os.O_PATH | os.O_CREAT | os.O_EXCL | os.O_DIRECT, None, None),
        (os.O_SYNC, None, None),
    ],
)
def test_open_flags(world, flags, root, user):
    path = world.init.path("oom_adj")
    for caller, expected in ((ROOT, root), (USER, user)):
        result = outcome(lambda caller=caller: world.open(path, flags, caller).close())
        assert result == expected


@pytest.mark.parametrize(("kernel", "file", "directory"), [("6.1", "ENOTDIR", "EISDIR"), ("6.18", "EINVAL", "EINVAL")])
def test_no_directory_is_created_by_open(world, one, file, directory):
    flags = os.O_CREAT | os.O_DIRECTORY
    assert outcome(lambda: world.open(one.path("oom_adj"), flags)) == file
    assert outcome(lambda: world.open(one.path("task"), flags)) == directory


def test_a_temporary_file_is_for_who_may_write_the_directory(world, one):
    flags = os.O_WRONLY | os.O_TMPFILE
    assert outcome(lambda: world.open(one.path("task"), flags)) == "ENOTSUP"
    assert outcome(lambda: world.open(one.path("task"), flags, USER)) == "EACCES"
    assert outcome(lambda: world.open(one.path(""), flags)) == "EPERM"


@pytest.mark.parametrize(
    ("flags", "read", "write"),
    [
        (os.O_RDONLY, b"0\n", "EBADF"),
        (os.O_WRONLY, "EBADF", 1),
        (READ_WRITE, b"0\n", 1),
        (EITHER, "EBADF", "EBADF"),
        (os.O_PATH, "EBADF", "EBADF"),
    ],
)
def test_an_open_file_does_what_it_was_opened_for(world, one, flags, read, write):
    with world.open(one.path("oom_score_adj"), flags) as file:
        assert outcome(lambda: file.read(9)) == read
        assert outcome(lambda: file.write(b"5")) == write


def test_directories_are_neither_read_nor_written(world, one):
    with world.open(one.path("")) as directory:
        assert outcome(lambda: directory.read(10)) == "EISDIR"
        assert outcome(lambda: directory.write(b"5")) == "EBADF"
    assert outcome(lambda: world.open(one.path(""), os.O_WRONLY)) == "EISDIR"


def test_an_open_directory_of_a_dead_process_is_empty_handed(world, one):
    directory = world.open(one.path(""))
    one.exit()
    assert directory.open_at("oom_adj").read(9) == b"0\n"
    one.reap()
    world.spawn("successor", pid=one.pid)
    assert outcome(lambda: directory.open_at("oom_adj")) == "ESRCH"
    assert outcome(lambda: list(directory.entries())) == "ENOENT"


MAX = (1 << 63) - 1


@pytest.mark.parametrize(
    ("name", "offset", "whence", "expected"),
    [
        ("oom_adj", 2, os.SEEK_SET, 2),
        ("oom_adj", -1, os.SEEK_SET, "EINVAL"),
        ("oom_adj", 0, os.SEEK_END, 0),
        ("oom_adj", 0, os.SEEK_DATA, "ENXIO"),
        ("oom_adj", 0, os.SEEK_HOLE, "ENXIO"),
        ("oom_adj", 0, 5, "EINVAL"),
        ("oom_adj", 1 << 31, os.SEEK_SET, "EINVAL"),
        ("oom_adj", (1 << 31) - 1, os.SEEK_SET, (1 << 31) - 1),
        ("oom_score_adj", 1 << 40, os.SEEK_SET, 1 << 40),
        ("oom_score_adj", MAX, os.SEEK_SET, MAX),
        ("oom_score_adj", -3, os.SEEK_CUR, "EINVAL"),
    ],
)
def test_lseek(world, one, name, offset, whence, expected):
    with world.open(one.path(name)) as file:
        assert outcome(lambda: file.lseek(offset, whence)) == expected


def test_lseek_shows_a_file_that_is_shown_once(world, one):
    with world.open(one.path("comm")) as file:
        assert file.lseek(1) == 1
        one.comm = "changed"
        assert file.lseek(1) == 1
        assert file.read(64) == b"ne\n"
        assert file.lseek(1) == 1
        assert file.read(64) == b"hanged\n"


def test_lseek_starts_over_where_nothing_can_be_shown_any_more(world, one):
    with world.open(one.path("comm")) as file:
        file.lseek(2)
        one.exit()
        one.reap()
        assert outcome(lambda: file.lseek(1)) == "ESRCH"
        assert file.lseek(0, os.SEEK_CUR) == 0
        assert outcome(lambda: file.lseek(1)) == "ESRCH"


@pytest.mark.parametrize("flags", [os.O_RDONLY, READ_WRITE])
def test_a_shown_file_takes_no_pwrite(world, one, flags):
    with world.open(one.path("comm"), flags) as file:
        assert outcome(lambda: file.pwrite(b"x", 0)) == "ESPIPE"
        assert outcome(lambda: file.pwrite(b"x", -1)) == "EINVAL"
    with world.open(one.path("comm"), os.O_PATH) as file:
        assert outcome(lambda: file.pwrite(b"x", 0)) == "EBADF"


def test_a_write_is_refused_for_its_mode_its_position_its_memory_in_that_order(world, one):
    with world.open(one.path("oom_adj")) as file:
        assert outcome(lambda: file.pwrite(b"1", MAX)) == "EBADF"
    with world.open(one.path("oom_adj"), READ_WRITE) as file:
        assert outcome(lambda: file.write_nowhere(1, MAX)) == "EINVAL"
        assert outcome(lambda: file.write_nowhere(1, 0)) == "EFAULT"
    with world.open(one.path("oom_score"), READ_WRITE) as file:
        assert outcome(lambda: file.write_nowhere(1)) == "EINVAL"


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [(0, 64, b"1000\n"), (3, 64, b"0\n"), (5, 64, b""), (MAX, 64, "EINVAL"), (-1, 64, "EINVAL"), (MAX - 64, 64, b"")],
)
def test_pread_gives_a_part_of_the_text(world, one, offset, count, expected):
    one.set_adj(1000, 0)
    with world.open(one.path("oom_score_adj")) as file:
        assert outcome(lambda: file.pread(count, offset)) == expected


def test_an_adjustment_is_read_anew_at_every_read(world, one):
    one.set_adj(1000, 0)
    with world.open(one.path("oom_score_adj")) as file:
        assert file.read(2) == b"10"
        one.set_adj(7, 0)
        assert file.read(64) == b""
        file.lseek(0)
        assert file.read(64) == b"7\n"


def test_a_shown_file_keeps_its_text_for_the_reads_that_follow(world, one):
    with world.open(one.path("comm")) as file:
        assert file.read(1) == b"o"
        one.comm = "changed"
        assert file.read(64) == b"ne\n"
        file.lseek(0)
        assert file.read(64) == b"changed\n"


def test_unreadable_memory_is_efault_before_anything_is_parsed(world, one):
    with world.open(one.path("oom_score_adj"), READ_WRITE) as file:
        assert lib.file_write(file._f, native_of(ROOT), ffi.NULL, 1) == -14
        assert lib.file_write(file._f, native_of(ROOT), ffi.NULL, 0) == -22
        assert lib.file_read(file._f, native_of(ROOT), ffi.NULL, 64) == -14
        assert lib.file_read(file._f, native_of(ROOT), ffi.NULL, 0) == 0


def test_what_procfs_refuses_and_what_it_takes_without_effect(world, one):
    path, who, w = one.path("oom_adj").encode(), native_of(ROOT), world._w
    assert lib.path_chmod(w, who, path, 0o666) == -1
    assert lib.path_chown(w, who, path, 5, 5) == 0
    assert lib.path_utimens(w, who, path) == 0
    assert lib.path_unlink(w, who, path) == -1
    assert lib.path_rename(w, who, path, one.path("zzz").encode()) == -2
    assert lib.path_create(w, who, one.path("zzz").encode(), 0) == -2
    assert lib.path_truncate(w, who, path) == 0
    assert world.stat(one.path("oom_adj")).uid == 1000


def test_owners_and_times_are_taken_from_who_might_change_them(world, one):
    path, w, stranger = one.path("oom_adj").encode(), world._w, native_of(Caller(uid=1001, gid=1001, caps=0))
    assert [
        lib.path_chown(w, native_of(USER), path, uid, gid) for uid, gid in ((1000, 1000), (5, -1 & 0xFFFFFFFF))
    ] == [0, -1]
    assert [lib.path_chown(w, stranger, path, uid, 0xFFFFFFFF) for uid in (0xFFFFFFFF, 1000)] == [0, -1]
    assert lib.path_utimens(w, stranger, path) == -13
    assert lib.path_utimens(w, native_of(Caller(uid=1001, caps=1 << 1)), path) == 0


@pytest.mark.parametrize(
    ("caller", "mask", "expected"),
    [
        (ROOT, os.R_OK | os.W_OK, None),
        (ROOT, os.X_OK, "EACCES"),
        (USER, os.R_OK | os.W_OK, None),
        (Caller(uid=1001, gid=1000, caps=0), os.W_OK, "EACCES"),
        (Caller(uid=1001, gid=1001, caps=0), os.R_OK, None),
        (Caller(uid=0, caps=0), os.W_OK, "EACCES"),
        (Caller(uid=0, caps=1 << 1), os.W_OK, None),
        (Caller(uid=0, caps=1 << 2), os.W_OK, "EACCES"),
    ],
)
def test_access(world, one, caller, mask, expected):
    assert outcome(lambda: world.access(one.path("oom_adj"), mask, caller)) == expected


def test_a_thread_is_renamed_by_its_own_process_only(world, one):
    thread = one.thread("t")
    assert one.write("comm", "renamed", thread) == 7
    assert one.comm == "renamed"
    assert outcome(lambda: one.write("comm", "x", world.init)) == "EINVAL"
    assert one.write("comm", "a-name-of-more-than-15-bytes", one) == 28
    assert one.comm == "a-name-of-more-"


def test_stat_has_52_fields_whatever_the_comm(world, one):
    one.comm = "a) R (b"
    text = one.read("stat")
    assert text.startswith(f"{one.pid} (a) R (b) S ")
    assert len(text.rpartition(")")[2].split()) == 50


@pytest.mark.parametrize("name", ["stat", "status", "statm", "cmdline", "comm", "cgroup"])
def test_every_file_is_there_in_every_state_of_life(world, one, name):
    zombie = one.fork("zombie")
    zombie.exit()
    assert isinstance(zombie.read(name), str)
    assert isinstance(world.task(2).read(name), str)


def test_status_keeps_its_lines_where_a_comm_holds_a_newline(world, one):
    one.comm = "a\nUid:\t0"
    lines = [line for line in one.read("status").splitlines() if line.startswith("Uid:")]
    assert lines == ["Uid:\t1000\t1000\t1000\t1000"]


names = st.binary(max_size=40).filter(lambda raw: b"\0" not in raw)
known = st.sampled_from([b"1", b"self", b"task", b"oom_adj", b"..", b".", b"", b"thread-self"])
paths = st.lists(known | names, max_size=12)


@given(paths.map(b"/".join), st.integers(0, 1 << 23), st.sampled_from([ROOT, USER]))
def test_no_path_and_no_flags_break_the_tree(path, flags, caller):
    world = World()
    world.init.thread("t")
    result = outcome(lambda: world.open(path, flags, caller).close())
    assert result is None or result.startswith("E")
    outcome(lambda: world.stat(path, caller))


def test_a_world_is_there_until_its_last_file_is_closed(kernel):
    """As when both are thrown away together, and the world comes first."""
    world = World(kernel)
    Control(world).attach()
    file, ctl = world.open("/1/comm"), world.open("/.fakeproc/ctl", os.O_RDWR)
    ffi.release(world._w)
    assert file.read(10) == b"init\n"
    assert outcome(lambda: ctl.read(10)) == "EIO"
    assert outcome(lambda: ctl.write(b"run 1s")) == "EIO"
    ctl.close()
    file.close()


@pytest.mark.parametrize("kernel", ["6.18"])
def test_names_and_links_that_are_no_text_come_as_those_of_os_do(world):
    task = world.spawn("task")
    task.set_cwd("/home/\udcff")
    world.mkdir(b"/.fakeproc/cgroup/\xff")
    assert world.readlink(task.path("cwd")) == "/home/\udcff"
    assert "\udcff" in world.listdir("/.fakeproc/cgroup")
