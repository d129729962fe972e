"""Passed parts of a line's log as drift is told from: a share that is drawn by number, whose pictures are there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.domain.errors import CalibrationError

if TYPE_CHECKING:
    from inspection.adapters.store.paths import LinePaths
    from inspection.calibration.drift import Sample
    from inspection.calibration.record import Calibration
    from inspection.cli._line_sample import Asked
    from inspection.config import LineConfig
    from inspection.domain.types import Vectors
    from inspection.scoring.region import Region

MOST_PARTS = 300


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """`sample` of parts whose pictures are `files`, seen at `utcs`, in order.

    `passed`: of so many that were drawn. `earlier`: so many are left out because one after them has no picture: if a
    smaller share was kept then, those that have one are near their threshold. `others`: so many passed under another
    calibration."""

    sample: Sample
    files: Sequence[Path]
    utcs: Sequence[datetime]
    passed: int
    earlier: int
    others: int


def passed_parts(
    line: LineConfig, calibration: Calibration, data_dir: Path, asked: Asked, names: Sequence[str], region: Region
) -> Passed:
    """At most MOST_PARTS: evenly over the time, or the newest if none was asked for.

    Raises CalibrationError if there are none, StoreError, CameraError.
    """
    import numpy as np

    from inspection import history
    from inspection.adapters.cameras.images import read_image
    from inspection.adapters.store.paths import LinePaths
    from inspection.calibration.appearance import appearance
    from inspection.calibration.drift import Sample

    paths = LinePaths(data_dir, line.name)
    since = asked.since or calibration.created_utc  # before it no part passed under it
    found = history.query(data_dir, line.name, _select(asked, since), since=since, until=asked.until)
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    ours = [row for row in rows if row["calibration_id"] == calibration.id]
    without = [at for at, row in enumerate(ours) if not (row["image_sha256"] and _is_there(paths, row))]
    whole = ours[without[-1] + 1 :] if without else ours
    of_picture = {row["image_sha256"]: row for row in reversed(whole)}
    there = list(reversed(of_picture.values()))
    if not there:
        raise CalibrationError(
            f"line {line.name}: of the parts that passed in that time under calibration {calibration.id}, none is of"
            f" the {asked.share:.2%} drawn by number and has its picture ({len(without)} without one,"
            f" {len(rows) - len(ours)} under other calibrations): take another time with --since and --until, or let"
            " the line run"
        )
    if asked.since is None:
        there = there[-MOST_PARTS:]
    if len(there) > MOST_PARTS:
        there = [there[at] for at in np.linspace(0, len(there) - 1, MOST_PARTS).round().astype(int)]
    files = [paths.image(row["image_sha256"]) for row in there]
    pictures = [
        appearance(region.crop(read_image(path, sha256=row["image_sha256"])))
        for path, row in zip(files, there, strict=True)
    ]
    scores = [[_scores(row)[name] for name in names] for row in there]
    embeddings = _embeddings(line, calibration, data_dir, asked, there)
    sample = Sample(np.array(scores), np.array(pictures), embeddings)
    left_out = len(ours) - len(whole)
    return Passed(sample, files, [row["utc"] for row in there], len(of_picture), left_out, len(rows) - len(ours))


def _is_there(paths: LinePaths, row: Mapping[Hashable, Any]) -> bool:
    return paths.image(row["image_sha256"]).is_file()


def _select(asked: Asked, since: datetime) -> str:
    from inspection.domain.draw import drawn_below

    when = "coalesce(trigger_utc, verdict_utc)"
    return (
        f"SELECT epoch, number, {when} AS utc, calibration_id, image_sha256, scores FROM parts"
        f" WHERE coalesce(shadow, verdict) = 'PASS' AND challenge IS NULL"
        f" AND {when} >= TIMESTAMPTZ '{since.isoformat()}' AND {when} < TIMESTAMPTZ '{asked.until.isoformat()}'"
        f" AND sha256(epoch || '-' || number) < '{drawn_below(asked.share)}' ORDER BY epoch, number"
    )


def _scores(row: Mapping[Hashable, Any]) -> dict[str, float]:
    return {each["description"]: each["score"] for each in row["scores"]}


def _embeddings(
    line: LineConfig,
    calibration: Calibration,
    data_dir: Path,
    asked: Asked,
    rows: Sequence[Mapping[Hashable, Any]],
) -> Vectors:
    """(l, D) of those parts whose embedding was kept because of their number; (0, 0) if there are none."""
    import numpy as np

    from inspection import history
    from inspection.domain.draw import is_drawn
    from inspection.domain.types import PartId
    from inspection.gauge import view_id, view_in

    keys, vectors = history.embeddings(
        data_dir, line.name, since=asked.since, until=asked.until, view=view_id(view_in(calibration.fingerprint))
    )
    kept = line.evidence.embeddings
    share = kept.passed_share if kept.keep == "share" else 1.0
    place = {PartId(*key): at for at, key in enumerate(zip(keys["epoch"], keys["number"], strict=True))}
    parts = [PartId(row["epoch"], row["number"]) for row in rows]
    found = [place[part] for part in parts if part in place and is_drawn(part, share)]
    return vectors[found] if found else np.empty((0, 0), np.float32)
