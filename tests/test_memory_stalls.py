"""Who makes room for its memory is stalled for it: never for more time than goes by, and no longer than it lives."""

import os
import select

import pytest
from doors import outcome
from hypothesis import given
from hypothesis import strategies as st

from fakeproc import World

SECOND = 10**9
PLACES = ("/", "/box", "/box/in", "/other")


def thrashing(kernel="6.18"):
    """A machine in its third minute, with everything in swap but what a process in /box/in has in RAM."""
    world = World(kernel, ram="256 MiB", swap="2 GiB")
    world.make_cgroup("/box/in", parents=True)
    world.make_cgroup("/other")
    world.spawn("old", anon="100 MiB", swap="400 MiB")
    world.spawn("leaker", anon="100 MiB").move_to("/box/in")
    world.run("2 min")
    return world


def named(world, comm):
    return next(task for task in world.processes if task.comm == comm)


def line_of(world, place, kind):
    lines = world.cgroup(place).read("memory.pressure").splitlines()
    words = next(line for line in lines if line.startswith(kind)).split()[1:]
    return dict(word.split("=") for word in words)


def total(world, place="/", kind="some"):
    """Microseconds."""
    return int(line_of(world, place, kind)["total"])


def avg10(world, place="/", kind="some"):
    return float(line_of(world, place, kind)["avg10"])


def totals(world):
    found = {(place, kind): total(world, place, kind) for place in PLACES for kind in ("some", "full")}
    machine = [int(line.rpartition("=")[2]) for line in world.read("/pressure/memory").decode().splitlines()]
    assert machine == [found["/", "some"], found["/", "full"]]
    return found


def leak(world, task, times, size="30 MiB"):
    """Ten times a second: 300 MiB/s by itself, which takes 7.7 s of every second."""
    for _ in range(times):
        task.grow(size)
        world.run("100 ms")


# --- the clock -----------------------------------------------------------------------


def test_a_stall_is_counted_as_the_clock_goes_on():
    world = World("6.18", ram="100 MiB", swap="50 MiB")
    sleeper = world.spawn("sleeper", anon="30 MiB")
    world.run("100 s")
    sleeper.swap_out("10 MiB")
    assert sleeper.touch() == 2560  # pages, of 100 us each
    seen = []
    for _ in range(4):
        seen.append((total(world), total(world, kind="full")))
        world.run("100 ms")
    assert seen == [(0, 0), (100_000, 100_000), (200_000, 200_000), (256_000, 256_000)]


@pytest.mark.parametrize("kernel", ["5.4", "6.18"])
def test_totals_grow_no_faster_than_the_clock_and_averages_stay_within_a_hundred(kernel):
    world = thrashing(kernel)
    for _ in range(10):
        before = totals(world)
        leak(world, named(world, "leaker"), 5)
        after = totals(world)
        assert all(after[key] - before[key] <= 500_000 for key in after)
    assert after["/box/in", "full"] - before["/box/in", "full"] == 500_000
    assert 30 < avg10(world, "/box") == avg10(world) < 100
    assert total(world, "/other") == 0


def test_two_that_are_stalled_at_once_count_once():
    world = thrashing()
    second = world.spawn("second", anon="50 MiB")
    before = total(world)
    for _ in range(10):
        leak(world, named(world, "leaker"), 1, "20 MiB")
        leak(world, second, 1, "20 MiB")
    assert 1_500_000 < total(world) - before <= 2_000_000


def test_scripted_pressure_and_a_stall_count_once():
    world = thrashing()
    world.set_pressure("memory", 40)
    leak(world, named(world, "leaker"), 10)
    before = total(world)
    leak(world, named(world, "leaker"), 10)
    assert total(world) - before == SECOND // 1000
    named(world, "leaker").kill()
    world.run("10 s")
    assert total(world) - before == 1_000_000 + 4_000_000


# --- the end -------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/", "/box", "/box/in"])
@pytest.mark.parametrize("kind", ["some", "full"])
def test_averages_fall_as_soon_as_the_leaker_is_dead(place, kind):
    world = thrashing()
    leak(world, named(world, "leaker"), 50)
    named(world, "leaker").kill()
    at_death = total(world, place, kind)
    world.run("2 s")  # the period in which it died
    seen = [avg10(world, place, kind)]
    for _ in range(10):
        world.run("2 s")
        seen.append(avg10(world, place, kind))
    assert seen == sorted(set(seen), reverse=True)
    assert (seen[0] > 30, seen[-1] < 10) == (True, True)
    assert total(world, place, kind) == at_death


