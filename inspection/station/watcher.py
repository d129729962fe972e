"""Who else has a say on the part path: closed loop, pause, challenge run, the count that must reconcile."""

from __future__ import annotations

from collections.abc import Sequence

from inspection.domain.ports import Attached, GateEvent
from inspection.domain.types import Cause, Decision, PartId
from inspection.station.examiner import Examined


class Watcher:
    """Is told what happens on the part path, in its thread and in its order, and may keep parts from passing.

    Every method here does nothing. None of them raises, and none waits for anything.
    """

    def attached(self, attached: Attached) -> str | None:
        """A controller waits for an epoch: why it must not have one; None if it may."""
        return None

    def heard(self, event: GateEvent) -> None:
        """The gate said something that the part path has dealt with."""

    def examined(self, parts: Sequence[Examined]) -> None:
        """These parts were judged; their verdicts are about to be journaled."""

    def sent(self, part: PartId, decision: Decision) -> None:
        """The gate was told so."""

    def missed(self, part: PartId) -> None:
        """Its PASS is on record and was not sent: it took too long to write."""

    def bar(self, part: PartId) -> Cause | None:
        """Why this part must not pass; None if nothing is known against it.

        Asked before a verdict is made, before a PASS is sent, and each round for every part whose PASS can still be
        taken back: what is barred once stays diverted.
        """
        return None

    def rounded(self) -> None:
        """The part path has gone round once."""
