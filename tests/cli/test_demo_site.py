"""The demo sets its thresholds anew where the libraries are others than those it was calibrated with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from inspection.cli import _demo_site
from inspection.cli._demo_site import demo_config_dir
from inspection.domain.errors import InspectionError
from tests.cli.conftest import SAMPLES


@pytest.fixture
def shipped(calibrated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A site that came with the program, and few sample pictures, so that it is calibrated quickly."""
    good = tmp_path / "samples" / "hex_nut" / "calibration" / "good"
    good.mkdir(parents=True)
    for picture in sorted((SAMPLES / "calibration" / "good").iterdir())[:40]:
        shutil.copy(picture, good)
    shutil.copytree(SAMPLES / "calibration" / "scratch", good.parent / "scratch")
    monkeypatch.setattr(_demo_site, "samples_dir", lambda: tmp_path / "samples")
    return calibrated


def made_with(site: Path, **fingerprint: str) -> None:
    file = site / "calibrations" / "demo.json"
    content = json.loads(file.read_text())
    content["fingerprint"] |= fingerprint
    file.write_text(json.dumps(content))


OTHER = {"runtime": "torch 2.0.0 tokenizers 0.20.0 float32 cpu"}


def test_with_the_libraries_it_was_made_with_the_demo_runs_what_ships(shipped: Path, tmp_path: Path) -> None:
    assert demo_config_dir("demo", tmp_path / "data", shipped) == shipped
    assert not (tmp_path / "data").exists()


def test_with_others_it_is_calibrated_once_in_a_copy(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_with(shipped, **OTHER)
    before = (shipped / "calibrations" / "demo.json").read_bytes()
    own = demo_config_dir("demo", tmp_path / "data", shipped)
    assert own == tmp_path / "data" / "demo-config"
    (told,) = capsys.readouterr().out.splitlines()
    assert "Setting the demo's thresholds for torch" in told
    assert (shipped / "calibrations" / "demo.json").read_bytes() == before
    fingerprint = json.loads((own / "calibrations" / "demo.json").read_text())["fingerprint"]
    assert fingerprint["runtime"] != OTHER["runtime"]

    monkeypatch.setattr(_demo_site, "_calibrate", None)  # the next demo finds it
    assert demo_config_dir("demo", tmp_path / "data", shipped) == own
    assert capsys.readouterr().out == ""
    made_with(shipped, camera="another")  # the program was upgraded: the copy is of the one before
    with pytest.raises(TypeError):
        demo_config_dir("demo", tmp_path / "data", shipped)


def test_where_more_is_different_the_station_is_left_to_refuse(shipped: Path, tmp_path: Path) -> None:
    made_with(shipped, **OTHER, weights="0" * 64)
    assert demo_config_dir("demo", tmp_path / "data", shipped) == shipped
    assert not (tmp_path / "data" / "demo-config").exists()


def test_what_cannot_be_calibrated_is_told(shipped: Path, tmp_path: Path) -> None:
    made_with(shipped, **OTHER)
    shutil.rmtree(tmp_path / "samples" / "hex_nut" / "calibration" / "good")
    with pytest.raises(InspectionError, match=r"the demo cannot be calibrated on this machine: .*no such folder"):
        demo_config_dir("demo", tmp_path / "data", shipped)
    assert not (tmp_path / "data" / "demo-config").exists()
