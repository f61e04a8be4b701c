"""A daemon through every scenario for daemons, each in a lab of its own, and a score card."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TextIO

from fakeproc import scenario, units, wording
from fakeproc.errors import FakeprocError
from fakeproc.lab import outside

PREFIX = "daemon-"
SECONDS = 8.0  # of each: the slowest escalation of the daemons that are known
JOBS = 4  # at the same time: most of them sleep


def names(only: list[str] | None = None) -> list[str]:
    """Of the scenarios; those whose names begin so where some are named. FakeprocError for one that is not there."""
    known = [name.removeprefix(PREFIX) for name in scenario.bundled_names() if name.startswith(PREFIX)]
    wanted = [word.removeprefix(PREFIX) for word in only or [""]]
    for word in wanted:
        if not any(name.startswith(word) for name in known):
            raise FakeprocError(f"there is no scenario {wording.quoted(word)}{wording.meant(word, known)}")
    return [name for name in known if name.startswith(tuple(wanted))]


def gauntlet(command: list[str], chosen: list[str], seconds: float, jobs: int) -> Iterator[dict[str, Any]]:
    """A score for each of them, in their order, as they come. LabError where there is no lab here."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(partial(_score, command, seconds), chosen)


def _score(command: list[str], seconds: float, name: str) -> dict[str, Any]:
    verdict = outside.run(command, ["--scenario", PREFIX + name], seconds).verdict
    lived = verdict["ended"] == "was ended by --for"
    title = scenario.bundled(PREFIX + name).title
    return {"name": name, "title": title, "passed": bool(lived and verdict["holds"]), "lived": lived, **verdict}


def gauntlet_command(
    command: list[str], stream: TextIO, *, only: list[str] | None, seconds: float, jobs: int, json: bool
) -> int:
    """Print the score card; 0, or 1 where the daemon failed somewhere."""
    scores = []
    for score in gauntlet(command, names(only), seconds, jobs):
        scores.append(score)
        if not json:
            stream.writelines(f"{line}\n" for line in told(score))
            stream.flush()
    passed = sum(score["passed"] for score in scores)
    if json:
        stream.write(json_format.dumps({"command": command, "passed": passed, "scores": scores}, indent=1) + "\n")
    else:
        stream.write(f"{command[0]}: {passed} of {len(scores)}\n")
    return 0 if passed == len(scores) else 1


def told(score: dict[str, Any]) -> Iterator[str]:
    """One scenario, for people: what is asked, what came of it, and what was wrong."""
    yield f"{'PASS' if score['passed'] else 'FAIL'}  {score['name']}: {wording.printable(score['title'])}"
    yield f"      {_deeds(score)}"
    if not score["lived"]:
        yield f"      wrong: it {score['ended']} before the end"
    for one in score["verdicts"]:
        if not one["holds"]:
            yield f"      wrong: {wording.printable(one['expected'])}: {wording.printable(one['seen'])}"


def _deeds(score: dict[str, Any]) -> str:
    deeds = [(one["at"], f"{one['signal']} to {one['comm']}") for one in score["signals"]]
    deeds += [(one["at"], f"the kernel killed {one['comm']}") for one in score["kernel_kills"]]
    deeds += [(one["at"], f"{one['comm']} was killed in the world") for one in score["other_kills"]]
    shown = [f"{wording.printable(what)} at {units.shown_time(at // 10**6 * 10**6)}" for at, what in sorted(deeds)]
    return "; ".join([*shown[:5], *([f"and {len(shown) - 5} more"] if len(shown) > 5 else [])]) or "nobody was killed"
