"""What a line's gate controller has, and with it what the station is set up for."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.domain.types import Capability, Reaction
from inspection.judging.reactions import Reactions
from inspection.wire import messages as m

_NOTHING = m.Can(0)


@dataclass(frozen=True, slots=True)
class Gear:
    """`has`: what the controller says that it has, and has. `encoder`: parts are tracked by the belt encoder.
    `challenge`: nothing passes until a challenge run has passed.
    """

    has: m.Can = _NOTHING
    encoder: bool = False
    challenge: bool = False

    def __or__(self, other: Gear) -> Gear:
        return Gear(self.has | other.has, self.encoder or other.encoder, self.challenge or other.challenge)

    def serves(self, other: Gear) -> bool:
        """It has all that the other one has."""
        return self | other == self

    @property
    def has_permit(self) -> bool:
        return bool(self.has & m.Can.PERMIT)

    @property
    def has_lane(self) -> bool:
        return bool(self.has & m.Can.REVIEW)

    @property
    def reactions(self) -> Reactions:
        """As of a line's file that says nothing of them."""
        if not self.has_permit:
            return Reactions()
        return Reactions(ejection_unconfirmed=Reaction.STOP, bin_full=Reaction.STOP, air_low=Reaction.STOP)

    @property
    def demands(self) -> dict[Capability, str]:
        permit = {Capability.RUN_PERMIT: "gate.run_permit_output: true"} if self.has_permit else {}
        return permit | ({Capability.REVIEW_LANE: "review.lane: true"} if self.has_lane else {})


NO_GEAR = Gear()
