"""The control files under .fakeproc: what a script can do to a world while it is mounted."""

import errno
import gc
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproc import World, capabilities, control, scenario
from fakeproc.commands import COMMANDS, CommandError, Commands
from fakeproc.control import Control
from fakeproc.errors import WorldError
from fakeproc.world import ALL_MEMS, Caller


@pytest.fixture
def world() -> World:
    """init, a (with a sharer b), c twice, and a kernel thread."""
    world = World()
    a = world.spawn("a", pid=100, anon="10 MiB", uid=1000)
    a.clone_vm("b", pid=101)
    world.spawn("c", pid=102)
    world.spawn("c", pid=103)
    world.kthread("kthreadd")
    world.last_pid = 199
    Control(world).attach()
    return world


def ctl(world: World, text: str | bytes) -> int:
    return world.write("/.fakeproc/ctl", text)


def log(world: World) -> list[str]:
    return world.read("/.fakeproc/log").decode().splitlines()


def seen(world: World, pid: int, *fields: str) -> list[object]:
    info = world.task(pid).info
    return [getattr(info, field) for field in fields]


# --- the files -------------------------------------------------------------------------


def test_the_directory_is_there_and_not_listed(world):
    assert world.listdir("/.fakeproc") == [
        "cgroup",
        "ctl",
        "explain",
        "explain.json",
        "kmsg",
        "log",
        "world",
        "world.json",
    ]
    assert ".fakeproc" not in world.listdir("/")


def test_without_control_there_are_only_the_cgroups():
    assert World().listdir("/.fakeproc") == ["cgroup"]


def test_only_its_owner_writes_ctl(world):
    Control(world).attach(uid=1000, gid=1000)
    assert world.stat("/.fakeproc/ctl").uid == 1000
    world.write("/.fakeproc/ctl", "fork a", Caller(uid=1000, gid=1000, caps=0))
    with pytest.raises(PermissionError):
        world.write("/.fakeproc/ctl", "fork a", Caller(uid=1001, gid=1001, caps=0))


def test_reading_ctl_lists_every_command(world):
    lines = world.read("/.fakeproc/ctl").decode()
    text = " ".join(lines.split())
    assert all(f"{command.usage} {command.help}" in text for command in COMMANDS)
    assert max(map(len, lines.splitlines())) <= 80


def test_the_log_ends_with_the_pid_of_the_new_task(world):
    ctl(world, "fork a")
    assert log(world)[-1] == "ok fork a: 200"
    assert world.task(int(log(world)[-1].split()[-1])).ppid == 100


def test_the_log_is_bounded(world):
    ctl(world, "comm 100 x\n" * 1500)
    assert len(log(world)) == control.LOG_LINES


def test_the_table_shows_every_process():
    world = scenario.bundled().build()
    Control(world).attach()
    lines = {line.split()[0]: line for line in world.read("/.fakeproc/world").decode().splitlines() if line.strip()}
    assert lines["kernel"].split()[1] == "4.8"
    assert lines["total"] == "total    10240 MiB"
    assert {str(task.pid) for task in world.processes} <= set(lines)
    assert lines["1200"].split()[:9] == ["1200", "921", "D", "1000", "300", "0", "946", "6", "browser"]
    assert lines["1200"].endswith("shares its mm with 1201, 1202, waits for 1202")
    assert lines["1202"].endswith("shares its mm with 1200, 1201, vforked, 1200 waits for it")
    assert lines["981"].endswith("cc1              zombie")
    assert lines["1400"].split()[6:] == ["57", "4", "indexer", "zombie", "leader,", "threads", "live", "on"]


def test_the_table_escapes_what_would_break_a_line():
    world = World()
    Control(world).attach()
    world.init.comm = "a\nb\udcff"
    assert "a\\nb\\xff" in world.read("/.fakeproc/world").decode()


def test_the_table_of_single_patches_names_them():
    world = scenario.loads('[machine]\nkernel = { base = "4.7", patches = [4] }\n').build()
    assert "kernel   4.7\npatches  3, 4\n" in control.table(world)


# --- the commands -------------------------------------------------------------------------

