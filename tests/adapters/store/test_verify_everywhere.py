"""A byte that was changed anywhere in a complete log is named by `log verify`, or what a reader gets is the same."""

from __future__ import annotations

import importlib
import shutil

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection import history
from inspection.adapters.store import verify as verify_module
from inspection.adapters.store import verify_images
from inspection.adapters.store.chain_walk import Head
from inspection.adapters.store.compaction import Compactor, compact_line
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.rollups import COUNT_KEYS, KINDS, SCORE_KEYS, rollup_file, rollup_fits
from inspection.adapters.store.verify import Unsettled, head_of, verify_line
from inspection.domain.errors import StoreError
from tests.adapters.store.test_log import Line
from tests.adapters.store.test_verify import live, picture
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

flips = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40, deadline=None
)
COMPACTED_DAYS = 4


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Four merged days with their rollups, two short files of another day, filed events, images, a part in the journal;
    the newest events in the WAL, as of a line that was killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspection.adapters.store.compaction.OLD_FILES_STAY_S", 0.0)
        line = Line(tmp_path_factory.mktemp("complete") / "data")
        live(line)
        line.close()
        compact_line(line.paths)
    line = Line(line.data_dir)
    line.clock.advance(COMPACTED_DAYS * 86_400)
    for number in (42, 43):
        line.part(number, utc=line.clock.utc(), image_path=picture(line, number))
        line.log.seal(everything=True)
    line.part(44, utc=line.clock.utc())
    killed = line.data_dir.with_name("killed")
    shutil.copytree(line.data_dir, killed, ignore=shutil.ignore_patterns("*-shm"))
    line.close()
    return LinePaths(killed, "demo")


@pytest.fixture
def paths(complete, tmp_path):
    shutil.copytree(complete.data_dir, tmp_path / "data")
    return LinePaths(tmp_path / "data", "demo")


def read_out(paths):
    """All that a reader gets of what verify vouches for: the rows that are in files, and the events."""
    parts = history.parts(paths.data_dir, "demo")
    sealed = parts[(parts["number"] < 44) & (parts["number"] != 41)]
    events = history.events(paths.data_dir, "demo")
    return sealed.astype(str).values.tolist(), events.astype(str).values.tolist()


def named(paths, *heads, recount=False):
    """The first broken place; what cannot be read is broken too, and told."""
    try:
        faults = verify_line(paths, heads, recount=recount).faults
    except StoreError as error:
        return str(error)
    return f"{faults[0].place}: {faults[0].what}" if faults else None


def files_of(paths, *globs):
    return [file for glob in globs for file in sorted(paths.data_dir.glob(glob))]


RECORDS = ("log/*/*/*.parquet", "events/*/*/*.parquet", "evidence/*/*/*.jpg")


def test_it_is_whole(paths):
    found = verify_line(paths)
    assert (found.faults, found.notes, found.files, found.rollups, found.images) == ([], [], 6, 8, 6)
    assert len(files_of(paths, "rollup/*/*/*/*.parquet")) == 8
    assert sum(len(files_of(paths, glob)) > 0 for glob in RECORDS) == len(RECORDS)


@flips
@given(data=st.data())
def test_a_flipped_byte_of_rows_events_and_images_is_always_named(complete, tmp_path_factory, data):
    file = data.draw(st.sampled_from(files_of(complete, *RECORDS)))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    paths = copied(complete, tmp_path_factory)
    (paths.data_dir / file.relative_to(complete.data_dir)).write_bytes(content)
    told = named(paths)
    assert told is not None
    assert file.name in told
    assert "altered" in told


