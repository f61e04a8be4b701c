"""`fakeproc bench`: what it prints, and that nothing stays behind. No test asserts a time."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakeproc import bench
from fakeproc.bench import build, contender, core, serve, table
from fakeproc.bench.measure import Effort, Row
from fakeproc.mount import mounts

BRIEF = Effort(2, 1, 2, 1, core_tasks=2_000, small=100, large=200)
OPERATIONS = ["open+read+close", "pread", "open+write+close", "pwrite", "stat", "readdir of 100", "readdir of 200"]
OTHERS = ["minimal C", "Python handlers", "Python, 1 thread", "procfs"]

needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


def children() -> set[int]:
    """Processes of this very process, zombies among them."""
    found = Path("/proc/self/task").glob("*/children")
    return {int(pid) for file in found for pid in file.read_text().split()}


def bench_mounts(directory: Path) -> list[str]:
    return [point for point in mounts() if point.startswith(str(directory))]


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test: no mount, no process, no file, and as many CPUs as before."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before, cpus = children(), os.sched_getaffinity(0)
    yield
    assert bench_mounts(tmp_path) == []
    assert children() <= before
    assert list(tmp_path.glob("fakeproc-bench-*")) == []
    assert os.sched_getaffinity(0) == cpus


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
    assert len(result["targets"]) == 6
    assert status == 0


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


@needs_compiler
def test_without_libfuse_headers_only_the_minimal_program_is_missing(
    fuse: None, monkeypatch: pytest.MonkeyPatch, compiler_without_fuse: str
) -> None:
    monkeypatch.setenv("CC", compiler_without_fuse)
    _, result = run_bench(monkeypatch)
    reasons = [row["missing"].get("minimal C") for row in result["rows"]]
    assert set(reasons) == {"the headers of libfuse 2 are missing: apt-get install libfuse-dev"}
    assert all("fakeproc" in row["nanoseconds"] for row in result["rows"])


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
