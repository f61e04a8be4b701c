#!/usr/bin/env python3
"""Mount a synthetic /proc, setting up whatever is missing first.

    python3 mount.py MOUNTPOINT [options]   mount the bundled scenario there; Ctrl-C ends it
    python3 mount.py --demo                 a tour of half a minute, nothing left behind
    python3 mount.py --setup-only           only set up
    python3 mount.py --help                 every option, once it is set up

Setting up means a .venv beside this file, with the package and its C core in it. Only the standard library is
used here, and what a Python too old for fakeproc can still read.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing for it would cost a tenth of the start
if TYPE_CHECKING:
    from collections.abc import Callable

    Need = tuple[str, Callable[[], bool]]

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOG = os.path.join(VENV, "setup.log")
LOCK = os.path.join(VENV, "setup.lock")
UNFINISHED = os.path.join(VENV, "setup.unfinished")  # there from the first change to the last
KEPT = {os.path.basename(path) for path in (LOG, LOCK)}


class SetupError(Exception):
    """What stands in the way, in one line."""


# --- is it set up? -------------------------------------------------------------


def stamp_path(extra: str) -> str:
    """Where the fingerprint of the sources stands that the .venv was made from, with such extras in it."""
    return os.path.join(VENV, f"setup.stamp.{extra}" if extra else "setup.stamp")


def sources() -> list[str]:
    """Every file that decides what the .venv holds; the Python ones are used where they are."""
    found = [os.path.join(ROOT, "pyproject.toml")]
    for directory, _, names in os.walk(os.path.join(ROOT, "native")):
        found += [os.path.join(directory, name) for name in names if name.endswith((".c", ".h", ".py"))]
    return sorted(path for path in found if os.path.basename(path) != "_native.c")


def fingerprint() -> str:
    """Of the sources and of the place: a .venv does not survive being moved."""
    from zlib import crc32

    total = crc32(os.fsencode(ROOT))
    for path in sources():
        with open(path, "rb") as file:
            total = crc32(file.read(), crc32(os.fsencode(path), total))
    return f"{total:08x}"


def is_set_up(extra: str = "") -> bool:
    try:
        with open(stamp_path(extra)) as file:
            return file.read() == fingerprint() and os.access(PYTHON, os.X_OK)
    except OSError:
        return False


# --- what the system has to have -------------------------------------------------


def has_compiler() -> bool:
    from shutil import which

    return which("gcc") is not None


def has_c_headers() -> bool:
    return os.path.exists("/usr/include/stdio.h")


def has_fuse_headers() -> bool:
    return os.path.exists("/usr/include/fuse/fuse.h")


def has_python_headers() -> bool:
    from sysconfig import get_path

    return os.path.exists(os.path.join(get_path("include"), "Python.h"))


def has_venv() -> bool:
    from importlib.util import find_spec

    return find_spec("ensurepip") is not None


def has_libfuse() -> bool:
    from ctypes.util import find_library

    return find_library("fuse") is not None


def has_fusermount() -> bool:
    from shutil import which

    return which("fusermount") is not None


REQUIRED = (
    ("gcc", has_compiler),
    ("libc6-dev", has_c_headers),
    ("python3-dev", has_python_headers),
    ("python3-venv", has_venv),
    ("libfuse2", has_libfuse),
    ("fuse", has_fusermount),
)
USEFUL = (("libfuse-dev", has_fuse_headers),)  # for the C program of the bench


def missing(packages: tuple[Need, ...]) -> list[str]:
    return [package for package, is_there in packages if not is_there()]


def check_system() -> None:
    """Install what is missing where that is possible; SetupError that names it where it is not."""
    from shutil import which

    if os.geteuid() == 0 and which("apt-get"):
        apt_install(missing(REQUIRED + USEFUL))
    lacking = " ".join(missing(REQUIRED))
    if lacking and which("apt-get"):
        raise SetupError(f"install what is missing, then start again: sudo apt-get install {lacking}")
    if lacking:
        raise SetupError(f"install what is missing, then start again; as Debian names it: {lacking}")


def apt_install(packages: list[str]) -> None:
    """Try it with the package lists that are there, then with fresh ones. What still lacks is seen afterwards."""
    if not packages:
        return
    say(f"installing {' '.join(packages)}")
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not logged(install):
        logged(["apt-get", "update"])
        logged(install)


# --- setting up ------------------------------------------------------------------


def say(line: str) -> None:
    print(f"fakeproc: {line}", file=sys.stderr, flush=True)


def logged(command: list[str]) -> bool:
    """Run it, everything that it says goes to the log. Whether it succeeded."""
    import subprocess

    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", PIP_DISABLE_PIP_VERSION_CHECK="1")
    with open(LOG, "ab") as log:
        log.write(f"$ {' '.join(command)}\n".encode())
        log.flush()
        # close_fds=False: should this one be killed, the lock is held until the last of them has ended
        return not subprocess.call(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, close_fds=False
        )


def last_error() -> str:
    """The last line of the log that says what went wrong, or its last one."""
    with open(LOG, errors="replace") as log:
        lines = [line.strip() for line in log if line.strip()]
    told = [line for line in lines if "error" in line.lower()]
    return (told or lines or ["nothing"])[-1][:200]


def step(what: str, command: list[str]) -> None:
    say(what)
    if not logged(command):
        raise SetupError(f"{what} failed ({last_error()}): see {LOG}")


def remove_venv() -> None:
    """Everything in it but the log and the lock, which is held."""
    from shutil import rmtree

    for name in set(os.listdir(VENV)) - KEPT:
        path = os.path.join(VENV, name)
        if os.path.isdir(path) and not os.path.islink(path):
            rmtree(path)
        else:
            os.unlink(path)


def requirements(extra: str) -> list[str]:
    """What the package needs: to be built, to run, and for its extra."""
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        settings = tomllib.load(file)
    project = settings["project"]
    extras = project["optional-dependencies"].get(extra, [])
    return [*settings["build-system"]["requires"], *project["dependencies"], *extras]


def install(extra: str) -> None:
    """The package into the .venv. What builds it stays there, so that a change of the sources needs no network."""
    pip = [PYTHON, "-m", "pip", "install"]
    if not os.access(PYTHON, os.X_OK):
        step("making .venv", [sys.executable, "-m", "venv", VENV])
    step("installing what it needs", [*pip, *requirements(extra)])
    step("building the C core", [*pip, "--no-build-isolation", "--no-deps", "--editable", ROOT])


def build(extra: str) -> None:
    """Make the .venv what the sources want; the caller holds the lock."""
    mark = fingerprint()
    if os.path.exists(UNFINISHED) or not os.access(PYTHON, os.X_OK):
        remove_venv()
    open(LOG, "wb").close()
    check_system()
    had_worked = os.path.exists(stamp_path(""))
    open(UNFINISHED, "wb").close()
    try:
        install(extra)
    except SetupError:
        if had_worked:
            os.unlink(UNFINISHED)  # pip ended in order: what is there is whole, if old
        raise
    for name in {"", extra}:
        with open(stamp_path(name), "w") as stamp:
            stamp.write(mark)
    os.unlink(UNFINISHED)


def set_up(extra: str = "") -> None:
    """Set up what is not; several at a time wait for the first. SetupError where it cannot be done."""
    if is_set_up(extra):
        return
    import fcntl

    if os.path.exists(stamp_path("test")):
        extra = "test"  # once there, it is kept up to date

    os.makedirs(VENV, exist_ok=True)
    with open(LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another start that is setting up")
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), True)
        if not is_set_up(extra):
            build(extra)


# --- the command -----------------------------------------------------------------


def check_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  nothing else has looked at it before
        raise SetupError(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: try python3.11 mount.py")


def set_up_or_exit(extra: str = "") -> None:
    """Set up, or end with one line on stderr."""
    try:
        check_python()
        set_up(extra)
    except SetupError as error:
        sys.exit(f"fakeproc: {error}")
    except OSError as error:
        sys.exit(f"fakeproc: cannot set up {VENV}: {error.strerror}: {error.filename}")
    except KeyboardInterrupt:
        sys.exit("fakeproc: interrupted: the next start begins anew")


def main(arguments: list[str]) -> None:
    if set(arguments) <= {"-h", "--help"} and not is_set_up():
        print(__doc__)
        sys.exit(0 if arguments else 2)
    set_up_or_exit()
    if "--setup-only" in arguments:
        return
    # -P: a fakeproc/ or fuse.py where the user happens to be is not ours
    os.execv(PYTHON, [PYTHON, "-P", "-m", "fakeproc", "mount", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
