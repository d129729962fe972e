"""Everything that can go wrong, as one tree.

    InspectionError            a message for a person: what, where, what to do
    ├── ConfigError            a setting that cannot be used (exit code 2, before any device is opened)
    ├── ModelError             weights, tokenizer or processor cannot be had or do not fit
    │   └── HubUnreachable     … today: it may be had when tried again
    ├── ScoringError           no score, or none that is a number
    │   └── AlignmentError     … because the part was not found in its frame
    ├── CalibrationError       samples cannot support what was asked
    ├── CameraError            no usable frame
    │   └── CameraTimeout      … within the time a part has
    ├── GateError              the link to the gate controller or the controller itself
    │   └── SessionOver        … so that nothing was sent
    └── StoreError             the journal, the log or the evidence cannot be written or read
        └── StoreReadOnly      … and this user, or nobody, may write there: trying again is of no use

No subclass carries a stack trace to a user: `inspection.cli` prints the message and exits.
"""

from __future__ import annotations


class InspectionError(Exception):
    """The root. Its text is read by a person: it names what, where and what to do."""


class ConfigError(InspectionError):
    """One or more settings cannot be used; the text lists all of them, one a line."""


class ModelError(InspectionError):
    """A model cannot be loaded, or is not what the calibration was made with."""


class HubUnreachable(ModelError):
    """The hub does not answer, or not as it should. Nothing that was typed is wrong."""


class ScoringError(InspectionError):
    """A picture or a phrase has no finite score, or a picture shows too little to have one."""


class AlignmentError(ScoringError):
    """The part does not lie where the recipe's template has it, or near."""


class CalibrationError(InspectionError):
    """The samples cannot support the promise that was asked for."""


class CameraError(InspectionError):
    """The camera gave no usable frame."""


class CameraTimeout(CameraError):
    """The camera gave no frame within the time the part has."""


class GateError(InspectionError):
    """The gate controller cannot be reached or does not do what the protocol says."""


class SessionOver(GateError):
    """The part's session with the controller is over: not a byte was sent."""


class StoreError(InspectionError):
    """The journal, the log or the evidence cannot be written or read."""


class StoreBehind(StoreError):
    """The store may be well: what waits to be recorded goes first, and it is more than can be done at once."""


class StoreReadOnly(StoreError):
    """The data directory may be read, and not written."""
