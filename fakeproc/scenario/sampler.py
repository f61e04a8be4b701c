"""How much everybody holds, and what else a picture shows, at regular times of a run: about 500 of them, however long
it is. When there are more, every second one is dropped and they are taken half as often."""

import contextlib
import re
from typing import Any

from fakeproc.world import World

MOST = 500
FIRST_STEP = 10_000_000  # nanoseconds


class Sampler:
    """Takes samples. Each says only what has changed since the one before."""

    def __init__(self) -> None:
        self.samples: list[dict[str, Any]] = []
        self.people: dict[int, tuple[int, str]] = {}  # serial -> pid, comm
        self.next = 0  # nanoseconds from the start
        self._step = FIRST_STEP
        self._before: dict[int, tuple[int, int, int]] = {}

    def take(self, world: World, now: int) -> None:
        """One now, in nanoseconds from the start."""
        found = self._look(world)
        before = self._before
        changed: dict[int, Any] = {who: values for who, values in found.items() if before.get(who) != values}
        changed |= dict.fromkeys(before.keys() - found.keys())
        self._before = found
        usage = world.usage()
        sample = {"at": now, "ram": usage.resident + usage.tables, "swap": usage.swap, "processes": changed}
        self.samples.append(sample | _pressure(world))
        if len(self.samples) > MOST:
            self._thin()
        self.next = (now // self._step + 1) * self._step

    def _look(self, world: World) -> dict[int, tuple[int, int, int]]:
        """Pages in RAM, pages in swap and oom_score_adj of each."""
        found = {}
        for one in world.samples():
            found[one.serial] = (one.resident, one.swap, one.oom_score_adj)
            if self.people.get(one.serial) != (one.pid, one.comm):
                self.people[one.serial] = (one.pid, one.comm)
        return found

    def _thin(self) -> None:
        """What a dropped one says is said by the next."""
        kept = [self.samples[0]]
        for dropped, sample in zip(self.samples[1::2], self.samples[2::2], strict=False):
            kept.append(sample | {"processes": dropped["processes"] | sample["processes"]})
        if len(self.samples) % 2 == 0:
            kept.append(self.samples[-1])
        self.samples, self._step = kept, self._step * 2


def _pressure(world: World) -> dict[str, float]:
    """avg10 of memory, some and full, where the machine tells it."""
    with contextlib.suppress(OSError):
        found = re.findall(r"^(some|full) avg10=([\d.]+)", world.read("/pressure/memory").decode(), re.MULTILINE)
        return {f"pressure_{kind}": float(value) for kind, value in found}
    return {}
