"""Scenarios over time: what takes long, what repeats, and what was expected of it."""

import pytest

from fakeproc import scenario
from fakeproc.scenario.run import Run
from fakeproc.scenario.sampler import MOST, Sampler

S = 10**9
DAY = 24 * 3600 * S
MIB = 256  # pages
SIZES = (("a", 100), ("b", 300))
SPARED = '[[event]]\nwrite = { who = "a", value = -1000 }\n'


def machine(*events: str, ram: str = "1 GiB", more: str = "") -> str:
    """a holds 100 MiB, b 300 MiB."""
    processes = "".join(
        f'[[process]]\ncomm = "{comm}"\nanon = "{size} MiB"\n' for comm, size in (("a", 100), ("b", 300))
    )
    return f'[machine]\nram = "{ram}"\n{processes}{more}' + "".join(f"[[event]]\n{event}\n" for event in events)


def played(text: str, until: int | None = None) -> Run:
    run = Run(scenario.loads(text), until=until)
    run.timeline = [(entry.at, entry.text, entry.result) for entry in run.play() if entry.kind != "log"]
    return run


def anon(run: Run, name: str) -> int:
    return run.world.names[name].memory.anon


# --- what takes time -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "pages"),
    [(0, 100 * MIB), (2 * S, 120 * MIB), (10 * S, 200 * MIB), (20 * S, 200 * MIB)],
)
def test_growth_over_a_time_is_even(until, pages):
    assert anon(played(machine('grow = { who = "a", size = "100 MiB", over = "10 s" }'), until), "a") == pages


@pytest.mark.parametrize("milliseconds", [0, 30])
def test_growth_shorter_than_a_step_is_over_in_its_time(milliseconds):
    run = played(machine(f'at = "1 s"\ngrow = {{ who = "a", to = "150 MiB", over = "{milliseconds} ms" }}'))
    assert (run.now, anon(run, "a")) == (1_000_000_000 + milliseconds * 10**6, 150 * MIB)


def test_shrinking_over_a_time():
    run = played(machine('shrink = { who = "b", to = "100 MiB", over = "4 s" }'), 1 * S)
    assert anon(run, "b") == 250 * MIB


def test_a_leak_has_its_rate_until_it_ends():
    run = played(machine('at = "1 s"\nleak = { who = "a", rate = "30 MiB/s", until = "3 s" }'))
    assert (run.now, anon(run, "a")) == (3 * S, 160 * MIB)
    assert [(at, result) for at, _, result in run.timeline] == [(S, "begins"), (3 * S, "done")]


def test_a_leak_without_an_end_ends_with_its_process():
    run = played(machine('leak = { who = "b", rate = "100 MiB/s" }'))
    assert [result for *_, result in run.timeline if result] == ["begins", "kills b (3)"]
    assert run.now == 6_200_000_000  # 624 MiB were free, page tables take some, 4 MiB stay free


def test_a_slow_leak_without_an_end_goes_on_for_hours():
    run = played(machine('leak = { who = "b", rate = "2 MiB/min" }'))
    assert [result for *_, result in run.timeline if result] == ["begins", "kills b (3)"]
    assert run.now // 60 == pytest.approx(309 * S, abs=S)  # minutes for 618 MiB


def test_a_leak_may_be_faster_than_any_machine():
    run = played(machine('leak = { who = "b", rate = "60000 TiB/ns" }'))
    assert [result for *_, result in run.timeline if result] == ["begins", "kills b (3)"]


def test_a_year_of_growth_is_even_and_takes_seconds():
    run = played(machine('grow = { who = "a", size = "366 MiB", over = "366 d" }'), 183 * DAY)
    assert anon(run, "a") == pytest.approx((100 + 183) * MIB, abs=2)


def test_a_leak_that_is_blocked_for_ever_ends_after_a_year():
    stuck = machine('vfork = { who = "a", comm = "c" }', 'leak = { who = "a", rate = "1 MiB/s" }')
    run = played(stuck)
    assert (run.now, anon(run, "a")) == (366 * DAY, 100 * MIB)


