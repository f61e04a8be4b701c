"""The Python API, as a script uses it."""

import errno
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from server import is_mounted

import fakeproc
from fakeproc import Caller, FakeprocError, Task, World, WorldError, scenario
from fakeproc._native import lib
from fakeproc.mount import Mount, MountError
from fakeproc.scenario.run import Entry


@pytest.fixture
def browser(world: World) -> Task:
    return world.spawn("browser", anon="900 MiB", uid=1000)


# --- tasks -------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel", "follows"), [("4.7", 0), ("4.8", -500)])
def test_an_attribute_is_written_as_the_file_is(browser: Task, follows: int) -> None:
    helper, updater = browser.clone_vm("gpu-helper"), browser.vfork("updater")
    browser.oom_score_adj = -500
    assert (browser.oom_score_adj, helper.oom_score_adj, updater.oom_score_adj) == (-500, follows, 0)


@pytest.mark.parametrize(("name", "value"), [("oom_score_adj", 1001), ("oom_score_adj", -1001), ("oom_adj", 16)])
def test_an_attribute_that_the_kernel_refuses_is_its_errno(browser: Task, name: str, value: int) -> None:
    with pytest.raises(OSError, match=rf"Invalid argument: '/{browser.pid}/{name}'") as caught:
        setattr(browser, name, value)
    assert caught.value.errno == errno.EINVAL


def test_who_writes_is_another_task_or_a_stranger(world: World, browser: Task) -> None:
    other = world.spawn("other", uid=1001)
    for who in (other, Caller(uid=1001)):
        with pytest.raises(PermissionError):
            browser.write("oom_adj", b"15\n", as_=who)
    assert browser.write("oom_adj", b"15\n", as_=browser) == 3
    assert browser.oom_adj == 15


def test_a_stranger_has_what_an_ordinary_machine_gives() -> None:
    assert Caller(uid=1000) == Caller(0, 1000, 1000, 0)
    assert Caller().caps == fakeproc.caller.ROOT_CAPS


def test_exec_brings_sizes(browser: Task) -> None:
    updater = browser.vfork("updater").exec("apt", anon="50 MiB")
    assert (updater.comm, updater.memory.anon, browser.memory.anon) == ("apt", 12800, 230400)


def test_what_is_refused_makes_nothing(world: World) -> None:
    before = len(world.processes)
    for words in ({"anon": "much"}, {"pid": 1}):
        with pytest.raises((FakeprocError, FileExistsError)):
            world.spawn("x", **words)
    assert len(world.processes) == before


def test_a_process_is_found_by_pid_name_and_comm(world: World, browser: Task) -> None:
    assert world.find(browser.pid) == world.find("browser") == world.find(str(browser.pid)) == browser
    with pytest.raises(FakeprocError, match='did you mean "browser"'):
        world.find("browsr")