def test_a_leaker_that_stops_is_stalled_for_2_s_more_at_most():
    world = thrashing()
    leak(world, named(world, "leaker"), 30)
    before = total(world)
    world.run("1 min")
    assert 1_800_000 < total(world) - before <= 2_000_000


def test_the_death_of_one_does_not_end_the_stall_of_another():
    world = thrashing()
    second = world.spawn("second", anon="50 MiB")
    leak(world, named(world, "leaker"), 20, "10 MiB")
    second.grow("30 MiB")
    before = totals(world)
    named(world, "leaker").kill()
    world.run("5 s")
    after = totals(world)
    assert 600_000 < after["/", "some"] - before["/", "some"] < 2_000_000
    assert after["/box", "some"] == before["/box", "some"]


def test_a_stall_goes_with_the_process_that_moves():
    world = thrashing()
    leaker = named(world, "leaker")
    leak(world, leaker, 20, "10 MiB")
    before = totals(world)
    leaker.move_to("/other")
    world.run("5 s")
    grown = {place: total(world, place) - before[place, "some"] for place in PLACES}
    assert grown["/box"] == grown["/box/in"] == 0
    assert 0 < grown["/other"] == grown["/"] <= 2_000_000


# --- triggers ------------------------------------------------------------------------


def test_a_trigger_goes_off_while_somebody_leaks_and_not_after_its_death():
    world = thrashing()
    world.run("10 s")
    file = world.open("/pressure/memory", os.O_RDWR | os.O_NONBLOCK)
    file.write(b"full 500000 1000000\0")
    leaker = named(world, "leaker")
    leak(world, leaker, 4)
    assert not file.poll() & select.POLLPRI
    leak(world, leaker, 20)
    assert file.poll() & select.POLLPRI
    leaker.kill()
    world.run("2 s")
    file.poll()
    world.run("10 s")
    assert not file.poll() & select.POLLPRI
    assert world.next_event is None


# --- whatever happens ----------------------------------------------------------------

DEEDS = {
    "grow": lambda world, task, much: task.grow(much << 20),
    "touch": lambda world, task, much: task.touch(),
    "swap out": lambda world, task, much: task.swap_out(much << 20),
    "kill": lambda world, task, much: task.kill(),
    "fork": lambda world, task, much: task.fork(),
    "thread": lambda world, task, much: task.thread(),
    "exec": lambda world, task, much: task.exec(),
    "move": lambda world, task, much: task.move_to(PLACES[much % len(PLACES)]),
    "limit": lambda world, task, much: world.limit_cgroup("/box", f"{much + 20} MiB"),
    "rate": lambda world, task, much: world.set_pressure("memory", much % 101, much % 101 / 2),
    "wait": lambda world, task, much: world.run(much * SECOND // 50),
}


def act(world, deed, who, much):
    people = list(world.tasks)
    task = people[who % len(people)]
    outcome(lambda: DEEDS[deed](world, task, much))


deeds = st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 9), st.integers(0, 200)), max_size=30)


@given(deeds)
def test_whatever_happens_no_total_grows_by_more_than_the_time_that_goes_by(done):
    world = thrashing()
    world.limit_cgroup("/box", "150 MiB")
    before, then = totals(world), world.now
    for deed, who, much in done:
        act(world, deed, who, much)
        after, now = totals(world), world.now
        assert all(0 <= after[key] - before[key] <= (now - then) // 1000 + 1 for key in after)
        assert all(after[place, "full"] <= after[place, "some"] for place in PLACES)
        before, then = after, now


@given(deeds)
def test_a_world_that_was_saved_in_the_midst_of_stalls_goes_on_alike(done):
    world = thrashing()
    leak(world, named(world, "leaker"), 3)
    for deed, who, much in done[:5]:
        act(world, deed, who, much)
    copy = World.load(world.save())
    for one in (world, copy):
        for task in list(one.processes)[-2:]:
            outcome(task.kill)
        one.run("3 s")
    assert totals(world) == totals(copy)
