"""What the page says of a line: pure functions from status and figures to plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inspection.history import LineStatus

SILENT_AFTER = timedelta(seconds=3)

_CAUSES = {
    "frame-dark": "the picture was too dark",
    "frame-clipped": "the picture was overexposed",
    "frame-frozen": "the camera gave the same picture again",
    "frame-size": "the picture had another size than it should",
    "station-down": "counted while no station was running",
    "store-down": "it could not be written to the log",
    "trigger-lost": "its trigger never arrived",
    "camera-timeout": "the camera gave no picture in time",
    "camera-fault": "the camera's picture could not be used",
    "scorer-fault": "its picture could not be scored",
    "late": "judged too late for the gate",
    "queue-full": "more parts than the line can judge",
    "link-down": "the gate link was lost",
    "interrupted": "the station died before its verdict",
    "fault-latched": "a fault waits for a person to clear it",
    "stopping": "the line was being stopped",
    "monitor": "monitor mode",
}
_OUTCOMES = {
    "PASSED": "Passed the gate",
    "DIVERTED": "Diverted",
    "UNKNOWN": "Where it went is not known",
    "UNCONTROLLED": "Not diverted: no gate",
}
_VERDICTS = {"PASS": "Pass", "REJECT": "Reject", "REVIEW": "Review", "UNJUDGED": "Not judged"}


class Face(StrEnum):
    """How the state looks. Each has its own word, shape and colour in `style.css`."""

    RUNNING = "running"
    STARTING = "starting"
    FAULT = "fault"
    PAUSED = "paused"
    STOPPED = "stopped"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Banner:
    """The state of the line at a glance. `warnings` are word and explanation of what limits it."""

    face: Face
    word: str
    detail: str
    warnings: tuple[tuple[str, str], ...] = ()


def banner(status: LineStatus, now: datetime) -> Banner:
    """What the line says of itself; or, if it has stopped saying anything, that."""
    warnings = []
    if status.gate == "dry":
        warnings.append(("NOT PROTECTED", "No gate: bad parts are recorded, not diverted."))
    if status.monitor:
        warnings.append(("MONITOR", "Verdicts are recorded, not acted on."))
    return Banner(*_state(status, now), tuple(warnings))


def alarms(status: LineStatus, most: int, data_dir_option: str) -> list[tuple[str, str]]:
    """Text and what a person types to clear it (nothing where it goes by itself).

    Those that need a person come first; what the banner says already is left out.
    """
    told = [a for a in sorted(status.alarms, key=lambda a: not a.latched) if a.latched or a.text != status.reason]
    kept = told if len(told) <= most else told[: most - 1]
    clear = f"inspection acknowledge {status.line}"
    listed = [
        (sentence(alarm.text), f"{clear} {alarm.key} --by NAME{data_dir_option}" if alarm.latched else "")
        for alarm in kept
    ]
    return listed if kept is told else [*listed, (f"And {len(told) - most + 1} more alarms.", "")]


def _state(status: LineStatus, now: datetime) -> tuple[Face, str, str]:
    silence = now - status.updated_utc
    if status.state == "stopped":
        return Face.STOPPED, "STOPPED", _reason(status, now)
    if silence > SILENT_AFTER:
        said = f"No word from the station for {duration(silence)}. It may not be running; look at its console."
        return Face.SILENT, "NOT RESPONDING", said
    if silence < -SILENT_AFTER:
        ahead = f"The station's clock is {duration(-silence)} ahead of this one, so its age cannot be told."
        return Face.SILENT, "NOT RESPONDING", ahead
    match status.state:
        case "running":
            return Face.RUNNING, "RUNNING", _reason(status, now)
        case "starting":
            return Face.STARTING, "STARTING", _reason(status, now)
        case "paused":
            return Face.PAUSED, "PAUSED", _reason(status, now)
        case "degraded":
            return Face.FAULT, "FAULT", _reason(status, now)
        case other:
            return Face.FAULT, other.upper(), _reason(status, now)


def _reason(status: LineStatus, now: datetime) -> str:
    return sentence(status.reason) if status.reason else f"Since {local_time(status.since_utc, now)}"


def verdict(kind: str | None) -> str:
    return _VERDICTS.get(kind, kind) if kind else "Being judged"


def outcome(kind: str | None) -> str | None:
    return _OUTCOMES.get(kind, kind) if kind else None


def cause(key: str | None) -> str:
    return _CAUSES.get(key, plain(key)) if key else "the cause was not recorded"


def plain(name: str) -> str:
    """A recipe's name for something, as a person would write it."""
    return name.replace("_", " ").replace("-", " ")


def why(kind: str, description: str | None, margin: float | None, unjudged_cause: str | None) -> tuple[str, ...]:
    """What decided a verdict, in a line or two."""
    if kind == "UNJUDGED":
        return (sentence(cause(unjudged_cause)),)
    if description is None:
        return ()
    named = plain(description)
    return (f"Nearest: {named}" if kind == "PASS" else sentence(named), sentence(over(margin)))


def over(margin: float | None) -> str:
    """Where a score lies against its limit. `margin` in standard deviations of good parts, positive rejects."""
    if margin is None or math.isnan(margin):
        return ""
    how_far = "just " if abs(margin) < 0.5 else "far " if abs(margin) >= 3 else ""
    return f"{how_far}{'over' if margin > 0 else 'under'} its limit, {abs(margin):.1f} σ"


def over_briefly(margin: float | None) -> str:
    """The same of a reject, where there is little room."""
    if margin is None or math.isnan(margin):
        return ""
    return f"{margin:.1f} σ over" if margin < 10 else f"{margin:.0f} σ over"


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def percent(fraction: float | None) -> str:
    """Cut, not rounded: 100 % is said only when nothing was rejected."""
    if fraction is None:
        return "\N{EN DASH}"
    return "100" if fraction >= 1 else f"{math.floor(fraction * 1000 + 1e-9) / 10:.1f}"


def rate(per_minute: float) -> str:
    return f"{per_minute:.1f}" if 0 < per_minute < 10 and per_minute % 1 else f"{per_minute:,.0f}"


def duration(span: timedelta) -> str:
    """Cut, not rounded, to what matters at a glance."""
    seconds = span.total_seconds()
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d"


def local_time(moment: datetime, now: datetime) -> str:
    """Wall time at the station, with its date unless it is today."""
    local = moment.astimezone()
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone().date() else f"{local:%d %b %H:%M:%S}"
