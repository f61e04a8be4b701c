"""Every mistake of a scenario file at once, where loading it stops at the first."""

from functools import cache
from operator import attrgetter

from fakeproc import rules, wording
from fakeproc.errors import ScenarioError
from fakeproc.scenario.planner import Planner
from fakeproc.scenario.schedule import Schedule
from fakeproc.scenario.source import Source
from fakeproc.world import World


def problems(text: str, file: str) -> list[ScenarioError]:
    """What is wrong with that text, in the order of its lines; nothing: it is valid as far as can be seen without
    building the machine."""
    found: list[ScenarioError] = []
    try:
        _look(Source(file, text, found))
    except ScenarioError as error:  # behind which nothing can be understood
        found.append(error)
    return sorted(found, key=attrgetter("line"))


def _look(source: Source) -> None:
    """Whatever is wrong is noted there."""
    planner = Planner(source)
    planner.cgroups()
    planner.plan()
    Schedule(planner)
    for index, expect in enumerate(source.tables.get("expect", [])):
        is_sound = ("expect", index) not in source.lacking
        if is_sound and "value" in expect and (what := _wrong_file(expect["value"])):
            source.note(source.error(("expect", index, "value"), f"expect {index + 1}: value: {what}"))


def _wrong_file(value: dict[str, str]) -> str:
    """What is expected of a file is expected of one that some kernel has."""
    first = value["file"].partition("/")[0]
    known = _files("/1" if "of" in value else "/")
    if first in known or ("of" not in value and first.isdigit()):
        return ""
    place = "of a process" if "of" in value else "of /proc"
    return f"file = {wording.shown(value['file'])}: there is no such file {place}{wording.near(first, known)}"


@cache
def _files(directory: str) -> frozenset[str]:
    """What any kernel has there."""
    return frozenset(name for version in rules.versions() for name in World(version).listdir(directory))
