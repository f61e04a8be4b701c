"""Saved worlds: a copy goes on as the world would have; what is damaged, another's or invented is refused."""

import json
import os
import random
import re
import stat
import struct
import subprocess
from pathlib import Path

import pytest
from doors import outcome
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from fakeproc import World, rules, scenario, state
from fakeproc._native import ffi, lib
from fakeproc.errors import StateError
from fakeproc.spent import SPENT
from fakeproc.world import CLONE_NEWPID, CLONE_PARENT, CLONE_VFORK, CLONE_VM, THREAD_FLAGS, Caller

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
KERNELS = ["4.7", "4.8", "4.9", "5.4", "6.18"]
CLONES = [0, CLONE_VM, CLONE_VM | CLONE_VFORK, CLONE_VFORK, CLONE_VM | CLONE_PARENT, CLONE_NEWPID, THREAD_FLAGS]
SECOND = 10**9


def core_of(world):
    return state.unwrap(world.save())[1]


def core_length(world):
    return len(core_of(world))


def load_core(core):
    """The world of these bytes of the core, with a head that suits them."""
    return World.load(state.wrap(b'{"names": {}, "on_sigterm": {}}', core))


# --- everything that can be seen of a world ------------------------------------------------------


def attributes(world, path):
    return [(name, world.getxattr(path, name)) for name in world.listxattr(path)]


def files_of(world, path):
    """Every name below, with what stat(2) and reading tell."""
    names = outcome(lambda: world.listdir(path))
    if isinstance(names, str):  # the net of a zombie cannot be listed
        yield path, names
        return
    for name in names:
        below = f"{path.rstrip('/')}/{name}"
        status = world.stat(below)
        facts = (status.ino, status.mode, status.nlink, status.uid, status.gid, status.time, status.size)
        if stat.S_ISDIR(status.mode):
            yield below, facts, outcome(lambda place=below: attributes(world, place))
            yield from files_of(world, below)
        elif stat.S_ISLNK(status.mode):
            yield below, facts, outcome(lambda link=below: world.readlink(link))
        else:
            yield below, facts, outcome(lambda file=below: world.read(file))


def facts_of(world):
    """What the core tells besides: the log, deaths, each task, what comes next."""
    yield world.now, world.next_event, world.last_pid, world.task_count, world.log_end, world.death_end
    yield world.panic, str(world.kernel), world.outcome, world.spent, world.own_pages, world.usage()
    yield [task.pid for task in world.waiting], [task.pid for task in world.processes]
    yield from world.kmsg
    yield from world.deaths_since(0)
    for task in world.tasks:
        info = ffi.new("struct task_info *", task.info[0])
        info.mm = bool(info.mm)  # an address of this world
        yield task.pid, bytes(ffi.buffer(info)), task.spent, task.process_spent, task.children_spent
        yield [other.pid for other in task.children], task.badness


def differences(one, other):
    pairs = [*zip(facts_of(one), facts_of(other), strict=True)]
    for place in ("/", "/.fakeproc/cgroup"):  # which is not listed
        pairs += zip(files_of(one, place), files_of(other, place), strict=True)
    return [pair for pair in pairs if pair[0] != pair[1]]


def is_whole(world):
    return lib.world_candidates_agree(world._w) and lib.world_charges_agree(world._w)


# --- every member is saved, or left out on purpose -----------------------------------------------


def layout():
    return state._bytes_of(lib.state_layout).decode()


def rows_by_struct():
    """Members that the tables name, by struct."""
    found, members = {}, set()
    for line in layout().splitlines():
        if line.startswith("struct "):
            members = found.setdefault(line.removeprefix("struct "), set())
        elif ": " in line:
            members.update(line.partition(":")[0].split())
    return found


