"""Pictures of SigLIP 2 NaFlex: any proportions, cut into patches, at most so many of them. Nothing is cropped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inspection.adapters.clip.checkpoint import Checkpoint
from inspection.adapters.clip.preprocessing import resize
from inspection.adapters.clip.processor_file import (
    UNUSABLE,
    Triple,
    deviation_of,
    mode_of,
    read_settings,
    refuse,
    triple_of,
)
from inspection.domain.ports import check_pixels
from inspection.domain.types import Pixels

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class PatchPreprocessing:
    """`patch_px`: the side of a patch; `most_patches`: how many a picture has after padding."""

    patch_px: int
    most_patches: int
    mode: Literal["bilinear", "bicubic"]
    mean: Triple
    std: Triple

    @classmethod
    def read(cls, checkpoint: Checkpoint) -> PatchPreprocessing:
        """The settings of its image processor. Raises ModelError when there are none or one cannot be honoured."""
        settings = read_settings(checkpoint, "siglip2")
        try:
            return cls(
                int(settings["patch_size"]),
                int(settings["max_num_patches"]),
                mode_of(settings),
                triple_of(settings["image_mean"]),
                deviation_of(settings["image_std"]),
            )
        except UNUSABLE as error:
            raise refuse(checkpoint, error) from error

    def describe(self) -> str:
        """A short canonical text: two encoders with the same one prepare pictures alike."""
        mean, std = (",".join(f"{value:.6g}" for value in triple) for triple in (self.mean, self.std))
        patches = f"patches={self.most_patches} of {self.patch_px}x{self.patch_px}"
        return f"{patches} resize={self.mode}-antialias crop=none mean={mean} std={std}"

    def apply(self, images: Sequence[Pixels]) -> dict[str, Tensor]:
        """RGB uint8 (H, W, 3) each -> `pixel_values` (n, P, 3·p·p), `pixel_attention_mask` (n, P) and
        `spatial_shapes` (n, 2), rows and columns of patches. Raises ValueError for anything else.
        """
        import torch

        mean, std = (torch.tensor(triple).view(1, 3, 1, 1) for triple in (self.mean, self.std))
        side = self.patch_px
        values = torch.zeros(len(images), self.most_patches, 3 * side * side)
        mask = torch.zeros(len(images), self.most_patches, dtype=torch.int32)
        shapes = torch.zeros(len(images), 2, dtype=torch.int64)
        for index, image in enumerate(images):
            height, width = check_pixels(image).shape[:2]
            rows, columns = self.grid(height, width)
            picture = resize(image, (rows * side, columns * side), self.mode).float().div_(255).sub_(mean).div_(std)
            patches = picture[0].reshape(3, rows, side, columns, side).permute(1, 3, 2, 4, 0)
            values[index, : rows * columns] = patches.reshape(rows * columns, -1)
            mask[index, : rows * columns] = 1
            shapes[index] = torch.tensor((rows, columns))
        return {"pixel_values": values, "pixel_attention_mask": mask, "spatial_shapes": shapes}

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches: as many as fit at the picture's proportions.

        The scale is found by halving an interval, to the same last digit as in transformers: a picture must not get
        another grid here than there.
        """
        low, high = 1e-6, 100.0
        while high - low >= 1e-5:
            scale = (low + high) / 2
            if math.prod(self._grid_at(scale, height, width)) <= self.most_patches:
                low = scale
            else:
                high = scale
        return self._grid_at(low, height, width)

    def _grid_at(self, scale: float, height: int, width: int) -> tuple[int, int]:
        rows, columns = (max(1, math.ceil(size * scale / self.patch_px)) for size in (height, width))
        return rows, columns
