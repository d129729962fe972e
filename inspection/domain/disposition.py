"""What a person says of a part afterwards. It stands beside the machine's verdict, never in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # help names the words, and comes at once
    from inspection.domain.types import PartId, VerdictKind

EVENT = "disposition"  # the kind of its events


class DispositionKind(StrEnum):
    """The trade's three words for a verdict that somebody looked into."""

    CONFIRMED_DEFECT = "confirmed-defect"  # it was rejected, to be reviewed or not the part, and it is bad, or none
    FALSE_REJECT = "false-reject"  # it was rejected, to be reviewed or not the part, and it is good
    ESCAPE = "escape"  # it was passed, and it is bad

    @property
    def of_verdicts(self) -> frozenset[VerdictKind]:
        """What the machine must have said."""
        from inspection.domain.types import VerdictKind

        if self is DispositionKind.ESCAPE:
            return frozenset({VerdictKind.PASS})
        return frozenset({VerdictKind.REJECT, VerdictKind.REVIEW})


@dataclass(frozen=True, slots=True)
class Disposition:
    """`defect`: what is wrong with it, a description's name or other words; `by`: who says so.

    Words of people are kept on one line, with single spaces.
    """

    part: PartId
    kind: DispositionKind
    by: str
    reason: str | None = None
    defect: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", " ".join(self.by.split()))
        for name in ("reason", "defect"):
            object.__setattr__(self, name, " ".join((getattr(self, name) or "").split()) or None)

    @property
    def text(self) -> str:
        """For the event log."""
        what = f" ({self.defect})" if self.defect else ""
        return f"part {self.part} by {self.by}: {self.kind}{what}" + (f": {self.reason}" if self.reason else "")

    def as_data(self) -> Mapping[str, object]:
        """For the event's data."""
        return {
            "epoch": self.part.epoch,
            "number": self.part.number,
            "disposition": self.kind,
            "defect": self.defect,
            "reason": self.reason,
            "by": self.by,
        }
