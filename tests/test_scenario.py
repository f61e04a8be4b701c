"""Scenario files: what they build, and how they refuse."""

import contextlib
import os
import re
import tomllib
from importlib import resources

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakeproc import capabilities, scenario
from fakeproc.errors import ScenarioError
from fakeproc.rules import kernel
from fakeproc.scenario import keys
from fakeproc.scenario.events import ACTIONS
from fakeproc.scenario.lines import find_line
from fakeproc.world import Task, World

BROWSER = """
[[process]]
pid = 1200
comm = "browser"
uid = 1000
anon = "900 MiB"
threads = 24
oom_score_adj = 300

[[process]]
comm = "gpu-helper"
clone_vm_of = "browser"

[[process]]
comm = "updater"
vfork_of = "browser"
"""


def built(text: str, **options: object) -> World:
    return scenario.loads(text).build(**options)  # type: ignore[arg-type]


def named(world: World, name: str) -> Task:
    return world.names[name]


def process(*lines: str) -> str:
    return "[[process]]\n" + "\n".join(lines) + "\n"


# --- what is built ------------------------------------------------------------------


def test_an_empty_file_is_a_machine_with_init_only():
    world = built("")
    assert [(task.pid, task.comm) for task in world.processes] == [(1, "init")]
    assert world.total_pages == 8 << 18


def test_sharers_and_a_vforked_child_are_in_the_memory_of_their_parent():
    world = built(BROWSER)
    browser, helper, updater = (named(world, name) for name in ("browser", "gpu-helper", "updater"))
    assert browser.sharers == [browser, helper, updater]
    assert browser.memory.anon == 900 << 8
    assert len(browser.threads) == 24
    assert (helper.ppid, helper.info.uid, helper.oom_score_adj) == (1200, 1000, 300)
    assert updater.is_vforked
    assert browser.info.vfork_child == updater.pid


@pytest.mark.parametrize("machine", ['ram = "1 GiB"', 'nodes = ["512 MiB", "512 MiB"]'])
def test_a_copy_that_is_smaller_than_what_it_was_made_of_needs_no_room_for_all_of_it(machine):
    world = built(
        f"[machine]\n{machine}\n"
        + process('comm = "a"', 'anon = "900 MiB"')
        + process('comm = "b"', 'fork_of = "a"', 'anon = "50 MiB"')
    )
    assert [named(world, name).memory.anon >> 8 for name in "ab"] == [900, 50]
    assert (world.total_pages, world.kmsg) == (1 << 18, [])


def test_ids_follow_the_process_before_and_never_those_of_the_file():
    world = built(
        process("pid = 400", 'comm = "a"', "threads = 3") + process('comm = "b"') + process("pid = 401", 'comm = "c"')
    )
    assert [thread.pid for thread in named(world, "a").threads] == [400, 402, 403]
    assert named(world, "b").pid == 404
    assert world.init.fork().pid == 405


def test_a_described_pid_1_is_init():
    world = built(process("pid = 1", 'comm = "systemd"', 'anon = "5 MiB"'))
    assert (world.init.comm, world.init.memory.anon) == ("systemd", 1280)
    assert len(world.processes) == 1


def test_the_first_kernel_thread_has_kthreadd_before_it():
    world = built(process('comm = "kswapd0"', "kthread = true"))
    assert [(t.pid, t.ppid, t.comm, t.is_kthread) for t in world.processes[1:]] == [
        (2, 0, "kthreadd", True),
        (3, 2, "kswapd0", True),
    ]


def test_a_described_kthreadd_is_the_only_one():
    world = built(process('comm = "kworker/0:1"', "kthread = true") + process('comm = "kthreadd"', "kthread = true"))
    assert [(t.pid, t.ppid, t.comm) for t in world.processes[1:]] == [(2, 0, "kthreadd"), (3, 2, "kworker/0:1")]


def test_references_may_point_forward():
    world = built(process('comm = "child"', 'parent = "shell"') + process('comm = "shell"'))
    assert named(world, "child").ppid == named(world, "shell").pid


def test_a_process_may_be_named_by_its_comm_as_written_or_as_cut():
    world = built(
        process('comm = "a-very-long-process-name"')
        + process('comm = "b"', 'parent = "a-very-long-process-name"')
        + process('comm = "c"', 'parent = "a-very-long-pro"')
    )
    long = world.processes[1]
    assert long.comm == "a-very-long-pro"
    assert [task.comm for task in long.children] == ["b", "c"]


def test_comm_is_cut_on_bytes():
    world = built(process('comm = "ääääääääää"'))
    assert world.processes[1].comm.encode("utf-8", "surrogateescape")[14:] == "ä".encode()[:1]


def test_a_name_tells_processes_of_one_comm_apart():
    world = built(
        process('comm = "cc1"')
        + process('name = "second"', 'comm = "cc1"')
        + process('comm = "x"', 'parent = "second"')
    )
    assert named(world, "x").ppid == named(world, "second").pid
    assert named(world, "second").comm == "cc1"


def test_a_vfork_comes_after_all_else_that_its_parent_makes():
    world = built(
        process('comm = "p"') + process('comm = "v"', 'vfork_of = "p"') + process('comm = "c"', 'parent = "p"')
    )
    assert [task.comm for task in named(world, "p").children] == ["c", "v"]


def test_a_vforked_child_may_have_children_itself():
    world = built(process('comm = "v"', "vfork_of = 1") + process('comm = "c"', 'parent = "v"') + process('comm = "d"'))
    assert named(world, "c").ppid == named(world, "v").pid
    assert named(world, "d").ppid == 1


