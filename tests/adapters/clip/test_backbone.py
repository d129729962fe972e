"""Backbones for transfer learning: features as transformers gives them, nothing cut away, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModel, BertConfig, BertModel

from inspection.adapters.clip.backbone import load_backbone
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.domain.errors import ModelError
from tests.adapters.clip.backbones import CROPPING, SAVE, SIDE_PX, save_vit
from tests.adapters.clip.tiny import save_clip

PICTURES = [
    np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    for seed, shape in enumerate([(48, 64, 3), (50, 40, 3)])
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    root = tmp_path_factory.mktemp("backbones")
    return {kind: save(root / kind) for kind, save in SAVE.items()}


@pytest.fixture
def vit(saved, tmp_path) -> Path:
    return shutil.copytree(saved["vit"], tmp_path / "vit")


@pytest.mark.parametrize("kind", SAVE)
def test_as_trained_is_what_transformers_gives(saved, kind):
    backbone = load_backbone(str(saved[kind]), "as-trained")
    features = backbone.embed_images(PICTURES)
    processor = AutoImageProcessor.from_pretrained(saved[kind], backend="pil")
    model = AutoModel.from_pretrained(saved[kind]).eval()
    with torch.inference_mode():
        output = model(**processor(images=PICTURES, return_tensors="pt", input_data_format="channels_last"))
    # Of a ViT that was trained as a classifier the pooler is random at each load: its class token is what it learnt.
    expected = output.last_hidden_state[:, 0] if kind == "vit" else output.pooler_output.flatten(1)
    np.testing.assert_allclose(features, expected.numpy(), atol=1e-5)
    assert (features.dtype, features.shape) == (np.float32, (2, 16))
    told = backbone.fingerprint
    assert (told["model"], told["type"], len(told["weights"])) == (kind, kind, 64)
    assert told["preprocessing"].startswith(f"{SIDE_PX}x{SIDE_PX} as-trained by ")


@pytest.mark.parametrize("kind", CROPPING)
def test_a_defect_at_the_border_is_seen_unless_the_recipe_lets_it_be_cropped(saved, kind):
    plain = np.full((128, 128, 3), 128, np.uint8)
    chipped = plain.copy()
    chipped[:1] = 255
    apart = {}
    for view in ("whole", "as-trained"):
        seen = load_backbone(str(saved[kind]), view).embed_images([plain, chipped])
        apart[view] = np.abs(seen[0] - seen[1]).max()
    assert apart["whole"] > 100 * apart["as-trained"]


def test_of_clip_it_is_the_image_tower(tmp_path):
    folder = save_clip(tmp_path / "clip")
    np.testing.assert_array_equal(
        load_backbone(str(folder), "whole").embed_images(PICTURES), ClipEncoder.load(str(folder)).embed_images(PICTURES)
    )


def test_one_that_is_not_here_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="inspection model pull --backbone maker/resnet-18'"):
        load_backbone("maker/resnet-18", "whole")


def test_pickled_weights_are_not_opened(vit):
    (vit / "model.safetensors").rename(vit / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no model\.safetensors in its folder"):
        load_backbone(str(vit), "whole")


def test_weights_that_lack_are_not_made_up(vit):
    tensors = load_file(vit / "model.safetensors")
    lacking = next(name for name in tensors if "attention" in name)
    save_file({name: each for name, each in tensors.items() if name != lacking}, vit / "model.safetensors")
    with pytest.raises(ModelError, match=r"1 weights are not in its file, first .*attention"):
        load_backbone(str(vit), "whole")


def test_code_that_lies_with_it_is_not_run(vit):
    config = (vit / "config.json").read_text()
    mapped = config.replace("{", '{"auto_map": {"AutoModel": "modeling.Mine", "AutoConfig": "modeling.Mine"},', 1)
    (vit / "config.json").write_text(mapped)
    (vit / "modeling.py").write_text("raise SystemExit('code was run')")
    assert load_backbone(str(vit), "whole").embed_images(PICTURES).shape == (2, 16)


@pytest.mark.parametrize("lacks", ["preprocessor_config.json", "config.json"])
def test_what_is_not_whole_is_refused(vit, lacks):
    (vit / lacks).write_text("{")
    with pytest.raises(ModelError, match=f"model {vit.name}: "):
        load_backbone(str(vit), "whole")


def test_what_sees_no_pictures_is_refused(tmp_path):
    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=50)
    BertModel(config).save_pretrained(tmp_path / "bert")
    with pytest.raises(ModelError, match="model bert: cannot be loaded"):
        load_backbone(str(tmp_path / "bert"), "whole")


def test_a_processor_of_another_size_is_refused_before_a_picture_is_seen(tmp_path):
    folder = save_vit(tmp_path / "vit")
    text = (folder / "preprocessor_config.json").read_text()
    (folder / "preprocessor_config.json").write_text(text.replace(f": {SIDE_PX}", ": 48"))
    with pytest.raises(ModelError, match="a vit gives no features of a picture alone"):
        load_backbone(str(folder), "whole")
