"""Names of the log's files, which tell what is in them without a look inside.

    <first part>_<last part>.parquet              a short file, as it was sealed
    <first part>_<last part>_r<rows>.parquet      a merged one; none of the files it was made of has that name

A part is <epoch>-<number>. Names lie below the line's log: `date=<UTC date>/<name>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inspection.domain.types import PartId

_NAME = re.compile(r"(?:.*/)?(\d+)-(\d+)_(\d+)-(\d+)(?:_r(\d+))?\.parquet")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file by its name: the lowest and the highest part in it. `rows`: None of a short file."""

    first: PartId
    last: PartId
    rows: int | None
    name: str

    @property
    def is_merged(self) -> bool:
        return self.rows is not None


def file_name(first: PartId, last: PartId, rows: int | None = None) -> str:
    counted = "" if rows is None else f"_r{rows}"
    return f"{first.epoch:06d}-{first.number:09d}_{last.epoch:06d}-{last.number:09d}{counted}.parquet"


def parse(name: str) -> LogFile | None:
    """None: the file is none of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    a, b, c, d, rows = found.groups()
    return LogFile(PartId(int(a), int(b)), PartId(int(c), int(d)), None if rows is None else int(rows), name)


def that_may_hold(names: Sequence[str], first: PartId, last: PartId) -> list[str]:
    """Those that may hold a part from `first` to `last`. One that is none of ours may hold any."""
    parsed = [(name, parse(name)) for name in names]
    return [name for name, file in parsed if file is None or (file.first <= last and first <= file.last)]


def with_the_newest(names: Sequence[str], parts: int) -> list[str]:
    """Those in which the `parts` highest numbers are; others may be among them."""
    files = sorted((file for file in map(parse, names) if file is not None), key=lambda file: file.last, reverse=True)
    held, lowest = 0, PartId(0, 0)
    for file in files:
        lowest = min(lowest, file.first) if held else file.first
        held += 1 if file.rows is None else file.rows
        if held >= parts:
            return that_may_hold(names, lowest, files[0].last)
    return list(names)
