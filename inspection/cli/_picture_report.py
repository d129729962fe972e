"""The picture report of `inspection score --html`: one HTML file that needs nothing else, on a screen or on paper."""

from __future__ import annotations

import base64
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from PIL import Image

from inspection import __version__
from inspection.adapters.store.files import replace_durably
from inspection.domain.errors import AlignmentError, StoreError
from inspection.wording import VERDICTS, counted

if TYPE_CHECKING:
    from inspection.calibration.record import Calibration
    from inspection.cli._samples import Scored
    from inspection.domain.types import Box, Pixels
    from inspection.scoring.region import Region

_PICTURE_PX = 320
_JPEG_QUALITY = 80
_AXIS = 10.0  # what half a bar's width stands for; beyond it the bar has an arrow's end
STYLE = Path(__file__).with_name("picture_report.css")
_MARKS = {  # a shape for each verdict: colour alone tells nothing to some, and to no printer
    "PASS": '<circle cx="12" cy="12" r="11"/><path d="M6.5 12.5l4 4 7-8"/>',
    "REJECT": '<rect x="1" y="1" width="22" height="22" rx="4"/><path d="M7 7l10 10M17 7L7 17"/>',
    "REVIEW": '<path class="body" d="M12 1l11.5 21H.5z"/><path d="M12 9v6M12 18v.5"/>',
    "UNJUDGED": '<path class="body" d="M12 0l12 12-12 12L0 12z"/>'
    '<path d="M9 9.5c.3-3.6 6-3.4 6 0 0 2-3 2.2-3 4.5M12 17.5v.5"/>',
}
_SCORED = "scored"  # without a verdict


def write_report(
    path: Path,
    judged: Iterable[tuple[Scored, dict[str, Any]]],
    head: Mapping[str, str],
    region: Region,
    calibration: Calibration | None,
) -> None:
    """Write `judged`, each a picture and its row as `inspection score --json` has it. One picture is held at a time.

    Raises StoreError if the file cannot be written; then it is as it was.
    """
    # In the folder of the report: /tmp may be memory, and a thousand pictures are tens of megabytes.
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.absolute().parent) as cards:
            verdicts: Counter[str] = Counter()
            for scored, row in judged:
                verdicts[row["verdict"] or ("cannot be read" if row["cause"] else _SCORED)] += 1
                cards.write(_card(scored, row, region, calibration))
            cards.seek(0)
            replace_durably(path, lambda temporary: _write(temporary, cards, verdicts, head, calibration))
    except OSError as error:  # it names a file that nobody asked for
        raise StoreError(f"cannot write {path}: {error.strerror or error}; name another place with --html") from error


def _write(
    path: Path, cards: IO[str], verdicts: Counter[str], head: Mapping[str, str], calibration: Calibration | None
) -> None:
    name = escape(head.get("line") or head["recipe"].split()[0])
    facts = "".join(f"<dt>{escape(key.replace('_', ' '))}</dt><dd>{escape(told)}</dd>" for key, told in head.items())
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, inspection {__version__}"
    told = "".join(
        f"<li>{_badge(kind)} <b>{count}</b></li>" if kind in VERDICTS else f"<li><b>{count}</b> {kind}</li>"
        for kind, count in sorted(verdicts.items())
        if kind != _SCORED
    )
    under = "Judged under" if calibration else "Scored under"
    near = "; in the review band a person decides" if "review band" in head else ""
    axis = (
        "Each bar is how far a description is from its threshold, the line in the middle: to the right of it rejects"
        f"{near}. A side is {_AXIS:g} σ, the standard deviations of good parts."
        if calibration
        else "Each bar is a description's score: to the right of the middle the picture is more like the defect than"
        f" like a good part. A side is {_AXIS:g}. Without a line there are no thresholds, so no verdicts."
    )
    with path.open("w", encoding="utf-8") as report:
        report.write(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
            f"<title>{name}: {counted(verdicts.total(), 'picture')}</title>"
            f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
            f"<header><h1>{name}</h1><ul class=counts><li><b>{verdicts.total()}</b> pictures</li>{told}</ul>"
            f"<p class=made>{made}</p><details open><summary>{under}</summary><dl>{facts}</dl></details>"
            f"<p class=axis>{axis}</p></header><main>\n"
        )
        shutil.copyfileobj(cards, report)
        report.write("</main></body></html>\n")


