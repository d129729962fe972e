"""The gate controller's side of the protocol, as a state machine on a clock that is handed in.

`inspection gate-sim` runs it behind a pseudo-terminal, the laws run it against the station, and firmware can be
held against it. What it promises:

- it diverts by default, and lets a part through only on a PASS for that part, taken before the part is at the gate;
- a divert is never taken back; PASSes are dropped when the station leaves, restarts or makes no progress;
- the gate stays open for one part only, and closes before the next; by encoder it waits with a belt that stands, but
  only so long: a belt that stands and an encoder that died look the same;
- run permit and lights are the station's while its session lasts: without one the permit is off and red is on;
- each part gets one number, and its outcome is repeated until the station has it on record.

The belt encoder's count comes in with the time; a controller without an encoder leaves it out. START says whether
parts are tracked by it or by time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from inspection.domain.counts import travelled
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.riding import NOWHERE, Kept, Reach, Riding

HEARTBEAT_US = 100_000
REPEAT_US = 250_000
LATE_US = 10_000
"""By time: a part that is looked at so long after it was due is diverted; or min_gap_us, if that is more."""
BELT_CAPACITY = 64
OUTCOMES_KEPT = 64
STALL_US = 500_000
"""By encoder: a gate that is open closes when the count got no further for so long."""


class Gone(NamedTuple):
    """What physically happened to a part at the gate."""

    epoch: int
    number: int
    way: m.Command

    @property
    def passed(self) -> bool:
        return self.way is m.Command.PASS


class Controller:
    """One controller since its power-up. Call its methods with a clock that never goes back."""

    def __init__(
        self,
        boot: int,
        now_us: int,
        *,
        capabilities: int = 0,
        opens: Reach = NOWHERE,
        falls: Reach = NOWHERE,
        stall_us: int = STALL_US,
        let_through: Callable[[int, int, int], bool] | None = None,
    ) -> None:
        """`boot`: a number that no other power-up had, 1 to 2**32 - 1. `capabilities`: bits of `messages.Can`.

        `opens`: how long the gate stays open for a part, as `way` says; never longer than the smallest gap. With
        neither, `way` is always DIVERT: who reads `gone` moves the gate.

        `falls`: how long an eject sensor may take to see a part (`ejected`); by encoder not more than from sensor to
        gate. With neither it agrees at once.

        `stall_us`: by encoder, a gate that is open closes when the count got no further for so long; 0: never. Only for
        a belt whose drive is proven to stand: where the encoder dies, all that comes passes.

        `let_through(epoch, number, due_us)`: asked to open the gate for a part that is to pass; False: it did not, and
        the part is diverted. Without it, who reads `gone` moves the gate.
        """
        self._let_through = let_through
        self._boot = boot
        self._start_us = now_us
        self._capabilities = capabilities
        self._opens = opens
        self._falls = falls
        self._awaits_falls = bool(capabilities & m.Can.CONFIRM and any(falls))
        self._stall_us = stall_us
        self._open_for: Riding | None = None
        self._furthest = 0  # behind the gate the part has been that it is open for, in counts
        self._furthest_us = 0  # since then it got no further
        self._sees_at_gate = bool(capabilities & m.Can.SEE_AT_GATE)
        self._station = 0
        self._settings: m.Start | None = None
        self._progress: int | None = None
        self._progress_us = now_us
        self._riding: deque[Riding] = deque()
        self._encoder = 0
        self._moves = 0  # how often the count was found changed
        self._begun: tuple[int, int] | None = None  # when the first START came, and at which count
        self._knows_belt = False  # what was on the belt then has gone by
        self._sensed: tuple[int, int] | None = None  # the part before: when, and at which count
        self._sensed_moves = -1  # none yet
        self._kept: list[Kept] = []
        self._heartbeat_us = now_us
        self._inputs = 0
        self._decoder = FrameDecoder()
        self._output = bytearray()
        self.epoch = 0
        self.count = 0
        self.session = m.Session.NONE
        self.outputs = m.SAFE
        self.strangers = 0
        self.gone: list[Gone] = []

    @property
    def in_session(self) -> bool:
        return self.session is m.Session.RUNNING

    @property
    def way(self) -> m.Command:
        """How the gate is to stand now; to be asked after each call that lets time pass."""
        return m.Command.DIVERT if self._open_for is None else self._open_for.way

    @property
    def is_empty(self) -> bool:
        """No part is between sensor and gate."""
        return all(part.is_decided for part in self._riding)

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
        part = self._riding_of(sensed_us, encoder)
        if not self.in_session:
            part.barred = m.Reason.SESSION_ENDED
        elif len(self._riding) >= BELT_CAPACITY:
            part.barred = m.Reason.UNTRACKED
        self._bar_if_too_close(part, sensed_us, encoder)
        self._riding.append(part)
        self._doubt_if_the_count_stands(now_us)
        if self.in_session:
            self._send(m.Trigger(part.epoch, part.number, sensed_us - self._start_us, age_us, encoder))
        return part.number

    def _riding_of(self, sensed_us: int, encoder: int) -> Riding:
        due_us, travel_counts, gap = sensed_us, 0, 0
        if self._settings is not None:
            due_us, travel_counts = sensed_us + self._settings.travel_us, self._settings.travel_counts
            gap = self._settings.min_gap_counts if travel_counts else self._settings.min_gap_us
        opening = self._opens.counts if travel_counts else self._opens.us
        fall = min(self._falls.counts, travel_counts) if travel_counts else self._falls.us
        return Riding(
            self.epoch,
            self.count,
            due_us,
            encoder,
            travel_counts,
            window=gap // 2,
            opening=min(opening, gap or opening),
            fall=fall,
            reported=self.in_session,
            awaits_sight=self._sees_at_gate,
            awaits_fall=self._awaits_falls,
        )

    def _doubt_if_the_count_stands(self, now_us: int) -> None:
        """A second part without a count between them: the belt runs and the encoder is dead. How far anything has come
        by the time it counts on, nobody knows. The first is no proof: where parts come at even distances one may be at
        the sensor, again and again, in the count that brought another to the gate."""
        stands, self._sensed_moves = self._moves == self._sensed_moves, self._moves
        if not stands:
            return
        if self._settings is not None and self._settings.travel_counts:
            self._bar_all(m.Reason.UNTRACKED)
        if self._open_for is not None and self._open_for.travel_counts:
            self._close_on_part(self._open_for, now_us)

    def _bar_if_too_close(self, part: Riding, sensed_us: int, encoder: int) -> None:
        before, self._sensed = self._sensed, (sensed_us, encoder)
        if self._settings is None or before is None:
            return
        if self._settings.travel_counts:
            is_apart = abs(travelled(before[1], encoder)) >= self._settings.min_gap_counts
            # On a belt that ran back a part may come to lie on another one than the last.
            for other in self._riding:
                if (
                    not other.is_decided
                    and abs(travelled(other.sensed_counts, encoder)) < self._settings.min_gap_counts
                ):
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
        self._moves += encoder != self._encoder
        self._encoder = encoder
        self._close_if_the_count_leapt(now_us)
        self._learn_belt(now_us, encoder)
        self._arrive(now_us, now_us)
        self._close_if_over(now_us)
        for kept in self._kept:
            if kept.next_us <= now_us and not kept.is_waiting:
                kept.next_us = now_us + REPEAT_US
                self._send(replace(kept.outcome, age_us=self._age_us(kept.outcome, now_us)))
        if self._heartbeat_us <= now_us:
            self._heartbeat_us = now_us + HEARTBEAT_US
            self._send(self._heartbeat(now_us))

    def _heartbeat(self, now_us: int) -> m.Heartbeat:
        return m.Heartbeat(
            self._boot,
            self.epoch,
            self.count,
            now_us - self._start_us,
            self._encoder,
            self._inputs,
            self.session,
            self.outputs,
            self.strangers,
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
            behind = part.behind(until_us, self._encoder)
            if part.travel_counts:
                at_gate_us = until_us
                is_there = behind >= 0
                if self._is_lost(behind, part.travel_counts):
                    part.barred = part.barred or m.Reason.UNTRACKED
            else:  # by time, in the order in which they came
                at_gate_us = part.due_us
                is_there = not one_waits and behind >= 0
                one_waits = not is_there
                if is_there and now_us - part.due_us > self._late_us():
                    part.barred = part.barred or m.Reason.UNTRACKED  # the gate would act on what comes behind it
            if is_there and not part.is_decided:
                part.is_decided = True
                self._go(part, at_gate_us, now_us)
            if part.is_decided:
                self._watch_behind_gate(part, behind, now_us)

    def _watch_behind_gate(self, part: Riding, behind: int, now_us: int) -> None:
        """Give up what did not come in its time; a part of which nothing more is expected is off the belt."""
        if part.awaits_sight and behind > part.window:
            part.awaits_sight = False
            if not part.is_seen:
                self._release_sight(part, now_us, m.Reason.NOT_SEEN)
        if part.awaits_fall and behind > part.fall:
            part.awaits_fall = False
            self._release_fall(part, now_us)
        if not part.awaits_sight and not part.awaits_fall:
            self._riding.remove(part)

    def _close_if_over(self, now_us: int) -> None:
        """By encoder it closes too when the belt runs back by more than a jerk: what is there then, nobody knows; and
        when it gets no further for too long. An encoder with one dead wire counts back and forth for ever."""
        part = self._open_for
        if part is None:
            return
        behind = part.behind(now_us, self._encoder)
        if behind >= part.opening:
            self._release_closing(part, now_us)
            self._open_for = None
        elif not part.travel_counts:
            return
        elif behind > self._furthest:
            self._furthest, self._furthest_us = behind, now_us
        elif behind < -part.window or (self._stall_us and now_us - self._furthest_us >= self._stall_us):
            self._close_on_part(part, now_us)

    def _close_if_the_count_leapt(self, now_us: int) -> None:
        """By encoder: over the end of the gap, further than a jerk, in one look. The part may be in the gate still, or
        others behind it. To be asked before the next one comes and takes the gate over."""
        part = self._open_for
        if part is None or not part.travel_counts:
            return
        behind = part.behind(now_us, self._encoder)
        if self._is_lost(behind, part.travel_counts) and abs(behind - self._furthest) > part.window:
            self._close_on_part(part, now_us)

    def _close_on_part(self, part: Riding, now_us: int) -> None:
        """The part that the gate is open for did not get through. It counts as one that is diverted from now on, so
        that what falls into the bin is rather taken for it than for a later part."""
        self._open_for = None
        for riding in self._riding:
            if riding.is_decided and (riding.epoch, riding.number) == (part.epoch, part.number):
                riding.way = m.Command.DIVERT
        self._release_closing(part, now_us, m.Reason.CLOSED_ON)

    def _late_us(self) -> int:
        return LATE_US if self._settings is None else max(LATE_US, self._settings.min_gap_us)

    def _is_lost(self, behind: int, travel_counts: int) -> bool:
        """The count leapt past the gate, or fell: another part may be there by now. An encoder that was set anew, that
        runs the wrong way round, or that nobody looked at for too long."""
        slack = 0 if self._settings is None else self._settings.min_gap_counts
        return behind > slack or behind < -2 * travel_counts

    def _go(self, part: Riding, at_gate_us: int, now_us: int) -> None:
        """The part is at the gate: this is decided once."""
        is_driven = any(self._opens)
        way = m.Command.DIVERT if part.command is None or part.barred is not None else part.command
        if way is m.Command.REVIEW and not self._capabilities & m.Can.REVIEW:
            way = m.Command.DIVERT
        if way is not m.Command.DIVERT and is_driven and part.behind(now_us, self._encoder) >= part.opening:
            way, part.barred = m.Command.DIVERT, m.Reason.UNTRACKED  # it has gone by: the gate would open for the next
        if way is m.Command.PASS and self._let_through and not self._let_through(part.epoch, part.number, at_gate_us):
            way, part.barred = m.Command.DIVERT, m.Reason.UNTRACKED
        if self._open_for is not None:
            self._release_closing(self._open_for, now_us)
        part.way = way
        self._open_for = part if is_driven and way is not m.Command.DIVERT else None
        self._furthest, self._furthest_us = part.behind(now_us, self._encoder), now_us
        self.gone.append(Gone(part.epoch, part.number, way))
        if part.reported:
            self._keep(part, at_gate_us)

    def _keep(self, part: Riding, now_us: int) -> None:
        passes = part.way is m.Command.PASS
        result = m.Result.PASSED if passes else m.Result.DIVERTED
        agrees = passes or not part.awaits_fall  # if nothing is seen to fall
        seen = m.Confirmation.AGREES if agrees else m.Confirmation.DISAGREES
        commanded = m.Reason.NO_COMMAND if part.command is None else m.Reason.COMMANDED
        outcome = m.Outcome(
            part.epoch,
            part.number,
            result,
            commanded if part.barred is None else part.barred,
            seen if self._capabilities & m.Can.CONFIRM else m.Confirmation.NO_SENSOR,
            now_us - self._start_us,
            0,
            self._encoder,
        )
        if len(self._kept) == OUTCOMES_KEPT:
            # A part that no command was taken for is diverted, and the station knows it without being told.
            least = next((kept for kept in self._kept if not kept.was_commanded), self._kept[0])
            self._kept.remove(least)
        awaits_sight = part.awaits_sight and not part.is_seen
        awaits_closing = part is self._open_for and part.travel_counts > 0
        was_commanded = part.command is not None
        self._kept.append(Kept(outcome, now_us, was_commanded, awaits_sight, part.awaits_fall, awaits_closing))

    def _release_closing(self, part: Riding, now_us: int, reason: m.Reason | None = None) -> None:
        """Its outcome waited for the gate to close. Where it closed on the part nothing else is waited for: with a dead
        encoder that would be for ever. What is known by then and is worse stays: that it was not seen, or that
        something fell into the bin while the gate was to let it through."""
        for kept in self._kept:
            if kept.awaits_closing and (kept.outcome.epoch, kept.outcome.number) == (part.epoch, part.number):
                kept.awaits_closing, kept.next_us = False, now_us
                if reason is not None:
                    kept.awaits_sight = kept.awaits_fall = False
                    told = kept.outcome
                    fell = told.result is m.Result.PASSED and told.confirmation is m.Confirmation.DISAGREES
                    kept.outcome = replace(
                        told,
                        result=m.Result.DIVERTED,
                        reason=told.reason if told.reason is m.Reason.NOT_SEEN else reason,
                        confirmation=told.confirmation if fell else m.Confirmation.NO_SENSOR,
                    )

    # --- what is seen at the gate and behind it --------------------------------------------------------------

    def at_gate(self, now_us: int, encoder: int = 0, *, age_us: int = 0) -> None:
        """Something was seen at the gate, `age_us` ago and at this count: the part that is due there, or a stranger.

        To be told before the `tick` that lets this time pass.
        """
        if not self._sees_at_gate:
            return
        seen_us = max(now_us - age_us, self._start_us)
        self._learn_belt(seen_us, encoder)
        due = [part for part in self._riding if self._is_due(part, seen_us, encoder)]
        part = next((part for part in due if not part.is_seen), None)
        if part is not None:
            part.is_seen = True
            if part.is_decided:
                self._release_sight(part, now_us)
        elif not due and self._knows_belt:  # in the window of one that was seen it is that one again
            self.strangers = min(self.strangers + 1, m.U32_MAX)

    @staticmethod
    def _is_due(part: Riding, seen_us: int, encoder: int) -> bool:
        """Whether what is seen at the gate may be this part."""
        return abs(part.behind(seen_us, encoder)) <= part.window

    def _release_sight(self, part: Riding, now_us: int, reason: m.Reason | None = None) -> None:
        """Its outcome waited for the sensor at the gate."""
        for kept in self._kept:
            if kept.awaits_sight and (kept.outcome.epoch, kept.outcome.number) == (part.epoch, part.number):
                kept.awaits_sight, kept.next_us = False, now_us
                if reason is not None:
                    kept.outcome = replace(kept.outcome, reason=reason)

    def ejected(self, now_us: int) -> None:
        """The eject sensor saw something fall into the bin: the oldest diverted part that may still come there; if
        there is none, one that should have passed.

        To be told before the `tick` that lets this time pass.
        """
        awaited = [part for part in self._riding if part.is_decided and part.awaits_fall]
        part = next((part for part in awaited if part.way is not m.Command.PASS), awaited[0] if awaited else None)
        if part is not None:
            part.awaits_fall = False
            was_diverted = part.way is not m.Command.PASS
            self._release_fall(part, now_us, m.Confirmation.AGREES if was_diverted else m.Confirmation.DISAGREES)

    def _release_fall(self, part: Riding, now_us: int, confirmation: m.Confirmation | None = None) -> None:
        """Its outcome waited for the eject sensor."""
        for kept in self._kept:
            if kept.awaits_fall and (kept.outcome.epoch, kept.outcome.number) == (part.epoch, part.number):
                kept.awaits_fall, kept.next_us = False, now_us
                if confirmation is not None:
                    kept.outcome = replace(kept.outcome, confirmation=confirmation)

    def _learn_belt(self, now_us: int, encoder: int) -> None:
        """Whether all that was on the belt at the first START, counted or not, has gone by the gate."""
        if self._knows_belt or self._settings is None or self._begun is None:
            return
        start = self._settings
        if start.travel_counts:
            way = travelled(self._begun[1], encoder)
            self._knows_belt = way > start.travel_counts + start.min_gap_counts // 2
        else:
            self._knows_belt = now_us - self._begun[0] > start.travel_us + start.min_gap_us // 2

    # --- what the station is told ---------------------------------------------------------------------------

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
        self._forget_unless_of(hello.station)
        self._send(self._welcome())

    def _forget_unless_of(self, station: int) -> None:
        """What another station's parts became is of no use to this one, whose numbers may be the same."""
        if station != self._station:
            self._kept.clear()
            for part in self._riding:
                part.reported = False

    def _welcome(self) -> m.Welcome:
        return m.Welcome(self._boot, self.epoch, self.count, self._station, self._capabilities)

    def _end_session(self, session: m.Session, reason: m.Reason) -> None:
        """Nothing on the belt passes any more; what comes is counted and diverted until another epoch begins."""
        self.session = session
        self.outputs = m.SAFE
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
        self._forget_unless_of(start.station)
        self._settings = start
        self._station = start.station
        self.epoch, self.count, self.session = start.epoch, 0, m.Session.RUNNING
        self._progress, self._progress_us = None, now_us
        self.outputs = m.SAFE
        if not self._knows_belt:
            self._begun = now_us, self._encoder
        self._send(m.Started(self._boot, self.epoch))

    def _take_verdict(self, verdict: m.Verdict) -> m.Status:
        if not self.in_session or verdict.epoch != self.epoch:
            return m.Status.NO_SESSION
        if not 0 < verdict.number <= self.count:
            return m.Status.UNKNOWN_PART
        part = next((p for p in self._riding if (p.epoch, p.number) == (verdict.epoch, verdict.number)), None)
        if part is None or part.is_decided:
            return m.Status.LATE
        match verdict.command:
            case m.Command.PASS:
                is_barred = part.command in (m.Command.DIVERT, m.Command.REVIEW) or verdict.seq < part.seq
            case m.Command.REVIEW:
                is_barred = part.command is m.Command.DIVERT
            case m.Command.DIVERT:
                part.command, part.seq = verdict.command, verdict.seq
                return m.Status.ACCEPTED
        if is_barred or part.barred is not None:
            return m.Status.BARRED
        part.command, part.seq = verdict.command, verdict.seq
        return m.Status.ACCEPTED

    def _take_beat(self, beat: m.Beat, now_us: int) -> None:
        if not self.in_session or beat.epoch != self.epoch:
            return
        self.outputs = beat.outputs
        if beat.progress != self._progress:
            self._progress, self._progress_us = beat.progress, now_us
