"""The running line's status for whoever watches: one small file, replaced whole, and a live picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inspection.adapters.store.evidence import write_jpeg
from inspection.adapters.store.files import replace_durably
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.types import Frame, Pixels

_LIVE_SIDE_PX = 800  # of the longer side at most; a whole camera frame several times a second would take a core
_LIVE_PICTURES = 2  # a reader that has just read the status finds the picture it names


class FileStatusBoard:
    """`ports.StatusBoard` in `lines/<line>/`. Nothing here is flushed: it is news, not a record.

    That folder is there or nothing is written: made anew it would be in the way of a data directory that comes back.
    """

    def __init__(self, paths: LinePaths) -> None:
        """Makes the folder. Raises StoreError."""
        try:
            paths.live_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make {paths.live_dir}: {error.strerror or error}; check its permissions"
            ) from error
        self._paths = paths
        self._count = 0
        self._picture: str | None = None
        self._part: object = None  # whose picture it is

    def publish(self, status: Mapping[str, object], picture: Frame | None) -> None:
        last = status.get("last_part")
        part = (last["epoch"], last["number"]) if isinstance(last, Mapping) else None
        if picture is not None:
            self._count = (self._count + 1) % (_LIVE_PICTURES * 1000)
            path = self._paths.live_dir / f"{self._count % _LIVE_PICTURES}.jpg"
            write_jpeg(path, _for_a_screen(picture.pixels))
            self._picture, self._part = path.relative_to(self._paths.data_dir).as_posix(), part
        # A part without a picture must not be shown with that of the part before it.
        content = json.dumps({**status, "live_picture": self._picture if part == self._part else None}, default=str)

        def write(temporary: Path) -> None:
            temporary.write_text(content)

        replace_durably(self._paths.status, write, sync=False)


def _for_a_screen(pixels: Pixels) -> Pixels:
    factor = -(-max(pixels.shape[:2]) // _LIVE_SIDE_PX)
    return pixels if factor == 1 else np.asarray(Image.fromarray(pixels).reduce(factor))


def read_status(path: Path) -> dict[str, Any] | None:
    """The last status published, or None if there never was one. Raises StoreError."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read the line's status {path}: {error}") from error
    if not isinstance(content, dict):
        raise StoreError(f"cannot read the line's status {path}: it is not a mapping")
    return content
