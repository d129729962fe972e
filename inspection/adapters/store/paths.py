"""Where things lie in a site's data directory. One place, so that readers and writers cannot disagree.

lines/<line>/lock  state.db  status.json  live/*.jpg
log/line=<line>/date=<UTC date>/*.parquet
evidence/line=<line>/date=<UTC date>/<epoch>-<number>.jpg
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LinePaths:
    """The files of one line below `data_dir`."""

    data_dir: Path
    line: str

    @property
    def state_dir(self) -> Path:
        return self.data_dir / "lines" / self.line

    @property
    def lock(self) -> Path:
        return self.state_dir / "lock"

    @property
    def state_db(self) -> Path:
        return self.state_dir / "state.db"

    @property
    def status(self) -> Path:
        return self.state_dir / "status.json"

    @property
    def live_dir(self) -> Path:
        return self.state_dir / "live"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log" / f"line={self.line}"

    def log_date_dir(self, day: date) -> Path:
        return self.log_dir / f"date={day.isoformat()}"

    def evidence_dir(self, day: date) -> Path:
        return self.data_dir / "evidence" / f"line={self.line}" / f"date={day.isoformat()}"


def known_lines(data_dir: Path) -> list[str]:
    """Lines that have run in this data directory, by name."""
    root = data_dir / "lines"
    return sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
