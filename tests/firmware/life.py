"""What may happen to a controller, as hypothesis draws it, and the script that it makes."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from benchmarks.replay import Reference, Script
from inspection.wire import messages as m
from inspection.wire.framing import encode_frame
from inspection.wire.riding import NOWHERE, Reach

BOOT, POWER_UP_US = 5, 2_000_000
MAX_PARTS = 120  # fewer than the core notes: beyond that it tells no outcome, and the reference does
MAX_AGE_US = 50_000

times_us = st.one_of(
    st.sampled_from((0, 1, 1_000, 9_999, 10_000, 99_999, 100_000, 250_000, m.U32_MAX)), st.integers(0, 700_000)
)
travels_us = st.sampled_from((0, 1_000, 100_000, 100_000, 300_000, 2_000_000, m.U32_MAX))
gaps_us = st.sampled_from((0, 0, 1, 10_000, m.U32_MAX))
travels_counts = st.sampled_from((0, 0, 1, 1_000, 1_000, 5_000, 2**31 - 1, m.U32_MAX))
gaps_counts = st.sampled_from((0, 0, 1, 100, m.U32_MAX))
reaches = st.builds(
    Reach, st.sampled_from((0, 1, 5_000, 60_000, m.U32_MAX)), st.sampled_from((0, 1, 50, 500, m.U32_MAX))
)
stalls_us = st.sampled_from((0, 1, 5_000, 100_000, 500_000, m.U32_MAX))
moves = st.one_of(st.sampled_from((-1, 1, 99, 100, 999, 1_000, 2**31 - 1, -(2**31))), st.integers(-300, 2_000))


class Part(NamedTuple):
    """At the sensor."""

    age_us: int


class Wait(NamedTuple):
    """Time passes; the controller looks at the end, or not."""

    us: int
    looks: bool


class Move(NamedTuple):
    """The belt, by so many counts of its encoder."""

    counts: int


class Begin(NamedTuple):
    """HELLO, perhaps, and START of an epoch, from where the controller stands or beside it."""

    hello: bool
    epoch: int
    station: int
    beside: int
    travel_us: int
    watchdog_ms: int
    min_gap_us: int
    twice: bool
    travel_counts: int = 0
    min_gap_counts: int = 0


class Command(NamedTuple):
    """A VERDICT for the part that came so many before the last."""

    back: int
    command: m.Command
    seq: int
    other_epoch: int


class Beat(NamedTuple):
    progress: int
    outputs: int = 0


class AtGate(NamedTuple):
    """Something comes by the part sensor there."""

    age_us: int


class Falls(NamedTuple):
    """Something, into the bin."""


class Confirm(NamedTuple):
    """Of the part that came so many before the last."""

    back: int


class Say(NamedTuple):
    message: m.Message


class Noise(NamedTuple):
    data: bytes


class Damage(NamedTuple):
    """A frame with one byte changed, or cut off."""

    message: m.Message
    at: int
    flip: int


class Inputs(NamedTuple):
    bits: int


Event = Part | Wait | Move | Begin | Command | Beat | Confirm | Say | Noise | Damage | Inputs | AtGate | Falls

_small = st.integers(0, 3)
_outputs = st.integers(0, 15)
_said = st.one_of(
    st.builds(m.Hello, st.sampled_from((0, 1, 2))),
    st.builds(m.Stop, _small),
    st.builds(m.Confirm, _small, _small),
    st.builds(m.Verdict, _small, _small, _small, st.sampled_from(m.Command)),
    st.builds(m.Started, st.just(BOOT), _small),
)
_commands = st.builds(
    Command,
    st.integers(-1, 4),
    st.sampled_from((m.Command.PASS, m.Command.PASS, m.Command.PASS, m.Command.DIVERT)),
    st.sampled_from((0, 1, 1, 2, m.U32_MAX)),
    st.sampled_from((0, 0, 0, 0, 1)),
)
_last = st.builds(Command, st.just(0), st.sampled_from(m.Command), st.integers(0, 2), st.just(0))
_begins = st.builds(
    Begin,
    st.booleans(),
    st.integers(0, 4),
    st.sampled_from((1, 1, 1, 2)),
    st.sampled_from((0, 0, 0, 0, 0, 1)),
    travels_us,
    st.sampled_from((0, 50, 500, 500, 2000, 2**16 - 1)),
    gaps_us,
    st.booleans(),
    travels_counts,
    gaps_counts,
)
_begins_well = st.builds(
    Begin,
    st.booleans(),
    st.integers(0, 4),
    st.just(1),
    st.just(0),
    travels_us,
    st.just(500),
    st.just(0),
    st.just(False),
    travels_counts,
    gaps_counts,
)
_parts = st.builds(Part, st.one_of(st.just(0), st.integers(0, MAX_AGE_US)))
_waits = st.builds(Wait, times_us, st.booleans())
_beats = st.builds(Beat, st.integers(0, 1), _outputs)
_pauses = st.builds(Wait, st.integers(0, 499_999), st.booleans())
_watched = st.tuples(_begins_well, _pauses, _beats, _parts, _last, _pauses)
events = st.lists(
    st.one_of(
        _parts,
        _waits,
        _commands,
        _begins,
        st.builds(Move, moves),
        st.builds(Beat, st.integers(0, 3), _outputs),
        st.builds(AtGate, st.sampled_from((0, 0, 1, 4_999, 5_000, 20_000))),
        st.builds(Falls),
        st.builds(Confirm, st.integers(-1, 4)),
        st.builds(Say, _said),
        st.builds(Noise, st.binary(max_size=80)),
        st.builds(Damage, _said, st.integers(0, 60), st.integers(0, 255)),
        st.builds(Inputs, st.integers(0, 255)),
        # What a belt is most of the time: a part, its command, and the way to the gate.
        st.tuples(_parts, st.builds(Beat, st.integers(0, 99), _outputs), _commands, _waits),
        st.tuples(_parts, _last, _last, _waits),
        st.tuples(st.builds(Move, moves), _parts, _last, st.builds(Move, moves), _waits),
        st.tuples(_watched, _watched),
        st.tuples(_begins, st.integers(1, 80).map(lambda parts: (Part(0),) * parts)),
    ),
    max_size=40,
)


class Life:
    """A script in the making, and the reference that goes along with it, to know where it stands."""

    def __init__(
        self, *, capabilities: int = 0, opens: Reach = NOWHERE, falls: Reach = NOWHERE, stall_us: int = 0
    ) -> None:
        self.script = b""
        self.reference = Reference()
        self.expected = b""
        self._parts = 0
        script = Script()
        script.power_up(BOOT, POWER_UP_US, capabilities=capabilities, opens=opens, falls=falls, stall_us=stall_us)
        script.wait(MAX_AGE_US)
        self._add(script)

    def _add(self, script: Script) -> None:
        self.script += bytes(script)
        self.expected = self.reference.play(bytes(script))

    def happens(self, event: Event | tuple[Any, ...]) -> None:
        """One event, or several in a tuple."""
        if type(event) is tuple:
            for each in event:
                self.happens(each)
            return
        script = Script()
        if isinstance(event, Part):
            if self._parts == MAX_PARTS:
                return
            self._parts += 1
        if isinstance(event, Begin | Command | Beat | Confirm | Say):
            script.say(*said_by(event, *self.reference.stands))
        else:
            _write(script, event)
        self._add(script)


def _write(script: Script, event: Part | Wait | Move | Noise | Damage | AtGate | Falls | Inputs) -> None:
    match event:
        case Part(age_us):
            script.sense(age_us)
        case Wait(us, looks):
            script.wait(us)
            if looks:
                script.tick()
        case Move(counts):
            script.move(counts)
        case Noise(data):
            script.receive(data)
        case Damage(message, at, flip):
            script.receive(_damaged(encode_frame(m.encode(message)), at, flip))
        case AtGate(age_us):
            script.at_gate(age_us)
        case Falls():
            script.falls()
        case Inputs(bits):
            script.set_inputs(bits)


def _damaged(frame: bytes, at: int, flip: int) -> bytes:
    at %= len(frame)
    return frame[:at] + bytes([frame[at] ^ flip]) + frame[at + 1 :] if flip else frame[:at]


def said_by(event: Begin | Command | Beat | Confirm | Say, epoch: int, count: int) -> list[m.Message]:
    """What a station says then to a controller that stands there."""
    match event:
        case Begin():
            begin = m.Start(
                event.epoch, event.station, BOOT, epoch, count + event.beside,
                event.travel_us, event.travel_counts, event.watchdog_ms, event.min_gap_us, event.min_gap_counts,
            )  # fmt: skip
            return [*[m.Hello(event.station)] * event.hello, *[begin] * (1 + event.twice)]
        case Command(back, command, seq, other):
            return [m.Verdict(epoch + other, max(0, count - back), seq, command)]
        case Beat(progress, outputs):
            return [m.Beat(epoch, progress, m.Outputs(outputs))]
        case Confirm(back):
            return [m.Confirm(epoch, max(0, count - back))]
        case Say(message):
            return [message]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A life that has been lived."""
    life = Life(
        capabilities=draw(st.integers(0, 63)), opens=draw(reaches), falls=draw(reaches), stall_us=draw(stalls_us)
    )
    if draw(st.booleans()):
        by_encoder = draw(travels_counts), draw(gaps_counts)
        life.happens(Begin(True, 4, 1, 0, draw(travels_us), 500, draw(gaps_us), False, *by_encoder))
    for event in draw(events):
        life.happens(event)
    return life


@st.composite
def crowds(draw: st.DrawFn) -> Life:
    """More parts than outcomes are kept of; some have a command, some are confirmed."""
    life = Life(
        capabilities=draw(st.sampled_from((0, m.Can.SEE_AT_GATE, m.Can.SEE_AT_GATE | m.Can.CONFIRM))),
        opens=draw(reaches),
        falls=draw(reaches),
    )
    life.happens(Begin(True, 4, 1, 0, draw(st.sampled_from((0, 100_000, 500_000))), 2**16 - 1, 0, False))
    for _ in range(draw(st.integers(60, MAX_PARTS))):
        life.happens(Part(0))
        for event in draw(st.sampled_from(((), (), (Command(0, m.Command.PASS, 1, 0),), (Confirm(3),)))):
            life.happens(event)
        life.happens(Wait(draw(st.sampled_from((0, 5_000, 20_000))), True))
    life.happens((Wait(500_000, True), Wait(250_000, True)))
    return life
