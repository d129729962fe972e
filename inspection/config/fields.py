"""What the models of line and recipe share: strictness, limits with their unit, names, and places on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

SAMPLES = "samples:"
NAME_PATTERN = "^[a-z0-9][a-z0-9-]*$"
NAME_MAX = 60
NAME_RULE = "lower-case letters, digits and hyphens, beginning with a letter or digit"

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=NAME_MAX, json_schema_extra={"allowed": NAME_RULE})]


class Strict(BaseModel):
    """A frozen mapping: no unknown key, no conversion between types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def limits(low: float, high: float, unit: str, note: str) -> FieldInfo:
    """A number from `low` to `high`. `note` says what it does, for whoever reads that it is wrong."""
    info: FieldInfo = Field(ge=low, le=high, description=note, json_schema_extra={"unit": unit})
    return info


def note(text: str, allowed: str | None = None) -> FieldInfo:
    """What a setting is for, and in words what it may be where its type does not say it."""
    info: FieldInfo = (
        Field(description=text, json_schema_extra={"allowed": allowed}) if allowed else Field(description=text)
    )
    return info


def refuse(text: str) -> NoReturn:
    """Refuse a value with a whole sentence, used as it is in the message."""
    raise PydanticCustomError("refused", "{text}", {"text": text})


def folder_on_disk(value: Any, info: ValidationInfo) -> Any:
    """Text to the absolute path of a folder that exists: below the samples, or relative to the file."""
    if not isinstance(value, str):
        return value
    places: dict[str, Path] = info.context or {}
    if value.startswith(SAMPLES):
        root = places["samples"]
        folder = root / value.removeprefix(SAMPLES)
        if not folder.is_dir():
            there = sorted(
                f"{SAMPLES}{below.relative_to(root).as_posix()}" for below in root.glob("*/*") if below.is_dir()
            )
            refuse(f'"{value}" is not among the sample parts; allowed: {", ".join(there) or "none is installed"}')
        return folder
    folder = places["file"].parent / Path(value).expanduser()
    if not value.strip() or not folder.is_dir():
        refuse(
            f'"{value}" is not a folder ({folder}); write a path relative to this file, an absolute one, '
            f'or "{SAMPLES}…" for the sample parts'
        )
    return folder.resolve()
