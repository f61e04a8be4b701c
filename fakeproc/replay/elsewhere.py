"""The results that are decided elsewhere than where the replay looks: every kind, with its reason, in one table.

A kind is claimed by the door that met it. It excuses only a result that differs, but for the kinds whose
result says nothing either way; whatever else the record states (the values of every task) is judged as always.
"""

from dataclasses import dataclass

TREE, MOUNT = "tree", "mount"


@dataclass(frozen=True)
class Kind:
    name: str
    mode: str
    reason: str
    says_nothing: bool = False  # the result is no evidence even where it agrees


NO_COUNTERPART = Kind(
    "call above the file system",
    TREE,
    "mmap, ioctl, flock, fcntl, xattr and their like are answered by the VFS; --mount judges them",
    says_nothing=True,
)
EMPTY_WRITE = Kind("zero-length write", MOUNT, "the FUSE client returns 0 and asks nobody")
EMPTY_READ = Kind("zero-length read", MOUNT, "the FUSE client returns 0 and asks nobody")
BAD_POINTER = Kind("bad user pointer", MOUNT, "the FUSE client looks at the memory before it asks the server")
POSITION = Kind(
    "file position after a write",
    MOUNT,
    "the FUSE client advances it by the count; it is put back so that what follows is judged",
    says_nothing=True,
)
SEGMENTS = Kind(
    "segments of a writev",
    MOUNT,
    "the FUSE client joins them into one write; they are written one by one in process instead",
    says_nothing=True,
)
MAXIMUM_OFFSET = Kind(
    "maximum file offset", MOUNT, "a FUSE file system has one for all its files, procfs one for each kind of file"
)
ARITHMETIC = Kind(
    "arithmetic of lseek",
    MOUNT,
    "the FUSE client has one for SEEK_END, SEEK_DATA and SEEK_HOLE, procfs one for each kind of file",
)
DEAD_DIRECTORY = Kind(
    "openat below a dead process",
    MOUNT,
    "the FUSE client looks the name up first, which is ENOENT; procfs says ESRCH",
)
SHOWN_AT_SEEK = Kind(
    "text shown by lseek",
    MOUNT,
    "the FUSE client seeks by itself; procfs shows a seq_file there and then, and the read that follows has that text",
)
PWRITE_OF_SEQ_FILE = Kind(
    "pwrite to a seq_file",
    MOUNT,
    "procfs takes pwrite away from it (ESPIPE); a FUSE server can take pwrite only with pread and lseek",
)
DEAD_FSTAT = Kind(
    "fstat or fchmod of a file whose task is gone",
    MOUNT,
    "the FUSE client asks for it by name, not by open file, and the name is gone",
)

KINDS = (
    NO_COUNTERPART,
    EMPTY_WRITE,
    EMPTY_READ,
    BAD_POINTER,
    POSITION,
    SEGMENTS,
    MAXIMUM_OFFSET,
    ARITHMETIC,
    SHOWN_AT_SEEK,
    PWRITE_OF_SEQ_FILE,
    DEAD_DIRECTORY,
    DEAD_FSTAT,
)