def test_a_leak_goes_on_when_another_is_killed_for_it():
    protected = '[[process]]\ncomm = "c"\noom_score_adj = -1000\n'
    run = played(machine('leak = { who = "c", rate = "100 MiB/s", until = "10 s" }', more=protected))
    kills = [(at, result) for at, _, result in run.timeline if result.startswith("kills")]
    assert [result for _, result in kills] == ["kills b (3)", "kills a (2)"]
    assert run.now == 10 * S


def test_what_takes_time_stops_where_its_process_is_killed():
    run = played(machine('grow = { who = "a", size = "100 MiB", over = "10 s" }', 'at = "2 s"\nkill = "a"'))
    assert [result for *_, result in run.timeline if result] == ["begins", "ok", "it is dead"]
    assert run.now == 2_100_000_000


def test_a_blocked_grower_catches_up_when_the_victim_lets_go():
    """b is killed for it and cannot die: the growth waits until b can."""
    events = ['dsleep = { who = "b", for = "7.5 s" }', 'grow = { who = "a", size = "800 MiB", over = "8 s" }']
    text = machine(*events, more=SPARED + '[[event]]\nset = { who = "b", holds_mmap_lock = true }\n')
    assert anon(played(text, 7_400_000_000), "a") < 730 * MIB
    assert anon(played(text), "a") == 900 * MIB


