"""fakeproc snapshot: a /proc becomes a scenario, so that a machine that exists can be rehearsed.

reader does the reading, parse knows what the bytes mean, sharing finds who is in whose mm, describe says it in the
keys of a scenario, and toml writes it down.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from fakeproc import files, scenario
from fakeproc.errors import FakeprocError, ScenarioError
from fakeproc.snapshot import describe, machine, parse, reader, sharing, toml
from fakeproc.snapshot.facts import Machine
from fakeproc.snapshot.lineage import Lineage
from fakeproc.snapshot.sharing import Share
from fakeproc.world import World

__all__ = ["Snapshot", "snapshot", "write"]

LIVE = "/proc"
CUT = "Of command lines only the program is kept."


@dataclass(frozen=True)
class Snapshot:
    """The text of a scenario file, and lines for people on what is in it and what is not."""

    text: str
    summary: list[str]


def snapshot(
    proc: str | os.PathLike[str] | World = LIVE,
    *,
    kernel: str | None = None,
    with_environ: bool = False,
    with_arguments: bool = False,
    with_hostname: bool = False,
) -> Snapshot:
    """What that /proc shows now: the live one, a mount of fakeproc or of another pid namespace, a saved tree, or that
    of a world.

    Of command lines only the program is kept, unless with_arguments; the environment is left out, unless
    with_environ puts it into comments, and the machine's name, unless with_hostname. The calling process leaves
    itself out. FakeprocError where there is no process to be found, or for a kernel that is not known.
    """
    place = reader.WorldProc(proc) if isinstance(proc, World) else reader.Proc(os.fspath(proc))
    found = reader.read(place, with_environ=with_environ, with_hostname=with_hostname)
    if not with_arguments:
        for process in found.processes.values():
            process.arguments = parse.program(process.arguments)
    rules = machine.kernel(found, kernel)
    shares, hidden = sharing.find(found)
    lineage = Lineage(found.processes, shares)
    tables = describe.tables(lineage, machine.pid_max(found))
    unsaid = sum((table.unsaid for table in tables), Counter(found.left_out))
    told = [*_told(lineage.shares, hidden), *_counted(unsaid), *machine.remarks(found, rules, kernel)]
    head = [_title(found), *told, *([] if with_arguments else [CUT])]
    mapped = sum(table.sizes.get("file", 0) for table in tables)
    parts = [toml.table("[machine]", machine.table(found, rules, mapped), head)]
    parts += [toml.table("[[process]]", table.given, table.remarks) for table in tables]
    return Snapshot(_checked("\n".join(parts)), [_title(found), *told])


def _title(found: Machine) -> str:
    threads = sum(len(process.threads) for process in found.processes.values())
    kthreads = sum(process.stat.is_kthread for process in found.processes.values())
    count = len(found.processes) - kthreads
    return f"A snapshot: {count} processes, {threads} threads besides their leaders, {kthreads} kernel threads."


def _told(shares: dict[int, Share], hidden: int) -> Iterator[str]:
    """Who is in another's mm, and how that was found."""
    for way, count in Counter(share.way for share in shares.values()).items():
        yield f"{count} in the memory of another process: {way}."
    if shares:
        yield "A vforked child shows by its oom_score, 0 since 4.8; one that does not is a clone_vm_of here."
    if hidden:
        yield f"Whether {hidden} share their memory with others is not shown to who asked."


def _counted(unsaid: Counter[str]) -> Iterator[str]:
    for what, count in unsaid.items():
        yield f"{what}: {count}."


def _checked(text: str) -> str:
    """The same text, once it is sure that it can be loaded and built."""
    try:
        scenario.loads(text, "snapshot").build()
    except ScenarioError as error:
        raise FakeprocError(f"what is there makes no machine: {error}") from None
    return text


def write(text: str, file: str | os.PathLike[str], *, is_secret: bool = False) -> None:
    """Into that file, which only its owner may read where secrets are in it and it is new. OSError."""
    files.write(file, text.encode(), 0o600 if is_secret else 0o666)
