"""Yield, rate and rejects, counted from rows of the log.

A row is a part, with the columns of the log (`docs/log.md`); where there is a column `count`, a row stands for
that many parts (see `tally`). First-pass yield is PASS / (PASS + REJECT + REVIEW). Parts that nobody judged are
counted apart, never hidden in the yield; parts of monitor mode (cause `monitor`) belong to neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from inspection.domain.types import Cause, VerdictKind

TALLY_COLUMNS = ["minute", "verdict", "cause", "description", "count"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Parts by verdict. `parts` is all of them, also those still without a verdict."""

    parts: int
    passed: int
    rejected: int
    review: int
    unjudged: int
    monitored: int

    @property
    def judged(self) -> int:
        return self.passed + self.rejected + self.review

    @property
    def first_pass_yield(self) -> float | None:
        """0 to 1; None while nothing was judged."""
        return self.passed / self.judged if self.judged else None


def count_verdicts(rows: pd.DataFrame) -> Counts:
    """Count the parts of these rows by verdict."""
    weights = _weights(rows)
    monitored = rows["cause"] == Cause.MONITOR

    def number(kind: VerdictKind) -> int:
        return int(weights[(rows["verdict"] == kind) & ~monitored].sum())

    return Counts(
        parts=int(weights.sum()),
        passed=number(VerdictKind.PASS),
        rejected=number(VerdictKind.REJECT),
        review=number(VerdictKind.REVIEW),
        unjudged=number(VerdictKind.UNJUDGED),
        monitored=int(weights[monitored].sum()),
    )


def first_pass_yield(rows: pd.DataFrame) -> float | None:
    """PASS / (PASS + REJECT + REVIEW), 0 to 1; None if nothing was judged."""
    return count_verdicts(rows).first_pass_yield


def seen_utc(parts: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """When each part passed: its trigger's time, or its verdict's where nobody saw the trigger."""
    return parts["trigger_utc"].fillna(parts["verdict_utc"])


def parts_per_minute(parts: pd.DataFrame, now: datetime, window: timedelta) -> float:
    """Parts that passed in the `window` before `now`, a minute."""
    seen = seen_utc(parts)
    number = int(((seen > now - window) & (seen <= now)).sum())
    return number / (window / timedelta(minutes=1))


def rejects_by_description(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns description, count: the rejects that each description decided, most first."""
    rejects = rows[rows["verdict"] == VerdictKind.REJECT]
    return _by_count(rejects, "description")


def unjudged_by_cause(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns cause, count: why parts went unjudged, most first."""
    unjudged = rows[(rows["verdict"] == VerdictKind.UNJUDGED) & (rows["cause"] != Cause.MONITOR)]
    return _by_count(unjudged, "cause")


def tally(parts: pd.DataFrame) -> pd.DataFrame:
    """Parts as counts by minute (UTC), verdict, cause and description: a day in a few hundred rows."""
    keyed = parts[["verdict", "cause", "description"]].assign(minute=seen_utc(parts).dt.floor("min"))
    return keyed.groupby(TALLY_COLUMNS[:-1], dropna=False).size().reset_index(name="count")[TALLY_COLUMNS]


def _by_count(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    counted = _weights(rows).groupby(rows[column]).sum().rename("count").reset_index()
    return counted.sort_values(["count", column], ascending=[False, True], ignore_index=True)


def _weights(rows: pd.DataFrame) -> pd.Series[int]:
    return rows["count"] if "count" in rows else pd.Series(1, index=rows.index, dtype="int64")