DONE = [
    # (command, of which task, its fields, their values)
    ("fork a as 300 comm=x", 300, ["ppid", "sharers", "comm"], [100, 1, b"x"]),
    ("fork 100 as 300", 300, ["ppid", "uid"], [100, 1000]),
    ("clone_vm a as 300", 300, ["ppid", "sharers"], [100, 3]),
    ("clone_parent a as 300", 300, ["ppid", "sharers"], [1, 3]),
    ("vfork a as 300", 300, ["ppid", "sharers", "vfork_waiter"], [100, 3, 100]),
    ("vfork_novm a as 300", 300, ["ppid", "sharers", "vfork_waiter"], [100, 1, 100]),
    ("thread a as 300 comm=GC", 300, ["tgid", "comm"], [100, b"GC"]),
    ("clone a flags=VM,clone_vfork as 300", 300, ["sharers", "vfork_waiter"], [3, 100]),
    ("clone a as 300 flags=newpid", 300, ["flags"], [16]),
    ("kthread kswapd0 as 300", 300, ["ppid", "comm"], [2, b"kswapd0"]),
    ("kthread 'k w 0'", 200, ["comm"], [b"k w 0"]),
    ("exec b comm=new", 101, ["sharers", "comm"], [1, b"new"]),
    ("exit 102", 102, ["state", "exit_code"], [b"Z", 0]),
    ("exit 102 3", 102, ["state", "exit_code"], [b"Z", 0x300]),
    ("kill 102", 102, ["state", "exit_code"], [b"Z", 9]),
    ("kill 102 TERM", 102, ["exit_code"], [15]),
    ("kill 102 sigstop", 102, ["state"], [b"T"]),
    ("kill 102 15", 102, ["exit_code"], [15]),
    ("thread a as 300\nexit_thread 100", 100, ["state"], [b"Z"]),
    ("exit 102\nreleasing 102", 102, ["flags"], [4 | 256 | 1024 | 65536]),
    ("setuid 102 7", 102, ["uid", "euid", "suid", "gid"], [7, 7, 7, 7]),
    ("setuid 102 7 8", 102, ["uid", "gid"], [7, 8]),
    ("setresuid 102 -1 9 -1", 102, ["uid", "euid", "suid"], [0, 9, 0]),
    ("caps 102 caps=sys_resource,kill", 102, ["caps"], [1 << 24 | 1 << 5]),
    ("caps 102 caps=-sys_resource", 102, ["caps"], [capabilities.ALL & ~(1 << 24)]),
    ("keepcaps 102 1\nsetuid 102 7\ncaps 102 caps=kill", 102, ["uid", "caps"], [7, 1 << 5]),
    ("dumpable a 0", 100, ["dumpable"], [0]),
    ("unshare_user a", 100, ["flags"], [32 | 64]),
    ("memory a file=1M", 100, ["memory.anon", "memory.file"], [2560, 256]),
    ("comm a 'Web Content'", 100, ["comm"], [b"Web Content"]),
    ("state a D", 100, ["state"], [b"D"]),
    ("mems a 0-1", 100, ["mems"], [3]),
    ("use_mm kthreadd a", 2, ["sharers"], [3]),
    ("use_mm 2 a\nunuse_mm 2", 2, ["mm"], [0]),
    ("adj a 500", 100, ["oom_score_adj", "oom_score_adj_min"], [500, 0]),
    ("adj a -500 -600", 100, ["oom_score_adj", "oom_score_adj_min"], [-500, -600]),
    ("adj a -500 -600", 101, ["oom_score_adj"], [0]),
    ("grow a 20M", 100, ["memory.anon", "memory.swapents"], [30 << 8, 0]),
    ("total 1G 20M\nswap_out a 3M", 100, ["memory.anon", "memory.swapents"], [7 << 8, 3 << 8]),
    ("total 12M 20M\ngrow 102 4M\ntotal 1G 20M\ntouch 102", 102, ["memory.anon", "memory.swapents"], [1 << 10, 0]),
    ("free a 4M", 100, ["memory.anon"], [6 << 8]),
    ("cgroup 102 /box\nlimit /box 1M\ngrow 102 2M", 102, ["state"], [b"Z"]),
    ("cgroup 102 /box\nlimit /box 1M\noom_group /box on\ngrow 102 2M", 102, ["state"], [b"Z"]),
    ("cgroup a /box\nlimit /box 1M\nlimit /box 0\ngrow a 1M", 100, ["memory.anon"], [11 << 8]),
    ("oom", 100, ["state", "exit_code"], [b"Z", 9]),
    ("oom 102", 100, ["state"], [b"Z"]),
    ("sysrq f", 100, ["state"], [b"Z"]),
    ("sysrq b", 100, ["state"], [b"S"]),
    ("sysctl oom_kill_allocating_task=1\noom 102", 102, ["state"], [b"Z"]),
    ("sysctl vm.panic_on_oom=2\noom", 100, ["state"], [b"S"]),
    ("memory 102 anon=50M\ndsleep 102 on\noom", 102, ["state", "memory.anon"], [b"S", 0]),
    ("memory 102 anon=50M\ndsleep 102 on\nhold_lock 102 on\noom\nrun 500ms", 102, ["memory.anon"], [50 << 8]),
    ("memory 102 anon=50M\nhold_lock 102 on\ndsleep 102 on\noom\nhold_lock 102 off\nrun 1s", 102, ["memory.anon"], [0]),
    ("memory 102 anon=50M\ndsleep 102 on\noom\ndsleep 102 off\nrun 1ms", 102, ["state"], [b"Z"]),
    ("coredump a on", 100, ["flags"], [64 | 16384]),
    ("coredump a on\ncoredump a off", 100, ["flags"], [64]),
    ("origin 103 on\noom", 103, ["state"], [b"Z"]),
    ("origin 103 on\norigin 103 off\noom", 103, ["state"], [b"S"]),
]  # fmt: skip


