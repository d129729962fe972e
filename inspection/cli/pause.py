"""`inspection pause LINE --by NAME`: nothing passes until somebody resumes the line."""

from __future__ import annotations

from typing import Annotated

import typer

from inspection.cli._options import DataDir


def pause(
    line: Annotated[str, typer.Argument(help="The line.")],
    by: Annotated[str, typer.Option(help="Who pauses it.")],
    reason: Annotated[str, typer.Option(help="Why; shown on the Line page and kept in the events.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Let nothing pass until the line is resumed, also after a restart. Parts are recorded, and all divert."""
    from inspection import app
    from inspection.cli._options import data_dir_of_line

    app.pause(data_dir_of_line(data_dir, line), line, by, reason)
    told = f"'inspection status {line}' tells when it has"
    typer.echo(f"Asked line {line} to pause, in the name of {by.strip()}; {told}.")
