"""A real station that watches a folder: damaged files, bursts, kill -9, a folder that goes away, a serial gate."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from inspection import history
from tests.adapters.cameras.damaged import cases
from tests.adapters.gates.line import Plugged
from tests.faults import watched_station
from tests.faults.forked import Forked, unforked
from tests.faults.watched_station import NAME, land, picture, write_site
from tests.waiting import DEADLINE_S, wait_for

pytestmark = pytest.mark.usefixtures("forks")

KILLS = 4
BURST = 160  # more than twice what any queue of the station holds


class WatchedLine:
    """The station as a process. Use as a context manager: it ends what runs."""

    def __init__(self, folder: Path, **site: str) -> None:
        self._site = write_site(folder / "site", **site)
        self.landing = self._site / "landing"
        self.data_dir = folder / "data"
        self.log = folder / "station.log"
        self.station: Forked | subprocess.Popen[bytes] | None = None

    def __enter__(self) -> WatchedLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self.station is not None:
            self.station.kill()
            self.station.wait()

    def start(self, *port: str, forked: bool = True) -> None:
        words = [str(self._site), str(self.data_dir), *port]
        self.station = (Forked if forked else unforked)(watched_station.main, words, self.log)

    def kill(self) -> None:
        assert self.station is not None
        self.station.kill()
        assert self.station.wait() == -signal.SIGKILL, self.log.read_text()[-2000:]

    def stop(self) -> None:
        assert self.station is not None
        self.station.send_signal(signal.SIGTERM)
        assert self.station.wait(DEADLINE_S) == 0, self.log.read_text()[-2000:]
        assert "Traceback" not in self.log.read_text(), self.log.read_text()

    def wait_for(self, happened: Callable[[], bool], what: str) -> None:
        wait_for(happened, what, told=lambda: self.log.read_text()[-2000:])

    def wait_for_state(self, state: str) -> None:
        self.wait_for(lambda: (now := history.status(self.data_dir, NAME)) is not None and now.state == state, state)

    def alarms(self) -> dict[str, str]:
        status = history.status(self.data_dir, NAME)
        return {alarm.key: alarm.text for alarm in status.alarms} if status else {}

    def parts(self) -> pd.DataFrame:
        parts = history.parts(self.data_dir, NAME).astype(object)
        return parts.where(parts.notna(), None)

    def wait_for_judged(self, count: int) -> None:
        self.wait_for(lambda: len(list(self.landing.glob("judged/*/*"))) >= count, f"{count} files to be judged")

    def rows_by_file(self) -> dict[str, tuple[str, str | None, str | None]]:
        """Each file's name with verdict, cause and detail of its row: the judged file carries the part's number."""
        rows = {f"{row.epoch}-{row.number}": row for row in self.parts().itertuples()}
        complete = history.completeness(self.data_dir, NAME)
        assert (complete.missing, complete.repeated, complete.open) == ([], [], 0)
        told: dict[str, tuple[str, str | None, str | None]] = {}
        for path in self.landing.glob("judged/*/*"):
            number, _, name = path.name.partition("~")
            assert name not in told, f"{name} was judged twice"
            row = rows.pop(number)
            assert row.source in (name, None)
            assert row.source == name or row.cause == "camera-fault" or row.cause == "interrupted", row
            told[name] = (str(row.verdict), row.cause, row.detail)  # type: ignore[assignment]  # cells may be anything
        assert not rows, f"rows without a file: {rows}"
        assert not list(self.landing.glob(".taken/*~*"))
        return told


@pytest.fixture
def line(tmp_path: Path) -> Iterator[WatchedLine]:
    with WatchedLine(tmp_path) as line:
        yield line


def test_damaged_files_are_unjudged_with_the_cause_and_never_pass(line, measured):
    shown = [case for case in cases() if case.want in ("read", "refused") and len(case.data) < 300_000][::7]
    assert len(shown) > 50
    line.start()
    line.wait_for_state("running")
    for case in shown:
        land(line.landing, case.name, case.data)
    line.wait_for_judged(len(shown))
    line.stop()
    told = line.rows_by_file()
    assert set(told) == {case.name for case in shown}
    for case in shown:
        verdict, cause, detail = told[case.name]
        if case.want == "read":
            assert verdict in ("PASS", "REJECT"), (case.name, detail)
        else:
            assert (verdict, cause) == ("UNJUDGED", "camera-fault")
            assert case.name in detail
    good, bad = (sum(each[0] == kind for each in told.values()) for kind in ("PASS", "UNJUDGED"))
    measured(f"{len(told)} files through a station: {good} PASS, {bad} UNJUDGED with the cause")


def test_after_kill_9_at_random_moments_every_file_is_on_record_once(line, measured):
    seed = random.randrange(10**6)
    measured(f"killed {KILLS} times, seed {seed}")
    chance = random.Random(seed)
    names: dict[str, str] = {}

    def drop() -> None:
        for _ in range(chance.randrange(3, 9)):
            number = len(names)
            kind = chance.choice(["good", "good", "scratched", "cut"])
            names[f"{number:04}-{kind}.png"] = kind
            data = picture(number, scratched=kind == "scratched")
            land(line.landing, f"{number:04}-{kind}.png", data[: len(data) // 2] if kind == "cut" else data)

    for kill in range(KILLS):
        line.start()
        if kill % 2:
            line.wait_for_state("running")
        until_s = time.monotonic() + chance.uniform(0.3, 2.5)
        while time.monotonic() < until_s:
            drop()
            with pytest.raises(subprocess.TimeoutExpired):
                line.station.wait(chance.uniform(0.02, 0.1))
        line.kill()
    line.start()
    line.wait_for_judged(len(names))
    line.stop()
    told = line.rows_by_file()
    assert set(told) == set(names)
    for name, kind in names.items():
        verdict, cause, _ = told[name]
        if cause == "interrupted":
            continue
        assert verdict == {"good": "PASS", "scratched": "REJECT", "cut": "UNJUDGED"}[kind], (name, told[name])
    causes = pd.Series([cause or verdict for verdict, cause, _ in told.values()]).value_counts().to_dict()
    measured(f"{len(names)} files, each on record once: {causes}")


def test_many_files_at_once_wait_their_turn(line, measured):
    for number in range(BURST):
        land(line.landing, f"{number:04}.png", picture(number))
    line.start()
    line.wait_for_judged(BURST)
    line.stop()
    told = line.rows_by_file()
    assert {verdict for verdict, _, _ in told.values()} == {"PASS"}, "nothing is late, and no queue is full"
    parts = line.parts()
    assert parts["source"].tolist() == sorted(parts["source"]), "as they came"
    took_s = (parts["verdict_utc"].max() - parts["trigger_utc"].min()).total_seconds()
    measured(f"{BURST} files at once: {BURST / took_s:.0f} parts/s")


def test_a_folder_that_goes_away_is_an_alarm_and_work_goes_on_when_it_is_back(line):
    line.start()
    line.wait_for_state("running")
    away = line.landing.with_name("away")
    line.landing.rename(away)
    line.wait_for(lambda: "part-sensor" in line.alarms(), "the alarm")
    assert re.search(r"no part is seen: the folder .*landing is gone", line.alarms()["part-sensor"])
    line.landing.mkdir()  # where it was mounted there is an empty place
    land(line.landing, "lost.png", picture(1))
    away.joinpath("kept.png").write_bytes(picture(2))
    line.landing.rename(line.landing.with_name("empty"))
    away.rename(line.landing)
    line.wait_for_judged(1)
    line.wait_for(lambda: "part-sensor" not in line.alarms(), "the alarm to go")
    line.stop()
    assert line.rows_by_file() == {"kept.png": ("PASS", None, None)}


def test_a_file_that_cannot_be_put_away_is_an_alarm_and_parts_are_seen_all_the_same(line):
    (line.landing / "judged").symlink_to("nowhere")
    line.start()
    for number in range(2):
        land(line.landing, f"{number}.png", picture(number))
    line.wait_for(lambda: "part-sensor" in line.alarms(), "the alarm")
    assert re.match(r".*0\.png: is judged and cannot be put away", line.alarms()["part-sensor"])
    line.wait_for(lambda: len(line.parts()) == 2, "the other part")
    (line.landing / "judged").unlink()
    line.wait_for_judged(2)
    line.wait_for(lambda: "part-sensor" not in line.alarms(), "the alarm to go")
    line.stop()
    assert line.rows_by_file() == {"0.png": ("PASS", None, None), "1.png": ("PASS", None, None)}


def test_odd_names_and_things_that_are_no_files(line):
    outside = line.landing.with_name("outside.png")
    outside.write_bytes(picture(1))
    (line.landing / "link.png").symlink_to(outside)
    (line.landing / "folder.png").mkdir()
    os.mkfifo(line.landing / "pipe.png")
    for name in (".hidden.png", "still.png.part", "still.tmp", "still.png~"):
        (line.landing / name).write_bytes(picture(2))
    odd = [b"line\nbreak.png", b"no\xfftext.png", b"quote'\".png", b"~~.png", "Teil-ä".encode() + b"x" * 230 + b".png"]
    for number, odd_name in enumerate(odd):
        (line.landing / os.fsdecode(odd_name)).write_bytes(picture(10 + number))
    line.start()
    line.wait_for_judged(len(odd))
    line.stop()
    parts = line.parts()
    assert parts["verdict"].tolist() == ["PASS"] * len(odd)
    assert {r"line\nbreak.png", r"no\udcfftext.png", "quote'\".png", "~~.png"} < set(parts["source"])
    left = {path.name for path in line.landing.iterdir()}
    assert left == {".taken", "judged", "link.png", "folder.png", "pipe.png", ".hidden.png", "still.png.part",
                    "still.tmp", "still.png~"}  # fmt: skip


def test_the_same_name_again_is_another_part(line):
    line.start()
    land(line.landing, "part.png", picture(1))
    line.wait_for_judged(1)
    land(line.landing, "part.png", picture(2, scratched=True))
    line.wait_for_judged(2)
    line.stop()
    parts = line.parts()
    assert parts[["source", "verdict"]].values.tolist() == [["part.png", "PASS"], ["part.png", "REJECT"]]


def test_it_ends_by_itself_with_an_interpreter_of_its_own_too(line):
    line.start(forked=False)
    land(line.landing, "part.png", picture(1))
    line.wait_for_judged(1)
    told = line.log.read_text()
    line.stop()
    assert line.rows_by_file() == {"part.png": ("PASS", None, None)}
    assert line.log.read_text() == told


def test_a_second_station_on_the_folder_is_refused(line, tmp_path):
    line.start()
    line.wait_for_state("running")
    command = [sys.executable, "-m", "tests.faults.watched_station", str(line._site), str(tmp_path / "other")]
    other = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert other.returncode != 0
    assert "another station watches the folder" in other.stderr
    line.stop()


SERIAL = {
    "camera": '{kind: watched, folder: ../landing, settle_ms: 5, part_number: "cam-{epoch}-{number}", timeout_ms: 500}',
    "trigger": "{kind: gate}",
    "gate": "{kind: serial, url: /dev/tty0, delay_ms: 1500, watchdog_ms: 2000, min_gap_ms: 5, without_power: divert}",
}


def _picture_of(landing: Path, epoch: int, number: int, kind: str) -> None:
    """What the camera makes of this part."""
    data = picture(number, scratched=kind == "scratched")
    if kind == "wrong-epoch":
        epoch += 1000
    if kind == "wrong-number":
        number -= 1
    if kind != "none":
        land(landing, f"cam-{epoch}-{number:04}.png", data[: len(data) // 2] if kind == "cut" else data)


def test_at_a_serial_gate_a_file_judges_the_part_whose_number_it_carries(tmp_path):
    plugged = Plugged(tmp_path / "gate")
    try:
        with WatchedLine(tmp_path, **SERIAL) as line:
            for epoch in range(1, 4):  # of an earlier life, with numbers that will come again
                for number in range(1, 9):
                    land(line.landing, f"cam-{epoch}-{number}.png", picture(number))
            line.start(str(tmp_path / "gate"))
            line.wait_for_state("running")
            assert len(list(line.landing.glob("unused/*/*"))) == 24
            wanted: list[str] = []
            for kind in ["good", "scratched", "cut", "none", "wrong-number", "good", "wrong-epoch", "good"]:
                wanted.append(kind)
                plugged.sense()
                line.wait_for(lambda: plugged.controller.count == len(wanted), "the sensor")
                _picture_of(line.landing, plugged.controller.epoch, len(wanted), kind)
                line.wait_for(lambda: len(line.parts()["verdict"].dropna()) == len(wanted), "the verdict")
            line.wait_for(lambda: len(plugged.controller.gone) == len(wanted), "the parts to be gone")
            line.wait_for(lambda: line.parts()["outcome"].notna().all(), "outcomes")
            line.stop()
            rows = line.parts()
    finally:
        plugged.unplug()
    verdicts = {"good": "PASS", "scratched": "REJECT"}
    assert rows["verdict"].tolist() == [verdicts.get(kind, "UNJUDGED") for kind in wanted]
    assert [cause for cause in rows["cause"] if cause] == ["camera-fault"] + ["camera-timeout"] * 3
    assert [gone.passed for gone in plugged.controller.gone] == [kind == "good" for kind in wanted]
    judged = [path.name for path in line.landing.glob("judged/*/*")]
    assert len(judged) == 4
    assert all(re.fullmatch(r"(\d+-\d+)~cam-\1\.png", re.sub(r"-0+(?=\d+\.png)", "-", name)) for name in judged)
