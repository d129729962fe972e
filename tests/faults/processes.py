"""Starting, watching and ending the processes of a line under test."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from inspection import history
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import verify_line
from inspection.cli import main as cli
from inspection.domain.types import PartId
from tests.faults import stub_station
from tests.faults.forked import Forked, unforked
from tests.faults.stub_station import write_site
from tests.waiting import DEADLINE_S, wait_for

Process = Forked | subprocess.Popen[bytes]


class StubLine:
    """The stub station and a virtual gate controller, each a process. Use as a context manager: it ends what runs."""

    def __init__(self, folder: Path, *, parts_per_s: float = 40.0, parts: int = 0, settings: str = "") -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = folder / "gate"
        self.truth_file = folder / "truth.jsonl"
        self._belt = ["--parts-per-s", str(parts_per_s), "--parts", str(parts)]
        self._site = write_site(folder / "site", settings)
        self._running: list[Process] = []
        self.station: Process | None = None
        self.gate: Process | None = None

    def __enter__(self) -> StubLine:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()

    def start_gate(self) -> None:
        arguments = ["--link", str(self.port), *self._belt, "--wait-for-station", "--truth", str(self.truth_file)]
        self.gate = self._start(cli.run, "gate-sim", *arguments)
        self.wait_for(self.port.is_symlink, "the gate controller's port")

    def start_station(self, *, forked: bool = True) -> None:
        words = [str(self._site), str(self.data_dir), str(self.port)]
        self.station = self._start(stub_station.main, *words, forked=forked)

    def _start(self, main: Callable[[], None], *words: str, forked: bool = True) -> Process:
        process = (Forked if forked else unforked)(main, list(words), self.folder / f"{main.__module__}.log")
        self._running.append(process)
        return process

    def kill_station(self) -> None:
        self._kill(self.station)

    def kill_gate(self) -> None:
        self._kill(self.gate)

    def _kill(self, process: Process | None) -> None:
        assert process is not None
        process.kill()
        assert process.wait() == -signal.SIGKILL, self._told()

    def stop(self) -> None:
        """As an operator does, the belt first; both must end by themselves, without complaint."""
        self.wait_for(self._only_the_newest_epoch_is_open, "parts of lost controllers to be closed")
        self._end(self.gate)
        self._end(self.station)

    def _end(self, process: Process | None) -> None:
        assert process is not None
        process.terminate()
        assert process.wait(DEADLINE_S) == 0, self._told()
        assert "Traceback" not in self.log_text(), (
            self.log_text()
        )  # an interpreter that goes down ends with 0 all the same

    def _only_the_newest_epoch_is_open(self) -> bool:
        parts = self.parts()
        return bool((parts.loc[parts["outcome"].isna(), "epoch"] == parts["epoch"].max()).all())

    # --- looking --------------------------------------------------------------------------------------------

    def wait_for(self, happened: Callable[[], bool], what: str) -> None:
        wait_for(happened, what, told=self._told)

    def _told(self) -> str:
        return "\n".join(log.read_text()[-1500:] for log in self.folder.glob("*.log"))

    def log_text(self) -> str:
        """What its processes told."""
        return "".join(log.read_text() for log in self.folder.glob("*.log"))

    def status(self) -> history.LineStatus | None:
        return history.status(self.data_dir, "stub")

    def is_running(self) -> bool:
        status = self.status()
        return status is not None and status.state == "running"

    def alarms(self) -> dict[str, str]:
        status = self.status()
        return {alarm.key: alarm.text for alarm in status.alarms} if status else {}

    def parts(self) -> pd.DataFrame:
        return history.parts(self.data_dir, "stub")

    def passed(self) -> int:
        return sum(went for went in self.truth().values())

    def more_than(self, count: int) -> Callable[[], bool]:
        return lambda: self.passed() > count

    def truth(self) -> dict[PartId, bool]:
        """What physically went past the gate: whether each part was let through."""
        if not self.truth_file.exists():
            return {}
        lines = [json.loads(line) for line in self.truth_file.read_text().splitlines() if line.endswith("}")]
        truth = {PartId(line["epoch"], line["number"]): line["passed"] for line in lines}
        assert len(truth) == len(lines), "the controller gave a number twice"
        return truth

    def check_the_law(self) -> None:
        """Every number that the controller gave is in the log once, and nothing passed without its PASS."""
        parts = self.parts()
        rows = {PartId(int(row.epoch), int(row.number)): row for row in parts.itertuples()}
        assert len(rows) == len(parts), "a part is in the log twice"
        assert parts["outcome"].notna().all()
        for part, passed in self.truth().items():
            assert part in rows, f"part {part} is not in the log"
            row = rows[part]
            if passed:
                assert (row.verdict, row.outcome in ("PASSED", "UNKNOWN")) == ("PASS", True), f"{part}: {row}"
                assert str(row.source).startswith("good/")
            else:
                assert row.outcome != "PASSED", f"part {part} was diverted; the log says it passed"
        assert verify_line(LinePaths(self.data_dir, "stub")).faults == []
        complete = history.completeness(self.data_dir, "stub")
        assert (complete.missing, complete.repeated, complete.open) == ([], [], 0)
