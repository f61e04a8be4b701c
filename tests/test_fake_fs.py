"""A world inside pyfakefs, as code under test meets it: through open(), os, pathlib, glob, shutil and psutil.

Everything that is signalled here has a pid that no real process has.
"""

# ruff: noqa: SIM115  files are opened as code under test opens them

import errno
import gc
import glob
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from os import getpid as who_am_i
from os import kill as send
from os import open as open_descriptor
from os import pread
from os import write as write_bytes
from pathlib import Path

import psutil
import pytest
from doors import outcome
from pyfakefs import fake_filesystem_unittest
from pyfakefs.fake_filesystem import FakeFilesystem
from pyfakefs.fake_filesystem_unittest import Patcher

from fakeproc import World, fake_fs
from fakeproc.caller import Caller
from fakeproc.errors import FakeprocError
from fakeproc.fake_fs import add_to, take_from

PID = 4_000_000  # of the victim: above every pid_max
ADJ = f"/proc/{PID}/oom_score_adj"
EXECUTABLE = os.path.realpath(sys.executable)


@pytest.fixture
def kernel():
    return "6.18"


@pytest.fixture
def victim(world):
    return world.spawn("victim", pid=PID, uid=1000, anon="900 MiB")


@pytest.fixture
def fs(world, victim):
    with world.fake_fs() as fs:
        yield fs


# --- open() ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("r", io.TextIOWrapper), ("rb", io.BufferedReader), ("w", io.TextIOWrapper), ("wb", io.BufferedWriter),
        ("r+b", io.BufferedRandom), ("r+", io.TextIOWrapper), ("a", io.TextIOWrapper),
    ],
)  # fmt: skip
def test_streams_are_of_pythons_own_classes(fs, mode, kind):
    with open(ADJ, mode) as file:
        assert type(file) is kind
        assert (file.name, os.fstat(file.fileno()).st_ino) == (ADJ, os.stat(ADJ).st_ino)


def test_text_is_read_by_lines_and_written_on_close(fs, victim):
    with open(f"/proc/{PID}/status") as file:
        assert [next(file), next(file)] == ["Name:\tvictim\n", "Umask:\t0022\n"]
        assert "State:\tS (sleeping)\n" in file.readlines()
    with open(ADJ, "w") as file:
        file.write("-500\n")
        assert victim.oom_score_adj == 0
    assert victim.oom_score_adj == -500


def test_unbuffered_writes_arrive_at_once_and_may_be_short(fs, victim):
    with open(ADJ, "wb", buffering=0) as file:
        assert file.write(b"7") == 1
        assert victim.oom_score_adj == 7
        assert file.write(b"0" * 18 + b"5") == 12


def test_a_refused_write_of_a_buffer_is_an_error_of_its_flush(fs, victim):
    file = open(ADJ, "w")
    file.write("junk")
    with pytest.raises(OSError, match="Invalid argument"):
        file.close()
    assert victim.oom_score_adj == 0


def test_a_file_that_is_kept_open_is_read_anew_from_the_start(fs, world, victim):
    with open("/proc/meminfo") as file:
        before = file.read()
        victim.grow("64 MiB")
        file.seek(0)
        assert file.read() != before


