"""What ships together fits together: the demo's model, recipe, calibration and sample parts."""

from __future__ import annotations

import pytest

from inspection import resources
from inspection.adapters.cameras.images import list_images, read_image
from inspection.build import load_encoder, prototypes_of, region_of, require_calibration
from inspection.config import Site, load_site
from inspection.domain.ports import Encoder
from inspection.judging.judge import judge
from inspection.scoring.scorer import score

LINE = "demo"


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(resources.configs_dir())


@pytest.fixture(scope="module")
def encoder(site: Site) -> Encoder:
    return load_encoder(site.recipe(site.line(LINE).recipe))


def test_the_demo_calibration_is_not_stale(site: Site, encoder: Encoder) -> None:
    calibration = require_calibration(site, site.line(LINE), encoder)
    assert (calibration.line, calibration.by, calibration.false_reject) == (LINE, "demo", 0.05)
    recipe = site.recipe(calibration.recipe)
    assert set(calibration.thresholds) == {description.name for description in recipe.descriptions}


def test_the_demo_judges_its_sample_line_as_the_model_card_says(site: Site, encoder: Encoder) -> None:
    recipe = site.recipe(site.line(LINE).recipe)
    thresholds = require_calibration(site, site.line(LINE), encoder).thresholds
    prototypes, region = prototypes_of(recipe, encoder), region_of(recipe)
    rejected = {}
    for folder in sorted((resources.samples_dir() / "hex_nut" / "line").iterdir()):
        pictures = [region.crop(read_image(path)) for path in list_images(folder)]
        rows = score(encoder.embed_images(pictures), prototypes, encoder.logit_scale)
        verdicts = [judge(dict(zip(prototypes.names, map(float, row), strict=True)), thresholds) for row in rows]
        rejected[folder.name] = sum(verdict.kind == "REJECT" for verdict in verdicts) / len(verdicts)
    assert rejected.pop("good") < 0.08
    assert all(share > 0.8 for share in rejected.values()), rejected
