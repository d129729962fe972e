"""A belt, a gate controller, two wires and a station, in one thread and on one manual clock.

Real: the part path, journal, log and both ends of the protocol. Made up: what comes down the belt, the camera, the
scorer, and what goes wrong. Time moves in rounds of 10 ms; while the scorer works, belt and link move on.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from pathlib import Path

from inspection import history
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId, RunState
from inspection.wire.controller import Controller
from tests.fakes.clock import ManualClock
from tests.laws.station_life import Station

ROUND_S = 0.01


class World:
    """`act` one thing after another; `check_log` at the end. What must hold at each moment is asserted as it goes."""

    life = Station

    def __init__(self, folder: Path, seed: int, *, monitor: bool = False) -> None:
        self.monitor = monitor
        self.random = random.Random(seed)
        self.clock = ManualClock()
        self.folder = folder
        self.paths = LinePaths(folder, "demo")
        self.faults: set[str] = set()
        self.passed = 0
        self.diverted = 0
        self._wanted: dict[PartId, str] = {}
        self._went: dict[PartId, bool] = {}
        self._counted: Counter[int] = Counter()  # by epoch: what a controller that is alive, or was asked, has counted
        self._counted_alone = 0  # since its power-up, with no station
        self._heard: Counter[int] = Counter()  # by epoch: the highest number that reached the part path
        self._boot = 1
        self.controller = Controller(self._boot, self._now_us())
        self.station: Station | None = None
        self._start_station()

    # --- what a law does ------------------------------------------------------------------------------------

    def act(self, kind: str, value: object) -> None:
        match kind:
            case "part":
                self._put_part_on_belt(str(value))
                self._round()
            case "wait":
                for _ in range(int(str(value))):
                    self._round()
            case "fault":
                self._fail(str(value))
            case "heal":
                self._heal(str(value))

    def _put_part_on_belt(self, wanted: str) -> None:
        number = self.controller.sense(self._now_us())
        epoch = self.controller.epoch
        self._wanted[PartId(epoch, number)] = wanted
        if epoch == 0:
            self._counted_alone = number
        else:
            self._counted[epoch] = number

    def settle(self) -> None:
        """Until the line runs, or is in session and only waits for a person to clear a latched fault."""
        for _ in range(500):
            self._round()
            condition = self.station.condition if self.station else None
            if condition and condition.now.state is RunState.RUNNING:
                return
            waits = condition and condition.obstacle is not None and condition.obstacle.latched
            if waits and self.controller.in_session:
                return
        raise AssertionError(f"the line does not run: {self.station and self.station.condition.now}")

    def heal_everything(self) -> None:
        """Until all is well and every part has gone and is on record."""
        for fault in sorted(self.faults, key=lambda fault: fault == "station-killed"):  # it needs its store to start
            self._heal(fault)
        self.settle()
        for _ in range(1000):
            self._round()
            assert self.station is not None
            # One that has just restarted is idle, too; the station may not have heard of it, nor of what it counted.
            if self.controller.in_session and self.controller.is_idle and self.station.path.is_empty():
                return
        raise AssertionError("parts stay open although nothing is wrong any more")

    def acknowledge_alarms(self) -> None:
        """A person clears what stands."""
        assert self.station is not None
        for raised in self.station.condition.now.alarms:
            self.station.condition.clear_alarm(raised.alarm.key, acknowledged=True)

    def check_log(self) -> None:
        """Every number once, with a verdict and an outcome that is what happened or says that nobody knows."""
        assert self.station is not None
        self.station.evidence.drain()
        self.station.log.seal(everything=True)
        rows = history.parts(self.folder, "demo")
        parts = [PartId(int(row.epoch), int(row.number)) for row in rows.itertuples()]
        assert len(set(parts)) == len(parts), "a part is in the log twice"
        assert rows["verdict"].notna().all()
        assert rows["outcome"].notna().all()
        assert ((rows["verdict"] == "UNJUDGED") == rows["cause"].notna()).all()
        epochs: dict[int, list[int]] = {}
        for part in sorted(parts):
            epochs.setdefault(part.epoch, []).append(part.number)
        for epoch, numbers in epochs.items():
            assert numbers == list(range(1, len(numbers) + 1)), f"numbers are missing in epoch {epoch}"
        alone = self.station.epoch_of_boot(self._boot) if self._counted_alone else 0
        counted = self._counted | self._heard | Counter({alone: self._counted_alone})
        for epoch, count in counted.items():
            assert len(epochs.get(epoch, [])) >= count, f"epoch {epoch}: parts were counted that are not in the log"
        outcomes = dict(zip(parts, zip(rows["verdict"], rows["outcome"], strict=True), strict=True))
        for part, passed in self._went.items():
            verdict, outcome = outcomes.get(part, ("-", "-"))
            if passed:
                assert verdict == "PASS"
                assert outcome in ("PASSED", "UNKNOWN"), f"{part} passed; the log: {outcome}"
            else:
                assert outcome != "PASSED", f"{part} was diverted and the log says that it passed"

    def close(self) -> None:
        if self.station:
            self.station.kill()

    # --- how the world goes on ------------------------------------------------------------------------------

    def _now_us(self) -> int:
        return self.clock.monotonic_ns() // 1000

    def advance(self, seconds: float) -> None:
        """Let time pass for belt and link, whatever the part path is doing."""
        for _ in range(max(1, round(seconds / ROUND_S))):
            self.clock.advance(ROUND_S)
            self._exchange()
            self._look_at_the_gate()

    def _round(self) -> None:
        self.advance(ROUND_S)
        if self.station:
            self.station.step()

    def _exchange(self) -> None:
        """Both wires, and what the link's thread does."""
        session = self.station.session if self.station and "wire-cut" not in self.faults else None
        if session:
            session.tick()
        to_controller = session.take_output() if session else b""
        self.controller.receive(self._wire(to_controller), self._now_us())
        to_station = self._wire(self.controller.take_output())
        if session:
            session.receive(to_station)

    def _wire(self, data: bytes) -> bytes:
        if "wire-cut" in self.faults:
            return b""
        if data and "wire-loses" in self.faults and self.random.random() < 0.4:
            data = data[: self.random.randrange(len(data))]
        if data and "wire-garbles" in self.faults and self.random.random() < 0.4:
            at = self.random.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ (1 << self.random.randrange(8))]) + data[at + 1 :]
        if "noise" in self.faults:
            data += self.random.randbytes(self.random.randrange(80))
        return data

    def _look_at_the_gate(self) -> None:
        for gone in self.controller.gone:
            part = PartId(gone.epoch, gone.number)
            self._went[part] = gone.passed
            self.passed += gone.passed
            self.diverted += not gone.passed
            if gone.passed:
                assert self._wanted[part] == "PASS"
                self.assert_pass_on_record(part)
        self.controller.gone.clear()

    def assert_pass_on_record(self, part: PartId) -> None:
        """Seen by another connection, as after a crash: committed."""
        db = sqlite3.connect(self.paths.state_db)
        row = db.execute("SELECT verdict FROM parts WHERE epoch = ? AND number = ?", part).fetchone()
        db.close()
        assert row == ("PASS",), f"{part} was let through and its PASS is not on record: {row}"

    def wanted(self, part: PartId) -> str:
        return self._wanted[part]

    def heard(self, part: PartId) -> None:
        self._heard[part.epoch] = max(self._heard[part.epoch], part.number)

    # --- faults ---------------------------------------------------------------------------------------------

    def _fail(self, fault: str) -> None:
        if fault == "controller-restarts":
            self._restart_controller()
            return
        self.faults.add(fault)
        if self.station:
            self.station.apply(self.faults)
            if fault == "wire-cut":
                self.station.session.disconnected("unplugged")
            if fault == "station-killed":
                self._kill_station()

    def _heal(self, fault: str) -> None:
        if fault not in self.faults:
            return
        self.faults.discard(fault)
        if fault == "station-killed":
            self._start_station()
        if self.station:
            self.station.apply(self.faults)
            if fault == "wire-cut":
                self.station.session.connected()

    def _restart_controller(self) -> None:
        """Power off and on: what it counted and never told is gone, and it diverted the parts on the belt."""
        self._boot += 1
        self._counted_alone = 0
        self._counted.pop(self.controller.epoch, None)
        self.controller = Controller(self._boot, self._now_us())

    def _kill_station(self) -> None:
        assert self.station is not None
        for epoch in self._heard:  # it heard of parts that it could not write down any more
            self._heard[epoch] = min(self._heard[epoch], self.station.recorded(epoch))
        self.station.kill()
        self.station = None

    def _start_station(self) -> None:
        self.station = self.life(self)
        self.station.apply(self.faults)
        try:
            self.station.path.recover()
        except StoreError:
            self.station.kill()
            self.station = None
            self.faults.add("station-killed")
