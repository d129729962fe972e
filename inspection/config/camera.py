"""Where the pictures of a line come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from inspection.config.fields import SAMPLES, Strict, folder_on_disk, limits, note, refuse

_Timeout = Annotated[int, limits(1, 60_000, "ms", "a part without a picture by then is unjudged and diverted")]
_PART_NUMBER = 'a name with {epoch} and {number} in it, as "{epoch}-{number}"'


class FolderCameraConfig(Strict):
    """Pictures of a folder instead of a camera, round and round. `path` is absolute."""

    kind: Literal["folder"]
    path: Annotated[
        Path,
        BeforeValidator(folder_on_disk),
        Field(
            alias="folder",
            description="the pictures that are shown as parts",
            json_schema_extra={"allowed": 'a folder as text, or "samples:…"'},
        ),
    ]
    order: Annotated[Literal["shuffled", "sorted"], note("shuffled: another order each round, by the seed")] = (
        "shuffled"
    )
    seed: Annotated[int, limits(0, 2**32 - 1, "", "the same seed gives the same order")] = 1
    timeout_ms: _Timeout = 100


def _landing_folder(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and value.startswith(SAMPLES):
        refuse(f'"{value}": the files of a watched folder are moved; name one that is there for nothing else')
    return folder_on_disk(value, info)


def _part_number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    fields = re.findall(r"\{.*?\}|[{}]", value)
    if sorted(fields) != ["{epoch}", "{number}"]:
        why = "numbers begin at 1 again with each epoch, and a late picture must not judge another part"
        refuse(f'"{value}" does not name one part; allowed {_PART_NUMBER}: {why}')
    if "/" in value or re.search(r"[\d}]\{|\}\d", value):
        refuse(f'"{value}" cannot be read back; allowed {_PART_NUMBER}, with no digit or / beside or between them')
    return value


class WatchedCameraConfig(Strict):
    """A folder that part pictures land in, of smart cameras or by FTP. `path` is absolute."""

    kind: Literal["watched"]
    path: Annotated[
        Path,
        BeforeValidator(_landing_folder),
        Field(
            alias="folder",
            description="where the pictures land",
            json_schema_extra={"allowed": "a folder as text, which the station may write to"},
        ),
    ]
    settle_ms: Annotated[int, limits(0, 60_000, "ms", "a file is written when nothing of it changed for so long")] = 100
    incomplete_after_ms: Annotated[
        int, limits(1, 3_600_000, "ms", "a file that is still no whole picture after so long is an unjudged part")
    ] = 10_000
    then: Annotated[
        Literal["keep", "delete"], note("keep: the files of judged parts are moved to judged/DATE; delete: they go")
    ] = "keep"
    part_number: Annotated[
        str | None,
        BeforeValidator(_part_number),
        note("with trigger.kind gate: how the file's name, without .jpg, carries the part's number", _PART_NUMBER),
    ] = None
    timeout_ms: _Timeout = 300


CameraConfig = Annotated[FolderCameraConfig | WatchedCameraConfig, Field(discriminator="kind")]
