"""A mounted world, as shells and programs meet it."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from doors import outcome
from server import serving

from fakeproc import World
from fakeproc.world import Caller

BROWSER = 1200

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what it writes is refused to anybody but uid 0, as in /proc")


@pytest.fixture
def machine():
    world = World("4.8")
    world.kthread("kthreadd")
    world.last_pid = BROWSER - 1
    browser = world.spawn("browser", uid=1000, anon="900 MiB")
    browser.clone_vm("gpu-helper")
    browser.thread("worker")
    browser.vfork("updater")
    return world


@pytest.fixture
def at(mounted_world, machine):
    """The mount point of that machine."""
    return mounted_world(machine).path


def sh(script, cwd):
    return subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, text=True, check=False)


@as_root
def test_a_shell_writes_and_a_sharer_follows(at, machine):
    done = sh("echo -500 > 1200/oom_score_adj; cat 1200/oom_score_adj 1201/oom_score_adj 1203/oom_score_adj", at)
    assert (done.stdout, done.stderr) == ("-500\n-500\n0\n", "")
    assert "updating oom_score_adj for 1201 (gpu-helper) from 0 to -500" in machine.kmsg[-1].text


@as_root
@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("echo x > 1200/oom_adj", "Invalid argument"),
        ("echo 99999999999 > 1200/oom_score_adj", "Numerical result out of range"),
        ("cat 4000/oom_adj", "No such file or directory"),
        ("echo 1 > 1200/nosuch", "No such file or directory"),
        ("mkdir 1200/x", "No such file or directory"),
        ("rm 1200/oom_adj", "Operation not permitted"),
        ("chmod 666 1200/oom_adj", "Operation not permitted"),
        ("cd 1200/oom_adj", "Not a directory"),
    ],
)
def test_a_shell_is_told_what_the_kernel_would_tell(at, command, error):
    done = sh(command, at)
    assert done.returncode != 0
    assert error in done.stderr


@as_root
def test_the_deprecation_line_names_the_real_writer(at, machine):
    sh("exec bash -c 'echo 5 > 1200/oom_adj'", at)
    assert machine.kmsg[0].text.startswith("bash (")


def test_listing_has_types_and_inode_numbers(at):
    with os.scandir(at) as found:
        kinds = {e.name: (e.is_dir(follow_symlinks=False), e.is_symlink(), e.inode()) for e in found}
    assert kinds["1200"][:2] == (True, False)
    assert kinds["self"][:2] == (False, True)
    assert kinds["1200"][2] == os.lstat(f"{at}/1200").st_ino
    assert ".fakeproc" not in kinds
    assert sh("ls -a 1200/task", at).stdout.split() == [".", "..", "1200", "1202"]


def test_every_process_of_a_big_world_is_listed(mounted_world):
    world = World()
    world.last_pid = 300
    for _ in range(10_000):
        world.init.fork()
    at = mounted_world(world).path
    assert [int(name) for name in os.listdir(at) if name.isdigit()] == [p.pid for p in world.processes]


def test_listing_goes_on_while_processes_come_and_go(at, machine):
    for i in range(300):
        machine.spawn(f"p{i}")
    descriptor = os.open(at, os.O_RDONLY | os.O_DIRECTORY)
    with os.scandir(descriptor) as found:
        first = next(found).name
        machine.task(1210).kill()
        machine.task(1210).reap()
        names = [first, *(entry.name for entry in found)]
    os.close(descriptor)
    assert len(names) == len(set(names))
    assert {"1", "1200", "1400"} <= set(names)


def test_an_unknown_caller_gets_a_dangling_self(at):
    assert os.readlink(f"{at}/self") == str(threading.get_native_id())
    assert outcome(lambda: os.stat(f"{at}/self")) == "ENOENT"


def test_statfs_is_that_of_a_file_system_without_blocks(at):
    found = os.statvfs(at)
    assert (found.f_bsize, found.f_blocks, found.f_files, found.f_namemax) == (4096, 0, 0, 255)


def test_a_file_can_be_read_again_after_lseek(at, machine):
    with open(f"{at}/1200/oom_score_adj", "rb", buffering=0) as file:
        assert file.read() == b"0\n"
        machine.task(1200).set_adj(7, 0)
        file.seek(0)
        assert file.read() == b"7\n"


@as_root
def test_python_writes_as_it_writes_any_file(at, machine):
    with open(f"{at}/1200/oom_score_adj", "w") as file:
        file.write("250\n")
    assert machine.task(1200).oom_score_adj == 250


@as_root
def test_capabilities_are_roots_by_default(at, machine):
    with open(f"{at}/1200/oom_score_adj", "w") as file:
        file.write("-1000")
    assert machine.task(1200).oom_score_adj == -1000


def test_capabilities_of_the_real_caller_on_request(mounted_world, machine):
    at = mounted_world(machine, caps="caller").path
    effective = Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0]
    is_capable = bool(int(effective, 16) >> 24 & 1)

    def write():
        with open(f"{at}/1200/oom_score_adj", "w") as file:
            file.write("-1000")

    assert outcome(write) == (None if is_capable else "EACCES")


@as_root
def test_a_caller_policy_counts_for_the_requests_that_follow(mounted_world, machine):
    mount = mounted_world(machine)
    path = f"{mount.path}/1200/oom_score_adj"
    mount.caller(Caller(uid=1001, caps=0))
    assert outcome(lambda: os.open(path, os.O_WRONLY)) == "EACCES"
    mount.caller(Caller(pid=1202, uid=1000, caps=0))
    assert os.readlink(f"{mount.path}/thread-self") == "1200/task/1202"
    mount.caller(None)
    os.close(os.open(path, os.O_WRONLY))


def test_xattrs_and_locks_are_answered_as_procfs_does(at):
    path = f"{at}/1200/oom_adj"
    assert outcome(lambda: os.getxattr(path, "user.x")) in ("ENOTSUP", "EOPNOTSUPP")
    assert os.listxattr(path) == []
    with open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert outcome(lambda: os.fsync(file.fileno())) == "EINVAL"


def read_once(path):
    """One read(2): a second one would see the tail of the text that is then current, as on procfs."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return int(os.read(descriptor, 64))
    finally:
        os.close(descriptor)


