"""`fakeproc bench`: what it prints, and that nothing stays behind. No test asserts a time."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from server import ask

from fakeproc import bench, scenario
from fakeproc.bench import build, contender, core, kernel, ps, serve, table
from fakeproc.bench.measure import Effort, Row
from fakeproc.mount import mounts
from fakeproc.scenario.run import Run

BRIEF = Effort(2, 1, 2, 1, core_tasks=2_000, kills=2, small=100, large=200)
OPERATIONS = ["open+read+close", "pread", "open+write+close", "pwrite", "stat", "readdir of 100", "readdir of 200"]
OTHERS = ["minimal C", "Python handlers", "Python, 1 thread", "procfs"]

DUMPS_TASKS = Path("/proc/sys/vm/oom_dump_tasks")

needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


def children() -> set[int]:
    """Processes of this very process, zombies among them."""
    found = Path("/proc/self/task").glob("*/children")
    return {int(pid) for file in found for pid in file.read_text().split()}


def bench_mounts(directory: Path) -> list[str]:
    return [point for point in mounts() if point.startswith(str(directory))]


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test: no mount, no cgroup, no process, no file, and CPUs and switches as before."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before, cpus = children(), os.sched_getaffinity(0)
    dumps = DUMPS_TASKS.read_text()
    yield
    assert groups() == []
    assert DUMPS_TASKS.read_text() == dumps
    assert bench_mounts(tmp_path) == []
    assert children() <= before
    assert list(tmp_path.glob("fakeproc-bench-*")) == []
    assert os.sched_getaffinity(0) == cpus


def groups() -> list[Path]:
    """What the bench leaves where memory cgroups are mounted."""
    try:
        found = kernel.hierarchy(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    except build.Missing:
        return []
    return [left for directory in found.directories for left in directory.glob(kernel.GROUP)]


def run_bench(monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(bench, "QUICK", BRIEF)
    stream = io.StringIO()
    status = bench.bench_command(json=True, quick=True, stream=stream)
    return status, json.loads(stream.getvalue())


@needs_compiler
def test_every_operation_is_measured_on_every_contender(fuse: None, monkeypatch: pytest.MonkeyPatch) -> None:
    status, result = run_bench(monkeypatch)
    assert [row["operation"] for row in result["rows"]] == OPERATIONS
    assert result["columns"] == ["fakeproc", *OTHERS]
    for row in result["rows"]:
        assert set(row["nanoseconds"]) | set(row["missing"]) == set(result["columns"])
        assert set(row["ratios"]) == set(row["nanoseconds"]) - {"fakeproc"}
        assert all(value > 0 for value in [*row["nanoseconds"].values(), *row["ratios"].values()])
    assert set(result["core"]["write_nanoseconds"]) == {"2", "1000"}
    assert len(result["targets"]) == 11
    assert result["kernel"]["tasks"] == 200
    assert set(result["lab"]["placeholders"]) == {"500", "10000"} or "missing" in result["lab"]
    assert ("missing" in result["kernel"]) != ("ratio" in result["kernel"])
    assert result["left_out"][-1] == "1,000,000 tasks"
    assert widest(result) <= 80
    assert status == 0


def widest(result: dict[str, Any]) -> int:
    return max(map(len, table.text(result).splitlines()))


@needs_compiler
def test_a_quick_one_leaves_out_what_is_dear_and_says_what(fuse: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object) -> None:
        raise AssertionError("it is dear")

    monkeypatch.setattr(ps, "measure", refuse)
    monkeypatch.setattr(kernel, "measure", refuse)
    monkeypatch.setattr(bench, "QUICK", replace(bench.QUICK, rounds=2, milliseconds=1, core_tasks=2_000))
    stream = io.StringIO()
    assert bench.bench_command(json=False, quick=True, stream=stream) == 0
    shown = " ".join(stream.getvalue().split())
    assert "readdir 200 " in shown
    assert "500 placeholders" in shown
    dear = "readdir of 10,000, ps over 10,000 processes, real kills among 10,000, 10,000 placeholders, 1,000,000 tasks"
    assert f"left out by --quick: {dear}" in shown


@pytest.mark.parametrize(("ratio", "text"), [(None, ""), (0.067, "0.07x"), (30.75, "30.8x"), (812.4, "812x")])
def test_a_ratio_has_at_most_five_characters(ratio: float | None, text: str) -> None:
    assert table._ratio(ratio) == text


def test_what_it_starts_and_how_long_it_takes_is_in_the_help() -> None:
    help_of_bench = " ".join(ask("bench", "--help").stdout.split())
    assert "one to three minutes" in help_of_bench
    assert "10,000 real processes" in help_of_bench


@pytest.mark.slow
def test_without_a_compiler_python_is_the_prober_and_the_table_says_so(
    fuse: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    status, result = run_bench(monkeypatch)
    assert status == 0
    assert result["machine"]["prober"] == "Python"
    for row in result["rows"]:
        assert set(row["missing"]) == {"minimal C", "procfs"}
        assert "no C compiler" in row["missing"]["minimal C"]
    assert "minimal C is missing: no C compiler (/nowhere/cc)" in table.text(result)


@pytest.fixture
def compiler_without_fuse(tmp_path: Path) -> str:
    """A compiler that finds everything but libfuse's headers."""
    program = tmp_path / "cc"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *minimal_fuse*)\n'
        'echo "minimal_fuse.c:9:10: fatal error: fuse.h: No such file or directory" >&2; exit 1;;\nesac\nexec cc "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.slow
