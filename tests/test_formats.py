"""The files of processes and threads against those of a real 6.18: names and their order, modes, owners, what can be
read, and the line structure of the text. What differs on purpose stands in tables, with the reason."""

import json
import os
import re
from pathlib import Path

import pytest

from fakeproc import World
from fakeproc.world import Memory

RECORDED = json.loads((Path(__file__).parent / "golden" / "6.18-nocap" / "task-files.json").read_text())
OBJECTS = {row["path"]: row for row in RECORDED["objects"]}
NOBODY = 65534

# Names that are in the recorded directories and not in ours.
LACKS = {
    "net": "the machine has a loopback and no connections: files of protocols, filters and counters are left out",
}
# Entries whose state or text is not that of the recorded ones.
OTHER_TEXT = {
    "cgroup": "the unified hierarchy only; the recorded machine had a version 1 hierarchy, too",
    "wchan": "the world knows a task's state, not where it sleeps: one place for each state",
    "syscall": "as wchan",
    "stack": "as wchan",
    "auxv": "bytes, compared by their keys below",
    "environ": "what the process was given",
    "cmdline": "what the process was given",
    "maps": "one layout for all programs, compared by its lines below",
    "smaps": "as maps",
    "numa_maps": "as maps",
    "map_files": "as maps",
    "fdinfo": "every descriptor is /dev/null of this world's /dev",
    "limits": "RLIMIT_NOFILE is the kernel's, which the recorder had raised",
    "arch_status": "nobody has used AVX512",
    "autogroup": "every process has a session of its own",
    "children": "these pids are the recorder's",
}
# A read in the middle of these shows another text on a real kernel, too: they change, or are made a page at a time.
NOT_REPEATABLE = ("sched", "smaps")
# Links whose targets are the recorder's files.
OWN_TARGETS = ("exe", "cwd", "fd")


# --- the recorded tasks, in a world -----------------------------------------------------------


class Tasks:
    """What the recorder had, under the names of the recording; `at` fills them into a path."""

    def __init__(self) -> None:
        self.world = world = World("6.18", ram="6 GiB")
        kthreadd = world.kthread("kthreadd")
        recorder = world.spawn("pw:ctl")
        recorder.set_open_files(67)
        self.by_name = {"kthread": kthreadd, "sleep": self.sleep()}
        for name in ("threads", "nobody", "undump", "zombie", "deadlead"):
            self.by_name[name] = self.fork(recorder, name)
        self.by_name["threads"].thread("pw:t1")
        self.by_name["threads"].thread("pw:t2")
        self.by_name["threads"].clone_vm("pw:sharer")
        for name in ("nobody", "undump"):
            self.by_name[name].setuid(NOBODY)
        self.by_name["nobody"].set_dumpable(1)
        self.by_name["deadlead"].thread("pw:dl1")
        self.by_name["zombie"].exit()
        self.by_name["deadlead"].exit_thread()

    def sleep(self):
        task = self.world.spawn("sleep")
        task.set_memory(Memory(anon=23, file=361, ptes=9, pmds=2, total_vm=625))
        task.set_environ(["PATH=/usr/bin:/bin", "LANG=C", "FOO=bar baz"])
        task.set_cmdline(["sleep", "100000"])
        task.set_cwd("/tmp")
        return task

    def fork(self, recorder, name):
        task = recorder.fork(f"pw:{name}")
        task.set_memory(Memory(anon=17, file=36, ptes=9, pmds=3, total_vm=3324))
        return task

    def at(self, path):
        """A recorded path with this world's pids in it."""
        name, _, below = path.removeprefix("/{").partition("}")
        task = self.by_name[name]
        if not below.startswith("/task/"):
            return f"/{task.pid}{below}"
        tids = [OBJECTS_OF_TASK.get((name, i)) for i in range(3)]
        number, _, rest = below.removeprefix("/task/").partition("/")
        thread = task.pid if number == f"{{{name}}}" else task.threads[tids.index(number)].pid
        return f"/{task.pid}/task/{thread}" + (f"/{rest}" if rest else "")


def _recorded_tids():
    """The recorded tids of each process, by their place."""
    found = {}
    for path in OBJECTS:
        match = re.fullmatch(r"/\{(\w+)\}/task/(\d+)", path)
        if match:
            place = sum(1 for name, _ in found if name == match[1])
            found[match[1], place] = match[2]
    return found


