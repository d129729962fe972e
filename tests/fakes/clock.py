"""A clock that a test moves by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START_UTC = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


class ManualClock:
    """`ports.Clock`; stands still until `advance`."""

    def __init__(self) -> None:
        self._elapsed_ns = 1_000_000_000
        self._set_by = timedelta()

    def monotonic_ns(self) -> int:
        return self._elapsed_ns

    def utc(self) -> datetime:
        return START_UTC + self._set_by + timedelta(microseconds=self._elapsed_ns // 1000)

    def step_utc(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._set_by += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        assert seconds >= 0, "time does not go back"
        self._elapsed_ns += round(seconds * 1e9)
