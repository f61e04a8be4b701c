"""What `fakeproc help TOPIC` prints: the tables that the program itself works by, where there is one."""

import textwrap
from collections.abc import Callable
from typing import NamedTuple

WIDTH = 79


class Patch(NamedTuple):
    """One patch of the series; in_: how much of it is here."""

    title: str
    change: str
    in_: str


PATCHES = {
    1: Patch(
        "proc, oom: drop bogus task_lock and mm check",
        "adjusting a task without mm (zombie, kernel thread) works; was EINVAL",
        "yes",
    ),
    2: Patch(
        "proc, oom: drop bogus sighand lock",
        "a task that is being released reads its real values; was -16, -1000 and ESRCH",
        "yes",
    ),
    3: Patch(
        "proc, oom_adj: extract oom_score_adj setting into a helper",
        "nothing that can be seen; patch 4 builds on it",
        "yes",
    ),
    4: Patch(
        "mm, oom_adj: make sure processes sharing mm have same view of oom_score_adj",
        "a write reaches every process of the same mm but vforked ones, with a log line each",
        "yes",
    ),
    5: Patch(
        "mm, oom: skip vforked tasks from being selected",
        "a vforked child scores 0 until it execs, and is never the victim",
        "yes",
    ),
    6: Patch(
        "mm, oom: kill all tasks sharing the mm",
        "a sharer at -1000 dies with the victim; was spared, and the memory with it",
        "yes",
    ),
    7: Patch(
        "mm, oom: fortify task_will_free_mem",
        "only a task all of whose sharers are dying counts as about to free its memory",
        "yes",
    ),
    8: Patch(
        "mm, oom: task_will_free_mem should skip oom_reaped tasks",
        "a task that was reaped already is not waited for again; builds on 7",
        "yes",
    ),
    9: Patch(
        "mm, oom_reaper: do not attempt to reap a task more than twice",
        "after a second failure the reaper gives up, and says so",
        "yes",
    ),
    10: Patch(
        "mm, oom: hide mm which is shared with kthread or global init",
        "an mm pinned by one that cannot be killed no longer blocks the OOM killer",
        "yes",
    ),
}

