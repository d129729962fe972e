"""`inspection calibrate LINE`: thresholds from good parts, with a promise; or, with prices, by cost.

The good parts lie in a folder (`--good DIR`), or are a fair sample of the line's own (`--from-dispositions`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import (
    AsJson,
    ConfigDir,
    DataDir,
    FromDispositions,
    GroupBy,
    SampleShare,
    SampleSince,
    SampleUntil,
)

if TYPE_CHECKING:
    from inspection.calibration.cost import Prices
    from inspection.calibration.promise import Promise
    from inspection.cli._calibration_samples import Listed
    from inspection.cli._references import HeldParts

FALSE_REJECT = 0.05
EMPTY = "without the part"


def calibrate(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    good: Annotated[
        Path | None, typer.Option(help="Folder of pictures of good parts, as this line's camera sees them.")
    ] = None,
    from_dispositions: FromDispositions = False,
    since: SampleSince = None,
    until: SampleUntil = None,
    share: SampleShare = None,
    defect: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FOLDER of defective parts, to see what escapes; any NAME will do. May be repeated."),
    ] = None,
    empty: Annotated[
        Path | None,
        typer.Option(help="Folder of pictures without a part, or of another part: says how many would pass."),
    ] = None,
    false_reject: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.5,
            help="The share of good parts that may be rejected or sent to review, on average.",
            show_default=str(FALSE_REJECT),
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(min=0.5, max=0.999, help="Such as 0.95: so sure it is to be of this very calibration."),
    ] = None,
    group_by: GroupBy = None,
    references: Annotated[
        int | None,
        typer.Option(
            min=3,
            metavar="N",
            help="Hold every part against N of the good parts, too: those, better 20, set no threshold.",
        ),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="… and learn from N of the defective parts (--defect) too; what escapes is told of the others.",
        ),
    ] = None,
    cost_escape: Annotated[float | None, typer.Option(help="By cost, as best effort: what an escape costs.")] = None,
    cost_overkill: Annotated[float | None, typer.Option(help="… what a good part that does not pass costs.")] = None,
    defect_rate: Annotated[float | None, typer.Option(help="… the share of parts that are defective.")] = None,
    by: Annotated[str | None, typer.Option(help="Who answers for it; default: the user name.")] = None,
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set a line's thresholds from pictures of its own good parts. Nothing is changed if they will not do."""
    from inspection.adapters.store.phrase_vectors import RememberedTexts
    from inspection.calibrated import calibration_path
    from inspection.calibration.promise import Promise
    from inspection.calibration.record import Calibration, kept_path, readable_calibration
    from inspection.cli._calibration_drift_kept import drift_kept_of
    from inspection.cli._calibration_fit import check_of, escapes_by, fit, whole_of
    from inspection.cli._calibration_report import report_of
    from inspection.cli._calibration_samples import (
        Seen,
        apart,
        group_pattern,
        list_defects,
        list_good,
        require_one_kind,
        sampled,
        without_copies,
    )
    from inspection.cli._calibration_text import tell, tell_free_labels
    from inspection.cli._line_pictures import line_pictures, require_one_source
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.cli._references import hold_against, teach, tell_unproven
    from inspection.cli._site_files import person, refuse_the_shipped, write_bytes, write_text
    from inspection.config import load_site
    from inspection.gauge import fingerprint, line_encoder, scorer_of
    from inspection.phrasings import in_brief, phrasing_warnings

    answers = person(by)
    asked = _asked(false_reject, confidence, (cost_escape, cost_overkill, defect_rate))
    _require_references(references, labels)
    require_one_source(good, from_dispositions, (since, until, share, data_dir), group_by)
    _require_promise(asked, from_dispositions=from_dispositions)
    pattern = group_pattern(group_by)
    folder = config_dir_of(config_dir)
    refuse_the_shipped(folder, is_named=config_dir is not None)
    site = load_site(folder)
    line_config = site.line(line)
    recipe = site.recipe(line_config.recipe)
    own = None if good else line_pictures(line_config, data_dir, since, until, share)
    good_listed = own.good if own else list_good(good or Path(), pattern)
    defect_folders = named_folders(defect or [], "--defect")
    tell_free_labels(defect_folders, [description.name for description in recipe.descriptions])
    defects_listed = list_defects(defect_folders, good_listed, pattern)
    if own:
        defects_listed = {**own.defects(list(defect_folders)), **defects_listed}
    if labels is not None:
        require_one_kind(defects_listed)
    empty_listed = _without_the_part(empty, good_listed, defects_listed)
    encoder, untuned = line_encoder(site, line_config)
    if untuned:
        typer.echo(untuned, err=True)
    texts = RememberedTexts(encoder, None)
    scorer = scorer_of(recipe, encoder, texts)
    if told := in_brief(phrasing_warnings(site, recipe.name, encoder, texts), recipe.name):
        typer.echo(told, err=True)
    path, under = calibration_path(site, line), fingerprint(encoder, recipe, line_config)
    if own:
        own.require_camera(readable_calibration(path), under["camera"])
    # Whoever says which part a picture is of has thought of pictures that look the same; the log knows.
    if pattern is None and own is None:
        good_listed = without_copies(good_listed, what="good parts")
        if labels is not None:
            seen = Seen()  # of all kinds: what was learnt is nothing to be tested by
            defects_listed = {name: without_copies(each, what=name, seen=seen) for name, each in defects_listed.items()}
    held = None
    if references is not None:
        tell_unproven(site, line, encoder)
        scorer, held, good_listed = hold_against(good_listed, references, scorer)
        defects_listed = apart(defects_listed, [held.parts], why="are references")
    if held is not None and labels is not None:
        scorer, held, defects_listed = teach(defects_listed, labels, held, scorer)
        good_listed = apart({"good parts": good_listed}, (held.labelled or {}).values(), why="taught")["good parts"]
    of_good = sampled(good_listed, scorer, what="good parts")
    of_defects = {name: sampled(each, scorer, what=name) for name, each in defects_listed.items()}
    of_empty = sampled(empty_listed, scorer, what=EMPTY) if empty_listed else None
    review_below = line_config.review.below if line_config.review else 0.0
    with _said_beside(held):
        fitted = fit(of_good, of_defects, scorer.names, asked, review_below)
    promise = asked if isinstance(asked, Promise) else None
    recipe_id = recipe.content_id()
    origin = own.origin(of_good, fitted.fit, scorer, recipe_id) if own else None
    described = len(scorer.prototypes.names)
    by_text, by_references = (
        escapes_by(scorer.names[:scores], of_good, of_defects, promise) if promise and is_compared else {}
        for scores, is_compared in ((described, held), (described + 1, labels))
    )
    kept = drift_kept_of(of_good, fitted.fit.scale.whole, good_listed.pixels, scorer.names)
    kept_sha256 = hashlib.sha256(kept).hexdigest()
    calibration = Calibration(
        line=line,
        recipe=recipe.name,
        recipe_id=recipe_id,
        by=answers,
        created_utc=datetime.now(UTC),
        false_reject=promise.false_reject if promise else None,
        standardised_on=fitted.fit.standardised_on,
        ranked_on=fitted.fit.ranked_on,
        rank=fitted.fit.rank,
        thresholds=fitted.fit.thresholds,
        fingerprint=under,
        good=of_good.sample_set(),
        defects=fitted.checks,
        confidence=promise.confidence if promise else None,
        review_below=review_below or None,
        group_by=group_by,
        cost=fitted.cost,
        origin=origin,
        references=held.record(by_text, by_references) if held else None,
        drift_reference=kept_sha256,
        whole=whole_of(fitted.fit),
        empty=check_of(of_empty, fitted.fit) if of_empty else None,
    )
    report = path.with_suffix(".html")
    content = calibration.to_json()
    page = report_of(calibration, fitted, of_good, of_defects, scorer.names, scorer.region)
    # Before the record that names them.
    if held and calibration.references:
        write_bytes(kept_path(path, calibration.references.sha256, "references"), held.content)
    write_bytes(kept_path(path, kept_sha256, "drift"), kept)
    write_text(path, content)
    write_text(report, page)
    if as_json:
        named = {"path": str(path), "report": str(report), "id": calibration.id}
        typer.echo(json.dumps({**named, **json.loads(content)}))
    else:
        tell(calibration, path, report)


