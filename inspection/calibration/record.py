"""A calibration as it is kept: thresholds, their fingerprint and where they came from. JSON, written by the machine."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from inspection.calibration.cost import CostCheck, Prices
from inspection.calibration.origin import KnownDefects, LineOrigin, ScoreShift
from inspection.calibration.promise import Promise, percent
from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import CalibrationError, ScoringError
from inspection.scoring.whole_picture import Side, WholePicture

Kept = TypeVar("Kept")

FORMAT = 1
# Where they are None:
_LEFT_OUT = {
    "confidence",
    "review_below",
    "group_by",
    "cost",
    "parts",
    "origin",
    "references",
    "labelled",
    "references_alone",
    "drift_reference",
    "whole",
    "empty",
}


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Pictures that were used: how many, of how many parts (None: each of another), and one hash over their contents in
    any order."""

    folder: str
    count: int
    sha256: str
    parts: int | None = None


@dataclass(frozen=True, slots=True)
class DefectCheck:
    """How the thresholds, chosen without them, do on defective parts; a part escapes when all its pictures pass.
    `escape_upper_95`: Clopper–Pearson."""

    samples: SampleSet
    escapes: int
    escape_upper_95: float

    @property
    def parts(self) -> int:
        """How many defective parts."""
        return self.samples.count if self.samples.parts is None else self.samples.parts


@dataclass(frozen=True, slots=True)
class References:
    """Good parts that scores are also held against; no threshold is fitted on them. `sha256`: of the file beside the
    record that has what is kept of them. `by_place`: place by place, or pictures as a whole. `text_alone`: how many of
    each kind of defective parts would escape without them, under the same promise.

    `labelled`: of each kind the defective parts that taught the line beside them, and that nothing else is told of;
    `references_alone`: how many of the others would escape without those. None where there are none."""

    samples: SampleSet
    sha256: str
    by_place: bool
    text_alone: Mapping[str, int]
    labelled: Mapping[str, SampleSet] | None = None
    references_alone: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """What the good parts that standardise look like as a whole, and how far from them a picture may be: in standard
    deviations of their own distances. Beyond, it is not of such a part."""

    limit: float
    sides: tuple[Side, ...]

    def __post_init__(self) -> None:
        """Raises ValueError: every picture would be within a limit that is not a number."""
        if not math.isfinite(self.limit) or not self.sides:
            raise ValueError(f"a limit of {self.limit} for the picture as a whole, of {len(self.sides)} sides")
        try:
            WholePicture(self.sides)
        except ScoringError as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds of one recipe on one line.

    `false_reject`, `confidence`: the promise; with `cost` there is none. `review_below`: the part of the line's review
    band that is within the promise, in standard deviations. `group_by`: what of a picture's name says which part it
    is of. `origin`: of good parts that were taken from the line's log; None where they lay in a folder. `whole`: None
    in one from before a frame was looked at for a part; `empty`: how it does on frames that are known to have none.
    """

    line: str
    recipe: str
    recipe_id: str
    by: str
    created_utc: datetime
    false_reject: float | None
    standardised_on: int
    ranked_on: int
    rank: int
    thresholds: Mapping[str, Threshold]
    fingerprint: Mapping[str, str]
    good: SampleSet
    defects: Mapping[str, DefectCheck]
    confidence: float | None = None
    review_below: float | None = None
    group_by: str | None = None
    cost: CostCheck | None = None
    origin: LineOrigin | None = None
    references: References | None = None
    drift_reference: str | None = None
    whole: Whole | None = None
    empty: DefectCheck | None = None

    def __post_init__(self) -> None:
        """Raises ValueError: without a promise and without prices nobody knows what the thresholds are for."""
        if self.cost is None and not (self.false_reject is not None and 0 < self.false_reject < 1):
            raise ValueError(f"a false-reject rate of {self.false_reject}")

    def to_json(self) -> str:
        """What was not asked for is left out, so that a record from before it could be asked for keeps its `id`."""
        kept = asdict(self, dict_factory=_without_the_unasked)
        return json.dumps({"format": FORMAT, **kept}, indent=2, default=str) + "\n"

    @property
    def promise(self) -> str:
        """What its thresholds are worth, in words that a sentence may begin or end with."""
        if self.cost is not None:
            prices = self.cost.prices
            return (
                f"chosen by cost, without a promise: an escape at {prices.escape:g}, an overkill at"
                f" {prices.overkill:g}, {percent(prices.defect_rate)} of parts defective"
            )
        return str(Promise(self.false_reject or 0, self.confidence))

    @property
    def id(self) -> str:
        """First 12 hex digits of the hash of the whole record."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def changes(self, fingerprint: Mapping[str, str]) -> list[str]:
        """What is different now from when this was made, in words; empty if it may judge."""
        both = ((key, self.fingerprint.get(key), fingerprint.get(key)) for key in {**self.fingerprint, **fingerprint})
        return sorted(
            f"{key.replace('_', ' ')}: was {then or 'not there'}, is {now or 'not there'}"
            for key, then, now in both
            if then != now
        )


