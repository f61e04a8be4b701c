"""A machine that changes, at every door: kills, sysctls, cgroups and the control files."""

import errno

from .doors import Door
from .test_writes import refused


def meminfo(door: Door, name: str) -> int:
    """KiB."""
    lines = door.read("/meminfo").decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def test_sysrq_f_kills_whoever_has_the_most_points_and_its_sharers(door: Door) -> None:
    before = meminfo(door, "MemAvailable")
    door.write("/sysrq-trigger", b"f")
    assert [pid for pid in (1200, 1300, 1400, 1500) if door.is_gone(pid)] == [1200, 1300]
    assert meminfo(door, "MemAvailable") - before > 800 << 10


def test_who_is_protected_is_not_chosen(door: Door) -> None:
    door.write("/1200/oom_score_adj", b"-1000")
    door.write("/sysrq-trigger", b"f")
    assert [pid for pid in (1200, 1300, 1400, 1500) if door.is_gone(pid)] == [1500]


def test_a_kill_is_counted_and_logged(door: Door) -> None:
    def kills() -> int:
        lines = dict(line.split() for line in door.read("/vmstat").decode().splitlines())
        return int(lines["oom_kill"])

    before = kills()
    door.write("/sysrq-trigger", b"f")
    assert kills() > before


def test_growth_without_room_kills(door: Door) -> None:
    door.ctl("grow 1500 3500M")
    assert door.is_gone(1500)


def test_a_sysctl_is_written_and_read_back(door: Door) -> None:
    assert door.read("/sys/vm/oom_kill_allocating_task") == b"0\n"
    door.write("/sys/vm/oom_kill_allocating_task", b"1\n")
    assert door.read("/sys/vm/oom_kill_allocating_task") == b"1\n"
    with refused(errno.EINVAL):
        door.write("/sys/vm/panic_on_oom", b"many")
    assert door.read("/sys/vm/panic_on_oom") == b"0\n"


def test_a_name_is_written_by_nobody_else(door: Door) -> None:
    with refused(errno.EINVAL):
        door.write("/1500/comm", b"another")
    assert door.read("/1500/comm") == b"idler\n"


def test_a_cgroup_with_a_limit_kills_among_its_own(door: Door) -> None:
    at = "/.fakeproc/cgroup/jobs"
    door.call("mkdir", at)
    assert door.write(f"{at}/cgroup.procs", b"1500") == 4
    assert door.read(f"{at}/cgroup.procs") == b"1500\n"
    door.write(f"{at}/memory.max", b"256M")
    assert door.read(f"{at}/memory.max") == b"268435456\n"
    door.ctl("grow 1500 300M")
    assert door.is_gone(1500)
    assert b"oom_kill 1\n" in door.read(f"{at}/memory.events")
    door.call("rmdir", at)
    with refused(errno.ENOENT):
        door.stat(at)


def test_a_cgroup_with_somebody_in_it_is_not_removed(door: Door) -> None:
    door.call("mkdir", "/.fakeproc/cgroup/jobs")
    door.write("/.fakeproc/cgroup/jobs/cgroup.procs", b"1500")
    with refused(errno.EBUSY):
        door.call("rmdir", "/.fakeproc/cgroup/jobs")


def test_a_command_that_fails_says_why_in_the_log(door: Door) -> None:
    with refused(errno.ESRCH):
        door.ctl("kill 9999")
    assert b"9999" in door.read("/.fakeproc/log").splitlines()[-1]


def test_the_table_and_the_explanation_are_files(door: Door) -> None:
    assert b"browser" in door.read("/.fakeproc/world")
    assert b"1200" in door.read("/.fakeproc/explain")
