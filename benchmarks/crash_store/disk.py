"""A disk that keeps what was flushed, and of the rest what luck will have: whole, in part, or not at all.

What a file system promises (POSIX; ext4 and XFS keep no less):
 - data of a file, and its size, are there once the file was flushed. Each later write is there, or not, or some of its
   sectors are, in any order; a file may have grown to its new size all the same, with zeros;
 - a name (made, moved, removed) is there once its folder was flushed. Later changes of names in one folder are there in
   order up to some moment; one that concerns two folders is there in both or in none.
Flushing a file promises nothing of its name, nor flushing a name anything of the file's data.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.crash_store.recording import Kind, Note
from inspection.domain.errors import InspectionError


@dataclass(eq=False, slots=True)
class _File:
    cache: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Note] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class _Folder:
    cache: dict[str, _Node] = field(default_factory=dict)
    durable: dict[str, _Node] = field(default_factory=dict)


_Node = _File | _Folder
_Step = list[tuple[_Folder, str, _Node | None]]
"""Names that change together."""


@dataclass(frozen=True, slots=True)
class _Luck:
    """The share of writes and of names that are kept, of writes that are torn; sectors; whether sizes are kept."""

    data: float
    names: float
    torn: float
    sector_bytes: int
    grows: bool


class Disk:
    """The files below one folder as they are for processes, and as they would be after a power cut."""

    def __init__(self, root: Path) -> None:
        """All that is there by now is flushed."""
        self._root = root
        self._inodes: dict[int, _Node] = {}
        self._steps: list[_Step] = []
        self._tree = self._found(root)
        assert isinstance(self._tree, _Folder)

    def _found(self, path: Path) -> _Node:
        node: _Node
        if path.is_dir():
            names = {entry.name: self._found(entry) for entry in path.iterdir() if not _is_ignored(entry.name)}
            node = _Folder(names, dict(names))
        else:
            content = path.read_bytes()
            node = _File(bytearray(content), bytearray(content))
        self._inodes[path.stat().st_ino] = node
        return node

    # --- what a process does --------------------------------------------------------------------------------

    def apply(self, note: Note) -> None:
        match note.kind:
            case Kind.MARK:
                pass
            case Kind.UNKNOWN:
                raise InspectionError(f"the recorder met what this disk cannot do: {note.path} {note.other}")
            case Kind.FLUSH_ALL:
                for node in self._inodes.values():
                    self._flush(node)
            case Kind.WRITE | Kind.RESIZE | Kind.FLUSH:
                self._data(note)
            case _:
                step = self._step(note)
                for folder, name, target in step:
                    _set(folder.cache, name, target)
                if step:
                    self._steps.append(step)

    def _data(self, note: Note) -> None:
        node = self._inodes.get(note.inode)
        if node is None:  # of a file that is ignored
            return
        if note.kind is Kind.FLUSH:
            self._flush(node)
        else:
            assert isinstance(node, _File)
            _change(node.cache, note)
            node.pending.append(note)

    def _flush(self, node: _Node) -> None:
        if isinstance(node, _File):
            for change in node.pending:
                _change(node.durable, change)
            node.pending.clear()
            return
        # Names of one folder are flushed in order, and those of another that changed together with them.
        folders, flushed, pending = [node], list[_Step](), list[_Step]()
        for step in reversed(self._steps):
            if any(folder in folders for folder, _, _ in step):
                folders += [folder for folder, _, _ in step]
                flushed.append(step)
            else:
                pending.append(step)
        for step in reversed(flushed):
            for folder, name, target in step:
                _set(folder.durable, name, target)
        self._steps = pending[::-1]

    def _step(self, note: Note) -> _Step:
        folder, name = self._place(note.path)
        if _is_ignored(name):
            self._inodes.pop(note.inode, None)  # that of a file that is gone may be given again
            return []
        match note.kind:
            case Kind.CREATE | Kind.MKDIR:
                made = self._inodes[note.inode] = _File() if note.kind is Kind.CREATE else _Folder()
                return [(folder, name, made)]
            case Kind.UNLINK:
                return [(folder, name, None)]
        other, new_name = self._place(note.other)
        node = folder.cache[name]
        match note.kind:
            case Kind.LINK:
                return [(other, new_name, node)]
            case Kind.RENAME:
                return [(folder, name, None), (other, new_name, node)]
            case Kind.EXCHANGE:
                return [(folder, name, other.cache[new_name]), (other, new_name, node)]
        raise AssertionError(note)

    def _place(self, path: str) -> tuple[_Folder, str]:
        *folders, name = Path(os.path.normpath(path)).relative_to(self._root).parts
        node: Any = self._tree
        for folder in folders:
            node = node.cache[folder]
        return node, name

    # --- what is left of it ---------------------------------------------------------------------------------

    def crash(self, rng: random.Random, target: Path) -> None:
        """Write what a power cut at this moment could leave into an empty folder."""
        luck = _Luck(
            data=rng.choice((0.0, 0.0, 0.5, 0.9, 1.0)),
            names=rng.choice((0.0, 0.5, 0.9, 1.0, 1.0)),
            torn=rng.choice((0.0, 0.3)),
            sector_bytes=rng.choice((512, 4096)),
            grows=rng.random() < 0.5,
        )
        names: dict[int, dict[str, _Node]] = {}
        stopped: list[_Folder] = []
        for step in self._steps:
            folders = [folder for folder, _, _ in step]
            if any(folder in stopped for folder in folders) or rng.random() >= luck.names:
                stopped += folders
                continue
            for folder, name, node in step:
                _set(names.setdefault(id(folder), dict(folder.durable)), name, node)
        written: dict[int, Path] = {}

        def write(node: _Node, path: Path) -> None:
            if isinstance(node, _Folder):
                path.mkdir(exist_ok=True)
                for name, child in names.get(id(node), node.durable).items():
                    write(child, path / name)
            elif id(node) in written:
                path.hardlink_to(written[id(node)])
            else:
                path.write_bytes(_survived(node, luck, rng))
                written[id(node)] = path

        write(self._tree, target)

    def differences(self) -> list[str]:
        """Where the folder is not as the record says; then a call escaped the recorder."""
        return list(_differences(self._tree, self._root))


def _differences(node: _Node, path: Path) -> Iterator[str]:
    if isinstance(node, _File):
        if path.read_bytes() != node.cache:
            yield f"{path} has another content"
        return
    there = {entry.name for entry in path.iterdir() if not _is_ignored(entry.name)}
    for name in sorted(there ^ node.cache.keys()):
        yield f"{path / name} is {'not on record' if name in there else 'gone'}"
    for name in there & node.cache.keys():
        yield from _differences(node.cache[name], path / name)


def _is_ignored(name: str) -> bool:
    return name.endswith("-shm")  # SQLite's shared memory: written through a mapping, and made anew after a crash


def _set(names: dict[str, _Node], name: str, node: _Node | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node


def _change(content: bytearray, note: Note) -> None:
    if note.kind is Kind.RESIZE:
        del content[note.at :]
        content.extend(bytes(note.at - len(content)))
    else:
        _put(content, note.at, note.data)


def _put(content: bytearray, at: int, data: bytes) -> None:
    content.extend(bytes(max(0, at - len(content))))
    content[at : at + len(data)] = data


def _survived(file: _File, luck: _Luck, rng: random.Random) -> bytes:
    content = bytearray(file.durable)
    for change in file.pending:
        if rng.random() < luck.torn and change.kind is Kind.WRITE:
            for at, sector in _sectors(change, luck.sector_bytes):
                if rng.random() < 0.5:
                    _put(content, at, sector)
        elif rng.random() < luck.data:
            _change(content, change)
    if luck.grows and len(content) < len(file.cache):
        content.extend(bytes(len(file.cache) - len(content)))
    return bytes(content)


def _sectors(change: Note, sector_bytes: int) -> Iterator[tuple[int, bytes]]:
    """The write, cut where sectors of the file end."""
    end = change.at + len(change.data)
    edges = [change.at, *range(change.at // sector_bytes * sector_bytes + sector_bytes, end, sector_bytes), end]
    for start, stop in pairwise(edges):
        yield start, change.data[start - change.at : stop - change.at]
