"""The benches in short: they run, hold their invariants, and print what they measured. Never how fast."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.tracking import PART_MM, TRAVEL_COUNTS, Simulation
from inspection import resources
from inspection.adapters.clip.architectures import save_random
from inspection.adapters.clip.checkpoint import find
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.facts import facts_of
from inspection.adapters.clip.runtimes import REFERENCE, runtimes
from inspection.wire.controller import Controller
from inspection.wire.riding import Reach
from tests.adapters.clip.tiny import save_naflex, save_siglip2
from tests.cli.conftest import call


def test_the_station_bench_runs_its_line_and_prints_its_figures():
    short = ["--parts", "150", "--parts-per-s", "60", "--durability", "power", "--json"]
    process = subprocess.run(
        [sys.executable, "-m", "inspection", "bench", "station", *short],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    print(process.stdout)
    result = json.loads(process.stdout.splitlines()[-1])
    assert (result["parts"], result["durability"]) == (150, "power")
    assert set(result) == {
        "durability", "parts", "late", "parts_per_s", "chain_ms", "rss_mb_start", "rss_mb_end", "fsync_ms",
    }  # fmt: skip
    assert set(result["chain_ms"]) == set(result["fsync_ms"]) == {"p50", "p99"}


def test_the_gate_bench_has_every_command_acknowledged_and_every_part_passed():
    process = subprocess.run(
        [sys.executable, "-m", "inspection", "bench", "gate", "--parts", "40", "--parts-per-s", "10", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    print(process.stdout)
    result = json.loads(process.stdout.splitlines()[-1])
    assert (result["parts"], result["passed"]) == (40, 40)
    assert set(result["ack_ms"]) == set(result["bare_ms"]) == {"p50", "p99"}


def test_the_encoder_bench_measures_a_model_on_every_runtime_beside_others(tmp_path: Path):
    """A small SigLIP 2, in this process: what it imports is here already."""
    called = call("bench", "encoder", "--model", save_siglip2(tmp_path / "small"), "--seconds", "1", "--json")
    assert called.code == 0, called.err
    result = json.loads(called.out.splitlines()[-1])
    assert (result["model"], result["prompts"], result["unusable"]) == ("small", 16, {})
    assert set(result["runtime_ms"]) >= {"torch float32 cpu", "openvino bfloat16 cpu", "onnxruntime int8 cpu"}
    assert result["station_ms"] == min(result["runtime_ms"].values()) == result["runtime_ms"][result["runtime"]]
    peers = [result["openvino_bf16_ms"], result["onnxruntime_int8_ms"]]
    assert result["of_the_faster_peer"] == pytest.approx(result["station_ms"] / min(peers), rel=0.05)
    pipelines = [result["zero_shot_pipeline_ms"], result["zero_shot_pipeline_full_ms"]]
    assert list(result["times_as_fast"].values()) == pytest.approx(
        [each / result["station_ms"] for each in pipelines], rel=0.05
    )
    assert result["matmul_share_batch8"] >= 0
    assert result["ratio_1000_descriptions"] > 0
    assert result["rounds"] >= 1


def test_the_encoder_bench_says_what_a_model_does_not_run_on(tmp_path: Path):
    """NaFlex: pictures of many shapes."""
    called = call("bench", "encoder", "--model", save_naflex(tmp_path / "many"), "--seconds", "1", "--json")
    assert called.code == 0, called.err
    result = json.loads(called.out.splitlines()[-1])
    assert set(result["runtime_ms"]) >= {"torch float32 cpu", "torch bfloat16 cpu"}
    assert "many shapes" in result["unusable"]["openvino bfloat16 cpu"]
    assert result["openvino_bf16_ms"] is result["of_the_faster_peer"] is result["matmul_share_batch8"] is None


def test_an_architecture_is_saved_as_a_checkpoint_that_both_can_run(tmp_path: Path) -> None:
    """The smallest of the published ones; 605 MB, as the hub's copy is."""
    save_random("clip-vit-base-patch32", tmp_path)
    checkpoint = find(str(tmp_path))
    facts = facts_of(checkpoint)
    assert (facts.type, facts.width, facts.picture, facts.tokens) == ("clip", 512, "224 x 224", 77)
    assert sum(path.stat().st_size for path in checkpoint.weight_files()) == pytest.approx(605e6, rel=0.001)
    assert ClipEncoder.load(str(tmp_path)).embed_texts(["a nut"]).shape == (1, 512)


