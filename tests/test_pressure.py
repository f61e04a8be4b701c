"""Pressure stall information: /proc/pressure, what it adds up and averages, and the triggers that are polled for."""

import os
import select
import subprocess
import sys
import threading
import time

import pytest
from doors import outcome
from hypothesis import given
from hypothesis import strategies as st
from server import serving

from fakeproc import World
from fakeproc._native import lib
from fakeproc.control import Control
from fakeproc.errors import FakeprocError
from fakeproc.mount import mounted
from fakeproc.world import ROOT, Caller

RESOURCES = ["io", "cpu", "memory"]
ALWAYS = select.POLLIN | select.POLLOUT | select.POLLRDNORM | select.POLLWRNORM
WITHOUT = ALWAYS | select.POLLERR | select.POLLPRI
FIRED = ALWAYS | select.POLLPRI
STRANGER = Caller(uid=1000, gid=1000, caps=0)
SECOND = 10**9


@pytest.fixture
def kernel():
    return "6.18"


def fields(world, resource="memory"):
    """{"some": {"avg10": 0.0, ..., "total": 0}, "full": ...}"""
    return parsed(world.read(f"/pressure/{resource}").decode())


def parsed(text):
    lines = [line.split() for line in text.splitlines()]
    return {name: {key: float(value) for key, value in (pair.split("=") for pair in pairs)} for name, *pairs in lines}


def averages(percents):
    """The three averages after these periods of 2 s, as avg10=..., by the recurrence of the load average."""
    loads = [0, 0, 0]
    for percent in percents:
        for i, decay in enumerate((1677, 1981, 2034)):
            up = 2047 if percent * 2048 >= loads[i] else 0
            loads[i] = (loads[i] * decay + percent * 2048 * (2048 - decay) + up) // 2048
    return [f"{load >> 11}.{(load & 2047) * 100 >> 11:02}" for load in loads]


def shown(world, resource="memory", line=0):
    """The averages of that line as they are written there."""
    return [
        word.partition("=")[2] for word in world.read(f"/pressure/{resource}").decode().splitlines()[line].split()[1:4]
    ]


# --- the files ----------------------------------------------------------------------


def test_a_quiet_machine_has_no_pressure(world):
    line = "avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    world.run("1 h")
    assert {world.read(f"/pressure/{name}").decode() for name in RESOURCES} == {f"some {line}full {line}"}


@pytest.mark.parametrize(
    ("kernel", "mode"),
    [("4.19", None), ("5.4", 0o444), ("5.10", 0o444), ("5.15", 0o666), ("6.1", 0o666), ("6.6", 0o666)],
)
def test_the_files_came_with_4_20_and_may_be_written_by_all_since_5_14(world, mode):
    assert ("pressure" in world.listdir("/")) == (mode is not None)
    names = world.listdir("/pressure") if mode else RESOURCES
    assert names == RESOURCES
    found = {outcome(lambda name=name: world.stat(f"/pressure/{name}").mode & 0o777) for name in names}
    assert found == {mode or "ENOENT"}


@pytest.mark.parametrize(("kernel", "full"), [("5.10", None), ("5.15", 20.0), ("6.1", 0.0)])
def test_what_stalls_everybody_for_want_of_a_cpu_is_known_since_5_13_and_zero_for_the_machine_since_5_19(world, full):
    world.set_pressure("cpu", 50, 20)
    world.run("1000 s")
    assert fields(world, "cpu").get("full", {}).get("avg10") == full
    assert fields(world, "cpu")["some"]["avg10"] == 50


def test_resources_are_apart(world):
    world.set_pressure("io", 10)
    world.stall("cpu", 0)
    world.run("4 s")
    assert {name: fields(world, name)["some"]["total"] for name in RESOURCES} == {"io": 400_000, "cpu": 0, "memory": 0}


# --- averages and totals --------------------------------------------------------------