def test_a_fork_has_a_copy_of_the_memory_where_nothing_else_is_said():
    world = built(
        process('comm = "p"', 'anon = "10 MiB"', 'file = "2 MiB"')
        + process('comm = "c"', 'fork_of = "p"', 'file = "4 MiB"')
    )
    child = named(world, "c")
    assert (child.memory.anon, child.memory.file) == (2560, 1024)
    assert child.sharers == [child]


def test_the_parent_of_a_copy_may_be_that_of_the_original():
    world = built(
        process('comm = "shell"')
        + process('comm = "a"', 'parent = "shell"')
        + process('comm = "b"', 'clone_vm_of = "a"', 'parent = "shell"')
    )
    assert named(world, "b").ppid == named(world, "shell").pid
    assert len(named(world, "b").sharers) == 2


def test_threads_may_be_listed_with_comms_and_ids():
    world = built(process("pid = 500", 'comm = "java"', 'threads = ["GC", { comm = "JIT", tid = 900 }, { tid = 7 }]'))
    assert [(t.pid, t.comm) for t in world.task(500).threads] == [(500, "java"), (501, "GC"), (900, "JIT"), (7, "java")]


def test_a_zombie_and_a_dead_leader_are_what_they_are_called():
    world = built(
        process('comm = "p"')
        + process('comm = "z"', 'parent = "p"', "zombie = true", "uid = 5")
        + process('comm = "d"', "threads = 3", "dead_leader = true")
    )
    zombie, dead = named(world, "z"), named(world, "d")
    assert (zombie.state, zombie.ppid, len(zombie.threads), zombie.info.uid) == ("Z", named(world, "p").pid, 1, 5)
    assert [thread.state for thread in dead.threads] == ["Z", "S", "S"]


def test_where_the_leader_is_dead_another_thread_vforks():
    world = built(process('comm = "d"', "threads = 2", "dead_leader = true") + process('comm = "v"', 'vfork_of = "d"'))
    assert named(world, "v").info.vfork_waiter == named(world, "d").threads[1].pid


@pytest.mark.parametrize(
    ("lines", "value", "minimum"),
    [
        ("oom_score_adj = -1000", -1000, -1000),
        ("oom_score_adj = 300", 300, 0),
        ("oom_score_adj = 300\noom_score_adj_min = 300", 300, 300),
        ("oom_adj = 15", 1000, 0),
        ("oom_adj = -17", -1000, 0),
        ("oom_adj = 7", 411, 0),
        ("", 0, 0),
    ],
)
def test_adjustments_are_as_a_writer_would_leave_them(lines, value, minimum):
    info = named(built(process('comm = "a"', lines)), "a").info
    assert (info.oom_score_adj, info.oom_score_adj_min) == (value, minimum)


def test_a_legacy_value_does_not_use_up_the_warning():
    world = built(process('comm = "a"', "oom_adj = 5"))
    assert world.kmsg == []


SYS_RESOURCE, KILL = capabilities.BITS["sys_resource"], capabilities.BITS["kill"]


@pytest.mark.parametrize(
    ("lines", "caps"),
    [
        ("", capabilities.ALL),
        ("uid = 1000", 0),
        ('uid = 1000\ncaps = "sys_resource,kill"', SYS_RESOURCE | KILL),
        ('uid = 1000\ncaps = ["CAP_SYS_RESOURCE"]', SYS_RESOURCE),
        ('uid = 1000\ncaps = "+kill"', KILL),
        ('caps = "all,-sys_resource"', capabilities.ALL & ~SYS_RESOURCE),
        ('caps = "-sys_resource"', capabilities.ALL & ~SYS_RESOURCE),
        ('caps = "none"', 0),
    ],
)
def test_capabilities(lines, caps):
    task = named(built(process('comm = "a"', lines, "threads = 2")), "a")
    assert [thread.info.caps for thread in task.threads] == [caps, caps]
    assert task.info.dumpable == 1


def test_capabilities_that_root_lacks_do_not_come_back_with_exec():
    task = named(built(process('comm = "a"', 'caps = "all,-sys_resource"')), "a")
    assert task.exec().info.caps == capabilities.ALL & ~SYS_RESOURCE


def test_a_child_may_have_more_than_its_parent():
    world = built(
        process('comm = "bash"', "uid = 1000")
        + process('comm = "sudo"', 'parent = "bash"', "uid = 0")
        + process('comm = "vim"', 'parent = "bash"')
    )
    assert (named(world, "sudo").info.uid, named(world, "sudo").info.caps) == (0, capabilities.ALL)
    assert (named(world, "vim").info.uid, named(world, "vim").info.gid) == (1000, 1000)


def test_a_sharer_of_another_uid_hides_the_mm():
    world = built(process('comm = "a"') + process('comm = "b"', 'clone_vm_of = "a"', "uid = 5"))
    assert named(world, "a").info.dumpable == 0


def test_the_rest_of_the_keys():
    world = built(
        process(
            'comm = "a"', 'state = "T"', "threads = 2", "gid = 7", "dumpable = false",
            'cmdline = "a --b \'c d\'"', 'cgroup = "/x.slice"', 'mems = "0-1"', "namespace_init = true",
        )
        + process('comm = "k"', "kthread = true", 'uses_mm_of = "a"', 'mems = "0"')
    )  # fmt: skip
    task, kthread = named(world, "a"), named(world, "k")
    assert [thread.state for thread in task.threads] == ["T", "T"]
    assert [thread.info.mems for thread in task.threads] == [3, 3]
    assert (task.info.gid, task.info.dumpable) == (7, 0)
    assert task.read("cmdline") == "a\0--b\0c d\0"
    assert task.cgroup.path == "/x.slice"
    assert task._has(16)
    assert kthread.info.mm == task.info.mm
    assert kthread.info.mems == 1


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('kernel = "4.7"', "4.7"),
        ('kernel = "4.8.15"', "4.8"),
        ('kernel = "6.1"', "6.1"),
        ('kernel = { base = "4.7", patches = [1, 4] }', "4.7 with patches 1, 3, 4"),
        ('kernel = { patches = "1-2" }', "4.7 with patches 1, 2"),
        ('kernel = { base = "4.9" }', "4.9"),
    ],
)
def test_kernels(line, shown):
    assert str(built(f"[machine]\n{line}\n").kernel) == shown


