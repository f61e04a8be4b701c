"""Patches one by one over 4.7: what each changes, and that it changes nothing else.

The same random life is led in two worlds, 4.7 and 4.7 with one patch. After every step both must look the
same, but where the patch says otherwise; then the bare world takes on what the patched one shows, and life goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from doors import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproc import Task, World, rules
from fakeproc._native import lib
from fakeproc.world import ROOT, ROOT_CAPS, Caller

WRITERS = [ROOT, Caller(caps=ROOT_CAPS & ~(1 << 24))]
FILES = ["oom_adj", "oom_score_adj"]
LIVES = {
    "fork": lambda task: task.fork("forked").pid,
    "clone_vm": lambda task: task.clone_vm("sharer").pid,
    "vfork": lambda task: task.vfork("vforked").pid,
    "thread": lambda task: task.thread("thread").pid,
    "exec": lambda task: task.exec("execed").pid,
    "exit": lambda task: task.exit(),
    "exit_thread": lambda task: task.exit_thread(),
    "kill": lambda task: task.kill(),
    "reap": lambda task: task.reap(),
    "releasing": lambda task: lib.task_release_sighand(task.world._w, task.pid),
}


@dataclass(frozen=True)
class Write:
    """One write(2), by index of the task among those that live."""

    task: int
    name: str
    value: int
    writer: int

    def run(self, task: Task) -> object:
        return task.write(self.name, str(self.value), WRITERS[self.writer])


@dataclass(frozen=True)
class Life:
    """One step of a task's life."""

    task: int
    step: str

    def run(self, task: Task) -> object:
        return LIVES[self.step](task)


Step = Write | Life
steps = st.lists(
    st.builds(Write, st.integers(0, 40), st.sampled_from(FILES), st.integers(-20, 1001), st.integers(0, 1))
    | st.builds(Life, st.integers(0, 40), st.sampled_from(list(LIVES))),
    max_size=40,
)


def a_world(patches: list[int]) -> World:
    world = World(rules.kernel("4.7", patches))
    world.kthread("kthreadd")
    world.kthread("ksoftirqd/0")
    a = world.spawn("a", anon="20 MiB", uid=1000)
    a.clone_vm("b")
    a.thread("t")
    world.spawn("c", anon="1 GiB").vfork("d")
    world.init.write("oom_adj", "0")  # the once-only line is used up: a write that only one world takes logs it, too
    return world


def look(world: World) -> dict[int, tuple[object, ...]]:
    """All that a user sees of every task: both values, the minimum, oom_score, its state."""
    return {
        task.pid: (*map(task.read, [*FILES, "oom_score"]), task.info.oom_score_adj_min, task.state)
        for task in world.tasks
    }


def new_lines(world: World, since: int) -> list[str]:
    return [record.text for record in world.log_since(since)]


def lead(world: World, step: Step) -> tuple[object, list[str]]:
    """What a step gave, and what it logged."""
    tasks, end = list(world.tasks), world.log_end
    task = tasks[step.task % len(tasks)]
    return outcome(lambda: step.run(task)), new_lines(world, end)


def level(bare: World, patched: World) -> None:
    """The bare world takes on what the patched one has."""
    for task in patched.tasks:
        bare.task(task.pid).set_adj(task.info.oom_score_adj, task.info.oom_score_adj_min)


Difference = Callable[[World, Step, Task], set[str]]


def lead_two_lives(patches: list[int], life: list[Step], may_differ: Callable[[Step, Task], bool]) -> int:
    """Leads both lives; returns in how many steps the worlds differed. Fails where they may not."""
    bare, patched, found = a_world([]), a_world(patches), 0
    for step in life:
        tasks = list(patched.tasks)
        expected = may_differ(step, tasks[step.task % len(tasks)])
        same = lead(bare, step) == lead(patched, step) and look(bare) == look(patched)
        assert same or expected, (step, look(bare), look(patched))
        found += not same
        level(bare, patched)
    return found


def without_mm(step: Step, task: Task) -> bool:
    return isinstance(step, Write) and not task.info.mm


def being_released(step: Step, task: Task) -> bool:
    return any(other.info.flags & lib.TASK_SIGHAND_GONE for other in task.world.tasks) or (
        isinstance(step, Life) and step.step == "releasing"
    )


def never(step: Step, task: Task) -> bool:
    return False


def with_sharers(step: Step, task: Task) -> bool:
    group = task.threads
    return isinstance(step, Write) and not task.is_vforked and any(len(thread.sharers) > 1 for thread in group)


def vforked_somewhere(step: Step, task: Task) -> bool:
    return any(other.is_vforked and not other.is_kthread for other in task.world.tasks) or isinstance(step, Life)


@pytest.mark.parametrize(
    ("patches", "may_differ"),
    [
        pytest.param([1], without_mm, id="1: writes to a task without mm"),
        pytest.param([2], being_released, id="2: a task that is being released"),
        pytest.param([3], never, id="3: nothing"),
        pytest.param([3, 4], with_sharers, id="4: writes where an mm is shared"),
        pytest.param([5], vforked_somewhere, id="5: scores of vforked children"),
    ],
)
@given(life=steps)
@settings(max_examples=150, deadline=None)
def test_a_patch_changes_only_what_it_says(patches, may_differ, life):
    lead_two_lives(patches, life, may_differ)


def changes(version: str, patches: str | None, see: Callable[[World], object]) -> object:
    return see(World(rules.kernel(version, patches)))


def write_to_a_zombie(world: World) -> object:
    zombie = world.spawn("zombie")
    zombie.exit()
    return outcome(lambda: zombie.write("oom_score_adj", "5"))


def touch_while_released(world: World) -> object:
    task = world.spawn("zombie", uid=1000)
    task.thread("alive")  # so that an mm is left, and patch 1 plays no part
    task.exit_thread()
    lib.task_release_sighand(world._w, task.pid)
    thread = task.threads[1]
    return (task.read("oom_adj"), task.read("oom_score_adj"), outcome(lambda: thread.write("oom_score_adj", "5")))


def write_to_one_of_two_sharers(world: World) -> object:
    a = world.spawn("a")
    b = a.clone_vm("b")
    a.write("oom_score_adj", "300")
    return a.oom_score_adj, b.oom_score_adj, len(world.kmsg)


def score_of_a_vforked_child(world: World) -> object:
    return world.spawn("big", anon="1 GiB").vfork("child").oom_score > 0


@pytest.mark.parametrize(
    ("patch", "see", "before", "after"),
    [
        (1, write_to_a_zombie, "EINVAL", 1),
        (2, touch_while_released, ("-16\n", "-1000\n", 1), ("0\n", "0\n", 1)),
        (4, write_to_one_of_two_sharers, (300, 0, 0), (300, 300, 1)),
        (5, score_of_a_vforked_child, True, False),
    ],
)
def test_a_patch_changes_what_it_says(patch, see, before, after):
    others = ",".join(str(p) for p in range(1, 11) if p != patch and (patch, p) not in [(4, 3)])
    assert changes("4.7", None, see) == before
    assert changes("4.7", str(patch), see) == after
    assert changes("4.7", others, see) == before
    assert changes("4.7", "1-10", see) == after
    assert changes("4.8", None, see) == after
