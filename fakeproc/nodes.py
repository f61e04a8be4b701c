"""Sets of memory nodes as cpuset.mems writes them: "0", "0-1", "0,2-3"."""

import re

from fakeproc import wording
from fakeproc.errors import FakeprocError

MOST = 64


def parse(text: str) -> int:
    """The nodes as a mask, a bit each."""
    mask = 0
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,2})(?:-([0-9]{1,2}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < MOST:
            raise FakeprocError(f"{wording.quoted(text)} names no memory nodes: write such as 0, 0-1 or 0,2-{MOST - 1}")
        mask |= sum(1 << node for node in range(first, last + 1))
    return mask