def members_by_struct(debug):
    """Members of each struct, from what readelf tells of an object file with debug information."""
    found, depth, members, is_member = {}, 0, None, False
    for line in debug.splitlines():
        if match := re.match(r" *<([0-9a-f]+)><[0-9a-f]+>: Abbrev Number: \d+ \((DW_TAG_\w+)\)", line):
            level, tag = int(match[1], 16), match[2]
            is_member = tag == "DW_TAG_member" and members is not None and level == depth + 1
            if level <= depth or members is None:
                members, depth, is_member = ([] if tag == "DW_TAG_structure_type" else None), level, False
        elif members is not None and (match := re.search(r"DW_AT_name +:.*?(\w+)\s*$", line)):
            if is_member:
                members.append(match[1])
            elif not members:
                found[match[1]] = members
    return found


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    target = tmp_path_factory.mktemp("debug") / "rows.o"
    source = NATIVE / "state" / "rows.c"
    subprocess.run(["gcc", "-g", "-std=gnu11", f"-I{NATIVE}", "-c", str(source), "-o", str(target)], check=True)
    told = subprocess.run(["readelf", "--debug-dump=info", str(target)], check=True, capture_output=True, text=True)
    return members_by_struct(told.stdout)


def test_every_member_of_every_struct_that_is_saved_has_a_row(members):
    rows = rows_by_struct()
    assert {"world", "task", "signal", "mm", "cgroup", "cred", "extra", "psi", "sysctl"} <= rows.keys()
    assert {name: set(members[name]) - rows[name] for name in rows if set(members[name]) - rows[name]} == {}


# --- a world with something of everything --------------------------------------------------------


WRITTEN = {"cpu.weight": 7, "cgroup.max.depth": 5, "cgroup.pressure": 0}
WRITTEN |= {"notify_on_release": 1, "cgroup.clone_children": 1, "memory.oom_control": 1}


def with_a_past(world):
    """What was there is gone, but for the counters: peaks, events, what was spent, forks that were refused."""
    for path in ("/box/few", "/box/full"):
        world.make_cgroup(path)
    visitor = world.spawn("visitor", anon="30 MiB")
    visitor.move_to("/box")
    visitor.spend(utime=9 * SECOND)
    visitor.swap_out("20 MiB")
    visitor.move_to("/")
    outcome(lambda: world.cgroup("/box/few").write("pids.max", 1))
    few = world.spawn("few")
    few.move_to("/box/few")
    for _ in range(3):
        outcome(few.fork)
    world.limit_cgroup("/box/full", "5 MiB")
    full = world.spawn("full")
    full.move_to("/box/full")
    full.grow("9 MiB")
    outcome(lambda: world.cgroup("/box/full").write("memory.failcnt", 0))
    world.mkdir(world.cgroup("/box").path_to("theirs"), as_=Caller(uid=0, gid=7))


def in_groups(world):
    """Limits, owners, attributes, pressure; a cgroup that was removed with somebody dead in it."""
    for path in ("/box", "/box/inner", "/idle", "/gone", "/gone/deep"):
        world.make_cgroup(path)
    box = world.cgroup("/box").path_to()
    world.chmod(box, 0o700)
    world.chown(box, 1000, 1000)
    world.setxattr(box, "trusted.note", b"\0kept\xff")
    world.setxattr(box, "trusted.empty", b"")
    world.limit_cgroup("/box/inner", "40 MiB")
    limits = ffi.new("struct cgroup_limits *", [256, 512, 150000, 160000, 10000, 12000, 170000])
    lib.world_cgroup_set_limits(world._w, b"/box", limits)
    for name, value in WRITTEN.items():
        outcome(lambda file=name, text=value: world.cgroup("/box").write(file, text))
    world.chmod(world.cgroup("/box").path_to("cgroup.procs"), 0o640)
    world.set_oom_group("/box")
    with_a_past(world)
    for name, path in (("boxed", "/box/inner"), ("left", "/gone/deep"), ("cold", "/idle")):
        world.spawn(name, anon="9 MiB", file="3 MiB").move_to(path)
    world.processes[-2].exit(3)
    for path in ("/gone/deep", "/gone"):
        lib.world_cgroup_remove(world._w, path.encode())
    lib.world_cgroup_freeze(world._w, b"/idle", 1)
    world.set_pressure("memory", 12.5, 3, cgroup="/box")


