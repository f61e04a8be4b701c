"""The os of code under test: system calls on what lies in a world, and on its processes."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from inspect import isfunction
from types import ModuleType
from typing import Any

from pyfakefs.fake_os import FakeOsModule, handle_original_call

from fakeproc.fake_fs.filesystem import Filesystem
from fakeproc.fake_fs.opening import open_in_world
from fakeproc.fake_fs.place import Name, Place

# What would do something to a real process of a synthetic one's pid, and which argument that is; pid 0 is the caller.
REFUSED = {
    "killpg": 0,
    "pidfd_open": 0,
    "sched_setaffinity": 0,
    "sched_setparam": 0,
    "sched_setscheduler": 0,
    "setpriority": 1,
}


class Os(FakeOsModule):
    """The os of code under test."""

    filesystem: Filesystem

    def _found(self, path: Any, dir_fd: int | None = None, follow_symlinks: bool = True) -> Name | None:
        if dir_fd is not None and not self.path.isabs(path):
            directory: Any = self.filesystem.get_open_file(dir_fd).get_object()
            path = self.path.join(directory.path, path)
        return self.filesystem.found(path, follow_symlinks)

    @property
    def _place(self) -> Place | None:
        """Whose processes the pids are: those of the newest world."""
        return self.filesystem.places[-1] if self.filesystem.places else None

    # --- files -------------------------------------------------------------------

    def open(self, path: Any, flags: int, mode: int | None = None, *, dir_fd: int | None = None) -> int:
        found = self._found(path, dir_fd, not flags & os.O_NOFOLLOW)
        if not found:
            return super().open(path, flags, mode, dir_fd=dir_fd)
        return open_in_world(self.filesystem, found, flags).fd

    def write(self, fd: int, contents: Any) -> int:
        file = self.filesystem.description(fd)
        return file.write(contents) if file else super().write(fd, contents)

    def pread(self, fd: int, n: int, offset: int) -> bytes:
        file = self.filesystem.description(fd)
        return file.pread(n, offset) if file else self.os_module.pread(fd, n, offset)

    def pwrite(self, fd: int, contents: Any, offset: int) -> int:
        file = self.filesystem.description(fd)
        return file.pwrite(contents, offset) if file else self.os_module.pwrite(fd, contents, offset)

    def lseek(self, fd: int, pos: int, whence: int) -> Any:
        file = self.filesystem.description(fd)
        return file.seek(pos, whence) if file else super().lseek(fd, pos, whence)

    def ftruncate(self, fd: int, length: int) -> None:
        file = self.filesystem.description(fd)
        file.truncate(length) if file else super().ftruncate(fd, length)

    def fsync(self, fd: int) -> None:
        file = self.filesystem.description(fd)
        file.sync() if file else super().fsync(fd)

    def fdatasync(self, fd: int) -> None:
        file = self.filesystem.description(fd)
        file.sync() if file else super().fdatasync(fd)

    # --- names -------------------------------------------------------------------

    def access(self, path: Any, mode: int, *, dir_fd: int | None = None, **options: Any) -> bool:
        try:
            found = self._found(path, dir_fd, options.get("follow_symlinks", True))
            if not found:
                return bool(super().access(path, mode, dir_fd=dir_fd, **options))
            found.ask("access", mode)
        except OSError:
            return False
        return True

    def chown(self, path: Any, uid: int, gid: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
        found = self._found(path, dir_fd, follow_symlinks)
        if found:
            found.ask("chown", uid, gid)
        else:
            super().chown(path, uid, gid, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    def getxattr(self, path: Any, attribute: Any, *, follow_symlinks: bool = True) -> bytes | None:
        found = self._found(path, None, follow_symlinks)
        if not found:
            return super().getxattr(path, attribute, follow_symlinks=follow_symlinks)
        return bytes(found.ask("getxattr", os.fsdecode(attribute)))

    def setxattr(self, path: Any, attribute: Any, value: Any, flags: int = 0, *, follow_symlinks: bool = True) -> None:
        found = self._found(path, None, follow_symlinks)
        if found:
            found.ask("setxattr", os.fsdecode(attribute), bytes(value), flags)
        else:
            super().setxattr(path, attribute, value, flags, follow_symlinks=follow_symlinks)

    def listxattr(self, path: Any = None, *, follow_symlinks: bool = True) -> list[str]:
        found = self._found("." if path is None else path, None, follow_symlinks)
        if not found:
            return super().listxattr(path, follow_symlinks=follow_symlinks)
        return list(found.ask("listxattr"))

    def removexattr(self, path: Any, attribute: Any, *, follow_symlinks: bool = True) -> None:
        found = self._found(path, None, follow_symlinks)
        if found:
            found.ask("removexattr", os.fsdecode(attribute))
        else:
            super().removexattr(path, attribute, follow_symlinks=follow_symlinks)

    # --- processes ---------------------------------------------------------------

    def getpid(self) -> int:
        place = self._place
        return (place and place.who.pid) or int(self.os_module.getpid())

    def getppid(self) -> int:
        place = self._place
        with contextlib.suppress(ProcessLookupError):
            if place:
                return place.world.task(place.who.pid).ppid
        return int(self.os_module.getppid())

    def kill(self, pid: int, signal: int) -> None:
        """To a process of the world; a real child, whom that does not know, gets its own."""
        place = self._place
        try:
            if place:
                return place.kill(pid, signal)
        except ProcessLookupError:
            if not _is_child(self.os_module, pid):
                raise
        return self.os_module.kill(pid, signal)  # type: ignore[no-any-return]


def _is_child(real: ModuleType, pid: int) -> bool:
    """Whether a real process of that id is one that this one has started."""
    try:
        return pid > 0 and bool(real.waitid(real.P_PID, pid, real.WEXITED | real.WNOHANG | real.WNOWAIT) or True)
    except ChildProcessError:
        return False


def _refusing(name: str, at: int) -> Callable[..., Any]:
    def refuse(self: Os, *words: Any, **options: Any) -> Any:
        if words[at : at + 1] == (0,) or not self.filesystem.places:
            return getattr(self.os_module, name)(*words, **options)
        raise OSError(errno.ENOSYS, f"os.{name} would reach a real process of that number: see fakeproc help testing")

    refuse.__name__ = name
    return refuse


for _name, _at in REFUSED.items():
    setattr(Os, _name, _refusing(_name, _at))
OURS = [name for name, value in vars(Os).items() if isfunction(value) and not name.startswith("_")]
for _name in OURS:
    setattr(Os, _name, handle_original_call(getattr(Os, _name)))
