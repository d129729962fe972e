import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from inspection.calibration.cost import CostCheck, Prices
from inspection.calibration.origin import KnownDefects, LineOrigin, ScoreShift
from inspection.calibration.record import Calibration, DefectCheck, SampleSet, Whole, load_calibration, sample_set
from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import CalibrationError
from inspection.resources import configs_dir
from inspection.scoring.whole_picture import WholePicture


def calibration(**changed):
    return Calibration(
        **{
            "line": "demo",
            "recipe": "hex-nut",
            "recipe_id": "abc",
            "by": "demo",
            "created_utc": datetime(2026, 1, 5, 6, 0, 0, 123456, tzinfo=UTC),
            "false_reject": 0.05,
            "standardised_on": 20,
            "ranked_on": 20,
            "rank": 20,
            "thresholds": {"scratch": Threshold(0.1 + 0.2, -1.5, 0.25)},
            "fingerprint": {"weights": "w1", "preprocessing": "p"},
            "good": SampleSet("good", 40, "00"),
            "defects": {"scratch": DefectCheck(SampleSet("bad", 8, "01"), 1, 0.47)},
            **changed,
        }
    )


def test_a_calibration_survives_its_file(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text(calibration().to_json())
    loaded = load_calibration(path)
    assert loaded == calibration()
    assert loaded.id == calibration().id


def test_any_change_is_another_calibration():
    assert calibration().id != calibration(by="somebody").id


def test_a_changed_fingerprint_is_told_key_by_key():
    changes = calibration().changes({"weights": "w2", "camera": "c", "preprocessing": "p"})
    assert changes == ["camera: was not there, is c", "weights: was w1, is w2"]
    assert calibration().changes(calibration().fingerprint) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a calibration: it is not JSON$"),
        ("[]", "not a calibration"),
        ('{"format": 99}', "another version"),
        ('{"format": 1}', "not a calibration: it has no 'line'$"),
        ("{}", "not a calibration: it has no 'format'$"),
        (calibration().to_json().replace('"score": 0.30000000000000004', '"score": NaN'), "a threshold of nan"),
        (calibration().to_json().replace('"score": 0.30000000000000004', '"score": Infinity'), "a threshold of inf"),
        (calibration().to_json().replace('"std": 0.25', '"std": 0'), "deviation 0"),
        (calibration(line="press").to_json(), "was made on line press, not on line demo$"),
    ],
    ids=range(9),
)
def test_a_file_that_is_not_one_says_so(tmp_path, content, message):
    path = tmp_path / "demo.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=message):
        load_calibration(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(CalibrationError, match="there is no calibration yet"):
        load_calibration(tmp_path / "demo.json")


def test_the_hash_of_samples_does_not_depend_on_their_order():
    assert sample_set("x", ["a", "b"], 2) == sample_set("x", ["b", "a"], 2)
    assert sample_set("x", ["a", "b"], 2) != sample_set("x", ["a", "c"], 2)
    assert sample_set("x", ["a", "b"], 1).parts == 1


COST = CostCheck(Prices(100.0, 1.0, 0.02), 30, 12, 30, 2, 0.195, 12, 0, 0.221, 0.07, 0.6)
ASKED = {"confidence": 0.95, "review_below": 0.5, "group_by": "^(.*)_", "good": SampleSet("good", 40, "00", 10)}


@pytest.mark.parametrize("asked", [ASKED, {"cost": COST, "false_reject": None}], ids=["promise", "cost"])
def test_what_was_asked_for_survives_its_file(tmp_path, asked):
    path = tmp_path / "demo.json"
    path.write_text(calibration(**asked).to_json())
    assert load_calibration(path) == calibration(**asked)


ORIGIN = LineOrigin(
    since=None,
    until="2026-01-05T05:59:00+00:00",
    share=0.05,
    counts={"passed": 39, "false_rejects": 1, "held_back": 2},
    calibrations={"c0ffee": 40},
    drawn_defects=("scratch",),
    beside={"dent": KnownDefects(3, 1)},
    shift=ScoreShift(40, 0.02, -0.01),
    head={"event": 7, "utc": "2026-01-05T05:59:00Z", "sha256": "ab"},
)


@pytest.mark.parametrize("origin", [ORIGIN, replace(ORIGIN, since="2026-01-04T00:00:00+00:00", head=None)])
def test_where_good_parts_came_from_survives_its_file(tmp_path, origin):
    path = tmp_path / "demo.json"
    path.write_text(calibration(origin=origin).to_json())
    loaded = load_calibration(path)
    assert loaded == calibration(origin=origin)
    assert loaded.id == calibration(origin=origin).id != calibration().id
    assert "origin" not in calibration().to_json()


RNG = np.random.default_rng(0)
WHOLE = Whole(
    5.0, WholePicture.fit([RNG.normal(size=(20, width)).astype(np.float32) for width in (6, 4)], range(20)).sides
)


def test_what_good_parts_look_like_as_a_whole_is_part_of_the_record(tmp_path):
    path = tmp_path / "demo.json"
    made = calibration(whole=WHOLE, empty=DefectCheck(SampleSet("empty", 20, "02"), 0, 0.14))
    path.write_text(made.to_json())
    loaded = load_calibration(path)
    assert loaded == made
    assert loaded.id == made.id != calibration().id
    assert "whole" not in calibration().to_json()
    assert calibration(whole=replace(WHOLE, limit=5.1)).id != calibration(whole=WHOLE).id


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"limit": 5.0', '"limit": NaN', "a limit of nan for the picture as a whole"),
        ('"limit": 5.0', '"limit": "far"', "must be real number"),
        ('"limit": 5.0', '"limits": 5.0', "it has no 'limit'"),
        (WHOLE.sides[0].vectors, WHOLE.sides[0].vectors[:-8], "not what good parts look like as a whole"),
        (WHOLE.sides[1].vectors, "?" + WHOLE.sides[1].vectors[1:], "not what good parts look like as a whole"),
        (f'"spread": {WHOLE.sides[0].spread}', '"spread": 0', "its variances are none"),
        (f'"typical": {WHOLE.sides[0].typical}', '"typical": Infinity', "not finite"),
    ],
)
def test_one_that_was_altered_so_that_it_tells_nothing_is_refused(tmp_path, old, new, message):
    path = tmp_path / "demo.json"
    text = calibration(whole=WHOLE).to_json()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(CalibrationError, match=message):
        load_calibration(path)


