"""`inspection evaluate --controls`: a recipe's model beside untrained networks like it, here tiny ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspection import gauge
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.domain.types import Pixels, Vectors
from tests.adapters.clip.tiny import SIDE_PX, save_clip
from tests.cli.conftest import Called, call
from tests.config.site_files import RECIPE_FILE
from tests.fakes.encoder import AxisEncoder, picture

WORDS = """\
part: nut
model: MODEL
normal: [a good nut]
descriptions:
  - {name: scratch, severity: minor, phrasings: [a nut with a long scratch]}
  - {name: stain, severity: minor, phrasings: [a stained nut]}
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("models") / "tiny", seed=99)


@pytest.fixture
def parts(site: Path, tiny: Path) -> Path:
    """The working directory: noisy parts, 14 good, 6 with a bright line, 6 with a spot; a recipe of a tiny CLIP."""
    (site / RECIPE_FILE).write_text(WORDS.replace("MODEL", str(tiny)))
    rng = np.random.default_rng(0)
    for folder, count in (("good", 14), ("bad/scratch", 6), ("bad/spot", 6)):
        (site / folder).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(80, 160, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
            if folder == "bad/scratch":
                pixels[5 + number, 4:28] = 255
            if folder == "bad/spot":
                pixels[8:20, 6 + number : 18 + number] //= 2
            Image.fromarray(pixels).save(site / folder / f"{number}.png")
    return site


EVALUATE = ("evaluate", "--recipe", "nut", "--config-dir", ".", "--good", "good")
BOTH = ("--bad", "bad/scratch", "--bad", "bad/spot")


def told(*arguments: str | Path) -> dict[str, Any]:
    called = call(*EVALUATE, *BOTH, *arguments, "--json")
    assert called.code == 0, called.err
    found: dict[str, Any] = json.loads(called.out)
    return found


def test_each_network_is_measured_as_the_model_is(parts: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures over three networks are those of three recipes whose model is that network."""
    asked = ("--references", "4", "--labels", "4")
    found = told("--controls", "3", *asked)["controls"]
    model = ClipEncoder.load(str(tiny))
    alone = []
    for seed in range(3):
        network = model.with_random_weights(seed)
        monkeypatch.setattr(gauge, "load_encoder", lambda recipe, network=network: network)
        alone.append(told(*asked))
    texts = {
        "all": [each["overall"]["auroc"] for each in alone],
        "scratch": [each["bad"]["scratch"]["by_description"]["auroc"] for each in alone],
        "spot": [each["bad"]["spot"]["as_part"]["auroc"] for each in alone],
    }

    def drawn(kind: str) -> dict[str, list[float]]:
        figures = [each[kind]["figures"] for each in alone]
        by_defect = {name: [each["auroc_by_defect"][name]["mean"] for each in figures] for name in ("scratch", "spot")}
        return {"all": [each["auroc"]["mean"] for each in figures], **by_defect}

    by_draws = {"references": drawn("with_references"), "labels": drawn("with_labels")}
    assert found["networks"] == 3
    for kind, expected in {"text": texts, **by_draws}.items():
        assert set(found[kind]["auroc_by_defect"]) == {"scratch", "spot"}
        for name, values in expected.items():
            of_it = found[kind]["auroc"] if name == "all" else found[kind]["auroc_by_defect"][name]
            assert len(set(values)) > 1  # the seeds are of consequence
            assert of_it == pytest.approx(
                {
                    "mean": np.mean(values),
                    "spread": np.std(values, ddof=1),
                    "least": min(values),
                    "largest": max(values),
                }
            )


def test_the_same_command_gives_the_same_figures_and_another_network_others(parts: Path) -> None:
    one, again, two = (told("--controls", count) for count in "112")
    assert one["controls"] == again["controls"]
    first, both = one["controls"]["text"]["auroc"], two["controls"]["text"]["auroc"]
    assert (first["spread"], first["least"], first["largest"]) == (None, first["mean"], first["mean"])
    assert both["least"] < both["largest"]
    assert first["mean"] in (both["least"], both["largest"])
    assert first["mean"] != one["overall"]["auroc"]  # the model is no control
    assert (one["controls"]["references"], one["controls"]["labels"]) == (None, None)
    without = told()
    assert without["controls"] is None
    assert without["overall"] == one["overall"]


def test_as_a_table_beside_the_models_figures(parts: Path) -> None:
    (parts / "good" / "cut.png").write_bytes(b"\x89PNG")
    asked = ("--controls", "2", "--references", "4", "--labels", "4")
    called = call(*EVALUATE, *BOTH, *asked)
    found = told(*asked)
    assert called.code == 0
    assert called.err.count("left out: ") == 1  # not once a network
    lines = called.out.splitlines()
    start = lines.index("Beside 2 networks of the same architecture with random weights")
    assert max(map(len, lines[start : start + 12])) <= 80
    heading, _, *rows, note = lines[start + 1 :]
    assert heading.split() == ["bad", "parts", *"by AUROC random range".split()]
    text, random = found["bad"], found["controls"]
    models = {
        "text": {
            "scratch": text["scratch"]["by_description"]["auroc"],
            "spot *": text["spot"]["as_part"]["auroc"],
            "all *": found["overall"]["auroc"],
        }
    }
    for by in ("references", "labels"):
        figures = found[f"with_{by}"]["figures"]
        models[by] = {
            "scratch": figures["auroc_by_defect"]["scratch"]["mean"],
            "spot *": figures["auroc_by_defect"]["spot"]["mean"],
            "all *": figures["auroc"]["mean"],
        }
    expected = []
    for name in ("scratch", "spot *", "all *"):
        for by, own in models.items():
            over = random[by]["auroc_by_defect"].get(name.removesuffix(" *"), random[by]["auroc"])
            told_of = f"{over['mean']:.2f} ± {over['spread']:.2f} {over['least']:.2f}..{over['largest']:.2f}"
            expected.append(f"{name} {by} {own[name]:.3f} {told_of}")
    assert [" ".join(row.split()) for row in rows] == expected
    assert note.startswith("random: mean ± deviation of the networks")
    assert "Beside 1 network of" in (one := call(*EVALUATE, *BOTH, "--controls", "1").out)
    assert "a figure within their range" not in one  # which is a point


def refused(*arguments: str) -> str:
    called: Called = call(*EVALUATE, *BOTH, *arguments)
    assert (called.code, called.out) == (2, "")
    return " ".join(called.err.replace("│", " ").split())


def test_no_network_and_a_model_that_cannot_be_rebuilt_are_refused(
    parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "'--controls': Input should be greater than or equal to 1" in refused("--controls", "0")
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: AxisEncoder())
    message = "model axis: it cannot be rebuilt with random weights; leave --controls out"
    assert message in refused("--controls", "2")


class BlindWhenRandom(AxisEncoder):
    """`ports.RebuildableEncoder`. From seed 1 on its random networks see all pictures alike."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def with_random_weights(self, seed: int) -> BlindWhenRandom:
        return BlindWhenRandom(seed)

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return super().embed_images([picture(200, 9, 3)] * len(images) if self.seed else images)


def test_a_network_that_tells_nothing_apart_is_named(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: BlindWhenRandom())
    message = "model axis: with random weights of seed 1 it cannot be measured (the good parts all have the same score"
    said = refused("--controls", "3")
    assert message in said
    assert said.endswith("ask for --controls 1 at most")
