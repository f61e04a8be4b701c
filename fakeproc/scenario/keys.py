"""The keys that a scenario file may have, and what their values may be."""

import re
import shlex
import signal
from collections.abc import Callable
from typing import Any

from fakeproc import capabilities, nodes, rules, units, wording
from fakeproc._native import ffi, lib
from fakeproc.errors import FakeprocError
from fakeproc.sigterm import OnSigterm

PID_LIMIT = 1 << 22
BIGGEST_ID = (1 << 32) - 2  # the last one means "no change"

Check = Callable[[Any], Any]


def integer(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise FakeprocError(f"write a whole number from {low} to {high}")
        return value

    return check


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FakeprocError("write true or false")
    return value


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise FakeprocError("write some text in quotes")
    if "\0" in value:
        raise FakeprocError("a NUL byte would end it: leave that out")
    return value


def one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if value not in words:
            raise FakeprocError(f"write one of {' '.join(map(wording.quoted, words))}")
        return str(value)

    return check


def size(value: Any) -> int:
    """Bytes."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise FakeprocError(f'write a size in quotes, such as "900 MiB" (units: {" ".join(filter(None, units.SIZES))})')
    return units.size(value)


def _machine_size(value: Any) -> int:
    return units.ram(size(value))


def reference(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise FakeprocError("name another process, in quotes, or its pid, as a number")
    return value


def _threads(value: Any) -> list[dict[str, Any]]:
    """The threads besides the leader: {} or with a comm, a tid or both."""
    if isinstance(value, list):
        return [_thread(thread) for thread in value]
    return [{}] * (integer(1, PID_LIMIT - 1)(value) - 1)


def _thread(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"comm": text(value)}
    if not isinstance(value, dict) or not value:
        raise FakeprocError('write the total count, or a list of the others: ["GC"] or [{ comm = "GC", tid = 1301 }]')
    return check_table(value, THREAD_KEYS)


def _caps(value: Any) -> str:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) for word in words):
        raise FakeprocError('write "all", "none", "all,-sys_resource" or ["sys_resource", "kill"]')
    text = ",".join(words)
    capabilities.parse(text, 0)
    return text


def _cmdline(value: Any) -> list[str]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and "\0" not in word for word in words):
        raise FakeprocError('write it as in a shell, "/usr/bin/java -Xmx2g", or as a list of words')
    try:
        return shlex.split(value) if isinstance(value, str) else words
    except ValueError as error:
        raise FakeprocError(f"{str(error).lower()}: close the quotes, or write a list of words") from None


def _environ(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and "\0" not in word for word in value):
        raise FakeprocError('write a list of variables, such as ["HOME=/root", "LANG=C"]')
    return value


def _path(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"/[^\0\n]{0,4000}", value):
        raise FakeprocError('write an absolute path, such as "/usr/bin/java"')
    return value


def share(value: Any) -> int:
    """Thousandths of a CPU."""
    match = re.fullmatch(r"\s*(\d{1,7}(?:\.\d)?)\s*%\s*", value) if isinstance(value, str) else None
    if not match:
        raise FakeprocError('write a share of one CPU in quotes, such as "30 %"')
    return round(float(match[1]) * 10)


def _cpu(value: Any) -> dict[str, int]:
    """Shares in user mode and in the kernel; one alone is that in user mode."""
    if not isinstance(value, dict):
        return {"user": share(value), "system": 0}
    return {"user": 0, "system": 0, **check_table(value, {"user": share, "system": share})}


def cgroup(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or not lib.cgroup_path_is_valid(value.encode()):
        raise FakeprocError('write the path of a cgroup, such as "/system.slice/cron.service"')
    return value


def time(value: Any) -> int:
    """Nanoseconds."""
    if not isinstance(value, str):
        raise FakeprocError('write a time in quotes, such as "1.5 s"')
    return units.duration(value)


def on_sigterm(value: Any) -> OnSigterm:
    """What a process does with a SIGTERM."""
    if value in ("die", "ignore", "fork"):
        return OnSigterm(str(value))
    if not isinstance(value, dict) or len(value) != 1:
        raise FakeprocError('write "die", "ignore", "fork", { after = "300 ms" } or { core = "2 s" }')
    ((deed, takes),) = check_table(value, {"after": time, "core": time}).items()
    return OnSigterm("die" if deed == "after" else deed, takes)


def percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        raise FakeprocError("write a percentage as a number from 0 to 100, such as 45.5")
    return float(value)


def rate(value: Any) -> tuple[int, int]:
    """Bytes in so many nanoseconds."""
    if not isinstance(value, str):
        raise FakeprocError('write a rate in quotes, such as "50 MiB/s"')
    return units.rate(value)


def signal_number(value: Any) -> int:
    name = f"SIG{value.upper().removeprefix('SIG')}" if isinstance(value, str) else ""
    if name in signal.Signals.__members__:
        return int(signal.Signals[name])
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 64:
        raise FakeprocError('write a signal by its name, such as "TERM", or its number from 1 to 64')
    return value


def writable(value: Any) -> int | str:
    """What is written to an adjustment file: a number, or any text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or "\0" in str(value):
        raise FakeprocError("write a number, or a text in quotes")
    return value


def _mems(value: Any) -> int:
    if not isinstance(value, str):
        raise FakeprocError('write memory nodes in quotes: "0" or "0-1"')
    return nodes.parse(value)


def _nodes(value: Any) -> tuple[int, ...]:
    """The bytes of each memory node."""
    if not isinstance(value, list) or not 0 < len(value) <= nodes.MOST:
        raise FakeprocError(f'write the sizes of 1 to {nodes.MOST} memory nodes: ["4 GiB", "4 GiB"]')
    sizes = tuple(map(size, value))
    _machine_size(sum(sizes))
    return sizes


def node_set(value: Any) -> str:
    """A set of memory nodes as it is written."""
    _mems(value)
    return str(value)


def _kernel(value: Any) -> rules.Kernel:
    if isinstance(value, str):
        return rules.kernel(value)
    if not isinstance(value, dict):
        raise FakeprocError('write a version in quotes, "4.8", or { base = "4.7", patches = [1, 4] }')
    given = check_table(value, KERNEL_KEYS)
    base = rules.kernel(given.get("base", "4.7"))
    if "patches" not in given:
        return base
    if base.version != "4.7":
        raise FakeprocError('single patches go on top of base = "4.7"')
    return rules.kernel("4.7", given["patches"])


def _sysctl(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise FakeprocError("write the settings of /proc/sys/vm in braces: { panic_on_oom = 1 }")
    return check_table(value, SYSCTL_KEYS)


def _patches(value: Any) -> list[int]:
    if isinstance(value, str):
        return sorted(rules.parse_patches(value))
    if not isinstance(value, list) or not all(isinstance(patch, int) for patch in value):
        raise FakeprocError('write the patches as [1, 4] or "1-4"')
    return value


def _hostname(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,64}", value):
        raise FakeprocError('write a name of up to 64 letters without blanks, such as "server1"')
    return value


_adj = integer(-1000, 1000)

KERNEL_KEYS: dict[str, Check] = {"base": text, "patches": _patches}

THREAD_KEYS: dict[str, Check] = {"comm": text, "tid": integer(1, PID_LIMIT - 1)}

SYSCTL_KEYS: dict[str, Check] = {
    name: integer(-(1 << 31), (1 << 31) - 1) for name, _ in ffi.typeof("struct sysctl").fields
}

MACHINE_KEYS: dict[str, Check] = {
    "kernel": _kernel,
    "ram": _machine_size,
    "nodes": _nodes,
    "swap": size,
    "pid_max": integer(301, PID_LIMIT),
    "mmu": boolean,
    "sysctl": _sysctl,
    "cpus": integer(1, lib.CPUS_MAX),
    "hostname": _hostname,
    "cgroups": one_of("v1", "v2"),
    "cache": size,
    "dirty": size,
    "buffers": size,
    "slab_reclaimable": size,
    "slab_unreclaimable": size,
}
OWN_PAGES = ("cache", "dirty", "buffers", "slab_reclaimable", "slab_unreclaimable")


def _size_or_max(value: Any) -> int | str:
    return "max" if value == "max" else size(value)


CGROUP_LIMITS = ("min", "low", "high", "swap_high", "swap_max")
CGROUP_KEYS: dict[str, Check] = {
    "path": cgroup,
    "limit": size,
    "oom_group": boolean,
    **dict.fromkeys(CGROUP_LIMITS, _size_or_max),
}

# What keeps a victim from dying, or makes it the first one, and the core's flags for them.
CONDITIONS = {
    "dsleep": lib.TASK_DSLEEP,
    "holds_mmap_lock": lib.TASK_HOLDS_MMAP_LOCK,
    "coredumping": lib.TASK_COREDUMPING,
    "oom_origin": lib.TASK_OOM_ORIGIN,
    "frozen": lib.TASK_FROZEN,
}

PROCESS_KEYS: dict[str, Check] = {
    "name": text,
    "comm": text,
    "pid": integer(1, PID_LIMIT - 1),
    "parent": reference,
    "clone_vm_of": reference,
    "vfork_of": reference,
    "fork_of": reference,
    "kthread": boolean,
    "uses_mm_of": reference,
    "namespace_init": boolean,
    "threads": _threads,
    "dead_leader": boolean,
    "zombie": boolean,
    "state": one_of("R", "S", "D", "T"),
    "uid": integer(0, BIGGEST_ID),
    "gid": integer(0, BIGGEST_ID),
    "caps": _caps,
    "dumpable": boolean,
    "anon": size,
    "file": size,
    "shmem": size,
    "swap": size,
    "oom_score_adj": _adj,
    "oom_score_adj_min": _adj,
    "oom_adj": integer(-17, 15),
    "cmdline": _cmdline,
    "environ": _environ,
    "exe": _path,
    "cwd": _path,
    "fds": integer(0, 1 << 17),
    "cpu": _cpu,
    "cgroup": cgroup,
    "mems": _mems,
    "on_sigterm": on_sigterm,
    **dict.fromkeys(CONDITIONS, boolean),
}

RESIDENT = ("anon", "file", "shmem")
SIZES = (*RESIDENT, "swap")
COPIES = ("clone_vm_of", "vfork_of", "fork_of")
RELATIONS = (*COPIES, "parent", "uses_mm_of")
_MEMORY = (*SIZES, "dumpable")
_PROGRAM = ("environ", "exe", "cwd", "fds", "on_sigterm")

# What a process of a kind cannot have, and why. The first key is what makes it one of that kind.
EXCLUDED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("oom_adj", ("oom_score_adj",), "they are two faces of one value: write one of them"),
    ("fork_of", ("clone_vm_of", "vfork_of"), "a process is made in one way: choose one"),
    ("clone_vm_of", ("vfork_of", *_MEMORY), "its memory is that of the process it was cloned from: write it there"),
    ("vfork_of", _MEMORY, "its memory is that of its parent until it execs: write it there"),
    (
        "kthread",
        (*COPIES, *_MEMORY, "parent", "uid", "gid", "caps", "threads", "dead_leader", "zombie", "cmdline", *_PROGRAM),
        "a kernel thread has kthreadd for parent, one thread, every capability and no memory: leave it out",
    ),
    ("kthread", tuple(CONDITIONS), "a kernel thread is no victim, and holds up none: leave it out"),
    ("kthread", ("namespace_init",), "a kernel thread is no init: leave it out"),
    (
        "zombie",
        (
            "clone_vm_of",
            "vfork_of",
            *_MEMORY,
            "threads",
            "dead_leader",
            "state",
            "cmdline",
            "cpu",
            *_PROGRAM,
            *CONDITIONS,
        ),
        "nothing is left of a zombie's memory and threads: leave it out",
    ),
)
FIRST_PROCESS = (*COPIES, "parent", "kthread", "zombie", "namespace_init")


class KeyProblem(FakeprocError):
    """What is wrong with one key of a table."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def check_table(table: dict[str, Any], known: dict[str, Check]) -> dict[str, Any]:
    """The values of a table, each as its key wants it. KeyProblem for the first that is not."""
    checked = {}
    for key, value in table.items():
        if key not in known:
            raise KeyProblem(key, f"unknown key {wording.quoted(key)}{wording.meant(key, known)}")
        try:
            checked[key] = known[key](value)
        except FakeprocError as error:
            raise KeyProblem(key, f"{wording.printable(key)} = {wording.shown(value)}: {error}") from None
    return checked