def load_calibration(path: Path) -> Calibration:
    """Read a line's, from a file of the line's name.

    Raises CalibrationError naming the file and what is wrong; what to do, to calibrate, says whoever asked.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise CalibrationError(f"{path}: made by another version of inspection")
        if content["line"] != path.stem:  # a copy: the other line has another camera and other light
            raise CalibrationError(f"{path}: was made on line {content['line']}, not on line {path.stem}")
        return Calibration(
            **{
                **content,
                "created_utc": datetime.fromisoformat(content["created_utc"]),
                "thresholds": {name: Threshold(**value) for name, value in content["thresholds"].items()},
                "good": SampleSet(**content["good"]),
                "defects": {name: _check(check) for name, check in content["defects"].items()},
                "cost": _if_kept(_cost, content.get("cost")),
                "origin": _if_kept(_origin, content.get("origin")),
                "references": _if_kept(_references, content.get("references")),
                "whole": _if_kept(_whole, content.get("whole")),
                "empty": _if_kept(_check, content.get("empty")),
            }
        )
    except FileNotFoundError as error:
        raise CalibrationError(f"{path}: there is no calibration yet") from error
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read ({error.strerror})") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: not a calibration: it is not JSON") from error
    except KeyError as error:
        raise CalibrationError(f"{path}: not a calibration: it has no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CalibrationError(f"{path}: not a calibration ({error})") from error


def kept_path(calibration_path: Path, sha256: str, what: Literal["references", "drift"]) -> Path:
    """Beside a calibration, what it keeps of its good parts. Its name changes with its content: none is ever read with
    another one's thresholds, and one that is taken back finds its own."""
    return calibration_path.with_name(f"{calibration_path.stem}-{sha256[:12]}.{what}.npz")


def readable_calibration(path: Path) -> Calibration | None:
    """The same, whatever it was made on; None if there is none that can be read."""
    try:
        return load_calibration(path)
    except CalibrationError:
        return None


def sample_set(folder: str, digests: Sequence[str], parts: int) -> SampleSet:
    """From the SHA-256 of each picture: renaming or reordering them changes nothing."""
    of_all = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
    return SampleSet(folder, len(digests), of_all, None if parts == len(digests) else parts)


def _check(content: Mapping[str, Any]) -> DefectCheck:
    return DefectCheck(**{**content, "samples": SampleSet(**content["samples"])})


def _whole(content: Mapping[str, Any]) -> Whole:
    return Whole(content["limit"], tuple(Side(**{**s, "variances": tuple(s["variances"])}) for s in content["sides"]))


def _if_kept(read: Callable[[Any], Kept], content: Any) -> Kept | None:
    """None only where there is none: what is there and empty is damaged."""
    return None if content is None else read(content)


def _cost(content: Mapping[str, Any]) -> CostCheck:
    return CostCheck(**{**content, "prices": Prices(**content["prices"])})


def _references(content: Mapping[str, Any]) -> References:
    labelled = content.get("labelled")
    kinds = {name: SampleSet(**samples) for name, samples in labelled.items()} if labelled is not None else None
    return References(**{**content, "samples": SampleSet(**content["samples"]), "labelled": kinds})


def _origin(content: Mapping[str, Any]) -> LineOrigin:
    beside = {name: KnownDefects(**known) for name, known in content["beside"].items()}
    drawn = tuple(content["drawn_defects"])
    return LineOrigin(**{**content, "beside": beside, "drawn_defects": drawn, "shift": ScoreShift(**content["shift"])})


def _without_the_unasked(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in items if value is not None or key not in _LEFT_OUT}
