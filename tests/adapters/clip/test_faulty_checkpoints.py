"""A checkpoint that is not whole, or whose files do not fit each other, is told before the first part comes: which
file, what is wrong with it, and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER, Checkpoint
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.facts import facts_of
from inspection.domain.errors import ModelError
from tests.adapters.clip.tiny import save_clip, with_a_word_too_many

Content = dict[str, Any]
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
WORDS = "tokenizer.json"
PREPARES = "processor_config.json"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"clip": save_clip(tmp_path_factory.mktemp("models") / "tiny-clip"), "bundled": BUNDLED_FOLDER}


@pytest.fixture
def faulty(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the bundled model."""
    return copied(folders["bundled"], tmp_path / "faulty")


def copied(folder: Path, to: Path) -> Path:
    """The weights as a link: they are as large as a hundred tests are many."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(WEIGHTS))
    (to / WEIGHTS).symlink_to(folder / WEIGHTS)
    return to


def replaced(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def written(path: Path, change: Callable[[Content], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def stored(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(path)
    change(tensors)
    path.unlink()
    save_file(tensors, path, metadata={"format": "pt"})


def refused(folder: Path) -> str:
    """What is said of it."""
    with pytest.raises(ModelError) as caught:
        ClipEncoder.load(str(folder))
    told = str(caught.value)
    assert told.startswith(f"model {folder.name}: ")
    assert told.endswith("; copy the folder again, or use 'bundled'")
    assert "\n" not in told
    assert "' object" not in told
    return told


CONFIGS: dict[str, tuple[Content, str]] = {
    "a size that is not whole": ({"image_size": 128.0}, "image_size is 128.0; it must be a whole number above 0"),
    "a size that is true": ({"projection_dim": True}, "projection_dim is True; it must be a whole number above 0"),
    "a size in words": ({"text_width": "160"}, "text_width is '160'; it must be a whole number above 0"),
    "no size": ({"cell_width": None}, "cell_width is None; it must be a whole number above 0"),
    "a width below nothing": ({"word_width": -96}, "word_width is -96; it must be a whole number above 0"),
    "a picture of half cells": ({"image_size": 120}, "image_size is 120; it must be a multiple of 16"),
    "one stage": ({"image_widths": [24]}, r"image_widths is (24,); it must be 4 whole numbers above 0"),
    "a stage that lacks": ({"image_widths": [24, 40, 80]}, "image_widths is (24, 40, 80); it must be 4 whole numbers"),
    "a stage too many": (
        {"image_widths": [24, 40, 80, 160, 160]},
        "image_widths is (24, 40, 80, 160, 160); it must be",
    ),
    "a width for all stages": ({"image_widths": 24}, "image_widths is 24; it must be 4 whole numbers above 0"),
    "a stage without width": ({"image_widths": [24, 40, 80, 0]}, "image_widths is (24, 40, 80, 0); it must be"),
    "no heads": ({"image_heads": 0}, "image_heads is 0; it must be a whole number above 0"),
    "no heads that read": ({"text_heads": 0}, "text_heads is 0; it must be a whole number above 0"),
    "heads that do not fit": ({"image_heads": 3}, "image_heads is 3; it must be a divisor of 160"),
    "heads that do not fit and read": ({"text_heads": 3}, "text_heads is 3; it must be a divisor of 160"),
    "layers below nothing": ({"text_layers": -1}, "text_layers is -1; it must be a whole number"),
    "half a layer": ({"image_layers": 0.5}, "image_layers is 0.5; it must be a whole number"),
    "no scale": ({"logit_scale_init_value": None}, "logit_scale_init_value is None; it must be a number"),
    "a scale that is no number": (
        {"logit_scale_init_value": float("nan")},
        "logit_scale_init_value is nan; it must be",
    ),
    "no layers": ({"image_layers": 0}, "it asks for no image.compare.0.attend_norm.bias, which is among the weights"),
    "a layer less": ({"text_layers": 2}, "it asks for no text.blocks.2.attend_norm.bias, which is among the weights"),
    "another width": (
        {"projection_dim": 64},
        "it asks for image.cells.bias of (64,), and among the weights it is (128,)",
    ),
    "another picture": ({"image_size": 64}, "makes pictures of (128, 128) pixels and its config says (64, 64)"),
    "fewer words": ({"vocab_size": 29081}, "it asks for text.words.weight of (29081, 96), and among the weights it is"),
}


@pytest.mark.parametrize(("settings", "told"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_cannot_be_is_told(faulty: Path, settings: Content, told: str) -> None:
    written(faulty / CONFIG, lambda config: config.update(settings))
    said = refused(faulty)
    assert told in said
    assert "config" in said


@pytest.mark.parametrize("name", [
    "image_size", "image_widths", "image_layers", "image_heads", "cell_width", "projection_dim", "vocab_size",
    "word_width", "text_width", "text_layers", "text_heads", "max_position_embeddings", "logit_scale_init_value",
])  # fmt: skip
def test_a_config_that_lacks_a_size_is_told(faulty: Path, name: str) -> None:
    written(faulty / CONFIG, lambda config: config.pop(name))
    assert f"config.json: it has no {name})" in refused(faulty)


NO_JSON = {
    "not even text": b"\xff\xfe{}",
    "cut off": b'{"model_type": "parts_clip", ',
    "a list": b"[]",
    "a number": b"3",
    "too deep": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("file", [CONFIG, WORDS, "processor_config.json", "model.safetensors.index.json"])
@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_a_file_that_is_no_json_object_is_told(faulty: Path, file: str, content: bytes) -> None:
    if file == "model.safetensors.index.json":
        (faulty / WEIGHTS).unlink()
    (faulty / file).write_bytes(content)
    assert file in refused(faulty)


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_settings_of_a_tokenizer_are_read_where_they_are_asked_for(
    folders: dict[str, Path], faulty: Path, tmp_path: Path, content: bytes
) -> None:
    settings = "tokenizer_config.json"
    clip = copied(folders["clip"], tmp_path / "clip")
    for folder in (clip, faulty):
        (folder / settings).write_bytes(content)
    assert settings in refused(clip)
    assert ClipEncoder.load(str(faulty)).embed_texts(["a nut"]).shape == (1, 128)


TOKENIZERS: dict[str, tuple[Callable[[Content], object], str]] = {
    "no row for a word": (
        lambda it: it["model"]["vocab"].update(nonesuch=40_000),
        "id 40000, and config.json says 29082",
    ),
    "one word too many": (
        lambda it: it["model"]["vocab"].update(nonesuch=29_082),
        "id 29082, and config.json says 29082",
    ),
    "no row for an end": (
        lambda it: it["post_processor"]["special_tokens"]["[SEP]"].update(ids=[30_000]),
        "id 30000, and config.json says 29082 words",
    ),
    "nothing around a phrase": (lambda it: it.update(post_processor=None), "it does not put [CLS] and [SEP] around"),
    "no place for what it does not know": (
        lambda it: it["model"].update(unk_token="[NONE]"),
        "its unk_token is [NONE]; it must be [UNK]",
    ),
}


@pytest.mark.parametrize(("change", "told"), TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_tokenizer_of_another_model_is_told(faulty: Path, change: Callable[[Content], object], told: str) -> None:
    written(faulty / WORDS, change)
    said = refused(faulty)
    assert "tokenizer.json: " in said
    assert told in said


def test_a_tokenizer_that_lacks_is_told(faulty: Path) -> None:
    (faulty / WORDS).unlink()
    assert "tokenizer.json: " in refused(faulty)


def test_a_word_that_a_published_model_has_no_row_for_is_told_when_it_is_read(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """Published tokenizers may name more words than their model has: those alone are refused."""
    folder = with_a_word_too_many(copied(folders["clip"], tmp_path / "clip"), "nonesuch")
    encoder = ClipEncoder.load(str(folder))
    assert encoder.embed_texts(["a nut"]).shape == (1, 16)
    with pytest.raises(ModelError, match=r"^model clip: .* id (\d+), and its config says \1 words; copy the folder"):
        encoder.embed_texts(["a nut", "a nonesuch"])


@pytest.mark.parametrize(("name", "weight"), [("clip", "visual_projection.weight"), ("bundled", "image.whole.weight")])
def test_weights_that_would_be_made_up_are_refused(
    folders: dict[str, Path], tmp_path: Path, name: str, weight: str
) -> None:
    folder = copied(folders[name], tmp_path / "lacking")
    stored(folder / WEIGHTS, lambda tensors: tensors.pop(weight))
    assert f"1 weights are not in its file, first {weight};" in refused(folder)


@pytest.mark.parametrize("name", ["clip", "bundled"])
@pytest.mark.parametrize("left", [0, 5, 1000, -1000], ids=["empty", "a few bytes", "a torn head", "a torn end"])
def test_torn_weights_are_refused(folders: dict[str, Path], tmp_path: Path, name: str, left: int) -> None:
    folder = copied(folders[name], tmp_path / "torn")
    weights = folder / WEIGHTS
    replaced(weights, weights.read_bytes()[:left])
    assert "cannot be loaded (model.safetensors: " in refused(folder)


def test_of_several_files_of_weights_the_torn_one_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders["bundled"], tmp_path / "torn")
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = {name: f"model-0000{1 + number % 2}-of-00002.safetensors" for number, name in enumerate(tensors)}
    for file in set(names.values()):
        save_file({name: values for name, values in tensors.items() if names[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    whole = ClipEncoder.load(str(folders["bundled"])).embed_texts(["a nut"])
    assert (ClipEncoder.load(str(folder)).embed_texts(["a nut"]) == whole).all()
    torn = folder / "model-00002-of-00002.safetensors"
    replaced(torn, torn.read_bytes()[:-1])
    assert f"cannot be loaded ({torn.name}: " in refused(folder)


SHAPES: dict[str, tuple[Callable[[dict[str, torch.Tensor]], object], str]] = {
    "another shape": (
        lambda them: them.update({"image.whole.bias": torch.zeros(127)}),
        "config.json: it asks for image.whole.bias of (128,), and among the weights it is (127,)",
    ),
    "a weight too many": (
        lambda them: them.update({"image.more": torch.zeros(1)}),
        "config.json: it asks for no image.more, which is among the weights",
    ),
    "whole numbers": (
        lambda them: them.update({"image.whole.bias": torch.zeros(128, dtype=torch.int8)}),
        "config.json: it asks for image.whole.bias in torch.float32, and it is in torch.int8",
    ),
    "no scale": (
        lambda them: them.update({"logit_scale": torch.tensor(float("nan"))}),
        "its logit_scale is not finite",
    ),
    "a scale without end": (
        lambda them: them.update({"logit_scale": torch.tensor(1e3)}),
        "its logit_scale is not finite",
    ),
}


@pytest.mark.parametrize(("change", "told"), SHAPES.values(), ids=SHAPES)
def test_weights_of_another_model_are_told(
    faulty: Path, change: Callable[[dict[str, torch.Tensor]], object], told: str
) -> None:
    stored(faulty / WEIGHTS, change)
    assert told in refused(faulty)


PUBLISHED: dict[str, Content] = {
    "heads that do not fit": {"vision_config": {"num_attention_heads": 3}},
    "no heads": {"vision_config": {"num_attention_heads": 0}},
    "no patches": {"vision_config": {"patch_size": 0}},
    "a picture that is not whole": {"vision_config": {"image_size": 32.0}},
    "a picture without size": {"vision_config": {"image_size": None}},
    "an activation that is not known": {"text_config": {"hidden_act": "nonesuch"}},
    "towers that are none": {"text_config": 3},
}


UNCOUNTABLE: dict[str, Content] = {
    "a text tower that is none": {"text_config": 3},
    "a length that is none": {"text_config": {"max_position_embeddings": None}},
    "a length without end": {"text_config": {"max_position_embeddings": float("inf")}},
    "a width in words": {"projection_dim": "x"},
}
UNPREPARABLE: dict[str, tuple[Content, str]] = {
    "a height without end": ({"size": {"height": float("inf"), "width": 32}}, "cannot convert float infinity"),
    "no width": ({"size": {"height": 32}}, "it has no width"),
    "resampling without end": ({"resample": float("inf")}, "cannot convert float infinity"),
    "resampling that is not honoured": ({"resample": 1}, "resample is 1; it must be 2, bilinear, or 3, bicubic"),
    "a mean that is no number": ({"image_mean": [float("nan"), 0, 0]}, "[nan, 0, 0] are not three finite numbers"),
    "no deviation": ({"image_std": [0, 0, 0]}, "image_std is [0, 0, 0]; it must be above 0"),
    "a size that is none": ({"size": None}, "argument of type 'NoneType'"),
}


@pytest.mark.parametrize("settings", PUBLISHED.values(), ids=PUBLISHED)
def test_a_published_models_config_that_cannot_be_is_told(
    folders: dict[str, Path], tmp_path: Path, settings: Content
) -> None:
    folder = copied(folders["clip"], tmp_path / "published")
    old = json.loads((folder / CONFIG).read_text())
    new = {key: {**old[key], **value} if isinstance(value, dict) else value for key, value in settings.items()}
    written(folder / CONFIG, lambda config: config.update(new))
    refused(folder)


@pytest.mark.parametrize("settings", UNCOUNTABLE.values(), ids=UNCOUNTABLE)
def test_a_list_of_models_tells_a_config_that_cannot_be(
    folders: dict[str, Path], tmp_path: Path, settings: Content
) -> None:
    folder = copied(folders["clip"], tmp_path / "listed")
    written(folder / CONFIG, lambda config: config.update(settings))
    with pytest.raises(ModelError, match=r"^model listed: config\.json cannot be used .*; copy the folder again"):
        facts_of(Checkpoint("listed", folder))


@pytest.mark.parametrize(("settings", "told"), UNPREPARABLE.values(), ids=UNPREPARABLE)
def test_settings_of_an_image_processor_that_cannot_be_are_told(
    folders: dict[str, Path], tmp_path: Path, settings: Content, told: str
) -> None:
    folder = copied(folders["clip"], tmp_path / "prepared")
    written(folder / PREPARES, lambda said: said["image_processor"].update(settings))
    assert f"cannot use the settings of its image processor ({told}" in refused(folder)


def test_who_wrote_a_config_makes_no_other_model(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders["clip"], tmp_path / "again")
    before = Checkpoint("again", folder).config_digest()
    written(folder / CONFIG, lambda config: config.update(transformers_version="9.9", _name_or_path="elsewhere"))
    assert Checkpoint("again", folder).config_digest() == before
    written(folder / CONFIG, lambda config: config["text_config"].update(hidden_act="relu"))
    assert Checkpoint("again", folder).config_digest() != before