@pytest.mark.parametrize(
    "call",
    [
        lambda world: world.set_sysctl(panic_on_ooom=1),
        lambda world: world.set_own_pages(cach="1 MiB"),
        lambda world: world.init.spend(utim=1),
        lambda world: world.holds("sharers_follow_writ"),
    ],
)
def test_a_name_that_is_none_brings_the_nearest(world: World, call: Callable[[World], None]) -> None:
    with pytest.raises(FakeprocError, match="did you mean"):
        call(world)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda world: world.spawn("x", uid=-1), "-1 is no id of a user or a group: write a number from 0"),
        (lambda world: world.spawn("x", uid=1 << 32), "write a number from 0 to 4294967294"),
        (lambda world: world.init.setuid(0, -1), "-1 is no id"),
        (lambda world: world.spawn("x", parent=World().init), "task 1 is of another world"),
        (lambda world: world.oom(World().init), "of another world"),
        (lambda world: world.init.wait_for_lock(World().init), "of another world"),
        (lambda world: world.spawn("a\0b"), r'the name "a\\x00b" has a NUL byte'),
        (lambda world: world.init.fork("a\0b"), "NUL byte"),
        (lambda world: world.init.exec("a\0b"), "NUL byte"),
        (lambda world: world.kthread("a\0b"), "NUL byte"),
        (lambda world: setattr(world.init, "comm", "a\0b"), "NUL byte"),
        (lambda world: world.oom(order=11), "order 11: write a number from 0 to 10"),
        (lambda world: world.oom(order=-1), "order -1: write a number from 0 to 10"),
        (lambda world: world.sysrq("ff"), '"ff" is not one key'),
        (lambda world: world.sysrq(""), "not one key"),
        (lambda world: world.step(-1), "-1 is not a time from 0"),
        (lambda world: world.run(1 << 63), "is not a time from 0 to 366 d"),
        (lambda world: world.settle(0.5), "0.5 is not understood: write a whole number, or a text such as '200 ms'"),
        (lambda world: world.init.grow(0.5), "write a whole number, or a text such as '900 MiB'"),
        (lambda world: World(ram=0), "a machine without memory cannot run"),
        (lambda world: World(kernel=4.8), "kernel 4.8 is no text: write it in quotes"),
        (lambda world: World.from_scenario("leak", kernel=4.8), "write it in quotes"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(world: World, call: Callable[[World], None], words: str) -> None:
    before = world.save()
    with pytest.raises(FakeprocError, match=words):
        call(world)
    assert world.save() == before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda world: world.spawn("x", pid=50), "File exists: 'pid 50'"),
        (lambda world: world.init.fork(pid=50), "File exists: 'pid 50'"),
        (lambda world: world.kthread("x", pid=50), "File exists: 'pid 50'"),
        (lambda world: world.spawn("x", pid=-1), "Invalid argument: 'pid -1'"),
        (lambda world: world.set_total_pages(0), "Invalid argument: 'total pages'"),
    ],
)
def test_a_refusal_names_what_is_refused(world: World, call: Callable[[World], None], words: str) -> None:
    world.spawn("taken", pid=50)
    before = world.save()
    with pytest.raises(OSError, match=words):
        call(world)
    assert world.save() == before


