"""Real processes in a world: who asks finds himself, and nothing real is ever harmed."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from server import ask

from .conftest import MACHINE
from .lab import FAKEPROC, NOT_ROOT, PRIVATE, Lab, User, lab

NS_LAST_PID = "/proc/sys/kernel/ns_last_pid"


@pytest.fixture
def own(fuse: None, namespaces: None, tmp_path: Path) -> Iterator[Lab]:
    """A lab of machine.toml that a test may change."""
    with lab(tmp_path, "--scenario", str(MACHINE)) as it:
        yield it


def shell(lab: Lab, script: str, *words: str, **options: object) -> list[str]:
    return lab.says("sh", "-c", script, *words, **options).splitlines()


def python(lab: Lab, script: str) -> list[str]:
    return lab.says(sys.executable, "-c", script).splitlines()


# --- who asks ----------------------------------------------------------------------


def test_who_asks_finds_itself(machine: Lab) -> None:
    comm, pid, own = shell(machine, 'read comm < /proc/self/comm; echo "$comm"; echo $$; cd /proc/self; pwd -P')
    assert (comm, own) == ("sh", f"/proc/{pid}")


def test_an_adopted_process_is_a_child_of_its_parent(machine: Lab) -> None:
    shells, stat, comm = shell(machine, "echo $$; cat /proc/self/stat; cat /proc/$$/comm")
    assert stat.split()[1:5] == ["(cat)", "S", shells, stat.split()[0]]
    assert comm == "sh"


def test_it_has_the_ids_of_the_real_one(is_root: None, machine: Lab) -> None:
    change = ["setpriv", "--reuid=1234", "--regid=5678", "--clear-groups"]
    status = dict(line.split(":\t", 1) for line in machine.says(*change, "cat", "/proc/self/status").splitlines())
    assert (status["Name"], status["CapEff"]) == ("cat", "0" * 16)
    assert (status["Uid"].split(), status["Gid"].split()) == (["1234"] * 4, ["5678"] * 4)


def test_it_has_the_paths_of_the_real_one(machine: Lab) -> None:
    exe, cwd = shell(machine, "cd /usr; readlink /proc/self/exe; readlink /proc/self/cwd")
    assert (exe, cwd) == (os.path.realpath("/usr/bin/readlink"), "/usr")


def test_its_links_tell_where_they_really_lead(machine: Lab) -> None:
    fd, root, namespace = shell(machine, "readlink /proc/self/fd/0 /proc/self/root /proc/self/ns/mnt")
    assert (fd, root) == ("/dev/null", "/")
    assert namespace.startswith("mnt:[")


def test_an_exec_gives_it_another_name(machine: Lab) -> None:
    assert shell(machine, "read comm < /proc/self/comm; echo $comm; exec cat /proc/self/comm") == ["sh", "cat"]


THREADS = """
import os, threading, time
def look(barrier):
    barrier.wait()
    leads, own = open("/proc/self/stat").read().split()[0], open("/proc/thread-self/stat").read().split()[0]
    seen.append((int(leads) == os.getpid(), int(own) == threading.get_native_id()))
    barrier.wait()
seen, barrier = [], threading.Barrier(5)
threads = [threading.Thread(target=look, args=(barrier,)) for _ in range(4)]
[t.start() for t in threads]
barrier.wait()
listed = os.listdir("/proc/self/task")
print(sorted(map(int, listed)) == sorted([os.getpid(), *(t.native_id for t in threads)]))
barrier.wait()
[t.join() for t in threads]
print(seen == [(True, True)] * 4)
while os.listdir("/proc/self/task") != [str(os.getpid())]:
    time.sleep(0.001)  # a thread that was joined may still be on its way out
print("alone")
"""


def test_its_threads_come_and_go_with_the_real_ones(machine: Lab) -> None:
    assert python(machine, THREADS) == ["True", "True", "alone"]


def test_it_has_left_once_it_has_ended(machine: Lab) -> None:
    ended, *listed = shell(machine, "cat /proc/self/stat & wait; ls /proc")
    assert ended.split()[0] not in listed
    assert ended.split()[1] == "(cat)"


def test_its_end_is_seen_where_its_files_are_open(machine: Lab) -> None:
    script = """
