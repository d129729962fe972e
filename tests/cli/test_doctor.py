"""`inspection doctor`: what is wrong with this machine, each with what to do."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import SAMPLES, call
from tests.config.site_files import LINE, LINE_FILE, RECIPE_FILE


def findings(site: Path, data_dir: Path) -> dict[str, dict[str, object]]:
    called = call("doctor", "--config-dir", site, "--data-dir", data_dir, "--json")
    found = {finding["what"]: finding for finding in json.loads(called.out)}
    assert called.code == (0 if all(finding["well"] for finding in found.values()) else 1)
    return found


def test_all_is_well(calibrated: Path, tmp_path: Path) -> None:
    called = call("doctor", "demo", "--config-dir", calibrated, "--data-dir", tmp_path / "data")
    assert called.code == 0
    assert [line.split("  ")[0].strip() for line in called.out.splitlines()] == ["ok"] * 7
    assert "demo: camera: 2 pictures in" in called.out
    assert "demo: gate: dry: nothing is diverted" in called.out


def test_everything_that_is_wrong_is_told_with_what_to_do(calibrated: Path, tmp_path: Path) -> None:
    (calibrated / "calibrations" / "demo.json").unlink()
    serial = LINE.replace("samples:nut/line", "../samples/none").replace("/dev/ttyUSB0", "/dev/none-such")
    (calibrated / LINE_FILE).write_text(serial)
    (calibrated / "samples" / "none").mkdir()
    (tmp_path / "data").write_text("in the way")
    called = call("doctor", "--config-dir", calibrated, "--data-dir", tmp_path / "data")
    assert called.code == 1
    told = called.out.splitlines()
    wrong = [line.removeprefix("WRONG  ").split(":")[:2] for line in told if line.startswith("WRONG")]
    assert [" ".join(part.strip() for part in what) for what in wrong] == [
        f"data directory {tmp_path / 'data'}",
        "demo calibration",
        "demo camera",
        "demo gate",
    ]
    assert sum(line.startswith("       -> ") for line in told) == len(wrong)
    assert "       -> inspection calibrate demo --good DIR" in told


def test_a_stale_calibration_and_a_model_that_is_not_there(calibrated: Path, tmp_path: Path) -> None:
    recipe = calibrated / RECIPE_FILE
    text = recipe.read_text()
    recipe.write_text(text.replace("flawless", "spotless"))
    found = findings(calibrated, tmp_path)
    assert "is stale" in str(found["demo: calibration"]["found"])

    recipe.write_text(text.replace("model: bundled", "model: ./models"))
    (calibrated / "recipes" / "models").mkdir()
    found = findings(calibrated, tmp_path)
    assert "there is no config.json in that folder" in str(found["demo: model"]["found"])
    assert str(found["demo: model"]["advice"]).startswith("correct model in recipes/nut.yaml")
    assert "demo: calibration" not in found


def test_a_data_directory_inside_the_program_is_refused(site: Path) -> None:
    called = call("doctor", "--config-dir", site, "--data-dir", SAMPLES)
    assert (called.code, called.out) == (2, "")
    assert "is inside the program itself" in called.err


def test_a_picture_that_cannot_be_read(calibrated: Path, tmp_path: Path) -> None:
    first = min((calibrated / "samples" / "nut" / "line").iterdir())
    first.write_bytes(first.read_bytes()[:600])
    found = findings(calibrated, tmp_path)["demo: camera"]
    assert f"{first.name}: cannot be read as a picture" in str(found["found"])


def test_a_configuration_that_cannot_be_used(site: Path) -> None:
    (site / LINE_FILE).write_text("station: hall-1\nrecipe: nut\nparts: 20\n")
    called = call("doctor", "--config-dir", ".", "--data-dir", site / "data")
    assert called.code == 1
    assert "lines/demo.yaml:3: " in called.out


def test_an_unknown_line(site: Path) -> None:
    called = call("doctor", "dmo", "--config-dir", ".", "--data-dir", site / "data")
    assert (called.code, called.out) == (2, "")
    assert 'there is no line "dmo"' in called.err
