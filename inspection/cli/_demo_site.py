"""The demo's configuration: what ships, or a copy of it that is calibrated with the libraries of this machine.

Thresholds hold for the versions of torch and tokenizers that they were set with. A real line refuses to judge with
others; the demo has its sample pictures at hand and sets its own anew.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.domain.errors import CalibrationError, InspectionError
from inspection.resources import configs_dir, samples_dir

if TYPE_CHECKING:
    from inspection.calibration.record import Calibration

_RUNTIME = ("torch", "pillow", "tokenizers")
_SAMPLES = Path("hex_nut") / "calibration"


def demo_config_dir(line: str, data_dir: Path, shipped_dir: Path | None = None) -> Path:
    """Where the configuration is that the demo runs: `shipped_dir` (by default the program's own), or a copy below
    `data_dir` with a calibration of its own. Raises InspectionError if that cannot be made."""
    from inspection.calibration.record import load_calibration

    shipped_dir = shipped_dir or configs_dir()
    shipped = load_calibration(_calibration_file(shipped_dir, line))
    if _is_of_this_machine(shipped):
        return shipped_dir
    own_dir = data_dir / "demo-config"
    if _fits(own_dir, line, shipped):
        return own_dir
    here = " and ".join(f"{name} {_installed(name)}" for name in _RUNTIME)
    typer.echo(f"Setting the demo's thresholds for {here}, in {own_dir} (some seconds) …")
    _calibrate(line, shipped, shipped_dir, own_dir)
    if not _fits(own_dir, line, shipped):  # more than the libraries is different: the station says what
        shutil.rmtree(own_dir)
        return shipped_dir
    return own_dir


def _fits(config_dir: Path, line: str, shipped: Calibration) -> bool:
    """There is a calibration of this machine that differs from the shipped one by the libraries alone."""
    from inspection.calibration.record import load_calibration

    try:
        own = load_calibration(_calibration_file(config_dir, line))
    except CalibrationError:
        return False
    knows_as_much = (own.whole is None) == (shipped.whole is None)  # it may be of an earlier version
    is_alike = _but_runtime(own.fingerprint) == _but_runtime(shipped.fingerprint)
    return knows_as_much and is_alike and _is_of_this_machine(own)


def _is_of_this_machine(calibration: Calibration) -> bool:
    """By the versions that are installed: importing them takes seconds. The station looks again, at all of it."""
    words = calibration.fingerprint.get("runtime", "").split()
    return all(
        _installed(name) == told for name, told in zip(words[::2], words[1::2], strict=False) if name in _RUNTIME
    )


def _installed(name: str) -> str:
    return version(name).partition("+")[0]


def _but_runtime(fingerprint: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in fingerprint.items() if key != "runtime"}


def _calibration_file(config_dir: Path, line: str) -> Path:
    return config_dir / "calibrations" / f"{line}.json"


def _calibrate(line: str, shipped: Calibration, shipped_dir: Path, own_dir: Path) -> None:
    """In a process of its own, as a person would: what it loads goes with it."""
    shutil.rmtree(own_dir, ignore_errors=True)
    shutil.copytree(shipped_dir, own_dir)
    pictures = samples_dir() / _SAMPLES
    defects = [f"--defect={name}={pictures / name}" for name in shipped.defects]
    told = ["--false-reject", str(shipped.false_reject), "--by", shipped.by, "--config-dir", str(own_dir), "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "inspection", "calibrate", line, "--good", str(pictures / "good"), *defects, *told],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        shutil.rmtree(own_dir)
        raise InspectionError(f"the demo cannot be calibrated on this machine: {ended.stderr.strip()}")
