"""A problem of a configuration file: where it is, what it is, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.errors import ConfigError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One line for a person. `line` counts from 1; 0 when the problem is the file as a whole."""

    file: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.text}" if self.key else f"{place}: {self.text}"


class ConfigProblems(ConfigError):
    """Every problem of a site's files; as text one a line, in order of file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Source:
    """A file as read: plain values (sequences as tuples), and the line of each key."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    @property
    def name(self) -> str:
        return self.path.stem

    def line_of(self, path: KeyPath) -> int:
        """The line of this key, or of the nearest one around it that is in the file."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def problem(self, path: KeyPath, text: str) -> Problem:
        return Problem(shown(self.path), self.line_of(path), self._dotted(path), text)

    def _dotted(self, path: KeyPath) -> str:
        """`gate.watchdog_ms`, `descriptions[scratch].severity`; items without a name are counted from 1."""
        text, value = "", self.data
        for step in path:
            value = child(value, step)
            if isinstance(step, str):
                text += f".{step}" if text else step
            else:
                name = value.get("name") if isinstance(value, dict) else None
                text += f"[{name if isinstance(name, str) else step + 1}]"
        return text


def child(value: Any, step: str | int) -> Any:
    """`value[step]`, or None where there is no such thing."""
    if isinstance(step, str):
        return value.get(step) if isinstance(value, dict) else None
    return value[step] if isinstance(value, tuple) and step < len(value) else None


def shown(path: Path) -> str:
    """A path as a person would type it: relative where it is below the working directory."""
    absolute, here = path.absolute(), Path.cwd()
    is_below = absolute.is_relative_to(here) and here != Path(here.anchor)  # from / it would lose its slash alone
    return str(absolute.relative_to(here) if is_below else absolute)


def in_words(value: Any) -> str:
    """A value of a file, short, for a message."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value if len(value) <= 60 else value[:57] + "..."}"'
        case dict():
            return "a mapping"
        case tuple():
            return "a list"
        case _:
            return str(value)
