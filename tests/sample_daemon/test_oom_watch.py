"""Tests of oom_watch, as its author would write them: one for each fixture that fakeproc gives to pytest."""

import signal
import sys
from pathlib import Path

import pytest

from .oom_watch import OomWatch

DAEMON = Path(__file__).with_name("oom_watch.py")

pytestmark = pytest.mark.scenario("leak.toml", kernel=["4.7", "6.18"])


def test_the_world_of_the_scenario_runs_out_of_memory_without_it(world):
    world.step("10 s")
    assert not world.find("browser").can_act
    assert world.find("editor").can_act


def test_it_names_whom_it_would_kill(proc_fs):
    worst = OomWatch(minimum=10).worst()
    assert (worst.pid, worst.name, worst.resident) == (1200, "browser", 1 << 20)


def test_it_does_nothing_while_there_is_room(proc_fs):
    watch = OomWatch(minimum=10, kill=lambda *words: pytest.fail(f"it signalled {words}"))
    assert 60 < watch.available() < 70
    assert watch.look(now=0) is None


def test_it_asks_the_leaking_process_to_end(world, proc_fs):
    watch = OomWatch(minimum=40)
    world.step("2 s")
    assert watch.look(now=2).name == "browser"
    assert not world.find("browser").can_act
    world.step("1 s")
    assert watch.available() > 80
    assert watch.look(now=3) is None


def test_who_does_not_listen_is_killed_a_second_later(world, proc_fs):
    sent = []
    watch = OomWatch(minimum=90, kill=lambda pid, number: sent.append((pid, number)))
    for now in (0.0, 0.5, 1.5):
        watch.look(now)
    assert sent == [(1200, signal.SIGTERM), (1200, signal.SIGKILL)]


def test_sshd_is_spared_also_where_it_is_the_biggest(world, proc_fs):
    world.find("sshd").grow("2 GiB")
    assert OomWatch(minimum=10).worst().name == "browser"


def test_a_process_that_ends_while_it_is_looked_at_is_none(world, proc_fs, monkeypatch):
    watch = OomWatch(minimum=10)
    look = watch._process

    def end_first(directory):
        if directory.name == "1200":
            world.find("browser").exit()
            world.find("browser").reap()
        return look(directory)

    monkeypatch.setattr(watch, "_process", end_first)
    assert watch.worst().name == "editor"


def test_it_protects_itself(world, proc_fs):
    OomWatch(minimum=10).protect()
    assert Path("/proc/self/oom_score_adj").read_text() == "-1000\n"
    assert OomWatch(minimum=10).worst().name == "browser"


def test_on_a_mount_it_sees_the_same(world, proc_mount):
    watch = OomWatch(minimum=99, proc=str(proc_mount), kill=lambda pid, number: world.task(pid).kill(number))
    assert watch.look(now=0).name == "browser"
    assert not world.find("browser").can_act


def test_the_program_is_faster_than_the_kernel(oom_lab):
    run = oom_lab([sys.executable, DAEMON, "--minimum", "20"], time="4 s")
    assert (run.killed, run.killed_by_kernel) == (["browser"], [])
    assert run.signals[0].signal == "SIGTERM"
    assert run.signals[0].by.startswith("python")
    assert run.output.startswith("oom_watch: browser (1200), oom_score ")
