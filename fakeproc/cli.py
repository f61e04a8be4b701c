"""The commands. Each verb imports what it needs when it runs: a mount is ready in a fraction of a second."""

import argparse
import os
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from fakeproc import __version__
from fakeproc.ending import GOOD, concluded, nobody_reads, open_streams
from fakeproc.errors import FakeprocError

if TYPE_CHECKING:
    from fakeproc.mount import Mount
    from fakeproc.rules import Kernel
    from fakeproc.shell.session import Session
    from fakeproc.world import Task, World

ORDERS = ("points", "rss", "score", "adj", "pid", "comm")
WITH_PROGRAM = ("run", "gauntlet")
SHELLS = ("bash", "zsh")
TOPICS = ("rules", "patches", "scenario", "control", "shell", "memory", "lab", "testing", "limits")


class Formatter(argparse.HelpFormatter):
    """argparse's, but verbs stand below their title, without a line for all of them: the help has to fit a screen."""

    def _format_action(self, action: argparse.Action) -> str:
        text = super()._format_action(action)
        return text.partition("\n")[2] if action.nargs == argparse.PARSER else text

    def _iter_indented_subactions(self, action: argparse.Action) -> Generator[argparse.Action, None, None]:
        yield from getattr(action, "_get_subactions", list)()


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one line."""

    def __init__(self, **words: Any) -> None:
        super().__init__(formatter_class=Formatter, allow_abbrev=False, **words)

    def error(self, message: str) -> NoReturn:
        raise FakeprocError(f"{message}: see {self.prog} --help")


def _time(option: str, word: str) -> int:
    """The nanoseconds that an option asks for."""
    from fakeproc import units

    try:
        return units.duration(word)
    except FakeprocError as error:
        raise FakeprocError(f"{option}: {error}") from None


# --- mount -----------------------------------------------------------------------


def _mount_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("mountpoint", metavar="MOUNTPOINT", nargs="?", help="an empty directory")
    add("--demo", action="store_true", help="a short tour on a temporary directory instead")
    add("--scenario", metavar="FILE|NAME", default="default", help="the machine to show (default: a small desktop)")
    add("--kernel", metavar="VERSION", help="whose rules, 4.7 to 6.18 (default: the scenario's)")
    add("--patches", metavar="LIST", help="4.7 with these patches of the series: 1,4 or 1-4")
    add("--caps", choices=("root", "caller"), default="root", help="who has capabilities: uid 0, or who really has")
    add("-o", metavar="OPTIONS", dest="fuse_options", action="append", default=[], help="options for FUSE")
    add("--speed", metavar="N", type=float, default=1.0, help="its clock is N times as fast as ours; 0: paused")
    add("--adopt", action="store_true", help="who asks joins the world; for private namespaces")
    add("--real-proc", metavar="DIR", default="/proc", help="where a real procfs is mounted (default: /proc)")
    add("--force", action="store_true", help="take away a mount of ours there, dead or alive")


def _mount(options: argparse.Namespace) -> int:
    if options.demo:
        from fakeproc.demo import demo

        return demo()
    if options.mountpoint is None:
        raise FakeprocError("where to? name an empty directory: mkdir /tmp/p, then fakeproc mount /tmp/p")

    from fakeproc import mount, scenario
    from fakeproc.playback import check_pace, controlled
    from fakeproc.scenario.run import Run

    speed = check_pace(options.speed)
    kernel = _asked_kernel(options)
    described = scenario.find(options.scenario)
    point = mount.check_mount_point(options.mountpoint, options.force, options.adopt)
    run = Run(described, kernel)
    served = mount.Mount(run.world, point, options.caps, _fuse_options(options), options.adopt, options.real_proc)
    with controlled(served, run, speed):
        mount.serve(served, lambda: _welcome(served))
    _say(f"unmounted {point}")
    return GOOD


def _asked_kernel(options: argparse.Namespace) -> "Kernel | None":
    """The kernel of --kernel and --patches; None where neither is given."""
    from fakeproc import rules

    if options.patches is None:
        return None if options.kernel is None else rules.kernel(options.kernel)
    kernel = rules.kernel("4.7" if options.kernel is None else options.kernel, options.patches)
    if note := rules.added_note(options.patches, kernel):
        _say(note)
    return kernel


def _fuse_options(options: argparse.Namespace) -> list[str]:
    return [option for words in options.fuse_options for option in words.split(",") if option]


def _welcome(mount: "Mount") -> None:
    """What is there, and what to try first."""
    from fakeproc import wording

    world = mount.world
    _say(f"kernel {world.kernel}, {wording.counted(len(world.processes), 'process')} at {mount.path}")
    if "allow_other" not in mount.options:
        _say("only you can see it: root, or user_allow_other in /etc/fuse.conf, opens it to other users")
    if os.geteuid():
        _say("to be root in it, as far as it asks:")
        _say(f"  echo caller uid=0 caps=all > {mount.path}/.fakeproc/ctl")
    _say("try in another shell:")
    for command in _suggestions(world, mount.path):
        _say(f"  {command}")
    _say(f"Ctrl-C or fusermount -u {mount.path} ends it")


def _suggestions(world: "World", path: str) -> list[str]:
    """Read an adjustment, write it, and look at a process that shares the memory, if there is one."""
    import shlex

    first, second = _pair(world)
    place = shlex.quote(path)
    return [
        f"cat {place}/{first.pid}/oom_score_adj {place}/{first.pid}/oom_score",
        f"echo -500 > {place}/{first.pid}/oom_score_adj",
        f"cat {place}/{second.pid}/oom_score_adj",
    ]


def _pair(world: "World") -> tuple["Task", "Task"]:
    """Two processes of one mm, neither of them vforked; or the newest process, twice."""
    processes = [task for task in world.processes if not task.is_vforked]
    for task in processes:
        others = [sharer for sharer in task.sharers if sharer != task and not sharer.is_vforked]
        if others:
            return task, others[0]
    return processes[-1], processes[-1]


# --- run -------------------------------------------------------------------------


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.usage = "fakeproc run [OPTION...] -- CMD..."
    add = parser.add_argument
    add("command", metavar="CMD", nargs="+", help="the program, and its arguments, after --")
    add("--scenario", metavar="FILE|NAME", default="default", help="the machine to show (default: a small desktop)")
    add("--expect", metavar="FILE", help="judge by the [[expect]] of this scenario file, too")
    add("--kernel", metavar="VERSION", help="whose rules, 4.7 to 6.18 (default: the scenario's)")
    add("--patches", metavar="LIST", help="4.7 with these patches of the series: 1,4 or 1-4")
    add("--caps", choices=("root", "caller"), default="root", help="who has capabilities: uid 0, or who really has")
    add("--for", metavar="TIME", dest="time", help="end it after so long on the wall, such as '30 s'")
    add("--speed", metavar="N", type=float, default=1.0, help="its clock goes N times as fast as the wall's")
    add("--intercept", action="store_true", help="answer statfs, sysinfo and the like")
    add("--senders", action="store_true", help="the same, and hear who sends SIGKILL: it stops kill(2), too")
    add("--report", metavar="FILE", help="the run as an HTML page, too")
    add("--json", action="store_true", help="the verdict for machines; what CMD prints goes to stderr")


def _run(options: argparse.Namespace) -> int:
    from fakeproc import files, lab, scenario
    from fakeproc.lab import keeper
    from fakeproc.lab.init import Asked
    from fakeproc.playback import check_speed
    from fakeproc.report import check_library

    described = scenario.find(options.scenario)
    if options.expect:
        described = lab.with_expects(described, options.expect)
    seconds = None if options.time is None else _time("--for", options.time) / 1e9
    words = {"caps": options.caps, "seconds": seconds, "speed": check_speed(options.speed)}
    words |= {
        "json": options.json,
        "intercept": options.intercept,
        "senders": options.senders,
        "report": options.report,
    }
    if options.report:
        check_library()
        files.check(options.report)
    return keeper.run(Asked(options.command, described, _asked_kernel(options), **words))


# --- gauntlet --------------------------------------------------------------------


def _gauntlet_options(parser: argparse.ArgumentParser) -> None:
    parser.usage = "fakeproc gauntlet [OPTION...] -- CMD..."
    add = parser.add_argument
    add("command", metavar="CMD", nargs="+", help="the daemon, and its arguments, after --")
    add("--only", metavar="NAME", action="append", help="this scenario (the beginning of its name will do)")
    add("--for", metavar="TIME", dest="time", default="8 s", help="how long each takes (default: 8 s)")
    add("--jobs", metavar="N", type=int, default=4, help="so many at the same time (default: 4)")
    add("--json", action="store_true", help="for machines")


def _gauntlet(options: argparse.Namespace) -> int:
    from fakeproc.lab.gauntlet import gauntlet_command

    if options.jobs < 1:
        raise FakeprocError("--jobs: at least 1")
    seconds = _time("--for", options.time) / 1e9
    words = {"only": options.only, "seconds": seconds, "jobs": options.jobs, "json": options.json}
    return gauntlet_command(options.command, _out(options), **words)


# --- explain ---------------------------------------------------------------------


def _explain_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("place", metavar="SCENARIO|MOUNTPOINT", help="a bundled scenario or a file of one, or a mount of fakeproc")
    add("--by", metavar="PROCESS", help="this one's allocation finds no memory (default: SysRq-f)")
    add("--at", metavar="TIME", help="after the scenario has played so long, such as '1.5 s' (default: before it)")
    add("--kernel", metavar="VERSION", help="whose rules, 4.7 to 6.18 (default: the scenario's)")
    add("--patches", metavar="LIST", help="4.7 with these patches of the series: 1,4 or 1-4")
    add("--json", action="store_true", help="for machines")


def _explain(options: argparse.Namespace) -> int:
    from fakeproc import explain

    if explain.is_place(options.place):
        for option in ("by", "at", "kernel", "patches"):
            if getattr(options, option) is not None:
                raise FakeprocError(f"--{option} is for scenarios: a mount shows what it is now")
        _out(options).write(explain.of_mount(options.place, json=options.json))
        return GOOD
    world = _played(options)
    by = None if options.by is None else _named(world, options.by)
    found = explain.explain(world, by)
    _out(options).write(explain.as_json(found) if options.json else explain.text(found))
    return GOOD


def _played(options: argparse.Namespace) -> "World":
    """The scenario's world, at the time that is asked for."""
    from fakeproc import scenario

    described = scenario.find(options.place)
    world = described.build(_asked_kernel(options))
    if options.at is not None:
        list(described.play(world, _time("--at", options.at)))
    return world


