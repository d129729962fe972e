"""The bundled model's architecture in torch alone: a small CLIP, made to see small defects on a CPU.

    picture 3x128x128 -> residual convolutions -> 8x8 map -> transformer: each place compares itself with the others
                         16x16 map with the 8x8 map enlarged -> D x 16 x 16   (cells)
                         mean and maximum of the 8x8 map, maximum of the cells -> D   (whole picture)
    phrase  tokens    -> table of words -> transformer -> mean over tokens, beside the mean of the words -> D

A station runs `PartsTowers`. To import transformers would take it longer than all else of its start; training, which
needs transformers anyway, has the same towers in `parts_clip.PartsClipModel`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from inspection.adapters.clip.checkpoint import Checkpoint

_HAS_FAST_CONVOLUTIONS = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_STAGES = 3
_SHRINKS = 2 ** (1 + _STAGES)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of both towers, by the names that config.json has for them. `image_widths` are the channels of the stem and the
    three stages, `image_layers` the transformer's over the last one's map."""

    image_size: int
    image_widths: tuple[int, ...]
    image_layers: int
    image_heads: int
    cell_width: int
    projection_dim: int
    vocab_size: int
    word_width: int
    text_width: int
    text_layers: int
    text_heads: int
    max_position_embeddings: int
    logit_scale_init_value: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Sizes:
        """What config.json says. Raises ValueError for what it lacks, and for what no tower can be made of."""
        names = [field.name for field in fields(cls)]
        if lacking := [name for name in names if name not in config]:
            raise ValueError(f"config.json: it has no {lacking[0]}")
        said: dict[str, Any] = {name: config[name] for name in names}
        widths = said["image_widths"]
        return cls(**{**said, "image_widths": tuple(widths) if isinstance(widths, list) else widths})

    def __post_init__(self) -> None:
        """Raises ValueError: most of it would show only when the first part comes, or not at all."""
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            match name:
                case "image_widths":
                    are_whole = isinstance(value, tuple) and all(_is_whole(width, 1) for width in value)
                    is_usable = are_whole and len(value) == 1 + _STAGES
                    wanted = f"{1 + _STAGES} whole numbers above 0"
                case "logit_scale_init_value":
                    is_usable, wanted = type(value) in (int, float) and math.isfinite(value), "a number"
                case "image_layers" | "text_layers":
                    is_usable, wanted = _is_whole(value, 0), "a whole number"
                case _:
                    is_usable, wanted = _is_whole(value, 1), "a whole number above 0"
            _require(is_usable, name, value, wanted)
        _require(self.image_size % _SHRINKS == 0, "image_size", self.image_size, f"a multiple of {_SHRINKS}")
        for heads, width in (("image_heads", self.image_widths[-1]), ("text_heads", self.text_width)):
            _require(width % getattr(self, heads) == 0, heads, getattr(self, heads), f"a divisor of {width}")


def _is_whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least


def _require(is_usable: bool, name: str, value: object, wanted: str) -> None:
    if not is_usable:
        raise ValueError(f"config.json: {name} is {value!r}; it must be {wanted}")


class _Conv3(nn.Conv2d):
    """Three by three. Where one picture is looked at on a CPU, torch takes small maps to be not worth its fast kernel,
    and is wrong: a sixth of the time. Here that kernel is asked for."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, bias: bool = False) -> None:
        super().__init__(inputs, outputs, 3, stride, 1, bias=bias)

    def forward(self, values: Tensor) -> Tensor:
        is_plain = values.device.type == "cpu" and values.dtype == self.weight.dtype == torch.float32
        if torch.is_grad_enabled() or not is_plain or not _HAS_FAST_CONVOLUTIONS:
            return super().forward(values)
        return torch.mkldnn_convolution(values, self.weight, self.bias, (1, 1), self.stride, (1, 1), 1)


class _Residual(nn.Module):
    """Two 3x3 convolutions and a way round them; `stride` 2 halves the map."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _Conv3(inputs, outputs, stride)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = _Conv3(outputs, outputs)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.around = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs or stride > 1 else nn.Identity()
        self.shrink = nn.AvgPool2d(2) if stride > 1 else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        changed = functional.relu(self.first_norm(self.first(values)))
        changed = self.second_norm(self.second(changed))
        return functional.relu(changed + self.around(self.shrink(values)))


