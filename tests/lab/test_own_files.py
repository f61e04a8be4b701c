"""What the command finds of itself in /proc: its own descriptors, paths and memory, beside the model's numbers."""

import os
import re
import sys

import pytest

from .conftest import SANITIZED, Run, Seen


@pytest.fixture
def bash(run: Run) -> Run:
    def run_it(text: str) -> Seen:
        return run("bash", "-c", text)

    return run_it


# --- links ------------------------------------------------------------------------------


def test_descriptors_lead_where_they_really_do(bash: Run) -> None:
    pipe, null, directory = bash(
        "readlink /proc/self/fd/0 < <(sleep 0.1); readlink /proc/self/fd/0 < /dev/null; readlink /proc/self/fd/0 < /usr"
    ).printed.splitlines()
    assert re.fullmatch(r"pipe:\[\d+\]", pipe)
    assert (null, directory) == ("/dev/null", "/usr")


def test_those_are_listed_that_are_open(run: Run) -> None:
    text = """
import os
os.dup2(0, 77); os.dup2(0, 1000)
before = {int(name) for name in os.listdir("/proc/self/fd")}
real = {fd for fd in range(1100) if fd in before or os.path.lexists(f"/proc/self/fd/{fd}")}
opened = os.open("/", os.O_RDONLY)
print(before - {opened} <= real, {77, 1000} <= before, os.readlink(f"/proc/self/fd/{opened}"))
os.close(opened)
print(os.path.lexists(f"/proc/self/fd/{opened}"), set(os.listdir("/proc/self/fdinfo")) >= {"0", "77", "1000"})
"""
    assert run("python3", "-c", text).printed.splitlines() == ["True True /", "False True"]


def test_a_link_shows_for_what_its_descriptor_is_open(bash: Run) -> None:
    text = "exec 5< /dev/null 6> /dev/null 7<> /dev/null; ls -l /proc/self/fd"
    modes = {words[8]: words[0] for words in map(str.split, bash(text).printed.splitlines()[1:])}
    assert [modes[name] for name in "567"] == ["lr-x------", "l-wx------", "lrwx------"]


def test_exe_cwd_and_root(bash: Run) -> None:
    seen = bash("cd /usr/share; readlink /proc/self/exe /proc/self/cwd /proc/self/root").printed.splitlines()
    assert seen == [os.path.realpath("/usr/bin/readlink"), "/usr/share", "/"]


def test_namespaces_are_those_that_it_really_has(bash: Run) -> None:
    text, number, *_ = bash("readlink /proc/self/ns/pid; stat -L -c %i /proc/self/ns/pid").printed.splitlines()
    assert text == f"pid:[{number}]"
    assert text != os.readlink("/proc/self/ns/pid")


def test_threads_have_them_too(run: Run) -> None:
    text = """
import os
own = f"/proc/self/task/{os.getpid()}"
print(os.readlink(f"{own}/fd/0"), os.readlink(f"{own}/cwd") == os.getcwd(), open(f"{own}/maps").read().count("[stack]"))
"""
    assert run("python3", "-c", text).printed == "/dev/null True 1\n"


# --- links that are followed ----------------------------------------------------------------


def test_pipes_are_opened_by_their_links(bash: Run) -> None:
    seen = bash("cat <(echo hi); echo stdin | cat /dev/stdin; echo stdout > /dev/stdout; echo stderr > /dev/stderr")
    assert seen.printed.splitlines() == ["hi", "stdin", "stdout", "stderr"]


def test_what_has_no_name_is_opened_by_its_link(run: Run) -> None:
    text = """
import os, tempfile
memory = os.memfd_create("some")
os.write(memory, b"memory ")
with tempfile.TemporaryFile() as deleted:
    os.write(deleted.fileno(), b"deleted")
    print(open(f"/proc/self/fd/{memory}").read() + open(f"/proc/self/fd/{deleted.fileno()}").read())
"""
    assert run("python3", "-c", text).printed == "memory deleted\n"


def test_a_program_starts_itself_by_its_exe(bash: Run) -> None:
    assert bash("/proc/self/exe -c 'echo again'").printed == "again\n"


def test_paths_below_cwd_root_and_a_descriptor(bash: Run) -> None:
    paths = "cwd/share root/usr/share fd/5/../share"
    text = f"cd /usr; exec 5< /usr/share; for path in {paths}; do stat -c %i /proc/self/$path; done"
    assert bash(text).printed.split() == [str(os.stat("/usr/share").st_ino)] * 3


def test_a_namespace_is_entered_by_its_link(bash: Run) -> None:
    if os.geteuid():
        pytest.skip("entering a namespace takes root")
    assert bash("nsenter --uts=/proc/self/ns/uts echo entered").printed == "entered\n"


def test_readlink_tells_the_same_however_often_and_by_whom_it_is_asked(run: Run) -> None:
    """To read a link and to follow it are two answers to one request."""
    text = """
import os, threading
def look():
    for _ in range(200):
        texts.add(os.readlink("/proc/self/fd/0"))
        inodes.add(os.stat("/proc/self/fd/0").st_ino)
texts, inodes = set(), set()
threads = [threading.Thread(target=look) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(texts, inodes == {os.fstat(0).st_ino})
"""
    assert run("python3", "-c", text).printed == "{'/dev/null'} True\n"