def test_a_record_of_before_keeps_its_id():
    """The hash of the text as it was written when there was nothing to ask for but a rate."""
    for name in ("demo", "board", "moulded-cap"):
        path = configs_dir() / "calibrations" / f"{name}.json"
        loaded = load_calibration(path)
        assert loaded.to_json() == path.read_text(encoding="utf-8")
        assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(loaded.id)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "on average at most 5.0% of good parts do not pass"),
        ({"confidence": 0.95, "false_reject": 0.005}, "with 95% confidence at most 0.5% of good parts do not pass"),
        ({"confidence": 0.999}, "with 99.9% confidence at most 5.0% of good parts do not pass"),
        (
            {"cost": COST, "false_reject": None},
            "chosen by cost, without a promise: an escape at 100, an overkill at 1, 2% of parts defective",
        ),
    ],
)
def test_a_record_says_which_promise_it_is(changed, words):
    assert calibration(**changed).promise == words


@pytest.mark.parametrize("rate", [None, 0, 1.5, float("nan")])
def test_a_record_without_a_promise_or_prices_is_none(rate):
    with pytest.raises(ValueError, match="a false-reject rate of"):
        calibration(false_reject=rate)


@pytest.mark.parametrize("name", ["whole", "empty", "references", "origin", "cost"])
@pytest.mark.parametrize("emptied", [{}, [], 0, "", False])
def test_what_is_there_and_empty_is_damaged_not_absent(tmp_path, name, emptied):
    """An empty `whole` would let empty frames pass, and say nothing of it."""
    path = tmp_path / "demo.json"
    path.write_text(json.dumps({**json.loads(calibration(whole=WHOLE).to_json()), name: emptied}))
    with pytest.raises(CalibrationError, match="not a calibration"):
        load_calibration(path)
