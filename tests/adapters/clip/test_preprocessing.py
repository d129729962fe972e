"""Golden test: our preparation of a picture against the one of transformers' own image processors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

from inspection.adapters.clip.checkpoint import Checkpoint
from inspection.adapters.clip.folder import image_processor
from inspection.adapters.clip.patches import PatchPreprocessing
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
    "bundled": ("parts_clip", image_processor(128)),
}
SHAPES = [(1200, 1920), (224, 224), (300, 97), (64, 80), (128, 128)]


def picture(height: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Fine noise and hard edges: the worst case for resampling."""
    rng = np.random.default_rng([height, width])
    part = np.asarray(Image.fromarray(render(1, family="gear", size_px=256).pixels).resize((width, height)))
    # Lifted off black: where a picture is cut off there, both round between their passes, a few grey levels apart.
    part = part * 0.7 + 60
    rough = noise(rng, max(height, width), 60)[:height, :width, None] * 60
    return np.clip(part + rough, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", sorted(PROCESSORS))
def test_prepared_as_by_transformers_to_a_grey_level(name: str, shape: tuple[int, int], tmp_path: Path) -> None:
    model_type, processor = PROCESSORS[name]
    processor.save_pretrained(tmp_path)
    preprocessing = Preprocessing.read(Checkpoint("mine", tmp_path), model_type, "as-trained")
    image = picture(*shape)
    theirs = np.asarray(processor(Image.fromarray(image), return_tensors="np")["pixel_values"])
    ours = preprocessing.apply([image])["pixel_values"].numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    grey_levels = np.abs(ours - theirs) * 255 * np.asarray(preprocessing.std, np.float32)[:, None, None]
    assert grey_levels.max() <= 1.01


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[CLIPImageProcessorPil, Preprocessing]:
    """CLIP's own, to 64 pixels; and ours."""
    folder = tmp_path_factory.mktemp("small")
    theirs = CLIPImageProcessorPil(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
    theirs.save_pretrained(folder)
    return theirs, Preprocessing.read(Checkpoint("mine", folder), "clip", "as-trained")


@given(seed=st.integers(0, 2**32), height=st.integers(20, 100), width=st.integers(20, 100))
@example(923, 70, 90)
def test_a_picture_of_less_than_twice_the_size_is_prepared_as_by_pillow_itself(
    small: tuple[CLIPImageProcessorPil, Preprocessing], seed: int, height: int, width: int
) -> None:
    theirs, ours = small
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    expected = np.asarray(theirs(Image.fromarray(image), return_tensors="np")["pixel_values"])
    prepared = ours.apply([image])["pixel_values"].numpy()
    assert np.abs(prepared - expected).max() < 1e-5


@given(seed=st.integers(0, 2**32), height=st.integers(64, 400), width=st.integers(64, 400), full=st.booleans())
@example(923, 70, 294, False)
def test_a_picture_of_any_size_is_made_smaller_as_by_transformers_to_a_grey_level(
    small: tuple[CLIPImageProcessorPil, Preprocessing], seed: int, height: int, width: int, full: bool
) -> None:
    """Noise, which overshoots most. Cut off at black and white between the passes it depends on which pass is first:
    Pillow takes the vertical one first for some upright pictures, torch for none."""
    theirs, ours = small
    low, high = (0, 256) if full and width >= height else (60, 196)
    image = np.random.default_rng(seed).integers(low, high, (height, width, 3), np.uint8)
    expected = np.asarray(theirs(Image.fromarray(image), return_tensors="np")["pixel_values"])
    prepared = ours.apply([image])["pixel_values"].numpy()
    grey_levels = np.abs(prepared - expected) * 255 * np.asarray(ours.std, np.float32)[:, None, None]
    assert grey_levels.max() <= 1.01


@pytest.mark.parametrize("shape", [*SHAPES, (1000, 37), (16, 16), (720, 1280)])
def test_patches_are_cut_as_by_transformers(shape: tuple[int, int], tmp_path: Path) -> None:
    processor = Siglip2ImageProcessorPil()
    processor.save_pretrained(tmp_path)
    image = picture(*shape)
    theirs = processor(Image.fromarray(image), return_tensors="np")
    ours = PatchPreprocessing.read(Checkpoint("mine", tmp_path)).apply([image])
    for name in ("pixel_attention_mask", "spatial_shapes"):
        assert np.array_equal(ours[name].numpy(), theirs[name])
    grey_levels = np.abs(ours["pixel_values"].numpy() - theirs["pixel_values"]) * 255 * 0.5
    assert grey_levels.max() <= 1.01


@pytest.mark.parametrize("shape", [(90, 160), (160, 90), (100, 100), (3, 900)])
def test_the_whole_picture_is_fitted_in_and_what_is_left_over_is_the_mean_colour(
    shape: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": 40, "crop_size": 32}))
    preprocessing = Preprocessing.read(Checkpoint("mine", tmp_path), "clip", "whole")
    values = preprocessing.apply([np.full((*shape, 3), 255, np.uint8)])["pixel_values"]
    assert values.shape == (1, 3, 32, 32)
    covered = (values != 0).all(dim=1)[0]
    rows, columns = int(covered.any(dim=1).sum()), int(covered.any(dim=0).sum())
    scale = 32 / max(shape)
    assert (rows, columns) == tuple(max(1, round(size * scale)) for size in shape)
    assert int(covered.sum()) == rows * columns
    first_row, first_column = (int(covered.any(dim=axis).int().argmax()) for axis in (1, 0))
    assert (first_row, first_column) == ((32 - rows) // 2, (32 - columns) // 2)


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
    said = Preprocessing.read(Checkpoint("mine", tmp_path), "clip", "as-trained").describe()
    assert said == (
        "short-edge=224 resize=bicubic-antialias crop=224x224 "
        "mean=0.481455,0.457827,0.408211 std=0.26863,0.261303,0.275777"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resample": 1}, "cannot use the settings"),
        ({"image_mean": [0.5]}, "cannot use the settings"),
        ({"do_resize": False}, "must resize, rescale and normalise"),
        ({"do_rescale": False}, "must resize, rescale and normalise"),
        ({"rescale_factor": 1 / 127.5}, "must rescale pixels to 0 to 1"),
        ({"do_center_crop": False}, "neither crops nor has a fixed size"),
        ({"size": 100, "crop_size": 224}, "out of a smaller picture"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=message):
        Preprocessing.read(Checkpoint("mine", tmp_path), "clip", "as-trained")


def test_a_model_that_does_not_say_how_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no preprocessor_config\.json"):
        Preprocessing.read(Checkpoint("mine", tmp_path), "clip", "as-trained")
    (tmp_path / "preprocessor_config.json").write_text("{")
    with pytest.raises(ModelError, match="is not JSON"):
        Preprocessing.read(Checkpoint("mine", tmp_path), "clip", "as-trained")
