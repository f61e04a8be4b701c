"""The pytest plugin, as somebody else's suite meets it: each test here runs such a suite in a process of its own."""

import subprocess
import sys

import pytest
from server import is_mounted

pytest_plugins = ["pytester"]

# A kill, and the wait for its end: a run is over as soon as its command is.
KILL = "kill 4000000; while kill -0 4000000 2>/dev/null; do sleep 0.01; done"
SCENARIO = """
[machine]
kernel = "4.8"
ram = "1 GiB"

[[process]]
pid = 4000000
comm = "victim"
anon = "300 MiB"

[[event]]
at = "100 ms"
spawn = { comm = "newcomer" }

[[expect]]
killed = "victim"
by = "signal"
"""


@pytest.fixture
def suite(pytester):
    """suite(text, *options): what pytest says of a suite of that text, with machine.toml beside it."""

    def run(text, *options, conftest=""):
        pytester.makefile(".toml", machine=SCENARIO)
        pytester.makeconftest(conftest)
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rs", *options)

    return run


# --- worlds ------------------------------------------------------------------------------


def test_without_a_marker_the_machine_is_empty(suite):
    done = suite("""
        import os

        def test_it(world, proc_fs):
            world.spawn("mine", pid=4000001)
            assert [task.comm for task in world.processes] == ["init", "python3", "mine"]
            assert open("/proc/4000001/comm").read() == "mine\\n"
            os.kill(4000001, 15)
            assert world.task(4000001).is_zombie

        def test_the_next_one_is_another(world):
            assert [task.comm for task in world.processes] == ["init"]
    """)
    done.assert_outcomes(passed=2)


def test_a_marker_names_a_file_beside_the_test_or_a_bundled_scenario(suite):
    done = suite("""
        import pytest

        @pytest.mark.scenario("machine.toml")
        def test_file(world):
            assert (world.kernel.version, world.names["victim"].pid) == ("4.8", 4000000)

        @pytest.mark.scenario("patch-05", kernel="6.18")
        class TestBundled:
            def test_it(self, world, proc_fs):
                assert world.kernel.version == "6.18"
                assert open("/proc/101/comm").read() == "starter\\n"
    """)
    done.assert_outcomes(passed=2)


def test_each_kernel_is_a_test(suite):
    done = suite(
        """
        import pytest

        @pytest.mark.scenario("machine.toml", kernel=["4.7", "4.8"])
        def test_it(world, proc_fs):
            print("kernel", world.kernel.version)

        @pytest.mark.scenario(kernel=["4.7", "6.18"])
        @pytest.mark.parametrize("other", [1, 2])
        def test_more(world, other):
            print("kernel", world.kernel.version)
        """,
        "-v",
        "-s",
    )
    done.assert_outcomes(passed=6)
    ran = sorted(line.split()[0].partition("::")[2] for line in done.outlines if "::test_" in line)
    assert ran == ["test_it[4.7]", "test_it[4.8]", *(f"test_more[{k}-{n}]" for k in ("4.7", "6.18") for n in (1, 2))]
    assert [line for line in done.outlines if "6.18" in line and "kernel" in line]


@pytest.mark.parametrize(
    ("marker", "line"),
    [
        ('"machine"', '*test_it: scenario: there is no scenario "machine"*'),
        ('"mashine.toml"', "*test_it: scenario: *mashine.toml: cannot be read: No such file or directory"),
        ('"machine.toml", kernel="4.99"', "*test_it: scenario: kernel '4.99' is not known: choose one of 4.7 *"),
        ('"machine.toml", kernel=["4.7", "9"]', "*test_it: scenario: kernel '9' is not known: choose one of 4.7 *"),
        ('"machine.toml", kernels="4.7"', '*test_it: scenario: write @pytest.mark.scenario("leak.toml", kernel=*'),
        ("", "*test_it: scenario: write @pytest.mark.scenario*"),
        ('"machine.toml", kernel=[]', "*test_it: scenario: write @pytest.mark.scenario*"),
        ("5", "*test_it: scenario: write @pytest.mark.scenario*"),
        ('"machine.toml", kernel=[4.8]', "*test_it: scenario: write @pytest.mark.scenario*"),
        ('"broken.toml"', '*test_it: scenario: *broken.toml:1: unknown key "procces": did you mean "process"?'),
    ],
)
def test_a_marker_that_cannot_be_is_one_line(suite, pytester, marker, line):
    pytester.makefile(".toml", broken="[[procces]]")
    done = suite(f"""
        import pytest

        @pytest.mark.scenario({marker})
        def test_it(world):
            pass
    """)
    done.assert_outcomes(errors=1)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines([line])
    assert "Traceback" not in done.stdout.str()


