"""YAML text to plain values, each with its line. The only YAML reader here: version 1.2, no tags, no aliases.

In YAML 1.2 `no` is text and `012` is twelve; a file means what it looks like.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from inspection.config.problems import KeyPath, Problem, Source, in_words, shown

_SIZE_MAX_BYTES = 1_000_000
_DEPTH_MAX = 20
_STANDARD = "tag:yaml.org,2002:"
_NUMBERS = {"int", "float", "bool", "null"}
_TEXTS = {"str", "timestamp", "merge", "value"}  # what YAML sees in them is no setting of ours: text


class _Refused(Exception):
    """Nothing can be made of the file. `line` 0: the file as a whole."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def read_source(path: Path, problems: list[Problem]) -> Source | None:
    """The file's mapping. What is wrong is added to `problems`; None if nothing can be made of the file."""
    reader = _Reader(path, problems)
    try:
        data = reader.value(_root(_read_text(path)), ())
    except _Refused as refused:
        problems.append(Problem(shown(path), refused.line, "", str(refused)))
        return None
    return Source(path, data, reader.lines)


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise _Refused(0, "is a directory; a YAML file is expected here: move or rename it")
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror}); make it readable for the user that runs the station"
        raise _Refused(0, what) from error
    if len(content) > _SIZE_MAX_BYTES:
        raise _Refused(0, f"has {len(content)} bytes, allowed {_SIZE_MAX_BYTES}; is it another file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise _Refused(line, f"byte 0x{byte:02x} is not UTF-8 text; save the file as UTF-8") from error


def _root(text: str) -> MappingNode:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("%"):
            raise _Refused(number, f"{in_words(line)} is a YAML directive; remove it: every file is read as YAML 1.2")
        if line.strip() and not line.startswith("#"):
            break
    try:
        depth = 0
        for event in YAML(typ="safe", pure=True).parse(text):
            line_number = event.start_mark.line + 1
            if isinstance(event, AliasEvent):
                raise _Refused(line_number, f"alias *{event.anchor} is not allowed; write the value out")
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > _DEPTH_MAX:
                raise _Refused(line_number, "is nested too deep; no setting is more than four levels down")
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "; ".join(str(part).strip() for part in (error.context, error.problem) if part)
        advice = "indent with spaces, write one 'key: value' a line, and quote text that holds ': ' or ' #'"
        raise _Refused(mark.line + 1 if mark else 0, f"is not YAML: {what}; {advice}") from error
    except ReaderError as error:
        where = text.count("\n", 0, error.position) + 1
        raise _Refused(
            where, f"holds a character that YAML does not allow (code {error.character}); remove it"
        ) from error
    if node is None:
        raise _Refused(1, "is empty; start from the demo's file of the same kind in configs/")
    if not isinstance(node, MappingNode):
        raise _Refused(node.start_mark.line + 1, "is not a mapping; write one 'key: value' a line")
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
        kind = tag.removeprefix(_STANDARD)
        if isinstance(node, ScalarNode) and kind in _NUMBERS | _TEXTS:
            return self._number(node) if kind in _NUMBERS else self._text(node, path)
        self._refuse(node, path, f"tag {tag.replace(_STANDARD, '!!')} is not allowed; write the plain value")
        return None

    def _number(self, node: ScalarNode) -> Any:
        try:
            return self._constructor.construct_object(node)
        except (ValueError, KeyError):  # `!!int seven`: the model will say what it wants
            return node.value

    def _text(self, node: ScalarNode, path: KeyPath) -> str:
        text: str = node.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse(node, path, "holds half a character (\\ud800 to \\udfff); write the character itself")
            return "".join(character for character in text if not "\ud800" <= character <= "\udfff")
        return text

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._refuse(key_node, path, "a key must be one word; write 'key: value'")
                continue
            key = self._text(key_node, path)
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
