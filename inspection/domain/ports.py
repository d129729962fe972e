"""The seams of the station. Every device and store implements one of these; `inspection.station` knows no more.

Every port has a small real fake in `tests/fakes/`, driven by a script, that behaves and fails like the thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np

from inspection.domain.types import (
    Alarm,
    Capability,
    Decision,
    Frame,
    GateInputs,
    GateOutputs,
    Outcome,
    OutcomeKind,
    PartContext,
    PartId,
    Pixels,
    Trigger,
    Vectors,
    Verdict,
    VerdictKind,
)


class Clock(Protocol):
    """Time as an argument. Tests advance a manual one; nothing sleeps to wait for luck."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back; only differences mean anything."""

    def utc(self) -> datetime:
        """Aware UTC wall time, for the log; may step."""


class Camera(Protocol):
    """A source of one frame a trigger."""

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        """The frame of this part. Blocks at most `timeout_s`.

        Raises CameraTimeout when none came in time, CameraError when the one that came cannot be used.
        """

    def close(self) -> None: ...


class Backbone(Protocol):
    """A frozen model that sees, and need not read: what transfer learning trains a head on."""

    @property
    def fingerprint(self) -> Mapping[str, str]:
        """At least `model`, `weights` and `preprocessing`."""

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        """RGB uint8 (H, W, 3) each -> float32 (n, F), of any length. Raises ScoringError if not finite."""


class TextEncoder(Protocol):
    """What reads phrases."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Phrases -> float32 (n, D), unit length. Raises ScoringError if not finite, ModelError where the tokenizer is
        of another model."""


class Encoder(TextEncoder, Protocol):
    """A CLIP-like model: pictures and phrases in one space."""

    @property
    def logit_scale(self) -> float: ...

    @property
    def fingerprint(self) -> Mapping[str, str]:
        """What a calibration must agree with: `model`, `weights`, `architecture`, `runtime`, `preprocessing`,
        `text_processing`; and `tuning`, the record by which another runtime than torch in float32 was chosen."""

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        """RGB uint8 (H, W, 3) each -> float32 (n, D), unit length. Raises ScoringError if not finite."""


@runtime_checkable
class DenseEncoder(Encoder, Protocol):
    """One that can also tell for every place of a picture what is there."""

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        """RGB uint8 (H, W, 3) each -> float32 (n, h, w, D), unit length over D, in the space of the phrases.

        Raises ModelError where the model has no such map.
        """


