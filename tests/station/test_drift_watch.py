"""What the watch for drift makes of the parts that pass: when it tells, once; when it is over; and over a restart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection import history
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import RequestInbox, leave_request
from inspection.calibration.appearance import appearance
from inspection.calibration.drift import Compared, Kind, Sample, Spread
from inspection.domain.ports import JudgedPart, Request
from inspection.domain.types import Cause, Frame, PartId, Pixels, Reaction, Trigger, Verdict, VerdictKind
from inspection.scoring.region import Region
from inspection.station.condition import ConditionKeeper
from inspection.station.drift_watch import ALARM, DriftPlan, DriftWatch, Found
from inspection.station.examiner import Examined
from inspection.station.requests import RequestDesk
from tests.fakes.clock import ManualClock

WINDOW = 20
MINUTES = 10
NAMES = ("scratch",)
SPREAD = Spread(0, 1, 2)


class WatchedLine:
    """Parts that pass one every `spacing_s`, whose pictures have the brightness that they are told to have."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.clock = ManualClock()
        self.rng = np.random.default_rng(0)
        parts = [self._part(100) for _ in range(40)]
        self.then = Sample(
            np.array([[score] for _, score, _ in parts]),
            np.array([appearance(pixels) for pixels, _, _ in parts]),
            np.array([embedding for _, _, embedding in parts], np.float32),
        )
        self.number = 0
        self.looked: list[int] = []
        self.start()

    def start(self, calibration_id: str = "c1", reaction: Reaction = Reaction.ALARM) -> None:
        self.journal = SqliteJournal(LinePaths(self.data_dir, "demo").state_db, "process")
        self.condition = ConditionKeeper(self.journal, self.clock)
        plan = DriftPlan(
            calibration_id, NAMES, self.then, Region(), WINDOW, MINUTES * 60 * 10**9, error=0.001, reaction=reaction
        )
        self.watch = DriftWatch(plan, self.journal, self.condition, self.clock, lambda part: part.epoch == 9)
        self.inbox = RequestInbox(LinePaths(self.data_dir, "demo"))
        self.desk = RequestDesk(self.inbox, self.condition, self.clock, put_aside={ALARM: self.watch.put_aside})

    def restart(self, calibration_id: str = "c1") -> None:
        self.close()
        self.start(calibration_id)

    def close(self) -> None:
        self.inbox.close()
        self.journal.close()

    def passes(
        self,
        count: int,
        brightness: float = 100,
        *,
        spacing_s: float = MINUTES * 60 / WINDOW,
        verdict: Verdict | None = None,
        epoch: int = 1,
        pixels: Pixels | None = None,
    ) -> None:
        """The stores' thread comes round after each part."""
        for _ in range(count):
            self.number += 1
            drawn, score, embedding = self._part(brightness)
            frame = Frame(drawn if pixels is None else pixels, self.clock.utc())
            judged = replace(
                verdict or Verdict(VerdictKind.PASS, {"scratch": score}, "scratch", -1.0), embedding=embedding
            )
            trigger = Trigger(PartId(epoch, self.number), self.clock.monotonic_ns(), self.clock.utc())
            part = JudgedPart(trigger.part, judged, frame.utc, frame.utc, None, None, {})
            self.watch.examined([Examined(trigger, part, frame, None)])
            self.watch.step()
            self.watch.rounded()
            self.clock.advance(spacing_s)

    def compare(self) -> None:
        """The stores' thread goes round until the comparison is done."""
        for _ in range(2000):
            self.watch.step()
        self.watch.rounded()

    def window(self, brightness: float = 100) -> None:
        self.passes(WINDOW, brightness)
        self.compare()

    def finds(self, names: list[str]) -> None:
        """A comparison has ended so."""
        tests = tuple(Compared(Kind.SCORE, name, SPREAD, SPREAD, 1.0, 0.0, 0.01) for name in names)
        self.watch._found = Found(tests, self.clock.utc(), self.clock.utc())
        self.watch.rounded()

    def alarm(self) -> str | None:
        return next((each.alarm.text for each in self.condition.now.alarms if each.alarm.key == ALARM), None)

    def told(self) -> list[str]:
        return list(history.events(self.data_dir, "demo", kind="drift")["text"])

    def acknowledge(self) -> None:
        """Asked for by a person, carried out by the line."""
        leave_request(LinePaths(self.data_dir, "demo"), Request("acknowledge", ALARM, "Kim"), self.clock.utc())
        self.clock.advance(1)
        self.desk()

    def _part(self, brightness: float) -> tuple[Pixels, float, np.ndarray]:
        pixels = np.clip(self.rng.normal(brightness, 20, (16, 16, 3)), 0, 255).astype(np.uint8)
        embedding = self.rng.normal(size=8) + 3
        return pixels, float(self.rng.normal()), (embedding / np.linalg.norm(embedding)).astype(np.float32)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[WatchedLine]:
    line = WatchedLine(tmp_path)
    yield line
    line.close()


def test_where_nothing_moves_nothing_is_told(line: WatchedLine) -> None:
    for _ in range(3):
        line.window()
    assert (line.alarm(), line.told()) == (None, [])
    assert line.watch.status()["compared_utc"] is not None


