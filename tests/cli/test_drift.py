"""`inspection drift`: parts of a log against the calibration's; and what a calibration keeps for it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from inspection import history
from inspection.adapters.cameras.images import read_image
from inspection.adapters.store.embedding_files import EmbeddingFiles
from inspection.adapters.store.embedding_retention import EmbeddingRetention, EmbeddingRule
from inspection.adapters.store.embedding_schema import View
from inspection.adapters.store.embeddings import EmbeddingStore
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.calibrated import require_drift_kept, require_drift_window
from inspection.calibration.drift_kept import DriftKept, load_drift_kept
from inspection.calibration.record import kept_path, load_calibration
from inspection.config import load_site
from inspection.domain.errors import CalibrationError
from inspection.gauge import load_encoder, model_id_of, region_of, scorer_of, view_id, view_in
from inspection.scoring.whole_picture import WholePicture
from tests.cli.conftest import SAMPLES, Called, call
from tests.cli.judged_line import JudgedLine, Shown, run_line
from tests.fakes.clock import ManualClock

COUNT = 30


@pytest.fixture(scope="module")
def ran(calibration: tuple[Called, Path], tmp_path_factory: pytest.TempPathFactory) -> JudgedLine:
    """Good parts; then as many in 15 % less light. Every one is drawn, and its embedding kept."""
    folder = tmp_path_factory.mktemp("drifted")
    config_dir = shutil.copytree(calibration[1], folder / "site")
    line = config_dir / "lines" / "demo.yaml"
    line.write_text(f"{line.read_text()}\nevidence: {{passed_share: 1, embeddings: {{keep: all}}}}\n")
    pictures = sorted((SAMPLES / "line" / "good").iterdir())[:COUNT]
    dark = folder / "dark"
    dark.mkdir()
    for path in pictures:
        darker = np.rint(read_image(path) * 0.85).astype(np.uint8)
        Image.fromarray(darker).save(dark / path.name, "JPEG", quality=92)
    shown = [Shown(path) for path in (*pictures, *sorted(dark.iterdir()))]
    line_ran = run_line(config_dir, folder / "data", shown)
    keep_embeddings(line_ran, [each.path for each in shown])
    return line_ran


def keep_embeddings(line: JudgedLine, files: Sequence[Path]) -> None:
    site = load_site(line.config_dir)
    recipe = site.recipe(site.line("demo").recipe)
    encoder, region = load_encoder(recipe), region_of(recipe)
    details = view_in(load_calibration(line.config_dir / "calibrations" / "demo.json").fingerprint)
    paths, clock = LinePaths(line.data_dir, "demo"), ManualClock()
    journal = SqliteJournal(paths.state_db, "process")
    kept = EmbeddingFiles(paths, journal, clock, View(view_id(details), model_id_of(encoder), details))
    rule = EmbeddingRule(keep_days=30, max_bytes=10**9, disk_free_bytes=0)
    store = EmbeddingStore(kept, EmbeddingRetention(kept, clock, rule, lambda: 10**12), journal, clock)
    embeddings = encoder.embed_images([region.crop(read_image(path)) for path in files])
    for part, utc, embedding in zip(line.parts, line.utcs, embeddings, strict=True):
        store.offer(part, utc, embedding)
    store.drain(everything=True)
    journal.close()


def drift(line: JudgedLine, since: datetime, until: datetime, *options: str | Path) -> Called:
    time = ["--since", since.isoformat(), "--until", until.isoformat()]
    return call("drift", "demo", *time, "--config-dir", line.config_dir, "--data-dir", line.data_dir, *options)


def test_parts_as_they_were_have_not_moved(ran: JudgedLine) -> None:
    called = drift(ran, ran.utcs[0], ran.utcs[COUNT])
    assert called.code == 0, called.out
    assert "Nothing has moved that can be told from these parts, with an error of 0.01." in called.out
    passed = history.parts(ran.data_dir, "demo", until=ran.utcs[COUNT])["verdict"].eq("PASS").sum()
    assert called.out.startswith(f"{passed} passed parts of line demo,")


def test_less_light_is_told_with_both_figures_and_pictures_of_then_and_now(ran: JudgedLine, tmp_path: Path) -> None:
    page = tmp_path / "drift.html"
    called = drift(ran, ran.utcs[COUNT], ran.utcs[-1], "--html", page, "--json")
    assert called.code == 1
    told = json.loads(called.out)
    moved = {test["name"]: test for test in told["tests"] if test["has_moved"]}
    assert moved["brightness"]["now"]["median"] == pytest.approx(moved["brightness"]["then"]["median"] * 0.85, abs=3)
    assert told["has_moved"]
    assert told["embeddings"] == told["parts"] <= COUNT
    assert {test["kind"] for test in told["tests"]} == {"score", "picture", "embedding"}
    html = page.read_text(encoding="utf-8")
    then, now = html.split("<h2>Now</h2>")
    assert then.count("data:image/jpeg;base64,") == 10
    assert now.count("data:image/jpeg;base64,") == -(-told["parts"] // -(-told["parts"] // 12))
    assert moved["brightness"]["text"] in html


def test_a_calibration_from_before_or_a_file_that_is_not_its_own_is_told_and_nothing_else_changes(
    ran: JudgedLine, tmp_path: Path
) -> None:
    site = shutil.copytree(ran.config_dir, tmp_path / "site")
    path = site / "calibrations" / "demo.json"
    command = ("drift", "demo", "--config-dir", site, "--data-dir", ran.data_dir)
    calibration = load_calibration(path)
    kept = kept_path(path, calibration.drift_reference or "", "drift")
    kept.write_bytes(b"x")
    called = call(*command)
    assert called.code == 2
    assert "its hash is another; to watch drift, calibrate anew with 'inspection calibrate demo" in called.err
    kept.unlink()
    assert "cannot be read (No such file or directory)" in call(*command).err
    content = json.loads(path.read_text())
    del content["drift_reference"]
    path.write_text(json.dumps(content))
    assert "keeps nothing of its good parts to compare with" in call(*command).err
    assert load_calibration(path).thresholds == calibration.thresholds


def test_parts_up_to_one_whose_picture_is_gone_are_left_out(ran: JudgedLine, tmp_path: Path) -> None:
    """A smaller share may have been kept then, and of the others those that nearly did not pass."""
    data_dir = shutil.copytree(ran.data_dir, tmp_path / "data")
    parts = history.parts(data_dir, "demo", until=ran.utcs[COUNT])
    passed = parts[parts["verdict"] == "PASS"]
    (data_dir / passed["image_path"].iloc[4]).unlink()
    since, until = ran.utcs[0].isoformat(), ran.utcs[COUNT].isoformat()
    command = ("drift", "demo", "--since", since, "--until", until, "--config-dir", ran.config_dir)
    told = json.loads(call(*command, "--data-dir", data_dir, "--json").out)
    assert (told["parts"], told["until_the_last_without_picture"]) == (len(passed) - 5, 5)
    assert "Left out: 5 until the last one without its picture." in call(*command, "--data-dir", data_dir).out


def test_without_a_part_of_the_calibration_it_says_what_there_is(ran: JudgedLine) -> None:
    called = call("drift", "demo", "--config-dir", ran.config_dir, "--data-dir", ran.data_dir)
    assert called.code == 2, "they all passed before the calibration was made"
    assert "none is of the 100.00% drawn by number and has its picture (0 without one, 0 under" in called.err


def test_what_is_kept_is_of_the_good_parts_and_nothing_that_could_run(calibrated: Path) -> None:
    path = calibrated / "calibrations" / "demo.json"
    calibration = load_calibration(path)
    kept = load_drift_kept(path, calibration)
    assert len(kept.scores) == len(kept.pictures) == len(kept.embeddings) == calibration.good.count
    assert set(kept.descriptions) == set(calibration.thresholds)
    assert np.linalg.norm(kept.embeddings, axis=1) == pytest.approx(1, abs=0.001)
    assert all(each.startswith(b"\xff\xd8") for each in kept.thumbnails)
    file = kept_path(path, calibration.drift_reference or "", "drift")
    content = file.read_bytes()
    assert file.name == f"demo-{hashlib.sha256(content).hexdigest()[:12]}.drift.npz"
    assert kept.to_bytes() == content
    for at in range(0, len(content), len(content) // 20):
        file.write_bytes(content[:at] + b"\x00" + content[at + 1 :] + b"!")
        with pytest.raises(CalibrationError, match="its hash is another"):
            load_drift_kept(path, calibration)


def test_how_far_each_part_is_as_a_whole_is_kept_in_the_order_of_its_scores(calibrated: Path) -> None:
    path = calibrated / "calibrations" / "demo.json"
    calibration = load_calibration(path)
    kept = load_drift_kept(path, calibration)
    recipe = load_site(calibrated).recipe(calibration.recipe)
    scorer = scorer_of(recipe, load_encoder(recipe))
    pictures = sorted((SAMPLES / "calibration" / "good").iterdir())[: calibration.good.count]
    look = scorer.look([read_image(picture) for picture in pictures])
    assert scorer.names == kept.descriptions
    np.testing.assert_allclose(kept.scores, look.scores, atol=1e-4, rtol=0)
    assert calibration.whole is not None
    distances = WholePicture(calibration.whole.sides).score(look.wholes)
    assert distances.std() > 0.5, "in deviations of good parts"
    np.testing.assert_allclose(kept.distances, distances, atol=1e-4, rtol=0)


def test_kept_parts_whose_numbers_do_not_fit_together_are_told(calibrated: Path) -> None:
    path = calibrated / "calibrations" / "demo.json"
    calibration = load_calibration(path)
    kept = load_drift_kept(path, calibration)
    longer = {name: np.concatenate([array, array[:1]]) for name, array in arrays_of(kept).items()}
    wider = {name: np.column_stack([array, array[:, :1]]) for name, array in arrays_of(kept).items() if array.ndim > 1}
    del wider["embeddings"]  # of another width they are another model's, which the fingerprint tells
    flat = {"embeddings": kept.embeddings[:, 0]}
    for name, array in (*longer.items(), *wider.items(), *flat.items()):
        content = replace(kept, **{name: array}).to_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        kept_path(path, sha256, "drift").write_bytes(content)
        with pytest.raises(CalibrationError, match=r"drift\.npz: not what .* \(its numbers do not fit together\)"):
            load_drift_kept(path, replace(calibration, drift_reference=sha256))


def arrays_of(kept: DriftKept) -> dict[str, npt.NDArray[Any]]:
    return {name: getattr(kept, name) for name in ("scores", "pictures", "embeddings", "distances")}


def test_a_calibration_that_is_taken_back_finds_what_it_kept(calibrated: Path) -> None:
    """Calibrated anew, and the record of before put in its place."""
    path = calibrated / "calibrations" / "demo.json"
    before, content = load_calibration(path), path.read_text()
    options = ("--good", calibrated.parent / "more", "--by", "Kim", "--config-dir", calibrated)
    shutil.copytree(SAMPLES / "calibration" / "good", calibrated.parent / "more")
    for picture in sorted((calibrated.parent / "more").iterdir())[45:]:
        picture.unlink()
    assert call("calibrate", "demo", *options).code == 0
    after = load_calibration(path)
    assert len(load_drift_kept(path, after).scores) == 45
    path.write_text(content)
    assert len(load_drift_kept(path, before).scores) == 40


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("region_of_interest: {left: 0.2, top: 0.2, width: 0.5, height: 0.5}\n", "region of interest: was "),
        ("tiles: {grids: [2]}\n", "tiles: was not there, is "),
    ],
)
def test_another_region_than_the_calibrations_is_no_drift(
    ran: JudgedLine, tmp_path: Path, change: str, message: str
) -> None:
    site = shutil.copytree(ran.config_dir, tmp_path / "site")
    recipe = next((site / "recipes").iterdir())
    kept = [line for line in recipe.read_text().splitlines(True) if not line.startswith(change.partition(":")[0])]
    recipe.write_text("".join(kept) + change)
    called = call("drift", "demo", "--config-dir", site, "--data-dir", ran.data_dir)
    assert (called.code, called.out) == (2, "")
    assert f"looked at another part of the picture ({message}" in called.err
    assert "calibrate anew with 'inspection calibrate demo --good DIR', or bring the recipe of then back" in called.err


def test_what_cannot_be_told_is_not_what_has_moved(ran: JudgedLine, tmp_path: Path) -> None:
    """A picture that is not as it was, a log that is none, and a page that cannot be written."""
    data_dir = shutil.copytree(ran.data_dir, tmp_path / "data")
    passed = history.parts(data_dir, "demo", until=ran.utcs[COUNT])
    (data_dir / passed[passed["verdict"] == "PASS"]["image_path"].iloc[-1]).write_bytes(b"x")
    since, until = ran.utcs[0].isoformat(), ran.utcs[COUNT].isoformat()
    command = ("drift", "demo", "--since", since, "--until", until, "--config-dir", ran.config_dir, "--data-dir")
    assert call(*command, data_dir).code == 2
    for path in data_dir.rglob("*.parquet"):
        path.write_bytes(b"x")
    assert call(*command, data_dir).code == 2
    (tmp_path / "folder.html").mkdir()
    assert call(*command, ran.data_dir, "--html", tmp_path / "folder.html").code == 2


@pytest.mark.parametrize(
    ("name", "message"), [("line.yaml", "give it the ending .html"), ("none/drift.html", "there is no folder")]
)
def test_a_page_is_not_written_over_anything_else(ran: JudgedLine, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "line.yaml").write_text("mine")
    called = drift(ran, ran.utcs[0], ran.utcs[COUNT], "--html", tmp_path / name)
    assert called.code == 2
    assert message in " ".join(called.err.split())
    assert (tmp_path / "line.yaml").read_text() == "mine"
    assert not (tmp_path / "none").exists()


def test_the_stations_window_is_the_stations_alone(calibrated: Path) -> None:
    """Three good parts are too few for any window, and may do for the command, which says how many it needs."""
    path = calibrated / "calibrations" / "demo.json"
    kept = load_drift_kept(path, load_calibration(path))
    assert kept.distances is not None
    rows = {name: array[:3] for name, array in arrays_of(kept).items()}
    few = replace(kept, **rows).to_bytes()
    sha256 = hashlib.sha256(few).hexdigest()
    kept_path(path, sha256, "drift").write_bytes(few)
    path.write_text(json.dumps({**json.loads(path.read_text()), "drift_reference": sha256}))
    line = calibrated / "lines" / "demo.yaml"
    line.write_text(line.read_text() + "drift: {window_parts: 20}\n")
    site = load_site(calibrated)
    _, then = require_drift_kept(site, site.line("demo"), load_calibration(path))
    assert 1 <= len(then.scores) <= 3
    with pytest.raises(CalibrationError, match="are too few to tell drift; to watch drift, calibrate anew"):
        require_drift_window(site, site.line("demo"), load_calibration(path))