def with_relatives(world):
    """Threads, a vfork, sharers, namespaces, kernel threads with borrowed memory, the dead."""
    browser = world.spawn("browser", anon="200 MiB", shmem="5 MiB", swap="2 MiB", uid=1000)
    browser.set_memory_kept(anon_locked=5, shmem_shared=6)
    browser.swap_out("3 MiB")
    browser.shrink("1 MiB")
    browser.set_cmdline(["browser", "--x"])
    browser.set_environ(["A=1", "B="])
    browser.set_exe("/opt/browser")
    browser.set_cwd("/home")
    browser.set_open_files(40)
    browser.thread("worker").set_cpu(200, 100)
    lib.task_set_mems(world._w, browser.threads[1].pid, 5)
    gone = browser.thread("gone")
    gone.spend(stime=7 * SECOND)
    gone.exit_thread()
    child = browser.fork("child")
    child.spend(utime=SECOND, nvcsw=5)
    child.exit()
    child.reap()
    browser.clone_vm("helper").oom_score_adj = 300
    browser.vfork("vforked")
    world.kthread("kthreadd")
    world.kthread("vhost").use_mm(browser)
    inner = world.init.clone(CLONE_NEWPID)
    inner.fork("below").fork("deeper").exit(1)
    inner.set_subreaper()
    orphan = world.spawn("orphan")
    orphan.set_bounding(0xFFFF)
    orphan.set_keepcaps()
    orphan.setresgid(8, 9, 10)
    orphan.setresuid(5, 6, 7)
    orphan.set_caps(1 << 23, 1 << 23 | 1 << 21, 1 << 5)
    world.spawn("elsewhere").unshare_user()
    for task in (orphan, browser, browser.threads[1]):
        task.spend(**{name: 1000 + 7 * i for i, name in enumerate(SPENT)})
    orphan.exit(2)
    world.names = {"the browser": browser, "nobody": orphan}


def in_trouble(world):
    """Victims that do not die yet, waits, and a reaper that tries again."""
    holder = world.spawn("holder", anon="300 MiB")
    holder.oom_score_adj = 1000
    holder.thread("locker").set_flag(lib.TASK_HOLDS_MMAP_LOCK)
    for task in holder.threads:
        task.set_flag(lib.TASK_DSLEEP)
    world.sysrq_f()
    waiter = world.spawn("waiter")
    waiter.wait_for_lock(holder)
    world.spawn("hungry").wait_for_memory()
    world.run("150 ms")
    for resource in ("io", "memory", "cpu"):
        outcome(lambda name=resource: world.read(f"/pressure/{name}"))  # the averages are made up for now


def of_the_machine(world):
    world.set_machine(cpus=3, hostname="box")
    outcome(lambda: world.drop_caches(5))
    world.set_nodes("256 MiB", "768 MiB")
    world.set_own_pages(
        cache="50 MiB", dirty="5 MiB", buffers="2 MiB", slab_reclaimable="10 MiB", slab_unreclaimable="1 MiB"
    )
    for name, _ in ffi.typeof("struct sysctl").fields:
        for value in (5000, 70, 2, 1) if name != "panic_on_oom" else ():
            outcome(lambda name=name, value=value: world.set_sysctl(**{name: value}))
    world.set_boot_time(10**18)
    world.set_pressure("io", 40, 10)
    world.stall("cpu", "20 ms")
    world.run("7 s")
    slow = world.spawn("slow", anon="8 MiB")
    slow.swap_out("8 MiB")
    slow.touch()
    world.read("/kmsg")
    world.read("/sys/kernel/random/uuid")


def rich(kernel="6.18"):
    world = World(kernel, ram="1 GiB", swap="256 MiB")
    world.run("1 s")
    for step in (with_relatives, in_groups, of_the_machine, in_trouble):
        step(world)
    return world


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_copy_is_what_the_world_is(kernel):
    world = rich(kernel)
    copy = World.load(world.save())
    assert differences(world, copy) == []
    assert is_whole(copy)
    assert copy.save() == world.save()


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_copy_goes_on_as_the_world_does(kernel):
    world = rich(kernel)
    copy = world.branch()
    for time in ("50 ms", "2 s", "1 min"):
        world.run(time)
        copy.run(time)
        assert differences(world, copy) == []


def test_worlds_of_the_same_history_are_the_same_bytes():
    assert rich().save() == rich().save()


