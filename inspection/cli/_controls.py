"""Controls: the recipe's own architecture with random weights, on the pictures that the model itself was measured on.

One network at a time, so that no more than one is held beside the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from inspection.domain.errors import CalibrationError, ModelError, ScoringError

if TYPE_CHECKING:
    from rich.table import Table

    from inspection.analytics.controls import Areas, ControlFigures, Ranged
    from inspection.analytics.evaluation import Evaluation, ReferenceFigures
    from inspection.cli._labelled import Measured
    from inspection.config import RecipeConfig
    from inspection.domain.ports import Encoder, RebuildableEncoder
    from inspection.domain.types import Vectors

    ByReferences = Callable[[Vectors, Mapping[str, Vectors]], ReferenceFigures]


def rebuildable(encoder: Encoder) -> RebuildableEncoder:
    """The same one. Raises ModelError where its architecture cannot be had with other weights."""
    from inspection.domain.ports import RebuildableEncoder

    if not isinstance(encoder, RebuildableEncoder):
        name = encoder.fingerprint["model"]
        raise ModelError(f"model {name}: it cannot be rebuilt with random weights; leave --controls out")
    return encoder


def measure_controls(
    encoder: RebuildableEncoder,
    recipe: RecipeConfig,
    good: Measured,
    bad: Mapping[str, Measured],
    networks: int,
    by_references: ByReferences | None,
) -> ControlFigures:
    """Networks of the seeds 0 to `networks` - 1. `by_references`: what `features_of` good and bad in, figures out.

    Raises ModelError for one that tells nothing apart at all, CameraError where a picture has gone.
    """
    from inspection.analytics.controls import summarise
    from inspection.analytics.evaluation import evaluate_text
    from inspection.cli._references import features_of
    from inspection.cli._samples import measure_files
    from inspection.gauge import prototypes_of, region_of

    names, region = [description.name for description in recipe.descriptions], region_of(recipe)
    texts, references = [], []
    for seed in range(networks):
        what = f"random network {seed + 1} of {networks}"
        try:
            control = encoder.with_random_weights(seed)
            prototypes = prototypes_of(recipe, control)
            scores, embeddings = measure_files(good.files, control, prototypes, region, what=what)
            of_bad = {
                name: measure_files(each.files, control, prototypes, region, what=what) for name, each in bad.items()
            }
            texts.append(evaluate_text(scores, {name: each for name, (each, _) in of_bad.items()}, names))
            if by_references:
                seen = [(good.files, embeddings), *((bad[name].files, each) for name, (_, each) in of_bad.items())]
                good_seen, *bad_seen = features_of(control, region, seen, what=what)
                references.append(by_references(good_seen, dict(zip(bad, bad_seen, strict=True))))
        except (CalibrationError, ScoringError) as error:  # the model itself could be measured on these pictures
            name = encoder.fingerprint["model"]
            raise ModelError(
                f"model {name}: with random weights of seed {seed} it cannot be measured ({error}); "
                + (f"ask for --controls {seed} at most" if seed else "leave --controls out")
            ) from error
    return summarise(texts, references)


def controls_table(text: Evaluation, references: ReferenceFigures | None, controls: ControlFigures) -> Table:
    """The model's AUROC, and beside it the networks' mean, deviation and range."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("bad parts", overflow="fold")
    beside: list[tuple[str, Mapping[str, float], float, Areas]] = [
        ("AUROC", {name: each.own.auroc for name, each in text.defects.items()}, text.overall.auroc, controls.text)
    ]
    if references and controls.references:
        by_defect = {name: each.mean for name, each in references.auroc_by_defect.items()}
        beside.append(("references", by_defect, references.auroc.mean, controls.references))
    for heading, *_ in beside:
        for column in (heading, "random", "range"):
            table.add_column(column, justify="right", no_wrap=True)
    for name, figures in text.defects.items():
        row = [escape(name) + ("" if figures.by_description else " *")]
        for _, own, _, areas in beside:
            row += _cells(own[name], areas.auroc_by_defect[name])
        table.add_row(*row)
    row = ["all *"]
    for _, _, overall, areas in beside:
        row += _cells(overall, areas.auroc)
    table.add_row(*row)
    return table


def _cells(model: float, random: Ranged) -> list[str]:
    spread = "" if random.spread is None else f" ± {random.spread:.2f}"
    return [f"{model:.3f}", f"{random.mean:.2f}{spread}", f"{random.least:.2f}..{random.largest:.2f}"]
