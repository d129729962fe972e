"""What the bundled model is shown at a step: scenes in ever new light and position, and sentences about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspection.adapters.clip.gallery import PICTURES, SIBLINGS, SIZE_PX, Scenes
from inspection.synthesis import captions
from inspection.synthesis.captions import TRAINED_KINDS
from inspection.synthesis.held_out import HELD_OUT_PAIRS

CELLS = 16
_SIDE = SIZE_PX // CELLS
_MOST_SHIFT_PX = 10
_GREY_SHARE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """`values` bfloat16 (4 n, 3, S, S), −1 to 1, channels last, scene by scene with the clean part first; `cover`
    float32 (4 n, 16, 16) the share of each cell that is defect; `kinds` int64 (4 n,), 0 good, else 1 + its place in
    TRAINED_KINDS; `sentences` with `true` bool (4 n, m); `states` in groups of good, each kind, and some defect.

    A kind that is held out of a family is never seen on it, which is not to be learnt as a rule: `unasked` bool
    (4 n, 1 + kinds) and `untold` bool (4 n, m) are where a picture is not held against that kind, or a sentence
    about it.
    """

    values: Tensor
    cover: Tensor
    kinds: Tensor
    unasked: Tensor
    sentences: list[str]
    true: Tensor
    untold: Tensor
    states: list[list[str]]


def make_lesson(scenes: Scenes, rng: np.random.Generator, described: int, state_sets: int) -> Lesson:
    """`described` pictures get a sentence of their own, which is held against every picture."""
    grey = rng.random(len(scenes.seen)) < _GREY_SHARE
    values, cover = vary(scenes, grey, rng)
    kinds = np.array([[0, *(TRAINED_KINDS.index(str(each.kind)) + 1 for each in seen)] for seen in scenes.seen])
    # The clean part looks like its siblings in all but the defect.
    shown = [
        (replace(each, monochrome=True) if is_grey else each, kind)
        for seen, is_grey in zip(scenes.seen, grey.tolist(), strict=True)
        for each, kind in [(seen[0], None), *((s, s.kind) for s in seen)]
    ]
    chosen = rng.choice(len(shown), described, replace=False)
    told = [captions.write_caption(rng, *shown[index]) for index in chosen]
    true = torch.tensor([[caption.true_of(seen, kind) for caption in told] for seen, kind in shown])
    pictured = [seen.family for seen, _ in shown]
    states_of = (None, *TRAINED_KINDS)
    unasked = torch.tensor([[(family, kind) in HELD_OUT_PAIRS for kind in states_of] for family in pictured])
    untold = torch.tensor([[(family, caption.kind) in HELD_OUT_PAIRS for caption in told] for family in pictured])
    families = [scenes.seen[int(index)][0].family for index in rng.integers(len(scenes.seen), size=state_sets)]
    states = [captions.write_states(rng, TRAINED_KINDS, family) for family in families]
    sentences = [caption.text for caption in told]
    return Lesson(values, cover, torch.from_numpy(kinds.reshape(-1)), unasked, sentences, true, untold, states)


def vary(scenes: Scenes, grey: npt.NDArray[np.bool_], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Turned, mirrored and moved, in another light, those that are `grey` (n,) without colour. See `Lesson`.

    A part and its siblings keep all but the noise in common.
    """
    pixels, masks = scenes.pixels, scenes.masks
    if rng.random() < 0.5:
        pixels, masks = pixels[:, :, ::-1], masks[:, :, ::-1]
    if rng.random() < 0.5:
        pixels, masks = pixels[:, :, :, ::-1], masks[:, :, :, ::-1]
    if rng.random() < 0.5:
        pixels, masks = pixels.transpose(0, 1, 3, 2, 4), masks.transpose(0, 1, 3, 2)
    count = len(pixels)
    moved, covers = np.empty_like(pixels, order="C"), np.zeros((count, PICTURES, CELLS, CELLS), np.float32)
    for index, (down, right) in enumerate(rng.integers(-_MOST_SHIFT_PX, _MOST_SHIFT_PX + 1, (count, 2))):
        rows, columns = _moved(int(down)), _moved(int(right))
        moved[index] = pixels[index][:, rows][:, :, columns]
        mask = masks[index][:, rows][:, :, columns].reshape(SIBLINGS, CELLS, _SIDE, CELLS, _SIDE)
        covers[index, 1:] = mask.mean(axis=(2, 4))
    return _lit(moved, grey, rng), torch.from_numpy(covers.reshape(-1, CELLS, CELLS))


def _moved(shift: int) -> npt.NDArray[np.intp]:
    """Indices that move a picture by so many pixels; what comes in at the border is its own, mirrored."""
    places = np.abs(np.arange(SIZE_PX) + shift)
    return np.where(places < SIZE_PX, places, 2 * (SIZE_PX - 1) - places)


def _lit(pixels: npt.NDArray[np.uint8], grey: npt.NDArray[np.bool_], rng: np.random.Generator) -> Tensor:
    """Brightness, contrast and tint of each scene, and a sensor's noise."""
    count = len(pixels)
    gain = rng.uniform(0.75, 1.25, (count, 1)) + rng.uniform(-0.06, 0.06, (count, 3))
    lift = rng.uniform(-0.1, 0.1, (count, 1))
    shape = (count, 1, 3, 1, 1)
    factor = torch.from_numpy(gain / 127.5).to(torch.bfloat16).view(shape)
    base = torch.from_numpy(np.repeat(lift, 3, axis=1)).to(torch.bfloat16).view(shape)
    values = torch.from_numpy(pixels).permute(0, 1, 4, 2, 3).to(torch.bfloat16)
    values = values * factor + (base - 1)
    if grey.any():
        values[grey] = values[grey].mean(dim=2, keepdim=True)
    values = values.flatten(0, 1)
    values += _noise(rng, values.shape) * float(rng.uniform(0, 0.06))
    return values.clamp_(-1, 1)


_GRAIN = torch.randn((1 << 22,), generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)


def _noise(rng: np.random.Generator, shape: torch.Size) -> Tensor:
    """Noise from a store: drawing it anew would take as long as a tenth of the step."""
    start = int(rng.integers(0, len(_GRAIN) // 4))
    count, channels, height, width = shape
    picture = channels * height * width
    starts = (start + rng.integers(0, len(_GRAIN) // 2, size=count)).tolist()
    rows = [_GRAIN[first : first + picture] for first in starts]
    # As the pictures lie in memory: channels last.
    return torch.stack(rows).view(count, height, width, channels).permute(0, 3, 1, 2)
