"""`inspection evaluate --recipe R --good DIR --bad NAME=DIR …`: what a recipe is worth on labelled pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir
from inspection.cli.calibrate import FALSE_REJECT
from inspection.wording import unknown_name

if TYPE_CHECKING:
    from inspection.analytics.drawn import DrawnScores
    from inspection.calibration.promise import Promise
    from inspection.cli._controls import ByLabels, ByReferences
    from inspection.cli._evaluate_promise import Kept
    from inspection.cli._evaluate_text import Drawn, Located, Result
    from inspection.cli._labelled import Measured
    from inspection.scoring.part_scorer import PartScorer

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
    false_reject: Annotated[
        float,
        typer.Option(min=0.001, max=0.5, help="What escapes where so large a share of good parts may be rejected."),
    ] = FALSE_REJECT,
    confidence: Annotated[
        float | None, typer.Option(min=0.5, max=0.999, help="… such as 0.95: so sure, and not on average.")
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            metavar="K",
            help="Draw references, labels and the good parts that set thresholds so many times.",
        ),
    ] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of those draws: the same seed gives the same figures.")] = 0,
    masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Masks of the defects, DIR/NAME/….png: also tell how well they are located."),
    ] = None,
    controls: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="N", help="Also measure N networks like the model with random weights."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write a page with plots and the weakest pictures; no network."),
    ] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure how well a recipe tells labelled bad pictures from good ones, and names the defect. Changes nothing.

    Pictures that cannot be read are named and left out.
    """
    from inspection.analytics.drawn import require_labels, require_references
    from inspection.analytics.evaluation import evaluate_text, require_enough
    from inspection.calibration.promise import Promise
    from inspection.cli._controls import measure_controls, rebuildable
    from inspection.cli._evaluate_text import Result, as_dict, print_result
    from inspection.cli._labelled import list_labelled, measure
    from inspection.cli._masks import find_masks
    from inspection.cli._options import check_page, config_dir_of, named_folders
    from inspection.config import load_site
    from inspection.gauge import load_encoder, scorer_of
    from inspection.phrasings import in_brief, phrasing_warnings

    check_page(report, "--report")
    asked = Asked(Promise(false_reject, confidence), references, labels, repeats, seed)
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
    scorer = scorer_of(recipe_config, encoder)
    with_references, with_labels, kept = _drawn(asked, scorer, of_good, of_bad)
    located = _located(of_bad) if masks else None
    random = None
    if controls and to_rebuild:
        random = measure_controls(
            to_rebuild, recipe_config, of_good, of_bad, controls, asked.by_references, asked.by_labels
        )
    model = encoder.fingerprint["model"]
    result = Result(recipe_config, model, of_good, of_bad, text, with_references, with_labels, kept, located, random)
    if as_json:
        typer.echo(json.dumps(as_dict(result), ensure_ascii=False))
    else:
        print_result(result)
    if report:  # after the figures: they took long, and stand also where no page can be written
        _write_report(report, result, scorer)
        typer.echo(f"Plots and the weakest pictures: {report}", err=as_json)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is drawn, how often, from what seed, and what thresholds are to keep."""

    promise: Promise
    references: int | None
    labels: int | None
    repeats: int
    seed: int

    @property
    def by_references(self) -> ByReferences | None:
        """What measures them on other networks."""
        from inspection.analytics.drawn import evaluate_references

        if self.references is None:
            return None
        return partial(evaluate_references, count=self.references, repeats=self.repeats, seed=self.seed)

    @property
    def by_labels(self) -> ByLabels | None:
        """As `by_references`."""
        from inspection.analytics.drawn import evaluate_labels

        if self.labels is None:
            return None
        return partial(evaluate_labels, count=self.labels, repeats=self.repeats, seed=self.seed)


def _drawn(
    asked: Asked, scorer: PartScorer, of_good: Measured, of_bad: Mapping[str, Measured]
) -> tuple[Drawn | None, Drawn | None, Kept]:
    """By references and by labels where they were asked for, and what escapes by each under the promise."""
    from inspection.analytics.drawn import draw_labels, draw_references, draw_text, summarised
    from inspection.analytics.promised import under_promise
    from inspection.cli._evaluate_promise import AS_A_WHOLE, Kept, Way
    from inspection.cli._evaluate_text import Drawn
    from inspection.cli._references import features_of
    from inspection.domain.types import LIKE_BAD_PARTS, UNLIKE_GOOD_PARTS

    repeats, seed = asked.repeats, asked.seed
    wholes = of_good.wholes, {name: each.wholes for name, each in of_bad.items()}

    def way(draws: Sequence[DrawnScores], *taught: str) -> Way:
        names = (*scorer.names, *taught)
        return Way((*names, AS_A_WHOLE), under_promise(draws, names, asked.promise, *wholes))

    by = "places" if scorer.has_places else "whole"
    draws = draw_text(of_good.scores, {name: each.scores for name, each in of_bad.items()}, repeats=repeats, seed=seed)
    ways = {"text": way(draws)}
    with_references = with_labels = None
    if asked.references is not None or asked.labels is not None:
        measured = [of_good, *of_bad.values()]
        features = features_of(scorer, [(each.files, each.embeddings) for each in measured], what="comparing")
        good, *bad_ones = ((each.scores, seen) for each, seen in zip(measured, features, strict=True))
        bad = dict(zip(of_bad, bad_ones, strict=True))
        if asked.references is not None:
            draws = draw_references(good, bad, count=asked.references, repeats=repeats, seed=seed)
            with_references = Drawn(asked.references, by, repeats, seed, summarised(draws))
            ways["references"] = way(draws, UNLIKE_GOOD_PARTS)
        if asked.labels is not None:
            draws = draw_labels(good, bad, count=asked.labels, repeats=repeats, seed=seed)
            with_labels = Drawn(asked.labels, by, repeats, seed, summarised(draws))
            ways["labels"] = way(draws, UNLIKE_GOOD_PARTS, LIKE_BAD_PARTS)
    return with_references, with_labels, Kept(asked.promise, repeats, seed, ways)


def _write_report(path: Path, result: Result, scorer: PartScorer) -> None:
    from inspection.cli._evaluate_report import report_of
    from inspection.cli._site_files import write_text

    write_text(path, report_of(result, scorer))


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
