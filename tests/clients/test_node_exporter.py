"""prometheus-node-exporter with --path.procfs: its metrics are the world's."""

import re
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from fakeproc.world import World

from .facts import memory_of
from .lab import Lab
from .parsers import metrics

NAME = "prometheus-node-exporter"
COLLECTORS = ["loadavg", "meminfo", "pressure", "processes", "stat", "time", "uname", "vmstat"]


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


def wait_until_it_listens(process: "subprocess.Popen[str]") -> None:
    assert process.stderr
    said = []
    for line in process.stderr:
        said.append(line)
        if "Listening on" in line or "TLS is disabled" in line:
            return
    raise AssertionError("".join(said))


@pytest.fixture(scope="module")
def scraped(machine: Lab, program: Callable[[str], str]) -> Iterator[dict[str, float]]:
    """All that it says in one scrape."""
    program(NAME)
    address = f"127.0.0.1:{free_port()}"
    options = [f"--path.procfs={machine.point}", f"--web.listen-address={address}", "--collector.processes"]
    with machine.running(NAME, *options, bound=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        wait_until_it_listens(process)
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as page:
            text = page.read().decode()
        yield metrics(text)


def test_every_collector_of_proc_succeeds(scraped: dict[str, float]) -> None:
    succeeded = {name: scraped[f'node_scrape_collector_success{{collector="{name}"}}'] for name in COLLECTORS}
    assert succeeded == dict.fromkeys(COLLECTORS, 1)


def test_its_memory_is_the_worlds(scraped: dict[str, float], watched: World) -> None:
    """Line by line. It has more threads than the process that stands for it, and each has a stack in the kernel."""
    memory_of(watched)
    stacks = scraped["node_memory_KernelStack_bytes"] - meminfo(watched)["node_memory_KernelStack_bytes"]
    assert 0 <= stacks <= 1 << 20
    moved = {"KernelStack": stacks, "MemFree": -stacks, "MemAvailable": -stacks}
    expected = {name: value + moved.get(name.split("_")[2], 0) for name, value in meminfo(watched).items()}
    assert {name: value for name, value in scraped.items() if name.startswith("node_memory_")} == expected


def meminfo(world: World) -> dict[str, float]:
    """In its names: "Active(anon)" is node_memory_Active_anon_bytes."""
    found = {}
    for line in world.read("/meminfo").decode().splitlines():
        name, number, *unit = line.replace(":", "").split()
        name = re.sub(r"\((.*)\)", r"_\1", name)
        found[f"node_memory_{name}" + ("_bytes" if unit else "")] = float(number) * (1024 if unit else 1)
    return found


def test_its_counters_are_those_of_vmstat(scraped: dict[str, float], machine: Lab) -> None:
    counters = {name: float(value) for name, value in (line.split() for line in machine.read("vmstat").splitlines())}
    seen = {name.removeprefix("node_vmstat_"): value for name, value in scraped.items() if "node_vmstat_" in name}
    assert {"oom_kill", "pgfault", "pswpin", "pswpout"} <= seen.keys()
    assert {name: seen[name] for name in seen if name != "pgfault"} == {
        name: counters[name] for name in seen if name != "pgfault"
    }


def test_its_load_is_the_worlds(scraped: dict[str, float], machine: Lab) -> None:
    loads = [float(word) for word in machine.read("loadavg").split()[:3]]
    assert [scraped[f"node_load{minutes}"] for minutes in (1, 5, 15)] == loads


def test_its_processes_are_the_worlds(scraped: dict[str, float], truth: World) -> None:
    states = [t.info.state.decode() for t in truth.processes]
    for state in "TZ":
        assert scraped[f'node_processes_state{{state="{state}"}}'] == states.count(state)
    assert scraped['node_processes_state{state="S"}'] >= states.count("S") + 1
    assert scraped["node_processes_pids"] >= len(states) + 1
    assert scraped["node_processes_threads"] >= truth.task_count + 1


def test_it_knows_when_the_machine_booted(scraped: dict[str, float], machine: Lab) -> None:
    booted = next(line for line in machine.read("stat").splitlines() if line.startswith("btime"))
    assert scraped["node_boot_time_seconds"] == int(booted.split()[1])
    for cpu in range(2):
        assert scraped[f'node_cpu_seconds_total{{cpu="{cpu}",mode="user"}}'] == 0


def test_nothing_is_stalled(scraped: dict[str, float]) -> None:
    pressures = {name: value for name, value in scraped.items() if name.startswith("node_pressure_")}
    assert len(pressures) >= 5
    assert set(pressures.values()) == {0.0}
