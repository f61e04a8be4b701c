"""libfuse 2, as fusepy has loaded it: the functions that mount, answer and end, and nothing but their types.

fusepy's own way in, fuse_main(), is for a program that is a file system: it takes over signals of the whole process and
gives them back as they never were. A world is mounted beside other things.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError

MISSING = "libfuse 2 is not installed: apt-get install fuse libfuse2 (or your distribution's name for it)"


class MountError(FakeprocError):
    """A world cannot be mounted there; the message says why and what to do."""


def fusepy() -> ModuleType:
    """The fusepy module, which loads libfuse when it is imported. MountError without libfuse."""
    try:
        import fuse
    except OSError as error:
        raise MountError(MISSING) from error
    return fuse  # type: ignore[no-any-return]


class Arguments(ctypes.Structure):
    """struct fuse_args: what mounting takes its options from, and strikes out those that it knows."""

    _fields_ = (("argc", ctypes.c_int), ("argv", ctypes.POINTER(ctypes.c_char_p)), ("allocated", ctypes.c_int))

    @classmethod
    def of(cls, options: Sequence[str]) -> "Arguments":
        words = [os.fsencode(word) for word in ("fakeproc", "-o", ",".join(options))]
        return cls(len(words), (ctypes.c_char_p * len(words))(*words), 0)


_pointer, _arguments = ctypes.c_void_p, ctypes.POINTER(Arguments)

# name: version of the symbol, result, parameters. Without a version an older function of that name would be found.
FUNCTIONS: dict[str, tuple[str, Any, list[Any]]] = {
    "fuse_mount": ("FUSE_2.6", _pointer, [ctypes.c_char_p, _arguments]),
    "fuse_new": ("FUSE_2.6", _pointer, [_pointer, _arguments, _pointer, ctypes.c_size_t, _pointer]),
    "fuse_get_session": ("FUSE_2.6", _pointer, [_pointer]),
    "fuse_set_signal_handlers": ("FUSE_2.5", ctypes.c_int, [_pointer]),
    "fuse_remove_signal_handlers": ("FUSE_2.5", None, [_pointer]),
    "fuse_loop": ("FUSE_2.2", ctypes.c_int, [_pointer]),
    "fuse_chan_bufsize": ("FUSE_2.4", ctypes.c_size_t, [_pointer]),
    "fuse_chan_recv": ("FUSE_2.6", ctypes.c_int, [_pointer, _pointer, ctypes.c_size_t]),
    "fuse_session_process": ("FUSE_2.4", None, [_pointer, _pointer, ctypes.c_size_t, _pointer]),
    "fuse_exit": ("FUSE_2.2", None, [_pointer]),
    "fuse_unmount": ("FUSE_2.6", None, [ctypes.c_char_p, _pointer]),
    "fuse_destroy": ("FUSE_2.2", None, [_pointer]),
    "fuse_get_context": ("FUSE_2.2", _pointer, []),
    "fuse_interrupted": ("FUSE_2.6", ctypes.c_int, []),
    "fuse_notify_poll": ("FUSE_2.8", ctypes.c_int, [_pointer]),
    "fuse_pollhandle_destroy": ("FUSE_2.8", None, [_pointer]),
}


class Libfuse:
    """Calls of libfuse by their names."""

    def __init__(self) -> None:
        self.fuse = fusepy()
        libc = ctypes.CDLL(None)
        self._find = getattr(libc, "dlvsym", None) or libc.dlsym  # a C library without versions takes no third word
        self._find.restype, self._find.argtypes = _pointer, [_pointer, ctypes.c_char_p, ctypes.c_char_p]

    def address(self, name: str) -> int:
        version = FUNCTIONS[name][0]
        found = self._find(self.fuse._libfuse._handle, name.encode(), version.encode())
        if not found:
            raise MountError(f"this libfuse has no {name} of {version}: install libfuse 2.8 or a later 2.9")
        return int(found)

    def call(self, name: str, *words: Any) -> Any:
        """The function's result; the interpreter goes on meanwhile."""
        _, result, parameters = FUNCTIONS[name]
        return ctypes.CFUNCTYPE(result, *parameters)(self.address(name))(*words)

    def operations(self, ready: Callable[[], int]) -> ctypes.Structure:
        """fusepy's own struct, extended by the member that it lacks, with the addresses of the core's functions."""

        class Operations(self.fuse.fuse_operations):  # type: ignore[misc,name-defined]
            _fields_ = [("poll", ctypes.c_void_p)]  # noqa: RUF012

        types = {field[0]: field[1] for field in self.fuse.fuse_operations._fields_}
        table = Operations(flag_nullpath_ok=1, flag_nopath=1)  # open files are known by their handle
        for i in range(lib.fuse_operation_count()):
            name = ffi.string(lib.fuse_operation_name(i)).decode()
            address = int(ffi.cast("uintptr_t", lib.fuse_operation_address(i)))
            setattr(table, name, ctypes.cast(address, types.get(name, ctypes.c_void_p)))
        table.init = types["init"](lambda _connection: ready())
        return table
