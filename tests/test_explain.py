"""fakeproc explain: the ranking, and what a kill would bring, without killing."""

import json
from pathlib import Path
from typing import Any

import pytest
from server import ask, serving

from fakeproc import World, explain, rules, scenario
from fakeproc.control import Control
from fakeproc.rehearsal import rehearse
from fakeproc.world import Task


def everybody(kernel: str = "4.8") -> World:
    """One process for each reason that there is."""
    world = World(kernel)
    world.kthread("kthreadd", pid=2)
    world.spawn("big", pid=100, anon="2 GiB").clone_vm("sharer", pid=101)
    world.spawn("protected", pid=110, anon="3 GiB").set_adj(-1000, -1000)
    world.spawn("finished", pid=120).exit()
    world.spawn("starter", pid=130, anon="1 GiB").vfork("child", pid=131)
    world._control = None
    return world


def whys(world: World) -> dict[str, str]:
    return {row["comm"]: row["why"] for row in explain.ranking(world)}


def state(world: World) -> list[Any]:
    return [(repr(task), task.info.flags, task.memory, task.oom_score_adj) for task in world.tasks]


# --- the ranking -----------------------------------------------------------------------


def test_every_process_has_its_reason() -> None:
    assert whys(everybody()) == {
        "big": "shares its mm with 101",
        "sharer": "shares its mm with 100",
        "starter": "shares its mm with 131",
        "init": "global init",
        "kthreadd": "kernel thread",
        "protected": "at -1000",
        "finished": "no mm (zombie)",
        "child": "vforked: works in its parent's mm, shares its mm with 130",
    }


@pytest.mark.parametrize(("kernel", "eligible"), [("4.7", True), ("4.8", False)])
def test_a_vforked_child_is_eligible_until_patch_5(kernel: str, eligible: bool) -> None:
    (child,) = [row for row in explain.ranking(everybody(kernel)) if row["comm"] == "child"]
    assert child["eligible"] is eligible


def test_the_first_of_the_ranking_is_chosen() -> None:
    for version in rules.versions():
        world = scenario.bundled().build(rules.kernel(version))
        assert explain.ranking(world)[0]["pid"] == explain.foresee(world)["chosen"]


def test_points_and_scores_are_the_core_s() -> None:
    world = everybody()
    for row in explain.ranking(world):
        task = world.task(row["pid"])
        assert row["points"] == (task.badness or 0)
        assert row["oom_score"] == task.oom_score


def test_a_reaped_mm_and_a_victim_that_is_waited_for() -> None:
    described = scenario.bundled("patch-10")
    seen = {}
    for version in ("4.7", "4.8"):
        world = described.build(rules.kernel(version))
        list(described.play(world, 10**9))
        seen[version] = whys(world)["helper"]
    assert seen["4.7"] == "a victim already: others are safe until it is gone, shares its mm with 1"
    assert seen["4.8"].startswith("its mm was reaped, given up or pinned, a victim already, skipped")


# --- what would happen -------------------------------------------------------------------


def test_nothing_happens_to_the_world_itself() -> None:
    world = everybody()
    before, log = state(world), world.kmsg
    assert explain.foresee(world)["victim"]
    assert state(world) == before
    assert world.kmsg == log


def test_what_is_foreseen_is_what_happens() -> None:
    for version in rules.versions():
        world = scenario.bundled().build(rules.kernel(version))
        foreseen, end = explain.foresee(world), world.log_end
        world.sysrq_f()
        world.run(explain.SETTLE)
        killed = {task.pid for task in world.processes if task.is_zombie and task.info.exit_code == 9}
        assert {one["pid"] for one in foreseen["dies"]} == killed
        assert foreseen["log"] == explain.report_lines(world, end)


def dies(world: World, by: Task | None = None) -> dict[str, str]:
    return {one["comm"]: one["why"] for one in explain.foresee(world, by)["dies"]}


def test_sharers_die_with_the_victim() -> None:
    assert dies(everybody()) == {"sharer": "the victim", "big": "shares its mm"}


def test_a_child_is_sacrificed() -> None:
    world = World("4.8")
    world.spawn("make", pid=100, anon="2 GiB").fork("cc1", pid=101).exec("cc1").set_sizes(anon="10 MiB")
    would = explain.foresee(world)
    assert would["outcome"] == "chooses make (100), kills its child cc1 (101)"
    assert (would["chosen"], would["victim"], would["freed_kib"]) == (100, 101, 10 << 10)