@pytest.mark.parametrize(
    ("path", "mode", "error"),
    [
        ("/proc/4100000/comm", "r", "ENOENT"), ("/proc/nosuch", "w", "ENOENT"), ("/proc/1", "r", "EISDIR"),
        ("/proc/meminfo/x", "r", "ENOTDIR"), ("/proc/meminfo/", "r", "ENOTDIR"), ("/proc/meminfo", "x", "EEXIST"),
        ("/proc/1/oom_score", "w", "EACCES"), ("/proc/1/nosuch", "x", "ENOENT"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_names_its_path(world, path, mode, error):
    def named(seen):
        return (errno.errorcode[seen.errno], seen.filename) == (error, path)

    with world.fake_fs(as_=Caller(uid=1000, gid=1000, caps=0)), pytest.raises(OSError, check=named):
        open(path, mode)


@pytest.mark.parametrize("mode", ["", "rw", "rbt", "z", "r++"])
def test_a_mode_that_is_none_is_a_value_error(fs, mode):
    with pytest.raises(ValueError, match="mode"):
        open("/proc/meminfo", mode)


def test_reading_and_writing_are_refused_in_the_other_direction(fs):
    with open(ADJ) as file, pytest.raises(io.UnsupportedOperation):
        file.write("1")
    with open(ADJ, "w") as file, pytest.raises(io.UnsupportedOperation):
        file.read()


def test_text_without_a_buffer_is_refused_as_ever(fs):
    with pytest.raises(ValueError, match="unbuffered"):
        open(ADJ, buffering=0)


def test_an_opener_and_a_descriptor_will_do(fs):
    def opener(path, flags):
        return os.open(path, flags)

    with open(ADJ, opener=opener) as file:
        assert file.read() == "0\n"
    fd = os.open(ADJ, os.O_RDONLY)
    with os.fdopen(fd, "rb", closefd=False) as file:
        assert file.read() == b"0\n"
    assert os.pread(fd, 9, 0) == b"0\n"
    os.close(fd)


# --- os --------------------------------------------------------------------------------


def test_descriptors_have_positions_offsets_and_short_counts(fs, victim):
    fd = os.open(ADJ, os.O_RDWR)
    assert os.write(fd, b"0" * 18 + b"5") == 12
    assert os.pwrite(fd, b"300", 0) == 3
    assert (os.pread(fd, 2, 1), os.read(fd, 2), os.read(fd, 9), os.read(fd, 9)) == (b"00", b"30", b"0\n", b"")
    assert (os.lseek(fd, 1, os.SEEK_SET), os.read(fd, 9)) == (1, b"00\n")
    assert outcome(lambda: os.write(fd, b"junk")) == "EINVAL"
    assert outcome(lambda: os.fsync(fd)) == "EINVAL"
    os.ftruncate(fd, 0)
    os.close(fd)
    assert outcome(lambda: os.read(fd, 1)) == "EBADF"
    assert victim.oom_score_adj == 300


def test_a_duplicate_shares_the_position_and_outlives_the_first(fs):
    first = os.open(ADJ, os.O_RDONLY)
    second = os.dup(first)
    assert os.read(first, 1) == b"0"
    os.close(first)
    assert os.read(second, 9) == b"\n"
    os.close(second)


def test_an_open_file_stays_with_its_process(fs, world, victim):
    fd = os.open(ADJ, os.O_RDWR)
    victim.exit()
    victim.reap()
    world.spawn("another", pid=PID)
    assert outcome(lambda: os.write(fd, b"1")) == "ESRCH"
    assert outcome(lambda: os.read(fd, 1)) == "ESRCH"
    assert world.task(PID).oom_score_adj == 0


def test_a_directory_is_a_descriptor_too(fs):
    fd = os.open(f"/proc/{PID}", os.O_RDONLY | os.O_DIRECTORY)
    assert "oom_adj" in os.listdir(fd)
    assert os.read(below := os.open("comm", os.O_RDONLY, dir_fd=fd), 99) == b"victim\n"
    assert os.stat("comm", dir_fd=fd).st_ino == os.fstat(below).st_ino
    assert outcome(lambda: os.read(fd, 1)) == "EISDIR"
    assert outcome(lambda: os.open(f"/proc/{PID}", os.O_WRONLY)) == "EISDIR"


def test_names_are_listed_in_the_order_of_the_kernel(fs, world):
    assert os.listdir("/proc") == world.listdir("/")
    assert [entry.name for entry in os.scandir("/proc")] == world.listdir("/")
    assert os.listdir(b"/proc") == [os.fsencode(name) for name in world.listdir("/")]


def test_entries_know_what_they_are(fs):
    found = {entry.name: entry for entry in os.scandir(f"/proc/{PID}")}
    kinds = {name: (found[name].is_dir(), found[name].is_file(), found[name].is_symlink()) for name in ("task", "comm")}
    assert kinds == {"task": (True, False, False), "comm": (False, True, False)}
    assert found["exe"].is_symlink()
    assert found["comm"].inode() == os.stat(f"/proc/{PID}/comm").st_ino


def test_status_is_the_cores(fs, world):
    status, seen = world.stat(f"/{PID}/oom_adj"), os.stat(f"/proc/{PID}/oom_adj")
    assert (seen.st_mode, seen.st_uid, seen.st_ino, seen.st_size) == (status.mode, 1000, status.ino, 0)
    assert (seen.st_mtime_ns, seen.st_nlink, seen.st_blksize) == (status.time, 1, 1024)
    assert os.stat("/proc").st_nlink == world.stat("/").nlink
    assert os.stat("/proc").st_dev == seen.st_dev != os.stat("/").st_dev
    assert os.path.ismount("/proc")


def test_every_process_is_walked(fs, world):
    seen = {top for top, _, _ in os.walk("/proc")}
    assert {f"/proc/{task.pid}/task/{task.pid}/attr" for task in world.processes} <= seen
    assert "/proc/self/task" not in seen  # a link


def test_processes_come_and_go_at_once(fs, world):
    assert not os.path.exists("/proc/4000001")
    new = world.spawn("new", pid=4000001)
    assert "4000001" in os.listdir("/proc")
    assert Path("/proc/4000001/comm").read_text() == "new\n"
    new.exit()
    new.reap()
    assert not os.path.isdir("/proc/4000001")
    assert outcome(lambda: os.stat("/proc/4000001")) == "ENOENT"


def test_links_lead_where_they_lead(fs, victim):
    fs.create_file("/usr/bin/victim", contents="\x7fELF")
    assert os.readlink(f"/proc/{PID}/exe") == "/usr/bin/victim"
    assert open(f"/proc/{PID}/exe").read() == "\x7fELF"
    assert os.listdir(f"/proc/{PID}/root/usr/bin") == ["victim"]
    fs.create_symlink("/etc/mtab", "/proc/self/mounts")
    assert "proc" in open("/etc/mtab").read()
    assert os.path.realpath("/proc/mounts") == f"/proc/{os.getpid()}/mounts"
    assert outcome(lambda: os.readlink(ADJ)) == "EINVAL"
    assert outcome(lambda: os.open("/proc/self", os.O_RDONLY | os.O_NOFOLLOW)) == "ELOOP"


def test_paths_may_be_relative(fs):
    os.chdir(f"/proc/{PID}")
    assert open("comm").read() == "victim\n"
    assert open("../1/comm").read() == "init\n"
    assert os.path.abspath("comm") == f"/proc/{PID}/comm"


def test_access_is_judged_by_who_acts(world, victim):
    stranger = Caller(uid=1001, gid=1001, caps=0)
    with world.fake_fs(as_=victim):
        assert os.access(ADJ, os.W_OK)
        assert not os.access("/proc/1/oom_score_adj", os.W_OK)
        assert outcome(lambda: os.listdir("/proc/1/fd")) == "EACCES"
        assert outcome(lambda: open(ADJ, "wb", buffering=0).write(b"-1")) == "EACCES"
        assert outcome(lambda: os.readlink("/proc/1/exe")) == "EACCES"
        assert not os.path.exists("/proc/1/fd/0")
    with world.fake_fs(as_=stranger):
        assert not os.access(ADJ, os.W_OK)
        assert outcome(lambda: open(ADJ, "w")) == "EACCES"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: os.mkdir("/proc/new"), "ENOENT"), (lambda: os.mkdir("/proc/1"), "EEXIST"),
        (lambda: os.rmdir("/proc/1"), "EPERM"), (lambda: os.remove("/proc/meminfo"), "EPERM"),
        (lambda: os.rename("/proc/meminfo", "/proc/stat"), "EPERM"),
        (lambda: os.rename("/proc/meminfo", "/tmp/x"), "EXDEV"), (lambda: os.rename("/tmp", "/proc/x"), "EXDEV"),
        (lambda: os.chmod("/proc/meminfo", 0), "EPERM"), (lambda: os.symlink("x", "/proc/x"), "ENOENT"),
        (lambda: os.link("/proc/stat", "/proc/x"), "ENOENT"), (lambda: os.link("/tmp/there", "/proc/x"), "EXDEV"),
        (lambda: os.mknod("/proc/x"), "ENOENT"), (lambda: os.getxattr("/proc/stat", "user.x"), "ENOTSUP"),
    ],
)  # fmt: skip
def test_procfs_is_not_changed(fs, call, error):
    fs.create_file("/tmp/there")
    assert outcome(call) == error


