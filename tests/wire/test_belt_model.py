"""The simulated belt: where it is at any time."""

from __future__ import annotations

import pytest

from inspection.wire.belt_model import BeltModel, Stretch, parse_profile

PROFILE = "2:500,1:0,0.05:-20,1:100"


def test_it_runs_stops_jerks_back_and_begins_again():
    belt = BeltModel(parse_profile(PROFILE), counts_per_mm=10)
    seconds = [0, 1, 2, 2.5, 3, 3.05, 4.05, 5.05]
    assert [belt.position_mm(round(at_s * 1e6)) for at_s in seconds] == pytest.approx(
        [0, 500, 1000, 1000, 1000, 999, 1099, 1599]
    )
    assert belt.fastest_mm_per_s == 500


def test_its_encoder_goes_round():
    belt = BeltModel([Stretch(1, 100)], counts_per_mm=10, first_counts=2**31 - 500)
    assert [belt.encoder(at_us) for at_us in (0, 499_000, 500_000)] == [2**31 - 500, 2**31 - 1, -(2**31)]


@pytest.mark.parametrize("text", ["", "2", "2:x", "0:500", "-1:500", "1:0", "1:10,1:-10"])
def test_a_profile_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"profile|seconds:mm_per_s"):
        BeltModel(parse_profile(text), counts_per_mm=10)
