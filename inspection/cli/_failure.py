"""How a command that failed ends: its exit code, and its message for a person or for a program."""

from __future__ import annotations

import logging

from inspection.cli._logging import JsonFormatter
from inspection.domain.errors import (
    CalibrationError,
    ConfigError,
    HubUnreachable,
    InspectionError,
    ModelError,
    StoreReadOnly,
)

EXIT_FAILED = 1
EXIT_CONFIG = 2  # as for a wrong option: the same command will fail again until a person has done something


def exit_code_of(error: InspectionError | OSError) -> int:
    """2 where trying again is of no use, else 1."""
    is_of_no_use = isinstance(error, ConfigError | ModelError | CalibrationError | StoreReadOnly) and not isinstance(
        error, HubUnreachable
    )
    return EXIT_CONFIG if is_of_no_use else EXIT_FAILED


def message_of(error: InspectionError | OSError) -> str:
    """What to tell. An OSError that names no file is a fault of ours: it is raised again, with its trace."""
    if isinstance(error, InspectionError):
        return str(error)
    if error.filename is None:
        raise error
    return f"{error.filename}: {error.strerror}; correct the path, or its rights for this user"


def failed_line(error: InspectionError | OSError) -> str:
    """The last line of a log in JSON: the event `failed`."""
    record = logging.makeLogRecord(
        {"levelno": logging.ERROR, "levelname": "ERROR", "msg": message_of(error), "event": "failed"}
    )
    return JsonFormatter().format(record)