def test_a_file_is_copied_out(fs):
    shutil.copyfile("/proc/meminfo", "/tmp/meminfo")
    assert Path("/tmp/meminfo").read_text() == Path("/proc/meminfo").read_text()


def test_pyfakefs_own_calls_see_it_too(fs, victim):
    assert (fs.exists(ADJ), fs.isdir(f"/proc/{PID}"), fs.islink("/proc/self")) == (True, True, True)
    assert (fs.get_object(ADJ).contents, fs.get_object(ADJ).path) == ("0\n", ADJ)
    fs.get_object(ADJ).set_contents("12")
    assert victim.oom_score_adj == 12
    assert fs.get_object(f"/proc/{PID}").ordered_dirs == os.listdir(f"/proc/{PID}")
    fs.create_dir("/proc/.fakeproc/cgroup/jobs")
    fs.remove_object("/proc/.fakeproc/cgroup/jobs")
    assert not os.path.exists("/proc/.fakeproc/cgroup/jobs")


def test_pathlib_and_glob(fs, victim):
    assert sorted(glob.glob("/proc/[0-9]*/oom_adj")) == sorted(map(str, Path("/proc").glob("[0-9]*/oom_adj")))
    assert f"/proc/{PID}/oom_adj" in glob.glob("/proc/[0-9]*/oom_adj")
    path = Path(ADJ)
    assert path.write_text("17") == 2
    assert (path.read_text(), path.read_bytes(), victim.oom_score_adj) == ("17\n", b"17\n", 17)
    assert (path.is_file(), path.parent.is_dir(), path.stat().st_uid) == (True, True, 1000)
    assert path.name in [one.name for one in path.parent.iterdir()]
    assert Path("/proc/self").resolve() == Path(f"/proc/{os.getpid()}")


