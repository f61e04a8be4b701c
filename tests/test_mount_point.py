"""Where one may mount, and that nothing is ever left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MountedWorld
from doors import outcome
from server import ask, cleared, is_mounted, serving, start

from fakeproc import World
from fakeproc.mount import MountError, check_mount_point, is_dead, mounted

pytestmark = pytest.mark.usefixtures("fuse")


def adj(point: Path, pid: int = 1200) -> str:
    return (point / str(pid) / "oom_score_adj").read_text()


# --- where not to ------------------------------------------------------------------


def missing(place: Path) -> Path:
    return place / "nowhere"


def a_file(place: Path) -> Path:
    (place / "file").write_text("")
    return place / "file"


def below_a_file(place: Path) -> Path:
    return a_file(place) / "directory"


def not_empty(place: Path) -> Path:
    (place / ".hidden").write_text("")
    return place


def link_to_proc(place: Path) -> Path:
    (place / "link").symlink_to("/proc")
    return place / "link"


def dangling_link(place: Path) -> Path:
    (place / "link").symlink_to(place / "nowhere")
    return place / "link"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (missing, "does not exist: mkdir"),
        (dangling_link, "does not exist: mkdir"),
        (a_file, "is not a directory"),
        (below_a_file, "is not a directory"),
        (not_empty, "is not empty"),
        (lambda _: Path("/proc"), "never over /proc"),
        (lambda _: Path("/proc/self"), "never over /proc"),
        (lambda _: Path("/proc/1/task"), "never over /proc"),
        (lambda _: Path("/proc/../proc/."), "never over /proc"),
        (link_to_proc, "never over /proc"),
        (lambda _: Path("/sys"), "is already a mount point (sysfs)"),
        (lambda _: Path("/"), ": choose "),
    ],
)
def test_a_place_that_is_none_is_refused_in_one_line(make: Callable[[Path], Path], says: str, tmp_path: Path) -> None:
    point = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = ask("mount", str(point))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fakeproc: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("force", [False, True])
def test_force_is_no_way_over_proc_or_over_files(force: bool, tmp_path: Path) -> None:
    for point in (Path("/proc"), not_empty(tmp_path)):
        with pytest.raises(MountError):
            check_mount_point(point, force)


def test_force_leaves_the_mounts_of_others_alone() -> None:
    with pytest.raises(MountError, match="already a mount point"):
        check_mount_point("/sys", force=True)
    assert is_mounted("/sys")


@pytest.mark.parametrize(
    "name", ["a b", "a'b\"c", "\u00e4\u20ac", os.fsdecode(b"\xff\xfe"), "a,b", "-x", "a\nb", "a\\040b"]
)
def test_names_that_are_hard_to_quote(name: str, tmp_path: Path) -> None:
    point = tmp_path / name
    point.mkdir()
    with serving(point) as server:
        assert adj(point) == "300\n"
        assert is_mounted(point)
        server.process.terminate()
        assert server.end() == 0
    assert not is_mounted(point)


def test_a_relative_path_and_a_link(tmp_path: Path, mount_point: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(mount_point)
    monkeypatch.chdir(tmp_path)
    with serving("link"):
        assert is_mounted(mount_point)
        assert adj(mount_point) == "300\n"


# --- already mounted ---------------------------------------------------------------


def test_an_occupied_mount_point_is_left_as_it_is(mount_point: Path) -> None:
    with serving(mount_point):
        done = ask("mount", str(mount_point))
        assert done.returncode == 2
        assert "is already mounted" in done.stderr
        assert "--force" in done.stderr
        assert adj(mount_point) == "300\n"


def test_force_takes_the_place_of_a_living_one(mount_point: Path) -> None:
    with serving(mount_point) as first, serving(mount_point, "--kernel", "4.7", "--force") as second:
        assert first.end() == 0
        assert "kernel 4.7" in second.welcome[0]
        assert adj(mount_point) == "300\n"


def leave_a_dead_mount(point: Path) -> None:
    process = start(point)
    assert process.stdout
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=20)
    assert is_dead(str(point))


def test_a_killed_server_leaves_a_mount_that_fusermount_removes(mount_point: Path) -> None:
    with cleared(mount_point):
        leave_a_dead_mount(mount_point)
        subprocess.run(["fusermount", "-u", mount_point], check=True)
        assert os.listdir(mount_point) == []


def test_the_next_start_says_so_and_does_nothing(mount_point: Path) -> None:
    with cleared(mount_point):
        leave_a_dead_mount(mount_point)
        done = ask("mount", str(mount_point))
        assert done.returncode == 2
        assert "a server that died" in done.stderr
        assert f"fusermount -u {mount_point}" in done.stderr
        assert "--force" in done.stderr
        assert is_dead(str(mount_point))


def test_or_does_it_with_force(mount_point: Path) -> None:
    with cleared(mount_point):
        leave_a_dead_mount(mount_point)
        with serving(mount_point, "--force"):
            assert adj(mount_point) == "300\n"
        assert not is_mounted(mount_point)


def test_several_dead_mounts_on_top_of_each_other(mount_point: Path) -> None:
    with cleared(mount_point):
        leave_a_dead_mount(mount_point)
        with serving(mount_point, "--force") as server:
            server.process.kill()
            server.process.wait()
        with serving(mount_point, "--force"):
            assert adj(mount_point) == "300\n"


# --- the end -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number: int, mount_point: Path) -> None:
    with serving(mount_point) as server:
        server.process.send_signal(number)
        assert server.end() == 0
        assert server.rest == f"unmounted {mount_point}\n"
        assert server.stderr == ""
        assert not is_mounted(mount_point)


def test_fusermount_ends_it_cleanly(mount_point: Path) -> None:
    with serving(mount_point) as server:
        subprocess.run(["fusermount", "-u", mount_point], check=True)
        assert server.end() == 0
        assert not is_mounted(mount_point)


def test_it_ends_also_while_a_file_is_open(mount_point: Path) -> None:
    with serving(mount_point) as server:
        file = os.open(mount_point / "1200" / "oom_adj", os.O_RDONLY)
        server.process.terminate()
        assert server.end() == 0
        assert not is_mounted(mount_point)
        with pytest.raises(OSError, match="not connected"):
            os.read(file, 1)
        with contextlib.suppress(OSError):  # closing it asks the server as well
            os.close(file)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_moment_of_mounting_leaves_nothing(number: int, mount_point: Path) -> None:
    with cleared(mount_point), start(mount_point) as process:
        while not is_mounted(mount_point):
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait(20) == 0
        assert not is_mounted(mount_point)


def test_it_serves_on_when_nobody_reads_what_it_says(mount_point: Path) -> None:
    with cleared(mount_point), start(mount_point) as process:
        assert process.stdout
        process.stdout.close()
        while not is_mounted(mount_point):
            assert process.poll() is None
        assert adj(mount_point) == "300\n"
        process.terminate()
        assert process.wait(20) == 0


# --- failures ----------------------------------------------------------------------


def test_an_option_that_fuse_does_not_know_is_one_line(mount_point: Path) -> None:
    done = ask("mount", str(mount_point), "-o", "nosuch")
    assert done.returncode == 2
    assert done.stderr == f"fakeproc: libfuse could not mount at {mount_point}: fuse: unknown option `nosuch'\n"
    assert not is_mounted(mount_point)


def test_an_option_of_fuse_is_passed_on(mount_point: Path) -> None:
    with serving(mount_point, "-o", "ro,max_read=65536"):
        mounted_at = Path("/proc/self/mountinfo").read_text().split(f" {mount_point} ")[1]
        assert mounted_at.startswith("ro,")
        assert "max_read=65536" in mounted_at


def test_a_scenario_that_cannot_be_read_mounts_nothing(mount_point: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('[[process]]\ncomm = "a"\nanom = "1 MiB"\n')
    done = ask("mount", str(mount_point), "--scenario", str(broken))
    assert done.returncode == 2
    assert f"{broken}:3" in done.stderr
    assert not is_mounted(mount_point)


def test_an_exception_leaves_no_mount_behind(world: World, mount_point: Path) -> None:
    def fail_while_mounted() -> None:
        with mounted(world, mount_point):
            assert is_mounted(mount_point)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_while_mounted()
    assert not is_mounted(mount_point)


def test_one_process_mounts_one_after_the_other(mounted_world: MountedWorld) -> None:
    worlds = [World("4.7"), World("4.8")]
    mounts = [mounted_world(world) for world in worlds]
    for world, mount in zip(worlds, mounts, strict=True):
        world.init.oom_score_adj = 7
        assert adj(Path(mount.path), 1) == "7\n"


def test_files_that_are_open_do_not_keep_it_mounted(world: World, mount_point: Path) -> None:
    with mounted(world, mount_point):
        file = os.open(mount_point / "1" / "comm", os.O_RDONLY)
    try:
        assert not is_mounted(mount_point)
        assert outcome(lambda: os.pread(file, 16, 0)) == "ENOTCONN"
    finally:
        with contextlib.suppress(OSError):
            os.close(file)


def test_signals_of_the_process_stay_its_own(world: World, mount_point: Path) -> None:
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
    before = dispositions()
    with mounted(world, mount_point):
        assert dispositions() == before
    assert dispositions() == before
    assert [signal.getsignal(number) for number in watched[1:]] == [signal.SIG_DFL, signal.SIG_DFL, signal.SIG_IGN]


def dispositions() -> list[str]:
    """Which signals this process ignores and catches, as the kernel knows it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.startswith(("SigIgn:", "SigCgt:"))]


def test_a_program_that_ends_in_the_middle_leaves_no_mount(mount_point: Path) -> None:
    program = """
import sys, contextlib
from fakeproc import World
from fakeproc.mount import mounted
kept = mounted(World(), sys.argv[1])
kept.__enter__()
raise SystemExit(3)
"""
    with cleared(mount_point):
        done = subprocess.run([sys.executable, "-c", program, str(mount_point)], timeout=20, check=False)
        assert done.returncode == 3
        assert not is_mounted(mount_point)
