"""What a line's chain and journal say of its files, for whoever looks for those that do not belong there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inspection.adapters.store.chain_walk import Differs, walk
from inspection.adapters.store.files import is_gone, temporary_of
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Promise, Promises
from inspection.adapters.store.verify import Digests
from inspection.domain.errors import StoreError


@dataclass(frozen=True, slots=True)
class Known:
    promises: Promises
    promised: Mapping[Path, Promise]
    """What the last event that speaks of a file of parts, events or embeddings says that it is."""
    all: bool
    """The chain says it of all files: it has no gap."""
    marked: Mapping[Path, int]
    """Files that parts or events of the journal are on their way to, and how many."""
    stray_events: frozenset[Path]
    """Files of events that are elsewhere as well."""
    on_its_way: Path | None
    """A temporary file of embeddings whose event is written: the next station puts it in its place."""
    differs: Differs


def what_is_known(paths: LinePaths) -> Known:
    """Raises StoreError: there is no journal, or it is damaged; OSError."""
    promises, digests, promised = Promises(paths, lambda images: None), Digests(), dict[Path, Promise]()

    def differs(path: Path, promise: Promise) -> str | None:
        promised[path] = promise  # of events: going down the chain takes it from `promises`
        return digests.differs(path, promise)

    with open_journal(paths) as db:
        if db is None:
            raise StoreError(
                f"line {paths.line} has no journal in {paths.data_dir}, so what is set aside could not be written down;"
                " bring back the last backup that is whole"
            )
        db.text_factory = lambda raw: raw.decode(errors="replace")
        db.execute("BEGIN")
        (state,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if state != "ok":
            what = state.splitlines()[-1]  # the first names the database alone
            raise StoreError(f"the journal {paths.state_db} is damaged: {what}; restore the last backup that is whole")
        walked = walk(paths, db, promises, differs)
        marked = dict(db.execute("SELECT seal, count(*) FROM parts WHERE seal IS NOT NULL GROUP BY seal").fetchall())
        columns = {row["name"] for row in db.execute("PRAGMA table_info(events)")}  # an older journal files no events
        sql = "SELECT filed, count(*) FROM events WHERE filed > '' GROUP BY filed"
        filed = dict(db.execute(sql).fetchall()) if "filed" in columns else {}
    roots = {
        paths.log_dir: promises.parts,
        paths.events_dir: promises.events,
        paths.embeddings_dir: promises.embeddings,
    }
    promised |= {root / name: promise for root, of in roots.items() for name, promise in of.items()}
    return Known(
        promises,
        promised,
        walked.is_chained and not walked.has_gaps,
        {paths.log_dir / name: n for name, n in marked.items()}
        | {paths.events_dir / name: n for name, n in filed.items()},
        frozenset(paths.events_dir / name for name in walked.strays) - promised.keys(),
        _on_its_way(paths, promises, digests.differs),
        digests.differs,
    )


def _on_its_way(paths: LinePaths, promises: Promises, differs: Differs) -> Path | None:
    if not promises.embeddings:
        return None
    name, promise = max(promises.embeddings.items(), key=lambda each: each[1].event)
    path = paths.embeddings_dir / name
    is_written = is_gone(path) and differs(temporary_of(path), promise) is None
    return temporary_of(path) if is_written else None