def test_cgroups_are_made_limited_and_removed(fs, world, victim):
    os.makedirs("/proc/.fakeproc/cgroup/jobs/one")
    Path("/proc/.fakeproc/cgroup/jobs/cgroup.subtree_control").write_text("+memory")
    Path("/proc/.fakeproc/cgroup/jobs/one/memory.max").write_text("1G")
    Path("/proc/.fakeproc/cgroup/jobs/one/cgroup.procs").write_text(str(PID))
    os.setxattr("/proc/.fakeproc/cgroup/jobs", "user.note", b"hello")
    assert (os.listxattr("/proc/.fakeproc/cgroup/jobs"), victim.cgroup.path) == (["user.note"], "/jobs/one")
    assert os.getxattr("/proc/.fakeproc/cgroup/jobs", "user.note") == b"hello"
    os.removexattr("/proc/.fakeproc/cgroup/jobs", "user.note")
    assert outcome(lambda: os.rmdir("/proc/.fakeproc/cgroup/jobs/one")) == "EBUSY"
    os.chown("/proc/.fakeproc/cgroup/jobs", 1000, 1000)
    assert os.stat("/proc/.fakeproc/cgroup/jobs").st_uid == 1000
    victim.exit()
    victim.reap()
    os.rmdir("/proc/.fakeproc/cgroup/jobs/one")
    assert "one" not in os.listdir("/proc/.fakeproc/cgroup/jobs")


