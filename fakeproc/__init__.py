"""A synthetic Linux /proc in which an out-of-memory kill can be rehearsed."""

from fakeproc.rules import Kernel, rows, versions
from fakeproc.world import LogRecord, OpenFile, Task, World

__all__ = ["Kernel", "LogRecord", "OpenFile", "Task", "World", "rows", "versions"]
__version__ = "0.1.0"
