"""fakeproc report: a run as a page and as a plot. Names in it come from anywhere."""

import dataclasses
import html
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server import ask

from fakeproc import report, scenario
from fakeproc.errors import FakeprocError
from fakeproc.report import page, plot
from fakeproc.report.series import LARGEST, Series, series_of
from fakeproc.scenario import record
from fakeproc.scenario.run import Run
from fakeproc.scenario.sampler import Sampler

HOSTILE = ["<script>alert(1)", "</script><b>", "_$a^2$", "&amp;\"'", "a\\nb", "]]>", "\\u202eevil"]
TEXT = "".join(f'[[process]]\ncomm = {json.dumps(name)}\nanon = "50 MiB"\n' for name in (n[:15] for n in HOSTILE[:4]))
LEAK = """
[machine]
ram = "512 MiB"
swap = "128 MiB"
[[process]]
comm = "a"
anon = "50 MiB"
oom_score_adj = 300
[[process]]
comm = "b"
anon = "50 MiB"
[[event]]
at = "1 s"
leak = { who = "a", rate = "100 MiB/s" }
[[event]]
at = "9 s"
kill = "b"
[[expect]]
killed = ["a"]
by = "signal"
"""


def recorded(text: str) -> record.Record:
    run = Run(scenario.loads(text, "any.toml"), sampler=Sampler())
    return record.of_run(run, list(run.play()))


@pytest.fixture(scope="module")
def leak() -> Series:
    return series_of(recorded(LEAK))


