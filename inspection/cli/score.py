"""`inspection score IMAGE… --recipe R`: how a recipe sees some pictures, as a table, JSON or a picture report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._options import AsJson, ConfigDir
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.calibration.record import Calibration
    from inspection.cli._samples import Scored
    from inspection.config import LineConfig, RecipeConfig
    from inspection.domain.ports import Encoder
    from inspection.domain.types import Located, Pixels
    from inspection.judging.band import ReviewBand
    from inspection.judging.frame_gate import FrameGate
    from inspection.judging.presence import Presence
    from inspection.scoring.part_scorer import PartScorer


def score(
    images: Annotated[list[Path], typer.Argument(help="Picture files.")],
    recipe: Annotated[str | None, typer.Option(help="Score under this recipe; no verdicts.")] = None,
    line: Annotated[str | None, typer.Option(help="Judge as this line does, with its calibration.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a report with the pictures, for a browser or a printer.")
    ] = None,
    locate: Annotated[
        bool, typer.Option("--locate", help="Also say where on each picture its description fits best.")
    ] = False,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Score pictures on every description of a recipe, or judge them as a line would.

    A line does not judge what is too dark, overexposed or of another size than its file says, nor what is not its part.
    Exit code 1 if a
    picture cannot be read; the others are scored all the same.
    """
    from inspection.calibrated import band_of, references_of, require_calibration
    from inspection.cli._options import config_dir_of
    from inspection.cli._samples import scored_files
    from inspection.config import load_site
    from inspection.gauge import line_encoder, load_encoder, scorer_of
    from inspection.judging.band import NO_BAND
    from inspection.judging.presence import Presence

    _check_arguments(images, recipe, line, html)
    site = load_site(config_dir_of(config_dir))
    line_config = site.line(line) if line else None
    recipe_config = site.recipe(line_config.recipe if line_config else str(recipe))
    encoder, untuned = line_encoder(site, line_config) if line_config else (load_encoder(recipe_config), None)
    calibration = require_calibration(site, line_config, encoder, untuned) if line_config else None
    if untuned:
        typer.echo(untuned, err=True)
    gate = _frame_gate(line_config) if line_config else None
    band = band_of(line_config, calibration) if line_config else NO_BAND
    scorer = scorer_of(recipe_config, encoder, references=references_of(site, calibration))
    presence = Presence(calibration.whole) if calibration and calibration.whole else None
    locator = _locator(scorer) if locate else None
    rows: list[dict[str, Any]] = []
    unreadable = 0

    def judged() -> Iterator[tuple[Scored, dict[str, Any]]]:
        nonlocal unreadable
        for scored in scored_files(images, scorer, what="scoring"):
            unreadable += scored.error is not None
            rows.append(_row(scored, scorer.names, calibration, gate, band, presence))
            if locator is not None:
                rows[-1]["region"] = _where(locator, scored, rows[-1]["description"])
            yield scored, rows[-1]

    if html is not None:
        from inspection.cli._picture_report import write_report

        write_report(html, judged(), _head(recipe_config, line, encoder, calibration, band), scorer.region, calibration)
    else:
        for _ in judged():
            pass
    if as_json:
        typer.echo(json.dumps(rows))
    elif html is not None:
        typer.echo(f"{_counts(rows)}: {html}")
    else:
        _print(rows, scorer.names, is_judged=calibration is not None)
    for row in rows:
        if row["cause"]:
            typer.echo(row["cause"], err=True)
    if unreadable:
        raise typer.Exit(1)


def _check_arguments(images: Sequence[Path], recipe: str | None, line: str | None, html: Path | None) -> None:
    from inspection.cli._options import check_page

    if (recipe is None) == (line is None):
        raise typer.BadParameter("give either --recipe or --line")
    check_page(html, "--html")
    for image in images:
        if image.is_dir():
            raise typer.BadParameter(f"{image} is a folder: name its pictures, as {image}/*.jpg")


def _locator(scorer: PartScorer) -> Callable[[Pixels, str], Located | None]:
    """Raises ModelError where there is nothing to locate with."""
    from inspection.domain.errors import ModelError
    from inspection.gauge import locator_of

    found = locator_of(scorer)
    if found is None:
        raise ModelError(
            f"model {scorer.encoder.fingerprint['model']}: it has no map in the space of sentences, and the recipe no"
            " tiles; leave --locate out, or write tiles into the recipe"
        )
    return found


def _where(
    locator: Callable[[Pixels, str], Located | None], scored: Scored, description: str | None
) -> dict[str, float] | None:
    if scored.pixels is None or description is None:
        return None
    located = locator(scored.pixels, description)
    return None if located is None else located.region._asdict()


def _frame_gate(line: LineConfig) -> FrameGate:
    """The line's, without its look for a camera that gives one frame again and again: these are files."""
    from inspection.devices import frame_gate_of

    return frame_gate_of(line.frame.model_copy(update={"frozen_after": 0}))