def field(info, name):
    for part in name.split("."):
        info = getattr(info, part)
    return control.ffi.string(info) if name == "comm" else info


@pytest.mark.parametrize(("text", "pid", "fields", "values"), DONE)
def test_a_command_does_what_it_says(world, text, pid, fields, values):
    assert ctl(world, text) == len(text)
    info = world.task(pid).info
    assert [field(info, name) for name in fields] == values


CLOCK = ("pause", "resume", "step", "speed")  # of a mount: see test_playback


@pytest.mark.parametrize("command", ["pause", "resume", "speed 5"])
def test_a_world_that_is_not_mounted_has_no_clock_to_be_set(world, command):
    with pytest.raises(CommandError, match="only goes when it is told to: write step TIME"):
        Commands(world).run(command)


@pytest.mark.parametrize("command", ["run 1.5s", "step 1.5s"])
def test_a_world_that_is_not_mounted_goes_on_by_steps(world, command):
    assert Commands(world).run(command) == "the clock is at 1.5 s"
    assert world.now == 1_500_000_000


def test_every_command_has_a_test():
    tried = {line.split()[0] for text, *_ in DONE for line in text.split("\n")}
    assert {command.name for command in COMMANDS} - tried == {
        "reap",
        "caller",
        "pressure",
        "own",
        "drop_caches",
        "settle",
        *CLOCK,
    }


def test_the_machine_has_pages_of_its_own_and_drops_them(world):
    ctl(world, "own cache=8M dirty=1M\nown buffers=2M slab_reclaimable=3M")
    assert (world.own_pages.cache, world.own_pages.dirty, world.own_pages.buffers) == (2048, 256, 512)
    ctl(world, "drop_caches 1")
    assert (world.own_pages.cache, world.own_pages.buffers, world.own_pages.slab_reclaimable) == (256, 0, 768)


def test_exec_gives_a_fresh_memory(world):
    ctl(world, "exec b comm=new anon=1M swap=2M")
    task = world.task(101)
    assert (task.memory.anon, task.memory.file, task.memory.swapents) == (256, 0, 512)
    assert task.read("cmdline") == "new\0"


