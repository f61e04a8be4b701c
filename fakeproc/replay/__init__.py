"""fakeproc replay: what a real kernel did, done again in a world, and every difference."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from fakeproc.errors import FakeprocError
from fakeproc.replay import family_a, family_b
from fakeproc.replay.door import MakeDoor, TreeDoor
from fakeproc.replay.recording import Line, NotUnderstoodError, Recording, files_in, load, read_lines
from fakeproc.replay.report import Report, Verdict

__all__ = ["replay", "replay_command"]

FAMILIES: dict[str, type[family_a.Replay] | type[family_b.Replay]] = {"A": family_a.Replay, "B": family_b.Replay}


def _described(error: Exception) -> str:
    """Why a record could not be judged, in a line."""
    match error:
        case NotUnderstoodError():
            return str(error)
        case KeyError():
            return f"not understood: {error.args[0]!r} is missing or not known"
        case _:
            return f"not understood: {type(error).__name__}: {error}"


def _judged(replayer: family_a.Replay | family_b.Replay, line: Line) -> Verdict:
    try:
        return replayer.judge(line)
    except Exception as error:  # whatever a record holds that nobody foresaw: it has failed, the others go on
        return Verdict(line, problem=_described(error))


def replay(recording: Recording, make_door: MakeDoor = TreeDoor, kinds: set[str] | None = None) -> Iterator[Verdict]:
    """A verdict on every case of a recording, in order. kinds selects among the records of family A."""
    replayers: dict[str, family_a.Replay | family_b.Replay] = {}
    try:
        for line in recording.lines:
            if not line.is_case or (kinds and line.family == "A" and line.kind not in kinds):
                continue
            if line.error or not line.family:
                yield Verdict(line, problem=line.error or "not understood: neither exp nor op says what it is")
                continue
            if line.family not in replayers:
                replayers[line.family] = FAMILIES[line.family](recording, make_door)
            yield _judged(replayers[line.family], line)
    finally:
        for replayer in replayers.values():
            replayer.close()


def _is_replayed(line: Line) -> bool:
    """Whether a file with that line is a recording. A damaged line may be of one: it has to be shown."""
    return family_a.is_judged(line) if line.family == "A" else line.family == "B" or bool(line.error)


def _is_recording(file: str) -> bool:
    """Whether anything in it is what a replay does again, or what only a replay can complain of."""
    try:
        lines = list(read_lines(Path(file)))
    except (OSError, EOFError):
        return True
    return not lines or any(map(_is_replayed, lines))


def _recordings(name: str, kernel: str | None, report: Report) -> list[Recording]:
    """That file, or the recordings of that directory, in which other files may lie: indices, samples, what is for the
    eye. What was asked for by its own name is never left out."""
    if not Path(name).is_dir():
        return [load(name, kernel)]
    files = files_in(name)
    found = [file for file in files if _is_recording(file)]
    if not found:
        raise FakeprocError(f"{name}: no recording of operations in it, among {len(files)} *.jsonl")
    others = [str(Path(file).relative_to(name)) for file in files if file not in found]
    report.tell_left_out(name, others, len(files))
    return [load(file, kernel) for file in found]


def _kinds(asked: list[str] | str | None, recordings: list[Recording]) -> set[str] | None:
    """The kinds asked for, one a word or joined by commas. FakeprocError where no record is of one of them."""
    if not asked:
        return None
    words = [asked] if isinstance(asked, str) else asked
    kinds = {kind.strip() for word in words for kind in word.split(",")}
    known = {line.kind for recording in recordings for line in recording.lines if line.family == "A" and line.is_case}
    if missing := kinds - known:
        raise FakeprocError(f"no record is of kind {min(missing)!r}: there are {', '.join(sorted(known)) or 'none'}")
    return kinds


@contextlib.contextmanager
def _doors(mount: bool) -> Iterator[MakeDoor]:
    if not mount:
        yield TreeDoor
        return
    from fakeproc.replay.mount_door import mounted_worlds  # needs libfuse, which the tree does not

    with mounted_worlds() as worlds:
        yield worlds.door


def replay_command(
    files: list[str], *, kernel: str | None, mount: bool, kind: list[str] | str | None, why: bool, stream: TextIO
) -> int:
    """`fakeproc replay`: 0 where every record passed, 1 where one failed. FakeprocError for what was asked wrongly."""
    report = Report(stream)
    recordings = [recording for name in files for recording in _recordings(name, kernel, report)]
    kinds = _kinds(kind, recordings)
    with _doors(mount) as make_door:
        for recording in recordings:
            for verdict in replay(recording, make_door, kinds):
                report.add(verdict)
    if why:
        report.tell_why()
    report.tell_sum()
    return 1 if report.failed else 0
