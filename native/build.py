"""The package build: cffi in API mode, out of line, then setuptools. The C surface is stated once, in fakeproc.h."""

import os
import pathlib
import re
import shlex
import subprocess
from typing import Any

from cffi import FFI
from setuptools import build_meta

NATIVE = pathlib.Path(__file__).parent
PLACEHOLDER = NATIVE.parent / "fakeproc" / "lab" / "placeholder"
# Neither a C library nor anything that one would set up; as few pages as can be, for there are many of it.
FREESTANDING = "-O2 -Wall -Wextra -ffreestanding -fno-stack-protector -fno-pie -no-pie -static -nostdlib"
SMALL = "-Wl,--build-id=none,-z,noseparate-code,-z,norelro -s"
CALLBACKS = """
extern "Python" int fakeproc_control_read(void *, const char *, struct text *);
extern "Python" ssize_t fakeproc_control_write(void *, const char *, const char *, size_t, const struct caller *);
"""
# cffi writes its own glue; our own sources are held to every warning, generated code is not.
SOURCE = """
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "fakeproc.h"
"""


def declarations(header: str) -> str:
    """What cffi understands of a header: no comments, no preprocessor lines."""
    bare = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    return re.sub(r"^#.*\n", "", bare, flags=re.MULTILINE)


def generate() -> None:
    """Write _native.c, the cffi module, anew where it has changed."""
    ffi = FFI()
    ffi.cdef(declarations((NATIVE / "fakeproc.h").read_text()) + CALLBACKS)
    ffi.set_source("fakeproc._native", SOURCE)
    ffi.emit_c_code(str(NATIVE / "_native.c"))


def build_placeholder() -> None:
    """The program behind a synthetic pid in a lab. Where it cannot be made, fakeproc run says that it is missing."""
    source, command = NATIVE / "placeholder.c", [*shlex.split(os.environ.get("CC", "gcc")), *FREESTANDING.split()]
    made = subprocess.run([*command, *SMALL.split(), str(source), "-o", str(PLACEHOLDER)], check=False)
    if made.returncode:
        print("fakeproc: no placeholder program: fakeproc run will not work")


def build_wheel(*arguments: Any, **options: Any) -> Any:
    generate()
    build_placeholder()
    return build_meta.build_wheel(*arguments, **options)


def build_editable(*arguments: Any, **options: Any) -> Any:
    generate()
    build_placeholder()
    return build_meta.build_editable(*arguments, **options)


build_sdist = build_meta.build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

if __name__ == "__main__":
    generate()
