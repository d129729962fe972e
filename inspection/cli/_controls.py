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
    from inspection.analytics.drawn import DrawnFigures, Seen
    from inspection.analytics.evaluation import Evaluation
    from inspection.cli._labelled import Measured
    from inspection.config import RecipeConfig
    from inspection.domain.ports import Encoder, RebuildableEncoder
    from inspection.domain.types import Vectors

    ByReferences = Callable[[Vectors, Mapping[str, Vectors]], DrawnFigures]
    ByLabels = Callable[[Seen, Mapping[str, Seen]], DrawnFigures]


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
    by_labels: ByLabels | None,
) -> ControlFigures:
    """Networks of the seeds 0 to `networks` - 1. `by_references`: what `features_of` good and bad in, figures out;
    `by_labels`: their scores beside it.

    Raises ModelError for one that tells nothing apart at all, CameraError where a picture has gone.
    """
    from inspection.analytics.controls import summarise
    from inspection.analytics.evaluation import evaluate_text
    from inspection.cli._references import features_of
    from inspection.cli._samples import measure_files
    from inspection.gauge import scorer_of

    names = [description.name for description in recipe.descriptions]
    texts, references, labels = [], [], []
    for seed in range(networks):
        what = f"random network {seed + 1} of {networks}"
        try:
            control = encoder.with_random_weights(seed)
            scorer = scorer_of(recipe, control)
            scores, embeddings = measure_files(good.files, scorer, what=what)
            of_bad = {name: measure_files(each.files, scorer, what=what) for name, each in bad.items()}
            texts.append(evaluate_text(scores, {name: each for name, (each, _) in of_bad.items()}, names))
            if by_references or by_labels:
                folders = [(good.files, embeddings), *((bad[name].files, each) for name, (_, each) in of_bad.items())]
                good_seen, *bad_ones_seen = features_of(scorer, folders, what=what)
                bad_seen = dict(zip(bad, bad_ones_seen, strict=True))
                if by_references:
                    references.append(by_references(good_seen, bad_seen))
                if by_labels:
                    of_kind = {name: (each, bad_seen[name]) for name, (each, _) in of_bad.items()}
                    labels.append(by_labels((scores, good_seen), of_kind))
        except (CalibrationError, ScoringError) as error:  # the model itself could be measured on these pictures
            name = encoder.fingerprint["model"]
            raise ModelError(
                f"model {name}: with random weights of seed {seed} it cannot be measured ({error}); "
                + (f"ask for --controls {seed} at most" if seed else "leave --controls out")
            ) from error
    return summarise(texts, references, labels)


def controls_table(text: Evaluation, drawn: Mapping[str, DrawnFigures], controls: ControlFigures) -> Table:
    """The model's AUROC, and beside it the networks' mean, deviation and range. `drawn`: of references and labels."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("bad parts", overflow="fold")
    table.add_column("by")
    for column in ("AUROC", "random", "range"):
        table.add_column(column, justify="right", no_wrap=True)
    by_text = {name: each.own.auroc for name, each in text.defects.items()}
    beside: list[tuple[str, Mapping[str, float], float, Areas]] = [("text", by_text, text.overall.auroc, controls.text)]
    for by, areas in (("references", controls.references), ("labels", controls.labels)):
        if areas:
            by_defect = {name: each.mean for name, each in drawn[by].auroc_by_defect.items()}
            beside.append((by, by_defect, drawn[by].auroc.mean, areas))
    for name, figures in text.defects.items():
        star = "" if figures.by_description else " *"
        for by, own, _, areas in beside:
            table.add_row(escape(name) + star, by, *_cells(own[name], areas.auroc_by_defect[name]))
    for by, _, overall, areas in beside:
        table.add_row("all *", by, *_cells(overall, areas.auroc))
    return table


def _cells(model: float, random: Ranged) -> list[str]:
    spread = "" if random.spread is None else f" ± {random.spread:.2f}"
    return [f"{model:.3f}", f"{random.mean:.2f}{spread}", f"{random.least:.2f}..{random.largest:.2f}"]