@needs_compiler
def test_without_libfuse_headers_only_the_minimal_program_is_missing(
    fuse: None, monkeypatch: pytest.MonkeyPatch, compiler_without_fuse: str
) -> None:
    monkeypatch.setenv("CC", compiler_without_fuse)
    _, result = run_bench(monkeypatch)
    reasons = [row["missing"].get("minimal C") for row in result["rows"]]
    assert set(reasons) == {"the headers of libfuse 2 are missing: apt-get install libfuse-dev"}
    assert all("fakeproc" in row["nanoseconds"] for row in result["rows"])


@pytest.mark.slow
@needs_compiler
def test_a_server_that_does_not_start_is_a_missing_column(fuse: None, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = contender.Contender("fakeproc", contender._server("nonsense"))
    monkeypatch.setattr(contender, "CONTENDERS", [broken, *contender.CONTENDERS[1:]])
    status, result = run_bench(monkeypatch)
    assert status == 1
    for row in result["rows"]:
        assert row["missing"]["fakeproc"] == "its server did not start: KeyError: 'nonsense'"
        assert "Python handlers" in row["nanoseconds"]
        assert row["ratios"] == {}
    assert result["targets"][0]["met"] is None


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_bench_that_is_killed_leaves_no_mount(fuse: None, tmp_path: Path, number: signal.Signals) -> None:
    code = "import sys; from fakeproc.bench import bench_command as b; b(json=True, quick=False, stream=sys.stdout)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(bench_mounts(tmp_path)) >= 2)
    process.send_signal(number)
    process.wait(30)
    wait_until(lambda: not bench_mounts(tmp_path))
    for left in tmp_path.glob("fakeproc-bench-*"):
        assert number == signal.SIGKILL
        shutil.rmtree(left)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    row = Row("stat", {"fakeproc": [10, 20, 90], "procfs": [5, 20, 30]})
    assert row.ratios == {"procfs": 2}
    assert row.nanoseconds == {"fakeproc": 20, "procfs": 20}


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0.5, "0.50 ns"),
        (7, "7.00 ns"),
        (437.4, "437 ns"),
        (23_412, "23.4 us"),
        (1_000_000, "1.00 ms"),
        (2.5e9, "2500 ms"),
    ],
)
def test_a_duration_has_three_digits(nanoseconds: float, text: str) -> None:
    assert table.duration(nanoseconds) == text


def test_a_core_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found = core.measure(-5)
    assert "missing" in found
    assert "missing" in "".join(table._core(found))


@needs_compiler
def test_a_program_that_does_not_compile_says_why(tmp_path: Path) -> None:
    with pytest.raises(build.Missing, match=r"nothing\.c"):
        build.build("nothing", tmp_path)


