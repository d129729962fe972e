"""The station's side of the protocol, as a state machine on a clock that is handed in.

    lost --connected--> greeting --Welcome--> attached --start--> starting --Started--> running
     ^                     ^          |Welcome elsewhere|             |
     +------ lost ---------+----------+-----------------+---- silence, restart of the controller

`stop` leads from anywhere to stopping, which nothing leaves but another connection.

Bytes and the owner's calls come in; bytes for the line and `ports.GateEvent`s come out. Not thread-safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from inspection.domain import ports
from inspection.domain.errors import SessionOver
from inspection.domain.types import (
    Capability,
    Decision,
    GateInputs,
    GateOutputs,
    Light,
    Outcome,
    OutcomeKind,
    PartId,
    Trigger,
)
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame

BEAT_NS = 50_000_000
ASK_AGAIN_NS = 200_000_000  # Hello, Start and Stop, until they are answered
RESEND_NS = 50_000_000  # a Verdict, until it is acknowledged
RESENDS = 4
SILENCE_NS = 1_000_000_000

_TAKEN = "it left the session; check that no second station has this port"

_COMMANDS = {
    Decision.PASS: m.Command.PASS,
    Decision.DIVERT: m.Command.DIVERT,
    Decision.REVIEW: m.Command.REVIEW,
}
_DECISIONS = {command: decision for decision, command in _COMMANDS.items()}
_CONFIRMED = {m.Confirmation.NO_SENSOR: None, m.Confirmation.AGREES: True, m.Confirmation.DISAGREES: False}
_CAPABILITIES = {
    m.Can.CONFIRM: Capability.EJECT_SENSOR,
    m.Can.SEE_AT_GATE: Capability.GATE_SENSOR,
    m.Can.PERMIT: Capability.RUN_PERMIT,
    m.Can.LIGHT: Capability.STACK_LIGHT,
    m.Can.REVIEW: Capability.REVIEW_LANE,
    m.Can.PERMIT_IN_HARDWARE: Capability.PERMIT_FAILS_SAFE,
}
_LIGHTS = {Light.GREEN: m.Outputs.GREEN, Light.AMBER: m.Outputs.AMBER, Light.RED: m.Outputs.RED}


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What the controller is told at the start of an epoch. `station`: which epochs are ours, see `ports.Attached`.

    `travel_counts`: parts are tracked by the belt encoder; times of travel and gap are 0 then.
    """

    station: int
    travel_us: int
    watchdog_ms: int
    min_gap_us: int
    travel_counts: int = 0
    min_gap_counts: int = 0


class _State(Enum):
    LOST = auto()  # no port
    GREETING = auto()  # Hello is sent until Welcome comes
    ATTACHED = auto()  # the owner is to say which epoch begins
    STARTING = auto()  # Start is sent until Started comes
    RUNNING = auto()
    STOPPING = auto()  # Stop is sent until it is heeded; outcomes are still taken


@dataclass(slots=True)
class _Unacknowledged:
    verdict: m.Verdict
    due_ns: int
    resends: int = RESENDS


