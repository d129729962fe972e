from datetime import UTC, datetime

import pytest

from inspection.calibration.record import Calibration, DefectCheck, SampleSet, hash_samples, load_calibration
from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import CalibrationError


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
    assert hash_samples([b"a", b"b"], "x") == hash_samples([b"b", b"a"], "x")
    assert hash_samples([b"a", b"b"], "x") != hash_samples([b"a", b"c"], "x")