def _row(
    scored: Scored,
    names: Sequence[str],
    calibration: Calibration | None,
    gate: FrameGate | None,
    band: ReviewBand,
    presence: Presence | None,
) -> dict[str, Any]:
    import numpy as np

    from inspection.judging.judge import judge

    fault = gate.fault(scored.pixels) if gate is not None and scored.pixels is not None else None
    if scored.scores is None or fault is not None:
        return {
            "image": str(scored.path),
            "verdict": "UNJUDGED" if calibration else None,
            "description": None,
            "margin": None,
            "cause": f"{scored.path}: {fault[0]}: {fault[1]}" if fault else str(scored.error),
            "scores": {},
        }
    scores = dict(zip(names, map(float, scored.scores), strict=True))
    judged = judge(scores, calibration.thresholds, band) if calibration else None
    if judged and presence:
        (judged,) = presence.require([judged], [side[np.newaxis] for side in scored.wholes])
    return {
        "image": str(scored.path),
        "verdict": judged.kind if judged else None,
        "description": judged.description if judged else max(scores, key=scores.__getitem__),
        "margin": judged.margin if judged else None,
        "cause": f"{scored.path}: {judged.cause}: {judged.detail}" if judged and judged.cause else None,
        "scores": scores,
    }


def _head(
    recipe: RecipeConfig, line: str | None, encoder: Encoder, calibration: Calibration | None, band: ReviewBand
) -> dict[str, str]:
    """What the pictures were judged under, as a reader of the report needs it to tell whether it still holds."""
    if calibration is None:
        return {"recipe": f"{recipe.name} {recipe.content_id()}", "looks for": recipe.part, **encoder.fingerprint}
    return {
        "line": str(line),
        "looks for": f"defects of a {recipe.part}",
        "calibration": f"{calibration.id}, {calibration.created_utc:%Y-%m-%d} by {calibration.by}:"
        f" {calibration.promise}",
        **({"review band": f"{band.below:g} σ under each threshold to {band.above:g} σ over it"} if band.width else {}),
        **calibration.fingerprint,
    }


def _counts(rows: Sequence[dict[str, Any]]) -> str:
    verdicts = Counter(row["verdict"] for row in rows if row["verdict"])
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    return counted(len(rows), "picture") + (f", {told}" if told else "")


def _print(rows: list[dict[str, Any]], names: Sequence[str], *, is_judged: bool) -> None:
    """A table that is whole on the terminal. With more descriptions than fit, the two that come next stand for them."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    is_located = any("region" in row for row in rows)
    first = ["image", "verdict", "decided by", "margin σ"] if is_judged else ["image", "most like"]
    first += ["where x, y"] * is_located
    widest = max(map(len, names))
    room = console.width - sum(max(len(name), 8) + 1 for name in first) - 4 - max(0, widest - len("decided by"))
    all_fit = sum(max(len(name), 6) + 1 for name in names) <= room
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in [*first, *(names if all_fit else ["score", "then"])]:
        is_figure = name in (*names, "margin σ", "score")
        table.add_column(name, justify="right" if is_figure else "left", overflow="fold", no_wrap=is_figure)
    for row in rows:
        picture = escape("/".join(Path(row["image"]).parts[-2:]))
        margin = "" if row["margin"] is None else f"{row['margin']:+.1f}"
        instead = "no part?" if row["scores"] else "no usable picture" if row["cause"] else ""
        decided = escape(str(row["description"] or instead))
        told = [str(row["verdict"]), decided, margin] if is_judged else [decided]
        if is_located:
            told.append(_place(row["region"]))
        table.add_row(picture, *told, *(_all(row["scores"], names) if all_fit else _nearest(row)))
    console.print(table)
    if not all_fit:
        typer.echo(f"{len(names)} descriptions do not fit here: --html FILE or --json tells the scores of all.")


def _place(region: dict[str, float] | None) -> str:
    """The middle of it as a person would point: from the left and from the top."""
    if region is None:
        return ""
    return f"{region['left'] + region['width'] / 2:.0%}, {region['top'] + region['height'] / 2:.0%}"


def _all(scores: dict[str, float], names: Sequence[str]) -> list[str]:
    return [f"{scores[name]:+.2f}" for name in names] if scores else [""] * len(names)


def _nearest(row: dict[str, Any]) -> list[str]:
    """The score of the description that is named, and the two highest of the others."""
    scores = row["scores"]
    if not scores:
        return ["", ""]
    others = sorted((name for name in scores if name != row["description"]), key=scores.__getitem__, reverse=True)
    named = scores[row["description"]] if row["description"] else None
    return ["" if named is None else f"{named:+.2f}", ", ".join(f"{name} {scores[name]:+.2f}" for name in others[:2])]
