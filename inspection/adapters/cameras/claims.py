"""Files of a watched folder that have been given a part's number, and where they go.

    FOLDER/name                              landed
    FOLDER/.taken/STATION-EPOCH-NUMBER~name  has its number; its row may not be on record yet
    FOLDER/judged/DATE/EPOCH-NUMBER~name     on record (or deleted, if that is what the line is set to)

Each step is one rename: a file is in exactly one place, whenever the station dies.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path

from inspection.adapters.cameras.images import shown
from inspection.domain.errors import CameraError
from inspection.domain.ports import Clock
from inspection.domain.types import PartId

log = logging.getLogger(__name__)

_TAKEN = re.compile(r"([0-9a-f]{8})-(\d+)-(\d+)~(.*)", re.DOTALL)
_NAME_BYTES = 200  # 255 are the limit of a file's name, and the number needs some


@dataclass(frozen=True, slots=True)
class Left:
    """A file that an earlier run had taken. `part` None: another station's number, which says nothing here."""

    path: Path
    part: PartId | None


class Claims:
    """Takes files of one folder for one station, and holds the folder's lock."""

    def __init__(self, folder: Path, station_id: int, clock: Clock, *, keep: bool, sync: bool) -> None:
        """`keep`: judged files are kept, not deleted. `sync`: a step survives a power cut.

        Raises CameraError if the folder cannot be written, or another station watches it.
        """
        self._folder = folder
        self._taken = folder / ".taken"
        self._prefix = f"{station_id:08x}"
        self._clock = clock
        self._keep = keep
        self._sync = sync
        self._paths: dict[PartId, Path] = {}
        try:
            self._taken.mkdir(exist_ok=True)
            self._lock = (self._taken / ".lock").open("w")
        except OSError as error:
            told = f"the folder {folder} cannot be written: {error.strerror}"
            raise CameraError(f"{told}; files that are judged are moved: give the station write access") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise CameraError(f"another station watches the folder {folder}; give each a folder of its own") from error
        except OSError:
            log.info("%s: its file system has no locks; see that no other station watches it", folder)

    def close(self) -> None:
        """Let go of the lock."""
        self._lock.close()

    def check(self) -> None:
        """Raises CameraError if this is not the folder that was opened: an empty place where it was mounted, say."""
        if not self._taken.is_dir():
            told = f"the folder {self._folder} is gone, or is another one now: there is no {self._taken.name} in it"
            raise CameraError(f"{told}; bring it back (is it mounted?), or start the line again")

    def take(self, path: Path, part: PartId) -> Path:
        """Give a file its number; where it is now. Raises OSError: it is gone, or may not be moved."""
        taken = self._taken / f"{self._prefix}-{part.epoch}-{part.number}~{_short(own_name(path))}"
        path.rename(taken)
        self._paths[part] = taken
        self._synced(taken.parent, path.parent)
        return taken

    def finish(self, part: PartId) -> bool:
        """The part is on record: keep its file with the judged ones, or delete it. False: it is left."""
        path = self._paths.pop(part, None)
        return path is None or self.put_away(path, part)

    def left(self) -> list[Left]:
        """What earlier runs had taken, oldest first. Raises OSError."""
        mine = set(self._paths.values())
        left = []
        with os.scandir(self._taken) as entries:
            for entry in entries:
                found = _TAKEN.fullmatch(entry.name)
                path = self._taken / entry.name
                if found is not None and path not in mine and entry.is_file(follow_symlinks=False):
                    ours = found[1] == self._prefix
                    left.append(Left(path, PartId(int(found[2]), int(found[3])) if ours else None))
        return sorted(left, key=lambda each: (each.path.lstat().st_mtime_ns, own_name(each.path)))

    def finish_left(self, left: Left) -> None:
        """An earlier run's file is on record."""
        assert left.part is not None, "a number of another station is on no record of ours"
        self.put_away(left.path, left.part)

    def forget(self) -> None:
        """A new session: what was taken before it is left of an earlier one."""
        self._paths.clear()

    def put_away(self, path: Path, part: PartId) -> bool:
        """The file of a part that is on record: to the judged ones, or gone. False: it cannot be moved, and stays."""
        if self._keep:
            return self._move(path, self._folder / "judged" / self._today() / f"{part}~{_short(own_name(path))}")
        try:
            path.unlink()
        except OSError as error:
            log.warning("%s: cannot be deleted: %s", shown(path), error.strerror)
            return False
        return True

    def set_aside(self, path: Path) -> None:
        """A file that is no part's picture, unseen: to FOLDER/unused/DATE."""
        self._move(path, self._folder / "unused" / self._today() / f"{self._clock.utc():%H%M%S%f}~{_short(path.name)}")

    def _move(self, path: Path, target: Path) -> bool:
        try:
            for folder in (target.parent.parent, target.parent):  # not the watched one, which may be away
                folder.mkdir(exist_ok=True)
            path.rename(target)
        except OSError as error:
            log.warning("%s: cannot be moved to %s: %s", shown(path), target.parent, error.strerror)
            return False
        return True

    def _today(self) -> str:
        return f"{self._clock.utc():%Y-%m-%d}"

    def _synced(self, *folders: Path) -> None:
        for folder in set(folders) if self._sync else ():
            try:
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:  # the file has its number all the same: it must not be given to another
                log.warning("%s: cannot be written through to the disk: %s", folder, error.strerror)


def own_name(path: Path) -> str:
    """The name that the file came with."""
    found = _TAKEN.fullmatch(path.name) if path.parent.name == ".taken" else None
    return found[4] if found else path.name


def _short(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[-_NAME_BYTES:])
