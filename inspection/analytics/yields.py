"""Yield, rate and rejects, counted from rows of the log.

A row is a part, with the columns of the log (`docs/log.md`); where there is a column `count`, a row stands for
that many parts (see `tally`). First-pass yield is PASS / (PASS + REJECT + REVIEW). Parts that nobody judged are
counted apart, never hidden in the yield; parts of monitor mode (cause `monitor`) belong to neither: what they would
have been, their shadow, is counted by itself. What is held for review is diverted, and is no reject: a person decides.
Golden parts of challenge runs (column `challenge`) are in no count but that of all parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from inspection.domain.types import Cause, VerdictKind

TALLY_COLUMNS = ["minute", "verdict", "cause", "description", "shadow", "near", "challenge", "count"]
NEAR_MARGIN = 0.5
"""Standard deviations of good parts: a part that passed this near to its threshold is a near miss."""

_JUDGED = (VerdictKind.PASS, VerdictKind.REJECT, VerdictKind.REVIEW)
_OF_TREND = ("passed", "rejected", "review", "unjudged")


@dataclass(frozen=True, slots=True)
class Counts:
    """Parts by verdict. `parts` is all of them, also those still without a verdict; `near`: passed, but only just.

    `shadow_…` is of the monitored parts alone, by what they would have been. `challenge`: golden parts, in no other
    count but `parts`.
    """

    parts: int
    passed: int
    rejected: int
    review: int
    unjudged: int
    near: int
    monitored: int
    shadow_judged: int
    shadow_rejected: int
    shadow_review: int
    shadow_near: int
    challenge: int

    @property
    def judged(self) -> int:
        return self.passed + self.rejected + self.review

    @property
    def without_shadow(self) -> int:
        """Monitored parts of which nobody can say what they would have been: there was no threshold for them."""
        return self.monitored - self.shadow_judged

    @property
    def first_pass_yield(self) -> float | None:
        """0 to 1; None while nothing was judged."""
        return self.passed / self.judged if self.judged else None


def count_verdicts(rows: pd.DataFrame) -> Counts:
    """Count the parts of these rows by verdict."""
    weights = _weights(rows)
    golden = is_golden(rows)
    monitored = (rows["cause"] == Cause.MONITOR) & ~golden
    near = is_near_miss(rows)

    def number(kind: VerdictKind) -> int:
        return int(weights[(rows["verdict"] == kind) & ~monitored & ~golden].sum())

    def shadows(*kinds: VerdictKind) -> int:
        return int(weights[monitored & rows["shadow"].isin(kinds)].sum())

    return Counts(
        parts=int(weights.sum()),
        passed=number(VerdictKind.PASS),
        rejected=number(VerdictKind.REJECT),
        review=number(VerdictKind.REVIEW),
        unjudged=number(VerdictKind.UNJUDGED),
        near=int(weights[near & ~monitored].sum()),
        monitored=int(weights[monitored].sum()),
        shadow_judged=shadows(*_JUDGED),
        shadow_rejected=shadows(VerdictKind.REJECT),
        shadow_review=shadows(VerdictKind.REVIEW),
        shadow_near=int(weights[near & monitored].sum()),
        challenge=int(weights[golden].sum()),
    )


def is_golden(rows: pd.DataFrame) -> pd.Series[bool]:
    """Of a challenge run: no part of the production."""
    return rows["challenge"].astype(bool) if "count" in rows else rows["challenge"].notna()


def judged_as(rows: pd.DataFrame) -> pd.Series[str]:
    """The verdict of each part, or of one that was only monitored its shadow."""
    return rows["shadow"].where(rows["cause"] == Cause.MONITOR, rows["verdict"])


def is_reject(rows: pd.DataFrame) -> pd.Series[bool]:
    """Rejected; of monitored parts, those that would have been. No golden part."""
    return (judged_as(rows) == VerdictKind.REJECT) & ~is_golden(rows)


def is_review(rows: pd.DataFrame) -> pd.Series[bool]:
    """Held for a person to look at; of monitored parts, those that would have been. No golden part."""
    return (judged_as(rows) == VerdictKind.REVIEW) & ~is_golden(rows)


def is_near_miss(rows: pd.DataFrame) -> pd.Series[bool]:
    """Passed (of monitored parts: would have), but within NEAR_MARGIN of a threshold."""
    if "near" in rows:
        return rows["near"]
    return (judged_as(rows) == VerdictKind.PASS) & (rows["margin"] > -NEAR_MARGIN) & ~is_golden(rows)


def first_pass_yield(rows: pd.DataFrame) -> float | None:
    """PASS / (PASS + REJECT + REVIEW), 0 to 1; None if nothing was judged."""
    return count_verdicts(rows).first_pass_yield


def trend(rows: pd.DataFrame, period: str) -> pd.DataFrame:
    """Columns `period` (a column of `rows`, such as hour), passed, rejected, review, unjudged, first_pass_yield: the
    production of each period, in order; the yield is NaN where nothing was judged."""
    of_those = rows[(rows["cause"] != Cause.MONITOR) & ~is_golden(rows) & rows["verdict"].notna()]
    counted = _weights(of_those).groupby([of_those[period], of_those["verdict"]]).sum().unstack(fill_value=0)
    kinds = (*_JUDGED, VerdictKind.UNJUDGED)
    columns = {name: counted.get(kind.value, 0) for name, kind in zip(_OF_TREND, kinds, strict=True)}
    judged = pd.DataFrame(columns, index=counted.index)
    yielded = judged["passed"] / judged[list(_OF_TREND[:3])].sum(axis="columns")
    return judged.assign(first_pass_yield=yielded).reset_index()


def seen_utc(parts: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """When each part passed: its trigger's time, or its verdict's where nobody saw the trigger."""
    return parts["trigger_utc"].fillna(parts["verdict_utc"])


def parts_per_minute(parts: pd.DataFrame, now: datetime, window: timedelta) -> float:
    """Parts that passed in the `window` before `now`, a minute."""
    seen = seen_utc(parts)
    number = int(((seen > now - window) & (seen <= now)).sum())
    return number / (window / timedelta(minutes=1))


def rejects_by_description(rows: pd.DataFrame, *, monitored: bool = False) -> pd.DataFrame:
    """The Pareto: columns description, count, cumulative (0 to 1): the rejects that each description decided, most
    first. `monitored`: of the parts of monitor mode, those that would have been rejected; else of all others."""
    of_those = (rows["cause"] == Cause.MONITOR) == monitored
    counted = _by_count(rows[is_reject(rows) & of_those], "description")
    return counted.assign(cumulative=counted["count"].cumsum() / max(int(counted["count"].sum()), 1))


def unjudged_by_cause(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns cause, count: why parts went unjudged, most first."""
    unjudged = rows[(rows["verdict"] == VerdictKind.UNJUDGED) & (rows["cause"] != Cause.MONITOR) & ~is_golden(rows)]
    return _by_count(unjudged, "cause")


def tally(parts: pd.DataFrame) -> pd.DataFrame:
    """Parts as counts by minute (UTC) and what TALLY_COLUMNS has else: a day in some thousand rows."""
    keyed = parts[["verdict", "cause", "description", "shadow"]].assign(
        minute=seen_utc(parts).dt.floor("min"), near=is_near_miss(parts), challenge=is_golden(parts), count=1
    )
    return summed([keyed])


def summed(tallies: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Several tallies as one."""
    together = pd.concat(tallies, ignore_index=True)
    counted = together.groupby(TALLY_COLUMNS[:-1], dropna=False)["count"].sum()
    return counted.reset_index()[TALLY_COLUMNS]


def _by_count(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    counted = _weights(rows).groupby(rows[column]).sum().rename("count").reset_index()
    return counted.sort_values(["count", column], ascending=[False, True], ignore_index=True)


def _weights(rows: pd.DataFrame) -> pd.Series[int]:
    return rows["count"] if "count" in rows else pd.Series(1, index=rows.index, dtype="int64")
