"""Faults of what only some lines have: a part sensor at the gate, a review lane, a run permit, inputs, a belt encoder;
and of people, who pause a line."""

from __future__ import annotations

from benchmarks.fault_line.fault import Act, Fault
from benchmarks.fault_line.gear import Gear
from benchmarks.fault_line.life import COUNTS_PER_MS, TRAVEL_US, WATCHDOG_MS
from benchmarks.fault_line.line import Line
from inspection.domain.ports import Request
from inspection.wire import messages as m

_BELT_S = TRAVEL_US / 1e6 + 0.1
_SAFE_S = WATCHDOG_MS / 1000 + 0.1
"""From the last sign of a station that died: until then a PASS that the controller took may be used."""


def _nothing_passes(line: Line, seconds: float) -> None:
    before = line.truth.passed
    line.run(seconds)
    if line.truth.passed != before:
        line.truth.broken.append(f"{line.truth.passed - before} parts passed that must not")


def _killed(line: Line) -> None:
    """And back at once."""
    line.kill(line.site)
    line.site.start_at_us = line.now_us


# --- part sensor at the gate --------------------------------------------------------------------------------

_GATE_SENSOR = Gear(m.Can.SEE_AT_GATE)


def _at_gate(
    name: str, does: Act, mends: Act = lambda line: None, alarm: str | None = "part-not-seen", *, latches: bool = True
) -> Fault:
    return Fault(name, "gate sensor", does, mends, alarm, latches=latches, gear=_GATE_SENSOR)


def _blind(line: Line, is_blind: bool) -> None:
    line.gate_sensor_is_blind = is_blind


def _taken_off_and_dies(line: Line) -> None:
    line.take_off()
    line.site.dies_at, line.site.step_count = "after record_outcome", 5


def _stranger_while_down(line: Line) -> None:
    line.kill(line.site)
    line.run(_BELT_S)
    line.put_on_behind_the_sensor()
    line.run(_BELT_S)
    line.site.start_at_us = line.now_us


# --- review lane --------------------------------------------------------------------------------------------

_LANE = Gear(m.Can.REVIEW)


def _doubts(line: Line) -> None:
    line.run(_BELT_S)
    line.doubts = True


def _sure_again(line: Line) -> None:
    line.doubts = False
    if line.gear.has_lane and line.truth.kept_from_review and not line.truth.to_review:
        line.truth.broken.append(f"no part went to review, of {line.truth.kept_from_review} that were to go there")


def _doubts_and_dies(line: Line) -> None:
    _doubts(line)
    line.site.dies_at, line.site.step_count = "after send", 4


def _lacking(what: m.Can) -> Act:
    """Another controller is put in, which does not have it; the first one comes back."""

    def act(line: Line) -> None:
        line.run(0.6)
        line.unplug()
        line.run(0.5)
        line.has = line.gear.has & ~what
        before = line.swap(line.new_controller())
        line.plug()
        _nothing_passes(line, 1.0)
        line.unplug()
        line.run(0.5)
        line.has = line.gear.has
        line.swap(before)
        line.plug()

    return act


# --- people -------------------------------------------------------------------------------------------------


def _pause(line: Line) -> None:
    line.ask(Request("pause", "clearing a jam", "bench", None))
    line.run(0.7)  # it looks twice a second
    _nothing_passes(line, 0.6)


def _resume(line: Line) -> None:
    line.ask(Request("resume", "", "bench", None))
    line.run(0.7)


def _pause_and(then: Act) -> Act:
    def act(line: Line) -> None:
        _pause(line)
        then(line)
        _nothing_passes(line, 0.8)

    return act


def _paused_as_it_dies(line: Line) -> None:
    """The request lies there when the process dies, before it was read."""
    line.ask(Request("pause", "clearing a jam", "bench", None))
    _killed(line)
    line.run(_SAFE_S)
    _nothing_passes(line, 0.8)


# --- run permit and inputs ----------------------------------------------------------------------------------

_PERMIT = Gear(m.Can.PERMIT)


def _input(name: str) -> Act:
    """The input goes on. What stops the belt has stopped it, and nothing passes."""

    def act(line: Line) -> None:
        line.run(0.8)
        line.inputs = m.INPUTS[name]
        line.is_pressed = name == "emergency_stop"
        line.run(0.2)
        if not (line.hear_each_other and line.is_ours):
            line.run(0.8)  # the station may not have been told yet
            return
        if line.gear.has_permit and name in ("air_low", "bin_full") and not line.stands:
            line.truth.broken.append(f"{name} did not take the run permit away")
        _nothing_passes(line, 0.8)

    return act