@contextmanager
def _said_beside(held: HeldParts | None) -> Iterator[None]:
    """Where good parts are too few, that some of them are references is part of why."""
    from inspection.domain.errors import CalibrationError
    from inspection.wording import counted

    try:
        yield
    except CalibrationError as error:
        if held is None:
            raise
        raise CalibrationError(f"{error} (beside {counted(held.count, 'reference')})") from error


def _without_the_part(folder: Path | None, good: Listed, defects: Mapping[str, Listed]) -> Listed | None:
    """One empty belt is one picture, however often it was taken; and no name of a file says which part it is not."""
    from inspection.cli._calibration_samples import list_defects, require_other_pictures, without_copies

    if folder is None:
        return None
    listed = list_defects({EMPTY: folder}, good, None)[EMPTY]
    for name, each in defects.items():
        require_other_pictures(EMPTY, listed, name, each)
    return without_copies(listed, what=EMPTY, hint="")


def _require_references(references: int | None, labels: int | None) -> None:
    if labels is not None and references is None:
        raise typer.BadParameter(
            "labelled bad parts teach nothing without good ones beside them: give --references N too",
            param_hint="--labels",
        )


def _require_promise(asked: Promise | Prices, *, from_dispositions: bool) -> None:
    from inspection.calibration.promise import Promise

    if from_dispositions and not isinstance(asked, Promise):
        raise typer.BadParameter(
            "most defects of a line are known because it rejected them, so a limit of least cost would be chosen by"
            " those alone: give --good and --defect folders for it"
        )


def _asked(
    false_reject: float | None, confidence: float | None, prices: tuple[float | None, float | None, float | None]
) -> Promise | Prices:
    """A promise, or prices: never both. Raises CalibrationError for prices that are none."""
    from inspection.calibration.cost import Prices
    from inspection.calibration.promise import Promise

    escape, overkill, defect_rate = prices
    if escape is None and overkill is None and defect_rate is None:
        return Promise(FALSE_REJECT if false_reject is None else false_reject, confidence)
    if escape is None or overkill is None or defect_rate is None:
        raise typer.BadParameter("give all three: --cost-escape, --cost-overkill and --defect-rate")
    if false_reject is not None or confidence is not None:
        raise typer.BadParameter("a limit by cost promises no rate: leave --false-reject and --confidence out")
    return Prices(escape, overkill, defect_rate)
