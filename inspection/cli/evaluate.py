"""`inspection evaluate --recipe R --good DIR --bad NAME=DIR …`: what a recipe is worth on labelled pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir
from inspection.wording import unknown_name

if TYPE_CHECKING:
    from inspection.cli._evaluate_text import Located
    from inspection.cli._labelled import Measured

_REPEATS = 5
_LEAST = 3  # analytics.drawn.LEAST_LABELS and scoring.references.LEAST_REFERENCES, which take a while to import


def evaluate(
    recipe: Annotated[str, typer.Option(help="The recipe, as its file in recipes/ is called.")],
    good: Annotated[Path, typer.Option(metavar="DIR", help="Folder of pictures of good parts.")],
    bad: Annotated[
        list[str],
        typer.Option(
            metavar="[NAME=]DIR",
            help="Folder of defective parts. NAME: the description it belongs to, or any; default: the folder's name."
            " May be repeated.",
        ),
    ],
    references: Annotated[
        int | None,
        typer.Option(min=_LEAST, metavar="N", help="Also fit N of the good parts, and test on the others."),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(
            min=_LEAST, metavar="N", help="Also fit N good and N bad parts with the text, and test on the others."
        ),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, max=1000, metavar="K", help=f"Draw them so many times; default: {_REPEATS}.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of those draws: the same seed gives the same figures; default: 0.")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Masks of the defects, DIR/NAME/….png: also tell how well they are located."),
    ] = None,
    controls: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="N", help="Also measure N networks like the model with random weights."),
    ] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure how well a recipe tells labelled bad pictures from good ones, and names the defect. Changes nothing.

    Pictures that cannot be read are named and left out.
    """
    from inspection.analytics.drawn import evaluate_labels, evaluate_references, require_labels, require_references
    from inspection.analytics.evaluation import evaluate_text, require_enough
    from inspection.cli._controls import measure_controls, rebuildable
    from inspection.cli._evaluate_text import Drawn, Result, as_dict, print_result
    from inspection.cli._labelled import list_labelled, measure
    from inspection.cli._masks import find_masks
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.cli._references import features_of
    from inspection.config import load_site
    from inspection.gauge import load_encoder, scorer_of
    from inspection.phrasings import in_brief, phrasing_warnings

    for option, given, says in (("--repeats", repeats, "how often"), ("--seed", seed, "from what seed")):
        if given is not None and references is labels is None:
            raise typer.BadParameter(
                f"says {says} references or labels are drawn: give --references or --labels too", param_hint=option
            )
    folders = named_folders(bad, "--bad", by_folder=True)
    site = load_site(config_dir_of(config_dir))
    recipe_config = site.recipe(recipe)
    labelled = list_labelled(good, folders)
    good_files, *bad_files = (len(each.files) for each in labelled)
    require_enough(good_files)
    if references is not None:
        require_references(good_files, references)
    if labels is not None:
        require_labels(good_files, dict(zip(folders, bad_files, strict=True)), labels)
    mask_of = find_masks(masks, labelled) if masks else {}
    names = [description.name for description in recipe_config.descriptions]
    _tell_free_labels(list(folders), names)
    encoder = load_encoder(recipe_config)
    to_rebuild = rebuildable(encoder) if controls else None
    if told := in_brief(phrasing_warnings(site, recipe, encoder), recipe):
        typer.echo(told, err=True)
    of_good, *of_bad_ones = measure(encoder, recipe_config, labelled, mask_of)
    of_bad = dict(zip(folders, of_bad_ones, strict=True))
    text = evaluate_text(of_good.scores, {name: each.scores for name, each in of_bad.items()}, names)
    by_references = by_labels = with_references = with_labels = random = None
    repeats, seed = repeats or _REPEATS, seed or 0
    if references is not None or labels is not None:
        folders_seen = [(each.files, each.embeddings) for each in (of_good, *of_bad_ones)]
        scorer = scorer_of(recipe_config, encoder)
        good_seen, *bad_ones_seen = features_of(scorer, folders_seen, what="comparing")
        bad_seen, by = dict(zip(folders, bad_ones_seen, strict=True)), "places" if scorer.has_places else "whole"
        if references is not None:
            by_references = partial(evaluate_references, count=references, repeats=repeats, seed=seed)
            with_references = Drawn(references, by, repeats, seed, by_references(good_seen, bad_seen))
        if labels is not None:
            by_labels = partial(evaluate_labels, count=labels, repeats=repeats, seed=seed)
            of_kind = {name: (each.scores, bad_seen[name]) for name, each in of_bad.items()}
            with_labels = Drawn(labels, by, repeats, seed, by_labels((of_good.scores, good_seen), of_kind))
    located = _located(of_bad) if masks else None
    if controls and to_rebuild:
        random = measure_controls(to_rebuild, recipe_config, of_good, of_bad, controls, by_references, by_labels)
    model = encoder.fingerprint["model"]
    result = Result(recipe_config, model, of_good, of_bad, text, with_references, with_labels, located, random)
    if as_json:
        typer.echo(json.dumps(as_dict(result), ensure_ascii=False))
    else:
        print_result(result)


def _located(bad: Mapping[str, Measured]) -> Located:
    """Raises ConfigError where masks leave nothing to tell apart."""
    from inspection.analytics.separation import pixel_auroc
    from inspection.cli._evaluate_text import Located
    from inspection.cli._masks import require_usable

    require_usable({name: [mask for _, mask in measured.maps] for name, measured in bad.items()})
    areas = {name: pixel_auroc(measured.maps) for name, measured in bad.items() if measured.maps}
    return Located(sum(len(each.maps) for each in bad.values()), sum(areas.values()) / len(areas), areas)


def _tell_free_labels(labels: Sequence[str], descriptions: Sequence[str]) -> None:
    """Bad parts of no description are measured as parts; or the name is a slip."""
    for label in labels:
        if label not in descriptions:
            known = unknown_name(label, descriptions)
            typer.echo(f"No description is called {label}: measured as parts, and not named; {known}", err=True)
