"""Fixtures and a marker for tests of code that reads or writes /proc.

    world         a World: that of the test's scenario, or an empty machine
    proc_fs       pyfakefs with that world at /proc
    proc_mount    where it is mounted, which is a path; skipped, with the reason, where there is no FUSE
    oom_lab       runs a program in the lab; skipped, with the reason, where there is none

    @pytest.mark.scenario("leak.toml", kernel=["4.7", "4.8"])    a file beside the test's, or the name of a bundled
                                                                 one; the test runs once with each of these kernels

pytest loads this wherever fakeproc is installed: what is heavy is imported when a fixture is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem
    from pyfakefs.fake_filesystem_unittest import Patcher

    from fakeproc.fixtures import Marked, OomLab
    from fakeproc.mount import Mount
    from fakeproc.world import World

MARKER = (
    "scenario(name, kernel=None): the machine of this test: a scenario file beside it, or a bundled one by its name"
)

EXCLUDE = (
    "proc_mount and pyfakefs (proc_fs, fs) exclude each other: pyfakefs hides every mount from this process. "
    "Take proc_fs alone for Python code in this process, or proc_mount alone, which other programs see, too; "
    "where a test needs both, make two tests of it"
)
MOUNTED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A marker that cannot be is an error of the collection; several kernels are several tests."""
    if "_scenario" not in metafunc.fixturenames:
        return
    import fakeproc.fixtures  # noqa: F401  before a pyfakefs is there, which would forget it with the test

    asked = _marked(metafunc.definition)
    if asked and asked.kernels:
        metafunc.parametrize("_scenario_kernel", asked.kernels, indirect=True)


def _marked(item: pytest.Item) -> Marked | None:
    marker = item.get_closest_marker("scenario")
    if marker is None:
        return None
    from fakeproc.errors import FakeprocError
    from fakeproc.fixtures import marked

    try:
        return marked(item.path, marker.args, marker.kwargs)
    except FakeprocError as error:
        raise pytest.Collector.CollectError(f"{item.nodeid}: scenario: {error}") from None


def _pyfakefs() -> Patcher | None:
    """The pyfakefs that hides the real machine now."""
    loaded = sys.modules.get("pyfakefs.fake_filesystem_unittest")
    patcher: Patcher | None = loaded.Patcher.PATCHER if loaded else None
    return patcher if patcher and patcher.is_patching else None


def _is_mounted(item: pytest.Item) -> bool:
    return item.stash.get(MOUNTED, False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """No pyfakefs over a mount of the same test, whoever has begun it."""
    yield
    if _is_mounted(item) and _pyfakefs():
        pytest.fail(EXCLUDE, pytrace=False)


@pytest.fixture
def _scenario(request: pytest.FixtureRequest) -> Marked:
    """What the marker asks for."""
    from fakeproc.fixtures import Marked

    return _marked(request.node) or Marked()


@pytest.fixture
def _scenario_kernel(request: pytest.FixtureRequest) -> str | None:
    """The kernel of this test, where its marker names one."""
    kernel: str | None = getattr(request, "param", None)
    return kernel


@pytest.fixture
def world(_scenario: Marked, _scenario_kernel: str | None) -> World:
    """The machine of the test's scenario, at its beginning: world.step("2 s") lets it play. Without a scenario it is a
    machine with nothing but init in it."""
    return _scenario.world(_scenario_kernel)


@pytest.fixture
def proc_fs(request: pytest.FixtureRequest, world: World) -> Iterator[FakeFilesystem]:
    """pyfakefs, in which `world` is at /proc. os.getpid() is a process of it, os.kill() signals its processes."""
    if _is_mounted(request.node):
        pytest.fail(EXCLUDE, pytrace=False)
    with world.fake_fs() as fs:
        yield fs


@pytest.fixture
def proc_mount(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mount]:
    """`world`, mounted: any program may look. A Mount, which is a path: proc_mount / "1200/oom_adj". Its scenario plays
    by the wall's clock. Who asks has every capability, as in proc_fs, so that a test passes for whoever runs it, unless
    proc_mount.caller(None) has it judged by its own uid."""
    if _pyfakefs():
        pytest.fail(EXCLUDE, pytrace=False)
    request.node.stash[MOUNTED] = True
    from fakeproc.caller import ROOT
    from fakeproc.fixtures import why_no_mount

    if why := why_no_mount():
        pytest.skip(f"no mount here: {why}")
    with world.mount(tmp_path_factory.mktemp("proc")) as mount:
        mount.caller(ROOT)
        yield mount


@pytest.fixture
def oom_lab(_scenario: Marked, _scenario_kernel: str | None) -> OomLab:
    """oom_lab(command, time="10 s") runs a program, unmodified, on the machine of the test's scenario, and returns what
    it signalled, who died and the verdicts: a LabRun. Without a marker that is the bundled scenario named default."""
    from fakeproc.fixtures import OomLab, why_no_lab

    if why := why_no_lab():
        pytest.skip(f"no lab here: {why}")
    return OomLab(_scenario, _scenario_kernel)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a test fails, the report shows its world, the end of the kernel log, and what the lab said."""
    report = yield
    values = [value for name, value in getattr(item, "funcargs", {}).items() if name in ("world", "oom_lab")]
    if report.failed and values:
        from fakeproc.fixtures import sections

        report.sections += list(sections(values))
    return report
