"""A folder, a camera that drops files in it, and a station that watches it and may die at any step; a manual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from inspection import history
from inspection.adapters.cameras.arrivals import Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.watched import WatchedFolder
from inspection.adapters.gates.dry import DryGate
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.domain.types import Frame, Verdict, VerdictKind
from inspection.judging.deadline import Travel
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examiner
from inspection.station.numbering import UNCONTROLLED_BY_RULE
from inspection.station.part_path import PartPath, PathSettings
from inspection.wire.session import GateSettings
from tests.fakes.camera import any_frame
from tests.fakes.clock import ManualClock
from tests.fakes.parts import CONTEXT
from tests.fakes.stores import FailingJournal, MemoryEvidence
from tests.faults.watched_station import picture

ROUND_S = 0.02
SETTLE_NS, INCOMPLETE_NS = 40_000_000, 300_000_000
TRAVEL = Travel(200_000_000, 0)


class Killed(BaseException):
    """As kill -9: nothing that comes after it is done."""


class Fuse:
    """Kills after so many steps of whatever is behind it; None: never."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    def guard(self, thing: Any, methods: Sequence[str]) -> Any:
        """`thing`, dying before or after any of these calls."""
        for name in methods:
            setattr(thing, name, self._dying(getattr(thing, name)))
        return thing

    def _dying(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.step()
            result = method(*arguments, **named)
            self.step()
            return result

        return call


class Life:
    """The station from one start to its end."""

    def __init__(self, folder: Path, data_dir: Path, clock: ManualClock, fuse: Fuse) -> None:
        self._journal = SqliteJournal(LinePaths(data_dir, "demo").state_db, "process")
        self.failing = FailingJournal(self._journal)
        fuse.guard(self._journal, ["new_epoch", "record_triggers", "record_verdicts", "record_outcome"])
        self._claims = Claims(folder, self._journal.station_id, clock, keep=True, sync=False)
        fuse.guard(self._claims, ["take", "finish", "put_away"])
        self.watched = WatchedFolder(
            Arrivals(folder, clock, settle_ns=SETTLE_NS),
            self._claims,
            clock,
            incomplete_after_ns=INCOMPLETE_NS,
            high_water=self._journal.high_water,
        )
        settings = GateSettings(self._journal.station_id, TRAVEL.travel_ns // 1000, 5_000, 0)
        self.condition = ConditionKeeper(self.failing, clock)
        examiner = Examiner(
            camera=self.watched,
            frame_gate=any_frame(),
            score=_score,
            keep_image=lambda part, verdict: False,
            evidence=MemoryEvidence(),
            clock=clock,
            travel=TRAVEL,
            camera_timeout_s=0.1,
        )
        self.path = PartPath(
            gate=DryGate(self.watched, settings=settings, clock=clock),
            examiner=examiner,
            travel=TRAVEL,
            journal=self.failing,
            condition=self.condition,
            context=lambda: CONTEXT,
            clock=clock,
            settings=PathSettings(by_rule=UNCONTROLLED_BY_RULE),
        )

    def end(self) -> None:
        """As kill -9 leaves it: what was committed or renamed is there, nothing else."""
        self.watched.close()
        self._journal.close()


def _score(frames: Sequence[Frame]) -> list[Verdict]:
    kinds = [VerdictKind.REJECT if frame.pixels[0, 0, 0] == 255 else VerdictKind.PASS for frame in frames]
    return [Verdict(kind, {"scratch": 0.0}, "scratch", -1.0) for kind in kinds]


class World:
    """`act` one thing after another, then `settle`, then `check`."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.landing = folder / "landing"
        self.landing.mkdir()
        self._data_dir = folder / "data"
        self._fuse = Fuse()
        self._landed: list[tuple[str, str]] = []  # name and kind, once a file has its name
        self._growing: dict[str, tuple[BinaryIO, bytes]] = {}
        self.deaths = 0
        self._life: Life | None = None

    # --- what a law does ------------------------------------------------------------------------------------

    def act(self, kind: str, value: object) -> None:
        match kind:
            case "land":
                self._land(str(value))
            case "grow":
                self._finish_growing(whole=bool(value))
            case "wait":
                for _ in range(int(str(value))):
                    self.round()
            case "die":
                self._fuse.left = int(str(value))
            case "away":
                self._go_away(int(str(value)))
            case "store":
                self._store_fails(int(str(value)))

    def _land(self, kind: str) -> None:
        number = len(self._landed)
        whole = picture(number, scratched=kind == "scratched", side_px=16)
        name = "again.png" if kind == "again" else f"{number:03}-{kind}.png"
        if (self.landing / name).exists():
            return
        self._landed.append((name, kind))
        file = self.landing / name
        match kind:
            case "cut" | "growing":
                file.write_bytes(whole[: len(whole) // 2])
            case "empty":
                file.touch()
            case "text":
                file.write_text("no picture")
            case _:
                (self.landing / f".{name}").write_bytes(whole)
                (self.landing / f".{name}").rename(file)
        if kind == "growing":
            self._growing[name] = (file.open("ab"), whole[len(whole) // 2 :])

    def _finish_growing(self, *, whole: bool) -> None:
        """Whoever writes has the file open, wherever it has been moved to."""
        for name, (file, rest) in self._growing.items():
            with file:
                file.write(rest if whole else rest[:1])
            if not whole or self._is_judged(name):
                self._landed[self._landed.index((name, "growing"))] = (name, "cut")
        self._growing.clear()

    def _go_away(self, rounds: int) -> None:
        away = self.landing.with_name("away")
        self.landing.rename(away)
        for _ in range(rounds):
            self.round()
        away.rename(self.landing)

    def _store_fails(self, rounds: int) -> None:
        if self._life is not None:
            self._life.failing.fails = True
        for _ in range(rounds):
            self.round()
        if self._life is not None:
            self._life.failing.fails = False

    def round(self) -> None:
        self.clock.advance(ROUND_S)
        try:
            if self._life is None and self.landing.exists():
                self._life = Life(self.landing, self._data_dir, self.clock, self._fuse)
                self._life.path.recover()
            if self._life is not None:
                self._life.path.step(0.0)
        except Killed:
            self._fuse.left = None
            self.deaths += 1
            if self._life is not None:
                self._life.end()
            self._life = None

    def settle(self) -> None:
        """Until every file is away and every part closed."""
        self._fuse.left = None
        self._finish_growing(whole=True)
        for _ in range(1000):
            self.round()
            files = [path for path in self.landing.iterdir() if path.is_file()]
            taken = list(self.landing.glob(".taken/*~*"))
            if self._life is not None and not files and not taken and self._life.path.is_empty():
                return
        raise AssertionError(f"left: {files} {taken}")

    # --- what must hold -------------------------------------------------------------------------------------

    def check(self) -> None:
        """One row a file, one file a row; nothing that is not whole has passed."""
        parts = history.parts(self._data_dir, "demo")
        rows = {f"{row.epoch}-{row.number}": row for row in parts.itertuples()}
        assert len(rows) == len(parts)
        judged = [path.name.partition("~") for path in self.landing.glob("judged/*/*")]
        assert sorted(number for number, _, _ in judged) == sorted(rows), "as many rows as files, and the same"
        assert sorted(name for _, _, name in judged) == sorted(name for name, _ in self._landed)
        kinds = dict(self._landed)
        for number, _, name in judged:
            row, kind = rows[number], kinds[name]
            assert row.outcome == "UNCONTROLLED"
            if row.cause in ("interrupted", "store-down", "late"):
                continue
            wanted = {"good": ["PASS"], "again": ["PASS"], "scratched": ["REJECT"], "growing": ["PASS", "UNJUDGED"]}
            assert row.verdict in wanted.get(kind, ["UNJUDGED"]), f"{name}: {row}"
            if row.verdict != "UNJUDGED":
                assert row.source == name

    def end(self) -> None:
        for file, _ in self._growing.values():
            file.close()
        if self._life is not None:
            self._life.end()

    def _is_judged(self, name: str) -> bool:
        return not (self.landing / name).exists()
