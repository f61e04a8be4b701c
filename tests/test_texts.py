"""Every text that comes from outside, mangled: it is understood, or refused in one clear line that changes nothing."""

import errno
from importlib import resources

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakeproc import World, scenario
from fakeproc._native import ffi
from fakeproc.commands import COMMANDS, Commands, understand
from fakeproc.control import Control
from fakeproc.errors import FakeprocError, ScenarioError
from fakeproc.scenario.check import problems
from fakeproc.scenario.run import Run

FOLDER = resources.files("fakeproc.scenario")
TEXTS = [
    (FOLDER / f"{name}.toml").read_text()
    for name in ("leak", "story-nommu", "patch-06-sharer-at-minus-1000", "patch-02-release-race")
]
WORDS = sorted({word for text in TEXTS for word in text.split()} | {
    '"1 s"', "-1", "true", '""', "[]", "{}", "[[event]]", "[[expect]]", "[[process]]", 'every = "1 ms"', "times = 3",
    '"7 MiB"', '"9999999999 TiB"', '"50 MiB/s"', "1e400", "0x10", '"browser"', "99999999999999999999", '"\\u0000"',
    "over", "until", "to", "at", "killed", "'", '"', "=", "\n", "#",
})  # fmt: skip


@st.composite
def mangled(draw, texts, words):
    """A valid text in which some words were replaced, dropped, doubled, or moved to another place."""
    pieces = draw(st.sampled_from(texts)).replace("\n", " \n ").split(" ")
    for _ in range(draw(st.integers(1, 4))):
        at, to = (draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
        word = draw(st.one_of(st.sampled_from(words), st.sampled_from(pieces), st.text(max_size=3)))
        change = draw(st.sampled_from(["replace", "drop", "insert", "swap", "cut"]))
        if change == "replace":
            pieces[at] = word
        elif change == "drop":
            pieces = pieces[:at] + pieces[at + 1 :] or [""]
        elif change == "insert":
            pieces.insert(at, word)
        elif change == "swap":
            pieces[at], pieces[to] = pieces[to], pieces[at]
        else:
            pieces[at] = pieces[at][: len(pieces[at]) // 2]
    return " ".join(pieces)


def is_clear(message: str) -> bool:
    return "\n" not in message and message.isprintable() and 10 < len(message) < 1000


def refusal(call, kind):
    """What that call raises of this kind; None where it works."""
    try:
        call()
    except kind as error:
        return error
    return None


# --- scenario files ------------------------------------------------------------------


@given(mangled(TEXTS, WORDS))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mangled_scenario_is_played_or_refused(text):
    wrong = problems(text, "any.toml")
    assert all(str(one).startswith("any.toml:") and is_clear(str(one)) for one in wrong)
    error = refusal(lambda: scenario.loads(text, "any.toml"), ScenarioError)
    assert bool(error) == bool(wrong)
    assert not error or is_clear(str(error))
    if not error:
        play(scenario.loads(text, "any.toml"))


def play(described):
    """As far as the core lets it be built; whatever happens then has a result, and every verdict a reason."""
    error = refusal(described.build, ScenarioError)
    assert not error or is_clear(str(error))
    if error:
        return
    run = Run(described, until=10**10)
    assert all(str(entry).isprintable() for entry in run.play())
    assert all(str(verdict).isprintable() and verdict.seen for verdict in run.verdicts)
    assert len(run.verdicts) == len(described.expects)


# --- ctl -------------------------------------------------------------------------------

LINES = [
    "fork a as 1300 comm=x", "clone c flags=VM,VFORK", "exec a comm=new anon=5M swap=1M", "kill a TERM", "exit a 3",
    "setuid a 5 6", "setresuid a -1 0 5", "caps a caps=all,-sys_resource", "memory a anon=1M", "state a D",
    "mems a 0-1", "adj a -5 -10", "total 8G 2G", "cgroup a /x", "limit /box 10M", "oom_group /box on", "grow a 1M",
    "free a 1M", "sysctl panic_on_oom=1", "run 250ms", "dsleep a on", "caller uid=5 gid=6 caps=none", "use_mm k a",
    "speed 10", "step 5ms", "thread a as 77", "comm a 'a b'", "sysrq f", "oom a", "reap a",
    "swap_out a 1M", "own cache=5M dirty=1M", "drop_caches 3",
]  # fmt: skip
TOKENS = [
    "a", "b", "nobody", "1", "-1", "99999999999", "as", "comm=", "uid=", "5M", "1.5G", "9999999999999999999999P", "on",
    "off", "/", "/x", "x", "'", '"', "\\", "#", "", "\n", "=", "flags=", "caps=+", "0-99", "VM,NIX", "250", "-5ms",
    "\x7f",
]  # fmt: skip


def dump(world: World) -> object:
    """All that can be seen of a world."""
    tasks = {task.pid: bytes(ffi.buffer(task.info)) for task in world.tasks}
    paths = [f"/sys/vm/{name}" for name in world.listdir("/sys/vm")]
    files = [world.read(path) for path in paths if world.stat(path).mode & 0o444]
    return tasks, files, world.now, world.kmsg, world.death_end, sorted(world.names), world.read("/meminfo")


@pytest.fixture(scope="module")
def small() -> World:
    world = World(ram="64 MiB", swap="16 MiB")
    world.kthread("k")
    a = world.spawn("a", anon="4 MiB")
    a.clone_vm("b")
    Control(world).attach()
    return world


def is_understood(line: str) -> bool:
    error = refusal(lambda: understand(1, line), FakeprocError)
    assert not error or is_clear(str(error))
    return not error


@given(mangled(LINES, TOKENS), st.sampled_from(LINES), st.booleans())
@settings(max_examples=600, deadline=None)
def test_nothing_is_carried_out_of_commands_of_which_one_is_not_understood(small, bad, good, comes_first):
    parts = bad.split("\n")
    if all(is_understood(part) for part in parts):
        return
    lines = (bad, good) if comes_first else (good, bad)
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    before = dump(small)
    error = refusal(lambda: small.write("/.fakeproc/ctl", text), OSError)
    assert error
    assert error.errno == errno.EINVAL
    assert dump(small) == before
    log = small.read("/.fakeproc/log").decode().splitlines()
    assert log[-1].startswith("error line ")


KEEPS_NOTHING = ("oom", "sysrq", "run", "grow", "touch", "kill", "limit", "settle")  # whose failure has a history


@given(mangled(LINES, TOKENS))
@settings(max_examples=600, deadline=None)
def test_a_command_that_fails_changes_nothing(line):
    world = World(ram="64 MiB", swap="16 MiB")
    world.kthread("k")
    world.spawn("a", anon="4 MiB").clone_vm("b")
    before, line = dump(world), line.replace("\n", " ")
    error = refusal(lambda: Commands(world).run(line), FakeprocError)
    if error:
        assert is_clear(str(error))
        assert line.split()[0] in KEEPS_NOTHING or dump(world) == before


def test_the_lines_are_good_ones():
    assert all(is_understood(line) for line in LINES)
    assert {line.split()[0] for line in LINES} <= {command.name for command in COMMANDS}


# --- the tree ----------------------------------------------------------------------------

NUMBERS = st.sampled_from(["0", "1", "-1", "2147483648", "99999999999999999999", "0x10", "010", "1 2", "1\t", "+3", ""])
FILES = ["/sys/vm/panic_on_oom", "/sys/vm/overcommit_ratio", "/sys/vm/swappiness", "/2/oom_adj", "/2/oom_score_adj"]


@given(st.sampled_from(FILES), st.one_of(NUMBERS.map(str.encode), st.binary(max_size=20)))
@settings(max_examples=400, deadline=None)
def test_a_number_that_is_refused_changes_nothing(small, path, text):
    before = dump(small)
    error = refusal(lambda: small.write(path, text), OSError)
    if error:
        assert error.errno in (errno.EINVAL, errno.ERANGE)
        assert dump(small) == before


@pytest.fixture(scope="module")
def stalling() -> World:
    world = World("6.18")
    world.set_pressure("memory", 40, 10)
    world.run("30 s")
    return world


TRIGGERS = [
    "some 150000 1000000",
    "full 1 500000",
    "some 5 5",
    "full 99999999999 1",
    "some",
    "some 150000 1000000 x",
    "",
]
PLACES = [f"/pressure/{name}" for name in ("cpu", "io", "memory")]


@given(st.sampled_from(PLACES), st.one_of(mangled(TRIGGERS, ["some", "full", "-1", "0x10"]), st.text(max_size=300)))
@settings(max_examples=300, deadline=None)
def test_a_trigger_is_understood_or_refused_and_changes_no_number(stalling, path, text):
    before = [stalling.read(place) for place in PLACES]
    error = refusal(lambda: stalling.write(path, text.encode("utf-8", "surrogatepass")), OSError)
    assert not error or error.errno in (errno.EINVAL, errno.EOPNOTSUPP)
    assert [stalling.read(place) for place in PLACES] == before


@given(st.binary(min_size=1, max_size=20).filter(lambda text: text[:1] != b"f"))
@settings(max_examples=200, deadline=None)
def test_a_key_that_is_none_kills_nobody(small, text):
    before = dump(small)[0]
    assert small.write("/sysrq-trigger", text) == len(text)
    assert dump(small)[0] == before
