"""SQL over rows of the log: what `inspection.analytics.yields` says of them (a law holds the two together), and the
views that are made of them."""

from __future__ import annotations

from inspection.analytics.yields import NEAR_MARGIN
from inspection.domain.disposition import EVENT as DISPOSITION
from inspection.domain.types import Cause, VerdictKind

VIEWS = ("parts", "scores", "counts", "events", "dispositions")
"""What can be asked for by `inspection log query`."""

WHEN = "coalesce(trigger_utc, verdict_utc)"

_JUDGED_AS = f"(CASE WHEN cause = '{Cause.MONITOR}' THEN shadow ELSE verdict END)"


def _judged(kind: VerdictKind) -> str:
    return f"coalesce({_JUDGED_AS} = '{kind}' AND challenge IS NULL, false)"


REJECT = _judged(VerdictKind.REJECT)
REVIEW = _judged(VerdictKind.REVIEW)
NEAR = f"({_judged(VerdictKind.PASS)} AND coalesce(margin > -{NEAR_MARGIN}, false))"
REJECT_OF_COUNTS = f"(coalesce({_JUDGED_AS} = '{VerdictKind.REJECT}', false) AND NOT challenge)"
"""The same of rows of a rollup."""


def scores_of(parts: str) -> str:
    """A row a score of the relation `parts`."""
    return (
        "SELECT line, epoch, number, lot, serial, shift, challenge, trigger_utc, verdict_utc, verdict, recipe,"
        " recipe_id, s.description AS description, s.score AS score, s.threshold AS threshold"
        f" FROM (SELECT * EXCLUDE (description), unnest(scores) AS s FROM {parts})"
    )


def dispositions_of(events: str) -> str:
    """The last word on each part, oldest first, as `history.dispositions` has them."""
    of_text = dict.fromkeys(("disposition", "defect", "reason", "by"), "VARCHAR")
    told = {"epoch": "BIGINT", "number": "BIGINT", **of_text}
    columns = ", ".join(f"(data->>'$.{name}')::{kind} AS \"{name}\"" for name, kind in told.items())
    last = "QUALIFY row_number() OVER (PARTITION BY epoch, number ORDER BY id DESC) = 1"
    words = f"SELECT id, utc, {columns} FROM {events} WHERE kind = '{DISPOSITION}'"
    return f"SELECT * EXCLUDE (id) FROM (SELECT * FROM ({words}) {last}) ORDER BY id"
