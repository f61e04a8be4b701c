"""Reads, positions and names, at every door."""

import errno
import os
import stat

import pytest

from .doors import Door
from .test_writes import refused


def test_small_reads_go_on_where_the_last_one_ended(door: Door) -> None:
    whole = door.read("/1200/status")
    with door.open("/1200/status") as fd:
        pieces = []
        while piece := door.call("read", fd, 100):
            pieces.append(piece)
    assert b"".join(pieces) == whole
    assert {len(piece) for piece in pieces[:-1]} == {100}


def test_reads_at_an_offset_leave_the_position_alone(door: Door) -> None:
    whole = door.read("/1200/status")
    with door.open("/1200/status") as fd:
        assert door.call("pread", fd, 20, 10) == whole[10:30]
        assert door.call("read", fd, 10) == whole[:10]
        assert door.call("pread", fd, 20, len(whole) + 100) == b""


def test_lseek_goes_back_to_the_beginning(door: Door) -> None:
    with door.open("/1200/oom_score_adj") as fd:
        assert door.call("read", fd, 100) == b"0\n"
        assert door.call("read", fd, 100) == b""
        assert door.call("lseek", fd, 0, os.SEEK_SET) == 0
        assert door.call("read", fd, 100) == b"0\n"
        assert door.call("lseek", fd, 1, os.SEEK_SET) == 1
        assert door.call("read", fd, 100) == b"\n"


def test_each_read_is_of_that_moment(door: Door) -> None:
    with door.open("/1200/oom_score_adj") as fd:
        door.write("/1200/oom_score_adj", b"5")
        assert door.call("pread", fd, 100, 0) == b"5\n"
        door.write("/1200/oom_score_adj", b"-900")
        assert door.call("pread", fd, 100, 0) == b"-900\n"


def test_processes_are_listed_and_gone_at_once(door: Door) -> None:
    assert {"1", "2", "1200", "1300", "1301", "1400", "1500"} <= set(door.call("listdir", "/"))
    door.ctl("fork 1 as 1600 comm=new")
    door.end(1500)
    listed = door.call("listdir", "/")
    assert "1600" in listed
    assert "1500" not in listed
    assert door.read("/1600/comm") == b"new\n"
    with refused(errno.ENOENT):
        door.read("/1500/comm")
    with refused(errno.ENOENT):
        door.stat("/1500")


def test_threads_are_below_their_process_and_found_but_not_listed_above(door: Door) -> None:
    first, *others = sorted(door.call("listdir", "/1200/task"), key=int)
    assert (first, len(others)) == ("1200", 2)
    assert not set(others) & set(door.call("listdir", "/"))
    assert door.read(f"/{others[0]}/status").startswith(b"Name:\tbrowser\n")


@pytest.mark.parametrize(
    ("path", "mode", "uid"),
    [
        ("/1200", stat.S_IFDIR | 0o555, 1000),
        ("/1200/oom_score_adj", stat.S_IFREG | 0o644, 1000),
        ("/1200/oom_adj", stat.S_IFREG | 0o644, 1000),
        ("/1200/oom_score", stat.S_IFREG | 0o444, 1000),
        ("/1200/environ", stat.S_IFREG | 0o400, 1000),
        ("/1400/stat", stat.S_IFREG | 0o444, 0),
        ("/meminfo", stat.S_IFREG | 0o444, 0),
        ("/sysrq-trigger", stat.S_IFREG | 0o200, 0),
        ("/sys/vm/panic_on_oom", stat.S_IFREG | 0o644, 0),
    ],
)
def test_modes_owners_and_sizes(door: Door, path: str, mode: int, uid: int) -> None:
    found = door.stat(path)
    assert (found["st_mode"], found["st_uid"], found["st_size"]) == (mode, uid, 0)


def test_an_open_file_has_the_status_of_its_name(door: Door) -> None:
    with door.open("/1200/oom_adj") as fd:
        assert door.call("fstat", fd) == door.call("stat", "/1200/oom_adj")


def test_links_are_links(door: Door) -> None:
    assert stat.S_ISLNK(door.stat("/1200/exe", "lstat")["st_mode"])
    assert door.call("readlink", "/1200/cwd") == "/"
    assert door.call("readlink", "/mounts") == "self/mounts"
    with refused(errno.EINVAL):
        door.call("readlink", "/1200/comm")


@pytest.mark.parametrize(
    ("call", "words", "error"),
    [
        ("mkdir", ("/new",), errno.ENOENT),
        ("unlink", ("/1200/oom_adj",), errno.EPERM),
        ("rename", ("/1200/oom_adj", "/1200/oom_score"), errno.EPERM),
        ("chmod", ("/1200/oom_adj", 0o666), errno.EPERM),
        ("open", ("/1200/oom_adj/x", os.O_RDONLY), errno.ENOTDIR),
        ("open", ("/1200/nosuch", os.O_RDONLY), errno.ENOENT),
        ("open", ("/1200", os.O_WRONLY), errno.EISDIR),
        ("open", ("/1200/comm", os.O_RDONLY | os.O_DIRECTORY), errno.ENOTDIR),
        ("listdir", ("/1200/comm",), errno.ENOTDIR),
        ("listdir", ("/9999",), errno.ENOENT),
    ],
)
def test_what_procfs_refuses(door: Door, call: str, words: tuple[object, ...], error: int) -> None:
    with refused(error):
        door.call(call, *words)


def test_facts_of_a_process_agree(door: Door) -> None:
    fields = door.read("/1200/stat").decode().rpartition(")")[2].split()
    status = dict(line.split(":\t", 1) for line in door.read("/1200/status").decode().splitlines())
    assert (fields[1], status["PPid"], fields[17], status["Threads"]) == ("1", "1", "3", "3")
    assert int(fields[21]) * 4 == int(status["VmRSS"].split()[0])
    assert door.read("/1200/statm").split()[1].decode() == fields[21]
    assert door.read("/1200/cmdline") == b"/usr/bin/browser\0--tab\0"
    assert door.read("/1200/comm") == b"browser\n"
