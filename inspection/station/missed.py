"""Numbers that were seen and could not be recorded: of a weekend without a store one run, not millions of items."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from inspection.domain.types import Cause, PartContext, PartId

_RUNS_AT_MOST = 1000
"""Of an epoch, unless its parts were made under more contexts than that."""


@dataclass(slots=True)
class _Run:
    first: int
    last: int
    cause: Cause
    context: PartContext

    def is_like(self, cause: Cause, context: PartContext) -> bool:
        return self.cause is cause and self.context == context


class MissedNumbers:
    """By epoch, runs of numbers that have the same cause and were made under the same context, in order.

    Where so many numbers are skipped between them that the runs themselves become too many, what is skipped between two
    alike belongs to them: it could not have been recorded in time either.
    """

    def __init__(self, runs_at_most: int = _RUNS_AT_MOST) -> None:
        self._runs_at_most = runs_at_most
        self._runs: dict[int, list[_Run]] = {}
        self._too_many = runs_at_most

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __contains__(self, part: PartId) -> bool:
        runs = self._runs.get(part.epoch, [])
        at = _place(runs, part.number)
        return at < len(runs) and runs[at].first <= part.number

    @property
    def epochs(self) -> list[int]:
        return sorted(self._runs)

    def last(self, epoch: int) -> int:
        """The highest number of this epoch; 0 if there is none."""
        runs = self._runs.get(epoch)
        return runs[-1].last if runs else 0

    def add(self, part: PartId, cause: Cause, context: PartContext) -> None:
        """What is said of a number first counts."""
        runs, number = self._runs.setdefault(part.epoch, []), part.number
        if runs and runs[-1].last == number - 1 and runs[-1].is_like(cause, context):
            runs[-1].last = number
            return
        at = _place(runs, number)
        if at < len(runs) and runs[at].first <= number:
            return
        runs.insert(at, _Run(number, number, cause, context))
        _join(runs, at, over_holes=False)
        if at > 0:
            _join(runs, at - 1, over_holes=False)
        if len(runs) > self._too_many:
            for each in range(len(runs) - 2, -1, -1):
                _join(runs, each, over_holes=True)
            self._too_many = max(self._runs_at_most, 2 * len(runs))

    def forget(self, epoch: int, through: int) -> None:
        """Numbers of this epoch up to this one are on record."""
        runs = self._runs.get(epoch, [])
        del runs[: _place(runs, through + 1)]
        if runs:
            runs[0].first = max(runs[0].first, through + 1)
        else:
            self._runs.pop(epoch, None)

    def split(self, epoch: int, numbers: range) -> Iterator[tuple[range, Cause | None, PartContext | None]]:
        """These numbers in order, in pieces of which the same is known; None of those that are not here."""
        runs, number = self._runs.get(epoch, []), numbers.start
        for run in runs[_place(runs, numbers.start) :]:
            if run.first >= numbers.stop:
                break
            if number < run.first:
                yield range(number, run.first), None, None
                number = run.first
            end = min(run.last + 1, numbers.stop)
            yield range(number, end), run.cause, run.context
            number = end
        if number < numbers.stop:
            yield range(number, numbers.stop), None, None


def _place(runs: list[_Run], number: int) -> int:
    """Of the run that has this number, or else of the first behind it."""
    return bisect_left(runs, number, key=lambda run: run.last)


def _join(runs: list[_Run], at: int, *, over_holes: bool) -> None:
    """Make one of this run and the one behind it, if they say the same."""
    if at + 1 >= len(runs):
        return
    run, behind = runs[at], runs[at + 1]
    if (over_holes or behind.first == run.last + 1) and run.is_like(behind.cause, behind.context):
        run.last = behind.last
        del runs[at + 1]
