"""fakeproc compare: kernels side by side, and what made each difference."""

import json

import pytest
from server import ask

from fakeproc import compare, scenario
from fakeproc.compare import BEFORE, END, Row
from fakeproc.errors import FakeprocError
from fakeproc.rules import Kernel

VFORKED = """
[[process]]
comm = "big"
anon = "4 GiB"
oom_score_adj = -1000
[[process]]
comm = "child"
vfork_of = "big"
oom_score_adj = 0
[[process]]
comm = "other"
uid = 1000
anon = "300 MiB"
"""


def rows(text: str, *kernels: Kernel) -> dict[tuple[str, str], Row]:
    found = compare.compare(scenario.loads(text), list(kernels))
    return {(row.section, row.label): row for row in found}


def patched(*patches: int) -> Kernel:
    return Kernel("4.7", frozenset(patches))


def test_the_default_act_is_sysrq_f() -> None:
    row = rows(VFORKED, Kernel("4.7"), Kernel("4.8"))["1. at 0 s: SysRq-f", ""]
    assert row.values == ["kills child (3)", "kills other (4)"]
    assert row.made_by == ["patch 5"]


def test_what_does_not_differ_is_made_by_nobody() -> None:
    row = rows(VFORKED, Kernel("4.7"), Kernel("4.8"))[BEFORE, "big (2)"]
    assert (row.values, row.differs, row.made_by) == (["0", "0"], False, [])


@pytest.mark.parametrize(
    ("one", "other", "made_by"),
    [
        (patched(), patched(5), ["patch 5"]),
        (patched(5), patched(), ["patch 5"]),
        (patched(6), patched(5, 6), ["patch 5"]),
        (patched(5), patched(5, 6), []),
        (patched(1, 2), patched(5, 9), ["patch 5"]),
        (patched(), Kernel("4.8"), ["patch 5"]),
        (patched(*range(1, 11)), Kernel("4.8"), []),
        (Kernel("4.8"), patched(), ["patch 5"]),
        (Kernel("4.8"), Kernel("6.18"), []),
    ],
)
def test_a_difference_is_traced_between_any_two_kernels(one: Kernel, other: Kernel, made_by: list[str]) -> None:
    assert rows(VFORKED, one, other)[END, "child (3)"].made_by == made_by


def test_beyond_the_series_it_is_the_version_that_changed_it() -> None:
    row = rows(VFORKED, Kernel("4.8"), Kernel("6.18"))[BEFORE, "other (4)"]
    assert row.made_by == ["since 5.10"]


SEVERAL = """
[[process]]
comm = "a"
anon = "1 GiB"
dsleep = true
[[process]]
comm = "b"
anon = "300 MiB"
[[event]]
sysrq = "f"
[[event]]
at = "3 s"
oom = { by = "a" }
"""


def test_a_patch_is_judged_in_the_company_that_it_builds_on() -> None:
    row = rows(SEVERAL, patched(), Kernel("4.8"))["2. at 3 s: out of memory in a", ""]
    assert row.made_by == ["patch 8"]


def test_each_gap_between_columns_is_traced() -> None:
    row = rows(VFORKED, patched(), patched(5), patched(5, 6))[END, "child (3)"]
    assert (row.values, row.made_by) == (["killed", "alive", "alive"], ["patch 5"])


def test_the_same_every_time() -> None:
    described, kernels = scenario.bundled("default"), compare.kernels_asked(["4.7", "6.18"], None)
    first, second = (compare.text(described, kernels, compare.compare(described, kernels)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("kernels", "patches", "names"),
    [
        (None, None, ["4.7", "4.8", "6.18"]),
        (["4.8.15", "6.1"], None, ["4.8", "6.1"]),
        (None, ["0", "5", "5-6", "1-10"], ["4.7", "4.7+5", "4.7+5-6", "4.7+1-10"]),
        (None, ["0", "4", "1,8"], ["4.7", "4.7+3-4", "4.7+1,7-8"]),
    ],
)
def test_columns(kernels: list[str] | None, patches: list[str] | None, names: list[str]) -> None:
    assert [compare.column_name(kernel) for kernel in compare.kernels_asked(kernels, patches)] == names


@pytest.mark.parametrize(
    ("kernels", "patches", "says"),
    [
        (["4.8"], None, "nothing to compare"),
        (["4.8", "4.8.15"], None, "nothing to compare"),
        (["4.7", "4.6"], None, "choose one of"),
        (None, ["0", "11"], "the series has 1 to 10"),
        (["4.7"], ["0", "1"], "ask for one of them"),
    ],
)
def test_wrong_questions(kernels: list[str] | None, patches: list[str] | None, says: str) -> None:
    with pytest.raises(FakeprocError, match=says):
        compare.kernels_asked(kernels, patches)


# --- the command -----------------------------------------------------------------------


def test_the_beginning_of_a_name_will_do() -> None:
    done = ask("compare", "patch-05", "--patches", "0", "5", "5-6", "1-10")
    assert (done.returncode, done.stderr) == (0, "")
    (choice,) = [line.split("  ") for line in done.stdout.splitlines() if "kills starter" in line]
    words = [word.strip() for word in choice if word.strip()]
    assert words == ["*", "kills starter (101)", *["kills editor (102)"] * 3, "patch 5"]


def test_json() -> None:
    done = ask("compare", "patch-06", "--kernels", "4.7", "4.8", "--json")
    found = json.loads(done.stdout)
    assert found["columns"] == ["4.7", "4.8"]
    (row,) = [row for row in found["rows"] if row["label"] == "protected (101)" and row["section"] == END]
    assert row == {
        "section": END,
        "label": "protected (101)",
        "values": ["alive", "killed"],
        "made_by": ["patch 6"],
        "differs": True,
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare"], "SCENARIO"),
        (["compare", "patch-0"], "write more of it"),
        (["compare", "patch-05-vfork-child"], "did you mean"),
        (["compare", "patch-05", "--kernels", "4.7"], "nothing to compare"),
        (["compare", "patch-05", "--patches", "5", "x"], "are not understood"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], says: str) -> None:
    done = ask(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
