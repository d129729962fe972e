"""`inspection log query LINE SQL`: an answer as a table, JSON or CSV, never more than fits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._options import AsJson, DataDir, data_dir_of_line
from inspection.domain.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

_MOST_SHOWN = 1_000
_MOST_WRITTEN = 1_000_000


def query(
    line: Annotated[str, typer.Argument(help="The line.")],
    sql: Annotated[
        str,
        typer.Argument(
            help="SQL over the views `parts`, `scores`, `counts`, `events` and `dispositions`,"
            ' e.g. "SELECT verdict, count(*) FROM parts GROUP BY 1".'
        ),
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Run a SELECT over every part of a line, sealed or not, and its events. It can change nothing."""
    from inspection import history

    if as_csv and as_json:
        raise typer.BadParameter("--csv or --json, not both", param_hint="--csv")
    most = _MOST_WRITTEN if as_csv or as_json else _MOST_SHOWN
    frame = history.query(data_dir_of_line(data_dir, line), line, sql, most=most + 1)
    if len(frame) <= most:
        typer.echo(_as_text(frame, as_csv=as_csv, as_json=as_json))
    elif as_csv or as_json:  # a program would take a part for the whole
        to_do = f"ask for fewer (LIMIT); 'inspection log export {line} FILE' writes all parts"
        raise StoreError(f"the answer has more than {most:,} rows: {to_do}")
    else:
        typer.echo(_as_text(frame.head(most)))
        typer.echo(f"… and more rows: these are the first {most:,}; ask for fewer, or with --csv", err=True)


def _as_text(frame: pd.DataFrame, *, as_csv: bool = False, as_json: bool = False) -> str:
    if as_csv:
        text: str = frame.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
        return text.removesuffix("\n")
    if as_json:
        plain = _with_names_of_their_own(frame.map(_plain))
        return str(plain.to_json(orient="records", date_format="iso", default_handler=str))
    told = frame.astype(object).where(frame.notna(), "")
    return str(told.to_string(index=False))


def _plain(value: Any) -> Any:
    """What JSON has a word for: sums are Decimal, and bytes are told in hexadecimal digits."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.hex() if isinstance(value, bytes | bytearray) else value


def _with_names_of_their_own(frame: pd.DataFrame) -> pd.DataFrame:
    """SQL lets two columns have one name; an object of JSON does not."""
    names = list[str]()
    for name in frame.columns:
        twin = names.count(name)
        names.append(f"{name}_{twin}" if twin else name)
    return frame.set_axis(names, axis="columns")
