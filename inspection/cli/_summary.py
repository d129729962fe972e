"""What a demo run came to: the log held against what really happened at the virtual gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Latency:
    """Trigger to acknowledgement, milliseconds; None if no part was acknowledged."""

    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """`escapes`: defective parts that passed; `overkill`: good parts that were diverted. Both count parts, and
    `distinct_pictures` says how many different pictures they were shown from."""

    parts: int
    triggers: int
    records: int
    passed: int
    rejected: int
    review: int
    unjudged: int
    diverted: int
    unknown: int
    escapes: int
    overkill: int
    distinct_pictures: int
    parts_per_s: float
    latency_ms: Latency

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def summarise(parts: pd.DataFrame, *, asked: int, triggers: int) -> Summary:
    """From the rows of a run. `source` must begin with the part's label, `good` or a defect's name."""
    import pandas as pd

    label_is_good = parts["source"].str.startswith("good/") == True  # noqa: E712  (missing sources are not good)
    is_labelled = parts["source"].notna()
    passed = parts["outcome"] == "PASSED"
    diverted = parts["outcome"] == "DIVERTED"
    span_s = (parts["verdict_utc"].max() - parts["trigger_utc"].min()).total_seconds() if len(parts) else 0.0
    ack_ms = parts["ack_ms"].dropna()

    def quantile(share: float) -> float | None:
        return round(float(ack_ms.quantile(share)), 2) if len(ack_ms) else None

    return Summary(
        parts=asked,
        triggers=triggers,
        records=len(parts),
        passed=int(passed.sum()),
        rejected=int((parts["verdict"] == "REJECT").sum()),
        review=int((parts["verdict"] == "REVIEW").sum()),
        unjudged=int((parts["verdict"] == "UNJUDGED").sum()),
        diverted=int(diverted.sum()),
        unknown=int((parts["outcome"] == "UNKNOWN").sum() + parts["outcome"].isna().sum()),
        escapes=int((is_labelled & ~label_is_good & passed).sum()),
        overkill=int((label_is_good & diverted).sum()),
        distinct_pictures=int(parts["source"].nunique()),
        parts_per_s=round(len(parts) / span_s, 2) if span_s > 0 and pd.notna(span_s) else 0.0,
        latency_ms=Latency(quantile(0.5), quantile(0.95), quantile(0.99), quantile(1.0)),
    )
