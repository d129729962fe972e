"""Which images and embeddings of parts are kept, and for how long: the key `evidence` of a line's file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from inspection.config.fields import Strict, limits, note
from inspection.config.problems import KeyPath, Source, child

_DAYS = Annotated[
    float | None, limits(1, 36_500, "days", "how long images of such parts are kept; for ever if left out")
]


class KeepDaysConfig(Strict):
    """How long images are kept, by verdict."""

    passed: _DAYS = None
    unjudged: _DAYS = None
    review: _DAYS = None
    reject: _DAYS = None


class EmbeddingsConfig(Strict):
    """Of which parts the embedding is kept, and how long. `share`: of those whose picture is always kept, and of a
    share of the others."""

    keep: Annotated[Literal["all", "share", "none"], note("of which parts")] = "share"
    passed_share: Annotated[float, limits(0, 1, "", "the share of passed parts whose embedding is kept")] = 0.1
    keep_days: Annotated[float, limits(1, 36_500, "days", "how long embeddings are kept")] = 30
    max_gb: Annotated[float, limits(0.1, 1_000_000, "GB", "the line's embeddings together")] = 5


class EvidenceConfig(Strict):
    """Which pictures are kept besides those of rejected parts, and how long."""

    passed_share: Annotated[float, limits(0, 1, "", "the share of passed parts whose picture is kept")] = 0.05
    near_margin: Annotated[
        float, limits(0, 100, "standard deviations", "passed parts this near to a threshold are kept too")
    ] = 0.5
    keep_days: KeepDaysConfig = KeepDaysConfig()
    max_gb: Annotated[float | None, limits(0.001, 1_000_000, "GB", "the line's images together; any if left out")] = (
        None
    )
    floor_gb: Annotated[
        float, limits(0, 1_000_000, "GB", "so much of the images is left when the disk is nearly full")
    ] = 1.0
    embeddings: EmbeddingsConfig = EmbeddingsConfig()


def evidence_findings(source: Source) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong between the settings of the evidence."""
    evidence = source.data.get("evidence")
    floor_gb, max_gb = child(evidence, "floor_gb"), child(evidence, "max_gb")
    if floor_gb is None:
        floor_gb = EvidenceConfig.model_fields["floor_gb"].default
    if isinstance(floor_gb, int | float) and isinstance(max_gb, int | float) and 0 < max_gb < floor_gb:
        text = f"{floor_gb:g} is more than max_gb, {max_gb:g}: a full disk would take none; write less, or raise max_gb"
        yield ("evidence", "floor_gb"), text
    embeddings = child(evidence, "embeddings")
    keep = child(embeddings, "keep")
    if keep in ("all", "none") and child(embeddings, "passed_share") is not None:
        yield (
            ("evidence", "embeddings", "passed_share"),
            f"is of no use with keep: {keep}; remove it, or write keep: share",
        )
