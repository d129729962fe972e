"""What `inspection compare` tells: an answer in words, the table behind it, and both as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from inspection.analytics.comparison import Cell, Comparison, Method
    from inspection.cli._labelled import Measured
    from inspection.config import RecipeConfig

NAMES: Mapping[Method, str] = {
    "text": "text",
    "references": "references",
    "head_with_text": "labels + text",
    "head": "labels",
    "transfer": "transfer learning",
}
"""By which a person knows the methods."""

_LEAST_WIDTH = 116  # else figures are cut
_SHORT = 12  # a reason that a cell of the table has room for


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """All that is told. `model` and `backbone`: their fingerprints; no backbone: the model's own image tower. The first
    of `measured` is of the good parts, the others are of `bad`."""

    recipe: RecipeConfig
    model: Mapping[str, str]
    backbone: Mapping[str, str] | None
    measured: Sequence[Measured]
    bad: Mapping[str, Path]
    seed: int
    found: Comparison

    @property
    def backbone_told(self) -> str:
        if self.backbone:
            return f"the frozen {self.backbone['model']}"
        return f"the image tower of {self.model['model']}, the recipe's own model, as no --backbone was named"


def as_dict(result: Compared) -> dict[str, Any]:
    """The keys of docs/evaluate.md."""
    found, (good, *bad) = result.found, result.measured
    headline, told = answer(found)
    return {
        "recipe": result.recipe.name,
        "recipe_id": result.recipe.content_id(),
        "model": result.model["model"],
        "backbone": None if result.backbone is None else dict(result.backbone),
        "good": {"folder": str(good.folder), "pictures": len(good.files)},
        "bad": {
            name: {"folder": str(each.folder), "pictures": len(each.files)}
            for name, each in zip(result.bad, bad, strict=True)
        },
        "tested": {"good": found.good, "bad": found.bad},
        "repeats": found.repeats,
        "seed": result.seed,
        "methods": {
            method: [{"labels": labels, **asdict(cell)} for labels, cell in zip(found.labels, cells, strict=True)]
            for method, cells in found.cells.items()
        },
        "saving": asdict(found.saving),
        "says": f"{headline}. {told}",
        "unreadable": [
            {"image": str(each.path), "cause": str(each.error)} for of in result.measured for each in of.unreadable
        ],
    }


def answer(found: Comparison) -> tuple[str, str]:
    """The finding, and what it rests on."""
    saving, last = found.saving, found.labels[-1]
    text = figure(found.cells["text"][0])
    most = plus(saving.most) if saving.most is not None else f"more than {plus(last)}"
    if saving.labels == 0:
        return "Your sentences save no label", f"Text alone has AUROC {text}: no better than a guess, 0.5."
    reach = (
        f"{plus(last)} labels do not reach it"
        if saving.labels is None
        else f"{plus(saving.labels)} labels reach what text reaches with none"
    )
    if saving.least == 0:
        return (
            "Your sentences are not shown to save a label",
            f"Text alone has AUROC {text}, and at 95 % that may be a guess, 0.5. With transfer learning alone,"
            f" {reach}; at 95 %: none to {most}.",
        )
    at_95 = "at 95 % too" if saving.least in (None, saving.most) else f"at 95 %: {plus(saving.least)} to {most}"
    if saving.labels is None:
        area = found.cells["transfer"][-1]
        return (
            f"Your sentences save more than {2 * last} labelled parts",
            f"Text alone has AUROC {text}. With transfer learning alone, {reach}: {figure(area)}; {at_95}.",
        )
    fewer = f"; {plus(saving.labels // 2)} do not" if saving.labels > 1 else ""
    return (
        f"Your sentences save {2 * saving.labels} labelled parts",
        f"With transfer learning alone, {reach}, AUROC {text}{fewer}; {at_95}.",
    )


def plus(labels: int) -> str:
    """So many good parts and as many bad ones."""
    return f"{labels}+{labels}"


def figure(cell: Cell) -> str:
    """Its AUROC and the interval, or why it has none."""
    if cell.auroc is None or cell.auroc_95 is None:
        return f"{cell.lacks}"
    return f"{cell.auroc.mean:.3f} [{cell.auroc_95[0]:.2f}, {cell.auroc_95[1]:.2f}]"


def notes(result: Compared) -> list[str]:
    """What a reader of the figures must know."""
    found = result.found
    good, bad = len(result.measured[0].files), sum(len(each.files) for each in result.measured[1:])
    left_out = sum(len(each.unreadable) for each in result.measured)
    parts = f"{counted(good, 'good part')} and {bad:,} bad" + (
        f"; {counted(left_out, 'picture')} left out" if left_out else ""
    )
    return [
        f"{parts}; drawn {counted(found.repeats, 'time')} (seed {result.seed}): one half is tested, {found.good} good"
        f" and {found.bad} bad, labels come from the other",
        "[95 %]: Newcombe's interval for AUROC on as many parts as one draw tests; what is saved is told of differences"
        " on the same parts",
        "text: the largest of its scores, without any part; references: the good ones among those labelled, no word",
        "labels: the head of decision 10, with the text and without",
        f"transfer learning: logistic regression on {result.backbone_told}",
        *(
            f"{NAMES[method]}, {plus(labels)}: {cell.lacks}"
            for method, cells in found.cells.items()
            for labels, cell in zip(found.labels, cells, strict=True)
            if cell.lacks and len(cell.lacks) > _SHORT
        ),
    ]


def print_result(result: Compared) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, _LEAST_WIDTH)
    console.print(
        f"Recipe {result.recipe.name} {result.recipe.content_id()}, model {result.model['model']}", markup=False
    )
    console.print(_table(result.found))
    console.print("\n".join(notes(result)), markup=False)
    headline, told = answer(result.found)
    console.print(f"\n{headline}. {told}", markup=False)


def rows(found: Comparison) -> list[list[str]]:
    """One for each number of labels: that, and the figure of each method."""
    return [
        [plus(labels), *(_short(cells[row]) for cells in found.cells.values())]
        for row, labels in enumerate(found.labels)
    ]


def _short(cell: Cell) -> str:
    told = figure(cell)
    return "none, see below" if cell.lacks and len(told) > _SHORT else told


def _table(found: Comparison) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("good+bad", no_wrap=True)
    for method in found.cells:
        table.add_column(f"{NAMES[method]} [95 %]", justify="right", no_wrap=True)
    for row in rows(found):
        table.add_row(*row)
    return table
