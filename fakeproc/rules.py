"""The kernel versions and patches there are, as the core's table has them."""

import re
from dataclasses import dataclass

from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError

PATCHES = range(1, 11)
KNOWN = "4.8"


@dataclass(frozen=True)
class Row:
    """One behaviour of the table of rules.

    since and until which version it holds, and the patch of the series that brought or removed it (0: none of them).
    """

    number: int
    name: str
    text: str
    since: str
    until: str
    patch: int


@dataclass(frozen=True)
class Kernel:
    """Whose rules hold: a version of the table, and for 4.7 the patches of the series applied to it.

    fakeproc.kernel("4.7", "1-4") makes one and checks it.
    """

    version: str = KNOWN
    patches: frozenset[int] = frozenset()

    @property
    def index(self) -> int:
        """Its row of the core's table of versions."""
        return int(lib.rules_version(self.version.encode()))

    @property
    def mask(self) -> int:
        """Its patches as the core takes them, a bit each."""
        return sum(1 << patch for patch in self.patches)

    def __str__(self) -> str:
        return self.version + (f" with patches {patch_list(self.patches)}" if self.patches else "")


def _text(pointer: object) -> str:
    return str(ffi.string(pointer).decode())


def versions() -> list[str]:
    """Every version of the table, oldest first."""
    return [_text(lib.rules_version_name(i)) for i in range(lib.rules_version_count())]


def rows() -> list[Row]:
    """Every row of the table of rules."""
    names = versions()
    return [
        Row(
            i,
            _text(lib.rules_row_name(i)),
            _text(lib.rules_row_text(i)),
            names[lib.rules_row_since(i)],
            names[lib.rules_row_until(i)],
            lib.rules_row_patch(i),
        )
        for i in range(lib.rules_row_count())
    ]


def kernel(version: str = KNOWN, patches: str | list[int] | None = None) -> Kernel:
    """The kernel that these words mean; patches are closed under what they build on.

    Raises FakeprocError for a version that is not in the table, and for patches with another base than 4.7.
    """
    if not isinstance(version, str):
        raise FakeprocError(f"kernel {version!r} is no text: write it in quotes, such as {KNOWN!r}")
    index = lib.rules_version(version.encode())
    if index < 0:
        raise FakeprocError(f"kernel {version!r} is not known: choose one of {' '.join(versions())}")
    name = versions()[index]
    if patches is None:
        return Kernel(name)
    if name != "4.7":
        raise FakeprocError(f"single patches go on top of kernel 4.7, not {name}: leave out --kernel, or --patches")
    wanted = parse_patches(patches) if isinstance(patches, str) else checked(patches)
    closed = lib.rules_close_patches(sum(1 << patch for patch in wanted))
    return Kernel(name, frozenset(patch for patch in PATCHES if closed >> patch & 1))


def at_or_below(release: tuple[int, int]) -> Kernel:
    """The nearest version of the table that is not newer than that release; the oldest where all are."""
    fitting = [name for name in versions() if tuple(map(int, name.split("."))) <= release]
    return Kernel(fitting[-1] if fitting else versions()[0])


def checked(patches: list[int]) -> set[int]:
    """The same as a set; FakeprocError where one is not a patch of the series."""
    for patch in patches:
        if isinstance(patch, bool) or patch not in PATCHES:
            raise FakeprocError(f"there is no patch {patch!r}: the series has 1 to 10")
    return set(patches)


def parse_patches(text: str) -> set[int]:
    """The patches of "1-4,6"; "0" means none."""
    wanted: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})(?:-(\d{1,3}))?\s*", part)
        if not match:
            raise FakeprocError(f"patches {text!r} are not understood: write numbers and ranges, such as 1-4,6")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise FakeprocError(f"patches {text!r}: {first}-{last} runs backwards")
        wanted += range(first, last + 1)
    return checked([patch for patch in wanted if wanted != [0]])


def patch_list(patches: frozenset[int] | set[int]) -> str:
    """The numbers in order, "1, 3, 4"."""
    return ", ".join(map(str, sorted(patches))) or "none"


def added_note(asked: str, found: Kernel) -> str:
    """What was added to the patches asked for, as a line for people; empty where nothing was."""
    added = found.patches - parse_patches(asked)
    return f"added patch {patch_list(added)}: what was asked for builds on it" if added else ""