class StationSession:
    """One line's conversation with its gate controller, over any number of connections."""

    def __init__(self, settings: GateSettings, clock: ports.Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._state = _State.LOST
        self._told: str | None = None
        self._decoder = FrameDecoder()
        self._output = bytearray()
        self._events: list[ports.GateEvent] = []
        self._attached: m.Welcome | None = None
        self._start: m.Start | None = None
        self._heard_ns = 0
        self._ask_ns = 0
        self._beat_ns = 0
        self._progress = 0
        self._seq = 0
        self._unacknowledged: dict[tuple[int, int], _Unacknowledged] = {}
        self._inputs = 0
        self._outputs = m.SAFE
        self._strangers: int | None = None

    @property
    def bad_frames(self) -> int:
        """Frames that came damaged on this connection."""
        return self._decoder.bad_frames

    def take_events(self) -> list[ports.GateEvent]:
        events, self._events = self._events, []
        return events

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    # --- the connection -------------------------------------------------------------------------------------

    def connected(self) -> None:
        """A port is open: greet whoever is there."""
        self._decoder = FrameDecoder()
        self._output.clear()
        self._greet()

    def disconnected(self, reason: str) -> None:
        """The port is gone."""
        self._lose(reason)
        self._state = _State.LOST
        self._output.clear()

    def _greet(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._state = _State.GREETING
        self._attached = self._start = None
        self._strangers = None
        self._unacknowledged.clear()
        self._heard_ns = now_ns
        self._ask(now_ns)

    def _lose(self, reason: str) -> None:
        """Say that nobody is there; the same reason again is no news until a controller has answered."""
        self._attached = self._start = None
        self._unacknowledged.clear()
        if reason != self._told:
            self._told = reason
            self._events.append(ports.Detached(reason))

    def _lose_and_greet(self, reason: str) -> None:
        self._lose(reason)
        self._greet()

    # --- what the owner wants -------------------------------------------------------------------------------

    def start(self, epoch: int, after: ports.Attached) -> None:
        """Begin an epoch, if the controller still stands where `after` says; no effect if it is gone meanwhile."""
        if self._state is not _State.ATTACHED or self._attached is None or _attached(self._attached) != after:
            return
        self._state = _State.STARTING
        self._start = m.Start(
            epoch=epoch,
            station=self._settings.station,
            boot=after.boot,
            from_epoch=after.epoch,
            from_count=after.count,
            travel_us=self._settings.travel_us,
            travel_counts=self._settings.travel_counts,
            watchdog_ms=self._settings.watchdog_ms,
            min_gap_us=self._settings.min_gap_us,
            min_gap_counts=self._settings.min_gap_counts,
        )
        self._ask(self._clock.monotonic_ns())

    def send(self, part: PartId, decision: Decision) -> None:
        """Command a part of the running epoch. Raises SessionOver in any other state."""
        if self._state is not _State.RUNNING or self._start is None or part.epoch != self._start.epoch:
            raise SessionOver(f"no command can be sent for part {part}: its session with the controller is over")
        self._seq += 1
        verdict = m.Verdict(part.epoch, part.number, self._seq, _COMMANDS[decision])
        self._unacknowledged[part] = _Unacknowledged(verdict, self._clock.monotonic_ns() + RESEND_NS)
        self._send(verdict)

    def confirm(self, part: PartId) -> None:
        """The outcome is on record."""
        if self._state is not _State.LOST:
            self._send(m.Confirm(part.epoch, part.number))

    def beat(self) -> None:
        """The part path has gone round."""
        self._progress = (self._progress + 1) % (m.U32_MAX + 1)

    def show(self, outputs: GateOutputs) -> None:
        """Have these driven while a session runs; at once when it is something else than before."""
        permit = m.Outputs.RUN_PERMIT if outputs.run_permit else m.Outputs(0)
        before, self._outputs = self._outputs, permit | _LIGHTS[outputs.light]
        if self._state is _State.RUNNING and self._outputs != before:
            self._send_beat(self._clock.monotonic_ns())

    def stop(self) -> None:
        """End the session for good; everything diverts. Outcomes of parts on the belt are still taken."""
        if self._state is not _State.LOST:
            self._state = _State.STOPPING
            self._unacknowledged.clear()
            self._ask(self._clock.monotonic_ns())

    def tick(self) -> None:
        """Let time pass: beats, repetitions, and the question whether anybody is there."""
        now_ns = self._clock.monotonic_ns()
        if self._state is _State.LOST:
            return
        if self._state is not _State.STOPPING and now_ns - self._heard_ns > SILENCE_NS:
            self._lose_and_greet(f"no answer for {SILENCE_NS / 1e9:g} s; check its power and its cable")
        if self._state in (_State.GREETING, _State.STARTING, _State.STOPPING) and now_ns >= self._ask_ns:
            self._ask(now_ns)
        if self._state is _State.RUNNING and self._start is not None:
            if now_ns >= self._beat_ns:
                self._send_beat(now_ns)
            self._resend(now_ns)

    def _send_beat(self, now_ns: int) -> None:
        if self._start is not None:
            self._beat_ns = now_ns + BEAT_NS
            self._send(m.Beat(self._start.epoch, self._progress, self._outputs))

    def _ask(self, now_ns: int) -> None:
        self._ask_ns = now_ns + ASK_AGAIN_NS
        if self._state is not _State.STOPPING:
            self._send(self._start or m.Hello(self._settings.station))
        elif self._start is not None:
            self._send(m.Stop(self._start.epoch))

    def _resend(self, now_ns: int) -> None:
        for part, waiting in list(self._unacknowledged.items()):
            if now_ns < waiting.due_ns:
                continue
            if waiting.resends == 0:
                del self._unacknowledged[part]  # its outcome will tell
                continue
            waiting.resends -= 1
            waiting.due_ns = now_ns + RESEND_NS
            self._send(waiting.verdict)

    def _send(self, message: m.Message) -> None:
        self._output += encode_frame(m.encode(message))

    # --- what the controller says ---------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes from the line. Garbage changes nothing."""
        for payload in self._decoder.feed(data):
            message = m.decode(payload)
            if message is not None and self._state is not _State.LOST:
                self._take(message)

    def _take(self, message: m.Message) -> None:
        if isinstance(message, m.Welcome):
            self._heard_ns = self._clock.monotonic_ns()
            self._take_welcome(message)
            return
        if self._state is _State.GREETING or self._attached is None:
            return  # said to whoever was here before us
        self._heard_ns = self._clock.monotonic_ns()
        match message:
            case m.Started():
                self._take_started(message)
            case m.Heartbeat():
                self._take_heartbeat(message)
            case m.Trigger():
                self._take_trigger(message)
            case m.Ack():
                self._take_ack(message)
            case m.Outcome():
                self._take_outcome(message)
            case _:
                pass  # a station's message: our own echo on a line without a controller

    def _take_welcome(self, welcome: m.Welcome) -> None:
        if self._state is _State.STOPPING:
            return
        if self._state is _State.RUNNING:
            # It was greeted by somebody else, or it answers a Start that it took for another's.
            self._lose_and_greet(_TAKEN)
            return
        if welcome == self._attached:
            return  # the answer to a Hello that we had repeated
        self._state = _State.ATTACHED
        self._attached, self._start = welcome, None
        self._told = None
        self._events.append(_attached(welcome))

    def _take_started(self, started: m.Started) -> None:
        asked = self._start
        if self._state is not _State.STARTING or asked is None:
            return
        if (started.boot, started.epoch) == (asked.boot, asked.epoch):
            self._state = _State.RUNNING
            self._seq = 0
            self._beat_ns = self._clock.monotonic_ns()
            self._events.append(ports.Started(started.epoch))

    def _take_heartbeat(self, beat: m.Heartbeat) -> None:
        if beat.inputs != self._inputs:
            self._inputs = beat.inputs
            self._events.append(
                ports.Inputs(GateInputs(**{name: bool(beat.inputs & bit) for name, bit in m.INPUTS.items()}))
            )
        self._tell_strangers(beat)
        if self._state is _State.STOPPING:
            if beat.session is not m.Session.RUNNING:
                self._start = None  # heeded
            self._tell_belt(beat)
            return
        if self._attached is not None and beat.boot != self._attached.boot:
            self._lose_and_greet("it was restarted")
            return
        if self._state is not _State.RUNNING or self._start is None:
            return
        if beat.session is m.Session.WATCHDOG and beat.epoch == self._start.epoch:
            self._lose_and_greet(f"it saw no progress of this station for {self._settings.watchdog_ms} ms")
        elif beat.session is not m.Session.RUNNING or beat.epoch != self._start.epoch:
            self._lose_and_greet(_TAKEN)
        else:
            self._tell_belt(beat)

    def _tell_strangers(self, beat: m.Heartbeat) -> None:
        """When the count is known, and whenever it changes; where there is a sensor that sees them."""
        attached = self._attached
        if attached is None or beat.boot != attached.boot or not attached.capabilities & m.Can.SEE_AT_GATE:
            return
        if beat.strangers != self._strangers:
            self._strangers = beat.strangers
            self._events.append(ports.Strangers(beat.boot, beat.strangers))

    def _tell_belt(self, beat: m.Heartbeat) -> None:
        if self._settings.travel_counts and self._attached is not None and beat.boot == self._attached.boot:
            self._events.append(ports.BeltAt(beat.encoder))

    def _take_trigger(self, trigger: m.Trigger) -> None:
        if self._state not in (_State.RUNNING, _State.STOPPING):
            return
        self._events.append(
            ports.Triggered(
                Trigger(
                    part=PartId(trigger.epoch, trigger.number),
                    monotonic_ns=self._ago_ns(trigger.age_us),
                    utc=self._clock.utc() - timedelta(microseconds=trigger.age_us),
                    encoder_counts=trigger.encoder,
                )
            )
        )

    def _take_ack(self, ack: m.Ack) -> None:
        waiting = self._unacknowledged.get((ack.epoch, ack.number))
        if self._state is not _State.RUNNING or waiting is None or waiting.verdict.seq != ack.seq:
            return  # a repetition, or of a command that was replaced
        del self._unacknowledged[ack.epoch, ack.number]
        self._events.append(
            ports.Acknowledged(
                part=PartId(ack.epoch, ack.number),
                decision=_DECISIONS[ack.command],
                accepted=ack.status is m.Status.ACCEPTED,
                reason=_word(ack.status),
                monotonic_ns=self._clock.monotonic_ns(),
            )
        )

    def _take_outcome(self, outcome: m.Outcome) -> None:
        # The gate did what it should, but the part was not there, or stood in it when it closed: where it is, and which
        # way it goes, nobody knows.
        not_seen = outcome.reason is m.Reason.NOT_SEEN
        nobody_knows = not_seen or outcome.reason is m.Reason.CLOSED_ON
        passed = outcome.result is m.Result.PASSED
        kind = OutcomeKind.PASSED if passed else OutcomeKind.DIVERTED
        self._events.append(
            ports.Resolved(
                part=PartId(outcome.epoch, outcome.number),
                outcome=Outcome(
                    kind=OutcomeKind.UNKNOWN if nobody_knows else kind,
                    commanded=outcome.reason is m.Reason.COMMANDED or (not_seen and passed),
                    confirmed=_CONFIRMED[outcome.confirmation],
                    reason=_word(outcome.reason),
                ),
                monotonic_ns=self._ago_ns(outcome.age_us),
            )
        )

    def _ago_ns(self, age_us: int) -> int:
        return self._clock.monotonic_ns() - age_us * 1000


def _attached(welcome: m.Welcome) -> ports.Attached:
    has = frozenset(has for bit, has in _CAPABILITIES.items() if welcome.capabilities & bit)
    return ports.Attached(welcome.boot, welcome.epoch, welcome.count, welcome.station, has)


def _word(value: m.Status | m.Reason) -> str:
    """As it is written to the log: `no-command`."""
    return value.name.lower().replace("_", "-")
