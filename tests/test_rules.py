"""The table of rules, and the words for kernels and patches."""

import pytest

from fakeproc import World, rows, rules, versions
from fakeproc.errors import FakeprocError


def test_the_versions_are_in_order():
    assert versions() == ["4.7", "4.8", "4.9", "4.14", "4.19", "5.4", "5.10", "5.15", "6.1", "6.6", "6.12", "6.18"]


@pytest.mark.parametrize(("name", "version"), [("4.8.15", "4.8"), ("4.7.4-testing", "4.7"), ("6.18.44", "6.18")])
def test_a_point_release_means_its_version(name, version):
    assert rules.kernel(name).version == version


@pytest.mark.parametrize("name", ["", "4", "4.80", "6.2", "7.0", "latest", "4.8x", "6.10"])
def test_another_version_is_an_error_that_lists_them(name):
    with pytest.raises(FakeprocError, match=r"choose one of 4\.7 4\.8 .* 6\.18"):
        rules.kernel(name)


@pytest.mark.parametrize(
    ("asked", "closed"), [("0", set()), ("1", {1}), ("4", {3, 4}), ("8", {7, 8}), ("1-4,6", {1, 2, 3, 4, 6})]
)
def test_patches_are_closed_under_what_they_build_on(asked, closed):
    assert rules.kernel("4.7", asked).patches == closed


def test_what_was_added_is_said():
    assert rules.added_note("4", rules.kernel("4.7", "4")).startswith("added patch 3")
    assert rules.added_note("3,4", rules.kernel("4.7", "3,4")) == ""


@pytest.mark.parametrize("patches", ["11", "1-11", "x", "", "4-1", "-1", "1,,2", "0,1", "99999999999"])
def test_other_patches_are_an_error(patches):
    with pytest.raises(FakeprocError):
        rules.kernel("4.7", patches)


def test_patches_go_over_4_7_only():
    with pytest.raises(FakeprocError, match=r"on top of kernel 4\.7"):
        rules.kernel("4.8", "4")


def test_every_row_says_what_a_user_sees():
    for row in rows():
        assert row.text
        assert versions().index(row.since) <= versions().index(row.until)
        assert 0 <= row.patch <= 10


@pytest.mark.parametrize("row", [row for row in rows() if row.patch], ids=lambda row: row.name)
def test_a_patch_over_4_7_makes_its_rows_as_on_4_8(row):
    bare, patched, after = World("4.7"), World(rules.kernel("4.7", [row.patch])), World("4.8")
    assert bare.holds(row.name) != patched.holds(row.name) == after.holds(row.name)


def test_all_ten_patches_over_4_7_make_the_rows_of_4_8_but_for_what_others_brought():
    patched, after = World(rules.kernel("4.7", "1-10")), World("4.8")
    others = {"smaps_has_shmem_pmd", "counters_of_4_8"}
    assert {row.name for row in rows() if patched.holds(row.name) != after.holds(row.name)} == others


@pytest.mark.parametrize(
    ("release", "version"),
    [((4, 6), "4.7"), ((4, 7), "4.7"), ((4, 20), "4.19"), ((6, 2), "6.1"), ((6, 17), "6.12"), ((9, 0), "6.18")],
)
def test_the_nearest_version_is_not_newer_than_a_release(release: tuple[int, int], version: str) -> None:
    assert rules.at_or_below(release).version == version
