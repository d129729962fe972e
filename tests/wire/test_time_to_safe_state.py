"""How long until everything diverts, measured on a manual clock: the two figures that docs/running.md states."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.config.line import SerialGateConfig
from inspection.devices import open_gate, travel_of
from inspection.domain.ports import Attached, Detached, Started, Triggered
from inspection.domain.types import Decision, PartId
from inspection.wire.controller import Controller
from inspection.wire.session import GateSettings, StationSession
from tests.fakes.clock import ManualClock
from tests.wire.test_controller import Gone

MS_US = 1000


class Pair:
    """A station's session and a controller, a millisecond at a time. Parts take two seconds to the gate."""

    def __init__(self, settings: GateSettings) -> None:
        self.clock = ManualClock()
        self.session = StationSession(settings, self.clock)
        self.controller = Controller(5, self.now_us)
        self.events: list[object] = []
        self.path_runs = True
        self.controller_runs = True
        self.session.connected()
        self.run(20)
        (attached,) = [event for event in self.events if isinstance(event, Attached)]
        self.session.start(9, attached)
        self.run(20)
        assert Started(9) in self.events

    @property
    def now_us(self) -> int:
        return self.clock.monotonic_ns() // 1000

    def run(self, ms: int) -> None:
        for _ in range(ms):
            self.clock.advance(0.001)
            if self.path_runs:
                self.session.beat()
            self.session.tick()
            output = self.session.take_output()
            if self.controller_runs:
                self.controller.receive(output, self.now_us)
                self.controller.tick(self.now_us)
                self.session.receive(self.controller.take_output())
            self.events += self.session.take_events()

    def pass_part(self) -> None:
        number = self.controller.sense(self.now_us)
        self.run(2)
        assert any(isinstance(event, Triggered) for event in self.events)
        self.session.send(PartId(9, number), Decision.PASS)
        self.run(2)


def settings_of_a_line(folder: Path) -> GateSettings:
    """What a line's gate is opened with, where its file says nothing of the watchdog."""
    from inspection.config import load_site
    from tests.config.site_files import LINE, LINE_FILE, changed, write_site

    write_site(folder, {LINE_FILE: changed(LINE, "  watchdog_ms: 500\n", "")})
    line = load_site(folder, folder / "samples").line("demo")
    assert isinstance(line.gate, SerialGateConfig)
    assert line.gate.watchdog_ms == 500
    gate = open_gate(line, "socket://127.0.0.1:9", travel_of(line), 77, None, ManualClock())
    try:
        return gate._session._settings
    finally:
        gate.close()


@pytest.mark.parametrize("after_ms", range(0, 60, 7))
def test_from_the_stations_last_progress_to_the_last_pass_dropped_it_is_half_a_second(
    tmp_path: Path, after_ms: int
) -> None:
    told = settings_of_a_line(tmp_path)
    pair = Pair(GateSettings(77, 2_000_000, told.watchdog_ms, 5_000))
    pair.pass_part()
    pair.run(after_ms)  # wherever between two heartbeats it stops
    pair.path_runs = False
    last_us = pair.now_us
    while pair.controller.in_session:
        pair.run(1)
    assert pair.now_us - last_us <= 500 * MS_US
    pair.run(2000)
    assert pair.controller.gone == [Gone(9, 1, passed=False)]


def test_from_the_controllers_silence_to_the_stations_alarm_it_is_a_second() -> None:
    pair = Pair(GateSettings(77, 2_000_000, 450, 5_000))
    pair.run(100)
    pair.controller_runs = False
    last_us = pair.now_us
    while not any(isinstance(event, Detached) for event in pair.events):
        pair.run(1)
    assert pair.now_us - last_us <= 1001 * MS_US