def _inputs_off(line: Line) -> None:
    line.inputs, line.is_pressed = 0, False


def _pressed_for_a_moment(line: Line) -> None:
    """What lies on the belt then comes to the gate three parts later than its own time. The controller tells of its
    inputs ten times a second; nobody could know of a moment that is shorter."""
    line.run(0.8)
    line.inputs, line.is_pressed = m.INPUTS["emergency_stop"], True
    line.run(max(3 * line.parts_every_us / 1e6, 0.15 if line.hear_each_other else _BELT_S))
    _inputs_off(line)


def _air_low_and_dies(line: Line) -> None:
    _input("air_low")(line)
    _killed(line)
    _nothing_passes(line, 0.8)


# --- belt encoder -------------------------------------------------------------------------------------------

_ENCODER = Gear(encoder=True)


def _counts_by(counts: int) -> Act:
    def act(line: Line) -> None:
        line.run(0.6)
        line.counts_by = counts

    return act


def _counts_again(line: Line) -> None:
    line.counts_by = COUNTS_PER_MS


AT_THE_GATE = [
    _at_gate("a part is taken off by hand", lambda line: line.take_off()),
    _at_gate("a part is taken off, and the process dies as it is told", _taken_off_and_dies, alarm=None),
    _at_gate("sees nothing", lambda line: _blind(line, True), lambda line: _blind(line, False)),
    _at_gate(
        "a part is put on behind the part sensor",
        lambda line: line.put_on_behind_the_sensor(),
        alarm="stranger-at-gate",
    ),
    _at_gate("a part is put on while the station is down", _stranger_while_down, alarm=None, latches=False),
    Fault("every part is doubtful", "review", _doubts, _sure_again, gear=_LANE, to_review=True),
    Fault("every part is doubtful, and there is no lane", "review", _doubts, _sure_again),
    Fault(
        "the process dies as a part is sent to review",
        "review",
        _doubts_and_dies,
        _sure_again,
        lasts_s=1.5,
        gear=_LANE,
        to_review=True,
    ),
    Fault("a controller without the lane", "review", _lacking(m.Can.REVIEW), alarm="gate-link", gear=_LANE),
    Fault("pauses the line", "person", _pause, _resume, cause="paused"),
    Fault("pauses it, and the process is killed", "person", _pause_and(_killed), _resume, cause="paused"),
    Fault("pauses it as the process is killed", "person", _paused_as_it_dies, _resume, cause="paused"),
    Fault(
        "pauses it, and the controller restarts",
        "person",
        _pause_and(lambda line: line.power_cycle()),
        _resume,
        "outcome-unknown",
        "paused",
        latches=True,
    ),
    Fault("air is low", "run permit", _input("air_low"), _inputs_off, "air-low", latches=True, gear=_PERMIT),
    Fault(
        "air is low, and the process is killed",
        "run permit",
        _air_low_and_dies,
        _inputs_off,
        "air-low",
        latches=True,
        gear=_PERMIT,
    ),
    Fault("the bin is full", "run permit", _input("bin_full"), _inputs_off, "bin-full", latches=True, gear=_PERMIT),
    Fault(
        "a controller without a permit",
        "run permit",
        _lacking(m.Can.PERMIT),
        alarm="gate-link",
        gear=_PERMIT,
    ),
    Fault(
        "air is low, and there is no permit",
        "input",
        _input("air_low"),
        _inputs_off,
        "air-low",
        "fault-latched",
        latches=True,
    ),
    Fault("the emergency stop is pressed", "input", _input("emergency_stop"), _inputs_off, "emergency-stop", "held"),
    Fault(
        "the emergency stop is pressed for a moment",
        "input",
        _pressed_for_a_moment,
        alarm="emergency-stop",
        cause="held",
    ),
    Fault("a guard is opened", "input", _input("guard_open"), _inputs_off, "guard-open", "held"),
    Fault("stands still", "encoder", _counts_by(0), _counts_again, "encoder", latches=True, lasts_s=1.2, gear=_ENCODER),
    Fault(
        "counts backwards",
        "encoder",
        _counts_by(-1),
        _counts_again,
        "encoder",
        latches=True,
        lasts_s=1.2,
        gear=_ENCODER,
    ),
]
