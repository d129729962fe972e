"""Lives on record, and the power that fails at many moments of them: what is left is held against the law."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash_store.disk import Disk
from benchmarks.crash_store.nursery import Job, Nursery
from benchmarks.crash_store.parts import LINE
from benchmarks.crash_store.promises import Promises, faults
from benchmarks.crash_store.recording import Kind, Note, read_notes
from inspection.adapters.store.journal import Durability
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import InspectionError

DATA = "data"  # the data directory, below what is recorded: its own name can be lost too
_SHARE_AT_FILES = 0.6  # of the cuts that fall where files are named or flushed; the others fall anywhere
_SHARE_AMID_MERGES = 0.3  # where files are merged
_THOROUGH_EVERY = 20  # cuts


@dataclass(frozen=True)
class Recording:
    """`notes` of lives in `root`, which was as `disk` before them; and what lives before those had promised."""

    root: Path
    disk: Disk
    notes: tuple[Note, ...]
    durability: Durability
    promised: tuple[bytes, ...] = ()
    merges: bool = False


@dataclass(frozen=True)
class Cut:
    """What did not hold of the law after the power failed behind a note, and where what was left lies."""

    note: int
    faults: tuple[str, ...]
    left: Path
    is_amid_merge: bool

    def __str__(self) -> str:
        return f"after note {self.note}: {'; '.join(self.faults[:3])}"


def record(
    nursery: Nursery,
    root: Path,
    durability: Durability,
    deaths: Sequence[int],
    *,
    parts: int,
    fault: str | None = None,
    promised: tuple[bytes, ...] = (),
    merges: bool = False,
) -> Recording:
    """A life of so many parts, after some that died, as of kill -9, behind so many notes. `merges`: in all of them
    files are merged beside the sealing."""
    disk, said = Disk(root), root.with_name(f"{root.name}.record")
    for notes in (*deaths, -1):
        nursery.live(
            Job(
                str(root / DATA),
                str(said),
                durability,
                recorded=str(root),
                parts=parts,
                notes=notes,
                merges=merges,
                fault=fault,
            )
        )
    return Recording(root, disk, tuple(read_notes(said)), durability, promised, merges)


def cuts(
    recording: Recording,
    scratch: Path,
    *,
    seed: int,
    count: int,
    ignores: Callable[[Note], bool] = lambda note: False,
    near: Callable[[Note], bool] | None = None,
) -> Iterator[Cut]:
    """The power fails `count` times, or just before and after all that is `near`, if that is less.

    `ignores`: flushes that do not happen, for a store that forgets them.

    What is left lies in `scratch` until the next one. Raises InspectionError if a call escaped the recorder.
    """
    rng = random.Random(seed)
    if near:
        found = _around(recording.notes, near)
        moments = set(rng.sample(sorted(found), min(len(found), count)))
    else:
        moments = _moments(recording.notes, rng, count)
    disk, promised = deepcopy(recording.disk), [*recording.promised]
    for i, note in enumerate(recording.notes):
        if not ignores(note):
            disk.apply(note)
        if note.kind is Kind.MARK:
            promised.append(note.data)
        if i in moments:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            disk.crash(rng, scratch)
            promises = Promises.of(promised)
            thorough = rng.randrange(_THOROUGH_EVERY) == 0
            every = recording.durability == "power"
            amid_merge = any(map(is_of_merge, recording.notes[i : i + 2]))
            broken = faults(scratch / DATA, promises, all_holds=every, thorough=thorough, merged=amid_merge or thorough)
            yield Cut(i, tuple(broken), scratch, amid_merge)
    escaped = disk.differences()
    if escaped:
        raise InspectionError(f"a call escaped the recorder: {escaped[0]}, {len(escaped)} differences in all")


def leave(recording: Recording, target: Path, *, seed: int) -> tuple[bytes, ...]:
    """What one cut leaves, and what was promised by then."""
    rng = random.Random(seed)
    disk, until = deepcopy(recording.disk), rng.randrange(len(recording.notes))
    for note in recording.notes[:until]:
        disk.apply(note)
    target.mkdir()
    disk.crash(rng, target)
    return recording.promised + tuple(note.data for note in recording.notes[:until] if note.kind is Kind.MARK)


def is_of_merge(note: Note) -> bool:
    """A name that is changed, or a file that is flushed, where days are merged."""
    where = f"/{LinePaths(Path(), LINE).compacting_dir}"
    return note.kind in "crxludf" and (where in note.path or where in note.other) and ".exchange" not in note.path


def _moments(notes: Sequence[Note], rng: random.Random, count: int) -> set[int]:
    """Most where names change and where other files than the journal are flushed, not few of them amid merges; some
    anywhere."""
    of_merges = _around(notes, is_of_merge)
    amid_merges = rng.sample(sorted(of_merges), min(len(of_merges), round(count * _SHARE_AMID_MERGES)))
    return {*amid_merges, *_other_moments(notes, rng, count - len(amid_merges))}


def _other_moments(notes: Sequence[Note], rng: random.Random, count: int) -> set[int]:
    at_files = _around(
        notes, lambda note: note.kind in "crxlud" or (note.kind is Kind.FLUSH and not note.path.endswith("-wal"))
    )
    chosen = rng.sample(sorted(at_files), min(len(at_files), round(count * _SHARE_AT_FILES)))
    others = sorted(set(range(len(notes))) - at_files)
    return {*chosen, *rng.sample(others, min(len(others), count - len(chosen)))}


def _around(notes: Sequence[Note], near: Callable[[Note], bool]) -> set[int]:
    return {i for at, note in enumerate(notes) if near(note) for i in (at - 1, at) if i >= 0}
