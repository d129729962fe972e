"""The review band at run time: what a lane for it takes, and the event that tells of a change."""

from __future__ import annotations

from collections.abc import Mapping

from inspection.domain.ports import Attached, Journal
from inspection.domain.types import Capability
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher

_EVENT = "review-band"


def missing_capabilities(capabilities: frozenset[Capability]) -> str | None:
    """Why a line with `review.lane` must not start with this controller; None if it may."""
    if Capability.REVIEW_LANE in capabilities:
        return None
    return (
        "the line's review.lane is true and its gate controller has no review lane: set the controller up with one,"
        " or write lane: false."
    )


class ReviewLane(Watcher):
    """Of a line whose gate is to have a lane for parts that a person looks at."""

    def attached(self, attached: Attached) -> str | None:
        return missing_capabilities(attached.capabilities)


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
