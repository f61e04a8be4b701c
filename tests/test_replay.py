"""fakeproc replay: recordings of real kernels pass, and a spoiled one does not."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakeproc.errors import FakeprocError
from fakeproc.replay import replay, replay_command
from fakeproc.replay.elsewhere import KINDS
from fakeproc.replay.mount_door import mounted_worlds
from fakeproc.replay.recording import load

CARRIED = Path(__file__).parent / "golden"
FULL = Path(__file__).parents[2] / "shared" / "golden"
WHOLE = (
    "write",
    "share",
    "score",
    "parse-oom_adj",
    "parse-oom_score_adj",
    "perm",
    "offsets",
    "files",
    "topo-2",
    "topo-3",
    "oom",
    "oomsets",
)

Record = dict[str, Any]
Spoil = Callable[[Record], object]


def recordings(root: Path) -> list[str]:
    """What is replayed today, as folder/name."""
    names = [str(path.relative_to(root)) for name in WHOLE for path in sorted(root.glob(f"*/{name}.jsonl"))]
    unjudged = "6.18-nocap/score.jsonl"  # to be read, not replayed: its inputs are missing
    return [name for name in names if name != unjudged] + [
        str(path.relative_to(root)) for path in sorted(root.glob("*/rand-*.jsonl"))
    ]


def run(
    *files: Path | str,
    mount: bool = False,
    kind: list[str] | str | None = None,
    why: bool = False,
    kernel: str | None = None,
) -> tuple[int, str]:
    """The exit code and what was printed."""
    stream = io.StringIO()
    names = [str(file) for file in files]
    code = replay_command(names, kernel=kernel, mount=mount, kind=kind, why=why, stream=stream)
    return code, stream.getvalue()


def last_line(output: str) -> str:
    return output.rstrip("\n").rpartition("\n")[2]


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """The carried recordings, to be spoiled."""
    return Path(shutil.copytree(CARRIED, tmp_path / "golden"))


def spoil(path: Path, number: int, change: Spoil) -> None:
    """Change the record in that line."""
    lines = path.read_text().splitlines()
    record = json.loads(lines[number - 1])
    change(record)
    lines[number - 1] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n")


def written(tmp_path: Path, *lines: str) -> Path:
    """A recording of 6.18 with these lines."""
    path = tmp_path / "6.18" / "made.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


# --- recordings ----------------------------------------------------------------------


@pytest.mark.parametrize("name", recordings(CARRIED))
def test_a_carried_recording_passes_through_the_tree(name: str) -> None:
    assert run(CARRIED / name)[0] == 0


@pytest.mark.parametrize("name", recordings(CARRIED))
def test_a_carried_recording_passes_through_the_mount(fuse: None, name: str) -> None:
    assert run(CARRIED / name, mount=True)[0] == 0


@pytest.mark.skipif(not FULL.is_dir(), reason=f"the full set of recordings is not at {FULL}")
@pytest.mark.parametrize("mount", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["tree", "mount"])
@pytest.mark.parametrize("name", recordings(FULL))
def test_a_recording_of_the_full_set_passes(request: pytest.FixtureRequest, name: str, mount: bool) -> None:
    if mount:
        request.getfixturevalue("fuse")
    code, output = run(FULL / name, mount=mount)
    assert code == 0, output


@pytest.mark.parametrize("name", ["6.18-cap/files.jsonl", "6.18-cap/offsets.jsonl", "6.18-nocap/modes.jsonl"])
def test_every_record_is_judged_through_the_tree_or_the_mount(fuse: None, name: str) -> None:
    recording = load(str(CARRIED / name))
    unjudged = {verdict.line.number for verdict in replay(recording) if verdict.kind}
    with mounted_worlds() as worlds:
        unjudged &= {verdict.line.number for verdict in replay(recording, worlds.door) if verdict.kind}
    assert unjudged == set()


# --- spoiled records -------------------------------------------------------------------

SPOILED: list[tuple[str, int, Spoil]] = [
    ("4.8.15/write.jsonl", 2, lambda r: r.update(oom_adj=3)),
    ("4.8.15/write.jsonl", 2, lambda r: r.update(adj_min=7)),
    ("4.7.4/write.jsonl", 2, lambda r: r.update(ret=r["ret"] + 1)),
    ("6.1/write.jsonl", 3, lambda r: r.update(open="EACCES")),
    ("4.8.15/score.jsonl", 4, lambda r: r["helper"][2].update(badness=r["helper"][2]["badness"] + 1)),
    ("4.8.15/share.jsonl", 3, lambda r: r["kmsg"].pop()),
    ("4.8.15/share.jsonl", 3, lambda r: r["state"]["B"].update(oom_score_adj=299)),
    ("6.1/share.jsonl", 4, lambda r: r["kmsg"].append("something else")),
    ("4.8.15/rand-101.jsonl", 4, lambda r: r["helper"][1].update(adj_min=5)),
    ("6.18-cap/perm.jsonl", 9, lambda r: r.update(ret=99)),
    ("6.18-cap/files.jsonl", 8, lambda r: r.update(ret=-1, errno="EPERM")),
    ("6.18-cap/topo-2.jsonl", 5, lambda r: r["state"]["A"].__setitem__(1, 4)),
    ("6.18-nocap/topo-3.jsonl", 11, lambda r: r["state"].pop("A")),
    ("6.18-nocap/modes.jsonl", 11, lambda r: r["stat"].update(size=66)),
    ("6.18-cap/modes.jsonl", 140, lambda r: r["stat"].update(uid=r["stat"]["uid"] + 1)),
    ("6.18-nocap/parse-oom_adj.jsonl", 7, lambda r: r["op"].update(data="12")),
    ("4.8.15/oom.jsonl", 2, lambda r: r["helper_before"][2].update(badness=r["helper_before"][2]["badness"] + 1)),
    ("4.8.15/oom.jsonl", 4, lambda r: r["kmsg"].clear()),
    ("4.8.15/oom.jsonl", 2, lambda r: r["before"]["A"].update(oom_score=1)),
    ("4.7.4/oom.jsonl", 2, lambda r: r["helper_after"][1].update(exit_state=16)),
    ("4.7.4/oom.jsonl", 2, lambda r: r["helper_after"][1].update(oom_victims=3)),
    ("6.18-cap/oomsets.jsonl", 2, lambda r: r["kills"][0].update(victim="H")),
    ("6.18-cap/oomsets.jsonl", 2, lambda r: r["kills"][0].update(text="total-vm:1kB")),
    ("6.18-nocap/oomsets.jsonl", 2, lambda r: r["kills"][0].update(prefix="Out of memory")),
]


@pytest.mark.parametrize(("name", "number", "change"), SPOILED)
def test_a_spoiled_record_fails_alone_and_is_named(golden: Path, name: str, number: int, change: Spoil) -> None:
    spoil(golden / name, number, change)
    code, output = run(golden / name)
    assert code == 1
    assert output.startswith(f"{golden / name}:{number}: ")
    assert " 1 failed," in last_line(output)


def test_a_difference_says_what_was_done_and_what_came(golden: Path) -> None:
    path = golden / "6.18-cap/perm.jsonl"
    spoil(path, 9, lambda r: r.update(ret=99))
    wanted = f"{path}:9: write of='A' file='oom_score_adj' data='100' by='A': ret: expected 99, got 3"
    assert run(path)[1].splitlines()[0] == wanted


# --- what is not understood --------------------------------------------------------------

EMPTY_ROUND = '"trigger":"thunder","before":{},"kmsg":[],"helper_before":[{"totalram":9,"totalswap":0}]'

NOT_UNDERSTOOD = [
    ('{"op":{"op":"fly","name":"A"},"ret":0}', "operation 'fly' is not understood"),
    ('{"op":{"op":"spawn"},"ret":"pid:A"}', "'name' is missing"),
    ('{"op":{"op":"write","of":"Z","file":"oom_adj","data":"1"},"ret":1}', "no task is named 'Z'"),
    ('{"op":{"op":"call","call":"reboot","args":[]},"ret":0}', "no system call 'reboot'"),
    ('{"op":{"op":"call","call":"close","args":[0]},"ret":0}', "the arguments of close"),
    ('{"op":{"op":"call","call":"rename","args":["#{proc}/1"]},"ret":0}', "the arguments of rename"),
    ('{"op":{"op":"sleep","seconds":1}}', "no ret"),
    ('{"op":{"op":"read","path":"/etc/passwd"},"ret":0}', "does not start with {proc}"),
    ('{"exp":"write","group":"x"}', "'target' is missing"),
    ('{"exp":"oomph"}', "kind 'oomph' is not replayed"),
    ('{"exp":"share","scenario":"a","step":0,"op":"setup","state":{},"kmsg":[]}', "no topology"),
    (
        f'{{"exp":"oom","scenario":"a","round":0,{EMPTY_ROUND},"conditions":{{"asleep":1}}}}',
        "condition 'asleep' is not",
    ),
    (f'{{"exp":"oom","scenario":"a","round":0,{EMPTY_ROUND},"conditions":{{"tasks":{{"A":["x"]}}}}}}', "'x' of a task"),
    (f'{{"exp":"oom","scenario":"a","round":0,{EMPTY_ROUND}}}', "trigger 'thunder' is not understood"),
    ('{"spec":{"id":"a","tasks":[],"weather":1}}', "'weather' of a spec is not known"),
    ('{"spec":{"id":"a","tasks":[{"name":"A","kind":"conjure"}]}}', "kind 'conjure' that is not known"),
    ('{"spec":{"id":"a","tasks":[{"name":"A","kind":"spawn","nap":1}]}}', "option 'nap' of task A"),
    ('{"what":1}', "neither exp nor op"),
    ('{"op":{"op":"spawn"', "not JSON"),
    ("[1]", "not a JSON object"),
]


@pytest.mark.parametrize(("line", "said"), NOT_UNDERSTOOD)
def test_a_record_that_is_not_understood_has_failed(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, '{"meta":{"kernel":"6.18.15"}}', line, '{"op":{"op":"spawn","name":"A"},"ret":"pid:A"}')
    code, output = run(path)
    assert code == 1
    assert output.startswith(f"{path}:2: ")
    assert said in output
    assert last_line(output) == "1 passed, 1 failed, 0 decided elsewhere"


@pytest.mark.parametrize("size", [1, 40, 700])
def test_a_recording_that_ends_in_the_middle_fails_at_its_last_line(golden: Path, size: int) -> None:
    path = golden / "6.18-cap/perm.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5]) + lines[5][:size].rstrip("}\n"))
    assert "1 failed" in last_line(run(path)[1])


@pytest.mark.parametrize("content", [b"", b"\n\n// nothing\n"])
def test_a_file_without_a_record_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(content)
    with pytest.raises(FakeprocError, match="no record"):
        run(path)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FakeprocError, match="No such file"):
        run(tmp_path / "none.jsonl")


def test_a_directory_stands_for_the_recordings_in_it(tmp_path: Path) -> None:
    assert last_line(run(CARRIED / "6.1")[1]).startswith("232 passed, 0 failed")
    with pytest.raises(FakeprocError, match="in it"):
        run(tmp_path)


LEFT_OUT = "formats/machine-getdents.jsonl, formats/machine-index.jsonl"


@pytest.mark.parametrize("kernel", [None, "6.18"])
def test_what_lies_in_a_directory_and_is_no_recording_is_left_out_and_said(kernel: str | None) -> None:
    place = CARRIED / "6.18-nocap"
    code, output = run(place, kernel=kernel)
    first, *_, last = output.splitlines()
    assert first == f"{place}: left out what records no operations (2 of 8 files): {LEFT_OUT}"
    assert (code, last) == (0, "746 passed, 0 failed, 0 decided elsewhere")


FOR_THE_EYE = [
    '{"exp":"calls","file":"oom_adj"}',
    '{"exp":"score","uid":0,"pages":0,"adj":-900,"state":{}}',
    '{"exp":"oom","scenario":"a","round":0,"trigger":"sysrq","before":{},"kmsg":[]}',
]
BEGUN = '{"op":{"op":"spawn","name":"A"},"ret":"pid:A"}'


def test_records_without_their_inputs_are_for_the_eye(tmp_path: Path) -> None:
    place = written(tmp_path, '{"exp":"info"}', *FOR_THE_EYE).rename(tmp_path / "6.18" / "eye.jsonl").parent
    with pytest.raises(FakeprocError, match=r"no recording of operations in it, among 1 \*\.jsonl"):
        run(place)
    written(tmp_path, '{"meta":{"kernel":"6.18"}}', BEGUN)
    code, output = run(place)
    assert (code, last_line(output)) == (0, "1 passed, 0 failed, 0 decided elsewhere")
    assert output.startswith(f"{place}: left out what records no operations (1 of 2 files): eye.jsonl\n")


@pytest.mark.parametrize("broken", ['{"exp":"share"', '{"op":{"op":"fly"}}', '{"exp":"share"}'])
def test_a_damaged_recording_in_a_directory_is_not_left_out(tmp_path: Path, broken: str) -> None:
    assert run(written(tmp_path, '{"exp":"info"}', broken).parent)[0] == 1


def test_a_file_that_was_asked_for_is_never_left_out(tmp_path: Path) -> None:
    assert "3 failed" in last_line(run(written(tmp_path, *FOR_THE_EYE))[1])
    with pytest.raises(FakeprocError, match=r"machine-index\.jsonl: no recording of operations: neither exp nor op"):
        run(CARRIED / "6.18-nocap/formats/machine-index.jsonl")


@pytest.mark.parametrize("kind", ["write,share", ["write", "share"]])
def test_several_kinds_can_be_asked_for(kind: str | list[str]) -> None:
    assert run(CARRIED / "6.1", kind=kind)[0] == 0


def test_a_recording_cannot_reach_out_of_the_mount(fuse: None, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("alive")
    out = "/".join([".."] * 30) + str(victim)
    op = {"op": "call", "call": "unlink", "args": [f"#{{proc}}/{out}"]}
    path = written(tmp_path, '{"meta":{"kernel":"6.18"}}', json.dumps({"op": op, "ret": 0}))
    code, output = run(path, mount=True)
    assert (code, victim.read_text()) == (1, "alive")
    assert "leads out of the mount" in output


def test_a_kind_that_no_record_has_is_an_error() -> None:
    with pytest.raises(FakeprocError, match="no record is of kind 'oom': there are share"):
        run(CARRIED / "4.8.15/share.jsonl", kind="oom")


# --- rounds of the OOM killer --------------------------------------------------------------------


def rounds(name: str, scenario: str) -> list[Record]:
    """The carried rounds of that scenario."""
    return [r for line in load(str(CARRIED / name)).lines if (r := line.record).get("scenario") == scenario]


def elsewhere(tmp_path: Path, *records: Record) -> tuple[int, str]:
    """Replayed where no conditions.json knows the scenario."""
    head = {"exp": "boot", "release": "4.8.15"}
    named = [{**record, "scenario": "made"} for record in records]
    return run(written(tmp_path, *(json.dumps(line) for line in [head, *named])), kernel="4.8")


LOCKED = {"tasks": {"A": ["mmap_lock_held", "dsleep"]}}


@pytest.mark.parametrize(("conditions", "code"), [(LOCKED, 0), ({}, 1), ({"tasks": {"A": ["stopped"]}}, 1)])
def test_conditions_in_the_record_count(tmp_path: Path, conditions: Record, code: int) -> None:
    first = rounds("4.8.15/oom.jsonl", "locked_victim_sysrq")[0]
    assert elsewhere(tmp_path, first | {"conditions": conditions})[0] == code


@pytest.mark.parametrize(("uid", "caps", "code"), [(0, "all", 0), (0, "nosysadmin", 1), (1000, "none", 1)])
def test_actors_in_a_plain_record_count(tmp_path: Path, uid: int, caps: str, code: int) -> None:
    first = rounds("4.8.15/oom.jsonl", "locked_victim_sysrq")[0]
    about = {"uid": uid, "caps": caps, "kind": "fork", "parent": "init"}
    actors = {name: {"pid": at["pid"], **about} for name, at in first["before"].items()}
    assert elsewhere(tmp_path, first | {"conditions": LOCKED, "actors": actors})[0] == code


def test_a_reaper_that_was_asked_before_the_round_reaps_in_it(tmp_path: Path) -> None:
    """A second round right behind the first: it finds a victim, and waits; then the reaper comes."""
    first = rounds("4.8.15/oom.jsonl", "dsleep_victim_reaped")[0]
    pid = first["before"]["A"]["pid"]
    marked = {"memdie": 1, "oom_victims": 1, "sigflags": 4, "will_free_mem": 1}
    before = [row | marked if row.get("pid") == pid else row for row in first["helper_before"]]
    log = [line for line in first["kmsg"] if line.startswith("oom_reaper")]
    second = first | {"trigger": "direct", "helper_before": before, "kmsg": log}
    second["conditions"] = {"tasks": {"A": ["dsleep"]}}
    assert len(log) == 1
    assert elsewhere(tmp_path, second) == (0, "1 passed, 0 failed, 0 decided elsewhere\n")


# --- the kernel ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "first", "kernel"),
    [
        ("4.7.4", {"exp": "boot", "release": "4.8.15"}, "4.7"),
        ("6.18-cap", {"meta": {"kernel": "6.1.0"}}, "6.18"),
        ("elsewhere", {"exp": "boot", "release": "4.8.15"}, "4.8"),
        ("elsewhere", {"meta": {"kernel": "6.18.15+deb13-cloud-amd64"}}, "6.18"),
    ],
)
def test_the_kernel_is_that_of_the_folder_or_of_the_first_record(
    tmp_path: Path, folder: str, first: Record, kernel: str
) -> None:
    path = tmp_path / folder / "made.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps(first) + "\n")
    assert load(str(path)).kernel.version == kernel
    assert load(str(path), "5.10").kernel.version == "5.10"


def test_a_recording_of_an_unknown_kernel_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    path.write_text('{"meta":{"kernel":"2.6.32"}}\n')
    with pytest.raises(FakeprocError, match="add --kernel"):
        run(path)


# --- decided elsewhere -------------------------------------------------------------------------


def test_the_table_names_each_kind_once_with_its_reason() -> None:
    assert len({(kind.name, kind.mode) for kind in KINDS}) == len(KINDS)
    assert all(kind.reason for kind in KINDS)


def test_why_counts_what_was_decided_elsewhere(fuse: None) -> None:
    _, output = run(CARRIED / "6.18-cap/files.jsonl", mount=True, why=True)
    *table, total = output.splitlines()
    counts = [int(line.split()[0]) for line in table]
    assert f"{sum(counts)} decided elsewhere" in total
    assert any("zero-length write (mount): the FUSE client" in line for line in table)


def test_without_why_only_the_sum_is_printed() -> None:
    _, output = run(CARRIED / "6.18-cap/offsets.jsonl")
    assert output == "370 passed, 0 failed, 16 decided elsewhere\n"


def test_a_spoiled_value_is_found_also_where_the_result_is_decided_elsewhere(fuse: None, golden: Path) -> None:
    path = golden / "6.18-cap/offsets.jsonl"
    is_empty_write = '"op":"write","h":"h","data":""'
    number = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if is_empty_write in line)
    spoil(path, number, lambda r: r["state"]["A"].__setitem__(1, 77))
    assert run(path, mount=True)[1].startswith(f"{path}:{number}: ")


# --- operations that no carried recording has ----------------------------------------------------


def scene(tmp_path: Path, *operations: tuple[Record, Any], mount: bool = False) -> tuple[int, str]:
    """Replay these operations and results, after a first task A."""
    lines = [{"op": {"op": op.pop("op"), "nostate": True, **op}, **result} for op, result in operations]
    first = {"op": {"op": "spawn", "name": "A", "nostate": True}, "ret": "pid:A"}
    path = written(tmp_path, *(json.dumps(line) for line in [{"meta": {"kernel": "6.18"}}, first, *lines]))
    return run(path, mount=mount)


REFUSED = {"ret": -1, "errno": "EINVAL"}


def test_a_thread_that_execs_is_found_under_its_leaders_id(tmp_path: Path) -> None:
    assert scene(
        tmp_path,
        ({"op": "thread", "name": "T", "parent": "A"}, {"ret": "pid:T"}),
        ({"op": "exec", "name": "T"}, {"ret": 0}),
        ({"op": "write", "of": "T", "file": "oom_score_adj", "data": "7"}, {"ret": 1, "stage": "write"}),
        ({"op": "read", "path": "{proc}/{A}/oom_score_adj"}, {"ret": 2, "stage": "read", "data": "7\n"}),
        ({"op": "life", "name": "A"}, {"ret": "live"}),
    ) == (0, "6 passed, 0 failed, 0 decided elsewhere\n")


def test_a_vforked_parent_waits_until_its_child_is_gone(tmp_path: Path) -> None:
    assert scene(
        tmp_path,
        ({"op": "clone", "name": "V", "parent": "A", "flags": ["VM", "VFORK"]}, {"ret": "pid:V"}),
        ({"op": "kill", "name": "V"}, {"ret": 0}),
        ({"op": "life", "name": "V"}, {"ret": "Z"}),
        ({"op": "reap", "name": "V"}, {"ret": "pid:V"}),
        ({"op": "reap", "name": "V"}, {"ret": -1, "errno": "ECHILD"}),
        ({"op": "clone_vm", "name": "B", "parent": "A"}, {"ret": "pid:B"}),
    ) == (0, "7 passed, 0 failed, 0 decided elsewhere\n")


def test_flags_that_clone_refuses_are_refused(tmp_path: Path) -> None:
    assert scene(
        tmp_path,
        ({"op": "clone", "name": "B", "parent": "A", "flags": ["THREAD"]}, {**REFUSED, "stage": "clone"}),
        ({"op": "clone", "name": "B", "parent": "A", "flags": ["NEWNS", "FS"]}, {**REFUSED, "stage": "clone"}),
    ) == (0, "3 passed, 0 failed, 0 decided elsewhere\n")


def test_a_child_user_namespace_maps_no_ids(tmp_path: Path) -> None:
    seen = {"mode": "0o100644", "nlink": 1, "uid": 65534, "gid": 65534, "size": 0, "blksize": 1024, "blocks": 0}
    assert scene(
        tmp_path,
        ({"op": "unshare_user", "name": "A"}, {"ret": 0}),
        ({"op": "unshare_user", "name": "A"}, {"ret": -1, "errno": "EPERM"}),
        ({"op": "hascap", "name": "A", "cap": "SYS_RESOURCE"}, {"ret": 1}),
        ({"op": "setuid", "name": "A", "uid": 0}, REFUSED),
        ({"op": "stat", "of": "A", "file": "oom_adj", "by": "A"}, {"ret": 0, "stat": seen}),
        ({"op": "exec", "name": "A"}, {"ret": 0}),
        ({"op": "hascap", "name": "A", "cap": "SYS_RESOURCE"}, {"ret": 0}),
    ) == (0, "8 passed, 0 failed, 0 decided elsewhere\n")


def test_a_task_that_kills_itself_is_told_as_died(tmp_path: Path) -> None:
    assert scene(tmp_path, ({"op": "kill", "name": "A", "by": "A"}, {"ret": -1, "errno": "DIED", "stage": "A"})) == (
        0,
        "2 passed, 0 failed, 0 decided elsewhere\n",
    )


def test_empty_segments_count_only_in_front(tmp_path: Path) -> None:
    assert scene(
        tmp_path,
        ({"op": "writev", "of": "A", "file": "oom_adj", "parts": ["1", "", "2"]}, {"ret": 2, "stage": "write"}),
        ({"op": "writev", "of": "A", "file": "oom_adj", "parts": ["", "2"]}, {**REFUSED, "stage": "write"}),
        ({"op": "readv", "of": "A", "file": "oom_adj", "lens": [0, 1, 5]}, {"ret": 2, "stage": "read"}),
    ) == (0, "4 passed, 0 failed, 0 decided elsewhere\n")


def test_memory_moves_the_score(tmp_path: Path) -> None:
    assert scene(
        tmp_path,
        ({"op": "alloc", "name": "A", "bytes": 4 << 30, "as": "m"}, {"ret": 0, "stage": "touch"}),
        ({"op": "read", "of": "A", "file": "oom_score"}, {"ret": 5, "stage": "read", "data": "1000\n"}),
        ({"op": "free", "name": "A", "map": "m"}, {"ret": 0}),
        ({"op": "read", "of": "A", "file": "oom_score"}, {"ret": 4, "stage": "read", "data": "666\n"}),
    ) == (0, "5 passed, 0 failed, 0 decided elsewhere\n")


def test_everybody_of_the_session_may_say_sigcont(tmp_path: Path) -> None:
    assert scene(
        tmp_path,
        ({"op": "spawn", "name": "B"}, {"ret": "pid:B"}),
        ({"op": "setuid", "name": "B", "uid": 1000}, {"ret": 0}),
        ({"op": "kill", "name": "A", "by": "B", "sig": "SIGCONT"}, {"ret": 0}),
        ({"op": "kill", "name": "A", "by": "B", "sig": 0}, {"ret": -1, "errno": "EPERM"}),
        ({"op": "kill", "name": "A", "by": "B", "sig": 65}, REFUSED),
    ) == (0, "6 passed, 0 failed, 0 decided elsewhere\n")


def test_a_capability_to_be_inherited_may_come_from_the_bounding_set(tmp_path: Path) -> None:
    inheritable = {"op": "caps", "name": "A", "sets": ["inheritable"], "set": ["SYS_ADMIN"]}
    assert scene(
        tmp_path,
        ({"op": "caps", "name": "A", "drop": ["SYS_ADMIN"]}, {"ret": 0}),
        (dict(inheritable), {"ret": 0}),
        ({"op": "caps", "name": "A", "drop": ["SYS_ADMIN"], "sets": ["inheritable"]}, {"ret": 0}),
        ({"op": "caps", "name": "A", "drop": ["SETPCAP"]}, {"ret": 0}),
        (dict(inheritable), {"ret": -1, "errno": "EPERM"}),
    ) == (0, "6 passed, 0 failed, 0 decided elsewhere\n")


def opened(file: str, flags: str = "O_RDWR") -> tuple[Record, Record]:
    return {"op": "open", "of": "A", "file": file, "flags": flags, "as": "h"}, {"ret": 0, "stage": "open"}


def test_a_writev_of_nothing_fails_where_nothing_can_be_written(tmp_path: Path) -> None:
    nothing = {"op": "writev", "h": "h", "parts": []}
    assert scene(
        tmp_path,
        opened("oom_adj"),
        (dict(nothing), {"ret": 0, "stage": "write"}),
        opened("oom_score"),
        (dict(nothing), {**REFUSED, "stage": "write"}),
    ) == (0, "5 passed, 0 failed, 0 decided elsewhere\n")


def test_a_file_is_no_directory_however_often_it_is_listed(tmp_path: Path) -> None:
    listed = {"op": "call", "call": "getdents64", "args": ["@h", {"out": 64}, 64]}
    no_directory = {"ret": -1, "errno": "ENOTDIR", "stage": "getdents64"}
    assert scene(
        tmp_path,
        opened("oom_adj"),
        (dict(listed), no_directory),
        (dict(listed), no_directory),
        opened("oom_adj", "O_PATH"),
        (dict(listed), {**no_directory, "errno": "EBADF"}),
    ) == (0, "6 passed, 0 failed, 0 decided elsewhere\n")


@pytest.mark.parametrize(("mount", "elsewhere"), [(False, 0), (True, 3)])
def test_what_lseek_shows_is_decided_by_the_client_of_a_mount(
    fuse: None, tmp_path: Path, mount: bool, elsewhere: int
) -> None:
    assert scene(
        tmp_path,
        opened("oom_score"),
        ({"op": "pwrite", "h": "h", "data": "1", "offset": 0}, {"ret": -1, "errno": "ESPIPE", "stage": "write"}),
        ({"op": "writev", "h": "h", "parts": [""]}, {**REFUSED, "stage": "write"}),
        ({"op": "exit", "name": "A"}, {"ret": 0}),
        ({"op": "reap", "name": "A"}, {"ret": "pid:A"}),
        ({"op": "lseek", "h": "h", "offset": 1}, {"ret": -1, "errno": "ESRCH", "stage": "seek"}),
        ({"op": "lseek", "h": "h", "offset": 0, "whence": 1}, {"ret": 0, "stage": "seek"}),
        mount=mount,
    ) == (0, f"{8 - elsewhere} passed, 0 failed, {elsewhere} decided elsewhere\n")


def test_an_open_file_is_not_unlinked_either(fuse: None, tmp_path: Path) -> None:
    unlinked = {"op": "call", "call": "unlink", "args": ["#{proc}/{A}/oom_adj"]}
    refused = {"ret": -1, "errno": "EPERM", "stage": "unlink"}
    total = "3 passed, 0 failed, 0 decided elsewhere\n"
    assert scene(tmp_path, opened("oom_adj"), (unlinked, refused), mount=True) == (0, total)


@pytest.mark.parametrize("name", ["exe", "ns/mnt"])
def test_a_link_is_opened_as_such_in_a_mount(fuse: None, tmp_path: Path, name: str) -> None:
    op = {"op": "open", "path": f"{{proc}}/{{A}}/{name}", "flags": "O_RDONLY|O_NOFOLLOW", "as": "h"}
    total = "2 passed, 0 failed, 0 decided elsewhere\n"
    assert scene(tmp_path, (op, {"ret": -1, "errno": "ELOOP", "stage": "open"}), mount=True) == (0, total)


@pytest.mark.parametrize("path", ["{proc}/..", "{proc}/{A}/../..", "{proc}/../"])
def test_no_link_leads_out_of_the_mount(fuse: None, tmp_path: Path, path: str) -> None:
    op = {"op": "open", "path": path, "flags": "O_RDONLY|O_NOFOLLOW", "as": "h"}
    assert "leads out of the mount" in scene(tmp_path, (op, {"ret": 0, "stage": "open"}), mount=True)[1]


def test_exec_hides_who_gains_capabilities_by_it(tmp_path: Path) -> None:
    seen = {"mode": "0o100644", "nlink": 1, "uid": 0, "gid": 0, "size": 0, "blksize": 1024, "blocks": 0}
    look = {"op": "stat", "of": "A", "file": "oom_adj"}
    assert scene(
        tmp_path,
        ({"op": "caps", "name": "A", "drop": ["SETUID"]}, {"ret": 0}),
        ({"op": "setuid", "name": "A", "uid": 1000, "gid": 7}, {"ret": -1, "errno": "EPERM"}),
        (dict(look), {"ret": 0, "stat": seen}),
        ({"op": "exec", "name": "A"}, {"ret": 0}),
        (dict(look), {"ret": 0, "stat": seen}),
        ({"op": "exec", "name": "A"}, {"ret": 0}),
        (dict(look), {"ret": 0, "stat": {**seen, "gid": 7}}),
    ) == (0, "8 passed, 0 failed, 0 decided elsewhere\n")
