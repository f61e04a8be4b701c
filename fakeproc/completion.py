"""What bash and zsh have to know to complete `fakeproc ...`: shtab makes it of the parser; here is what fits where."""

import argparse
from collections.abc import Iterator
from typing import Any

import shtab

from fakeproc import cli, rules, scenario

SCENARIOS = {"bash": "_fakeproc_scenarios", "zsh": "_fakeproc_scenarios"}
COMMANDS = {"bash": "_fakeproc_commands", "zsh": "_command_names -e"}

# What completes an argument, by its metavar. shtab does choices and the names of options by itself.
BY_METAVAR: dict[str, Any] = {
    "CMD": COMMANDS,
    "DIR": shtab.DIRECTORY,
    "FILE": shtab.FILE,
    "FILE|NAME": SCENARIOS,
    "MOUNTPOINT": shtab.DIRECTORY,
    "NAME": SCENARIOS,
    "PROC": shtab.DIRECTORY,
    "RUN": SCENARIOS,
    "SCENARIO": SCENARIOS,
    "SCENARIO|MOUNTPOINT": SCENARIOS,
    "SCRIPT": shtab.FILE,
    "TRANSCRIPT": shtab.FILE,
}
BY_VERB: dict[tuple[str, str], Any] = {("check", "FILE"): SCENARIOS, ("run", "FILE"): SCENARIOS}


def _functions() -> Any:
    """Names of bundled scenarios beside files."""
    names = " ".join(scenario.bundled_names())
    return {
        "bash": f"""
_fakeproc_scenarios() {{ compgen -W "{names}" -- "$1"; compgen -f -- "$1"; }}
_fakeproc_commands() {{ compgen -c -- "$1"; }}
""",
        "zsh": f"""
_fakeproc_scenarios() {{ _alternative 'scenarios:scenario:({names})' 'files:file:_files' }}
""",
    }


def script(shell: str) -> str:
    """What that shell evaluates when it starts."""
    parser = cli._parser()
    for verb, action in _actions(parser, ""):
        _teach(verb, action)
    return shtab.complete(parser, shell, root_prefix="fakeproc", preamble=_functions())


def _actions(parser: argparse.ArgumentParser, verb: str) -> Iterator[tuple[str, argparse.Action]]:
    """Every argument of every verb."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from _actions(below, name)
        else:
            yield verb, action


def _teach(verb: str, action: argparse.Action) -> None:
    name = action.metavar if isinstance(action.metavar, str) else ""
    if name == "VERSION" and action.nargs != 0:
        action.choices = rules.versions()
    elif not action.choices and (known := BY_VERB.get((verb, name)) or BY_METAVAR.get(name)):
        action.complete = known  # type: ignore[attr-defined]
