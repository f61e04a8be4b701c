"""What README.md says is so: every block of it is run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from server import ask, cleared, is_mounted, serving

from fakeproc import scenario, topics
from fakeproc.scenario.run import Run

README = (ROOT / "README.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
OURS = f"{sys.executable} -P -m fakeproc"

# How a block begins, and so what it is: each kind has a test below.
KINDS = {
    "transcript": ("console", "$ fakeproc shell"),
    "report": ("text", "$ fakeproc "),
    "session": ("sh", "mkdir "),
    "lines": ("sh", ".venv/bin/python -c "),
    "script": ("python", "from fakeproc "),
    "test": ("python", "import "),
    "described": ("toml", ""),
    "own-project": ("sh", "python3 -m venv"),
    "set-up": ("bash", "python3 mount.py"),
    "bound": ("console", "# unshare -m "),
    "over-proc": ("console", "# unshare --mount --pid"),
    "lab": ("console", "# fakeproc run "),
}

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="its prompt is root's")


def kinds_of(language: str, block: str) -> list[str]:
    return [kind for kind, (named, begin) in KINDS.items() if named == language and block.startswith(begin)]


def blocks(kind: str) -> list[str]:
    return [block for language, block in BLOCKS if kind in kinds_of(language, block)]


@pytest.mark.parametrize(("language", "block"), BLOCKS, ids=lambda text: text.partition("\n")[0])
def test_every_block_is_of_a_kind_that_is_run(language: str, block: str) -> None:
    assert len(kinds_of(language, block)) == 1


# --- shells ------------------------------------------------------------------------


def said_and_promised(block: str, commands: str) -> tuple[list[str], list[str]]:
    """What the block prints, of what its comments promise, and what they promise."""
    done = subprocess.run(["bash", "-e"], input=commands, cwd=ROOT, capture_output=True, text=True, timeout=60)
    promised = re.findall(r"  # (.*)", block)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line in promised], promised


@pytest.mark.usefixtures("fuse")
def test_the_session_works_when_pasted(mount_point: Path) -> None:
    (session,) = blocks("session")
    assert not is_mounted(mount_point)
    if os.geteuid():
        (advice,) = re.findall(r"first say `(.*)`", README)
        session = session.replace("\ncat", f"\n{advice}\ncat", 1)
    commands = session.replace("/tmp/p", str(mount_point)).replace("python3 mount.py --setup-only\n", "")
    with cleared(mount_point):
        printed, promised = said_and_promised(session, commands.replace("python3 mount.py", f"{OURS} mount"))
    assert printed == promised


@pytest.mark.parametrize("block", blocks("lines"))
def test_one_liners_print_what_they_promise(block: str) -> None:
    printed, promised = said_and_promised(block, block.replace(".venv/bin/python", sys.executable))
    assert printed == promised


def test_the_first_command_sets_up_and_takes_the_tour() -> None:
    (block,) = blocks("set-up")
    tour, check = (line.split("#")[0].split() for line in block.splitlines())
    assert os.access(ROOT / check[0], os.X_OK)  # which runs this very test
    sys.path.insert(0, str(ROOT))
    import mount

    if not mount.is_set_up():
        pytest.skip("this checkout's .venv is not made from these sources: python3 mount.py --setup-only")
    done = subprocess.run(tour, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nall of it as it should be\n")


OWN_PROJECT = """
import subprocess


def test_other_programs_see_it(world, proc_mount):
    world.spawn("mine", pid=4000001)
    assert subprocess.check_output(["cat", proc_mount / "4000001/comm"]) == b"mine\\n"
