"""--intercept: what a FUSE file system cannot answer."""

from collections.abc import Callable

import pytest

from .conftest import INTERCEPT, Run, Seen


@pytest.fixture
def shell(run: Run) -> Run:
    def run_it(text: str) -> Seen:
        return run("sh", "-c", text, options=INTERCEPT)

    return run_it


def test_proc_says_that_it_is_proc(shell: Run) -> None:
    assert shell("stat -f -c %T /proc /proc/4242; stat -f -c %T /tmp >/dev/null").printed == "proc\nproc\n"


def test_without_it_proc_says_that_it_is_fuse(run: Run) -> None:
    assert run("stat", "-f", "-c", "%T", "/proc").printed == "fuseblk\n"


def test_an_open_directory_says_so_too(run: Run) -> None:
    text = """
import ctypes, os
buffer = ctypes.create_string_buffer(256)
for path in "/proc", "/proc/4242", "/":
    fd = os.open(path, os.O_RDONLY)
    assert ctypes.CDLL(None).fstatfs(fd, buffer) == 0
    print(hex(ctypes.c_long.from_buffer(buffer).value) == "0x9fa0")
"""
    assert run("python3", "-c", text, options=INTERCEPT).printed == "True\nTrue\nFalse\n"


def test_killall_signals_through_a_directory_of_proc(shell: Run, program: Callable[[str], str]) -> None:
    program("killall")
    seen = shell("killall hog; sleep 0.1; ! kill -0 4242")
    assert (seen.code, seen.signals) == (0, [("hog", "SIGTERM", "died")])
    assert seen.verdict["signals"][0]["by"].startswith("killall (")


def test_sysinfo_tells_of_the_model(run: Run) -> None:
    text = """
import ctypes
words = (ctypes.c_ulong * 14)()
assert ctypes.CDLL(None).sysinfo(words) == 0
print(words[4] >> 20, words[5] < words[4])
"""
    total, is_less = run("python3", "-c", text, options=INTERCEPT).printed.split()
    assert 4000 <= int(total) <= 4096
    assert is_less == "True"


def test_a_directory_of_proc_whose_process_has_gone_is_nobody(run: Run) -> None:
    text = """
import os, signal, time
fd = os.open("/proc/4242", os.O_RDONLY)
os.kill(4242, 9)
while os.path.exists("/proc/4242"):
    time.sleep(0.01)
time.sleep(0.1)
try:
    signal.pidfd_send_signal(fd, 0)
except ProcessLookupError:
    print("nobody")
"""
    assert run("python3", "-c", text, options=INTERCEPT).printed == "nobody\n"


def test_a_real_pidfd_goes_on_as_it_was(run: Run) -> None:
    text = "import os, signal; signal.pidfd_send_signal(os.pidfd_open(4242), signal.SIGKILL)"
    assert run("sh", "-c", 'python3 -c "$0"; sleep 0.1', text, options=INTERCEPT).signals == [
        ("hog", "SIGKILL", "died")
    ]


def test_an_address_that_is_not_there(run: Run) -> None:
    text = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
print(libc.sysinfo(ctypes.c_void_p(8)), ctypes.get_errno() in (errno.EFAULT, errno.EIO))
"""
    assert run("python3", "-c", text, options=INTERCEPT).printed == "-1 True\n"