LIMITS = (
    "Never mount it over /proc: a program that is shown synthetic pids signals the REAL processes of these numbers. "
    "fakeproc refuses to, but with --adopt.",
    "--adopt is for private namespaces (unshare --mount --pid --fork --mount-proc), where it may lie over /proc: "
    "whoever asks becomes a process of the world, with its threads and parents, under its real pid, and leaves it when "
    "it has ended. Where the world has that pid, its own process stays, and the caller takes itself for that one. Ids, "
    "parent, name, threads, and where exe, cwd, root, fd and ns lead are the real ones; each counts as 1 MiB, whatever "
    "it really uses, and as asleep, and has no arguments but its name; its oom_score_adj is the world's. A link to "
    "what has no path (a pipe) can be read but not followed, so that /dev/stdin and <(...) of a shell do not work "
    "there: they do in a lab. No more than 512 are taken in at a time.",
    "An adopted process is chosen by the OOM killer as others are, but nothing real is signalled, unless in a lab: "
    "killed in the world it leaves it, and its next request brings it back as a newcomer. A signal that a program "
    "sends to a synthetic pid reaches nobody in the world, but in a lab (fakeproc help lab).",
    "A request brings its caller's uid, but not his capabilities. --caps root (the default): uid 0, as the server "
    "sees it, has all of them, others none. --caps caller: those that he really has, if his user namespace is the "
    "server's. `caller` in .fakeproc/ctl sets who the requests that follow come from.",
    "/proc/self leads to the caller's real pid, and nowhere where the world does not know it; --adopt mends that.",
    "Of a process and of a thread every file is there that a real kernel has, but what the world does not model tells "
    "the same of everybody: no terminal, a session of its own, nice 0, the limits of init, descriptors on /dev/null, a "
    "loopback without connections, no pages in pagemap, and for each state one place where it sleeps. maps, smaps and "
    "status are of one layout that follows from the sizes; no page is shared between two mms, so Pss is Rss. zoneinfo "
    "has the lines that programs count with, sched those of 6.18 on every kernel. Of coredump_filter, timerslack_ns, "
    "autogroup, the maps of ids and attr writing is EINVAL.",
    "Memory is counted, not aged: see `fakeproc help memory`. What an mm holds counts in the cgroup of its oldest "
    "process and moves with that; a real kernel leaves it where it was charged. `limit` in .fakeproc/ctl kills nobody "
    "before somebody grows; a write to memory.max does.",
    "fork copies all memory at once: where a real kernel shares the pages until somebody writes to them, here they "
    "count a second time, in the machine and in the cgroup. What does not fit the child takes as if it wrote to all of "
    "it at once: others' pages are reclaimed, and somebody may be killed. It never fails for that. A child that execs "
    "soon gives its copy back (vfork takes none).",
    "Of cgroups there are cgroup.*, memory.* without memory.zswap.*, pids.* and the few of cpu and io that programs "
    "read, in v1 the memory hierarchy without memory.kmem.*, move_charge_at_immigrate, eventfd and release agents. "
    "memory.current counts resident pages and no kernel memory. There are no threaded cgroups; who is frozen keeps the "
    "state that it had. A change of *.events wakes who polls, not who watches with inotify; statfs says FUSE, not "
    "cgroup2. memory.peak is set back for every reader.",
    "Limits of cgroups: what is above memory.high when somebody grows is reclaimed and counted (memory.events), more "
    "in swap than memory.swap.high is counted, and nobody is slowed down for either. memory.min, memory.low, "
    "cpu.weight, cpu.max, and in v1 swappiness, soft limit and oom_kill_disable are kept without effect. "
    "memory.swap.events counts once each time that swap, or memory.swap.max, gives out in the midst of a reclaim; a "
    "real kernel counts each page. memory.numa_stat has all of a process on the first node that it may use, and what "
    "is the kernel's on node 0.",
    "pressure/{io,memory,cpu} are as stalled as `pressure` in .fakeproc/ctl, or World.set_pressure, says, and memory "
    "besides by what makes room (`fakeproc help memory`); there is no pressure/irq. Their averages are made every 2 s "
    "sharp (the kernel's period is a tick longer), also of a group in which nothing runs.",
    "A stall (World.settle) knows locks between tasks, the mmap lock, the allocator's loop, the reserves of victims, "
    "the reaper, the freezer and OOM notifiers. It leaves out reclaim and writeback, locks with several holders, and "
    "CPUs: everybody who can run does at once. Who grows waits for as much as it asked for, who only waits for memory "
    "for any that comes free.",
    "For a minute after it was last looked up, the kernel by itself lets the name of a process that is gone be opened "
    "with O_PATH; whatever is done with it then is an error. -o entry_timeout=0 makes it ask each time.",
    "A snapshot says what a scenario can say: one uid for all threads, no page tables, no environment; minimums of "
    "oom_score_adj, which no /proc tells, are taken to be as low as the values. File pages that several processes map "
    "count for each of them, and the page cache is what is left of meminfo's Cached without them; files in tmpfs that "
    "nobody maps are not there.",
    "What pyfakefs does not reach: see `fakeproc help testing`.",
    "Recordings judge 4.7, 4.8, 6.1 and 6.18; the versions between follow what is known of their sources.",
    "Some things the kernel's FUSE client decides before fakeproc is asked:",
)


