"""Images of parts as evidence: JPEG files, written off the part path through a bounded queue."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path

from PIL import Image

from inspection.adapters.store.files import replace_durably
from inspection.adapters.store.paths import LinePaths
from inspection.domain.types import Frame, PartId, Pixels

JPEG_QUALITY = 92
_JPEG_SIDE_PX = 65_500


class ImageEvidence:
    """`ports.Evidence` below `evidence/line=…/date=…/`."""

    def __init__(self, paths: LinePaths, *, capacity: int = 64, capacity_mb: int = 256) -> None:
        """So many pictures may wait, of so many megabytes together; one may always."""
        self._capacity_bytes = capacity_mb * 1_000_000
        self._paths = paths
        self._capacity = capacity
        self._waiting: deque[tuple[Path, Pixels]] = deque()
        self._lock = threading.Lock()

    def offer(self, part: PartId, frame: Frame) -> str | None:
        path = self._paths.evidence_dir(frame.utc.date()) / f"{part}.jpg"
        with self._lock:
            if max(frame.pixels.shape) > _JPEG_SIDE_PX or not self._has_room(frame.pixels.nbytes):
                return None
            self._waiting.append((path, frame.pixels))
        return path.relative_to(self._paths.data_dir).as_posix()

    def _has_room(self, size: int) -> bool:
        waiting = sum(pixels.nbytes for _, pixels in self._waiting)
        return len(self._waiting) < self._capacity and (not waiting or waiting + size <= self._capacity_bytes)

    def drain(self) -> int:
        written = 0
        while True:
            with self._lock:
                if not self._waiting:
                    return written
                path, pixels = self._waiting[0]
            write_jpeg(path, pixels, sync=True)  # the log will say that it is there
            with self._lock:
                self._waiting.popleft()
            written += 1


def write_jpeg(path: Path, pixels: Pixels, *, sync: bool = False) -> None:
    """Write RGB uint8 (H, W, 3), whole or not at all. Raises StoreError."""
    replace_durably(
        path, lambda temporary: Image.fromarray(pixels).save(temporary, "JPEG", quality=JPEG_QUALITY), sync=sync
    )
