"""`inspection bench calibration` in short, on made-up embeddings: what it measures, and that it can fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inspection.calibration.promise import Promise
from tests.cli.conftest import call


def write(folder: Path, name: str, good: int, bad: int) -> None:
    rng = np.random.default_rng(len(name))
    values = np.concatenate([rng.normal(size=(good, 12)) + 3, rng.normal(size=(bad, 12)) * 2 + 3])
    defective = np.arange(good + bad) >= good
    np.savez(folder / f"{name}.npz", embedding=values.astype(np.float16), defective=defective.astype(np.uint8))


def test_promises_are_kept_on_parts_that_no_threshold_saw(tmp_path: Path) -> None:
    write(tmp_path, "small", 46, 20)
    write(tmp_path, "tiny", 30, 20)
    called = call("bench", "calibration", "--data", tmp_path, "--splits", "100", "--json")
    assert called.code == 0, called.out
    small, tiny = json.loads(called.out)["classes"]
    assert [rate["promised"] for rate in small["rates"]] == [0.05, 0.1]
    for rate in small["rates"]:
        assert rate["references"] + rate["calibrated_on"] + rate["tested_on"] == 46
        assert rate["is_kept"]
    assert [rate["promised"] for rate in tiny["rates"]] == [0.1]
    assert tiny["refused"] == [
        "for 5%, 3 references, 38 to calibrate and 5 to test are 46 good parts, and 30 were given: add 16 more"
    ]


def test_a_promise_that_is_broken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Promise, "rank", lambda _, samples: samples * 3 // 4)
    write(tmp_path, "part", 80, 20)
    called = call("bench", "calibration", "--data", tmp_path, "--splits", "40")
    assert called.code == 1
    assert "NOT KEPT" in called.out


@pytest.mark.parametrize(
    ("content", "message"), [(None, "there is no .npz file"), (b"x", "not a class's embeddings")], ids=["none", "torn"]
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content:
        (tmp_path / "part.npz").write_bytes(content)
    called = call("bench", "calibration", "--data", tmp_path)
    assert called.code == 2
    assert message in called.err
