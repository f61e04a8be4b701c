"""Fixtures: the lab of the table, the world that it shows, and programs that are there or said to be missing."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakeproc import scenario
from fakeproc.world import World

from .lab import PRIVATE, Lab, lab

MACHINE = Path(__file__).with_name("machine.toml")


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skips, and says why, where no private namespaces can be made."""
    done = subprocess.run([*PRIVATE, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no private namespaces here: {done.stderr.strip()}")


@pytest.fixture(scope="session")
def lab_of(fuse: None, namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """lab_of(file, *options): a lab of that scenario, the same one for the same words, until the session ends."""
    import contextlib

    labs: dict[tuple[str, ...], Lab] = {}
    with contextlib.ExitStack() as stack:

        def enter(file: Path, *options: str) -> Lab:
            words = (str(file), *options)
            if words not in labs:
                point = tmp_path_factory.mktemp("proc")
                labs[words] = stack.enter_context(lab(point, "--scenario", *words))
            return labs[words]

        yield enter


@pytest.fixture(scope="session")
def machine(lab_of: Callable[..., Lab]) -> Lab:
    """The lab of machine.toml: only looked at, never changed."""
    return lab_of(MACHINE)


@pytest.fixture(scope="session")
def truth() -> World:
    """The world of machine.toml, of which no client knows."""
    return scenario.find(str(MACHINE)).build(None)


@pytest.fixture(scope="session")
def watched() -> World:
    """The same with one process more: whoever looks is taken in, and counts for 1 MiB."""
    world = scenario.find(str(MACHINE)).build(None)
    world.spawn("client", anon="256 KiB", file="768 KiB")
    return world


@pytest.fixture(scope="session")
def is_root() -> None:
    """Skips for others: in their user namespace there is no other id than theirs."""
    if os.geteuid():
        pytest.skip("only root can take other ids")
