"""What a calibration keeps of its good parts so that a line can tell later whether they are still alike: a file beside
the calibration's, `LINE-….drift.npz`, small and without code. The calibration holds its hash.

    scores (n, K) float64 · pictures (n, 7) float32 · embeddings (n, D) float16 · descriptions (K,) · statistics (7,)
    thumbnails: bytes of JPEG files in a row · ends (t,): where each ends
    distances (n,) float64: of the pictures as a whole (`WholePicture.score`); not in files from before they were kept
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inspection.calibration.appearance import STATISTICS
from inspection.calibration.drift import Sample
from inspection.calibration.record import Calibration, kept_path
from inspection.domain.errors import CalibrationError
from inspection.domain.types import Vectors
from inspection.scoring.npz import NO_NPZ, npz_of

MOST_PARTS = 300
MOST_THUMBNAILS = 12
_LARGEST_BYTES = 32_000_000
_SHOWN = [each.name for each in STATISTICS]


@dataclass(frozen=True, slots=True, eq=False)
class DriftKept:
    """Good parts of a calibration, a row each, with `descriptions` as the columns of the scores; and some pictures of
    them, as JPEG.

    `distances`: how far each is as a whole from good parts; None where that was not kept. Half of them or more are what
    `WholePicture` was fitted on, and lie nearer than others would."""

    descriptions: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    pictures: npt.NDArray[np.float64]
    embeddings: Vectors
    thumbnails: tuple[bytes, ...]
    distances: npt.NDArray[np.float64] | None = None

    def passing(self, passes: Callable[[Mapping[str, float]], bool], farthest: float | None) -> Sample:
        """Of those whose scores pass, and that are no farther as a whole than `farthest`: what a line passes later is
        compared with nothing else. Of those that lie nearer (`distances`) `farthest` takes next to none away, and of
        a line's parts more."""
        rows = np.array([passes(dict(zip(self.descriptions, row.tolist(), strict=True))) for row in self.scores], bool)
        if farthest is not None and self.distances is not None:
            rows &= self.distances <= farthest
        return Sample(self.scores[rows], self.pictures[rows], self.embeddings[rows])

    def to_bytes(self) -> bytes:
        """The file. The same parts give the same bytes."""
        arrays: dict[str, Any] = {
            "scores": self.scores,
            "pictures": self.pictures.astype(np.float32),
            "embeddings": self.embeddings.astype(np.float16),
            "descriptions": np.array(self.descriptions),
            "statistics": np.array(_SHOWN),
            "thumbnails": np.frombuffer(b"".join(self.thumbnails), np.uint8),
            "ends": np.cumsum([len(each) for each in self.thumbnails], dtype=np.int64),
        }
        if self.distances is not None:
            arrays["distances"] = self.distances
        return npz_of(arrays)


def drawn_rows(parts: Sequence[Hashable], most: int = MOST_PARTS) -> list[int]:
    """Which pictures are kept: of each part its first one, of more than `most` some at random, always the same."""
    first: dict[Hashable, int] = {}
    for row, part in enumerate(parts):
        first.setdefault(part, row)
    rows = list(first.values())
    if len(rows) <= most:
        return rows
    return sorted(np.random.default_rng(0).choice(rows, most, replace=False).tolist())


def load_drift_kept(calibration_path: Path, calibration: Calibration) -> DriftKept:
    """Of this calibration, from the file beside its own. Raises CalibrationError saying why there is nothing to compare
    with; what to do, to calibrate anew, says whoever asked."""
    if calibration.drift_reference is None:
        raise CalibrationError("the calibration keeps nothing of its good parts to compare with")
    path = kept_path(calibration_path, calibration.drift_reference, "drift")
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CalibrationError(f"{path}: not what a calibration keeps: {path.stat().st_size:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != calibration.drift_reference:
        raise CalibrationError(f"{path}: is not what calibration {calibration.id} kept: its hash is another")
    try:
        return _drift_kept(content)
    except NO_NPZ as error:
        raise CalibrationError(f"{path}: not what a calibration keeps ({error})") from error


def _drift_kept(content: bytes) -> DriftKept:
    """Raises NO_NPZ, and CalibrationError."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if arrays["statistics"].tolist() != _SHOWN:
            raise CalibrationError("it was made by another version of inspection, which looked at other figures")
        scores, pictures, embeddings = (arrays[name] for name in ("scores", "pictures", "embeddings"))
        names, joined = arrays["descriptions"].tolist(), arrays["thumbnails"].tobytes()
        ends = arrays["ends"].tolist()
        distances = arrays.get("distances")
    count = len(scores)
    fit = scores.shape == (count, len(names)) and pictures.shape == (count, len(_SHOWN))
    if not fit or embeddings.shape[:-1] != (count,) or (distances is not None and distances.shape != (count,)):
        raise ValueError("its numbers do not fit together")
    thumbnails = tuple(joined[start:end] for start, end in zip([0, *ends], ends, strict=False))
    pictures, embeddings = pictures.astype(np.float64), embeddings.astype(np.float32)
    return DriftKept(tuple(names), scores, pictures, embeddings, thumbnails, distances)