def test_a_copy_goes_its_own_way():
    world = rich()
    before = world.save()
    copy = world.branch()
    copy.names["the browser"].kill()
    copy.run("1 min")
    assert world.save() == before
    assert world.names["the browser"].exists
    assert not copy.names["the browser"].exists or copy.names["the browser"].is_zombie


def test_a_copy_outlives_its_world():
    world = rich()
    copy = world.branch()
    seen = world.read("/meminfo")
    del world
    assert copy.read("/meminfo") == seen


def test_what_processes_do_with_a_sigterm_comes_along():
    world = World.from_scenario("daemon-deaf")
    assert world.branch().on_sigterm == world.on_sigterm != {}


def test_names_and_kernel_come_along():
    world = World(rules.kernel("4.7", "1,4"))
    world.names["one"] = world.spawn("one")
    copy = world.branch()
    assert copy.kernel == world.kernel
    assert copy.names["one"].comm == "one"
    assert copy.names["one"].world is copy


def test_a_world_goes_through_a_file(tmp_path):
    world, path = rich(), tmp_path / "saved"
    assert world.save(path) == path.read_bytes()
    assert World.load(path).save() == World.load(str(path)).save() == world.save()
    assert os.listdir(tmp_path) == ["saved"]


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path):
    with pytest.raises(FileNotFoundError):
        World().save(tmp_path / "nowhere" / "saved")
    with pytest.raises(FileNotFoundError):
        World.load(tmp_path / "nothing")
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        World().save(tmp_path / "taken")
    assert os.listdir(tmp_path) == ["taken"]


def test_the_log_and_the_dead_are_kept_as_far_as_the_world_keeps_them():
    world = World()
    for _ in range(9000):
        world.sysrq(" ")
    copy = world.branch()
    assert copy.kmsg == world.kmsg
    world.sysrq(" ")
    copy.sysrq(" ")
    assert copy.kmsg == world.kmsg


def test_a_line_of_proc_kmsg_that_was_half_read_is_half_read_in_the_copy():
    world = rich()
    with world.open("/kmsg") as file:
        file.read(9)
    copy = world.branch()
    assert copy.read("/kmsg") == world.read("/kmsg")


def test_a_halted_machine_is_halted_in_the_copy():
    world = World("4.8")
    world.set_sysctl(panic_on_oom=1)
    before = world.branch()
    assert before.oom().outcome == world.oom().outcome
    copy = world.branch()
    assert copy.panic == world.panic
    assert outcome(copy.init.fork) == "EHOSTDOWN"


# --- two lives of one world ----------------------------------------------------------------------

