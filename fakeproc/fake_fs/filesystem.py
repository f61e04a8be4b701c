"""pyfakefs' file system with worlds in it: what lies in one is looked up, listed and changed in the core."""

from __future__ import annotations

import errno
import os
from stat import S_ISLNK
from typing import Any

from pyfakefs.fake_file import FakeFile
from pyfakefs.fake_filesystem import FakeFilesystem

from fakeproc.fake_fs.nodes import node_of
from fakeproc.fake_fs.place import Name, Place
from fakeproc.fake_fs.streams import Description


class Filesystem(FakeFilesystem):
    """pyfakefs' own, with worlds at some of its places."""

    places: list[Place]

    def found(self, path: Any, follow_symlinks: bool = True) -> Name | None:
        """The name in a world that a path leads to, or a descriptor; None for what is pyfakefs' own."""
        if isinstance(path, int):
            description = self.description(path)
            return description.found if description else None
        found = self._found_directly(path, follow_symlinks)
        if found:
            return found
        word = os.fsdecode(path)
        resolved = self.resolve_path(word) if follow_symlinks else self._above_resolved(word)
        return self._name(resolved, path)

    def _found_directly(self, path: Any, follow_symlinks: bool) -> Name | None:
        """Where the core alone can say what is there: no link leads there, and none from there."""
        found = self._name(self.absnormpath(os.fsdecode(path)), path)
        try:
            looked = found and found.look()
        except FileNotFoundError:
            return None
        return None if not looked or (follow_symlinks and S_ISLNK(looked.status.mode)) else looked

    def _name(self, resolved: str, path: Any) -> Name | None:
        slash = "/" if self.ends_with_path_separator(path) else ""
        names = ((place, place.where(resolved)) for place in reversed(self.places))
        return next((Name(place, where + slash, path) for place, where in names if where), None)

    def _above_resolved(self, path: str) -> str:
        above, name = self.splitpath(self.absnormpath(path))
        return self.joinpaths(self.resolve_path(above), name)

    def resolve(self, file_path: Any, follow_symlinks: bool = True, *words: Any, **options: Any) -> FakeFile:
        found = None if isinstance(file_path, int) else self._found_directly(file_path, follow_symlinks)
        return node_of(self, found) if found else super().resolve(file_path, follow_symlinks, *words, **options)

    def lresolve(self, path: Any) -> FakeFile:
        found = self._found_directly(path, follow_symlinks=False)
        return node_of(self, found) if found else super().lresolve(path)

    def exists(self, file_path: Any, check_link: bool = False) -> bool:
        try:
            return bool(self._found_directly(file_path, not check_link)) or super().exists(file_path, check_link)
        except OSError:
            return False

    def description(self, fd: int) -> Description | None:
        """What is open there, where it is of a world."""
        files: Any = self.open_files[fd] if 0 <= fd < len(self.open_files) else None
        return files[0] if files and isinstance(files[0], Description) else None

    def listdir(self, target_directory: Any) -> list[Any]:
        found = self.found(target_directory)
        if not found:
            return super().listdir(target_directory)
        names = found.ask("listdir")
        return [os.fsencode(name) for name in names] if isinstance(target_directory, bytes) else list(names)

    def rmdir(self, target_directory: Any, allow_symlink: bool = False) -> None:
        found = self.found(target_directory, follow_symlinks=False)
        found.ask("rmdir") if found else super().rmdir(target_directory, allow_symlink)

    def remove(self, path: Any) -> None:
        found = self.found(path, follow_symlinks=False)
        found.ask("unlink") if found else super().remove(path)

    def rename(self, old_file_path: Any, new_file_path: Any, force_replace: bool = False) -> None:
        old, new = (self.found(path, follow_symlinks=False) for path in (old_file_path, new_file_path))
        if old and new and old.place is new.place:
            old.ask("rename", new.where)
        elif old or new:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), old_file_path, None, new_file_path)
        else:
            super().rename(old_file_path, new_file_path, force_replace)

    def create_link(self, old_path: Any, new_path: Any, *words: Any, **options: Any) -> FakeFile:
        old, new = (self.found(path, follow_symlinks=False) for path in (old_path, new_path))
        if not old and not new:
            return super().create_link(old_path, new_path, *words, **options)
        if not new or not old or old.place is not new.place:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), old_path, None, new_path)
        new.ask("create", kind=0)
        return node_of(self, new.look())

    def chmod(self, path: Any, mode: int, follow_symlinks: bool = True, force_unix_mode: bool = False) -> None:
        found = self.found(path, follow_symlinks)
        found.ask("chmod", mode) if found else super().chmod(path, mode, follow_symlinks, force_unix_mode)

    def utime(self, path: Any, times: Any = None, *, ns: Any = None, follow_symlinks: bool = True) -> None:
        found = self.found(path, follow_symlinks)
        found.ask("utimens") if found else super().utime(path, times, ns=ns, follow_symlinks=follow_symlinks)
