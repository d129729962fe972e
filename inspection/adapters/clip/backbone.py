"""A frozen image model of any kind that transformers has, as transfer learning begins with: pictures in, features out.

Weights are data here too: safetensors only, no remote code, nothing is downloaded. No line judges by such a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.adapters.clip.checkpoint import MODEL_TYPES, Checkpoint, fetch_again, find
from inspection.adapters.clip.encoder import BATCH, ClipEncoder
from inspection.adapters.clip.preprocessing import View, resize
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.ports import Backbone, check_pixels
from inspection.domain.types import Pixels, Vectors

if TYPE_CHECKING:
    from torch import Tensor

_PROBE_PX = 64
_LOADING = (OSError, ValueError, KeyError, RuntimeError, TypeError, ImportError, AttributeError)


def load_backbone(name: str, view: View) -> Backbone:
    """A folder, or the hub id of a model in the local cache; of CLIP and SigLIP the image tower.

    `view`: whether a picture's border may be cropped away, see `preprocessing.View`. Raises ModelError when the model
    is not there, is not whole, or does not see pictures alone.
    """
    checkpoint = find(name, pull_as="--backbone ")
    if checkpoint.model_type() in MODEL_TYPES:
        return ClipEncoder.load(name, view=view)
    return ImageBackbone.load(checkpoint, view)


class ImageBackbone:
    """`ports.Backbone` on torch, float32, on the processor."""

    def __init__(self, model: Any, processor: Any, view: View, fingerprint: Mapping[str, str]) -> None:
        self._model = model.eval().requires_grad_(False)
        self._processor = processor
        self._is_whole = view == "whole"
        height, width = self._processed([np.zeros((_PROBE_PX, _PROBE_PX, 3), np.uint8)]).shape[2:]
        self._input_px = int(height), int(width)
        size = f"{height}x{width} {view} by {type(processor).__name__}"
        self._fingerprint = MappingProxyType({**fingerprint, "preprocessing": size})

    @classmethod
    def load(cls, checkpoint: Checkpoint, view: View) -> ImageBackbone:
        """Raises ModelError as `load_backbone`."""
        kind = checkpoint.model_type()
        fingerprint = {"model": checkpoint.name, "weights": checkpoint.weights_digest(), "type": str(kind)}
        model, processor = _loaded(checkpoint)
        try:
            backbone = cls(model, processor, view, fingerprint)
            backbone.embed_images([np.full((_PROBE_PX, _PROBE_PX, 3), 128, np.uint8)])
        except (*_LOADING, ScoringError) as error:
            raise ModelError(
                f"model {checkpoint.name}: a {kind} gives no features of a picture alone ({_first_line(error)});"
                " use an image model, as ResNet, ViT, ConvNeXt or DINOv2"
            ) from error
        return backbone

    @property
    def fingerprint(self) -> Mapping[str, str]:
        return self._fingerprint

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        """RGB uint8 (H, W, 3) each, of any sizes -> float32 (n, F), of any length.

        Raises ScoringError if a component is not finite, ValueError if a picture is something else.
        """
        import torch

        prepare = self._whole if self._is_whole else self._processed
        with torch.inference_mode():
            parts = [
                _features(self._model, self._model(pixel_values=prepare(images[start : start + BATCH])))
                for start in range(0, len(images), BATCH)
            ]
        features = np.asarray(torch.cat(parts).float().numpy(), np.float32)
        if not np.isfinite(features).all():
            raise ScoringError(f"model {self._fingerprint['model']}: a feature is not finite; use another backbone")
        return features

    def _whole(self, images: Sequence[Pixels]) -> Tensor:
        """The whole picture fitted into the model's input, its proportions kept; what is left over has the mean colour
        of the training pictures."""
        return self._processed([self._fitted(image) for image in images], do_resize=False, do_center_crop=False)

    def _processed(self, images: Sequence[Pixels], **settings: bool) -> Tensor:
        """By the checkpoint's own processor: (n, 3, h, w)."""
        import torch

        prepared = [
            self._processor(
                images=check_pixels(image), return_tensors="pt", input_data_format="channels_last", **settings
            )["pixel_values"]
            for image in images
        ]
        return torch.cat(prepared)

    def _fitted(self, image: Pixels) -> Pixels:
        height, width = check_pixels(image).shape[:2]
        scale = min(self._input_px[0] / height, self._input_px[1] / width)
        size = max(1, round(height * scale)), max(1, round(width * scale))
        canvas = np.empty((*self._input_px, 3), np.uint8)
        canvas[:] = np.rint(255 * np.array(self._processor.image_mean or (0, 0, 0)))
        top, left = ((whole - side) // 2 for whole, side in zip(self._input_px, size, strict=True))
        # Pillow's number, as processors write it.
        picture = (
            resize(image, size, "bilinear" if self._processor.resample == 2 else "bicubic")[0].permute(1, 2, 0).numpy()
        )
        canvas[top : top + size[0], left : left + size[1]] = picture
        return canvas


def _loaded(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """The model and its image processor. Raises ModelError if one cannot be loaded, or weights are not in the file but
    those of a pooler, which a model trained as a classifier has none of."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoImageProcessor, AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            checkpoint.folder, local_files_only=True, trust_remote_code=False, backend="pil"
        )
        model, report = AutoModel.from_pretrained(
            checkpoint.folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (*_LOADING, SafetensorError) as error:
        raise ModelError(
            f"model {checkpoint.name}: cannot be loaded ({_first_line(error)}); {fetch_again(checkpoint.name)}"
        ) from error
    missing = sorted(map(str, (*report["missing_keys"], *report["mismatched_keys"])))
    lacking = [key for key in missing if not key.startswith("pooler.")]
    if lacking:
        # transformers fills these with random numbers.
        raise ModelError(
            f"model {checkpoint.name}: {len(lacking)} weights are not in its file, first {lacking[0]}; "
            f"{fetch_again(checkpoint.name)}"
        )
    if missing:
        model.pooler = None
    return model, processor


def _features(model: Any, output: Any) -> Tensor:
    """(n, F): what the model has pooled; else its class token, or the mean of its map or tokens."""
    pooled = getattr(output, "pooler_output", None)
    if pooled is not None:
        return pooled.flatten(1)  # type: ignore[no-any-return]
    states = output.last_hidden_state
    if states.ndim == 3 and hasattr(getattr(model, "embeddings", None), "cls_token"):
        return states[:, 0]  # type: ignore[no-any-return]
    return states.flatten(2).mean(2) if states.ndim == 4 else states.mean(1)  # type: ignore[no-any-return]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
