"""A whole station and a whole gate controller on a wire: inputs stop the line, a named person lets it go on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspection import app, history
from inspection.adapters.gates.virtual import PartFeed, PtyController
from inspection.build import RunOptions, build_station
from inspection.config import load_site
from inspection.domain.types import Capability
from inspection.wire.controller import Controller
from inspection.wire.messages import INPUTS, SAFE, Can, Outputs
from tests.fakes.encoder import AxisEncoder
from tests.faults.stub_station import write_site
from tests.waiting import wait_for

GREEN = Outputs.RUN_PERMIT | Outputs.GREEN
EVERYTHING = Can.PERMIT | Can.PERMIT_IN_HARDWARE | Can.LIGHT | Can.CONFIRM


def now_us() -> int:
    return time.monotonic_ns() // 1000


class Gate:
    """A controller with parts that come, in a thread of its own."""

    def __init__(self, capabilities: Can, parts_per_s: float = 20) -> None:
        self._parts_per_s = parts_per_s
        self.controller = Controller(7, now_us(), capabilities=capabilities)
        self.pty = PtyController(self.controller)
        self.todo: deque[Callable[[], None]] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        feed = PartFeed(self.controller, parts_per_s=self._parts_per_s, parts=0, wait_for_station=True)
        while not self._stop.is_set():
            while self.todo:
                self.todo.popleft()()
            at_us = now_us()
            self.pty.look(at_us)
            self.pty.exchange(now_us, feed.feed(at_us))

    def inputs(self, *names: str) -> None:
        bits = sum(INPUTS[name] for name in names)
        self.todo.append(lambda: self.controller.set_inputs(bits))

    @property
    def outputs(self) -> int:
        return self.controller.outputs

    def passed(self) -> int:
        return sum(gone.passed for gone in tuple(self.controller.gone))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.pty.close()


class Line:
    def __init__(self, data_dir: Path, gate: Gate) -> None:
        self.data_dir = data_dir
        self.gate = gate

    def status(self) -> history.LineStatus:
        status = history.status(self.data_dir, "stub")
        assert status is not None
        return status

    def alarms(self) -> dict[str, history.AlarmStatus]:
        status = history.status(self.data_dir, "stub")
        return {alarm.key: alarm for alarm in status.alarms} if status else {}

    def wait_for(self, happened: Callable[[], bool], what: str) -> None:
        wait_for(happened, what, told=lambda: f"outputs {self.gate.outputs:b}, alarms {self.alarms()}")


@contextmanager
def running(tmp_path: Path, capabilities: Can) -> Iterator[Line]:
    site = write_site(tmp_path / "site")
    file = site / "lines" / "stub.yaml"
    text = file.read_text().replace("without_power: divert", "without_power: pass, run_permit_output: true")
    # A machine that stands still for a second must not end the session: that is another test's.
    file.write_text(text.replace("watchdog_ms: 300", "watchdog_ms: 5000").replace("delay_ms: 300", "delay_ms: 1000"))
    gate, stop, data_dir = Gate(capabilities), threading.Event(), tmp_path / "data"
    try:
        options = RunOptions(gate_url=str(gate.pty.path))
        with build_station(load_site(site), "stub", data_dir, options, encoder=AxisEncoder()) as station:
            thread = threading.Thread(target=station.run, args=(stop,))
            thread.start()
            try:
                yield Line(data_dir, gate)
            finally:
                stop.set()
                thread.join()
    finally:
        gate.close()


def test_low_air_stops_the_line_until_it_is_back_and_a_named_person_has_looked(tmp_path):
    with running(tmp_path, EVERYTHING) as line:
        gate = line.gate
        line.wait_for(lambda: gate.outputs == GREEN and gate.passed() > 3, "parts to pass")
        gate.inputs("air_low")
        line.wait_for(lambda: "air-low" in line.alarms(), "the alarm")
        line.wait_for(lambda: gate.controller.in_session and gate.outputs == SAFE, "the station to stop the line")
        assert (line.alarms()["air-low"].latched, line.alarms()["air-low"].reaction) == (True, "stop")
        line.wait_for(lambda: line.status().state == "degraded", "the state")
        gate.inputs()
        before = len(gate.controller.gone)
        line.wait_for(lambda: len(gate.controller.gone) > before + 10, "parts to go by")
        assert gate.outputs == SAFE, "nobody has looked yet"
        assert not any(gone.passed for gone in tuple(gate.controller.gone)[before:])
        app.acknowledge(line.data_dir, "stub", "air-low", "Kim")
        passed = gate.passed()
        line.wait_for(lambda: gate.outputs == GREEN and gate.passed() > passed + 3, "parts to pass again")
        assert line.status().counts["mismatches"] == 0
    assert gate.outputs == SAFE
    rows = history.parts(line.data_dir, "stub")
    assert {"PASS", "REJECT", "UNJUDGED"} <= set(rows["verdict"])
    assert line.alarms() == {}
    assert history.completeness(line.data_dir, "stub").missing == []


def test_an_emergency_stop_diverts_as_long_as_it_is_pressed(tmp_path):
    with running(tmp_path, EVERYTHING) as line:
        gate = line.gate
        line.wait_for(lambda: gate.passed() > 3, "parts to pass")
        gate.inputs("emergency_stop")
        line.wait_for(lambda: "emergency-stop" in line.alarms(), "the alarm")
        line.wait_for(lambda: gate.outputs == Outputs.RUN_PERMIT | Outputs.RED, "a red light, and the permit as it was")
        gate.inputs()
        passed = gate.passed()
        line.wait_for(lambda: gate.outputs == GREEN and gate.passed() > passed + 3, "parts to pass by themselves again")
        assert "emergency-stop" not in line.alarms()
    assert "held" in set(history.parts(line.data_dir, "stub")["cause"])


@pytest.mark.parametrize(
    ("lacking", "told"),
    [(Can.PERMIT, Capability.RUN_PERMIT), (Can.PERMIT_IN_HARDWARE, Capability.PERMIT_FAILS_SAFE)],
)
def test_a_gate_that_passes_without_power_gets_no_session_without_a_permit_that_fails_safe(tmp_path, lacking, told):
    has = EVERYTHING & ~lacking
    with running(tmp_path, has) as line:
        line.wait_for(lambda: f"needs a controller with a {told}" in _text(line, "gate-link"), "the refusal")
        assert not line.gate.controller.in_session
        assert line.gate.outputs == SAFE
        assert line.gate.passed() == 0


def _text(line: Line, key: str) -> str:
    return line.alarms()[key].text if key in line.alarms() else ""