def _named(world: "World", word: str) -> "Task":
    from fakeproc.commands import Named

    return Named(word).find(world)


# --- compare ---------------------------------------------------------------------


def _compare_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("scenario", metavar="SCENARIO", help="a bundled one (the beginning of its name will do), or a file")
    add("--kernels", metavar="VERSION", nargs="+", help="a column each (default: 4.7 4.8 6.18)")
    add("--patches", metavar="LIST", nargs="+", help="a column each, over 4.7: 0 5 5-6 1-10")
    add("--json", action="store_true", help="for machines")


def _compare(options: argparse.Namespace) -> int:
    from fakeproc import compare, scenario

    kernels = compare.kernels_asked(options.kernels, options.patches)
    described = scenario.find(options.scenario)
    rows = compare.compare(described, kernels)
    _out(options).write((compare.as_json if options.json else compare.text)(described, kernels, rows))
    return GOOD


# --- scenario --------------------------------------------------------------------


def _scenario_options(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="act", metavar="check|run", required=True, title="verbs")
    check = _verb(verbs, "check", "is it valid? or every mistake in it", "fakeproc scenario check mine.toml")
    check.add_argument("files", metavar="FILE", nargs="+", help="scenario files, or names of bundled ones")
    what = "play it, and tell whether what it expects comes true"
    run = _verb(verbs, "run", what, "fakeproc scenario run leak --kernel 4.7")
    add = run.add_argument
    add("scenario", metavar="FILE", help="a scenario file, or the name of a bundled one")
    add("--kernel", metavar="VERSION", help="whose rules, 4.7 to 6.18 (default: the scenario's)")
    add("--patches", metavar="LIST", help="4.7 with these patches of the series: 1,4 or 1-4")
    add("--until", metavar="TIME", help="how far, such as 30s (default: until nothing is left to happen)")
    add("--speed", metavar="N", type=float, help="N times as fast as the clock on the wall (default: at once)")
    add("--record", metavar="FILE", help="write all that was seen, for fakeproc report")
    add("--json", action="store_true", help="for machines")
    add("--quiet", action="store_true", help="only the verdicts")