def test_pressure_is_what_the_command_says():
    world = World("6.18")
    Control(world).attach()
    ctl(world, "pressure memory some=45.5 full=30%\npressure io full=1 some=100")
    world.run("10 s")
    totals = [world.read(f"/pressure/{name}").decode().split("total=") for name in ("memory", "io")]
    assert [(int(some.split()[0]), int(full)) for _, some, full in totals] == [
        (4_550_000, 3_000_000),
        (10_000_000, 100_000),
    ]


def test_reap_frees_the_pid(world):
    ctl(world, "exit 102\nreap 102\nfork a as 102")
    assert world.task(102).ppid == 100


def test_total_is_the_size_of_the_machine(world):
    ctl(world, "total 1GiB")
    assert world.total_pages == 1 << 18
    ctl(world, "total 1G 1G")
    assert world.total_pages == 2 << 18


@pytest.mark.parametrize(
    ("line", "number", "words"),
    [
        ("total 0", errno.EINVAL, "a machine has at least 1 MiB of RAM"),
        ("total 4K", errno.EINVAL, "a machine has at least 1 MiB of RAM"),
        ("total 9M", errno.EBUSY, "10272 KiB of the RAM are in use: write more, or free some first"),
        ("total 1G 8K", errno.EBUSY, "12 KiB of the swap are in use"),
    ],
)
def test_what_is_in_use_is_not_taken_away(world, line, number, words):
    world.task(103).set_sizes(swap="12 KiB")
    with pytest.raises(OSError, match=os.strerror(number)):
        ctl(world, line)
    assert words in log(world)[-1]
    assert world.total_pages == 8 << 18


@pytest.mark.parametrize(
    ("line", "caller"),
    [
        ("caller uid=0", Caller()),
        ("caller uid=1000", Caller(uid=1000, gid=1000, caps=0)),
        ("caller caps=+sys_resource uid=1000 gid=5 pid=7 comm=x mems=0", Caller(7, 1000, 5, 1 << 24, 1, "x")),
        ("caller uid=0 caps=-kill", Caller(caps=capabilities.ALL & ~(1 << 5))),
        ("caller as a", Caller(100, 1000, 1000, 0, ALL_MEMS, "a")),
        ("caller uid=1\ncaller real", None),
    ],
)
def test_whom_file_operations_count_as(world, line, caller):
    ctl(world, line)
    assert world._control.commands.caller == caller


FULL = "total 20M\ndsleep a on\nhold_lock a on\ngrow 102 1G"


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        ("grow a 1M", ""),
        ("total 20M\ngrow a 1G", ": killed"),
        ("total 20M\ndsleep a on\nhold_lock a on\ngrow 102 1G", ": waits for memory"),
        ("oom", ": 101"),
        ("sysrq f", ": 101"),
        ("sysrq m", ""),
        ("dsleep a on\nhold_lock a on\noom\noom", ": nobody was killed"),
        ("touch a", ": 0 pages"),
        ("settle", ": nobody waits"),
        (f"{FULL}\nsettle 100ms", ": c waits for memory, after 0.1 s"),
        (f"{FULL}\ndsleep a off\nsettle", ": c waits for memory: over after 0.1 s"),
        (f"{FULL}\nsettle", ": the machine panicked: Out of memory and no killable processes..., after 2 s"),
    ],
)
def test_the_log_tells_what_became_of_it(world, lines, result):
    ctl(world, lines)
    assert log(world)[-1] == f"ok {lines.splitlines()[-1]}{result}"


def test_settle_tells_the_stall_that_remains():
    world = World("4.7", ram="20 MiB")
    Control(world).attach()
    victim, writer = world.spawn("victim", anon="10 MiB"), world.spawn("writer")
    victim.set_flag(control.lib.TASK_HOLDS_MMAP_LOCK)
    victim.set_flag(control.lib.TASK_DSLEEP)
    ctl(world, "grow writer 30M\nsettle")
    assert log(world)[-1] == (
        "ok settle: no progress possible: writer waits for memory, the OOM killer waits for victim, "
        "victim sleeps uninterruptibly, after 8.1 s"
    )
    assert world.waiting == [writer]