def test_the_control_files_take_commands(fs, world):
    Path("/proc/.fakeproc/ctl").write_text("fork 1 as 4000007 comm=forked\n")
    assert world.task(4000007).comm == "forked"
    assert "ok fork 1 as 4000007" in Path("/proc/.fakeproc/log").read_text()
    assert outcome(lambda: os.write(os.open("/proc/.fakeproc/ctl", os.O_WRONLY), b"nonsense\n")) == "EINVAL"
    assert "forked" in Path("/proc/.fakeproc/world").read_text()


def test_the_kernel_log_is_read_a_record_at_a_time(fs, world):
    world.sysrq_f()
    fd = os.open("/proc/.fakeproc/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    records = [os.read(fd, 8192) for _ in world.kmsg]
    assert outcome(lambda: os.read(fd, 8192)) == "EAGAIN"
    with open("/proc/.fakeproc/kmsg", "rb", buffering=0) as file:
        assert file.read(8192) == records[0]


# --- who acts ----------------------------------------------------------------------------


def test_a_process_of_root_stands_for_the_test_and_leaves_with_it(world):
    before = [task.pid for task in world.processes]
    real = os.getpid()
    with world.fake_fs():
        me = world.task(os.getpid())
        assert (me.comm, os.getppid(), os.readlink("/proc/self")) == ("python3", 1, str(me.pid))
        assert os.readlink("/proc/thread-self") == f"{me.pid}/task/{me.pid}"
        assert os.readlink("/proc/self/exe") == EXECUTABLE
        Path("/proc/self/oom_score_adj").write_text("-1000")
        assert Path(f"/proc/{os.getpid()}/oom_score_adj").read_text() == "-1000\n"
        assert me.memory.anon == 0
    assert (os.getpid(), [task.pid for task in world.processes]) == (real, before)


def test_another_process_may_act(world, victim):
    with world.fake_fs(as_=victim):
        assert (os.getpid(), open("/proc/self/comm").read()) == (PID, "victim\n")
        victim.kill()
        victim.reap()
        assert outcome(lambda: open("/proc/self/comm")) == "ENOENT"
        assert open("/proc/1/comm").read() == "init\n"
    assert [task.pid for task in world.processes] == [1]


def test_who_is_unknown_to_the_world_has_no_self(world):
    real = os.getpid()
    with world.fake_fs(as_=Caller()):
        assert outcome(lambda: os.readlink("/proc/self")) == "ENOENT"
        assert os.getpid() == real
        assert len(world.processes) == 1


def test_a_machine_that_has_halted_can_still_be_read(world, victim):
    world.set_sysctl(panic_on_oom=2)
    world.oom()
    with world.fake_fs():
        assert open(f"/proc/{PID}/comm").read() == "victim\n"
        assert outcome(lambda: open(ADJ, "wb", buffering=0).write(b"1")) == "EHOSTDOWN"


# --- signals -------------------------------------------------------------------------------


def test_a_signal_lands_in_the_world(fs, world, victim):
    os.kill(PID, 0)
    os.kill(PID, signal.SIGTERM)
    assert victim.is_zombie
    assert f"{PID} (victim) Z" in Path(f"/proc/{PID}/stat").read_text()
    assert outcome(lambda: os.kill(4100000, 0)) == "ESRCH"
    assert outcome(lambda: os.kill(PID, 99)) == "EINVAL"


def test_names_that_modules_have_imported_reach_the_world_too(world, victim):
    real = who_am_i()
    with world.fake_fs() as fs:
        fd = open_descriptor(ADJ, os.O_RDWR)
        assert write_bytes(fd, b"0" * 18 + b"5") == 12
        assert pread(fd, 9, 0) == b"0\n"
        assert who_am_i() == os.getpid() != real
        fs.pause()
        assert who_am_i() == os.getpid() == real
        fs.resume()
        assert who_am_i() == os.getpid() != real
        send(PID, signal.SIGKILL)
    assert victim.is_zombie
    assert who_am_i() == real


@pytest.mark.parametrize("pid", [-1, -PID, 4100000])
def test_nobody_else_is_signalled(fs, pid):
    assert outcome(lambda: os.kill(pid, signal.SIGTERM)) == "ESRCH"


def test_a_real_child_gets_its_own_signals(world):
    with subprocess.Popen(["sleep", "60"]) as child, world.fake_fs():
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(10) == -signal.SIGTERM
        assert outcome(lambda: os.kill(child.pid, 0)) == "ESRCH"


def test_signals_are_allowed_as_the_kernel_allows_them(world, victim):
    with world.fake_fs(as_=Caller(uid=1001, gid=1001, caps=0)):
        assert outcome(lambda: os.kill(PID, signal.SIGTERM)) == "EPERM"
    with world.fake_fs(as_=Caller(uid=1000, gid=1000, caps=0)):
        assert outcome(lambda: os.kill(1, 0)) == "EPERM"
        os.kill(PID, signal.SIGTERM)
    assert victim.is_zombie


@pytest.mark.parametrize(
    "call",
    [lambda: os.killpg(PID, 9), lambda: os.pidfd_open(PID), lambda: os.setpriority(os.PRIO_PROCESS, PID, 10)],
)
def test_what_would_reach_a_real_process_is_refused(fs, call):
    with pytest.raises(OSError, match="real process of that number") as seen:
        call()
    assert seen.value.errno == errno.ENOSYS


# --- psutil --------------------------------------------------------------------------------


def test_psutil_reads_the_machine(fs, world, victim):
    memory = psutil.virtual_memory()
    assert memory.total == 8 << 30
    assert memory.available == int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) << 10
    assert psutil.pids() == sorted(task.pid for task in world.processes)
    assert psutil.swap_memory().total == 0
    assert abs(psutil.boot_time() - time.time()) < 60


