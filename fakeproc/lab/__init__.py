"""The lab: an unmodified program sees a synthetic machine at /proc, and its signals land.

Everything lives in a pid namespace of its own, whose init is the server: when that dies, however it dies, the kernel
kills all in it, and the mounts go with the last one. Behind every synthetic process there is a real one with its pid.

    keeper   waits for init, and hands on Ctrl-C. Outside.
    init     one thread for each of these:
               libfuse's loop answers for /proc, in C. It waits for the world's lock and for nothing else.
               stand-ins answer meanwhile where that loop reads a file of a real process (native/stand_in.c): such a
               read may wait for whoever it is about, who may wait for an answer. It holds no lock then.
               the ticker of the core lets time pass.
               the playback lets the scenario happen.
               the main thread (loop.py) waits for whatever comes: signals, deaths, what the model does, reads that
               are held. It alone makes, kills and reaps processes, and waits for none of them.
"""

from typing import TYPE_CHECKING

from fakeproc.errors import FakeprocError

if TYPE_CHECKING:
    from fakeproc.scenario import Scenario


class LabError(FakeprocError):
    """The lab cannot be opened here; the message says what is missing."""


def with_expects(described: "Scenario", file: str) -> "Scenario":
    """The scenario, judged by what another file expects, too."""
    from dataclasses import replace

    from fakeproc import scenario

    return replace(described, expects=(*described.expects, *scenario.find(file).expects))