@runtime_checkable
class PlacesEncoder(Encoder, Protocol):
    """One that can also tell what each place of a picture looks like, before anything is made of it in words."""

    def embed_with_places(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        """RGB uint8 (H, W, 3) each -> what `embed_images` makes of them, and float32 (n, h, w, C), not of unit length,
        which it passes on its way there: both for the time of one.

        Raises ScoringError as `embed_images`, whatever the places are; ModelError where the model has no such map.
        """


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model reads a phrase. `pieces`: of each word, in how many its tokenizer has it; 0: it does not know it.

    `cut`: the end of the phrase that the model no longer reads; empty where it reads all of it.
    """

    pieces: tuple[tuple[str, int], ...]
    cut: str


@runtime_checkable
class ReadingEncoder(Encoder, Protocol):
    """One that can also tell how it reads a phrase."""

    def read_phrases(self, texts: Sequence[str]) -> list[Reading]: ...


@runtime_checkable
class RebuildableEncoder(Encoder, Protocol):
    """One whose architecture can be had untrained: a control for what its training is worth."""

    def with_random_weights(self, seed: int) -> Encoder:
        """The same architecture, preprocessing and tokenizer with random weights; the same seed gives the same ones."""


# --- gate ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attached:
    """A controller answered. It diverts everything until `Gate.start`; it has counted `count` parts since
    `epoch` began (epoch 0: since it was powered up, with no station; `boot` tells one power-up from another).
    `station`: whose epoch it is, as `Journal.station_id`; 0 with epoch 0.
    """

    boot: int
    epoch: int
    count: int
    station: int
    capabilities: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class Started:
    """The controller took the new epoch: its next part is number 1."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Triggered:
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The controller has our command for this part. `accepted` False: `reason` says why (late, unknown …)."""

    part: PartId
    decision: Decision
    accepted: bool
    reason: str
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """A part went past the gate. Repeated by the controller until `Gate.confirm`."""

    part: PartId
    outcome: Outcome
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Inputs:
    inputs: GateInputs


@dataclass(frozen=True, slots=True)
class Strangers:
    """So many parts since its power-up the controller saw at the gate that no part of its belt could be: something
    was put on behind the part sensor, or a part slipped. Told whenever the count changes."""

    boot: int
    count: int


@dataclass(frozen=True, slots=True)
class Detached:
    """The link is gone (unplugged, silent, controller restarted). Everything diverts; the link retries."""

    reason: str


@dataclass(frozen=True, slots=True)
class SensorFault:
    """No part can be seen, or one has no way on, and why; None: all is well again.

    `is_blind` False: it sees again, and what it lost diverts, as does what that was close to.
    """

    why: str | None
    is_blind: bool = True


@dataclass(frozen=True, slots=True)
class BeltAt:
    """Where the belt is, by its encoder: told again and again where parts are tracked by it."""

    encoder_counts: int


GateEvent = (
    Attached | Started | Triggered | Acknowledged | Resolved | Inputs | Strangers | Detached | SensorFault | BeltAt
)


class Gate(Protocol):
    """The reject actuator, its controller, and the part sensor that numbers the parts."""

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        """What happened since the last call, in order; waits at most `timeout_s` for the first.

        Never raises for a link fault: that is a `Detached` event, and the link is retried from then on.
        """

    def start(self, epoch: int, after: Attached) -> None:
        """Begin `epoch`, provided that the controller still stands where `after` says.

        Answered by `Started`, or by a new `Attached` when more parts were counted meanwhile.
        """

    def send(self, part: PartId, decision: Decision) -> None:
        """Command one part; returns once the bytes are handed to the link.

        Raises SessionOver when nothing was sent, GateError when nobody knows whether it was.
        """

    def confirm(self, part: PartId) -> None:
        """The outcome of this part is on record; the controller may forget it."""

    def show(self, outputs: GateOutputs) -> None:
        """Set the outputs that are not the gate, where it has them.

        Whatever was set, the controller itself drops the run permit and shows red when the session ends.
        """

    def beat(self) -> None:
        """The part path has gone round once. Heartbeats carry the count; when it stands still PASSes are dropped."""

    def stop(self) -> None:
        """End the epoch: the controller drops every PASS. Outcomes of parts on the belt still come; parts that come
        later are counted, and told at the next attachment."""

    def close(self) -> None:
        """Stop, if that has not been done, and let go of the link."""


class PartSensor(Protocol):
    """What sees the parts of a line whose gate is dry. Called from one thread."""

    @property
    def parts_wait(self) -> bool:
        """Parts stay where they are until a session is there to number them; others go by uncounted."""

    @property
    def fault(self) -> str | None:
        """Why no part can be seen now, or which has no way on."""

    def begin(self) -> None:
        """A session begins: of what was numbered before it, nothing more comes on record."""

    def next_part(self, part: PartId) -> int | None:
        """Give the next part this number: how many nanoseconds ago it came. None if there is none now."""

    def recorded(self, part: PartId) -> None:
        """What became of this part is on record."""

    def wait_s(self) -> float:
        """How long until it is worth asking again."""


# --- stores -------------------------------------------------------------------------------------------------


IMAGE_WAITS = ""
"""In the place of an image's path: it is not written yet."""


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """A verdict as it is journaled: before it is sent, with what it was judged on.

    `image_path`: IMAGE_WAITS where its image is on its way to the disk; the journal learns the path when it is there.
    """

    part: PartId
    verdict: Verdict
    frame_utc: datetime | None
    verdict_utc: datetime
    source: str | None
    image_path: str | None
    latency_ms: Mapping[str, float]


class Journal(Protocol):
    """The record of parts that are not yet in the log. Every method is durable when it returns, as the line's
    `durability` says, and raises StoreError (nothing written) when it cannot be.
    """

    @property
    def station_id(self) -> int:
        """1 to 2**32 - 1, drawn once when the journal was made: tells its epochs from those of another one."""

    def new_epoch(self, boot: int | None = None) -> int:
        """Allocate the next epoch. With `boot`: the one that belongs to the parts which this power-up of the
        controller counted before any station attached; the same one each time it is asked."""

    def high_water(self, epoch: int) -> int:
        """The highest number recorded in this epoch, sealed or not; 0 if none."""

    def record_triggers(self, triggers: Sequence[Trigger], context: PartContext) -> None:
        """Journal parts that are about to be judged; their numbers follow the high-water mark without a gap."""

    def record_gap(
        self, epoch: int, numbers: range, verdict: Verdict, utc: datetime, context: PartContext, outcome: Outcome | None
    ) -> None:
        """Journal parts that nobody saw: UNJUDGED with its cause, one row a number. Same rule for the numbers."""

    def record_verdicts(self, parts: Sequence[JudgedPart]) -> None:
        """Journal verdicts of triggered parts. A PASS must not be sent before this returns."""

    def record_acks(self, acks: Sequence[Acknowledged], latencies_ms: Sequence[float | None]) -> None:
        """Journal what the controller answered to our commands."""

    def record_outcome(self, part: PartId, outcome: Outcome, utc: datetime | None, alarm: Alarm | None = None) -> bool:
        """Close a part. False, and the part is not changed, if it is closed already or not known.

        `alarm` is latched in the same transaction, in either case.
        """

    def outcome_of(self, part: PartId) -> OutcomeKind | None:
        """How a part was closed; None if it is open, not known, or in the log by now."""

    def open_parts(self) -> Sequence[OpenPart]:
        """Parts without a verdict or an outcome, oldest first: what a restarted station must close."""

    def record_event(self, kind: str, text: str, utc: datetime, data: Mapping[str, object] | None = None) -> None:
        """Append to the event log."""

    def last_event(self, kind: str) -> Mapping[str, object] | None:
        """The data of the newest event of this kind; None if there is none."""

    def latch(self, alarm: Alarm, utc: datetime, *, anew: bool = False) -> None:
        """Keep an alarm that stands until a person clears it, whoever restarts. One a key; the first time counts,
        and the most severe reaction. `anew`: a person has cleared the one before."""

    def unlatch(self, key: str) -> None:
        """A person has cleared it."""

    def latched(self) -> Sequence[tuple[Alarm, datetime]]:
        """Alarms that stand, and since when."""


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part without an outcome, or without a verdict (`verdict` None: it was triggered and never judged)."""

    part: PartId
    verdict: VerdictKind | None
    has_outcome: bool = False


class Evidence(Protocol):
    """Where images of parts are kept. Offered on the part path, written off it, through a bounded queue."""

    def offer(self, part: PartId, frame: Frame, verdict: Verdict) -> bool:
        """Take a frame to be written. False when the queue is full: the part must not pass."""

    def drain(self) -> int:
        """Write what is waiting, for a moment, and name it in the journal; how many, 0 where nothing waits. Raises
        StoreError when one cannot be written (it stays in line)."""


class Embeddings(Protocol):
    """Where embeddings of parts are kept, as long as there is room: no promise, and no part depends on it."""

    def offer(self, part: PartId, trigger_utc: datetime, embedding: Vectors) -> None:
        """Take one, (D,) and of unit length, to be written; or leave it, when too many wait. Called on the part path:
        never blocks, never raises."""

    def drain(self, *, everything: bool = False) -> None:
        """Write what is due (or all of it). What was left is counted and told in an event. Never raises."""


class Log(Protocol):
    """The Parquet log that the journal is sealed into."""

    def seal(self, *, everything: bool = False) -> int:
        """Move closed parts that are due (or all of them) from the journal to the log; how many. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class MergerState:
    """`ended`: why it does not run any more, in words; None while it does. `is_well`: since it was started it has come
    to where nothing is left to be done. `progress`: how often it told since then that it got on."""

    ended: str | None
    is_well: bool
    progress: int


class Merger(Protocol):
    """What merges the log's short files beside the station: a process of its own. Used by one thread; never raises."""

    def start(self) -> None:
        """Start it, for the first time or after it has ended."""

    def state(self) -> MergerState: ...

    def close(self, *, hangs: bool = False) -> None:
        """End it, wherever it is; some seconds at most. `hangs`: it is not waited for to end by itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks of a running line. `kind` acknowledge: clear the alarm `subject`; pause: let nothing pass,
    for the reason `subject`; resume: go on; challenge, challenge-abort: begin or abort a challenge run, whose word
    `subject` is. `by`: the person.

    `seen`: the text of the alarm or of the pause as the person saw it; None if that is not known.
    """

    kind: str
    subject: str
    by: str
    seen: str | None = None


class Inbox(Protocol):
    """Requests left for the line, each handed out once."""

    def take(self) -> Sequence[Request]:
        """What was asked since the last time. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """What is left of the machine, in bytes; None where that cannot be told."""

    disk_free: int | None
    memory_free: int | None
    memory_used: int | None
    """By this process."""


class Machine(Protocol):
    """The computer that the station runs on."""

    def measure(self) -> MachineFigures:
        """Never raises. May take long where a disk hangs: not for a part's path."""


class StatusBoard(Protocol):
    """What the dashboard sees of the running line."""

    def publish(self, status: Mapping[str, object], picture: Frame | None) -> None:
        """Replace the status, and the live picture when there is a new one. Raises StoreError."""


def check_pixels(pixels: Pixels) -> Pixels:
    """Return RGB uint8 (H, W, 3) unchanged, or raise ValueError saying what it is instead."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"expected RGB uint8 (H, W, 3), got {pixels.dtype} {pixels.shape}")
    return pixels
