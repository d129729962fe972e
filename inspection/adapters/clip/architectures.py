"""Published architectures with random weights: what a checkpoint costs is measured without having it.

Speed and size follow from the sizes of the layers alone. What such a model says of a part means nothing.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.domain.errors import ModelError
from inspection.wording import unknown_name

_LARGE = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
_LARGE_TEXT = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
_SO400M = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
_GEMMA_WORDS = 256_000

# name: (type, picture in pixels, settings that differ from those of transformers: of both, of text, of vision)
_ARCHITECTURES: dict[str, tuple[str, int, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "clip-vit-base-patch32": ("clip", 224, {}, {}, {}),
    "clip-vit-base-patch16": ("clip", 224, {}, {}, {"patch_size": 16}),
    "clip-vit-large-patch14": ("clip", 224, {"projection_dim": 768}, _LARGE_TEXT, {**_LARGE, "patch_size": 14}),
    "clip-vit-large-patch14-336": ("clip", 336, {"projection_dim": 768}, _LARGE_TEXT, {**_LARGE, "patch_size": 14}),
    "siglip-base-patch16-224": ("siglip", 224, {}, {}, {}),
    "siglip-base-patch16-256": ("siglip", 256, {}, {}, {}),
    "siglip2-base-patch16-224": ("siglip", 224, {}, {"vocab_size": _GEMMA_WORDS}, {}),
    "siglip2-base-patch16-naflex": ("siglip2", 256, {}, {"vocab_size": _GEMMA_WORDS}, {}),
    "siglip2-so400m-patch14-384": (
        "siglip",
        384,
        {},
        {**_SO400M, "vocab_size": _GEMMA_WORDS},
        {**_SO400M, "patch_size": 14},
    ),
}
NAMES = tuple(_ARCHITECTURES)


def save_random(name: str, folder: Path) -> None:
    """Write a whole checkpoint of that architecture; its phrases are read with the bundled model's tokenizer.

    Raises ModelError for a name that is not known.
    """
    import torch
    from transformers import CLIPConfig, CLIPModel, Siglip2Config, Siglip2Model, SiglipConfig, SiglipModel
    from transformers.utils import logging

    if name not in _ARCHITECTURES:
        raise ModelError(f"there is no architecture {name!r}; {unknown_name(name, NAMES)}")
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    kind, side_px, both, text, vision = _ARCHITECTURES[name]
    words = json.loads((BUNDLED_FOLDER / "config.json").read_text(encoding="utf-8"))
    text = {**text, "bos_token_id": words["bos_token_id"], "eos_token_id": words["eos_token_id"]}
    model: Any
    match kind:
        case "clip":
            config = CLIPConfig(text_config=text, vision_config={**vision, "image_size": side_px}, **both)
            model = CLIPModel(config)
            processor = {"size": {"shortest_edge": side_px}, "crop_size": side_px, "do_center_crop": True}
        case "siglip":
            model = SiglipModel(SiglipConfig(text_config=text, vision_config={**vision, "image_size": side_px}))
            processor = {"size": {"height": side_px, "width": side_px}}
        case _:
            model = Siglip2Model(Siglip2Config(text_config=text, vision_config=vision))
            processor = {}
    model.save_pretrained(folder)
    _save_readers(folder, kind, processor)


def _save_readers(folder: Path, kind: str, processor: dict[str, Any]) -> None:
    """The processor in its old form, and the tokenizer."""
    types = {"clip": "CLIPImageProcessor", "siglip": "SiglipImageProcessor", "siglip2": "Siglip2ImageProcessor"}
    settings = {**processor, "image_processor_type": types[kind]}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    shutil.copy(BUNDLED_FOLDER / "tokenizer.json", folder)
    tokenizer = json.loads((BUNDLED_FOLDER / "tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer["model_max_length"] = 77 if kind == "clip" else 64
    if kind != "clip":
        tokenizer["model_input_names"] = ["input_ids"]  # as published: SigLIP reads its padding
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
