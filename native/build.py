"""The package build: cffi in API mode, out of line, then setuptools. The C surface is stated once, in fakeproc.h."""

import pathlib
import re
from typing import Any

from cffi import FFI
from setuptools import build_meta

NATIVE = pathlib.Path(__file__).parent
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


def build_wheel(*arguments: Any, **options: Any) -> Any:
    generate()
    return build_meta.build_wheel(*arguments, **options)


def build_editable(*arguments: Any, **options: Any) -> Any:
    generate()
    return build_meta.build_editable(*arguments, **options)


build_sdist = build_meta.build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

if __name__ == "__main__":
    generate()
