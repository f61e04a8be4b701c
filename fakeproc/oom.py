"""What the OOM killer made of a world, as plain numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How out_of_memory() ended: OOM_KILLED ..., the process with the most points, and the one that was killed."""

    how: int
    chosen: int
    victim: int


@dataclass(frozen=True)
class Ranking:
    """A process as the OOM killer ranks it: pages that its end would free, points, oom_score, the core's reasons."""

    pages: int
    points: int
    score: int
    eligibility: int
    in_flight: int