GROUPS = ["/", "/g", "/g/h", "/other"]
SETTABLE = ["DSLEEP", "HOLDS_MMAP_LOCK", "COREDUMPING", "EXIT_WAITS", "OOM_ORIGIN", "FROZEN", "EXITING", "MEMDIE"]
SETTABLE += ["KILLED", "AWAITS_REAPER", "GROUP_EXIT", "NOT_REAPABLE", "OOM_REAPED"]
LIVES = {
    "exec": lambda task: task.exec(),
    "exit": lambda task: task.exit(),
    "exit_thread": lambda task: task.exit_thread(1),
    "kill": lambda task: task.kill(),
    "stop": lambda task: task.kill(19),
    "reap": lambda task: task.reap(),
    "unuse_mm": lambda task: task.unuse_mm(),
    "touch": lambda task: task.touch(),
    "wait": lambda task: task.wait_for_memory(),
    "subreap": lambda task: task.set_subreaper(),
    "unshare": lambda task: task.unshare_user(),
    "setuid": lambda task: task.setuid(1000),
    "keepcaps": lambda task: task.set_keepcaps(),
    "name": lambda task: (task.set_cmdline(["a", "b"]), task.set_exe("/x"), task.set_cwd("/y"), task.set_open_files(9)),
    "spend": lambda task: task.spend(utime=SECOND, min_flt=3, write_bytes=4096),
    "run": lambda task: task.set_cpu(300, 50),
    "oom": lambda task: task.world.oom(task),
    "vfork": lambda task: task.set_vfork_done(True),
}
SIZED = ["grow", "shrink", "swap_out"]
THINGS = {
    "sysrq": lambda world: world.sysrq_f(),
    "kthread": lambda world: world.kthread("worker").pid,
    "settle": lambda world: world.settle("10 s"),
    "pressure": lambda world: world.set_pressure("memory", 33, 5),
    "no pressure": lambda world: world.set_pressure("memory", 0),
    "stall": lambda world: world.stall("io", "700 ms", cgroup="/g"),
    "sysctls": lambda world: world.set_sysctl(oom_kill_allocating_task=1, swappiness=90),
    "drop": lambda world: world.drop_caches(),
    "cache": lambda world: world.set_own_pages(cache="90 MiB", dirty="8 MiB", slab_reclaimable="9 MiB"),
    "nodes": lambda world: world.set_nodes("300 MiB", "200 MiB"),
    "back": lambda world: setattr(world, "now", world.now // 2),
    "no reaper": lambda world: world.set_mmu(False),
    "suspend": lambda world: lib.world_oom_disable(world._w),
    "uuid": lambda world: world.read("/sys/kernel/random/uuid"),
    "pid": lambda world: setattr(world, "last_pid", 5000),
}
GROUP_THINGS = {
    "make": lambda world, path: world.make_cgroup(path, parents=True) and None,
    "remove": lambda world, path: world.cgroup(path).remove(),
    "freeze": lambda world, path: lib.world_cgroup_freeze(world._w, path.encode(), 1),
    "thaw": lambda world, path: lib.world_cgroup_freeze(world._w, path.encode(), 0),
    "oom": lambda world, path: world.oom(memcg=path),
    "limit": lambda world, path: world.limit_cgroup(path, "60 MiB"),
    "all of it": lambda world, path: world.set_oom_group(path),
    "note": lambda world, path: world.setxattr(world.cgroup(path).path_to(), "trusted.note", b"x" * 9),
    "mode": lambda world, path: world.chmod(world.cgroup(path).path_to("cgroup.procs"), 0o600),
    "kill": lambda world, path: world.cgroup(path).write("cgroup.kill", 1),
    "peak": lambda world, path: world.cgroup(path).write("memory.peak", 1),
}


class Branching(RuleBasedStateMachine):
    """Whatever happens to a world happens to its copy, too: they stay the same, in everything that can be seen."""

    @initialize(version=st.sampled_from(KERNELS))
    def begin(self, version):
        self.worlds = [World(version, ram="500 MiB", swap="100 MiB")]
        for name in ("a", "b", "c"):
            self.worlds[0].spawn(name, anon="50 MiB", file="9 MiB")

    def both(self, step):
        """The same happens to each, and comes out the same."""
        results = [repr(outcome(lambda world=world: step(world))) for world in self.worlds]
        assert results == [results[0]] * len(results)

    def task(self, world, index):
        tasks = list(world.tasks)
        return tasks[index % len(tasks)]

    def to_task(self, index, step):
        self.both(lambda world: step(self.task(world, index)))

    indices = st.integers(0, 40)

    @rule(index=indices, flags=st.sampled_from(CLONES))
    def clone(self, index, flags):
        if self.worlds[0].task_count < 24:
            self.to_task(index, lambda task: task.clone(flags).pid)

    @rule(index=indices, life=st.sampled_from(sorted(LIVES)))
    def live(self, index, life):
        self.to_task(index, lambda task: LIVES[life](task) and None)

    @rule(index=indices, call=st.sampled_from(SIZED), size=st.sampled_from(["3 MiB", "70 MiB", "200 MiB"]))
    def resize(self, index, call, size):
        self.to_task(index, lambda task: getattr(task, call)(size))

    @rule(index=indices, flag=st.sampled_from(SETTABLE), is_set=st.booleans())
    def mark(self, index, flag, is_set):
        self.to_task(index, lambda task: task.is_zombie or task.set_flag(getattr(lib, f"TASK_{flag}"), is_set))

    @rule(index=indices, value=st.sampled_from(["-1000", "-1", "0", "500", "1000"]))
    def adjust(self, index, value):
        self.to_task(index, lambda task: task.write("oom_score_adj", value))

    @rule(index=indices, group=st.sampled_from(GROUPS))
    def move(self, index, group):
        self.to_task(index, lambda task: task.set_cgroup(group))

    @rule(index=indices, other=indices, call=st.sampled_from(["use_mm", "set_mm_of", "set_parent", "wait_for_lock"]))
    def relate(self, index, other, call):
        do = getattr(lib, f"task_{call}")
        self.both(lambda world: do(world._w, self.task(world, index).pid, self.task(world, other).pid))

    @rule(thing=st.sampled_from(sorted(THINGS)))
    def happen(self, thing):
        self.both(lambda world: THINGS[thing](world))

    @rule(thing=st.sampled_from(sorted(GROUP_THINGS)), group=st.sampled_from(GROUPS))
    def happen_to_group(self, thing, group):
        self.both(lambda world: GROUP_THINGS[thing](world, group))

    @rule(time=st.sampled_from(["1 ms", "100 ms", "3 s", "30 s"]))
    def pass_time(self, time):
        self.both(lambda world: world.run(time))

    @precondition(lambda self: len(self.worlds) == 1)
    @rule()
    def branch(self):
        self.worlds.append(self.worlds[0].branch())
        self.check()

    @precondition(lambda self: len(self.worlds) == 2)
    @rule()
    def check(self):
        world, copy = self.worlds
        assert copy.save() == world.save()
        assert is_whole(copy)
        assert differences(world, copy) == []

    def teardown(self):
        if len(self.worlds) == 2:
            self.check()


TestBranching = Branching.TestCase
TestBranching.settings = settings(max_examples=8, stateful_step_count=40, deadline=None)


# --- what is still to come of its scenario -------------------------------------------------------

UNDER_WAY = """
[[process]]
comm = "hog"
anon = "100 MiB"

[[process]]
comm = "late"
on_sigterm = { after = "3 s" }

[[event]]
at = "1 s"
grow = { who = "hog", to = "1 GiB", over = "4 s" }
[[event]]
at = "1 s"
leak = { who = "late", rate = "10 MiB/s", until = "6 s" }
[[event]]
at = "1 s"
signal = { who = "late", send = "TERM" }
[[event]]
at = "2 s"
dsleep = { who = "hog", for = "1500 ms" }
[[event]]
at = "3 s"
spawn = { comm = "child", name = "new", anon = "5 MiB" }
[[event]]
wait = "1 s"
shrink = { who = "new", size = "4 MiB", over = "2 s" }
[[event]]
every = "700 ms"
times = 5
read = { who = "hog", file = "oom_score" }

[[expect]]
alive = ["late"]
at = "2 s"
[[expect]]
alive = ["new"]
at = "3500 ms"
[[expect]]
killed = ["late"]
[[expect]]
alive = ["hog"]
"""


def told_to_the_end(world):
    """All that happens in a minute, and the verdicts."""
    entries = [str(entry) for entry in world.step("1 min")]
    world._run.conclude()
    return entries, [str(verdict) for verdict in world._run.verdicts]


@pytest.mark.parametrize("copied", [World.branch, lambda world: World.load(world.save())], ids=["branch", "load"])
@pytest.mark.parametrize("time", ["0 s", "1 s", "1250 ms", "2 s", "3 s", "4 s", "4500 ms", "7 s", "20 s"])
def test_a_scenario_goes_on_in_the_copy(time, copied):
    world = World.from_scenario(scenario.loads(UNDER_WAY))
    world.step(time)
    copy = copied(world)
    assert copy.save() == world.save()
    assert told_to_the_end(copy) == told_to_the_end(world)
    assert differences(copy, world) == []


@pytest.mark.parametrize("name", [name for name in scenario.bundled_names() if scenario.bundled(name).events])
def test_every_bundled_scenario_goes_on_in_the_copy(name):
    world, copy = World.from_scenario(name), World.from_scenario(name)
    for _ in range(3):
        copy = copy.branch()
        assert [*map(str, copy.step("1700 ms"))] == [*map(str, world.step("1700 ms"))]
    assert told_to_the_end(copy.branch()) == told_to_the_end(world)


def test_a_scenario_goes_its_own_way_in_the_copy():
    world = World.from_scenario("leak")
    world.step("5 s")
    copy = world.branch()
    copy.find("browser").kill()
    assert "spawn browser" in str(copy.step("10 s"))
    assert not world.find("browser").is_zombie
    assert "browser (4) is killed by the kernel" in str([str(entry) for entry in world.step("10 s")])


def run_changed(change):
    """A world whose scenario is under way, saved with that changed in what is still to come of it."""
    world = World.from_scenario(scenario.loads(UNDER_WAY))
    world.step("2500 ms")
    told, core = state.unwrap(world.save())
    known = json.loads(told)
    change(known["run"])
    return state.wrap(json.dumps(known).encode(), core)


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.clear(),
        lambda run: run.update(text="[[procces]]"),
        lambda run: run.update(text=5),
        lambda run: run.update(left=9),
        lambda run: run.update(left=None),
        lambda run: run.update(verdicts=[1]),
        lambda run: run["player"].update(next=99),
        lambda run: run["player"].update(start=1 << 62),
        lambda run: run["player"]["going"][0].__setitem__(0, 1 << 70),
        lambda run: run["player"].update(next=0),
        lambda run: run["player"].update(going=[[0, 0]]),
        lambda run: run["player"]["going"][0].__setitem__(1, 4),  # reads, which takes no time
        lambda run: run["player"]["going"][0].__setitem__(5, [-1, 0, "", ""]),
        lambda run: run["player"]["going"][0].__setitem__(5, ["1", 0, "", ""]),
        lambda run: run["witness"].update(deaths=[[1]]),
        lambda run: run["witness"].update(people=5),
    ],
)
def test_what_can_never_be_still_to_come_is_refused(change):
    World.load(run_changed(lambda run: None))
    with pytest.raises(StateError, match="what is still to come of its scenario never does"):
        World.load(run_changed(change))