MEMORY = (
    "Free is what the processes' resident pages and page tables, the kernel's stacks (16 KiB a task), page cache, "
    "buffers and slab leave of the RAM. meminfo, vmstat, zoneinfo, buddyinfo and swaps are made of one sum; an mm "
    "counts once. What the machine has of its own are the keys cache, dirty, buffers, slab_reclaimable and "
    "slab_unreclaimable of [machine], and `own` in .fakeproc/ctl.",
    "An allocation leaves the min watermark (sys/vm/min_free_kbytes) free. What does not fit is reclaimed by the "
    "allocation itself, no more than is missing; is there less than the low watermark left then, kswapd reclaims up "
    "to the high one. Where nothing can be reclaimed, the OOM killer runs.",
    "First goes the page cache (what is dirty is written), then buffers, then reclaimable slab to an eighth of what "
    "there was (none of it with vfs_cache_pressure 0).",
    "Then the processes' pages: `swappiness` of 200 parts go to swap, the rest are pages of files, which are read "
    "again when they are touched. One kind makes up for what the other lacks, but with swappiness 0 nothing is "
    "swapped while there are file pages. mlocked pages and shared memory stay.",
    "Of the processes, who has not grown or touched its memory for the longest time gives first, and all that it "
    "has. A memory cgroup that is full reclaims among its own processes.",
    "touch brings swapped pages back, and file pages that were taken; others' go to swap for it, its own stay.",
    "Time: a page that is read or written takes 100 us, another one 1 us. The clock does not move by it: for so long "
    "from then on whoever allocated or faulted is stalled in pressure/memory, and everybody is where no other task "
    "runs, but for no more than 2 s ahead, and no longer than it lives. So total= never grows by more than the time "
    "that goes by, however many are stalled at once, and the averages fall when the cause is gone. kswapd stalls "
    "nobody.",
    "On the LRU lists, anonymous pages are active until 5.8 and inactive since, shared memory is inactive, file pages "
    "are active where a process has them mapped. MemAvailable is the kernel's formula; Committed_AS is what the "
    "processes hold of anonymous and shared memory, swapped or not.",
    "Left out: the lists' ages and the second chance, readahead, writeback by time, swap cache, zswap, compaction, "
    "huge pages, pages shared after a fork, memory.min and memory.low.",
)


