""".fakeproc/kmsg as /dev/kmsg: one record a read, seeks, poll; and the real dmesg and cAdvisor's patterns on it."""

import os
import re
import select
import shutil
import subprocess
import time

import pytest
from doors import outcome
from hypothesis import given
from hypothesis import strategies as st

from fakeproc import World
from fakeproc.control import Control
from fakeproc.world import Caller

KMSG = "/.fakeproc/kmsg"
END = os.O_RDONLY | os.O_NONBLOCK
KEPT = 8192  # records


@pytest.fixture
def world(kernel):
    world = World(kernel)
    Control(world).attach()
    return world


def say(world, count=1):
    """So many records."""
    for _ in range(count):
        world.sysrq("h")


@pytest.fixture
def log(door, world):
    """The kernel log of `world`, open at its beginning; three records are in it."""
    door.use(world)
    say(world, 3)
    file = door.open(KMSG, END)
    yield file
    file.close()


def number(record):
    return int(record.split(b",")[1])


# --- records ------------------------------------------------------------------------


def test_a_record_is_priority_number_microseconds_and_text(door, world):
    door.use(world)
    world.oom()
    file = door.open(KMSG, END)
    record = file.read(8192)
    file.close()
    assert re.fullmatch(rb"4,0,\d+,-;kworker/0:1 invoked oom-killer: [^\n]*\n", record)


def test_bytes_that_would_break_a_line_are_escaped(world):
    hog = world.spawn("a\n\\\udcff", anon="1 GiB")
    world.oom(hog)
    assert rb"-;a\x0a\x5c\xff invoked" in world.read(KMSG)


def test_a_read_is_a_record_and_the_end_is_eagain(log):
    assert [number(log.read(8192)) for _ in range(3)] == [0, 1, 2]
    assert outcome(lambda: log.read(8192)) == "EAGAIN"
    assert outcome(lambda: log.read(8192)) == "EAGAIN"


def test_what_comes_later_is_read_on(log, world):
    for _ in range(3):
        log.read(8192)
    assert outcome(lambda: log.read(8192)) == "EAGAIN"
    say(world)
    assert number(log.read(8192)) == 3


def test_who_would_wait_is_told_that_there_is_no_more(door, world):
    door.use(world)
    file = door.open(KMSG)
    assert file.read(8192) == b""
    say(world)
    assert number(file.read(8192)) == 0
    assert file.read(8192) == b""
    file.close()


def test_a_record_that_does_not_fit_is_passed_over(log):
    assert outcome(lambda: log.read(5)) == "EINVAL"
    assert number(log.read(8192)) == 1


def test_a_record_that_just_fits_is_given(log, world):
    first, second, third = (len(line) + 1 for line in world.read(KMSG).splitlines())
    assert number(log.read(first)) == 0
    assert outcome(lambda: log.read(second - 1)) == "EINVAL"
    assert number(log.read(third)) == 2


def test_who_lost_records_is_told_once(log, world):
    say(world, KEPT + 5)
    assert outcome(lambda: log.read(8192)) == "EPIPE"
    assert number(log.read(8192)) == 8
    say(world, 3)
    assert outcome(lambda: log.read(8192)) == "EPIPE"
    assert number(log.read(8192)) == 11


def test_opening_begins_with_the_oldest_that_is_kept(door, world):
    door.use(world)
    say(world, KEPT + 5)
    file = door.open(KMSG, END)
    assert number(file.read(8192)) == 5
    file.close()


def test_every_open_file_reads_for_itself(door, log, world):
    other = door.open(KMSG, END)
    assert [number(file.read(8192)) for file in (log, other, log)] == [0, 0, 1]
    other.close()


# --- lseek --------------------------------------------------------------------------


@pytest.mark.parametrize(("whence", "then"), [(os.SEEK_SET, 0), (os.SEEK_DATA, 0), (os.SEEK_END, "EAGAIN")])
def test_seeks_lead_to_the_first_record_or_behind_the_last(log, world, whence, then):
    log.read(8192)
    log.lseek(0, whence)
    assert outcome(lambda: number(log.read(8192))) == then


def test_behind_the_last_waits_what_comes(log, world):
    log.lseek(0, os.SEEK_END)
    say(world)
    assert number(log.read(8192)) == 3
    log.lseek(0)
    assert number(log.read(8192)) == 0


@pytest.mark.parametrize(
    ("offset", "whence", "expected"),
    [
        (0, os.SEEK_SET, 0),
        (0, os.SEEK_DATA, 0),
        (0, os.SEEK_END, 0),
        (0, os.SEEK_CUR, "EINVAL"),
        (0, os.SEEK_HOLE, "EINVAL"),
        (0, 9, "EINVAL"),
        (1, os.SEEK_SET, "ESPIPE"),
        (-1, os.SEEK_END, "ESPIPE"),
        (1, 9, "ESPIPE"),
    ],
)
def test_seeks_that_the_kernel_refuses(world, offset, whence, expected):
    """In process; of a mount, lseek(2) is answered by the FUSE client, as of any file."""
    say(world)
    with world.open(KMSG) as file:
        assert outcome(lambda: file.lseek(offset, whence)) == expected


