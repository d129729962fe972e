"""Faults in a challenge run, and of the running count: no production on a run that did not go as it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.fault_line import golden
from benchmarks.fault_line.fault import Act, Fault
from benchmarks.fault_line.gear import Gear
from benchmarks.fault_line.line import Line
from inspection.domain.ports import Request
from inspection.domain.types import PartId
from inspection.wire import messages as m

_RUNS = Gear(challenge=True)
_CONFIRMS = Gear(m.Can.CONFIRM, challenge=True)


def _wrong(line: Line, text: str) -> None:
    line.truth.broken.append(text)


def _ends(line: Line, *results: str) -> None:
    """What the record must say of the run."""
    result = golden.end(line)
    if result not in results:
        _wrong(line, f"the challenge run {result}, and {' or '.join(results)} was expected")


def _due_again(line: Line) -> None:
    """Production comes, and nothing of it passes."""
    golden.wait(line, lambda: line.life is not None and not golden.is_on(line), 2.0)
    if line.life is None or not line.life.due:
        _wrong(line, "a challenge run that did not pass does not make the line due for another")
    before = line.truth.passed
    line.feeds = True
    line.run(0.7)
    if line.truth.passed != before:
        _wrong(line, f"{line.truth.passed - before} parts passed although a challenge run is due")


def _shown(*good: bool, result: str = "failed") -> Act:
    """These parts lie there in place of the golden ones."""

    def act(line: Line) -> None:
        if not golden.begin(line):
            _wrong(line, "the challenge run did not begin")
        golden.lay(line, good)
        _ends(line, result)
        _due_again(line)

    return act


def _amid(happens: Act, *results: str, mends: Act = lambda line: None) -> Act:
    """It happens when the first golden part is on the belt."""

    def act(line: Line) -> None:
        if not golden.begin(line):
            _wrong(line, "the challenge run did not begin")
        golden.lay(line, golden.AS_THEY_ARE[:1])
        line.run(0.03)
        happens(line)
        golden.lay(line, golden.AS_THEY_ARE[1:])
        line.run(0.5)
        mends(line)
        _ends(line, *results)
        _due_again(line)

    return act


def _camera_fails(line: Line) -> None:
    line.camera.does = "fault"


def _camera_works(line: Line) -> None:
    line.camera.does = "ok"


def _killed(line: Line) -> None:
    line.kill(line.site)
    line.run(0.05)
    line.site.start_at_us = line.now_us


def _restarts(line: Line) -> None:
    line.power_cycle()


def _unplugged(line: Line) -> None:
    line.unplug()
    line.run(0.2)
    line.plug()


def _paused(line: Line) -> None:
    line.ask(Request("pause", "a look at the belt", "bench", None))


def _resumed(line: Line) -> None:
    line.ask(Request("resume", "", "bench", None))
    line.run(0.7)


def _without_triggers(line: Line) -> None:
    line.to_station.hurt(meddle=lambda message: [] if isinstance(message, m.Trigger) else [message])


def _disagrees(line: Line) -> None:
    line.to_station.hurt(
        meddle=lambda message: [
            replace(message, confirmation=m.Confirmation.DISAGREES) if isinstance(message, m.Outcome) else message
        ]
    )


def _mend_cable(line: Line) -> None:
    line.to_station.mend()


def _asked_for_amid_production(line: Line) -> None:
    """It waits for an empty belt, in vain; the run before still counts."""
    line.ask(Request("challenge", "amid production", "bench", None))
    line.run(3.0)
    run = line.site.last_run()
    if run is None or run["result"] != "passed":
        _wrong(line, f"a run that never began counts for more than the one before: {run and run['result']}")


def _cannot_be_written_at_its_end(line: Line) -> None:
    """It is on until its end is on record; then it has passed."""
    if not golden.begin(line):
        _wrong(line, "the challenge run did not begin")
    line.site.disk.refuses = frozenset({"record_event"})
    golden.lay(line, golden.AS_THEY_ARE)
    line.run(1.2)
    if not golden.is_on(line):
        _wrong(line, "a challenge run ended that is not on record")
    line.site.disk.refuses = frozenset()
    _ends(line, "passed")
    line.feeds = True


def _dies(name: str, step: str, count: int = 1, *, result: str = "aborted") -> Fault:
    """The process dies there. `result`: what the record says of the newest run then."""

    def act(line: Line) -> None:
        golden.clear_belt(line)
        deaths = line.site.deaths
        line.site.dies_at, line.site.step_count = step, count
        golden.run(line)
        if not golden.wait(line, lambda: line.site.deaths > deaths and line.life is not None, 2.0):
            _wrong(line, f"the process did not come to {step}")
        _ends(line, result)
        if result == "passed":
            line.feeds = True
        else:
            _due_again(line)

    return Fault(f"the process dies {name}", "challenge", act, gear=_RUNS)


def _in_a_run(name: str, does: Act, alarm: str | None = None, *, gear: Gear = _RUNS, latches: bool = False) -> Fault:
    return Fault(name, "challenge", does, _mend_cable, alarm, "challenge-due", latches=latches, gear=gear)


def _fails(name: str, does: Act, gear: Gear = _RUNS) -> Fault:
    return _in_a_run(name, does, "challenge-failed", gear=gear, latches=True)


IN_A_RUN = [
    _fails("a known-bad part looks good", _shown(True, True, False)),
    _fails("a known-good part looks bad", _shown(False, False, False)),
    _fails("a part too many", _shown(*golden.AS_THEY_ARE, True)),
    _fails("a golden part never comes", _shown(False, True)),
    _fails("the triggers are lost", _amid(_without_triggers, "failed", mends=_mend_cable)),
    _fails("the eject sensor disagrees", _amid(_disagrees, "failed", mends=_mend_cable), _CONFIRMS),
    _fails("the camera fails", _amid(_camera_fails, "failed", mends=_camera_works)),
    _in_a_run("the link is lost", _amid(_unplugged, "aborted"), "gate-link"),
    _in_a_run("the controller restarts", _amid(_restarts, "failed", "aborted"), "outcome-unknown", latches=True),
    _in_a_run("a person pauses the line", _amid(_paused, "aborted", mends=_resumed)),
    _in_a_run("a person calls it off", _amid(golden.call_off, "aborted")),
    _in_a_run("the process is killed", _amid(_killed, "aborted")),
    Fault("one is asked for amid production", "challenge", _asked_for_amid_production, gear=_RUNS),
    Fault("its end cannot be written", "challenge", _cannot_be_written_at_its_end, gear=_RUNS),
    _dies("before its beginning is on record", "before record_event challenge", result="passed"),
    _dies("after its beginning is on record", "after record_event challenge"),
    _dies("before a golden part is journaled", "before record_triggers"),
    _dies("after a golden part is journaled", "after record_triggers"),
    _dies("before a golden part's verdict is journaled", "before record_verdicts"),
    _dies("after a golden part's verdict is journaled", "after record_verdicts"),
    _dies("before a golden part's verdict is sent", "before send", 2),
    _dies("after a golden part's verdict is sent", "after send", 2),
    _dies("before a golden part's acknowledgement is journaled", "before record_acks", 2),
    _dies("after a golden part's acknowledgement is journaled", "after record_acks", 2),
    _dies("before a golden part's outcome is journaled", "before record_outcome", 2),
    _dies("after a golden part's outcome is journaled", "after record_outcome", 2),
    _dies("before the last golden part's outcome is confirmed", "before confirm", 3),
    _dies("after the last golden part's outcome is confirmed", "after confirm", 3),
    _dies("before the end of the run is on record", "before record_event challenge", 2),
    _dies("after the end of the run is on record", "after record_event challenge", 2, result="passed"),
]

# --- the running count --------------------------------------------------------------------------------------


def _once(result: m.Result, instead: m.Result) -> Callable[[m.Message], list[m.Message]]:
    """Of the first part that went this way it says that it went the other, and keeps to it."""
    told: set[tuple[int, int]] = set()

    def change(message: m.Message) -> list[m.Message]:
        if not isinstance(message, m.Outcome) or message.reason is not m.Reason.COMMANDED:
            return [message]
        part = (message.epoch, message.number)
        if message.result is result and (not told or part in told):
            told.add(part)
            return [replace(message, result=instead)]
        return [message]

    return change


def _miscounted(line: Line) -> str:
    """What the alarm says; it must name parts that are there."""
    raised = line.life.condition.now.alarms if line.life else ()
    return next((each.alarm.text for each in raised if each.alarm.key == "count-mismatch"), "")


def _named(line: Line) -> None:
    """Mend the cable; the alarm must name a part that came."""
    line.to_station.mend()
    text = _miscounted(line)
    if not any(f"part {PartId(number.key.epoch, number.key.number)} " in text for number in line.truth.numbers):
        _wrong(line, f"the alarm of a count that does not reconcile names no part: {text!r}")


def _says(result: m.Result, instead: m.Result) -> Act:
    return lambda line: line.to_station.hurt(meddle=_once(result, instead))


def _forgets_three(line: Line) -> None:
    """When all that it counted is on record the controller's count goes back by three, and the link is lost."""
    golden.clear_belt(line)
    line.unplug()
    line.run(0.1)
    line.controller.count -= 3
    line.plug()
    line.run(0.3)
    line.feeds = True


def _counts(name: str, does: Act, *, believes_lies: bool) -> Fault:
    return Fault(name, "count", does, _named, "count-mismatch", latches=True, believes_lies=believes_lies)


MISCOUNTED = [
    _counts(
        "the gate says that it diverted a part by command, which was sent a PASS",
        _says(m.Result.PASSED, m.Result.DIVERTED),
        believes_lies=True,
    ),
    _counts(
        "the gate says that a part passed, whose divert it had acknowledged",
        _says(m.Result.DIVERTED, m.Result.PASSED),
        believes_lies=True,
    ),
    _counts("the gate has counted fewer parts than are on record", _forgets_three, believes_lies=False),
]
