"""Memory that is given back: nothing that is looked at later changes by it."""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import safe_open, save_file

from inspection.adapters.clip import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is given back")
FLOATS = 4_000_000


def mapped(path: Path) -> torch.Tensor:
    """16 MB of a file, as transformers maps it."""
    save_file({"weights": torch.arange(FLOATS, dtype=torch.float32)}, path)
    with safe_open(path, framework="pt") as file:
        tensor: torch.Tensor = file.get_tensor("weights")
    return tensor


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """A folder of a disk: the temporary one may be in memory, where the pages of a file have no other place."""
    with tempfile.TemporaryDirectory(prefix="inspection-test-", dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def weights(on_disk: Path) -> torch.Tensor:
    return mapped(on_disk / "model.safetensors")


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


def test_of_files_that_nobody_named_nothing_is_given_back(weights: torch.Tensor, on_disk: Path) -> None:
    other = mapped(on_disk / "other.safetensors")
    total = weights.double().sum() + other.double().sum()
    before = resident_mib("RssFile")
    memory.give_back_pages([weights])
    assert before - 18 <= resident_mib("RssFile") <= before - 14
    assert weights.double().sum() + other.double().sum() == total


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


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps nothing back")
def test_what_was_freed_is_given_back() -> None:
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    size = 60_000  # of the heap: larger ones are mapped, and unmapped when they are freed
    blocks = [library.malloc(size) for _ in range(1000)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    for block in blocks[:-1]:  # behind the last one nothing is free that free itself would give back
        library.free(block)
    before = resident_mib("RssAnon")
    memory.give_back_heap()
    assert resident_mib("RssAnon") <= before - 40
    library.free(blocks[-1])


def test_a_system_without_such_a_list_gives_nothing_back(
    weights: torch.Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_MAPPINGS", tmp_path / "smaps")
    before = weights.double().sum(), resident_mib("RssFile")
    memory.give_back_pages([weights])
    assert resident_mib("RssFile") >= before[1] - 1
    assert weights.double().sum() == before[0]


def told(where: str, inode: int, **sizes: int) -> str:
    """Of one mapping, as Linux lays it out."""
    path = "/models/model.safetensors" if inode else ""
    lines = [f"{where} rw-p 00001000 08:01 {inode:<26} {path}", "Size: 16 kB", "Rss: 16 kB"]
    more = ["KSM: 0 kB", *(f"{name}: {kilobytes:>8} kB" for name, kilobytes in sizes.items()), "SwapPss: 0 kB"]
    return "\n".join([*lines, *more, "Locked: 0 kB", "VmFlags: rd wr mr mw me ac", ""])


class At:
    """A weight that lies at an address."""

    def __init__(self, address: int) -> None:
        self.address = address

    def data_ptr(self) -> int:
        return self.address


def test_only_what_is_in_a_file_as_it_is_in_memory_is_given_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A changed page that is swapped out is counted as anonymous no more, and would be lost all the same."""
    entries = [
        told("1000-2000", 7, Anonymous=0, Swap=0),
        told("2000-3000", 7, Anonymous=4, Swap=0),
        told("3000-4000", 7, Anonymous=0, Swap=4),
        told("4000-5000", 0, Anonymous=0, Swap=0),
        told("5000-6000", 7, Anonymous=0),
        told("6000-7000", 7, Swap=0),
        told("7000-8000", 8, Anonymous=0, Swap=0),
        told("ffff9000-ffffb000", 7, Anonymous=0, Swap=0),
    ]
    smaps, given = tmp_path / "smaps", list[tuple[int, int]]()
    smaps.write_text("".join(entries), encoding="utf-8")
    monkeypatch.setattr(memory, "_MAPPINGS", smaps)
    monkeypatch.setattr(memory, "_advise", lambda start, length: given.append((start, length)))
    addresses = [0x1000, 0x2FF0, 0x3000, 0x4000, 0x5000, 0x6000, 0xFFFFA000]
    weights: Any = [At(address) for address in addresses]
    memory.give_back_pages(weights)
    assert given == [(0x1000, 0x1000), (0xFFFF9000, 0x2000)]
