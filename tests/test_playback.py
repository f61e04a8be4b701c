"""A mounted scenario: its events happen by the clock of the mount, which can be halted, stepped and hurried."""

import re
import time
from pathlib import Path

import pytest
from server import ask, serving

from fakeproc import scenario
from fakeproc.control import Control
from fakeproc.playback import Playback
from fakeproc.scenario.run import Run

LEAK = """
[machine]
ram = "1 GiB"
[[process]]
comm = "browser"
anon = "300 MiB"
[[process]]
comm = "editor"
anon = "100 MiB"
[[event]]
at = "250 ms"
write = { who = "editor", value = -500 }
[[event]]
at = "1 s"
leak = { who = "browser", rate = "200 MiB/s" }
[[event]]
at = "6 s"
kill = "editor"
[[expect]]
at = "2 s"
alive = ["browser"]
[[expect]]
killed = ["browser"]
by = "kernel"
"""


class Played:
    """A mounted scenario, its control files and its clock."""

    def __init__(self, text, mounted_world):
        self.run = Run(scenario.loads(text))
        self.control = Control(self.run.world).attach()
        self.mount = mounted_world(self.run.world)
        self.clock = self.control.commands.clock = Playback(self.mount, self.run, self.control.note)

    def ctl(self, text):
        Path(self.mount.path, ".fakeproc/ctl").write_text(text)

    def log(self):
        return Path(self.mount.path, ".fakeproc/log").read_text().splitlines()

    def log_with(self, words):
        """The log once those words are in it."""
        deadline = time.monotonic() + 20
        while words not in "\n".join(self.log()):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)
        return self.log()

    def alive(self, name):
        return self.run.world.names[name].state != "Z"


@pytest.fixture
def played(mounted_world):
    found = Played(LEAK, mounted_world)
    found.clock.pause()
    with found.clock.playing():
        yield found


def in_virtual_time(text):
    run = Run(scenario.loads(text))
    return [str(entry) for entry in run.play() if entry.kind != "log"] + [str(verdict) for verdict in run.verdicts]


def test_on_the_clock_of_the_wall_the_same_happens_at_the_same_times_as_in_virtual_time(played):
    played.ctl("speed 50\nresume")
    lines = played.log_with("PASS  killed")
    assert [line for line in lines if not line.startswith("ok ")] == in_virtual_time(LEAK)


def test_a_paused_clock_stands_still(played):
    path = Path(played.mount.path, "meminfo")
    before, now = path.read_text(), played.run.world.now
    played.ctl("speed 1000")
    time.sleep(0.05)
    assert (path.read_text(), played.run.world.now) == (before, now)
    assert played.alive("editor")


def test_a_step_takes_all_that_happens_in_it_along(played):
    before = played.run.now
    played.ctl("step 250ms")
    assert Path(played.mount.path, "3/oom_score_adj").read_text() == "-500\n"
    assert played.run.now - before == 250_000_000
    played.ctl("step 1.75s")
    assert played.run.world.names["browser"].memory.anon == 500 * 256
    assert played.log()[-1].startswith("ok step 1.75s: the clock is at 2")
    assert played.log()[-1].endswith(" s and stands still, the next event is at 2.1 s")


STALLED = """
[machine]
kernel = "4.7"
ram = "1 GiB"
[[process]]
comm = "browser"
anon = "600 MiB"
[[process]]
comm = "editor"
[[event]]
hold_lock = { who = "browser", for = "5 s" }
[[event]]
dsleep = { who = "browser", for = "5 s" }
[[event]]
at = "1 s"
grow = { who = "editor", size = "500 MiB" }
[[event]]
at = "9 s"
kill = "editor"
"""


def test_settle_takes_the_events_along_that_end_the_wait(mounted_world):
    played = Played(STALLED, mounted_world)
    played.clock.pause()
    played.ctl("step 1s\nsettle")
    assert re.fullmatch(r"ok settle: editor waits for memory: over after 4(\.000\d+)? s", played.log()[-1])
    assert (played.alive("browser"), played.alive("editor")) == (False, True)


def test_run_goes_on_at_the_pace_of_before(played):
    played.ctl("speed 0.001\nresume\nrun 1s")
    assert played.log()[-1].startswith("ok run 1s: the clock is at 1")
    assert "goes 0.001 times as fast as the wall's" in played.log()[-1]


def test_steps_play_the_same_as_virtual_time(played):
    played.ctl("step 333ms\n" * 19)
    assert [line for line in played.log() if not line.startswith("ok ")] == in_virtual_time(LEAK)


@pytest.mark.parametrize("line", ["speed 0", "speed 1001", "speed x", "speed nan", "step -1s", "step 5", "speed"])
def test_what_is_no_pace_is_refused_and_changes_nothing(played, line):
    before = str(played.clock)
    with pytest.raises(OSError, match="Invalid argument"):
        played.ctl(f"resume\n{line}")
    assert str(played.clock) == before


def test_writers_meet_the_events_in_between(played):
    """Who writes between two events changes what the second finds."""
    played.ctl("step 500ms\nadj editor 1000\nadj browser -1000\nstep 4s")
    assert (played.alive("editor"), played.alive("browser")) == (False, True)


def test_a_clock_keeps_no_thread_waiting_when_it_ends(mounted_world):
    found = Played(LEAK, mounted_world)
    with found.clock.playing():
        pass
    assert not found.clock._thread.is_alive()


@pytest.mark.usefixtures("fuse")
def test_a_person_mounts_a_scenario_and_it_plays(mount_point, tmp_path):
    file = tmp_path / "leak.toml"
    file.write_text(LEAK)
    with serving(mount_point, "--scenario", str(file), "--speed", "0") as server:
        ctl = mount_point / ".fakeproc/ctl"
        assert not server.process.poll()
        ctl.write_text("step 7s\n")
        log = (mount_point / ".fakeproc/log").read_text()
        assert 'PASS  killed = ["browser"], by = "kernel": browser (2) was killed by the kernel at 4.' in log
        ctl.write_text("resume\n")


def test_a_pace_that_no_clock_has_is_refused(mount_point):
    done = ask("mount", str(mount_point), "--speed", "5000")
    assert (done.returncode, "write 0, which pauses, or a number from 0.001 to 1000" in done.stderr) == (2, True)
