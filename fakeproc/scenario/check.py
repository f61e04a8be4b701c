"""Every mistake of a scenario file at once, where loading it stops at the first."""

from collections.abc import Iterator
from typing import Any

from fakeproc.errors import ScenarioError
from fakeproc.scenario import keys
from fakeproc.scenario.planner import Planner
from fakeproc.scenario.schedule import Schedule
from fakeproc.scenario.source import TABLES, Source, where


def problems(text: str, file: str) -> list[ScenarioError]:
    """What is wrong with that text, in the order of its lines as far as they depend on each other; nothing: it is valid
    as far as can be seen without building the machine."""
    found: list[ScenarioError] = []
    try:
        source = Source(file, text, found)
    except ScenarioError as error:
        return [error]
    return found + list(_wrong_keys(source)) or _wrong_relations(source)


def _wrong_keys(source: Source) -> Iterator[ScenarioError]:
    for name, known in TABLES.items():
        tables = source.tables.get(name, {})
        for index, table in enumerate(tables if isinstance(tables, list) else [tables]):
            path = (name, index) if isinstance(tables, list) else (name,)
            yield from _wrong_in(source, path, table, known)


def _wrong_in(
    source: Source, path: tuple[str | int, ...], table: dict[str, Any], known: dict[str, keys.Check]
) -> Iterator[ScenarioError]:
    for key, value in table.items():
        try:
            keys.check_table({key: value}, known)
        except keys.KeyProblem as problem:
            yield source.error((*path, key), f"{where(path, table)}: {problem}")


def _wrong_relations(source: Source) -> list[ScenarioError]:
    """Who is who can be understood only as a whole: of that the first mistake."""
    found: list[ScenarioError] = []
    try:
        planner = Planner(source)
        planner.plan()
        Schedule(planner, found)
    except ScenarioError as error:
        found.append(error)
    return found