def test_from_the_middle_it_is_a_stream_of_bytes(mounted_world, world):
    say(world, 100)
    path = mounted_world(world).path + KMSG
    whole = b"".join(record_by_record(path))
    assert os.stat(path).st_size == len(whole)
    with open(path, "rb", buffering=0) as file:
        file.seek(len(whole) - 500)
        assert file.read(300) == whole[-500:-200]
        assert file.read(300) == whole[-200:]
    last = subprocess.run(["tail", "-n", "2", path], capture_output=True, check=True).stdout
    assert last == b"".join(whole.splitlines(keepends=True)[-2:])


def record_by_record(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return list(iter(lambda: os.read(descriptor, 8192), b""))
    finally:
        os.close(descriptor)


def test_the_size_follows_what_the_ring_keeps(world):
    for count in (10, KEPT, 3):
        say(world, count)
        assert world.stat(KMSG).size == len(world.read(KMSG))


@given(st.lists(st.tuples(st.integers(-2, 9000), st.integers(0, 5), st.integers(0, 9000)), max_size=12))
def test_no_seek_and_no_read_break_it(moves):
    world = World()
    Control(world).attach()
    say(world, 5)
    with world.open(KMSG, END) as file:
        for offset, whence, count in moves:
            outcome(lambda offset=offset, whence=whence: file.lseek(offset, whence))
            found = outcome(lambda count=count: file.read(count))
            assert found in ("EAGAIN", "EINVAL") or isinstance(found, bytes)
            outcome(lambda offset=offset, count=count: file.pread(count, offset))


# --- what programs say there: as Linux 6.18 took it ----------------------------------

SAID = [
    # (written, the priority, the text)
    (b"plain\n", 12, "plain"),
    (b"<3>err\n", 11, "err"),
    (b"<30>daemon\n", 30, "daemon"),
    (b"<3 broken\n", 12, "<3 broken"),
    (b"<>empty\n", 8, "empty"),
    (b"<4x>y\n", 12, "<4x>y"),
    (b"<0>nobody speaks as the kernel", 8, "nobody speaks as the kernel"),
    (b"<191>max", 191, "max"),
    (b"<2047>far", 2047, "far"),
    (b"<2048>farther", 8, "farther"),
    (b"<-1>neg", 12, "<-1>neg"),
    (b"<017>decimal", 17, "decimal"),
    (b"a\nb\n", 12, "a\nb"),
    (b"two\n\n", 12, "two\n"),
    (b"\n", 12, ""),
    (b"<6>\n", 14, ""),
    (b"nul\0after\n", 12, "nul"),
    (b"x" * 1024, 12, "x" * 1024),
]


@pytest.mark.parametrize(("written", "priority", "text"), SAID)
def test_a_write_is_a_record(door, world, written, priority, text):
    door.use(world)
    file = door.open(KMSG, os.O_WRONLY | os.O_TRUNC)
    assert outcome(lambda: file.write(written)) == len(written)
    file.close()
    assert [(record.level, record.text) for record in world.kmsg] == [(priority, text)]


def test_a_line_that_is_too_long_is_refused(door, world):
    door.use(world)
    file = door.open(KMSG, os.O_RDWR)
    assert outcome(lambda: file.write(b"x" * 1025)) == "EINVAL"
    file.close()
    assert world.kmsg == []


def test_nothing_written_is_nothing_said(world):
    assert (world.write(KMSG, b""), world.kmsg) == (0, [])


def test_only_root_speaks(world):
    assert outcome(lambda: world.open(KMSG, os.O_WRONLY, as_=Caller(uid=1000, gid=1000, caps=0))) == "EACCES"


def test_the_size_follows_what_programs_say(world):
    say(world)
    world.write(KMSG, b"tab\tand \x80\n")
    assert world.stat(KMSG).size == len(world.read(KMSG))


# --- poll ---------------------------------------------------------------------------


def test_poll_waits_for_a_record_and_the_server_for_nobody(mounted_world, world):
    at = mounted_world(world).path
    descriptor = os.open(at + KMSG, END)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(50) == []
    began = time.monotonic()
    writer = subprocess.Popen(["sh", "-c", f"sleep 0.3; echo h > {at}/sysrq-trigger"])
    assert poll.poll(10_000) == [(descriptor, select.POLLIN)]
    assert 0.2 < time.monotonic() - began < 5
    assert writer.wait() == 0
    os.read(descriptor, 8192)
    assert poll.poll(0) == []
    os.close(descriptor)


def test_poll_tells_of_lost_records(mounted_world, world):
    path = mounted_world(world).path + KMSG
    descriptor = os.open(path, END)
    say(world, KEPT + 1)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLPRI)
    assert poll.poll(1000) == [(descriptor, select.POLLIN | select.POLLPRI | select.POLLERR)]
    os.close(descriptor)


def test_every_other_file_is_always_ready(mounted_world, world):
    with open(f"{mounted_world(world).path}/1/oom_adj") as file:
        poll = select.poll()
        poll.register(file, select.POLLIN | select.POLLOUT)
        assert poll.poll(5000) == [(file.fileno(), select.POLLIN | select.POLLOUT)]


