"""What stat(2) tells of a file of the tree."""

import stat
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Status:
    """Type and permissions, owner and size of a file, as stat(2) has them.

    mode: with the type (S_IFREG ...); block_size: st_blksize in bytes; time: of all three, in nanoseconds since the
    epoch; size: in bytes, 0 for nearly all files of procfs.
    """

    ino: int
    mode: int
    nlink: int
    uid: int
    gid: int
    block_size: int
    time: int
    size: int

    @property
    def is_directory(self) -> bool:
        """Whether mode says so (S_ISDIR)."""
        return stat.S_ISDIR(self.mode)


def status_of(native: Any) -> Status:
    """Of a struct status."""
    n = native
    return Status(n.ino, n.mode, n.nlink, n.uid, n.gid, n.block_size, n.time, n.size)
