"""Small image models that need not read, as they are published: random weights, real files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    Dinov2Config,
    Dinov2Model,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil
from transformers.utils import logging

SIDE_PX = 32
_TOWER = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIDE_PX, "patch_size": 8}


def save_resnet(folder: Path) -> Path:
    """A classifier; its processor crops a picture's border away."""
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    _seeded(ResNetForImageClassification, config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": SIDE_PX}).save_pretrained(folder)
    return folder


def save_vit(folder: Path) -> Path:
    """A classifier: a pooler's weights are not in its file. Its processor squeezes a picture to a square."""
    _seeded(ViTForImageClassification, ViTConfig(**_TOWER, intermediate_size=32)).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX}).save_pretrained(folder)
    return folder


def save_dinov2(folder: Path) -> Path:
    """Trained without labels; its processor crops."""
    _seeded(Dinov2Model, Dinov2Config(**_TOWER, mlp_ratio=2)).save_pretrained(folder)
    square = {"height": SIDE_PX, "width": SIDE_PX}
    BitImageProcessorPil(size={"shortest_edge": 40}, crop_size=square).save_pretrained(folder)
    return folder


def save_convnext(folder: Path) -> Path:
    """A classifier; its processor crops."""
    config = ConvNextConfig(hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1], image_size=SIDE_PX)
    _seeded(ConvNextForImageClassification, config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": SIDE_PX}).save_pretrained(folder)
    return folder


def _seeded(model, config):
    logging.disable_progress_bar()  # it would leave a thread behind
    torch.manual_seed(0)
    return model(config)


SAVE: dict[str, Callable[[Path], Path]] = {
    "resnet": save_resnet,
    "vit": save_vit,
    "dinov2": save_dinov2,
    "convnext": save_convnext,
}
CROPPING = ("resnet", "dinov2", "convnext")
