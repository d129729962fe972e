"""A copy of a line's records that is whole, made while the line runs.

The journal is copied as it stands at one moment, and of the log the files that were there at that moment: nobody seals
or exchanges a day meanwhile. A file that came later holds parts that the copied journal still has: with both, a station
on the copy would write them a second time. A file that was merged before it could be copied is gone: then it is all
done again, with the merged one.
Images come before the journal: one that retention takes meanwhile has an event in it, or is in the copy. So do
embeddings; of those that came meanwhile, the ones are copied that an event of the copied journal knows.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inspection.adapters.store.chain import EMBEDDINGS_SEALED
from inspection.adapters.store.embedding_reader import embedding_names
from inspection.adapters.store.files import temporary_of
from inspection.adapters.store.lock import nothing_changes
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds besides the journal. `size_bytes` counts all of it."""

    log_files: int
    event_files: int
    images: int
    embeddings: int
    """Files of them."""
    size_bytes: int


def back_up(paths: LinePaths, target: Path, *, images: bool = True) -> Copied:
    """Copy a line's journal, log and (with `images`) images and embeddings to the new data directory `target`.

    `target` is there when all of it is, and not before. Raises StoreError: it exists already, the line never ran, or
    something cannot be read or written.
    """
    if target.exists():
        raise StoreError(f"{target} is there already; name a folder that is not, such as one of today's date")
    if not paths.state_db.exists():
        raise StoreError(f"line {paths.line} has no journal in {paths.data_dir}: there is nothing to copy")
    unfinished = target.with_name(f".{target.name}.unfinished")
    copy = LinePaths(unfinished, paths.line)
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # of a backup that was stopped
        copy.state_dir.mkdir(parents=True)
        kept = _copy_images(paths, copy) if images else 0
        embeddings = sum(_copy_embeddings(paths, copy, name) for name in embedding_names(paths)) if images else 0
        log_files, event_files = _copy_log(paths, copy)
        kept += _copy_images(paths, copy) if images else 0
        embeddings += sum(_copy_embeddings(paths, copy, name) for name in _sealed_lately(copy)) if images else 0
        size = sum(file.stat().st_size for file in unfinished.rglob("*") if file.is_file())
        unfinished.rename(target)
    except (OSError, sqlite3.Error) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        to_do = "see that there is room and that this user may write there, or name another folder"
        raise StoreError(
            f"cannot copy line {paths.line} to {target}: {why}; nothing was left there; {to_do}"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Copied(log_files, event_files, kept, embeddings, size)


def _copy_log(paths: LinePaths, copy: LinePaths) -> tuple[int, int]:
    """Journal and files that belong to one moment; how many of parts and of events."""
    for _ in range(_TRIES):
        with nothing_changes(paths):
            log_files, event_files = _log_files(paths), _event_files(paths)
            copy.state_db.unlink(missing_ok=True)
            _copy_journal(paths.state_db, copy.state_db)
        _check_journal(paths, copy)
        files = [*log_files, *event_files]
        there = [_copy(paths, copy, file) for file in files if not _place(paths, copy, file).exists()]
        if all(there):
            break
    else:
        raise StoreError(f"files of line {paths.line} are merged faster than they can be copied; try again later")
    wanted = {_place(paths, copy, file) for file in files}
    for file in (*_log_files(copy), *_event_files(copy)):
        if file in wanted:
            _flush(file)
        else:
            file.unlink()  # it was merged since, and the merged file is there
    return len(log_files), len(event_files)


def _copy_journal(source: Path, target: Path) -> None:
    """As it stands at one moment. Parts go on being written meanwhile: a reader of a WAL database holds nobody up."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=5.0)) as live:
        live.execute("PRAGMA query_only = ON")
        with closing(sqlite3.connect(target)) as copy:
            live.backup(copy)


def _check_journal(paths: LinePaths, copy: LinePaths) -> None:
    with closing(sqlite3.connect(copy.state_db)) as db:
        (told,) = db.execute("PRAGMA integrity_check").fetchone()
        db.execute("PRAGMA journal_mode = DELETE")  # one that may not be written can be read only so
    if told != "ok":
        raise StoreError(f"the journal {paths.state_db} is damaged: {told}; restore the last backup that is whole")
    _flush(copy.state_db)


def _log_files(paths: LinePaths) -> list[Path]:
    return sorted(paths.log_dir.glob("date=*/*.parquet"))


def _event_files(paths: LinePaths) -> list[Path]:
    return sorted(paths.events_dir.glob("date=*/*.parquet"))


def _copy_images(paths: LinePaths, copy: LinePaths) -> int:
    """Those that are not in the copy yet; how many."""
    images = sorted(paths.evidence_dir.glob("*/*.jpg"))
    return sum(_copy(paths, copy, file) for file in images if not _place(paths, copy, file).exists())


def _copy_embeddings(paths: LinePaths, copy: LinePaths, name: str) -> bool:
    """Whether this file was copied: it is new, and there. Its event comes first, so it may lie beside its place yet."""
    path, target = paths.embeddings_dir / name, copy.embeddings_dir / name
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    for source in (path, temporary_of(path), path):
        try:
            shutil.copy2(source, target)
        except FileNotFoundError:
            continue
        _flush(target)
        return True
    return False


def _sealed_lately(copy: LinePaths) -> list[str]:
    """Files of embeddings that the copied journal's own events know; older events are in files."""
    with closing(sqlite3.connect(copy.state_db)) as db:
        told = db.execute("SELECT data FROM events WHERE kind = ? ORDER BY id", (EMBEDDINGS_SEALED,)).fetchall()
    return [json.loads(data)["file"] for (data,) in told]


def _place(paths: LinePaths, copy: LinePaths, file: Path) -> Path:
    return copy.data_dir / file.relative_to(paths.data_dir)


def _copy(paths: LinePaths, copy: LinePaths, file: Path) -> bool:
    """False if it is gone by now: an image, under the rule of how long they are kept, or a file that was merged."""
    target = _place(paths, copy, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(file, target)
    except FileNotFoundError:
        return False
    return True


def _flush(path: Path) -> None:
    with path.open("rb") as written:
        os.fsync(written.fileno())
