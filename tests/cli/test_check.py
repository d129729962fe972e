"""`inspection check` and what the entry point makes of errors: exit codes, plain messages, no trace."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.calibration.record import load_calibration
from tests.adapters.clip.tiny import save_clip, with_a_word_too_many
from tests.cli.conftest import call
from tests.config.site_files import LINE, LINE_FILE, RECIPE_FILE, changed


def test_a_good_site(site: Path) -> None:
    code, out, err = call("check", "--config-dir", str(site))
    assert (code, err) == (0, "")
    assert "demo  recipe nut" in out
    assert "800 ms from sensor to gate" in out
    missing = site / "calibrations" / "demo.json"
    assert f"      not calibrated: {missing}: there is no calibration yet\n1 of 1 line, 1 recipe: can be used\n" in out
    assert "\n1 line cannot judge before calibration: inspection calibrate LINE --good DIR\n" in out
    assert "'inspection doctor'" in out.splitlines()[-1]


def test_whether_a_line_is_calibrated_is_told_without_its_model(calibrated: Path) -> None:
    row = json.loads(call("check", "--config-dir", calibrated, "--json")[1])["lines"][0]
    assert (row["calibrated"], row["calibration"].endswith(", by Kim")) == (True, True)
    assert "calibrate" not in call("check", "--config-dir", calibrated).out.replace("calibrated", "")
    recipe = calibrated / RECIPE_FILE
    recipe.write_text(recipe.read_text().replace("flawless", "spotless"))
    code, out, _ = call("check", "--config-dir", calibrated)
    assert code == 0
    assert "not calibrated: made with another recipe (nut " in out
    assert "\n1 line cannot judge before calibration: " in out


def test_a_calibration_of_before_frames_were_looked_at_for_a_part_is_told(calibrated: Path, tmp_path: Path) -> None:
    path = calibrated / "calibrations" / "demo.json"
    path.write_text(replace(load_calibration(path), whole=None).to_json())
    told = "an empty frame, or another part on it, is not told from a good part: to look for that, calibrate anew with"
    called = call("check", "--config-dir", calibrated)
    assert called.code == 0
    assert f", by Kim; {told} 'inspection calibrate demo --good DIR'\n" in called.out
    doctor = call("doctor", "demo", "--config-dir", calibrated, "--data-dir", tmp_path / "data")
    assert told in " ".join(doctor.out.split())
    assert doctor.code == 0


def test_a_band_beyond_the_promise_is_told_where_it_was_written(calibrated: Path) -> None:
    told = "the review band reaches 0.5 σ down and the promise counts 0 σ"
    assert told not in call("check", "--config-dir", calibrated).out
    line = calibrated / "lines" / "demo.yaml"
    line.write_text(line.read_text(encoding="utf-8") + "review: {below: 0.5}\n", encoding="utf-8")
    called = call("check", "--config-dir", calibrated)
    assert called.code == 0
    assert f", by Kim; {told}: more good parts than that will not pass; calibrate again\n" in called.out


def test_a_good_site_as_json(site: Path) -> None:
    code, out, _ = call("check", "demo", "--config-dir", str(site), "--json")
    answer = json.loads(out)
    assert (code, answer["ok"]) == (0, True)
    assert answer["lines"][0] | {"recipe_id": "", "calibration": ""} == {
        "line": "demo",
        "station": "hall-1",
        "recipe": "nut",
        "recipe_id": "",
        "descriptions": ["scratch", "dent"],
        "camera": "folder",
        "trigger": "gate",
        "gate": "/dev/ttyUSB0",
        "travel_ms": 800.0,
        "durability": "power",
        "parts_per_s_max": 20.0,
        "calibrated": False,
        "calibration": "",
    }


def test_all_problems_are_told_at_once_on_stderr(site: Path) -> None:
    (site / LINE_FILE).write_text(changed(LINE, "watchdog_ms: 500", "watchdog_ms: 5"))
    (site / RECIPE_FILE).write_text("part: [")
    code, out, err = call("check", "--config-dir", ".")
    assert (code, out) == (2, "")
    assert [line.split(" ")[0] for line in err.splitlines()] == [
        "lines/demo.yaml:6:",  # no such sample parts with the program
        "lines/demo.yaml:15:",
        "recipes/nut.yaml:1:",
    ]


def test_problems_as_json(site: Path) -> None:
    (site / RECIPE_FILE).write_text("")
    code, out, err = call("check", "--config-dir", ".", "--json")
    assert (code, err) == (2, "")
    text = "is empty; start from the demo's file of the same kind in configs/"
    assert json.loads(out) == {
        "ok": False,
        "problems": [{"file": "recipes/nut.yaml", "line": 1, "key": None, "text": text}],
    }


def test_a_run_is_refused_before_anything_is_opened(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("signal.signal", lambda *_: None)  # those of the tests stay
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    monkeypatch.setattr("inspection.build.build_station", lambda *_, **__: opened.append("station"))
    (site / LINE_FILE).write_text(changed(LINE, "without_power: divert", "without_power: pass"))
    called = call("run", "demo", "--config-dir", ".", "--data-dir", site / "data")
    assert (called.code, called.out, opened) == (2, "", [])
    assert "lines/demo.yaml:16: gate.without_power: " in called.err
    assert not (site / "data").exists()


def test_a_start_that_fails_is_one_line_of_json_where_the_log_is_json(
    site: Path, calibrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # those of the tests stay
    (site / "samples" / "nut" / "line" / "0.jpg").touch()
    (calibrated / "calibrations" / "demo.json").unlink()
    started = ["--data-dir", site / "data", "--log-format"]
    for arguments, message in (
        (["dmo", "--config-dir", "."], 'there is no line "dmo"'),
        (["demo", "--config-dir", calibrated], "Line demo does not judge without one: calibrate with"),
    ):
        as_json = call("run", *arguments, *started, "json")
        assert (as_json.code, as_json.out) == (2, "")  # so that the unit does not try it again for ever
        (line,) = as_json.err.splitlines()
        told = json.loads(line)
        assert (told["level"], told["event"]) == ("error", "failed")
        assert message in told["text"]
        as_text = call("run", *arguments, *started, "text")
        assert (as_text.code, as_text.err) == (2, told["text"] + "\n")


@pytest.mark.parametrize(
    ("gate", "url", "message"),
    [
        ("serial", "gate", "--gate-url gate: there is no such port; give the one that 'inspection gate-sim' prints"),
        ("serial", "loop://x", "--gate-url loop://x: there is no such port"),
        ("dry", "/dev/ttyUSB1", "--gate-url /dev/ttyUSB1: line demo has a dry gate; leave it out"),
    ],
)
def test_a_gate_url_that_cannot_be_meant_is_refused(
    site: Path, calibrated: Path, monkeypatch: pytest.MonkeyPatch, gate: str, url: str, message: str
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # those of the tests stay
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    (site / "samples" / "nut" / "line" / "0.jpg").touch()
    folder = calibrated if gate == "dry" else site
    called = call("run", "demo", "--config-dir", folder, "--data-dir", site / "data", "--gate-url", url)
    assert (called.code, called.out) == (2, "")
    assert message in called.err
    assert not (site / "data").exists()


def test_a_file_that_cannot_be_used_is_named_without_a_trace(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "lines")

    monkeypatch.setattr("inspection.config.load_site", denied)
    assert call("check") == (1, "", "lines: Permission denied; correct the path, or its rights for this user\n")


def test_an_unknown_line(site: Path) -> None:
    code, out, err = call("check", "dmo", "--config-dir", ".")
    assert (code, out) == (2, "")
    assert err == 'there is no line "dmo" in .; did you mean "demo"? known: demo\n'


def test_the_directory_comes_from_the_environment(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTION_CONFIG_DIR", str(site))
    assert call("check")[0] == 0


def test_a_mistyped_variable_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTION_CONFG_DIR", str(site))
    code, _, err = call("check")
    assert code == 2
    assert err.startswith(
        'environment variable INSPECTION_CONFG_DIR is not known; did you mean "INSPECTION_CONFIG_DIR"'
    )


def test_a_wrong_option_is_a_usage_error(site: Path) -> None:
    code, out, err = call("check", "--confg-dir", ".")
    assert (code, out) == (2, "")
    assert "--config-dir" in err


def test_without_a_command_it_says_what_to_type_next(site: Path) -> None:
    code, out, _ = call()
    assert code == 0
    assert "inspection demo" in out
    assert "inspection --help" in out


def test_ctrl_c_leaves_no_trace(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("inspection.config.load_site", interrupted)
    code, _, err = call("check")
    assert code == 130
    assert "Traceback" not in err


def test_help_loads_nothing_heavy() -> None:
    """Help comes at once only while no command imports at its head what it needs when it runs."""
    program = (
        "import sys, inspection.cli.main\n"
        "heavy = {'torch', 'transformers', 'pandas', 'numpy', 'pyarrow', 'duckdb', 'streamlit', 'pydantic', 'serial'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == []


MODBUS = changed(LINE, "kind: serial\n", "kind: modbus\n  map: {station: 0, plc: 100}\n").replace("margin_ms: 20", "")


def test_a_line_at_a_plc(site: Path) -> None:
    (site / LINE_FILE).write_text(MODBUS.replace("samples:nut", "../samples/nut"))
    code, out, err = call("check", "--config-dir", str(site), "--json")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)["lines"]
    assert (row["gate"], row["travel_ms"]) == ("/dev/ttyUSB0", 800.0)


def test_a_line_whose_extra_is_missing_names_what_to_type(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / LINE_FILE).write_text(MODBUS.replace("samples:nut", "../samples/nut"))
    monkeypatch.setitem(sys.modules, "pymodbus", None)
    told = (
        "line demo: gate.kind modbus needs pymodbus, which is not installed; pip install 'inspection-station[modbus]'"
    )
    code, _, err = call("check", "--config-dir", str(site))
    assert (code, err.strip()) == (2, told)
    code, _, err = call("run", "demo", "--config-dir", str(site), "--data-dir", str(site / "data"))
    assert code == 2
    assert told in err


MISREAD = """\
part: hex nut
model: bundled
normal:
  - a hex nut without a scratch
  - a flawless hex nut