OBJECTS_OF_TASK = _recorded_tids()


@pytest.fixture(scope="module")
def tasks():
    return Tasks()


def kind_of(path):
    """Which entry of a task a recorded path is, or is below."""
    below = path.split("/")[2:]
    if below[:1] == ["task"]:
        below = below[2:] or ["task"]
    return below[0] if below else ""


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in RECORDED["listings"] if kind_of(path) not in ("map_files", "net")])
def test_a_directory_lists_what_a_real_one_lists_in_its_order(tasks, path):
    recorded = RECORDED["listings"][path]
    with tasks.world.open(tasks.at(path), os.O_RDONLY | os.O_DIRECTORY) as directory:
        ours = [(name, mode >> 12) for name, _, mode in directory.entries()]
    if kind_of(path) in ("task", "fdinfo", "fd") and not path.endswith("}"):
        recorded, ours = len(recorded), len(ours)  # numbers of the recorder's
    else:
        recorded = [tuple(entry) for entry in recorded]
    assert ours == recorded


def test_net_has_a_part_of_the_recorded_names_in_their_order(tasks):
    recorded = [name for name, _ in RECORDED["listings"]["/{sleep}/net"]]
    ours = tasks.world.listdir(tasks.at("/{sleep}/net"))
    assert ours == [name for name in recorded if name in ours]
    assert outcome(lambda: tasks.world.listdir(tasks.at("/{zombie}/net"))) == "EINVAL"


def test_map_files_lists_the_mappings_of_files(tasks):
    task = tasks.by_name["sleep"]
    of_files = [line.split()[0] for line in task.read("maps").splitlines() if " /" in line]
    assert tasks.world.listdir(task.path("map_files")) == of_files


# --- what stat(2) tells -----------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path, row in OBJECTS.items() if "mode" in row])
def test_mode_links_owner_and_size_are_the_recorded_ones(tasks, path):
    recorded, seen = OBJECTS[path], tasks.world.stat(tasks.at(path))
    ours = {"mode": oct(seen.mode), "nlink": seen.nlink, "uid": seen.uid, "gid": seen.gid, "size": seen.size}
    assert ours == {name: recorded[name] for name in ours}


@pytest.mark.parametrize("path", [path for path, row in OBJECTS.items() if "lstat_errno" in row])
def test_what_a_real_one_lacks_is_not_there(tasks, path):
    with pytest.raises(FileNotFoundError):
        tasks.world.stat(tasks.at(path))


# --- what reading gives -----------------------------------------------------------------------


def outcome(call):
    try:
        return call()
    except OSError as error:
        return {2: "ENOENT", 3: "ESRCH", 22: "EINVAL"}[error.errno]


@pytest.mark.parametrize("path", [path for path, row in OBJECTS.items() if "is_empty" in row or "read_errno" in row])
def test_a_file_is_readable_empty_or_refused_as_recorded(tasks, path):
    recorded = OBJECTS[path]
    read = outcome(lambda: tasks.world.read(tasks.at(path)))
    if "read_errno" in recorded:
        assert read == recorded["read_errno"]
    else:
        assert isinstance(read, bytes)
        if kind_of(path) not in ("children", "environ"):  # theirs are the recorder's own
            assert (not read) == recorded["is_empty"]


@pytest.mark.parametrize("path", [path for path, row in OBJECTS.items() if row.get("pread_at_3_equal") is not None])
def test_a_read_at_3_is_the_text_from_there_on(tasks, path):
    text = tasks.world.read(tasks.at(path))
    with tasks.world.open(tasks.at(path)) as file:
        assert file.pread(131072, 3) == text[3:]
    assert OBJECTS[path]["pread_at_3_equal"] or kind_of(path) in NOT_REPEATABLE


@pytest.mark.parametrize("path", [path for path, row in OBJECTS.items() if "link" in row or "readlink_errno" in row])
def test_a_link_leads_where_a_real_one_leads(tasks, path):
    recorded = OBJECTS[path]
    target = outcome(lambda: tasks.world.readlink(tasks.at(path)))
    if "readlink_errno" in recorded:
        assert target == recorded["readlink_errno"]
    elif kind_of(path) in OWN_TARGETS and "{sleep}" not in path:
        assert target.startswith("/")
    else:
        assert target == recorded["link"]