def copied(complete, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flipped") / "data"
    shutil.copytree(complete.data_dir, folder)
    return LinePaths(folder, "demo")


@flips
@given(data=st.data())
def test_a_flipped_byte_of_a_rollup_is_named_or_no_reader_looks_at_it(complete, tmp_path_factory, data):
    """Of another version, or not saying what it is of, it is not read."""
    file = data.draw(st.sampled_from(files_of(complete, "rollup/*/*/*/*.parquet")))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    paths = copied(complete, tmp_path_factory)
    (paths.data_dir / file.relative_to(complete.data_dir)).write_bytes(content)
    told = named(paths)
    kind, day = file.parts[-4], file.parent.name
    if told is None:
        by_another = pq.read_metadata(paths.data_dir / file.relative_to(complete.data_dir)).created_by
        is_read = rollup_fits(paths, kind, f"{day}/{file.name}")
        assert not is_read or by_another != pq.read_metadata(file).created_by
        untouched = copied(complete, tmp_path_factory)  # who reads the journal folds the WAL into it
        for kind, keys in (("counts", COUNT_KEYS), ("score_counts", SCORE_KEYS)):
            count = getattr(history, kind)
            assert count(paths.data_dir, "demo", keys).equals(count(untouched.data_dir, "demo", keys))
    else:
        assert told.startswith(f"rollup rollup/{kind}/line=demo/{day}/{file.name}: ")


@pytest.fixture(scope="module")
def vouched_for(complete, tmp_path_factory):
    """The head of the untouched chain, and what a reader gets of it."""
    head = head_of(copied(complete, tmp_path_factory))
    return Head(head.id, head.hash), read_out(copied(complete, tmp_path_factory))


@flips
@given(data=st.data())
def test_a_flipped_byte_of_the_journal_is_named_or_what_it_vouches_for_is_the_same(
    complete, vouched_for, tmp_path_factory, data
):
    """What the chain does not cover: the columns of parts that are in the journal still, the index of images, alarms,
    free pages. A frame of the WAL that is spoilt is none for SQLite, nor those behind it: its tail is cut, and that a
    head shows that was kept."""
    name = data.draw(st.sampled_from(["state.db", "state.db-wal"]))
    head, before = vouched_for
    paths = copied(complete, tmp_path_factory)
    file = paths.state_dir / name
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    if named(paths, head) is None:
        assert read_out(paths) == before


@pytest.mark.parametrize("glob", [*RECORDS, "rollup/*/*/*/*.parquet"])
@pytest.mark.parametrize("left", [0.0, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_named(paths, glob, left):
    first, *_, last = files_of(paths, glob)  # of a merged day and a short one, of counts and scores
    for file in (first, last):
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * left)])
        assert file.name in named(paths)
        file.write_bytes(content)
    assert named(paths) is None


@pytest.mark.parametrize("glob", [*RECORDS, "rollup/counts/*/*/*.parquet"])
def test_two_files_that_have_changed_places_are_named(paths, glob):
    one, other, *_ = files_of(paths, glob)
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    told = named(paths)
    assert one.name in told or other.name in told


@pytest.mark.parametrize("glob", ["log/*/*/*.parquet", "events/*/*/*.parquet"])
def test_a_file_under_another_name_or_day_or_of_another_line_is_named(paths, glob):
    one, other, *_ = files_of(paths, glob)
    for strange in (
        one.with_name(f"1{one.name[1:]}"),
        other.with_name(one.name),
        one.with_name("of-another-line.parquet"),
    ):
        if strange != one and not strange.exists():
            shutil.copy(one, strange)
            assert strange.name in named(paths)
            strange.unlink()
    assert named(paths) is None


@pytest.mark.parametrize("glob", RECORDS)
def test_a_file_that_was_removed_is_named(paths, glob):
    last = files_of(paths, glob)[-1]
    last.unlink()
    assert last.name in named(paths)


def test_an_old_journal_in_the_place_of_the_new_one_is_shown_by_a_head_that_was_kept(paths, tmp_path):
    shutil.copytree(paths.state_dir, tmp_path / "old")
    line = Line(paths.data_dir)
    line.journal.record_event("state", "stopped by nobody", START_UTC)
    line.close()
    head = head_of(paths)
    assert named(paths, Head(head.id, head.hash)) is None
    shutil.rmtree(paths.state_dir)
    shutil.copytree(tmp_path / "old", paths.state_dir)
    assert named(paths) is None, "nobody can see it who has no head: nothing else has happened since"
    assert "exported before, is not in the chain" in named(paths, Head(head.id, head.hash))


def test_an_old_journal_does_not_know_the_files_that_came_since(paths, tmp_path):
    shutil.copytree(paths.state_dir, tmp_path / "old")
    line = Line(paths.data_dir)
    line.part(45, utc=START_UTC)
    line.log.seal(everything=True)
    line.close()
    shutil.rmtree(paths.state_dir)
    shutil.copytree(tmp_path / "old", paths.state_dir)
    assert "no event knows it" in named(paths)


def test_no_reader_looks_at_a_rollup_that_is_not_of_its_file(paths):
    first, second = (name for name in sealed_files(paths)[:2])
    before = {kind: count(paths) for kind, count in COUNTED.items()}
    for kind in KINDS:
        shutil.copy(rollup_file(paths, kind, second), rollup_file(paths, kind, first))
        assert not rollup_fits(paths, kind, first)
    assert all(count(paths).equals(before[kind]) for kind, count in COUNTED.items())
    assert verify_line(paths).faults[0].place == f"rollup rollup/counts/line=demo/{first}"
    compact_line(paths)
    assert (named(paths), rollup_fits(paths, "counts", first)) == (None, True)


