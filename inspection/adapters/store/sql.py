"""What `inspection.analytics.yields` says of rows of the log, in SQL. A law holds the two together."""

from __future__ import annotations

from inspection.analytics.yields import NEAR_MARGIN
from inspection.domain.types import Cause, VerdictKind

WHEN = "coalesce(trigger_utc, verdict_utc)"

_JUDGED_AS = f"(CASE WHEN cause = '{Cause.MONITOR}' THEN shadow ELSE verdict END)"


def _judged(kind: VerdictKind) -> str:
    return f"coalesce({_JUDGED_AS} = '{kind}' AND challenge IS NULL, false)"


REJECT = _judged(VerdictKind.REJECT)
REVIEW = _judged(VerdictKind.REVIEW)
NEAR = f"({_judged(VerdictKind.PASS)} AND coalesce(margin > -{NEAR_MARGIN}, false))"
REJECT_OF_COUNTS = f"(coalesce({_JUDGED_AS} = '{VerdictKind.REJECT}', false) AND NOT challenge)"
"""The same of rows of a rollup."""
