"""What the training asks of both towers. Inputs are unit vectors; `scale` multiplies their cosines.

`unasked` is bool, true where it is not to be learnt whether something is so: neither right nor wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_NEVER = -1e4


def caption_contrast(images: Tensor, texts: Tensor, true: Tensor, unasked: Tensor, scale: Tensor) -> Tensor:
    """Contrast with several positives: images (n, D), texts (m, D), `true` and `unasked` (n, m): text j of image i.

    The mean of both directions; a row or column without a positive is left out.
    """
    logits = (scale * images @ texts.T).masked_fill(unasked, _NEVER)
    return (_several(logits, true) + _several(logits.T, true.T)) / 2


def _several(logits: Tensor, true: Tensor) -> Tensor:
    usable = true.any(dim=1)
    logits, true = logits[usable], true[usable]
    found = torch.logsumexp(logits.masked_fill(~true, _NEVER), dim=1)
    return (torch.logsumexp(logits, dim=1) - found).mean()


def state_choice(images: Tensor, states: Tensor, kinds: Tensor, unasked: Tensor, scale: Tensor) -> Tensor:
    """`states` (2 + K, D): good, the K kinds, some defect. `kinds` int64 (n,): 0 good, 1..K a kind. `unasked`
    (n, 1 + K).

    Which of good and the kinds is it, and, against good alone, is there any defect.
    """
    logits = scale * images @ states.T
    which = kind_choice(logits[:, :-1], kinds, unasked)
    defective = (kinds > 0).to(logits.dtype)
    whether = functional.binary_cross_entropy_with_logits(logits[:, -1] - logits[:, 0], defective)
    return which + 0.5 * whether


def kind_choice(logits: Tensor, kinds: Tensor, unasked: Tensor) -> Tensor:
    """Which of good and the kinds is it: `logits` and `unasked` (n, 1 + K), `kinds` int64 (n,)."""
    return functional.cross_entropy(logits.masked_fill(unasked, _NEVER), kinds)


def twin_ranking(bad: Tensor, good: Tensor, states: Tensor, kinds: Tensor, scale: Tensor) -> Tensor:
    """The margin of a defective part's own kind over "good" must exceed its clean twin's; so of any defect.

    `bad`, `good` (n, D); `kinds` int64 (n,) from 1.
    """
    own = states[kinds] - states[0]
    generic = states[-1] - states[0]
    difference = bad - good
    named = scale * (difference * own).sum(dim=1)
    unnamed = scale * difference @ generic
    return functional.softplus(-named).mean() + 0.5 * functional.softplus(-unnamed).mean()


def cell_choice(logits: Tensor, kinds: Tensor, unasked: Tensor, cover: Tensor) -> Tensor:
    """What is in each cell: `logits` (n, 1 + K, h, w), `kinds` int64 (n,), `unasked` (n, 1 + K), `cover` (n, h, w) the
    defect's share.

    Cells that are barely touched are not asked. Touched and untouched cells weigh the same in all.
    """
    touched, clear = cover > 0.05, cover == 0
    target = torch.where(touched, kinds[:, None, None], 0)
    asked = logits.masked_fill(unasked[:, :, None, None], _NEVER)
    loss = functional.cross_entropy(asked, target, reduction="none")
    return (loss[touched].mean() if touched.any() else loss.sum() * 0) + loss[clear].mean()
