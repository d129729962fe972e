"""The way of a picture through a model as one module: what every runtime runs, and what is converted for those that are
not torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, simplefilter

import torch
from torch import Tensor, nn
from torch.nn import functional

from inspection.domain.errors import ModelError


def image_features(model: Any) -> nn.Module:
    """What makes of n prepared pictures a tuple: features (n, D), as the model's own `get_image_features` does, and of
    a model with a map of places that, (n, C, h, w), in the same pass."""
    if getattr(model.config, "model_type", None) == "clip":
        features: nn.Module = _ClassToken(model)
    else:
        features = _WithPlaces(model) if has_places(model) else _Whole(model)
    return features.eval()  # an exporter puts the parts of what it was given back into the mode of the whole


def has_places(model: Any) -> bool:
    """Whether it tells what each place of a picture looks like."""
    return hasattr(model, "get_features_and_places")


def tensor_of(features: Any) -> Tensor:
    """transformers 5 wraps the features of its own CLIP and SigLIP in an output object."""
    tensor: Tensor = features if isinstance(features, Tensor) else features.pooler_output
    return tensor


class _Whole(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor, **more: Tensor) -> tuple[Tensor]:
        """`more`: what NaFlex has beside it."""
        return (tensor_of(self.model.get_image_features(pixel_values=pixel_values, **more)),)


class _WithPlaces(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        features, places = self.model.get_features_and_places(pixel_values)
        return features, places


class _ClassToken(nn.Module):
    """CLIP's image tower, whose features are those of the first token alone: of the last block nothing else is worked
    out but the keys and values that it looks at, which saves a good twentieth of the whole. The same sums in the same
    order."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.tower = model.vision_model
        self.project = model.visual_projection

    def forward(self, pixel_values: Tensor) -> tuple[Tensor]:
        tower = self.tower
        tokens = tower.pre_layrnorm(tower.embeddings(pixel_values))
        *blocks, last = tower.encoder.layers
        for block in blocks:
            done = block(tokens, None)
            tokens = done if isinstance(done, Tensor) else done[0]
        first = tokens[:, :1]
        first = first + _attend_first(last.self_attn, last.layer_norm1(tokens))
        first = first + last.mlp(last.layer_norm2(first))
        return (self.project(tower.post_layernorm(first[:, 0])),)


def _attend_first(attention: Any, tokens: Tensor) -> Tensor:
    """(n, T, W) -> (n, 1, W): what the first token makes of all of them."""

    def by_head(values: Tensor) -> Tensor:
        return values.view(*values.shape[:2], attention.num_heads, attention.head_dim).transpose(1, 2)

    mixed = functional.scaled_dot_product_attention(
        by_head(attention.q_proj(tokens[:, :1])),
        by_head(attention.k_proj(tokens)),
        by_head(attention.v_proj(tokens)),
        scale=attention.scale,
    )
    out: Tensor = attention.out_proj(mixed.transpose(1, 2).flatten(2))
    return out


def require_convertible(features: nn.Module, input_px: tuple[int, int] | None, runtime: str) -> Tensor:
    """A picture to trace it with, (1, 3, h, w). Raises ModelError for pictures of many shapes, and for weights that are
    no numbers: torch passes those on to where they are found, and whole numbers would hide them.
    """
    if input_px is None:
        raise ModelError(f"runtime {runtime}: a model whose pictures have many shapes cannot be converted to it")
    if not all(bool(torch.isfinite(weights).all()) for weights in features.parameters()):
        raise ModelError(f"runtime {runtime}: the model has weights that are not finite; 'inspection model verify'")
    return torch.zeros(1, 3, *input_px)


@contextmanager
def converting() -> Iterator[None]:
    """With plain operators instead of those that only torch has (see `parts_towers`), and without what transformers and
    the converters remark on their own code."""
    with torch.enable_grad(), catch_warnings():
        simplefilter("ignore")
        yield
