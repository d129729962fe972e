"""A belt encoder that is dead, or counts the wrong way, where parts are tracked by it. Nothing else tells."""

from __future__ import annotations

from inspection.domain.counts import travelled
from inspection.domain.ports import GateEvent, Started, Triggered
from inspection.domain.types import Alarm, PartId
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher

_PARTS = 5


class EncoderWatch(Watcher):
    """Parts that pass the sensor are brought there by the belt: so many without the count going up are a fault."""

    def __init__(self, condition: ConditionKeeper, least_counts: int) -> None:
        """`least_counts`: what two parts that the gate can tell apart are apart."""
        self._condition = condition
        self._least_counts = max(1, least_counts)
        self._from: tuple[PartId, int] | None = None
        self._parts = 0

    def heard(self, event: GateEvent) -> None:
        match event:
            case Started():
                self._from, self._parts = None, 0
            case Triggered(trigger) if trigger.encoder_counts is not None:
                self._take(trigger.part, trigger.encoder_counts)
            case _:
                pass

    def _take(self, part: PartId, counts: int) -> None:
        if self._from is None:
            self._from = part, counts
            return
        since, since_counts = self._from
        way = travelled(since_counts, counts)
        if way >= self._least_counts:
            self._from, self._parts = (part, counts), 0
            return
        self._parts += 1
        if self._parts < _PARTS:
            return
        self._from, self._parts = None, 0
        if way <= -self._least_counts:
            text = (
                f"the belt encoder counts backwards: {way} counts while parts {since} to {part} passed the sensor. "
                "No part is followed to the gate. Swap the encoder's A and B, or look which way the belt runs."
            )
        else:
            text = (
                f"the belt encoder stands still while parts {since} to {part} passed the sensor. No part is followed "
                "to the gate. Check the encoder's coupling and cable; if the belt did stand, the sensor saw things "
                "that are no parts: clean it and fix what moves before it."
            )
        self._condition.raise_alarm(Alarm("encoder", text, latched=True))