def test_a_world_of_the_suites_own_is_what_the_fixtures_show(suite, fuse):
    done = suite("""
        import subprocess
        import pytest
        from fakeproc import World

        @pytest.fixture
        def world():
            world = World(kernel="6.1")
            world.spawn("mine", pid=4000001)
            return world

        def test_in_process(proc_fs):
            assert open("/proc/4000001/comm").read() == "mine\\n"

        def test_mounted(proc_mount):
            assert subprocess.check_output(["cat", proc_mount / "4000001/comm"]) == b"mine\\n"
    """)
    done.assert_outcomes(passed=2)


def test_it_is_the_fs_of_pyfakefs(suite):
    done = suite("""
        from os import getpid

        def test_plain(fs):
            assert not fs.exists("/proc")

        def test_both(fs, proc_fs, world):
            fs.create_file("/etc/hostname", contents="here")
            assert proc_fs is fs
            assert (open("/etc/hostname").read(), open("/proc/1/comm").read()) == ("here", "init\\n")
            assert world.task(getpid()).comm == "python3"

        def test_again(fs, proc_fs, world):
            test_both(fs, proc_fs, world)

        def test_plain_again(fs):
            assert not fs.exists("/proc")
    """)
    done.assert_outcomes(passed=4)


EXCLUDE = "proc_mount and pyfakefs (proc_fs, fs) exclude each other: *two tests of it"
BOTH = """
    import pytest

    @pytest.fixture
    def hidden(proc_fs):
        return proc_fs

    @pytest.fixture
    def shown(proc_mount):
        return proc_mount

    @pytest.fixture
    def late(request):
        return request.getfixturevalue

    def test_fs_first(proc_fs, proc_mount): pass
    def test_mount_first(proc_mount, proc_fs): pass
    def test_fs_first_by_others(hidden, shown): pass
    def test_mount_first_by_others(shown, hidden): pass
    def test_of_pyfakefs_first(fs, proc_mount): pass
    def test_of_pyfakefs_last(proc_mount, fs): pass
    def test_late_mount(proc_fs, late): late("proc_mount")
    def test_late_fs(proc_mount, late): late("proc_fs")
"""
ALONE = """
    def test_mount_alone(proc_mount):
        assert (proc_mount / "1/comm").read_text() == "init\\n"

    def test_fs_alone(proc_fs):
        assert open("/proc/1/comm").read() == "init\\n"
"""


@pytest.mark.parametrize("options", [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)], ids=["", "xdist"])
def test_a_mount_and_pyfakefs_in_one_test_are_one_clear_error(suite, fuse, options):
    done = suite(BOTH + ALONE, "--tb=short", *options)
    done.assert_outcomes(passed=2, failed=2, errors=6)
    told = [line for line in done.outlines if line.startswith("proc_mount and pyfakefs")]
    assert len(told) == 8
    done.stdout.fnmatch_lines([EXCLUDE])
    assert "Traceback" not in done.stdout.str()
    assert "pyfakefs/" not in done.stdout.str()


# --- mounts --------------------------------------------------------------------------------


