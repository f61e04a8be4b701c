"""What processes do with a SIGTERM, as their scenario says, in virtual time. In a lab: tests/lab/test_sigterm.py."""

import os
import signal

import pytest

from fakeproc import scenario, sigterm
from fakeproc._native import lib
from fakeproc.errors import FakeprocError
from fakeproc.scenario.run import Run
from fakeproc.world import Task

S = 10**9
TERM = 'at = "1 s"\nsignal = { who = "a", send = "TERM" }'


def built(on_sigterm: str, *events: str, kernel: str = "6.18") -> Run:
    head = f'[machine]\nkernel = "{kernel}"\nram = "1 GiB"\n[[process]]\ncomm = "a"\nanon = "100 MiB"\n'
    text = f"{head}on_sigterm = {on_sigterm}\n" + "".join(f"[[event]]\n{event}\n" for event in events)
    return Run(scenario.loads(text))


def at(run: Run, seconds: float) -> Task:
    """The process, so long after the start."""
    for _ in run.go(run.start + int(seconds * S)):
        pass
    return run.world.names["a"]


def deaths(run: Run) -> list[tuple[int, int, int]]:
    """(how, its time, its exit code) of each record of that process."""
    run.witness.look()
    return [(one.how, one.time - run.start, one.exit_code) for one in run.witness.deaths]


def test_without_a_word_it_dies_at_once() -> None:
    assert at(built('"die"', TERM), 1).is_zombie


def test_one_that_ignores_it_lives_on() -> None:
    run = built('"ignore"', TERM, 'at = "2 s"\nkill = "a"')
    assert not at(run, 1.9).is_zombie
    assert at(run, 2).is_zombie


def test_one_that_dies_late() -> None:
    run = built('{ after = "300 ms" }', TERM)
    assert not at(run, 1.299).is_zombie
    assert at(run, 1.3).is_zombie


def test_one_that_dies_of_something_else_before_its_time() -> None:
    run = built('{ after = "2 s" }', TERM, 'at = "2 s"\nkill = "a"')
    assert at(run, 10).is_zombie
    assert [record for record in deaths(run) if record[0] == lib.HAS_DIED] == [(lib.HAS_DIED, 2 * S, signal.SIGKILL)]


# --- core dumps -----------------------------------------------------------------------------


def test_who_writes_a_core_dump_holds_its_memory_meanwhile_and_can_be_seen_to_do_so() -> None:
    run = built('{ core = "2 s" }', TERM)
    dumping = at(run, 2.9)
    assert "CoreDumping:\t1" in dumping.read("status")
    assert (dumping.is_zombie, dumping.memory.anon) == (False, 100 << 8)
    assert at(run, 3).is_zombie


def test_and_dies_of_the_signal_with_the_core_flag() -> None:
    run = built('{ core = "2 s" }', TERM)
    at(run, 4)
    killed, died = deaths(run)
    assert (killed[0], died[:2]) == (lib.KILLED_BY_SIGNAL, (lib.HAS_DIED, 3 * S))
    assert (os.WTERMSIG(died[2]), os.WCOREDUMP(died[2])) == (signal.SIGTERM, True)
    assert int(run.world.names["a"].read("stat").split()[51]) == signal.SIGTERM | 0x80


def test_sigkill_ends_a_core_dump() -> None:
    run = built('{ core = "1 h" }', TERM, 'at = "2 s"\nkill = "a"')
    assert at(run, 2).is_zombie
    assert deaths(run)[-1] == (lib.HAS_DIED, 2 * S, signal.SIGKILL)


def test_who_writes_a_core_dump_grows_no_more() -> None:
    run = built('{ core = "2 s" }', 'leak = { who = "a", rate = "100 MiB/s" }', TERM)
    assert at(run, 2.5).memory.anon == 200 << 8


def test_the_oom_killer_does_not_take_it_for_one_that_is_dying_anyway() -> None:
    run = built('{ core = "1 h" }', TERM)
    dumping = at(run, 2)
    assert not dumping.info.flags & lib.TASK_WILL_FREE_MEM