@pytest.mark.parametrize("periods", [1, 2, 5, 30, 150, 1000])
@pytest.mark.parametrize("percent", [1, 45, 50, 99, 100])
def test_even_pressure_rises_as_the_recurrence_says(world, percent, periods):
    world.set_pressure("memory", percent, percent // 2)
    world.run(periods * 2 * SECOND)
    assert shown(world) == averages([percent] * periods)
    assert shown(world, line=1) == averages([percent // 2] * periods)
    assert fields(world)["some"]["total"] == periods * 2 * percent * 10_000


def test_pressure_decays_when_it_ends(world):
    world.set_pressure("memory", 80)
    world.run("60 s")
    world.set_pressure("memory", 0)
    for passed in range(1, 200):
        world.run("2 s")
        assert shown(world) == averages([80] * 30 + [0] * passed)


def test_a_part_of_a_period_counts_when_the_period_ends(world):
    world.run("1 s")
    world.set_pressure("memory", 50)
    world.run("999 ms")
    assert shown(world) == averages([])
    assert fields(world)["some"]["total"] == 499_500
    world.run("1 ms")
    assert shown(world) == averages([25])


def test_averages_are_of_whole_percents(world):
    world.set_pressure("memory", 33.99)
    world.run("20 s")
    assert shown(world) == averages([33] * 10)
    assert fields(world)["some"]["total"] == 6_798_000


def test_a_stall_is_added_at_once_and_averaged_with_its_period(world):
    world.run("3 s")
    world.stall("memory", "500 ms", "200 ms")
    assert fields(world)["some"] == {"avg10": 0, "avg60": 0, "avg300": 0, "total": 500_000}
    world.run("1 s")
    assert shown(world) == averages([0, 25])
    assert shown(world, line=1) == averages([0, 10])


def test_more_stall_than_a_period_holds_is_left_for_the_next(world):
    world.run("4 s")
    world.stall("memory", "3 s")
    world.run("6 s")
    assert shown(world) == averages([0, 0, 100, 50, 0])


def test_pressure_for_days_and_a_year_is_there_at_once(world):
    world.set_pressure("memory", 40)
    world.run(366 * 24 * 3600 * SECOND)
    assert shown(world) == ["40.00"] * 3
    world.set_pressure("memory", 0)
    world.run(366 * 24 * 3600 * SECOND)
    assert shown(world) == ["0.00"] * 3
    assert fields(world)["some"]["total"] == 366 * 24 * 3600 * 400_000


@pytest.mark.parametrize(("some", "full"), [(101, 0), (10, 11), (-1, 0), (100.01, 0)])
def test_impossible_pressure_is_refused_and_changes_nothing(world, some, full):
    world.set_pressure("io", 20, 10)
    assert outcome(lambda: world.set_pressure("io", some, full)) == "EINVAL"
    world.run("2 s")
    assert fields(world, "io")["some"]["total"] == 400_000


@pytest.mark.parametrize(("some", "full"), [("2 s", "3 s"), ("1 h", 0)])
def test_a_stall_that_cannot_have_been_is_refused(world, some, full):
    world.run("10 s")
    assert outcome(lambda: world.stall("memory", some, full)) == "EINVAL"
    assert fields(world)["some"]["total"] == 0


def test_a_stall_of_less_than_no_time_is_refused(world):
    with pytest.raises(FakeprocError, match="-1 is not a time"):
        world.stall("memory", -1)


percents = st.integers(0, 10_000)
times = st.integers(0, 40 * SECOND)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("rate"), percents, percents),
        st.tuples(st.just("stall"), times, times),
        st.tuples(st.just("run"), times, times),
    ),
    max_size=12,
)