def _card(scored: Scored, row: Mapping[str, Any], region: Region, calibration: Calibration | None) -> str:
    name = escape("/".join(scored.path.parts[-2:]).encode("utf-8", "backslashreplace").decode())
    if scored.pixels is None or row["cause"]:
        told = escape(str(row["cause"]).removeprefix(f"{scored.path}: "))
        badge = _badge("UNJUDGED") if calibration else ""
        seen = "<div class=none>no picture</div>" if scored.pixels is None else picture_html(scored.pixels, region)
        return f"<article class=UNJUDGED>{seen}<h2>{badge}</h2><p>{told}</p><p class=file>{name}</p></article>\n"
    badge = _badge(row["verdict"]) if row["verdict"] else "Most like"
    decided = escape(str(row["description"] or ""))
    margin = "" if row["margin"] is None else f" <span class=margin>{row['margin']:+.1f} σ</span>"
    return (
        f"<article class={row['verdict'] or 'scored'}>{picture_html(scored.pixels, region, row.get('region'))}"
        f"<h2>{badge} <span>{decided}{margin}</span></h2>{_bars(row, calibration)}<p class=file>{name}</p></article>\n"
    )


def _badge(kind: str) -> str:
    mark = f'<svg viewBox="0 0 24 24" aria-hidden="true">{_MARKS[kind]}</svg>'
    return f'<b class="verdict {kind}">{mark}{VERDICTS[kind]}</b>'


def picture_html(pixels: Pixels, region: Region, defect: Mapping[str, float] | None = None) -> str:
    """A small picture within the page itself, with the region of interest as an outline, and one where the `defect` is:
    its left, top, width and height."""
    image, box = Image.fromarray(pixels), _box(region, pixels)
    image.thumbnail((_PICTURE_PX, _PICTURE_PX))
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=_JPEG_QUALITY)
    data = base64.b64encode(jpeg.getvalue()).decode()
    outline = "" if (box.width, box.height) == (1.0, 1.0) else f'<i class=region style="{_place(box._asdict())}"></i>'
    outline += f'<i class=defect style="{_place(defect)}"></i>' if defect else ""
    size = f'width="{image.width}" height="{image.height}"'
    return f'<div class=picture><span><img alt="" {size} src="data:image/jpeg;base64,{data}">{outline}</span></div>'


def _box(region: Region, pixels: Pixels) -> Box:
    """Where it is looked at; of a part that was not found, where it would have been."""
    try:
        return region.box_on(pixels)
    except AlignmentError:
        return region.box(*pixels.shape[:2])


def _place(box: Mapping[str, float]) -> str:
    return ";".join(f"{side}:{share:.2%}" for side, share in box.items())


def _bars(row: Mapping[str, Any], calibration: Calibration | None) -> str:
    """A bar a description: the one that decided, then the others, nearest to their threshold (or highest) first."""
    told = {
        name: calibration.thresholds[name].margin(score) if calibration else score
        for name, score in row["scores"].items()
    }
    bars = []
    for name, value in sorted(told.items(), key=lambda item: (item[0] != row["description"], -item[1])):
        share = min(abs(value) / _AXIS, 1.0) * 50
        side = f"left:50%;width:{share:.1f}%" if value > 0 else f"right:50%;width:{share:.1f}%"
        look = ("over" if value > 0 else "under") + (" beyond" if abs(value) > _AXIS else "")
        score = f"score {row['scores'][name]:+.3f}"
        limit = f", threshold {calibration.thresholds[name].score:+.3f}" if calibration else ""
        unit = " σ" if calibration else ""
        decided = " class=decided" if name == row["description"] else ""
        bar = f'<i class=bar><i class="{look}" style="{side}"></i></i>'
        bars.append(
            f'<li{decided} title="{score}{limit}"><span>{escape(name)}</span>{bar}'
            f"<span class=figure>{value:+.1f}{unit}</span></li>"
        )
    return f"<ul class=bars>{''.join(bars)}</ul>"
