"""A line that has judged pictures with the bundled model: its log, its evidence and its events, by the real stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspection import app, history
from inspection.adapters.cameras.images import read_image
from inspection.adapters.store.evidence import ImageEvidence
from inspection.adapters.store.images import ImageIndex
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.calibrated import calibration_path
from inspection.calibration.record import load_calibration
from inspection.config import load_site
from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.ports import IMAGE_WAITS, JudgedPart
from inspection.domain.types import (
    Cause,
    Frame,
    Outcome,
    OutcomeKind,
    PartContext,
    PartId,
    Trigger,
    Verdict,
    VerdictKind,
)
from inspection.gauge import load_encoder, model_id_of, prototypes_of, region_of
from inspection.judging.judge import judge
from inspection.resources import samples_dir
from inspection.scoring.scorer import score
from tests.fakes.clock import ManualClock


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that came down the line. `withheld`: why it could not pass, if it would have."""

    path: Path
    withheld: Cause | None = None


LINE = samples_dir() / "hex_nut" / "line"
GOOD = 20
PICTURES = [
    *(Shown(path) for path in sorted((LINE / "good").iterdir())[:GOOD]),
    *(Shown(path) for path in sorted((LINE / "scratch").iterdir())[:4]),
    Shown(LINE / "stain" / "000.jpg"),
    Shown(LINE / "good" / "000.jpg"),
    Shown(LINE / "good" / "030.jpg", withheld=Cause.PAUSED),
]
SCRATCHES = [PartId(1, number) for number in range(GOOD + 1, GOOD + 5)]
STAIN = PartId(1, GOOD + 5)


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """`verdicts`: of the pictures, in their order."""

    config_dir: Path
    data_dir: Path
    parts: Sequence[PartId]
    verdicts: Sequence[Verdict]
    utcs: Sequence[datetime]

    def picture(self, part: PartId) -> Path:
        """The file that is kept of it."""
        return self.data_dir / str(history.part(self.data_dir, "demo", *part)["image_path"])  # type: ignore[index]


def run_line(config_dir: Path, data_dir: Path, shown: Sequence[Shown], *, scores_off: float = 0) -> JudgedLine:
    """Line `demo`: a part a second, the first of them an hour ago; each picture is kept. `scores_off`: so much more
    than the picture's own score is on record for a part that passed, as if its frame had been another one."""
    site = load_site(config_dir)
    recipe = site.recipe(site.line("demo").recipe)
    calibration = load_calibration(calibration_path(site, "demo"))
    encoder = load_encoder(recipe)
    prototypes, region = prototypes_of(recipe, encoder), region_of(recipe)
    frames = [read_image(each.path) for each in shown]
    scores = score(encoder.embed_images([region.crop(each) for each in frames]), prototypes, encoder.logit_scale)
    context = PartContext(
        line="demo",
        station="hall-1",
        recipe=recipe.name,
        recipe_id=recipe.content_id(),
        calibration_id=calibration.id,
        model_id=model_id_of(encoder),
        code_version="0",
        thresholds={name: threshold.score for name, threshold in calibration.thresholds.items()},
    )
    paths = LinePaths(data_dir, "demo")
    journal = SqliteJournal(paths.state_db, "process")
    evidence = ImageEvidence(paths, ImageIndex(paths, journal.lock), ManualClock())
    log = ParquetLog(paths, ManualClock(), seal_after_parts=1000, seal_after_s=3600)
    epoch, begin = journal.new_epoch(), datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    parts, verdicts, utcs = list[PartId](), list[Verdict](), list[datetime]()
    for number, (each, frame, its) in enumerate(zip(shown, frames, scores, strict=True), start=1):
        part, utc = PartId(epoch, number), begin + timedelta(seconds=number)
        named = dict(zip(prototypes.names, its.tolist(), strict=True))
        verdict = judge(named, calibration.thresholds)
        if each.withheld and verdict.kind is VerdictKind.PASS:
            verdict = replace(verdict, kind=VerdictKind.UNJUDGED, cause=each.withheld)
        if verdict.kind is VerdictKind.PASS:
            verdict = replace(verdict, scores={name: value + scores_off for name, value in verdict.scores.items()})
        journal.record_triggers([Trigger(part, 0, utc)], context)
        assert evidence.offer(part, Frame(frame, utc), verdict)
        journal.record_verdicts(
            [JudgedPart(part, verdict, utc, utc, source=None, image_path=IMAGE_WAITS, latency_ms={})]
        )
        evidence.drain()
        has_passed = verdict.kind is VerdictKind.PASS
        outcome = Outcome(OutcomeKind.PASSED if has_passed else OutcomeKind.DIVERTED, commanded=True)
        journal.record_outcome(part, outcome, utc)
        parts, verdicts, utcs = [*parts, part], [*verdicts, verdict], [*utcs, utc]
    log.seal(everything=True)
    log.close()
    journal.close()
    return JudgedLine(config_dir, data_dir, parts, verdicts, utcs)


def say(line: JudgedLine, part: PartId, kind: DispositionKind, defect: str | None = None) -> None:
    app.dispose(line.data_dir, "demo", Disposition(part, kind, "Kim", None, defect))


def say_all(line: JudgedLine) -> None:
    """Scratches are scratches, and the stain was oil that came off; part 1-20 came back."""
    for scratch in SCRATCHES:
        say(line, scratch, DispositionKind.CONFIRMED_DEFECT, "scratch")
    say(line, STAIN, DispositionKind.FALSE_REJECT)
    say(line, PartId(1, GOOD), DispositionKind.ESCAPE, "scratch")
