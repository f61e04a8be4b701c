"""A file that a user asks for is written whole, or stays as it was; what is no regular file is written to."""

import os
import re
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fakeproc import World, files

Save = Callable[[Path], object]
ROOM = 1024  # bytes that a file may have, where the disk is said to be full
SAVERS: dict[str, Save] = {"save": lambda path: World().save(path), "save_scenario": World().save_scenario}
VERBS = {
    "snapshot": ["snapshot", "-o"],
    "report-html": ["report", "leak", "--html"],
    "report-svg": ["report", "leak", "--svg"],
    "report-png": ["report", "leak", "--png"],
    "record": ["scenario", "run", "leak", "--quiet", "--record"],
}
RUN = ["run", "--for", "1 s", "--report"]


@pytest.fixture(params=SAVERS)
def save(request: pytest.FixtureRequest) -> Save:
    return SAVERS[request.param]


def fakeproc(*words: str | Path, room: int = resource.RLIM_INFINITY) -> subprocess.CompletedProcess[str]:
    """The command line, where no file may become larger than that."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    command = [sys.executable, "-P", "-m", "fakeproc", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=limit)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- what is no regular file -------------------------------------------------------------------


def test_a_fifo_is_written_to_and_stays_one(save: Save, tmp_path: Path) -> None:
    fifo, found = tmp_path / "fifo", bytearray()
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: found.extend(fifo.read_bytes()), daemon=True)
    reader.start()
    save(fifo)
    reader.join(10)
    assert found
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert os.listdir(tmp_path) == ["fifo"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_written_to_and_stays_one(save: Save, tmp_path: Path) -> None:
    full = tmp_path / "full"
    try:
        os.mknod(full, stat.S_IFCHR | 0o666, os.makedev(1, 7))
        full.open("rb").close()
    except OSError as error:
        pytest.skip(f"no devices here: {error}")
    with pytest.raises(OSError, match=rf"No space left on device: '{full}'"):
        save(full)
    assert stat.S_ISCHR(full.stat().st_mode)
    assert os.listdir(tmp_path) == ["full"]


def test_stdout_goes_on_where_it_is(tmp_path: Path) -> None:
    target = tmp_path / "all"
    script = '(echo first; "$0" -P -m fakeproc report leak --svg /dev/stdout; echo last) > "$1"'
    subprocess.run(["sh", "-c", script, sys.executable, target], timeout=60, check=True)
    lines = target.read_text().splitlines()
    assert (lines[0], lines[-3:]) == ("first", ["</svg>", "wrote /dev/stdout", "last"])


# --- links, modes, names -----------------------------------------------------------------------


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_followed(save: Save, tmp_path: Path, is_there: bool) -> None:
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link", tmp_path / "far" / "target"
    link.symlink_to("far/target")
    if is_there:
        target.write_text("old")
    save(link)
    assert link.is_symlink()
    assert target.stat().st_size > 3
    assert os.listdir(tmp_path / "far") == ["target"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_the_mode_of_a_file_is_kept(save: Save, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "mine"
    path.touch()
    path.chmod(mode)
    save(path)
    assert path.stat().st_size
    assert mode_of(path) == mode


def test_a_new_file_has_the_mode_of_any_other(save: Save, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    save(tmp_path / "mine")
    assert mode_of(tmp_path / "mine") == mode_of(tmp_path / "other")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_leaves_a_file_to_its_owner(save: Save, tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.touch()
    os.chown(path, 1000, 1001)
    save(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1000, 1001)


def test_a_file_of_the_user_beside_it_survives(save: Save, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_text("mine")
    save(tmp_path / "x")
    assert (tmp_path / "x.part").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["x", "x.part"]


# --- what fails --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere/x", "taken", "taken/", "loop", "file/x", ""])
def test_an_error_names_what_was_asked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    path = f"{tmp_path}/{name}" if name else ""
    for write in (World().save, lambda path: files.write(path, b"x")):
        with pytest.raises(OSError, match=re.escape(repr(path))):
            write(path)
    assert sorted(os.listdir(tmp_path)) == ["file", "loop", "taken"]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_leaves_the_old_file_and_is_one_line_that_names_it(
    tmp_path: Path, verb: str, is_there: bool
) -> None:
    target = tmp_path / "mine"
    if is_there:
        target.write_text("old")
    done = fakeproc(*VERBS[verb], target, room=ROOM)
    assert (done.returncode, done.stderr) == (2, f"fakeproc: File too large: {target}\n")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"] * is_there


@pytest.mark.usefixtures("lab")
def test_a_full_disk_leaves_the_old_report_of_a_lab(tmp_path: Path) -> None:
    target = tmp_path / "mine.html"
    target.write_text("old")
    done = fakeproc(*RUN, target, "--", "true", room=ROOM)
    assert (done.returncode, done.stderr) == (2, f"fakeproc: no report: File too large: {target}\n")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("words", [RUN, VERBS["record"]], ids=["run", "record"])
def test_who_has_long_to_do_says_at_once_that_nothing_can_be_written(tmp_path: Path, words: list[str]) -> None:
    target = tmp_path / "nowhere" / "mine"
    done = fakeproc(*words, target, *(["--", "true"] if words is RUN else []))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"fakeproc: No such file or directory: {target}\n"


def test_a_check_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    os.mkfifo(tmp_path / "fifo")  # opened, it would wait for a reader
    for name in ("old", "fifo", "new"):
        files.check(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["fifo", "old"]
    assert (tmp_path / "old").read_text() == "old"
