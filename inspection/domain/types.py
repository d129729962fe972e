"""The frozen types a part passes through, one a stage: Trigger, Frame, Verdict, Decision, Outcome.

Monotonic times are `int` nanoseconds of the station's own clock; wall times are UTC `datetime`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]

UNLIKE_GOOD_PARTS = "unlike good parts"
"""The name of the score that says how far a part is from good ones, without a word: beside those of descriptions."""

LIKE_BAD_PARTS = "like bad parts"
"""The name of the score that tells parts like those labelled bad from those like the good ones, by the words too."""

OF_NO_DESCRIPTION = (UNLIKE_GOOD_PARTS, LIKE_BAD_PARTS)


class PartId(NamedTuple):
    """A part's number. `epoch` changes with every restart of station or controller; `number` counts from 1."""

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"


class VerdictKind(StrEnum):
    """What the machine judged. Only PASS can let a part through."""

    PASS = "PASS"
    REJECT = "REJECT"
    REVIEW = "REVIEW"
    UNJUDGED = "UNJUDGED"


class Cause(StrEnum):
    """Why a part is UNJUDGED."""

    STATION_DOWN = "station-down"  # the controller counted it while no station was attached
    STORE_DOWN = "store-down"  # the journal or the evidence could not be written
    TRIGGER_LOST = "trigger-lost"  # its number was skipped on the wire
    CAMERA_TIMEOUT = "camera-timeout"
    CAMERA_FAULT = "camera-fault"
    FRAME_DARK = "frame-dark"
    FRAME_CLIPPED = "frame-clipped"
    FRAME_FROZEN = "frame-frozen"  # the camera gives the same picture again and again
    FRAME_SIZE = "frame-size"
    FRAME_MISALIGNED = "frame-misaligned"  # the part does not lie where the recipe's template has it, or near
    NOT_THE_PART = "not-the-part"  # no part, or another one, is on the frame: as a whole it is like no good part
    SCORER_FAULT = "scorer-fault"
    LATE = "late"  # judged after the moment its PASS had to be on the wire
    QUEUE_FULL = "queue-full"  # more parts waited than the line can judge in time
    LINK_DOWN = "link-down"  # the gate link was lost between trigger and verdict
    INTERRUPTED = "interrupted"  # the station died between trigger and verdict
    FAULT_LATCHED = "fault-latched"  # it would have passed, but a fault stands that a person must clear first
    HELD = "held"  # it would have passed, but an alarm that goes by itself stands against it, or the belt is purged
    CHALLENGE_DUE = "challenge-due"  # known parts must first have been judged and ejected as they should be
    PAUSED = "paused"  # a person has paused the line, or it was on the belt when the line went on
    STOPPING = "stopping"  # the line was being stopped
    MONITOR = "monitor"  # monitor mode: the verdict is a shadow only


class OutcomeKind(StrEnum):
    """What became of the part at the gate, as far as is known."""

    PASSED = "PASSED"
    DIVERTED = "DIVERTED"
    UNKNOWN = "UNKNOWN"  # commanded, but nobody said what happened: an alarm, not a guess
    UNCONTROLLED = "UNCONTROLLED"  # a dry gate: nothing could be diverted


class Decision(StrEnum):
    """What the gate is told."""

    PASS = "PASS"
    DIVERT = "DIVERT"
    REVIEW = "REVIEW"  # out by the lane of a person who looks again; a gate without one diverts


class Capability(StrEnum):
    """What a gate controller has; it says so when it is greeted."""

    EJECT_SENSOR = "eject sensor"
    GATE_SENSOR = "part sensor at the gate"
    RUN_PERMIT = "run permit"  # an output without which the line stands; the controller drops it with the session
    STACK_LIGHT = "stack light"
    REVIEW_LANE = "review lane"
    PERMIT_FAILS_SAFE = "run permit that falls when the controller dies"


