"""A row that names an image has it, with the hash that it says, or an event says that it was removed.

For any sequence of parts, verdicts that cannot be recorded, images that are written, rows that are sealed, images that
are removed, clocks that are set, and deaths at any step of these.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from benchmarks.fault_line.drill import scratch_dir
from inspection import history
from inspection.adapters.store import files, images
from inspection.adapters.store.chain import EVIDENCE_REMOVED
from inspection.adapters.store.duck import shared_databases
from inspection.adapters.store.event_reader import read_events
from inspection.adapters.store.evidence import ImageEvidence
from inspection.adapters.store.images import ImageIndex
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.retention import Retention, RetentionRule
from inspection.domain.ports import IMAGE_WAITS
from inspection.domain.types import Frame, PartId, Verdict, VerdictKind
from tests.fakes.clock import ManualClock
from tests.fakes.parts import CONTEXT, DIVERTED, judged, trigger

DAY_S = 86_400
KINDS = {"pass": VerdictKind.PASS, "reject": VerdictKind.REJECT}
RULE = RetentionRule({VerdictKind.PASS: 1, VerdictKind.REJECT: 3}, max_bytes=2000, disk_free_bytes=100, floor_bytes=700)
STEPS = st.integers(1, 12)


class Died(BaseException):
    """As kill -9: nothing of the station runs any more."""


class Life:
    """The stores of one life of a station on `paths`. Dies when `left` more steps have been come to."""

    def __init__(self, paths: LinePaths, clock: ManualClock) -> None:
        self.journal = SqliteJournal(paths.state_db, "process")
        self.log = ParquetLog(paths, clock, seal_after_parts=4, seal_after_s=10)
        self.index = ImageIndex(paths, self.journal.lock)
        self.evidence = ImageEvidence(paths, self.index, clock, capacity=6)
        self.free_bytes = 1000
        self.retention = Retention(self.index, self.journal, clock, RULE, lambda: self.free_bytes)

    def end(self) -> None:
        self.index.close()
        self.log.close()
        self.journal.close()


class World:
    """One thing after another is done to a line; `check` holds after each."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.paths = LinePaths(data_dir, "demo")
        self.clock = ManualClock()
        self.life = Life(self.paths, self.clock)
        self.number = 0
        self.unrecorded: list[tuple[int, VerdictKind, bool]] = []
        self.open: list[int] = []
        self.dies_after: int | None = None
        self.deaths: list[str] = []
        self.waiting: set[int] = set()
        self.written: set[int] = set()
        self.sealed: dict[Path, list[dict[str, Any]]] = {}
        self.filed: dict[Path, list[dict[str, Any]]] = {}

    def do(self, what: tuple[Any, ...]) -> None:
        name, *values = what
        try:
            getattr(self, name)(*values)
        except Died:
            self.deaths.append(name)
            self.restart()
        self.dies_after = None
        self.check()

    def step(self) -> None:
        """A step that a death may fall before."""
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after <= 0:
                raise Died

    # --- what is done ---------------------------------------------------------------------------------------

    def parts(self, kind: str, greys: list[int], then: str) -> None:
        """Parts come whose image is kept, but for grey 0, and their verdicts are recorded; `then` they are closed too,
        or ("later") not even the verdicts can be recorded."""
        for grey in greys:
            self.number += 1
            self.life.journal.record_triggers([trigger(1, self.number, self.clock.utc())], CONTEXT)
            frame = Frame(np.full((8, 8, 3), grey, np.uint8), self.clock.utc())
            verdict = Verdict(KINDS[kind], {"scratch": 0.5}, "scratch", 0.5)
            kept = grey > 0 and self.life.evidence.offer(PartId(1, self.number), frame, verdict)
            self.unrecorded.append((self.number, KINDS[kind], kept))
            self.open.append(self.number)
            if kept:
                self.waiting.add(self.number)
        if then != "later":
            self.record()
        if then == "close":
            self.close()

    def record(self) -> None:
        self.life.journal.record_verdicts(
            [
                judged(1, number, kind, image_path=IMAGE_WAITS if kept else None, utc=self.clock.utc())
                for number, kind, kept in self.unrecorded
            ]
        )
        self.unrecorded = []

    def close(self) -> None:
        for number in self.open:
            self.life.journal.record_outcome(PartId(1, number), DIVERTED, self.clock.utc())
        self.open = []

    def drain(self, dies_after: int | None) -> None:
        self.dies_after = dies_after
        self.life.evidence.drain()
        self.written |= self.waiting
        self.waiting = set()

    def seal(self, dies_after: int | None) -> None:
        self.dies_after = dies_after
        self.life.log.seal(everything=True)

    def retain(self, free_bytes: int, days: float, dies_after: int | None) -> None:
        """So many days after what waits is written."""
        self.drain(None)
        self.clock.advance(1 + days * DAY_S)
        self.life.free_bytes = free_bytes
        self.dies_after = dies_after
        self.life.retention.step()

    def clock_jumps(self, seconds: float) -> None:
        self.clock.step_utc(seconds)

    def restart(self) -> None:
        """What the next start does: open parts are recorded as interrupted, and closed."""
        self.dies_after = None
        self.life.end()
        self.life = Life(self.paths, self.clock)
        self.waiting = set()
        self.unrecorded = [(number, VerdictKind.PASS, False) for number, _, _ in self.unrecorded]
        self.record()
        self.close()

    # --- what holds -----------------------------------------------------------------------------------------

    def removed(self) -> set[tuple[str, str]]:
        told = [json.loads(data)["images"] for data in self.told().values()]
        named = [(each["part"], each["sha256"]) for images in told for each in images]
        assert len(named) == len(set(named)), "an image was removed twice"
        return set(named)

    def check(self) -> None:
        removed = self.removed()
        rows = self.rows()
        assert sorted(rows) == list(range(1, self.number + 1))
        for number, image_path in rows.items():
            if not image_path:
                assert number not in self.written, f"the image of part {number} was written for nothing"
                continue
            path = self.data_dir / image_path
            if path.exists():
                assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
            else:
                assert (f"1-{number}", path.stem) in removed, f"the image of part {number} is missing"

    def told(self) -> dict[int, str]:
        """What events of removing say, in the files and in the journal; read this way for speed."""
        told = dict[int, str]()
        with closing(sqlite3.connect(self.paths.state_db)) as db:
            told.update(db.execute("SELECT id, data FROM events WHERE kind = ?", (EVIDENCE_REMOVED,)).fetchall())
        for path in self.paths.events_dir.rglob("*.parquet"):
            self.filed.setdefault(path, pq.read_table(path, columns=["id", "kind", "data"]).to_pylist())
            told.update({row["id"]: row["data"] for row in self.filed[path] if row["kind"] == EVIDENCE_REMOVED})
        return told

    def rows(self) -> dict[int, str | None]:
        """The image of each part, in the files and in the journal; read this way for speed."""
        rows = dict[int, str | None]()
        with closing(sqlite3.connect(self.paths.state_db)) as db:
            rows.update(db.execute("SELECT number, image_path FROM parts").fetchall())
        for path in self.paths.log_dir.rglob("*.parquet"):
            self.sealed.setdefault(path, pq.read_table(path, columns=["number", "image_path"]).to_pylist())
            rows.update({row["number"]: row["image_path"] for row in self.sealed[path]})
        return rows

    def settle(self) -> None:
        """When all is done that was begun, what is on the disk is what the log names and no event took away."""
        self.record()
        self.close()
        self.life.free_bytes = 1000
        self.life.retention.step()
        self.drain(None)
        self.life.log.seal(everything=True)
        self.clock.advance(1)
        for _ in range(10):
            self.life.retention.step()
            self.clock.advance(1)
        self.check()
        events = read_events(self.paths, kind=EVIDENCE_REMOVED)
        assert dict(zip(events["id"].to_pylist(), events["data"].to_pylist(), strict=True)) == self.told()
        assert self.life.journal.open_parts() == []
        parts = history.parts(self.data_dir, "demo")
        assert parts["number"].tolist() == list(range(1, self.number + 1))
        assert parts["outcome"].notna().all()
        rows = parts.dropna(subset=["image_path"])
        assert all(Path(row.image_path).stem == row.image_sha256 for row in rows.itertuples())
        removed = self.removed()
        kept = {row.image_path for row in rows.itertuples() if (f"1-{row.number}", row.image_sha256) not in removed}
        there = [path for path in self.paths.evidence_dir.rglob("*") if path.is_file()]
        assert {path.relative_to(self.data_dir).as_posix() for path in there} == kept
        assert self.life.index.total_bytes == sum(path.stat().st_size for path in there) <= (RULE.max_bytes or 0)
        with closing(sqlite3.connect(self.paths.state_db)) as db:
            assert db.execute("SELECT count(*) FROM parts").fetchone() == (0,), "a row waits for an image for ever"


