"""`inspection bench references`: what references find, and what they cost a frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import references_cost
from benchmarks.references import measure
from inspection.adapters.clip.runtimes import REFERENCE, Runtime
from inspection.calibration.promise import Promise
from inspection.domain.types import Pixels, Vectors
from inspection.resources import samples_dir
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region
from tests.cli.conftest import call
from tests.fakes.encoder import AxisEncoder, picture


def test_every_runtime_that_runs_here_is_timed_with_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references_cost, "runtimes", lambda: (REFERENCE, Runtime("torch", "int8")))
    parts = samples_dir() / "hex_nut" / "calibration"
    for file in sorted((parts / "good").iterdir())[:18]:
        (tmp_path / file.name).symlink_to(file)
    asked = ("--recipe", "hex-nut", "--good", tmp_path, "--bad", parts / "scratch", "--references", "4")
    few = ("--false-reject", "0.2", "--draws", "1", "--seconds", "0.1")
    called = call("bench", "references", *asked, *few, "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)
    assert set(told["ways"]) == {"sentences", "references", "both", "nearest"}
    (cost,) = told["cost"].values()
    assert list(told["cost"]) == [str(REFERENCE)]
    assert cost["times"] == pytest.approx(cost["both_ms"] / cost["sentences_ms"], rel=0.01)
    assert cost["sentences_ms"] > 0
    assert cost["moved_sigma"] == cost["moved_sigma_by_torch"] == 0


class Apart(AxisEncoder):
    """`ports.PlacesEncoder`: its places show nothing of what the picture as a whole is."""

    def embed_with_places(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        seen = [np.random.default_rng(int(image[5, 5, 0])).normal((9, 0, 0), size=(4, 4, 3)) for image in images]
        places = np.array(seen).reshape(-1, 4, 4, 3)
        places /= np.linalg.norm(places, axis=-1, keepdims=True)
        return self.embed_images(images), places.astype(np.float32)


def test_ways_with_sentences_look_at_the_picture_as_a_whole_and_single_scores_do_not(tmp_path: Path) -> None:
    """Good parts are as scratched as they lack stains. A spill has less of both than most: no sentence finds it."""
    rng = np.random.default_rng(0)
    for folder, scratch, stain, count in (("good", 60, 60, 60), ("spill", 45, 45, 10)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            less, noise = int(rng.integers(-20, 21)) * (folder == "good"), int(rng.integers(-1, 2))
            pixels = picture(200, scratch + less + noise, stain - less)
            pixels[5, 5, 0] = number if folder == "good" else 200 + number
            Image.fromarray(pixels).save(tmp_path / folder / f"{number:02}.png")
    encoder = Apart()
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"], "stain": ["stain"]})
    scorer = PartScorer(encoder, prototypes, Region())
    found = measure(scorer, tmp_path / "good", {"spill": tmp_path / "spill"}, 10, None, Promise(0.2), draws=3)
    escapes = {way: each["escape"] or 0.0 for way, each in found.items()}
    assert escapes["sentences"] == escapes["both"] == 0
    assert escapes["references"] > 0.4
    assert escapes["nearest"] > 0.4