@pytest.mark.parametrize(
    ("name", "kernel", "survives"),
    [
        ("patch-06", "4.7", {"protected": "at -1000: keeps the memory"}),
        ("patch-06", "4.8", {}),
        ("patch-10", "4.8", {"init": "global init: keeps the memory"}),
        ("story-unkillable-sharer", "4.8", {"vhost-100": "a kernel thread: keeps the memory"}),
    ],
)
def test_who_keeps_the_memory(name: str, kernel: str, survives: dict[str, str]) -> None:
    would = explain.foresee(scenario.bundled(name).build(rules.kernel(kernel)))
    assert {one["comm"]: one["why"] for one in would["survives"]} == survives


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("story-victim-never-dies", "sleeps uninterruptibly: nothing of its memory is left, and nobody waits for it"),
        ("story-nommu", "sleeps uninterruptibly: its memory is not free"),
    ],
)
def test_who_is_killed_but_stays(name: str, why: str) -> None:
    would = explain.foresee(scenario.bundled(name).build())
    assert [(one["comm"], one["why"]) for one in would["lingers"]] == [("stuck", why)]


def test_an_allocation_may_end_in_a_panic() -> None:
    world = World("4.8")
    world.set_sysctl(panic_on_oom=1)
    task = world.spawn("a", anon="1 GiB")
    would = explain.foresee(world, task)
    assert would["panic"] == "Out of memory: system-wide panic_on_oom is enabled"
    assert world.panic is None


def test_a_machine_that_has_halted_is_explained() -> None:
    world = World("4.8")
    world.set_sysctl(panic_on_oom=1)
    world.oom()
    would = explain.foresee(world)
    assert would["outcome"] == "panics: Out of memory: system-wide panic_on_oom is enabled"
    assert (would["dies"], would["log"]) == ([], [])


def test_a_rehearsal_that_fails_harms_nobody() -> None:
    world = World()
    with pytest.raises(Exception, match="without an answer"):
        rehearse(world, lambda copy: 1 // 0)
    assert rehearse(world, lambda copy: [task.pid for task in copy.processes]) == [1]


# --- through the control files -----------------------------------------------------------


def test_a_world_tells_of_itself() -> None:
    world = everybody()
    Control(world).attach()
    assert world.read("/.fakeproc/explain").decode() == explain.text(explain.explain(world))
    assert json.loads(world.read("/.fakeproc/explain.json")) == explain.explain(world)


@pytest.mark.usefixtures("fuse")
def test_a_mount_is_explained(mount_point: Path) -> None:
    with serving(mount_point, "--kernel", "4.7"):
        (mount_point / "1200" / "oom_score_adj").write_text("-1000")
        told = ask("explain", str(mount_point))
        found = json.loads(ask("explain", str(mount_point), "--json").stdout)
        assert (mount_point / "1201" / "comm").read_text() == "gpu-helper\n"
    assert told.stdout.startswith("kernel 4.7, ")
    (browser,) = [row for row in found["processes"] if row["pid"] == 1200]
    assert browser["why"].startswith("at -1000")
    assert found["would"]["chosen"] == 1202
    assert "survives  browser (1200): at -1000: keeps the memory" in told.stdout


# --- the command -----------------------------------------------------------------------------


def test_the_table_can_be_read() -> None:
    lines = ask("explain", "patch-05", "--kernel", "4.7").stdout.splitlines()
    assert lines[0].startswith("kernel 4.7, ")
    assert lines[3].split() == [
        "->",
        "101",
        "starter",
        "1050628",
        "0",
        "1019110",
        "485",
        *["shares", "its", "mm", "with", "100"],
    ]
    assert "SysRq-f: kills starter (101)" in lines


def test_after_some_time_and_by_whom() -> None:
    done = ask("explain", "patch-10", "--kernel", "4.7", "--at", "1 s", "--by", "browser")
    assert "out of memory in browser (102): waits for an earlier victim\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["explain"], "SCENARIO"),
        (["explain", "patch-05", "--by", "strater"], 'did you mean "starter"'),
        (["explain", "patch-05", "--at", "soon"], "is not understood"),
        (["explain", "default", "--by", "finished"], "is dead"),
        (["explain", "/tmp"], "is no mount of fakeproc"),
        (["explain", "/tmp", "--kernel", "4.7"], "--kernel is for scenarios"),
        (["explain", "default", "--kernel", "4.6"], "choose one of"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], says: str) -> None:
    done = ask(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
