"""What can go wrong, each fault by its name, and what is expected of the line then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.fault_line.at_the_gate import AT_THE_GATE
from benchmarks.fault_line.fault import Act, Fault
from benchmarks.fault_line.gear import Gear
from benchmarks.fault_line.in_a_run import IN_A_RUN, MISCOUNTED
from benchmarks.fault_line.line import RIVAL, Line, Site
from benchmarks.fault_line.stores import WRITES
from inspection.wire import messages as m
from inspection.wire.controller import Controller


def _set(owner: str, **what: object) -> Act:
    def act(line: Line) -> None:
        target = line if owner == "line" else getattr(line, owner)
        for name, value in what.items():
            setattr(target, name, value)

    return act


# --- camera, frame, scorer ----------------------------------------------------------------------------------


def _camera(name: str, does: str, cause: str, alarm: str | None = "camera", group: str = "camera") -> Fault:
    return Fault(name, group, _set("camera", does=does), _set("camera", does="ok"), alarm, cause)


def _scorer(name: str, does: str, cause: str = "scorer-fault", alarm: str | None = None) -> Fault:
    return Fault(name, "scorer", _set("encoder", does=does), _set("encoder", does="ok"), alarm, cause)


_SEEING = [
    _camera("no picture in time", "timeout", "camera-timeout"),
    _camera("the camera's cable is out", "fault", "camera-fault"),
    _camera("every other frame is damaged", "every-other", "camera-fault", alarm=None),
    _camera("each picture takes 250 ms", "slow", "late", alarm=None),
    _camera("the camera hangs for 0.8 s", "hangs", "late", alarm="gate-link"),
    _camera("the camera's driver crashes the process", "crashes", "interrupted", alarm=None),
    _camera("dark", "dark", "frame-dark", group="frame"),
    _camera("overexposed", "clipped", "frame-clipped", group="frame"),
    _camera("the same picture again and again", "frozen", "frame-frozen", group="frame"),
    _camera("another size", "small", "frame-size", group="frame"),
    _scorer("the model raises an error", "raises"),
    _scorer("the model is out of memory", "out-of-memory"),
    _scorer("the model gives NaN", "nan"),
    _scorer("the model gives infinity", "infinite"),
    _scorer("the model gives fewer results than pictures", "too-few"),
    _scorer("the model takes 290 ms", "slow", "late", alarm="gate-link"),
    _scorer("the model hangs for 0.6 s", "hangs", "late", alarm="gate-link"),
]

# --- link ---------------------------------------------------------------------------------------------------


def _cables(name: str, *, to: str = "both", lasts_s: float = 0.6, alarm: str | None = None, **what: object) -> Fault:
    def does(line: Line) -> None:
        if to in ("both", "controller"):
            line.to_controller.hurt(**what)
        if to in ("both", "station"):
            line.to_station.hurt(**what)

    return Fault(name, "link", does, _mend_cables, alarm, lasts_s=lasts_s)


def _mend_cables(line: Line) -> None:
    line.to_controller.mend()
    line.to_station.mend()


def _drop(*kinds: type[m.Message]) -> Callable[[m.Message], list[m.Message]]:
    return lambda message: [] if isinstance(message, kinds) else [message]


def _without(name: str, *kinds: type[m.Message], cause: str | None = None, **expected: object) -> Fault:
    """Messages of a kind do not come through."""
    to = "controller" if kinds[0] in (m.Hello, m.Start, m.Verdict, m.Beat, m.Confirm, m.Stop) else "station"
    return replace(_cables(name, to=to, meddle=_drop(*kinds)), cause=cause, **expected)  # type: ignore[arg-type]


def _replug(line: Line) -> None:
    line.unplug()
    line.run(0.05)
    line.plug()


_LINK = [
    _cables("4 of 10 frames are lost", loses=0.4),
    _cables("4 of 10 frames are damaged", garbles=0.4),
    _cables("4 of 10 frames are cut short", cuts=0.4),
    _cables("every frame comes twice", repeats=1.0),
    _cables("frames change places", swaps=0.5),
    _cables("noise between the frames", noise=True),
    _cables("bytes come a few at a time", dribbles=True),
    _cables("80 ms late", delay_us=80_000),
    _cables("400 ms late", delay_us=400_000, alarm="gate-link"),
    _cables("dead both ways", dead=True, lasts_s=1.5, alarm="gate-link"),
    _cables("dead for 100 ms", dead=True, lasts_s=0.1),
    _cables("dead towards the controller", to="controller", dead=True, alarm="gate-link"),
    _cables("dead towards the station", to="station", dead=True, lasts_s=1.5, alarm="gate-link"),
    Fault("unplugged", "link", lambda line: line.unplug(), lambda line: line.plug(), "gate-link", "link-down"),
    Fault("unplugged and plugged in at once", "link", _replug, alarm="gate-link", cause="link-down"),
    Fault("the station hears itself", "link", _set("line", echoes=True), _set("line", echoes=False)),
    Fault("every write reports a timeout", "link", _set("line", port_breaks=True), _set("line", port_breaks=False)),
    _without("no trigger comes through", m.Trigger, cause="trigger-lost"),
    _without("no verdict comes through", m.Verdict),
    _without("no acknowledgement comes through", m.Ack),
    _without("no heartbeat of the station comes through", m.Beat, alarm="gate-link"),
    _without("no heartbeat of the controller comes through", m.Heartbeat),
    _without("no outcome comes through for 0.6 s", m.Outcome),
    _without("no outcome comes through for 3 s", m.Outcome, lasts_s=3.0, alarm="outcome-unknown", latches=True),
    _without("no confirmation comes through", m.Confirm),
]

# --- controller ---------------------------------------------------------------------------------------------


def _reboots(times: int, apart_s: float) -> Act:
    def act(line: Line) -> None:
        for _ in range(times):
            line.power_cycle()
            line.run(apart_s)

    return act


def _swap(line: Line, other: Controller) -> Controller:
    """The cable is pulled, and when the belt is empty it is put into another controller."""
    line.unplug()
    line.run(0.5)
    before = line.swap(other)
    line.plug()
    return before


def _spare(comes_back_after_s: float | None) -> Act:
    def act(line: Line) -> None:
        before = _swap(line, line.new_controller())
        if comes_back_after_s is not None:
            line.run(comes_back_after_s)
            _swap(line, before)

    return act


def _spare_after_start(line: Line) -> None:
    """A controller takes our epoch, and is swapped before its answer has come. Later it comes back, in that epoch."""
    line.to_station.hurt(meddle=_drop(m.Started))
    _swap(line, line.new_controller())
    line.run(0.4)
    before = _swap(line, line.new_controller())
    line.to_station.mend()
    line.run(1.5)
    _swap(line, before)
    line.run(0.3)


def _rival(line: Line) -> None:
    line.rival = line.rival or Site(line.folder, RIVAL)
    line.rival.start_at_us = line.now_us


def _rival_leaves(line: Line) -> None:
    if line.rival:
        line.kill(line.rival)


def _ours_waits_for_rival(line: Line) -> None:
    """The rival takes over while ours is down, and leaves parts on the belt."""
    line.kill(line.site)
    _rival(line)
    line.run(1.5)
    _rival_leaves(line)
    line.site.start_at_us = line.now_us


def _says(change: Callable[[m.Message], list[m.Message]]) -> Act:
    return lambda line: line.to_station.hurt(meddle=change)


def _stands_still(seconds: float) -> Act:
    def act(line: Line) -> None:
        line.hung = True
        line.run(seconds)
        line.hung = False

    return act


def _late_acks() -> Callable[[m.Message], list[m.Message]]:
    held: list[m.Message] = []

    def change(message: m.Message) -> list[m.Message]:
        if not isinstance(message, m.Ack):
            return [message]
        held.append(message)
        return [held.pop(0)] if len(held) > 3 else []

    return change


def _refuses(message: m.Message) -> list[m.Message]:
    return [replace(message, status=m.Status.BARRED)] if isinstance(message, m.Ack) else [message]


def _other_boot(message: m.Message) -> list[m.Message]:
    return [replace(message, boot=message.boot + 1000)] if isinstance(message, m.Heartbeat) else [message]


def _outcome(**change: object) -> Callable[[m.Message], list[m.Message]]:
    def instead(message: m.Message) -> list[m.Message]:
        return [replace(message, **change)] if isinstance(message, m.Outcome) else [message]  # type: ignore[arg-type]

    return instead


def _numbers_leap(message: m.Message) -> list[m.Message]:
    if isinstance(message, m.Trigger | m.Outcome):
        return [message, replace(message, number=message.number + 3_000_000_000)]
    return [message]


def _unknown_messages(message: m.Message) -> list[m.Message]:
    return [message, m.Hello(7), m.Started(1, 1), m.Ack(1, 1, 1, m.Command.PASS, m.Status.ACCEPTED)]


_MENDED: dict[str, Act] = {"mends": _mend_cables}
_CONTROLLER = [
    Fault("restarts", "controller", _reboots(1, 0.01), alarm="outcome-unknown", latches=True),
    Fault("restarts five times", "controller", _reboots(5, 0.15), alarm="outcome-unknown", latches=True),
    Fault("is replaced by a spare", "controller", _spare(None), alarm="outcome-unknown", latches=True),
    Fault("is replaced by a spare and comes back", "controller", _spare(1.5), alarm="outcome-unknown", latches=True),
    Fault(
        "comes back in an epoch that a spare has had",
        "controller",
        _spare_after_start,
        _mend_cables,
        "outcome-unknown",
        latches=True,
    ),
    Fault("stands still for 0.15 s", "controller", _stands_still(0.15)),
    Fault("stands still for 0.5 s", "controller", _stands_still(0.5)),
    Fault("stands still for 2 s", "controller", _stands_still(2.0), alarm="gate-link"),
    Fault("acknowledges late", "controller", _says(_late_acks()), _mend_cables),
    Fault(
        "says that it refuses every command, and acts on it",
        "controller",
        _says(_refuses),
        _mend_cables,
        alarm="wrong-pass",
        latches=True,
    ),
    Fault("its heartbeats name another power-up", "controller", _says(_other_boot), _mend_cables, "gate-link"),
    Fault(
        "says that all parts passed",
        "controller",
        _says(_outcome(result=m.Result.PASSED, reason=m.Reason.COMMANDED)),
        _mend_cables,
        alarm="wrong-pass",
        latches=True,
        believes_lies=True,
    ),
    Fault(
        "says that all parts were diverted",
        "controller",
        _says(_outcome(result=m.Result.DIVERTED)),
        _mend_cables,
        "count-mismatch",
        latches=True,
        believes_lies=True,
    ),
    Fault("names parts that cannot be", "controller", _says(_numbers_leap), _mend_cables, "part-numbers", latches=True),
    Fault("says what was not asked", "controller", _says(_unknown_messages), _mend_cables),
    Fault(
        "two stations on one controller",
        "controller",
        _rival,
        _rival_leaves,
        "outcome-unknown",
        latches=True,
        lasts_s=2.0,
    ),
    Fault(
        "another station has it while ours is down",
        "controller",
        _ours_waits_for_rival,
        alarm="outcome-unknown",
        latches=True,
    ),
]

# --- sensors, clock -----------------------------------------------------------------------------------------


def _sensor(name: str, does: str, **expected: object) -> Fault:
    fault = Fault(name, "sensor", _set("line", sensor=does), _set("line", sensor="ok"))
    return replace(fault, **expected)  # type: ignore[arg-type]


def _wall_clock(name: str, **step: float) -> Fault:
    return Fault(name, "clock", lambda line: setattr(line.clock, "utc_step", line.clock.utc_step + timedelta(**step)))


def _disagrees_and_dies(line: Line) -> None:
    line.to_station.hurt(meddle=_disagrees(once=False))
    _dies_at("after record_outcome")(line)


def _disagrees(*, once: bool) -> Callable[[m.Message], list[m.Message]]:
    told: set[tuple[int, int]] = set()

    def change(message: m.Message) -> list[m.Message]:
        if not isinstance(message, m.Outcome):
            return [message]
        part = (message.epoch, message.number)
        if once and told and part not in told:
            return [message]
        told.add(part)
        return [replace(message, confirmation=m.Confirmation.DISAGREES)]

    return change


_EJECT_SENSOR = Gear(m.Can.CONFIRM)
_SENSING = [
    _sensor("bounces", "bounces"),
    _sensor("counts each part twice", "doubles"),
    _sensor("misses every other part", "misses"),
    _sensor("sees no part", "is-blind"),
    _sensor("chatters: 70 edges a part", "chatters", alarm="outcome-unknown", latches=True),
    Fault("parts touch each other", "sensor", _set("line", pairs_up=True), _set("line", pairs_up=False)),
    Fault(
        "parts come six times as fast",
        "sensor",
        _set("line", parts_every_us=10_000),
        _set("line", parts_every_us=60_000),
    ),
    Fault(
        "disagrees once",
        "eject sensor",
        lambda line: line.to_station.hurt(meddle=_disagrees(once=True)),
        _mend_cables,
        alarm="eject-on-pass",
        latches=True,
        gear=_EJECT_SENSOR,
    ),
    Fault(
        "disagrees always",
        "eject sensor",
        lambda line: line.to_station.hurt(meddle=_disagrees(once=False)),
        _mend_cables,
        alarm="ejection-unconfirmed",
        latches=True,
        gear=_EJECT_SENSOR,
    ),
    Fault(
        "disagrees, and the process dies as it is told",
        "eject sensor",
        _disagrees_and_dies,
        _mend_cables,
        alarm="ejection-unconfirmed",
        latches=True,
        gear=_EJECT_SENSOR,
    ),
    _wall_clock("an hour forward", hours=1),
    _wall_clock("an hour back", hours=-1),
    _wall_clock("a day forward", days=1),
    _wall_clock("a day back", days=-1),
    _wall_clock("back to 2000: an empty battery", days=-9500),
]


# --- disk ---------------------------------------------------------------------------------------------------


def _refuses_writes(name: str, *methods: str, alarm: str | None = "store-down", cause: str | None = None) -> Fault:
    def does(line: Line) -> None:
        line.site.disk.refuses = frozenset(methods)

    return Fault(name, "disk", does, _mend_disk, alarm, cause)


def _mend_disk(line: Line) -> None:
    disk = line.site.disk
    disk.refuses, disk.commit_fails, disk.read_only = frozenset(), False, False


def _commit_fails(line: Line) -> None:
    line.site.disk.commit_fails = True


def _read_only(line: Line) -> None:
    line.site.disk.read_only = True


def _no_epoch(line: Line) -> None:
    line.site.disk.refuses = frozenset({"new_epoch"})
    line.power_cycle()


def _starts_without_disk(line: Line) -> None:
    line.site.disk.refuses = WRITES
    line.kill(line.site)
    line.site.start_at_us = line.now_us


def _held_by_another(line: Line) -> None:
    line.site.hold()


def _block(which: str) -> Act:
    """A file lies where the folder should be: nothing can be written there."""

    def act(line: Line) -> None:
        folder = _folder(line, which)
        if folder.is_dir():
            folder.rename(folder.with_name("aside"))
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.touch()

    return act


def _unblock(which: str) -> Act:
    def act(line: Line) -> None:
        folder = _folder(line, which)
        if folder.is_file():  # where the process died first, nobody has put it there
            folder.unlink()
        if folder.with_name("aside").is_dir():
            folder.with_name("aside").rename(folder)

    return act


def _folder(line: Line, which: str) -> Path:
    return line.folder / which if which == "evidence" else line.site.paths.log_dir


_DISK = [
    _refuses_writes("nothing can be written", *WRITES, cause="store-down"),
    _refuses_writes("triggers cannot be written", "record_triggers", cause="store-down"),
    _refuses_writes("verdicts cannot be written", "record_verdicts", cause="store-down"),
    _refuses_writes("outcomes cannot be written", "record_outcome"),
    _refuses_writes("acknowledgements cannot be written", "record_acks"),
    _refuses_writes("events cannot be written", "record_event", alarm=None),
    Fault("no epoch can be begun", "disk", _no_epoch, _mend_disk, "outcome-unknown", latches=True),
    Fault("every commit fails", "disk", _commit_fails, _mend_disk, "store-down", "store-down"),
    Fault("the file system has gone read-only", "disk", _read_only, _mend_disk, "store-down", "store-down"),
    Fault("another program holds the journal", "disk", _held_by_another, lambda line: line.site.let_go(), "store-down"),
    Fault("the station is started without a disk", "disk", _starts_without_disk, _mend_disk, cause="station-down"),
    Fault("the log cannot be written", "disk", _block("log"), _unblock("log"), "stores", lasts_s=2.0),
    Fault(
        "pictures cannot be written",
        "disk",
        _block("evidence"),
        _unblock("evidence"),
        "stores",
        "store-down",
        lasts_s=4,
    ),
    Fault(
        "it is almost full",
        "disk",
        _set("machine", disk_free=100_000_000),
        _set("machine", disk_free=100_000_000_000),
        "disk-full",
        "store-down",
        lasts_s=3,
    ),
]

# --- death of the process -----------------------------------------------------------------------------------


def _dies_at(step: str, count: int = 1) -> Act:
    def act(line: Line) -> None:
        line.site.dies_at, line.site.step_count = step, count

    return act


def _dies(name: str, step: str, count: int = 1) -> Fault:
    return Fault(name, "death", _dies_at(step, count), lasts_s=1.5)


def _dies_again(step: str) -> Act:
    """It dies with a part on its way, and again when it picks up what that left."""

    def act(line: Line) -> None:
        line.run(0.1)
        _dies_at("before record_verdicts")(line)
        line.run(0.2)
        _dies_at(step)(line)

    return act


def _dies_at_epoch(step: str) -> Act:
    def act(line: Line) -> None:
        _dies_at(step)(line)
        line.power_cycle()

    return act


def _killed_for(seconds: float) -> Act:
    def act(line: Line) -> None:
        line.kill(line.site)
        line.run(seconds)
        line.site.start_at_us = line.now_us

    return act


def _stopped(line: Line) -> None:
    assert line.life
    line.run(0.05)
    line.life.path.stop()
    line.run(1.0)
    line.kill(line.site)
    line.site.start_at_us = line.now_us


def _killed_while_stopping(line: Line) -> None:
    assert line.life
    line.life.path.stop()
    line.run(0.05)
    line.kill(line.site)
    line.site.start_at_us = line.now_us


_DEATH = [
    _dies("before a trigger is journaled", "before record_triggers"),
    _dies("after a trigger is journaled", "after record_triggers"),
    _dies("before a verdict is journaled", "before record_verdicts"),
    _dies("after a verdict is journaled, before it is sent", "after record_verdicts"),
    _dies("before a verdict is sent", "before send"),
    _dies("after a verdict is sent", "after send"),
    _dies("before an acknowledgement is journaled", "before record_acks"),
    _dies("after an acknowledgement is journaled", "after record_acks"),
    _dies("before an outcome is journaled", "before record_outcome"),
    _dies("after an outcome is journaled", "after record_outcome"),
    _dies("before an outcome is confirmed", "before confirm"),
    _dies("after an outcome is confirmed", "after confirm"),
    _dies("at the end of a round", "before beat"),
    _dies("at the fifth trigger from now", "after record_triggers", 5),
    _dies("after rows are marked for a log file", "after marking", 2),
    _dies("after a log file is written", "after the file"),
    _dies("after the journal has forgotten what is in the log", "after forgetting"),
    _dies("after a log file is closed", "after sealing", 2),
    Fault("before an epoch is allotted", "death", _dies_at_epoch("before new_epoch"), latches=True, lasts_s=1.5),
    Fault("after an epoch is allotted", "death", _dies_at_epoch("after new_epoch"), latches=True, lasts_s=1.5),
    Fault("before the controller is told to start", "death", _dies_at_epoch("before start"), latches=True, lasts_s=1.5),
    Fault("after the controller is told to start", "death", _dies_at_epoch("after start"), latches=True, lasts_s=1.5),
    Fault("again as it starts, before the rest", "death", _dies_again("before record_verdicts"), lasts_s=2.5),
    Fault("again as it starts, amid the rest", "death", _dies_again("after record_verdicts"), lasts_s=2.5),
    Fault("again before it records the gap", "death", _dies_again("before record_gap"), lasts_s=2.5),
    Fault("again after it recorded the gap", "death", _dies_again("after record_gap"), lasts_s=2.5),
    Fault("killed, back at once", "death", _killed_for(0.01)),
    Fault("killed, back after 3 s", "death", _killed_for(3.0), cause="station-down"),
    Fault("stopped and started", "death", _stopped, cause="station-down"),
    Fault("killed while it stops", "death", _killed_while_stopping),
]

SINGLE = [*_SEEING, *_LINK, *_CONTROLLER, *_SENSING, *_DISK, *_DEATH, *AT_THE_GATE, *IN_A_RUN, *MISCOUNTED]