def test_an_architecture_that_is_not_known_is_answered_with_those_that_are() -> None:
    called = call("bench", "encoder", "--architecture", "clip-vit-b32")
    assert called.code == 2
    assert "clip-vit-base-patch32" in called.err
    assert call("bench", "encoder", "--architecture", "clip-vit-base-patch32", "--model", "bundled").code == 2


def test_the_tracking_bench_hits_and_misses_no_part():
    result = Simulation(1500, seed=2).run()
    assert (result.parts, result.wrong_part_hit, result.missed) == (1500, 0, 0)
    assert min(result.passed, result.diverted, result.too_close, result.late, result.stops, result.reversals) > 10
    assert result.closed_on > 0
    assert result.passed + result.diverted + result.closed_on == result.parts


@pytest.mark.parametrize("counts", [-100, 100])
def test_the_tracking_bench_sees_a_controller_that_acts_too_early_or_too_late(monkeypatch, counts):
    monkeypatch.setattr("benchmarks.tracking.TRAVEL_COUNTS", TRAVEL_COUNTS + counts)
    result = Simulation(50, seed=2).run()
    assert result.wrong_part_hit + result.missed > 25


@pytest.mark.parametrize("stall_us", [0, 5_000_000, 50_000])
def test_the_tracking_bench_sees_a_gate_that_waits_too_long_or_not_long_enough(monkeypatch, stall_us):
    monkeypatch.setattr("benchmarks.tracking.Controller", partial(Stalling, stall_us))
    assert Simulation(1500, seed=2).run().wrong_part_hit > 0


class Stalling(Controller):
    def __init__(self, own_us: int, boot: int, now_us: int, *, opens: Reach, stall_us: int) -> None:
        super().__init__(boot, now_us, opens=opens, stall_us=own_us)


def test_the_tracking_bench_sees_a_gate_that_closes_on_a_part(monkeypatch):
    monkeypatch.setattr("benchmarks.tracking.OPEN_MM", PART_MM - 2)
    result = Simulation(50, seed=2).run()
    assert result.wrong_part_hit > 10


def test_the_fuzz_bench_holds_the_firmware_against_the_reference() -> None:
    words = [sys.executable, "-m", "inspection", "bench", "fuzz", "--sequences", "3000", "--seed", "3", "--json"]
    process = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if process.returncode == 2 and "no C compiler" in process.stderr:
        pytest.skip(process.stderr)
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert set(result) == {"sequences", "disagreements", "crashes", "sanitizers", "seed", "seconds"}
    assert (result["sequences"], result["disagreements"], result["crashes"]) == (3000, 0, 0)


def test_without_a_c_compiler_the_fuzz_bench_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    called = call("bench", "fuzz", "--sequences", "10")
    assert called.code == 2
    assert "there is no 'no-such-compiler' here; install one" in called.err


def test_an_installed_station_has_no_firmware_and_the_fuzz_bench_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.firmware.FIRMWARE", tmp_path / "firmware")
    called = call("bench", "fuzz", "--sequences", "10")
    assert called.code == 2
    assert "run this in a checkout" in called.err


