"""The command line: a person types it without a manual, and a mistake is one line that names the way out."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from server import FAKEPROC, ask, serving

from fakeproc import cli, rules, topics

VERBS = list(cli.VERBS)


def lines_of_help(*arguments: str) -> list[str]:
    done = ask(*arguments, env={**os.environ, "COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


# --- help --------------------------------------------------------------------------


NESTED = [["scenario", "check"], ["scenario", "run"]]


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in VERBS), *NESTED], ids=" ".join)
def test_help_fits_a_screen_and_shows_an_example(arguments: list[str]) -> None:
    lines = lines_of_help(*arguments, "--help")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("example: ")


@pytest.mark.parametrize("topic", cli.TOPICS)
def test_every_topic_is_80_columns_wide(topic: str) -> None:
    assert max(map(len, topics.text(topic).splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_is_understood(verb: str) -> None:
    example = cli.VERBS[verb].example.split("fakeproc ")[-1].rstrip(')"').split()
    assert cli._parser().parse_args(example).verb == verb


def test_without_a_verb_it_helps() -> None:
    assert lines_of_help() == lines_of_help("--help") == lines_of_help("help")


def test_every_topic_has_a_text() -> None:
    assert set(cli.TOPICS) == set(topics.TOPICS)
    for topic in cli.TOPICS:
        assert len(lines_of_help("help", topic)) > 5


def test_the_rules_are_those_of_the_core() -> None:
    text = topics.text("rules")
    for row in rules.rows():
        assert row.name in text
        assert " ".join(row.text.split()[:3]) in text


def test_a_patch_is_called_in_only_where_the_core_has_a_rule_of_it() -> None:
    ruled = {row.patch for row in rules.rows()} - {0}
    assert set(topics.PATCHES) == set(rules.PATCHES)
    assert {number for number, patch in topics.PATCHES.items() if patch.in_ != "later"} == ruled


def test_version() -> None:
    assert ask("--version").stdout.startswith("fakeproc 0.")


# --- mistakes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mout"], "invalid choice: 'mout'"),
        (["mount"], "name an empty directory"),
        (["mount", "--nosuch"], "--nosuch"),
        (["mount", "a", "b"], "unrecognized arguments: b"),
        (["mount", "--caps", "all", "."], "choose from"),
        (["mount", "/tmp", "--kernel", "5.9"], "is not known: choose one of 4.7 4.8"),
        (["mount", "/tmp", "--kernel", ""], "is not known"),
        (["mount", "/tmp", "--patches", "11"], "the series has 1 to 10"),
        (["mount", "/tmp", "--patches", "4-1"], "runs backwards"),
        (["mount", "/tmp", "--patches", "one"], "are not understood"),
        (["mount", "/tmp", "--patches", "1", "--kernel", "4.8"], "on top of kernel 4.7, not 4.8"),
        (["mount", "/tmp", "--scenario", "nosuch"], 'there is no scenario "nosuch": fakeproc help scenario lists them'),
        (["mount", "/tmp", "--scenario", "/nosuch.toml"], "/nosuch.toml"),
        (["mount", "/tmp", "--scenario", "/"], "/"),
        (["mount", "/tmp", "--scenario", "/dev/null/a.toml"], "/dev/null/a.toml"),
        (["help", "nosuch"], "choose from"),
        (["explain", "default", "--at", "9000000h"], '--at: "9000000h" is not a time from 0 to 366 d'),
        (["scenario", "run", "leak", "--until", "9" * 21 + "s"], "--until: "),
        (["explain", ""], 'there is no scenario "": fakeproc help scenario lists them'),
        (["explain", "leak", "--by", "nobody"], 'there is no process "nobody": there are init, '),
        (["run", "earlyoom", "-r", "0"], "options of CMD stand behind --: fakeproc run --scenario leak"),
        (["mount", "/tmp", "--speed", "1e9"], "write 0, which pauses, or a number from 0.001 to 1000"),
        (["run", "--for", "9" * 21 + "s", "--", "true"], "--for: "),
        (["replay"], "FILE"),
        (["replay", "/nosuch.jsonl"], "/nosuch.jsonl"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], says: str) -> None:
    done = ask(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fakeproc: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


# What each verb needs besides, and values that nothing can be made of, by what an option is said to take.
NEEDED = {
    "mount": ["/nosuch"],
    "run": ["--", "true"],
    "gauntlet": ["--", "true"],
    "explain": ["default"],
    "compare": ["patch-05"],
    "scenario": ["run", "leak"],
    "report": ["leak"],
    "replay": ["tests/golden/4.8.15/write.jsonl"],
    "top": ["--once", "/"],
    "completion": ["bash"],
}
ODD = {
    "DIR": ["/nosuch", "/etc/passwd"],
    "FILE": ["/nosuch/x", "/dev/null/x"],
    "FILE|NAME": ["", "nosuch", "/nosuch.toml", "/", "daemon-"],
    "KIND": ["", "nosuch"],
    "LIST": ["", "11", "x", "4-1"],
    "N": ["", "x", "nan", "-1", "1e9"],
    "NAME": ["nosuch"],
    "OPTIONS": ["nosuch"],
    "ORDER": ["", "size"],
    "PROCESS": ["", "nosuch", "0"],
    "TIME": ["", "x", "-1s", "5", "1 fortnight"],
    "TRANSCRIPT": ["/nosuch", "/", "/dev/null"],
    "VERSION": ["", "9", "4.7 ", "x"],
}
RUNS_FIRST = {("run", "--report")}  # its file is written in the end


def odd_calls() -> Iterator[list[str]]:
    """Every verb: with nothing, with what it does not know, and with an odd value for each of its options."""
    verbs = next(action for action in cli._parser()._actions if action.nargs == argparse.PARSER).choices
    for verb, parser in verbs.items():
        yield from (
            [verb, "--nosuch"],
            [verb, *["/nosuch"] * 9, "--nosuch=1"],
        )
        for action in options_of(verb, parser):
            for value in ODD[action.metavar or "ORDER"]:
                yield with_option(verb, f"{action.option_strings[-1]}", value)


def options_of(verb: str, parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Those that take a value."""
    nested = [action for action in parser._actions if action.nargs == argparse.PARSER]
    actions = nested[0].choices["run"]._actions if nested else parser._actions
    for action in actions:
        if action.option_strings and action.nargs != 0 and (verb, action.option_strings[-1]) not in RUNS_FIRST:
            yield action