# --- lines ------------------------------------------------------------------------------------

ALIGNED = re.compile(r" {2,}-?\d+(?:\.\d+)?")
ADDRESS = re.compile(r"\b[0-9a-f]{8,}\b")
NAME = re.compile(r" {2,}(?=[\[/])")  # of a mapping, in a column of its own
NUMBERS = re.compile(r"-?\d+(?:\.\d+|-\d+)?")


def shape(line):
    """A line without its values: what stands in a column keeps its width."""
    line = re.sub(r"^(\d+ )\([^)]*\)", r"\1(comm)", line)
    line = NAME.sub(lambda found: f"<to {'.' * found.end()}>", line)
    line = ALIGNED.sub(lambda found: f"<{'.' * len(found[0])}>", line)
    return NUMBERS.sub("#", ADDRESS.sub("#", line))


def shapes(text):
    return [shape(line) for line in text.split("\n")]


TEXTS = [name for name in RECORDED["raw"] if kind_of(f"/{name}") not in OTHER_TEXT]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_has_the_lines_of_a_real_one(tasks, name):
    kind, _, below = name.partition("/")
    recorded = RECORDED["raw"][name]
    ours = outcome(lambda: tasks.world.read(tasks.at(f"/{{{kind}}}/{below}")).decode("latin-1"))
    if "read_errno" in OBJECTS[f"/{{{kind}}}/{below}"]:
        assert not recorded
        return
    assert shapes(ours) == shapes(recorded)


def test_every_table_above_names_entries_of_the_recording():
    kinds = {kind_of(path) for path in OBJECTS}
    assert kinds >= {*OTHER_TEXT, *LACKS, *NOT_REPEATABLE, *OWN_TARGETS}


def test_the_fields_of_stat_that_the_world_knows_are_the_recorded_ones(tasks):
    for name in ("sleep", "threads", "zombie", "deadlead", "kthread"):
        ours = tasks.by_name[name].read("stat").rpartition(") ")[2].split()
        recorded = RECORDED["raw"][f"{name}/stat"].rpartition(") ")[2].split()
        for field in (3, 7, 8, 18, 19, 20, 21, 25, 31, 32, 33, 34, 35, 38, 40, 41, 42, 43, 44):
            assert (name, field, ours[field - 3]) == (name, field, recorded[field - 3])


def test_sizes_of_the_recorded_program_come_out_as_recorded(tasks):
    task = tasks.by_name["sleep"]
    assert task.read("statm") == RECORDED["raw"]["sleep/statm"]
    lines = {line for line in RECORDED["raw"]["sleep/status"].splitlines() if line.startswith(("Vm", "Rss"))}
    assert lines == {line for line in task.read("status").splitlines() if line.startswith(("Vm", "Rss"))}


def test_every_line_of_maps_is_as_one_of_a_real_map(tasks):
    ours, recorded = (shapes(text) for text in (tasks.by_name["sleep"].read("maps"), RECORDED["raw"]["sleep/maps"]))
    assert set(ours) <= set(recorded)
    assert sum("libc" in line for line in ours) == sum("libc" in line for line in recorded)


def test_every_mapping_of_smaps_has_the_lines_of_a_real_one(tasks):
    def keys(text):
        return {tuple(re.findall(r"(?m)^(\w+: +)\S", part)) for part in re.split(r"(?m)^(?=[0-9a-f]+-)", text) if part}

    ours, recorded = (keys(text) for text in (tasks.by_name["sleep"].read("smaps"), RECORDED["raw"]["sleep/smaps"]))
    assert {tuple(key.strip() for key in part) for part in ours} == {
        tuple(key.strip() for key in part) for part in recorded
    }


def test_auxv_has_the_recorded_keys(tasks):
    def keys(raw):
        return [int.from_bytes(raw[i : i + 8], "little") for i in range(0, len(raw), 16)]

    ours = tasks.world.read(tasks.at("/{sleep}/auxv"))
    assert keys(ours) == keys(RECORDED["raw"]["sleep/auxv"].encode("latin-1"))
