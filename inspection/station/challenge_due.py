"""Whether a challenge run is due, and why: what must be known of the last one so that the line may produce."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.domain.types import PartContext
from inspection.station.challenge_run import GoldenPart

_CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ChallengePlan:
    """What a line's configuration says of challenge runs. `settings`: what else a run must be repeated for, by name.

    `counts_since`: a run that began before that does not count any more at this time; None: age makes none due.
    """

    parts: tuple[GoldenPart, ...]
    required: bool
    every: str
    settings: Mapping[str, str]
    timeout_s: float
    counts_since: Callable[[datetime], datetime | None]

    def fingerprint(self, context: PartContext) -> dict[str, str]:
        """What a run proves something about. It is due again when any of this is another."""
        return {
            "recipe": f"{context.recipe} {context.recipe_id}",
            "calibration": context.calibration_id or "none",
            "model": context.model_id,
            "program": context.code_version,
            **self.settings,
        }


def why_due(
    plan: ChallengePlan, last: Mapping[str, object] | None, fingerprint: Mapping[str, str], utc: datetime
) -> str | None:
    """`last`: the newest run on record, as `Run.as_data` has it. None if that one still counts."""
    if last is None:
        return "there was none yet"
    told = f"run {last['run']} of {last['by']}"
    if last["result"] != "passed":
        return f"{told} {'failed' if last['result'] == 'failed' else 'was not finished'}"
    before = last["fingerprint"]
    assert isinstance(before, Mapping)
    changed = [name for name in {**before, **fingerprint} if before.get(name) != fingerprint.get(name)]
    if changed:
        return f"since {told} changed: {', '.join(changed)}"
    began_utc = datetime.fromisoformat(str(last["began_utc"]))
    if began_utc > utc + _CLOCK_SLACK:
        return f"{told} was at {began_utc:%Y-%m-%d %H:%M} UTC, which is still to come: the clock was set back"
    since_utc = plan.counts_since(utc)
    if since_utc is not None and began_utc < since_utc:
        how_long = "it has run out" if plan.every == "hours" else f"one is due every {plan.every}"
        return f"{told} was at {began_utc:%Y-%m-%d %H:%M} UTC, and {how_long}"
    return None
