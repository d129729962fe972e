"""The bundled model as a folder that transformers loads."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import BertTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.clip.processing_clip import CLIPProcessor

from inspection.adapters.clip.checkpoint import BUNDLED, Checkpoint
from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.adapters.clip.record import write_record
from inspection.domain.errors import ModelError

_LEVELS = 127
_LEAST = 1e-4  # of a row's largest weight; of an output that is all zeros no step can be made


def image_processor(size_px: int) -> CLIPImageProcessorPil:
    """The whole picture, squeezed to a square; no centre crop: a part's border is where its chips are."""
    return CLIPImageProcessorPil(
        size={"height": size_px, "width": size_px},
        do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def save(folder: Path, model: PartsClipModel, tokenizer: BertTokenizer) -> None:
    """Write config, weights (safetensors, rounded and in half precision: loaded, they are float32 again), tokenizer and
    processor, and the record that `model verify` reads. Raises ModelError if it cannot."""
    processor = CLIPProcessor(image_processor(model.config.image_size), tokenizer)  # type: ignore[no-untyped-call]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _rounded(model).half().save_pretrained(folder)  # type: ignore[no-untyped-call]
        processor.save_pretrained(folder)
        words = folder / "tokenizer.json"  # laid out for reading, a third of it is blanks
        packed = json.dumps(json.loads(words.read_text(encoding="utf-8")), ensure_ascii=False, separators=(",", ":"))
        words.write_text(packed + "\n", encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the model cannot be written ({error}); make room there and give the same command again"
        ) from error
    write_record(Checkpoint(folder.resolve().name, folder), "", "", datetime.now(UTC))


@torch.no_grad()
def _rounded(model: PartsClipModel) -> PartsClipModel:
    """A copy whose matrices and kernels have 255 evenly spaced values an output, a power of two apart: half precision
    holds them as they are, and a package or a repository packs them into three fifths of the room."""
    copy = deepcopy(model)
    for weights in copy.parameters():
        if weights.ndim > 1:
            largest = weights.abs().flatten(1).amax(dim=1).clamp(min=_LEAST)
            step = torch.exp2(torch.ceil(torch.log2(largest / _LEVELS))).view(-1, *[1] * (weights.ndim - 1))
            weights.copy_(torch.round(weights / step) * step)
    return copy


def read(folder: Path) -> tuple[PartsClipModel, BertTokenizer]:
    """What `save` wrote, as float32. Raises ModelError for a model that is not whole, or of another type."""
    checkpoint = Checkpoint(str(folder), folder)
    if (kind := checkpoint.config()["model_type"]) != PartsClipConfig.model_type:
        raise ModelError(
            f"model {folder}: its type is {kind!r}; it must be {PartsClipConfig.model_type!r}, as {BUNDLED!r} is"
        )
    try:
        loaded: Any = PartsClipModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
        model, report = loaded
        tokenizer = BertTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"model {folder}: cannot be loaded ({reason}); copy the folder again") from error
    lacking = sorted(map(str, (*report["missing_keys"], *report["mismatched_keys"])))
    if lacking:
        raise ModelError(
            f"model {folder}: {len(lacking)} weights are not in its file, first {lacking[0]}; copy the folder again"
        )
    if len(tokenizer) != model.config.vocab_size:  # without its file transformers makes an empty one
        raise ModelError(
            f"model {folder}: its tokenizer has {len(tokenizer)} words and its config says {model.config.vocab_size}; "
            "copy the folder again"
        )
    return model, tokenizer
