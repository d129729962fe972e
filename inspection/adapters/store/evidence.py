"""Images of parts as evidence: JPEG files under the hash of their bytes, written off the part path."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

from inspection.adapters.store.files import replace_durably, settle
from inspection.adapters.store.images import ImageIndex, KeptImage
from inspection.adapters.store.journal import to_us
from inspection.adapters.store.paths import LinePaths
from inspection.domain.ports import Clock
from inspection.domain.types import Frame, Located, PartId, Pixels, Verdict

Locate = Callable[[Frame, Verdict], Located | None]
"""Where on its picture the description that decided fits best; None where that cannot be told. Never raises."""

JPEG_QUALITY = 92
_JPEG_SIDE_PX = 65_500
_AT_ONCE = 8  # images, flushed into the index together
_DRAIN_NS = 200_000_000  # then whoever called has other things to do: rows to seal, a status to publish


@dataclass(slots=True, eq=False)
class _Waiting:
    """`is_looked_at`: where its defect is has been looked for, however often it cannot be written."""

    part: PartId
    frame: Frame
    verdict: Verdict
    located: Located | None = None
    is_looked_at: bool = False


class ImageEvidence:
    """`ports.Evidence` below `evidence/line=…/`. `offer` is called on the part path, `drain` by one other thread."""

    def __init__(
        self,
        paths: LinePaths,
        index: ImageIndex,
        clock: Clock,
        *,
        capacity: int = 64,
        capacity_mb: int = 256,
        locate: Locate = lambda frame, verdict: None,
    ) -> None:
        """So many pictures may wait, of so many megabytes together; one may always. `locate` is asked by `drain`, and
        not while half of that waits: it must not be what keeps a part from passing."""
        self._capacity_bytes = capacity_mb * 1_000_000
        self._paths = paths
        self._index = index
        self._clock = clock
        self._capacity = capacity
        self._locate = locate
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()

    def offer(self, part: PartId, frame: Frame, verdict: Verdict) -> bool:
        with self._lock:
            if max(frame.pixels.shape) > _JPEG_SIDE_PX or not self._has_room(frame.pixels.nbytes):
                return False
            self._waiting.append(_Waiting(part, frame, verdict))
        return True

    def _has_room(self, size: int) -> bool:
        waiting = self._waiting_bytes
        return len(self._waiting) < self._capacity and (not waiting or waiting + size <= self._capacity_bytes)

    def drain(self) -> int:
        """As `ports.Evidence`, for a fifth of a second, however fast pictures come; what is begun then is ended: one
        batch, or one look for a defect."""
        until_ns = self._clock.monotonic_ns() + _DRAIN_NS
        written = 0
        while True:
            with self._lock:
                some = list(islice(self._waiting, _AT_ONCE))
            some = self._looked_at(some, until_ns)
            if not some:
                return written
            self._write(some)
            with self._lock:
                for _ in some:
                    self._waiting.popleft()
            written += len(some)
            if self._clock.monotonic_ns() >= until_ns:
                return written

    def _looked_at(self, some: list[_Waiting], until_ns: int) -> list[_Waiting]:
        """The first of them, whose defects have been looked for until then; all, where nobody may look."""
        for count, each in enumerate(some, start=1):
            if not each.is_looked_at and self._has_time():
                each.located, each.is_looked_at = self._locate(each.frame, each.verdict), True
                if self._clock.monotonic_ns() >= until_ns:
                    return some[:count]
        return some

    def _write(self, some: list[_Waiting]) -> None:
        """All three steps of `images`. Whatever fails, the next call does all of it again."""
        contents = [_jpeg(each.frame.pixels) for each in some]
        images = [
            KeptImage(
                each.part,
                hashlib.sha256(content).hexdigest(),
                len(content),
                to_us(each.frame.utc) or 0,
                each.verdict.shadow or each.verdict.kind,
            )
            for each, content in zip(some, contents, strict=True)
        ]
        self._index.begin(images, {each.part: each.located for each in some if each.located is not None})
        for image, content in zip(images, contents, strict=True):
            path = self._paths.image(image.sha256)
            if path.exists():
                settle(path)
            else:
                _write_file(path, content, sync=True)  # the log will say that it is there
        self._index.done(images)

    def _has_time(self) -> bool:
        with self._lock:
            count, size = len(self._waiting), self._waiting_bytes
            return 2 * count <= self._capacity and (count == 1 or 2 * size <= self._capacity_bytes)

    @property
    def _waiting_bytes(self) -> int:
        return sum(each.frame.pixels.nbytes for each in self._waiting)


def write_jpeg(path: Path, pixels: Pixels) -> None:
    """Write RGB uint8 (H, W, 3) into a folder that is there, whole or not at all; not flushed. Raises StoreError."""
    _write_file(path, _jpeg(pixels), sync=False)


def _jpeg(pixels: Pixels) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG", quality=JPEG_QUALITY)
    return encoded.getvalue()


def _write_file(path: Path, content: bytes, *, sync: bool) -> None:
    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    replace_durably(path, write, sync=sync)
