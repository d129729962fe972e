"""What a checkpoint's files were when it was fetched: a JSON file that lies with them and is copied with them.

It finds files that were damaged, exchanged, added or left behind; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from inspection.adapters.clip.checkpoint import CARDS, Checkpoint, sha256_of
from inspection.adapters.clip.plain import to_json, write_whole
from inspection.domain.errors import ModelError

RECORD = "inspection-model.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Record:
    """`commit`: the hub's, of which `revision` was the name; both empty for a model that is not from there."""

    model: str
    revision: str
    commit: str
    recorded_utc: str
    files: Mapping[str, KeptFile]


def files_of(checkpoint: Checkpoint) -> dict[str, KeptFile]:
    """Each file that the model is made of, as it is now; its card may be edited. A few seconds a gigabyte."""
    return {path.name: KeptFile(sha256_of(path), path.stat().st_size) for path in _made_of(checkpoint)}


def write_record(checkpoint: Checkpoint, revision: str, commit: str, utc: datetime) -> Record:
    """Keep what its files are now. Raises ModelError if the folder cannot be written."""
    record = Record(checkpoint.name, revision, commit, utc.isoformat(timespec="seconds"), files_of(checkpoint))
    write_whole(checkpoint.folder / RECORD, to_json({"format": FORMAT, **asdict(record)}, indent=2) + "\n")
    return record


def read_record(checkpoint: Checkpoint) -> Record | None:
    """None if there is none. Raises ModelError if it cannot be read."""
    path = checkpoint.folder / RECORD
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ModelError(f"{path}: made by another version of inspection; pull the model again")
        files = {name: KeptFile(**kept) for name, kept in content.pop("files").items()}
        return Record(**content, files=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not a record of a model ({error}); pull the model again") from error


def looks_as_recorded(checkpoint: Checkpoint, record: Record) -> bool:
    """Names and sizes alone: quick, for a list."""
    now = {path.name: path.stat().st_size for path in _made_of(checkpoint)}
    return now == {name: kept.size for name, kept in record.files.items()}


def _made_of(checkpoint: Checkpoint) -> list[Path]:
    return [path for path in checkpoint.own_files() if path.name not in CARDS]


def differences(then: Mapping[str, KeptFile], now: Mapping[str, KeptFile]) -> list[str]:
    """What is not as it was, in words."""
    told = [f"{name} is missing" for name in then if name not in now]
    told += [f"{name} was not there" for name in now if name not in then]
    told += [f"{name} has changed" for name in then if name in now and then[name] != now[name]]
    return sorted(told)


def differs_from_hub(path: Path, digest: str) -> bool:
    """Whether a file is not what the hub says: a sha256 (large files), or git's own hash of a file."""
    if len(digest) == 64:
        return sha256_of(path) != digest
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() != digest


def hub_digests(checkpoint: Checkpoint) -> dict[str, str]:
    """What the hub said when a file came into its cache: the name of what the link points to. Empty elsewhere."""
    targets = {path.name: path.readlink().name for path in checkpoint.own_files() if path.is_symlink()}
    return {name: target for name, target in targets.items() if len(target) in (40, 64)}
