"""Outside of the lab: starts its init, waits for it, and hands on the signals that end it."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from types import FrameType

from fakeproc.ending import concluded
from fakeproc.lab import needs, spaces
from fakeproc.lab.init import Asked
from fakeproc.lab.init import main as init_main

PATIENCE = 5  # seconds for init to end in order
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(asked: Asked) -> int:
    """The exit code of a run. LabError where it cannot be.

    When this returns nothing of it is left: a pid namespace ends with its init, and init is waited for.
    """
    needs.check()
    listening, speaking = os.pipe2(os.O_CLOEXEC)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    spaces.enter()
    sys.stdout.flush()
    sys.stderr.flush()
    init = os.fork()
    if init == 0:
        os.close(speaking)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        os._exit(_as_init(asked, listening))
    os.close(listening)
    return _Keeper(init, speaking).wait()


def _as_init(asked: Asked, keeper: int) -> int:
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)  # which does nothing to an init
    try:
        return concluded(lambda: init_main(asked, keeper))
    except BaseException:
        traceback.print_exc()
        return 2


class _Keeper:
    """The first signal is handed on, so that there is a verdict; the next one ends all at once."""

    def __init__(self, init: int, speaking: int) -> None:
        self.init, self.speaking, self.asked = init, speaking, 0
        for number in ENDING:
            signal.signal(number, self._hear)
        signal.signal(signal.SIGALRM, self._end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def wait(self) -> int:
        _, status = os.waitpid(self.init, 0)
        signal.alarm(0)
        if self.asked:
            return 128 + self.asked
        if os.WIFSIGNALED(status):
            print(f"fakeproc: the lab was killed ({signal.Signals(os.WTERMSIG(status)).name})", file=sys.stderr)
            return 1
        return os.waitstatus_to_exitcode(status)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            self._end(number, frame)
            return
        self.asked = number
        signal.alarm(PATIENCE)
        try:
            os.write(self.speaking, bytes([number]))
        except BrokenPipeError:
            return

    def _end(self, number: int, frame: FrameType | None) -> None:
        os.kill(self.init, signal.SIGKILL)
