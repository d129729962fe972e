"""The gate controller's side of the protocol, as a state machine on a clock that is handed in.

`inspection gate-sim` runs it behind a pseudo-terminal, the laws run it against the station, and firmware can be
held against it. What it promises:

- it diverts by default, and lets a part through only on a PASS for that part, taken before the part is at the gate;
- a divert is never taken back; PASSes are dropped when the station leaves, restarts or makes no progress;
- each part gets one number, and its outcome is repeated until the station has it on record.

The belt encoder's count comes in with the time; a controller without an encoder leaves it out. START says whether
parts are tracked by it or by time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from inspection.domain.counts import travelled
from inspection.domain.types import Capability
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame

HEARTBEAT_US = 100_000
REPEAT_US = 250_000
BELT_CAPACITY = 64
OUTCOMES_KEPT = 64
SIGHTS_KEPT = 8
LATE_US = 100_000
"""A controller that tracks by time and looks this much too late at a part, or later than the gap if that is longer,
stood still: where the part is now nobody knows."""


class Gone(NamedTuple):
    """What physically happened to a part at the gate."""

    epoch: int
    number: int
    passed: bool
    reviewed: bool = False  # diverted by the review lane


@dataclass(slots=True)
class _Riding:
    """A part between sensor and gate."""

    epoch: int
    number: int
    due_us: int  # unless it is tracked by encoder:
    sensed_counts: int
    travel_counts: int  # 0: by time
    reported: bool  # it passed the sensor while a station was there, who wants to know what becomes of it
    command: m.Command | None = None
    seq: int = 0
    barred: m.Reason | None = None  # why it will be diverted whatever is sent
    seen: bool = False  # by the sensor at the gate, a little before it was due


@dataclass(slots=True)
class _Kept:
    """An outcome that the station has not confirmed."""

    outcome: m.Outcome
    next_us: int
    was_commanded: bool
    waits_for: _Riding | None = None  # the sensor at the gate may still see it


class Controller:
    """One controller since its power-up. Call `sense`, `receive` and `tick` with a clock that never goes back."""

    def __init__(self, boot: int, now_us: int, capabilities: Iterable[Capability] = ()) -> None:
        """`boot`: a number that no other power-up had, 1 to 2**32 - 1."""
        has = frozenset(capabilities)
        self._boot = boot
        self._start_us = now_us
        self._has_review_lane = Capability.REVIEW_LANE in has
        self._has_gate_sensor = Capability.GATE_SENSOR in has
        self._confirmation = m.Confirmation.AGREES if Capability.EJECT_SENSOR in has else m.Confirmation.NO_SENSOR
        self._capabilities = sum(m.CAPABILITIES[each] for each in has)
        self._station = 0
        self._settings: m.Start | None = None
        self._progress: int | None = None
        self._progress_us = now_us
        self._riding: deque[_Riding] = deque()
        self._encoder = 0
        self._sensed: tuple[int, int] | None = None  # the part before: when, and at which count
        self._kept: list[_Kept] = []
        self._sights: list[_Riding] = []  # gone, and the sensor at the gate may still see them
        self._heartbeat_us = now_us
        self._inputs = 0
        self._strangers = 0
        self.outputs = m.OUTPUTS_AT_REST
        self._decoder = FrameDecoder()
        self._output = bytearray()
        self.epoch = 0
        self.count = 0
        self.session = m.Session.NONE
        self.gone: list[Gone] = []

    @property
    def in_session(self) -> bool:
        return self.session is m.Session.RUNNING

    @property
    def is_empty(self) -> bool:
        """No part is between sensor and gate."""
        return not self._riding

    @property
    def is_idle(self) -> bool:
        """No part is on the belt and every outcome has been confirmed."""
        return self.is_empty and not self._kept

    def set_inputs(self, inputs: int) -> None:
        """Bits of `messages.INPUTS`."""
        self._inputs = inputs

    def take_output(self) -> bytes:
        """The bytes for the line that have gathered."""
        output = bytes(self._output)
        self._output.clear()
        return output

    # --- the belt -------------------------------------------------------------------------------------------

    def sense(self, now_us: int, age_us: int = 0, encoder: int = 0) -> int:
        """A part has passed the sensor, `age_us` ago and at this count of the encoder; its number."""
        self.tick(now_us, encoder)
        self.count += 1
        sensed_us = now_us - age_us
        due_us, travel_counts = sensed_us, 0
        if self._settings is not None:
            due_us, travel_counts = sensed_us + self._settings.travel_us, self._settings.travel_counts
        part = _Riding(self.epoch, self.count, due_us, encoder, travel_counts, reported=self.in_session)
        if not self.in_session:
            part.barred = m.Reason.SESSION_ENDED
        elif len(self._riding) >= BELT_CAPACITY:
            part.barred = m.Reason.UNTRACKED
        self._bar_if_too_close(part, sensed_us, encoder)
        self._riding.append(part)
        if self.in_session:
            self._send(m.Trigger(part.epoch, part.number, sensed_us - self._start_us, age_us, encoder))
        return part.number

    def at_gate(self, now_us: int, encoder: int = 0) -> None:
        """The sensor at the gate sees something: the part that is due about now, the nearest one, or a stranger."""
        self.tick(now_us, encoder)
        if not self._has_gate_sensor or self._settings is None:
            return  # how long parts travel nobody has said yet
        unseen = [part for part in (*self._sights, *self._riding) if not part.seen]
        near = [(abs(past), part) for part in unseen if abs(past := self._past_gate(part, now_us)) <= self._sight(part)]
        if not near:
            self._strangers = (self._strangers + 1) % (m.U32_MAX + 1)
            return
        _, part = min(near, key=lambda each: each[0])
        part.seen = True
        if part in self._sights:
            self._sights.remove(part)
            self._tell_sight(part, now_us)

    def _past_gate(self, part: _Riding, now_us: int) -> int:
        """How far the part is past the gate, in counts or microseconds."""
        if part.travel_counts:
            return travelled(part.sensed_counts, self._encoder) - part.travel_counts
        return now_us - part.due_us

    def _sight(self, part: _Riding) -> int:
        """How far from the gate the part may be when it is seen there: half a gap."""
        if self._settings is None:
            return 0
        return (self._settings.min_gap_counts if part.travel_counts else self._settings.min_gap_us) // 2

    def _close_sights(self, now_us: int) -> None:
        """Give up the parts that the sensor at the gate should have seen by now."""
        for part in tuple(self._sights):
            if abs(self._past_gate(part, now_us)) > self._sight(part):
                self._sights.remove(part)
                self._tell_sight(part, now_us)

    def _tell_sight(self, part: _Riding, now_us: int) -> None:
        """Its outcome waited for the sensor at the gate."""
        for kept in self._kept:
            if kept.waits_for is part:
                kept.waits_for, kept.next_us = None, now_us
                if not part.seen:
                    kept.outcome = replace(kept.outcome, reason=m.Reason.NOT_SEEN)

    def _bar_if_too_close(self, part: _Riding, sensed_us: int, encoder: int) -> None:
        before, self._sensed = self._sensed, (sensed_us, encoder)
        if self._settings is None or before is None:
            return
        if self._settings.travel_counts:
            is_apart = abs(travelled(before[1], encoder)) >= self._settings.min_gap_counts
            # On a belt that ran back a part may come to lie on another one than the last.
            for other in self._riding:
                if abs(travelled(other.sensed_counts, encoder)) < self._settings.min_gap_counts:
                    part.barred = part.barred or m.Reason.TOO_CLOSE
                    other.barred = other.barred or m.Reason.TOO_CLOSE
        else:
            is_apart = sensed_us - before[0] >= self._settings.min_gap_us
        if is_apart:
            return
        part.barred = part.barred or m.Reason.TOO_CLOSE
        if self._riding:
            self._riding[-1].barred = self._riding[-1].barred or m.Reason.TOO_CLOSE

    def tick(self, now_us: int, encoder: int = 0) -> None:
        """Let time pass: parts arrive at the gate, the watchdog looks, outcomes and heartbeats are repeated."""
        # In the order in which it happens: what reaches the gate before the watchdog bites goes by its command. When
        # the encoder reached its count nobody knows: such a part is at the gate now, after the watchdog.
        watchdog_us = self._watchdog_us()
        if watchdog_us is not None and watchdog_us <= now_us:
            self._arrive(watchdog_us, now_us)
            self._end_session(m.Session.WATCHDOG, m.Reason.WATCHDOG)
        self._encoder = encoder
        self._arrive(now_us, now_us)
        self._close_sights(now_us)
        for kept in self._kept:
            if kept.waits_for is None and kept.next_us <= now_us:
                kept.next_us = now_us + REPEAT_US
                self._send(replace(kept.outcome, age_us=self._age_us(kept.outcome, now_us)))
        if self._heartbeat_us <= now_us:
            self._heartbeat_us = now_us + HEARTBEAT_US
            time_us = now_us - self._start_us
            self._send(
                m.Heartbeat(
                    self._boot,
                    self.epoch,
                    self.count,
                    time_us,
                    encoder,
                    self._inputs,
                    self.session,
                    self.outputs,
                    self._strangers,
                )
            )

    def _watchdog_us(self) -> int | None:
        """When the session ends unless the station makes progress; None without a session."""
        if self._settings is None or not self.in_session:
            return None
        return self._progress_us + self._settings.watchdog_ms * 1000

    def _arrive(self, until_us: int, now_us: int) -> None:
        """Let the parts go past the gate that the encoder has brought there, or that are due by then."""
        one_waits = False
        for part in tuple(self._riding):
            if part.travel_counts:
                at_gate_us = until_us
                way = travelled(part.sensed_counts, self._encoder)
                is_there = way >= part.travel_counts
                if self._is_lost(way, part.travel_counts):
                    part.barred = part.barred or m.Reason.UNTRACKED
            else:  # by time, in the order in which they came
                at_gate_us = part.due_us
                is_there = not one_waits and part.due_us <= until_us
                one_waits = not is_there
                if now_us - part.due_us > self._late_us():
                    part.barred = part.barred or m.Reason.UNTRACKED
            if is_there:
                self._riding.remove(part)
                self._go(part, at_gate_us)

    def _is_lost(self, way: int, travel_counts: int) -> bool:
        """The count leapt past the gate, or fell: another part may be there by now. An encoder that was set anew, that
        runs the wrong way round, or that nobody looked at for too long."""
        slack = 0 if self._settings is None else self._settings.min_gap_counts
        return way > travel_counts + slack or way < -travel_counts

    def _late_us(self) -> int:
        return max(LATE_US, 0 if self._settings is None else self._settings.min_gap_us)

    def _go(self, part: _Riding, at_gate_us: int) -> None:
        """The part is at the gate: this is decided once."""
        heeded = part.command if part.barred is None else m.Command.DIVERT
        passes = heeded is m.Command.PASS
        self.gone.append(Gone(part.epoch, part.number, passes, self._has_review_lane and heeded is m.Command.REVIEW))
        if self._has_gate_sensor and self._settings is not None and not part.seen:
            if len(self._sights) == SIGHTS_KEPT:
                self._tell_sight(self._sights.pop(0), at_gate_us)
            self._sights.append(part)
        if part.reported:
            self._keep(part, passes=passes, now_us=at_gate_us)

    def _keep(self, part: _Riding, *, passes: bool, now_us: int) -> None:
        result = m.Result.PASSED if passes else m.Result.DIVERTED
        commanded = m.Reason.NO_COMMAND if part.command is None else m.Reason.COMMANDED
        outcome = m.Outcome(
            part.epoch,
            part.number,
            result,
            commanded if part.barred is None else part.barred,
            self._confirmation,
            now_us - self._start_us,
            0,
            self._encoder,
        )
        if len(self._kept) == OUTCOMES_KEPT:
            # A part that no command was taken for is diverted, and the station knows it without being told.
            least = next((kept for kept in self._kept if not kept.was_commanded), self._kept[0])
            self._kept.remove(least)
        waits_for = part if part in self._sights else None
        self._kept.append(_Kept(outcome, now_us, part.command is not None, waits_for))

    def _age_us(self, outcome: m.Outcome, now_us: int) -> int:
        return min(now_us - self._start_us - outcome.time_us, m.U32_MAX)

    def _bar_all(self, reason: m.Reason) -> None:
        """Whatever is on the belt will be diverted."""
        for part in self._riding:
            part.barred = part.barred or reason

    # --- the line -------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now_us: int, encoder: int = 0) -> None:
        """Take bytes from the line. Garbage changes nothing."""
        self.tick(now_us, encoder)
        for payload in self._decoder.feed(data):
            message = m.decode(payload)
            match message:
                case m.Hello():
                    self._greet(message)
                case m.Start():
                    self._begin(message, now_us)
                case m.Verdict():
                    self._acknowledge(message, self._take_verdict(message))
                case m.Beat():
                    self._take_beat(message, now_us)
                case m.Confirm(epoch, number):
                    self._kept = [k for k in self._kept if (k.outcome.epoch, k.outcome.number) != (epoch, number)]
                case m.Stop(epoch) if epoch == self.epoch:
                    self._end_session(m.Session.NONE, m.Reason.SESSION_ENDED)
                case _:
                    pass  # another version, another direction, or an epoch that is over: nothing to act on

    def _send(self, message: m.Message) -> None:
        self._output += encode_frame(m.encode(message))

    def _acknowledge(self, verdict: m.Verdict, status: m.Status) -> None:
        self._send(m.Ack(verdict.epoch, verdict.number, verdict.seq, verdict.command, status))

    def _greet(self, hello: m.Hello) -> None:
        self._end_session(m.Session.NONE, m.Reason.SESSION_ENDED)
        if hello.station != self._station:
            # What another station's parts became is of no use to this one, whose numbers may be the same.
            self._kept.clear()
            for part in self._riding:
                part.reported = False
        self._send(self._welcome())

    def _welcome(self) -> m.Welcome:
        return m.Welcome(self._boot, self.epoch, self.count, self._station, self._capabilities)

    def _end_session(self, session: m.Session, reason: m.Reason) -> None:
        """Nothing on the belt passes any more; what comes is counted and diverted until another epoch begins."""
        self.session = session
        self.outputs = m.OUTPUTS_AT_REST
        self._bar_all(reason)

    def _begin(self, start: m.Start, now_us: int) -> None:
        if start == self._settings and self.in_session:
            self._send(m.Started(self._boot, self.epoch))  # it asked again: the answer was lost
            return
        stands = (self._boot, self.epoch, self.count)
        if (start.boot, start.from_epoch, start.from_count) != stands or start.epoch == self.epoch:
            self._send(self._welcome())
            return
        self._bar_all(m.Reason.SESSION_ENDED)
        self._settings = start
        self._station = start.station
        self.epoch, self.count, self.session = start.epoch, 0, m.Session.RUNNING
        self.outputs = m.OUTPUTS_AT_REST
        self._progress, self._progress_us = None, now_us
        self._send(m.Started(self._boot, self.epoch))

    def _take_verdict(self, verdict: m.Verdict) -> m.Status:
        if not self.in_session or verdict.epoch != self.epoch:
            return m.Status.NO_SESSION
        if not 0 < verdict.number <= self.count:
            return m.Status.UNKNOWN_PART
        part = next((p for p in self._riding if (p.epoch, p.number) == (verdict.epoch, verdict.number)), None)
        if part is None:
            return m.Status.LATE
        if verdict.command is m.Command.DIVERT:
            part.command, part.seq = verdict.command, verdict.seq
            return m.Status.ACCEPTED
        # Away from PASS, never back: PASS, then REVIEW, then DIVERT.
        is_final = part.command is m.Command.DIVERT or (
            part.command is m.Command.REVIEW and verdict.command is m.Command.PASS
        )
        if part.barred is not None or is_final or verdict.seq < part.seq:
            return m.Status.BARRED
        part.command, part.seq = verdict.command, verdict.seq
        return m.Status.ACCEPTED

    def _take_beat(self, beat: m.Beat, now_us: int) -> None:
        if not self.in_session or beat.epoch != self.epoch:
            return
        self.outputs = beat.outputs & m.ALL_OUTPUTS
        if beat.progress == self._progress:
            return
        self._progress, self._progress_us = beat.progress, now_us
