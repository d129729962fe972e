"""The pictures that a calibration learns from: which part each is of, every picture once, and their scores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.domain.errors import CalibrationError, CameraError, ConfigError
from inspection.wording import counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.calibration.parts import PartScores
    from inspection.calibration.record import SampleSet
    from inspection.domain.types import Pixels, Vectors
    from inspection.scoring.part_scorer import PartScorer

SMALL_PX = 64
ALIKE_LEVELS = 12
"""Two pictures are copies if nowhere, in SMALL_PX x SMALL_PX cells, they differ by more of 255. Of 600 sample parts and
real ones no two were nearer than 37; copies saved again as JPEG of quality 90 were within 8."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder's different picture files, the SHA-256 of each, and which part each is of.

    `read`: where it is not `images.read_image`.
    """

    folder: str
    files: tuple[Path, ...]
    digests: tuple[str, ...]
    parts: tuple[str, ...]
    read: Callable[[Path], Pixels] | None = None

    def pixels(self, path: Path) -> Pixels:
        """One picture of it. Raises CameraError if it cannot be read, or no line would judge it for its size."""
        from inspection.adapters.cameras.images import read_image
        from inspection.judging.frame_gate import LEAST_PX

        pixels = (self.read or read_image)(path)
        height_px, width_px = pixels.shape[:2]
        if min(height_px, width_px) < LEAST_PX:
            raise CameraError(
                f"{path}: {width_px} x {height_px} pixels, a side under {LEAST_PX}: too small to see a part;"
                " bring it as the camera took it, or take it away"
            )
        return pixels

    def take(self, rows: Sequence[int]) -> Listed:
        """These pictures alone."""
        files = tuple(self.files[row] for row in rows)
        digests, parts = (tuple(column[row] for row in rows) for column in (self.digests, self.parts))
        return Listed(self.folder, files, digests, parts, self.read)


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A folder's different pictures, scored: a file a row. `pictures` (n, 7) as `calibration.appearance` has them, of
    the region that is judged; `embeddings` (n, D)."""

    folder: str
    files: tuple[Path, ...]
    digests: tuple[str, ...]
    scores: PartScores
    pictures: npt.NDArray[np.float64]
    embeddings: Vectors

    def sample_set(self, rows: npt.NDArray[np.intp] | None = None) -> SampleSet:
        """What is kept of them; of all, or of these pictures."""
        from inspection.calibration.record import sample_set

        if rows is None:
            return sample_set(self.folder, self.digests, self.scores.count)
        return sample_set(self.folder, [self.digests[row] for row in rows], self.scores.take(rows).count)


def list_good(folder: Path, group_by: re.Pattern[str] | None) -> Listed:
    """Raises ConfigError for a folder without pictures, or a name that `group_by` finds nothing in."""
    return _listed(folder, folder.name, group_by, "good parts")


def list_defects(folders: Mapping[str, Path], good: Listed, group_by: re.Pattern[str] | None) -> dict[str, Listed]:
    """Raises ConfigError as `list_good`, and for a picture that is among the good parts too."""
    listed = {name: _listed(folder, name, group_by, name) for name, folder in folders.items()}
    for name, each in listed.items():
        require_other_pictures(name, each, "the good parts", good)
    return listed


def require_one_kind(defects: Mapping[str, Listed]) -> None:
    """Raises ConfigError for a picture that is in two kinds: in one it could teach what it tests in the other."""
    for (name, each), (other_name, other) in combinations(defects.items(), 2):
        require_other_pictures(other_name, other, name, each)


def require_other_pictures(name: str, listed: Listed, other_name: str, other: Listed) -> None:
    """Raises ConfigError for a picture that is in both."""
    file_of = dict(zip(other.digests, other.files, strict=True))
    for path, digest in zip(listed.files, listed.digests, strict=True):
        if digest in file_of:
            told = f"{path} is the same picture as {file_of[digest]}"
            if listed.read and other.read:  # both are of the line's log
                raise ConfigError(
                    f"{path}: parts with this picture are called {other_name} and {name}; find them with 'inspection"
                    " log query', and say what they are with 'inspection disposition'"
                )
            raise ConfigError(f"{told}: among {other_name} and among {name}; take one of them away")


def group_pattern(text: str | None) -> re.Pattern[str] | None:
    """Raises BadParameter if it is no regular expression."""
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise typer.BadParameter(f"{text!r} is no regular expression: {error}", param_hint="--group-by") from error


_SAY_SO = ". If they are of different parts, say so: --group-by '.+'"


def without_copies(listed: Listed, *, what: str, seen: Seen | None = None, hint: str = _SAY_SO) -> Listed:
    """Pictures that look the same are counted once, though their files differ; with `seen` also the same as one of
    another folder before. Raises CameraError naming the first that cannot be read, CalibrationError if none is left."""
    seen, kept = seen or Seen(), []
    alike: list[tuple[Path, Path]] = []
    for row, path in enumerate(listed.files):
        original = seen.like(path, listed.pixels(path))
        if original is None:
            kept.append(row)
        else:
            alike.append((path, original))
    if alike:
        path, original = alike[0]
        typer.echo(
            f"{what}: {counted(len(alike), 'picture')} that look the same as another ({path.name} as {original.name}):"
            f" counted once{hint}",
            err=True,
        )
    if not kept:
        raise CalibrationError(f"{what}: all its pictures look the same as those of another kind; give others")
    return listed.take(kept)


def draw_references(listed: Listed, count: int) -> tuple[Listed, Listed]:
    """The pictures of `count` parts, at random but always the same, and those of the others."""
    from inspection.calibration.parts import draw_parts

    drawn = draw_parts(listed.parts, count)
    rows = range(len(listed.parts))
    return (
        listed.take([row for row in rows if listed.parts[row] in drawn]),
        listed.take([row for row in rows if listed.parts[row] not in drawn]),
    )