def test_the_machine_and_another_kernel():
    world = built('[machine]\nram = "1 GiB"\nswap = "512 MiB"\npid_max = 4194304\n', kernel=kernel("6.1"))
    assert str(world.kernel) == "6.1"
    assert world.total_pages == 3 << 17


NODES = '[machine]\nnodes = ["4 GiB", "2 GiB"]\n'
ON_NODES = process('comm = "big"', 'anon = "1 GiB"', 'mems = "0"') + process(
    'comm = "little"', 'anon = "1 MiB"', 'mems = "1"'
)


def test_memory_nodes_make_up_the_ram():
    described = scenario.loads(NODES + ON_NODES)
    assert (described.ram, described.build().total_pages) == (6 << 30, 6 << 18)


@pytest.mark.parametrize(
    ("trigger", "dies"), [('oom = "little"', "little"), ('oom = { nodes = "1" }', "little"), ("oom = {}", "big")]
)
def test_who_runs_out_on_a_node_has_somebody_killed_there(trigger, dies):
    described = scenario.loads(NODES + ON_NODES + event(trigger))
    world = described.build()
    list(described.play(world))
    assert [task.comm for task in world.processes if task.is_zombie] == [dies]


def test_one_scenario_builds_the_same_machine_twice():
    described = scenario.bundled()
    first, second = (described.build(kernel(version)) for version in ("4.7", "6.1"))
    assert [repr(task) for task in first.tasks] == [repr(task) for task in second.tasks]


def test_the_default_scenario():
    world = scenario.bundled().build()
    browser, helper, updater = (world.task(pid) for pid in (1200, 1201, 1202))
    assert [task.comm for task in (browser, helper, updater)] == ["browser", "gpu-helper", "updater"]
    assert browser.sharers == [browser, helper, updater]
    assert updater.is_vforked
    assert len(named(world, "java").threads) == 24
    assert {task.state for task in world.processes} == {"S", "R", "D", "Z"}
    assert world.total_pages == 10 << 18
    assert 25 <= len(world.processes) <= 40
    assert all(task.read("oom_score") for task in world.processes)


