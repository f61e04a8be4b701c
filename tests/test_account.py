"""What tasks use: shares of a CPU over time, faults, bytes; whose they are in the end."""

import errno

import pytest

from fakeproc import scenario
from fakeproc.errors import FakeprocError
from fakeproc.world import World

SECOND = 10**9


@pytest.fixture
def world():
    return World("6.18", ram="1 GiB", swap="256 MiB")


def test_a_share_of_a_cpu_is_time_that_grows_with_the_clock(world):
    a = world.spawn("a")
    a.set_cpu(user=250, system=50)
    world.run("2 s")
    assert (a.spent.utime, a.spent.stime) == (500_000_000, 100_000_000)
    a.set_cpu(user=0)
    world.run("1 h")
    assert a.spent.utime == 500_000_000


@pytest.mark.parametrize("condition", ["stopped", "asleep", "dead"])
def test_who_cannot_run_uses_no_time(world, condition):
    a = world.spawn("a")
    a.set_cpu(user=1000)
    world.run("1 s")
    how = {"stopped": lambda: a.kill(19), "asleep": lambda: a.set_flag(4096), "dead": a.exit}
    how[condition]()
    world.run("1 s")
    assert a.spent.utime == SECOND
    assert world.spent.utime == SECOND


def test_who_goes_on_uses_time_again(world):
    a = world.spawn("a")
    a.set_cpu(user=1000)
    a.kill(19)
    world.run("1 s")
    a.kill(18)
    world.run("1 s")
    assert a.spent.utime == world.spent.utime == SECOND


def test_a_thread_leaves_its_time_to_its_process(world):
    a = world.spawn("a")
    thread = a.thread()
    thread.set_cpu(user=500)
    world.run("1 s")
    thread.exit_thread()
    assert a.spent.utime == 0
    assert a.process_spent.utime == 500_000_000


def test_a_thread_that_execs_keeps_its_time_and_gets_that_of_the_others(world):
    a = world.spawn("a")
    thread = a.thread()
    a.set_cpu(user=100)
    thread.set_cpu(user=500)
    world.run("1 s")
    a = thread.exec("b")
    assert (a.spent.utime, a.process_spent.utime) == (500_000_000, 600_000_000)


def test_a_parent_gets_what_its_children_used_when_it_waits_for_them(world):
    parent = world.spawn("parent")
    child = parent.fork("child")
    grandchild = child.fork("grandchild")
    grandchild.set_cpu(user=1000)
    world.run("1 s")
    grandchild.spend(read_bytes=4096, maj_flt=3)
    grandchild.exit()
    grandchild.reap()
    child.exit()
    assert parent.children_spent.utime == 0
    child.reap()
    assert parent.children_spent.utime == SECOND
    assert parent.children_spent.maj_flt == 3
    assert (parent.process_spent.utime, parent.process_spent.read_bytes) == (0, 4096)


def test_the_machine_counts_the_dead(world):
    a = world.spawn("a")
    a.set_cpu(user=300, system=100)
    world.run("10 s")
    a.exit()
    a.reap()
    world.run("10 s")
    assert (world.spent.utime, world.spent.stime) == (3 * SECOND, SECOND)


def test_new_memory_faults_and_what_comes_back_from_swap_does_so_majorly(world):
    a = world.spawn("a", swap="4 MiB")
    a.grow("8 MiB")
    assert (a.spent.min_flt, a.spent.maj_flt) == (2048, 0)
    a.touch()
    assert (a.spent.min_flt, a.spent.maj_flt) == (2048, 1024)


def test_who_runs_gives_the_cpu_up_every_4_ms(world):
    a = world.spawn("a")
    a.spend(nvcsw=5, nivcsw=7)
    a.set_cpu(user=1000)
    world.run("1 s")
    assert (a.spent.nvcsw, a.spent.nivcsw) == (255, 7)


@pytest.mark.parametrize(("user", "system"), [(1001, 0), (900, 101), (-1, 0), (0, -1)])
def test_a_thread_takes_no_more_than_one_cpu(world, user, system):
    with pytest.raises(OSError, match="Invalid argument"):
        world.spawn("a").set_cpu(user, system)


def test_a_zombie_takes_no_cpu(world):
    a = world.spawn("a")
    a.exit()
    with pytest.raises(ProcessLookupError) as refused:
        a.set_cpu(1)
    assert refused.value.errno == errno.ESRCH


def test_a_clock_that_is_set_back_takes_no_time_away(world):
    a = world.spawn("a")
    world.now = 10 * SECOND
    a.set_cpu(user=1000)
    world.now = 5 * SECOND
    assert a.spent.utime == 0


def test_a_scenario_spreads_a_share_over_the_threads():
    world = scenario.loads('[[process]]\ncomm = "a"\nthreads = 3\ncpu = "250 %"\n').build()
    world.run("1 s")
    a = world.names["a"]
    assert [thread.spent.utime for thread in a.threads] == [833_000_000, 833_000_000, 834_000_000]
    assert a.process_spent.utime == 2_500_000_000


def test_a_scenario_tells_user_and_system_time_apart():
    world = scenario.loads('[[process]]\ncomm = "a"\ncpu = { user = "20 %", system = "1.5 %" }\n').build()
    world.run("1 s")
    assert (world.spent.utime, world.spent.stime) == (200_000_000, 15_000_000)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ('cpu = "101 %"', "a thread runs on one CPU at a time"),
        ("cpu = 0.3", "write a share of one CPU"),
        ('cpu = { idle = "1 %" }', "unknown key"),
        ('environ = "A=1"', "write a list of variables"),
        ('exe = "java"', "write an absolute path"),
    ],
)
def test_a_wrong_key_is_refused(key, what):
    with pytest.raises(FakeprocError, match=what):
        scenario.loads(f'[[process]]\ncomm = "a"\n{key}\n')
