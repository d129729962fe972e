"""`inspection score IMAGE… --recipe R`: how a recipe sees some pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from inspection.cli._options import AsJson, ConfigDir


def score(
    images: Annotated[list[Path], typer.Argument(help="Picture files.")],
    recipe: Annotated[str | None, typer.Option(help="Score under this recipe; no verdicts.")] = None,
    line: Annotated[str | None, typer.Option(help="Judge as this line does, with its calibration.")] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Score pictures on every description of a recipe, or judge them as a line would."""
    from inspection.build import load_encoder, prototypes_of, region_of, require_calibration
    from inspection.cli._options import config_dir_of
    from inspection.cli._samples import score_files
    from inspection.config import load_site
    from inspection.domain.errors import CameraError
    from inspection.judging.judge import judge

    if (recipe is None) == (line is None):
        raise typer.BadParameter("give either --recipe or --line")
    missing = [str(image) for image in images if not image.is_file()]
    if missing:
        raise CameraError(f"no such file: {', '.join(missing)}; correct the path")
    site = load_site(config_dir_of(config_dir))
    line_config = site.line(line) if line else None
    recipe_config = site.recipe(line_config.recipe if line_config else str(recipe))
    encoder = load_encoder(recipe_config)
    calibration = require_calibration(site, line_config, encoder) if line_config else None
    prototypes = prototypes_of(recipe_config, encoder)
    rows: list[dict[str, Any]] = []
    for image, values in zip(
        images, score_files(images, encoder, prototypes, region_of(recipe_config), what="scoring"), strict=True
    ):
        scores = dict(zip(prototypes.names, map(float, values), strict=True))
        verdict = judge(scores, calibration.thresholds) if calibration else None
        rows.append(
            {
                "image": str(image),
                "verdict": verdict.kind if verdict else None,
                "description": verdict.description if verdict else max(scores, key=scores.__getitem__),
                "margin": verdict.margin if verdict else None,
                "scores": scores,
            }
        )
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        _print(rows, prototypes.names, judged=calibration is not None)


def _print(rows: list[dict[str, Any]], names: Sequence[str], *, judged: bool) -> None:
    """A table that is whole on 80 columns with five descriptions: what is long is folded, not cut."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("image", overflow="fold", min_width=8)
    for name in ["verdict", "decided by"] if judged else ["most like"]:
        table.add_column(name, overflow="fold")
    for name in [*(["margin σ"] if judged else []), *names]:
        table.add_column(name, justify="right", overflow="fold")
    for row in rows:
        margin = "" if row["margin"] is None else f"{row['margin']:+.1f}"
        told = [str(row["verdict"]), str(row["description"] or ""), margin] if judged else [row["description"]]
        picture = "/".join(Path(row["image"]).parts[-2:])
        table.add_row(escape(picture), *told, *(f"{value:+.2f}" for value in row["scores"].values()))
    Console().print(table)
