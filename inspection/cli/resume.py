"""`inspection resume LINE --by NAME`: go on after a pause."""

from __future__ import annotations

from typing import Annotated

import typer

from inspection.cli._options import DataDir


def resume(
    line: Annotated[str, typer.Argument(help="The line.")],
    by: Annotated[str, typer.Option(help="Who says that it may go on.")],
    data_dir: DataDir = None,
) -> None:
    """Go on after a pause. What is between sensor and gate still diverts; parts that come from now on can pass."""
    from inspection import app
    from inspection.cli._options import data_dir_of_line

    app.resume(data_dir_of_line(data_dir, line), line, by)
    told = f"'inspection status {line}' tells when it has"
    typer.echo(f"Asked line {line} to go on, in the name of {by.strip()}; {told}.")
