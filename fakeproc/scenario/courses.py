"""What takes time: an event that is no single act is a generator, resumed by the player when its time has come.

It yields how long it rests, with what came of it so far (mostly nothing), and returns what came of it in the end.
Whatever is gradual goes in steps of 100 ms.
"""

import errno
from collections.abc import Callable, Generator, Iterator

STEP = 100_000_000  # nanoseconds
BLOCKED = "it waits for memory"

Course = Generator[tuple[int, str], None, str]
Act = Callable[[int], str]  # on so many pages; a word where more came of it than that


def moments(over: int) -> Iterator[int]:
    """When the steps of so long a time are, the last at its end."""
    yield from range(STEP, over, STEP)
    yield over


def ramp(pages: int, over: int, act: Act, why_over: Callable[[], str]) -> Course:
    """All these pages, evenly. Who is blocked meanwhile catches up."""
    done, before, said = 0, 0, ""
    for now in moments(over):
        yield now - before, said
        if why := why_over():
            return why
        before, due = now, pages * now // over
        said = _try(act, due - done)
        if why := why_over():
            return said or why
        done = done if said == BLOCKED else due
        said = "" if said == BLOCKED and now < over else said
    return said or "done"


def flow(rate: tuple[int, int], over: int, act: Act, why_over: Callable[[], str]) -> Course:
    """So many pages in so many nanoseconds. What is not done while somebody is blocked is not made up for."""
    done, before, said = 0, 0, ""
    for now in moments(over):
        yield now - before, said
        if why := why_over():
            return why
        before, due = now, rate[0] * now // rate[1]
        said = _try(act, due - done)
        done = due
        if why := why_over():
            return said or why
        said = "" if said == BLOCKED else said
    return said or "ends"


def _try(act: Act, pages: int) -> str:
    """What came of it; BLOCKED where the kernel still holds whoever acts."""
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