# --- the real dmesg -----------------------------------------------------------------


def dmesg_refused():
    """Why the real dmesg cannot be pointed at a file of ours here, or nothing."""
    if not shutil.which("dmesg") or not shutil.which("unshare"):
        return "util-linux (dmesg, unshare) is not installed"
    if not os.path.exists("/dev/kmsg"):
        return "there is no /dev/kmsg to bind a file over"
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
    return tried.stderr.strip()


@pytest.fixture
def dmesg(mounted_world):
    """dmesg(world, options): what it prints with our kmsg bound over /dev/kmsg in a mount namespace of its own."""
    reason = dmesg_refused()
    if reason:
        pytest.skip(reason)

    def run(world, *options):
        path = mounted_world(world).path + KMSG
        script = 'mount --make-rprivate / && mount --bind "$0" /dev/kmsg && exec dmesg "$@"'
        command = ["unshare", "-m", "sh", "-c", script, path, *options]
        done = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


def staged(kernel):
    """A global kill and one in a memory cgroup."""
    world = World(kernel, ram="1 GiB")
    Control(world).attach()
    world.now = 61_234_567_890
    world.spawn("browser", anon="600 MiB", uid=1000)
    box = world.spawn("web server", anon="40 MiB")
    box.set_cgroup("/pods/a")
    world.limit_cgroup("/pods", "50 MiB")
    box.grow("20 MiB")
    world.spawn("baby").grow("600 MiB")
    world.run("3 s")
    return world


@pytest.mark.parametrize("kernel", ["4.7", "4.8", "6.18"])
def test_the_real_dmesg_prints_the_report(dmesg, kernel):
    world = staged(kernel)
    expected = [f"[{record.time // 1000 / 1e6:12.6f}] {record.text}" for record in world.kmsg]
    assert dmesg(world) == expected
    assert sum("Killed process" in line for line in expected) == 2


def test_the_real_dmesg_knows_levels(dmesg):
    world = staged("4.8")
    printed = dmesg(world, "--level=err", "--notime")
    assert printed == [record.text for record in world.kmsg if record.level == 3]
    assert len(printed) == 4


# --- who reads it ---------------------------------------------------------------------

# cAdvisor's oomparser, as of 2016 and as of today.
FIRST = re.compile(r"invoked oom-killer:")
LAST = re.compile(r"Killed process ([0-9]+) \((.+)\)")
CONTAINER_2016 = re.compile(r"Task in (.*) killed as a result of limit of (.*)")
CONTAINER = re.compile(
    r"oom-kill:constraint=(.*),nodemask=(.*),cpuset=(.*),mems_allowed=(.*),"
    r"oom_memcg=(.*),task_memcg=(.*),task=(.*),pid=(.*),uid=(.*)"
)


def reports(world):
    """The lines of each report, from its first to its last as cAdvisor sees them."""
    found = []
    for record in world.kmsg:
        if FIRST.search(record.text):
            found.append([])
        if found:
            found[-1].append(record.text)
    return found


def only(pattern, lines):
    matches = [match.groups() for match in map(pattern.search, lines) if match]
    assert len(matches) == 1
    return matches[0]


@pytest.mark.parametrize("kernel", ["4.7", "4.8", "6.18"])
def test_cadvisor_finds_both_kills(kernel):
    boxed, machine = reports(staged(kernel))
    assert only(LAST, boxed)[1] == "web server"
    assert only(LAST, machine)[1] == "browser"


def test_cadvisors_pattern_of_2016_finds_the_container():
    for kernel in ("4.7", "4.8"):
        assert only(CONTAINER_2016, reports(staged(kernel))[0]) == ("/pods/a", "/pods")


def test_cadvisors_pattern_of_today_finds_the_container():
    found = only(CONTAINER, reports(staged("6.18"))[0])
    pid = only(LAST, reports(staged("6.18"))[0])[0]
    assert found == ("CONSTRAINT_MEMCG", "(null)", "/", "0", "/pods", "/pods/a", "web server", pid, "0")


@pytest.mark.parametrize("kernel", ["4.8", "6.18"])
def test_ten_reports_in_five_seconds_and_every_kill(mounted_world, kernel):
    world = World(kernel)
    Control(world).attach()
    for i in range(14):
        world.spawn(f"p{i}", anon="10 MiB")
    at = mounted_world(world).path
    for _ in range(12):
        with open(f"{at}/sysrq-trigger", "w") as file:
            file.write("f")
    texts = [record.text for record in world.kmsg]
    assert sum("invoked oom-killer" in text for text in texts) == 10
    assert sum("Killed process" in text for text in texts) == 12
    with open(f"{at}/.fakeproc/ctl", "w") as file:
        file.write("run 6s\nsysrq f\n")
    assert "oom_kill_process: 2 callbacks suppressed" in [record.text for record in world.kmsg]
    assert sum("invoked oom-killer" in record.text for record in world.kmsg) == 11
    assert sum(task.is_zombie for task in world.processes) == 13
