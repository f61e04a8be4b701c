"""Writes of the adjustments, at every door."""

import errno
import os

import pytest

from .doors import Door

ADJ, OLD = "/1200/oom_score_adj", "/1200/oom_adj"


def refused(number: int) -> "pytest.RaisesExc[OSError]":
    return pytest.raises(OSError, check=lambda error: error.errno == number)


def test_what_is_written_is_read_back(door: Door) -> None:
    assert door.write(ADJ, b"-500\n") == 5
    assert door.read(ADJ) == b"-500\n"


def test_a_write_shows_in_every_process_of_the_mm_but_the_vforked(door: Door) -> None:
    door.write(ADJ, b"-500")
    assert [door.read(f"/{pid}/oom_score_adj") for pid in (1300, 1301, 1400)] == [b"-500\n", b"0\n", b"-1000\n"]


@pytest.mark.parametrize("kernel", ["4.7"])
def test_before_patch_4_a_write_is_that_process_alone(door: Door) -> None:
    door.write(ADJ, b"-500")
    assert door.read("/1300/oom_score_adj") == b"0\n"


def test_the_old_file_writes_on_its_own_scale(door: Door) -> None:
    door.write(OLD, b"-17")
    assert (door.read(OLD), door.read(ADJ)) == (b"-17\n", b"-1000\n")
    door.write(OLD, b"15")
    assert (door.read(OLD), door.read(ADJ)) == (b"15\n", b"1000\n")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"junk", errno.EINVAL),
        (b"1001", errno.EINVAL),
        (b"-1001", errno.EINVAL),
        (b"99999999999", errno.ERANGE),
        (b"0x", errno.EINVAL),
        (b"1 2", errno.EINVAL),
        (b"\n", errno.EINVAL),
    ],
)
def test_what_is_no_adjustment_is_refused_and_changes_nothing(door: Door, data: bytes, error: int) -> None:
    door.write(ADJ, b"7")
    with refused(error):
        door.write(ADJ, data)
    assert door.read(ADJ) == b"7\n"


def test_more_than_12_bytes_are_taken_short(door: Door) -> None:
    assert door.write(ADJ, b"0" * 18 + b"5") == 12
    assert door.read(ADJ) == b"0\n"


def test_octal_hexadecimal_and_white_space(door: Door) -> None:
    for data, seen in [(b"010", b"8\n"), (b"0x10", b"16\n"), (b" 5 ", b"5\n"), (b"+3", b"3\n")]:
        door.write(ADJ, data)
        assert door.read(ADJ) == seen


def test_a_user_may_raise_but_not_go_below_what_root_had_allowed(door: Door) -> None:
    with door.acting(uid=1000):
        door.write(ADJ, b"300")
        door.write(ADJ, b"0")
        with refused(errno.EACCES):
            door.write(ADJ, b"-1")
    assert door.read(ADJ) == b"0\n"


def test_a_stranger_may_not_open_for_writing(door: Door) -> None:
    with door.acting(uid=1001), refused(errno.EACCES):
        door.write(ADJ, b"1")
    assert door.read(ADJ) == b"0\n"


def test_a_second_write_goes_on_counting_and_means_the_same(door: Door) -> None:
    with door.open(ADJ, os.O_RDWR) as fd:
        assert door.call("write", fd, b"5") == 1
        assert door.call("write", fd, b"6") == 1
        assert door.call("pread", fd, 10, 0) == b"6\n"
        assert door.call("pwrite", fd, b"7", 0) == 1
        assert door.call("pread", fd, 10, 0) == b"7\n"


def test_direction_is_checked_where_it_is_used(door: Door) -> None:
    with door.open(ADJ, os.O_RDONLY) as fd, refused(errno.EBADF):
        door.call("write", fd, b"1")
    with door.open(ADJ, os.O_WRONLY) as fd, refused(errno.EBADF):
        door.call("read", fd, 1)


def test_truncation_and_creation_change_nothing(door: Door) -> None:
    door.write(ADJ, b"5")
    with door.open(ADJ, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as fd:
        assert door.call("write", fd, b"6") == 1
    with door.open(ADJ, os.O_WRONLY | os.O_TRUNC):
        pass
    assert door.read(ADJ) == b"6\n"


def test_an_open_file_of_a_reaped_process_is_esrch_also_when_its_pid_is_somebody_elses(door: Door) -> None:
    with door.open("/1500/oom_score_adj", os.O_RDWR) as fd:
        door.end(1500)
        with refused(errno.ESRCH):
            door.call("write", fd, b"5")
        door.ctl("fork 1 as 1500 comm=another")
        with refused(errno.ESRCH):
            door.call("read", fd, 10)
    assert door.read("/1500/oom_score_adj") == b"0\n"


@pytest.mark.parametrize("kernel", ["4.8"])
def test_the_kernel_says_who_followed(door: Door) -> None:
    door.write(ADJ, b"-500")
    assert _kernel_log(door)[-1] == (
        "updating oom_score_adj for 1300 (gpu-helper) from 0 to -500 because it shares mm with 1200 (browser). "
        "Report if this is unexpected."
    )


def _kernel_log(door: Door) -> list[str]:
    lines = []
    with door.open("/.fakeproc/kmsg", os.O_RDONLY | os.O_NONBLOCK) as fd:
        try:
            while record := door.call("read", fd, 8192):
                lines.append(record.decode().partition(";")[2].rstrip("\n"))
        except BlockingIOError:
            pass
    return lines
