"""A synthetic Linux /proc in which an out-of-memory kill can be rehearsed.

World is the way in: World(kernel="4.8", ram="8 GiB"), World.from_scenario("leak").

What is listed here is loaded when it is first asked for: pytest imports the package wherever it is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeproc.caller import Caller
    from fakeproc.cgroup import Cgroup, Usage
    from fakeproc.errors import FakeprocError, ScenarioError, WorldError
    from fakeproc.log import Death, LogRecord
    from fakeproc.memory import Memory, OwnPages, Sample
    from fakeproc.oom import Oom, Outcome, Ranking
    from fakeproc.open_file import OpenFile
    from fakeproc.rules import Kernel, Row, kernel, rows, versions
    from fakeproc.spent import Spent
    from fakeproc.status import Status
    from fakeproc.task import Task
    from fakeproc.world import World

_HOMES = {
    "caller": ("Caller",),
    "cgroup": ("Cgroup", "Usage"),
    "errors": ("FakeprocError", "ScenarioError", "WorldError"),
    "log": ("Death", "LogRecord"),
    "memory": ("Memory", "OwnPages", "Sample"),
    "oom": ("Oom", "Outcome", "Ranking"),
    "open_file": ("OpenFile",),
    "rules": ("Kernel", "Row", "kernel", "rows", "versions"),
    "spent": ("Spent",),
    "status": ("Status",),
    "task": ("Task",),
    "world": ("World",),
}

__all__ = [
    "Caller",
    "Cgroup",
    "Death",
    "FakeprocError",
    "Kernel",
    "LogRecord",
    "Memory",
    "Oom",
    "OpenFile",
    "Outcome",
    "OwnPages",
    "Ranking",
    "Row",
    "Sample",
    "ScenarioError",
    "Spent",
    "Status",
    "Task",
    "Usage",
    "World",
    "WorldError",
    "kernel",
    "rows",
    "versions",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"fakeproc.{home}"), name)
    raise AttributeError(f"module 'fakeproc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
