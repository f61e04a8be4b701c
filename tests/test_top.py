"""fakeproc top: a frame, alone and in a terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server import FAKEPROC, ask, serving

from fakeproc import World, cli
from fakeproc.control import Control
from fakeproc.mount import Mount, unmount
from fakeproc.top import frame as frames
from fakeproc.top.frame import cut, frame, pad, size, whole
from fakeproc.top.reading import Moment, Row, logged

GIB = 1 << 30


def row(pid: int, comm: str = "a", resident: int = 0, adj: int = 0, score: int = 0, points: int | None = 0) -> Row:
    return Row(pid, comm, "S", resident, 0, adj, score, points, "")


def moment(*rows: Row, victim: int | None = None, **more: object) -> Moment:
    return Moment("/m", "4.8", 90 * 10**9, list(rows), victim, "SysRq-f: kills a", **more)  # type: ignore[arg-type]


def texts(shown: Moment, order: str = "points") -> list[str]:
    return [line.text for line in whole(shown, order)]


def on_screen(shown: Moment, width: int, height: int) -> list[str]:
    return [line.text for line in frame(shown, "points", width, height)]


def pids(shown: Moment, order: str) -> list[int]:
    return [int(text.removeprefix("->").split()[0]) for text in texts(shown, order=order)[5:]]


# --- a frame ---------------------------------------------------------------------------


def test_the_orders_are_those_that_the_command_line_offers() -> None:
    assert tuple(frames.ORDERS) == cli.ORDERS


@pytest.mark.parametrize(
    ("order", "first"),
    [("points", [5, 3, 4]), ("rss", [3, 5, 4]), ("score", [4, 5, 3]), ("adj", [4, 3, 5]), ("pid", [3, 4, 5])],
)
def test_rows_are_sorted(order: str, first: list[int]) -> None:
    rows = [row(5, "c", 2 * GIB, -9, 2), row(3, "b", 3 * GIB, 0, 1), row(4, "a", GIB, 9, 3)]
    assert pids(moment(*rows), order) == first


def test_the_next_victim_is_marked() -> None:
    assert [text[:2] for text in texts(moment(row(3), row(4), victim=4))[5:]] == ["  ", "->"]


def test_memory_pressure_and_time_are_shown() -> None:
    memory = {"MemTotal": 8 * GIB, "MemAvailable": 2 * GIB, "SwapTotal": GIB, "SwapFree": GIB}
    head = texts(moment(memory=memory, pressure={"some": "1.50", "full": "0.25"}))
    assert head[0] == "kernel 4.8  up 0:01:30  0 processes  /m"
    assert head[1] == "RAM  [###############.....] 6.0 GiB of 8.0 GiB"
    assert head[2] == "swap [....................] 0 of 1.0 GiB   pressure some 1.50 %  full 0.25 %"


def test_what_a_mount_does_not_tell_is_left_out() -> None:
    assert texts(moment())[1:3] == ["RAM  none", "swap none"]


def test_the_newest_lines_of_the_log_are_at_the_bottom() -> None:
    lines = on_screen(moment(*map(row, range(1, 50)), log=[f"line {i}" for i in range(50)]), 80, 25)
    assert lines[-5:] == ["kernel log", "line 46", "line 47", "line 48", "line 49"]
    assert len(lines) == 25


@given(
    width=st.integers(1, 120),
    height=st.integers(1, 40),
    comm=st.text(max_size=15),
    count=st.integers(0, 40),
    log=st.lists(st.text(max_size=200), max_size=20),
)
def test_a_frame_fits_and_breaks_nothing(width: int, height: int, comm: str, count: int, log: list[str]) -> None:
    shown = moment(*(row(pid, comm) for pid in range(1, count + 1)), log=log)
    lines = on_screen(shown, width, height)
    assert len(lines) == height
    assert all(text.isprintable() and cut(text, width) == text for text in lines)


@pytest.mark.parametrize(
    ("text", "shown"), [("abc", "abc "), ("漢字漢", "漢字"), ("a漢字", "a漢 "), ("e\u0301x", "e\u0301x  ")]
)
def test_columns_stay_where_they_are_beside_wide_characters(text: str, shown: str) -> None:
    assert pad(text, 4) == shown


def test_sizes_are_short() -> None:
    assert [size(n) for n in (0, 4096, 5 << 20, 1023 << 20, 3 << 29)] == ["0", "4 KiB", "5 MiB", "1023 MiB", "1.5 GiB"]


def test_a_record_of_the_log_is_as_dmesg_shows_it() -> None:
    assert logged(b"6,7,1751442,-;Killed; process 1 (\xff)\n") == "[    1.751442] Killed; process 1 (\udcff)"
    assert logged(b"noise") == "noise"


# --- once ------------------------------------------------------------------------------


def test_one_frame_of_a_mount(mounted_world: Callable[[World], Mount]) -> None:
    world = World()
    world.spawn("big\n\x1b[2J", pid=100, anon="1 GiB", swap="1 MiB")
    world.spawn("small", pid=101, anon="1 MiB")
    Control(world).attach()
    mount = mounted_world(world)
    world.sysrq("?")
    done = ask("top", mount.path, "--once")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("kernel 4.8  up ")
    assert lines[0].endswith(f"  3 processes  {mount.path}")
    assert lines[3] == r"SysRq-f: kills big\n\x1b[2J (100)"
    big = world.task(100)
    weight = ["0", str(big.oom_score), str(big.badness), "1.0", "GiB", "1", "MiB"]
    assert lines[5].split() == ["->", "100", r"big\n\x1b[2J", "S", *weight]
    assert lines[-2] == "kernel log"
    assert "] sysrq: SysRq : HELP : " in lines[-1]
    assert ask("top", mount.path, "--sort", "pid").stdout.splitlines()[5].split()[0] == "1"


def test_where_no_mount_is_that_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "odd" / ".fakeproc").mkdir(parents=True)
    (tmp_path / "odd" / ".fakeproc" / "explain.json").write_text("[]")
    for place, says in ((tmp_path, "is no mount of fakeproc"), (tmp_path / "odd", "no mount of fakeproc")):
        done = ask("top", str(place), "--once")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert says in done.stderr


# --- in a terminal ---------------------------------------------------------------------


class Terminal:
    """A program in a pseudo terminal: what it wrote so far, and keys for it."""

    def __init__(self, fd: int, process: "subprocess.Popen[bytes]") -> None:
        self.fd, self.process, self.seen = fd, process, b""

    def wait_for(self, text: str) -> None:
        """Until that has been written since the last key."""
        deadline = time.monotonic() + 20
        while text.encode() not in self.seen:
            assert select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0], (text, self.seen)
            self.seen += os.read(self.fd, 65536)

    def press(self, keys: str) -> None:
        self.seen = b""
        os.write(self.fd, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        self.seen = b""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self) -> int:
        """Its exit code; what it writes until then is read."""
        with open(self.fd, "rb", closefd=False) as rest:
            try:
                while part := rest.read1(65536):
                    self.seen += part
            except OSError:
                pass  # EIO: nobody has the other side open any more
        return self.process.wait(20)


@contextmanager
def terminal(*arguments: str, rows: int = 30, columns: int = 100, term: str = "xterm") -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    command = [*FAKEPROC, *arguments]
    with subprocess.Popen(command, env={**environment, "TERM": term}, start_new_session=True, **streams) as process:
        os.close(theirs)
        try:
            yield Terminal(ours, process)
        finally:
            process.kill()
            os.close(ours)


@pytest.fixture
def served(fuse: None, mount_point: Path) -> Iterator[str]:
    with serving(mount_point):
        yield str(mount_point)


def test_a_person_watches_sorts_pauses_and_quits(served: str) -> None:
    with terminal("top", served) as screen:
        screen.wait_for("SysRq-f: kills gpu-helper (1201)")
        screen.press("o")
        screen.wait_for("rss")
        screen.press("p")
        screen.wait_for("PAUSED")
        screen.press("pq")
        assert screen.end() == 0


def test_it_follows_the_world(served: str) -> None:
    with terminal("top", served) as screen:
        screen.wait_for("SysRq-f: kills")
        Path(served, "sysrq-trigger").write_text("f")
        screen.wait_for("Killed process 1201 (gpu-helper)")
        screen.press("q")
        assert screen.end() == 0


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 10), (5, 20), (100, 300)])
def test_any_size_of_a_terminal_will_do(rows: int, columns: int, served: str) -> None:
    with terminal("top", served) as screen:
        screen.wait_for("SysRq-f")
        screen.resize(rows, columns)
        screen.process.send_signal(signal.SIGWINCH)
        screen.wait_for("\x1b[")
        screen.press("q")
        assert screen.end() == 0


def test_when_the_mount_goes_it_says_so_and_ends(served: str) -> None:
    with terminal("top", served) as screen:
        screen.wait_for("SysRq-f")
        unmount(served)
        assert screen.end() == 2
        assert f"fakeproc: {served} was unmounted, or its server has ended".encode() in screen.seen


def test_a_terminal_that_cannot_do_it_is_told_the_way_out(served: str) -> None:
    with terminal("top", served, term="nosuch") as screen:
        assert screen.end() == 2
        assert b"this terminal (TERM=nosuch) cannot show it" in screen.seen
        assert b"add --once" in screen.seen
