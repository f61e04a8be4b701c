"""Tables -> plan: who is who, who makes whom and in which order. Nothing is built here."""

import heapq
from collections import defaultdict
from collections.abc import Container, Iterable
from typing import Any

from fakeproc import capabilities, units, wording
from fakeproc.errors import ScenarioError
from fakeproc.scenario import keys
from fakeproc.scenario.lines import Path
from fakeproc.scenario.plan import Process, Thread
from fakeproc.scenario.source import Source, label
from fakeproc.world import CLONE_NEWPID, CLONE_PARENT, CLONE_VFORK, CLONE_VM

FIRST_PID_AGAIN = 300  # where the kernel goes on behind pid_max
PID_MAX = 32768
DEFAULT_RAM = 8 << 30
CPU = 1000  # a whole one, in the shares of keys
FLAGS = ("kthread", "zombie", "dead_leader", "namespace_init", *keys.CONDITIONS)
COPY_FLAGS = {"fork_of": 0, "clone_vm_of": CLONE_VM, "vfork_of": CLONE_VM | CLONE_VFORK}


class Planner:
    """The way from the tables of a file to a plan. What no machine could be is a ScenarioError."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.machine: dict[str, Any] = source.table(("machine",), keys.MACHINE_KEYS)
        self._check_machine()
        self.processes: list[Process] = []
        self.kthreadd: Process | None = None
        self.named: dict[str, list[Process]] = defaultdict(list)
        self.by_pid: dict[int, Process] = {}
        self.made_by: dict[Process, list[Process]] = defaultdict(list)

    def plan(self) -> list[Process]:
        """The processes, in the order in which they are to be made."""
        self._describe()
        self._number()
        self._name()
        self._relate()
        ordered: list[Process] = []
        with self.source.noting():
            ordered = self._order()
        for process in ordered:
            with self.source.noting():
                self._settle(process)
        return ordered

    @property
    def ram(self) -> int:
        return sum(self.machine.get("nodes", ())) or int(self.machine.get("ram", DEFAULT_RAM))

    @property
    def swap(self) -> int:
        return int(self.machine.get("swap", 0))

    @property
    def pid_max(self) -> int:
        return int(self.machine.get("pid_max", PID_MAX))

    def refusal(self, process: Process, key: str, what: str) -> ScenarioError:
        """What is wrong with a key of that process, or without a key with the whole of it."""
        path: Path = ("process", process.index, key) if key else ("process", process.index)
        written = self.source.tables["process"][process.index] if key in process.given else {}
        shown = f"{key} = {wording.shown(written[key])}: " if written else ""
        return self.source.error(path, f"{_label(process)}: {shown}{what}")

    def refuse(self, process: Process, key: str, what: str) -> None:
        """The same, said; the key counts as not written."""
        self.source.note(self.refusal(process, key, what))
        process.given.pop(key, None)

    # --- the machine -----------------------------------------------------------

    def _check_machine(self) -> None:
        machine, source = self.machine, self.source
        if "nodes" in machine and "ram" in machine:
            source.note(source.error(("machine", "ram"), "machine: the RAM is the sum of its nodes: leave ram out"))
        if sum(machine.get(key, 0) for key in keys.OWN_PAGES if key != "dirty") > self.ram:
            what = "cache, buffers and slab are more than the RAM: make them smaller"
            source.note(source.error(("machine",), what))
        if machine.get("dirty", 0) > machine.get("cache", 0):
            what = "dirty is a part of the cache: write less, or more cache"
            source.note(source.error(("machine", "dirty"), what))

    def cgroups(self) -> tuple[dict[str, Any], ...]:
        """What the file says of each."""
        found: dict[str, dict[str, Any]] = {}
        for index in range(len(self.source.tables.get("cgroup", []))):
            with self.source.noting():
                cgroup = self.source.table(("cgroup", index), keys.CGROUP_KEYS)
                self._check_cgroup(index, cgroup.get("path", ""), found)
                found[cgroup["path"]] = cgroup
        return tuple(found.values())

    def _check_cgroup(self, index: int, path: str, others: Container[str]) -> None:
        what = ""
        if len(path) < 2 or path.endswith("/"):
            what = 'write the path of one below the root, such as path = "/system.slice"'
        elif path in others:
            what = f"{path} is there above: write it once"
        if what:
            raise self.source.error(("cgroup", index, "path"), f"cgroup {index + 1}: {what}")

    # --- processes -------------------------------------------------------------

    def _describe(self) -> None:
        """What each table says by itself. Init and kthreadd are there also where they are not described."""
        for index in range(len(self.source.tables.get("process", []))):
            given = self.source.table(("process", index), keys.PROCESS_KEYS)
            process = Process(index, _without_unset_flags(given))
            self._check_kind(process)
            self._check_mems(process)
            self._check_sizes(process)
            self.processes.append(process)
        self._find_first()

    def _check_kind(self, process: Process) -> None:
        given = process.given
        for key, others, why in keys.EXCLUDED:
            for other in others:
                if key in given and other in given:
                    self.refuse(process, other, f'this does not go with "{key}": {why}')
        if given.get("pid") == 1:
            for key in keys.FIRST_PROCESS:
                if key in given:
                    self.refuse(process, key, "pid 1 is the first process, made by nobody: leave it out")
        if "dead_leader" in given and not given.get("threads"):
            self.refuse(process, "dead_leader", "alone it would be a zombie: add threads = 2, or zombie = true")
        if sum(given.get("cpu", {}).values()) > CPU * (1 + len(given.get("threads", ()))):
            self.refuse(process, "cpu", "a thread runs on one CPU at a time: write less, or more threads")
        if "uses_mm_of" in given and "kthread" not in given:
            self.refuse(process, "uses_mm_of", "only a kernel thread borrows: write clone_vm_of, or add kthread = true")
        if process.comm is None and given.get("pid") != 1 and not any(key in given for key in keys.COPIES):
            self.refuse(process, "", 'it has no name: add comm = "..."')

    def _find_first(self) -> None:
        """Init, and kthreadd where there are kernel threads: they come first, described or not."""
        by_pid = {process.given.get("pid"): process for process in self.processes}
        init = by_pid.get(1) or Process(-1, {"pid": 1})
        if init.comm is None:
            init.given["comm"] = "init"
        kthreads = [process for process in self.processes if process.is_kthread]
        if kthreads:
            called = (process for process in kthreads if process.comm == "kthreadd")
            first = next((process for process in kthreads if process.given.get("pid") == 2), None) or next(called, None)
            self.kthreadd = first or Process(-1, {"comm": "kthreadd", "kthread": True})
            if 2 not in by_pid:
                self.kthreadd.given.setdefault("pid", 2)
        top = [process for process in (init, self.kthreadd) if process]
        self.processes = top + [process for process in self.processes if process not in top]

    def _check_mems(self, process: Process) -> None:
        """A process may use nodes that there are; where none are described, it is all the same."""
        count = len(self.machine.get("nodes", ()))
        if count and process.given.get("mems", 0) >> count:
            there = f"0-{count - 1}" if count > 1 else "0"
            self.refuse(process, "mems", f"the nodes of [machine] are {there}: choose among them")

    def _check_sizes(self, process: Process) -> None:
        """Who is larger than the machine. All together may be: what is shared after a fork, or a mapped file, counts
        for each, and who grows next meets it."""
        if ("machine",) in self.source.lacking:
            return
        parts = {key: process.given[key] for key in keys.RESIDENT if key in process.given}
        if sum(parts.values()) > self.ram:
            held, there = units.shown_size(sum(parts.values())), units.shown_size(self.ram)
            what = f"{held} do not fit into the RAM of {there}: write less, or more ram in [machine]"
            self.refuse(process, max(parts, key=parts.__getitem__), what)
        if process.given.get("swap", 0) > self.swap:
            there = f"of {units.shown_size(self.swap)}" if self.swap else "that the machine does not have"
            self.refuse(process, "swap", f"this does not fit into the swap {there}: write more swap in [machine]")

    # --- ids -------------------------------------------------------------------

    def _number(self) -> None:
        """Give everybody an id: those of the file first, then the next free ones behind the process before."""
        taken = self._reserve()
        last = 1
        for process in self.processes:
            last = process.pid = process.given.get("pid") or self._next(process, "pid", last, taken)
            for thread in process.given.get("threads", ()):
                last = thread.get("tid") or self._next(process, "threads", last, taken)
                process.threads.append(Thread(last, thread.get("comm")))
            self.by_pid[process.pid] = process

    def _reserve(self) -> set[int]:
        owner: dict[int, Process] = {}
        wanted = 0
        for process in self.processes:
            threads = process.given.get("threads", ())
            wanted += 1 + len(threads)
            if wanted >= self.pid_max:
                raise self.refusal(process, "threads" if threads else "", self._full())
            ids = [("pid", process.given.get("pid"))] + [("threads", thread.get("tid")) for thread in threads]
            for key, number in ids:
                if number in owner:
                    what = f"{number} is taken by {_label(owner[number])}: choose another"
                    self.source.note(self.refusal(process, key, what))
                if number:
                    owner[number] = process
        return set(owner)

    def _full(self) -> str:
        return f"there are not that many ids: raise pid_max = {self.pid_max} in [machine] (to {keys.PID_LIMIT} at most)"

    def _next(self, process: Process, key: str, last: int, taken: set[int]) -> int:
        """The next free id, which is taken with this."""
        for first, end in ((last + 1, self.pid_max), (FIRST_PID_AGAIN, min(last + 1, self.pid_max))):
            number = next((n for n in range(first, end) if n not in taken), 0)
            if number:
                taken.add(number)
                return number
        raise self.refusal(process, key, self._full())

    # --- names and relations -----------------------------------------------------

    def _name(self) -> None:
        for process in self.processes:
            for name in _names_of(process):
                self.named[name].append(process)

    def _find(self, process: Process, key: str) -> Process:
        """The process that a key of this one names."""
        wanted = process.given[key]
        found = [self.by_pid[wanted]] if wanted in self.by_pid else self.named.get(wanted, [])
        if len(found) > 1:
            pids = wording.listed(str(one.pid) for one in found)
            raise self.refusal(
                process, key, f"that could be pid {pids}: write the pid, or give each a name = of its own"
            )
        if not found and self.source.lacks_names:
            return self.by_pid[1]  # somebody: who that is, is lost
        if not found:
            raise self.refusal(process, key, f"there is no such process{self._near(wanted)}")
        if found[0] is process:
            raise self.refusal(process, key, "that is the process itself: name another one")
        return found[0]

    def _near(self, wanted: int | str) -> str:
        if isinstance(wanted, int):
            return ": write a pid or a name of this file"
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 and int(wanted) in self.by_pid:
            return f": a pid is written without quotes, {int(wanted)}"
        return wording.near(wanted, self.named) or ": write the name, comm or pid of a process of this file"

    def _relate(self) -> None:
        """Who makes whom, and how."""
        init = self.by_pid[1]
        init.execs = True
        for process in self.processes:
            if process.is_kthread:
                process.maker = None if process is self.kthreadd else self.kthreadd
            elif process is not init:
                with self.source.noting():
                    self._relate_process(process, init)
            if "uses_mm_of" in process.given:
                with self.source.noting():
                    process.borrows = self._owner(process)
            if process.maker:
                self.made_by[process.maker].append(process)
        self._check_vforks()

    def _relate_process(self, process: Process, init: Process) -> None:
        key = next((key for key in keys.COPIES if key in process.given), "parent")
        process.maker = maker = self._find(process, key) if key in process.given else init
        process.flags = COPY_FLAGS.get(key, 0) | (CLONE_NEWPID if "namespace_init" in process.given else 0)
        process.execs = key == "parent"
        if maker.is_kthread:
            raise self.refusal(process, key, "that is a kernel thread, which starts no programs: name a process")
        if maker.is_zombie:
            raise self.refusal(
                process, key, "that is a zombie, whose children have become those of init: name another one"
            )

    def _owner(self, process: Process) -> Process:
        owner = self._find(process, "uses_mm_of")
        if owner.is_kthread or owner.is_zombie:
            raise self.refusal(process, "uses_mm_of", "that one has no mm: name a living process")
        return owner

    def _check_vforks(self) -> None:
        waiting: dict[Process, Process] = {}
        for process in self.processes:
            if not process.is_vfork_child or process.maker is None:
                continue
            other = waiting.setdefault(process.maker, process)
            if other is not process:
                what = f"that one waits for {_label(other)} already: one child at a time"
                self.source.note(self.refusal(process, "vfork_of", what))

    # --- order -------------------------------------------------------------------

    def _order(self) -> list[Process]:
        """The order of the file as far as references allow. A vfork comes after all else that its parent makes."""
        place = {process: i for i, process in enumerate(self.processes)}
        after: dict[Process, list[Process]] = defaultdict(list)
        missing: dict[Process, int] = defaultdict(int)
        for process in self.processes:
            for before in self._before(process):
                after[before].append(process)
                missing[process] += 1
        ready = [place[process] for process in self.processes if not missing[process]]
        ordered = []
        while ready:
            process = self.processes[heapq.heappop(ready)]
            ordered.append(process)
            for later in after[process]:
                missing[later] -= 1
                if not missing[later]:
                    heapq.heappush(ready, place[later])
        if len(ordered) < len(self.processes):
            raise self._circle({process for process in self.processes if missing[process]})
        return ordered

    def _before(self, process: Process) -> Iterable[Process]:
        if process.maker:
            yield process.maker
        if process.borrows:
            yield process.borrows
        if process.is_vfork_child and process.maker:
            yield from (other for other in self.made_by[process.maker] if other is not process)

    def _circle(self, left: set[Process]) -> ScenarioError:
        """Which processes make each other."""
        process = next(process for process in self.processes if process in left)
        seen: dict[Process, int] = {}
        while process not in seen:
            seen[process] = len(seen)
            process = next(before for before in self._before(process) if before in left)
        circle = [*list(seen)[seen[process] :], process]
        key = next(key for key in keys.RELATIONS if key in process.given)
        names = wording.listed((_label(one) for one in circle), most=6)
        return self.refusal(
            process, key, f"these make each other in a circle: {names}: let one of them have another parent"
        )

    # --- what follows ------------------------------------------------------------

    def _settle(self, process: Process) -> None:
        """What follows from those made before: the parent, whose mm it has, ids and capabilities."""
        maker = process.maker
        process.parent = maker
        process.owner = maker.owner if maker and process.shares_memory else process
        if "parent" in process.given and maker and not process.execs:
            self._choose_parent(process, maker)
        if not process.is_kthread:
            identify(process, maker or Process(-1, {}))

    def _choose_parent(self, process: Process, maker: Process) -> None:
        """The parent of a copy is who made it, or with CLONE_PARENT that one's own parent."""
        parent = self._find(process, "parent")
        if parent is maker:
            return
        if parent is not maker.parent:
            raise self.refusal(process, "parent", f"a copy belongs to {_label(maker)} or to its parent: leave it out")
        if "namespace_init" in maker.given or "namespace_init" in process.given:
            raise self.refusal(process, "parent", "clone refuses CLONE_PARENT where an init has a part: leave it out")
        process.flags |= CLONE_PARENT
        process.parent = maker.parent


def identify(process: Process, maker: Process) -> None:
    """Ids, capabilities and dumpable: what the file says, else as fork and exec hand them on."""
    given = process.given
    process.uid = given.get("uid", maker.uid)
    process.gid = given.get("gid", given.get("uid", maker.gid))
    is_other = (process.uid, process.gid) != (maker.uid, maker.gid)
    usual = maker.bounding if process.uid == 0 else 0
    base = usual if process.execs or is_other else maker.caps
    process.caps = capabilities.parse(given["caps"], base) if "caps" in given else base
    process.bounding = process.caps if process.uid == 0 and "caps" in given else maker.bounding
    process.dumpable = given.get("dumpable", process.execs or (maker.dumpable and not is_other))
    if process.owner is not process and process.owner and is_other and "dumpable" not in process.owner.given:
        process.owner.dumpable = False


def _without_unset_flags(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not False or key not in FLAGS}


def _names_of(process: Process) -> set[str]:
    """What it may be called: its name; without one, its comm, in full or as the kernel cuts it."""
    if process.name is None:
        return set()
    cut = process.name.encode()[:15].decode(errors="ignore")
    return {process.name} if "name" in process.given else {process.name, cut}


def _label(process: Process) -> str:
    return label(process.given, process.index)
