"""`inspection challenge`: against a station in a process of its own and a gate controller at a real pseudo-terminal."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspection import history
from inspection.adapters.gates.virtual import PtyController
from inspection.wire import messages as m
from inspection.wire.controller import Controller
from tests.cli.conftest import call
from tests.faults.stub_station import LINE, write_site
from tests.ui.site import Site
from tests.waiting import DEADLINE_S, wait_for

CHALLENGE = """\
challenge:
  required: true
  timeout_s: 600
  parts:
    - {name: good-1, expect: pass}
    - {name: bad-scratch, expect: reject, description: scratch}
"""
NO_HURRY = (
    LINE.replace("delay_ms: 300, watchdog_ms: 300", "delay_ms: 1000, watchdog_ms: 5000")
    .replace("order: shuffled, seed: 3", "order: sorted")
    .replace("evidence: {passed_share: 1}", "evidence: {passed_share: 0, near_margin: 0}")
)
NONE_DUE = {"required": True, "due": None, "waiting": None, "run": None, "refused": None}


class Line(threading.Thread):
    """The controller and a hand that lays a part on the belt: a good one, a scratched one, a good one, …"""

    def __init__(self, folder: Path) -> None:
        super().__init__(name="controller")
        self.data_dir = folder / "data"
        self.feeds_golden_parts = True
        self._controller = Controller(1, _now_us(), capabilities=m.Can.CONFIRM)
        self.pty = PtyController(self._controller, link=folder / "gate")
        self._hand: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._fed = 0

    def lay_one(self) -> None:
        self._hand.put(None)

    def run(self) -> None:
        while not self._ended.is_set():
            self.pty.exchange(_now_us, _now_us() + 5_000)
            if not self._hand.empty():
                self._hand.get()
                self._controller.sense(_now_us())
            elif self.feeds_golden_parts and self._next_golden_part():
                self._controller.sense(_now_us())

    def _next_golden_part(self) -> bool:
        """A run is on and every part that was laid on has gone: the next one."""
        status = self.status()
        run = status.challenge.run if status and status.challenge else None
        if run is None or run.result != "begun":
            self._fed = 0
            return False
        gone = sum(part.as_expected is not None for part in run.parts)
        if gone != self._fed or gone == len(run.parts):
            return False
        self._fed += 1
        return True

    def status(self) -> history.LineStatus | None:
        return history.status(self.data_dir, "stub")

    def says(self, result: str) -> bool:
        status = self.status()
        return bool(status and status.challenge and status.challenge.run and status.challenge.run.result == result)

    def is_due(self) -> bool:
        """It runs, in session, and a run is due."""
        status = self.status()
        return bool(
            status and status.state == "degraded" and [alarm.key for alarm in status.alarms] == ["challenge-due"]
        )

    def end(self) -> None:
        self._ended.set()
        self.join()
        self.pty.close()


def _now_us() -> int:
    return time.monotonic_ns() // 1000


@contextmanager
def running(folder: Path) -> Iterator[Line]:
    site = write_site(folder / "site")
    (site / "lines" / "stub.yaml").write_text(NO_HURRY + CHALLENGE)
    for label in ("good", "scratch"):
        for picture in sorted((site / "pictures" / label).iterdir())[1:]:
            picture.unlink()
    line = Line(folder)
    line.start()
    try:
        arguments = [str(site), str(line.data_dir), str(line.pty.path)]
        with (folder / "station.log").open("wb") as log:
            station = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.stub_station", *arguments], stdout=log, stderr=log
            )
        try:
            wait_for(line.is_due, "the line", told=(folder / "station.log").read_text)
            yield line
        finally:
            station.kill()
            station.wait()
    finally:
        line.end()


def test_a_run_from_the_command_line_passes_and_one_in_the_wrong_order_fails(tmp_path: Path) -> None:
    with running(tmp_path) as line:
        where = ["--data-dir", line.data_dir]
        due = call("challenge", "stub", "--status", *where)
        assert (due.code, "is due: there was none yet" in due.out) == (1, True)
        passed = call("challenge", "stub", "--by", "Kim", *where)
        assert (passed.code, passed.err) == (0, "")
        assert "  1. good-1, which must pass\n  2. bad-scratch, which must be rejected for scratch\n" in passed.out
        assert "  1. good-1: PASS scratch, PASSED, confirmed: as expected\n" in passed.out
        assert "  2. bad-scratch: REJECT scratch, DIVERTED, confirmed: as expected\n" in passed.out
        assert passed.out.endswith("Run 1 passed.\n")
        assert history.parts(line.data_dir, "stub")["image_path"].notna().all(), "pictures of golden parts are kept"
        assert call("challenge", "stub", "--status", *where).code == 0
        line.lay_one()  # a good one: the next that comes is scratched
        wait_for(lambda: len(history.parts(line.data_dir, "stub")) == 3, "the part to be seen")
        failed = call("challenge", "stub", "--by", "Kim", "--json", *where)
        assert failed.code == 1
        told = json.loads(failed.out)
        assert (told["run"], told["result"]) == (2, "failed")
        assert "was judged REJECT (scratch), and PASS was expected" in told["parts"][0]["why"]
        refused = call("challenge", "stub", "--by", "Kim", *where)
        assert (refused.code, refused.out) == (2, "")
        assert "acknowledge challenge-failed first" in refused.err
        runs = history.challenges(line.data_dir, "stub").drop_duplicates("run")
        assert runs["result"].tolist() == ["passed", "failed"]


def test_ctrl_c_calls_the_run_off(tmp_path: Path) -> None:
    with running(tmp_path) as line:
        line.feeds_golden_parts = False
        arguments = ["challenge", "stub", "--by", "Kim", "--data-dir", str(line.data_dir)]
        with subprocess.Popen([sys.executable, "-m", "inspection", *arguments], stdout=subprocess.PIPE) as command:
            try:
                assert command.stdout is not None
                assert b"Send, in this order" in command.stdout.readline() + command.stdout.readline()
                command.send_signal(signal.SIGINT)
                assert command.wait(DEADLINE_S) == 130
            finally:
                command.kill()
        wait_for(lambda: line.says("aborted"), "the run to be called off")
        assert set(history.challenges(line.data_dir, "stub")["reason"]) == {"Kim has called it off"}


@pytest.mark.parametrize(
    ("arguments", "said", "message"),
    [
        (["--by", " "], {"challenge": NONE_DUE}, "a challenge run is made by a named person"),
        (["--by", "Kim"], {"challenge": NONE_DUE, "state": "stopped"}, "line demo does not run; start it with"),
        (["--by", "Kim"], {"challenge": NONE_DUE, "updated_utc": datetime.now(UTC) - timedelta(hours=1)},
         "line demo does not run; start it with"),
        (["--by", "Kim"], {}, "line demo has no challenge runs: its configuration has none"),
        (["--by", "Kim"], {"monitor": True}, "it is in monitor mode"),
        (["--status"], {}, "line demo does not say anything of challenge runs"),
    ],
)  # fmt: skip
def test_a_run_that_cannot_begin_ends_with_2(
    tmp_path: Path, arguments: list[str], said: dict[str, object], message: str
) -> None:
    with Site(tmp_path) as site:
        site.say(**said)
        called = call("challenge", "demo", *arguments, "--data-dir", tmp_path)
    assert (called.code, called.out) == (2, "")
    assert message in called.err
