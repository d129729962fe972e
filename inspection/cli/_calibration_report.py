"""The report beside a calibration: one page that needs nothing else, for whoever answers for the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from inspection.cli._calibration_text import band_told, origin_told, promise_of, references_told, whole_told
from inspection.cli._calibration_weakest import column_names, section, weakest_bad, weakest_good
from inspection.cli._page import page
from inspection.cli._plots import curve, distributions
from inspection.wording import counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.calibration.parts import PartScores
    from inspection.calibration.record import Calibration
    from inspection.cli._calibration_fit import Fitted
    from inspection.cli._calibration_samples import Sampled
    from inspection.scoring.region import Region

_WIDEST = 15.0  # deviations on each side of a plot: a defect far beyond would leave the good parts one bar


def report_of(
    calibration: Calibration,
    fitted: Fitted,
    good: Sampled,
    defects: Mapping[str, Sampled],
    names: Sequence[str],
    region: Region,
) -> str:
    """The page. Good parts in it are those that did not standardise; defective ones, those that did not choose."""
    limit = fitted.fit.limit
    shown_good = good.scores.take(fitted.fit.shown)
    shown_bad = {name: each.scores.take(fitted.rows[name]) for name, each in defects.items()}
    sections = [
        _distributions(calibration, fitted, names, shown_good, shown_bad),
        _curves(calibration, fitted, shown_good, shown_bad),
        weakest_good(good, fitted, names, region),
        weakest_bad(defects, fitted, names, region) if defects else "",
        _supported(calibration, good.scores.count),
        _provenance(calibration),
    ]
    promise = [
        *promise_of(calibration).split("\n"),
        *references_told(calibration),
        *whole_told(calibration),
        *origin_told(calibration),
        *band_told(calibration),
    ]
    of_limit = (
        f"<p class=made>A part passes if none of its scores is more than {limit:.2f} σ above the mean of good parts. "
        f"{counted(fitted.fit.standardised_on, 'good part')} set mean and σ of each description;"
        f" {fitted.fit.ranked_on} others set the limit, and {fitted.fit.rank} of those are at or under it.</p>"
    )
    return page(
        sections,
        title=f"{calibration.line}: calibration",
        heading=f"{calibration.line}: calibration",
        told=promise,
        made=f"{calibration.created_utc:%Y-%m-%d %H:%M} UTC by {calibration.by}, calibration {calibration.id}",
        notes=of_limit,
    )


def _distributions(
    calibration: Calibration,
    fitted: Fitted,
    names: Sequence[str],
    good: PartScores,
    bad: Mapping[str, PartScores],
) -> str:
    import numpy as np

    from inspection.calibration.parts import PartScores

    scale, limit = fitted.fit.scale, fitted.fit.limit
    all_bad = PartScores.together(bad.values()) if bad else good.take(np.array([], np.intp))
    below = calibration.review_below or 0.0
    rows: list[tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64]]] = [
        ("The part: the largest of all", scale.largest(good), scale.largest(all_bad))
    ]
    columns = column_names(names, scale)
    for index, name in enumerate(columns):
        of_good, of_bad = (each.largest(scale.standardised(each)[:, index : index + 1]) for each in (good, all_bad))
        rows.append((name, of_good, of_bad))
    if len(columns) == 1:
        del rows[0]
    everything = np.concatenate([values for row in rows for values in row[1:]])
    x = (max(-_WIDEST, float(everything.min()) - 0.5), min(_WIDEST, max(float(everything.max()), limit + below) + 0.5))
    x = (x[0], max(x[1], limit + below + 1.0))
    plots = "".join(
        f"<div><h3>{escape(name)}</h3>"
        f"{distributions(of_good.tolist(), of_bad.tolist(), limit, below, x=x, title=f'scores, {name}')}</div>"
        for name, of_good, of_bad in rows
    )
    key = "<i class='key good'></i>good<i class='key bad'></i>defective<i class='key limit'></i>limit"
    key += f"<i class='key review'></i>review band, {below:g} σ" if below else ""
    return section(
        "Scores",
        f"{counted(good.count, 'good part')}"
        + (f" and {all_bad.count} defective" if bad else "; no defective ones were given")
        + ". The first bar and the last count what is beyond them too."
        + f"<span class=keys>{key}</span>",
        f"<div class=plots>{plots}</div>",
    )


def _curves(calibration: Calibration, fitted: Fitted, good: PartScores, bad: Mapping[str, PartScores]) -> str:
    from inspection.calibration.curves import operating_curve, operating_point
    from inspection.calibration.parts import PartScores

    if not sum(each.count for each in bad.values()):
        return section(
            "What escapes",
            "Not known: no defective parts were given. With --defect NAME=FOLDER this page has the escape rate with its"
            " bound, ROC and precision-recall curves.",
            "",
        )
    scale, limit = fitted.fit.scale, fitted.fit.limit
    of_good, of_bad = scale.largest(good), scale.largest(PartScores.together(bad.values()))
    points, chosen = operating_curve(of_good, of_bad), operating_point(of_good, of_bad, limit)
    share = calibration.cost.prices.defect_rate if calibration.cost else len(of_bad) / (len(of_good) + len(of_bad))
    roc = curve(
        [(point.overkill, point.caught) for point in points],
        (
            [(point.overkill_95[1], point.caught_95[0]) for point in points],
            [(point.overkill_95[0], point.caught_95[1]) for point in points],
        ),
        (chosen.overkill, chosen.caught),
        ("good parts that do not pass (overkill)", "defective parts caught"),
        "ROC",
    )
    ranges = [(point.caught, *point.precision_95(share)) for point in points]
    precision = curve(
        [(point.caught, point.precision(share)) for point in points if point.caught > 0],
        ([(caught, low) for caught, low, _ in ranges], [(caught, high) for caught, _, high in ranges]),
        (chosen.caught, chosen.precision(share)),
        ("defective parts caught (recall)", "defective among those that do not pass (precision)"),
        "precision and recall",
    )
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{check.parts}</td><td>{check.escapes}</td>"
        f"<td>{_share(check.escapes, check.parts)}</td><td>{check.escape_upper_95:.1%}</td></tr>"
        for name, check in calibration.defects.items()
    )
    own = "" if calibration.cost else " Its overkill here is by construction: these good parts set the limit."
    return section(
        "What escapes",
        "No limit was chosen on these defective parts. The bound is Clopper and Pearson's, one-sided, for each kind by"
        " itself: it holds for defects like these.",
        "<table><thead><tr><th>defect</th><th>parts</th><th>escaped</th><th>share</th><th>at most (95 %)</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>",
    ) + section(
        "Every limit there could be",
        f"The point is the chosen one: {chosen.caught:.0%} caught, {chosen.overkill:.1%} of good parts do not"
        f" pass.{own} Shaded: 95 % for each limit, both shares at once (Clopper and Pearson). Precision is told for"
        f" {share:.1%} of parts defective" + ("." if calibration.cost else ", as in these pictures."),
        f"<div class=plots><div><h3>ROC</h3>{roc}</div><div><h3>Precision and recall</h3>{precision}</div></div>",
    )


def _supported(calibration: Calibration, count: int) -> str:
    """Which promises so many good parts support, and how many more the others need."""
    from inspection.calibration.promise import Promise, percent
    from inspection.calibration.thresholds import LEAST_FOR_A_DEVIATION

    rows = []
    for rate in (0.1, 0.05, 0.02, 0.01, 0.005):
        cells = ""
        for confidence in (None, 0.95):
            needed = 2 * max(Promise(rate, confidence).needed, LEAST_FOR_A_DEVIATION)
            cells += f"<td>{'yes' if count >= needed else f'{needed - count} more'}</td>"
        rows.append(f"<tr><td>{percent(rate, 1)}</td>{cells}</tr>")
    return section(
        "What these good parts support",
        f"{counted(count, 'good part')} were given, half to standardise and half to set the limit. On average: over"
        " calibrations like this one. With 95 % confidence: this one, wrong in one of twenty.",
        "<table><thead><tr><th>good parts that do not pass</th><th>on average</th><th>with 95 % confidence</th></tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>",
    )


def _provenance(calibration: Calibration) -> str:
    facts = {
        "good parts": f"{calibration.good.folder}, {counted(calibration.good.count, 'picture')}, SHA-256"
        f" {calibration.good.sha256}",
        **({"pictures of one part": f"by {calibration.group_by} in the file's name"} if calibration.group_by else {}),
        **calibration.fingerprint,
    }
    rows = "".join(
        f"<dt>{escape(key.replace('_', ' '))}</dt><dd>{escape(str(told))}</dd>" for key, told in facts.items()
    )
    return section("Under what it holds", "", f"<dl>{rows}</dl>")


def _share(events: int, trials: int) -> str:
    return f"{events / trials:.1%}" if trials else ""
