"""What the bytes of /proc files mean. Nothing is opened here; ValueError for what no kernel would write.

A comm may hold any byte but NUL, so `stat` is read from its last parenthesis, and where a line of `status` could be
forged by its Name, the last one of a kind counts.
"""

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from fakeproc import capabilities, nodes, rules, units
from fakeproc.errors import FakeprocError
from fakeproc.scenario import keys

PF_KTHREAD = 0x200000
LAYOUT = (
    26,
    27,
    28,
    45,
    46,
    47,
    48,
    50,
)  # start_code end_code start_stack start_data .. arg_start env_start, by proc(5)
SIZES = {"anon": "RssAnon", "file": "RssFile", "shmem": "RssShmem", "swap": "VmSwap"}
OLDEST_CAPS = 36  # bits of the shortest full set: that of the kernels without CAP_AUDIT_READ

_KWORKER = re.compile(rb"(kworker/u?[0-9]+:[0-9]+H?)[-+].*", re.DOTALL)
_RELEASE = re.compile(r"(?:Linux version )?(\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True)
class Stat:
    """Of /proc/PID/stat; start_time in clock ticks since boot, layout = where the parts of its mm lie."""

    comm: bytes
    state: str
    ppid: int
    is_kthread: bool
    start_time: int
    layout: tuple[int, ...]


@dataclass(frozen=True)
class Status:
    """Of /proc/PID/status; sizes in bytes, None without an mm; mm_facts = every line about the mm."""

    uid: int
    gid: int
    real_uid: int
    real_gid: int
    caps: int | None
    sizes: dict[str, int] | None
    mm_facts: tuple[str, ...]
    mems: str | None
    is_namespace_init: bool


@dataclass(frozen=True)
class Unseen:
    """What only a mount of fakeproc tells of a process; mm names its mm, 0 = none."""

    mm: int
    is_vforked: bool
    oom_score_adj_min: int
    is_namespace_init: bool
    conditions: list[str]


@dataclass(frozen=True)
class World:
    """.fakeproc/world.json: whose rules it follows, and what is unseen of each pid."""

    kernel: rules.Kernel | None = None
    processes: dict[int, Unseen] = field(default_factory=dict)


def world(raw: bytes) -> World:
    """The same of its bytes."""
    try:
        found = json.loads(raw)
        patches = found["patches"] if found["kernel"] == "4.7" else None
        return World(
            rules.kernel(str(found["kernel"]), patches), {int(row["pid"]): _unseen(row) for row in found["processes"]}
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FakeprocError):
        raise ValueError("no table of a world") from None


def _unseen(row: Any) -> Unseen:
    return Unseen(
        mm=int(row["mm"]),
        is_vforked=bool(row["vforked"]),
        oom_score_adj_min=_number(row["oom_score_adj_min"], 1001, -1000),
        is_namespace_init=bool(row["namespace_init"]),
        conditions=[name for name in keys.CONDITIONS if name in row["conditions"]],
    )


def stat(raw: bytes) -> Stat:
    """The fields of it that count here."""
    head, paren, rest = raw.rpartition(b")")
    _, opened, comm = head.partition(b"(")
    fields = rest.split()
    if not paren or not opened or len(fields) < 20:
        raise ValueError("no stat")
    return Stat(
        comm=_bare_comm(comm),
        state=fields[0].decode("ascii"),
        ppid=_number(fields[1], 1 << 22),
        is_kthread=bool(_number(fields[6], 1 << 32) & PF_KTHREAD),
        start_time=_number(fields[19], 1 << 64),
        layout=tuple(_number(fields[n - 3], 1 << 64) for n in LAYOUT if n - 3 < len(fields)),
    )


def _bare_comm(comm: bytes) -> bytes:
    """The 15 bytes that the task itself carries: a kworker's is shown with what it works on behind."""
    return _KWORKER.sub(rb"\1", comm)[:15]


def status(raw: bytes) -> Status:
    """The lines of it that count here; "uid" and "gid" are the effective ones."""
    lines = _lines(raw)
    uids, gids = _ids(lines["Uid"]), _ids(lines["Gid"])
    return Status(
        uid=uids[1],
        gid=gids[1],
        real_uid=uids[0],
        real_gid=gids[0],
        caps=caps(lines["CapEff"]) if "CapEff" in lines else None,
        sizes=_sizes(lines),
        mm_facts=tuple(value for name, value in lines.items() if name.startswith(("Vm", "Rss"))),
        mems=lines.get("Mems_allowed_list"),
        is_namespace_init=lines.get("NSpid", "").split()[1:][-1:] == ["1"],
    )


def _lines(raw: bytes) -> dict[str, str]:
    """The values by their names."""
    pairs = (line.partition(":") for line in raw.decode("latin-1").split("\n"))
    lines = {name: value.strip() for name, colon, value in pairs if colon}
    if not {"Uid", "Gid"} <= set(lines):
        raise ValueError("no status")
    return lines


def _ids(words: str) -> list[int]:
    ids = [_number(word, keys.BIGGEST_ID + 1) for word in words.split()]
    if len(ids) != 4:
        raise ValueError("no ids")
    return ids


def _sizes(lines: dict[str, str]) -> dict[str, int] | None:
    """What is resident and swapped. Kernels before 4.5 do not tell the parts: all of it is anon there."""
    if "VmSize" not in lines:
        return None
    if "RssAnon" not in lines:
        return {"anon": kilobytes(lines.get("VmRSS", "0")), "swap": kilobytes(lines.get("VmSwap", "0"))}
    return {key: kilobytes(lines.get(name, "0")) for key, name in SIZES.items()}


def kilobytes(words: str) -> int:
    """Bytes of "1234 kB"."""
    return _number((words.split() or [""])[0], units.BIGGEST >> 10) << 10


def caps(word: str) -> int:
    """A mask of capabilities. Every one that its kernel knows is every one there is."""
    mask = int(word, 16)
    if not 0 <= mask < 1 << 64:
        raise ValueError("no capabilities")
    is_full = not mask & (mask + 1) and mask.bit_length() >= OLDEST_CAPS
    return capabilities.ALL if is_full else mask & capabilities.ALL


def adjustment(raw: bytes) -> int:
    """oom_score_adj."""
    return _number(raw.strip(), 1001, -1000)


def score(raw: bytes) -> int:
    """oom_score."""
    return _number(raw.strip(), 1 << 32)


def words(raw: bytes) -> list[bytes]:
    """The arguments of cmdline, or the variables of environ. Padding at the end, as setproctitle leaves, is none."""
    return raw.rstrip(b"\0").split(b"\0") if raw.strip(b"\0") else []


def program(arguments: list[bytes]) -> list[bytes]:
    """The program only. A title that a process gives itself has blanks instead of NULs: what is behind is cut, too."""
    return arguments[0].split()[:1] if arguments else []


def cgroup(raw: bytes) -> str | None:
    """The path of the memory cgroup: in the unified hierarchy, or where version 1 still has the memory controller."""
    found = {}
    for line in raw.decode("utf-8", "surrogateescape").split("\n"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" or "memory" in controllers.split(","):
            found[controllers != ""] = path.removesuffix(" (deleted)")
    path = found.get(True, found.get(False, ""))
    return path if path.startswith("/") else None


def meminfo(raw: bytes) -> dict[str, int]:
    """Bytes by the names of the lines; those that are no sizes are left out."""
    found = {}
    for line in raw.decode("latin-1").split("\n"):
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[name] = kilobytes(value)
    return found


def node_sizes(raw: bytes) -> list[int]:
    """Bytes of each memory node, from zoneinfo; none where they are not numbered from 0, or one has no memory."""
    found: dict[int, int] = {}
    node = -1
    for words in map(str.split, raw.decode("latin-1").split("\n")):
        if len(words) == 4 and words[0] == "Node":
            node = _number(words[1].rstrip(","), nodes.MOST)
        if len(words) == 2 and words[0] == "managed":
            found[node] = found.get(node, 0) + _number(words[1], units.BIGGEST // units.PAGE) * units.PAGE
    return list(found.values()) if list(found) == list(range(len(found))) and all(found.values()) else []


def cpus(raw: bytes) -> int:
    """How many there are, by the lines of the machine's stat; 0 where it has none."""
    return len(re.findall(rb"^cpu[0-9]", raw, re.MULTILINE))


def hostname(raw: bytes) -> str | None:
    """None for what is no name."""
    with contextlib.suppress(FakeprocError):
        return str(keys.MACHINE_KEYS["hostname"](raw.decode("latin-1").strip()))
    return None


def release(raw: bytes) -> tuple[int, int] | None:
    """The version in osrelease or version, as (6, 12)."""
    match = _RELEASE.match(raw.decode("latin-1"))
    return (int(match[1]), int(match[2])) if match else None


def sysctl(raw: bytes) -> int:
    """A file of sys/vm with one number."""
    return _number(raw.strip(), 1 << 31, -(1 << 31))


def _number(word: str | bytes, end: int, low: int = 0) -> int:
    """A decimal number from low to below end."""
    number = int(word)
    if not low <= number < end:
        raise ValueError("a number is out of range")
    return number
