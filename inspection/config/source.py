"""YAML text to plain values, each with its line. The only YAML reader here: version 1.2, no tags, no aliases.

In YAML 1.2 `no` is text and `012` is twelve; a file means what it looks like.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from inspection.config.problems import KeyPath, Problem, Source, in_words, shown

_SIZE_MAX_BYTES = 1_000_000
_STANDARD = "tag:yaml.org,2002:"


def read_source(path: Path, problems: list[Problem]) -> Source | None:
    """The file's mapping. What is wrong is added to `problems`; None if nothing can be made of the file."""
    text = _read_text(path, problems)
    if text is None:
        return None
    try:
        node = _compose(path, text, problems)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "; ".join(str(part).strip() for part in (error.context, error.problem) if part)
        problems.append(
            Problem(
                shown(path),
                mark.line + 1 if mark else 1,
                "",
                f"is not YAML: {what}; indent with spaces, one 'key: value' a line, and quote text that holds ': ' or ' #'",
            )
        )
        return None
    except (ReaderError, YAMLError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        problems.append(Problem(shown(path), 0, "", f"is not YAML: {reason}; write it anew as plain UTF-8 text"))
        return None
    if node is None:
        return None
    reader = _Reader(path, problems)
    data = reader.value(node, ())
    return Source(path, data, reader.lines)


def _read_text(path: Path, problems: list[Problem]) -> str | None:
    def refuse(text: str, line: int = 0) -> None:
        problems.append(Problem(shown(path), line, "", text))

    if path.is_dir():
        return refuse("is a directory; a YAML file is expected here: move or rename it")
    try:
        content = path.read_bytes()
    except OSError as error:
        return refuse(f"cannot be read ({error.strerror}); make it readable for the user that runs the station")
    if len(content) > _SIZE_MAX_BYTES:
        return refuse(f"has {len(content)} bytes; a configuration has at most {_SIZE_MAX_BYTES}: is it another file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return refuse(f"byte 0x{content[error.start]:02x} is not UTF-8 text; save the file as UTF-8", line)


def _compose(path: Path, text: str, problems: list[Problem]) -> MappingNode | None:
    def refuse(line: int, what: str) -> None:
        problems.append(Problem(shown(path), line, "", what))

    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("%"):
            return refuse(number, f"{in_words(line)} is a YAML directive; remove it: every file is read as YAML 1.2")
        if line.strip() and not line.startswith("#"):
            break
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, AliasEvent):
            refuse(event.start_mark.line + 1, f"alias *{event.anchor} is not allowed; write the value out")
            return None
    node = YAML(typ="safe", pure=True).compose(text)
    if node is None:
        return refuse(1, "is empty; start from the demo's file of the same kind in configs/")
    if not isinstance(node, MappingNode):
        return refuse(node.start_mark.line + 1, "is not a mapping; write one 'key: value' a line")
    return node


class _Reader:
    """Nodes to values, noting the line of every key and refusing duplicate keys and tags."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.lines: dict[KeyPath, int] = {(): 1}
        self._file = shown(path)
        self._problems = problems
        self._constructor = YAML(typ="safe", pure=True).constructor

    def value(self, node: Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        tag = str(node.tag)
        if isinstance(node, MappingNode) and tag == f"{_STANDARD}map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and tag == f"{_STANDARD}seq":
            return tuple(self.value(item, (*path, index)) for index, item in enumerate(node.value))
        if isinstance(node, ScalarNode) and tag.startswith(_STANDARD):
            return self._scalar(node, tag.removeprefix(_STANDARD))
        self._refuse(node, path, f"tag {tag.replace(_STANDARD, '!!')} is not allowed; write the plain value")
        return None

    def _scalar(self, node: ScalarNode, kind: str) -> Any:
        if kind in {"int", "float", "bool", "null"}:
            try:
                return self._constructor.construct_object(node)
            except (ValueError, KeyError):
                return node.value
        return node.value

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._refuse(key_node, path, "a key must be one word; write 'key: value'")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in data:
                self._refuse(key_node, here, f"is here twice, first on line {self.lines[here]}; remove one")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, here)
        return data

    def _refuse(self, node: Node, path: KeyPath, text: str) -> None:
        key = ".".join(str(step + 1) if isinstance(step, int) else step for step in path)
        self._problems.append(Problem(self._file, node.start_mark.line + 1, key, text))