def test_a_scenario_is_found_by_name_or_path(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text(BROWSER)
    monkeypatch.chdir(tmp_path)
    assert scenario.find("default").file == "default.toml"
    assert scenario.find("mine.toml").file == "mine.toml"
    with pytest.raises(ScenarioError, match=r'did you mean "default"[?] fakeproc help scenario lists them$'):
        scenario.find("defualt")


@pytest.mark.parametrize("beginning", ["patch-05", "patch-05-vforked-child", "def"])
def test_the_beginning_of_a_name_will_do(beginning):
    assert scenario.find(beginning).file.startswith(beginning)


def test_a_beginning_that_could_be_several_is_refused():
    with pytest.raises(ScenarioError, match='"patch-0" could be patch-01-'):
        scenario.find("patch-0")


@pytest.mark.parametrize("name", scenario.bundled_names())
def test_every_bundled_scenario_says_what_it_is_about_and_can_be_played(name):
    described = scenario.bundled(name)
    assert len(described.title) > 20
    world = described.build()
    happened = [each.event for each in described.play(world)]
    assert [event for event in described.events if event not in happened] == []


# --- what happens over time -----------------------------------------------------------


def event(*lines: str) -> str:
    return "[[event]]\n" + "\n".join(lines) + "\n"


TWO = process('comm = "a"', "uid = 1000", 'anon = "1 GiB"') + process('comm = "b"', 'anon = "100 MiB"')


def played(*events: str) -> tuple[World, list[tuple[int, str, str]]]:
    described = scenario.loads(TWO + "".join(events))
    world = described.build()
    return world, [(each.event.at, str(each.event), each.result) for each in described.play(world)]


def test_events_have_their_times_and_stay_in_order():
    world, happened = played(
        event('kill = "a"'), event('at = "1.5 s"', 'kill = "b"'), event('wait = "500 ms"'), event('reap = "b"')
    )
    assert [at for at, *_ in happened] == [0, 1_500_000_000, 2_000_000_000, 2_000_000_000]
    assert [text for _, text, _ in happened] == ["kill a", "kill b", "time passes", "wait for b"]
    assert world.now == 2_000_000_000


def test_an_event_may_be_as_far_as_it_is_played():
    described = scenario.loads(TWO + event('at = "1 s"', 'kill = "a"') + event('at = "2 s"', 'kill = "b"'))
    world = described.build()
    assert len(list(described.play(world, 1_500_000_000))) == 1
    assert (world.now, named(world, "a").state, named(world, "b").state) == (1_500_000_000, "Z", "S")


def test_a_full_cgroup_of_a_file_kills_all_in_it():
    boxed = A + 'anon = "6 MiB"\ncgroup = "/box"\n[[process]]\ncomm = "b"\ncgroup = "/box/part"\n'
    described = scenario.loads(boxed + '[[cgroup]]\npath = "/box"\nlimit = "8 MiB"\noom_group = true\n')
    world = described.build(kernel("6.18"))
    assert not world.names["b"].grow("4 MiB")
    assert (named(world, "a").state, named(world, "b").state) == ("Z", "Z")


HAPPENS = [
    # (event, what is said of it, what came of it)
    ('write = { who = "a", value = 300 }', "write 300 to a/oom_score_adj", "ok"),
    ('write = { who = "a", value = "x", file = "oom_adj" }', "write x to a/oom_adj", "EINVAL"),
    ('write = { who = "b", value = -1, as = "a" }', "write -1 to b/oom_score_adj, as a", "EACCES"),
    ('write = { who = "b", value = -1, as = "root" }', "write -1 to b/oom_score_adj", "ok"),
    ('read = { who = "a", file = "oom_score" }', "read a/oom_score", "125"),
    ('read = "a"', "read a/oom_score_adj", "0"),
    ('kill = { who = "a", signal = 15 }', "kill a", "ok"),
    ("kill = 1", "kill 1", "ok"),
    ('exit = { who = "a", code = 3 }', "exit of a", "ok"),
    ('exec = { who = "a", comm = "new", anon = "5 MiB" }', "exec in a", "ok"),
    ('reap = "a"', "wait for a", "ECHILD"),
    ('swap_out = { who = "a", size = "1 MiB" }', "1 MiB of a go to swap", "0 pages"),
    ("drop_caches = {}", "drop_caches 3", "ok"),
    ('releasing = "a"', "begin to release a", "EBUSY"),
    ('fork = { who = "a", comm = "child" }', "fork child by a", "4"),
    ('clone_vm = { who = "a", comm = "child" }', "clone(CLONE_VM) child by a", "4"),
    ('vfork = { who = "a", comm = "child" }', "vfork child by a", "4"),
    ('set = { who = "a", dsleep = true, oom_origin = true }', "a: dsleep = true, oom_origin = true", "ok"),
    ("sysctl = { panic_on_oom = 1 }", "sysctl panic_on_oom = 1", "ok"),
    ("sysctl = { panic_on_oom = 3 }", "sysctl panic_on_oom = 3", "EINVAL"),
    ('grow = { who = "b", size = "1 MiB" }', "b grows by 1 MiB", "ok"),
    ('grow = { who = "b", size = "90 GiB" }', "b grows by 90 GiB", "kills b (3)"),
    ('grow = { who = "b", to = "101 MiB" }', "b grows to 101 MiB", "ok"),
    ('shrink = { who = "b", to = "10 MiB" }', "b shrinks to 10 MiB", "ok"),
    ('shrink = { who = "b", size = "101 MiB" }', "b shrinks by 101 MiB", "EINVAL"),
    ('leak = { who = "b", rate = "10 MiB/s", until = "0.2 s" }', "b leaks 10 MiB/s for 0.2 s", "begins"),
    ('touch = "b"', "b touches what is swapped", "0 pages"),
    ('signal = { who = "a", send = "TERM" }', "signal 15 to a", "ok"),
    ('spawn = { comm = "c", uid = 5, anon = "1 MiB", oom_score_adj = 7, cgroup = "/x" }', "spawn c", "4"),
    ('spawn = { comm = "c", pid = 3 }', "spawn c", "EEXIST"),
    ('thread = { who = "a", comm = "worker" }', "thread of a", "4"),
    ('dsleep = { who = "a", for = "2 s" }', "a sleeps uninterruptibly for 2 s", "begins"),
    ('hold_lock = "a"', "a holds its mmap lock", "ok"),
    ('freeze = { who = "a", for = "1 ms" }', "a is frozen for 0.001 s", "begins"),
    ('move_cgroup = { who = "a", to = "/x" }', "move a to cgroup /x", "ok"),
    ('set_cgroup = { path = "/x", limit = "1 MiB" }', 'cgroup path = "/x", limit = 1048576', "ok"),
    ('set_cgroup = { path = "/", low = "1 MiB" }', 'cgroup path = "/", low = 1048576', "EINVAL"),
    ('set_pressure = { resource = "io", some = 4 }', 'pressure resource = "io", some = 4.0', "ok"),
    (
        'set_pressure = { resource = "io", some = 4, cgroup = "/y" }',
        'pressure resource = "io", some = 4.0, cgroup = "/y"',
        "ENOENT",
    ),
    ('sysrq = "f"', "SysRq-f", "kills a (2)"),
    ("oom = {}", "out of memory", "kills a (2)"),
    ('oom = "b"', "out of memory in b", "kills a (2)"),
    ('oom = { memcg = "/x", limit = "1 MiB" }', "out of memory", "finds nobody to kill"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said", "result"), HAPPENS)
def test_what_an_event_says_and_does(line, said, result):
    assert played(event(line))[1][0] == (0, said, result)


def test_every_action_has_a_test():
    assert {line.split()[0] for line, *_ in HAPPENS} == set(ACTIONS)


def test_the_dead_do_nothing():
    _, happened = played(event('kill = "a"'), event('oom = { by = "a" }'), event('reap = "a"'), event('kill = "a"'))
    assert [result for *_, result in happened] == ["ok", "it is dead", "ok", "ESRCH"]


def test_nothing_happens_after_a_panic():
    world, happened = played(
        event("sysctl = { panic_on_oom = 1 }"),
        event("oom = {}"),
        event('kill = "a"'),
        event('wait = "1 s"', 'read = "a"'),
    )
    panic = "panics: Out of memory: system-wide panic_on_oom is enabled"
    assert [result for *_, result in happened] == ["ok", panic, "the machine has halted", "0"]
    assert not named(world, "a").is_zombie


def test_who_was_made_may_be_named():
    world, happened = played(event('fork = { who = "b", comm = "c" }'), event('write = { who = "c", value = 9 }'))
    assert named(world, "c").oom_score_adj == 9
    assert happened[-1][2] == "ok"


def test_conditions_keep_a_victim_from_dying_until_they_end():
    described = scenario.loads(
        process('comm = "a"', 'anon = "1 GiB"', "dsleep = true", "holds_mmap_lock = true")
        + event('kill = "a"') + event('wait = "1 s"', 'set = { who = "a", dsleep = false }')
    )  # fmt: skip
    world = described.build()
    assert [named(world, "a").state for _ in described.play(world)] == ["D", "Z"]


def test_a_condition_that_is_off_is_none():
    assert built(process('comm = "a"', "zombie = true", "dsleep = false")).names["a"].state == "Z"


def test_a_machine_without_an_mmu_has_no_reaper():
    described = scenario.loads("[machine]\nmmu = false\n" + process('comm = "a"', "dsleep = true") + event("oom = {}"))
    world = described.build()
    list(described.play(world))
    world.run("5 s")
    assert not [line for line in world.kmsg if "oom_reaper" in line.text]


# --- what is refused -----------------------------------------------------------------

A = '[[process]]\ncomm = "a"\n'
B = '[[process]]\ncomm = "b"\n'
BAD = [
    # (text, the line, words of the message)
    (A + 'anon = "900 Mb"', 3, 'process "a": anon = "900 Mb"'),
    (A + 'anon = "900 Mb"', 3, "write a number and one of"),
    (A + 'ann = "1 MiB"', 3, 'unknown key "ann": did you mean "anon"?'),
    (A + "xyzzy = 1", 3, "choose one of name comm pid"),
    (A + "anon = -1", 3, "anon = -1"),
    (A + "anon = true", 3, "anon = true: write a size"),
    (A + "anon = nan", 3, "write a size"),
    (A + "anon = 1.5", 3, "write a size"),
    (A + f'anon = "{"9" * 5000}"', 3, "no machine has that much"),
    (A + f'anon = "{"9" * 400}.0 T"', 3, "no machine has that much"),
    (A + 'anon = "999999999 TiB"', 3, "is not a size"),
    (A + "threads = 0", 3, "threads = 0: write a whole number from 1"),
    (A + "threads = 1000000000", 3, "threads"),
    (A + "threads = 40000", 3, "raise pid_max = 32768"),
    (A + "threads = true", 3, "threads = true"),
    (A + "threads = [1]", 3, "write the total count"),
    (A + "threads = [{}]", 3, "write the total count"),
    (A + "threads = [{ com = 1 }]", 3, 'did you mean "comm"'),
    (A + "threads = [{ tid = 1 }]", 3, "1 is taken"),
    (A + "pid = 0", 3, "pid = 0"),
    (A + "pid = 4194304", 3, "from 1 to 4194303"),
    (A + "pid = 0x" + "f" * 5000, 3, "a number of 20000 bits"),
    (A + "pid = 7\n" + B + "pid = 7", 6, '7 is taken by process "a"'),
    (A + "uid = 4294967295", 3, "uid"),
    (A + "uid = 1.0", 3, "uid = 1.0"),
    (A + 'uid = "root"', 3, "write a whole number"),
    (A + "oom_score_adj = 1001", 3, "from -1000 to 1000"),
    (A + "oom_adj = 16", 3, "from -17 to 15"),
    (A + "oom_adj = 1\noom_score_adj = 1", 4, "two faces of one value"),
    (A + 'state = "Z"', 3, 'write one of "R" "S" "D" "T"'),
    (A + "dumpable = 1", 3, "write true or false"),
    (A + 'caps = "sys_resuorce"', 3, 'did you mean "sys_resource"'),
    (A + "caps = []", 3, "write"),
    (A + "caps = [1]", 3, "write"),
    (A + 'mems = "64"', 3, "names no memory nodes"),
    (A + 'mems = "1-0"', 3, "names no memory nodes"),
    (A + "mems = 0", 3, "in quotes"),
    (A + "cmdline = \"a 'b\"", 3, "close the quotes"),
    (A + "cmdline = 5", 3, "write it as in a shell"),
    (A + 'cgroup = "x"', 3, "write the path of a cgroup"),
    (A + 'name = ""', 3, "write some text"),
    ('[[process]]\ncomm = "a\\u0000b"', 2, "a NUL byte would end it"),
    ("[[process]]\nuid = 5", 1, 'process number 1: it has no name: add comm = "..."'),
    (A + 'parent = "a"', 3, "that is the process itself"),
    (A + 'parent = "b"', 3, "there is no such process"),
    (A + "parent = 77", 3, "there is no such process"),
    (A + "pid = 50\n" + B + 'parent = "50"', 6, "a pid is written without quotes, 50"),
    (A + A + B + 'parent = "a"', 7, 'parent = "a": that could be pid 2, 3'),
    (A + 'parent = "b"\n' + B + 'parent = "a"', 3, 'in a circle: process "a", process "b", process "a"'),
    (A + 'clone_vm_of = "b"\n' + B + 'vfork_of = "a"', 3, "in a circle"),
    (A + 'clone_vm_of = "b"\nparent = "b"\n' + B + 'clone_vm_of = "a"\nparent = "a"', 3, "in a circle"),
    (A + 'clone_vm_of = "init"\nvfork_of = "init"', 4, 'does not go with "clone_vm_of"'),
    (A + 'clone_vm_of = "init"\nanon = "1M"', 4, "its memory is that of the process it was cloned from"),
    (A + 'fork_of = "init"\nparent = "b"\n' + B, 4, "a copy belongs to"),
    (A + "namespace_init = true\n" + B + 'fork_of = "a"\nparent = 1', 7, "clone refuses CLONE_PARENT"),
    (A + 'vfork_of = 1\n' + B + "vfork_of = 1", 6, 'waits for process "a" already'),
    (A + "zombie = true\nthreads = 2", 4, "nothing is left of a zombie"),
    (A + "zombie = true\n" + B + 'parent = "a"', 6, "that is a zombie"),
    (A + "dead_leader = true", 3, "alone it would be a zombie"),
    (A + "threads = 1\ndead_leader = true", 4, "alone it would be a zombie"),
    (A + 'kthread = true\nanon = "1M"', 4, "a kernel thread has kthreadd for parent"),
    (A + "kthread = true\n" + B + 'parent = "a"', 6, "that is a kernel thread"),
    (A + "uses_mm_of = 1", 3, "only a kernel thread borrows"),
    (A + "kthread = true\nuses_mm_of = 2", 4, "that one has no mm"),
    (A + "pid = 1\nzombie = true", 4, "pid 1 is the first process"),
    (A + "pid = 1\nparent = 5", 4, "pid 1 is the first process"),
    ("[machine]\nkernel = 4.8", 2, "kernel = 4.8: write a version in quotes"),
    ('[machine]\nkernel = "4.6"', 2, "choose one of 4.7"),
    ('[machine]\nkernel = { base = "4.8", patches = [1] }', 2, 'on top of base = "4.7"'),
    ("[machine]\nkernel = { patches = [11] }", 2, "there is no patch 11"),
    ("[machine]\nkernel = { patches = [true] }", 2, "there is no patch True"),
    ("[machine]\nkernel = { patchs = [1] }", 2, 'did you mean "patches"'),
    ("[machine]\nram = 0", 2, "at least 1 MiB of RAM"),
    ("[machine]\nram = inf", 2, "write a size"),
    ("[machine]\nnodes = []", 2, "nodes = []: write the sizes of 1 to 64 memory nodes"),
    ('[machine]\nnodes = "4 GiB"', 2, 'memory nodes: ["4 GiB", "4 GiB"]'),
    ('[machine]\nnodes = ["4 Gb"]', 2, "write a number and one of"),
    ("[machine]\nnodes = [0, 0]", 2, "at least 1 MiB of RAM"),
    ('[machine]\nnodes = ["1 GiB"]\nram = "1 GiB"', 3, "the RAM is the sum of its nodes: leave ram out"),
    ('[machine]\nnodes = ["1 GiB"]\n' + A + 'mems = "0-1"', 5, "the nodes of [machine] are 0: choose among them"),
    (A + '[[event]]\noom = { nodes = "1-0" }', 4, "names no memory nodes"),
    ("[machine]\npid_max = 300", 2, "from 301"),
    ("[machine]\nrom = 1", 2, 'did you mean "ram"'),
    ("[[machine]]\nram = 1", 1, "write it once, as [machine]"),
    ("[process]\npid = 5", 1, "write [[process]]"),
    ("process = [1]", 1, "write [[process]]"),
    (A + '[[cgroup]]\nlimit = "1 MiB"', 3, "cgroup 1: write the path of one below the root"),
    (A + '[[cgroup]]\npath = "/"', 4, "cgroup 1: write the path of one below the root"),
    (A + '[[cgroup]]\npath = "/a"\n[[cgroup]]\npath = "/a"', 6, "cgroup 2: /a is there above: write it once"),
    (A + '[[cgroup]]\npath = "/a"\nlimt = 1', 5, 'cgroup 1: unknown key "limt": did you mean "limit"?'),
    ("[[proces]]\npid = 5", 1, 'unknown key "proces": did you mean "process"?'),
    ('comm = "a"', 1, "it belongs below [[process]]"),
    (A + '[[event]]\nkil = "a"', 4, 'event 1: unknown key "kil": did you mean "kill"?'),
    (A + '[[event]]\nkill = "b"', 4, 'event 1: kill: who = "b": there is no such process'),
    (A + '[[event]]\nkill = "A"\n' + '[[process]]\ncomm = "Ab"', 4, 'did you mean "Ab"?'),
    (A + "[[event]]\nkill = true", 4, "kill = true: who = true: name another process"),
    (A + A + '[[event]]\nkill = "a"', 6, "that could be pid 2, 3: write the pid"),
    (A + "[[event]]\n", 3, "event 1: nothing happens: write one of at wait every times write"),
    (A + '[[event]]\nkill = "a"\nexit = "a"', 5, "one event, one action"),
    (A + '[[event]]\nat = "2 s"\nwait = "1 s"', 5, "write one of them"),
    (A + '[[event]]\nat = "2 s"\n[[event]]\nat = "1 s"', 6, "event 2: at: this is before the event above it"),
    (A + "[[event]]\nat = 2", 4, 'at = 2: write a time in quotes, such as "1.5 s"'),
    *(
        (f'{A}[[{table}]]\n{key} = {value}', 4, "is not a time from 0 to 366 d")
        for table, key, value in [
            ("event", "at", '"99999999999h"'),
            ("event", "wait", '"99999999999h"'),
            ("event", "every", '"367 d"'),
            ("event", "dsleep", '{ who = "a", for = "99999999999h" }'),
            ("event", "grow", '{ who = "a", size = "1 MiB", over = "99999999999h" }'),
            ("event", "leak", '{ who = "a", rate = "1 MiB/s", until = "99999999999h" }'),
            ("expect", "at", '"99999999999h"'),
            ("process", "on_sigterm", '{ after = "99999999999h" }'),
        ]
    ),
    ('[machine]\nram = "4 KiB"', 2, "a machine has at least 1 MiB of RAM"),
    ('[machine]\nram = "100 MiB"\n' + A + 'anon = "8 GiB"', 5, "8 GiB do not fit into the RAM of 100 MiB"),
    ('[machine]\nram = "100 MiB"\n' + A + 'anon = "80 MiB"\nfile = "90 MiB"', 6, "170 MiB do not fit"),
    (A + 'anon = "9 GiB"', 3, "9 GiB do not fit into the RAM of 8 GiB"),
    (A + 'swap = "1 MiB"', 3, "does not fit into the swap that the machine does not have"),
    ('[machine]\nswap = "1 MiB"\n' + A + 'swap = "2 MiB"', 5, "does not fit into the swap of 1 MiB"),
    (A + '[[event]]\nat = "300 d"\n[[event]]\nwait = "300 d"', 6, "more than a year after the start"),
    (A + '[[event]]\nevery = "300 d"\ntimes = 3', 5, "more than a year after the start"),
    (A + '[[event]]\nat = "2 days"', 4, "write a number and one of ns us ms s min h d"),
    (A + '[[event]]\nwrite = { who = "a" }', 4, "it lacks value = ...: its keys are who file value as"),
    (A + '[[event]]\nwrite = { who = "a", value = 1, fiel = "oom_adj" }', 4, 'did you mean "file"?'),
    (A + '[[event]]\nwrite = { who = "a", value = 1, file = "comm" }', 4, 'write one of "oom_score_adj" "oom_adj"'),
    (A + '[[event]]\nwrite = { who = "a", value = 1, as = "rot" }', 4, 'did you mean "root"?'),
    (A + '[[event]]\nset = { who = "a", dsleep = 1 }', 4, "write true or false"),
    (A + '[[event]]\nsysrq = "b"', 4, 'write one of "f"'),
    (A + '[[event]]\noom = { by = "b" }', 4, "there is no such process"),
    (A + '[[event]]\nspawn = { uid = 5 }', 4, "it lacks comm"),
    (A + "[event]\nat = 1", 3, "write [[event]]"),
    (A + "kthread = true\ndsleep = true", 4, "a kernel thread is no victim"),
    (A + "zombie = true\ndsleep = true", 4, "nothing is left of a zombie"),
    ("[machine]\nmmu = 0", 2, "write true or false"),
    (A + '[[event]]\ngrow = "a"', 4, "write either size = ... or to = ...: its keys are who size to over"),
    (A + '[[event]]\ngrow = { who = "a", size = 1, to = 2 }', 4, "write either size = ... or to = ..."),
    (A + '[[event]]\nleak = { who = "a", rate = "5 MiB" }', 4, "write a size, / and a unit of time"),
    (A + '[[event]]\nleak = { who = "a", rate = 5 }', 4, 'write a rate in quotes, such as "50 MiB/s"'),
    (A + '[[event]]\nat = "2 s"\nleak = { who = "a", rate = "5 MiB/s", until = "1 s" }', 5, "before it begins"),
    (A + '[[event]]\nevery = "1 s"\nkill = "a"', 4, "every and times go together: add times = ..."),
    (A + '[[event]]\ntimes = 5\nkill = "a"', 4, "every and times go together: add every = ..."),
    (A + '[[event]]\ntimes = 0\nevery = "1 s"\nkill = "a"', 4, "write a whole number from 1 to 1000000"),
    (A + 2 * '[[event]]\ntimes = 900000\nevery = "1 s"\nread = "a"\n', 8, "more than 1,000,000 events"),
    (A + '[[event]]\nset_pressure = { resource = "memory", some = nan }', 4, "write a percentage"),
    (A + '[[event]]\nset_pressure = { resource = "disk", some = 5 }', 4, 'write one of "io" "memory" "cpu"'),
    (A + '[[event]]\nsignal = { who = "a", send = "NIX" }', 4, "write a signal by its name"),
    (A + '[[event]]\nspawn = { comm = "c", parent = "b" }', 4, 'parent = "b": there is no such process'),
    (A + "[[expect]]\nkilled = []", 4, 'expect 1: killed = []: name a process, as in ["browser"]'),
    (A + "[[expect]]\n", 3, "expect 1: nothing is expected: write one of killed not_killed order"),
    (A + '[[expect]]\nkilld = ["a"]', 4, 'did you mean "killed"?'),
    (A + '[[expect]]\nkilled = ["A"]', 4, 'killed: "A": there is no such process'),
    (A + '[[expect]]\nalive = ["a"]\nby = "kernel"', 5, "by: this goes with killed not_killed order: leave it out"),
    (A + '[[expect]]\nkilled = ["a"]\nby = "fate"', 5, 'write one of "kernel" "signal"'),
    (A + "[[expect]]\nlog = '('", 4, "this is no regular expression"),
    (A + '[[expect]]\nvalue = { of = "a", file = "comm" }', 4, 'write { of = "browser"'),
    (A + '[[expect]]\nvalue = { of = "x", file = "comm", is = 1 }', 4, 'value: "x": there is no such process'),
    (A + '[[expect]]\nvalue = { file = "../etc/passwd", is = 1 }', 4, "write the name of a file"),
    (A + '[[expect]]\nmeminfo = { MemFree = ">= much" }', 4, "is not understood"),
    (A + '[[expect]]\nstuck = "no"', 4, "write true or false"),
    ('a = "', 1, "this is not TOML"),
    ("\n\n[machine]\nram = = 1\n", 4, "this is not TOML"),
    (A + "pid = 1\npid = 1", 4, "this is not TOML"),
    ("a = " + "[" * 100000, 0, "nested too deeply"),
    ("a = " + "9" * 5000, 0, "a number is too long"),
    ('# [[process]]\n"""x""" = 1', 2, "this is not TOML"),
    ('[[process]]\ncomm = """\n[[process]]\nann = 1\n"""\nann = 1', 6, 'unknown key "ann"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), BAD)
def test_a_bad_file_is_refused_with_file_line_and_way_out(text, line, words):
    with pytest.raises(ScenarioError) as refused:
        scenario.loads(text, "leak.toml")
    message = str(refused.value)
    assert message.startswith(f"leak.toml:{line}: " if line else "leak.toml: ")
    assert words in message
    assert "\n" not in message
    assert len(message) < 800


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "a directory"),
        (lambda path: os.mkfifo(path), "no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
        (lambda path: path.write_bytes(b'[machine]\nram = "\xff"\n'), ":2: not UTF-8"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), (64 << 20) + 1), "larger than 64 MiB"),
    ],
)
def test_what_is_no_scenario_file_is_refused(tmp_path, prepare, words):
    path = tmp_path / "leak.toml"
    prepare(path)
    with pytest.raises(ScenarioError, match=words):
        scenario.load(path)


def test_a_path_that_no_file_can_have_is_refused():
    with pytest.raises(ScenarioError, match="cannot be read"):
        scenario.load("a\0b")


# --- lines ---------------------------------------------------------------------------

LINES = """# [[process]]
[machine]   # "an open quote in a comment
"ram" = "8 GiB"
'swap' = 0

[[process]]
comm = '''
[[process]]
uid = 5
'''
caps = [ # [[process]]
  "kill",  # ]
  "chown",
]
uid = 7
cmdline = \"\"\"a \\"\"\" b\"\"\"\"\"
gid.x = 1

[[ process ]]
threads = [ { comm = "]" }, { comm = "#" } ]
name = "x" # uid = 1
[process.extra]
uid = 3
[[process]]
uid = 8
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("machine",), 2),
        (("machine", "ram"), 3),
        (("machine", "swap"), 4),
        (("machine", "pid_max"), 2),
        (("process", 0), 6),
        (("process", 0, "comm"), 7),
        (("process", 0, "caps"), 11),
        (("process", 0, "uid"), 15),
        (("process", 0, "cmdline"), 16),
        (("process", 0, "gid"), 17),
        (("process", 0, "gid", "x"), 17),
        (("process", 1), 19),
        (("process", 1, "name"), 21),
        (("process", 1, "uid"), 19),
        (("process", 1, "extra", "uid"), 23),
        (("process", 2, "uid"), 25),
        (("nothing",), None),
    ],
)
def test_the_line_of_a_key(path, line):
    assert tomllib.loads(LINES)
    assert find_line(LINES, path) == line


def test_every_key_of_the_default_scenario_is_found_in_its_line():
    text = (resources.files("fakeproc.scenario") / "default.toml").read_text()
    tables = tomllib.loads(text)["process"]
    paths = [("process", index, key) for index, table in enumerate(tables) for key in table]
    found = [find_line(text, path) for path in paths]
    assert [text.splitlines()[line - 1].split()[0] for line in found] == [path[2] for path in paths]
    assert found == sorted(found)


# --- anything at all -----------------------------------------------------------------


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_scenario_or_refused(text):
    build_or_refuse(text)


values = st.one_of(
    st.integers(-2, 40).map(str),
    st.sampled_from(
        ["true", "false", '"a"', '"b"', "1", "2", '"900 MiB"', '"all"', '"R"', "[1]", "nan", "{}", "[]", '"0-1"']
    ),
)
lines = st.tuples(st.sampled_from([*keys.PROCESS_KEYS, "anno"]), values).map(lambda pair: f"{pair[0]} = {pair[1]}")
tables = st.lists(lines, max_size=5, unique_by=lambda line: line.split()[0]).map("\n".join)


@given(st.lists(st.tuples(st.sampled_from("abc"), tables), max_size=6))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_processes_are_a_machine_or_refused(processes):
    build_or_refuse(
        "\n".join(f'[[process]]\nname = "{name}"\n{rest.replace("name =", "comm =")}' for name, rest in processes)
    )


relations = st.sampled_from(["parent", "clone_vm_of", "vfork_of", "fork_of", "uses_mm_of"])


@given(
    st.lists(
        st.tuples(
            relations,
            st.integers(0, 9),
            st.sampled_from(
                [
                    "",
                    "kthread = true",
                    "zombie = true",
                    "threads = 3\ndead_leader = true",
                    "namespace_init = true",
                    "uid = 5",
                ]
            ),
        ),
        max_size=9,
    )
)
@settings(max_examples=500, deadline=None)
def test_any_topology_that_is_taken_can_be_built(processes):
    text = "".join(
        process(f'comm = "p{i}"', f'{relation} = "p{other}"' if other < 9 else "", more)
        for i, (relation, other, more) in enumerate(processes)
    )
    build_or_refuse(text)


def build_or_refuse(text: str) -> None:
    """Nothing but a ScenarioError, and that only while loading."""
    described = None
    with contextlib.suppress(ScenarioError):
        described = scenario.loads(text, "any.toml")
    if described:
        assert len(described.build().processes) == len(described.processes)


# --- sysctls ------------------------------------------------------------------------


def test_a_machine_may_have_sysctls_of_its_own() -> None:
    world = built("[machine]\nsysctl = { panic_on_oom = 1, swappiness = 10 }\n")
    assert world.read("/sys/vm/panic_on_oom") == b"1\n"
    assert world.read("/sys/vm/swappiness") == b"10\n"


@pytest.mark.parametrize(
    ("sysctl", "says"),
    [
        ("1", "sysctl = 1: write the settings of /proc/sys/vm in braces"),
        ("{ swapiness = 1 }", 'unknown key "swapiness": did you mean "swappiness"?'),
        ("{ panic_on_oom = true }", "write a whole number"),
    ],
)
def test_a_sysctl_that_is_none_is_refused(sysctl: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(says)):
        scenario.loads(f"[machine]\nsysctl = {sysctl}\n")


def test_a_value_that_its_kernel_refuses_is_named() -> None:
    described = scenario.loads("[machine]\nsysctl = { swappiness = 150 }\n")
    described.build(kernel("6.18"))
    with pytest.raises(ScenarioError, match=r"swappiness = 150: kernel 4\.7 refuses it"):
        described.build(kernel("4.7"))
