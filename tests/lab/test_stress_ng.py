"""stress-ng and the OOM killer: how it marks its stressors, what it does when one is taken, how it avoids that."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import INTERCEPT, PEOPLE, Run, Seen

pytestmark = pytest.mark.slow
# The adjustments of stress-ng, of its stressor, and of the child in which that takes memory.
ADJUSTED = {"": [-1000, -1000, 1000], "--oomable": [-1000, 1000, 1000]}
START = """
cd {directory}
of_all() {{ for pid in $(pgrep -x stress-ng) $(pgrep -x stress-ng-vm); do cat /proc/$pid/$1; done; }}
is_ready() {{ [ "$(echo $(of_all oom_score_adj))" = "{adjusted}" ]; }}
stress-ng --vm 1 --vm-bytes 8M --vm-hang 0 --timeout 30s --verbose {option} > log 2>&1 &
until is_ready; do sleep 0.05; done
"""
TAKE = r"""
echo f > /proc/sysrq-trigger
until grep 'assuming killed by OOM killer' log; do sleep 0.05; done
"""

StressNg = Callable[..., Seen]


@pytest.fixture
def stress_ng(run: Run, program: Callable[[str], str], tmp_path: Path) -> StressNg:
    """stress_ng(option, text): a shell goes on with that when the stressor has its memory."""
    program("stress-ng")

    def run_it(option: str, text: str) -> Seen:
        adjusted = " ".join(map(str, ADJUSTED[option]))
        script = START.format(directory=tmp_path, option=option, adjusted=adjusted) + text
        return run("sh", "-c", script, scenario=PEOPLE, options=("--for", "20 s"))

    return run_it


@pytest.mark.parametrize("option", ADJUSTED)
def test_its_marks_are_in_the_world(stress_ng: StressNg, option: str) -> None:
    seen = stress_ng(option, "of_all oom_score_adj; of_all oom_adj; of_all oom_score")
    values = [int(word) for word in seen.printed.split()]
    assert values[:3] == ADJUSTED[option]
    assert values[3:6] == [{1000: 15, -1000: -17}[value] for value in ADJUSTED[option]]
    assert [value > 1000 for value in values[6:]] == [value > 0 for value in ADJUSTED[option]]


def test_a_stressor_that_is_taken_takes_memory_again(stress_ng: StressNg) -> None:
    seen = stress_ng("", f"{TAKE} until is_ready; do sleep 0.05; done; of_all oom_score_adj")
    assert [kill["comm"] for kill in seen.verdict["kernel_kills"]] == ["stress-ng-vm"]
    said, *adjusted = seen.printed.splitlines()
    assert said.endswith("vm: assuming killed by OOM killer, restarting again (instance 0)")
    assert [int(word) for word in adjusted] == ADJUSTED[""]


def test_one_that_may_be_taken_ends(stress_ng: StressNg) -> None:
    seen = stress_ng("--oomable", f"{TAKE} wait; echo $?; pgrep stress-ng")
    assert [kill["comm"] for kill in seen.verdict["kernel_kills"]] == ["stress-ng-vm"]
    said, code = seen.printed.splitlines()
    assert said.endswith("vm: assuming killed by OOM killer, bailing out (instance 0)")
    assert code == "0"


FULL = '[machine]\nram = "1 GiB"\n[[process]]\ncomm = "hog"\nanon = "990 MiB"\n'
OPERATIONS = re.compile(r"^stress-ng: metrc: .* vm +(\d+) ", re.MULTILINE)


@pytest.mark.parametrize(("options", "is_told"), [(INTERCEPT, True), ((), False)])
def test_it_avoids_what_would_not_fit_where_it_is_told(
    run: Run, program: Callable[[str], str], tmp_path: Path, options: tuple[str, ...], is_told: bool
) -> None:
    """It asks sysinfo(2), which only --intercept answers."""
    program("stress-ng")
    file = tmp_path / "full.toml"
    file.write_text(FULL)
    text = f"cd {tmp_path}; stress-ng --vm 1 --vm-bytes 64M --vm-ops 100 --timeout 1s --oom-avoid --verbose"
    seen = run("sh", "-c", text, scenario=file, options=options)
    found = OPERATIONS.search(seen.printed)
    assert found
    assert ("RAM total: 1.0G" in seen.printed, int(found[1]) == 0) == (is_told, is_told)