def test_who_waits_for_a_vforked_child_does_not_leak_until_it_execs():
    child = 'vfork = { who = "a", comm = "c" }'
    run = played(machine(child, 'leak = { who = "a", rate = "10 MiB/s", until = "3 s" }', 'at = "1.95 s"\nexec = "c"'))
    assert (S // 10, "a leaks 10 MiB/s for 3 s", "it is blocked") in run.timeline
    assert anon(run, "a") == 111 * MIB


def test_a_condition_holds_for_its_time():
    text = machine('dsleep = { who = "a", for = "2 s" }', 'at = "1 s"\nkill = "a"')
    assert [played(text, at).world.names["a"].state for at in (S, 2 * S - 1, 2 * S)] == ["D", "D", "Z"]


def test_events_are_repeated():
    run = played(
        machine(
            'at = "1 s"\nevery = "500 ms"\ntimes = 4\ngrow = { who = "a", size = "10 MiB" }', 'at = "2 s"\nread = "b"'
        )
    )
    assert [at / S for at, *_ in run.timeline] == [1, 1.5, 2, 2, 2.5]
    assert anon(run, "a") == 140 * MIB


def test_a_name_given_twice_means_the_newest():
    run = played(machine('every = "1 s"\ntimes = 3\nspawn = { comm = "c", name = "worker" }'))
    assert run.world.names["worker"].pid == 6


def test_a_child_without_a_name_has_its_parents():
    run = played(machine('fork = { who = "a" }', 'vfork = { who = "b", name = "c" }', 'exit = "c"'))
    assert [task.comm for task in run.world.processes] == ["init", "a", "b", "a", "b"]
    assert [text for _, text, _ in run.timeline[:2]] == ["fork by a", "vfork by b"]


def test_the_same_file_plays_the_same_twice():
    text = machine(
        'leak = { who = "b", rate = "77 MiB/s" }', 'at = "1 s"\ngrow = { who = "a", to = "600 MiB", over = "3.3 s" }'
    )
    assert played(text).timeline == played(text).timeline


# --- what is expected --------------------------------------------------------------------

KILLS = machine('at = "1 s"\nkill = "a"', 'at = "2 s"\ngrow = { who = "b", size = "900 MiB" }')

HOLDS = [
    'killed = ["a", "b"]',
    'killed = "a"\nby = "signal"',
    'killed = ["b"]\nby = "kernel"\nafter = "2 s"\nbefore = "2 s"',
    'not_killed = ["a"]\nby = "kernel"',
    'not_killed = ["b"]\nbefore = "1.9 s"',
    'not_killed = ["init"]',
    'order = ["a", "b"]',
    'alive = ["a", "b"]\nat = "0.9 s"',
    'alive = ["init"]',
    "alive = [1]",
    "log = 'Killed process \\d+ .b.'\nafter = \"2 s\"",
    'no_log = "Kernel panic"',
    'no_log = "Killed process"\nbefore = "1 s"',
    'value = { of = "b", file = "oom_score_adj", is = 0 }\nat = "1 s"',
    'value = { of = "b", file = "oom_score", is = ">= 250" }\nat = "0 s"',
    'value = { of = "init", file = "comm", is = "init" }',
    'value = { of = "init", file = "comm", is = "!= systemd" }',
    'value = { file = "sys/vm/panic_on_oom", is = 0 }',
    'meminfo = { MemFree = ">= 1000 MiB", MemTotal = "1 GiB" }',
    'meminfo = { AnonPages = "<= 400 MiB" }\nat = "0 s"',
    "stuck = false",
    "panic = false",
]  # fmt: skip
FAILS = [
    # (what is expected, what is seen)
    ('killed = ["init"]', "init (1) is alive"),
    ('killed = ["a"]\nby = "kernel"', "a (2) was killed by a signal at 1 s"),
    ('killed = ["b"]\nbefore = "1 s"', "b (3) was killed by the kernel at 2 s"),
    ('not_killed = ["init", "b"]', "init (1) is alive; b (3) was killed by the kernel at 2 s"),
    ('order = ["b", "a"]', "b (3) was killed by the kernel at 2 s; a (2) was killed by a signal at 1 s"),
    ('order = ["a", "init"]', "a (2) was killed by a signal at 1 s; init (1) is alive"),
    ('alive = ["a"]', "a (2) is dead"),
    ('log = "Kernel panic"', "no such line"),
    ('log = "Killed process"\nbefore = "1 s"', "no such line"),
    ('value = { of = "a", file = "oom_score_adj", is = 5 }\nat = "0 s"', "0"),
    ('value = { of = "a", file = "oom_score_adj", is = "zero" }\nat = "0 s"', "0"),
    ('value = { of = "a", file = "nosuch", is = 5 }', "ENOENT"),
    ('value = { file = "sys/vm/panic_on_oom", is = "> 0" }', "0"),
    ('meminfo = { MemFree = "< 1 MiB" }', "MemFree = "),
    ('meminfo = { MemFre = "< 1 MiB" }', "no line MemFre"),
    ("stuck = true", "nobody waits"),
    ("panic = true", "no panic"),
]  # fmt: skip


@pytest.mark.parametrize("expected", HOLDS)
def test_what_comes_true(expected):
    (verdict,) = {verdict.holds for verdict in played(KILLS + f"[[expect]]\n{expected}\n").verdicts}
    assert verdict


@pytest.mark.parametrize(("expected", "seen"), FAILS)
def test_what_does_not_come_true_says_what_happened_instead(expected, seen):
    (verdict,) = played(KILLS + f"[[expect]]\n{expected}\n").verdicts
    assert not verdict.holds
    assert verdict.seen.startswith(seen)
    assert str(verdict).startswith(f"FAIL  {verdict.expected}: {seen}")


def test_who_could_not_run_when_it_was_killed_is_said_to_have_died_later():
    (verdict,) = played(
        machine('at = "1 s"\ndsleep = { who = "a", for = "3 s" }', 'at = "2 s"\nkill = "a"')
        + '[[expect]]\nkilled = ["a"]\nbefore = "2 s"\n'
    ).verdicts
    assert verdict.holds
    assert verdict.seen == "a (2) was killed by a signal at 2 s, and died at 4 s"


def test_every_expectation_has_tests_both_ways():
    failing = {key.split()[0] for key, _ in FAILS}
    assert {line.split()[0] for line in HOLDS} == failing | {"no_log"} == set(scenario.expect.EXPECTS)


def test_a_line_that_should_not_be_there_fails():
    (verdict,) = played(KILLS + '[[expect]]\nno_log = "Killed process"\n').verdicts
    assert (verdict.holds, "Killed process 3 (b)" in verdict.seen) == (False, True)


def test_expectations_of_one_table_are_judged_one_by_one_with_the_modifiers_that_they_take():
    run = played(KILLS + '[[expect]]\nkilled = ["a"]\nalive = ["b"]\nby = "signal"\nat = "1.5 s"\n')
    assert [(v.expected, v.holds, v.at) for v in run.verdicts] == [
        ('alive = ["b"], at = "1.5 s"', True, 1_500_000_000),
        ('killed = ["a"], by = "signal"', True, 2 * S),
    ]


def test_what_is_expected_later_lets_the_run_go_on():
    run = played(KILLS + '[[expect]]\nnot_killed = ["init"]\nbefore = "5 s"\n')
    assert run.now == 5 * S


def test_what_is_expected_behind_the_end_of_the_run_fails():
    (verdict,) = played(KILLS + '[[expect]]\nalive = ["init"]\nat = "5 s"\n', 3 * S).verdicts
    assert (verdict.holds, verdict.seen) == (False, "the run ended before")


def test_a_process_that_was_reaped_is_still_known_to_have_been_killed():
    run = played(KILLS + '[[event]]\nreap = "b"\n[[expect]]\nkilled = ["b"]\nby = "kernel"\n')
    assert not run.world.names["b"].exists
    assert run.verdicts[0].holds


def test_sharers_are_killed_by_the_kernel_too_though_no_line_says_so():
    more = '[[process]]\ncomm = "c"\nclone_vm_of = "b"\n'
    run = played(machine("oom = {}", more=more) + '[[expect]]\nkilled = ["b", "c"]\nby = "kernel"\n')
    assert sum("Killed process" in line.text for line in run.witness.lines) == 1
    assert run.verdicts[0].holds


def test_a_victim_that_cannot_die_leaves_others_stuck():
    events = ['set = { who = "b", dsleep = true, holds_mmap_lock = true }', 'grow = { who = "a", size = "900 MiB" }']
    text = "[machine]\nmmu = false\n" + machine(*events, more=SPARED).partition("\n")[2]
    (verdict,) = played(text + "[[expect]]\nstuck = false\n").verdicts
    why = "no progress possible: a waits for memory, the OOM killer waits for b, b sleeps uninterruptibly"
    assert (verdict.holds, verdict.seen) == (False, why)


def test_a_run_goes_on_to_its_end_though_the_machine_has_panicked():
    text = machine('at = "1 s"\nsysctl = { panic_on_oom = 1 }', 'leak = { who = "a", rate = "500 MiB/s" }')
    later = '[[event]]\nat = "9 s"\nkill = "b"\n[[expect]]\npanic = true\n[[expect]]\nalive = ["a"]\nat = "7 s"\n'
    run = Run(scenario.loads(text + later), sampler=Sampler())
    assert [entry.result for entry in run.play() if entry.kind == "event"] == [
        "ok",
        "begins",
        "panics: Out of memory: system-wide panic_on_oom is enabled",
        "the machine has halted",
    ]
    assert [verdict.holds for verdict in run.verdicts] == [True, True]


# --- samples ---------------------------------------------------------------------------------


def test_samples_are_few_however_long_a_run_is_and_add_up():
    sampler = Sampler()
    run = Run(scenario.loads(machine('leak = { who = "a", rate = "1 MiB/s", until = "400 s" }')), sampler=sampler)
    list(run.play())
    assert MOST // 3 <= len(sampler.samples) <= MOST
    state: dict[int, list[int]] = {}
    for sample in sampler.samples:
        state |= sample["processes"]
    (a,) = (serial for serial, (_, comm) in sampler.people.items() if comm == "a")
    assert state[a] == (run.world.names["a"].memory.anon, 0, 0)