class _Attention(nn.Module):
    """A transformer's layer, of either tower."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attend_norm = nn.LayerNorm(width)
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.think_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """`tokens` (n, T, W), of which those count where `mask` (n, T) is true, or all."""
        count, length, width = tokens.shape
        mixed = self.mix(self.attend_norm(tokens)).view(count, length, 3, self.heads, width // self.heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        # Written out: at this size it is faster to train than the fused kernel.
        likeness = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
        if mask is not None:
            likeness = likeness.masked_fill(~mask[:, None, None, :], -1e4)
        tokens = tokens + self.out((likeness.softmax(dim=-1) @ value).transpose(1, 2).reshape(count, length, width))
        thought: Tensor = self.down(functional.gelu(self.up(self.think_norm(tokens))))
        return tokens + thought


class ImageTower(nn.Module):
    """Halves the picture four times: the stem and three stages of 1, 2 and 2 blocks; then all places of the last map
    are compared with each other: that a hole lacks or is not round is seen by the others."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        stem, *widths = sizes.image_widths
        self.stem = _Conv3(3, stem, 2)
        self.stem_norm = nn.BatchNorm2d(stem)
        stages: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(zip((stem, *widths), widths, strict=False)):
            more = [_Residual(outputs, outputs, 1)] if index else []
            stages.append(nn.Sequential(_Residual(inputs, outputs, 2), *more))
        self.stages = nn.ModuleList(stages)
        layers = (_Attention(widths[-1], sizes.image_heads) for _ in range(sizes.image_layers))
        self.compare = nn.ModuleList(layers)
        self.fine = nn.Conv2d(widths[-2], sizes.cell_width, 1)
        self.coarse = nn.Conv2d(widths[-1], sizes.cell_width, 1)
        self.merge = _Conv3(sizes.cell_width, sizes.cell_width, bias=True)
        self.cells = nn.Conv2d(sizes.cell_width, sizes.projection_dim, 1)
        self.whole = nn.Linear(2 * widths[-1] + sizes.cell_width, sizes.projection_dim)

    def maps(self, pixel_values: Tensor) -> list[Tensor]:
        """What each stage makes of the pictures, (n, W, s, s)."""
        values = functional.relu(self.stem_norm(self.stem(pixel_values)))
        maps = []
        for stage in self.stages:
            values = stage(values)
            maps.append(values)
        return maps

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """-> what `whole` is of (n, 2 W + C) and what the cells are of (n, C, S/8, S/8)."""
        return self.read(self.maps(pixel_values))

    def read(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The same of what `maps` gives."""
        values = maps[-1]
        places = values.flatten(2).transpose(1, 2)
        for layer in self.compare:
            places = layer(places)
        values = places.transpose(1, 2).reshape(values.shape)
        enlarged = functional.interpolate(self.coarse(values), scale_factor=2.0, mode="nearest")
        cells = functional.relu(self.merge(functional.relu(self.fine(maps[-2]) + enlarged)))
        pooled = [values.mean(dim=(2, 3)), values.amax(dim=(2, 3)), cells.amax(dim=(2, 3))]
        return torch.cat(pooled, dim=1), cells


def _mean(tokens: Tensor, mask: Tensor) -> Tensor:
    """(n, T, W) -> (n, W), over those tokens that count."""
    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1)


class TextTower(nn.Module):
    """The table of words is given, not learnt: what a word means is known before any picture is seen."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.words = nn.Embedding(sizes.vocab_size, sizes.word_width)
        self.lift = nn.Linear(sizes.word_width, sizes.text_width)
        self.places = nn.Embedding(sizes.max_position_embeddings, sizes.text_width)
        self.blocks = nn.ModuleList(_Attention(sizes.text_width, sizes.text_heads) for _ in range(sizes.text_layers))
        self.norm = nn.LayerNorm(sizes.text_width)
        self.bend = nn.Linear(sizes.text_width + sizes.word_width, 2 * sizes.text_width)
        self.whole = nn.Linear(2 * sizes.text_width, sizes.projection_dim)

    def read(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the phrase says as its teacher would read it: (n, W)."""
        mask = attention_mask.bool()
        tokens = self.lift(self.words(input_ids)) + self.places.weight[: input_ids.shape[1]]
        for block in self.blocks:
            tokens = block(tokens, mask)
        return _mean(self.norm(tokens), mask)

    def meaning(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the phrase says, and what its words mean by themselves, before both are brought together with pictures:
        (n, W + word_width). A word that was in no phrase is known by its place in the table alone."""
        words = _mean(self.words(input_ids), attention_mask.bool())
        return torch.cat([self.read(input_ids, attention_mask), words], dim=1)

    def project(self, meaning: Tensor) -> Tensor:
        whole: Tensor = self.whole(functional.gelu(self.bend(meaning)))
        return whole


def init_weights(module: nn.Module) -> None:
    """Of this module alone, not of those in it."""
    match module:
        case nn.Conv2d():
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        case nn.Linear():
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
            nn.init.zeros_(module.bias)
        case nn.Embedding():
            nn.init.normal_(module.weight, std=0.5)
        case nn.BatchNorm2d() | nn.LayerNorm():
            module.reset_parameters()
        case _:
            pass


class PartsFeatures:
    """What a model with both towers makes of pictures and phrases. Not yet of unit length."""

    image: ImageTower
    text: TextTower

    def get_image_features(self, pixel_values: Tensor) -> Tensor:
        """Normalised pictures (n, 3, S, S) -> (n, D)."""
        pooled, _ = self.image(pixel_values)
        whole: Tensor = self.image.whole(pooled)
        return whole

    def get_dense_features(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures (n, 3, S, S) -> whole picture (n, D) and its cells (n, D, S/8, S/8)."""
        pooled, cells = self.image(pixel_values)
        return self.image.whole(pooled), self.image.cells(cells)

    def get_features_and_places(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures (n, 3, S, S) -> whole picture (n, D), and what every place of it looks like
        (n, C, S/8, S/8): the map before the last."""
        maps = self.image.maps(pixel_values)
        pooled, _ = self.image.read(maps)
        return self.image.whole(pooled), maps[-2]

    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Token ids (n, T) and which of them count (n, T) -> (n, D)."""
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        features: Tensor = self.text.project(self.text.meaning(input_ids, attention_mask))
        return features


class PartsTowers(PartsFeatures, nn.Module):
    """Both towers in one space, with weights that learnt nothing until `load_state_dict`."""

    def __init__(self, config: Sizes) -> None:
        super().__init__()
        self.config = config
        self.image = ImageTower(config)
        self.text = TextTower(config)
        self.logit_scale = nn.Parameter(torch.tensor(config.logit_scale_init_value))
        self.apply(init_weights)


def load_towers(checkpoint: Checkpoint) -> tuple[PartsTowers, list[str]]:
    """In float32; and the names of the weights that are not in its file.

    Raises ValueError where config.json cannot be used, or does not fit the weights: what it does not ask for would be
    left out, and the rest would be another model.
    """
    with torch.random.fork_rng(devices=()):  # with those of GPUs, each would be started, and one may be full
        model = PartsTowers(Sizes.of(checkpoint.config()))
    wanted = model.state_dict()
    stored = {name: values for path in checkpoint.weight_files() for name, values in load_file(path).items()}
    if unasked := sorted(stored.keys() - wanted.keys()):
        raise ValueError(f"config.json: it asks for no {unasked[0]}, which is among the weights")
    for name, values in stored.items():
        if values.shape != wanted[name].shape:
            shapes = f"{tuple(wanted[name].shape)}, and among the weights it is {tuple(values.shape)}"
            raise ValueError(f"config.json: it asks for {name} of {shapes}")
        if values.is_floating_point() != wanted[name].is_floating_point():
            raise ValueError(f"config.json: it asks for {name} in {wanted[name].dtype}, and it is in {values.dtype}")
    usable = {name: values.to(wanted[name].dtype) for name, values in stored.items()}
    model.load_state_dict(usable, strict=False, assign=True)
    return model, sorted(wanted.keys() - stored.keys())
