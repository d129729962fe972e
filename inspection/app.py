"""What people ask of a line, and say of its parts. Rights are checked here, when there are roles to check.

A request is left in the line's state file; the line carries it out between parts and writes it to its events. A
disposition is an event at once, whether the line runs or not.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspection import history
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import leave_request, record_word
from inspection.domain.disposition import EVENT, Disposition, DispositionKind
from inspection.domain.errors import InspectionError, StoreError
from inspection.domain.ports import Request
from inspection.domain.types import MAY_BE_PUT_ASIDE, Cause, VerdictKind
from inspection.wording import unknown_name

_OF_A_PART = ("shadow", "verdict", "outcome", "cause")
_SILENT_AFTER = timedelta(seconds=10)  # a running line says something about twice a second


def acknowledge(data_dir: Path, line: str, alarm: str, by: str) -> None:
    """Ask the line to clear a latched alarm, or one that may be put aside, in a person's name.

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


def dispose(data_dir: Path, line: str, disposition: Disposition) -> None:
    """Record what a person says of a part. A later word on the same part stands in the place of the earlier one, and
    both stay on record.

    Raises InspectionError if nobody is named, if the part is not on record or still on the belt, or if what is said
    does not fit what the machine judged; StoreError as `acknowledge`.
    """
    if not disposition.by.strip():
        raise InspectionError("a disposition is somebody's word: give a name")
    paths = LinePaths(data_dir, line)
    if not paths.state_db.exists():
        raise StoreError(f"line {line} has never run in {data_dir}")
    part, kind = disposition.part, disposition.kind
    row = history.part(data_dir, line, part.epoch, part.number)
    if row is None:
        raise InspectionError(f"line {line} has no part {part} on record; 'inspection log query' finds its number")
    shadow, verdict, outcome, cause = (row[name] if isinstance(row[name], str) else None for name in _OF_A_PART)
    judged = VerdictKind.REJECT if cause == Cause.NOT_THE_PART else shadow or verdict
    if judged is None or outcome is None:
        raise InspectionError(f"part {part} is still on the belt; say so when it is through")
    if judged not in kind.of_verdicts:
        could_be = [each for each in DispositionKind if judged in each.of_verdicts]
        instead = (
            f"it can be {' or '.join(could_be)}" if could_be else "nobody judged it, so there is nothing to correct"
        )
        said = Cause.NOT_THE_PART if cause == Cause.NOT_THE_PART else judged
        raise InspectionError(f"part {part} cannot be {kind}: the machine said {said}; {instead}")
    record_word(paths, EVENT, disposition.text, datetime.now(UTC), disposition.as_data())


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
        waiting = [raised.key for raised in status.alarms if raised.latched or raised.key in MAY_BE_PUT_ASIDE]
        raise InspectionError(f'line {status.line} has no alarm "{alarm}" now; {unknown_name(alarm, waiting)}')
    if not standing[alarm].latched and alarm not in MAY_BE_PUT_ASIDE:
        raise InspectionError(f'the alarm "{alarm}" goes by itself once its cause is gone: {standing[alarm].text}')
    return standing[alarm].text
