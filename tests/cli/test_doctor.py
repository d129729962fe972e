"""`inspection doctor`: what is wrong with this machine, each with what to do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.status import FileStatusBoard
from inspection.cli import _findings
from inspection.cli._findings import Flush, keeps_up, lock_holder, port_holders
from inspection.history import LineStatus
from tests.cli.conftest import SAMPLES, call
from tests.config.site_files import LINE, LINE_FILE, RECIPE_FILE, changed
from tests.ui.site import Site


def findings(site: Path, data_dir: Path) -> dict[str, dict[str, object]]:
    called = call("doctor", "--config-dir", site, "--data-dir", data_dir, "--json")
    found = {finding["what"]: finding for finding in json.loads(called.out)}
    assert called.code == (0 if all(finding["well"] for finding in found.values()) else 1)
    return found


def test_all_is_well(calibrated: Path, tmp_path: Path) -> None:
    called = call("doctor", "demo", "--config-dir", calibrated, "--data-dir", tmp_path / "data")
    assert called.code == 0
    assert set(re.findall(r"^(\S+) +[\w ]+: ", called.out, re.MULTILINE)) <= {"ok", "note"}
    assert called.out.endswith("\nAll is well.\n")
    assert "demo: camera: 2 pictures in" in called.out
    for told in (
        "software: inspection ",
        "a flushed write takes",
        "clock: ",
        "Europe/Berlin",
        "calibration: ",
        "demo: drift: watched",
    ):
        assert told in called.out
    assert "demo: gate: dry: nothing is diverted" in called.out


def test_everything_that_is_wrong_is_told_with_what_to_do(calibrated: Path, tmp_path: Path) -> None:
    (calibrated / "calibrations" / "demo.json").unlink()
    serial = LINE.replace("samples:nut/line", "../samples/none").replace("/dev/ttyUSB0", "/dev/none-such")
    (calibrated / LINE_FILE).write_text(serial)
    (calibrated / "samples" / "none").mkdir()
    (tmp_path / "data").write_text("in the way")
    called = call("doctor", "--config-dir", calibrated, "--data-dir", tmp_path / "data")
    assert called.code == 1
    told = called.out.splitlines()
    wrong = re.findall(r"^WRONG  (data directory|demo: \w+):", called.out, re.MULTILINE)
    assert wrong == ["data directory", "demo: calibration", "demo: camera", "demo: gate"]
    assert told[-1] == f"4 things wrong: {', '.join(wrong)}"
    for advice in ("make it writable", "inspection calibrate demo --good DIR", "put pictures there", "plug the"):
        assert any(line.startswith(f"       -> {advice}") for line in told), advice


def test_a_stale_calibration_and_a_model_that_is_not_there(calibrated: Path, tmp_path: Path) -> None:
    recipe = calibrated / RECIPE_FILE
    text = recipe.read_text()
    recipe.write_text(text.replace("flawless", "spotless"))
    found = findings(calibrated, tmp_path)
    assert "is stale" in str(found["demo: calibration"]["found"])

    recipe.write_text(text.replace("model: bundled", "model: ./models"))
    (calibrated / "recipes" / "models").mkdir()
    found = findings(calibrated, tmp_path)
    assert "there is no config.json in that folder" in str(found["demo: model"]["found"])
    assert str(found["demo: model"]["advice"]).startswith("correct model in recipes/nut.yaml")
    assert "demo: calibration" not in found


def test_a_data_directory_inside_the_program_is_refused(site: Path) -> None:
    called = call("doctor", "--config-dir", site, "--data-dir", SAMPLES)
    assert (called.code, called.out) == (2, "")
    assert "is inside the program itself" in called.err


def test_a_picture_that_cannot_be_read(calibrated: Path, tmp_path: Path) -> None:
    first = min((calibrated / "samples" / "nut" / "line").iterdir())
    first.write_bytes(first.read_bytes()[:600])
    found = findings(calibrated, tmp_path)["demo: camera"]
    assert f"{first.name}: it is cut off" in str(found["found"])


def test_a_configuration_that_cannot_be_used(site: Path) -> None:
    (site / LINE_FILE).write_text("station: hall-1\nrecipe: nut\nparts: 20\n")
    called = call("doctor", "--config-dir", ".", "--data-dir", site / "data")
    assert called.code == 1
    assert "lines/demo.yaml:3: " in called.out


def test_an_unknown_line(site: Path) -> None:
    called = call("doctor", "dmo", "--config-dir", ".", "--data-dir", site / "data")
    assert (called.code, called.out) == (2, "")
    assert 'there is no line "dmo"' in called.err


def test_a_line_that_runs_is_told_with_its_process_and_its_lock_is_left_alone(calibrated: Path, tmp_path: Path) -> None:
    with LineLock(LinePaths(tmp_path, "demo")):
        told = findings(calibrated, tmp_path)
        assert str(told["demo: model and calibration"]["found"]).startswith("as the station that runs has them")
        assert "demo: model" not in told  # loading it would take the processor from the parts
        found = told["demo: station"]
        assert found["found"] == f"process {os.getpid()} runs this line"
        assert "systemctl stop inspection@demo" in str(found["advice"])
    assert lock_holder(LinePaths(tmp_path, "demo").state_dir) is None
    assert "demo: station" not in findings(calibrated, tmp_path)


@pytest.fixture
def port_of_another() -> Iterator[tuple[str, int]]:
    """A serial port that another process has open, and that process."""
    master, slave = os.openpty()
    name = os.ttyname(slave)
    holds = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "open\n"
        os.close(slave)
        yield name, process.pid
        process.stdin.close()
    os.close(master)


def test_a_port_that_another_process_has_is_named_with_it(
    calibrated: Path, tmp_path: Path, port_of_another: tuple[str, int]
) -> None:
    port, holder = port_of_another
    (calibrated / LINE_FILE).write_text(changed(LINE, "/dev/ttyUSB0", port).replace("samples:nut", "../samples/nut"))
    found = findings(calibrated, tmp_path)["demo: gate"]
    assert not found["well"]
    assert f"{port} is in use by process {holder} (" in str(found["found"])
    assert str(found["advice"]).endswith(f"kill {holder}")
    assert port_holders(tmp_path) == {}


def test_a_disk_that_does_not_keep_up_with_the_line_is_wrong() -> None:
    slow = keeps_up("demo: flushed writes", Flush(11.0, 42.0), 20, "lines/demo.yaml")
    assert not slow.well
    assert slow.found == "20 parts/s need 80 flushed writes a second: 88% of the time, at most 42.0 ms at once"
    assert "'durability: process' in lines/demo.yaml" in slow.advice
    assert keeps_up("x", Flush(2.0, 9.0), 20, "").well


def test_a_clock_that_was_never_set_is_wrong_and_one_that_nothing_keeps_right_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_findings, "_is_kept_right", lambda: True)
    assert _findings.clock().mark == "ok"
    monkeypatch.setattr(_findings, "_is_kept_right", lambda: False)
    assert _findings.clock().mark == "note"
    monkeypatch.setattr(_findings, "_CODE_YEAR", 3000)
    assert _findings.clock().mark == "WRONG"


def test_an_alarm_that_waits_for_a_person_is_told_with_what_to_type(calibrated: Path, tmp_path: Path) -> None:
    alarm = {"key": "wrong-pass", "text": "find part 3-17", "latched": True, "since_utc": "2026-01-01T00:00:00+00:00"}
    status = {
        **dict.fromkeys(LineStatus.__dataclass_fields__),
        "line": "demo",
        "since_utc": "2026-01-01T00:00:00+00:00",
        "updated_utc": "2026-01-01T00:00:00+00:00",
        "alarms": [alarm],
    }
    FileStatusBoard(LinePaths(tmp_path, "demo")).publish(status, None)
    found = findings(calibrated, tmp_path)["demo: alarm wrong-pass"]
    assert not found["well"]
    assert str(found["advice"]).endswith("inspection acknowledge demo wrong-pass --by NAME")


def test_the_text_fits_a_terminal_and_commands_are_whole(calibrated: Path, tmp_path: Path) -> None:
    (calibrated / LINE_FILE).write_text(LINE.replace("samples:nut", "../samples/nut"))
    out = call("doctor", "--config-dir", calibrated, "--data-dir", tmp_path / "data").out
    long = [line for line in out.splitlines() if len(line) > 80]
    assert all(str(tmp_path) in line for line in long)  # a path is not broken
    assert "       -> ls -l /dev/serial/by-id" in out.splitlines()


def test_a_watched_folder_is_there_and_may_be_empty(calibrated: Path, tmp_path: Path) -> None:
    folder = tmp_path / "landing"
    line = (calibrated / LINE_FILE).read_text()
    camera = line[line.index("camera:") : line.index("gate:")]
    watched = f"camera: {{kind: watched, folder: {folder}}}\n"
    dry = changed(changed(line, camera, watched), "{kind: timer, parts_per_s: 5}", "{kind: watched}")
    (calibrated / LINE_FILE).write_text(dry)
    folder.mkdir()
    found = findings(calibrated, tmp_path / "data")["demo: camera"]
    assert (found["well"], found["found"]) == (True, f"0 files waiting in {folder}")
    (folder / "1.jpg").touch()
    assert findings(calibrated, tmp_path / "data")["demo: camera"]["found"] == f"1 file waiting in {folder}"


def test_a_line_at_a_plc_without_its_extra(calibrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = changed(LINE, "kind: serial\n", "kind: modbus\n  map: {station: 0, plc: 100}\n").replace("margin_ms: 20", "")
    (calibrated / LINE_FILE).write_text(line.replace("samples:nut", "../samples/nut"))
    found = findings(calibrated, tmp_path)
    assert "demo: extras" not in found
    assert str(found["demo: gate"]["found"]) == "/dev/ttyUSB0 is not there"
    monkeypatch.setitem(sys.modules, "pymodbus", None)
    missing = findings(calibrated, tmp_path)["demo: extras"]
    assert not missing["well"]
    assert missing["advice"] == "pip install 'inspection-station[modbus]'"


def test_a_latched_alarm_is_told_with_what_stands_meanwhile(calibrated: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    alarms = [
        {"key": key, "text": "Look at it.", "latched": True, "since_utc": now, **said}
        for key, said in {
            "reject-rate": {"reaction": "alarm"},
            "wrong-pass": {"reaction": "divert"},
            "air-low": {"reaction": "stop"},
            "of-before": {},
        }.items()
    ]
    with Site(tmp_path / "data") as site:
        site.say("degraded", alarms=alarms)
    found = findings(calibrated, tmp_path / "data")
    assert {what: told["found"] for what, told in found.items() if what.startswith("demo: alarm ")} == {
        "demo: alarm reject-rate": "Look at it.",
        "demo: alarm wrong-pass": "nothing passes: Look at it.",
        "demo: alarm air-low": "nothing passes, and the line may not run: Look at it.",
        "demo: alarm of-before": "nothing passes: Look at it.",
    }


def test_a_line_with_less_room_than_it_wants_and_one_that_is_paused(calibrated: Path, tmp_path: Path) -> None:
    line = calibrated / "lines" / "demo.yaml"
    line.write_text(line.read_text() + "supervision: {disk_low_mb: 9000000, disk_min_mb: 8000000}\n")
    with Site(tmp_path / "data") as status:
        status.say("paused", paused="paused by Kim: a jam.")
        called = call("doctor", "demo", "--config-dir", calibrated, "--data-dir", tmp_path / "data", "--json")
    found = {each["what"]: each for each in json.loads(called.out)}
    assert called.code == 1
    assert not found["demo: room"]["well"]
    assert found["demo: room"]["found"].endswith(" less than supervision.disk_low_mb, 9,000,000; nothing passes")
    assert found["demo: pause"]["well"]
    assert found["demo: pause"]["found"] == "nothing passes: paused by Kim: a jam."
    assert found["demo: pause"]["advice"].endswith("inspection resume demo --by NAME")


def test_that_drift_is_not_watched_is_told_and_is_nothing_wrong(calibrated: Path, tmp_path: Path) -> None:
    next((calibrated / "calibrations").glob("demo-*.drift.npz")).unlink()
    found = findings(calibrated, tmp_path)["demo: drift"]
    assert found["well"]
    assert str(found["found"]).startswith("not watched: ")
    assert "to watch drift, calibrate anew with 'inspection calibrate demo --good DIR'" in str(found["found"])
