"""The C programs that the bench builds for itself, where there is a compiler."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent


class Missing(Exception):
    """A part of the bench cannot run here; the message says why, and what would help."""


def fuse_flags() -> list[str]:
    """How to compile against libfuse 2: what pkg-config says, else the usual places."""
    tool = shutil.which("pkg-config")
    if tool:
        found = subprocess.run([tool, "--cflags", "--libs", "fuse"], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return shlex.split(found.stdout)
    return ["-D_FILE_OFFSET_BITS=64", "-I/usr/include/fuse", "-lfuse", "-pthread"]


def compiler() -> list[str]:
    """$CC or cc. Missing where there is none."""
    words = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if not shutil.which(words[0]):
        raise Missing(f"no C compiler ({words[0]}): apt-get install gcc libc6-dev")
    return words


def build(name: str, directory: Path, flags: list[str] | None = None) -> str:
    """The path of a program made from NAME.c. Missing where that fails, with the compiler's first error."""
    program = directory / name
    command = [*compiler(), "-O2", "-o", str(program), str(SOURCES / f"{name}.c"), *(flags or [])]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode == 0:
        return str(program)
    if "fuse.h" in built.stderr or "-lfuse" in built.stderr:
        raise Missing("the headers of libfuse 2 are missing: apt-get install libfuse-dev")
    errors = [line for line in built.stderr.splitlines() if "error" in line]
    raise Missing(f"{name}.c does not compile: {(errors or ['no message'])[0]}")
