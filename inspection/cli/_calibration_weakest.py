"""The weakest parts of a calibration as pictures: good ones near the limit, defective ones that escape or nearly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from inspection.cli._picture_report import picture_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.calibration.thresholds import Scale
    from inspection.cli._calibration_fit import Fitted
    from inspection.cli._calibration_samples import Sampled
    from inspection.scoring.region import Region

_SHOWN = 6


def section(title: str, note: str, body: str) -> str:
    """Of the page; `title` and `note` are HTML."""
    return f"<section><h2>{title}</h2>{f'<p class=note>{note}</p>' if note else ''}{body}</section>\n"


def column_names(names: Sequence[str], scale: Scale) -> list[str]:
    """Of `Scale.standardised`."""
    from inspection.calibration.thresholds import WHOLE_FARTHER

    return [*names, *([f"the picture as a whole, by {WHOLE_FARTHER:g}"] if scale.whole else [])]


def weakest_good(good: Sampled, fitted: Fitted, names: Sequence[str], region: Region) -> str:
    """Highest first."""
    values = _standardised(good, fitted)
    order = sorted(fitted.fit.shown.tolist(), key=lambda row: -values[row].max())
    columns = column_names(names, fitted.fit.scale)
    cards = _cards(good, _once(good, order), values, columns, fitted.fit.limit, region, "good")
    note = "Look at these first: is one of them a defect, it does not belong among the good parts and moves the limit."
    return section("The weakest good parts", note, cards)


def weakest_bad(defects: Mapping[str, Sampled], fitted: Fitted, names: Sequence[str], region: Region) -> str:
    """Of each kind, lowest first: a part by its highest picture."""
    cards, columns = [], column_names(names, fitted.fit.scale)
    for name, each in defects.items():
        values = _standardised(each, fitted)
        highest = _once(each, sorted(fitted.rows[name].tolist(), key=lambda row: -values[row].max()))
        lowest = sorted(highest, key=lambda row: values[row].max())
        drawn = _cards(each, lowest, values, columns, fitted.fit.limit, region, "bad")
        cards.append(f"<h3>{escape(name)}</h3>{drawn}")
    return section("Defective parts that escape, or nearly", "", "".join(cards))


def _standardised(sampled: Sampled, fitted: Fitted) -> npt.NDArray[np.float64]:
    return fitted.fit.scale.standardised(sampled.scores)


def _once(sampled: Sampled, rows: Iterable[int]) -> list[int]:
    """Of each part the first picture."""
    first: dict[object, int] = {}
    for row in rows:
        first.setdefault(sampled.scores.parts[row], row)
    return list(first.values())


def _cards(
    sampled: Sampled,
    rows: Sequence[int],
    values: npt.NDArray[np.float64],
    names: Sequence[str],
    limit: float,
    region: Region,
    look: str,
) -> str:
    from inspection.adapters.cameras.images import read_image

    cards = []
    for row in rows[:_SHOWN]:
        path, value = sampled.files[row], float(values[row].max())
        file = escape("/".join(path.parts[-2:]).encode("utf-8", "backslashreplace").decode())
        does = "passes" if value <= limit else "does not pass"
        cards.append(
            f"<article class={look}>{picture_html(read_image(path), region)}<p><b>{value - limit:+.2f} σ</b>,"
            f" {does}<br/>{escape(names[int(values[row].argmax())])}</p><p class=file>{file}</p></article>"
        )
    return f"<div class=parts>{''.join(cards)}</div>"
