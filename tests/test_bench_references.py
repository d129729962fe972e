"""`inspection bench references`: what references find, and what they cost a frame."""

from __future__ import annotations

import json

import pytest

from benchmarks import references_cost
from inspection.adapters.clip.runtimes import REFERENCE, Runtime
from inspection.resources import samples_dir
from tests.cli.conftest import call


def test_every_runtime_that_runs_here_is_timed_with_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references_cost, "runtimes", lambda: (REFERENCE, Runtime("torch", "int8")))
    parts = samples_dir() / "hex_nut" / "calibration"
    asked = ("--recipe", "hex-nut", "--good", parts / "good", "--bad", parts / "scratch")
    called = call("bench", "references", *asked, "--draws", "1", "--seconds", "0.1", "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)
    assert set(told["ways"]) == {"sentences", "references", "both", "nearest"}
    (cost,) = told["cost"].values()
    assert list(told["cost"]) == [str(REFERENCE)]
    assert cost["times"] == pytest.approx(cost["both_ms"] / cost["sentences_ms"], rel=0.01)
    assert cost["sentences_ms"] > 0
    assert cost["moved_sigma"] == cost["moved_sigma_by_torch"] == 0