def _scenario(options: argparse.Namespace) -> int:
    from fakeproc.scenario import command

    if options.act == "check":
        return command.check_command(options.files, sys.stdout)
    if options.speed is not None and not 0.001 <= options.speed <= 1000:
        raise FakeprocError("--speed is a number from 0.001 to 1000: 1 is the pace of the clock on the wall")
    return command.run_command(
        options.scenario,
        _out(options),
        kernel=_asked_kernel(options),
        until=None if options.until is None else _time("--until", options.until),
        speed=options.speed,
        json=options.json,
        recorded=options.record,
        quiet=options.quiet,
    )


# --- shell -----------------------------------------------------------------------


def _shell_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("scenario", metavar="SCENARIO", nargs="?", default="default", help="a bundled one, or a file")
    add("script", metavar="SCRIPT", nargs="?", help="carry out its lines (default: stdin, a prompt at a terminal)")
    add("--kernel", metavar="VERSION", help="whose rules, 4.7 to 6.18 (default: the scenario's)")
    add("--patches", metavar="LIST", help="4.7 with these patches of the series: 1,4 or 1-4")
    add("--keep-going", action="store_true", help="go on where a line of a script fails; the exit code is 1 then, too")
    add("--echo", action="store_true", help="show each line of a script before what it shows: a transcript")
    add("--check", metavar="TRANSCRIPT", help="replay it, and print what differs now, with line numbers")