# --- what is no part of it -----------------------------------------------------------------------


def test_open_files_and_their_triggers_stay_with_the_world():
    world = World("6.18")
    with world.open("/pressure/memory", os.O_RDWR) as file:
        file.write(b"some 150000 1000000\0")
        world.set_pressure("memory", 50)
        world.run("300 ms")
        copy = world.branch()
        assert copy.next_event is None
        world.run("1 s")
        assert file.poll() & 2
    copy.run("1 s")
    assert differences(world, copy) == []
    assert copy.save() == world.save()


def adopt_this(world):
    """This very process becomes one of the world."""
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert lib.world_adopt(world._w, proc, 0) == 0
    finally:
        os.close(proc)


def test_real_processes_have_ended_in_the_copy(mounted_world):
    world = World("6.18")
    mount = mounted_world(world)
    adopt_this(world)
    me = os.getpid()
    assert Path(mount.path, "self/comm").read_text()
    assert world.task(me).is_adopted
    copy = world.branch()
    assert me not in [task.pid for task in copy.tasks]
    assert me in [death.pid for death in copy.deaths_since(0)]
    assert is_whole(copy)
    assert copy.read("/1/status")
    assert world.task(me).is_adopted


# --- what cannot be loaded -----------------------------------------------------------------------


@pytest.mark.parametrize("junk", [b"", b"\x89", b"[machine]\n" * 30, bytes(200)], ids=["none", "one", "toml", "zeros"])
def test_what_is_no_saved_world_is_said_to_be_none(junk):
    with pytest.raises(StateError, match="this is no saved world"):
        World.load(junk)


