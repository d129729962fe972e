"""The store in a process that is killed, and on a disk that drops or tears what was not flushed.

`inspection bench crash` does the same at length.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.crash_store.kills import kills
from benchmarks.crash_store.nursery import Nursery
from benchmarks.crash_store.power_cuts import Recording, cuts, is_of_merge, leave, record
from benchmarks.crash_store.recording import Kind, Note, build_recorder
from benchmarks.fault_line.drill import scratch_dir
from inspection.adapters.store.journal import Durability
from inspection.domain.errors import ConfigError

CUTS = 24
CUTS_AFTER_A_CUT = 12
CUTS_AMID_MERGES = 8
CUTS_UNTIL_SEEN = 40
LATE = 60  # notes: by then much was sealed that a flush was forgotten of
KILLS = 4
KILLS_UNTIL_SEEN = 40
DEATH = 900  # notes; some fifteen parts
PARTS = 40
FAULTY = "tests.adapters.store.faulty_stores"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD, /proc and pidfd are Linux's")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory where there is any: what is flushed is on record, and the disk under it does not matter."""
    with tempfile.TemporaryDirectory(prefix="inspection-crashes-", dir=scratch_dir()) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def nursery(folder: Path) -> Iterator[Nursery]:
    try:
        recorder = build_recorder(folder)
    except ConfigError as error:
        pytest.skip(str(error))
    with Nursery(recorder) as nursery:
        yield nursery


@pytest.fixture(scope="module")
def recorded(nursery: Nursery, folder: Path) -> Callable[..., Recording]:
    """A life of a store, after one that died, by durability and fault; each is lived once."""
    lived: dict[tuple[Durability, str | None], Recording] = {}

    def recorded(durability: Durability, fault: str | None = None) -> Recording:
        if (durability, fault) not in lived:
            root = folder / f"{durability}-{fault}"
            root.mkdir()
            by = f"{FAULTY}:{fault}" if fault else None
            lived[durability, fault] = record(nursery, root, durability, [DEATH], parts=PARTS, fault=by)
        return lived[durability, fault]

    return recorded


@pytest.mark.parametrize("durability", get_args(Durability))
def test_a_power_cut_loses_nothing_that_was_confirmed_or_with_process_only_the_newest(
    recorded, nursery, folder, measured, durability
):
    seed = random.randrange(10**6)
    first = recorded(durability)
    kinds = {note.kind for note in first.notes}
    assert kinds >= {Kind.CREATE, Kind.WRITE, Kind.FLUSH, Kind.MKDIR, Kind.RENAME, Kind.MARK}
    promised = leave(first, folder / f"after-{durability}", seed=seed)
    second = record(
        nursery,
        folder / f"after-{durability}",
        durability,
        [],
        parts=PARTS // 2,
        promised=promised if durability == "power" else (),  # what the cut lost is promised no more
    )
    for recording, count in ((first, CUTS), (second, CUTS_AFTER_A_CUT)):
        for cut in cuts(recording, folder / "left", seed=seed, count=count):
            assert not cut.faults, f"seed {seed}, {cut}"
    measured(f"{CUTS + CUTS_AFTER_A_CUT} power cuts in {len(first.notes) + len(second.notes)} calls (seed {seed})")


@pytest.fixture(scope="module")
def merging(nursery: Nursery, folder: Path) -> Recording:
    """A life whose files are merged while they are sealed, after one that died."""
    for attempt in range(5):  # until something was sealed while files were merged
        root = folder / f"merging-{attempt}"
        root.mkdir()
        recording = record(nursery, root, "power", [DEATH], parts=PARTS, merges=True)
        if any(note.kind is Kind.LINK and is_of_merge(note) for note in recording.notes):
            break
    return recording


def test_a_power_cut_amid_a_merge_changes_no_row_and_no_embedding(merging, folder, measured):
    seed = random.randrange(10**6)
    kinds = {note.kind for note in merging.notes if is_of_merge(note)}
    assert kinds >= {Kind.MKDIR, Kind.CREATE, Kind.RENAME, Kind.LINK, Kind.FLUSH, Kind.EXCHANGE, Kind.UNLINK}
    assert any("/embeddings/" in note.path for note in merging.notes)
    done = list(cuts(merging, folder / "left", seed=seed, count=CUTS_AMID_MERGES, near=is_of_merge))
    assert all(cut.is_amid_merge for cut in done)
    assert [cut.faults for cut in done] == [()] * CUTS_AMID_MERGES, f"seed {seed}, {[str(cut) for cut in done]}"
    measured(f"{CUTS_AMID_MERGES} power cuts amid merges in {len(merging.notes)} calls (seed {seed})")


def test_a_merged_file_that_is_not_flushed_is_seen(merging, folder):
    is_forgotten = flushes_of(r"/compacting/date=[^/]*\.making/")
    seen = cuts(merging, folder / "left", seed=1, count=CUTS_UNTIL_SEEN, near=is_of_merge, ignores=is_forgotten)
    assert any(cut.faults for cut in seen)


def flushes_of(pattern: str) -> Callable[[Note], bool]:
    return lambda note: note.kind is Kind.FLUSH and re.search(pattern, note.path) is not None


@pytest.mark.parametrize(
    ("durability", "forgotten"),
    [
        ("power", r"state\.db-wal$"),
        ("power", r"state\.db$"),
        ("process", r"state\.db$"),
        ("power", r"\.parquet"),
        ("power", r"/log/.*date=[^/]*$"),
        ("power", r"/log$"),
        ("power", r"\.jpg"),
        ("power", r"/evidence/line=[^/]*/..$"),
        ("power", r"/lines$"),
    ],
)
def test_a_flush_that_is_forgotten_is_seen(recorded, folder, durability, forgotten):
    recording, is_forgotten = recorded(durability), flushes_of(forgotten)
    late = {id(note) for note in recording.notes[-LATE:]}
    seen = cuts(
        recording,
        folder / "left",
        seed=1,
        count=CUTS_UNTIL_SEEN,
        near=lambda note: id(note) in late,
        ignores=is_forgotten,
    )
    assert any(cut.faults for cut in seen)


@pytest.mark.parametrize(
    ("durability", "fault", "near"),
    [
        ("power", "never_flushes", "."),
        ("power", "forgets_first", r"\.parquet\.tmp$"),
        ("process", "marks_without_a_flush", r"/log/.*date=[^/]*$"),
    ],
)
def test_a_store_with_a_fault_is_seen(recorded, folder, durability, fault, near):
    faulty = recorded(durability, fault)
    seen = cuts(faulty, folder / "left", seed=1, count=CUTS_UNTIL_SEEN, near=flushes_of(near))
    assert any(cut.faults for cut in seen)


def test_a_kill_of_a_store_with_a_fault_is_seen(nursery, folder):
    faulty = folder / "faulty"
    faulty.mkdir()
    done = kills(nursery, faulty, seed=1, count=KILLS_UNTIL_SEEN, fault=f"{FAULTY}:forgets_first")
    assert any(kill.faults for kill in done)


def test_kill_9_at_random_moments_loses_nothing_and_repeats_nothing(nursery, folder, measured):
    seed = random.randrange(10**6)
    done = list(kills(nursery, folder, seed=seed, count=KILLS))
    assert [kill.faults for kill in done] == [()] * KILLS, f"seed {seed}"
    assert sum(kill.promised for kill in done) > 60
    measured(f"killed {KILLS} times while it was {', '.join(kill.phase.name.lower() for kill in done)} (seed {seed})")