LAB = (
    "fakeproc run --scenario NAME --for 10s -- CMD... starts CMD, unmodified, in private namespaces in which /proc is "
    "the scenario's machine. What CMD signals lands: behind each synthetic process stands a real one, its placeholder, "
    "with the same pid, in a session of its own, with the same uid where the system permits it (as root). So kill, "
    "pidfds, waiting for a victim to end and the like need nothing of fakeproc; the signal becomes an event of the "
    "model, and memory comes back. Whom the model kills, its placeholder dies; whom it forks gets one.",
    "CMD, and all that it starts, are in the world under their real pids, as with mount --adopt, from when somebody "
    "lists /proc, looks for their number, or they ask themselves. fd, fdinfo, ns, exe, cwd, root, maps, smaps, "
    "smaps_rollup, numa_maps, cmdline, environ and auxv are their own, as the real procfs has them: pipes can be "
    "opened by /dev/stdout and /dev/fd, a program starts itself by /proc/self/exe. Their numbers (status, stat, "
    "statm, oom_*, io, limits, cgroup) are the model's, in the lines of its kernel, and so are mounts and mountinfo: "
    "they tell of the machine's /proc and /sys/fs/cgroup, where there is a FUSE file system. Whoever of them the "
    "model kills, by its OOM killer or a cgroup.kill, is killed.",
    "It works as root, and as an ordinary user where /dev/fuse and user namespaces are open to him; then he is root "
    "inside, and placeholders have no other uid.",
    "What a process does with SIGTERM is its scenario's: on_sigterm, see fakeproc help scenario. One with "
    "dsleep = true is really in uninterruptible sleep: signals stay pending until the model lets it go.",
    "The scenario plays by the wall's clock, --speed makes it faster. A run ends with CMD, or at --for. Then comes a "
    "table: who was signalled, by whom, with what, when, how much memory was available, what became of it; whether "
    "the kernel's OOM killer was faster; and each [[expect]], judged at the end. --expect FILE adds those of another "
    "scenario file. Exit code: CMD's; where that is 0 (as after --for), 1 if an expectation failed. --json prints it "
    "for machines, and what CMD prints goes to stderr.",
    "fakeproc gauntlet -- CMD... sends a daemon through all scenarios named daemon-..., and prints a score card.",
    "Nothing inside can signal anything outside. Nothing is left of a run, however it ends: all of it lives in a pid "
    "namespace, and the kernel ends that with its first process, the server.",
)
LAB_LIMITS = (
    "Nobody tells who has sent a SIGKILL or a SIGSTOP, or a signal to one who is held. It is known where CMD has never "
    "started another process, and with --senders, which does what --intercept does and stops kill(2) and its kin, too.",
    "From 2,000 placeholders and threads on, they have no threads, and one memory, the server's. So process_mrelease "
    "fails, as for all memory that somebody living shares; the sender of a signal is not known; and they cannot be "
    "held. Who sleeps uninterruptibly from the start, or has an on_sigterm, is none of them; a dsleep that comes later "
    "does not keep their signals pending. No more than 64 can be held at a time.",
    "The threads of a synthetic process that can be signalled by their tids are those that it had when it appeared: "
    "one that comes later is nobody, and one that ends still takes signals for its process.",
    "Whoever dies in the model is waited for by its parent at once; only zombies of the scenario stay.",
    "A process that is forked in the model can be seen a moment before it can be signalled (0.1 ms).",
    "Without --intercept, killall (psmisc) fails, which signals through an open /proc/PID; sysinfo(2) tells of the "
    "real machine (busybox free), and statfs(2) that /proc is FUSE (systemd-oomd and runc refuse it). With it these "
    "calls are stopped and answered; a program that wants a seccomp listener of its own finds it taken.",
    "systemd-oomd needs --intercept, and somebody who tells it over varlink, at /run/systemd/io.system.ManagedOOM, "
    "which cgroups to look after, as systemd does (and tests/lab/service_manager.py); a bus it does without.",
    "The nice value, the I/O priority and the CPUs of a synthetic process, by system calls, are those of who has "
    "started the lab.",
    "CMD has a session of its own, without a terminal: a shell in a lab has no job control.",
    "After lseek(SEEK_END) on /dev/kmsg poll(2) still says that there is something, until the first read: a FUSE "
    "client moves the position by itself. A reader at its end waits; in a mount he is told that there is no more.",
    "process_mrelease of a victim that is held succeeds, and frees nothing in the model. It succeeds, too, where a "
    "real kernel says EINVAL since others that live share the victim's memory (clone_vm_of, vfork_of): each has a "
    "placeholder with a memory of its own.",
    "ns of a synthetic process leads to the namespaces of its placeholder, but where the scenario gives it some of its "
    "own: these can be read and not followed. All have another mount namespace than CMD.",
    "/sys is the real machine's, but for /sys/fs/cgroup (node_exporter takes the memory of its nodes from there), and "
    "so is the kernel of uname(2). Its host name is the world's.",
    "What CMD starts has the oom_score_adj and the cgroup that its parent had when it came into the world; once it has "
    "ended it is gone from /proc, also where nobody has waited for it yet.",
    "x86-64 so far, Linux 5.9 or newer.",
)
TESTING = (
    "Tests of Python code that reads or writes /proc meet a world in process, without a mount: world.fake_fs() is a "
    "context manager, pyfakefs with the world at /proc (at= says elsewhere), and fakeproc.fake_fs.add_to(fs, world) "
    "does the same to a pyfakefs that is there already. open(), os, pathlib, glob and shutil find the world: every "
    "look is the core's at that moment, every write goes to it, and errno, short counts, positions and who may do "
    "what are those of a mount, without what a FUSE client decides. psutil works, at /proc or with PROCFS_PATH.",
    "as_ says who acts: a Task or a Caller. By default a process of root, named python3 and without memory, is made "
    "for that and leaves with it. /proc/self is who acts, and so is os.getpid(). os.kill() signals the processes of "
    "the world, by the kernel's rules; a pid that it does not have is nobody's, but for a real child of the test. Time "
    "stands until World.step() or run() lets it pass.",
    "With fakeproc installed (pip install and the path of a checkout, or git+ and its URL; gcc builds it, mounts need "
    "libfuse 2), pytest has these fixtures, and they cost nothing where they are not used:",
)
FIXTURES = {
    "world": "a World: that of the marker, or a machine with nothing but init in it",
    "proc_fs": "pyfakefs (its fs) with `world` at /proc",
    "proc_mount": "`world` through FUSE, for C extensions and other programs; a path: proc_mount / '1200/stat'. "
    "Who asks has every capability, until proc_mount.caller(None)",
    "oom_lab": 'oom_lab(["earlyoom", "-r", "0"], time="6 s") runs a program in the lab (fakeproc help lab): signals, '
    "killed, killed_by_kernel, holds, code, output and verdict of its result say what came of it",
}
TESTING_MARKER = (
    '@pytest.mark.scenario("leak.toml", kernel=["4.7", "4.8"]) names the machine: a file beside the test, or a bundled '
    "scenario. With several kernels the test runs once for each. A test that fails shows its world, the last lines of "
    "the kernel log and the verdicts of the lab. Where there is no FUSE, or no lab, tests are skipped with the reason."
)
TESTING_LIMITS = (
    "pyfakefs reaches Python code that goes through os, io, pathlib and shutil. C extensions, subprocesses, mmap, "
    "select, poll and the functions of os that pyfakefs does not know (readv, statvfs, fchdir ...) see the real "
    "machine: proc_mount and oom_lab are for these.",
    "A test has proc_fs (or fs) or proc_mount, not both: pyfakefs hides a mount from the process of the test. oom_lab "
    "goes with either.",
    "psutil asks the kernel itself about a pid for nice, ionice, cpu_affinity and rlimit: that is the REAL process of "
    "that number, also where it is changed. cpu_count, getloadavg, users, disk_partitions, disk_usage and net_if_* "
    "tell of the real machine. All else is read from the world.",
    "os.kill is the world's wherever a module has imported it, under whatever name. What holds the function "
    "otherwise, a default argument or a partial, keeps the real one. os.killpg, pidfd_open, setpriority and sched_set* "
    "would reach real processes and are ENOSYS; os.getpgid and the like tell of real ones.",
    "`caller` in .fakeproc/ctl is for mounts; here as_ says who acts.",
    "pyfakefs takes .. out of a path before it follows links.",
)


