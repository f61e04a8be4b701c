"""fakeproc shell: at a prompt, by a script, and as a transcript that is replayed."""

from pathlib import Path

import pytest
from screen import Terminal, on_terminal
from server import FAKEPROC, ask

from fakeproc import World
from fakeproc.shell import builtin
from fakeproc.shell.builtin import Quit, Refused
from fakeproc.shell.prompt import Completer
from fakeproc.shell.session import Session


@pytest.fixture
def session() -> Session:
    return Session(World.from_scenario("default"))


def said(session: Session, *lines: str) -> list[str]:
    """What these lines show, or the error that ends them."""
    try:
        return "".join(session.do(line) for line in lines).splitlines()
    except Refused as error:
        return [str(error)]


# --- what each command does ----------------------------------------------------------

SAVED = "echo -500 > 1200/oom_score_adj"
FOLLOWED = (
    "    0.000 s  | updating oom_score_adj for 1201 (gpu-helper) from 300 to -500 because it shares mm with 1200 "
    "(browser). Report if this is unexpected."
)
BROWSER_ACTS = "browser (1200), uid 1000, gid 1000, capabilities none"
ROOT_ACTS = "uid 0, gid 0, capabilities all"
KILLED = [
    "1300",
    "    0.000 s  | Out of memory: Kill process 1300 (java) score 215 or sacrifice child",
    "    0.000 s  | Killed process 1300 (java) total-vm:2253152kB, anon-rss:2097152kB, file-rss:30720kB, shmem-rss:0kB",
    "    0.000 s  java (1300) is killed by the kernel",
]


