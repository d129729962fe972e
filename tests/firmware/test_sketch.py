"""The Arduino sketch, on an Arduino of the desk whose clock and pins are moved by hand. No board has run it here."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from benchmarks.firmware import FIRMWARE
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame

SKETCH = FIRMWARE / "examples" / "inspection_gate" / "inspection_gate.ino"
PART_SENSOR, ENCODER_A, ENCODER_B, EJECT_SENSOR, PASS, RUN_PERMIT, GREEN, RED, ESTOP = range(2, 11)
AMBER, REVIEW, GATE_SENSOR = 14, 15, 16
ON = m.Outputs.RUN_PERMIT | m.Outputs.GREEN
PASS_US, TRAVEL_US, GAP_US = 60_000, 300_000, 70_000
TRAVEL, GAP, OPENS, FALLS = 1_000, 150, 100, 500  # counts
OUTPUTS = {RUN_PERMIT: 0, PASS: 0, REVIEW: 0, RED: 1, GREEN: 0, AMBER: 0}
"""Each with what it must show before there is a session."""
WITH_EJECT_SENSOR = {"HAS_EJECT_SENSOR = false": "HAS_EJECT_SENSOR = true", "{300000, 1000}": "{300000, 500}"}
FED = {"static void feed_watchdog() {": "void desk_feed();\nstatic void feed_watchdog() {\n  desk_feed();"}
NEAR_THE_WRAP_US = 2**32 - 500_000  # micros() begins again from 0 half a second later


class Done(ctypes.Structure):
    """What the sketch did to a pin, and what that pin shows then."""

    _fields_ = [("what", ctypes.c_char), ("pin", ctypes.c_uint8), ("value", ctypes.c_uint8), ("shows", ctypes.c_uint8)]


class Desk:
    """The sketch after its setup, and a station by hand."""

    def __init__(self, library: Path, *, at_us: int = 0) -> None:
        self._sketch = ctypes.CDLL(str(library))
        self._sketch.desk_said.restype = self._sketch.desk_done.restype = ctypes.c_size_t
        self._decoder = FrameDecoder()
        self._progress = 0
        self._quarters = 0
        self.outputs = ON
        self.heard: list[m.Message] = []
        self._sketch.desk_power_up(ctypes.c_uint32(at_us))

    def wait(self, us: int, *, quiet: bool = False) -> None:
        """Beats every 50 ms, unless quiet."""
        while us > 0:
            step_us = min(us, 50_000)
            us -= step_us
            if not quiet:
                self._progress += 1
                self.say(m.Beat(9, self._progress, self.outputs))
            self._sketch.desk_wait(ctypes.c_uint32(step_us))
            said = ctypes.create_string_buffer(100_000)
            size = self._sketch.desk_said(said)
            self.heard += filter(None, map(m.decode, self._decoder.feed(said.raw[:size])))

    def say(self, *messages: m.Message) -> None:
        data = b"".join(encode_frame(m.encode(message)) for message in messages)
        self._sketch.desk_hear(data, ctypes.c_size_t(len(data)))

    def last(self, kind: type[m.Message]) -> m.Message:
        return next(message for message in reversed(self.heard) if isinstance(message, kind))

    def start(self, *, travel_counts: int = 0) -> None:
        self.say(m.Hello(1))
        self.wait(20_000)
        stands = self.last(m.Welcome)
        travel_us = 0 if travel_counts else TRAVEL_US
        self.say(m.Start(9, 1, stands.boot, stands.epoch, stands.count, travel_us, travel_counts, 500, GAP_US, GAP))
        self.wait(20_000)
        assert self.last(m.Started).epoch == 9

    def edge(self, pin: int) -> None:
        """Something comes and goes."""
        self.set(pin, 0)
        self.set(pin, 1)

    def turn(self, quarters: int) -> None:
        """The encoder's shaft, by quarters of a line; two of them are a count."""
        step = 1 if quarters > 0 else -1
        for _ in range(abs(quarters)):
            self._quarters += step
            self.set(ENCODER_B, int(self._quarters % 4 in (0, 3)))
            self.set(ENCODER_A, int(self._quarters % 4 in (0, 1)))

    def move(self, counts: int) -> None:
        """The belt."""
        self.turn(2 * counts)

    def done(self) -> list[Done]:
        """What the sketch has done to its pins since it was asked."""
        room = (Done * 100_000)()
        return list(room[: self._sketch.desk_done(room, ctypes.c_size_t(len(room)))])

    def fed(self) -> int:
        """How often the board's watchdog was."""
        return self._sketch.desk_fed()

    def halts(self) -> bool:
        """Whether the next round of loop() never ends, with the watchdog fed."""
        return bool(self._sketch.desk_halts())

    def set(self, pin: int, value: int) -> None:
        self._sketch.desk_set(ctypes.c_uint8(pin), ctypes.c_uint8(value))

    def pin(self, pin: int) -> int:
        return self._sketch.desk_pin(ctypes.c_uint8(pin))

    def command_next(self, command: m.Command) -> None:
        """A part comes and gets its command."""
        self.edge(PART_SENSOR)
        self.wait(20_000)
        trigger = self.last(m.Trigger)
        self.say(m.Verdict(trigger.epoch, trigger.number, 1, command))
        self.wait(10_000)
        assert self.last(m.Ack).status is m.Status.ACCEPTED


