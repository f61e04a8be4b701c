"""A short tour of a mounted world: shell commands, what they really print, and whether that is what was claimed."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fakeproc import rules, scenario
from fakeproc.control import Control
from fakeproc.mount import mounted
from fakeproc.world import ROOT


@dataclass(frozen=True)
class Step:
    """One command of the tour, what it shows, and exactly what it has to print."""

    shows: str
    command: str
    prints: str


SCORE = "test $(cat {}/oom_score) -gt 300 && echo yes"
REFUSED = "tee: 1200/oom_score_adj: Invalid argument\n"
LOGGED = "updating oom_score_adj for 1201 (gpu-helper) from 300 to -500 because it shares mm with 1200 (browser)\n"

TOUR = {
    "4.8": (
        Step("a browser, as it was started", "cat 1200/comm 1200/oom_score_adj 1200/oom_adj", "browser\n300\n5\n"),
        Step("a helper process works in the browser's memory", "cat 1201/comm 1201/oom_score_adj", "gpu-helper\n300\n"),
        Step("a process that the OOM killer would like?", SCORE.format(1200), "yes\n"),
        Step("the updater was vforked a moment ago: it scores 0 (patch 5)", "cat 1202/oom_score", "0\n"),
        Step("spare the browser", "echo -500 > 1200/oom_score_adj", ""),
        Step(
            "both of its files have changed, and its score",
            "cd 1200 && cat oom_score_adj oom_adj oom_score",
            "-500\n-8\n0\n",
        ),
        Step("the helper follows: one memory, one adjustment (patch 4)", "cat 1201/oom_score_adj", "-500\n"),
        Step("the vforked child does not", "cat 1202/oom_score_adj", "300\n"),
        Step("the kernel log tells", "grep -o 'updating.*1201.*(browser)' .fakeproc/kmsg", LOGGED),
        Step("there is no 1001", "echo 1001 | tee 1200/oom_score_adj 2>&1 >/dev/null", REFUSED),
    ),
    "4.7": (
        Step("the same on the kernel before", "echo -500 > 1200/oom_score_adj", ""),
        Step("the browser has it", "cat 1200/oom_score_adj", "-500\n"),
        Step("nobody else", "cat 1201/oom_score_adj 1202/oom_score_adj", "300\n300\n"),
        Step("nothing is logged", "grep -c updating .fakeproc/kmsg", "0\n"),
        Step("and the OOM killer would like the vforked child", SCORE.format(1202), "yes\n"),
    ),
}


def demo() -> int:
    """Take the tour; 0 if everything was as claimed, else 1. Nothing is left behind."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    failed = sum(not _holds(step, place) for version in TOUR for place, step in _steps(version))
    print(f"\n{failed} of these did not come out as they should" if failed else "\nall of it as it should be")
    return 1 if failed else 0


def _steps(version: str) -> Iterator[tuple[str, Step]]:
    """The steps for that kernel, each while its world is mounted."""
    with _mounted_default(version) as place:
        print(f"\n== Linux {version}, mounted at {place} ==\n$ cd {place}")
        for step in TOUR[version]:
            yield place, step


@contextmanager
def _mounted_default(version: str) -> Iterator[str]:
    world = scenario.bundled("default").build(rules.kernel(version))
    Control(world).attach()
    with tempfile.TemporaryDirectory(prefix="fakeproc-") as place, mounted(world, place) as mount:
        mount.caller(ROOT)  # the tour is root's, whoever takes it
        yield place


def _holds(step: Step, place: str) -> bool:
    """Run it and show it."""
    done = subprocess.run(
        ["sh", "-c", step.command],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=20,
        check=False,
    )
    print(f"\n# {step.shows}\n$ {step.command}\n{done.stdout}", end="", flush=True)
    if done.stdout == step.prints:
        return True
    print(f"# but it should print {step.prints!r}")
    return False
