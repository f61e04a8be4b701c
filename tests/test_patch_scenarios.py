"""The scenarios of the package, one a patch: that patch alone flips what the scenario is about, and no other does."""

from functools import cache, partial

import pytest

from fakeproc import compare, rules, scenario
from fakeproc.compare import END, Column, Look
from fakeproc.rules import PATCHES, Kernel

EVERY = frozenset(PATCHES)

# What each scenario is about: where to look, what 4.7 shows there, and what it shows with the patch.
ABOUT = {
    1: (("1. at 0 s: write 500 to server/oom_score_adj", ""), "EINVAL", "ok"),
    2: (("3. at 0 s: read server/oom_score_adj", ""), "-1000", "300"),
    4: ((END, "helper (101)"), "killed", "alive, adj -1000"),
    5: ((END, "starter (101)"), "killed", "alive"),
    6: ((END, "protected (101)"), "alive", "killed"),
    7: ((END, "partner (101)"), "alive", "killed"),
    8: ((END, "editor (101)"), "alive", "killed"),
    9: ((END, "editor (101)"), "alive", "killed"),
    10: ((END, "editor (101)"), "alive", "killed"),
}


@cache
def looks(name: str) -> Look:
    return cache(partial(compare.observe, scenario.bundled(name)))


def of_patch(patch: int) -> Look:
    return looks(f"patch-{patch:02}-")


def on_4_7(*patches: int) -> Kernel:
    return Kernel("4.7", frozenset(patches))


def needs(patch: int) -> frozenset[int]:
    return rules.kernel("4.7", [patch]).patches


def pairs(patch: int) -> list[tuple[Kernel, Kernel]]:
    """Kernels that differ in this patch only: with nothing but what it builds on, and with all that does not
    build on it."""
    alone = needs(patch) - {patch}
    others = {other for other in EVERY if patch not in needs(other)}
    return [(on_4_7(*company), on_4_7(*company, patch)) for company in (alone, others)]


def test_there_is_one_for_each_patch() -> None:
    names = [name for name in scenario.bundled_names() if name.startswith("patch-")]
    assert [int(name.split("-")[1]) for name in names] == list(PATCHES)
    assert all(scenario.bundled(name).title.startswith(f"Patch {i}, ") for i, name in enumerate(names, 1))


@pytest.mark.parametrize("patch", ABOUT)
def test_the_patch_flips_what_its_scenario_is_about(patch: int) -> None:
    place, before, after = ABOUT[patch]
    for without, with_it in pairs(patch):
        assert of_patch(patch)(without)[place] == before
        assert of_patch(patch)(with_it)[place] == after
    assert of_patch(patch)(Kernel("4.8"))[place] == after


@pytest.mark.parametrize("other", PATCHES)
@pytest.mark.parametrize("patch", ABOUT)
def test_no_other_patch_does(patch: int, other: int) -> None:
    place, before, after = ABOUT[patch]
    for without, with_it in pairs(other) if other != patch else []:
        seen = of_patch(patch)(without)[place]
        assert of_patch(patch)(with_it)[place] == seen
        assert seen == (after if patch in without.patches else before)


@pytest.mark.parametrize("patch", ABOUT)
def test_compare_finds_the_patch_by_itself(patch: int) -> None:
    rows = compare.compare(scenario.bundled(f"patch-{patch:02}-"), [Kernel("4.7"), Kernel("4.8")])
    place, *values = ABOUT[patch]
    (row,) = [row for row in rows if (row.section, row.label) == place]
    assert (row.values, row.made_by) == (values, [f"patch {patch}"])


def test_nobody_sees_patch_3() -> None:
    for without, with_it in pairs(3):
        assert of_patch(3)(without) == of_patch(3)(with_it)
    rows = compare.compare(scenario.bundled("patch-03"), [Kernel("4.7"), Kernel("4.8")])
    assert not any(row.differs for row in rows)
    assert len({row.values[0] for row in rows if row.section[0].isdigit()}) > 2  # something was asked


@pytest.mark.parametrize("patch", ABOUT)
def test_what_4_8_shows_later_kernels_show_too(patch: int) -> None:
    place, _, after = ABOUT[patch]
    for version in ("4.9", "5.4", "6.1", "6.18"):
        assert of_patch(patch)(Kernel(version))[place] == after


# --- the stories of the cover letter -----------------------------------------------------------


def lines(column: Column, words: str) -> int:
    """How many lines of the kernel log have these words."""
    return sum(int(times) for (section, text), times in column.items() if section == compare.LOG and words in text)


@pytest.mark.parametrize(("version", "times"), [("4.7", 4), ("4.8", 1), ("4.9", 1)])
def test_a_victim_is_reaped_many_times_before_the_series(version: str, times: int) -> None:
    seen = looks("story-reaped-many-times")(Kernel(version))
    assert lines(seen, "reaped process 100") == times
    assert seen[END, "editor (101)"] == ("alive" if times > 1 else "killed")


@pytest.mark.parametrize(("version", "editor"), [("4.7", "alive"), ("4.8", "killed"), ("6.18", "killed")])
def test_an_unkillable_sharer_no_longer_blocks_the_machine(version: str, editor: str) -> None:
    assert looks("story-unkillable-sharer")(Kernel(version))[END, "editor (102)"] == editor


@pytest.mark.parametrize("version", ["4.7", "4.8", "6.18"])
def test_the_reaper_makes_do_without_a_victim_that_never_dies(version: str) -> None:
    seen = looks("story-victim-never-dies")(Kernel(version))
    assert (seen[END, "stuck (100)"], seen[END, "editor (101)"]) == ("killed, still there, reaped", "killed")


@pytest.mark.parametrize("version", ["4.7", "4.8", "6.18"])
def test_without_an_mmu_there_is_no_reaper(version: str) -> None:
    seen = looks("story-nommu")(Kernel(version))
    assert (seen[END, "stuck (100)"], seen[END, "editor (101)"]) == ("killed, still there", "alive")
    assert seen[END, "memory freed"] == "0 MiB"
    assert not lines(seen, "oom_reaper")
