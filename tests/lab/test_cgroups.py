"""The cgroup tree of a lab, over /sys/fs/cgroup."""

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import INTERCEPT, QUIET, Run

WORK = Path(__file__).with_name("work.toml")
TYPE = "stat -f -c %T"


@pytest.fixture
def shell(run: Run) -> Run:
    """In /sys/fs/cgroup."""
    return lambda text, **options: run("sh", "-c", f"cd /sys/fs/cgroup; {text}", scenario=WORK, **options)


def test_it_is_that_of_the_model(shell: Run) -> None:
    names = "memory.current memory.max cgroup.procs cgroup.events"
    assert shell(f"cd work/busy; cat {names}").printed.split() == [
        *(str(330 << 20), str(400 << 20), "4243", "4244"),
        *("populated", "1", "frozen", "0"),
    ]


def test_a_process_is_moved_to_a_new_one(shell: Run) -> None:
    seen = shell("mkdir work/new; echo 4242 > work/new/cgroup.procs; cat /proc/4242/cgroup work/quiet/cgroup.events")
    assert seen.printed.splitlines() == ["0::/work/new", "populated 0", "frozen 0"]


def test_the_command_is_in_the_root_and_may_move_itself(shell: Run) -> None:
    seen = shell("cat /proc/self/cgroup; echo $$ > work/quiet/cgroup.procs; cat /proc/self/cgroup")
    assert seen.printed.splitlines() == ["0::/", "0::/work/quiet"]


def test_cgroup_kill_reaches_everybody_in_it_and_nobody_else(shell: Run) -> None:
    ended = "for pid in 4243 4244; do while kill -0 $pid 2> /dev/null; do :; done; done"
    seen = shell(f"echo 1 > work/busy/cgroup.kill; {ended}; kill -0 900 4242 && cat work/busy/memory.current")
    assert (seen.code, seen.printed) == (0, "0\n")
    assert [one["comm"] for one in seen.verdict["other_kills"]] == ["busy", "child"]


def test_marks_of_daemons_are_kept(run: Run) -> None:
    text = """
import os
place = "/sys/fs/cgroup/work/busy"
for mark in %r:
    os.setxattr(place, mark, b"1")
print(sorted(os.listxattr(place)), os.getxattr(place, "user.oomd_avoid"))
"""
    marks = ["user.oomd_avoid", *([] if os.geteuid() else ["trusted.oomd_kill"])]  # the kernel keeps these for root
    assert run("python3", "-c", text % marks, scenario=WORK).printed == f"{sorted(marks)} b'1'\n"


# --- which file system it is --------------------------------------------------------------


def test_it_says_that_it_is_cgroup2(shell: Run) -> None:
    places = "/sys/fs/cgroup work/busy . work/../work/busy/memory.max /proc/../sys/fs/cgroup/"
    assert shell(f"{TYPE} {places}", options=INTERCEPT).printed.split() == ["cgroup2fs"] * 5


def test_without_intercept_it_says_that_it_is_fuse(shell: Run) -> None:
    assert shell(f"{TYPE} .").printed == "fuseblk\n"


def test_before_v2_it_is_a_hierarchy_in_a_tmpfs(shell: Run) -> None:
    seen = shell(f"{TYPE} . memory memory/work", options=(*INTERCEPT, "--kernel", "4.7"))
    assert seen.printed.split() == ["tmpfs", "cgroupfs", "cgroupfs"]


def test_an_open_directory_of_it_says_so_too(run: Run) -> None:
    text = """
import ctypes, os
buffer = ctypes.create_string_buffer(256)
fd = os.open("/sys/fs/cgroup/work", os.O_RDONLY)
os.chdir("/")
assert ctypes.CDLL(None).fstatfs(fd, buffer) == 0
print(hex(ctypes.c_long.from_buffer(buffer).value))
"""
    assert run("python3", "-c", text, scenario=WORK, options=INTERCEPT).printed == "0x63677270\n"


@pytest.mark.parametrize("path", ["work/nobody", "/proc/4299", "/proc/4242/nothing", "''"])
def test_what_is_not_there_has_no_file_system(shell: Run, path: str) -> None:
    seen = shell(f"{TYPE} {path}", options=INTERCEPT)
    assert (seen.code, "No such file or directory" in seen.printed) == (1, True)


def test_a_link_of_proc_is_asked_where_it_leads(shell: Run) -> None:
    outside = f'[ "$({TYPE} /proc/4242/cwd)" = "$({TYPE} /)" ]'
    seen = shell(f"{TYPE} /proc/self /proc/mounts /proc/self/cwd; {outside}", options=INTERCEPT)
    assert (seen.code, seen.printed.split()) == (0, ["proc", "proc", "cgroup2fs"])


def test_an_ordinary_user_has_it_as_well(lab: None, nobody: list[str]) -> None:
    words = [
        *nobody,
        "run",
        "--intercept",
        "--scenario",
        WORK,
        "--",
        "sh",
        "-c",
        f"cd /sys/fs/cgroup; {TYPE} .; ls -d work",
    ]
    assert subprocess.run(words, **QUIET, cwd="/").stdout.splitlines()[:2] == ["cgroup2fs", "work"]