def test_another_builds_world_is_said_to_be_one():
    saved = bytearray(World().save())
    saved[20] ^= 1  # in the layout
    with pytest.raises(StateError, match=r"another build of fakeproc.*save_scenario"):
        World.load(bytes(saved))


def test_damage_is_found_wherever_it_is():
    saved = World().save()
    for length in range(len(saved)):
        with pytest.raises(StateError):
            World.load(saved[:length])
    for at in range(len(saved)):
        with pytest.raises(StateError):
            World.load(saved[:at] + bytes([saved[at] ^ 1 << at % 8]) + saved[at + 1 :])


def test_a_core_that_is_cut_off_or_too_long_is_refused():
    core = core_of(World())
    for length in range(len(core)):
        with pytest.raises(StateError, match="cannot be"):
            load_core(core[:length])
    with pytest.raises(StateError, match="there is something behind its end"):
        load_core(core + b"\0")


@pytest.mark.parametrize(
    "names",
    [
        *(b"", b"[]", b"\xff", b"{}", b'{"names": {}}'),
        *(b'{"names": {"a": %s}, "on_sigterm": {}}' % wrong for wrong in (b"1", b'["b", 1]', b"[1]")),
        *(b'{"names": {}, "on_sigterm": {"1": %s}}' % wrong for wrong in (b"1", b'["sing", 1]', b'["die", -1]')),
    ],
)
def test_names_that_are_none_are_refused(names):
    with pytest.raises(StateError, match="names"):
        World.load(state.wrap(names, core_of(World())))