def _shell(options: argparse.Namespace) -> int:
    from fakeproc.shell import prompt, script, transcript

    if options.check is not None:
        return transcript.check(options.check, lambda words: _talk_of(options, words), sys.stdout)
    session = _session(options)
    if options.script is None and sys.stdin.isatty():
        return prompt.talk(session)
    words = {"keep_going": options.keep_going, "echo": options.echo}
    if options.echo:
        sys.stdout.write(f"$ fakeproc shell{_called(options)}\n")
    if options.script is None:
        return script.run(session, sys.stdin, "stdin", sys.stdout, **words)
    with open(options.script, encoding="utf-8", errors="surrogateescape") as lines:
        return script.run(session, lines, options.script, sys.stdout, **words)


def _session(options: argparse.Namespace) -> "Session":
    from fakeproc.shell.session import Session
    from fakeproc.world import World

    return Session(World.from_scenario(options.scenario, _asked_kernel(options)))


def _talk_of(options: argparse.Namespace, words: str) -> "Session":
    """The session that a transcript begins so; without words, and for what they leave open, that of this call."""
    import shlex

    asked = _parser().parse_args(["shell", *shlex.split(words)])
    for name, default in (("scenario", "default"), ("kernel", None), ("patches", None)):
        if getattr(asked, name) == default:
            setattr(asked, name, getattr(options, name))
    return _session(asked)


def _called(options: argparse.Namespace) -> str:
    """The words with which this session was begun, as far as they matter for a transcript."""
    import shlex

    words = [] if options.scenario == "default" else [options.scenario]
    for name in ("kernel", "patches"):
        words += [f"--{name}", value] if (value := getattr(options, name)) else []
    return "".join(f" {shlex.quote(word)}" for word in words)


# --- report ----------------------------------------------------------------------


def _report_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", metavar="RUN", help="a record of fakeproc scenario run --record, or a scenario, which is run")
    add("--kernel", metavar="VERSION", help="run the scenario by these rules (default: its own)")
    add("--patches", metavar="LIST", help="4.7 with these patches of the series: 1,4 or 1-4")
    add("--html", metavar="FILE", help="one file that needs nothing else (default: NAME.html)")
    add("--svg", metavar="FILE", help="the plot alone")
    add("--png", metavar="FILE", help="the plot alone")


def _report(options: argparse.Namespace) -> int:
    from fakeproc.report import report_command

    files = {kind: getattr(options, kind) for kind in ("html", "svg", "png")}
    return report_command(options.run, sys.stdout, kernel=_asked_kernel(options), **files)


# --- replay ----------------------------------------------------------------------


