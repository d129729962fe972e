"""Embeddings of parts: what is written, what is left and told, and what a reader is given."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inspection import history
from inspection.adapters.store import embedding_files
from inspection.adapters.store.embedding_schema import KEYS, Batch, read_keys, read_vectors, write_batch
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId
from tests.adapters.store.embedding_line import OTHER_VIEW, VIEW, EmbeddingLine, embedding
from tests.fakes.clock import START_UTC

DROPPED = "embeddings-dropped"
DAY_S = 86_400
FINITE = st.floats(-1, 1, width=32, allow_subnormal=True)
ANY = st.floats(width=32)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[EmbeddingLine]:
    line = EmbeddingLine(tmp_path)
    yield line
    line.close()


def dropped(line: EmbeddingLine) -> list[tuple[int, str]]:
    return [(each["embeddings"], each["why"]) for told in line.told(DROPPED) for each in told["dropped"]]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 600)), elements=FINITE).filter(
        lambda v: (np.linalg.norm(v, axis=1) > 1e-3).all()
    )
)
def test_a_file_has_the_bits_that_it_was_given_and_they_are_near_the_embedding(tmp_path, raw):
    unit = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    halves, count = unit.astype(np.float16), len(unit)
    ids = np.arange(1, count + 1)
    write_batch(tmp_path / "file", Batch(ids * 0 + 3, ids, ids * 1_000_003, halves), VIEW)
    again = read_vectors(tmp_path / "file")
    assert again.dtype == np.float16
    assert again.tobytes() == halves.tobytes()
    # Half of the last of eleven bits; below 2^-14 they are 2^-24 apart.
    assert (np.abs(again.astype(np.float64) - unit) <= np.maximum(np.abs(unit) * 2.0**-11, 2.0**-25)).all()
    assert (np.abs(np.linalg.norm(again.astype(np.float64), axis=1) - 1) < 0.0005).all()
    keys = read_keys(tmp_path / "file")
    assert keys.column_names == list(KEYS)
    assert keys["number"].to_pylist() == ids.tolist()
    assert [moment.timestamp() for moment in keys["trigger_utc"].to_pylist()] == pytest.approx(ids * 1.000003)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(vectors=st.lists(arrays(np.float32, 4, elements=ANY) | st.integers(0, 99), max_size=8))
@example([*(np.array([value, 0, 0, 0], np.float32) for value in (np.nan, np.inf, 1e38, 0, 0.9, 2)), 1])
def test_what_is_no_unit_vector_is_never_written_and_the_others_are(tmp_path_factory, vectors):
    line = EmbeddingLine(tmp_path_factory.mktemp("line"))
    given_ones = [embedding(each, 4) if isinstance(each, int) else each for each in vectors]
    with np.errstate(all="ignore"):
        lengths = [np.linalg.norm(vector.astype(np.float64)) for vector in given_ones]
    is_unit = [abs(length - 1) < 0.009 for length in lengths]
    is_other = [not abs(length - 1) < 0.011 for length in lengths]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, vector in enumerate(given_ones, 1):
            line.store.offer(PartId(1, number), line.clock.utc(), vector)
        line.store.drain(everything=True)
    parts, found = history.embeddings(line.data_dir, "demo")
    numbers = set(parts["number"])
    assert {number for number, yes in enumerate(is_unit, 1) if yes} <= numbers
    assert not {number for number, yes in enumerate(is_other, 1) if yes} & numbers
    assert np.isfinite(found).all()
    assert sum(count for count, _ in dropped(line)) == len(vectors) - len(numbers)
    line.close()


def test_embeddings_are_a_file_when_there_are_enough_or_after_ten_minutes_or_at_the_end(line):
    line.open(file_rows=3)
    line.keep(1, 2)
    line.store.drain()
    assert line.names() == []
    line.keep(3, 4)
    line.store.drain()
    line.check([1, 2, 3])
    line.clock.advance(599)
    line.store.drain()
    line.check([1, 2, 3])
    line.clock.advance(2)
    line.store.drain()
    line.check([1, 2, 3, 4])
    line.keep(5)
    line.store.drain(everything=True)
    line.check([1, 2, 3, 4, 5])
    assert [told["rows"] for told in line.told("embeddings-sealed")] == [3, 1, 1]
    assert line.told(DROPPED) == []


def test_a_file_is_of_one_utc_day_and_of_embeddings_of_one_length(line):
    line.clock.advance(DAY_S - 6 * 3600 - 2)
    line.keep(1)
    line.clock.advance(3)
    line.keep(2)
    line.part(3, utc=line.clock.utc())
    line.store.offer(PartId(1, 3), line.clock.utc(), embedding(3, 8))
    line.store.drain(everything=True)
    days = [path.parent.name for path in sorted(line.paths.embeddings_dir.rglob("*.parquet"))]
    assert days == ["date=2026-01-05", "date=2026-01-06", "date=2026-01-06"]


def test_too_many_that_wait_are_left_counted_and_told_and_the_hand_that_gives_them_never_waits(line):
    line.open(capacity=4)
    line.keep(*range(1, 11))
    line.store.drain(everything=True)
    line.check([1, 2, 3, 4])
    assert dropped(line) == [(6, "they came faster than they could be written")]
    events = history.events(line.data_dir, "demo", kind=DROPPED)
    assert events["text"].tolist() == [
        "6 embeddings of parts were not kept: they came faster than they could be written"
    ]


def test_what_goes_on_is_told_at_once_and_then_every_hour(line):
    line.open(capacity=1)
    for number in range(1, 5):
        line.keep(2 * number - 1, 2 * number)
        line.store.drain()
        line.clock.advance(1000)
    assert dropped(line) == [(1, "they came faster than they could be written")]
    line.keep(9)
    line.store.drain()
    assert [count for count, _ in dropped(line)] == [1, 3]


def test_an_embedding_is_kept_as_it_was_handed_over(line):
    line.part(1)
    handed_over = embedding(1)
    line.store.offer(PartId(1, 1), START_UTC, handed_over)
    handed_over[:] = 0
    line.store.drain(everything=True)
    line.check([1])


@pytest.mark.parametrize("step", ["write_batch", "sync_to_disk", "make_folder", "digest_of", "journal"])
def test_on_a_full_disk_they_wait_and_what_has_no_room_is_told_with_the_reason(line, monkeypatch, step):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    line.open(capacity=4, file_rows=4)
    with monkeypatch.context() as patched:
        if step == "journal":
            line.failing.fails = True
        else:
            patched.setattr(embedding_files, step, full)
        line.keep(*range(1, 5))
        line.store.drain()
        line.clock.advance(1)
        line.keep(*range(5, 12))  # four wait, three have no room
        line.clock.advance(5)
        line.store.drain()
        assert line.kept() == []
    line.failing.fails = False
    line.clock.advance(5)
    line.store.drain()
    line.check(range(1, 9))
    ((count, why),) = dropped(line)
    assert count == 3
    assert "disk is full" in why if step == "journal" else "No space left on device; check the disk" in why
    assert history.completeness(line.data_dir, "demo").missing == []


def test_at_the_end_what_cannot_be_written_is_told_too(line, monkeypatch):
    line.keep(1, 2, 3)
    monkeypatch.setattr(embedding_files, "write_batch", lambda *_: (_ for _ in ()).throw(ZeroDivisionError("bug")))
    line.store.drain(everything=True)
    assert dropped(line) == [(3, "ZeroDivisionError: bug")]
    assert line.names() == []


def test_of_a_span_of_time_those_are_read_that_were_triggered_in_it(line):
    for number in range(1, 8):
        line.keep(number)
        line.clock.advance(DAY_S / 2)
    line.store.drain(everything=True)
    begin = START_UTC + timedelta(seconds=1)
    numbers = [
        history.embeddings(line.data_dir, "demo", since=begin + timedelta(days=a), until=begin + timedelta(days=b))[0]
        for a, b in ((1, 2), (0.5, 0.75), (50, 60))
    ]
    assert [parts["number"].tolist() for parts in numbers] == [[3, 4], [2], []]
    assert numbers[0].columns.tolist() == list(KEYS) == numbers[2].columns.tolist()
    assert numbers[0]["model_id"].tolist() == ["clip 0123"] * 2
    _, vectors = history.embeddings(line.data_dir, "demo")
    assert (vectors.dtype, vectors.shape) == (np.float32, (7, 16))


def test_a_line_without_embeddings_has_none(tmp_path):
    parts, vectors = history.embeddings(tmp_path, "demo")
    assert parts.columns.tolist() == list(KEYS)
    assert (len(parts), len(vectors)) == (0, 0)


def test_embeddings_of_two_views_are_no_mixture_and_one_can_be_chosen(line):
    line.keep(1, 2)
    line.store.drain(everything=True)
    line.view = OTHER_VIEW
    line.restart()
    line.clock.advance(60)
    line.keep(3)
    line.store.drain(everything=True)
    with pytest.raises(StoreError) as refused:
        history.embeddings(line.data_dir, "demo")
    assert str(refused.value) == (
        "these embeddings were made in several ways, and cannot be compared: view aaaaaaaaaaaa (clip 0123), 2 of them"
        " from 2026-01-05 06:00 to 2026-01-05 06:00 UTC; view bbbbbbbbbbbb (clip 4567), 1 of them from 2026-01-05 06:01"
        " to 2026-01-05 06:01 UTC; choose one with view='…', or a shorter span with since and until"
    )
    for view, numbers in (("aaaaaaaaaaaa", [1, 2]), ("bbbbbbbbbbbb", [3]), ("none", [])):
        assert history.embeddings(line.data_dir, "demo", view=view)[0]["number"].tolist() == numbers
    since = START_UTC + timedelta(seconds=30)
    assert history.embeddings(line.data_dir, "demo", since=since)[0]["number"].tolist() == [3]


def test_a_torn_file_is_named(line):
    line.keep(1)
    line.store.drain(everything=True)
    (file,) = line.paths.embeddings_dir.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(StoreError, match=f"cannot read {file}: .*log repair"):
        history.embeddings(line.data_dir, "demo")
