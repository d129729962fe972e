"""The review band at run time: the event that tells of a change."""

from __future__ import annotations

from collections.abc import Mapping

from inspection.domain.ports import Journal
from inspection.station.condition import ConditionKeeper

_EVENT = "review-band"


def tell_band(journal: Journal, condition: ConditionKeeper, band: Mapping[str, object] | None) -> None:
    """Record an event if this run's band (`below`, `above`, `lane`; None: no band) is another than the last run's.

    Raises StoreError if the last one cannot be read.
    """
    before, now = journal.last_event(_EVENT) or {}, dict(band or {})
    if before != now:
        condition.event(_EVENT, f"review band changed from {_in_words(before)} to {_in_words(now)}", now)


def _in_words(band: Mapping[str, object]) -> str:
    if not band:
        return "none"
    lane = "a lane of its own" if band["lane"] else "no lane of its own"
    return f"{band['below']:g} σ below and {band['above']:g} σ above, {lane}"
