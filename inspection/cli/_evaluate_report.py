"""The page of `inspection evaluate --report`: the figures, what they look like, and the pictures that a recipe is weak
on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from inspection.cli._calibration_weakest import section
from inspection.cli._evaluate_shown import Shown, curves, shown_of
from inspection.cli._evaluate_text import Result, figures, notes
from inspection.cli._evaluate_weakest import locate_by, misnamed, weakest_bad, weakest_good
from inspection.cli._page import page
from inspection.cli._plots import distributions
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.scoring.part_scorer import PartScorer

_WIDEST = 15.0  # deviations on each side of a plot: a defect far beyond would leave the good parts one bar
_BY: Mapping[str, str] = {
    "text": "By the sentences",
    "references": "By the sentences and references",
    "labels": "By the sentences, references and labels",
}


def report_of(result: Result, scorer: PartScorer) -> str:
    """The page. Raises CameraError if a picture has gone meanwhile."""
    kept, text = result.under_promise, result.text
    ways = shown_of(result)
    told = [
        *_headline(result),
        *(f"Not told under the promise, by {by}: {lacks}." for by, lacks in kept.lacking.items()),
    ]
    facts = {
        "recipe": f"{result.recipe.name} {result.recipe.content_id()}",
        "looks for": result.recipe.part,
        "model": result.model,
        "good parts": f"{result.good.folder}, {counted(len(result.good.files), 'picture')}",
        **{
            f"bad parts, {name}": f"{each.folder}, {counted(len(each.files), 'picture')}"
            for name, each in result.bad.items()
        },
        **{f"description {name}": "; ".join(said) for name, said in result.recipe.defect_phrases.items()},
        "good": "; ".join(result.recipe.normal_phrases),
    }
    listed = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    fullest = list(ways)[-1]
    locate = locate_by(ways[fullest], scorer)
    sections = [
        section(escape(kept.title), "<br/>".join(map(escape, kept.notes())), _table(*kept.figures(text.defects))),
        section("Told apart at any threshold", "<br/>".join(map(escape, notes(result))), _table(*figures(result))),
        _plots(fullest, ways[fullest], result),
        weakest_bad(ways[fullest], result.bad, scorer, locate),
        weakest_good(ways[fullest], result.good, scorer, locate),
        misnamed(result.bad, scorer, locate),
        *(_plots(by, ways[by], result) for by in list(ways)[-2::-1]),
        section("What was measured", "", f"<dl>{listed}</dl>"),
    ]
    return page(
        sections,
        title=f"{result.recipe.name}: what it is worth",
        heading=f"{result.recipe.name}: what it is worth",
        told=told,
        made=f"model {result.model}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _headline(result: Result) -> list[str]:
    area, (low, high) = result.text.overall.auroc, result.text.overall.auroc_95
    told = [f"The sentences tell bad parts from good ones with AUROC {area:.3f} [{low:.2f}, {high:.2f}]."]
    for by, way in result.under_promise.ways.items():
        if rates := way.found.rates:
            escapes, rejects = rates.escapes, rates.false_rejects
            told.append(
                f"{_BY[by]}, {escapes.share:.1%} of bad parts escape (at most {escapes.upper_95:.1%})"
                + (f" while {rejects.share:.1%} of good ones are rejected." if rejects else ".")
            )
    return told


def _plots(by: str, shown: Shown, result: Result) -> str:
    least, most = shown.ends
    edge = shown.limit or 0.0
    x = (max(edge - _WIDEST, least - 0.5), max(min(edge + _WIDEST, most + 0.5), edge + 1.0))
    unit = "σ of good parts" if shown.limit is None else "over the threshold, in σ of good parts"
    plots = ""
    for name, values in shown.of_bad.items():
        drawn = distributions(
            shown.of_good.tolist(),
            values.tolist(),
            shown.limit,
            0.0,
            x=x,
            title=f"scores, {name}",
            unit=unit,
            draws=shown.draws,
        )
        plots += f"<div><h3>{escape(name)}</h3>{drawn}</div>"
    both = curves(shown, len(result.good.files), sum(len(each.files) for each in result.bad.values()))
    key = "<i class='key good'></i>good<i class='key bad'></i>bad"
    if shown.limit is not None:
        key += "<i class='key limit'></i>threshold"
    note = (
        f"{shown.told} The first bar and the last count what is beyond them too. Curves: every threshold there could"
        " be; shaded, 95 % for both shares at once (Clopper and Pearson), of as many parts as one draw tests"
    )
    note += "." if shown.limit is None else "; the point is the one that keeps the promise."
    return section(
        _BY[by], f"{note}<span class=keys>{key}</span>", f"<div class=plots>{plots}</div><div class=plots>{both}</div>"
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
