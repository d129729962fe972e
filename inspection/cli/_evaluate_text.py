"""What `inspection evaluate` tells: all that was measured, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from inspection.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from inspection.analytics.controls import ControlFigures
    from inspection.analytics.drawn import DrawnFigures, Repeated
    from inspection.analytics.evaluation import Evaluation, Naming, Separation
    from inspection.cli._evaluate_promise import Kept
    from inspection.cli._labelled import Measured
    from inspection.config import RecipeConfig

_LEAST_WIDTH = 100  # else naming, references and labels fold the names of the defects, letter by letter
_COMPARED = {"places": "place by place", "whole": "as a whole"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """How `count` references, or labels of each kind, were drawn, whether they are compared by `places` or as a
    `whole`, and the figures that gives."""

    count: int
    by: str
    repeats: int
    seed: int
    figures: DrawnFigures

    def as_dict(self, what: str) -> dict[str, Any]:
        """`what` was drawn, and is the key of `count`."""
        of = asdict(self)
        return {what: of.pop("count"), **of}

    @property
    def told(self) -> str:
        figures = self.figures
        return (
            f"drawn {counted(self.repeats, 'time')} (seed {self.seed}), tested on {figures.good} other good and"
            f" {figures.bad} bad: {figures.auroc.mean:.3f} {_interval(figures.auroc_95)}"
        )


@dataclass(frozen=True, slots=True)
class Located:
    """Pixel AUROC over the defective pictures with a mask: of each defect that has any, and the mean of those."""

    masks: int
    pixel_auroc: float
    pixel_auroc_by_defect: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """All that is told. `model`: its name; None where something was not asked for."""

    recipe: RecipeConfig
    model: str
    good: Measured
    bad: Mapping[str, Measured]
    text: Evaluation
    with_references: Drawn | None
    with_labels: Drawn | None
    under_promise: Kept
    located: Located | None
    controls: ControlFigures | None

    @property
    def measured(self) -> list[Measured]:
        return [self.good, *self.bad.values()]

    @property
    def drawn(self) -> dict[str, DrawnFigures]:
        """By their heading in a table."""
        asked = (("references", self.with_references), ("labels", self.with_labels))
        return {heading: drawn.figures for heading, drawn in asked if drawn}

    @property
    def ms_an_image(self) -> dict[str, float]:
        """Of the model and the scores, one picture at a time. The first one warms the model up, and is left out."""
        import numpy as np

        ms = [each for measured in self.measured for each in measured.ms]
        return {"median": float(np.median(ms[1:])), "p99": float(np.percentile(ms[1:], 99))}


def as_dict(result: Result) -> dict[str, Any]:
    """The keys of docs/evaluate.md."""
    text, references, labels = result.text, result.with_references, result.with_labels
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
        "with_references": references and references.as_dict("references"),
        "with_labels": labels and labels.as_dict("labels"),
        "under_promise": result.under_promise.as_dict(),
        "located": result.located and asdict(result.located),
        "controls": result.controls and asdict(result.controls),
        "ms_an_image": result.ms_an_image,
        "unreadable": [
            {"image": str(each.path), "cause": str(each.error)} for of in result.measured for each in of.unreadable
        ],
    }


def notes(result: Result) -> list[str]:
    """What a reader of the figures must know."""
    text, ms = result.text, result.ms_an_image
    told = [f"{counted(text.overall.good, 'good part')} and {text.overall.bad:,} bad"]
    left_out = sum(len(each.unreadable) for each in result.measured)
    if left_out:
        told[0] += f"; {counted(left_out, 'picture')} left out"
    told.append("* as parts, by the largest of all scores in deviations of good parts; else by their own description")
    told.append("[95 %]: Newcombe's interval for AUROC, Clopper-Pearson's for naming; AP: average precision")
    if references := result.with_references:
        told.append(f"references: {references.count} good parts, {_COMPARED[references.by]}, {references.told}")
    if labels := result.with_labels:
        told.append(f"labels: {labels.count} good and {labels.count} bad, {_COMPARED[labels.by]}, {labels.told}")
    if result.drawn:
        told.append(
            f"{' and '.join(result.drawn)}: mean ± deviation of the draws; [95 %] is of the mean of all bad parts"
        )
    if result.located:
        told.append(
            f"pixels: AUROC of the pixels in {counted(result.located.masks, 'mask')} against those beside them;"
            " of all, the mean over the defects"
        )
    told.append(f"{ms['median']:.1f} ms an image (median), 99 % within {ms['p99']:.1f} ms, one at a time")
    return told


def print_result(result: Result) -> None:
    from rich.console import Console

    from inspection.cli._controls import controls_table

    text = result.text
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, _LEAST_WIDTH)
    console.print(f"Recipe {result.recipe.name} {result.recipe.content_id()}, model {result.model}", markup=False)
    console.print(_table(*figures(result)))
    console.print("\n".join(notes(result)), markup=False)
    kept = result.under_promise
    console.print(f"\n{kept.title}", markup=False)
    console.print(_table(*kept.figures(text.defects)))
    console.print("\n".join(kept.notes()), markup=False)
    if result.controls:
        networks = counted(result.controls.networks, "network")
        console.print(f"\nBeside {networks} of the same architecture with random weights", markup=False)
        console.print(controls_table(text, result.drawn, result.controls))
        if result.controls.networks > 1:
            console.print(
                "random: mean ± deviation of the networks; a figure within their range needs no training",
                markup=False,
            )


def figures(result: Result) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of a table: of each kind of bad parts, and of all."""
    text, drawn, located = result.text, result.drawn, result.located
    more = [*(["named [95 %]"] if text.naming else []), *(["pixels"] if located else []), *drawn]
    rows = []
    for name, of in text.defects.items():
        row = [name + ("" if of.by_description else " *"), *_separated(of.own)]
        row += [_named(of.naming)] if text.naming else []
        if located:
            area = located.pixel_auroc_by_defect.get(name)
            row.append("" if area is None else f"{area:.3f}")
        rows.append([*row, *(_repeated(each.auroc_by_defect[name]) for each in drawn.values())])
    row = ["all *", *_separated(text.overall)]
    row += [_named(text.naming)] if text.naming else []
    row += [f"{located.pixel_auroc:.3f}"] if located else []
    rows.append([*row, *(_repeated(each.auroc) for each in drawn.values())])
    return ["bad parts", "n", "AUROC [95 %]", "AP", *more], rows


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _separated(separation: Separation) -> list[str]:
    area = f"{separation.auroc:.3f} {_interval(separation.auroc_95)}"
    return [f"{separation.bad}", area, f"{separation.average_precision:.3f}"]


def _named(naming: Naming | None) -> str:
    return f"{naming.share:.2f} {_interval(naming.share_95)}" if naming else ""


def _repeated(figure: Repeated) -> str:
    return f"{figure.mean:.3f}" + ("" if figure.spread is None else f" ± {figure.spread:.3f}")


def _interval(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.2f}, {ends[1]:.2f}]"
