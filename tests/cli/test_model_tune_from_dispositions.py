"""`inspection model tune --from-dispositions` and `--group-by`: a runtime is proven on parts that limits are from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from inspection.adapters.clip import runtimes as module
from inspection.adapters.clip.runtimes import REFERENCE
from inspection.calibration.tuning import load_tuning
from inspection.config import load_site
from inspection.domain.disposition import DispositionKind
from inspection.domain.draw import is_drawn
from inspection.domain.types import PartId
from inspection.gauge import line_encoder
from tests.cli.conftest import SAMPLES, Called, call
from tests.cli.judged_line import GOOD, SCRATCHES, JudgedLine, say, say_all
from tests.cli.test_model_tune import OPENVINO, SLOW, only

SOURCE = "--from-dispositions"


def tune(line: JudgedLine, *options: str | Path) -> Called:
    given = [SOURCE, "--by", "Kim", "--data-dir", line.data_dir, "--config-dir", line.config_dir]
    return call("model", "tune", "demo", *given, *options)


@pytest.fixture(autouse=True)
def one_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "runtimes", lambda: (REFERENCE,))


def test_it_is_proven_on_a_fair_sample_and_chosen_then_calibrated_on(
    own: JudgedLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_all(own)
    only(monkeypatch, SLOW, OPENVINO)
    called = tune(own)
    assert called.code == 0, called.err
    assert "25 pictures, without references, judged by calibration " in called.out
    assert f"Then: inspection calibrate demo {SOURCE}\n" in called.out
    kept = load_tuning(own.config_dir / "tunings" / "demo.json")
    assert kept is not None
    assert (kept.runtime, kept.good.folder, kept.good.count) == (str(OPENVINO), "evidence of line demo", 20)
    assert {name: samples.count for name, samples in kept.defects.items()} == {"scratch": 5}
    calibrated = call(
        *("calibrate", "demo", SOURCE, "--false-reject", "0.2", "--by", "Kim"),
        *("--data-dir", own.data_dir, "--config-dir", own.config_dir),
    )
    assert (calibrated.code, calibrated.err) == (0, "")
    site = load_site(own.config_dir)
    assert "openvino" in line_encoder(site, site.line("demo"))[0].fingerprint["runtime"]


def test_all_known_defects_must_be_judged_as_before_also_those_that_are_not_of_the_share(own: JudgedLine) -> None:
    say_all(own)
    bad = (*SCRATCHES, PartId(1, GOOD))
    share = next(each / 100 for each in range(95, 5, -5) if not all(is_drawn(part, each / 100) for part in bad))
    called = tune(own, "--share", str(share), "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)
    assert told["good"]["count"] < 20
    assert told["defects"]["scratch"]["count"] == len(bad)


def test_no_fair_sample_is_no_proof_and_nothing_is_changed(own: JudgedLine) -> None:
    say(own, SCRATCHES[0], DispositionKind.CONFIRMED_DEFECT)
    waiting = tune(own)
    assert (waiting.code, waiting.out) == (2, "")
    assert "what they are: 1-22, 1-23, 1-24, 1-25. Without" in waiting.err
    say_all(own)
    line = own.config_dir / "lines" / "demo.yaml"
    before = line.read_text()
    line.write_text(f"{before}\nframe: {{width_px: 256, height_px: 256}}\n")
    elsewhere = tune(own)
    assert (elsewhere.code, elsewhere.out) == (2, "")
    assert "the camera was folder width any height any, and is folder width 256 height 256 now" in elsewhere.err
    line.write_text(before)
    shutil.copy(own.picture(PartId(1, 4)), own.picture(PartId(1, 3)))
    changed = tune(own)
    assert (changed.code, changed.out) == (1, "")
    assert "its bytes are not those on record" in changed.err
    assert not (own.config_dir / "tunings").exists()


def test_a_folder_of_defects_beside_those_of_the_line_needs_another_name(own: JudgedLine) -> None:
    say_all(own)
    bad = SAMPLES / "calibration" / "scratch"
    assert "people called parts of the line that too" in said(tune(own, "--defect", f"scratch={bad}"))
    told = json.loads(tune(own, "--defect", f"lab={bad}", "--json").out)
    assert {name: each["count"] for name, each in told["defects"].items()} == {"scratch": 5, "lab": 8}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([SOURCE, "--good", "x"], "are two sources: give one of them"),
        ([], "say where good parts are: give one of them"),
        (["--good", "x", "--since", "2026-01-05"], "belong to --from-dispositions"),
        (["--good", "x", "--data-dir", "x"], "belong to --from-dispositions"),
        ([SOURCE, "--group-by", "x"], "the log knows which part a picture is of: leave --group-by out"),
        ([SOURCE, "--since", "yesterday"], "'yesterday' is no time, such as 2026-01-05"),
        ([SOURCE, "--share", "0.06"], "the line keeps 0.05; take that or less, over 0"),
        ([SOURCE, "--data-dir", "nowhere"], 'no line "demo" has run in'),
        (["--good", "x", "--group-by", "("], "is no regular expression"),
    ],
    ids=range(9),
)
def test_a_slip_is_named(calibrated: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(calibrated)
    called = call("model", "tune", "demo", *arguments, "--config-dir", ".")
    assert (called.code, called.out) == (2, "")
    assert message in said(called)


def test_frames_of_one_part_are_of_one_part_in_limits_and_references_too(calibrated: Path, tmp_path: Path) -> None:
    """Twelve pictures of four parts. One is there twice, and stays: somebody has said which part each is of."""
    good = tmp_path / "grouped"
    good.mkdir()
    for number, picture in enumerate(sorted((SAMPLES / "calibration" / "good").iterdir())[:12]):
        shutil.copy(picture, good / f"nut{number // 3}_{number % 3}.jpg")
    Image.open(good / "nut0_0.jpg").save(good / "nut0_1.png")
    (good / "nut0_1.jpg").unlink()
    given = ("--good", good, "--group-by", "nut[0-9]", "--by", "Kim", "--config-dir", calibrated)
    called = call("model", "tune", "demo", *given)
    assert called.code == 0, called.err
    assert "Then: inspection calibrate demo --good DIR --group-by 'nut[0-9]'\n" in called.out
    kept = load_tuning(calibrated / "tunings" / "demo.json")
    assert kept is not None
    assert (kept.good.count, kept.good.parts, kept.group_by) == (12, 4, "nut[0-9]")
    told = said(call("model", "tune", "demo", *given, "--references", "3"))
    assert "needs 38 good parts and 1 were given, in 3 pictures" in told
    assert "(beside 3 references)" in told
    assert "4 good parts and no other beside them" in said(call("model", "tune", "demo", *given, "--references", "4"))


def said(called: Called) -> str:
    """A page of typer's is drawn in a frame."""
    return " ".join(called.err.replace("│", " ").split())
