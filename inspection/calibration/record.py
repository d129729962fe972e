"""A calibration as it is kept: thresholds, their fingerprint and where they came from. JSON, written by the machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inspection.calibration.origin import KnownDefects, LineOrigin
from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import CalibrationError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Pictures that were used: how many, and one hash over their contents in any order."""

    folder: str
    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DefectCheck:
    """How the thresholds, chosen without them, do on defective parts. `escape_upper_95`: Clopper–Pearson."""

    samples: SampleSet
    escapes: int
    escape_upper_95: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds of one recipe on one line."""

    line: str
    recipe: str
    recipe_id: str
    by: str
    created_utc: datetime
    false_reject: float
    standardised_on: int
    ranked_on: int
    rank: int
    thresholds: Mapping[str, Threshold]
    fingerprint: Mapping[str, str]
    good: SampleSet
    defects: Mapping[str, DefectCheck]
    origin: LineOrigin | None = None
    """Of good parts that were taken from the line's log; files of before, and of pictures in a folder, have none."""

    def to_json(self) -> str:
        content = {"format": FORMAT, **asdict(self)}
        if self.origin is None:
            del content["origin"]  # or a file of before would get another id
        return json.dumps(content, indent=2, default=str) + "\n"

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
                "defects": {
                    name: DefectCheck(**{**check, "samples": SampleSet(**check["samples"])})
                    for name, check in content["defects"].items()
                },
                "origin": _origin(content["origin"]) if "origin" in content else None,
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


def _origin(content: Mapping[str, Any]) -> LineOrigin:
    beside = {name: KnownDefects(**known) for name, known in content["beside"].items()}
    return LineOrigin(**{**content, "beside": beside})


def hash_samples(pictures: list[bytes], folder: str) -> SampleSet:
    """One hash over the hashes of the pictures, sorted: renaming or reordering them changes nothing."""
    return samples_of([hashlib.sha256(picture).hexdigest() for picture in pictures], folder)


def samples_of(digests: Sequence[str], folder: str) -> SampleSet:
    """The same of pictures whose SHA-256 are known, in hexadecimal."""
    return SampleSet(folder, len(digests), hashlib.sha256("".join(sorted(digests)).encode()).hexdigest())
