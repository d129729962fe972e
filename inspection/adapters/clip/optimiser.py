"""What moves the weights: Muon for the inner kernels of the image tower, AdamW for everything else.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") makes a matrix's step equally long
in all its directions. torch's takes matrices only, so a convolution's kernel is shown to it as one of (outputs,
rows x columns x inputs), in the same memory. What it brings here: docs/decisions/0006.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

WEIGHT_DECAY = 0.05
_BETAS = (0.9, 0.98)


class Optimiser:
    """Of named parameters. Kernels and matrices whose name `by_muon` takes are Muon's; neither norms, biases nor the
    scale decay. Raises ValueError for a kernel of Muon's that does not lie in memory channels last."""

    def __init__(self, learnt: Sequence[tuple[str, nn.Parameter]], by_muon: Callable[[str], bool]) -> None:
        self._parameters = dict(learnt)
        self._matrices = {
            name: nn.Parameter(as_matrix(value.data)) for name, value in learnt if value.ndim > 1 and by_muon(name)
        }
        for name, matrix in self._matrices.items():
            if matrix.data_ptr() != self._parameters[name].data_ptr():
                raise ValueError(f"{name} does not lie in memory channels last")
        rest = [value for name, value in learnt if name not in self._matrices]
        groups = [
            {"params": [value for value in rest if value.ndim > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [value for value in rest if value.ndim <= 1], "weight_decay": 0.0},
        ]
        self._adam = torch.optim.AdamW(groups, betas=_BETAS, fused=True)
        # Its steps are then as long as AdamW's are, and one learning rate does for both.
        self._muon = torch.optim.Muon(
            self._matrices.values(), weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"
        )

    def step(self, rate: float) -> None:
        """One step along the gradients."""
        for name, matrix in self._matrices.items():
            slope = self._parameters[name].grad
            matrix.grad = None if slope is None else as_matrix(slope)
        for optimiser in (self._adam, self._muon):
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()

    def memory(self) -> dict[str, Tensor]:
        """What the next step needs of those before, by parameter and key."""
        return {
            f"{name}.{key}": moment.contiguous()
            for name, (optimiser, value) in self._owners().items()
            for key, moment in optimiser.state[value].items()
        }

    def remember(self, memory: Mapping[str, Tensor]) -> None:
        """Take over what `memory` gave. Raises KeyError and RuntimeError for one that is another model's."""
        for name, (optimiser, value) in self._owners().items():
            keys = ("momentum_buffer",) if name in self._matrices else ("exp_avg", "exp_avg_sq")
            # The fused step walks through memory: a moment has to lie in it as its parameter does.
            state = {key: torch.empty_like(value).copy_(memory[f"{name}.{key}"]) for key in keys}
            if name not in self._matrices:
                state["step"] = memory[f"{name}.step"]
            optimiser.state[value] = state

    def _owners(self) -> dict[str, tuple[torch.optim.Optimizer, nn.Parameter]]:
        return {
            name: (self._muon, self._matrices[name]) if name in self._matrices else (self._adam, value)
            for name, value in self._parameters.items()
        }


def as_matrix(kernel: Tensor) -> Tensor:
    """(O, I, h, w) -> (O, h * w * I), a view of one that lies in memory channels last; a matrix as it is."""
    return kernel.permute(0, 2, 3, 1).flatten(1) if kernel.ndim == 4 else kernel
