"""`inspection acknowledge LINE ALARM --by NAME`: clear a latched alarm, in a person's name."""

from __future__ import annotations

from typing import Annotated

import typer

from inspection.cli._options import DataDir


def acknowledge(
    line: Annotated[str, typer.Argument(help="The line.")],
    alarm: Annotated[str, typer.Argument(help="The alarm's key, as the Line page shows it, e.g. outcome-unknown.")],
    by: Annotated[str, typer.Option(help="Who says that the line is safe again.")],
    data_dir: DataDir = None,
) -> None:
    """Clear a latched alarm once you have put right what it says; or put a drift aside that you know of."""
    from inspection import app
    from inspection.cli._options import data_dir_of_line

    app.acknowledge(data_dir_of_line(data_dir, line), line, alarm, by)
    typer.echo(f"Asked line {line} to clear {alarm}, in the name of {by.strip()}.")
