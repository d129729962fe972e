"""A belt encoder's count: a signed 32-bit number that goes round."""

from __future__ import annotations

_HALF, _ROUND = 2**31, 2**32


def int32(counts: int) -> int:
    """The count that an encoder shows after so many steps."""
    return (counts + _HALF) % _ROUND - _HALF


def travelled(since_counts: int, counts: int) -> int:
    """How far the belt is from where it was at `since_counts`, in counts; negative if it ran back."""
    return int32(counts - since_counts)
