"""Memory that opening a model took and nothing needs any more, given back on Linux; elsewhere nothing is."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_MAPPINGS = Path("/proc/self/smaps")
_IF_CHANGED = {"Anonymous:", "Swap:"}
_NO_FILE = "0-0 ---p 0 00:00 0"
"""Ends the list: what is said of a mapping is complete where the next one begins."""


def give_back_heap() -> None:
    """What was freed and the C library keeps for itself: of a conversion half a gigabyte."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def give_back_pages(weights: Iterable[Tensor]) -> None:
    """Of the files that these tensors are mapped from, all that was read. What is looked at again is read again from
    there; of a file that was written to in memory nothing is given back."""
    addresses = [each.data_ptr() for each in weights]
    for start, end in _unchanged_mappings():
        if any(start <= address < end for address in addresses):
            _advise(start, end - start)


def _advise(start: int, length: int) -> None:
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    advise(start, length, mmap.MADV_DONTNEED)  # a system that will not leaves things as they are


def _unchanged_mappings() -> Iterator[tuple[int, int]]:
    """Of this process's memory what is as it is in a file: first address and the one behind the last. What was changed
    is counted as anonymous while it is in memory, and as swapped out while it is not."""
    try:
        lines = _MAPPINGS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    mapping, in_a_file = (0, 0), False
    unchanged = set[str]()
    for line in (*lines, _NO_FILE):
        first, *more = line.split()
        if not first.endswith(":"):  # start-end, rights, offset, device, inode, path; sizes follow, a line each
            if in_a_file and unchanged == _IF_CHANGED:
                yield mapping
            start, _, end = first.partition("-")
            mapping, in_a_file = (int(start, 16), int(end, 16)), more[3] != "0"
            unchanged = set()
        elif first in _IF_CHANGED and more[0] == "0":
            unchanged.add(first)
