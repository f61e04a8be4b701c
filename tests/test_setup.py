"""mount.py from nothing to a mount: with stand-ins for pip and apt-get, and, slowly, for real."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT
from server import is_mounted

from fakeproc.mount import unmount

SYSTEM_PYTHON = next((path for path in ("/usr/bin/python3", sys.executable) if os.access(path, os.X_OK)), "python3")

# Stands for .venv/bin/python: notes how it was called, and is as slow as pip would be.
FAKE_PYTHON = """#!/bin/sh
echo "$@" >> {calls}
case "$*" in *pip*) sleep {pause} ;; esac
case "$*" in *--editable*) {then} ;; esac
"""


class Checkout:
    """A checkout with so little in it that setting it up takes no time."""

    def __init__(self, root: Path) -> None:
        self.root, self.venv, self.calls_file = root, root / ".venv", root / "calls"
        (root / "native").mkdir(parents=True)
        shutil.copy(ROOT / "mount.py", root)
        shutil.copy(ROOT / "pyproject.toml", root)
        (root / "native" / "core.c").write_text("int answer;\n")
        self.fake_python()

    def fake_python(self, pause: float = 0, then: str = ":") -> None:
        (self.venv / "bin").mkdir(parents=True, exist_ok=True)
        python = self.venv / "bin" / "python"
        python.write_text(FAKE_PYTHON.format(calls=self.calls_file, pause=pause, then=then))
        python.chmod(0o755)

    def module(self) -> ModuleType:
        """Its mount.py, imported."""
        spec = importlib.util.spec_from_file_location("mount_of_checkout", self.root / "mount.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [SYSTEM_PYTHON, str(self.root / "mount.py"), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def calls(self) -> list[str]:
        """How its .venv/bin/python was called."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def take_calls(self) -> list[str]:
        """The same, since the last time."""
        lines = self.calls()
        self.calls_file.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def installs(calls: list[str]) -> int:
    return sum("--editable" in call for call in calls)


# --- what a start does -------------------------------------------------------------


def test_the_first_start_sets_up_and_hands_over(checkout: Checkout) -> None:
    done = checkout.run("/tmp/p", "--kernel", "4.7")
    calls = checkout.take_calls()
    assert done.returncode == 0
    assert installs(calls) == 1
    assert calls[-1] == "-P -m fakeproc mount /tmp/p --kernel 4.7"
    assert all(line.startswith("fakeproc: ") for line in done.stderr.splitlines())


def test_later_starts_only_hand_over(checkout: Checkout) -> None:
    checkout.run("--setup-only")
    checkout.take_calls()
    done = checkout.run("/tmp/p")
    assert checkout.take_calls() == ["-P -m fakeproc mount /tmp/p"]
    assert (done.stdout, done.stderr) == ("", "")


def change_a_source(checkout: Checkout) -> None:
    (checkout.root / "native" / "core.c").write_text("int other;\n")


def add_a_header(checkout: Checkout) -> None:
    (checkout.root / "native" / "core.h").write_text("")


def change_the_project(checkout: Checkout) -> None:
    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("\n")


def come_from_another_version(checkout: Checkout) -> None:
    (checkout.venv / "setup.stamp").write_text("from another version")


@pytest.mark.parametrize("change", [change_a_source, add_a_header, change_the_project, come_from_another_version])
def test_a_change_is_built(change: object, checkout: Checkout) -> None:
    checkout.run("--setup-only")
    checkout.take_calls()
    change(checkout)  # type: ignore[operator]
    checkout.run("--setup-only")
    assert installs(checkout.take_calls()) == 1
    checkout.run("--setup-only")
    assert installs(checkout.take_calls()) == 0


def test_what_the_build_itself_writes_is_no_change(checkout: Checkout) -> None:
    checkout.run("--setup-only")
    checkout.take_calls()
    (checkout.root / "native" / "_native.c").write_text("")
    (checkout.root / "native" / "core.o").write_text("")
    checkout.run("--setup-only")
    assert checkout.take_calls() == []


def test_a_checkout_that_was_moved_is_set_up_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run("--setup-only")
    checkout.root.rename(tmp_path / "moved")
    moved = Checkout.__new__(Checkout)
    moved.root, moved.venv, moved.calls_file = tmp_path / "moved", tmp_path / "moved/.venv", tmp_path / "moved/calls"
    moved.fake_python()
    moved.take_calls()
    moved.run("--setup-only")
    assert installs(moved.take_calls()) == 1


