"""What the chain says of files: told the events from the newest to the oldest, so that the last word comes first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from inspection.adapters.store import chain
from inspection.adapters.store.chain import Event
from inspection.adapters.store.files import is_gone
from inspection.adapters.store.paths import LinePaths


class Tombstone(NamedTuple):
    """An image that retention took of a part, epoch-number. Another part may have the same image still."""

    sha256: str
    part: str


class SetAside(NamedTuple):
    """A file that was moved out of the log: by which event, whither below the data directory, and what it was."""

    event: int
    to: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What an event says that a file is."""

    event: int
    sha256: str
    size_bytes: int
    rows: int
    rollups: Mapping[str, str] = field(default_factory=dict)
    """Of a merged file, by kind: their SHA-256. None in events of before those were told."""


@dataclass(slots=True)
class Promises:
    """Files by their name below `log/line=…/`, `compacting/` or `events/line=…/`."""

    paths: LinePaths
    on_removed: Callable[[Sequence[Tombstone]], None]
    """Called with images that retention took."""
    parts: dict[str, Promise] = field(default_factory=dict)
    staged: dict[str, Promise] = field(default_factory=dict)
    """Merged files of days that have not taken their place in the log yet; what they are made of is still there."""
    events: dict[str, Promise] = field(default_factory=dict)
    embeddings: dict[str, Promise] = field(default_factory=dict)
    """By their name below `embeddings/line=…/`, those that were removed since too."""
    embeddings_removed: set[str] = field(default_factory=set)
    of_before: list[tuple[int, int, int]] = field(default_factory=list)
    """Where a chain begins over what was there: how many events, and up to which part there may be files that no event
    knows."""
    altered: dict[str, Promise] = field(default_factory=dict)
    """Files that were something else when they were merged than what their event says."""
    set_aside: dict[Path, SetAside] = field(default_factory=dict)
    """By where the file was."""
    _merged: dict[str, str] = field(default_factory=dict)
    """Files that are in another one by now, and the SHA-256 that they had when they were merged."""
    _compared: set[str] = field(default_factory=set)
    """Of those, the ones whose last word of before that was met."""

    def take(self, event: Event) -> str | None:
        """What is wrong with what it says, if anything is."""
        try:
            data = json.loads(event.data or "{}")
            match event.kind:
                case "sealed":
                    self._sealed(data["file"], _promise(event, data))
                case "compacted":
                    self._compacted(data["file"], _promise(event, data), data["from"])
                case "events-sealed":
                    self.events.setdefault(data["file"], _promise(event, data))
                case chain.EVIDENCE_REMOVED:
                    self.on_removed(removed_images(data))
                case chain.EMBEDDINGS_SEALED:
                    self.embeddings.setdefault(data["file"], _promise(event, data))
                case chain.EMBEDDINGS_REMOVED:
                    self.embeddings_removed.update(removed_embeddings(data))
                case chain.SET_ASIDE:
                    told = SetAside(event.id, str(data["to"]), str(data["sha256"]))
                    self.set_aside.setdefault(self.paths.data_dir / data["file"], told)
                case "chain-begins":
                    self.of_before.append((int(data["events"]), int(data["epoch"]), int(data["number"])))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return f"an event {event.kind} that does not say what it should: {error!r}"
        return None

    def _sealed(self, name: str, promise: Promise) -> None:
        if name not in self._merged:
            self.parts.setdefault(name, promise)
        elif name not in self._compared:
            self._compared.add(name)
            if self._merged[name] != promise.sha256:
                self.altered[name] = promise

    def _compacted(self, name: str, promise: Promise, merged: dict[str, str]) -> None:
        """Its event is written when the new day is complete, and before that takes the old one's place; a second time
        if the station died there. A backup of one that died there has not what was complete: it was told, and not done.
        """
        in_place = name in self._merged or name in self.parts or not is_gone(self.paths.log_dir / name)
        if not in_place and not is_gone(self.paths.compacting_dir / name):
            self.staged.setdefault(name, promise)
            return
        if not in_place and all(each in self._merged or not is_gone(self.paths.log_dir / each) for each in merged):
            return
        self._sealed(name, promise)
        for each, sha256 in merged.items():
            self._merged.setdefault(each, sha256)

    def gone(self, path: Path, promise: Promise) -> str:
        """What is told of a file that should be there and is not."""
        return f"it is gone; event {promise.event} says what it was{self.whither(path)}"

    def whither(self, path: Path) -> str:
        """Where a file of this place was set aside to, if one was."""
        moved = self.set_aside.get(path)
        return f"; event {moved.event} says that it was set aside, to {moved.to}" if moved else ""

    def was_merged(self, name: str) -> bool:
        """Whether an event says that a file of the log was merged into another one."""
        return name in self._merged

    def is_of_before(self, name: str) -> bool:
        """Whether a file that no event knows may be older than the chain, by the last part that its name has."""
        last = _last_part(name)
        return last is not None and any(last <= (epoch, number) for _, epoch, number in self.of_before)


def removed_images(data: dict[str, Any]) -> list[Tombstone]:
    """What an event says that retention took."""
    return [Tombstone(str(image["sha256"]), str(image["part"])) for image in data["images"]]


def removed_embeddings(data: dict[str, Any]) -> list[str]:
    """Files of embeddings that an event says to be removed."""
    return [str(file["file"]) for file in data["files"]]


def _promise(event: Event, data: dict[str, Any]) -> Promise:
    rollups = {str(kind): str(sha256) for kind, sha256 in data.get("rollups", {}).items()}
    return Promise(event.id, str(data["sha256"]), int(data["bytes"]), int(data["rows"]), rollups)


def _last_part(name: str) -> tuple[int, int] | None:
    last = name.rpartition("/")[2].removesuffix(".parquet").split("_")[1:2]
    epoch, _, number = last[0].partition("-") if last else ("", "", "")
    return (int(epoch), int(number)) if epoch.isdecimal() and number.isdecimal() else None