def test_several_lines_comments_and_blanks(world):
    text = "# set up\n\n  fork a as 300 # a child\r\n\tcomm 300 '#x'\n"
    assert ctl(world, text) == len(text)
    assert world.task(300).comm == "#x"
    assert log(world) == ["ok fork a as 300 # a child: 300", "ok comm 300 '#x'"]


def test_a_later_line_may_name_what_an_earlier_one_made(world):
    ctl(world, "fork a comm=new\nexec new")
    assert world.task(200).sharers == [world.task(200)]


def test_a_process_goes_by_its_name_in_the_scenario():
    world = scenario.loads('[[process]]\nname = "x"\ncomm = "c"\n[[process]]\nname = "y"\ncomm = "c"\n').build()
    Control(world).attach()
    ctl(world, "comm y z")
    assert [task.comm for task in world.processes] == ["init", "c", "z"]


def test_the_shell_can_run_the_same_table(world):
    commands = Commands(world)
    assert commands.run("fork a") == "200"
    assert commands.run("comm b x") == ""
    assert commands.run("# nothing") == ""
    with pytest.raises(CommandError, match="there is no command"):
        commands.run("frok a")


def test_a_shell_commands_a_mounted_world(world, mounted_world):
    mount = mounted_world(world)
    script = "cd .fakeproc; echo 'fork a' > ctl; tail -n 1 log; echo 'fork 99' > ctl; tail -n 1 log; ls"
    done = subprocess.run(["sh", "-c", script], cwd=mount.path, capture_output=True, text=True, timeout=20)
    assert done.stdout.splitlines() == [
        "ok fork a: 200",
        "error line 1: fork 99: there is no task 99: there are 1, 100, 101, 102, 103, 2, 200",
        *["cgroup", "ctl", "explain", "explain.json", "kmsg", "log", "world", "world.json"],
    ]
    assert "No such process" in done.stderr or "I/O error" in done.stderr


def test_processes_may_come_and_go_while_the_table_is_read(world):
    def come_and_go(name: str) -> None:
        for _ in range(50):
            ctl(world, f"fork 1 comm={name}\n")
            world.read("/.fakeproc/world")
            ctl(world, f"exit {name}\nreap {name}\n")

    before = world.task_count
    with ThreadPoolExecutor() as pool:
        list(pool.map(come_and_go, ["t1", "t2", "t3", "t4"]))
    assert world.task_count == before
    assert not [line for line in log(world) if line.startswith("error")]


def test_an_open_file_keeps_its_world():
    file = World().open("/1/oom_score_adj")
    gc.collect()
    assert file.read(9) == b"0\n"


# --- what is refused --------------------------------------------------------------------------