def play(world, act, first, second, steps=1):
    if act == "rate":
        world.set_pressure("memory", max(first, second) / 100, min(first, second) / 100)
    elif act == "stall":
        outcome(lambda: world.stall("memory", max(first, second), min(first, second)))
    else:
        for part in range(steps):
            world.run(first * (part + 1) // steps - first * part // steps)


@given(acts)
def test_averages_stay_within_0_and_100_and_totals_never_fall(played):
    world = World("6.18")
    before = fields(world)
    for act in played:
        play(world, *act)
        now = fields(world)
        for line in ("some", "full"):
            assert all(0 <= now[line][f"avg{window}"] <= 100 for window in (10, 60, 300))
            assert now[line]["total"] >= before[line]["total"]
        assert now["full"]["total"] <= now["some"]["total"]
        before = now


@given(acts, st.integers(1, 50))
def test_it_does_not_matter_in_how_many_steps_time_goes_by(played, steps):
    at_once, in_steps = World("6.18"), World("6.18")
    triggers = [armed(world, f"{line} 100000 {window}") for world in (at_once, in_steps) for line, window in WINDOWS]
    for act in played:
        play(at_once, *act)
        play(in_steps, *act, steps)
        assert at_once.read("/pressure/memory") == in_steps.read("/pressure/memory")
        half = len(triggers) // 2
        assert [file.poll() for file in triggers[:half]] == [file.poll() for file in triggers[half:]]
        assert at_once.next_event == in_steps.next_event


# --- triggers: what is accepted --------------------------------------------------------

WINDOWS = [("some", 1_000_000), ("full", 700_000), ("some", 10_000_000)]
MEMORY = "/pressure/memory"


def armed(world, text, resource="memory", as_=ROOT):
    """An open file with that trigger."""
    file = world.open(f"/pressure/{resource}", os.O_RDWR | os.O_NONBLOCK, as_)
    file.write(text.encode("latin-1") + b"\0", as_)
    return file


def written(world, data, as_=ROOT, resource="memory"):
    """What opening the file and one write(2) give."""
    return outcome(lambda: world.write(f"/pressure/{resource}", data, as_))


# What 6.18 says to a writer without CAP_SYS_RESOURCE: recorded there.
RECORDED = [
    (b"some 150000 2000000\n", 20),
    (b"some 150000 2000000\0", 20),
    (b"some 150000 2000000 ", 20),
    (b"full 150000 4000000\n", 20),
    (b"some 2000000 2000000\n", 21),
    (b"some 150000 10000000\n", 21),
    (b"some  150000\t2000000\n", 21),
    (b"some150000 2000000\n", 19),
    (b"some 010 2000000\n", 17),
    (b"some 0150000 02000000\n", 22),
    (b"some 150000 2000000 junk\n", 25),
    (b"some 150000 2000000junk\n", 24),
    (b"some\n150000\n2000000\n", 20),
    (b"some\x0b150000\xa02000000\n", 20),
    (b"some 150000 20000000", 20),  # the last byte does not count
    (b"some 4295117296 2000000\n", 24),  # 32 bits of a number do
    (b"some 150000 4296967296\n", 23),
    (b"some 1 18446744073711551616\n", 28),
    (b"some 150000 2000000" + b" " * 40, 59),
    (b"some 150000            2000000x2000000", 38),  # and 31 bytes
    (b"some 150000 2000000", "EINVAL"),
    (b"some 150000 1000000\n", "EINVAL"),
    (b"some 150000 3000000\n", "EINVAL"),
    (b"some 150000 1999999\n", "EINVAL"),
    (b"some 150000 12000000\n", "EINVAL"),
    (b"some 150000 0\n", "EINVAL"),
    (b"some 0 2000000\n", "EINVAL"),
    (b"some 2000001 2000000\n", "EINVAL"),
    (b" some 150000 2000000\n", "EINVAL"),
    (b"SOME 150000 2000000\n", "EINVAL"),
    (b"some +150000 2000000\n", "EINVAL"),
    (b"some -1 2000000\n", "EINVAL"),
    (b"some 0x1000 2000000\n", "EINVAL"),
    (b"some 150000, 2000000\n", "EINVAL"),
    (b"some 1\x002000000\n", "EINVAL"),
    (b"some 1 200000\xff2000000\n", "EINVAL"),
    (b"some 18446744073709551617 2000000\n", "EINVAL"),
    (b"some\n", "EINVAL"),
    (b"x", "EINVAL"),
    (b"\0", "EINVAL"),
    (b"", "EINVAL"),
]


@pytest.mark.parametrize(("data", "result"), RECORDED)
def test_a_trigger_is_read_as_6_18_reads_it(world, data, result):
    assert written(world, data, STRANGER) == result


OLD, SINCE_5_14, SINCE_6_4 = ["5.4", "5.10"], ["5.15", "6.1"], ["6.6", "6.12", "6.18"]


def cases(*rows):
    return [(kernel, *row) for kernels, *row in rows for kernel in kernels]


@pytest.mark.parametrize(
    ("kernel", "window", "privileged", "unprivileged"),
    cases(
        (OLD, 2_000_000, 20, "EACCES"),
        (OLD, 499_999, "EINVAL", "EACCES"),
        (OLD, 500_000, 19, "EACCES"),
        (SINCE_5_14, 2_000_000, 20, "EPERM"),
        (SINCE_5_14, 499_999, "EINVAL", "EPERM"),
        (SINCE_5_14, 500_000, 19, "EPERM"),
        (SINCE_6_4, 2_000_000, 20, 20),
        (SINCE_6_4, 499_999, 19, "EINVAL"),
        (SINCE_6_4, 500_000, 19, "EINVAL"),
        (SINCE_6_4, 10_000_001, "EINVAL", "EINVAL"),
    ),
)
def test_who_may_set_which_window(world, window, privileged, unprivileged):
    text = f"some 100000 {window}\n".encode()
    assert written(world, text) == privileged
    assert written(world, text, STRANGER) == unprivileged


def test_privilege_is_that_of_who_opened_the_file(world):
    file = world.open(MEMORY, os.O_RDWR)
    assert file.write(b"some 1 1000000\n", STRANGER) == 15
    file = world.open(MEMORY, os.O_RDWR, STRANGER)
    assert outcome(lambda: file.write(b"some 1 1000000\n")) == "EINVAL"


@pytest.mark.parametrize(("kernel", "result"), [("5.10", "EINVAL"), ("5.15", 15), ("6.18", 15)])
def test_a_trigger_on_a_line_that_is_not_there_is_refused(world, kernel, result):
    assert written(world, b"full 1 1000000\n", resource="cpu") == result


def test_one_trigger_a_file(world):
    file = armed(world, "some 150000 1000000")
    assert outcome(lambda: file.write(b"some 150000 1000000\0")) == "EBUSY"
    assert outcome(lambda: file.write(b"junk")) == "EBUSY"
    other = world.open(MEMORY, os.O_RDWR)
    assert outcome(lambda: other.write(b"junk")) == "EINVAL"
    assert other.write(b"some 150000 1000000\0") == 20


@given(st.binary(max_size=40) | st.from_regex(rb"(some|full) [0-9]{1,12} [0-9]{1,12}\s?", fullmatch=True))
def test_no_write_breaks_it(data):
    world = World("6.18")
    assert written(world, data) in (len(data), "EINVAL")
    world.run("3 s")
    assert fields(world)["some"]["total"] == 0


# --- triggers: when they go off ----------------------------------------------------------


def fires(world, file, time, step="10 ms"):
    """When it goes off within that time, in milliseconds from now."""
    began, found = world.now, []
    while world.now < began + time:
        world.run(step)
        if file.poll() & select.POLLPRI:
            found.append((world.now - began) // 10**6)
    return found


def test_poll_without_a_trigger_is_an_error_and_with_one_it_waits(world):
    file = world.open(MEMORY, os.O_RDWR)
    assert file.poll() == WITHOUT
    file.write(b"some 150000 1000000\0")
    assert file.poll() == ALWAYS


def test_it_goes_off_once_as_much_as_it_says_was_stalled(world):
    world.run("10 s")
    file = armed(world, "some 150000 1000000")
    world.set_pressure("memory", 50)
    world.run("299 ms")
    assert file.poll() == ALWAYS
    world.run("1 ms")
    assert file.poll() == FIRED
    assert file.poll() == ALWAYS


def test_it_goes_off_once_a_window_while_pressure_lasts(world):
    world.run("10 s")
    file = armed(world, "some 150000 1000000")
    world.set_pressure("memory", 50)
    assert fires(world, file, 5 * SECOND) == [300, 1300, 2300, 3300, 4300]
    world.set_pressure("memory", 0)
    world.run("2 s")
    file.poll()
    assert fires(world, file, 5 * SECOND) == []


def test_less_than_the_threshold_is_no_event(world):
    file = armed(world, "some 150000 1000000")
    world.set_pressure("memory", 13)
    assert fires(world, file, 20 * SECOND) == []
    world.set_pressure("memory", 16)
    assert fires(world, file, 20 * SECOND)


def test_some_full_and_the_resources_have_triggers_of_their_own(world):
    world.run("10 s")
    some, full, io = (
        armed(world, "some 90000 1000000"),
        armed(world, "full 90000 1000000"),
        armed(world, "some 1 1000000", "io"),
    )
    world.set_pressure("memory", 50, 5)
    world.run("5 s")
    assert [file.poll() for file in (some, full, io)] == [FIRED, ALWAYS, ALWAYS]


def test_a_long_stall_goes_off_with_the_next_look(world):
    world.run("10 s")
    file = armed(world, "full 150000 1000000")
    assert world.next_event is None
    world.stall("memory", "200 ms", "180 ms")
    assert world.next_event == world.now + SECOND // 10
    assert fires(world, file, 3 * SECOND) == [100]
    assert world.next_event is None


@pytest.mark.parametrize(("kernel", "later"), [("5.15", []), ("6.1", [1000])])
def test_what_comes_within_a_window_of_an_event_is_told_of_later_since_5_18(world, later):
    world.run("10 s")
    file = armed(world, "some 150000 1000000")
    world.stall("memory", "200 ms")
    assert fires(world, file, SECOND // 10) == [100]
    world.stall("memory", "200 ms")
    world.run("200 ms")
    assert file.poll() == ALWAYS
    assert fires(world, file, 2 * SECOND) == [at - 200 for at in later]


def test_without_privilege_it_is_looked_at_every_2_s(world):
    world.run("11 s")
    file = armed(world, "some 150000 2000000", as_=STRANGER)
    world.stall("memory", "200 ms")
    assert world.next_event == 12 * SECOND
    world.run("999 ms")
    assert file.poll() == ALWAYS
    world.run("1 ms")
    assert file.poll() == FIRED
    assert world.next_event is None


def test_a_trigger_ends_with_its_file(world):
    world.set_pressure("memory", 50)
    file = armed(world, "some 150000 1000000")
    assert world.next_event is not None
    file.close()
    assert world.next_event is None


def test_nothing_goes_off_in_a_machine_that_has_halted(world):
    armed(world, "some 150000 1000000")
    world.set_pressure("memory", 50)
    world.set_sysctl(panic_on_oom=2)
    world.oom()
    assert world.next_event is None
    assert outcome(lambda: world.set_pressure("memory", 0)) == "EHOSTDOWN"
    assert outcome(lambda: world.stall("memory", 0)) == "EHOSTDOWN"


def test_a_trigger_that_nobody_looks_at_for_a_year_costs_nothing(world):
    file, slow = armed(world, "some 150000 1000000"), armed(world, "some 150000 2000000", as_=STRANGER)
    world.set_pressure("memory", 50)
    world.run(365 * 24 * 3600 * SECOND)
    assert (file.poll(), slow.poll()) == (FIRED, FIRED)
    assert fires(world, file, 3 * SECOND)
    assert fires(world, slow, 6 * SECOND)


# --- through a mount: real files, real poll(2) -----------------------------------------------

CLIENT = """
import os, select, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
os.write(file, b"some 150000 1000000\\0")
poll = select.poll()
poll.register(file, select.POLLPRI)
print("waits", flush=True)
for _ in range(2):
    print([events for _, events in poll.poll(20_000)], flush=True)
"""


@pytest.fixture
def old(world):
    """`world`, after its first minute: triggers keep quiet in the first window after the boot."""
    world.run("1 min")
    return world


def opened(mount, text=b"some 150000 1000000\0"):
    descriptor = os.open(mount.path + MEMORY, os.O_RDWR | os.O_NONBLOCK)
    os.write(descriptor, text)
    return descriptor


def test_the_client_of_the_kernels_documentation_is_woken_though_nobody_asks(mounted_world, old):
    mount = mounted_world(old)
    client = subprocess.Popen([sys.executable, "-c", CLIENT, mount.path + MEMORY], stdout=subprocess.PIPE, text=True)
    with client:
        assert client.stdout.readline() == "waits\n"
        old.set_pressure("memory", 50)
        began = time.monotonic()
        assert client.stdout.readline() == f"[{select.POLLPRI}]\n"
        assert 0.25 < time.monotonic() - began < 5
        assert client.stdout.readline() == f"[{select.POLLPRI}]\n"
        assert 1.2 < time.monotonic() - began < 10
    assert client.returncode == 0


def test_epoll_is_woken_once_a_window(mounted_world, old):
    descriptor = opened(mounted_world(old), b"some 50000 500000\0")
    with select.epoll() as epoll:
        epoll.register(descriptor, select.EPOLLPRI)
        assert epoll.poll(0.05) == []
        old.set_pressure("memory", 100)
        assert epoll.poll(20) == [(descriptor, select.EPOLLPRI)]
        assert epoll.poll(0.2) == []
        assert epoll.poll(20) == [(descriptor, select.EPOLLPRI)]
    os.close(descriptor)


def test_who_polls_one_of_two_files_is_woken_by_that(mounted_world, old):
    mount = mounted_world(old)
    quick, never = opened(mount), opened(mount, b"full 900000 1000000\0")
    poll = select.poll()
    for descriptor in (quick, never):
        poll.register(descriptor, select.POLLPRI)
    old.stall("memory", "200 ms")
    assert poll.poll(20_000) == [(quick, select.POLLPRI)]
    os.close(quick)
    os.close(never)


def test_ctl_sets_pressure_and_the_mounts_clock_adds_it_up(mounted_world, old):
    Control(old).attach()
    mount = mounted_world(old)
    descriptor = opened(mount)
    with open(mount.path + "/.fakeproc/ctl", "w") as ctl:
        ctl.write("pressure memory some=45 full=30")
    poll = select.poll()
    poll.register(descriptor, select.POLLPRI)
    assert poll.poll(20_000) == [(descriptor, select.POLLPRI)]
    with open(mount.path + MEMORY) as file:
        found = parsed(file.read())
    assert found["some"]["total"] >= 150_000
    assert found["full"]["total"] == pytest.approx(found["some"]["total"] * 30 / 45, abs=2)
    os.close(descriptor)


def test_a_file_without_a_trigger_is_an_error_to_poll(mounted_world, old):
    with open(mounted_world(old).path + MEMORY, "rb") as file:
        poll = select.poll()
        poll.register(file, select.POLLPRI)
        assert poll.poll(20_000) == [(file.fileno(), select.POLLPRI | select.POLLERR)]


@pytest.mark.parametrize(("data", "result"), [row for row in RECORDED if row[0]])
def test_a_mount_takes_the_same_triggers(mount_door, world, data, result):
    """But for a write of nothing, which the FUSE client answers."""
    mount_door.use(world)
    file = mount_door.open(MEMORY, os.O_RDWR, STRANGER)
    assert outcome(lambda: file.write(data, STRANGER)) == result
    file.close()


@pytest.mark.parametrize("kernel", ["6.1"])
def test_who_polls_the_kernel_log_sees_the_reaper_at_its_time(mounted_world, old):
    Control(old).attach()
    victim = old.spawn("hog", anon="1 GiB")
    victim.set_flag(lib.TASK_DSLEEP)
    mount = mounted_world(old)
    descriptor = os.open(mount.path + "/.fakeproc/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    began = time.monotonic()
    old.sysrq_f()
    assert b"reaped process" in next(record for record in polled(descriptor) if b"oom_reaper" in record)
    assert 1.5 < time.monotonic() - began < 10
    os.close(descriptor)


def polled(descriptor):
    """Its records, as they come."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while poll.poll(20_000):
        yield os.read(descriptor, 8192)


def test_nothing_of_a_mount_lives_on(fuse, old, tmp_path):
    threads = set(os.listdir("/proc/self/task"))
    with mounted(old, tmp_path) as mount:
        assert len(set(os.listdir("/proc/self/task")) - threads) == 2
        os.close(opened(mount))
        old.set_pressure("memory", 10)
    while set(os.listdir("/proc/self/task")) - threads:  # a joined thread is listed for a moment more
        time.sleep(0.01)


def test_a_server_ends_while_somebody_polls(fuse, mount_point):
    with serving(mount_point, "--kernel", "6.18") as server:
        (mount_point / ".fakeproc" / "ctl").write_text("pressure memory some=1")
        descriptor = os.open(f"{mount_point}/pressure/memory", os.O_RDWR)
        os.write(descriptor, b"some 900000 1000000\0")
        poll = select.poll()
        poll.register(descriptor, select.POLLPRI)
        ending = threading.Timer(0.2, server.process.terminate)
        ending.start()
        assert poll.poll(20_000) == [(descriptor, select.POLLERR)]
        assert server.end() == 0
        os.close(descriptor)
