"""Options that several commands share, and what they stand for when they are not given."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from inspection.domain.errors import ConfigError
from inspection.resources import default_config_dir, default_data_dir, outside_the_program
from inspection.wording import unknown_name

ConfigDir = Annotated[
    Path | None,
    typer.Option(
        "--config-dir",
        metavar="DIR",
        help="Where lines/, recipes/ and calibrations/ are. Default: INSPECTION_CONFIG_DIR, else the demo's.",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Where runs write. Default: INSPECTION_DATA_DIR, else inspection/ in your data home.",
    ),
]
FromDispositions = Annotated[
    bool,
    typer.Option("--from-dispositions", help="Instead of --good: the line's own parts, by what people said of them."),
]
SampleSince = Annotated[
    str | None, typer.Option("--since", help="… of those from then on, such as 2026-01-05T14:00+01:00.")
]
SampleUntil = Annotated[
    str | None, typer.Option("--until", help="… of those before then; leave escapes time to come back.")
]
SampleShare = Annotated[
    float | None, typer.Option("--share", help="… a smaller share than the line draws (evidence.passed_share).")
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by", metavar="REGEX", help="What of a file's name says which part it is of: its frames count once."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of text for a person.")]


def config_dir_of(option: Path | None) -> Path:
    """Raises ConfigError as `resources.default_config_dir`."""
    return default_config_dir() if option is None else option.expanduser().absolute()


def data_dir_of(option: Path | None) -> Path:
    """Raises ConfigError as `resources.default_data_dir`. Not created here."""
    return default_data_dir() if option is None else outside_the_program(option)


def data_dir_of_line(option: Path | None, line: str) -> Path:
    """The same, where this line has run. Raises ConfigError if it has not: a mistyped name is no empty log."""
    from inspection import history

    data_dir = data_dir_of(option)
    known = history.lines(data_dir)
    if line not in known:
        raise ConfigError(f'no line "{line}" has run in {data_dir}; {unknown_name(line, known)}')
    return data_dir


def check_page(page: Path | None, option: str) -> None:
    """Raises BadParameter for a page that is none by its name, or cannot be written where it is to be."""
    if page is not None and page.suffix not in (".html", ".htm"):  # not over a picture by mistake
        raise typer.BadParameter(f"{page}: give it the ending .html", param_hint=option)
    if page is not None and not page.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {page.parent}: make it first", param_hint=option)
    if page is not None and page.is_dir():
        raise typer.BadParameter(f"{page} is a folder: name a file", param_hint=option)
    if page is not None and not os.access(page.absolute().parent, os.W_OK):
        raise typer.BadParameter(
            f"cannot write {page}: no right to write in {page.absolute().parent}", param_hint=option
        )


def named_folders(texts: Sequence[str], option: str, *, by_folder: bool = False) -> dict[str, Path]:
    """NAME=FOLDER each, no name twice. `by_folder`: where NAME= is left out it is the folder's own name."""
    folders: dict[str, Path] = {}
    for text in texts:
        name, separator, folder = text.partition("=")
        if by_folder and (not separator or Path(text).is_dir()):
            name, folder = Path(text).resolve().name, text
        if not name or not folder:
            raise typer.BadParameter(f"{text!r} is not NAME=FOLDER", param_hint=option)
        if name in folders:
            raise typer.BadParameter(f"{name} is given twice: put its pictures into one folder", param_hint=option)
        folders[name] = Path(folder)
    return folders
