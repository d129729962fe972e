"""Whether passed parts are still like those of the calibration: the key `drift` of a line's file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from inspection.config.fields import Strict, limits, note
from inspection.config.problems import KeyPath, Source, child
from inspection.config.reactions import ReactionName

_DAY_MINUTES = 24 * 60
_CHECKS = (20, 10_000)
"""In so many checks one may be a false alarm: fewer would tell every other day, and for more a window would take a
million orders by chance."""


class DriftConfig(Strict):
    """How passed parts are held against the good parts of the calibration."""

    watch: Annotated[bool, note("false: what has moved is not looked for")] = True
    window_parts: Annotated[int, limits(20, 1000, "parts", "so many passed parts are compared at once")] = 300
    window_minutes: Annotated[
        float, limits(1, 10_080, "min", "they are taken evenly over at least so long, longer on a slow line")
    ] = 60
    false_alarm_days: Annotated[
        float, limits(1, 3650, "days", "where nothing has moved, on average at most one warning in so long")
    ] = 30
    reaction: Annotated[ReactionName, note("what is done about it")] = "alarm"

    @property
    def error(self) -> float:
        """How likely one check may tell of something where nothing has moved."""
        return self.window_minutes / (self.false_alarm_days * _DAY_MINUTES)


def drift_findings(source: Source) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong between the settings of drift."""
    drift = source.data.get("drift")
    days, minutes = (
        child(drift, key) if child(drift, key) is not None else DriftConfig.model_fields[key].default
        for key in ("false_alarm_days", "window_minutes")
    )
    if not all(isinstance(value, int | float) and value > 0 for value in (days, minutes)):
        return
    checks = days * _DAY_MINUTES / minutes
    if not _CHECKS[0] <= checks <= _CHECKS[1]:
        low, high = (minutes * count / _DAY_MINUTES for count in _CHECKS)
        told = f"{days:g} is one false alarm in {checks:,.0f} windows of {minutes:g} min"
        yield ("drift", "false_alarm_days"), f"{told}; write {low:.3g} to {high:.3g} (days), or other window_minutes"