def _replay_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("files", metavar="FILE", nargs="+", help="recordings (JSON lines), or directories with some")
    add("--kernel", metavar="VERSION", help="replay as this kernel (default: the one that was recorded)")
    add("--kind", metavar="KIND", action="append", help="only records of this kind: write, share, score, oom")
    add("--mount", action="store_true", help="through a FUSE mount and real system calls")
    add("--why", action="store_true", help="also list what is decided elsewhere, with the reason")


def _replay(options: argparse.Namespace) -> int:
    from fakeproc.replay import replay_command

    return replay_command(
        options.files,
        kernel=options.kernel,
        mount=options.mount,
        kind=options.kind,
        why=options.why,
        stream=sys.stdout,
    )


# --- snapshot --------------------------------------------------------------------


def _snapshot_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("proc", metavar="PROC", nargs="?", default="/proc", help="a mount, or a saved tree (default: the live /proc)")
    add("-o", metavar="FILE", dest="file", help="write it there (default: to stdout)")
    add("--kernel", metavar="VERSION", help="whose rules, 4.7 to 6.18 (default: the nearest to the machine's)")
    add("--with-arguments", action="store_true", help="whole command lines, which may hold secrets")
    add("--with-environ", action="store_true", help="the environment, too, as comments")
    add("--with-hostname", action="store_true", help="the machine's name, too")


def _snapshot(options: argparse.Namespace) -> int:
    from fakeproc import snapshot

    secrets = {name: getattr(options, name) for name in ("with_arguments", "with_environ", "with_hostname")}
    found = snapshot.snapshot(options.proc, kernel=options.kernel, **secrets)
    if options.file is None:
        sys.stdout.write(found.text)
    else:
        snapshot.write(found.text, options.file, is_secret=any(secrets.values()))
    for line in found.summary:
        print(line, file=sys.stderr)
    return GOOD


# --- top -------------------------------------------------------------------------


def _top_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("place", metavar="MOUNTPOINT", help="a mount of fakeproc")
    add("--sort", metavar="ORDER", choices=ORDERS, default=ORDERS[0], help=f"{' '.join(ORDERS)} (default: points)")
    add("--once", action="store_true", help="one frame as plain text, as also without a terminal")


def _top(options: argparse.Namespace) -> int:
    if options.once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from fakeproc.top import plain

        sys.stdout.write(plain.once(options.place, options.sort))
        return GOOD
    from fakeproc.top import screen

    screen.live(options.place, options.sort)
    return GOOD


# --- bench -----------------------------------------------------------------------


BENCH = (
    "It takes one to three minutes, all on one CPU: it mounts in a temporary directory, starts up to 10,000 real "
    "processes at a time that only wait, kills a hundred of its own in a memory cgroup, fills a lab with 10,000 more, "
    "and leaves nothing of it."
)


def _bench_options(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{parser.description}. {BENCH}"
    parser.add_argument("--json", action="store_true", help="for machines")
    quick = "rough numbers in a few seconds: with 200 processes, a lab of 500, and without what is dear, which it names"
    parser.add_argument("--quick", action="store_true", help=quick)


def _bench(options: argparse.Namespace) -> int:
    from fakeproc.bench import bench_command

    return bench_command(json=options.json, quick=options.quick, stream=sys.stdout)


# --- completion ------------------------------------------------------------------


def _completion_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=" or ".join(SHELLS))


def _completion(options: argparse.Namespace) -> int:
    from fakeproc import completion

    sys.stdout.write(completion.script(options.shell))
    return GOOD


# --- help ------------------------------------------------------------------------


def _help_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", metavar="TOPIC", nargs="?", choices=TOPICS, help=" ".join(TOPICS))


def _help(options: argparse.Namespace) -> int:
    from fakeproc import topics

    print(topics.text(options.topic) if options.topic else _parser().format_help().rstrip())
    return GOOD


# --- the table -------------------------------------------------------------------


@dataclass(frozen=True)
class Verb:
    """One command: what it is for, an example, its options, and what runs it; the result is the exit code."""

    what: str
    example: str
    declare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


