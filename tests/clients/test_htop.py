"""htop, on a terminal: its screen is read."""

import os
import re
from collections.abc import Callable

import pytest
from screen import on_terminal

from fakeproc.world import World

from .facts import Rounded, Rows, memory_of, rows_of
from .lab import Lab

SETTINGS = """\
htop_version=3.2.2
config_reader_min_version=3
fields=0 48 46 38 39 40 2 1
hide_kernel_threads=0
hide_userland_threads=1
shadow_other_users=0
tree_view=0
show_program_path=1
show_merged_command=0
highlight_base_name=0
delay=10
header_layout=two_50_50
column_meters_0=Memory Swap
column_meter_modes_0=2 2
column_meters_1=Tasks LoadAverage Uptime
column_meter_modes_1=2 2 2
screen:Main=PID ST_UID PPID M_VIRT M_RESIDENT M_SHARE STATE Command
.sort_key=PID
.sort_direction=1
.tree_view=0
"""
NAMES = ("pid", "uid", "ppid", "vsz", "rss", "shared", "state")


@pytest.fixture(scope="module")
def lines(machine: Lab, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The screen, once it shows the last process and how long the machine is up: for its first second it does not."""
    program("htop")
    settings = tmp_path_factory.mktemp("htop") / "htoprc"
    settings.write_text(SETTINGS)
    environment = {"HTOPRC": str(settings), "LC_ALL": "C", "HOME": str(settings.parent)}
    with on_terminal(machine.command("htop"), environment, lines=50, columns=150) as terminal:
        return terminal.until(lambda lines: bool(re.search(r"Uptime: \d[^|]*\n *20171 ", "\n".join(lines), re.DOTALL)))


def rows_on(lines: list[str]) -> Rows:
    rows = [line.split(None, len(NAMES)) for line in lines if re.match(r" *\d+ +\d+ ", line)]
    return {
        int(words[0]): {
            "uid": int(words[1]),
            "ppid": int(words[2]),
            **{name: Rounded(word) for name, word in zip(NAMES[3:6], words[3:6], strict=True)},
            "state": words[6],
        }
        for words in rows
    }


def test_its_rows_are_the_processes_of_the_world(lines: list[str], truth: World) -> None:
    seen = rows_on(lines)
    fields = {"ppid", "vsz", "rss", "shared", "state"}
    fields |= set() if os.geteuid() else {"uid"}  # of the owner by stat(2): in a user namespace that is one of it
    expected = rows_of(truth, fields)
    assert {pid: {name: row[name] for name in fields} for pid, row in seen.items() if pid in expected} == expected
    assert len(seen) == len(expected) + 1


def test_its_meters_are_the_machine(lines: list[str], watched: World) -> None:
    m = memory_of(watched)
    cache = m["Cached"] + m["SReclaimable"] - m["Shmem"]
    memory, swap = (meter(lines, name) for name in ("Mem", "Swp"))
    assert (memory["Mem"], memory["shared"], memory["cache"]) == (m["MemTotal"], m["Shmem"], cache)
    assert memory["used"] == m["MemTotal"] - m["MemFree"] - m["Buffers"] - cache - m["Shmem"]
    assert memory["available"] == m["MemAvailable"]
    assert (swap["Swp"], swap["used"]) == (m["SwapTotal"], m["SwapTotal"] - m["SwapFree"])
    assert "Load average: 0.00 0.00 0.00" in "\n".join(lines)


def meter(lines: list[str], name: str) -> dict[str, Rounded]:
    """ "Mem:16.0G used:1.26G ..." """
    line = next(line for line in lines if line.lstrip().startswith(f"{name}:"))
    return {what: Rounded(number) for what, number in re.findall(r"(\w+):(\d[\d.]*[KMG])", line)}


def test_it_counts_tasks(lines: list[str], watched: World) -> None:
    kthreads = sum(t.is_kthread for t in watched.processes)
    processes = len(watched.processes) - kthreads
    threads = watched.task_count - len(watched.processes)
    assert f"Tasks: {processes}, {threads} thr, {kthreads} kthr; 0 running" in "\n".join(lines)


def test_it_knows_how_long_the_machine_is_up(lines: list[str]) -> None:
    found = re.search(r"Uptime: (\d\d):(\d\d):(\d\d)", "\n".join(lines))
    assert found
    assert 0 < int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) < 3600