@pytest.mark.parametrize("name", ["uid", "oom_score_ajd"])
def test_a_name_that_a_task_does_not_have_cannot_be_set(browser: Task, name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        setattr(browser, name, 5)


# --- files -------------------------------------------------------------------------


def test_paths_go_with_and_without_proc(world: World, browser: Task) -> None:
    for root in ("/proc", ""):
        with world.open(f"{root}/{browser.pid}/comm") as file:
            assert file.read() == b"browser\n"
        assert str(browser.pid) in world.listdir(f"{root}/")
        assert world.stat(f"{root}/{browser.pid}/comm") == world.stat(f"/{browser.pid}/comm")
    assert world.listdir("/proc") == world.listdir()
    with pytest.raises(FileNotFoundError, match="'/process'"):
        world.read("/process")


def test_an_open_file_names_itself_in_errors(world: World, browser: Task) -> None:
    with world.open(f"/proc/{browser.pid}/oom_adj", os.O_WRONLY) as file, pytest.raises(OSError, match="oom_adj'"):
        file.write(b"x")


# --- out of memory -----------------------------------------------------------------


def test_oom_tells_all_of_a_kill(world: World, browser: Task) -> None:
    helper, editor = browser.clone_vm("gpu-helper"), world.spawn("editor", anon="2 GiB")
    found = world.oom()
    assert found
    assert (found.victim, found.killed) == (editor, (editor,))
    assert str(found) == f"kills editor ({editor.pid})"
    assert [row.comm for row in found.ranking] == ["editor", "gpu-helper", "browser", "init"]
    assert (found.ranking[0].is_eligible, found.ranking[-1].why) == (True, "global init")
    assert found.log[-1].startswith(f"Killed process {editor.pid} (editor) total-vm:")
    assert world.oom().killed == (helper, browser)


def test_oom_that_kills_nobody_says_why(world: World) -> None:
    world.set_sysctl(panic_on_oom=1)
    found = world.oom()
    assert (found.victim, found.killed) == (None, ())
    assert str(found).startswith("panics: ")
    assert "panicked" in repr(world)
    with pytest.raises(WorldError):
        world.spawn("late")


def test_sysrq_f_tells_the_same(world: World, browser: Task) -> None:
    assert world.sysrq_f().victim == browser


def test_the_ranking_is_the_one_that_is_gone_by(world: World, browser: Task) -> None:
    browser.oom_score_adj = -1000
    small = world.spawn("small", anon="1 MiB")
    assert [row.pid for row in world.ranking()] == [small.pid, 1, browser.pid]
    assert world.ranking()[0] == small.ranking
    assert world.oom().victim == small


# --- time --------------------------------------------------------------------------


def told(entries: list[Entry]) -> list[str]:
    return [entry.text for entry in entries]


def test_a_step_tells_what_happened_in_it(world: World, browser: Task) -> None:
    for flag in (lib.TASK_DSLEEP, lib.TASK_HOLDS_MMAP_LOCK):
        browser.set_flag(flag)
    world.oom()
    assert world.now == 0
    assert told(world.step("2 s")) == [f"oom_reaper: unable to reap pid:{browser.pid} (browser)"]
    assert world.now == 2 * 10**9
    assert told(world.step("1 s")) == []


def test_a_scenario_plays_step_by_step() -> None:
    world = World.from_scenario("leak", kernel="4.7")
    assert str(world.kernel) == "4.7"
    assert told(world.step("1.5 s")) == ["editor grows to 500 MiB over 2 s"]
    assert "browser (4) is killed by the kernel" in told(world.step("10 s"))
    assert world.find("browser").is_zombie


def test_a_scenario_comes_from_a_file_or_ready_made(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text('[[process]]\ncomm = "one"\n')
    for one in (file, str(file), scenario.load(file)):
        assert World.from_scenario(one).find("one").comm == "one"
    with pytest.raises(FakeprocError, match='there is no scenario "nosuch"'):
        World.from_scenario("nosuch")


# --- mount -------------------------------------------------------------------------


@pytest.mark.usefixtures("fuse")
def test_other_programs_see_the_same_world(world: World, browser: Task) -> None:
    with world.mount(speed=0) as mount:
        assert subprocess.check_output(["cat", mount / f"{browser.pid}/comm"]) == b"browser\n"
        browser.comm = "navigator"
        assert subprocess.check_output(f"cat {mount}/{browser.pid}/comm", shell=True) == b"navigator\n"
        assert str(browser.pid) in os.listdir(mount)
        assert browser.write("oom_score_adj", "7") == 1
        assert (mount / f"{browser.pid}/oom_score_adj").read_text() == "7\n"


@pytest.mark.usefixtures("fuse")
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_mounted_however_the_block_ends(
    world: World, mount_point: Path, error: type[BaseException] | None
) -> None:
    before = threading.enumerate()  # those of mounts that several tests share, too
    try:
        with world.mount(mount_point):
            assert is_mounted(mount_point)
            if error:
                raise error
    except (KeyboardInterrupt, SystemExit):
        pass
    assert not is_mounted(mount_point)
    assert [thread.name for thread in threading.enumerate() if thread not in before] == []


@pytest.mark.usefixtures("fuse")
def test_a_place_of_its_own_is_gone_afterwards(world: World) -> None:
    with world.mount() as mount:
        assert is_mounted(mount.path)
    assert not os.path.exists(mount.path)


@pytest.mark.usefixtures("fuse")
def test_two_worlds_and_one_world_twice(world: World, browser: Task) -> None:
    with World("4.7").mount() as other, world.mount(speed=0) as first, world.mount() as second:
        assert "4.7" in (other / "sys/kernel/osrelease").read_text()
        assert [(mount / f"{browser.pid}/comm").read_text() for mount in (first, second)] == ["browser\n"] * 2
        assert world.now == 0
        assert not (other / str(browser.pid)).exists()


@pytest.mark.usefixtures("fuse")
def test_a_place_that_is_none_is_an_error_that_names_the_way_out(world: World, tmp_path: Path) -> None:
    with pytest.raises(MountError, match="does not exist: mkdir"), world.mount(tmp_path / "nowhere"):
        raise AssertionError("never mounted")


@pytest.mark.usefixtures("fuse")
def test_a_policy_that_there_is_not_is_an_error_that_names_those_there_are(world: World) -> None:
    with pytest.raises(FakeprocError, match="caps 'x': write one of root caller"), world.mount(caps="x"):
        raise AssertionError("never mounted")


@pytest.mark.usefixtures("fuse")
def test_a_mounted_scenario_goes_on_by_steps() -> None:
    world = World.from_scenario("leak", kernel="4.7")
    with world.mount(speed=0) as mount:
        assert "browser (4) is killed by the kernel" in told(world.step("11.5 s"))
        assert "browser (4) is killed by the kernel" in (mount / ".fakeproc/log").read_text()
    assert told(world.step("1 s"))[0] == "spawn browser"


# --- what is said of it ------------------------------------------------------------

CLASSES = [one for name in fakeproc.__all__ if inspect.isclass(one := getattr(fakeproc, name))] + [Mount, Entry]
UNTYPED = {"Task.info", "Cgroup.info"}  # structs of the core


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """Every public name of a class that is not the interpreter's own."""
    for base in owner.__mro__:
        if base.__module__.startswith("fakeproc"):
            yield from ((f"{owner.__name__}.{name}", base.__dict__[name]) for name in vars(base) if name[0] != "_")


def plain(member: Any) -> Any:
    """The function behind a property or a class method."""
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)


FUNCTIONS = {
    name: plain(member)
    for owner in CLASSES
    for name, member in members(owner)
    if inspect.isfunction(plain(member))
} | {name: one for name in fakeproc.__all__ if inspect.isfunction(one := getattr(fakeproc, name))}  # fmt: skip


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_every_public_class_is_explained(owner: type) -> None:
    text = inspect.getdoc(owner) or ""
    assert text[:1].isupper()
    assert not text.startswith(f"{owner.__name__}(")  # which dataclasses make up
    for name in getattr(owner, "__dataclass_fields__", {}):
        assert owner.__annotations__[name] is not Any


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_name_is_explained_and_typed(name: str) -> None:
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    assert text.endswith((".", ")")), f"{name} is not explained: {text!r}"
    parameters = list(inspect.signature(function).parameters.values())
    types = [function.__annotations__.get(one.name) for one in parameters if one.name not in ("self", "cls")]
    types.append(function.__annotations__.get("return"))
    assert None not in types or function.__annotations__["return"] is None
    assert name in UNTYPED or not {"Any", Any} & set(types)


def test_a_users_script_is_typed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(TYPED)
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)
    assert done.stdout.startswith("Success"), done.stdout


TYPED = """
from pathlib import Path
from fakeproc import LogRecord, Oom, Task, World

world = World(kernel="4.8", ram="8 GiB")
browser: Task = world.spawn("browser", anon="900 MiB", uid=1000)
children: list[Task] = [browser.clone_vm(), browser.vfork(), browser.thread(), browser.exec(), browser.fork()]
browser.oom_score_adj = -500
count: int = browser.write("oom_adj", b"15\\n", as_=children[0])
found: Oom = world.oom()
victim: Task | None = found.victim
lines: list[str] = [str(entry) for entry in world.step("100 ms")]
records: list[LogRecord] = world.kmsg
content: bytes = world.open("/proc/1200/stat").read()
with world.mount(Path("/tmp/p")) as mount:
    text: str = (mount / "1200/stat").read_text()
"""