def test_what_has_moved_is_a_warning_that_names_it_and_lets_parts_pass(line: WatchedLine) -> None:
    line.window()
    line.window(70)
    assert "brightness 100 → 70 of 255" in str(line.alarm())
    assert "(parts of 2026-01-05 06:10 to 2026-01-05 06:19 UTC)" in str(line.alarm())
    (raised,) = line.condition.now.alarms
    assert (raised.alarm.reaction, raised.alarm.latched) == (Reaction.ALARM, False), "no challenge run fails for it"
    assert line.condition.bar is None
    (event,) = history.events(line.data_dir, "demo", kind="drift").itertuples()
    assert event.text == line.alarm()


def test_it_is_told_once_and_is_over_when_a_window_agrees(line: WatchedLine) -> None:
    for _ in range(3):
        line.window(70)
    assert len(line.told()) == 1
    line.window()
    assert line.alarm() is None
    assert line.told()[1].startswith("passed parts are like the calibration's again (parts of ")
    line.window(70)
    assert line.alarm() is not None


def test_what_a_person_acknowledged_is_not_told_again_until_a_window_has_agreed(line: WatchedLine) -> None:
    line.window(70)
    line.acknowledge()
    assert line.alarm() is None
    assert line.told()[1] == "Kim has seen what has moved; it is not told again before parts are alike"
    line.window(70)
    assert line.alarm() is None
    line.restart()
    line.window(70)
    assert line.alarm() is None
    line.window()
    line.window(70)
    assert line.alarm() is not None


def test_it_stands_over_a_restart_until_a_window_agrees(line: WatchedLine) -> None:
    line.window(70)
    told = line.alarm()
    line.restart()
    assert line.alarm() == told
    line.window(70)
    assert (line.alarm(), len(line.told())) == (told, 1)
    line.window()
    assert line.alarm() is None


def test_a_new_calibration_takes_it_away(line: WatchedLine) -> None:
    line.window(70)
    line.restart("c2")
    assert line.alarm() is None
    line.window(70)
    assert line.alarm() is not None


def test_a_line_may_divert_for_it_and_goes_on_by_itself(line: WatchedLine) -> None:
    line.close()
    line.start(reaction=Reaction.DIVERT)
    line.window(70)
    assert line.condition.bar is Cause.HELD
    held = Verdict(VerdictKind.UNJUDGED, {"scratch": 0.0}, "scratch", -1.0, cause=Cause.HELD)
    line.passes(WINDOW, 100, verdict=held)
    line.compare()
    assert line.condition.bar is None


def test_a_window_is_taken_evenly_over_its_time_however_fast_parts_come(line: WatchedLine) -> None:
    line.passes(MINUTES * 60 - 40, 100, spacing_s=1)
    assert line.watch.status()["parts"] == WINDOW - 1
    line.passes(60, 100, spacing_s=1)
    line.compare()
    assert line.watch.status()["compared_utc"] is not None
    assert line.watch.status()["parts"] in (0, 1), "windows do not overlap"


def test_a_slow_line_waits_for_as_many_parts(line: WatchedLine) -> None:
    line.passes(WINDOW - 1, 70, spacing_s=3600)
    line.compare()
    assert (line.alarm(), line.watch.status()["parts"]) == (None, WINDOW - 1)
    line.passes(1, 70)
    line.compare()
    assert line.alarm() is not None


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(VerdictKind.REJECT, {"scratch": 3.0}, "scratch", 1.0),
        Verdict(VerdictKind.REVIEW, {"scratch": 1.0}, "scratch", -0.1),
        Verdict(VerdictKind.UNJUDGED, {}, cause=Cause.FRAME_DARK),
        Verdict(VerdictKind.PASS, {"scratch": float("nan")}, "scratch", -1.0),
        Verdict(VerdictKind.PASS, {"stain": 0.0}, "stain", -1.0),
    ],
    ids=["reject", "review", "unjudged", "not finite", "of another recipe"],
)
def test_only_parts_that_pass_are_looked_at(line: WatchedLine, verdict: Verdict) -> None:
    line.passes(WINDOW, 70, verdict=verdict)
    assert line.watch.status()["parts"] == 0


def test_golden_parts_and_copies_are_not_of_the_window(line: WatchedLine) -> None:
    line.passes(WINDOW, 70, epoch=9)
    assert line.watch.status()["parts"] == 0
    line.passes(WINDOW, pixels=np.full((4, 4, 3), 70, np.uint8))
    assert line.watch.status()["parts"] == 1


LIFE = st.lists(st.one_of(st.sets(st.sampled_from("abc")), st.sampled_from(["acknowledge", "restart"])), max_size=12)


@settings(max_examples=20)
@given(life=LIFE)
def test_whatever_happens_something_new_that_moves_is_told_and_nothing_stands_after_a_window_that_agrees(
    life: list[set[str] | str],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        line = WatchedLine(Path(folder))
        known, stands = set[str](), False
        for step in life:
            if step == "restart":
                line.restart()
            elif step == "acknowledge":
                line.acknowledge()
                stands = False
            elif isinstance(step, set):
                line.finds(sorted(step))
                stands = bool(step) and (stands or not step <= known)
                known = known | step if step else set()
            assert (line.alarm() is not None) == stands
        line.close()


def test_when_the_stores_thread_hangs_no_frames_are_heaped_up(line: WatchedLine) -> None:
    step, line.watch.step = line.watch.step, lambda: None  # type: ignore[method-assign]
    line.passes(WINDOW)
    line.watch.step = step  # type: ignore[method-assign]
    line.watch.step()
    assert line.watch.status()["parts"] == 4
