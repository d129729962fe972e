"""A relay board and its station at a real pseudo-terminal, and what goes wrong with them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.relay import SteadyLine
from inspection import history
from inspection.adapters.gates.control_line import ControlLine, LightBarrier
from inspection.adapters.gates.relay import RelayGate, RelayWay
from inspection.adapters.gates.relay_board import frame
from inspection.adapters.gates.relay_line import Shot
from inspection.domain.errors import ConfigError
from inspection.domain.ports import Detached, Resolved, SensorFault
from inspection.domain.types import OutcomeKind
from inspection.station.clock import SystemClock
from inspection.wire.session import GateSettings
from tests.fakes.modem_lines import ModemLines, build
from tests.faults.relay_station import relay_gate, serve
from tests.faults.stub_station import write_site
from tests.waiting import wait_for

ON, OFF = frame(1, on=True), frame(1, on=False)


class Pty:
    """The board's end; what it is told gathers in `told`."""

    def __init__(self) -> None:
        self.ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.name = os.ttyname(theirs)
        self._theirs = theirs
        os.set_blocking(self.ours, False)
        self.told = b""

    def read(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            self.told += os.read(self.ours, 65536)
        return self.told

    def unplug(self) -> None:
        if self.ours >= 0:
            os.close(self.ours)
            os.close(self._theirs)
            self.ours = -1


@pytest.fixture
def pty() -> Iterator[Pty]:
    board = Pty()
    yield board
    board.unplug()


def test_parts_are_fired_for_and_an_unplugged_board_diverts(pty: Pty) -> None:
    line = SteadyLine(10_000, 3)
    gate = relay_gate(pty.name, line)
    events: list[object] = []

    def turn(happened) -> bool:
        events.extend(serve(gate, line))
        pty.ours >= 0 and pty.read()
        return any(happened(event) for event in events)

    try:
        passed = lambda e: isinstance(e, Resolved) and e.outcome.kind is OutcomeKind.PASSED  # noqa: E731
        wait_for(lambda: turn(passed), "a part that passes")
        assert ON in pty.read()
        assert pty.told.startswith(OFF)
        pty.unplug()
        wait_for(lambda: turn(lambda e: isinstance(e, Detached) and "/dev/" in e.reason), "the board's loss")
    finally:
        gate.close()


def test_every_relay_is_off_when_the_gate_closes(pty: Pty) -> None:
    line = SteadyLine(0, 1)
    gate = relay_gate(pty.name, line)
    wait_for(lambda: OFF in pty.read(), "the relays to be switched off")
    pty.told = b""
    gate.close()
    assert pty.read() == b"".join(frame(channel, on=False) for channel in range(1, 9))


def test_a_trigger_port_without_control_lines_is_told(pty: Pty) -> None:
    other = Pty()
    gate = RelayGate(
        RelayWay(pty.name, 9600, 1, other.name),
        Shot(60_000, 20_000, 5_000),
        LightBarrier(debounce_us=0, late_us=5_000),
        line_at=lambda port: ControlLine(port, "cts", active_high=True),
        settings=GateSettings(1, 200_000, 500, 70_000),
        clock=SystemClock(),
    )
    events: list[object] = []
    try:

        def is_told() -> bool:
            events.extend(gate.poll(0.01))
            return any(isinstance(event, SensorFault) for event in events)

        wait_for(is_told, "a fault")
    finally:
        gate.close()
        other.unplug()
    (fault, *_) = [event for event in events if isinstance(event, SensorFault)]
    assert fault.why is not None
    assert other.name in fault.why
    assert "has control lines" in fault.why


def test_a_part_at_a_control_line_is_fired_for(pty: Pty, tmp_path: Path) -> None:
    """The lines are those of the relay's own adapter, as a kernel driver would tell them."""
    try:
        lines = ModemLines(build(tmp_path), tmp_path)
    except ConfigError as error:
        pytest.skip(str(error))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.relay_station", pty.name, "cts"], env=lines.environment
    )

    def is_fired_for() -> bool:
        lines.change("cts")  # one after another: those before its session is there are not for it
        return ON in pty.read()

    try:
        wait_for(is_fired_for, "the relay to be energised")
    finally:
        process.kill()
        process.wait()
        lines.close()


RELAY = """\
trigger: {{kind: line_input, port: {port}, line: cts}}
gate:
  kind: relay
  url: {port}
  one_shot: true
  one_shot_ms: 40
  late_ms: 100
  delay_ms: 700
  min_gap_ms: 250
  without_power: divert
  reactions: {{consecutive_rejects: {{count: 3, reaction: divert}}}}
"""


def test_a_whole_station_at_a_relay_passes_parts_and_reacts_to_rejects(pty: Pty, tmp_path: Path) -> None:
    try:
        lines = ModemLines(build(tmp_path), tmp_path)
    except ConfigError as error:
        pytest.skip(str(error))
    site, data_dir = write_site(tmp_path / "site"), tmp_path / "data"
    file = site / "lines" / "stub.yaml"
    kept = [text for text in file.read_text().splitlines() if not text.startswith(("gate:", "trigger:"))]
    text = "\n".join([*kept, RELAY.format(port=pty.name)]).replace("max: 100", "max: 4")
    file.write_text(text.replace("order: shuffled, seed: 3", "order: sorted"))  # four good ones, then four scratched
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.stub_station", str(site), str(data_dir), pty.name], env=lines.environment
    )
    since_s = time.monotonic()
    changes = 0

    def parts_come() -> None:
        nonlocal changes
        if time.monotonic() - since_s > 0.2 * changes:
            lines.change("cts")
            changes += 1

    def has_fired() -> bool:
        parts_come()
        return ON in pty.read()

    def is_told() -> bool:
        parts_come()
        status = history.status(data_dir, "stub")
        told = [alarm.reaction for alarm in status.alarms if alarm.key == "consecutive-rejects"] if status else []
        return told == ["divert"]

    try:
        wait_for(has_fired, "a good part to pass")
        wait_for(is_told, "three rejects in a row")
    finally:
        process.terminate()
        process.wait()
        lines.close()
    parts = history.parts(data_dir, "stub")
    assert set(parts[parts["outcome"] == "PASSED"]["verdict"]) == {"PASS"}
    told = parts["outcome"].value_counts()
    assert told["PASSED"] <= pty.read().count(ON) <= told["PASSED"] + told.get("UNKNOWN", 0)


def test_a_station_killed_with_the_relay_on_switches_it_off_when_it_is_back(pty: Pty) -> None:
    """In between the one-shot ends the opening: the frame for off never comes from the process that died."""
    process = subprocess.Popen([sys.executable, "-m", "tests.faults.relay_station", pty.name])
    try:
        wait_for(lambda: ON in pty.read(), "the relay to be energised")
    finally:
        process.kill()
        process.wait()
    assert not pty.read().endswith(OFF)
    pty.told = b""
    line = SteadyLine(0, 1)
    gate = relay_gate(pty.name, line)
    try:
        wait_for(lambda: pty.read().startswith(OFF), "the relays to be switched off")
    finally:
        gate.close()
