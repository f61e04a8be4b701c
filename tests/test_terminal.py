"""Long lines on a terminal go on below; in a pipe they stay whole."""

import io

import pytest
from screen import on_terminal
from server import FAKEPROC, ask

from fakeproc.terminal import Wrapping, fitting, wrapped

LONG = "a word " * 20


@pytest.mark.parametrize(
    ("beginning", "indent"),
    [
        ("   11.300 s  | Killed process 4 ", 13),
        ("FAIL  killed = ", 6),
        ("      wrong: ", 10),
        ("  * 4.7: Out of memory: ", 6),
        ("leak.toml: ", 4),
    ],
)
def test_a_long_line_goes_on_below_its_text(beginning: str, indent: int) -> None:
    first, *others = wrapped(beginning + LONG, 60).splitlines()
    assert first.startswith(beginning)
    assert max(map(len, [first, *others])) <= 60
    assert {len(line) - len(line.lstrip()) for line in others} == {indent}


def test_columns_that_fit_and_words_that_do_not_stay_as_they_are() -> None:
    row = "  * starter (101)  485                  0"
    word = "/very/long-path" * 9
    assert wrapped(row, 60) == row
    assert word in wrapped(f"FAIL  {word}: {LONG}", 60)


def test_a_line_is_wrapped_once_it_is_complete() -> None:
    stream = io.StringIO()
    out = Wrapping(stream, 60)
    for piece in ("PASS  ", LONG, "\n", "short\n"):
        out.write(piece)
    assert stream.getvalue() == f"{wrapped(f'PASS  {LONG}', 60)}\nshort\n"


def test_what_is_no_terminal_gets_whole_lines() -> None:
    stream = io.StringIO()
    assert fitting(stream) is stream
    assert max(map(len, ask("scenario", "run", "leak").stdout.splitlines())) > 150


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (["scenario", "run", "leak", "--kernel", "4.7"], "6 of 9 expectations came true"),
        (["compare", "patch-05"], "since 5.4]"),
        (["explain", "default"], "file-rss:"),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_on_a_terminal_lines_are_as_wide_as_it_is(words: list[str], last: str) -> None:
    columns = 80
    with on_terminal([*FAKEPROC, *words], {}, 100, columns) as terminal:
        lines = terminal.until(lambda drawn: any(last in line for line in drawn))
    shown = [line for line in lines if line]
    whole = ask(*words).stdout.splitlines()
    assert [line for line in shown if not line.startswith(" ")] == [
        line if len(line) <= columns else wrapped(line, columns).splitlines()[0].rstrip()
        for line in whole
        if line and not line.startswith(" ")
    ]


def test_json_is_never_wrapped() -> None:
    with on_terminal([*FAKEPROC, "scenario", "run", "leak", "--json"], {}, 2000, 300) as terminal:
        lines = terminal.until(lambda drawn: "}" in drawn)
    assert [line for line in lines if line] == ask("scenario", "run", "leak", "--json").stdout.splitlines()
