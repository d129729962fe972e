"""`inspection model tune`: a runtime is chosen by measuring, the line runs on it, and what no longer holds is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from inspection.adapters.cameras.images import read_image
from inspection.adapters.clip import openvino_runtime
from inspection.adapters.clip import runtimes as module
from inspection.adapters.clip.runtimes import REFERENCE, ImageTower, Runtime
from inspection.adapters.clip.torch_runtime import TorchTower
from inspection.build import build_station
from inspection.calibrated import require_calibration
from inspection.calibration.record import load_calibration
from inspection.calibration.tuning import load_tuning
from inspection.cli._calibration_samples import list_good
from inspection.cli._tune_measure import held_against
from inspection.config import load_site
from inspection.domain.errors import ScoringError
from inspection.gauge import line_encoder, load_encoder, scorer_of
from inspection.scoring.part_scorer import PartScorer
from tests.cli.conftest import SAMPLES, Called, call

OPENVINO = Runtime("openvino", "float32")
GOOD = str(SAMPLES / "calibration" / "good")
PICTURE = SAMPLES / "line" / "scratch" / "000.jpg"


@dataclass(frozen=True, slots=True)
class Coarse(Runtime):
    """Torch with its weights rounded to a few steps, and nothing else to do: quick and wrong."""

    def open(self, model: Any, input_px: tuple[int, int] | None) -> ImageTower:
        coarse = deepcopy(model)
        with torch.no_grad():
            for weights in coarse.image.parameters():
                step = weights.abs().max() / 3 + 1e-12
                weights.copy_((weights / step).round() * step)
        return TorchTower(coarse, "float32", "cpu")


class Slow:
    """A tower, and the same again for every picture."""

    def __init__(self, tower: ImageTower) -> None:
        self.tower = tower

    def __call__(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        for _ in range(6):
            self.tower(inputs)
        return self.tower(inputs)


@dataclass(frozen=True, slots=True)
class SlowReference(Runtime):
    """So that the choice does not hang on what else this machine does."""

    def open(self, model: Any, input_px: tuple[int, int] | None) -> ImageTower:
        return Slow(TorchTower(model, "float32", "cpu"))


SLOW = SlowReference("torch", "float32")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of those that the line was calibrated on, so that one of them may lie on its limit."""
    folder = tmp_path_factory.mktemp("tuning") / "good"
    folder.mkdir()
    for picture in sorted((SAMPLES / "calibration" / "good").iterdir())[:10]:
        shutil.copy(picture, folder)
    return folder


