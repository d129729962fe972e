"""Requests of people to a running line. Rights are checked here, when there are roles to check.

A request is left in the line's state file; the line carries it out between parts and writes it to its events.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import leave_request
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Request


def acknowledge(data_dir: Path, line: str, alarm: str, by: str) -> None:
    """Clear a latched alarm, in a person's name. Raises InspectionError if the name is empty, StoreError if the
    line never ran in this data directory."""
    if not by.strip():
        raise InspectionError("an alarm is acknowledged by a named person: give a name")
    leave_request(LinePaths(data_dir, line), Request("acknowledge", alarm, by.strip()), datetime.now(UTC))
