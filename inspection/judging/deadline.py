"""When a part is at the gate, and when a PASS for it must be on the wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Travel:
    """Sensor to gate. `margin_ns`: how long before the part a PASS must be there.

    `travel_counts`: the controller tracks parts by the belt encoder, and a part is at the gate after so many counts;
    `travel_ns` is the least that they can take, with the belt at its fastest. So many `sight_counts` further the
    sensors at the gate and in its bin may still see it: its outcome waits for that.
    """

    travel_ns: int
    margin_ns: int
    travel_counts: int = 0
    sight_counts: int = 0

    @property
    def purge_ns(self) -> int:
        """How long after the first part of a belt that begins to move parts may still come late to the gate."""
        return 0 if self.travel_counts else self.travel_ns

    def gate_ns(self, trigger_ns: int) -> int:
        return trigger_ns + self.travel_ns

    def deadline_ns(self, trigger_ns: int) -> int:
        return trigger_ns + self.travel_ns - self.margin_ns