def test_a_mount_is_there_for_the_test_and_gone_after_it(suite, fuse, pytester):
    done = suite("""
        import os, subprocess, time
        import pytest

        def note(path):
            with open("where", "a") as file:
                file.write(f"{path}\\n")

        def test_passes(world, proc_mount):
            note(proc_mount)
            world.spawn("mine", pid=4000001)
            assert subprocess.check_output(["cat", proc_mount / "4000001/comm"]) == b"mine\\n"
            (proc_mount / "4000001/oom_score_adj").write_text("-17")
            assert world.task(4000001).oom_score_adj == -17

        def test_fails(proc_mount):
            note(proc_mount)
            assert not os.path.ismount(proc_mount)

        @pytest.mark.scenario("machine.toml")
        def test_its_scenario_plays(proc_mount):
            note(proc_mount)
            until = time.monotonic() + 10
            while "2" not in os.listdir(proc_mount) and time.monotonic() < until:
                time.sleep(0.01)
            assert (proc_mount / "2/comm").read_text() == "newcomer\\n"
            assert "newcomer" in (proc_mount / ".fakeproc/log").read_text()
    """)
    done.assert_outcomes(passed=2, failed=1)
    where = (pytester.path / "where").read_text().splitlines()
    assert len(set(where)) == 3
    assert not any(is_mounted(point) for point in where)


def test_without_fuse_a_test_is_skipped_with_the_reason(suite):
    done = suite(
        "def test_it(proc_mount): pass",
        conftest="""
        import fakeproc.mount

        def refuse():
            raise fakeproc.mount.MountError("/dev/fuse does not exist: modprobe fuse")

        fakeproc.mount.check_device = refuse
        """,
    )
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED * no mount here: /dev/fuse does not exist: modprobe fuse"])


# --- the lab -------------------------------------------------------------------------------


def test_a_program_runs_in_the_lab_and_its_kills_are_told(suite, lab):
    done = suite(f"""
        import pytest

        @pytest.mark.scenario("machine.toml", kernel=["4.7", "6.18"])
        def test_it(oom_lab):
            done = oom_lab(["sh", "-c", "cat /proc/4000000/comm; {KILL}"])
            assert (done.code, done.output, done.killed, done.killed_by_kernel) == (0, "victim\\n", ["victim"], [])
            assert [(one.signal, one.pid) for one in done.signals] == [("SIGTERM", 4000000)]
            assert done.holds

        @pytest.mark.scenario("machine.toml")
        def test_it_ends_in_time(oom_lab):
            done = oom_lab(["sleep", "60"], time="300 ms")
            assert not done.holds
            assert 0.3 <= done.verdict["seconds"] < 10
            assert done.killed == []
            assert "FAIL  killed" in str(done)

        def test_without_a_marker_it_is_the_default_machine(oom_lab):
            assert "browser" in oom_lab(["sh", "-c", "cat /proc/[0-9]*/comm"]).output
    """)
    done.assert_outcomes(passed=4)


def test_the_lab_is_beside_pyfakefs(suite, lab):
    done = suite("""
        def test_first(proc_fs, oom_lab):
            assert oom_lab(["true"]).code == 0
            assert open("/proc/1/comm").read() == "init\\n"

        def test_last(oom_lab, fs):
            fs.create_file("/etc/hostname", contents="here")
            assert oom_lab(["true"]).code == 0
            assert open("/etc/hostname").read() == "here"
    """)
    done.assert_outcomes(passed=2)


def test_what_the_lab_refuses_is_said(suite, lab):
    done = suite("""
        import pytest
        from fakeproc.lab import LabError

        def test_it(oom_lab):
            with pytest.raises(LabError, match="no-such-command: there is no such command"):
                oom_lab(["no-such-command"])
            with pytest.raises(LabError, match=r"0' is one text: write a list: \\['earlyoom', '-r', '0'\\]"):
                oom_lab("earlyoom -r 0")
    """)
    done.assert_outcomes(passed=1)


def test_without_a_lab_a_test_is_skipped_with_the_reason(suite):
    done = suite(
        "def test_it(oom_lab): pass",
        conftest="""
        import fakeproc.fixtures
        from fakeproc.lab import LabError

        def refuse(command, *words):
            raise LabError("user namespaces are off: try as root")

        fakeproc.fixtures.outside.run = refuse
        """,
    )
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED * no lab here: user namespaces are off: try as root"])