def test_the_relay_bench_fires_for_each_part_or_says_why_not():
    process = subprocess.run(
        [sys.executable, "-m", "inspection", "bench", "relay", "--parts", "12", "--parts-per-s", "6", "--json"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert set(result) == {"parts", "fired", "diverted", "late_ms"}
    assert result["fired"] + sum(result["diverted"].values()) >= 12
    assert "" not in result["diverted"]


def test_the_faults_bench_prints_its_matrix_and_ends_with_one_object() -> None:
    words = [sys.executable, "-m", "inspection", "bench", "faults", "--only", "frame: ", "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    *rows, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {row["fault"] for row in rows} >= {"dark", "overexposed", "another size"}
    assert last["faults"] == last["survived"] == len(rows)
    assert (last["lost"], last["passed_unjudged"]) == (0, 0)
    assert call("bench", "faults", "--only", "no such words").code == 1


def test_the_soak_bench_lives_one_life_again() -> None:
    words = [sys.executable, "-m", "inspection", "bench", "soak", "--parts", "1", "--life", "2", "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    came = json.loads(ended.stdout)
    assert (came["lives"], came["passed_unjudged"], came["lost"], came["broken"]) == (1, 0, 0, [])


def test_the_crash_bench_kills_and_cuts_and_the_law_holds() -> None:
    few = ["--kills", "1", "--cuts", "4", "--seed", "3", "--json"]
    words = [sys.executable, "-m", "inspection", "bench", "crash", *few]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    if ended.returncode == 2 and "no C compiler" in ended.stderr:
        pytest.skip(ended.stderr)
    assert ended.returncode == 0, ended.stderr
    came = json.loads(ended.stdout)
    assert (sum(came["kills"].values()), came["cuts"], came["broken"]) == (1, {"power": 2, "process": 2}, [])


def test_the_commits_bench_measures_both_durabilities() -> None:
    words = [sys.executable, "-m", "inspection", "bench", "commits", "--parts", "100", "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    results = json.loads(ended.stdout)
    assert [(each["durability"], each["commits"]) for each in results] == [("process", 300), ("power", 300)]
    assert all(set(each["commit_ms"]) == set(each["fsync_ms"]) == {"p50", "p99"} for each in results)


def test_the_ladder_bench_tells_ours_beside_the_plain_baselines(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("caps", "nuts"):
        defective = np.arange(90) % 2
        embedding = rng.normal(size=(90, 8)) + 4 * np.eye(8)[0] + 2 * defective[:, None] * np.eye(8)[1]
        np.savez(tmp_path / f"{name}.npz", embedding=embedding.astype(np.float16), defective=defective)
    arguments = ["bench", "ladder", "--data", str(tmp_path), "--draws", "2", "--json"]
    result = json.loads(call(*arguments).out)
    assert [(row["good"], row["bad"]) for row in result["rungs"] if row["own"]] == [
        (20, 0),
        (10, 10),
        (20, 20),
        (40, 40),
    ]
    labelled = [row for row in result["rungs"] if row["bad"] == 40]
    assert [row["method"] for row in labelled] == ["head", "nearest good", "Ledoit-Wolf", "logistic", "shrunk LDA"]
    assert all(set(row["auroc_by_class"]) == {"caps", "nuts"} for row in labelled)
    assert labelled[0]["auroc"] > labelled[1]["auroc"]
    assert json.loads(call(*arguments).out) == result


def test_the_ladder_bench_says_what_its_folder_lacks(tmp_path):
    result = call("bench", "ladder", "--data", str(tmp_path))
    assert result.code == 2
    assert "there is no .npz file in it" in result.err
    np.savez(tmp_path / "caps.npz", embedding=np.ones((9, 4)), defective=np.arange(9) % 2)
    result = call("bench", "ladder", "--data", str(tmp_path))
    assert result.code == 2
    assert "more than 40 good and bad parts each" in result.err


def test_sentences_that_were_read_once_come_from_the_file_as_they_were_read() -> None:
    called = call("bench", "phrases", "--descriptions", "60", "--json")
    assert called.code == 0
    told = json.loads(called.out)
    assert (told["model"], told["sentences"]) == ("bundled", 242)
    assert set(told["first"]) == set(told["next"]) == {"wall_s", "cpu_s"}
    assert 0.1 < told["kept_mb"] < 0.2


def test_the_tiles_bench_tells_rules_side_by_side_the_one_without_tiles_as_evaluate_does(tmp_path):
    samples = resources.samples_dir() / "hex_nut" / "line"
    for label in ("good", "dent"):
        (tmp_path / label).mkdir()
        for path in sorted((samples / label).glob("*.jpg"))[:10]:
            (tmp_path / label / path.name).symlink_to(path)
    pictures = ["--recipe", "hex-nut", "--good", str(tmp_path / "good"), "--bad", str(tmp_path / "dent"), "--json"]
    result = json.loads(call("bench", "tiles", *pictures).out)
    assert len(result["auroc"]) == 6
    assert all(0 <= area <= 1 for area in result["auroc"].values())
    assert result["own"] in result["auroc"]
    assert result["auroc"]["whole alone"] == json.loads(call("evaluate", *pictures).out)["overall"]["auroc"]


def test_the_bench_of_empty_frames_tells_what_passes_that_is_not_the_part(tmp_path):
    samples = resources.samples_dir()
    for name, folder in (
        ("good", "hex_nut/calibration/good"),
        ("bad", "hex_nut/line/stain"),
        ("other", "board/line/good"),
    ):
        (tmp_path / name).mkdir()
        for path in sorted((samples / folder).iterdir())[: 20 if name == "good" else 4]:
            shutil.copy(path, tmp_path / name)
    asked = [
        "--recipe",
        "hex-nut",
        *(each for name in ("good", "bad", "other") for each in (f"--{name}", tmp_path / name)),
    ]
    figures = json.loads(call("bench", "empty", *asked, "--false-reject", "0.2", "--draws", "2", "--json").out)
    of_nuts = figures["recipes"]["hex-nut"]
    assert set(of_nuts) == {"good", "defective", "empty", "another part"}
    assert (of_nuts["empty"]["sentences"], of_nuts["empty"]["line"]) == (1, 0)
    assert of_nuts["another part"]["line"] == 0
    assert of_nuts["good"]["distance"] < 5 < of_nuts["empty"]["distance"]
    refused = call("bench", "empty", *asked, "--false-reject", "0.05")
    assert (refused.code, "20 good parts are too few: add 19" in refused.err) == (2, True)
    assert "belong together" in call("bench", "empty", "--recipe", "hex-nut").err
    alone = call("bench", "empty", "--bad", str(tmp_path))
    assert alone.code == 2
    assert "--bad and --other stand beside --recipe" in alone.err


def test_the_references_bench_tells_what_each_way_lets_escape_under_one_promise(tmp_path, monkeypatch):
    samples = resources.samples_dir() / "hex_nut" / "calibration"
    for label, count in (("good", 18), ("dent", 4)):
        (tmp_path / label).mkdir()
        for path in sorted((samples / label).glob("*.jpg"))[:count]:
            (tmp_path / label / path.name).symlink_to(path)
    pictures = ["--recipe", "hex-nut", "--good", str(tmp_path / "good"), "--bad", str(tmp_path / "dent")]
    asked = [*pictures, "--references", "4", "--false-reject", "0.2", "--draws", "3", "--seconds", "0.1"]
    result = json.loads(call("bench", "references", *asked, "--json").out)
    assert set(result["cost"]) == {str(runtime) for runtime in runtimes()}
    assert set(result["ways"]) == {"sentences", "references", "both", "nearest"}
    assert all(0 <= share <= 1 for way in result["ways"].values() for share in way.values())
    monkeypatch.setattr("benchmarks.references_cost.runtimes", lambda: (REFERENCE,))  # what they cost was told
    taught = json.loads(call("bench", "references", *asked, "--labels", "2", "--json").out)
    assert set(taught["ways"]) == {"sentences", "references", "both", "labels", "all", "nearest"}
    assert {way: each["false_reject"] for way, each in taught["ways"].items() if way in result["ways"]} == {
        way: each["false_reject"] for way, each in result["ways"].items()
    }
    none_left = call("bench", "references", *asked, "--labels", "4")
    assert none_left.code == 2
    assert "4 labels of 4 bad parts leave none to test" in none_left.err
    refused = call("bench", "references", *pictures, "--references", "12")
    assert refused.code == 2
    assert "18 good parts are too few: add 32" in refused.err