COUNTED = {
    "counts": lambda paths: history.counts(paths.data_dir, "demo", ["minute", "verdict"]),
    "scores": lambda paths: history.score_counts(paths.data_dir, "demo", SCORE_KEYS),
}


def test_a_rollup_that_was_written_anew_with_other_counts_is_named(paths):
    """As somebody does who wants a better yield, and knows how a rollup says what it is of."""
    (name, *_) = sealed_files(paths)
    file = rollup_file(paths, "counts", name)
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.slice(1), file)
    assert rollup_fits(paths, "counts", name), "a reader would believe it"
    assert named(paths).startswith(f"rollup {file.relative_to(paths.data_dir)}: it is not what the rows of")


def test_rollups_of_another_version_are_a_note_and_not_read(paths, monkeypatch):
    monkeypatch.setattr("inspection.adapters.store.rollups.VERSION", 2)
    monkeypatch.setattr("inspection.adapters.store.verify_rollups.VERSION", 2)
    found = verify_line(paths)
    what = "rollups of another version: nobody looks at them, their rows are summed up instead"
    assert (found.faults, found.notes, found.rollups) == ([], [f"8 {what}"], 0)
    assert int(history.counts(paths.data_dir, "demo", [])["count"].sum()) == 44


STEPS = [
    (verify_module, "sealed_files"), (verify_module, "walk"), (verify_module, "_rows_in"),
    (verify_module, "look_at_rollups"), (verify_module, "look_at_numbers"),
    (verify_module, "digest_of"), (verify_module._Look, "_at_files"), (verify_module._Look, "_at_strangers"),
    (verify_images.ImageCheck, "list_named"), (verify_images.ImageCheck, "faults"), (verify_images, "digest_of"),
    (verify_images, "sealed_files"), (verify_images.ImageCheck, "orphans"),
    ("inspection.adapters.store.numbering", "sealed_files"), ("inspection.adapters.store.numbering", "_read"),
    ("inspection.adapters.store.verify_rollups", "write_rollup"),
    ("inspection.adapters.store.verify_rollups", "digest_of"),
]  # fmt: skip


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize(("where", "name"), STEPS)
def test_a_merge_between_any_two_steps_changes_nothing_of_what_is_said(paths, monkeypatch, where, name, breaks):
    """Each time the step is come to a day is merged anew, three times: a part comes, and its file and the day's are
    merged. `breaks`: the file of another day is altered from the beginning, and that is found all the same."""
    line = Line(paths.data_dir)
    number = 44
    altered = files_of(paths, "log/*/*/*.parquet")[1]
    if breaks:
        altered.write_bytes(altered.read_bytes() + b"x")
    inside = False

    def merge():
        nonlocal number, inside
        if inside or number >= 47:
            return
        inside = True
        number += 1
        line.part(number, utc=START_UTC)
        line.log.seal(everything=True)
        compactor = Compactor(
            paths, line.clock, lambda kind, text, data: line.journal.record_event(kind, text, START_UTC, data)
        )
        compactor.compact()
        compactor.remove_old(at_once=True)
        inside = False

    real = get(where, name)

    def watched(*given, **more):
        merge()
        return real(*given, **more)

    monkeypatch.setattr(where if not isinstance(where, str) else importlib.import_module(where), name, watched)
    try:
        told = named(paths, recount=name == "write_rollup")
    finally:
        line.close()
    monkeypatch.undo()
    assert (altered.name in told) if breaks else told is None
    assert number > 44 or (breaks and name == "orphans"), "it was come to"


def get(where, name):
    return getattr(importlib.import_module(where) if isinstance(where, str) else where, name)


def test_where_files_are_merged_all_the_while_it_is_neither_whole_nor_broken(paths, monkeypatch):
    file, *_ = files_of(paths, "log/*/*/*.parquet")
    states = iter(range(1000))
    faults = iter(range(1000))
    monkeypatch.setattr(verify_module, "_merges", lambda _: (next(states),))
    monkeypatch.setattr(
        verify_module, "look_at_numbers", lambda *_, **__: (_ for _ in ()).throw(StoreError(f"{next(faults)} is gone"))
    )
    with pytest.raises(Unsettled, match="this is neither whole nor broken; run it again"):
        verify_line(paths)
    file.write_bytes(file.read_bytes()[:-1])  # what is broken is still found, for it is so twice
    monkeypatch.undo()
    monkeypatch.setattr(verify_module, "_merges", lambda _: (next(states),))
    assert file.name in named(paths)