BAD = [
    ("frok a", errno.EINVAL, 'error line 1: frok a: there is no command "frok": did you mean "fork"?'),
    ("\n\nfork", errno.EINVAL, "error line 3: fork: write: fork PARENT [as PID] [comm=NAME]"),
    ("fork a b", errno.EINVAL, '"b" is one word too many: write: fork PARENT'),
    ("fork a as", errno.EINVAL, "write a number from 1 to 4194303"),
    ("fork a as 0", errno.EINVAL, "write a number from 1 to 4194303"),
    ("fork a as 1 as 2", errno.EINVAL, '"as" is one word too many'),
    ("fork a con=x", errno.EINVAL, '"con=x" is one word too many'),
    ("fork a as 101", errno.EEXIST, "that pid is taken"),
    ("fork aa", errno.ESRCH, 'there is no process "aa"'),
    ("fork 99", errno.ESRCH, "there is no task 99"),
    ("fork 99999999999999", errno.EINVAL, "write a number"),
    ("fork c", errno.EINVAL, '"c" could be pid 102, 103: write the pid'),
    ("clone a", errno.EINVAL, "write: clone PARENT flags=FLAGS"),
    ("clone a flags=VFROK", errno.EINVAL, '"VFROK" is no flag of clone: did you mean "VFORK"?'),
    ("clone a flags=THREAD", errno.EINVAL, "the kernel refuses that"),
    ("vfork a\nfork 100", errno.EBUSY, "error line 2: fork 100: Device or resource busy: it waits for"),
    ("exit 102\nexit 102", errno.ESRCH, "error line 2: exit 102: No such process"),
    ("exit 1", errno.EPERM, "the kernel does not let that task do it"),
    ("exit 102 256", errno.EINVAL, "write a number from 0 to 255"),
    ("reap 102", errno.ECHILD, "only a process that has ended can be reaped"),
    ("kill a KLIL", errno.EINVAL, 'there is no signal "KLIL": did you mean "KILL"?'),
    ("kill a 65", errno.EINVAL, "write a number from 0 to 64"),
    ("caps a caps=kil", errno.EINVAL, 'did you mean "kill"?'),
    ("caps a caps=all", errno.EPERM, "the kernel does not let"),
    ("caps a", errno.EINVAL, "write: caps TASK caps=CAPS"),
    ("dumpable a 2", errno.EINVAL, "write one of 0 1"),
    ("state a Z", errno.EINVAL, "write one of R S D T"),
    ("memory a anon=1X", errno.EINVAL, "is not understood"),
    ("memory a anon=" + "9" * 5000, errno.EINVAL, "9"),
    ("memory kthreadd anon=1M", errno.EINVAL, "the kernel refuses that"),
    ("mems a 1-0", errno.EINVAL, "names no memory nodes"),
    ("adj a 1001", errno.EINVAL, "from -1000 to 1000"),
    ("grow a", errno.EINVAL, "write: grow TASK SIZE"),
    ("grow a 1X", errno.EINVAL, "is not understood"),
    ("grow kthreadd 1M", errno.EINVAL, "the kernel refuses that"),
    ("grow a 1G\ngrow 102 64P", errno.EINVAL, "is not understood"),
    ("kill a\nkill b\nkill 103\nadj 102 -1000\ngrow 102 1T", errno.ENOMEM, "nobody is left"),
    ("free a 11M", errno.EINVAL, "it does not hold so much"),
    ("touch kthreadd", errno.EINVAL, "the kernel refuses that"),
    ("cgroup a box", errno.EINVAL, "a path begins with /"),
    ("limit / 1M", errno.EINVAL, "the root itself has no limits"),
    ("limit box 1M", errno.EINVAL, "a path begins with /"),
    ("oom_group box on", errno.EINVAL, "a path begins with /"),
    ("own dirty=5G", errno.EINVAL, "no more can be dirty than is cached"),
    ("limit /box", errno.EINVAL, "write: limit PATH SIZE"),
    ("oom x", errno.ESRCH, 'there is no process "x"'),
    ("sysrq ff", errno.EINVAL, "write one key, such as f"),
    ("sysrq \xff", errno.EINVAL, "write one key, such as f"),
    ("pressure memory", errno.EINVAL, "write: pressure RESOURCE some=PERCENT"),
    ("pressure disk some=1", errno.EINVAL, "write one of io memory cpu"),
    ("pressure io some=101", errno.EINVAL, "write a percentage from 0 to 100"),
    ("pressure io some=-1", errno.EINVAL, "write a percentage from 0 to 100"),
    ("pressure io some=1 full=2", errno.EINVAL, "full is the part of some"),
    ("pressure io some=1 cgroup=/nowhere", errno.ENOENT, "there is no such cgroup"),
    ("sysctl panic_on_oom", errno.EINVAL, "write name=value"),
    ("sysctl panic_on_om=1", errno.EINVAL, 'did you mean "panic_on_oom"?'),
    ("sysctl panic_on_oom=x", errno.EINVAL, "write a number from"),
    ("sysctl panic_on_oom=3", errno.EINVAL, "panic_on_oom goes from 0 to 2"),
    ("sysctl threads_max=0", errno.EINVAL, "threads_max goes from 1 to 2147483647"),
    ("sysctl swappiness=101", errno.EINVAL, "swappiness goes from 0 to 100"),
    ("sysctl panic_on_oom=99999999999", errno.EINVAL, "write a number from"),
    ("run 5", errno.EINVAL, "is not understood"),
    ("run 9999h", errno.EINVAL, "is not a time from 0 to 366 d"),
    ("run 99999999999h", errno.EINVAL, "is not a time from 0 to 366 d"),
    ("dsleep a", errno.EINVAL, "write: dsleep TASK on|off"),
    ("dsleep a 1", errno.EINVAL, "write one of on off"),
    ("comm a 'x", errno.EINVAL, "a quote or a backslash has no end"),
    ("comm a x\\", errno.EINVAL, "a quote or a backslash has no end"),
    ("comm a x\0", errno.EINVAL, "a NUL byte"),
    ("caller", errno.EINVAL, "write: caller uid=UID"),
    ("caller as nobody", errno.ESRCH, "there is no process"),
    ("caller real x", errno.EINVAL, "one word too many: write: caller real"),
    ("use_mm a a", errno.EINVAL, "the kernel refuses that"),
    (b"fork \xff\x1b[2J", errno.ESRCH, "error line 1: fork \\xff\\x1b[2J: there is no process"),
    ("x" * 100000, errno.EINVAL, 'there is no command "xxx'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number", "words"), BAD)
def test_a_bad_command_has_an_errno_and_a_line_in_the_log(world, text, number, words):
    with pytest.raises(OSError) as refused:  # noqa: PT011
        ctl(world, text)
    assert refused.value.errno == number
    assert words in log(world)[-1]
    assert len(log(world)[-1]) < 1000


def test_a_machine_that_has_halted_takes_no_command(world):
    ctl(world, "sysctl panic_on_oom=1\noom")
    with pytest.raises(WorldError, match="the machine has halted"):
        ctl(world, "fork a as 300")
    assert log(world)[-1].startswith("error line 1: fork a as 300: kernel panic: the machine has halted: nothing")
    assert "Kernel panic - not syncing" in world.kmsg[-1].text
    assert world.read("/.fakeproc/world")


def test_nothing_is_done_where_a_line_is_not_understood(world):
    with pytest.raises(OSError, match="Invalid argument"):
        ctl(world, "fork a as 300\nfork a as x\n")
    with pytest.raises(ProcessLookupError):
        world.task(300)


def test_the_first_failure_ends_the_write(world):
    with pytest.raises(FileExistsError):
        ctl(world, "fork 100 as 300\nfork 100 as 300\nfork 100 as 301\n")
    assert [line.split(":")[0] for line in log(world)] == ["ok fork 100 as 300", "error line 2"]


def test_what_nobody_foresaw_is_an_errno_too(world, monkeypatch):
    monkeypatch.setattr(Control, "write", lambda self, text: 1 // 0)
    with pytest.raises(OSError, match="Input/output error"):
        ctl(world, "fork a")
    assert log(world) == ["error: ZeroDivisionError: integer division or modulo by zero"]


# --- anything at all ------------------------------------------------------------------------------

WORDS = [*{word for command in COMMANDS for word in command.usage.replace("[", " ").replace("]", " ").split()}]
word = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        [
            "a",
            "b",
            "1",
            "2",
            "100",
            "101",
            "300",
            "as",
            "comm=x",
            "anon=1M",
            "caps=+kill",
            "uid=5",
            "0-1",
            "D",
            "-1",
            "9M",
            "20ms",
            "on",
            "f",
        ]
    ),
    st.text(max_size=5),
)
line = st.tuples(st.sampled_from([command.name for command in COMMANDS]), st.lists(word, max_size=4))


def carry_out(world: World, text: bytes) -> None:
    """Nothing but an OSError with its line in the log."""
    try:
        ctl(world, text)
    except OSError as error:
        reason = error.errno
    else:
        return
    assert reason != errno.EIO
    assert log(world)[-1].startswith("error line ")


def small_world() -> World:
    world = World()
    world.spawn("a", pid=100, anon="10 MiB").clone_vm("b", pid=101)
    Control(world).attach()
    return world


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_commands_or_refused(text):
    carry_out(small_world(), text)


@given(st.lists(line, min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_any_words_are_commands_or_refused(lines):
    world = small_world()
    for name, words in lines:
        carry_out(world, " ".join([name, *words]).encode("utf-8", "surrogateescape"))
    assert world.read("/.fakeproc/world")
