"""How the scores of a region and of windows over it are best made one: rules side by side, on the same views.

    inspection bench tiles --recipe R --good DIR --bad [NAME=]DIR … [--overlap X] [--json]

Each picture is seen as a whole and in grids of 2 x 2 and 3 x 3 windows. The figure is AUROC of parts as `inspection
evaluate` has it. The first rule is what a recipe without tiles does, `own` what one with them does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inspection.adapters.cameras.images import list_images, read_image
from inspection.analytics.evaluation import evaluate_text
from inspection.config import RecipeConfig
from inspection.gauge import load_encoder, prototypes_of, region_of
from inspection.scoring.scorer import score
from inspection.scoring.tiles import Tiles

Scores = npt.NDArray[np.float64]

GRIDS = (2, 3)
OWN = "mean of whole and top 2 of each grid"


def rules(tiles: Tiles) -> dict[str, Callable[[Scores], Scores]]:
    """Scores of views (n, V, K) -> (n, K), by name."""

    def levels(scores: Scores, of_grid: Callable[[Scores], Scores]) -> Scores:
        ends = np.cumsum([1, *(grid * grid for grid in tiles.grids)])
        grids = np.split(scores, ends, axis=1)[1:-1]
        return np.stack([scores[:, 0], *map(of_grid, grids)])

    def top(scores: Scores) -> Scores:
        return np.asarray(np.sort(scores, axis=1)[:, -2:].mean(axis=1))

    return {
        "whole alone": lambda scores: scores[:, 0],
        "largest of all views": lambda scores: scores.max(axis=1),
        "largest of whole and top 2 of each grid": lambda scores: levels(scores, top).max(axis=0),
        "mean of whole and largest of each grid": lambda scores: levels(scores, lambda grid: grid.max(axis=1)).mean(
            axis=0
        ),
        OWN: lambda scores: tiles.join(scores, np.ones(scores.shape[:2], bool)),
        "mean of whole and of all of each grid": lambda scores: levels(scores, lambda grid: grid.mean(axis=1)).mean(
            axis=0
        ),
    }


def measure(recipe: RecipeConfig, good: Path, bad: Mapping[str, Path], overlap: float) -> dict[str, float]:
    """AUROC of parts by each rule. Raises InspectionError."""
    encoder = load_encoder(recipe)
    prototypes, region, tiles = prototypes_of(recipe, encoder), region_of(recipe), Tiles(GRIDS, overlap)

    def views_of(folder: Path) -> Scores:
        pictures = (tiles.cut(region.crop(read_image(path))) for path in list_images(folder))
        return np.stack([score(encoder.embed_images(each), prototypes, encoder.logit_scale) for each in pictures])

    of_good, of_bad = views_of(good), {name: views_of(folder) for name, folder in bad.items()}
    return {
        name: evaluate_text(
            join(of_good), {each: join(scores) for each, scores in of_bad.items()}, prototypes.names
        ).overall.auroc
        for name, join in rules(tiles).items()
    }


def main(*, recipe: RecipeConfig, good: Path, bad: Mapping[str, Path], overlap: float, as_json: bool) -> None:
    """Print what was measured."""
    areas = measure(recipe, good, bad, overlap)
    if as_json:
        print(json.dumps({"grids": GRIDS, "overlap": overlap, "own": OWN, "auroc": areas}))
        return
    for name, area in areas.items():
        print(f"{area:.3f}  {name}")
