from datetime import UTC, datetime

import numpy as np
import pytest

from inspection.calibration.record import Whole
from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import ScoringError
from inspection.domain.types import Cause, Frame, Verdict, VerdictKind
from inspection.judging.presence import Presence
from inspection.scoring.alignment import Template
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region, Ring
from inspection.scoring.tiles import Tiles
from inspection.scoring.whole_picture import WholePicture
from inspection.station.rating import Rater, sustained_parts_per_s
from tests.fakes.clock import ManualClock
from tests.fakes.encoder import AxisEncoder, CellEncoder, picture

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("fixed_s", "each_s", "parts_per_s"),
    [
        (0.010, 0.005, 160.0),  # 8 together take 50 ms
        (0.0, 0.02, 50.0),
        (0.0, 2.0, 0.5),
    ],
)
def test_the_rate_is_that_of_a_batch_once_warm(fixed_s, each_s, parts_per_s):
    clock = ManualClock()
    calls = []

    def rate(frames):
        calls.append(len(frames))
        first = len(frames) not in calls[:-1]
        clock.advance((fixed_s + each_s * len(frames)) * (20 if first else 1))
        return [Verdict(VerdictKind.PASS)] * len(frames)

    assert sustained_parts_per_s(rate, FRAME, at_once=8, clock=clock) == pytest.approx(parts_per_s)


def test_a_slow_model_is_not_asked_for_a_batch():
    clock = ManualClock()
    calls = []

    def rate(frames):
        calls.append(len(frames))
        clock.advance(3.0 * len(frames))
        return [Verdict(VerdictKind.PASS)] * len(frames)

    sustained_parts_per_s(rate, FRAME, at_once=8, clock=clock)
    assert calls == [1, 1]


@pytest.mark.parametrize("most_at_once", [0, 1])
def test_to_fail_is_no_rate(most_at_once):
    def rate(frames):
        if len(frames) <= most_at_once:
            return [Verdict(VerdictKind.UNJUDGED, cause=Cause.MONITOR)]
        return [Verdict(VerdictKind.UNJUDGED, cause=Cause.SCORER_FAULT, detail="the model is broken")]

    with pytest.raises(ScoringError, match="the model is broken"):
        sustained_parts_per_s(rate, FRAME, at_once=8, clock=ManualClock())


def test_without_thresholds_scores_are_recorded_and_nothing_is_judged():
    encoder = AxisEncoder()
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"]})
    (verdict,) = Rater(PartScorer(encoder, prototypes, Region()), None)([Frame(picture(200), FRAME.utc)])
    assert (verdict.kind, verdict.cause, verdict.shadow) == (VerdictKind.UNJUDGED, Cause.MONITOR, None)
    assert set(verdict.scores) == {"scratch"}


def test_a_part_of_which_the_region_shows_nothing_is_not_judged_and_the_others_are():
    encoder, region = CellEncoder(), Region(outline=Ring(0.5, 0.5, 0.48, 0.5))
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"]})
    frames = [Frame(np.full((side, side, 3), 90, np.uint8), FRAME.utc) for side in (20, 200)]
    small, large = Rater(PartScorer(encoder, prototypes, region), None)(frames)
    assert (small.kind, small.cause) == (VerdictKind.UNJUDGED, Cause.SCORER_FAULT)
    assert "of a picture of 20 x 20 pixels it shows" in str(small.detail)
    assert large.cause is Cause.MONITOR


def test_the_line_scores_as_every_command_does():
    encoder, region = CellEncoder(), Region(0.25, 0, 0.75, 1, tiles=Tiles((2,)))
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"], "stain": ["stain"]})
    frames = [np.random.default_rng(seed).integers(1, 256, (32, 32, 3), np.uint8) for seed in range(3)]
    scorer = PartScorer(encoder, prototypes, region)
    verdicts = Rater(scorer, None)([Frame(pixels, FRAME.utc) for pixels in frames])
    look = scorer.look(frames)
    assert [tuple(verdict.scores.values()) for verdict in verdicts] == [tuple(row) for row in look.scores]
    assert np.array_equal([verdict.embedding for verdict in verdicts], look.embeddings)


def test_a_part_that_is_not_found_is_unjudged_with_that_cause_and_the_others_are_judged():
    seen = np.random.default_rng(7).integers(1, 256, (8, 8, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    region = Region(0.25, 0.25, 0.5, 0.5, template=Template(seen, 0.1))
    encoder = CellEncoder()
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"]})
    frames = [Frame(pixels, FRAME.utc) for pixels in (seen, 255 - seen, seen)]
    found, lost, again = Rater(PartScorer(encoder, prototypes, region), None)(frames)
    assert (found.cause, lost.cause, again.cause) == (Cause.MONITOR, Cause.FRAME_MISALIGNED, Cause.MONITOR)
    assert "likeness" in str(lost.detail)
    assert found.scores == again.scores
    assert not lost.scores


class BrokenPlaces(CellEncoder):
    """`ports.PlacesEncoder`: the pixels; none that is a number in a picture whose first one is white."""

    def embed_with_places(self, images):
        places = [image * (np.nan if image[0, 0].min() == 255 else np.float32(1)) for image in images]
        embeddings = self.embed_images(images) if images else np.zeros((0, 3), np.float32)
        return embeddings, np.array(places, np.float32)


def held_against(frames, encoder=None):
    """A rater that knows what these good parts look like as a whole, and lets every sentence pass."""
    encoder = encoder or CellEncoder()
    scorer = PartScorer(encoder, encode_prototypes(encoder, ["good"], {"scratch": ["scratch"]}), Region())
    look = scorer.look(frames)
    whole = Whole(5.0, WholePicture.fit(look.wholes, range(len(frames))).sides)
    return encoder, Rater(scorer, {"scratch": Threshold(1e6, 0.0, 1.0)}, presence=Presence(whole))


def good_part(seed):
    return (np.array([200, 20, 20]) + np.random.default_rng(seed).integers(0, 20, (32, 32, 3))).astype(np.uint8)


def test_an_empty_frame_amid_good_parts_is_unjudged_by_itself():
    _, rater = held_against([good_part(seed) for seed in range(30)])
    empty = np.full((32, 32, 3), (20, 20, 200), np.uint8)
    before, found, after = rater([Frame(each, FRAME.utc) for each in (good_part(90), empty, good_part(91))])
    assert (before.kind, found.kind, after.kind) == (VerdictKind.PASS, VerdictKind.UNJUDGED, VerdictKind.PASS)
    assert (found.cause, found.margin, found.description) == (Cause.NOT_THE_PART, None, None)
    assert found.embedding is not None


def test_a_distance_that_is_not_a_number_is_a_fault_and_lets_nothing_pass():
    """The sentences find nothing wrong with either part."""
    _, rater = held_against([good_part(seed) for seed in range(30)], BrokenPlaces())
    broken = good_part(90)
    broken[0, 0] = 255
    before, found = rater([Frame(each, FRAME.utc) for each in (good_part(90), broken)])
    assert (before.kind, found.kind, found.cause) == (VerdictKind.PASS, VerdictKind.UNJUDGED, Cause.SCORER_FAULT)
    assert "not a finite number" in str(found.detail)
