"""CLIP and SigLIP models with random weights, small enough to be saved and loaded in a test."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.clip.processing_clip import CLIPProcessor
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from inspection.adapters.clip.folder import train_tokenizer
from inspection.adapters.clip.parts_clip import PartsClipConfig

SIDE_PX = 32
TEXT_LENGTH = 16
TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_clip(folder: Path, seed: int = 0) -> Path:
    tokenizer = train_tokenizer(0, PartsClipConfig(max_position_embeddings=TEXT_LENGTH))
    torch.manual_seed(seed)
    config = CLIPConfig(
        text_config={
            **TOWER,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": TEXT_LENGTH,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.bos_token_id,
        },
        vision_config={**TOWER, "image_size": SIDE_PX, "patch_size": 8},
        projection_dim=16,
    )
    CLIPModel(config).save_pretrained(folder)
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE_PX}, crop_size={"height": SIDE_PX, "width": SIDE_PX})
    CLIPProcessor(processor, tokenizer).save_pretrained(folder)
    return folder


def save_siglip(folder: Path) -> Path:
    """With the CLIP tokenizer: SigLIP's own needs sentencepiece, and which words it makes does not matter here."""
    tokenizer = train_tokenizer(0, PartsClipConfig(max_position_embeddings=TEXT_LENGTH))
    torch.manual_seed(0)
    config = SiglipConfig(
        text_config={
            **TOWER,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": TEXT_LENGTH,
            "projection_size": 16,
        },
        vision_config={**TOWER, "image_size": SIDE_PX, "patch_size": 8},
    )
    SiglipModel(config).save_pretrained(folder)
    processor = SiglipImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX})
    CLIPProcessor(processor, tokenizer).save_pretrained(folder)
    return folder