class Tags(HTMLParser):
    """What elements a page has, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for key, value in attrs if key in ("src", "href", "xlink:href")]


# --- what is drawn ---------------------------------------------------------------------


def test_the_areas_add_up_to_what_is_used(leak: Series) -> None:
    used = recorded(LEAK).samples
    for i, sample in enumerate(used):
        parts = leak.others[i] + sum(process.resident[i] for process in leak.processes)
        assert parts == pytest.approx(sample["ram"] / 256)
    assert max(leak.swap) > 100


def test_adjustments_end_with_their_process(leak: Series) -> None:
    (a,) = (process for process in leak.processes if process.label == "2 a")
    assert {value for value in a.adj if value is not None} == {300}
    assert a.adj[-1] is None


def test_kills_and_verdicts_are_told(leak: Series) -> None:
    assert [text for _, text in leak.kills] == ["a (2) is killed by the kernel", "b (3) is killed by a signal"]
    assert [holds for holds, _ in leak.verdicts] == [False]
    text = page.html(leak)
    assert '<td class="FAIL">FAIL</td>' in text
    assert text.count("a (2) is killed by the kernel") >= 2
    assert "Out of memory: Kill process 2 (a)" in text


def test_only_the_largest_have_an_area_of_their_own() -> None:
    many = "".join(f'[[process]]\ncomm = "p{i}"\nanon = "{i + 1} MiB"\n' for i in range(30))
    series = series_of(recorded(many))
    assert [process.label for process in series.processes] == [f"{22 + i} p{20 + i}" for i in range(LARGEST)]


def test_a_run_in_which_nothing_happens_can_be_drawn() -> None:
    assert plot.picture(series_of(recorded("")), "png").startswith(b"\x89PNG")


def test_the_plot_is_the_same_for_the_same_run() -> None:
    one, other = (plot.picture(series_of(recorded(LEAK)), "svg") for _ in range(2))
    assert one == other
    assert ElementTree.fromstring(one).tag == "{http://www.w3.org/2000/svg}svg"


def test_pressure_is_drawn_where_it_was_told(leak: Series) -> None:
    event = '[[event]]\nset_pressure = { resource = "memory", some = 60, full = 20 }\n'
    stalled = f'[machine]\nkernel = "6.18"\n{event}[[event]]\nwait = "60 s"\n'
    found = series_of(recorded(stalled))
    assert found.pressure["some"][-1] == pytest.approx(60, abs=1)
    assert found.pressure["full"][-1] == pytest.approx(20, abs=1)
    assert "pressure, %" in plot.picture(found, "svg").decode()
    without = dataclasses.replace(leak, pressure={})
    assert "pressure, %" not in plot.picture(without, "svg").decode()


# --- hostile names ---------------------------------------------------------------------


def test_a_page_needs_nothing_else_and_no_name_becomes_part_of_it(leak: Series) -> None:
    plain, hostile = Tags(page.html(leak)), page.html(series_of(recorded(TEXT)))
    found = Tags(hostile)
    assert found.tags.count("script") == plain.tags.count("script") == 2
    assert "b" not in found.tags
    assert all(link.startswith("#") for link in [*plain.links, *found.links])
    assert "<script>alert" not in hostile
    assert html.escape("<script>alert(1") in hostile
    assert "_$a^2$" in hostile


@given(st.lists(st.one_of(st.text(max_size=15), st.sampled_from(HOSTILE)), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_any_name_can_be_drawn(names: list[str]) -> None:
    found = recorded(LEAK)
    found.people = {serial: (1, names[int(serial) % len(names)]) for serial in found.people}
    found.entries = [{**entry, "text": names[0]} for entry in found.entries]
    text = page.html(series_of(found))
    assert Tags(text).tags.count("script") == 2
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    assert json.loads(data[1])["layers"]


# --- the command -------------------------------------------------------------------------


def test_a_record_and_a_scenario_give_the_same_page(tmp_path: Path) -> None:
    target = tmp_path / "run.jsonl"
    assert ask("scenario", "run", "leak", "--record", str(target)).returncode == 0
    for source, name in (("leak", "one.html"), (str(target), "two.html")):
        done = ask("report", source, "--html", name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"wrote {name}\n")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_without_an_option_it_is_a_page_named_as_the_run(tmp_path: Path) -> None:
    assert ask("report", "leak", "--kernel", "4.7", cwd=tmp_path).stdout == "wrote leak.html\n"
    assert "kernel 4.7" in (tmp_path / "leak.html").read_text()


def test_plots_for_papers(tmp_path: Path) -> None:
    assert ask("report", "leak", "--svg", "a.svg", "--png", "a.png", cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_without_matplotlib_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(FakeprocError, match=r"pictures need matplotlib: \.venv/bin/pip install matplotlib"):
        report.report_command("leak", sys.stdout)


@pytest.mark.parametrize("source", ["nosuch", "nosuch.toml", "/"])
def test_what_is_neither_record_nor_scenario_is_one_line(tmp_path: Path, source: str) -> None:
    done = ask("report", source, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def lines_of_a_record() -> list[str]:
    run = Run(scenario.loads(LEAK), sampler=Sampler())
    return [json.dumps(line) for line in record.lines(run, list(run.play()))]


RECORD = lines_of_a_record()


@given(
    st.integers(0, len(RECORD) - 1),
    st.integers(0, 400),
    st.sampled_from(["null", '"x"', "[]", "{}", "-1e999", "}", ""]),
)
@settings(max_examples=300, deadline=None)
def test_a_mangled_record_is_drawn_or_refused(
    tmp_path_factory: pytest.TempPathFactory, line: int, at: int, word: str
) -> None:
    """Some value replaced by another one, or a line cut in two."""
    values = [found.span() for found in re.finditer(r'(?<=: )("[^"]*"|[-\d.]+|null|true|false)', RECORD[line])]
    first, last = values[at % len(values)] if values else (0, 5)
    lines = [*RECORD[:line], RECORD[line][:first] + word + RECORD[line][last:], *RECORD[line + 1 :]]
    path = tmp_path_factory.getbasetemp() / "mangled.jsonl"
    path.write_text("\n".join(lines))
    try:
        found = record.read(str(path))
    except FakeprocError as error:
        message = str(error)
    else:
        assert series_of(found).times
        return
    assert message.endswith("is no record of a run: write one with fakeproc scenario run --record")