def draw_labels(defects: Mapping[str, Listed], count: int) -> tuple[dict[str, Listed], dict[str, Listed]]:
    """The pictures of `count` parts, of each kind as many as of another where there are so many, at random but always
    the same; and those of the others, of each kind one part or more.

    Raises CalibrationError if there are too few of them.
    """
    spare = {name: len(set(each.parts)) - 1 for name, each in defects.items()}
    if count > sum(spare.values()):
        there, needed = sum(spare.values()) + len(spare), count + max(len(spare), 1)
        raise CalibrationError(
            f"{count} labels need {needed} defective parts, so that one of each kind is left to tell what escapes, and"
            f" there are {there}: add {needed - there} more, or ask for fewer labels"
        )
    share = dict.fromkeys(defects, 0)
    while count > sum(share.values()):
        name = min((name for name in share if share[name] < spare[name]), key=share.__getitem__)
        share[name] += 1
    both = {name: draw_references(each, share[name]) for name, each in defects.items()}
    taught = {name: drawn for name, (drawn, _) in both.items() if drawn.files}
    return taught, {name: others for name, (_, others) in both.items()}


def apart(kinds: Mapping[str, Listed], used: Iterable[Listed], *, why: str) -> dict[str, Listed]:
    """Without pictures of parts that are among those `used`: of a board, other pictures may lie in other folders. Says
    on stderr how many, and `why`. Raises CalibrationError where nothing is left of a kind."""
    taken = {part for each in used for part in each.parts}
    left = {}
    for name, each in kinds.items():
        rows = [row for row, part in enumerate(each.parts) if part not in taken]
        if len(rows) < len(each.parts):
            told = f"{name}: {counted(len(each.parts) - len(rows), 'picture')} of parts that {why}"
            if not rows:
                raise CalibrationError(f"{told}, and no other: give more parts")
            typer.echo(f"{told}: left out", err=True)
        left[name] = each.take(rows)
    return left


def sampled(listed: Listed, scorer: PartScorer, *, what: str) -> Sampled:
    """Scored. Raises CameraError naming the first that cannot be read."""
    import numpy as np

    from inspection.calibration.appearance import appearance
    from inspection.calibration.parts import PartScores
    from inspection.cli._samples import scored_files

    scores, pictures, embeddings, wholes = [], [], [], []
    for scored in scored_files(listed.files, scorer, what=what, read=listed.pixels):
        if scored.scores is None or scored.pixels is None or scored.embedding is None:
            raise scored.error or CameraError(f"{scored.path}: was not scored")
        scores.append(scored.scores)
        pictures.append(appearance(scorer.region.crop(scored.pixels)))
        embeddings.append(scored.embedding)
        wholes.append(scored.wholes)
    in_rows = np.array(scores).reshape(len(scores), len(scorer.names))
    return Sampled(
        listed.folder,
        listed.files,
        listed.digests,
        PartScores(in_rows, listed.parts, tuple(np.array(side) for side in zip(*wholes, strict=True))),
        np.array(pictures),
        np.array(embeddings),
    )


def _listed(folder: Path, name: str, group_by: re.Pattern[str] | None, what: str) -> Listed:
    from inspection.adapters.cameras.images import list_images
    from inspection.adapters.store.files import digest_of

    try:
        files = list_images(folder)
    except CameraError as error:  # what was typed is wrong, no camera
        raise ConfigError(str(error)) from error
    first: dict[str, Path] = {}
    for path in files:
        first.setdefault(digest_of(path)[0], path)
    parts = tuple(_part(path, folder, group_by) or digest for digest, path in first.items())
    if len(files) > len(first):
        told = counted(len(files) - len(first), "picture")
        typer.echo(f"{what}: {told} there twice, byte for byte: counted once", err=True)
    return Listed(name, tuple(first.values()), tuple(first), parts)


def _part(path: Path, folder: Path, group_by: re.Pattern[str] | None) -> str | None:
    """None where each picture is a part: 000.jpg of another folder is another one."""
    if group_by is None:
        return None
    name = path.relative_to(folder).as_posix()
    found = group_by.search(name)
    part = found and (found.group(1) if group_by.groups else found.group(0))
    if not part:
        raise ConfigError(f"{folder}: --group-by {group_by.pattern!r} finds no part in {name}; correct one of them")
    return None if part == name else str(part)


class Seen:
    """Pictures so far, each small."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._small: list[npt.NDArray[np.int16]] = []
        self._coarse: list[npt.NDArray[np.int16]] = []

    def like(self, path: Path, pixels: Pixels) -> Path | None:
        """The first one that looks the same; else this one is kept too."""
        import numpy as np
        from PIL import Image

        small = np.asarray(Image.fromarray(pixels).resize((SMALL_PX, SMALL_PX), Image.Resampling.BOX), np.int16)
        # Means over blocks differ by no more than what they are means of: few pictures are left to be compared.
        coarse = small.reshape(8, SMALL_PX // 8, 8, SMALL_PX // 8, 3).mean(axis=(1, 3)).astype(np.int16)
        for index in self._candidates(coarse):
            if np.abs(self._small[index] - small).max() <= ALIKE_LEVELS:
                return self._paths[index]
        self._paths.append(path)
        self._small.append(small)
        self._coarse.append(coarse)
        return None

    def _candidates(self, coarse: npt.NDArray[np.int16]) -> Iterator[int]:
        import numpy as np

        if self._coarse:
            distances = np.abs(np.stack(self._coarse) - coarse).reshape(len(self._coarse), -1).max(axis=1)
            yield from np.flatnonzero(distances <= ALIKE_LEVELS + 1).tolist()  # 1: both were rounded down
