"""Scenario files: TOML that describes a machine. load() reads one, Scenario.build() makes the World of it."""

import os
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from fakeproc import rules, wording
from fakeproc.errors import ScenarioError
from fakeproc.scenario.build import Scenario
from fakeproc.scenario.planner import Planner
from fakeproc.scenario.schedule import Schedule
from fakeproc.scenario.source import Source, read_text

__all__ = ["Scenario", "bundled", "bundled_names", "find", "load", "loads"]


def loads(text: str, file: str = "scenario") -> Scenario:
    """The scenario of that text; file is what errors call it. ScenarioError where it cannot be understood."""
    planner = Planner(Source(file, text))
    machine, processes = planner.machine, tuple(planner.plan())
    schedule = Schedule(planner)
    return Scenario(
        file=planner.source.file,
        kernel=machine.get("kernel", rules.Kernel()),
        ram=planner.ram,
        swap=planner.swap,
        pid_max=planner.pid_max,
        processes=processes,
        title=title[1:].strip() if (title := text.partition("\n")[0]).startswith("#") else "",
        mmu=machine.get("mmu", True),
        nodes=machine.get("nodes", ()),
        sysctl=machine.get("sysctl", {}),
        events=schedule.events,
        expects=schedule.expects,
        cgroups=planner.cgroups(),
        machine=machine,
        text=text,
    )


def load(path: str | os.PathLike[str]) -> Scenario:
    """The scenario in that file."""
    return loads(read_text(path), os.fsdecode(path))


def bundled_names() -> list[str]:
    """The scenarios that come with the package."""
    return sorted(file.name.removesuffix(".toml") for file in _folder() if file.name.endswith(".toml"))


def bundled(name: str = "default") -> Scenario:
    """The scenario of that name that comes with the package; the beginning of a name will do."""
    names = [known for known in bundled_names() if known.startswith(name)]
    if name in names or len(names) == 1:
        file = f"{name if name in names else names[0]}.toml"
        return loads((resources.files("fakeproc.scenario") / file).read_text("utf-8"), file)
    if name and names:
        raise ScenarioError(f"{wording.quoted(name)} could be {wording.listed(names)}: write more of it")
    near = wording.near(name, bundled_names()) or ":"
    raise ScenarioError(f"there is no scenario {wording.quoted(name)}{near} fakeproc help scenario lists them")


def find(name: str) -> Scenario:
    """A bundled scenario by its name, or else the file of that path."""
    return load(name) if is_file(name) else bundled(name)


def is_file(name: str) -> bool:
    """Whether that is meant to be a file, and no bundled scenario."""
    if not name or name in bundled_names():
        return False
    return os.sep in name or name.endswith(".toml") or Path(name).exists()


def _folder() -> list[Traversable]:
    return list(resources.files("fakeproc.scenario").iterdir())
