"""A pyfakefs that is there is taught about worlds, in place and it alone. What it has put into modules is put there
anew, and goes when it ends."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any, cast

from pyfakefs.fake_filesystem import FakeFilesystem
from pyfakefs.fake_filesystem_unittest import Patcher

from fakeproc.fake_fs.filesystem import Filesystem
from fakeproc.fake_fs.opening import FileOpen
from fakeproc.fake_fs.system_calls import OURS, Os


def teach(filesystem: FakeFilesystem) -> Filesystem:
    """That file system may hold worlds from now on, and so do the os and the open() of all modules that see it."""
    if isinstance(filesystem, Filesystem):
        return filesystem
    patcher = filesystem.patcher
    filesystem.__class__, patcher.fake_modules["os"].__class__ = Filesystem, Os
    taught = cast(Filesystem, filesystem)
    taught.places = []
    patcher.patch_functions = partial(_patch_functions, weakref.proxy(patcher))  # type: ignore[method-assign]
    if patcher.is_patching:
        _patch_names(patcher)
    return taught


def _patch_functions(patcher: Patcher) -> None:
    """What pyfakefs does whenever its patches begin, or go on after a pause; and ours after its own."""
    Patcher.patch_functions(patcher)
    _patch_names(patcher)


def _patch_names(patcher: Patcher) -> None:
    """What modules have imported by name; undone by pyfakefs with all else."""
    ours, stubs = patcher.fake_modules["os"], cast(Any, patcher._stubs)
    for module in [module for name, module in sys.modules.items() if name.startswith("pyfakefs.")]:
        if "FakeFileOpen" in vars(module):
            stubs.smart_set(module, "FakeFileOpen", FileOpen)
    for module, name, function in [*_patched(patcher), *_left_alone(patcher)]:
        stubs.smart_set(module, name, getattr(ours, function))


def _patched(patcher: Patcher) -> Iterator[tuple[ModuleType, str, str]]:
    """Functions of os that pyfakefs patches, too: where, under which name, which one."""
    for (name, function, origin), modules in patcher.FS_FUNCTIONS.items():
        if origin in ("os", "posix") and function in OURS:
            yield from ((module, name, function) for module in modules)


def _left_alone(patcher: Patcher) -> Iterator[tuple[ModuleType, str, str]]:
    """And those that it leaves alone, such as kill."""
    real = vars(patcher.fake_modules["os"].os_module)
    wanted = {id(real[name]): name for name in OURS if name in real}
    for module in [module for module in sys.modules.values() if type(module) is ModuleType]:
        if module not in patcher.SKIPMODULES:
            for name in _names_in(module, wanted):
                if id(vars(module).get(name)) in wanted:
                    yield module, name, wanted[id(vars(module)[name])]


def _names_in(module: ModuleType, wanted: dict[int, str]) -> list[str]:
    """Under which names a module has one of these functions. Looked for once: all 670 of a big suite take 23 ms."""
    if module not in _scanned:
        _scanned[module] = [name for name, value in vars(module).items() if id(value) in wanted]
    return _scanned[module]


_scanned: weakref.WeakKeyDictionary[ModuleType, list[str]] = weakref.WeakKeyDictionary()