descriptions:
  - name: scratch
    severity: minor
    phrasings:
      - a scratched hex nut
      - two scratches on a hex nut
  - name: dent
    severity: major
    phrasings: [a hex nut with a scratch, a hex nut with a worm]
"""


def test_sentences_that_would_be_misread_are_warned_of_with_their_place(site: Path) -> None:
    (site / RECIPE_FILE).write_text(MISREAD)
    code, out, err = call("check", "--config-dir", ".")
    assert (code, err) == (0, "")
    warnings = [line.removeprefix("warning: recipes/nut.yaml:") for line in out.splitlines() if "warning: " in line]
    assert [line.split(": ")[:2] for line in warnings] == [
        ["4", "normal[1]"],
        ["10", "descriptions[scratch].phrasings[1]"],
        ["11", "descriptions[scratch].phrasings[2]"],
        ["11", "descriptions[scratch].phrasings[2]"],
        ["14", "descriptions[dent].phrasings[1]"],
        ["14", "descriptions[dent].phrasings[2]"],
    ]
    assert warnings[0].endswith('write what is to be seen, as "a flawless hex nut" or "an intact hex nut"')
    assert 'is read like "a hex nut with a scratch" of dent (cosine 0.9' in warnings[1]
    assert '"two" is not understood: a model does not count; write ' in warnings[2]
    assert '"worm" is torn into 3 pieces' in warnings[5]


def test_warnings_as_json_and_those_of_words_alone_where_the_model_is_not_asked(site: Path) -> None:
    (site / RECIPE_FILE).write_text(MISREAD)
    answer = json.loads(call("check", "--config-dir", ".", "--no-model", "--json").out)
    assert answer["ok"] is True
    assert answer["unread"] == {}
    assert [(each["file"], each["line"], each["key"]) for each in answer["warnings"]] == [
        ("recipes/nut.yaml", 4, "normal[1]"),
        ("recipes/nut.yaml", 11, "descriptions[scratch].phrasings[2]"),
    ]
    assert len(json.loads(call("check", "--config-dir", ".", "--json").out)["warnings"]) == 6


def test_a_model_that_is_not_at_hand_is_told_and_the_words_are_checked(site: Path) -> None:
    (site / RECIPE_FILE).write_text(MISREAD.replace("model: bundled", "model: nobody/has-it"))
    code, out, _ = call("check", "--config-dir", ".")
    assert code == 0
    assert "\nrecipe nut: its sentences were checked without its model: model nobody/has-it: " in out
    assert out.count("warning: ") == 2
    answer = json.loads(call("check", "--config-dir", ".", "--json").out)
    assert list(answer["unread"]) == ["nut"]


def test_a_model_that_cannot_read_a_sentence_is_told_and_the_words_are_checked(site: Path) -> None:
    with_a_word_too_many(save_clip(site / "mine"), "scratch")
    (site / RECIPE_FILE).write_text(MISREAD.replace("model: bundled", f"model: {site / 'mine'}"))
    code, out, _ = call("check", "--config-dir", ".")
    assert code == 0
    assert "its sentences were checked without its model: model mine: its tokenizer reads a word with id " in out
    assert out.count("warning: ") == 2


def test_the_shipped_recipes_have_no_warning() -> None:
    answer = json.loads(call("check", "--json").out)
    assert (answer["warnings"], answer["unread"]) == ([], {})
