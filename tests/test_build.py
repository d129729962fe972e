"""What a line is refused for before it starts, and what monitor mode lets through all the same."""

import hashlib
import json
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection import history
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.merger_process import MergerProcess
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import verify_line
from inspection.build import RunOptions, build_station
from inspection.calibrated import calibration_path
from inspection.calibration.appearance import STATISTICS
from inspection.calibration.drift_kept import DriftKept
from inspection.calibration.record import kept_path
from inspection.config import load_site
from inspection.domain.errors import CalibrationError, ConfigError, InspectionError
from inspection.domain.ports import Encoder
from tests.adapters.store.log_files import DAY, rows, write_short
from tests.fakes.encoder import AXES, AxisEncoder, CellEncoder
from tests.faults.stub_station import write_site
from tests.waiting import wait_for

DRY = "gate: {kind: dry}\ntrigger: {kind: timer, parts_per_s: 50}"


class SlowEncoder(AxisEncoder):
    """It takes its time, on the clock that it is given."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def embed_images(self, images):
        self._clock.elapsed_ns += 20_000_000 * len(images)
        return super().embed_images(images)


class WithoutMap(AxisEncoder):
    """Of a picture the mean, as `CellEncoder`, and no map."""

    def embed_images(self, images):
        return CellEncoder().embed_images(images)


class Watch:
    """`ports.Clock`; moved by who works."""

    elapsed_ns = 1_000_000_000

    def monotonic_ns(self):
        return self.elapsed_ns

    def utc(self):
        from datetime import UTC, datetime

        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A dry line whose parts are good and scratched in turn, and half as long on their way: each run waits for that
    once until the first of them is closed, and once at its end."""
    monkeypatch.setattr("inspection.devices._DRY_TRAVEL_NS", 500_000_000)
    folder = write_site(tmp_path / "site")
    line = folder / "lines" / "stub.yaml"
    kept = [text for text in line.read_text().splitlines() if not text.startswith(("gate:", "trigger:"))]
    line.write_text("\n".join([*kept, DRY]))
    return folder


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@contextmanager
def running(site: Path, data_dir: Path, options: RunOptions | None = None, encoder: Encoder | None = None):
    stop = threading.Event()
    with build_station(load_site(site), "stub", data_dir, options, encoder=encoder or AxisEncoder()) as station:
        thread = threading.Thread(target=station.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def run_until(site: Path, data_dir: Path, parts: int, options: RunOptions, encoder: Encoder | None = None):
    """The log of a line that ran until so many parts were closed."""
    with running(site, data_dir, options, encoder):
        wait_for(lambda: history.parts(data_dir, "stub")["outcome"].notna().sum() >= parts, f"{parts} parts")
        status = history.status(data_dir, "stub")
    rows = history.parts(data_dir, "stub")
    return rows[rows["cause"] != "stopping"], status


def test_a_rate_that_the_model_cannot_keep_up_with_is_refused_with_both_figures(site, tmp_path):
    watch = Watch()
    data_dir, slow, refusal = tmp_path / "data", SlowEncoder(watch), pytest.raises(InspectionError)
    with refusal as refused, build_station(load_site(site), "stub", data_dir, encoder=slow, clock=watch):
        pytest.fail("the station was built")
    assert "rated for 100 parts/s" in str(refused.value)
    assert "does 50 parts/s" in str(refused.value)
    assert "tiles" not in str(refused.value)


def test_the_rate_is_that_of_all_its_tiles(site, tmp_path):
    with (site / "recipes" / "stub.yaml").open("a") as recipe:
        recipe.write("\ntiles: {grids: [2]}\n")
    watch, refusal = Watch(), pytest.raises(InspectionError)
    of_line, monitor = (load_site(site), "stub", tmp_path / "data"), RunOptions(monitor=True)
    with refusal as refused, build_station(*of_line, monitor, encoder=SlowEncoder(watch), clock=watch):
        pytest.fail("the station was built")
    assert "does 10 parts/s" in str(refused.value)
    assert "a smaller model, fewer tiles, or a faster machine" in str(refused.value)


def test_the_rate_of_a_line_with_a_template_is_measured_on_that(site, tmp_path):
    """In noise its part is not found, and nothing would be scored."""
    template = np.random.default_rng(7).integers(1, 256, (8, 8, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    Image.fromarray(template).save(site / "recipes" / "part.png")
    with (site / "recipes" / "stub.yaml").open("a") as recipe:
        recipe.write("\nregion_of_interest: {left: 0.25, top: 0.25, width: 0.5, height: 0.5}\nalign: {to: part.png}\n")
    watch, refusal = Watch(), pytest.raises(InspectionError)
    of_line, monitor = (load_site(site), "stub", tmp_path / "data"), RunOptions(monitor=True)
    with refusal as refused, build_station(*of_line, monitor, encoder=SlowEncoder(watch), clock=watch):
        pytest.fail("the station was built")
    assert "does 50 parts/s on this machine (frames of 64 x 64 pixels" in str(refused.value)


@pytest.mark.parametrize(
    ("region", "frame", "told"),
    [
        ("{polygon: [[0.1, 0.1], [0.9, 0.9], [0.9, 0.901]]}", "width_px: 100, height_px: 80",
         "line stub cannot score a frame of 100 x 80 pixels: region_of_interest is too small to see a part"),
        ("{ring: {centre: [0.25, 0.5], inner: 0.1, outer: 0.4}}", "width_px: 100",
         "line stub cannot score a frame of 100 x 1024 pixels: the ring of region_of_interest reaches beyond a"),
    ],
)  # fmt: skip
def test_a_line_on_which_nothing_can_be_scored_is_refused(site, tmp_path, region, frame, told):
    with (site / "recipes" / "stub.yaml").open("a") as recipe:
        recipe.write(f"\nregion_of_interest: {region}\n")
    edit(site / "lines" / "stub.yaml", "frame: {", f"frame: {{{frame}, ")
    of_line, monitor = (load_site(site), "stub", tmp_path / "data"), RunOptions(monitor=True)
    with pytest.raises(InspectionError) as refused, build_station(*of_line, monitor, encoder=AxisEncoder()):
        pytest.fail("the station was built")
    assert str(refused.value).startswith(told)
    is_assumed = "height_px" not in frame
    assert ("write frame.width_px and frame.height_px into the line's file" in str(refused.value)) == is_assumed


def test_a_stale_calibration_is_refused_but_in_monitor_mode_and_both_say_what_changed(site, tmp_path):
    edit(site / "recipes" / "stub.yaml", "phrasings: [scratch]", "phrasings: [scratch, a scratch]")
    refusal = pytest.raises(CalibrationError, match="recipe: was stub")
    with refusal as refused, build_station(load_site(site), "stub", tmp_path / "data", encoder=AxisEncoder()):
        pytest.fail("the station was built")
    rows, status = run_until(site, tmp_path / "data", 10, RunOptions(monitor=True))
    assert set(rows["verdict"]) == {"UNJUDGED"}
    assert set(rows["cause"]) == {"monitor"}
    assert set(rows["shadow"]) == {"PASS", "REJECT"}
    assert set(rows["outcome"]) == {"UNCONTROLLED"}
    assert status is not None
    assert status.monitor
    (alarm,) = status.alarms
    assert str(refused.value) in alarm.text


def test_a_line_that_does_not_look_for_the_part_says_so_when_it_starts(site, tmp_path, caplog):
    with caplog.at_level("WARNING"), build_station(load_site(site), "stub", tmp_path / "data", encoder=AxisEncoder()):
        pass
    told = [record.getMessage() for record in caplog.records if "empty frame" in record.getMessage()]
    assert told == [
        "an empty frame, or another part on it, is not told from a good part: to look for that, calibrate anew with"
        " 'inspection calibrate stub --good DIR'"
    ]


def test_sentences_are_read_at_the_first_start_and_those_that_would_be_misread_are_told_at_each(site, tmp_path, caplog):
    edit(site / "recipes" / "stub.yaml", "phrasings: [scratch]", "phrasings: [scratch, two scratches]")
    paths = LinePaths(tmp_path / "data", "stub")
    for read in (1, 0):
        encoder, options = AxisEncoder(), RunOptions(monitor=True)
        with build_station(load_site(site), "stub", tmp_path / "data", options, encoder=encoder):
            assert paths.phrases("stub").is_file()
        assert encoder.text_calls == read
        (told,) = [record.getMessage() for record in caplog.records if "sentences" in record.getMessage()]
        assert told.startswith("recipe stub: 1 warning of its sentences ('inspection check' tells all): ")
        assert 'descriptions[scratch].phrasings[2]: "two scratches": "two" is not understood' in told
        caplog.clear()


@pytest.mark.parametrize("missing", ["calibration", "description"])
def test_in_monitor_mode_scores_are_recorded_without_thresholds(site, tmp_path, missing):
    if missing == "calibration":
        calibration_path(load_site(site), "stub").unlink()
    else:
        edit(site / "recipes" / "stub.yaml", "name: scratch", "name: long scratch")
    edit(site / "lines" / "stub.yaml", "passed_share: 1", "passed_share: 0")
    rows, status = run_until(site, tmp_path / "data", 5, RunOptions(monitor=True))
    assert set(rows["cause"]) == {"monitor"}
    assert rows["shadow"].isna().all()
    assert rows["image_path"].isna().all(), "pictures of all parts would fill the disk"
    assert rows["calibration_id"].isna().all()
    assert all(len(scores) == 1 for scores in rows["scores"])
    assert [alarm.key for alarm in status.alarms] == ["calibration"]


def test_pictures_of_parts_that_would_have_passed_are_kept_no_more_than_in_earnest(site, tmp_path):
    edit(site / "lines" / "stub.yaml", "passed_share: 1", "passed_share: 0")
    rows, _ = run_until(site, tmp_path / "data", 20, RunOptions(monitor=True))
    assert rows.loc[rows["shadow"] == "REJECT", "image_path"].notna().all()
    assert rows.loc[rows["shadow"] == "PASS", "image_path"].isna().all()


def test_a_disk_that_is_nearly_full_takes_pictures_first_and_an_event_says_so(site, tmp_path):
    line = site / "lines" / "stub.yaml"
    line.write_text(f"{line.read_text()}\nsupervision: {{disk_low_mb: 9000000}}\n")  # more than there is
    rows, status = run_until(site, tmp_path / "data", 120, RunOptions())
    events = history.events(tmp_path / "data", "stub")
    named = [json.loads(data) for data in events.loc[events["kind"] == "evidence-removed", "data"]]
    assert {told["rule"] for told in named} == {"disk"}
    removed = {(each["part"], each["sha256"]) for told in named for each in told["images"]}
    assert removed & {(f"{row.epoch}-{row.number}", row.image_sha256) for row in rows.itertuples()}
    assert "disk-full" not in [alarm.key for alarm in status.alarms]


@pytest.mark.parametrize("keep", ["all", "share", "none"])
def test_embeddings_are_kept_of_the_parts_that_the_rule_names_and_can_be_read(site, tmp_path, keep):
    share = ", passed_share: 0" if keep == "share" else ""
    edit(site / "lines" / "stub.yaml", "passed_share: 1", f"embeddings: {{keep: {keep}{share}}}")
    run_until(site, tmp_path / "data", 40, RunOptions())
    rows = history.parts(tmp_path / "data", "stub").set_index(["epoch", "number"])
    kept, vectors = history.embeddings(tmp_path / "data", "stub")
    parts = rows.loc[list(kept[["epoch", "number"]].itertuples(index=False, name=None))]
    scored = rows[rows["scores"].str.len() > 0]
    verdicts = {"all": {"PASS", "REJECT"}, "share": {"REJECT"}, "none": set()}[keep]
    assert set(parts["verdict"]) - {"UNJUDGED"} == verdicts
    assert set(scored.index[scored["verdict"].isin(verdicts)]) <= set(parts.index)
    assert kept["trigger_utc"].tolist() == parts["trigger_utc"].tolist()
    assert kept["model_id"].tolist() == parts["model_id"].tolist()
    for verdict, vector in zip(parts["verdict"], vectors, strict=True):
        scratch = AXES.index("scratch")
        assert np.linalg.norm(vector) == pytest.approx(1, abs=0.0005)
        assert verdict == "UNJUDGED" or (vector[scratch] > 0.1) == (verdict == "REJECT")
    found = verify_line(LinePaths(tmp_path / "data", "stub"))
    assert (found.faults, found.embeddings > 0) == ([], keep != "none")


def test_on_a_disk_that_is_nearly_full_no_embedding_is_kept_it_is_told_and_parts_are_judged_on(site, tmp_path):
    line = site / "lines" / "stub.yaml"
    edit(line, "passed_share: 1", "embeddings: {keep: all}")
    line.write_text(f"{line.read_text()}\nsupervision: {{disk_low_mb: 9000000}}\n")  # more than there is
    rows, _ = run_until(site, tmp_path / "data", 40, RunOptions())
    assert {"PASS", "REJECT"} <= set(rows["verdict"])
    kept, _ = history.embeddings(tmp_path / "data", "stub")
    assert kept.empty
    told = history.events(tmp_path / "data", "stub", kind="embeddings-dropped")["data"].map(json.loads)
    reasons = [each["why"] for data in told for each in data["dropped"]]
    assert set(reasons) == {"less than 1.26e+04 GB are free on the disk"}


def test_what_is_in_the_review_band_is_reviewed_kept_and_recorded_with_the_band(site, tmp_path):
    edit(site / "lines" / "stub.yaml", "passed_share: 1", "passed_share: 0")
    line = site / "lines" / "stub.yaml"
    plain = line.read_text()
    rows, status = run_until(site, tmp_path / "data", 20, RunOptions())
    assert status.alarms == ()
    over = rows.loc[rows["verdict"] == "REJECT", "margin"].max()
    assert rows["review_below"].isna().all()

    line.write_text(f"{plain}\nreview: {{below: 0.25, above: {over + 1}}}\n")
    rows, status = run_until(site, tmp_path / "data2", 20, RunOptions())
    assert set(rows["verdict"]) == {"PASS", "REVIEW"}
    assert rows.loc[rows["verdict"] == "REVIEW", "image_path"].notna().all()
    assert rows.loc[rows["verdict"] == "PASS", "image_path"].isna().all()
    assert set(rows["review_below"]) == {0.25}
    assert set(rows["review_above"]) == {over + 1}
    assert (status.review_below, status.review_above) == (0.25, over + 1)
    (alarm,) = status.alarms  # the calibration is of before there was a band; parts pass all the same
    assert (alarm.key, status.state) == ("calibration", "running")
    assert alarm.text.startswith("the review band reaches 0.25 σ down and the promise counts 0 σ")
    rows, _ = run_until(site, tmp_path / "data3", 20, RunOptions(monitor=True))
    assert set(rows["shadow"]) == {"PASS", "REVIEW"}


@pytest.mark.parametrize("tiles", ["", "tiles: {grids: [2]}"], ids=["whole", "tiles"])
@pytest.mark.parametrize("has_map", [True, False], ids=["map", "no map"])
def test_a_part_whose_image_is_kept_says_where_its_defect_is(site, tmp_path, tiles, has_map):
    edit(site / "lines" / "stub.yaml", "passed_share: 1", "passed_share: 0")
    edit(site / "lines" / "stub.yaml", "frozen_after: 0", "frozen_after: 0, width_px: 16, height_px: 16")
    with (site / "recipes" / "stub.yaml").open("a") as recipe:
        recipe.write(f"\n{tiles}\n")
    for path in (site / "pictures").rglob("*.png"):
        pixels = np.full((16, 16, 3), (200, 20, 20), np.uint8)
        if path.parent.name == "scratch":
            pixels[8:, :8] = 20, 255, 20
        Image.fromarray(pixels).save(path)
    encoder = CellEncoder() if has_map else WithoutMap()
    rows, _ = run_until(site, tmp_path / "data", 10, RunOptions(monitor=True), encoder)
    rejects = rows[(rows["shadow"] == "REJECT") & rows["image_path"].notna()]
    assert len(rejects)
    for _, row in rejects.iterrows():
        region, heat_map = history.region(row), history.heat_map(row)
        assert (region is not None) == (heat_map is not None) == bool(tiles or has_map)
        if region is not None:  # the lower left quarter, or the window that shows it
            assert region == pytest.approx((0, 0.5, 0.5, 0.5), abs=0.1)
    assert rows.loc[rows["image_path"].isna(), "heat_map"].isna().all()


def test_the_band_of_another_run_is_told_when_it_changes(site, tmp_path):
    line = site / "lines" / "stub.yaml"
    plain = line.read_text()
    for review in ("", "\nreview: {}\n", "\nreview: {}\n", ""):
        line.write_text(plain + review)
        with build_station(load_site(site), "stub", tmp_path / "data", encoder=AxisEncoder()):
            pass
    told = history.events(tmp_path / "data", "stub")
    band = "0.5 σ below and 0 σ above, no lane of its own"
    assert told.loc[told["kind"] == "review-band", "text"].tolist() == [
        f"review band changed from none to {band}",
        f"review band changed from {band} to none",
    ]


def test_a_band_that_reaches_down_to_where_good_parts_are_is_refused(site, tmp_path):
    line = site / "lines" / "stub.yaml"
    line.write_text(f"{line.read_text()}\nreview: {{below: 9}}\n")
    with (
        pytest.raises(
            ConfigError, match=r'review.below 9 would .* threshold of "scratch" is \d+\.\d standard deviations'
        ),
        build_station(load_site(site), "stub", tmp_path / "data", encoder=AxisEncoder()),
    ):
        pytest.fail("the station was built")


def test_a_line_merges_its_log_beside_it_and_ends_that_with_it(site, tmp_path):
    paths = LinePaths(tmp_path / "data", "stub")
    edit(site / "lines" / "stub.yaml", "merge: false", "merge: true")
    for first in (0, 10):
        write_short(paths, rows(1, 20)[first : first + 10])
    day, merging = paths.log_date_dir(DAY.date()), FileLock(paths.merging_lock)
    with running(site, paths.data_dir):
        wait_for(lambda: len(list(day.iterdir())) == 1, "the files of a day of long ago to be merged")
        assert not merging.take(), "it waits for more"
        wait_for(lambda: history.status(paths.data_dir, "stub").state == "running", "the line")
        assert alarms(paths.data_dir) == {}
    assert merging.take(), "it has ended"
    merging.close()
    events = history.events(paths.data_dir, "stub")
    assert (events["kind"] == "compacted").sum() == 1


def test_a_line_whose_log_cannot_be_merged_runs_and_says_so(site, tmp_path, monkeypatch):
    edit(site / "lines" / "stub.yaml", "merge: false", "merge: true")
    broken = [sys.executable, "-c", "print('this disk is full'); raise SystemExit(1)"]
    monkeypatch.setattr("inspection.build.line.MergerProcess", lambda paths: MergerProcess(paths, broken))
    data_dir = tmp_path / "data"
    with running(site, data_dir):
        wait_for(lambda: "log-compaction" in alarms(data_dir), "the alarm")
        assert "this disk is full" in alarms(data_dir)["log-compaction"]
        before = len(history.parts(data_dir, "stub"))
        wait_for(lambda: len(history.parts(data_dir, "stub")) > before + 5, "more parts")
        assert history.status(data_dir, "stub").state == "running"
    complete = history.completeness(data_dir, "stub")
    assert (complete.missing, complete.repeated, complete.open) == ([], [], 0)


def alarms(data_dir: Path) -> dict[str, str]:
    status = history.status(data_dir, "stub")
    return {alarm.key: alarm.text for alarm in status.alarms} if status else {}


def test_a_calibration_that_keeps_its_good_parts_has_passed_parts_held_against_them_and_another_says_why_not(
    site, tmp_path
):
    _, status = run_until(site, tmp_path / "data", 10, RunOptions())
    assert status.drift.unwatched.startswith(
        "the calibration keeps nothing of its good parts to compare with; to watch drift, calibrate anew"
    )

    path = calibration_path(load_site(site), "stub")
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(40, len(AXES))).astype(np.float32)
    pictures = rng.normal(size=(40, len(STATISTICS)))
    kept = DriftKept(("scratch",), np.full((40, 1), -1e6), pictures, embeddings, ()).to_bytes()
    sha256 = hashlib.sha256(kept).hexdigest()
    kept_path(path, sha256, "drift").write_bytes(kept)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "drift_reference": sha256}))
    _, status = run_until(site, tmp_path / "data-2", 10, RunOptions())
    assert (status.drift.unwatched, status.drift.window_parts, status.drift.moved) == (None, 300, ())
    assert status.drift.parts >= 1

    edit(site / "lines" / "stub.yaml", "evidence:", "drift: {watch: false}\nevidence:")
    _, status = run_until(site, tmp_path / "data-3", 10, RunOptions())
    assert status.drift.unwatched == "the line's drift.watch is false"
