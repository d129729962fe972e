"""Memory that is given back: nothing that is looked at later changes by it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import safe_open, save_file

from inspection.adapters.clip import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is given back")
FLOATS = 4_000_000


@pytest.fixture
def weights(tmp_path: Path) -> torch.Tensor:
    """16 MB of a file, as transformers maps it."""
    path = tmp_path / "model.safetensors"
    save_file({"weights": torch.arange(FLOATS, dtype=torch.float32)}, path)
    with safe_open(path, framework="pt") as file:
        tensor: torch.Tensor = file.get_tensor("weights")
    return tensor


def resident_mib(part: str) -> int:
    """Of this process: `RssFile` or `RssAnon`."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{part}:")) // 1024


def test_pages_that_were_read_are_given_back_and_read_again(weights: torch.Tensor) -> None:
    total = weights.double().sum()
    before = resident_mib("RssFile")
    memory.give_back_pages([weights])
    assert resident_mib("RssFile") <= before - 14
    assert weights.double().sum() == total


def test_a_weight_that_was_changed_stays_changed(weights: torch.Tensor) -> None:
    weights[FLOATS // 2] = -1
    memory.give_back_pages([weights])
    assert weights[FLOATS // 2] == -1
    assert weights[-1] == FLOATS - 1


def test_memory_without_a_file_behind_it_is_left_alone() -> None:
    made = torch.ones(FLOATS)
    memory.give_back_pages([made])
    memory.give_back_heap()
    assert bool((made == 1).all())


def test_a_system_without_such_a_list_gives_nothing_back(
    weights: torch.Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_MAPPINGS", tmp_path / "smaps")
    memory.give_back_pages([weights])
    assert weights[-1] == FLOATS - 1
