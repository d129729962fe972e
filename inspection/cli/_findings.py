"""What `inspection doctor` finds out about the machine itself: software, disk, clock, and who holds what."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from inspection import __version__

_FREE_GB_WANTED = 2.0
_CODE_YEAR = 2026  # a clock before this was never set
_FLUSHES = 40
_FLUSH_BYTES = 4096  # a page of the journal
_TIME_ERROR = 5  # adjtimex(2): nothing keeps the clock right
_FLUSHES_A_PART = 4  # trigger, verdict, acknowledgement, outcome; fewer where parts come together
_BUSY_LIMIT = 0.5  # share of the time that the part path may spend in flushing


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice`: what to do; with something that is well, what to know of it."""

    what: str
    well: bool
    found: str
    advice: str = ""

    @property
    def mark(self) -> str:
        if not self.well:
            return "WRONG"
        return "note" if self.advice else "ok"


@dataclass(frozen=True, slots=True)
class Flush:
    """How long a small write to the disk takes until it would survive a power cut, milliseconds."""

    p50_ms: float
    worst_ms: float


def software() -> Finding:
    found = f"inspection {__version__}, Python {platform.python_version()}"
    missing = []
    for name in ("torch", "transformers"):
        try:
            found += f", {name} {version(name)}"
        except PackageNotFoundError:
            missing.append(name)
    advice = f"install it again: {' and '.join(missing)} cannot be found (docs/running.md)" if missing else ""
    return Finding("software", not missing, found, advice)


def disk(data_dir: Path) -> tuple[Finding, Flush | None]:
    """Whether runs can write there, and how fast a flushed write is."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        flush = _measured(data_dir)
        usage = shutil.disk_usage(data_dir)
    except OSError as error:
        advice = "make it writable for this user, or name another with --data-dir"
        return Finding("data directory", False, f"{data_dir}: {error.strerror}", advice), None
    free_gb = usage.free / 1e9
    found = f"{data_dir}, {free_gb:.1f} GB free, a flushed write takes {flush.p50_ms:.1f} ms"
    if free_gb < _FREE_GB_WANTED:
        advice = f"free at least {_FREE_GB_WANTED:g} GB (docs/running.md); what is large:\ndu -sh {data_dir}/*"
        return Finding("data directory", False, found, advice), flush
    return Finding("data directory", True, found), flush


def _measured(folder: Path) -> Flush:
    times_ms = []
    with tempfile.NamedTemporaryFile(dir=folder) as probe:
        for _ in range(_FLUSHES):
            probe.write(os.urandom(_FLUSH_BYTES))
            probe.flush()
            before_ns = time.monotonic_ns()
            os.fsync(probe.fileno())
            times_ms.append((time.monotonic_ns() - before_ns) / 1e6)
    return Flush(statistics.median(times_ms), max(times_ms))


def keeps_up(what: str, flush: Flush, parts_per_s: float, line_file: str) -> Finding:
    """Whether the disk can flush what a line at its rated speed must have flushed before a part passes."""
    share = _FLUSHES_A_PART * parts_per_s * flush.p50_ms / 1000
    found = (
        f"{parts_per_s:g} parts/s need {_FLUSHES_A_PART * parts_per_s:g} flushed writes a second: {share:.0%} of the"
        f" time, at most {flush.worst_ms:.1f} ms at once"
    )
    if share <= _BUSY_LIMIT:
        return Finding(what, True, found)
    advice = (
        "use a disk that flushes faster (an SSD with power-loss protection), lower parts_per_s_max, or write"
        f" 'durability: process' in {line_file}: that survives a crash, not a power cut"
    )
    return Finding(what, False, found, advice)


def clock() -> Finding:
    now = datetime.now(UTC)
    here = now.astimezone()
    found = f"{now:%Y-%m-%d %H:%M:%S} UTC, here {here:%H:%M} {here.tzname()}"
    if now.year < _CODE_YEAR:
        return Finding("clock", False, found, "sudo timedatectl set-ntp true")
    if not _is_kept_right():
        advice = "nothing keeps it right, and the log's times are its own: compare it now and then, or\n"
        advice += "sudo timedatectl set-ntp true"
        return Finding("clock", True, found, advice)
    return Finding("clock", True, f"{found}, kept right by a time server")


def _is_kept_right() -> bool:
    """What the kernel was last told by whatever sets its clock (timesyncd, chrony, ntpd)."""
    try:
        return int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))) not in (
            -1,
            _TIME_ERROR,
        )
    except (OSError, AttributeError):
        return False


def lock_holder(locked: Path) -> int | None:
    """The process that has locked this file or folder, as the kernel lists it: to take it could refuse a station."""
    try:
        status = locked.stat()
        held = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for words in map(str.split, held):
        if place in words and "FLOCK" in words:
            return int(words[words.index(place) - 1])
    return None


def port_holders(port: Path) -> dict[int, str]:
    """Processes that have this device open, and their names: those that this user can see."""
    target = port.resolve()
    return {pid: name for pid, name, opened in _open_files() if opened == target}


def _open_files() -> Iterator[tuple[int, str, Path]]:
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            name = (process / "comm").read_text().strip()
            links = [link.readlink() for link in (process / "fd").iterdir()]
        except OSError:  # gone meanwhile, or not ours to look at
            continue
        yield from ((int(process.name), name, link) for link in links)
