"""Where things lie in a site's data directory. One place, so that readers and writers cannot disagree.

lines/<line>/lock  state.db  status.json  live/*.jpg  log.lock  merging.lock
lines/<line>/phrases/<recipe>.vectors
lines/<line>/compacting/date=<UTC date>/*.parquet
lines/<line>/set-aside/<UTC time>/<where the file was, below the data directory>
log/line=<line>/date=<UTC date>/*.parquet
rollup/counts|scores/line=<line>/date=<UTC date>/*.parquet
events/line=<line>/date=<UTC date>/<first id>_<last id>.parquet
evidence/line=<line>/<its first two digits>/<SHA-256 of the image>.jpg
embeddings/line=<line>/date=<UTC date>/*.parquet
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from inspection.domain.errors import StoreError

_LOG_OF = "line="


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
    def log_lock(self) -> Path:
        """Held for moments by whoever changes what lies in the log's folders: who seals, and who exchanges a day."""
        return self.state_dir / "log.lock"

    @property
    def merging_lock(self) -> Path:
        """Held by the one process that merges, for as long as it does."""
        return self.state_dir / "merging.lock"

    @property
    def state_db(self) -> Path:
        return self.state_dir / "state.db"

    @property
    def state_wal(self) -> Path:
        """What is flushed so that everything committed to `state_db` outlives a power cut."""
        return self.state_dir / f"{self.state_db.name}-wal"

    @property
    def status(self) -> Path:
        return self.state_dir / "status.json"

    @property
    def live_dir(self) -> Path:
        return self.state_dir / "live"

    def phrases(self, recipe: str) -> Path:
        """What the model made of that recipe's sentences; may be deleted at any time."""
        return self.state_dir / "phrases" / f"{recipe}.vectors"

    @property
    def compacting_dir(self) -> Path:
        """Days that are being merged; what lies there when nobody is at it is of a merge that was cut short."""
        return self.state_dir / "compacting"

    @property
    def set_aside_dir(self) -> Path:
        """Files that `inspection log repair` has moved out of the log. Nobody reads here."""
        return self.state_dir / "set-aside"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log" / f"{_LOG_OF}{self.line}"

    def log_date_dir(self, day: date) -> Path:
        return self.log_dir / f"date={day.isoformat()}"

    @property
    def events_dir(self) -> Path:
        return self.data_dir / "events" / f"{_LOG_OF}{self.line}"

    def rollup_dir(self, kind: str) -> Path:
        """`kind`: counts or scores. Below it the same names as below the log."""
        return self.data_dir / "rollup" / kind / f"{_LOG_OF}{self.line}"

    @property
    def evidence_dir(self) -> Path:
        return self.data_dir / "evidence" / f"line={self.line}"

    @property
    def embeddings_dir(self) -> Path:
        return self.data_dir / "embeddings" / f"{_LOG_OF}{self.line}"

    def image(self, sha256: str) -> Path:
        return self.evidence_dir / sha256[:2] / f"{sha256}.jpg"


def known_lines(data_dir: Path) -> list[str]:
    """Lines that have run in this data directory, by name; of some it may have but the log. Raises StoreError."""
    try:
        states, logs = ([*root.iterdir()] if root.is_dir() else [] for root in (data_dir / "lines", data_dir / "log"))
        with_log = {p.name.removeprefix(_LOG_OF) for p in logs if p.name.startswith(_LOG_OF)}
        return sorted({p.name for p in states if p.is_dir()} | with_log)
    except OSError as error:
        raise StoreError(f"cannot read the data directory {data_dir}: {error.strerror}") from error
