"""Golden test: our preparation of a picture against the one of transformers' own image processors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from inspection.adapters.clip.folder import image_processor
from inspection.adapters.clip.preprocessing import Preprocessing
from inspection.domain.errors import ModelError
from inspection.synthesis.fields import noise
from inspection.synthesis.render import render

PROCESSORS: dict[str, tuple[str, Any]] = {
    "clip": ("clip", CLIPImageProcessorPil()),
    "clip, whole frame": (
        "clip",
        CLIPImageProcessorPil(do_center_crop=False, size={"height": 96, "width": 160}),
    ),
    "siglip": ("siglip", SiglipImageProcessorPil()),
    "bundled": ("parts_clip", image_processor()),
}
SHAPES = [(1200, 1920), (224, 224), (300, 97), (64, 80), (128, 128)]


def picture(height: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Fine noise and hard edges: the worst case for resampling."""
    rng = np.random.default_rng([height, width])
    part = Image.fromarray(render(1, family="gear", size_px=256).pixels).resize((width, height))
    rough = noise(rng, max(height, width), 60)[:height, :width, None] * 60
    return np.clip(np.asarray(part) + rough, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", sorted(PROCESSORS))
def test_prepared_as_by_transformers_to_a_grey_level(name: str, shape: tuple[int, int], tmp_path: Path) -> None:
    model_type, processor = PROCESSORS[name]
    processor.save_pretrained(tmp_path)
    preprocessing = Preprocessing.read(tmp_path, model_type)
    image = picture(*shape)
    theirs = np.asarray(processor(Image.fromarray(image), return_tensors="np")["pixel_values"])
    ours = preprocessing.apply([image]).numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    grey_levels = np.abs(ours - theirs) * 255 * np.asarray(preprocessing.std, np.float32)[:, None, None]
    # Enlarging a picture rounds a few pixels in a hundred thousand by one grey level more.
    assert grey_levels.max() <= 2.01
    assert (grey_levels > 1.01).mean() < 1e-4


def test_settings_of_old_checkpoints_are_understood(tmp_path: Path) -> None:
    """`openai/clip-vit-base-patch32` has plain numbers and leaves some out."""
    old = {
        "crop_size": 224,
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "resample": 3,
        "size": 224,
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(old))
    said = Preprocessing.read(tmp_path, "clip").describe()
    assert said == (
        "short-edge=224 resize=bicubic-antialias crop=224x224 "
        "mean=0.481455,0.457827,0.408211 std=0.26863,0.261303,0.275777"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resample": 1}, "cannot use the settings"),
        ({"image_mean": [0.5]}, "cannot use the settings"),
        ({"do_resize": False}, "must resize and normalise"),
        ({"size": 100, "crop_size": 224}, "out of a smaller picture"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=message):
        Preprocessing.read(tmp_path, "clip")


def test_a_model_that_does_not_say_how_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no preprocessor_config\.json"):
        Preprocessing.read(tmp_path, "clip")
    (tmp_path / "preprocessor_config.json").write_text("{")
    with pytest.raises(ModelError, match="is not JSON"):
        Preprocessing.read(tmp_path, "clip")