@pytest.fixture(scope="session")
def compiled(folder: Path, library: ctypes.CDLL) -> Callable[[str], Path]:
    """A function that makes a library of a sketch's text, each text once."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler here (Debian: g++)")
    core, arduino = folder / "core.so", Path(__file__).parent / "arduino"

    @cache
    def compiled(text: str) -> Path:
        its = Path(tempfile.mkdtemp(dir=folder))
        source = its / SKETCH.name
        source.write_text(text, encoding="utf-8")
        told = subprocess.run(
            [
                *(compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{FIRMWARE / 'src'}"),
                *(f"-I{arduino}", "-include", "Arduino.h", "-o", str(its / "sketch.so")),
                *("-x", "c++", str(source), str(arduino / "desk.cpp"), "-x", "none", str(core)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        return its / "sketch.so"

    return compiled


@pytest.fixture
def sketch(compiled, tmp_path):
    """A function that gives the sketch after these changes of its constants, as a library with a memory of its own."""

    def changed(changes: dict[str, str] | None = None) -> Path:
        text = SKETCH.read_text(encoding="utf-8")
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new)
        return Path(shutil.copy(compiled(text), tmp_path))

    return changed


@pytest.mark.parametrize("at_us", [0, NEAR_THE_WRAP_US])
def test_the_gate_opens_for_a_part_with_a_pass_and_for_no_other(sketch, at_us):
    desk = Desk(sketch(), at_us=at_us)
    desk.start()
    desk.command_next(m.Command.PASS)
    desk.wait(TRAVEL_US - 30_000 - 1_000)
    assert desk.pin(PASS) == 0
    desk.wait(2_000)
    assert desk.pin(PASS) == 1
    desk.wait(PASS_US - 3_000)
    assert desk.pin(PASS) == 1
    desk.wait(4_000)
    assert desk.pin(PASS) == 0
    desk.command_next(m.Command.DIVERT)
    for _ in range(400):
        desk.wait(1_000)
        assert desk.pin(PASS) == 0
    assert desk.last(m.Outcome).number == 2


def test_the_gate_closes_before_the_next_part_whatever_is_set(sketch):
    desk = Desk(sketch({"{60000, 100}": "{200000, 100}"}))
    desk.start()
    desk.command_next(m.Command.PASS)
    desk.wait(TRAVEL_US - 30_000 + GAP_US - 1_000)
    assert desk.pin(PASS) == 1
    desk.wait(2_000)
    assert desk.pin(PASS) == 0


def test_a_quiet_station_is_left_its_passes_with_it(sketch):
    desk = Desk(sketch())
    assert (desk.pin(GREEN), desk.pin(RED), desk.pin(RUN_PERMIT)) == (0, 1, 0)
    desk.wait(1_000)
    assert (desk.pin(GREEN), desk.pin(RED), desk.pin(RUN_PERMIT)) == (0, 1, 0)
    desk.start()
    assert (desk.pin(GREEN), desk.pin(RED), desk.pin(RUN_PERMIT)) == (1, 0, 1)
    desk.wait(400_000, quiet=True)
    desk.edge(PART_SENSOR)
    desk.wait(20_000, quiet=True)
    desk.say(m.Verdict(9, 1, 1, m.Command.PASS))
    for _ in range(40):
        desk.wait(10_000, quiet=True)
        assert desk.pin(PASS) == 0
    assert (desk.pin(GREEN), desk.pin(RED), desk.pin(RUN_PERMIT)) == (0, 1, 0)
    assert desk.last(m.Outcome).reason is m.Reason.WATCHDOG


def test_the_station_drives_permit_and_lights_while_its_session_lasts(sketch):
    desk = Desk(sketch())
    desk.start()
    for outputs in (m.Outputs.RUN_PERMIT | m.Outputs.AMBER, m.Outputs.RED, ON):
        desk.outputs = outputs
        desk.wait(60_000)
        pins = [desk.pin(pin) for pin in (RUN_PERMIT, GREEN, AMBER, RED)]
        assert pins == [int(bool(outputs & bit)) for bit in m.Outputs]
    desk.say(m.Stop(9))
    desk.wait(1_000, quiet=True)
    assert [desk.pin(pin) for pin in (RUN_PERMIT, GREEN, AMBER, RED)] == [0, 0, 0, 1]


@pytest.mark.parametrize("has_lane", [True, False])
def test_a_part_for_review_goes_by_the_lane_where_there_is_one(sketch, has_lane):
    desk = Desk(sketch({"HAS_REVIEW_LANE = false": "HAS_REVIEW_LANE = true"} if has_lane else {}))
    desk.start()
    desk.command_next(m.Command.REVIEW)
    desk.wait(TRAVEL_US - 30_000 + 1_000)
    assert (desk.pin(PASS), desk.pin(REVIEW)) == (0, int(has_lane))
    desk.wait(PASS_US + 1_000)
    assert (desk.pin(PASS), desk.pin(REVIEW)) == (0, 0)
    assert desk.last(m.Outcome).result is m.Result.DIVERTED


@pytest.mark.parametrize("travel_counts", [0, 1_000])
@pytest.mark.parametrize("comes", [True, False])
def test_a_part_that_does_not_come_by_the_gates_sensor_is_told(sketch, comes, travel_counts):
    desk = Desk(sketch({"HAS_GATE_SENSOR = false": "HAS_GATE_SENSOR = true"}))
    desk.start(travel_counts=travel_counts)
    desk.command_next(m.Command.PASS)
    if travel_counts:
        desk.move(travel_counts)
        desk.wait(1_000)
    else:
        desk.wait(TRAVEL_US - 30_000 + 1_000)
    assert desk.pin(PASS) == 1
    assert not [message for message in desk.heard if isinstance(message, m.Outcome)]
    if comes:
        desk.edge(GATE_SENSOR)
        desk.move(OPENS if travel_counts else 0)
        desk.wait(1_000)
        assert desk.last(m.Outcome).reason is m.Reason.COMMANDED
        return
    if travel_counts:
        desk.move(OPENS)  # more than half a gap
    desk.wait(GAP_US // 2 + 1_000)
    assert desk.last(m.Outcome).reason is m.Reason.NOT_SEEN


def test_a_stranger_at_the_gate_is_counted(sketch):
    desk = Desk(sketch({"HAS_GATE_SENSOR = false": "HAS_GATE_SENSOR = true"}))
    desk.start()
    desk.edge(GATE_SENSOR)  # what was on the belt before the first START
    desk.wait(TRAVEL_US + GAP_US)
    assert desk.last(m.Heartbeat).strangers == 0
    desk.edge(GATE_SENSOR)
    desk.wait(150_000)
    assert desk.last(m.Heartbeat).strangers == 1


def test_a_trigger_is_dated_back_to_its_edge_and_a_bouncing_edge_is_one_part(sketch):
    desk = Desk(sketch())
    desk.start()
    desk.edge(PART_SENSOR)
    desk.edge(PART_SENSOR)
    desk.wait(2_000)
    trigger = desk.last(m.Trigger)
    assert (trigger.number, trigger.age_us) == (1, 100)


def test_contacts_that_are_open_are_told(sketch):
    desk = Desk(sketch())
    desk.wait(150_000)
    assert desk.last(m.Heartbeat).inputs == m.INPUTS["emergency_stop"] | m.INPUTS["guard_open"]  # nothing is wired
    desk.set(ESTOP, 0)
    desk.wait(150_000)
    assert desk.last(m.Heartbeat).inputs == m.INPUTS["guard_open"]


def test_the_encoder_counts_both_ways(sketch):
    desk = Desk(sketch())
    desk.move(3)
    desk.move(-5)
    desk.wait(150_000)
    assert desk.last(m.Heartbeat).encoder == -2


@pytest.mark.parametrize("at", range(4))
def test_a_belt_that_trembles_where_it_stands_goes_nowhere(sketch, at):
    """About any edge of either wire."""
    desk = Desk(sketch())
    desk.turn(4 + at)
    desk.wait(150_000)
    before = desk.last(m.Heartbeat).encoder
    for _ in range(100):
        desk.turn(1)
        desk.turn(-1)
    desk.wait(150_000)
    assert desk.last(m.Heartbeat).encoder == before


def test_by_encoder_a_part_waits_while_the_belt_stands(sketch):
    desk = Desk(sketch())
    desk.start(travel_counts=TRAVEL)
    desk.command_next(m.Command.PASS)
    desk.move(TRAVEL - 1)
    desk.wait(3_000_000)
    assert desk.pin(PASS) == 0
    desk.move(1)
    desk.wait(100)
    assert desk.pin(PASS) == 1


@pytest.mark.parametrize("command", [m.Command.PASS, m.Command.REVIEW])
def test_by_encoder_the_gate_waits_with_a_part_that_stands_in_it(sketch, command):
    without_stall = {"GATE_STALL_MS = 500": "GATE_STALL_MS = 0"}
    desk = Desk(sketch({"HAS_REVIEW_LANE = false": "HAS_REVIEW_LANE = true", **without_stall}))
    pin = PASS if command is m.Command.PASS else REVIEW
    desk.start(travel_counts=TRAVEL)
    desk.command_next(command)
    desk.move(TRAVEL)
    for counts in (0, 1, -3, 3, OPENS - 2):
        desk.move(counts)
        desk.wait(500_000)
        assert (desk.pin(PASS), desk.pin(REVIEW)) == (int(pin == PASS), int(pin == REVIEW))
    desk.move(1)
    desk.wait(100)
    assert (desk.pin(PASS), desk.pin(REVIEW)) == (0, 0)


def test_by_encoder_the_gate_closes_on_a_part_that_stands_in_it_for_half_a_second(sketch):
    desk = Desk(sketch())
    desk.start(travel_counts=TRAVEL)
    desk.command_next(m.Command.PASS)
    desk.move(TRAVEL + 1)
    desk.wait(499_000)
    assert desk.pin(PASS) == 1
    desk.wait(2_000)
    assert desk.pin(PASS) == 0
    assert (desk.last(m.Outcome).result, desk.last(m.Outcome).reason) == (m.Result.DIVERTED, m.Reason.CLOSED_ON)
    desk.move(OPENS)
    desk.wait(1_000)
    assert desk.pin(PASS) == 0


def test_by_encoder_the_eject_sensor_is_waited_for_as_long_as_the_belt_stands(sketch):
    desk = Desk(sketch(WITH_EJECT_SENSOR))
    desk.start(travel_counts=TRAVEL)
    for falls in (True, False):
        desk.command_next(m.Command.DIVERT)
        desk.move(TRAVEL + 50)
        desk.wait(2_000_000)
        number = desk.last(m.Trigger).number
        assert number not in [told.number for told in desk.heard if isinstance(told, m.Outcome)]
        if falls:
            desk.edge(EJECT_SENSOR)
        else:
            desk.move(FALLS - 49)
        desk.wait(1_000)
        told = m.Confirmation.AGREES if falls else m.Confirmation.DISAGREES
        assert (desk.last(m.Outcome).number, desk.last(m.Outcome).confirmation) == (number, told)


# --- before the loop goes round -----------------------------------------------------------------------------


def test_no_output_shows_anything_but_its_safe_level_while_the_board_starts(sketch):
    """And they come before all that takes time."""
    desk = Desk(sketch())
    done = desk.done()
    assert {each.pin for each in done[: 3 * len(OUTPUTS)]} == set(OUTPUTS)
    assert (done[0].pin, done[3].pin) == (RUN_PERMIT, PASS)
    for pin, level in OUTPUTS.items():
        own = [each for each in done if each.pin == pin and each.what in (b"M", b"W")]
        assert [each.what for each in own] == [b"W", b"M", b"W"]
        assert {each.value for each in own if each.what == b"W"} == {level}
        assert {each.shows for each in own} <= {0, level}
    desk.wait(1_000)
    shown = {(each.pin, each.shows) for each in desk.done() if each.pin in OUTPUTS}
    assert shown == set(OUTPUTS.items())


def test_a_sketch_that_makes_an_output_before_it_sets_its_level_is_seen(sketch):
    desk = Desk(sketch({"  digitalWrite(pin, level);\n  pinMode(pin, OUTPUT);\n": "  pinMode(pin, OUTPUT);\n"}))
    assert [each.shows for each in desk.done() if each.pin == RUN_PERMIT][:2] == [1, 0]


def test_what_is_read_for_a_random_number_is_no_pin_of_the_gate(sketch):
    done = Desk(sketch()).done()
    read = {each.pin for each in done if each.what == b"A"}
    assert read
    assert not read & {each.pin for each in done if each.what in (b"M", b"W", b"I")}


@pytest.mark.parametrize(
    ("command", "falls", "told"),
    [
        (m.Command.DIVERT, True, m.Confirmation.AGREES),
        (m.Command.DIVERT, False, m.Confirmation.DISAGREES),
        (m.Command.PASS, False, m.Confirmation.AGREES),
        (m.Command.PASS, True, m.Confirmation.DISAGREES),
    ],
)
def test_the_eject_sensor_says_what_fell_into_the_bin(sketch, command, falls, told):
    desk = Desk(sketch(WITH_EJECT_SENSOR))
    desk.start()
    desk.command_next(command)
    desk.wait(TRAVEL_US)
    assert not [message for message in desk.heard if isinstance(message, m.Outcome)]
    if falls:
        desk.edge(EJECT_SENSOR)
    desk.wait(400_000)
    assert desk.last(m.Outcome).confirmation is told


def test_a_board_that_stopped_for_good_feeds_its_watchdog_as_one_that_goes_round(sketch):
    """Or the watchdog would reset it, and parts would pass again before a person has looked."""
    desk = Desk(sketch({**FED, "DEBOUNCE_US = 2000": "DEBOUNCE_US = 0"}))
    desk.start()
    before = desk.fed()
    desk.wait(10_000)
    assert desk.fed() - before == 100  # once a round
    desk.command_next(m.Command.PASS)
    desk.wait(TRAVEL_US - 30_000 + 1_000)
    assert (desk.pin(PASS), desk.pin(RUN_PERMIT)) == (1, 1)
    for _ in range(17):  # one more than are noted between two rounds
        desk.edge(PART_SENSOR)
    assert desk.halts()
    assert {pin: desk.pin(pin) for pin in OUTPUTS} == OUTPUTS


def test_the_library_is_laid_out_as_the_arduino_build_wants_it():
    told = dict(line.split("=", 1) for line in (FIRMWARE / "library.properties").read_text().splitlines())
    assert {"name", "version", "author", "maintainer", "sentence", "category", "url", "architectures"} <= set(told)
    assert (FIRMWARE / "src" / told["includes"]).is_file()
    assert SKETCH.stem == SKETCH.parent.name