def test_psutil_reads_and_ends_a_process(fs, world, victim):
    process = psutil.Process(PID)
    assert (process.name(), process.ppid(), process.status(), process.num_threads()) == ("victim", 1, "sleeping", 1)
    assert process.memory_info().rss == 900 << 20
    assert process.memory_full_info().uss == 900 << 20
    assert (process.uids().real, process.exe(), process.cwd()) == (1000, "/usr/bin/victim", "/")
    assert process.parent().name() == "init"
    process.terminate()
    assert process.status() == psutil.STATUS_ZOMBIE
    victim.reap()
    assert not psutil.pid_exists(PID)
    assert not process.is_running()


# What goes on in C: system calls on the pid, of whoever has it for real. fakeproc help testing names them.
IN_C = {"cpu_affinity", "ionice", "nice"}


def test_psutil_has_every_attribute_but_those_that_are_system_calls(fs):
    names = set(psutil._as_dict_attrnames) if hasattr(psutil, "_as_dict_attrnames") else set(psutil.Process().as_dict())
    failed = set()
    for name in names - {"pid"}:
        try:
            psutil.Process(PID).as_dict([name])
        except psutil.NoSuchProcess:
            failed.add(name)
    assert failed == IN_C


def test_psutil_under_another_place(world, victim, monkeypatch):
    monkeypatch.setattr(psutil, "PROCFS_PATH", "/host/proc")
    with world.fake_fs(at="/host/proc"):
        assert psutil.virtual_memory().total == 8 << 30
        assert psutil.Process(PID).memory_info().rss == 900 << 20
        assert not os.path.exists("/proc")


# --- a pyfakefs that is there already ----------------------------------------------------------


class TestPyfakefsOwnTestCase(fake_filesystem_unittest.TestCase):
    def setUp(self):
        self.setUpPyfakefs()
        add_to(self.fs, World())

    def test_both_are_there(self):
        self.fs.create_file("/etc/hostname", contents="here")
        assert (open("/etc/hostname").read(), open("/proc/1/comm").read()) == ("here", "init\n")


def test_two_worlds_in_one_pyfakefs(world, victim):
    other = World(kernel="4.7")
    other.spawn("other", pid=4000002)
    with Patcher() as patcher:
        add_to(patcher.fs, other, at="/host/proc")
        place = add_to(patcher.fs, world)
        assert open("/host/proc/4000002/comm").read() == "other\n"
        assert open(f"/proc/{PID}/comm").read() == "victim\n"
        assert outcome(lambda: os.rename("/proc/stat", "/host/proc/stat")) == "EXDEV"
        assert outcome(lambda: os.kill(4000002, 0)) == "ESRCH"
        take_from(patcher.fs, place)
        assert os.listdir("/proc") == []
        os.kill(4000002, 0)


