"""Some 500 damaged, odd and oversized picture files: each is read rightly or refused with the cause, in bounds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.adapters.cameras.damaged import ENCODINGS, LOSSY_MEAN, Case, cases

MOST_MB = 200.0
LONGEST_S = 2.0


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory) -> list[tuple[Case, dict[str, Any]]]:
    """Every case with what a reader, in a process of its own, said of it."""
    folder = tmp_path_factory.mktemp("damaged")
    made = {case.name: case for case in cases()}
    for case in made.values():
        (folder / case.name).write_bytes(case.data)
        if case.pixels is not None:
            np.save(folder / f"{case.name}.npy", case.pixels)
    command = [sys.executable, "-m", "tests.adapters.cameras.damaged", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = {line["name"]: line for line in map(json.loads, ended.stdout.splitlines())}
    assert set(told) == set(made)
    return [(made[name], line) for name, line in told.items()]


def test_each_is_read_rightly_or_refused_with_the_cause(looked_at, measured):
    wrong = [f"{case.name}: wanted {case.want}, was {line}" for case, line in looked_at if not _is_right(case, line)]
    assert not wrong, "\n".join(wrong)
    refused = sum("error" in line for _, line in looked_at)
    worst, most = max(line["seconds"] for _, line in looked_at), max(line["mb"] for _, line in looked_at)
    measured(
        f"{len(looked_at)} picture files: {len(looked_at) - refused} read, {refused} refused; longest {worst:.2f} s, "
        f"most memory {most:.0f} MB above the start; of 12 files each with flipped bytes, refused/unharmed/harmed: "
        f"{_flips(looked_at)}"
    )


def _is_right(case: Case, line: dict[str, Any]) -> bool:
    if "error" in line:
        cause = line["error"].partition(f"{case.name}: ")[2]
        return case.want != "read" and len(cause) > 10 and "Traceback" not in cause
    is_lossy = "jpg" in case.name or "lossy" in case.name
    match case.want:
        case "read" | "sound":
            return line["mean"] <= (LOSSY_MEAN if is_lossy else 0.0)
        case "any":
            return True
    return False


def _flips(looked_at: list[tuple[Case, dict[str, Any]]]) -> str:
    told = []
    for name in ENCODINGS:
        lines = [line for case, line in looked_at if case.name.startswith("flipped") and case.name.endswith(name)]
        (whole,) = (line for case, line in looked_at if case.name == f"whole-{name}")
        tally = Counter(
            "refused" if "error" in line else "unharmed" if line["mean"] == whole["mean"] else "harmed"
            for line in lines
        )
        told.append(f"{name} {tally['refused']}/{tally['unharmed']}/{tally['harmed']}")
    return ", ".join(told)


def test_none_takes_long_or_much(looked_at):
    assert len(looked_at) >= 500
    beyond = [line for _, line in looked_at if line["seconds"] > LONGEST_S or line["mb"] > MOST_MB]
    assert not beyond


def test_a_cause_is_in_words(looked_at):
    told = {case.name: line.get("error", "") for case, line in looked_at}
    for name, words in {
        "empty.jpg": "the file is empty",
        "text.jpg": "not a picture",
        "26-megapixels.png": "6500 x 4000 pixels is more than 25 megapixels",
        "65501-px-high.png": "8 x 65501 pixels: a side has more than 65500",
        "2000000-segments.jpg": "more than 1000 segments",
        "mode-I16.png": "16 bits a channel would be cut to 8",
        "mode-CMYK.jpg": "pixels of mode CMYK",
        "mode-RGBA.png": "transparent pixels",
        "two-pictures-TIFF.tiff": "several pictures",
        "two-in-one-base.jpg": "something follows the end",
    }.items():
        assert words in told[name], f"{name}: {told[name]}"
    cuts = [error for name, error in told.items() if name.startswith("cut-")]
    assert sum("cut off" in error or "truncated" in error for error in cuts) > 0.9 * len(cuts)


def test_the_name_of_a_file_cannot_break_a_line(tmp_path: Path):
    from inspection.adapters.cameras.images import read_image
    from inspection.domain.errors import CameraError

    path = tmp_path / "a\nb\udcff.jpg"
    with pytest.raises(CameraError, match=r"a\\nb\\udcff\.jpg: there is no such file"):
        read_image(path)
