"""The soak in short: some lives of random faults, and that a life can be lived again."""

from __future__ import annotations

import pytest

from benchmarks.fault_line.stores import FaultyJournal
from benchmarks.soak import live

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")


@pytest.mark.parametrize("seed", range(6))
def test_the_law_holds_in_a_life_of_random_faults(seed: int):
    came = live(seed, parts=600)
    assert not came.broken, came.broken
    assert (came.passed_unjudged, came.opened_late, came.lost, came.strange_rows) == (0, 0, 0, 0)
    assert came.parts >= 600
    assert came.passed > 0
    assert came.faults > 0


def test_a_life_follows_from_its_number_alone():
    assert live(3, parts=300) == live(3, parts=300)


def test_a_life_that_breaks_the_law_is_named(monkeypatch: pytest.MonkeyPatch):
    guarded = FaultyJournal._guarded

    def swallowing(self, name, method):
        return (lambda *_, **__: True) if name == "record_outcome" else guarded(self, name, method)

    monkeypatch.setattr(FaultyJournal, "_guarded", swallowing)
    assert any(text.startswith("life 1: ") for text in live(1, parts=200).broken)
