"""Requests of people to a running line. Rights are checked here, when there are roles to check.

A request is left in the line's state file; the line carries it out between parts and writes it to its events.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspection import history
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import leave_request
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Request
from inspection.wording import unknown_name

_SILENT_AFTER = timedelta(seconds=10)  # a running line says something about twice a second


def acknowledge(data_dir: Path, line: str, alarm: str, by: str) -> None:
    """Ask the line to clear a latched alarm, in a person's name.

    Raises InspectionError if the name is empty, if the line does not run or if no such alarm waits for a person;
    StoreError if the line never ran in this data directory.
    """
    if not by.strip():
        raise InspectionError("an alarm is acknowledged by a named person: give a name")
    now = datetime.now(UTC)
    paths = LinePaths(data_dir, line)
    status = history.status(data_dir, line)
    if status is None and paths.state_db.exists():
        raise InspectionError(f"line {line} does not run yet; wait until it does, then acknowledge what it shows")
    seen = _seen(status, alarm, now) if status is not None else None
    leave_request(paths, Request("acknowledge", alarm, by.strip(), seen), now)


def challenge(data_dir: Path, line: str, by: str) -> str:
    """Ask the line for a challenge run, in a person's name. The word by which the line's status tells of it.

    Raises InspectionError if the name is empty, or if the line does not run or has no challenge; StoreError as
    `acknowledge`.
    """
    if not by.strip():
        raise InspectionError("a challenge run is made by a named person: give a name with --by")
    now = datetime.now(UTC)
    status = history.status(data_dir, line)
    if status is None or status.state == "stopped" or now - status.updated_utc > _SILENT_AFTER:
        raise InspectionError(f"line {line} does not run; start it with 'inspection run {line}', then send the parts")
    if status.challenge is None:
        why = (
            "it is in monitor mode, where nothing passes"
            if status.monitor
            else "its configuration has none: write challenge: in the line's file"
        )
        raise InspectionError(f"line {line} has no challenge runs: {why}")
    word = secrets.token_hex(8)
    leave_request(LinePaths(data_dir, line), Request("challenge", word, by.strip()), now)
    return word


def abort_challenge(data_dir: Path, line: str, word: str, by: str) -> None:
    """Ask the line to end the run that `challenge` gave this word. Raises StoreError as `acknowledge`."""
    leave_request(LinePaths(data_dir, line), Request("challenge-abort", word, by.strip()), datetime.now(UTC))


def pause(data_dir: Path, line: str, by: str, reason: str = "") -> None:
    """Ask the line to let nothing pass until somebody resumes it, in a person's name.

    Raises InspectionError if the name is empty or if the line does not run; StoreError as `acknowledge`.
    """
    if not by.strip():
        raise InspectionError("a line is paused by a named person: give a name")
    now = datetime.now(UTC)
    status = history.status(data_dir, line)
    if status is not None and not is_running(status, now):
        raise InspectionError(f"line {line} does not run ({_last_word(status)}): nothing passes there as it is")
    leave_request(LinePaths(data_dir, line), Request("pause", " ".join(reason.split()), by.strip()), now)


def resume(data_dir: Path, line: str, by: str) -> None:
    """Ask the line to go on after a pause, in a person's name.

    Raises InspectionError if the name is empty, or if the line does not run or is not paused; StoreError as
    `acknowledge`.
    """
    if not by.strip():
        raise InspectionError("a line is resumed by a named person: give a name")
    now = datetime.now(UTC)
    status = history.status(data_dir, line)
    if status is not None and not is_running(status, now):
        raise InspectionError(f"line {line} does not run ({_last_word(status)}); start it, then resume it")
    if status is not None and status.paused is None:
        raise InspectionError(f"line {line} is not paused: it is {status.state}")
    seen = status.paused if status is not None else None
    leave_request(LinePaths(data_dir, line), Request("resume", "", by.strip(), seen), now)


def is_running(status: history.LineStatus, now: datetime) -> bool:
    """Whether the line has said something of late, and not that it has stopped."""
    return status.state != "stopped" and now - status.updated_utc <= _SILENT_AFTER


def _last_word(status: history.LineStatus) -> str:
    return f"its last word is of {status.updated_utc:%Y-%m-%d %H:%M:%S} UTC"


def _seen(status: history.LineStatus, alarm: str, now: datetime) -> str:
    """The alarm's text. A request left for a line that does not run could clear what nobody has looked at yet."""
    if not is_running(status, now):
        said = _last_word(status)
        raise InspectionError(f"line {status.line} does not run ({said}); start it, then acknowledge what it shows")
    standing = {raised.key: raised for raised in status.alarms}
    if alarm not in standing:
        waiting = [raised.key for raised in status.alarms if raised.latched]
        raise InspectionError(f'line {status.line} has no alarm "{alarm}" now; {unknown_name(alarm, waiting)}')
    if not standing[alarm].latched:
        raise InspectionError(f'the alarm "{alarm}" goes by itself once its cause is gone: {standing[alarm].text}')
    return standing[alarm].text
