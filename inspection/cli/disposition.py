"""`inspection disposition LINE PART WORD --by NAME`: what a person says of a part, beside the machine's verdict."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from inspection.cli._options import DataDir
from inspection.domain.disposition import DispositionKind


def disposition(
    line: Annotated[str, typer.Argument(help="The line.")],
    part: Annotated[str, typer.Argument(help="The part's number, EPOCH-NUMBER, such as 3-1042.")],
    word: Annotated[DispositionKind, typer.Argument(help="What it is in truth.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    reason: Annotated[str | None, typer.Option(help="Why, or how it was found.")] = None,
    defect: Annotated[str | None, typer.Option(help="What is wrong with it: a description's name, or words.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Say what a part is in truth. It stands beside the verdict."""
    from inspection import app
    from inspection.cli._options import data_dir_of_line
    from inspection.domain.disposition import Disposition
    from inspection.domain.types import PartId

    if (found := re.fullmatch(r"(\d{1,10})-(\d{1,10})", part)) is None:
        raise typer.BadParameter(f"{part!r} is not EPOCH-NUMBER, such as 3-1042", param_hint="PART")
    said = Disposition(PartId(int(found[1]), int(found[2])), word, by, reason, defect)
    app.dispose(data_dir_of_line(data_dir, line), line, said)
    typer.echo(f"On record on line {line}: {said.text}")
