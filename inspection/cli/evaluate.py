"""`inspection evaluate --recipe R --good DIR --bad NAME=DIR …`: what a recipe is worth on labelled pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._options import AsJson, ConfigDir
from inspection.wording import counted, unknown_name

if TYPE_CHECKING:
    from rich.table import Table

    from inspection.analytics.controls import ControlFigures
    from inspection.analytics.evaluation import Evaluation, Naming, ReferenceFigures, Repeated, Separation
    from inspection.cli._labelled import Measured
    from inspection.config import RecipeConfig

_REPEATS = 5
_COMPARED = {"places": "place by place", "whole": "as a whole"}
_LEAST_REFERENCES = 3  # scoring.references.LEAST_REFERENCES; that module takes a while to import, and help does not


@dataclass(frozen=True, slots=True)
class _Drawn:
    """How references were drawn, whether they are compared by `places` or as a `whole`, and the figures that gives."""

    references: int
    by: str
    repeats: int
    seed: int
    figures: ReferenceFigures


@dataclass(frozen=True, slots=True)
class _Located:
    """Pixel AUROC over the defective pictures with a mask: of each defect that has any, and the mean of those."""

    masks: int
    pixel_auroc: float
    pixel_auroc_by_defect: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Result:
    """All that is told. `model`: its name; `drawn`, `located` and `controls`: None where they were not asked for."""

    recipe: RecipeConfig
    model: str
    good: Measured
    bad: Mapping[str, Measured]
    text: Evaluation
    drawn: _Drawn | None
    located: _Located | None
    controls: ControlFigures | None

    @property
    def measured(self) -> list[Measured]:
        return [self.good, *self.bad.values()]

    @property
    def ms_an_image(self) -> dict[str, float]:
        """Of the model and the scores, one picture at a time. The first one warms the model up, and is left out."""
        import numpy as np

        ms = [each for measured in self.measured for each in measured.ms]
        return {"median": float(np.median(ms[1:])), "p99": float(np.percentile(ms[1:], 99))}


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
        typer.Option(min=_LEAST_REFERENCES, metavar="N", help="Also fit N of the good parts, and test on the others."),
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
    from inspection.analytics.evaluation import evaluate_references, evaluate_text, require_enough
    from inspection.cli._controls import measure_controls, rebuildable
    from inspection.cli._labelled import list_labelled, measure
    from inspection.cli._masks import find_masks
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.cli._references import features_of, places_encoder
    from inspection.config import load_site
    from inspection.gauge import load_encoder, region_of

    for option, given, says in (("--repeats", repeats, "how often"), ("--seed", seed, "from what seed")):
        if given is not None and references is None:
            raise typer.BadParameter(f"says {says} references are drawn: give --references too", param_hint=option)
    folders = named_folders(bad, "--bad", by_folder=True)
    recipe_config = load_site(config_dir_of(config_dir)).recipe(recipe)
    labelled = list_labelled(good, folders)
    require_enough(len(labelled[0].files), references)
    mask_of = find_masks(masks, labelled) if masks else {}
    names = [description.name for description in recipe_config.descriptions]
    _tell_free_labels(list(folders), names)
    encoder = load_encoder(recipe_config)
    to_rebuild = rebuildable(encoder) if controls else None
    of_good, *of_bad_ones = measure(encoder, recipe_config, labelled, mask_of)
    of_bad = dict(zip(folders, of_bad_ones, strict=True))
    text = evaluate_text(of_good.scores, {name: each.scores for name, each in of_bad.items()}, names)
    drawn = by_references = random = None
    if references is not None:
        repeats, seed = repeats or _REPEATS, seed or 0
        by_references = partial(evaluate_references, count=references, repeats=repeats, seed=seed)
        folders_seen = [(each.files, each.embeddings) for each in (of_good, *of_bad_ones)]
        good_seen, *bad_seen = features_of(encoder, region_of(recipe_config), folders_seen, what="references")
        figures = by_references(good_seen, dict(zip(folders, bad_seen, strict=True)))
        drawn = _Drawn(references, "places" if places_encoder(encoder) else "whole", repeats, seed, figures)
    located = _located(of_bad) if masks else None
    if controls and to_rebuild:
        random = measure_controls(to_rebuild, recipe_config, of_good, of_bad, controls, by_references)
    model = encoder.fingerprint["model"]
    _tell(_Result(recipe_config, model, of_good, of_bad, text, drawn, located, random), as_json=as_json)


def _located(bad: Mapping[str, Measured]) -> _Located:
    """Raises ConfigError where masks leave nothing to tell apart."""
    from inspection.analytics.separation import pixel_auroc
    from inspection.cli._masks import require_usable

    require_usable({name: [mask for _, mask in measured.maps] for name, measured in bad.items()})
    areas = {name: pixel_auroc(measured.maps) for name, measured in bad.items() if measured.maps}
    return _Located(sum(len(each.maps) for each in bad.values()), sum(areas.values()) / len(areas), areas)


def _tell_free_labels(labels: Sequence[str], descriptions: Sequence[str]) -> None:
    """Bad parts of no description are measured as parts; or the name is a slip."""
    for label in labels:
        if label not in descriptions:
            known = unknown_name(label, descriptions)
            typer.echo(f"No description is called {label}: measured as parts, and not named; {known}", err=True)


def _tell(result: _Result, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_dict(result), ensure_ascii=False))
    else:
        _print(result)


def _as_dict(result: _Result) -> dict[str, Any]:
    """The keys of docs/evaluate.md."""
    text, drawn = result.text, result.drawn
    return {
        "recipe": result.recipe.name,
        "recipe_id": result.recipe.content_id(),
        "model": result.model,
        "good": {"folder": str(result.good.folder), "pictures": len(result.good.ms)},
        "bad": {
            name: {"folder": str(result.bad[name].folder), "pictures": len(result.bad[name].ms), **asdict(figures)}
            for name, figures in text.defects.items()
        },
        "overall": asdict(text.overall),
        "naming": text.naming and asdict(text.naming),
        "with_references": drawn and asdict(drawn),
        "located": result.located and asdict(result.located),
        "controls": result.controls and asdict(result.controls),
        "ms_an_image": result.ms_an_image,
        "unreadable": [
            {"image": str(each.path), "cause": str(each.error)} for of in result.measured for each in of.unreadable
        ],
    }


def _print(result: _Result) -> None:
    from rich.console import Console

    from inspection.cli._controls import controls_table

    text, drawn, ms = result.text, result.drawn, result.ms_an_image
    console = Console(highlight=False, soft_wrap=True)
    told = [f"{counted(text.overall.good, 'good part')} and {text.overall.bad:,} bad"]
    left_out = sum(len(each.unreadable) for each in result.measured)
    if left_out:
        told[0] += f"; {counted(left_out, 'picture')} left out"
    told.append("* as parts, by the largest of all scores in deviations of good parts; else by their own description")
    told.append("[95 %]: Newcombe's interval for AUROC, Clopper-Pearson's for naming; AP: average precision")
    if drawn:
        told.append(
            f"references: {drawn.references} good parts, {_COMPARED[drawn.by]}, drawn"
            f" {counted(drawn.repeats, 'time')} (seed {drawn.seed}), tested on the other {drawn.figures.good};"
            " mean ± deviation of the draws"
        )
    if result.located:
        told.append(
            f"pixels: AUROC of the pixels in {counted(result.located.masks, 'mask')} against those beside them;"
            " of all, the mean over the defects"
        )
    told.append(f"{ms['median']:.1f} ms an image (median), 99 % within {ms['p99']:.1f} ms, one at a time")
    console.print(f"Recipe {result.recipe.name} {result.recipe.content_id()}, model {result.model}", markup=False)
    figures = drawn.figures if drawn else None
    console.print(_table(text, figures, result.located))
    console.print("\n".join(told), markup=False)
    if result.controls:
        networks = counted(result.controls.networks, "network")
        console.print(f"\nBeside {networks} of the same architecture with random weights", markup=False)
        console.print(controls_table(text, figures, result.controls))
        if result.controls.networks > 1:
            console.print(
                "random: mean ± deviation of the networks; a figure within their range needs no training",
                markup=False,
            )


def _table(text: Evaluation, references: ReferenceFigures | None, located: _Located | None) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("bad parts", overflow="fold")
    more = [name for name, given in (("pixels", located), ("references", references)) if given]
    for heading in ("n", "AUROC [95 %]", "AP", "named [95 %]", *more):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figures in text.defects.items():
        row = [escape(name) + ("" if figures.by_description else " *"), *_row(figures.own, figures.naming)]
        if located:
            area = located.pixel_auroc_by_defect.get(name)
            row.append("" if area is None else f"{area:.3f}")
        if references:
            row.append(_repeated(references.auroc_by_defect[name]))
        table.add_row(*row)
    row = ["all *", *_row(text.overall, text.naming)]
    row += [f"{located.pixel_auroc:.3f}"] if located else []
    table.add_row(*row, *([_repeated(references.auroc)] if references else []))
    return table


def _row(separation: Separation, naming: Naming | None) -> list[str]:
    area = f"{separation.auroc:.3f} {_interval(separation.auroc_95)}"
    named = f"{naming.share:.2f} {_interval(naming.share_95)}" if naming else ""
    return [f"{separation.bad}", area, f"{separation.average_precision:.3f}", named]


def _repeated(figure: Repeated) -> str:
    return f"{figure.mean:.3f}" + ("" if figure.spread is None else f" ± {figure.spread:.3f}")


def _interval(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.2f}, {ends[1]:.2f}]"