# --- copies ---------------------------------------------------------------------------------


def test_one_that_forks_leaves_a_copy_with_its_memory() -> None:
    run = built('"fork"', TERM)
    assert at(run, 1).is_zombie
    (copy,) = [task for task in run.world.processes if task.comm == "a" and not task.is_zombie]
    assert (copy.memory.anon, copy.ppid) == (100 << 8, 1)


def test_a_copy_of_one_that_dies_needs_no_more_room() -> None:
    machine = '[machine]\nram = "160 MiB"\n[[process]]\ncomm = "a"\nanon = "100 MiB"\non_sigterm = "fork"\n'
    world = scenario.loads(machine).build()
    sigterm.begin(world.names["a"])
    assert [record.text for record in world.kmsg] == []


def test_and_the_copy_does_the_same() -> None:
    run = built('"fork"', TERM)
    at(run, 1)
    (copy,) = [task for task in run.world.processes if task.comm == "a" and not task.is_zombie]
    assert run.world.on_sigterm[copy.serial].deed == "fork"


# --- who else ---------------------------------------------------------------------------------


def is_alive(run: Run, name: str) -> bool:
    return not run.world.names[name].is_zombie


def test_those_that_an_event_makes_may_say_it_too() -> None:
    spawn = 'spawn = { comm = "b", on_sigterm = "ignore" }'
    fork = 'fork = { who = "b", comm = "c", on_sigterm = "die" }'
    terms = [f'at = "1 s"\nsignal = {{ who = "{who}", send = "TERM" }}' for who in "bc"]
    run = built('"die"', spawn, fork, *terms)
    at(run, 1)
    assert [is_alive(run, name) for name in "bc"] == [True, False]


def test_a_fork_does_as_its_parent_until_it_execs() -> None:
    makes = [f'{verb} = {{ who = "a", comm = "{name}" }}' for verb, name in (("fork", "b"), ("clone_vm", "c"))]
    exec_ = 'exec = { who = "c", comm = "c" }'
    terms = [f'at = "1 s"\nsignal = {{ who = "{who}", send = "TERM" }}' for who in "bc"]
    run = built('{ after = "1 s" }', *makes, exec_, *terms)
    at(run, 1.5)
    assert [is_alive(run, name) for name in "bc"] == [True, False]


def test_what_is_ignored_is_ignored_after_an_exec() -> None:
    run = built('"ignore"', 'exec = { who = "a", comm = "a" }', TERM)
    assert not at(run, 2).is_zombie


def test_a_copy_that_the_file_describes_does_as_the_process_that_it_was_forked_from() -> None:
    more = '[[process]]\ncomm = "b"\nfork_of = "a"\n[[process]]\ncomm = "c"\nparent = "a"\n'
    world = scenario.loads(f'[[process]]\ncomm = "a"\non_sigterm = {{ after = "1 s" }}\n{more}').build()
    answers = {name: world.on_sigterm.get(world.names[name].serial) for name in "abc"}
    assert (answers["b"], answers["c"]) == (answers["a"], None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"dies"', 'write "die", "ignore", "fork", { after = "300 ms" } or { core = "2 s" }'),
        ("5", 'write "die", "ignore", "fork"'),
        ("{}", 'write "die", "ignore", "fork"'),
        ('{ after = "1 s", core = "1 s" }', 'write "die", "ignore", "fork"'),
        ('{ cores = "1 s" }', 'unknown key "cores": did you mean "core"'),
        ("{ core = 2 }", 'write a time in quotes, such as "1.5 s"'),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_way_out(value: str, words: str) -> None:
    with pytest.raises(FakeprocError) as told:
        built(value)
    assert words in str(told.value)
    assert ":7:" in str(told.value)


def test_a_mistake_in_an_event_too() -> None:
    with pytest.raises(FakeprocError, match='write "die", "ignore", "fork"'):
        built('"die"', 'spawn = { comm = "b", on_sigterm = "never" }')