class Light(StrEnum):
    """The stack light: one of them is on."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class GateOutputs:
    """Outputs of the gate controller that are not the gate."""

    run_permit: bool
    light: Light


class RunState(StrEnum):
    """The one state of a running line. Its owner is `inspection.station.condition`."""

    STARTING = "starting"  # loading, or waiting for the gate controller
    RUNNING = "running"
    DEGRADED = "degraded"  # alive, diverting everything, says why
    PAUSED = "paused"
    STOPPING = "stopping"  # parts still to come are not judged
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A part passed the sensor."""

    part: PartId
    monotonic_ns: int
    utc: datetime
    encoder_counts: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The image of one part.

    `pixels` is RGB uint8 (H, W, 3). `source` names where it came from (a sample's relative path, a camera's
    frame id) and is written to the log; it is never read by the scorer.
    """

    pixels: Pixels
    utc: datetime
    source: str | None = None


class Box(NamedTuple):
    """A rectangle of a picture, in fractions of its width and height from 0 to 1."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """How well one description fits at each place: `values` float32 (h, w), in the unit of scores, higher = more like
    the defect. `box`: what of the picture they cover, in equal cells."""

    values: npt.NDArray[np.float32]
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Where on its picture the description that decided fits best; `heat_map` None of a model that makes none."""

    region: Box
    heat_map: HeatMap | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was judged of one part, and on which evidence.

    `description` is the one that decided: for REJECT, of those over their thresholds (and beyond the review band), for
    REVIEW, of those in the band, the one that rose most above its mean over good parts; for PASS the nearest to its
    own threshold. `margin` is its score minus its threshold, in standard deviations of good parts: positive rejects,
    but for the review band. `cause` is set exactly when the kind is UNJUDGED.
    """

    kind: VerdictKind
    scores: Mapping[str, float] = field(default_factory=dict)
    description: str | None = None
    margin: float | None = None
    cause: Cause | None = None
    detail: str | None = None
    shadow: VerdictKind | None = None  # what it would have been, in monitor mode
    embedding: Vectors | None = field(default=None, compare=False, repr=False)
    """Of its picture, (D,) and of unit length; None where there is none."""

    def __post_init__(self) -> None:
        if (self.kind is VerdictKind.UNJUDGED) != (self.cause is not None):
            raise ValueError("a cause belongs to UNJUDGED and to nothing else")

    @property
    def decision(self) -> Decision:
        """PASS for a PASS; everything else diverts."""
        return Decision.PASS if self.kind is VerdictKind.PASS else Decision.DIVERT


NOT_SEEN = "not-seen"
"""`Outcome.reason` of a part that the sensor at the gate did not see when it was due."""
CLOSED_ON = "closed-on"
"""`Outcome.reason` of a part that the gate was open for, and closed on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the part at the gate.

    `commanded`: the controller acted on a verdict of ours; False: it defaulted (no verdict, late, watchdog).
    `confirmed`: the eject sensor agreed (True) or disagreed (False); None where there is no such sensor.
    `reported`: the controller said so; False: it follows from a rule (a part that was never sent a PASS is
    diverted by a controller that diverts by default).
    """

    kind: OutcomeKind
    commanded: bool
    confirmed: bool | None = None
    reported: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PartContext:
    """What a part was made and judged under. Fixed at its trigger: a change is for new triggers only."""

    line: str
    station: str
    recipe: str
    recipe_id: str
    calibration_id: str | None
    model_id: str
    code_version: str
    thresholds: Mapping[str, float] = field(default_factory=dict)  # raw score a description rejects above
    lot: str | None = None
    shift: str | None = None
    review_below: float | None = None  # the review band, in standard deviations of good parts; None: no band
    review_above: float | None = None
    challenge: str | None = None  # the challenge run that it belongs to; such a part is not of the production


class Reaction(StrEnum):
    """What stands while an alarm stands, mildest first."""

    ALARM = "alarm"  # nothing more
    DIVERT = "divert"  # everything diverts
    STOP = "stop"  # everything diverts, and the line is asked to stop: the run permit is taken away

    @property
    def severity(self) -> int:
        return list(Reaction).index(self)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must know. `key` is stable, `text` says what, where and what to do.

    `reaction`: where it is not said, a latched alarm diverts and another one does not. `cause`: of the parts that it
    keeps from passing; of one that latches always FAULT_LATCHED.
    """

    key: str
    text: str
    latched: bool = False
    reaction: Reaction = None  # type: ignore[assignment]  # set below
    cause: Cause = Cause.HELD

    def __post_init__(self) -> None:
        object.__setattr__(self, "reaction", self.reaction or (Reaction.DIVERT if self.latched else Reaction.ALARM))
        if self.latched:
            object.__setattr__(self, "cause", Cause.FAULT_LATCHED)


MAY_BE_PUT_ASIDE = frozenset({"drift"})
"""Keys of alarms that go by themselves, and that a named person who has seen them may put aside before."""


@dataclass(frozen=True, slots=True)
class GateInputs:
    """Discrete inputs of the gate controller; None where it has no such sensor."""

    emergency_stop: bool = False
    guard_open: bool = False
    bin_full: bool = False
    air_low: bool = False
