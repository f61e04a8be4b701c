"""A mount in namespaces of its own: programs are run in them with it over /proc.

Everything lives in one pid namespace, below its init: whatever happens, when that dies all of it is gone, and the
mounts with it.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FAKEPROC = [sys.executable, "-P", "-m", "fakeproc"]
NOT_ROOT = ["--user", "--map-root-user"]
PRIVATE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *(NOT_ROOT if os.geteuid() else [])]
# init of the namespace: it waits for the server, and takes in the orphans
INIT = ["sh", "-c", 'eval "$0"; "$@" & wait $!']
BIND = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /proc && exec "$@"']
UNMODIFIED = ["env", "-u", "LD_PRELOAD"]  # a sanitizer would read /proc/self/maps in each of them
LONGEST = 60  # seconds


@dataclass(frozen=True)
class User:
    """Somebody else than root: what makes a command his, and how he can run fakeproc."""

    become: list[str]
    fakeproc: list[str]


@dataclass
class Lab:
    """A mounted world, and the way into its namespaces."""

    point: Path
    init: int
    process: "subprocess.Popen[str]"
    user: User | None = None

    def command(self, *words: str, bound: bool = True) -> list[str]:
        """That command, as it is run from outside; bound: with the mount over /proc."""
        enter = [*UNMODIFIED, "nsenter", "--target", str(self.init), "--mount", "--pid"]
        enter += ["--user", "--preserve-credentials"] if self.user or os.geteuid() else []
        return [*(self.user.become if self.user else []), *enter, *([*BIND, str(self.point)] if bound else []), *words]

    def run(self, *words: str, bound: bool = True, **options: object) -> "subprocess.CompletedProcess[str]":
        options = {"capture_output": True, "text": True, "timeout": LONGEST, "stdin": subprocess.DEVNULL} | options
        return subprocess.run(self.command(*words, bound=bound), errors="surrogateescape", **options)

    @contextlib.contextmanager
    def running(self, *words: str, bound: bool = True, **options: object) -> "Iterator[subprocess.Popen[str]]":
        """A command that does not end by itself; it does with the block, and whatever it has started."""
        with subprocess.Popen(
            self.command(*words, bound=bound), text=True, start_new_session=True, **options
        ) as process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def says(self, *words: str, **options: object) -> str:
        """What a command that ends well prints. Complaints are as bad as a wrong exit code."""
        done = self.run(*words, **options)
        assert (done.returncode, done.stderr) == (0, ""), f"{words}: {done}"
        return done.stdout

    def read(self, name: str) -> str:
        """A file of the mount."""
        return self.says("cat", f"/proc/{name}")

    def ctl(self, line: str) -> None:
        """A command for the world. Whoever says it is not a part of it."""
        self.says("sh", "-c", 'echo "$0" > "$1/.fakeproc/ctl"', line, str(self.point), bound=False)


def child_of(pid: int) -> int:
    """The only child of a process."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def _wait_for_welcome(process: "subprocess.Popen[str]") -> None:
    assert process.stdout
    assert process.stderr
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.endswith(" ends it\n"):
            return
    raise AssertionError(f"not mounted: {lines} {process.stderr.read()}")


@contextlib.contextmanager
def lab(
    point: Path, *options: str, prepare: str = ":", around: list[str] | None = None, user: User | None = None
) -> Iterator[Lab]:
    """A server for adopting mounts in private namespaces, ready; nothing is left of them afterwards.

    prepare: what the shell in them does first; around: what everything is run through; user: somebody else than root.
    """
    private = [*(around or []), *(user.become if user else []), *PRIVATE, *(NOT_ROOT if user else [])]
    fakeproc = user.fakeproc if user else FAKEPROC
    command = [*private, *INIT, prepare, *fakeproc, "mount", "--adopt", str(point), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/") as process:
        try:
            _wait_for_welcome(process)
            yield Lab(point, child_of(process.pid), process, user)
        finally:
            with contextlib.suppress(OSError, ValueError):
                os.kill(child_of(process.pid), signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)  # it takes init in
            process.kill()