"""


@pytest.mark.slow
@pytest.mark.usefixtures("fuse")
def test_it_can_be_installed_in_a_project_of_ones_own(fresh: Path, tmp_path: Path) -> None:
    fresh.rename(tmp_path / "fakeproc")
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_it.py").write_text(blocks("test")[0])
    (project / "test_mount.py").write_text(OWN_PROJECT)
    (commands,) = blocks("own-project")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        ["bash", "-e"], input=commands, cwd=project, env=environment, capture_output=True, text=True, timeout=600
    )
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout + done.stderr


# --- what a command prints ---------------------------------------------------------


@pytest.mark.parametrize("block", blocks("report"), ids=lambda block: block.partition("\n")[0])
def test_what_a_command_prints_is_shown(block: str) -> None:
    command, _, output = block.partition("\n")
    assert ask(*shlex.split(command.removeprefix("$ fakeproc "))).stdout == output


def test_the_first_example_can_be_replayed() -> None:
    assert blocks("transcript") == [BLOCKS[0][1]]
    count = BLOCKS[0][1].count("fakeproc> ")
    done = ask("shell", "--check", "README.md", cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, f"README.md: {count} commands show what they showed\n")


# --- Python and scenarios ----------------------------------------------------------


@pytest.mark.usefixtures("fuse")
@pytest.mark.parametrize("block", blocks("script"))
def test_the_script_runs(block: str) -> None:
    done = subprocess.run([sys.executable, "-P", "-c", block], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("block", blocks("test"))
def test_the_test_passes_with_each_kernel(block: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(block)
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout


def test_the_scenario_is_the_one_that_help_shows() -> None:
    assert blocks("described") == [topics.EXAMPLE, topics.STORY]
    assert [task.comm for task in scenario.loads(topics.EXAMPLE).build().processes][-3:] == [
        "browser",
        "gpu-helper",
        "updater",
    ]


def test_the_story_ends_as_it_says() -> None:
    run = Run(scenario.loads(topics.EXAMPLE + topics.STORY))
    assert list(run.play())
    assert [verdict.holds for verdict in run.verdicts] == [True]


# --- root's prompts ----------------------------------------------------------------


def typed(block: str) -> list[str]:
    """What is typed behind each prompt."""
    return [line.removeprefix("# ") for line in block.splitlines() if line.startswith("# ")]


@pytest.fixture
def after_a_kill(fuse: None, mount_point: Path) -> Iterator[Path]:
    """A mount with cgroup v2, in which somebody was killed."""
    with serving(mount_point, "--kernel", "6.18"):
        (mount_point / "sysrq-trigger").write_text("f")
        yield mount_point


@root_only
@pytest.mark.parametrize(("block", "shows"), list(zip(blocks("bound"), ("Killed process", "anon "), strict=True)))
def test_files_are_bound_over_real_ones(block: str, shows: str, after_a_kill: Path) -> None:
    (command,) = typed(block)
    command = command.replace("/tmp/p", str(after_a_kill))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert shows in done.stdout


@root_only
@pytest.mark.usefixtures("fuse")
@pytest.mark.parametrize("block", blocks("over-proc"))
def test_ps_sees_it_over_proc(block: str, tmp_path: Path) -> None:
    shell, mount, *rest = typed(block)
    mount = mount.replace("python3 mount.py", f"{OURS} mount").replace("/tmp/log", str(tmp_path / "log"))
    awaited = "unset LD_PRELOAD; until test -d /proc/1200; do sleep 0.1; done"  # ps without a sanitizer
    commands = "\n".join([mount, awaited, *rest, "kill $!; wait"])
    done = subprocess.run(
        shlex.split(shell), input=commands, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    rows = {line.split()[-1]: line.split()[:3] for line in done.stdout.splitlines()}
    assert (rows["COMMAND"], rows["browser"][0], rows["browser"][2]) == (["PID", "OOM", "OOMADJ"], "1200", "300")


@root_only
@pytest.mark.usefixtures("fuse")
@pytest.mark.skipif(not shutil.which("earlyoom"), reason="earlyoom is not installed (apt-get install earlyoom)")
@pytest.mark.parametrize("block", blocks("lab"))
def test_a_daemon_kills_in_the_lab(block: str) -> None:
    """Its numbers are those of a clock on the wall: they are compared by their places."""
    (command,) = typed(block)
    _, shown = block.split("\n", 1)
    trial = ask("run", "--", "true")
    if trial.returncode:
        pytest.skip(f"no lab here: {trial.stderr.strip()}")
    words = [*OURS.split(), *shlex.split(command)[1:]]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    pattern = re.escape(re.sub(r"\d+", "0", shown)).replace(r"\.\.\.", ".*")
    assert re.fullmatch(pattern, re.sub(r"\d+", "0", done.stdout), re.DOTALL), done.stdout


# --- the table ---------------------------------------------------------------------


def test_the_table_of_patches_is_the_one_that_help_shows() -> None:
    rows = re.findall(r"^\| (\d+) (.*?) \| (.*) \| (\w+) \|$", README, re.MULTILINE)
    assert {int(number): topics.Patch(*rest) for number, *rest in rows} == topics.PATCHES
