"""The model that comes with the package: whole, offline, and better than chance on parts it never saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pytest

from inspection import resources
from inspection.adapters.cameras.images import read_image
from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.exam import PLAIN
from inspection.analytics.separation import auroc
from inspection.config import load_site
from inspection.domain.types import Vectors
from inspection.scoring.locator import Locator
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region
from inspection.scoring.scorer import score

SAMPLES = resources.samples_dir() / "hex_nut"
KINDS = ("scratch", "dent", "crack", "chip", "stain")
MOST_BYTES = 12 * 10**6
FILES = {
    "LICENSE-WordNet",
    "MODEL_CARD.md",
    "config.json",
    "inspection-model.json",
    "model.safetensors",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "training.json",
}


@pytest.fixture(scope="module")
def bundled() -> ClipEncoder:
    return ClipEncoder.load("bundled")


def embedded(encoder: ClipEncoder, label: str, step: int) -> Vectors:
    """Every `step`-th picture of the sample line with that label."""
    files = sorted((SAMPLES / "line" / label).glob("*.jpg"))[::step]
    return encoder.embed_images([read_image(path) for path in files])


@pytest.mark.usefixtures("no_network")
def test_it_loads_and_runs_without_a_network() -> None:
    encoder = ClipEncoder.load("bundled")
    picture = read_image(SAMPLES / "line" / "good" / "000.jpg")
    for vectors in (encoder.embed_images([picture]), encoder.embed_texts(["a hex nut with a dent"])):
        assert vectors.shape == (1, 128)
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_it_tells_defective_sample_parts_from_good_ones(bundled: ClipEncoder) -> None:
    recipe = load_site(resources.configs_dir()).recipe("hex-nut")
    phrasings = {description.name: description.phrasings for description in recipe.descriptions}
    assert tuple(phrasings) == KINDS
    prototypes = encode_prototypes(bundled, recipe.normal, phrasings)
    good = score(embedded(bundled, "good", 2), prototypes, bundled.logit_scale)
    for index, kind in enumerate(KINDS):
        bad = score(embedded(bundled, kind, 2), prototypes, bundled.logit_scale)
        assert auroc(bad[:, index], good[:, index]) > 0.9, kind


def test_it_names_more_kinds_right_than_chance(bundled: ClipEncoder) -> None:
    phrasings = {kind: [phrase.format("hex nut") for phrase in PLAIN[kind]] for kind in KINDS}
    prototypes = encode_prototypes(bundled, ["a flawless hex nut"], phrasings)
    right = 0
    for index, kind in enumerate(KINDS):
        scores = score(embedded(bundled, kind, 2), prototypes, bundled.logit_scale)
        right += int((scores.argmax(axis=1) == index).sum())
    assert right / (8 * len(KINDS)) > 0.6  # chance: 0.2


def test_the_folder_holds_what_is_needed_and_is_small() -> None:
    files = [path for path in BUNDLED_FOLDER.iterdir() if path.is_file()]
    assert {path.name for path in files} == FILES
    assert sum(path.stat().st_size for path in files) < MOST_BYTES


def test_the_model_card_is_of_these_weights() -> None:
    digest = hashlib.sha256((BUNDLED_FOLDER / "model.safetensors").read_bytes()).hexdigest()
    assert digest in (BUNDLED_FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert json.loads((BUNDLED_FOLDER / "config.json").read_text(encoding="utf-8"))["model_type"] == "parts_clip"


def test_the_hottest_spot_of_its_map_meets_the_defect_more_often_than_chance_would(
    bundled: ClipEncoder, measured: Callable[[str], None]
) -> None:
    """Of all defective sample parts, by their own description; chance is the same spot on another picture."""
    recipe = load_site(resources.configs_dir()).recipe("hex-nut")
    phrasings = {description.name: description.phrasings for description in recipe.descriptions}
    locate = Locator(bundled, encode_prototypes(bundled, recipe.normal, phrasings), Region())
    spots, masks = [], []
    for mask in sorted((SAMPLES / "masks").rglob("*.png")):
        kind = mask.parent.name
        spots.append(locate(read_image(SAMPLES / "line" / kind / f"{mask.stem}.jpg"), kind).region)
        masks.append(read_image(mask).max(axis=2) > 127)

    def is_met(spot, mask):
        y0, y1, x0, x1 = Region(*spot).edges_px(*mask.shape)
        return bool(mask[y0:y1, x0:x1].any())

    met = [is_met(spot, mask) for spot, mask in zip(spots, masks, strict=True)]
    elsewhere = [is_met(spot, mask) for spot in spots for mask in masks]
    area = np.mean([spot.width * spot.height for spot in spots])
    told = f"{np.mean(met):.0%} of {len(met)} defects met, by chance {np.mean(elsewhere):.0%}"
    measured(f"{told}; {area:.0%} of the area")
    assert np.mean(met) > np.mean(elsewhere) + 0.2
