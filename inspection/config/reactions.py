"""`gate.reactions`: what the line does about what it sees at the gate."""

from __future__ import annotations

from typing import Annotated, Literal

from inspection.config.fields import Strict, limits, note

ReactionName = Literal["alarm", "divert", "stop"]
HoldName = Literal["divert", "stop"]

_BY_PERMIT = "stop where there is a run permit, else divert"


class ConsecutiveRejectsConfig(Strict):
    """So many rejects in a row are a process that went wrong, or a station that judges wrongly."""

    count: Annotated[int, limits(0, 10_000, "parts", "so many rejects in a row; 0: any number may come")] = 10
    reaction: Annotated[ReactionName, note("what is done about it")] = "alarm"


class RejectRateConfig(Strict):
    """A share of rejects that is too much, among the last parts that were judged."""

    percent: Annotated[float, limits(0, 100, "%", "more rejects than this are too many")] = 50
    over_parts: Annotated[int, limits(0, 100_000, "parts", "the share of the last so many; 0: any share may come")] = (
        200
    )
    reaction: Annotated[ReactionName, note("what is done about it")] = "alarm"


class ReactionsConfig(Strict):
    """alarm: tell; divert: everything diverts as well; stop: and the run permit is taken away."""

    ejection_unconfirmed: Annotated[
        ReactionName | None, note(f"diverted, and the eject sensor saw nothing; {_BY_PERMIT}")
    ] = None
    eject_on_pass: Annotated[ReactionName, note("passed, and the eject sensor saw something go out")] = "divert"
    part_not_seen: Annotated[
        ReactionName, note("the part sensor at the gate did not see a part that was due: slipped, or taken off")
    ] = "divert"
    stranger_at_gate: Annotated[
        ReactionName, note("the part sensor at the gate saw a part that has no number: slipped, or put on by hand")
    ] = "divert"
    closed_on_part: Annotated[
        ReactionName, note("the gate closed on a part that passes: the belt stood too long, or its encoder died")
    ] = "alarm"
    consecutive_rejects: ConsecutiveRejectsConfig = ConsecutiveRejectsConfig()
    reject_rate: RejectRateConfig = RejectRateConfig()
    bin_full: Annotated[ReactionName | None, note(f"the bin for rejects is full; {_BY_PERMIT}")] = None
    air_low: Annotated[ReactionName | None, note(f"too little air for the actuator; {_BY_PERMIT}")] = None
    emergency_stop: Annotated[HoldName, note("while it is pressed; it stops the machine by its own wires")] = "divert"
    guard_open: Annotated[HoldName, note("while one is open; it stops the machine by its own wires")] = "divert"

    def settled(self, key: str, *, run_permit: bool) -> str:
        """The reaction to `key`, also where it is not written down."""
        value = getattr(self, key)
        if value is None:
            return "stop" if run_permit else "divert"
        return str(getattr(value, "reaction", value))


REACTION_KEYS = tuple(ReactionsConfig.model_fields)
