"""The two daemons that watch cgroups, systemd-oomd and oomd, from Debian's packages and unmodified."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packages import SYSTEMD_OOMD

from .conftest import Run, Seen

pytestmark = pytest.mark.slow
WORK = Path(__file__).with_name("work.toml")
MANAGER = Path(__file__).with_name("service_manager.py")
MARKS = f"{sys.executable} {Path(__file__).with_name('marks.py')}"
BOTH = [("busy", "SIGKILL", "died"), ("child", "SIGKILL", "died")]  # in whatever order they are seen to have died
RULESETS = Path(__file__).with_name("oomd.json")
LEAK = """
[[event]]
at = "0.2 s"
leak = { who = "busy", rate = "100 MiB/s" }

[[event]]
at = "0.2 s"
set_pressure = { resource = "memory", some = 50, full = 40, cgroup = "/work" }

[[expect]]
killed = ["busy", "child"]
by = "signal"

[[expect]]
alive = ["sshd", "quiet"]
"""


SWAPPED = """
[machine]
kernel = "6.18"
ram = "1 GiB"
swap = "512 MiB"

[[process]]
comm = "small"
pid = 4242
anon = "500 MiB"
swap = "10 MiB"
cgroup = "/small"

[[process]]
comm = "swapped"
pid = 4243
anon = "100 MiB"
swap = "400 MiB"
cgroup = "/swapped"
"""
SWAP_FREE = "grep SwapFree /proc/meminfo"
LEFT_IN_SWAP = f"SwapFree:{(512 - 10) << 10:>15} kB\n"


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """work.toml, in which busy leaks, and everybody in /work is stalled for memory."""
    file = tmp_path / "leaking.toml"
    file.write_text(WORK.read_text() + LEAK)
    return file


@pytest.fixture
def swapped(tmp_path: Path) -> Path:
    """Most of the swap belongs to somebody who has little else."""
    file = tmp_path / "swapped.toml"
    file.write_text(SWAPPED)
    return file


def until_gone(pids: list[int]) -> str:
    """A shell waits for them."""
    return "; ".join(f"while kill -0 {pid} 2> /dev/null; do sleep 0.05; done" for pid in pids)


# --- systemd-oomd ---------------------------------------------------------------------------

SystemdOomd = Callable[..., Seen]
LOGGED = "until dmesg | grep 'oomd kill:'; do sleep 0.05; done"
OOMD_MARKS = {"trusted.oomd_kill", "trusted.oomd_kill_uuid", "trusted.oomd_ooms"}


@pytest.fixture
def systemd_oomd(run: Run, program: Callable[[str], str]) -> SystemdOomd:
    """systemd_oomd(scenario, managed, victims, before, after): until these are gone; a shell does what is said."""
    daemon = program(SYSTEMD_OOMD)

    def run_it(scenario: Path, managed: str, victims: list[int], before: str = ":", after: str = ":") -> Seen:
        start = f"{sys.executable} {MANAGER} {managed} -- {daemon} &"
        text = f"{before}; {start} {until_gone(victims)}; {after}"
        return run("sh", "-c", text, scenario=scenario, options=("--intercept", "--for", "20 s"))

    return run_it


PRESSURE = "ManagedOOMMemoryPressure=/work"


def test_systemd_oomd_kills_the_cgroup_whose_memory_is_reclaimed(systemd_oomd: SystemdOomd, leaking: Path) -> None:
    after = "cd /sys/fs/cgroup/work/busy; cat cgroup.events memory.current"
    seen = systemd_oomd(leaking, PRESSURE, [4243, 4244], after=after)
    assert sorted(seen.signals) == BOTH
    assert "Killed /work/busy due to memory pressure for /work being " in seen.printed
    assert seen.printed.endswith("populated 0\nfrozen 0\n0\n")
    assert (seen.verdict["faster"], seen.verdict["kernel_kills"]) == ("command", [])
    assert seen.verdict["mem_available"] > 3 << 30
    assert (seen.code, seen.verdict["holds"]) == (0, True)


def test_systemd_oomd_leaves_its_marks_on_the_cgroup(systemd_oomd: SystemdOomd, leaking: Path) -> None:
    seen = systemd_oomd(leaking, PRESSURE, [4243, 4244], after=f"{MARKS} /sys/fs/cgroup/work/busy")
    assert seen.printed.endswith("user.oomd_kill=2 user.oomd_ooms=1\n")


def test_systemd_oomd_omits_who_is_marked_so(systemd_oomd: SystemdOomd, leaking: Path) -> None:
    seen = systemd_oomd(leaking, PRESSURE, [4242], before=f"{MARKS} /sys/fs/cgroup/work/busy user.oomd_omit=1")
    assert seen.signals == [("quiet", "SIGKILL", "died")]


def test_systemd_oomd_kills_who_has_most_in_swap(systemd_oomd: SystemdOomd, swapped: Path) -> None:
    seen = systemd_oomd(swapped, "ManagedOOMSwap=/", [4243], after=SWAP_FREE)
    assert seen.signals == [("swapped", "SIGKILL", "died")]
    assert LEFT_IN_SWAP in seen.printed


# --- oomd -------------------------------------------------------------------------------------

Oomd = Callable[..., Seen]
LOGGED = "until dmesg | grep 'oomd kill:'; do sleep 0.05; done"
OOMD_MARKS = {"trusted.oomd_kill", "trusted.oomd_kill_uuid", "trusted.oomd_ooms"}


@pytest.fixture
def oomd(run: Run, program: Callable[[str], str], tmp_path: Path) -> Oomd:
    """oomd(scenario, ruleset, victims, before, after): one of oomd.json alone, until these are gone."""
    daemon, file = program("oomd"), tmp_path / "oomd.json"

    def run_it(scenario: Path, ruleset: str, victims: list[int], before: str = ":", after: str = ":") -> Seen:
        rulesets = json.loads(RULESETS.read_text())["rulesets"]
        file.write_text(json.dumps({"rulesets": [one for one in rulesets if one["name"] == ruleset]}))
        start = f"{daemon} --interval 1 --config {file} --runtime-dir {tmp_path / 'run'} &"
        text = f"{before}; {start} {until_gone(victims)}; {after}"
        return run("sh", "-c", text, scenario=scenario, options=("--for", "20 s"))

    return run_it


def test_oomd_kills_the_biggest_cgroup_of_those_that_are_stalled(oomd: Oomd, leaking: Path) -> None:
    seen = oomd(leaking, "growth", [4243, 4244], after="cd /sys/fs/cgroup/work/busy; cat cgroup.events memory.current")
    assert sorted(seen.signals) == BOTH
    assert 'Picked "work/busy" (' in seen.printed
    assert seen.printed.endswith("populated 0\nfrozen 0\n0\n")
    assert (seen.verdict["faster"], seen.verdict["kernel_kills"]) == ("command", [])
    assert seen.verdict["mem_available"] > 3 << 30
    assert (seen.code, seen.verdict["holds"]) == (0, True)


def test_oomd_leaves_its_marks_and_says_so_in_the_kernel_log(oomd: Oomd, leaking: Path) -> None:
    seen = oomd(leaking, "growth", [4243, 4244], after=f"{LOGGED}; {MARKS} /sys/fs/cgroup/work/busy")
    *_, line, marks = seen.printed.splitlines()
    assert re.search(r"oomd kill: [\d.]+ [\d.]+ [\d.]+ work/busy \d+ .* killer:kill_by_memory_size_or_growth", line)
    assert {word.partition("=")[0] for word in marks.split()} == OOMD_MARKS


def test_oomd_prefers_who_is_marked_so(oomd: Oomd, leaking: Path) -> None:
    before = f"{MARKS} /sys/fs/cgroup/work/quiet trusted.oomd_prefer=1"
    assert oomd(leaking, "growth", [4242], before=before).signals == [("quiet", "SIGKILL", "died")]


def test_oomd_kills_the_cgroup_that_is_stalled_most(oomd: Oomd, leaking: Path) -> None:
    seen = oomd(leaking, "pressure", [4243, 4244], after=LOGGED)
    assert sorted(seen.signals) == BOTH
    assert "killer:kill_by_pressure" in seen.printed.splitlines()[-1]


def test_oomd_kills_who_has_most_in_swap(oomd: Oomd, swapped: Path) -> None:
    seen = oomd(swapped, "swap", [4243], after=SWAP_FREE)
    assert seen.signals == [("swapped", "SIGKILL", "died")]
    assert LEFT_IN_SWAP in seen.printed
