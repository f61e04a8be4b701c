"""How a command ends, whatever comes of it: its exit code, and the line that says why."""

import contextlib
import os
import sys
from collections.abc import Callable

from fakeproc.errors import FakeprocError

GOOD, ANSWER_IS_NO, ASKED_WRONGLY = 0, 1, 2
INTERRUPTED, NOBODY_READS = 130, 141  # 128 and the signal, as in a shell: SIGINT, SIGPIPE


def concluded(command: Callable[[], int]) -> int:
    """Run it; returns its exit code, or that of what ended it."""
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return nobody_reads()
    except FakeprocError as error:
        return complain(str(error), ASKED_WRONGLY)
    except OSError as error:
        return complain(_worded(error), ASKED_WRONGLY)
    return code


def complain(what: str, code: int) -> int:
    with contextlib.suppress(OSError):  # nobody hears it
        print(f"fakeproc: {' '.join(what.split())}", file=sys.stderr)
    return code


def nobody_reads() -> int:
    """stdout is a pipe whose reader has gone: say no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return NOBODY_READS


def open_streams() -> None:
    """Whatever of stdin, stdout and stderr is closed leads to /dev/null. The next file to be opened would take its
    number, and what is printed would go there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(nowhere, True)
            setattr(sys, name, open(nowhere, mode, closefd=False))  # noqa: SIM115


def _worded(error: OSError) -> str:
    where = f": {error.filename}" if error.filename is not None else ""
    return f"{error.strerror or error}{where}"
