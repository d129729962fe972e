"""Figures as JSON can say them, and files that are there whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from inspection.domain.errors import ModelError


def as_plain(value: Any) -> Any:
    """Dataclasses as mappings, and null for what is no number: JSON has no NaN."""
    if is_dataclass(value) and not isinstance(value, type):
        return as_plain(asdict(value))
    if isinstance(value, Mapping):
        return {key: as_plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_json(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(as_plain(value), indent=indent, allow_nan=False)


def write_whole(path: Path, text: str) -> None:
    """Put the text in place of what the file holds. Raises ModelError if it cannot."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror}; make room there, or the folder writable") from error


def json_object(path: Path) -> dict[str, Any]:
    """Raises OSError where there is no such file, ValueError naming it where it holds anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name}: it is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}: it is no JSON object")
    return content


def read_json(path: Path) -> Any:
    """None where there is no such file, or it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