def test_many_first_starts_at_once_set_up_once(checkout: Checkout) -> None:
    checkout.fake_python(pause=0.2)
    processes = [checkout.start("--setup-only") for _ in range(6)]
    errors = [process.communicate(timeout=30)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6
    assert installs(checkout.take_calls()) == 1
    assert sum("waiting for another start" in error for error in errors) == 5


# --- what goes wrong ---------------------------------------------------------------


def test_an_interrupted_set_up_is_begun_anew(checkout: Checkout) -> None:
    (checkout.root / "native" / "core.c").write_text("int other;\n")
    (checkout.venv / "lib").mkdir()
    (checkout.venv / "lib" / "half-a-package").write_text("")
    (checkout.venv / "setup.unfinished").write_text("")
    module = checkout.module()
    module.install = lambda _extra: checkout.fake_python()
    module.set_up()
    assert not (checkout.venv / "lib").exists()
    assert not (checkout.venv / "setup.unfinished").exists()
    assert module.is_set_up()


def test_one_killed_while_it_sets_up_is_noticed_and_its_pip_waited_for(checkout: Checkout) -> None:
    checkout.fake_python(pause=0.5, then=f"touch {checkout.root}/late")
    with checkout.start("--setup-only") as process:
        while not installs(checkout.calls()):
            assert process.poll() is None
        process.kill()
    assert (checkout.venv / "setup.unfinished").exists()
    module = checkout.module()
    module.install = lambda _extra: checkout.fake_python()
    module.set_up()
    assert (checkout.root / "late").exists()
    assert module.is_set_up()


def test_a_build_that_fails_is_one_line_that_names_the_log(checkout: Checkout) -> None:
    checkout.fake_python(then="echo 'core.c:1: error: no such thing'; exit 1")
    done = checkout.run("--setup-only")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert "core.c:1: error: no such thing" in last
    assert last.endswith(f"see {checkout.venv}/setup.log")


def test_what_worked_before_is_kept_when_a_build_fails(checkout: Checkout) -> None:
    checkout.run("--setup-only")
    checkout.fake_python(then="exit 1")
    change_a_source(checkout)
    assert checkout.run("--setup-only").returncode == 1
    assert (checkout.venv / "bin" / "python").exists()
    assert not (checkout.venv / "setup.unfinished").exists()
    checkout.fake_python()
    assert checkout.run("--setup-only").returncode == 0


def test_a_place_that_cannot_be_written_is_one_line(checkout: Checkout) -> None:
    shutil.rmtree(checkout.venv)
    checkout.venv.write_text("a file where the directory should be")
    done = checkout.run("--setup-only")
    assert done.returncode == 1
    assert done.stderr.startswith(f"fakeproc: cannot set up {checkout.venv}: ")
    assert done.stderr.count("\n") == 1


def test_help_needs_no_set_up(checkout: Checkout) -> None:
    done = checkout.run("--help")
    assert done.returncode == 0
    assert "python3 mount.py MOUNTPOINT" in done.stdout
    assert checkout.take_calls() == []


# --- what the system lacks ---------------------------------------------------------


@pytest.fixture
def bare(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A mount.py on a system without fuse, on which apt-get is only noted."""
    module = checkout.module()
    module.commands = []
    module.installed = set()
    module.REQUIRED = (("gcc", lambda: True), ("fuse", lambda: "fuse" in module.installed))
    module.USEFUL = (("libfuse-dev", lambda: "libfuse-dev" in module.installed),)

    def logged(command: list[str]) -> bool:
        module.commands.append(command)
        module.installed |= set(command) if module.apt_works(command) else set()
        return bool(module.apt_works(command))

    module.logged = logged
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return module


def test_root_installs_what_is_missing(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    bare.apt_works = lambda _command: True
    bare.check_system()
    assert [command[:2] for command in bare.commands] == [["apt-get", "install"]]
    assert bare.commands[0][-2:] == ["fuse", "libfuse-dev"]


def test_root_fetches_package_lists_where_there_are_none(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    bare.apt_works = lambda command: "update" in command or ["apt-get", "update"] in bare.commands
    bare.check_system()
    assert [command[1] for command in bare.commands] == ["install", "update", "install"]


def test_who_is_not_root_is_told_exactly_what_to_install(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(bare.SetupError, match=r"sudo apt-get install fuse$"):
        bare.check_system()
    assert bare.commands == []


def test_what_is_only_useful_stops_nobody(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    bare.apt_works = lambda command: "libfuse-dev" not in command
    bare.installed = {"fuse"}
    bare.check_system()


def test_every_need_is_met_here() -> None:
    """The checks see what is there: these tests could not run otherwise."""
    spec = importlib.util.spec_from_file_location("mount_here", ROOT / "mount.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.missing(module.REQUIRED) == []


def test_an_old_python_is_told_so(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    ast.parse((ROOT / "mount.py").read_text(), feature_version=(3, 7))
    module = checkout.module()
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(module.SetupError, match=r"Python 3\.11 or newer is needed"):
        module.check_python()


# --- for real ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("fuse")
def test_two_commands_on_a_fresh_clone(fresh: Path, mount_point: Path) -> None:
    done = subprocess.run([SYSTEM_PYTHON, "mount.py", "--demo"], cwd=fresh, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.endswith("\nall of it as it should be\n")
    assert len(done.stderr.splitlines()) <= 5
    _mounts(fresh, mount_point)


def _mounts(clone: Path, point: Path) -> None:
    with subprocess.Popen([SYSTEM_PYTHON, clone / "mount.py", point], stdout=subprocess.DEVNULL) as process:
        while not is_mounted(point):
            assert process.poll() is None
        assert (point / "1200" / "oom_adj").read_text() == "5\n"
        unmount(str(point))