def text(topic: str) -> str:
    """The text of a topic, without a newline at the end."""
    return TOPICS[topic]().rstrip()


def _wrapped(words: str, indent: int, first: str = "") -> str:
    """Filled lines, indented; the first one starts with `first` instead."""
    space = " " * indent
    return textwrap.fill(words, WIDTH, initial_indent=first or space, subsequent_indent=space, break_on_hyphens=False)


def _rules() -> str:
    from fakeproc import rules

    versions = rules.versions()
    lines = [_wrapped(f"Kernels: {' '.join(versions)}; single patches of the series go on top of 4.7.", 0), ""]
    for row in rules.rows():
        until = "on" if row.until == versions[-1] else f"to {row.until}"
        patch = f", patch {row.patch}" if row.patch else ""
        lines += [f"{row.name}: {row.since} {until}{patch}", _wrapped(row.text, 4)]
    return "\n".join(lines)


def _patches() -> str:
    head = 'The ten patches of "Handle oom bypass more gracefully" (June 2016), between 4.7 and 4.8.'
    lines = [_wrapped(head, 0), "--patches 1,4 applies some of them to 4.7, and what they build on.", ""]
    for number, patch in PATCHES.items():
        lines += [_wrapped(f"{patch.title} [{patch.in_}]", 4, f"{number:2}  "), _wrapped(patch.change, 4)]
    return "\n".join(lines)