@pytest.mark.parametrize("uid", [0, 1000])
def test_the_processes_served_belong_to_whoever_measures(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr("os.getuid", lambda: uid)
    world = serve.world_of(5)
    assert [world.stat(f"/{pid}/oom_score_adj").uid for pid in range(1, 6)] == [0, uid, uid, uid, uid]


# --- the choice of this kernel ---------------------------------------------------


def row(found: dict[str, Any]) -> str:
    """Of the table, the lines on a choice by this kernel."""
    return "".join(table._kernel(found))


def kernel_is_measured(directory: Path) -> dict[str, Any]:
    """A choice among 3,000 by this kernel; skips with the row's reason where that cannot be measured."""
    found = kernel.measure(directory, 3_000, 9)
    if "missing" in found:
        assert f"  not measured: {found['missing']}\n" in row(found)
        pytest.skip(f"not measured: {found['missing']}")
    return found


def test_the_choice_of_this_kernel_is_measured_or_the_row_says_why(tmp_path: Path) -> None:
    found = kernel_is_measured(tmp_path)
    assert found["nanoseconds_each"].keys() == found["select_nanoseconds"].keys() == {"kernel", "core"}
    assert found["kills"] == 36
    lines = row(found).splitlines()
    assert lines[0] == "a victim among 3,000, by this kernel and by the core"
    assert [line[2:20].strip() for line in lines[1:3]] == ["this kernel", "the core"]
    assert [line.split()[-3:-2] for line in lines[1:3]] == [
        [f"{found['nanoseconds_each'][who]:.1f}"] for who in ("kernel", "core")
    ]


def test_without_a_compiler_the_choice_of_this_kernel_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    found = kernel.measure(tmp_path, 100, 1)
    assert set(found) == {"tasks", "missing"}
    assert row(found).count("\n") == 2


def test_kills_that_are_ended_leave_no_cgroup(tmp_path: Path) -> None:
    kernel_is_measured(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "fakeproc.bench", "kernel", str(tmp_path), "500", "10000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: any((group / "alone/cgroup.procs").read_text() for group in groups()))
    process.terminate()
    process.wait(30)


def test_a_second_bench_does_not_kill_at_the_same_time(tmp_path: Path) -> None:
    with kernel._only_one(tmp_path), pytest.raises(build.Missing, match="another bench"):
        kernel._only_one(tmp_path).__enter__()


def test_the_cost_of_a_task_is_what_the_choice_grows_by() -> None:
    kills = "10 100 200\n10 100 150\n10 900 950\n110 300 5350\n110 300 5400\n110 300 9000\n"
    assert kernel.time_each(kills, 10, 110) == 50.5


def test_a_choice_within_the_noise_is_not_measured() -> None:
    with pytest.raises(build.Missing, match="noise"):
        kernel.time_each("10 100 200\n110 100 200\n", 10, 110)


MOUNTS = """\
25 1 0:22 / {point}/tmp rw - tmpfs tmpfs rw
26 25 0:23 / {point}/pids rw,relatime - cgroup cgroup rw,pids
27 25 0:24 {root} {point} rw,relatime shared:9 - {kind} {kind} {options}
"""


@pytest.fixture
def mounted_cgroups(tmp_path: Path) -> Callable[..., kernel.Hierarchy]:
    """What is found where our own cgroup is /box/inner and a hierarchy is mounted from its root or another."""
    (tmp_path / "box" / "inner").mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")

    def find(kind: str, options: str, root: str = "/") -> kernel.Hierarchy:
        text = MOUNTS.format(point=tmp_path, root=root, kind=kind, options=options)
        return kernel.hierarchy(text, "4:memory:/box/inner\n1:cpu:/\n0::/box\n")

    return find


@pytest.mark.parametrize(
    ("kind", "options", "root", "version", "way"),
    [
        ("cgroup", "rw,memory", "/", kernel.V1, [".", "box", "box/inner"]),
        ("cgroup", "rw,memory", "/elsewhere", kernel.V1, ["."]),
        ("cgroup", "rw,memory", "/box/inner", kernel.V1, ["."]),
        ("cgroup2", "rw", "/", kernel.V2, [".", "box"]),
    ],
)
def test_memory_cgroups_are_found_from_their_root_to_our_own(
    mounted_cgroups: Callable[..., kernel.Hierarchy],
    tmp_path: Path,
    kind: str,
    options: str,
    root: str,
    version: kernel.Version,
    way: list[str],
) -> None:
    found = mounted_cgroups(kind, options, root)
    assert found == kernel.Hierarchy(version, [tmp_path / part for part in way])


def test_a_hierarchy_without_memory_is_none(mounted_cgroups: Callable[..., kernel.Hierarchy], tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("hugetlb\n")
    with pytest.raises(build.Missing, match="no memory cgroups are mounted"):
        mounted_cgroups("cgroup2", "rw")


def test_in_v2_a_group_is_made_where_memory_is_delegated(
    mounted_cgroups: Callable[..., kernel.Hierarchy], tmp_path: Path
) -> None:
    found = mounted_cgroups("cgroup2", "rw")
    with pytest.raises(build.Missing, match="may make no memory cgroup"):
        found.home()
    (tmp_path / "box" / "cgroup.subtree_control").write_text("memory pids\n")
    assert found.home() == tmp_path / "box"


def test_a_crowd_that_would_take_the_memory_of_others_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    found = kernel.Hierarchy(kernel.V2, [tmp_path])
    kernel.check_room(found, 2_000_000)
    with pytest.raises(build.Missing, match="can be spared"):
        kernel.check_room(found, 2_000_001)


@pytest.mark.slow
def test_a_scenario_of_100_000_events_over_10_000_processes_is_played_to_its_end() -> None:
    run = Run(scenario.loads(core.lively(10_000)))
    results = Counter(entry.result for entry in run.play())
    assert results == {"ok": 80_000, "0 pages": 20_000}
    assert run.now > 4 * 3600 * 10**9
    assert run.world.usage().anon > 10_000 * 256


def test_ps_is_measured_beside_a_real_procfs_or_the_row_says_why(fuse: None, tmp_path: Path) -> None:
    found = ps.measure(tmp_path, 100, 2)
    assert (found["processes"], found["rounds"]) == (100, 2)
    text = "".join(table._ps(found))
    if "missing" in found:
        assert f"not measured: {found['missing']}" in text
        pytest.skip(f"ps is not measured here: {found['missing']}")
    for which in ("warm", "cold"):
        assert all(found[f"{which}_nanoseconds"][name] > 0 for name in ("fakeproc", "least", "procfs"))
    assert f"{found['ratio']:.2f} x" in text
    assert f"{found['floor']:.2f} x, the mount {found['least_ratio']:.2f} x of it" in text


def test_without_a_compiler_there_is_no_crowd_for_ps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    assert "no C compiler" in ps.measure(tmp_path, 100, 1)["missing"]


def test_a_crowd_that_has_no_room_is_not_made(tmp_path: Path) -> None:
    assert "processes take" in ps.measure(tmp_path, 1 << 30, 1)["missing"]
