"""A model's own architecture, untrained: what it shares with the model, and what it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.domain.ports import RebuildableEncoder
from tests.adapters.clip.tiny import SAVE

PICTURES = list(np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8))
PHRASES = ["a flawless nut", "a nut with a long scratch near the edge"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    tiny = {name: save(root / f"tiny-{name.replace(' ', '-')}") for name, save in SAVE.items()}
    return {**tiny, "parts_clip": BUNDLED_FOLDER}


@pytest.mark.parametrize("name", [*SAVE, "parts_clip"])
def test_the_seed_alone_says_what_an_untrained_network_makes_of_parts(name: str, folders: dict[str, Path]) -> None:
    model = ClipEncoder.load(str(folders[name]))
    assert isinstance(model, RebuildableEncoder)
    before = model.embed_images(PICTURES), model.embed_texts(PHRASES)
    first, again, other = (model.with_random_weights(seed) for seed in (3, 3, 4))
    for embed, of_model in zip(("embed_images", "embed_texts"), before, strict=True):
        inputs = PICTURES if embed == "embed_images" else PHRASES
        of_first, of_again, of_other = (getattr(each, embed)(inputs) for each in (first, again, other))
        assert of_first.shape == of_model.shape
        assert (of_first == of_again).all()
        assert abs(of_first - of_other).max() > 0.01
        assert abs(of_first - of_model).max() > 0.01
        assert (getattr(model, embed)(inputs) == of_model).all()  # the model itself is as it was
    assert first.fingerprint == {**model.fingerprint, "weights": "random 3"}


def test_torchs_generator_is_left_as_it_was(folders: dict[str, Path]) -> None:
    model = ClipEncoder.load(str(folders["clip"]))
    torch.manual_seed(11)
    expected = torch.rand(4)
    torch.manual_seed(11)
    model.with_random_weights(3)
    assert (torch.rand(4) == expected).all()


@pytest.mark.parametrize("name", ["clip", "parts_clip"])
def test_a_line_on_the_cpu_does_not_start_the_gpus(
    folders: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One may be full with another's work."""

    def full(*arguments: object) -> None:
        raise RuntimeError(f"CUDA error: out of memory {arguments}")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for started in ("get_rng_state", "set_rng_state", "manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, started, full)
    model = ClipEncoder.load(str(folders[name]))
    assert np.isfinite(model.with_random_weights(3).embed_images(PICTURES)).all()