@pytest.mark.parametrize(
    ("lines", "shows"),
    [
        (["", "   ", "# echo x"], []),
        (["cat 1200/comm 1201/oom_score_adj"], ["browser", "300"]),
        (["cat /proc/1200/comm # the same"], ["browser"]),
        (["cat 1300/cmdline"], ["/usr/bin/java\\x00-Xmx2g\\x00-jar\\x00shop.jar\\x00"]),
        (["as 1200", "echo -n a  'b  c' \"d\" > 1200/comm", "cat 1200/comm"], [BROWSER_ACTS, "a b  c d"]),
        (["as 1200", "echo -n surfer>1200/comm", "cat 1200/comm"], [BROWSER_ACTS, "surfer"]),
        (["echo 7 >> /proc/1202/oom_score_adj", "cat 1202/oom_score_adj"], ["7"]),
        (["echo -n hello", "echo  you"], ["helloyou"]),
        ([SAVED, "cat 1201/oom_score_adj"], [FOLLOWED, "-500"]),
        (["ls 1500/task"], ["1500"]),
        ([SAVED, "adj updater -500", "oom"], [FOLLOWED, *KILLED]),
        ([SAVED, "adj updater -500", "echo f > sysrq-trigger"], [FOLLOWED, *KILLED[1:]]),
        (["fork 1300 as 4000 comm=child", "cat 4000/comm"], ["4000", "child"]),
        (["step 1.5s"], ["the clock is at 1.5 s"]),
        (["as"], [ROOT_ACTS]),
        (["as browser"], [BROWSER_ACTS]),
        (["as uid=5 caps=+kill"], ["uid 5, gid 5, capabilities kill"]),
        (["as 1300", "as root"], ["java (1300), uid 1001, gid 1001, capabilities none", ROOT_ACTS]),
        (["help quit"], [f"{'quit':40}the end; so are exit and Ctrl-D"]),
    ],
)  # fmt: skip
def test_a_line_shows(session: Session, lines: list[str], shows: list[str]) -> None:
    assert "\n".join(said(session, *lines)) == "\n".join(shows)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["frok 1"], 'frok: there is no such command: did you mean "fork"?'),
        (["xyzzy"], "xyzzy: there is no such command: help lists them"),
        (["cat"], "cat: write: cat PATH..."),
        (["cat nosuch"], "cat: nosuch: No such file or directory (ENOENT): ls shows what is there"),
        (["cat 1200"], "cat: 1200: Is a directory (EISDIR): ls lists it"),
        (["ls 1/comm"], "ls: 1/comm: Not a directory (ENOTDIR): there is nothing below a file"),
        (["echo x > 1/oom_adj"], "echo: 1/oom_adj: Invalid argument (EINVAL): that file does not take it"),
        (
            ["as uid=1000", "echo -900 > /proc/1/oom_score_adj"],
            "echo: /proc/1/oom_score_adj: Permission denied (EACCES): `as` says who acts, and root may",
        ),
        (["echo a | b"], "echo: | is not for here: write one command a line, with one > at most"),
        (["echo a > b > c"], "echo: > is not for here: write one command a line, with one > at most"),
        (["echo a > b c"], "echo: > takes one file, at the end of the line: echo TEXT > PATH"),
        (["cat 'x"], "cat: a quote or a backslash has no end: close it"),
        (["fork 99"], "fork: there is no task 99: there are 1, 2, 3, 37, 38, 210, 231, 402 and 23 more (ESRCH)"),
        (["fork 1200"], "fork: Device or resource busy: it waits for its vforked child, which must exec or exit first,"
                        " or for memory, or is frozen (EBUSY)"),
        (["grow 1300"], "grow: write: grow TASK SIZE"),
        (["pause"], "pause: this world's clock only goes when it is told to: write step TIME (EINVAL)"),
        (["explain nobody"], 'explain: there is no process "nobody": there are systemd, kthreadd, ksoftirqd/0, '
            "kswapd0, oom_reaper, systemd-journal, systemd-udevd, dbus-daemon and 20 more"),
        (["cat a\0b"], "cat: a NUL byte cannot be part of a command: leave it out"),
        (["\x1b[2J"], "\\x1b[2J: there is no such command: help lists them"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_a_way_out(session: Session, lines: list[str], error: str) -> None:
    assert said(session, *lines) == [error]


def test_every_command_is_listed_and_has_a_test(session: Session) -> None:
    listed = {line.split()[0] for line in session.do("help").splitlines() if not line.startswith(" ")}
    assert set(builtin.names()) <= listed
    assert said(session, "ps")[0].startswith("kernel   4.8")
    assert "SysRq-f: kills gpu-helper (1201)" in said(session, "explain")
    assert "out of memory in java (1300): kills gpu-helper (1201)" in said(session, "explain java")
    assert said(session, "dmesg") == []
    session.do("oom")
    assert said(session, "dmesg")[-1].startswith("[    0.000000] Killed process 1201 (gpu-helper)")


@pytest.mark.parametrize("line", ["quit", "exit", " exit "])
def test_a_session_ends_when_it_is_told_to(session: Session, line: str) -> None:
    with pytest.raises(Quit):
        session.do(line)


def test_exit_of_a_task_is_another_thing(session: Session) -> None:
    assert said(session, "exit 1300") == ["    0.000 s  java (1300) dies"]


def test_a_scenario_plays_as_time_passes() -> None:
    shown = said(Session(World.from_scenario("leak", kernel="4.7")), "step 11.5s")
    assert shown[0] == "the clock is at 11.5 s"
    assert "   11.300 s  browser (4) is killed by the kernel" in shown


# --- scripts -------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "script"
    file.write_text("# of three\ncat 1200/comm\ncat nosuch\ncat 1300/comm\n")
    return file


def test_a_line_that_fails_ends_a_script(script: Path) -> None:
    done = ask("shell", "default", str(script))
    error = f"fakeproc: {script}:3: cat: nosuch: No such file or directory (ENOENT): ls shows what is there\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "browser\n", error)


def test_a_script_may_keep_going(script: Path) -> None:
    done = ask("shell", "default", str(script), "--keep-going")
    assert (done.returncode, done.stdout) == (1, "browser\njava\n")
    assert done.stderr.count("\n") == 1


def test_a_script_comes_from_stdin_too() -> None:
    done = ask("shell", "--kernel", "4.7", input=f"{SAVED}\ncat 1201/oom_score_adj\nquit\nxyzzy\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "300\n", "")


# --- transcripts -----------------------------------------------------------------------


@pytest.fixture
def transcript(script: Path, tmp_path: Path) -> Path:
    file = tmp_path / "transcript"
    done = ask("shell", "default", str(script), "--keep-going", "--echo", "--kernel", "4.7")
    file.write_text(f"It does not work:\n```\n{done.stdout}```\nWhy?\n\nfakeproc> oom\n...\n    0.000 s  ...\n```\n")
    return file


def test_what_a_script_echoes_can_be_replayed(transcript: Path) -> None:
    assert (
        "$ fakeproc shell --kernel 4.7\nfakeproc> # of three\nfakeproc> cat 1200/comm\nbrowser\n"
        in transcript.read_text()
    )
    done = ask("shell", "--check", str(transcript))
    assert (done.returncode, done.stdout) == (0, f"{transcript}: 5 commands show what they showed\n")


def test_what_differs_is_shown_with_its_lines(transcript: Path) -> None:
    text = transcript.read_text()
    transcript.write_text(text.replace("\njava\n", "\njavac\n").replace("--kernel 4.7", "--kernel 4.7 story-nommu"))
    done = ask("shell", "--check", str(transcript))
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == f"{transcript}:5: fakeproc> cat 1200/comm"
    assert "      6 - browser" in done.stdout.splitlines()
    assert done.stdout.endswith(" of 5 commands show something else\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nothing\n", "no line begins with 'fakeproc> '"),
        ("$ fakeproc shell nosuch\nfakeproc> oom\n", "there is no scenario"),
        ("$ fakeproc shell --nosuch\nfakeproc> oom\n", "--nosuch"),
    ],
)  # fmt: skip
def test_what_is_no_transcript_is_refused(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "transcript"
    file.write_text(text)
    done = ask("shell", "--check", str(file))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


# --- at a terminal -----------------------------------------------------------------------


def on_prompt(tmp_path: Path) -> "object":
    return on_terminal([*FAKEPROC, "shell"], {"XDG_STATE_HOME": str(tmp_path)}, 24, 100)


def last(lines: list[str]) -> str:
    return [line for line in lines if line][-1]


def typed(terminal: Terminal, keys: str, shows: str) -> None:
    """Keys, and the line that is the last one then."""
    terminal.press(keys)
    terminal.until(lambda lines: any(lines) and last(lines) == shows.rstrip())


def test_a_prompt_completes_forgives_and_remembers(tmp_path: Path) -> None:
    pytest.importorskip("readline", reason="this interpreter has no readline")
    with on_prompt(tmp_path) as terminal:
        typed(terminal, "", "fakeproc>")
        typed(terminal, "cat 1200/com\t", "fakeproc> cat 1200/comm")
        terminal.press("\ncat nosuch\n")
        terminal.until(lambda lines: "browser" in lines and last(lines) == "fakeproc>")
        typed(terminal, "half\x03", "fakeproc>")
        terminal.press("\x04")
        terminal.until(lambda lines: (tmp_path / "fakeproc" / "history").exists())
    with on_prompt(tmp_path) as terminal:
        typed(terminal, "", "fakeproc>")
        typed(terminal, "\x1b[A", "fakeproc> cat nosuch")


@pytest.mark.parametrize(
    ("before", "word", "becomes"),
    [
        ("", "clone", ["clone ", "clone_parent ", "clone_vm "]),
        ("cat ", "1200/oom_s", ["1200/oom_score ", "1200/oom_score_adj "]),
        ("echo 1 > ", "/proc/120", ["/proc/1200/", "/proc/1201/", "/proc/1202/"]),
        ("grow ", "brow", ["browser "]),
        ("cat ", "nosuch/x", []),
    ],
)
def test_a_word_is_completed_by_what_stands_before_it(
    session: Session, before: str, word: str, becomes: list[str]
) -> None:
    assert sorted(set(Completer(session).words(before, word))) == becomes
