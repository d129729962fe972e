"""`inspection compare --recipe R --good DIR --bad NAME=DIR …`: how many labelled parts a recipe's sentences save."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir

if TYPE_CHECKING:
    from inspection.analytics.comparison import Parts
    from inspection.cli._labelled import Measured
    from inspection.config import RecipeConfig
    from inspection.domain.ports import Backbone, Encoder
    from inspection.domain.types import Pixels, Vectors
    from inspection.scoring.part_scorer import PartScorer

_REPEATS = 20
_LEAST_REPEATS = 5  # analytics.saving.LEAST_DRAWS, which takes a while to import


def compare(
    recipe: Annotated[str, typer.Option(help="The recipe, as its file in recipes/ is called.")],
    good: Annotated[Path, typer.Option(metavar="DIR", help="Folder of pictures of good parts.")],
    bad: Annotated[
        list[str],
        typer.Option(
            metavar="[NAME=]DIR",
            help="Folder of defective parts. May be repeated; labels are drawn from all of them together.",
        ),
    ],
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER_OR_HUB_ID",
            help="The image model that transfer learning trains a head on: ./folder, or owner/name as"
            " microsoft/resnet-50; default: the recipe's own.",
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=_LEAST_REPEATS, max=1000, metavar="K", help="Draw labelled and tested parts so often.")
    ] = _REPEATS,
    seed: Annotated[int, typer.Option(min=0, help="Of those draws: the same seed gives the same figures.")] = 0,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write a page with the plot: one file, no network.")
    ] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Text alone beside references, labels and transfer learning, with 0, 1, 2, 4 … labelled parts. Changes nothing.

    Pictures that cannot be read are named and left out.
    """
    from rich.console import Console
    from rich.progress import track

    from inspection.analytics.comparison import Parts, labels_of
    from inspection.analytics.comparison import compare as compare_parts
    from inspection.cli._compare_report import report_of
    from inspection.cli._compare_text import Compared, as_dict, print_result
    from inspection.cli._labelled import list_labelled, measure
    from inspection.cli._options import check_page, config_dir_of, named_folders
    from inspection.cli._site_files import write_text
    from inspection.config import load_site
    from inspection.gauge import load_backbone, load_encoder

    check_page(report, "--report")
    folders = named_folders(bad, "--bad", by_folder=True)
    recipe_config = load_site(config_dir_of(config_dir)).recipe(recipe)
    labelled = list_labelled(good, folders)
    good_files, *bad_files = (len(each.files) for each in labelled)
    labels_of(good_files, sum(bad_files))
    encoder = load_encoder(recipe_config)
    other = load_backbone(backbone, recipe_config) if backbone else None
    measured = measure(encoder, recipe_config, labelled, {})
    of_good, *of_bad = _parts(encoder, other, recipe_config, measured)
    console = Console(stderr=True)
    draws = track(range(repeats), "comparing", console=console, transient=True, disable=not console.is_terminal)
    found = compare_parts(of_good, Parts.together(of_bad), draws, seed=seed)
    seen_by = other.fingerprint if other else None
    result = Compared(recipe_config, encoder.fingerprint, seen_by, measured, folders, seed, found)
    if report:
        write_text(report, report_of(result))
    if as_json:
        typer.echo(json.dumps(as_dict(result), ensure_ascii=False))
    else:
        print_result(result)
        if report:
            typer.echo(f"The plot: {report}")


def _parts(
    encoder: Encoder, backbone: Backbone | None, recipe: RecipeConfig, measured: Sequence[Measured]
) -> list[Parts]:
    """Of each folder. Raises CameraError where a picture has gone."""
    from inspection.analytics.comparison import Parts
    from inspection.cli._references import features_of
    from inspection.cli._samples import seen_files
    from inspection.gauge import scorer_of

    scorer = scorer_of(recipe, encoder)
    compared = features_of(scorer, [(each.files, each.embeddings) for each in measured], what="comparing")
    if backbone is None:
        features = [each.embeddings for each in measured]
    else:
        see = _in_region(backbone, scorer)
        features = [seen_files(each.files, see, what="backbone") for each in measured]
    return [
        Parts(each.scores, of_labelled, of_backbone)
        for each, of_labelled, of_backbone in zip(measured, compared, features, strict=True)
    ]


def _in_region(backbone: Backbone, scorer: PartScorer) -> Callable[[Sequence[Pixels]], Vectors]:
    return lambda frames: backbone.embed_images([scorer.region.crop(frame) for frame in frames])
