"""The first process of a lab: it opens it, serves it, and ends it by ending."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import threading
from dataclasses import dataclass

from fakeproc import namespaces
from fakeproc._native import ffi, lib
from fakeproc.control import Control
from fakeproc.lab import LabError, spaces, watch
from fakeproc.lab.intercept import Intercept
from fakeproc.lab.loop import Loop
from fakeproc.lab.placeholders import Placeholders
from fakeproc.lab.watch import Watch
from fakeproc.mount import ENDING, Mount
from fakeproc.playback import Playback
from fakeproc.report import write_page
from fakeproc.rules import Kernel
from fakeproc.scenario.build import Scenario
from fakeproc.scenario.run import Entry, Run
from fakeproc.scenario.sampler import Sampler

REAL_PIDS_ABOVE = 1000  # at least so far above those of the scenario
READY_WITHIN = 10.0  # seconds


@dataclass(frozen=True)
class Asked:
    """What a run is asked to be. seconds: its longest time on the wall; json: the verdict for machines."""

    command: list[str]
    described: Scenario
    kernel: Kernel | None = None
    caps: str = "root"
    seconds: float | None = None
    speed: float = 1.0
    json: bool = False
    intercept: bool = False
    senders: bool = False  # intercept, and hear who sends signals
    report: str | None = None  # an HTML file


def main(asked: Asked, keeper: int) -> int:
    """As pid 1 of new namespaces; returns the exit code. The kernel clears up behind it."""
    directory, proc = os.getcwd(), _settle_in()
    run = Run(asked.described, asked.kernel, sampler=Sampler() if asked.report else None)
    lib.world_log_boot(run.world._w)  # where its log is empty, dmesg asks the machine's kernel
    _take_hostname(run)
    spaces.start_pids_at(_first_real_pid(run), proc)  # before there are threads, which take some, too
    control = Control(run.world).attach()
    mount = Mount(run.world, "/proc", asked.caps, adopt=True, lab=True)
    mounts = _open(mount, proc)
    people = Placeholders(run.world)
    people.keep_up()
    clock = control.commands.clock = Playback(mount, run, control.note, judges=False)
    clock.entries = [] if asked.report else None
    clock.speed(asked.speed)
    loop = Loop(people, Watch(run), clock, proc, keeper)
    with clock.playing():
        command, listener = _start(asked, people, mounts, directory)
        if listener:
            loop.intercept(Intercept(listener, run.world, proc))
        loop.run(command, asked.seconds)
        clock.conclude()
    return _conclude(asked, loop)


def _take_hostname(run: Run) -> None:
    """For uname(2), as /proc/sys/kernel/hostname has it."""
    socket.sethostname(os.fsdecode(run.world.read("/sys/kernel/hostname").strip()))


def _settle_in() -> int:
    """Into a place that ends with the keeper, and whose groups and terminal are nobody else's. Returns its procfs."""
    spaces.die_with_parent()
    os.setsid()  # kill(0, ...) inside reaches nobody outside, and no terminal can be typed into
    spaces.leave_mounts()
    spaces.mount_proc()
    return namespaces.open_proc()


def _open(mount: Mount, proc: int) -> int:
    """Served over /proc from now on, but not for this thread and those that it starts. Returns where it is seen."""
    _serve(mount)
    _keep_device(proc)
    spaces.hide_proc()
    return spaces.step_out(proc, spaces.bind_files())


def _serve(mount: Mount) -> None:
    """In a thread of its own. Init has no handlers but for SIGCHLD: so no signal from inside can touch it."""
    failed: list[BaseException] = []

    def answer() -> None:
        try:
            mount.run()
        except BaseException as error:
            failed.append(error)

    for number in ENDING:  # libfuse takes over only those that are not ignored
        signal.signal(number, signal.SIG_IGN)
    thread = threading.Thread(target=answer, name="fakeproc at /proc", daemon=True)
    thread.start()
    while not mount.ready.wait(0.05):
        if not thread.is_alive():
            raise LabError(f"libfuse could not mount over /proc: {failed[0] if failed else 'it says why above'}")
    for number in (*ENDING, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _keep_device(proc: int) -> None:
    """libfuse's own descriptor is for nobody else: with it, a connection would outlive its server."""
    fds = os.open("self/fd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    for name in os.listdir(fds):
        with contextlib.suppress(OSError):
            if os.readlink(name, dir_fd=fds) == "/dev/fuse":
                os.set_inheritable(int(name), False)
    os.close(fds)


def _first_real_pid(run: Run) -> int:
    """Far from where the world goes on counting, where its numbers allow that."""
    last, most = run.world.last_pid, run.described.pid_max
    return min(last + max(REAL_PIDS_ABOVE, (most - last) // 2), most - 1)


def _start(asked: Asked, people: Placeholders, mounts: int, directory: str) -> tuple[int, int]:
    """The command's pid, and where its system calls are heard (or 0). LabError where there is no such command."""
    if shutil.which(asked.command[0]) is None:
        raise LabError(f"{asked.command[0]}: {_why_not_run(asked.command[0])}")
    words = [ffi.new("char[]", os.fsencode(word)) for word in asked.command]
    settings = [ffi.new("char[]", os.fsencode(f"{key}={value}")) for key, value in os.environ.items()]
    argv, envp = ffi.new("char *[]", [*words, ffi.NULL]), ffi.new("char *[]", [*settings, ffi.NULL])
    place = ffi.new("char[]", os.fsencode(directory))
    output = 2 if asked.json else 1
    wanted = ffi.new("struct command *", [argv, envp, place, mounts, output, _intercepted(asked)])
    pid = lib.command_spawn(people.nursery, wanted)
    if pid < 0:
        raise LabError(f"{asked.command[0]} cannot be started: {os.strerror(-pid)}")
    if wanted.listener < 0:
        raise LabError(
            f"its system calls cannot be intercepted ({os.strerror(-wanted.listener)}): leave --intercept and "
            "--senders out"
        )
    return int(pid), int(wanted.listener)


def _why_not_run(program: str) -> str:
    if os.path.isdir(program):
        return "this is a directory: name a program"
    if os.sep in program and os.path.exists(program):
        return "this cannot be executed: name a program, or make it one (chmod +x)"
    return "there is no such command"


def _intercepted(asked: Asked) -> int:
    if asked.senders:
        return int(lib.INTERCEPT_SENDERS)
    return int(lib.INTERCEPT_ANSWERS) if asked.intercept else 0


def _conclude(asked: Asked, loop: Loop) -> int:
    """Print the verdict. The command's exit code is passed on, unless that was good and the verdict is not."""
    seen = loop.watch
    seen.conclude()
    if loop.people.taken:
        seen.notes.append(f"real processes had the pids {sorted(loop.people.taken)}: signals to those did not land")
    code = 0 if loop.ended.startswith("was ended by --for") else loop.code
    verdict = seen.as_dict(asked.command, code, loop.ended)
    sys.stdout.write(watch.as_json(verdict) if asked.json else watch.text(verdict))
    sys.stdout.flush()
    if asked.report and loop.clock.entries is not None:
        entries = sorted([*loop.clock.entries, *seen.entries()], key=lambda entry: entry.at)
        _report(seen.run, entries, asked.report)
    return code or (0 if verdict["holds"] else 1)


def _report(run: Run, entries: list[Entry], file: str) -> None:
    try:
        write_page(run, entries, file)
    except OSError as error:
        raise LabError(f"no report: {error.strerror}: {file}") from None
