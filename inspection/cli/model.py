"""`inspection model …`: the checkpoints on this machine: which there are, fetching one, whether it is whole, and what
it runs fastest on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._options import AsJson
from inspection.cli._train import train
from inspection.cli._tune import tune

if TYPE_CHECKING:
    from inspection.adapters.clip.checkpoint import Checkpoint
    from inspection.adapters.clip.hub import OnBytes

app = typer.Typer(no_args_is_help=True)
app.command()(train)
app.command()(tune)

Name = Annotated[str, typer.Argument(help="bundled, a folder (./…, /…), or owner/name[@revision].")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """The bundled model, every CLIP and SigLIP in the hub's local cache, and others that are worth pulling."""
    from inspection.adapters.clip.checkpoint import BUNDLED, cached, find
    from inspection.adapters.clip.facts import WORTH_USING

    here = [_row(checkpoint) for checkpoint in (find(BUNDLED), *cached())]
    names = {row["name"].partition("@")[0] for row in here}
    others = [asdict(known) for known in WORTH_USING if known.name not in names]
    if as_json:
        typer.echo(json.dumps({"here": here, "worth_pulling": others}))
        return
    _table(
        ["model", "type", "MB", "width", "picture", "licence", "recorded"],
        [
            [row["name"], row["type"], _mb(row["size"]), row["width"], row["picture"], row["licence"], _recorded(row)]
            for row in here
        ],
    )
    if others:
        typer.echo("\nNot here, and worth a try ('inspection model pull NAME'; more in docs/models.md):\n")
        told = [[row["name"], row["mb"], row["licence"], row["picture_px"], row["good_for"]] for row in others]
        _table(["model", "MB", "licence", "px", "good for"], told)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="owner/name[@revision] of the hub.")],
    revision: Annotated[
        str | None,
        typer.Option(help="As after the @: a branch, tag, commit or refs/pr/N. The recipe says owner/name@REVISION."),
    ] = None,
    backbone: Annotated[
        bool, typer.Option("--backbone", help="An image model that need not read, for 'inspection compare'.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a checkpoint: weights as safetensors, no pickles, no code. Then verify it and print its sha256."""
    from inspection.adapters.clip import hub
    from inspection.adapters.clip.checkpoint import BUNDLED, find

    owner_and_name, separator, named = name.partition("@")
    if separator and revision is not None and revision != named:
        raise typer.BadParameter(f"{name} names another revision already: leave one out", param_hint="--revision")
    if name == BUNDLED and revision is None:
        checkpoint = find(name)
    else:
        with _progress(name) as on_bytes:
            wanted = named if separator else revision
            checkpoint = hub.pull(owner_and_name, wanted, on_bytes, is_backbone=backbone)
    if not as_json:
        already = " already: it came with the program" if name == BUNDLED else ""
        typer.echo(f"{checkpoint.name} is here{already}: {checkpoint.folder}")
    _verify(checkpoint, checkpoint.name, as_json=as_json)
    if not as_json:
        then = f"In the recipe: model: {checkpoint.name}\nThen: inspection calibrate LINE --good DIR"
        typer.echo(f"inspection compare … --backbone {checkpoint.name}" if backbone else then)


@app.command()
def verify(name: Name, as_json: AsJson = False) -> None:
    """Hold a model's files against their record, load every tensor, and test it on two pictures and two phrases."""
    from inspection.adapters.clip.checkpoint import find

    _verify(find(name), name, as_json=as_json)


@app.command()
def card(name: Name, as_json: AsJson = False) -> None:
    """What a model is, and its model card."""
    from inspection.adapters.clip.checkpoint import find
    from inspection.adapters.clip.facts import card_of

    checkpoint = find(name)
    row, text = _row(checkpoint), card_of(checkpoint)
    if as_json:
        typer.echo(json.dumps({**row, "folder": str(checkpoint.folder), "card": text}))
        return
    facts = {**row, "size": f"{_mb(row['size'])} MB", "recorded": _recorded(row), "folder": checkpoint.folder}
    told = ("name", "type", "size", "width", "picture", "tokens", "licence", "recorded", "folder")
    _table(["", ""], [[key, facts[key]] for key in told])
    typer.echo(f"\n{text}" if text else "\nIt has no model card.")


def _verify(checkpoint: Checkpoint, name: str, *, as_json: bool) -> None:
    """Print what was found. Exit code 1 if anything is wrong."""
    from inspection.adapters.clip.record import files_of
    from inspection.adapters.clip.verify import verify as look_at

    checks = look_at(checkpoint, name)
    if as_json:
        files = {file: kept.sha256 for file, kept in files_of(checkpoint).items()}
        told = {"name": checkpoint.name, "folder": str(checkpoint.folder), "files": files}
        typer.echo(json.dumps({**told, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            typer.echo(f"{'ok   ' if check.well else 'WRONG'}  {check.what}: {check.found}")
    if not all(check.well for check in checks):
        raise typer.Exit(1)


def _row(checkpoint: Checkpoint) -> dict[str, Any]:
    """One model for the list. What is not whole is listed as such: it takes room."""
    from inspection.adapters.clip.facts import facts_of
    from inspection.adapters.clip.record import looks_as_recorded, read_record
    from inspection.domain.errors import ModelError

    try:
        facts = asdict(facts_of(checkpoint))
        checkpoint.weight_files()
        record = read_record(checkpoint)
    except ModelError as error:
        size = sum(path.stat().st_size for path in checkpoint.own_files())
        nothing = {"type": "not whole", "size": size, "width": None, "picture": "", "tokens": None, "licence": ""}
        return {"name": checkpoint.name, **nothing, "recorded_utc": None, "as_recorded": None, "fault": str(error)}
    return {
        "name": checkpoint.name,
        **facts,
        "recorded_utc": record.recorded_utc if record else None,
        "as_recorded": looks_as_recorded(checkpoint, record) if record else None,
        "fault": None,
    }


def _recorded(row: dict[str, Any]) -> str:
    if row["fault"]:
        return "pull it again"
    if row["recorded_utc"] is None:
        return "no"
    return str(row["recorded_utc"])[:10] if row["as_recorded"] else "CHANGED since"


@contextmanager
def _progress(name: str) -> Iterator[OnBytes]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=None)

        def on_bytes(done: int, size: int) -> None:
            progress.update(task, completed=done, total=size)

        yield on_bytes


def _table(columns: list[str], rows: list[list[Any]]) -> None:
    """Whole on 80 columns: what is long is folded, not cut."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in ("MB", "width", "px") else "left")
    for row in rows:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    Console().print(table)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"
