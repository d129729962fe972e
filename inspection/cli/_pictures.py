"""Pictures that a calibration is made of, wherever they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.calibration.record import SampleSet
    from inspection.domain.types import Pixels


@dataclass(frozen=True, slots=True)
class Pictures:
    """`name`: as the record calls them. `read`: where it is not `images.read_image`. `digests`: the SHA-256 of each,
    where `read` holds them against it."""

    name: str
    files: Sequence[Path]
    read: Callable[[Path], Pixels] | None = None
    digests: Sequence[str] | None = None

    @classmethod
    def below(cls, folder: Path, name: str) -> Pictures:
        """Raises CameraError if there are none."""
        from inspection.adapters.cameras.images import list_images

        return cls(name, list_images(folder))

    def samples(self) -> SampleSet:
        """For the record. Raises OSError where a file has gone."""
        from inspection.calibration.record import hash_samples, samples_of

        if self.digests is not None:
            return samples_of(self.digests, self.name)
        return hash_samples([path.read_bytes() for path in self.files], self.name)
