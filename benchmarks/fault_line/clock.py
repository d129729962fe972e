"""A clock that is moved by hand, whose wall time can step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_START_UTC = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


class SteppedClock:
    """`ports.Clock`; stands still until `advance`. `utc_step` is what the wall clock has been set forward, or back."""

    def __init__(self) -> None:
        self._elapsed_ns = 1_000_000_000
        self.utc_step = timedelta(0)

    def monotonic_ns(self) -> int:
        return self._elapsed_ns

    def utc(self) -> datetime:
        return _START_UTC + self.utc_step + timedelta(microseconds=self._elapsed_ns // 1000)

    def advance_us(self, microseconds: int) -> None:
        self._elapsed_ns += microseconds * 1000
