"""What a process did to the files below a folder, in order. `recorder.c` writes it down."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.firmware import compiler
from inspection.domain.errors import InspectionError

_SOURCE = Path(__file__).with_name("recorder.c")
_HEAD = struct.Struct("=4IQq")  # recorder.c: struct head


class Kind(StrEnum):
    CREATE = "c"
    WRITE = "w"
    RESIZE = "t"
    FLUSH = "f"
    FLUSH_ALL = "S"
    MKDIR = "d"
    RENAME = "r"
    EXCHANGE = "x"
    LINK = "l"
    UNLINK = "u"
    MARK = "m"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Note:
    """One call that succeeded. `at`: where it wrote, or the new size; `data`: what it wrote, or what was promised."""

    kind: Kind
    inode: int
    at: int
    path: str
    other: str
    data: bytes


def build_recorder(folder: Path) -> Path:
    """The library for LD_PRELOAD. Raises ConfigError without a C compiler."""
    library = folder / "recorder.so"
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-pthread"]
    words = [compiler(), *flags, "-o", str(library), str(_SOURCE)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise InspectionError(f"the recorder does not compile:\n{told.stderr}")
    return library


def read_notes(record: Path) -> Iterator[Note]:
    """The record of a process, which may have died."""
    content = record.read_bytes()
    at = 0
    while at < len(content):
        kind, *sizes, inode, where = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        path, other, data = (content[at + sum(sizes[:i]) : at + sum(sizes[: i + 1])] for i in range(3))
        at += sum(sizes)
        yield Note(Kind(chr(kind)), inode, where, path.decode(), other.decode(), data)