# --- reports ---------------------------------------------------------------------------------


def test_a_failure_shows_the_world_and_the_end_of_the_kernel_log(suite):
    done = suite("""
        import os
        import pytest

        @pytest.mark.scenario("machine.toml")
        def test_fails(world, proc_fs):
            world.sysrq_f()
            assert os.listdir("/proc") == []

        @pytest.mark.scenario("machine.toml")
        def test_passes(world):
            world.step("1 s")
            assert [task.comm for task in world.processes] == ["init", "victim", "newcomer"]
    """)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*- fakeproc: the world -*",
            "kernel   4.8",
            "*4000000       1 *victim *zombie*",
            "*- fakeproc: the kernel log -*",
            "*Killed process 4000000 (victim) total-vm:*",
        ]
    )
    assert done.stdout.str().count("fakeproc: the world") == 1


def test_a_failure_shows_what_the_lab_said(suite, lab):
    done = suite("""
        import pytest

        @pytest.mark.scenario("machine.toml")
        def test_fails(oom_lab):
            assert oom_lab(["true"]).holds
    """)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*- fakeproc: the lab -*", "FAIL  killed = *victim*: victim (4000000) is alive*"])


# --- beside others ---------------------------------------------------------------------------


@pytest.mark.slow
def test_it_works_under_xdist(suite, lab):
    done = suite(
        f"""
        import os, subprocess
        import pytest

        @pytest.mark.scenario("machine.toml", kernel=["4.7", "4.8"])
        @pytest.mark.parametrize("number", range(4))
        def test_in_process(world, proc_fs, number):
            world.names["victim"].oom_score_adj = number
            assert int(open("/proc/4000000/oom_score_adj").read()) == number

        @pytest.mark.parametrize("number", range(4))
        def test_mounted(world, proc_mount, number):
            world.spawn("mine", pid=4000001 + number)
            listed = subprocess.check_output(["ls", proc_mount]).decode().split()
            assert [name for name in listed if name.isdigit()] == ["1", str(4000001 + number)]

        @pytest.mark.scenario("machine.toml")
        @pytest.mark.parametrize("number", range(2))
        def test_in_the_lab(oom_lab, number):
            assert oom_lab(["sh", "-c", "{KILL}"]).killed == ["victim"]

        @pytest.mark.scenario("machine.toml")
        def test_fails(world):
            assert not world.names
        """,
        "-n",
        "2",
    )
    done.assert_outcomes(passed=14, failed=1)
    done.stdout.fnmatch_lines(["*- fakeproc: the world -*", "*4000000 *victim*"])


def test_a_suite_that_does_not_use_it_loads_nothing_of_it(suite):
    done = suite("""
        import sys
        import pytest

        @pytest.mark.scenario("somebody else's", of="another meaning")
        def test_it():
            ours = [name for name in sys.modules if name.partition(".")[0] == "fakeproc"]
            assert ours == ["fakeproc", "fakeproc.pytest_plugin"]
    """)
    done.assert_outcomes(passed=1)


def test_the_marker_and_the_fixtures_are_listed(suite):
    suite("", "--markers").stdout.fnmatch_lines(
        ["@pytest.mark.scenario(name, kernel=None): the machine of this test: *"]
    )
    listed = suite("", "--fixtures").stdout
    for name in ("world", "proc_fs", "proc_mount", "oom_lab"):
        listed.fnmatch_lines([f"{name} -- *"])


def test_what_the_package_exports_is_there():
    code = "import fakeproc; print(*[getattr(fakeproc, name).__name__ for name in fakeproc.__all__])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"Kernel", "World", "rows"} <= set(printed.split())
    assert "has no attribute 'nosuch'" in subprocess.run(
        [sys.executable, "-c", "import fakeproc; fakeproc.nosuch"], capture_output=True, text=True, check=False
    ).stderr  # fmt: skip
