"""The page of `inspection compare --report`: the finding, the plot that shows it, and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.cli._calibration_weakest import section
from inspection.cli._compare_text import NAMES, Compared, answer, notes, rows
from inspection.cli._page import page
from inspection.cli._plots import Axis, Line, Steps, lines

if TYPE_CHECKING:
    from inspection.analytics.comparison import Comparison, Method

_OWN_STYLE = Path(__file__).with_name("compare_report.css")
_LOOKS: Mapping[Method, str] = {
    "references": "references",
    "head": "head",
    "head_with_text": "head with-text",
    "transfer": "transfer",
    "text": "text",
}
"""In the order in which they are drawn: the two that the finding is about lie on top."""

_WITH_BAND: tuple[Method, ...] = ("text", "transfer")


def report_of(result: Compared) -> str:
    """The page."""
    found = result.found
    headline, told = answer(found)
    facts = {
        "recipe": f"{result.recipe.name} {result.recipe.content_id()}",
        "looks for": result.recipe.part,
        "good parts": str(result.measured[0].folder),
        **{f"bad parts, {name}": str(folder) for name, folder in result.bad.items()},
        **{f"model: {key.replace('_', ' ')}": value for key, value in result.model.items()},
        **{f"backbone: {key.replace('_', ' ')}": value for key, value in (result.backbone or {}).items()},
    }
    listed = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    sections = [
        section(
            "AUROC as more parts are labelled",
            "Of one bad and one good part taken at random, how often the bad one scores higher. Mean of the draws;"
            " shaded: 95 % for text and for transfer learning; the other intervals are in the table."
            " Dashed: labels without the sentences."
            + (" The ring: from here on labels alone do as well as the sentences." if _crossing(found) else ""),
            f"<div class=wide>{_plot(found, headline)}</div>",
        ),
        section("The figures", "<br>".join(map(escape, notes(result))), _table(found)),
        section("What was compared", "", f"<dl>{listed}</dl>"),
    ]
    return page(
        sections,
        title=f"{result.recipe.name}: {headline}",
        heading=headline,
        told=[told],
        made=f"{result.recipe.name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        styles=[_OWN_STYLE],
    )


def _plot(found: Comparison, title: str) -> str:
    drawn, lowest = [], 0.5
    for method, look in _LOOKS.items():
        seen = [(x, cell.auroc.mean, cell.auroc_95) for x, cell in enumerate(found.cells[method]) if cell.auroc]
        if not seen:
            continue
        band = None
        if method in _WITH_BAND:
            ends = [(x, interval) for x, _, interval in seen if interval]
            band = [(x, low) for x, (low, _) in ends], [(x, high) for x, (_, high) in ends]
            lowest = min(lowest, *(low for _, low in band[0]))
        drawn.append(Line(NAMES[method], look, [(x, mean) for x, mean, _ in seen], band))
        lowest = min(lowest, *(mean for _, mean, _ in seen))
    x = Steps.of("labelled parts: so many good ones and as many bad", [str(labels) for labels in found.labels])
    return lines(drawn, x, Axis("AUROC", int(lowest * 10) / 10, 1), ("a guess", 0.5), _crossing(found), title)


def _crossing(found: Comparison) -> tuple[float, float] | None:
    """Where on the plot transfer learning has come up to the text, if it has."""
    if not found.saving.labels:
        return None
    at = found.labels.index(found.saving.labels)
    area = found.cells["transfer"][at].auroc
    return (at, area.mean) if area else None


def _table(found: Comparison) -> str:
    head = "".join(f"<th>{escape(NAMES[method])}</th>" for method in found.cells)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows(found))
    return f"<table><thead><tr><th>good+bad</th>{head}</tr></thead><tbody>{body}</tbody></table>"
