"""Which runtime a line's model runs on, and the proof that it says there what it says in torch's float32."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inspection.calibration.record import SampleSet
from inspection.domain.errors import CalibrationError

FORMAT = 1
MOST_SIGMA = 0.1
"""How far a margin may be from the reference's, in standard deviations of good parts. Decision 12."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of a runtime with the reference on the same pictures. `margin_sigma`: the largest difference of a margin;
    `verdicts_changed`: of so many pictures. `whole_sigma`: the largest difference of how far a picture as a whole is
    from good parts, in deviations of theirs, which is told and not bounded; None where that was not looked at."""

    margin_sigma: float
    verdicts_changed: int
    whole_sigma: float | None = None

    @property
    def holds(self) -> bool:
        """Not a number is no agreement."""
        return self.margin_sigma <= MOST_SIGMA and self.verdicts_changed == 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One runtime: the median milliseconds of a picture, and how it agrees; or `unusable`, why it was not measured."""

    runtime: str
    ms: float | None = None
    margin_sigma: float | None = None
    verdicts_changed: int | None = None
    unusable: str | None = None
    whole_sigma: float | None = None

    @property
    def agrees(self) -> bool:
        if self.ms is None or self.margin_sigma is None or self.verdicts_changed is None or self.unusable is not None:
            return False
        return 0 < self.ms < math.inf and Agreement(self.margin_sigma, self.verdicts_changed).holds


def fastest(measured: Sequence[Measured]) -> Measured:
    """Of those that agree; the first is the reference, which does. Raises ValueError if none does."""
    return min((each for each in measured if each.agrees), key=lambda each: each.ms or math.inf)


@dataclass(frozen=True, slots=True)
class Tuning:
    """`runtime`: the chosen one. `fingerprint`: the line's on the reference. `machine`: what the choice holds for as
    well, the runtime's own version among it. `judged_by`: the calibration whose thresholds judged the samples; None:
    limits were fitted on them for it. `measured`: the reference first. `references`: good parts that the others were
    held against, by each runtime as it saw them itself; None: it was proven without. `group_by`: as of a calibration.
    """

    line: str
    by: str
    created_utc: datetime
    runtime: str
    fingerprint: Mapping[str, str]
    machine: Mapping[str, str]
    judged_by: str | None
    good: SampleSet
    defects: Mapping[str, SampleSet]
    measured: Sequence[Measured]
    references: SampleSet | None = None
    group_by: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError if what was measured does not bear the choice out."""
        chosen = [each for each in self.measured if each.runtime == self.runtime]
        if len(chosen) != 1 or not chosen[0].agrees:
            raise ValueError(f"{self.runtime} was chosen, and what was measured of it does not say that it agrees")

    @property
    def id(self) -> str:
        """First 12 hex digits of the hash of the whole record."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """Without what it has none of, so that a record from before there was any keeps its `id`."""
        kept = {**asdict(self), "measured": [_finite(asdict(each)) for each in self.measured]}
        for name in ("references", "group_by"):
            if kept[name] is None:
                del kept[name]
        return json.dumps({"format": FORMAT, **kept}, indent=2, default=str, allow_nan=False) + "\n"

    def changes(self, fingerprint: Mapping[str, str], machine: Mapping[str, str]) -> list[str]:
        """What is different now from when it was made, in words; empty if the choice holds."""
        then, now = {**self.fingerprint, **self.machine}, {**fingerprint, **machine}
        return sorted(
            f"{key.replace('_', ' ')}: was {then.get(key, 'not there')}, is {now.get(key, 'not there')}"
            for key in {**then, **now}
            if then.get(key) != now.get(key)
        )


def _finite(measured: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no other numbers: null stands for one, and agrees as little. Records from before there was `whole_sigma`
    have none."""
    of = {name: value for name, value in measured.items() if name != "whole_sigma" or value is not None}
    is_none = {name for name, value in of.items() if isinstance(value, float) and not math.isfinite(value)}
    return {name: None if name in is_none else value for name, value in of.items()}


def load_tuning(path: Path) -> Tuning | None:
    """A line's, from a file of the line's name; None if there is none.

    Raises CalibrationError naming the file and what is wrong; what to do says whoever asked.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise CalibrationError(f"{path}: made by another version of inspection")
        if content["line"] != path.stem:
            raise CalibrationError(f"{path}: was made on line {content['line']}, not on line {path.stem}")
        return Tuning(
            **{
                **content,
                "created_utc": datetime.fromisoformat(content["created_utc"]),
                "good": SampleSet(**content["good"]),
                "defects": {name: SampleSet(**each) for name, each in content["defects"].items()},
                "measured": tuple(Measured(**each) for each in content["measured"]),
                "references": SampleSet(**content["references"]) if "references" in content else None,
            }
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read ({error.strerror})") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: not a tuning: it is not JSON") from error
    except KeyError as error:
        raise CalibrationError(f"{path}: not a tuning: it has no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CalibrationError(f"{path}: not a tuning ({error})") from error