LIVES = st.one_of(st.none(), STEPS)
GREYS = st.lists(st.one_of(st.sampled_from([0, 10, 11]), st.integers(20, 255)), min_size=1, max_size=4)
DO = st.one_of(
    st.tuples(st.just("parts"), st.sampled_from(sorted(KINDS)), GREYS, st.sampled_from(["close", "belt", "later"])),
    st.tuples(st.sampled_from(["record", "close", "restart"])),
    st.tuples(st.just("drain"), LIVES),
    st.tuples(st.just("seal"), LIVES),
    st.tuples(st.just("retain"), st.sampled_from([0, 1000]), st.sampled_from([0.0, 0.6, 1.1]), LIVES),
    st.tuples(st.just("clock_jumps"), st.sampled_from([-3600.0, 3600.0])),
)


@shared_databases()
@settings(max_examples=150)
@example([("parts", "pass", [20, 0], "close"), ("seal", None), ("drain", None)])
@example([("parts", "pass", [20], "later"), ("drain", None), ("record",), ("close",), ("seal", None)])
@given(st.lists(DO, max_size=25))
def test_a_row_has_its_image_or_an_event_says_where_it_went(todo: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory(dir=scratch_dir()) as folder:
        world = World(Path(folder))
        with _dying(world.step):
            try:
                for what in todo:
                    world.do(what)
                world.settle()
                for name in set(world.deaths):
                    event(f"died in {name}")
            finally:
                world.life.end()


@pytest.mark.parametrize("step", range(1, 25))
@shared_databases()
def test_a_death_at_each_step_of_writing_and_of_removing(step: int) -> None:
    with tempfile.TemporaryDirectory(dir=scratch_dir()) as folder:
        world = World(Path(folder))
        with _dying(world.step):
            try:
                world.do(("parts", "pass", [10, 10, 20], "close"))
                world.do(("drain", step))
                world.do(("parts", "reject", [10, 30], "close"))
                world.do(("retain", 1000, 1.1, step))
                world.do(("seal", None))
                world.do(("retain", 0, 0.0, step))
                world.settle()
            finally:
                world.life.end()


class _dying:  # noqa: N801  (used as a function)
    """Each write to the disk, and each commit of the index and of an event, is a step."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._before: list[tuple[Any, str, Any]] = []
        self._step = step

    def __enter__(self) -> None:
        for owner, name in (
            (Path, "write_bytes"),
            (Path, "replace"),
            (Path, "unlink"),
            (files, "sync_to_disk"),
            (images, "sync_to_disk"),
            (ImageIndex, "begin"),
            (ImageIndex, "done"),
            (SqliteJournal, "record_event"),
        ):
            real = getattr(owner, name)
            self._before.append((owner, name, real))
            setattr(owner, name, self._stepped(real))

    def _stepped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*values: Any, **named: Any) -> Any:
            self._step()
            result = real(*values, **named)
            self._step()
            return result

        return stepped

    def __exit__(self, *_: object) -> None:
        for owner, name, real in self._before:
            setattr(owner, name, real)