READ_ON_A_CPU = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[2])})
for _ in range(100):
    open(sys.argv[1]).read()
"""


def cpus_of_threads(pid):
    return [os.sched_getaffinity(int(thread)) for thread in os.listdir(f"/proc/{pid}/task")]


def test_the_server_goes_where_its_client_runs(fuse, tmp_path):
    cpus = os.sched_getaffinity(0)
    if len(cpus) < 2:
        pytest.skip("this machine lets the tests run on one CPU only")
    with serving(tmp_path) as server:
        for cpu in [min(cpus), max(cpus), min(cpus)]:
            subprocess.run([sys.executable, "-c", READ_ON_A_CPU, str(tmp_path / "uptime"), str(cpu)], check=True)
            assert {cpu} in cpus_of_threads(server.process.pid)


@pytest.mark.slow
def test_64_threads_write_and_read_for_10_seconds(mounted_world):
    world = World("4.8")
    families = []
    for i in range(8):
        a = world.spawn(f"a{i}", anon="10 MiB")
        families.append([a, *(a.clone_vm(f"b{j}") for j in range(4))])
    at = mounted_world(world).path
    end, errors = time.monotonic() + 10, []

    def work(number):
        family, value = families[number % 8], number
        try:
            while time.monotonic() < end:
                value = value * 31 % 2001 - 1000
                with open(f"{at}/{family[number % 5].pid}/oom_score_adj", "w") as file:
                    file.write(str(value))
                assert -1000 <= read_once(f"{at}/{family[(number + 1) % 5].pid}/oom_score_adj") <= 1000
                os.listdir(at)
        except (OSError, ValueError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for family in families:
        assert len({read_once(f"{at}/{task.pid}/oom_score_adj") for task in family}) == 1
