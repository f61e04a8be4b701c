"""A frame without a terminal: for pipes and files, and where there is no curses."""

from contextlib import closing

from fakeproc.top.frame import whole
from fakeproc.top.reading import Reader


def once(place: str, order: str) -> str:
    """All of a moment, as lines. FakeprocError where that is no mount of fakeproc."""
    with closing(Reader(place)) as reader:
        return "".join(f"{line.text}\n" for line in whole(reader.read(), order))
