"""A synthetic Linux /proc in which an out-of-memory kill can be rehearsed.

World is the way in: World(kernel="4.8", ram="8 GiB"), World.from_scenario("leak").
"""

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
