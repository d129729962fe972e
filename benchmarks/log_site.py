"""A site's data directory as a line leaves it after forty days: the real schema, files and rollups, made-up parts.

Days that are over are one file each. Of the last day most is merged, some of it in files of the first tier, and the
end of it in short files and in the journal, as of a line that runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.merging import ROW_GROUP_ROWS, DayWriter
from inspection.adapters.store.names import file_name
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import write_rollups
from inspection.adapters.store.schema import PARTS, SCHEMA_VERSION, SCORES
from inspection.domain.ports import JudgedPart
from inspection.domain.types import Cause, Outcome, OutcomeKind, PartContext, PartId, Trigger, Verdict, VerdictKind

LINE = "bench"
DAYS = 40
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DESCRIPTIONS = "scratch dent crack chip stain burr discoloured missing-hole".split()
IN_THE_JOURNAL = 100

_EPOCH = FIRST_DAY.replace(year=1970)
_DAYS_AN_EPOCH = 8  # the station was started anew
_NEW_RECIPE_DAY = 25
_SCALE = 10.382913  # a model's factor is no round number: of a score every bit counts
_MEANS = np.array([-1.9, -0.3, -2.1, -2.4, 0.2, -1.1, -0.8, -1.5])
_STDS = np.array([0.85, 0.97, 0.76, 0.56, 1.46, 0.9, 1.1, 0.7])
_LIMITS = np.array([2.5, 2.7, 2.9, 3.0, 3.1, 3.2, 3.0, 2.8])  # about 2 % are over one of them
_SHORT_FILES, _SMALL_FILES = 31, 20


@dataclass(frozen=True)
class _Day:
    """`first`: the number of its first part, in its epoch."""

    index: int
    parts: int
    first: int

    @property
    def start(self) -> datetime:
        return FIRST_DAY + timedelta(days=self.index)

    @property
    def epoch(self) -> int:
        return 1 + self.index // _DAYS_AN_EPOCH

    @property
    def name(self) -> str:
        return f"date={self.start.date().isoformat()}"


def write_site(data_dir: Path, rows: int) -> None:
    """So many parts over DAYS days."""
    a_day = max((rows - IN_THE_JOURNAL) // DAYS, 1)
    days = [_Day(index, a_day, 1 + a_day * (index % _DAYS_AN_EPOCH)) for index in range(DAYS)]
    last = _Day(DAYS - 1, rows - IN_THE_JOURNAL - a_day * (DAYS - 1), days[-1].first)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(_write_day, data_dir, day) for day in days[:-1]]:
            done.result()
    _write_last_day(data_dir, last)
    _write_journal(LinePaths(data_dir, LINE), last.start + timedelta(days=1))


def write_short_files(data_dir: Path, files_a_day: int, rows_a_file: int) -> int:
    """DAYS days of files that nobody has merged yet, without a journal; how many parts they have."""
    a_day = files_a_day * rows_a_file
    for index in range(DAYS):
        day = _Day(index, a_day, 1 + a_day * (index % _DAYS_AN_EPOCH))
        folder = LinePaths(data_dir, LINE).log_dir / day.name
        folder.mkdir(parents=True)
        for start in range(0, a_day, rows_a_file):
            _write_short(folder, day, start, start + rows_a_file)
    return DAYS * a_day


def part_in_the_middle(rows: int) -> PartId:
    """One that is on record, in a file of a day that is over."""
    a_day = (rows - IN_THE_JOURNAL) // DAYS
    return PartId(1 + (DAYS // 2) // _DAYS_AN_EPOCH, 1 + a_day * ((DAYS // 2) % _DAYS_AN_EPOCH) + a_day // 2)


def _write_day(data_dir: Path, day: _Day) -> None:
    _write_merged(LinePaths(data_dir, LINE), day, 0, day.parts)


def _write_last_day(data_dir: Path, day: _Day) -> None:
    paths = LinePaths(data_dir, LINE)
    short = min(500, day.parts // (4 * _SHORT_FILES))
    small = min(32 * short, day.parts // (2 * _SMALL_FILES))
    at = 0
    sizes = [day.parts - _SHORT_FILES * short - _SMALL_FILES * small, *[small] * _SMALL_FILES]
    for size in (size for size in sizes if size):
        _write_merged(paths, day, at, at + size)
        at += size
    for start in range(at, day.parts, max(short, 1)):
        _write_short(paths.log_dir / day.name, day, start, min(start + short, day.parts))


def _write_short(folder: Path, day: _Day, start: int, stop: int) -> None:
    name = file_name(PartId(day.epoch, day.first + start), PartId(day.epoch, day.first + stop - 1))
    pq.write_table(_rows(day, start, stop), folder / name, compression="zstd")


def _write_merged(paths: LinePaths, day: _Day, start: int, stop: int) -> None:
    first, last = (PartId(day.epoch, day.first + at) for at in (start, stop - 1))
    name = f"{day.name}/{file_name(first, last, stop - start)}"
    file = paths.log_dir / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with DayWriter(file) as writer:
        for at in range(start, stop, ROW_GROUP_ROWS):
            writer.write(_rows(day, at, min(at + ROW_GROUP_ROWS, stop)))
        writer.finish()
    write_rollups(paths, name, file)


def _rows(day: _Day, start: int, stop: int) -> pa.Table:
    """The parts from `start` to `stop` of a day."""
    size = stop - start
    dice = np.random.default_rng([day.index, start])
    at = np.arange(start, stop)
    apart_us = 86_400_000_000 / day.parts
    trigger = _us(day.start) + ((at + 0.2 + 0.6 * dice.random(size)) * apart_us).astype(np.int64)
    capture, score = dice.gamma(30, 0.3, size), dice.gamma(40, 0.7, size)
    frame = trigger + (capture * 1000).astype(np.int64)
    verdict_at = frame + (score * 1000).astype(np.int64) + dice.integers(200, 900, size)
    gate = trigger + dice.integers(895_000, 905_000, size)

    limits = _MEANS + _STDS * (_LIMITS + (0.05 if day.index >= _NEW_RECIPE_DAY else 0.0))
    cosines = ((_MEANS + _STDS * dice.standard_normal((size, 8), np.float32)) / _SCALE).astype(np.float32)
    scores = _SCALE * cosines.astype(np.float64)
    margins = (scores - limits) / _STDS
    decided = margins.argmax(axis=1)
    margin = margins[np.arange(size), decided]
    lost = dice.random(size) < 0.001
    rejected = (margin > 0) & ~lost
    verdict = np.where(lost, 2, rejected)
    pictured = rejected | (dice.random(size) < 0.01) | (np.abs(margin) < 0.3)

    hour = (trigger - _us(day.start)) // 3_600_000_000
    shift = np.select([(hour >= 6) & (hour < 14), (hour >= 14) & (hour < 22)], [0, 1], 2)
    new = int(day.index >= _NEW_RECIPE_DAY)
    seen = ~lost
    columns = {
        "schema_version": _same(SCHEMA_VERSION, size),
        "line": _same(LINE, size),
        "station": _same("station-1", size),
        "epoch": _same(day.epoch, size),
        "number": day.first + at,
        "lot": _picked([f"L-{day.index:03d}{part:02d}" for part in range(12)], hour // 2),
        "shift": _picked(["early", "late", "night"], shift),
        "challenge": _picked([str(3 * day.index + run) for run in range(3)], shift, at % (day.parts // 3) < 5),
        "trigger_utc": trigger,
        "frame_utc": pa.array(frame, mask=lost),
        "verdict_utc": verdict_at,
        "gate_utc": gate,
        "verdict": _picked(["PASS", "REJECT", "UNJUDGED"], verdict),
        "cause": _picked([Cause.CAMERA_TIMEOUT.value], np.zeros(size, np.int64), lost),
        "description": _picked(DESCRIPTIONS, decided, seen),
        "margin": pa.array(margin, mask=lost),
        "scores": _scores(scores, limits, seen),
        "outcome": _picked(["PASSED", "DIVERTED"], (verdict > 0).astype(int)),
        "outcome_commanded": pa.array(seen),
        "outcome_confirmed": pa.array(np.ones(size, bool)),
        "outcome_reported": pa.array(np.ones(size, bool)),
        "ack_accepted": pa.array(np.ones(size, bool), mask=lost),
        "recipe": _same("hex-nut", size),
        "recipe_id": _same(("eead5300f2bc", "91c07ad2b3fe")[new], size),
        "calibration_id": _same(("0f5cc1a7be21", "7741ee0c9d55")[new], size),
        "model_id": _same("bundled 57685da487d4", size),
        "code_version": _same("0.1.0", size),
        "source": [f"camera-1/{day.epoch}/{number}" for number in range(day.first + start, day.first + stop)],
        "image_path": _paths(dice, day, pictured & seen),
        "capture_ms": pa.array(np.round(capture, 3), mask=lost),
        "score_ms": pa.array(np.round(score, 3), mask=lost),
        "judge_ms": np.round((verdict_at - trigger) / 1000, 3),
        "ack_ms": pa.array(np.round((verdict_at - trigger) / 1000 + dice.gamma(9, 0.2, size), 3), mask=lost),
    }
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(size, field.type)
        for field in PARTS
    ]
    return pa.Table.from_arrays(arrays, schema=PARTS)


def _scores(scores: np.ndarray, limits: np.ndarray, seen: np.ndarray) -> pa.ListArray:
    """As `rows.table_of` makes them: a part that was not seen has none."""
    kept = scores[seen]
    struct = pa.StructArray.from_arrays(
        [_names(len(kept)), pa.array(kept.ravel()), pa.array(np.tile(limits, len(kept)))],
        fields=list(SCORES.value_type),
    )
    offsets = np.concatenate([[0], np.cumsum(8 * seen.astype(np.int32))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct, type=SCORES)


@cache
def _names(rows: int) -> pa.Array:
    return _picked(DESCRIPTIONS, np.tile(np.arange(8), rows))


def _paths(dice: np.random.Generator, day: _Day, kept: np.ndarray) -> pa.Array:
    digests = dice.bytes(32 * int(kept.sum())).hex()
    names = [f"evidence/line={LINE}/{day.name}/{digests[at : at + 64]}.jpg" for at in range(0, len(digests), 64)]
    places = np.cumsum(kept) - 1
    return _picked(names or [""], np.maximum(places, 0), kept)


def _picked(values: list[str], which: np.ndarray, there: np.ndarray | None = None) -> pa.Array:
    indices = pa.array(which.astype(np.int32), mask=None if there is None else ~there)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string())).cast(pa.string())


def _same(value: object, size: int) -> pa.Array:
    return pa.repeat(value, size)


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _write_journal(paths: LinePaths, until: datetime) -> None:
    """The parts of the last seconds, which are in no file yet."""
    journal = SqliteJournal(paths.state_db, "process")
    epoch = epoch_after(journal)
    for part in parts(epoch, IN_THE_JOURNAL, until - timedelta(seconds=IN_THE_JOURNAL / 10)):
        journal.record_triggers([part.trigger], CONTEXT)
        journal.record_verdicts([part.judged])
        journal.record_outcome(part.judged.part, part.outcome, part.judged.verdict_utc)
    journal.close()


def epoch_after(journal: SqliteJournal) -> int:
    """The first epoch that none of the days has."""
    while (epoch := journal.new_epoch()) <= DAYS // _DAYS_AN_EPOCH:
        pass
    return epoch


CONTEXT = PartContext(
    LINE, "station-1", "hex-nut", "91c07ad2b3fe", "7741ee0c9d55", "bundled 57685da487d4", "0.1.0",
    dict(zip(DESCRIPTIONS, (_MEANS + _STDS * _LIMITS).tolist(), strict=True)), "L-03911", "night",
)  # fmt: skip


@dataclass(frozen=True)
class JournalPart:
    trigger: Trigger
    judged: JudgedPart
    outcome: Outcome


def parts(epoch: int, count: int, start: datetime) -> Iterator[JournalPart]:
    """Parts as the part path hands them to the journal, ten a second."""
    dice = np.random.default_rng(epoch)
    for number in range(1, count + 1):
        part, utc = PartId(epoch, number), start + timedelta(seconds=number / 10)
        scores = dict(zip(DESCRIPTIONS, (_MEANS + _STDS * dice.standard_normal(8)).tolist(), strict=True))
        verdict = Verdict(VerdictKind.PASS, scores, "scratch", -1.2345678901234)
        latency_ms = {"capture": 9.123, "score": 28.456, "judge": 38.789}
        yield JournalPart(
            Trigger(part, 0, utc),
            JudgedPart(part, verdict, utc, utc + timedelta(milliseconds=39), f"camera-1/{part}", None, latency_ms),
            Outcome(OutcomeKind.PASSED, commanded=True, confirmed=True),
        )