@pytest.fixture
def own(calibration: tuple[Called, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(calibration[1], tmp_path / "site"))


@pytest.fixture(scope="module")
def tuned(
    calibration: tuple[Called, Path], good: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Called, Path]:
    """What was told and what the line then said of its calibration; and its site, calibrated on the chosen runtime."""
    site = Path(shutil.copytree(calibration[1], tmp_path_factory.mktemp("tuned") / "site"))
    with pytest.MonkeyPatch.context() as patch:
        only(patch, SLOW, OPENVINO)
        told = json.loads(tune(site, good, "--json").out)
    before = call("score", PICTURE, "--line", "demo", "--config-dir", site)
    options = ("--false-reject", "0.2", "--by", "Kim", "--config-dir", site)
    assert call("calibrate", "demo", "--good", good, *options).code == 0
    return told, before, site


def tune(site: Path, good: Path, *more: str) -> Called:
    scratch = f"scratch={SAMPLES / 'calibration' / 'scratch'}"
    options = ("--good", good, "--defect", scratch, "--by", "Kim", "--config-dir", site)
    return call("model", "tune", "demo", *options, *more)


def only(patch: pytest.MonkeyPatch, *runtimes: Runtime) -> None:
    patch.setattr(module, "runtimes", lambda: runtimes)


def test_the_fastest_that_agrees_is_chosen_then_calibrated_on_and_judged_on(
    tuned: tuple[dict[str, Any], Called, Path],
) -> None:
    told, before, own = tuned
    assert (told["runtime"], told["by"], told["good"]["count"]) == (str(OPENVINO), "Kim", 10)
    assert told["defects"]["scratch"]["count"] == 8
    assert told["judged_by"] is not None
    slow, quick = told["measured"]
    assert slow["ms"] > quick["ms"]
    assert quick["margin_sigma"] < 1e-3
    assert before.code == 2
    assert "openvino" in before.err
    assert f"tuning: was not there, is {told['id']}" in before.err
    after = json.loads(call("score", PICTURE, "--line", "demo", "--config-dir", own, "--json").out)
    assert after[0]["verdict"] == "REJECT"
    site = load_site(own)
    encoder, untuned = line_encoder(site, site.line("demo"))
    assert untuned is None
    assert "openvino" in encoder.fingerprint["runtime"]
    assert encoder.fingerprint["tuning"] == told["id"]


def test_a_calibration_of_another_runtime_does_not_judge_the_reference(
    tuned: tuple[dict[str, Any], Called, Path], tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(tuned[2], tmp_path / "site"))
    only(monkeypatch, REFERENCE)
    called = tune(own, good)
    assert called.code == 2
    assert "needs 38 good parts and 10 were given" in called.err, "limits must be fitted"


def test_one_that_changes_verdicts_is_not_chosen_however_fast_it_is(
    own: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = Coarse("torch", "int8")
    only(monkeypatch, SLOW, coarse)
    called = tune(own, good)
    assert called.code == 0
    assert "does not agree" in called.out
    kept = json.loads((own / "tunings" / "demo.json").read_text())
    reference, other = kept["measured"]
    assert other["ms"] < reference["ms"]
    assert other["verdicts_changed"] > 0
    assert (kept["runtime"], other["runtime"]) == (str(REFERENCE), str(coarse))
    site = load_site(own)
    encoder, untuned = line_encoder(site, site.line("demo"))
    assert (untuned, "tuning" in encoder.fingerprint) == (None, False)
    assert require_calibration(site, site.line("demo"), encoder).line == "demo"


@dataclass(frozen=True, slots=True)
class Broken(Runtime):
    """It starts, and says no number of any picture."""

    def open(self, model: Any, input_px: tuple[int, int] | None) -> ImageTower:
        tower = TorchTower(model, "float32", "cpu")
        return lambda inputs: tuple(each * float("nan") for each in tower(inputs))


@dataclass(frozen=True, slots=True)
class Askew(Runtime):
    """All embeddings, and all places, turned alike. Among themselves they are as far apart as before; from another
    runtime's they are not."""

    def open(self, model: Any, input_px: tuple[int, int] | None) -> ImageTower:
        tower = TorchTower(model, "float32", "cpu")
        return lambda inputs: tuple(each.roll(1, dims=1) for each in tower(inputs))


@dataclass(frozen=True, slots=True)
class Displaced(Runtime):
    """Embeddings, and so what the sentences say, as they are; of places others, or none that are numbers."""

    factor: float = 1.0

    def open(self, model: Any, input_px: tuple[int, int] | None) -> ImageTower:
        tower = TorchTower(model, "float32", "cpu")

        def displaced(inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
            embeddings, *places = tower(inputs)
            return embeddings, *(each.roll(1, dims=1) * self.factor for each in places)

        return displaced


def test_one_that_would_take_good_parts_for_none_is_not_chosen(
    own: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, SLOW, Displaced("torch", "int8"))
    told = json.loads(tune(own, good, "--json").out)
    displaced = told["measured"][1]
    assert told["judged_by"] is not None
    assert displaced["margin_sigma"] < 1e-3
    assert displaced["verdicts_changed"] >= 9, "of ten good parts; one of them may have set the limit"
    assert displaced["whole_sigma"] > 1
    assert told["runtime"] == str(REFERENCE)


def test_one_whose_places_are_no_numbers_is_told_and_the_others_are_measured(
    own: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, SLOW, Displaced("torch", "int8", factor=float("nan")), OPENVINO)
    told = json.loads(tune(own, good, "--json").out)
    unusable = {each["runtime"]: each["unusable"] for each in told["measured"] if each["unusable"]}
    assert list(unusable) == ["torch int8 cpu"]
    assert "finite" in unusable["torch int8 cpu"]
    assert told["runtime"] == str(OPENVINO)


@pytest.mark.parametrize("by_place", [True, False])
def test_references_are_fitted_for_each_runtime_on_what_it_sees(
    own: Path, by_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartScorer, "has_places", by_place)
    site = load_site(own)
    recipe = site.recipe(site.line("demo").recipe)
    encoder = load_encoder(recipe)
    scorer = scorer_of(recipe, encoder)
    named = {"reference": REFERENCE, "askew": Askew("torch", "float32"), "broken": Broken("torch", "float32")}
    drawn = list_good(Path(GOOD), None).take(range(6))
    scorers = {name: scorer.on(encoder.on(runtime)) for name, runtime in named.items()}
    fitted, failed = held_against(scorers, drawn)
    assert "is not finite" in failed["broken"]
    frame = read_image(PICTURE)
    reference, askew = (each.look([frame]).scores[0, -1] for each in fitted.values())
    assert askew == pytest.approx(reference, rel=1e-3)
    foreign = fitted["askew"].with_references(fitted["reference"].references).look([frame]).scores[0, -1]
    assert foreign > 1.5 * reference
    with pytest.raises(ScoringError, match="is not finite"):
        held_against({"broken": scorers["broken"]}, drawn)


def test_as_many_references_as_the_calibration_has_whatever_runtime_it_was_made_on(
    tuned: tuple[dict[str, Any], Called, Path], good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(tuned[2], tmp_path / "site"))
    more = tmp_path / "more"
    more.mkdir()
    for picture in sorted(Path(GOOD).iterdir())[:44]:
        shutil.copy(picture, more)
    calibrate = ("calibrate", "demo", "--good", more, "--by", "Kim", "--config-dir", own)
    assert "proven without" not in call(*calibrate).err
    told = call(*calibrate, "--references", "4").err
    assert f"{OPENVINO} was proven without references: run 'inspection model tune demo --good DIR" in told
    only(monkeypatch, REFERENCE)
    called = tune(own, more)
    assert "48 pictures, held against 4 references, judged by limits fitted" in called.out
    assert "Then: inspection calibrate demo --good DIR --references 4" in called.out
    kept = load_tuning(own / "tunings" / "demo.json")
    held = load_calibration(own / "calibrations" / "demo.json").references
    assert kept is not None
    assert held is not None
    assert kept.references == held.samples
    assert "(beside 3 references)" in tune(own, good, "--references", "3").err
    assert "and no other beside them: give more" in tune(own, good, "--references", "50").err


def test_without_references_it_says_so(own: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, REFERENCE)
    assert "18 pictures, without references, judged by calibration " in tune(own, good).out
    assert json.loads(tune(own, good, "--references", "0", "--json").out)["references"] is None


def test_a_runtime_that_fails_on_a_picture_is_told_and_the_others_are_measured(
    own: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, REFERENCE, Broken("torch", "int8"))
    called = tune(own, good, "--json")
    assert called.code == 0
    told = json.loads(called.out)
    assert told["runtime"] == str(REFERENCE)
    assert "the embedding of picture 0 is not finite" in told["measured"][1]["unusable"]
    monkeypatch.undo()
    only(monkeypatch, Broken("torch", "int8"))
    assert "is not finite" in tune(own, good).err, "the reference itself"


@pytest.mark.parametrize("error", [RuntimeError("driver"), torch.OutOfMemoryError("full\nof it"), MemoryError()])
def test_a_device_that_does_not_start_is_told_and_the_line_runs_on_the_reference(
    tuned: tuple[dict[str, Any], Called, Path], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(openvino_runtime.OpenVinoTower, "__init__", refuse)
    site = load_site(tuned[2])
    encoder, untuned = line_encoder(site, site.line("demo"))
    assert encoder.fingerprint["runtime"] == REFERENCE.describe("tokenizers")
    reason = str(error).partition("\n")[0] or "MemoryError"
    assert f"runs on {REFERENCE}: runtime {OPENVINO}: the model does not start on it ({reason})" in (untuned or "")


def test_a_runtime_that_is_not_there_is_told_and_the_others_are_measured(
    own: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, REFERENCE, Runtime("torch", "float32", "cuda"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    called = tune(own, good)
    assert called.code == 0
    assert "finds no such device here" in " ".join(called.out.split())
    assert f"Line demo runs on {REFERENCE}" in called.out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"machine": {"cores": "64"}}, "cores: was 64, is "),
        ({"machine": {"versions": "openvino 1"}}, "versions: was openvino 1, is torch "),
        ({"machine": {"processor": "abacus"}}, "processor: was abacus, is "),
        ({"fingerprint": {"weights": "w"}}, "weights: was w, is "),
        ({"fingerprint": {"preprocessing": "p"}}, "preprocessing: was p, is "),
        ({"runtime": "openvino int4 cpu"}, "openvino int4 cpu was chosen, and what was measured of it does not say"),
        ({"by": "somebody"}, None),
    ],
)
def test_what_no_longer_holds_is_not_run_on_and_told(
    tuned: tuple[dict[str, Any], Called, Path], tmp_path: Path, change: dict[str, Any], message: str | None
) -> None:
    """Whoever meddles with what does not matter for the choice has another record, and the calibration is not of it."""
    own = Path(shutil.copytree(tuned[2], tmp_path / "site"))
    path = own / "tunings" / "demo.json"
    content = json.loads(path.read_text())
    for key, value in change.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(content))
    called = call("score", SAMPLES / "line" / "good" / "000.jpg", "--line", "demo", "--config-dir", own)
    assert (called.code, called.out) == (2, "")
    if message is None:
        assert "  - tuning: was " in called.err
    else:
        assert message in called.err
        assert "line demo runs on torch float32 cpu: " in called.err
        assert "tune again with 'inspection model tune demo --good DIR', then calibrate" in called.err
        assert "  - runtime: was torch " in called.err


def test_a_line_that_was_calibrated_on_the_reference_judges_on_it_and_says_what_is_wrong_with_its_tuning(
    own: Path, tmp_path: Path
) -> None:
    (own / "tunings").mkdir()
    (own / "tunings" / "demo.json").write_text("{}")
    told = f"line demo runs on {REFERENCE}: {own / 'tunings' / 'demo.json'}: not a tuning: it has no 'format'"
    called = call("score", PICTURE, "--line", "demo", "--config-dir", own, "--json")
    assert json.loads(called.out)[0]["verdict"] == "REJECT"
    assert told in called.err
    doctor = call("doctor", "demo", "--config-dir", own, "--data-dir", tmp_path / "data")
    assert told in " ".join(doctor.out.split())
    with build_station(load_site(own), "demo", tmp_path / "data") as station:
        alarms = {raised.alarm.key: raised.alarm.text for raised in station._condition.now.alarms}
    assert told in alarms["tuning"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--good", "nowhere"], "nowhere: there is no such folder"),
        (["dmo", "--good", "."], 'there is no line "dmo"'),
        (["demo", "--good", GOOD, "--defect", "scratch"], "'scratch' is not NAME=FOLDER"),
    ],
)
def test_what_cannot_be_used_is_named(site: Path, arguments: list[str], message: str) -> None:
    called = call("model", "tune", *arguments, "--config-dir", site)
    assert called.code == 2
    assert message in called.err


def test_too_few_pictures_without_a_calibration_are_refused(
    own: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, REFERENCE)
    (own / "calibrations" / "demo.json").unlink()
    called = tune(own, good)
    assert (called.code, called.out) == (2, "")
    assert "needs 38 good parts and 10 were given" in called.err
    assert not (own / "tunings").exists()
