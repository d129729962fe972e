"""`gate.kind: relay` and `trigger.kind: line_input`: a USB relay board that the station itself times."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from inspection.config.fields import Strict, limits, note, refuse
from inspection.config.ports import is_port
from inspection.config.reactions import ReactionsConfig
from inspection.config.way import DelayMs, DistanceMm, MinGapMs, speed, way_ms

_STAYS_ON = "a relay that stays on after the station died would let everything through"
_DEVICE = "/dev/…"


def _own_port(value: Any) -> Any:
    """A port of this machine: the station times the relay, and a network adds delays that nothing bounds."""
    if isinstance(value, str) and not (value.startswith("/dev/") and is_port(value)):
        refuse(
            f'"{value}" is not a serial port of this machine; allowed {_DEVICE}: the station fires the relay at the '
            "due moment, and over a network nobody knows when; see what there is with 'inspection doctor'"
        )
    return value


def _one_shot(value: Any) -> Any:
    if value is False:
        refuse(
            f"false is refused: {_STAYS_ON}; wire a hardware one-shot between relay and gate that makes one opening of "
            "each energising, and write one_shot: true, or use a gate controller (kind: serial or modbus)"
        )
    return value


def _diverts(value: Any) -> Any:
    if value == "pass":
        refuse(
            '"pass" is refused: a relay has no watchdog, and without power every part would go through unjudged; use a '
            "gate that diverts when it is de-energised, or a gate controller with a run permit (kind: serial or modbus)"
        )
    return value


def _by_time(value: Any) -> Any:
    if value == "encoder":
        refuse(
            '"encoder" is refused: a relay board has no input for one, and the station times the gate; write time, or '
            "use a gate controller (kind: serial)"
        )
    return value


NOT_OF_A_RELAY = {
    **dict.fromkeys(("ejection_unconfirmed", "eject_on_pass"), "eject sensor"),
    **dict.fromkeys(("part_not_seen", "stranger_at_gate"), "part sensor at the gate"),
    "closed_on_part": "belt encoder",
    **dict.fromkeys(("bin_full", "air_low", "emergency_stop", "guard_open"), "inputs"),
}
"""Reactions to what a relay board cannot tell, and what it lacks."""


class RelayGateConfig(Strict):
    """A plain USB relay board. A hardware one-shot behind it makes one opening of each energising."""

    kind: Literal["relay"]
    url: Annotated[str, BeforeValidator(_own_port), note("where the relay board is", _DEVICE)]
    baud: Annotated[Literal[9600, 19200, 38400, 57600, 115200], note("of the board")] = 9600
    channel: Annotated[int, limits(1, 8, "the relay on the board", "all others are switched off too")] = 1
    one_shot: Annotated[
        bool,
        BeforeValidator(_one_shot),
        note("true: a hardware one-shot ends each opening, however long the relay stays on; without it " + _STAYS_ON),
    ]
    one_shot_ms: Annotated[float, limits(10, 5_000, "ms", "how long the one-shot holds the gate open for one part")]
    hold_ms: Annotated[float, limits(5, 1_000, "ms", "how long the relay is energised; shorter than one_shot_ms")] = 20
    late_ms: Annotated[
        float, limits(1, 100, "ms", "a part whose firing would come later than this after its moment is diverted")
    ] = 5
    distance_mm: DistanceMm = None
    belt_mm_per_s: Annotated[float | None, speed("the belt's speed")] = None
    delay_ms: DelayMs = None
    margin_ms: Annotated[
        float, limits(1, 10_000, "ms", "a PASS must be there this long before the part is at the gate")
    ] = 20
    watchdog_ms: Annotated[
        int, limits(50, 5_000, "ms", "after this long without progress of the part path its PASSes are dropped")
    ] = 500
    min_gap_ms: MinGapMs
    tracking: Annotated[Literal["time"], BeforeValidator(_by_time), note("a relay is fired by time")] = "time"
    without_power: Annotated[
        Literal["divert"], BeforeValidator(_diverts), note("what the gate does when it is de-energised")
    ]
    reactions: ReactionsConfig = ReactionsConfig()

    @property
    def travel_ms(self) -> float:
        """From the part sensor to the gate."""
        travel_ms = way_ms(self.distance_mm, self.belt_mm_per_s, self.delay_ms)
        assert travel_ms is not None, "see inspection.config.gate_rules"
        return travel_ms


class LineInputTriggerConfig(Strict):
    """Parts are counted by a light barrier on a control line of a serial port."""

    kind: Literal["line_input"]
    port: Annotated[str, BeforeValidator(_own_port), note("the adapter; the relay's own one may be it", _DEVICE)]
    line: Annotated[Literal["cts", "dsr", "dcd", "ri"], note("the control line that the light barrier is wired to")]
    active: Annotated[Literal["high", "low"], note("how the line is while a part is in the light barrier")] = "high"
    debounce_ms: Annotated[
        float, limits(0, 50, "ms", "after each change the line must be quiet this long before another part counts")
    ] = 2
