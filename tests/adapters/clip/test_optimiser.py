"""The two optimisers of the training as one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from inspection.adapters.clip.optimiser import Optimiser, as_matrix


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner = nn.Conv2d(3, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.out = nn.Linear(4, 2)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss(self) -> torch.Tensor:
        pictures = torch.randn(8, 3, 6, 6, generator=torch.Generator().manual_seed(1))
        seen: torch.Tensor = self.out(self.norm(self.inner(pictures)).relu().mean(dim=(2, 3)))
        return (seen - torch.tensor([1.0, -1.0])).square().mean()


def optimiser_of(model: Small) -> Optimiser:
    return Optimiser(list(model.named_parameters()), lambda name: name.startswith("inner"))


def steps(model: Small, optimiser: Optimiser, count: int) -> None:
    for _ in range(count):
        model.zero_grad()
        model.loss().backward()
        optimiser.step(0.02)


def test_every_parameter_moves_and_the_loss_falls() -> None:
    model = Small()
    before, loss = {n: p.detach().clone() for n, p in model.named_parameters()}, float(model.loss().detach())
    steps(model, optimiser_of(model), 30)
    assert float(model.loss().detach()) < loss / 2
    for name, value in model.named_parameters():
        assert not torch.equal(value, before[name]), name


def test_a_step_of_muon_is_equally_long_in_all_directions() -> None:
    model = Small()
    before = as_matrix(model.inner.weight.detach()).clone()
    steps(model, optimiser_of(model), 1)
    lengths = torch.linalg.svdvals(as_matrix(model.inner.weight.detach()) - before)
    assert lengths.max() < 2 * lengths.min()  # its five rounds bring them near to each other, not together


def test_what_it_remembers_is_all_that_it_needs() -> None:
    straight, cut = Small(), Small()
    steps(straight, optimiser_of(straight), 6)
    first = optimiser_of(cut)
    steps(cut, first, 3)
    second = optimiser_of(cut)
    second.remember(first.memory())
    steps(cut, second, 3)
    for (name, one), other in zip(straight.named_parameters(), cut.parameters(), strict=True):
        assert torch.equal(one, other), name


def test_a_kernel_that_lies_otherwise_is_refused() -> None:
    model = Small()
    model.inner.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"inner\.weight does not lie in memory channels last"):
        optimiser_of(model)
