"""The door that a test is shown, one after the other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .doors import DOORS, Door

NEEDS = {"mount": "fuse", "lab": "lab"}


@pytest.fixture
def kernel() -> str:
    return "6.18"


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, kernel: str, tmp_path: Path) -> Iterator[Door]:
    """machine.toml through each door; what is not to be had here is skipped with its reason."""
    name = request.param
    if name == "lab" and os.geteuid():
        pytest.skip("in an ordinary user's lab nobody may write files of users whom his namespace does not map")
    if name in NEEDS:
        request.getfixturevalue(NEEDS[name])
    with DOORS[name](kernel, tmp_path) as opened:
        yield opened