EXAMPLE = """\
[machine]
kernel = "4.8"              # or { base = "4.7", patches = [1, 4] }
ram = "8 GiB"

[[process]]
pid = 1200
comm = "browser"
uid = 1000
anon = "900 MiB"
threads = 24
oom_score_adj = 300

[[process]]
comm = "gpu-helper"
clone_vm_of = "browser"     # shares its memory, not its adjustment

[[process]]
comm = "updater"
vfork_of = "browser"        # in its parent's memory until it execs
"""

STORY = """\
[[event]]
at = "1 s"
exec = { who = "updater", comm = "apt" }   # the browser has waited for this

[[event]]
at = "2 s"
leak = { who = "browser", rate = "400 MiB/s" }

[[expect]]
killed = ["browser", "gpu-helper"]
by = "kernel"               # or "signal"
before = "25 s"
"""

ON_SIGTERM = (
    'on_sigterm = "die" (the default); "ignore"; { after = "300 ms" }: it dies so late; { core = "2 s" }: it writes a '
    'core dump for so long, holds its memory, and dies with the core flag; "fork": it forks a copy of itself, which '
    "does the same, and dies. For a signal of a program in a lab, and one of an event. A fork does as its parent, "
    "unless it says something else; after an exec only what ignores it does so still."
)
EVENT_TIMES = 'at = "2 s" from the start, or wait = "2 s" from the event above; every = "1 s" and times = 10 repeat it'
GRADUAL = (
    'What has over = "10 s", and a leak, goes on in steps of 100 ms (behind the first hour in longer ones) until it is '
    'done or its process is dead; for = "2 s" ends a condition, until = "30 s" counts from the start. A name that an '
    "event gives (name, else comm) may be used below it. Units of time are ns us ms s min h d, and a year (366 d) is "
    "the longest that there is: also for a leak, and for a run."
)
PLAYED = (
    "fakeproc scenario check FILE finds every mistake; fakeproc scenario run FILE plays it in virtual time and judges; "
    "a mount plays it by the wall's clock (pause, resume, step and speed in .fakeproc/ctl); fakeproc compare plays it "
    "on several kernels, fakeproc explain --at a part of it."
)


def _with(modifiers: tuple[str, ...]) -> str:
    return f" ({', '.join(modifiers)})" if modifiers else ""


NODES = (
    'nodes = ["4 GiB", "4 GiB"]: memory nodes 0 and 1, whose sum is the RAM. mems = "1": those that a process may use; '
    "nodes of an oom event: those of the allocation's memory policy. Who is killed then may use one of them."
)


def _scenario() -> str:
    from fakeproc import scenario
    from fakeproc.scenario import events, expect, keys

    lines = [
        "A scenario is a TOML file: fakeproc mount /tmp/p --scenario FILE",
        _wrapped(" ".join(scenario.bundled_names()), 4, "or a bundled one by its name: "),
        "",
        EXAMPLE,
        STORY,
        _wrapped(f"[machine]: {' '.join(keys.MACHINE_KEYS)}", 0),
        _wrapped(NODES, 4),
        _wrapped(f"[[cgroup]]: {' '.join(keys.CGROUP_KEYS)}", 0),
        _wrapped(f'{" ".join(keys.CGROUP_LIMITS)} are sizes or "max"; limit is memory.max, 0 takes it away.', 4),
        _wrapped(f"[[process]]: {' '.join(keys.PROCESS_KEYS)}", 0),
        _wrapped(ON_SIGTERM, 4),
        _wrapped(f"[[event]]: {EVENT_TIMES}, and one of", 0),
        *(_wrapped(f"{name} = {{ {' '.join(action.table)} }}", 4, "  ") for name, action in events.ACTIONS.items()),
        _wrapped(GRADUAL, 0),
        "",
        _wrapped("[[expect]]: any of these, each of which is judged by itself", 0),
        *(
            _wrapped(f"{name} = {row.usage}: {row.help}{_with(row.modifiers)}", 4, "  ")
            for name, row in expect.EXPECTS.items()
        ),
        _wrapped("and what goes with them", 0),
        *(_wrapped(f"{name}: {text}", 4, "  ") for name, (_, text) in expect.MODIFIERS.items()),
        "",
        _wrapped(PLAYED, 0),
    ]
    return "\n".join(lines)


