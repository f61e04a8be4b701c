"""Who made whom, as a scenario can say it: each process is made by the owner of its mm, or by its parent, or by
init, and nobody by himself."""

from dataclasses import replace

from fakeproc.snapshot.facts import Process
from fakeproc.snapshot.sharing import Share

NOBODY, INIT = 0, 1


class Lineage:
    """makers: by pid; order: makers before whom they made; waiting: who waits for a vforked child."""

    def __init__(self, processes: dict[int, Process], shares: dict[int, Share]) -> None:
        self.processes, self.shares = processes, {pid: share for pid, share in shares.items() if pid != INIT}
        self.makers = {pid: self._maker(process) for pid, process in processes.items()}
        self.order = self._order()
        self.waiting = self._waiting()

    def _maker(self, process: Process) -> int:
        if process.pid == INIT or process.stat.is_kthread:
            return NOBODY
        if process.pid in self.shares:
            return self.shares[process.pid].owner
        parent = self.processes.get(process.stat.ppid)
        return parent.pid if parent and _may_make(parent, process) else INIT

    def _order(self) -> list[int]:
        order: dict[int, None] = {}
        for pid in sorted(self.makers):
            order |= dict.fromkeys(reversed(self._path(pid, order)))
        return list(order)

    def _path(self, start: int, order: dict[int, None]) -> list[int]:
        """From there up to whom is ordered already. In a circle, as no machine but a tree that was tampered with
        has it, one becomes a child of init."""
        path: dict[int, None] = {}
        pid = start
        while pid in self.makers and pid not in order and pid not in path:
            path[pid] = None
            pid = self.makers[pid]
        if pid not in path:
            return list(path)
        self.makers[pid] = INIT
        self.shares.pop(pid, None)
        return self._path(start, order)

    def _waiting(self) -> set[int]:
        """A scenario lets a process wait for one vforked child: where several threads wait, the others share."""
        waiting: set[int] = set()
        for pid in self.order:
            share = self.shares.get(pid)
            if share and share.is_vforked and share.owner in waiting:
                self.shares[pid] = replace(share, is_vforked=False)
            elif share and share.is_vforked:
                waiting.add(share.owner)
        return waiting


def _may_make(parent: Process, process: Process) -> bool:
    """Kernel threads and the dead start no programs; one that is younger got the pid of the parent, which is gone."""
    if parent.stat.is_kthread or parent.is_zombie:
        return False
    return parent.stat.start_time <= process.stat.start_time
