"""The report of `inspection drift --html`: what has moved, and pictures of then and of now. One page that needs nothing
else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from inspection.cli._calibration_weakest import section
from inspection.cli._page import page
from inspection.cli._picture_report import picture_html

if TYPE_CHECKING:
    from inspection.calibration.drift import Compared
    from inspection.calibration.drift_kept import DriftKept
    from inspection.calibration.record import Calibration
    from inspection.cli._drift_sample import Passed
    from inspection.scoring.region import Region

_SHOWN = 12


def report_of(
    calibration: Calibration,
    kept: DriftKept,
    passed: Passed,
    tests: Sequence[Compared],
    told: Sequence[str],
    region: Region,
) -> str:
    """The page. `told`: what is said of it, a paragraph each. Raises CameraError if a picture has gone meanwhile."""
    return page(
        [_table(tests), _then(calibration, kept, region), _now(passed, region)],
        title=f"{calibration.line}: drift",
        heading=f"{calibration.line}: drift",
        told=told,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, calibration {calibration.id}",
    )


def _table(tests: Sequence[Compared]) -> str:
    rows = "".join(
        f"<tr><td>{'<b>' if test.has_moved else ''}{escape(test.text)}{'</b>' if test.has_moved else ''}</td>"
        f"<td>{test.distance:.2f}</td><td>{test.p:.2g}</td><td>{test.level:.2g}</td>"
        f"<td>{'moved' if test.has_moved else ''}</td></tr>"
        for test in tests
    )
    return section(
        "What was compared",
        "Medians then and now. Distance: the largest difference of the two distributions, 0 to 1; of what the model"
        " sees, how many times as far apart as chance puts it. It has moved if p is not above its limit and the change"
        " is large enough to matter.",
        "<table><thead><tr><th>then → now</th><th>distance</th><th>p</th><th>limit</th><th></th></tr></thead>"
        f"<tbody>{rows}</tbody></table>",
    )


def _then(calibration: Calibration, kept: DriftKept, region: Region) -> str:
    import numpy as np
    from PIL import Image

    pictures = [np.asarray(Image.open(io.BytesIO(each)).convert("RGB")) for each in kept.thumbnails[:_SHOWN]]
    cards = "".join(f"<article class=good>{picture_html(pixels, region)}</article>" for pixels in pictures)
    note = f"Good parts of the calibration of {calibration.created_utc:%Y-%m-%d}, by {escape(calibration.by)}."
    return section("Then", note, f"<div class=parts>{cards}</div>")


def _now(passed: Passed, region: Region) -> str:
    from inspection.adapters.cameras.images import read_image

    step = -(-len(passed.files) // _SHOWN)
    cards = "".join(
        f"<article class=good>{picture_html(read_image(path), region)}<p>{utc:%Y-%m-%d %H:%M} UTC</p></article>"
        for path, utc in zip(passed.files[::step], passed.utcs[::step], strict=True)
    )
    return section("Now", "Passed parts, evenly over the time.", f"<div class=parts>{cards}</div>")