def _control() -> str:
    from fakeproc import commands

    head = "Commands for MOUNTPOINT/.fakeproc/ctl; log says what became of them, world shows all."
    return f"{_wrapped(head, 0)}\n{commands.usage()}"


SHELL = (
    "fakeproc shell SCENARIO takes the commands of `fakeproc help control`, as .fakeproc/ctl of a mount does, and "
    "those below; each shows what it changed, and what happened of it in the world. A path is below /proc, with or "
    "without it.",
    "fakeproc shell SCENARIO SCRIPT carries out the lines of a file (without SCRIPT those of stdin, where that is no "
    "terminal). A line that fails ends it with exit code 1; with --keep-going the others follow. --echo shows each "
    "line before what it shows: a transcript.",
    "fakeproc shell --check FILE replays the transcripts in a file, such as a bug report, and prints what differs, "
    "with line numbers; exit code 1 where something does. A transcript begins with `$ fakeproc shell SCENARIO` (else "
    "the scenario is that of the call); what a command shows ends with the next prompt, or with ```; ... stands for "
    "whatever there is.",
)


def _shell() -> str:
    from fakeproc.commands import aligned
    from fakeproc.shell.builtin import BUILTINS

    rows = [aligned(row.usage, row.help) for row in BUILTINS.values()]
    return "\n\n".join([*(_wrapped(words, 0) for words in SHELL), "\n".join(rows)])


def _memory() -> str:
    lines = ["How memory is counted, and what makes room when RAM is full.", ""]
    return "\n".join([*lines, *(_wrapped(words, 2, "- ") for words in MEMORY)])


def _absent() -> list[str]:
    """What the tree lacks on purpose, by reason."""
    from fakeproc import absent

    paths: dict[str, list[str]] = {}
    for path, reason in absent.MACHINE.items():
        paths.setdefault(reason, []).append(path)
    return [_wrapped(f"{reason}: {' '.join(names)}", 6, "    - ") for reason, names in paths.items()]


def _limits() -> str:
    from fakeproc.replay import elsewhere

    lines = ["A synthetic /proc is not the real one. What to know:", ""]
    lines += [_wrapped(limit, 2, "- ") for limit in LIMITS]
    lines += [
        _wrapped(f"{kind.name}: {kind.reason}", 6, "    - ") for kind in elsewhere.KINDS if kind.mode == elsewhere.MOUNT
    ]
    lines += ["- Files of a real /proc that are left out on purpose:", *_absent()]
    return "\n".join(lines)


def _lab() -> str:
    from fakeproc import scenario

    names = [name for name in scenario.bundled_names() if name.startswith("daemon-")]
    gallery = [_wrapped(scenario.bundled(name).title, 4, f"{name.removeprefix('daemon-')}: ") for name in names]
    limits = [_wrapped(limit, 2, "- ") for limit in LAB_LIMITS]
    paragraphs = [_wrapped(words, 0) for words in LAB]
    return "\n\n".join([*paragraphs, "\n".join(["Scenarios for daemons:", *gallery]), "\n".join(["Limits:", *limits])])


def _testing() -> str:
    fixtures = [_wrapped(words, 4, f"{name}: ") for name, words in FIXTURES.items()]
    limits = [_wrapped(limit, 2, "- ") for limit in TESTING_LIMITS]
    paragraphs = [*(_wrapped(words, 0) for words in TESTING), "\n".join(fixtures), _wrapped(TESTING_MARKER, 0)]
    return "\n\n".join([*paragraphs, "\n".join(["Limits:", *limits])])


TOPICS: dict[str, Callable[[], str]] = {
    "rules": _rules,
    "patches": _patches,
    "scenario": _scenario,
    "control": _control,
    "shell": _shell,
    "memory": _memory,
    "lab": _lab,
    "testing": _testing,
    "limits": _limits,
}
