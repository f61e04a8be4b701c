"""The command, and what it starts, die as others do when the model's OOM killer chooses them."""

from .conftest import Run

BIGGEST = "echo 1000 > /proc/self/oom_score_adj"
KILL = "echo f > /proc/sysrq-trigger"
SAFE = "echo -1000 > /proc/self/oom_score_adj"


def test_a_child_that_is_chosen_dies_of_sigkill(run: Run) -> None:
    text = f"""
mkfifo /tmp/ready.$$
sh -c '{BIGGEST}; echo ready > /tmp/ready.$0; exec sleep 30' $$ & child=$!
read word < /tmp/ready.$$; rm /tmp/ready.$$
{KILL}
wait $child; echo $?
"""
    seen = run("bash", "-c", text)
    assert seen.printed.endswith("137\n")
    assert [one["comm"] for one in seen.verdict["kernel_kills"]] == ["sh"]
    assert (seen.code, seen.verdict["ended"]) == (0, "ended with 0")


def test_the_command_itself(run: Run) -> None:
    seen = run("sh", "-c", f"{BIGGEST}; {KILL}; while :; do cat /proc/self/comm; done")
    assert (seen.code, seen.verdict["ended"]) == (137, "died of SIGKILL")
    assert [one["comm"] for one in seen.verdict["kernel_kills"]] == ["sh"]


def test_one_that_asks_nothing_more(run: Run) -> None:
    seen = run("bash", "-c", f"{BIGGEST}; ({SAFE}; sleep 0.2; {KILL}) & while :; do :; done", options=("--for", "20 s"))
    assert (seen.code, seen.verdict["ended"]) == (137, "died of SIGKILL")


def test_by_a_limit_of_its_cgroup(run: Run) -> None:
    text = """
mkdir /sys/fs/cgroup/small
sh -c 'echo $$ > /sys/fs/cgroup/small/cgroup.procs; echo 64K > /sys/fs/cgroup/small/memory.max; sleep 5; echo lived'
echo $?
"""
    assert run("sh", "-c", text).printed == "Killed\n137\n"


def test_its_cgroup_is_killed(run: Run) -> None:
    text = """
mkdir /sys/fs/cgroup/some
sh -c 'echo $$ > /sys/fs/cgroup/some/cgroup.procs; echo 1 > /sys/fs/cgroup/some/cgroup.kill; sleep 5; echo lived'
echo $?
"""
    assert run("sh", "-c", text).printed == "Killed\n137\n"


def test_whoever_is_killed_does_not_come_back(run: Run) -> None:
    """It asks as fast as it can, and is never seen alive in the world again."""
    text = """
import os, signal
reading, writing = os.pipe()
child = os.fork()
if not child:
    open("/proc/self/oom_score_adj", "w").write("1000")
    os.write(writing, b"x")
    while True:
        os.listdir("/proc/self/task")
os.read(reading, 1)
open("/proc/sysrq-trigger", "w").write("f")
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), str(child) in os.listdir("/proc"))
"""
    assert run("python3", "-c", text).printed == "-9 False\n"
