"""What the page says of a line: pure functions from status and figures to plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inspection.history import AlarmStatus, LineStatus, Timing
from inspection.wording import VERDICTS

SILENT_AFTER = timedelta(seconds=3)
NOTHING = "\N{EN DASH}"

_CAUSES = {
    "frame-dark": "the picture was too dark",
    "frame-clipped": "the picture was overexposed",
    "frame-frozen": "the camera gave the same picture again",
    "frame-size": "the picture had another size than it should",
    "frame-misaligned": "the part did not lie where it should",
    "not-the-part": "no part, or another one, was on the picture",
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
    "held": "something stood against it (emergency stop, guard, part sensor), or the belt was purged after that",
    "challenge-due": "a challenge run must pass first",
    "paused": "the line was paused",
    "stopping": "the line was being stopped",
    "monitor": "monitor mode",
}
_TODO = {
    "gate-link": "Check the gate controller's power and its cable. It goes by itself when the controller answers.",
    "camera": "Check light, lens and the camera's cable. It goes by itself with the next usable picture.",
    "part-sensor": "Call maintenance: the folder that pictures land in must be there. It goes by itself when it is.",
    "evidence": "Slow the line down, or call maintenance: the disk is too slow or full.",
    "acks": "Call maintenance: the gate controller does not answer. It goes by itself when it does.",
    "disk-full": "Call maintenance: files must be moved away. It goes by itself when there is room.",
    "disk-low": "Call maintenance: files must be moved away before the disk is full.",
    "stores-hang": "Call maintenance: a disk may hang.",
    "log-compaction": "Tell maintenance when there is time: the log gets slower to read, and nothing is lost.",
    "memory": "Call maintenance: another program takes the memory, or the station must be restarted.",
    "clock": "Tell the quality team. It goes by itself in ten minutes.",
    "no-part": "Are parts on the belt? If so, check the part sensor. It goes by itself with the next part.",
    "stores": "Call maintenance: the disk is full, or cannot be written.",
    "store-down": "Call maintenance: the disk is full, or cannot be written. No part counts as good until it can.",
    "emergency-stop": "Make the line safe, then release the button. It goes by itself.",
    "guard-open": "Close the guard. It goes by itself.",
    "calibration": "Call the engineer: the line needs a calibration.",
    "drift": "Call the engineer: light, camera or parts have changed. If that is known, type",
    "challenge-due": "Stop the infeed, lay the golden parts ready, and type",
    "challenge-advised": "When the belt can be empty for it, type",
}
_MEANWHILE = {"alarm": "Good parts still pass. ", "stop": "The line may not run until then. "}
_COMMANDS = {
    **dict.fromkeys(("challenge-due", "challenge-advised"), "challenge {line} --by NAME"),
    "drift": "acknowledge {line} drift --by NAME",
}
_OUTCOMES = {
    "PASSED": "Passed the gate",
    "DIVERTED": "Diverted",
    "UNKNOWN": "Where it went is not known",
    "UNCONTROLLED": "Not diverted: no gate",
}


class Face(StrEnum):
    """How the state looks. Each has its own word, shape and colour in `style.css`."""

    RUNNING = "running"
    STARTING = "starting"
    FAULT = "fault"
    PAUSED = "paused"
    STOPPING = "stopping"
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
        diverted = "" if status.gate == "dry" else " Every part is diverted."
        warnings.append(("MONITOR", f"Verdicts are recorded, not acted on.{diverted}"))
    return Banner(*_state(status, now), tuple(warnings))


@dataclass(frozen=True, slots=True)
class Task:
    """An alarm as something to do. `command`: what a named person types when it is put right, if it takes one."""

    text: str
    todo: str = ""
    command: str = ""


def alarms(status: LineStatus, most: int, data_dir_option: str) -> list[Task]:
    """Those that need a person come first; what the banner says already is not said again."""
    in_order = sorted(status.alarms, key=lambda alarm: not alarm.latched)
    told = [(alarm.key, _task(status, alarm, data_dir_option)) for alarm in in_order]
    if status.paused is not None and status.state != "stopped":
        told.insert(0, (status.state, _resume(status, status.paused, data_dir_option)))
    told = [(key, task) for key, task in told if task.text or task.todo]
    shown, rest = (told, []) if len(told) <= most else (told[: most - 1], told[most - 1 :])
    more = [Task(f"And {len(rest)} more: {', '.join(plain(key) for key, _ in rest)}.")] if rest else []
    return [task for _, task in shown] + more


def _task(status: LineStatus, alarm: AlarmStatus, data_dir_option: str) -> Task:
    text = "" if alarm.text == status.reason else sentence(alarm.text)
    if not alarm.latched:
        asks = _COMMANDS.get(alarm.key)
        command = f"inspection {asks.format(line=status.line)}{data_dir_option}" if asks else ""
        return Task(text, _TODO.get(alarm.key, ""), command)
    command = f"inspection acknowledge {status.line} {alarm.key} --by NAME{data_dir_option}"
    return Task(text, f"{_MEANWHILE.get(alarm.reaction or '', '')}When it is put right, type", command)


def _resume(status: LineStatus, paused: str, data_dir_option: str) -> Task:
    command = f"inspection resume {status.line} --by NAME{data_dir_option}"
    return Task("" if status.reason == paused else sentence(paused), "To let it go on, type", command)


_STAGES = {
    "capture": "Capture: picture taken",
    "score": "Score: pictures rated",
    "decide": "Decide: verdict on record and sent",
    "link": "Link: acknowledged by the gate",
    "whole": "Whole: from the part sensor until sent",
}
_MISSES = {"late": "judged too late", "not_sent": "recorded too late to be sent", "refused": "too late at the gate"}


def timing(timing: Timing) -> tuple[list[tuple[str, ...]], str]:
    """Rows of a table of times, its heading first, and what is told below it."""
    rows: list[tuple[str, ...]] = [("", "50 %", "95 %", "99 %", "longest")]
    for stage, name in _STAGES.items():
        times = timing.stages.get(stage)
        cells = [NOTHING] * 4 if times is None else [f"{times[key]:,.1f}" for key in ("p50", "p95", "p99", "max")]
        rows.append((name, *cells))
    missed = " · ".join(f"{count:,} {_MISSES.get(key, plain(key))}" for key, count in timing.misses.items() if count)
    return rows, f"A part has {timing.budget_ms:,.0f} ms. Too late since the start: {missed or 'none'}"


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
        case "stopping":
            return Face.STOPPING, "STOPPING", _reason(status, now)
        case "degraded":
            return Face.FAULT, "FAULT", _reason(status, now)
        case other:
            return Face.FAULT, other.upper(), _reason(status, now)


def _reason(status: LineStatus, now: datetime) -> str:
    return sentence(status.reason) if status.reason else f"Since {local_time(status.since_utc, now, zone(status))}"


def verdict(kind: str | None) -> str:
    return VERDICTS.get(kind, kind) if kind else "Being judged"


def shadow(kind: str) -> str:
    """A verdict of monitor mode, which nobody acted on."""
    return "Would not be judged" if kind == "UNJUDGED" else f"Would {verdict(kind).lower().removeprefix('to ')}"


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
    """The same, where there is little room."""
    if margin is None or math.isnan(margin):
        return ""
    far = abs(margin)
    return f"{far:.1f} σ {'over' if margin > 0 else 'under'}" if far < 10 else f"{far:.0f} σ over"


def causes(counted: Iterable[tuple[str, int]], most: int) -> str:
    """Why parts went unjudged, most first, in a line."""
    listed = [f"{number:,}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{cause(key)}" for key, number in counted]
    rest = [] if len(listed) <= most else [f"{len(listed) - most} more causes"]
    return " · ".join(listed[:most] + rest)


def not_judged(counted: Iterable[tuple[str, int]], without_shadow: int, most: int) -> str:
    """The same, and before it the parts of monitor mode that have no verdict either."""
    told = f"{without_shadow:,} without a shadow verdict" if without_shadow else ""
    return " · ".join(filter(None, (told, causes(counted, most))))


def shift(status: LineStatus | None, now: datetime) -> tuple[str, str]:
    """The time that "this shift" stands for: its name, and since when. Without shifts it is today."""
    if status is None or status.shift is None or status.shift_since_utc is None:
        return "Today", "since midnight"
    local = status.shift_since_utc.astimezone(zone(status))
    at = f"{local:%H:%M}" if now - status.shift_since_utc < timedelta(days=1) else f"{local:%d %b %H:%M}"
    return f"Shift {status.shift}", f"since {at}"


def sentence(text: str) -> str:
    """Text of several lines runs on in one."""
    told = "; ".join(line.strip(" -") for line in text.splitlines() if line.strip()).replace(":; ", ": ")
    return told[:1].upper() + told[1:]


def percent(fraction: float | None) -> str:
    """Cut, not rounded: 100 % is said only when nothing was rejected."""
    if fraction is None:
        return NOTHING
    return "100" if fraction >= 1 else f"{math.floor(fraction * 1000 + 1e-9) / 10:.1f}"


def rate(per_minute: float) -> str:
    return f"{per_minute:.1f}" if 0 < per_minute < 10 and per_minute % 1 else f"{per_minute:,.0f}"


def share(number: int, of: int) -> str:
    """Rounded up to a tenth of a percent: nothing is told as 0 % that is there."""
    return f"{math.ceil(number * 1000 / of - 1e-9) / 10:.1f} %" if of else NOTHING


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


def zone(status: LineStatus | None) -> ZoneInfo | None:
    """The line's timezone; None stands for this machine's, where the line did not say one that is known here."""
    if status is None or status.timezone is None:
        return None
    try:
        return ZoneInfo(status.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_time(moment: datetime, now: datetime, zone: ZoneInfo | None) -> str:
    """Wall time at the line, with its date unless it is today."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone(zone).date() else f"{local:%d %b %H:%M:%S}"
