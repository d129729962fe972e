"""`inspection log …`: reading the log, and checking that it is whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inspection.cli._log_query import query
from inspection.cli._options import AsJson, DataDir, data_dir_of_line
from inspection.domain.errors import StoreError
from inspection.wording import counted

app = typer.Typer(no_args_is_help=True)

_MOST_SHOWN = 20

Line = Annotated[str, typer.Argument(help="The line.")]


app.command("query")(query)


class What(StrEnum):
    """What `log export` writes: `export_rows.KINDS`."""

    parts = "parts"
    scores = "scores"
    events = "events"
    dispositions = "dispositions"


def _moment(text: str) -> datetime:
    """Raises typer.BadParameter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-01-31 or 2026-01-31T06:00, in UTC") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@app.command()
def export(
    line: Line,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .parquet or .xlsx file to write.")],
    what: Annotated[What, typer.Option(help="A row a part, a row a score, events, or what people said.")] = What.parts,
    since: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="From then on; UTC, if it says no other.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Before then; a date: before it began.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write a line's parts to one file for other programs, whole or not at all. Exit code 2 if it cannot be made.

    In .csv and .xlsx each description has a column "score: NAME". A spreadsheet may take text of a .csv for a formula;
    in .xlsx text is text.
    """
    from inspection.adapters.store.export_files import export as write
    from inspection.adapters.store.paths import LinePaths
    from inspection.cli._verified import bar

    paths = LinePaths(data_dir_of_line(data_dir, line), line)
    with bar() as told:
        rows = write(paths, what.value, target.expanduser(), since=since, until=until, force=force, told=told)
    if as_json:
        done = {"file": str(target), "what": what.value, "rows": rows, "bytes": target.expanduser().stat().st_size}
        typer.echo(json.dumps(done))
    else:
        typer.echo(f"{counted(rows, what.value.removesuffix('s'))} written to {target}")


@app.command()
def verify(
    line: Line,
    head: Annotated[
        str | None,
        typer.Option(metavar="FILE|HASH", help="What 'log head' said before: it must be in the chain still."),
    ] = None,
    images: Annotated[
        bool,
        typer.Option(
            "--images/--no-images", help="Pictures and embeddings of parts as well; a copy may have been made without."
        ),
    ] = True,
    rollups: Annotated[
        bool,
        typer.Option(
            "--rollups", help="Sum up every merged file anew, also where its rollups are what the chain says."
        ),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check that a line's records are complete and unaltered. Exit code 1 if not; it names the first broken place.
    3 if nobody can tell, for want of room or because files were merged so fast: it says what to do."""
    from inspection.adapters.store.paths import LinePaths
    from inspection.adapters.store.scratch import NotDecided
    from inspection.adapters.store.verify import shortened, verify_line
    from inspection.cli._verified import as_dictionary, bar, heads_of, outcome_of

    paths = LinePaths(data_dir_of_line(data_dir, line), line)
    heads = heads_of(head) if head else []
    try:
        with bar() as told:
            found = verify_line(paths, heads, told, with_images=images, recount=rollups)
    except NotDecided as error:
        typer.echo(json.dumps({"ok": None, "why": str(error)}) if as_json else f"not decided: {error}")
        raise typer.Exit(3) from error
    numbers = found.numbers
    if as_json:
        typer.echo(json.dumps(as_dictionary(found)))
    else:
        typer.echo(
            f"{counted(numbers.parts, 'part')} in {counted(numbers.epochs, 'epoch')}:"
            f" {counted(len(numbers.missing), 'number')} missing,"
            f" {len(numbers.repeated)} there twice, {numbers.open} still without an outcome"
        )
        for name, names in (("missing", numbers.missing), ("twice", numbers.repeated)):
            if names:
                typer.echo(f"  {name}: {shortened(names)}")
        seen = {
            "event": found.events,
            "file": found.files,
            "rollup": found.rollups,
            "image": found.images,
            "embedding file": found.embeddings,
        }
        typer.echo(f"{', '.join(counted(n, name) for name, n in seen.items())}: {outcome_of(found.faults)}")
        for fault in found.faults[1:_MOST_SHOWN]:
            typer.echo(f"  also {fault.place}: {fault.what}")
        for note in found.notes:
            typer.echo(f"note: {note}")
    if found.faults:
        raise typer.Exit(1)


@app.command()
def head(line: Line, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Print the newest event's number, time and hash, which stands for all before it. Kept elsewhere, it shows a tail
    that was cut: 'log verify --head'."""
    from inspection.adapters.store.paths import LinePaths
    from inspection.adapters.store.verify import head_of

    newest = head_of(LinePaths(data_dir_of_line(data_dir, line), line))
    if newest is None:
        raise StoreError(f"line {line} has no chain yet: it begins when a station of this version has started")
    utc = datetime.fromtimestamp(newest.utc_us // 1_000_000, UTC)
    told = {"line": line, "event": newest.id, "utc": f"{utc:%Y-%m-%dT%H:%M:%SZ}", "sha256": newest.hash}
    typer.echo(json.dumps(told) if as_json else " ".join(f"{name} {value}" for name, value in told.items()))


@app.command()
def compact(line: Line, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Merge the short files of a line that stands into one a day, and sum them up."""
    from inspection.adapters.store.compaction import compact_line
    from inspection.adapters.store.paths import LinePaths
    from inspection.cli._verified import bar

    with bar() as told:
        before, after = compact_line(LinePaths(data_dir_of_line(data_dir, line), line), told)
    if as_json:
        typer.echo(json.dumps({"line": line, "files_before": before, "files_after": after}))
        return
    typer.echo(f"{counted(before, 'file')} of the log of line {line}: now {counted(after, 'file')}")


@app.command()
def repair(
    line: Line,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set files aside that are torn, foreign or left over, so that the rest of a log can be read; the line must stand.
    Exit code 0 if it is done or there is nothing to do, 1 if it cannot be; with --dry-run 3 if there is something."""
    from inspection.adapters.store.paths import LinePaths
    from inspection.adapters.store.repair import repair_line
    from inspection.adapters.store.repair_report import as_dictionary, as_text
    from inspection.cli._verified import bar

    with bar() as told:
        done = repair_line(LinePaths(data_dir_of_line(data_dir, line), line), dry_run=dry_run, told=told)
    typer.echo(
        json.dumps(as_dictionary(line, done, dry_run=dry_run)) if as_json else as_text(line, done, dry_run=dry_run)
    )
    if dry_run and not done.is_nothing:
        raise typer.Exit(3)


@app.command()
def backup(
    line: Line,
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet, best on another disk.")],
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Pictures and embeddings of parts as well.")
    ] = True,
    data_dir: DataDir = None,
) -> None:
    """Copy a line's records while it runs. The copy is a data directory: 'log verify' and all else work on it."""
    from inspection.adapters.store.backup import back_up
    from inspection.adapters.store.paths import LinePaths

    copied = back_up(LinePaths(data_dir_of_line(data_dir, line), line), target.expanduser().absolute(), images=images)
    without = "" if images else " --no-images"
    typer.echo(
        f"journal, {counted(copied.log_files, 'log file')}, {counted(copied.images, 'image')} and"
        f" {counted(copied.embeddings, 'embedding file')} of line {line},"
        f" {copied.size_bytes / 1e6:.1f} MB: {target}\n"
        f"Check it: inspection log verify {line} --data-dir {target}{without}"
    )


@app.command()
def events(
    line: Line,
    everything: Annotated[bool, typer.Option("--all", help="Also what the log says of its own files.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """States, alarms and faults of a line, oldest first."""
    from inspection import history
    from inspection.adapters.store.chain import BOOKKEEPING

    frame = history.events(data_dir_of_line(data_dir, line), line)
    if not everything:
        frame = frame[~frame["kind"].isin(BOOKKEEPING)]
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
        why = "  ".join(text for text in (row.defect, row.reason) if isinstance(text, str))
        typer.echo(f"{row.utc:%Y-%m-%d %H:%M:%S}  {row.epoch}-{row.number}  {row.disposition:<16} {row.by}  {why}")
