"""What takes time: an event that is no single act is a generator, resumed by the player when its time has come.

It yields how long it rests, with what came of it so far (mostly nothing), and returns what came of it in the end.
Whatever is gradual goes in steps of 100 ms.
"""

import errno
from collections.abc import Callable, Generator, Iterator

STEP = 100_000_000  # nanoseconds
WAITS = "it waits for memory"
BLOCKED = "it is blocked"

Course = Generator[tuple[int, str], None, str]
Act = Callable[[int], str]  # on so many pages; a word where more came of it than that


def gradual(due_at: Callable[[int], int], over: int, catches_up: bool, act: Act, why_over: Callable[[], str]) -> Course:
    """By each step act on as many pages as are due by then. What is due while whoever acts is blocked is done later,
    or never. `why_over` is a word as soon as nothing can go on."""
    done, before, said, told = 0, 0, "", ""
    for now in _moments(over):
        yield now - before, said if said != told else ""
        before, told = now, said
        if why := why_over():
            return why
        due = due_at(now)
        said = _try(act, due - done)
        if why := why_over():
            return said or why
        done = done if said == BLOCKED and catches_up else due
    return said or "done"


def _moments(over: int) -> Iterator[int]:
    """When the steps of so long a time are, the last at its end."""
    yield from range(STEP, over, STEP)
    yield over


def _try(act: Act, pages: int) -> str:
    if pages <= 0:
        return ""
    try:
        return act(pages)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return BLOCKED
        raise


def until_then(time: int, act: Callable[[], object]) -> Course:
    """That act when so much time has passed."""
    yield time, ""
    act()
    return "ends"
