"""When a part is at the gate, and when a PASS for it must be on the wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Travel:
    """Sensor to gate, by time. `margin_ns`: how long before the part a PASS must be there."""

    travel_ns: int
    margin_ns: int

    def gate_ns(self, trigger_ns: int) -> int:
        return trigger_ns + self.travel_ns

    def deadline_ns(self, trigger_ns: int) -> int:
        return trigger_ns + self.travel_ns - self.margin_ns
