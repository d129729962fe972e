"""Commands called as a person calls them, in this process: a model is imported once for all of them."""

from __future__ import annotations

import io
import os
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from inspection import resources
from inspection.cli import main
from inspection.domain.types import VerdictKind
from tests.cli.judged_line import GOOD, PICTURES, JudgedLine, run_line
from tests.config.site_files import LINE, LINE_FILE, RECIPE, RECIPE_FILE, changed, write_site

SAMPLES = resources.samples_dir() / "hex_nut"


class Called(NamedTuple):
    code: int
    out: str
    err: str


def call(*arguments: str | Path) -> Called:
    """`inspection …`. What a person reads never holds a stack trace."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["inspection", *map(str, arguments)]
    with (
        patch.object(sys, "argv", argv),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main.run()
    called = Called(int(ended.value.code or 0), out.getvalue(), err.getvalue())
    assert "Traceback" not in called.out + called.err
    return called


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("INSPECTION_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A valid site that is the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_site(tmp_path, {LINE_FILE: changed(LINE, "samples:nut/line", "../samples/nut/line")})


@pytest.fixture(scope="session")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Called, Path]:
    """What `inspection calibrate` said and the site that it wrote to: a dry line and the bundled model."""
    folder = tmp_path_factory.mktemp("calibrated")
    serial_gate = LINE[LINE.index("gate:\n") : LINE.index("trigger:")]
    dry = changed(changed(LINE, serial_gate, "gate: {kind: dry}\n"), "{kind: gate}", "{kind: timer, parts_per_s: 5}")
    site = write_site(
        folder / "site",
        {
            LINE_FILE: changed(dry, "samples:nut/line", "../samples/nut/line"),
            RECIPE_FILE: RECIPE.replace("nut", "hex nut").replace("hex hex", "hex"),
        },
    )
    for picture in sorted((SAMPLES / "line" / "scratch").iterdir())[:2]:
        shutil.copy(picture, site / "samples" / "nut" / "line")
    good = folder / "good"
    good.mkdir()
    for picture in sorted((SAMPLES / "calibration" / "good").iterdir())[:40]:
        shutil.copy(picture, good)
    defect = f"scratch={SAMPLES / 'calibration' / 'scratch'}"
    return call("calibrate", "demo", "--good", good, "--defect", defect, "--by", "Kim", "--config-dir", site), site


@pytest.fixture
def calibrated(calibration: tuple[Called, Path], tmp_path: Path) -> Path:
    """A copy of the calibrated site, to be changed."""
    assert calibration[0].code == 0
    return shutil.copytree(calibration[1], tmp_path / "site")


@pytest.fixture(scope="session")
def ran(calibration: tuple[Called, Path], tmp_path_factory: pytest.TempPathFactory) -> JudgedLine:
    """20 good parts and 4 scratched ones, a stain, the first picture again, and a good part that came in a pause. Every
    passed part is drawn."""
    folder = tmp_path_factory.mktemp("ran")
    config_dir = shutil.copytree(calibration[1], folder / "site")
    line = config_dir / "lines" / "demo.yaml"
    line.write_text(f"{line.read_text()}\nevidence: {{passed_share: 1}}\n")
    return run_line(config_dir, folder / "data", PICTURES)


@pytest.fixture
def own(ran: JudgedLine, tmp_path: Path) -> JudgedLine:
    """A copy, to be changed. Its 4 scratches and its stain did not pass."""
    kinds = [verdict.kind for verdict in ran.verdicts]
    expected = [VerdictKind.PASS] * GOOD + [VerdictKind.REJECT] * 5 + [VerdictKind.PASS, VerdictKind.UNJUDGED]
    assert kinds == expected
    config_dir, data_dir = (
        shutil.copytree(folder, tmp_path / folder.name) for folder in (ran.config_dir, ran.data_dir)
    )
    return replace(ran, config_dir=config_dir, data_dir=data_dir)