def test_a_block_inside_of_a_pyfakefs_leaves_it_as_it_was(world):
    with Patcher() as patcher:
        patcher.fs.create_file("/etc/hostname", contents="here")
        with world.fake_fs() as fs:
            assert fs is patcher.fs
            assert (open("/etc/hostname").read(), open("/proc/1/comm").read()) == ("here", "init\n")
        assert os.listdir("/proc") == []
        assert os.getpid() == patcher.fake_modules["os"].os_module.getpid()
        with open("/proc/mine", "w") as file:
            file.write("x")
        assert os.listdir("/proc") == ["mine"]


@pytest.mark.parametrize(
    ("at", "why"), [("proc", "absolute path"), ("/", "absolute path"), ("/etc", "not empty"), ("/proc/1", "not empty")]
)
def test_a_place_that_is_none_is_one_clear_line(world, at, why):
    with Patcher() as patcher:
        patcher.fs.create_file("/etc/hostname")
        add_to(patcher.fs, World())
        with pytest.raises(FakeprocError, match=why) as seen:
            add_to(patcher.fs, world, at=at)
        assert "\n" not in str(seen.value)
        assert [task.pid for task in world.processes] == [1]


def test_a_file_system_that_patches_nothing_is_refused(world):
    with pytest.raises(FakeprocError, match="Patcher"):
        add_to(FakeFilesystem(), world)


def test_what_is_no_worlds_stays_pyfakefs_own(fs):
    fs.create_file("/etc/a", contents="1")
    fd = os.open("/etc/a", os.O_RDWR)
    assert os.write(fd, b"22") == 2
    os.lseek(fd, 0, os.SEEK_SET)
    assert os.read(fd, 9) == b"22"
    os.fsync(fd)
    os.close(fd)
    os.chown("/etc/a", 5, 5)
    os.chmod("/etc/a", 0o600)
    os.utime("/etc/a", (1, 1))
    os.setxattr("/etc/a", "user.a", b"x")
    assert (os.listxattr("/etc/a"), os.getxattr("/etc/a", "user.a")) == (["user.a"], b"x")
    os.removexattr("/etc/a", "user.a")
    assert (os.access("/etc/a", os.R_OK), os.access("/etc/b", os.R_OK)) == (True, False)
    os.rename("/etc/a", "/etc/b")
    assert os.listdir("/etc") == ["b"]
    os.remove("/etc/b")
    os.rmdir("/etc")
    assert not os.path.exists("/etc")


# --- what it costs ---------------------------------------------------------------------------


def test_a_world_of_50_processes_is_there_in_20_ms():
    world = World()
    for number in range(49):
        world.spawn(f"process-{number}", anon="10 MiB")
    with world.fake_fs():
        pass  # pyfakefs looks through the modules once
    took = []
    for _ in range(5):
        before = time.perf_counter()
        with world.fake_fs():
            took.append(time.perf_counter() - before)
    assert min(took) < 0.020, took


def resident():
    """Bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def used_and_dropped():
    world = World()
    for number in range(20):
        world.spawn(f"process-{number}", anon="10 MiB")
    with world.fake_fs():
        left_open = open("/proc/self/stat")
        assert left_open.readline()
        assert len(os.listdir("/proc/20/fd")) == 3


@pytest.mark.slow
def test_a_thousand_worlds_leave_nothing_behind():
    def after(count):
        for _ in range(count):
            used_and_dropped()
        gc.collect()
        return len(gc.get_objects()), resident()

    after(100)
    objects, before = after(100)
    objects_after, now = after(1000)
    assert abs(objects_after - objects) < 100
    assert now - before < 4 << 20


def test_files_left_open_outlive_their_world(world):
    with fake_fs.fake_fs(world):
        file = open("/proc/uptime")
    assert file.read()
    file.close()