VERBS = {
    "mount": Verb(
        "mount a synthetic /proc; Ctrl-C or fusermount -u ends it",
        "mkdir /tmp/p && fakeproc mount /tmp/p --kernel 4.7",
        _mount_options,
        _mount,
    ),
    "run": Verb(
        "start a program that sees it at /proc, and whose signals land",
        "fakeproc run --scenario leak --for 20s -- earlyoom -r 0",
        _run_options,
        _run,
    ),
    "gauntlet": Verb(
        "an OOM daemon through many scenarios, and its score card",
        "fakeproc gauntlet -- earlyoom -r 0",
        _gauntlet_options,
        _gauntlet,
    ),
    "explain": Verb(
        "rank processes as the OOM killer does; what would a kill bring?",
        "fakeproc explain default --kernel 4.7",
        _explain_options,
        _explain,
    ),
    "compare": Verb(
        "a scenario on several kernels; which patch matters?",
        "fakeproc compare patch-05 --patches 0 5 5-6 1-10",
        _compare_options,
        _compare,
    ),
    "scenario": Verb(
        "check scenario files, or play one and judge what it expects",
        "fakeproc scenario run leak --kernel 4.7",
        _scenario_options,
        _scenario,
    ),
    "shell": Verb(
        "play with a world at a prompt or by a script, without a mount",
        "fakeproc shell leak --kernel 4.7",
        _shell_options,
        _shell,
    ),
    "report": Verb(
        "a run as a picture: one HTML file, SVG, PNG",
        "fakeproc report leak --html /tmp/leak.html --png /tmp/leak.png",
        _report_options,
        _report,
    ),
    "replay": Verb(
        "replay recordings of real kernels and print every difference",
        "fakeproc replay tests/golden/4.8.15/write.jsonl --mount",
        _replay_options,
        _replay,
    ),
    "snapshot": Verb(
        "turn a /proc, such as this machine's, into a scenario",
        "fakeproc snapshot -o mine.toml",
        _snapshot_options,
        _snapshot,
    ),
    "top": Verb(
        "watch a mounted world in the terminal",
        "fakeproc top /tmp/p",
        _top_options,
        _top,
    ),
    "bench": Verb(
        "measure the mount, the core and the lab, beside others",
        "fakeproc bench --json",
        _bench_options,
        _bench,
    ),
    "completion": Verb(
        "what bash or zsh needs to complete the words of fakeproc",
        'eval "$(fakeproc completion bash)"',
        _completion_options,
        _completion,
    ),
    "help": Verb(
        " ".join(TOPICS),
        "fakeproc help rules",
        _help_options,
        _help,
    ),
}


def _verb(verbs: Any, name: str, what: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=what, description=what, epilog=f"example: {example}")
    return parser


def _parser() -> Parser:
    parser = Parser(
        prog="fakeproc",
        description="A synthetic Linux /proc in which an out-of-memory kill can be rehearsed.",
        epilog="example: mkdir /tmp/p && fakeproc mount /tmp/p",
        add_help=False,
    )
    parser.add_argument("--version", action="version", version=f"fakeproc {__version__}", help="which this is")
    parser.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
    title = "verbs, of which `fakeproc VERB --help` tells more"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title=title)
    for name, verb in VERBS.items():
        verb.declare(_verb(verbs, name, verb.what, verb.example))
    return parser


# --- running ---------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the result is the exit code."""
    open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="surrogateescape")  # names of files are bytes
    return concluded(partial(_carried_out, (sys.argv[1:] if arguments is None else arguments) or ["help"]))


def _carried_out(arguments: list[str]) -> int:
    options = _understood(arguments)
    return VERBS[options.verb].run(options)


def _understood(arguments: list[str]) -> argparse.Namespace:
    try:
        return _parser().parse_args(arguments)
    except FakeprocError as error:
        if arguments[0] not in WITH_PROGRAM or "--" in arguments:
            raise
        raise FakeprocError(f"{error}; options of CMD stand behind --: {VERBS[arguments[0]].example}") from None


def _out(options: argparse.Namespace) -> TextIO:
    """stdout; for people at a terminal, with lines that fit."""
    from fakeproc import terminal

    return sys.stdout if options.json else terminal.fitting(sys.stdout)


def _say(line: str) -> None:
    """One line for whoever mounts; a mount goes on when nobody reads."""
    try:
        print(line, flush=True)
    except OSError:
        nobody_reads()


if __name__ == "__main__":
    sys.exit(main())
