"""`inspection model train`: make the bundled model, or one like it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from inspection.cli._options import AsJson


def train(
    config: Annotated[Path, typer.Option(metavar="FILE", help="Such as configs/models/parts.yaml.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the training lives; give it again to go on.")],
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures that several trainings share; else OUT/gallery.")
    ] = None,
    text_from: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Take over how this one reads: bundled, or a folder.")
    ] = None,
    image_from: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Start from the image tower of this one: bundled, or a folder.")
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The sentence model's folder, if its package is not installed.")
    ] = None,
    dictionary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="English words, one a line; else the system's list.")
    ] = None,
    definitions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A WordNet database: what words mean; else the system's.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.001, max=1, help="Look at this share of the pictures; the gallery is rendered whole.")
    ] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the file's.")] = None,
    final_scenes: Annotated[int, typer.Option(min=1, max=1000, help="Scenes a family in the last exam.")] = 24,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that render.")] = 2,
    compiled: Annotated[
        bool, typer.Option("--compile", help="A third faster; takes a minute and a C++ compiler.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the bundled model, or one like it, on rendered parts. Goes on where it was interrupted."""
    from inspection.adapters.clip.checkpoint import find
    from inspection.adapters.clip.plain import as_plain, to_json
    from inspection.adapters.clip.training import Means
    from inspection.adapters.clip.training import train as run
    from inspection.config.training import changed, load_training

    plan = changed(load_training(config), share=share, seed=seed)
    began = time.monotonic()
    told_at = -1e9

    def tell(stage: str, done: float, text: str) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at >= 10 or "exam" in stage or done >= 1:
            told_at = now
            typer.echo(f"{(now - began) / 60:6.1f} min  {stage} {100 * done:3.0f} %  {text}", err=True)

    means = Means(
        gallery=gallery,
        text_from=None if text_from is None else find(text_from).folder,
        image_from=None if image_from is None else find(image_from).folder,
        teacher=teacher,
        dictionary=dictionary,
        definitions=definitions,
        workers=workers,
        final_scenes=final_scenes,
        compiled=compiled,
    )
    marks = run(plan, out, means, tell)
    if as_json:
        minutes = (time.monotonic() - began) / 60
        typer.echo(to_json({"model": str(out / "model"), "minutes": minutes, **as_plain(marks)}))
    else:
        typer.echo(f"{out / 'model'}: {marks.line()}")
