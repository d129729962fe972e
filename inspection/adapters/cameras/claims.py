"""Files of a watched folder that have been given a part's number, and where they go.

    FOLDER/name                              landed
    FOLDER/.taken/STATION-EPOCH-NUMBER~name  has its number; its row may not be on record yet
    FOLDER/judged/DATE/EPOCH-NUMBER~name     on record (or deleted, if that is what the line is set to);
                                             EPOCH-NUMBER.2~name where another station's file has that name

Each step is one rename: a file is in exactly one place, whenever the station dies.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import stat
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
        told = f"the folder {self._folder} is gone, or is another one now: there is no {self._taken.name} in it"
        try:
            if stat.S_ISDIR(self._taken.stat().st_mode):
                return
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            told = f"the folder {self._folder} cannot be read: {error.strerror}"
        raise CameraError(f"{told}; bring it back (is it mounted?), or start the line again")

    def take(self, path: Path, part: PartId) -> Path:
        """Give a file its number; where it is now. Raises OSError: it is gone, or may not be moved."""
        taken = self._taken / f"{self._prefix}-{part.epoch}-{part.number}~{_short(own_name(path))}"
        if taken != path and os.path.lexists(taken):  # left, from before the records were restored
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(taken))
        path.rename(taken)
        self._paths[part] = taken
        self._synced(taken.parent, path.parent)
        return taken

    def finish(self, part: PartId) -> Path | None:
        """The part is on record: its file, which is to be put away; None if it has none."""
        return self._paths.pop(part, None)

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

    def forget(self) -> None:
        """A new session: what was taken before it is left of an earlier one."""
        self._paths.clear()

    def put_away(self, path: Path, part: PartId) -> None:
        """The file of a judged part: to the judged ones, or gone. Raises OSError: it stays where it is."""
        if self._keep:
            self._move(path, "judged", f"{part}")
        else:
            path.unlink()

    def set_aside(self, path: Path) -> None:
        """A file that is no part's picture, unseen: to FOLDER/unused/DATE, if it can be moved."""
        try:
            self._move(path, "unused", f"{self._clock.utc():%H%M%S%f}")
        except OSError as error:
            log.warning("%s: cannot be moved to unused/: %s", shown(path), error.strerror)

    def _move(self, path: Path, to: str, number: str) -> None:
        day = self._folder / to / f"{self._clock.utc():%Y-%m-%d}"
        for folder in (day.parent, day):  # not the watched one, which may be away
            folder.mkdir(exist_ok=True)
        name = _short(own_name(path))
        target = day / f"{number}~{name}"
        again = 2
        while os.path.lexists(target):  # of another station, or from before the records were restored
            target = day / f"{number}.{again}~{name}"
            again += 1
        path.rename(target)

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
