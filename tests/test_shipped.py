"""What ships together fits together: the demo's model, recipe, calibration and sample parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.empty import FIRST_SEED, sample_line_of
from inspection import resources
from inspection.adapters.cameras.images import list_images, read_image
from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.calibrated import require_calibration
from inspection.config import Site, load_site
from inspection.domain.ports import Encoder
from inspection.domain.types import Cause, Pixels, Verdict, VerdictKind
from inspection.gauge import load_encoder, prototypes_of, region_of, scorer_of
from inspection.judging.judge import judge
from inspection.judging.presence import Presence
from inspection.scoring.scorer import score
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.render import render, render_empty

LINE = "demo"
LINES = (LINE, "board", "moulded-cap")
CARD_MARGIN = 2  # parts: another processor may round a score to the other side of its threshold


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(resources.configs_dir())


@pytest.fixture(scope="module")
def encoder(site: Site) -> Encoder:
    return load_encoder(site.recipe(site.line(LINE).recipe))


@pytest.mark.parametrize("line", LINES)
def test_no_shipped_calibration_is_stale(site: Site, encoder: Encoder, line: str) -> None:
    calibration = require_calibration(site, site.line(line), encoder)
    assert (calibration.line, calibration.by) == (line, "demo")
    recipe = site.recipe(calibration.recipe)
    assert set(calibration.thresholds) == {description.name for description in recipe.descriptions}


@pytest.mark.parametrize(("recipe", "line"), [("hex-nut", LINE), ("board", "board"), ("moulded-cap", "moulded-cap")])
def test_no_frame_without_the_part_passes(site: Site, encoder: Encoder, recipe: str, line: str) -> None:
    """Bare belt, and every other family of parts on it; most of them no sentence finds fault with. Good parts pass."""
    calibration = require_calibration(site, site.line(line), encoder)
    assert calibration.whole is not None
    scorer, presence = scorer_of(site.recipe(recipe), encoder), Presence(calibration.whole)

    def judged(frames: Sequence[Pixels], *, is_looked_for: bool = True) -> list[Verdict]:
        looks = [scorer.look([frame]) for frame in frames]
        verdicts = []
        for look in looks:
            scores = dict(zip(scorer.names, map(float, look.scores[0]), strict=True))
            verdict = judge(scores, calibration.thresholds)
            verdicts += presence.require([verdict], look.wholes) if is_looked_for else [verdict]
        return verdicts

    own = sample_line_of(recipe)
    families = [family for family in FAMILIES if family != own.family]
    empty = [render_empty(FIRST_SEED + number, own, 256) for number in range(6)]
    others = [
        render(FIRST_SEED, size_px=256, line=replace(own, family=family, belt_of=own.family)).pixels
        for family in families
    ]
    assert {verdict.cause for verdict in judged(empty)} == {Cause.NOT_THE_PART}
    assert not [verdict for verdict in judged(others) if verdict.kind is VerdictKind.PASS]
    assert all(verdict.kind is VerdictKind.PASS for verdict in judged(empty, is_looked_for=False))
    good = resources.samples_dir() / recipe.replace("-", "_") / "line" / "good"
    assert Cause.NOT_THE_PART not in {verdict.cause for verdict in judged([read_image(p) for p in list_images(good)])}


def test_the_demo_judges_its_sample_line_as_the_model_card_says(site: Site, encoder: Encoder) -> None:
    recipe = site.recipe(site.line(LINE).recipe)
    thresholds = require_calibration(site, site.line(LINE), encoder).thresholds
    prototypes, region = prototypes_of(recipe, encoder), region_of(recipe)
    wrong, shown = {"escapes": 0, "overkill": 0}, {"escapes": 0, "overkill": 0}
    for folder in sorted((resources.samples_dir() / "hex_nut" / "line").iterdir()):
        is_good = folder.name == "good"
        count = "overkill" if is_good else "escapes"
        pictures = [region.crop(read_image(path)) for path in list_images(folder)]
        rows = score(encoder.embed_images(pictures), prototypes, encoder.logit_scale)
        verdicts = [judge(dict(zip(prototypes.names, map(float, row), strict=True)), thresholds) for row in rows]
        wrong[count] += sum((verdict.kind == "REJECT") == is_good for verdict in verdicts)
        shown[count] += len(verdicts)
    card = (BUNDLED_FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    for count, seen in wrong.items():
        of, said = map(int, re.findall(rf"^\| {count}, of (\d+) \w+ parts \|[^|]*\| (\d+)", card, re.MULTILINE)[0])
        assert shown[count] == of
        assert abs(seen - said) <= CARD_MARGIN, (count, wrong, said)