def with_option(verb: str, option: str, value: str) -> list[str]:
    needed = NEEDED.get(verb, [])
    behind = needed[:1] if needed[:1] == ["run"] else []
    rest = needed[len(behind) :]
    return [verb, *behind, option, value, *(rest if rest[:1] == ["--"] else ["--", *rest])]


@pytest.mark.parametrize("arguments", list(odd_calls()), ids=shlex.join)
def test_no_verb_takes_odd_words(arguments: list[str]) -> None:
    done = ask(*arguments, cwd=ROOT, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("fakeproc: ")
    assert done.stderr.count("\n") == 1


def test_a_file_name_of_any_bytes_is_named(tmp_path: Path) -> None:
    done = subprocess.run([*map(os.fsencode, FAKEPROC), b"mount", b"/tmp/\xff\xfe"], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"fakeproc: /tmp/\xff\xfe does not exist")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    with subprocess.Popen([*FAKEPROC, "help", "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


CLOSED = [
    (["help"], 1),
    (["explain", "leak"], 1),
    (["compare", "patch-05"], 1),
    (["scenario", "run", "leak", "--quiet"], 1),
    (["completion", "bash"], 1),
    (["shell"], 0),
    (["shell"], 1),
    (["explain", "nosuch"], 2),
]


@pytest.mark.parametrize(("arguments", "number"), CLOSED, ids=str)
def test_a_stream_that_is_closed_is_as_one_to_nowhere(arguments: list[str], number: int) -> None:
    def run(redirection: str) -> tuple[int, bytes, bytes]:
        words = ["sh", "-c", f'exec "$@" {number}{redirection}', "sh", *FAKEPROC, *arguments]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert run(">&-") == run("<>/dev/null")


def test_a_file_is_written_though_stdout_is_closed(tmp_path: Path) -> None:
    words = [*FAKEPROC, "snapshot", "-o", str(tmp_path / "this.toml")]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert (tmp_path / "this.toml").stat().st_size


@pytest.mark.parametrize("arguments", [["help"], ["scenario", "run", "leak"], ["explain", "leak"]], ids=shlex.join)
def test_who_is_not_read_any_more_ends_as_by_sigpipe(arguments: list[str]) -> None:
    with subprocess.Popen([*FAKEPROC, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 128 + signal.SIGPIPE)


@pytest.mark.parametrize("arguments", [["help"], ["scenario", "run", "leak"], ["explain", "leak"]], ids=shlex.join)
def test_a_full_disk_is_a_line(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*FAKEPROC, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "fakeproc: No space left on device\n")


def test_an_interrupt_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_topic: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(topics, "text", interrupted)
    assert cli.main(["help", "rules"]) == 130
    assert capsys.readouterr().err == "fakeproc: interrupted\n"


# --- start -------------------------------------------------------------------------


def test_a_verb_imports_only_what_it_needs() -> None:
    program = "import sys, fakeproc.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    unwanted = {"tomllib", "fuse", "json", "subprocess", "pyfakefs", "fakeproc.scenario", "fakeproc.replay"}
    assert not unwanted & set(done.stdout.split())


def test_what_lies_around_is_not_imported(tmp_path: Path) -> None:
    for name in ("fuse.py", "argparse.py", "fakeproc.py"):
        (tmp_path / name).write_text("raise SystemExit('wrong file')")
    assert ask("--version", cwd=tmp_path).returncode == 0


# --- mount -------------------------------------------------------------------------


@pytest.mark.usefixtures("fuse")
@pytest.mark.parametrize(
    ("options", "said", "helper"),
    [
        ([], "kernel 4.8,", "-500"),
        (["--kernel", "6.18"], "kernel 6.18,", "-500"),
        (["--kernel", "4.7.4"], "kernel 4.7,", "300"),
        (["--patches", "1,2"], "kernel 4.7 with patches 1, 2,", "300"),
        (["--patches", "4"], "added patch 3: what was asked for builds on it", "-500"),
        (["--patches", "0"], "kernel 4.7,", "300"),
    ],
    ids=str,
)
def test_the_commands_that_it_suggests_show_what_the_kernel_does(
    options: list[str], said: str, helper: str, mount_point: Path
) -> None:
    with serving(mount_point, *options) as server:
        assert server.welcome[0].startswith(said)
        commands = [line.strip() for line in server.welcome if line.startswith("  ")]
        shown = [subprocess.check_output(["sh", "-c", command], text=True) for command in commands]
    *become_root, first, second, third = shown
    assert become_root == [""] * bool(os.geteuid())
    assert first.startswith("300\n")
    assert (second, third) == ("", f"{helper}\n")


@pytest.mark.usefixtures("fuse")
def test_a_scenario_file_is_mounted(mount_point: Path, tmp_path: Path) -> None:
    described = tmp_path / "two.toml"
    described.write_text(topics.EXAMPLE)
    with serving(mount_point, "--scenario", str(described)) as server:
        assert "processes" in server.welcome[0]
        assert (mount_point / "1200" / "comm").read_text() == "browser\n"
        assert (mount_point / ".fakeproc" / "world").read_text().startswith("kernel")


@pytest.mark.usefixtures("fuse")
def test_the_demo_holds_what_it_claims() -> None:
    done = ask("mount", "--demo")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("\nall of it as it should be\n")
