"""Fixtures of all tests: worlds, and real mounts of them.

A test chooses its kernel with @pytest.mark.parametrize("kernel", ["4.7", "4.8"]); `world`, `mount` and
whatever builds on them follow.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Door, Mounted, Tree, fake_fs_door, mount_door_at
from packages import install, lacking

from fakeproc import World
from fakeproc.mount import Mount, MountError, check_device, mounted

ROOT = Path(__file__).resolve().parent.parent

MountedWorld = Callable[..., Mount]


@pytest.fixture(scope="session")
def fuse() -> None:
    """Whoever mounts asks for this. Skips, and says why, only where the system refuses /dev/fuse."""
    try:
        check_device()
    except MountError as error:
        pytest.skip(f"no mount here: {error}")


@pytest.fixture(scope="session")
def lab(fuse: None) -> None:
    """Skips, and says why, where no lab can be opened."""
    command = [sys.executable, "-P", "-m", "fakeproc", "run", "--", "true"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"no lab here: {done.stderr.strip()}")


@pytest.fixture(scope="session")
def program(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """program(name): it is there, or the test is skipped and says why. Only the slow run installs."""
    installs = "not slow" not in request.config.getoption("markexpr")

    def find(name: str) -> str:
        if why := install(name) if installs else lacking(name):
            pytest.skip(why)
        return shutil.which(name) or name

    return find


@pytest.fixture
def kernel() -> str:
    """The kernel of `world`, unless the test is parametrized with another."""
    return "4.8"


@pytest.fixture
def world(kernel: str) -> World:
    """A world with nothing but init in it."""
    return World(kernel=kernel)


@pytest.fixture
def mount_point(tmp_path: Path) -> Path:
    """An empty directory to mount on."""
    point = tmp_path / "proc"
    point.mkdir()
    return point


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """What a clone would have: neither a .venv nor anything built."""
    built = (".git", ".venv*", "build", "*.so", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", "_native.c")
    shutil.copytree(ROOT, tmp_path / "clone", ignore=shutil.ignore_patterns(*built))
    return tmp_path / "clone"


@pytest.fixture
def mounted_world(fuse: None, tmp_path: Path) -> Iterator[MountedWorld]:
    """mounted_world(world, caps="root", options=None) mounts it until the test ends; its .path says where."""
    with contextlib.ExitStack() as stack:

        def mount_it(world: World, **options: Any) -> Mount:
            point = tmp_path / f"proc-of-{id(world):x}"
            point.mkdir()
            return stack.enter_context(mounted(world, point, **options))

        yield mount_it


@pytest.fixture
def mount(mounted_world: MountedWorld, world: World) -> Mount:
    """`world`, mounted."""
    return mounted_world(world)


@pytest.fixture(scope="session")
def mount_door(fuse: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    """The door through a FUSE mount: mounted once, it serves one world after the other."""
    with mount_door_at(tmp_path_factory.mktemp("proc")) as door:
        yield door


@pytest.fixture(params=["tree", "fake_fs", "mount"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Each door in turn; a caller policy that a test leaves behind ends with it."""
    if request.param == "tree":
        yield Tree()
        return
    if request.param == "fake_fs":
        with fake_fs_door() as fake_fs:
            yield fake_fs
        return
    mount: Mounted = request.getfixturevalue("mount_door")
    yield mount
    mount.mount.caller(None)