import os, subprocess
child = subprocess.Popen(["sh", "-c", "read comm < /proc/self/comm; echo asked; read line"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
directory = os.open(f"/proc/{child.pid}", os.O_RDONLY)
print(open(f"/proc/{child.pid}/comm").read().strip())
child.communicate()
for look in (lambda: os.open("comm", os.O_RDONLY, dir_fd=directory), lambda: os.stat(f"/proc/{child.pid}")):
    try:
        look()
    except OSError as error:
        print(type(error).__name__)
"""
    found, *errors = python(machine, script)
    assert found == "sh"
    assert set(errors) <= {"FileNotFoundError", "ProcessLookupError"}
    assert len(errors) == 2


def test_the_world_says_who_is_real(machine: Lab) -> None:
    rows = machine.read(".fakeproc/world").splitlines()
    assert [row.split()[8] for row in rows if row.endswith("real process")] == ["cat"]


def test_the_same_size_for_all_so_that_the_sums_do_not_depend_on_who_looks(machine: Lab) -> None:
    script = "held = bytearray(64 << 20); print(open('/proc/self/statm').read().strip())"
    assert python(machine, script) == machine.says("cat", "/proc/self/statm").splitlines()
    assert machine.read("self/statm").split()[1] == "256"


def test_its_oom_score_adj_is_the_worlds_and_not_the_real_one(machine: Lab) -> None:
    script = "echo 500 > $0/self/oom_score_adj; cat $0/self/oom_score_adj /proc/self/oom_score_adj"
    assert shell(machine, script, str(machine.point), bound=False) == ["500", "0"]


def test_callers_from_outside_the_namespace_stay_strangers(is_root: None, machine: Lab) -> None:
    before = machine.read(".fakeproc/world").count("real process")
    assert "init" in machine.says("cat", f"{machine.point}/1/comm", bound=False)
    from_outside = Path(f"/proc/{machine.init}/root{machine.point}")
    assert (from_outside / "20100/comm").read_text() == "database\n"
    assert machine.read(".fakeproc/world").count("real process") == before


# --- numbers that are taken, numbers that come again -----------------------------------


def next_pid(lab: Lab, pid: int, script: str) -> list[str]:
    """What a script says after the next child of its shell is promised that pid."""
    done = lab.run("sh", "-c", f"test -w {NS_LAST_PID}", bound=False)
    if done.returncode:
        pytest.skip(f"pids cannot be chosen here: no {NS_LAST_PID}")
    promise = f"echo {pid - 1} > {NS_LAST_PID}; "
    return shell(lab, promise + script, str(lab.point), bound=False)


def test_where_the_world_has_that_pid_its_own_process_stays(own: Lab) -> None:
    assert next_pid(own, 20100, "cat $0/self/comm; cat $0/self/comm") == ["database", "cat"]


def test_a_pid_that_comes_again_is_another_process(is_root: None, own: Lab) -> None:
    first = "cut -d' ' -f1,2 $0/self/stat; "
    again = f"echo 29999 > {NS_LAST_PID}; setpriv --regid=1234 --clear-groups grep -E '^(Name|Pid|Gid)' $0/self/status"
    seen = next_pid(own, 30000, first + again)
    assert seen == ["30000 (cut)", "Name:\tgrep", "Pid:\t30000", "Gid:\t1234\t1234\t1234\t1234"]


# --- kills ---------------------------------------------------------------------------


def test_a_kill_in_the_world_does_not_reach_it_and_its_next_request_brings_it_back(own: Lab) -> None:
    own.ctl("grow 20170 1M")
    script = """
read comm < /proc/self/comm
echo 1000 > /proc/self/oom_score_adj
echo "kill $$" > /proc/.fakeproc/ctl
read comm < /proc/self/comm
read adj < /proc/self/oom_score_adj
echo "$comm $adj"
"""
    assert shell(own, script) == ["sh 0"]


def test_who_has_ended_is_not_chosen_also_where_one_of_the_world_asks(own: Lab) -> None:
    own.ctl("adj 20130 0")  # nobody else has 1000
    (ended,) = next_pid(own, 30000, "sh -c 'echo 1000 > $0/self/oom_score_adj; echo $$' $0")
    next_pid(own, 20100, "sh -c 'echo f > $0/sysrq-trigger' $0")
    killed = [line for line in own.read(".fakeproc/kmsg").splitlines() if "Killed process" in line]
    assert len(killed) == 1
    assert f"Killed process {ended} " not in killed[0]


def test_real_processes_may_be_chosen_and_live_on(own: Lab) -> None:
    """Everybody else is killed by SysRq-f before; who is left asks on."""
    script = """
read comm < /proc/self/comm
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo f > /proc/sysrq-trigger; done
read comm < /proc/self/comm
echo "$comm"
grep -c 'Killed process' /proc/.fakeproc/kmsg
grep -o "Killed process $$ (sh)" /proc/.fakeproc/kmsg || :
"""
    comm, kills, *own_kill = shell(own, script)
    assert comm == "sh"
    assert int(kills) > 3
    assert len(own_kill) >= 1


# --- many ----------------------------------------------------------------------------

CROWD = """
import os, sys
asked, go = os.pipe(), os.pipe()
for _ in range(600):
    if not os.fork():
        try:
            found = open("/proc/self/stat").read().split()[0] == str(os.getpid())
        except FileNotFoundError:
            found = False
        os.write(asked[1], b"1" if found else b"0")
        os.read(go[0], 1)
        os._exit(0)
answers = b""
while len(answers) < 600:
    answers += os.read(asked[0], 600)
print(answers.count(b"1"))
os.write(go[1], b"x" * 600)
for _ in range(600):
    os.wait()
print(len([name for name in os.listdir("/proc") if name.isdigit()]))
"""


def test_a_crowd_is_taken_in_as_far_as_there_is_room(own: Lab) -> None:
    before = sum(name.isdigit() for name in own.says("ls", "/proc").split())
    adopted, after = map(int, python(own, CROWD))
    assert 500 <= adopted <= 512
    assert after == before


def test_a_long_line_of_parents(own: Lab) -> None:
    script = """
import os
for _ in range(100):
    if os.fork():
        os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
print(open("/proc/self/stat").read().split()[3] == str(os.getppid()), flush=True)
"""
    assert python(own, script) == ["True"]


# --- where it is allowed ----------------------------------------------------------------


def test_the_machines_own_pid_namespace_is_refused(fuse: None, mount_point: Path) -> None:
    done = ask("mount", "--adopt", str(mount_point))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "needs a private pid namespace" in done.stderr


def refused(*command: str) -> str:
    """The one line that it says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    return done.stderr


def test_the_procfs_of_another_namespace_is_refused(fuse: None, namespaces: None, mount_point: Path) -> None:
    server = [*FAKEPROC, "mount", "--adopt", str(mount_point)]
    assert "that is another's" in refused(*(word for word in PRIVATE if word != "--mount-proc"), *server)


def test_what_is_no_procfs_is_refused(fuse: None, namespaces: None, mount_point: Path) -> None:
    server = [*FAKEPROC, "mount", "--adopt", str(mount_point), "--real-proc"]
    assert "is no real procfs" in refused(*PRIVATE, *server, "/sys")
    assert "cannot be opened" in refused(*PRIVATE, *server, "/nowhere")


def test_another_procfs_can_be_named(fuse: None, namespaces: None, tmp_path: Path, mount_point: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    prepare = f"mount -t proc proc {real}; umount -l /proc"
    with lab(mount_point, "--scenario", str(MACHINE), "--real-proc", str(real), prepare=prepare) as it:
        assert shell(it, "echo $$; cat $0/self/comm", str(mount_point), bound=False)[1:] == ["cat"]


def test_over_proc_it_refuses_a_place_that_others_see(fuse: None, namespaces: None) -> None:
    shared = ["unshare", "--mount", "--propagation", "shared", "--pid", "--fork"]
    script = 'mount -t proc proc /proc && exec "$@"'
    # one more namespace around it: what is shared in there is nobody else's
    words = [*PRIVATE, *shared, "sh", "-c", script, "sh", *FAKEPROC, "mount", "--adopt", "/proc"]
    assert "is shared with other mount namespaces" in refused(*words)


def test_over_proc_itself(fuse: None, namespaces: None) -> None:
    with lab(Path("/proc"), "--scenario", str(MACHINE)) as it:
        assert it.says("cat", "/proc/20100/comm", bound=False) == "database\n"
        assert it.says("cat", "/proc/self/comm", bound=False) == "cat\n"
        assert "real process" in it.says("cat", "/proc/.fakeproc/world", bound=False)
        assert "SysRq-f" in it.says("cat", "/proc/.fakeproc/explain", bound=False)
        it.run("umount", "/proc", bound=False)
        out, errors = it.process.communicate(timeout=20)
        assert (it.process.returncode, out, errors) == (0, "unmounted /proc\n", "")


def test_the_server_never_comes_upon_itself(own: Lab) -> None:
    """Where it was started the mount comes to lie over /proc, too, and it has to read the real one to answer."""
    own.says("mount", "--bind", str(own.point), "/proc", bound=False)
    assert own.says("cat", "/proc/self/comm", bound=False) == "cat\n"
    assert "SysRq-f" in own.says("cat", "/proc/.fakeproc/explain", bound=False)


def test_a_signal_ends_it(own: Lab) -> None:
    own.says("kill", "-TERM", "2", bound=False)
    out, errors = own.process.communicate(timeout=20)
    assert (own.process.returncode, out, errors) == (0, f"unmounted {own.point}\n", "")


# --- without root ------------------------------------------------------------------------

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", 'exec "$0" "$@"']
LIBRARIES = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
PYTHONS = [FAKEPROC, ["env", f"PYTHONPATH={':'.join(LIBRARIES)}", "/usr/bin/python3", "-P", "-m", "fakeproc"]]
# puts a command into a mount namespace whose /dev/fuse has the mode that distributions give it
OPEN_DEVICE = [
    *("unshare", "--mount", "sh", "-c"),
    'mount -t tmpfs fuse "$0" && mknod -m 666 "$0/fuse" c 10 229 && mount --bind "$0/fuse" /dev/fuse && umount -l "$0" '
    '&& exec "$@"',
]


def works(command: list[str]) -> str:
    """ "", or what it says."""
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    return "" if not done.returncode else done.stderr.strip() or str(done.returncode)


@pytest.fixture
def nobody(fuse: None, namespaces: None) -> User:
    """An ordinary user; skips, and says why, where this cannot be tried."""
    if os.geteuid():
        pytest.skip("it takes root to be nobody")
    if why := works([*NOBODY, *PRIVATE, *NOT_ROOT, "true"]):
        pytest.skip(f"no user namespaces here: {why}")
    whys = [works([*NOBODY, *python, "mount", "--help"]) for python in PYTHONS]
    if all(whys):
        pytest.skip(f"nobody else may run what stands here: {whys[0]}")
    return User(NOBODY, PYTHONS[whys.index("")])


def test_an_ordinary_user_in_a_user_namespace(nobody: User) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as point, tempfile.TemporaryDirectory() as device:
        os.chown(point, 65534, 65534)
        with lab(Path(point), "--scenario", str(MACHINE), around=[*OPEN_DEVICE, device], user=nobody) as it:
            assert it.read("20100/comm") == "database\n"
            assert shell(it, "read comm < /proc/self/comm; echo $comm") == ["sh"]
            assert "\nUid:\t0\t0\t0\t0\n" in it.read("self/status")


# --- from Python ----------------------------------------------------------------------------

IN_PROCESS = """
import os, subprocess, sys, tempfile
from fakeproc import World
from fakeproc._native import lib
from fakeproc.mount import mounted

def real(world):
    return sorted(t.comm for t in world.processes if t.is_adopted)

def agrees(world):
    return bool(lib.world_candidates_agree(world._w) and lib.world_charges_agree(world._w))

script = "read comm < $0/self/comm; echo $comm; read line; cat $0/self/comm"
with tempfile.TemporaryDirectory() as point:
    first, second = World(kernel="4.8"), World(kernel="6.18")
    with mounted(first, point, adopt=True) as mount:
        client = subprocess.Popen(["sh", "-c", script, point], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print(client.stdout.readline().strip(), real(first), agrees(first))
        before = first.usage()
        mount.serve(second)
        print(client.communicate("\\n")[0].strip(), real(second), agrees(second))
        mount.serve(first)
        os.listdir(point)
        print("sh" in real(first), agrees(first), first.usage().anon < before.anon)
"""


def test_a_mount_in_a_process_serves_worlds_that_stay_whole(fuse: None, namespaces: None, tmp_path: Path) -> None:
    done = subprocess.run(
        [*PRIVATE, sys.executable, "-P", "-c", IN_PROCESS],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["sh ['sh'] True", "cat ['cat', 'sh'] True", "False True True"]
