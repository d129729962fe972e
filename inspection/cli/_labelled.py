"""Labelled folders of pictures, measured as a recipe's station sees them: one at a time, embeddings alone are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.domain.errors import CameraError, ConfigError, ModelError, ScoringError
from inspection.wording import counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.cli._samples import Scored
    from inspection.config import RecipeConfig
    from inspection.domain.ports import DenseEncoder, Encoder
    from inspection.domain.types import Pixels, Vectors
    from inspection.scoring.locator import Locator
    from inspection.scoring.part_scorer import PartScorer
    from inspection.scoring.region import Region

    MapAndMask = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The picture files below a folder. `name`: of the defect; None for good parts."""

    name: str | None
    folder: Path
    files: list[Path]

    @property
    def label(self) -> str:
        return "good parts" if self.name is None else f"bad parts, {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Of one folder what could be read, `files` (n), their `scores` (n, K), `embeddings` (n, D), `wholes` (n rows each,
    as `whole_picture` has them) and `ms` (n,), and what could not.

    `maps`: where a mask was given, the map of the defect's own description (of the largest, where there is none).
    """

    folder: Path
    files: list[Path]
    scores: npt.NDArray[np.float64]
    embeddings: Vectors
    wholes: tuple[Vectors, ...]
    ms: list[float]
    unreadable: list[Scored]
    maps: list[MapAndMask]


def list_labelled(good: Path, bad: Mapping[str, Path]) -> list[Labelled]:
    """The good parts, then each kind of bad ones. Raises ConfigError for no picture, or for one under two labels."""
    from inspection.adapters.cameras.images import list_images

    listed: list[Labelled] = []
    label_of: dict[Path, str] = {}
    for name, folder in [(None, good), *bad.items()]:
        try:
            listed.append(Labelled(name, folder, list_images(folder)))
        except CameraError as error:  # what was typed is wrong, no camera
            raise ConfigError(str(error)) from error
        label = listed[-1].label
        for path in listed[-1].files:
            other = label_of.setdefault(path.resolve(), label)
            if other != label:
                raise ConfigError(f"{path} is among the {other} and the {label}: give folders that share no picture")
    return listed


def measure(
    encoder: Encoder, recipe: RecipeConfig, folders: Sequence[Labelled], masks: Mapping[Path, Path]
) -> list[Measured]:
    """What the model makes of every picture; of those with a mask also where it sees the defect.

    Raises ConfigError if the recipe's phrasings cancel out, nothing of a folder can be read or a mask cannot be used,
    ModelError where masks are given and the model has no map. All but the folder is told before a picture is measured.
    """
    from inspection.cli._masks import check_masks
    from inspection.gauge import prototypes_of, region_of
    from inspection.scoring.locator import Locator
    from inspection.scoring.part_scorer import PartScorer

    try:
        prototypes, region = prototypes_of(recipe, encoder), region_of(recipe)
    except ScoringError as error:
        raise ConfigError(f"recipe {recipe.name}: {error}") from error
    maps = None
    if masks:
        maps = _Maps(Locator(_dense(encoder), prototypes, region), prototypes.names, region, masks)
        check_masks(masks, folders, region)
    scorer = PartScorer(encoder, prototypes, region)
    return [_measured(each, scorer, maps) for each in folders]


def _dense(encoder: Encoder) -> DenseEncoder:
    """The same one. Raises ModelError where it has no map to hold against masks."""
    from inspection.gauge import dense

    found = dense(encoder)
    if found is None:
        raise ModelError(
            f"model {encoder.fingerprint['model']}: it has no map in the space of sentences; leave --masks out"
        )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """What holds the maps that a line draws its boxes by against masks. `names`: of the descriptions."""

    locator: Locator
    names: Sequence[str]
    region: Region
    masks: Mapping[Path, Path]

    def compare(self, path: Path, pixels: Pixels, name: str | None) -> list[MapAndMask]:
        """The picture's map and mask; nothing where it has no mask. `name`: of the defect."""
        from inspection.cli._masks import read_mask
        from inspection.scoring.maps import beside_mask

        if path not in self.masks:
            return []
        mask = read_mask(self.masks[path], pixels, self.region)
        heat_map = self.locator.heat_map(pixels, name if name in self.names else None)
        return [beside_mask(heat_map.values, mask)]


def _measured(labelled: Labelled, scorer: PartScorer, maps_of: _Maps | None) -> Measured:
    import numpy as np

    from inspection.cli._samples import scored_files

    files, scores, embeddings, wholes, ms = [], [], [], [], []
    unreadable: list[Scored] = []
    maps: list[MapAndMask] = []
    for scored in scored_files(labelled.files, scorer, what=labelled.label, batch_of=1):
        if scored.pixels is None or scored.scores is None or scored.embedding is None:
            unreadable.append(scored)
            typer.echo(f"left out: {scored.error}", err=True)
            continue
        files.append(scored.path)
        scores.append(scored.scores)
        embeddings.append(scored.embedding)
        wholes.append(scored.wholes)
        ms.append(scored.ms)
        if maps_of:
            maps += maps_of.compare(scored.path, scored.pixels, labelled.name)
    if not scores:
        told = f"none of {counted(len(labelled.files), 'picture')} can be read; bring them anew"
        raise ConfigError(f"{labelled.folder}: {told}")
    sides = tuple(np.array(side) for side in zip(*wholes, strict=True))
    return Measured(labelled.folder, files, np.array(scores), np.array(embeddings), sides, ms, unreadable, maps)
