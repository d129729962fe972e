"""A whole station at a PLC: parts by the registers, the plug pulled, the station killed, more parts than are shown."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from inspection.domain.types import PartId
from tests.adapters.gates.line import now_us
from tests.adapters.gates.plc_line import PLC_AT, STATION_AT, UNIT, PluggedPlc
from tests.faults.processes import StubLine

pytestmark = pytest.mark.usefixtures("forks")

GATE = (
    f"{{kind: modbus, url: /dev/ttyUSB0, unit: {UNIT}, parity: none, map: {{station: {STATION_AT}, plc: {PLC_AT}}}, "
    "delay_ms: 400, watchdog_ms: 400, min_gap_ms: 5, without_power: divert}"
)
PART_S = 0.08


class PlcLine(StubLine):
    """The stub station and a PLC, with a part every 80 ms while the belt runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        line = folder / "site" / "lines" / "stub.yaml"
        text = line.read_text()
        was = next(row for row in text.splitlines() if row.startswith("gate:"))
        line.write_text(text.replace(was, f"gate: {GATE}"))
        self.plcs: list[PluggedPlc] = []
        self._belt_ends = threading.Event()
        self._feeder = threading.Thread(target=self._feed)
        self._feeder.start()

    def plug(self) -> PluggedPlc:
        """The PLC, or the cable again to the one that has run all the while."""
        again = self.plcs[-1].plc if self.plcs else None
        self.plcs.append(PluggedPlc(self.port, plc=again))
        return self.plcs[-1]

    def _feed(self) -> None:
        while not self._belt_ends.wait(PART_S):
            if self.plcs and self.plcs[-1].is_plugged and self.plcs[-1].plc.controller.in_session:
                self.plcs[-1].sense()

    def end_belt(self) -> None:
        self._belt_ends.set()
        self._feeder.join()

    def stop(self) -> None:
        self.end_belt()
        self.wait_for(self._only_the_newest_epoch_is_open, "parts of lost controllers to be closed")
        self._end(self.station)

    def truth(self) -> dict[PartId, bool]:
        return {
            PartId(one.epoch, one.number): one.passed
            for plc in self.plcs[-1:]
            for one in list(plc.plc.controller.gone)
            if one.epoch
        }

    def __exit__(self, *error: object) -> None:
        self.end_belt()
        super().__exit__(*error)
        for plc in self.plcs:
            plc.unplug()


@pytest.fixture
def line(tmp_path):
    with PlcLine(tmp_path) as line:
        yield line


def test_unplugged_and_plugged_in_again(line):
    plc = line.plug()
    line.start_station()
    line.wait_for(line.more_than(5), "parts to pass")
    plc.unplug()
    line.wait_for(lambda: "gate-link" in line.alarms(), "the alarm")
    assert "everything diverts: the gate controller is not in session: port " in line.alarms()["gate-link"]
    plc.plc.sense(now_us())
    passed = line.passed()
    line.plug()
    line.wait_for(line.more_than(passed + 5), "parts to pass again")
    assert set(line.alarms()) <= {"parts-lost"}
    line.stop()
    line.check_the_law()
    assert "link-down" in set(line.parts()["cause"].dropna())


def test_a_station_that_is_killed_and_started_again_records_what_the_plc_counted(line):
    plc = line.plug()
    line.start_station()
    line.wait_for(line.more_than(5), "parts to pass")
    line.kill_station()
    line.wait_for(lambda: not plc.plc.controller.in_session, "the PLC's watchdog")
    plc.sense(3)
    line.wait_for(lambda: plc.plc.controller.is_empty, "the belt to run empty")
    passed = line.passed()
    line.start_station()
    line.wait_for(line.more_than(passed + 5), "parts to pass again")
    line.stop()
    line.check_the_law()
    causes = set(line.parts()["cause"].dropna())
    assert "station-down" in causes


def test_it_ends_by_itself_with_an_interpreter_of_its_own_too(line):
    line.plug()
    line.start_station(forked=False)
    line.wait_for(line.more_than(5), "parts to pass")
    told = line.log_text()
    line.stop()
    line.check_the_law()
    assert line.log_text() == told


def test_parts_that_the_registers_did_not_show_are_on_record_and_diverted(line):
    plc = line.plug()
    line.start_station()
    line.wait_for(line.more_than(3), "parts to pass")
    plc.sense(12)
    passed = line.passed()
    line.wait_for(line.more_than(passed + 5), "parts to pass again")
    line.stop()
    line.check_the_law()
    parts = line.parts()
    lost = parts[parts["cause"] == "trigger-lost"]
    assert len(lost) >= 4
    assert set(lost["verdict"]) == {"UNJUDGED"}
    assert set(lost["outcome"]) == {"DIVERTED"}