# --- contents -------------------------------------------------------------------------------


def test_memory_as_it_is_mapped(run: Run) -> None:
    text = """
import ctypes, mmap, re
held = mmap.mmap(-1, 64 << 20)
held.write(b"x" * (64 << 20))
address = ctypes.addressof(ctypes.c_char.from_buffer(held))
spans = re.findall("^([0-9a-f]+)-([0-9a-f]+) rw", open("/proc/self/maps").read(), re.M)
print(any(int(first, 16) <= address < int(last, 16) for first, last in spans))
rss = int(re.search("^Rss: *([0-9]+)", open("/proc/self/smaps_rollup").read(), re.M)[1])
areas = open("/proc/self/smaps").read().count("VmFlags")
print(rss > 64 << 10, areas == len(open("/proc/self/maps").readlines()))
"""
    assert run("python3", "-c", text).printed == "True\nTrue True\n"


def test_arguments_and_environment(run: Run) -> None:
    seen = run(
        "env", "-i", "A=b", "/bin/sh", "-c", "tr '\\0' '|' < /proc/self/environ; cat /proc/$$/cmdline", "some", "words"
    )
    assert seen.printed.startswith("A=b|")
    assert seen.printed.endswith("\0some\0words\0")


def test_where_a_descriptor_stands(bash: Run) -> None:
    seen = bash("exec 5< /etc/passwd; cat /proc/$$/fdinfo/5; head -c 10 <&5 > /dev/null; cat /proc/$$/fdinfo/5")
    assert len({line for line in seen.printed.splitlines() if line.startswith("pos:")}) == 2
    assert "mnt_id:" in seen.printed


def test_what_the_model_answers_for_is_as_for_all_others(run: Run) -> None:
    text = """
def lines(pid):
    return [line.split(":")[0] for line in open(f"/proc/{pid}/status")]
resident, adjustment = open("/proc/self/statm").read().split()[1], open("/proc/self/oom_score_adj").read().strip()
print(lines("self") == lines(4242), resident, adjustment)
"""
    assert run("python3", "-c", text).printed == "True 256 0\n"


def test_nobody_looks_into_another_users_process(run: Run) -> None:
    if os.geteuid():
        pytest.skip("it takes root to be another user")
    other = "setpriv --reuid=1234 --clear-groups"
    seen = run("sh", "-c", f"{other} cat /proc/$$/environ /proc/$$/maps; {other} readlink /proc/$$/exe")
    assert (seen.printed.count("Permission denied"), seen.code) == (2, 1)


# --- nobody waits for ever ----------------------------------------------------------------------

STAND_INS = """
import os
def servers():
    return len(os.listdir("/proc/.fakeproc/real/1/task"))
before = servers()
for _ in range(20):
    open("/proc/self/smaps").read()
print(servers() - before)
"""


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has read such a file before the program begins")
def test_another_thread_serves_while_a_file_of_a_real_process_is_read(run: Run) -> None:
    """Such a read may wait for whoever it is about, and he for an answer. One is enough for one after the other."""
    assert run(sys.executable, "-S", "-c", STAND_INS).printed == "1\n"


MEANWHILE = """
import mmap, os, subprocess, sys, tempfile, time
asker = "while True: open('/proc/uptime').read(); print(flush=True)"
held = mmap.mmap(-1, 4 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
held.madvise(mmap.MADV_NOHUGEPAGE)
held.madvise(22)  # MADV_POPULATE_READ
with tempfile.TemporaryFile() as answered:
    with subprocess.Popen([sys.executable, "-c", asker], stdout=answered) as process:
        while not os.fstat(answered.fileno()).st_size:
            time.sleep(0.01)
        most = 0
        for _ in range(200):
            before = os.fstat(answered.fileno()).st_size
            open("/proc/self/smaps").read()
            most = max(most, os.fstat(answered.fileno()).st_size - before)
            if most > 200:
                break
        process.kill()
print(most > 200 or most)
"""


def test_others_are_answered_while_a_long_answer_is_read(run: Run) -> None:
    """smaps of 4 GiB takes 20 ms, in which one thread alone would answer a few others, and two answer hundreds."""
    assert run("python3", "-c", MEANWHILE, options=("--for", "20 s")).printed == "True\n"


EPOLL = """
import os, select, subprocess, sys, time
owner = \"\"\"
import os, select, time
epoll, file, end = select.epoll(), os.open("/proc/pressure/memory", os.O_RDWR), time.monotonic() + 1
print(epoll.fileno(), flush=True)
while time.monotonic() < end:
    epoll.register(file, select.EPOLLPRI)
    epoll.unregister(file)
\"\"\"
process = subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE, text=True)
number, reads = process.stdout.readline().strip(), 0
while process.poll() is None:
    try:
        reads += "pos:" in open(f"/proc/{process.pid}/fdinfo/{number}").read()
    except OSError:
        continue
print(reads > 0)
"""


def test_who_looks_at_an_epoll_descriptor_while_files_of_proc_are_added_gets_an_answer(run: Run) -> None:
    assert run("python3", "-c", EPOLL, options=("--for", "20 s")).printed == "True\n"
