"""Counts from rollups are those of the rows, whatever lies where: short files, merged ones, the journal."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from benchmarks.fault_line.drill import scratch_dir
from inspection import history
from inspection.adapters.store.compaction import Compactor
from inspection.adapters.store.duck import shared_databases
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import COUNT_KEYS, SCORE_BIN, SCORE_KEYS
from inspection.analytics import yields
from inspection.domain.types import PartId
from tests.adapters.store.log_files import DAY, LINE, rows, write_short
from tests.fakes.clock import ManualClock
from tests.fakes.parts import CONTEXT, PASSED, judged, trigger

MINUTES = st.integers(0, 3 * 1440).map(lambda minutes: DAY + timedelta(minutes=minutes))


def laid_out(paths: LinePaths, seed: int, number: int, merges: list[bool]) -> None:
    """Rows in files that are merged after some of them were written, or not; a few more parts in the journal."""
    some = rows(seed, number, days=3)
    dice = random.Random(seed)
    clock = ManualClock()
    for merged in merges:
        take = dice.randint(1, max(number // len(merges), 1))
        write_short(paths, some[:take])
        some = some[take:]
        if merged:
            compactor = Compactor(paths, clock, lambda *_: None)
            compactor.compact()
            clock.advance(10)
    if some:
        write_short(paths, some)
    journal = SqliteJournal(paths.state_db, "process")
    for epoch in (1, 2, 3):
        assert journal.new_epoch() == epoch
    for tail in range(1, dice.randint(1, 4)):
        utc = DAY + timedelta(days=2, hours=23, seconds=tail)
        journal.record_triggers([trigger(3, tail, utc)], CONTEXT)
        if tail > 1:
            journal.record_verdicts([judged(3, tail, utc=utc)])
            journal.record_outcome(PartId(3, tail), PASSED, utc)
    journal.close()


def plain_counts(parts: pd.DataFrame) -> pd.DataFrame:
    """What pandas makes of the rows."""
    return parts.assign(
        minute=yields.seen_utc(parts).dt.floor("min"),
        near=yields.is_near_miss(parts),
        challenge=yields.is_golden(parts),
        count=1,
    )


def same(found: pd.DataFrame, expected: pd.DataFrame, by: list[str]) -> None:
    def dictionary(frame: pd.DataFrame) -> dict[object, int]:
        keyed = frame[by].astype(object).where(frame[by].notna(), None)
        plain = [tuple(each) for each in keyed.itertuples(index=False)]
        assert "count" in frame
        return dict(zip(plain, frame["count"].tolist(), strict=True))

    grouped = expected.groupby(by, dropna=False)["count"].sum().reset_index()
    assert dictionary(found) == dictionary(grouped)


@shared_databases()
@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    st.integers(0, 2**32),
    st.integers(1, 150),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.sets(st.sampled_from(COUNT_KEYS), min_size=1).map(sorted),
    st.tuples(MINUTES, MINUTES).map(sorted),
)
def test_counts_are_those_of_the_rows(
    seed: int, number: int, merges: list[bool], by: list[str], span: list[datetime]
) -> None:
    with TemporaryDirectory(dir=scratch_dir()) as name:
        folder = Path(name)
        laid_out(LinePaths(folder, LINE), seed, number, merges)
        parts = history.parts(folder, LINE)
        same(history.counts(folder, LINE, by), plain_counts(parts), by)
        some = history.parts(folder, LINE, since=span[0], until=span[1])
        if len(some):
            same(history.counts(folder, LINE, by, since=span[0], until=span[1]), plain_counts(some), by)

        tally = history.counts(folder, LINE, yields.TALLY_COLUMNS[:-1])
        assert yields.count_verdicts(tally) == yields.count_verdicts(parts)
        assert yields.rejects_by_description(tally).equals(yields.rejects_by_description(parts))

        scores = plain_counts(parts)[[*SCORE_KEYS[:-2], "scores"]].explode("scores").dropna(subset=["scores"])
        each = scores.assign(
            description=[score["description"] for score in scores["scores"]],
            bin=[math.floor(score["score"] / SCORE_BIN) for score in scores["scores"]],
            count=1,
        )
        same(history.score_counts(folder, LINE, SCORE_KEYS), each, SCORE_KEYS)

        rejects = parts.assign(seen=yields.seen_utc(parts))[yields.is_reject(parts)]
        newest = rejects.sort_values(["seen", "epoch", "number"], ascending=False).head(5)
        found = history.last_rejects(folder, LINE, 5)
        assert found[["epoch", "number"]].values.tolist() == newest[["epoch", "number"]].values.tolist()

        for _, one in parts.sample(min(len(parts), 3), random_state=1).iterrows():
            there = history.part(folder, LINE, one["epoch"], one["number"])
            assert there is not None
            assert (there["number"], there["score_ms"]) == pytest.approx((one["number"], one["score_ms"]), nan_ok=True)
        assert history.part(folder, LINE, 2, 10**9) is None
        last = parts.tail(4)[["epoch", "number"]].values.tolist()
        assert history.parts(folder, LINE, newest=4)[["epoch", "number"]].values.tolist() == last


def test_the_trend_is_the_yield_of_each_hour(tmp_path: Path) -> None:
    laid_out(LinePaths(tmp_path, LINE), 5, 400, [True, False])
    parts = history.parts(tmp_path, LINE)
    counted = history.counts(tmp_path, LINE, ["hour", "verdict", "cause", "challenge"])
    trend = yields.trend(counted, "hour").set_index("hour")
    hours = parts.groupby(yields.seen_utc(parts).dt.floor("h"))
    checked = 0
    for hour, of_hour in hours:
        counts = yields.count_verdicts(of_hour)
        if counts.judged + counts.unjudged:
            row = trend.loc[hour]
            told = [row["passed"], row["rejected"], row["review"], row["unjudged"]]
            assert told == [counts.passed, counts.rejected, counts.review, counts.unjudged]
            assert row["first_pass_yield"] == pytest.approx(
                counts.first_pass_yield if counts.judged else math.nan, nan_ok=True
            )
            checked += 1
    assert checked == len(trend) > 40


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda folder: history.counts(folder, LINE, ["colour"]), "colour: parts are counted by minute, shift"),
        (
            lambda folder: history.counts(folder, LINE, [], since=datetime(2026, 1, 4, 0, 0, 30, tzinfo=UTC)),
            "since and until are whole minutes",
        ),
    ],
)
def test_what_cannot_be_counted_is_said(tmp_path: Path, ask: Callable[[Path], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(tmp_path)
