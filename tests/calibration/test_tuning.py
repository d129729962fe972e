"""A tuning is what was measured: whatever is in its file, no runtime is taken that did not agree."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.calibration.record import SampleSet
from inspection.calibration.tuning import MOST_SIGMA, Measured, Tuning, fastest, load_tuning
from inspection.domain.errors import CalibrationError

REFERENCE = Measured("torch float32 cpu", 29.2, 0.0, 0)
QUICK = Measured("openvino bfloat16 cpu", 12.1, 0.07, 0)
COARSE = Measured("onnxruntime int8 cpu", 9.0, 0.3, 2)


def tuning(**changed):
    return Tuning(
        **{
            "line": "demo",
            "by": "Kim",
            "created_utc": datetime(2026, 1, 5, 6, tzinfo=UTC),
            "runtime": QUICK.runtime,
            "fingerprint": {"weights": "w1", "runtime": "torch 2"},
            "machine": {"processor": "x", "cores": "2", "versions": "openvino 1"},
            "judged_by": None,
            "good": SampleSet("good", 40, "00"),
            "defects": {"scratch": SampleSet("bad", 8, "01")},
            "measured": (REFERENCE, QUICK, COARSE, Measured("onnxruntime float32 cpu", unusable="not installed")),
            **changed,
        }
    )


def test_a_tuning_survives_its_file(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text(tuning().to_json())
    assert load_tuning(path) == tuning()
    assert load_tuning(path).id == tuning().id
    assert load_tuning(tmp_path / "other.json") is None


def test_references_are_part_of_a_tuning_and_one_without_is_as_before_there_were_any(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text(tuning(references=SampleSet("good", 20, "02")).to_json())
    assert load_tuning(path).references == SampleSet("good", 20, "02")
    assert load_tuning(path).id != tuning().id
    assert "references" not in json.loads(tuning().to_json())


def test_how_far_a_picture_moves_as_a_whole_is_kept_and_one_without_is_as_before_it_was_told(tmp_path):
    path = tmp_path / "demo.json"
    made = tuning(measured=(REFERENCE, replace(QUICK, whole_sigma=0.2)))
    path.write_text(made.to_json())
    assert load_tuning(path) == made
    assert "whole_sigma" not in tuning().to_json()


@pytest.mark.parametrize("sigma", [math.inf, math.nan])
def test_what_is_no_number_is_kept_as_none_and_agrees_with_nothing(tmp_path, sigma):
    path = tmp_path / "demo.json"
    made = tuning(measured=(REFERENCE, QUICK, Measured("x", 9.0, sigma, 0)))
    path.write_text(made.to_json())
    kept = load_tuning(path)
    assert kept.measured[2] == Measured("x", 9.0, None, 0)
    assert (kept.measured[2].agrees, kept.id) == (False, made.id)


@given(
    st.lists(
        st.builds(
            Measured,
            st.text(),
            st.none() | st.floats(),
            st.none() | st.floats(),
            st.none() | st.integers(0, 3),
            st.none() | st.just("broken"),
        )
    )
)
def test_the_fastest_is_one_that_agrees_and_none_that_agrees_is_faster(others):
    chosen = fastest([REFERENCE, *others])
    assert chosen.margin_sigma is not None
    assert chosen.margin_sigma <= MOST_SIGMA
    assert chosen.verdicts_changed == 0
    assert chosen.unusable is None
    assert chosen.ms == min(each.ms for each in (REFERENCE, *others) if each.agrees)


@given(
    ms=st.none() | st.floats(),
    sigma=st.none() | st.floats(),
    verdicts=st.none() | st.integers(0, 3),
    unusable=st.none() | st.just("broken"),
)
def test_a_choice_that_was_not_borne_out_cannot_be_made(ms, sigma, verdicts, unusable):
    measured = Measured("x", ms, sigma, verdicts, unusable)
    agrees = (
        ms is not None and 0 < ms < math.inf and sigma is not None and sigma <= MOST_SIGMA and verdicts == 0
    ) and unusable is None
    if agrees:
        assert tuning(runtime="x", measured=(REFERENCE, measured)).runtime == "x"
    else:
        with pytest.raises(ValueError, match="does not say that it agrees"):
            tuning(runtime="x", measured=(REFERENCE, measured))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["runtime"], COARSE.runtime, "onnxruntime int8 cpu was chosen, and what was measured of it does not say"),
        (["runtime"], "torch float64 cpu", "does not say that it agrees"),
        (["measured", 1, "margin_sigma"], 0.2, "does not say that it agrees"),
        (["measured", 1, "verdicts_changed"], 1, "does not say that it agrees"),
        (["measured", 1, "margin_sigma"], "little", "not a tuning"),
        (["measured"], {}, "not a tuning"),
        (["line"], "other", "was made on line other, not on line demo"),
        (["format"], 9, "another version"),
        (["more"], 1, "not a tuning"),
    ],
)
def test_a_file_that_was_meddled_with_is_refused(tmp_path, path, value, message):
    content = json.loads(tuning().to_json())
    *parents, last = path
    place = content
    for key in parents:
        place = place[key]
    place[last] = value
    file = tmp_path / "demo.json"
    file.write_text(json.dumps(content))
    with pytest.raises(CalibrationError, match=message):
        load_tuning(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00", '{"format": 1}'])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "demo.json").write_text(content)
    with pytest.raises(CalibrationError, match="not a tuning"):
        load_tuning(tmp_path / "demo.json")


def test_what_is_other_than_then_is_told_one_by_one():
    here = {"processor": "x", "cores": "2", "versions": "openvino 1"}
    assert tuning().changes({"weights": "w1", "runtime": "torch 2"}, here) == []
    assert tuning().changes({"weights": "w2", "runtime": "torch 2"}, {**here, "cores": "4", "gpu": "g"}) == [
        "cores: was 2, is 4",
        "gpu: was not there, is g",
        "weights: was w1, is w2",
    ]


def test_any_change_is_another_tuning():
    assert tuning().id != tuning(by="somebody").id