def changed(core, old, new):
    """The bytes with one place changed that is there once."""
    assert core.count(old) == 1
    return core.replace(old, new)


def numbers(*given):
    return struct.pack(f"<{len(given)}I", *given)


def test_an_invented_world_is_refused_with_what_is_wrong_in_it():
    world = World("6.18", init=True)
    world.spawn("marked-comm", pid=12345)
    core = core_of(world)
    for old, new, why in [
        (numbers(12345), numbers(1), "a pid is that of two tasks"),
        (numbers(12345), numbers(0), "pid of a struct task is out of range"),
        (b"marked-comm\0\0\0\0\0", b"marked-comm12345", "comm of a struct task has no end"),
        (b"localhost\0", b"loc\nlhost\0", "its machine can not be"),
        (numbers(1, 1, 2, 2, 2, 2), numbers(1, 1, 2, 2, 2, 0), "cred of a struct task is none that there is"),
        (numbers(1, 1, 2, 2, 2, 2), numbers(1, 1, 2, 2, 2, 1 << 31), "there is more in it than it has bytes for"),
        (numbers(1, 1, 2, 2, 2, 2), numbers(0, 1, 2, 2, 2, 2), "there is more in it than it has bytes for"),
    ]:
        with pytest.raises(StateError) as error:
            load_core(changed(core, old, new))
        assert str(error.value) == f"this saved world cannot be: {why}"


# --- hostile bytes with the right checksum -------------------------------------------------------

VALUES = [0, 1, 2, 3, 7, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
VALUES += [1 << 44, 1 << 62, (1 << 63) - 1, 1 << 63]


def mutated(core, chance):
    """A few places changed: to what is likely to hurt, to what stands elsewhere, or by a bit."""
    found = bytearray(core)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        width = chance.choice([1, 4, 4, 8])
        at = chance.randrange(len(found) - width)
        elsewhere = chance.randrange(len(found) - width)
        value = chance.choice([*VALUES, chance.randrange(40), chance.randrange(1 << 64)]) % (1 << 8 * width)
        ways = [value.to_bytes(width, "little"), found[elsewhere : elsewhere + width]]
        ways.append(bytes([found[at] ^ 1 << chance.randrange(8)]) + found[at + 1 : at + width])
        found[at : at + width] = chance.choice(ways)
    return bytes(found)


def live_on(world):
    """Everything is read, and then much happens: whatever comes of it, it comes to an end."""
    for place in ("/", "/.fakeproc/cgroup"):
        for _ in files_of(world, place):
            pass
    for step in (
        lambda: world.run("1 min"),
        lambda: world.sysrq_f(),
        lambda: world.oom(),
        lambda: world.oom(memcg="/box"),
        lambda: world.settle("1 min"),
        lambda: world.make_cgroup("/box/new"),
        lambda: world.cgroup("/idle").remove(),
        lambda: world.stall("memory", "1 s", cgroup="/box"),
    ):
        outcome(step)
    for step in ("fork", "touch", "exec", "kill", "reap"):
        for task in list(world.tasks):
            outcome(getattr(task, step))
    world.run("1 h")
    core_of(world)
    assert is_whole(world)


def attack(kernel, seed, times):
    """So many worlds with something wrong in them; how many of them were taken for one."""
    core, chance, loaded = core_of(rich(kernel)), random.Random(seed), 0
    for _ in range(times):
        try:
            world = load_core(mutated(core, chance))
        except StateError:
            continue
        loaded += 1
        live_on(world)
    return loaded


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["4.7", "6.18"])
def test_invented_worlds_are_refused_or_live(kernel):
    loaded = attack(kernel, seed=1, times=60)
    assert 0 < loaded < 60
