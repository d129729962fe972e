"""A camera that replays a folder of labelled pictures, for the demo and for trying a recipe on known parts."""

from __future__ import annotations

import random
from pathlib import Path

from inspection.adapters.cameras.images import list_images, read_image
from inspection.domain.ports import Clock
from inspection.domain.types import Frame, Trigger


class FolderCamera:
    """`ports.Camera` over the pictures below a folder, round and round.

    Every picture is shown once before any is shown again; with a `seed` each round is in another order. None is shown
    twice in a row where there are others: that is what a frozen camera does.
    `Frame.source` is the path below the folder: its first part is the label, by which a demo knows the truth.
    """

    def __init__(self, folder: Path, clock: Clock, *, seed: int | None) -> None:
        """Raises CameraError if there is no picture."""
        self._folder = folder
        self._clock = clock
        self._files = list_images(folder)
        self._random = None if seed is None else random.Random(seed)
        self._round: list[Path] = []
        self._shown: Path | None = None

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        """The next picture. Raises CameraError if it cannot be read; the one after it comes next."""
        if not self._round:
            self._round = self._files[::-1]
            if self._random is not None:
                self._random.shuffle(self._round)
                if self._round[-1] == self._shown:
                    self._round.insert(0, self._round.pop())
        self._shown = path = self._round.pop()
        return Frame(read_image(path), self._clock.utc(), path.relative_to(self._folder).as_posix())

    def close(self) -> None:
        """Nothing is held open."""
