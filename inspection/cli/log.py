"""`inspection log …`: reading the log, and checking that it is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from inspection.cli._options import AsJson, DataDir, data_dir_of_line
from inspection.wording import counted

app = typer.Typer(no_args_is_help=True)

Line = Annotated[str, typer.Argument(help="The line.")]


@app.command()
def query(
    line: Line,
    sql: Annotated[
        str, typer.Argument(help='SQL over the view `parts`, e.g. "SELECT verdict, count(*) FROM parts GROUP BY 1".')
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Run a SELECT over every part of a line, sealed or not. It can change nothing."""
    from inspection import history

    frame = history.query(data_dir_of_line(data_dir, line), line, sql)
    if as_json:
        typer.echo(frame.to_json(orient="records", date_format="iso"))
    else:
        typer.echo(frame.astype(object).where(frame.notna(), "").to_string(index=False))


@app.command()
def export(
    line: Line,
    target: Annotated[Path, typer.Argument(help="A .csv or .parquet file to write.")],
    data_dir: DataDir = None,
) -> None:
    """Write every part of a line to one file."""
    from inspection import history
    from inspection.adapters.store.files import replace_durably

    if target.suffix not in (".csv", ".parquet"):
        raise typer.BadParameter(f"{target.name}: give it the ending .csv or .parquet")
    parts = history.parts(data_dir_of_line(data_dir, line), line)

    def write(temporary: Path) -> None:
        if target.suffix == ".csv":
            parts.assign(scores=[json.dumps(list(scores)) for scores in parts["scores"]]).to_csv(temporary, index=False)
        else:
            parts.to_parquet(temporary, index=False)

    replace_durably(target, write)
    typer.echo(f"{counted(len(parts), 'part')} written to {target}")


@app.command()
def verify(line: Line, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Check that every part number is on record once. Exit code 1 if one is missing or there twice."""
    from inspection import history

    check = history.completeness(data_dir_of_line(data_dir, line), line)
    if as_json:
        typer.echo(
            json.dumps({"parts": check.parts, "missing": check.missing, "repeated": check.repeated, "open": check.open})
        )
    else:
        typer.echo(
            f"{counted(check.parts, 'part')} in {counted(check.epochs, 'epoch')}:"
            f" {counted(len(check.missing), 'number')} missing,"
            f" {len(check.repeated)} there twice, {check.open} still without an outcome"
        )
        for name, numbers in (("missing", check.missing), ("twice", check.repeated)):
            if numbers:
                typer.echo(f"  {name}: {', '.join(numbers[:20])}{' …' if len(numbers) > 20 else ''}")
    if check.missing or check.repeated:
        raise typer.Exit(1)


@app.command()
def backup(
    line: Line,
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet, best on another disk.")],
    images: Annotated[bool, typer.Option("--images/--no-images", help="Pictures of parts as well.")] = True,
    data_dir: DataDir = None,
) -> None:
    """Copy a line's records while it runs. The copy is a data directory: 'log verify' and all else work on it."""
    from inspection.adapters.store.backup import back_up
    from inspection.adapters.store.paths import LinePaths

    copied = back_up(LinePaths(data_dir_of_line(data_dir, line), line), target.expanduser().absolute(), images=images)
    typer.echo(
        f"journal, {counted(copied.log_files, 'log file')} and {counted(copied.images, 'image')} of line {line},"
        f" {copied.size_bytes / 1e6:.1f} MB: {target}\nCheck it: inspection log verify {line} --data-dir {target}"
    )


@app.command()
def events(line: Line, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """States, alarms and faults of a line, oldest first."""
    from inspection import history

    frame = history.events(data_dir_of_line(data_dir, line), line)
    if as_json:
        typer.echo(frame.to_json(orient="records", date_format="iso"))
        return
    for row in frame.itertuples():
        typer.echo(f"{row.utc:%Y-%m-%d %H:%M:%S}  {row.kind:<14} {row.text}")


@app.command()
def dispositions(
    line: Line,
    every: Annotated[bool, typer.Option("--all", help="Also words that a later one took the place of.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """What people said of parts, oldest first: confirmed defects, false rejects, escapes."""
    from inspection import history

    frame = history.dispositions(data_dir_of_line(data_dir, line), line, standing=not every)
    if as_json:
        typer.echo(frame.to_json(orient="records", date_format="iso"))
        return
    for row in frame.itertuples():
        why = "  ".join(text for text in (row.defect, row.reason) if text)
        typer.echo(f"{row.utc:%Y-%m-%d %H:%M:%S}  {row.epoch}-{row.number}  {row.disposition:<16} {row.by}  {why}")
