"""`inspection demo`: the whole station on sample parts, with a virtual gate at the end of a real pseudo-terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from inspection.cli._dashboard import check_port, dashboard_command, dashboard_url
from inspection.cli._demo_site import demo_config_dir
from inspection.cli._options import DataDir
from inspection.domain.errors import InspectionError

LINE = "demo"
_STOP_S = 20.0
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class _Process:
    """A process of the demo. Its output goes to `log`, which is shown when it fails."""

    name: str
    handle: subprocess.Popen[bytes]
    log: Path

    @property
    def has_ended(self) -> bool:
        return self.handle.poll() is not None

    def failure(self) -> InspectionError:
        tail = self.log.read_text(errors="replace").strip()[-2000:]
        return InspectionError(
            f"the {self.name} ended with exit code {self.handle.returncode}:\n{tail or '(no output)'}"
        )


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="No dashboard.")] = False,
    parts: Annotated[int, typer.Option(min=0, help="Stop after so many parts; 0: go on until Ctrl-C.")] = 0,
    parts_per_s: Annotated[
        float | None,
        typer.Option(min=0.1, max=1000, help="Belt speed; default: 2 with a dashboard, else the line's rating."),
    ] = None,
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the dashboard, on this machine only.")] = 8501,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON.")] = False,
) -> None:
    """Run the demo line: sample parts, the bundled model, a virtual gate, the log and the dashboard."""
    if headless and not parts:
        raise typer.BadParameter("without a dashboard it must end by itself: say how many --parts")
    from inspection.cli._options import data_dir_of

    target = data_dir_of(data_dir)
    _make_folder(target)
    if not headless:
        check_port(port)
    with tempfile.TemporaryDirectory(prefix="inspection-demo-") as scratch:
        with _told_to_stop():
            _run(Path(scratch), target, parts=parts, parts_per_s=parts_per_s, port=None if headless else port)
        seen = _last_json_line(Path(scratch) / "gate controller.log")
    _report(target, seen, asked=parts, as_json=as_json)


class _Stop(Exception):
    """Ctrl-C or SIGTERM."""


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Ctrl-C, SIGTERM or a closed terminal raises _Stop in the body, once: its good end is not interrupted again."""

    def stop(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise _Stop

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"the data directory {folder} cannot be made: {error.strerror}; name another with --data-dir"
        raise InspectionError(text) from error


def _run(scratch: Path, data_dir: Path, *, parts: int, parts_per_s: float | None, port: int | None) -> None:
    """Start everything, wait until the belt is empty or somebody stops it, and end it in the right order."""
    from inspection.config import load_site

    link = scratch / "gate"
    running: list[_Process] = []
    try:
        config_dir = demo_config_dir(LINE, data_dir)
        site = ["--config-dir", str(config_dir), "--data-dir", str(data_dir)]
        run = ["run", LINE, "--gate-url", str(link), *site, "--lot", "demo"]
        # The station takes longest to start, and waits for the port.
        running.append(_start(scratch, "station", run))
        speed = parts_per_s or (load_site(config_dir).line(LINE).parts_per_s_max if port is None else 2.0)
        belt = ["--parts-per-s", str(speed), "--parts", str(parts), "--wait-for-station"]
        gate = _start(scratch, "gate controller", ["gate-sim", "--link", str(link), *belt, "--json"])
        running.insert(0, gate)
        if port is not None:
            command, environment = dashboard_command(data_dir, LINE, port)
            running.append(_spawn(scratch, "dashboard", command, environment))
            typer.echo(f"Dashboard: {dashboard_url(LINE, port)}   (Ctrl-C stops the demo)")
        typer.echo(f"Parts come at {speed:g} a second; log and images are in {data_dir}")
        while not gate.has_ended:
            for process in running[1:]:
                if process.has_ended:
                    raise process.failure()
            time.sleep(0.1)
    except _Stop:
        pass  # as asked
    finally:
        for process in running:  # the belt first: what is on it runs out and is recorded
            _end(process)
    for process in running:
        if process.handle.returncode not in (0, -signal.SIGTERM):
            raise process.failure()


def _start(scratch: Path, name: str, arguments: Sequence[str]) -> _Process:
    return _spawn(scratch, name, [sys.executable, "-m", "inspection", *arguments], {})


def _spawn(scratch: Path, name: str, command: Sequence[str], environment: dict[str, str]) -> _Process:
    log = scratch / f"{name}.log"
    with log.open("wb") as output:
        # A group of its own: Ctrl-C at the terminal reaches only us, and we end them in the right order.
        handle = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    return _Process(name, handle, log)


def _end(process: _Process) -> None:
    """Ask it to stop and wait; kill it if it does not."""
    if not process.has_ended:
        process.handle.terminate()
    try:
        process.handle.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.handle.kill()
        process.handle.wait()


def _last_json_line(path: Path) -> dict[str, Any]:
    if not path.exists():  # stopped before it was started
        return {}
    for line in reversed(path.read_text(errors="replace").splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return {}


def _report(data_dir: Path, seen: dict[str, Any], *, asked: int, as_json: bool) -> None:
    """The log of the run, held against what the gate controller `seen`."""
    from inspection import history
    from inspection.cli._summary import summarise

    if not history.lines(data_dir):
        typer.echo("Stopped before the station was ready: no part went by.")
        return
    parts = history.parts(data_dir, LINE)
    triggers = int(seen.get("parts", 0))
    summary = summarise(parts[parts["epoch"].isin(seen.get("epochs", []))], asked=asked or triggers, triggers=triggers)
    status = history.status(data_dir, LINE)
    for alarm in status.alarms if status else ():
        if alarm.latched:
            clear = f"inspection acknowledge {LINE} {alarm.key} --by NAME --data-dir {data_dir}, while it runs"
            typer.echo(f"This fault stands, and nothing passes: {alarm.text} ({clear})", err=True)
    if as_json:
        typer.echo(json.dumps(summary.as_dict()))
        return
    latency = summary.latency_ms
    review = f" {summary.review} for a person to look at," if summary.review else ""
    typer.echo(
        f"\n{summary.triggers} parts went by and {summary.records} are on record: {summary.passed} passed,"
        f" {summary.diverted} diverted, {summary.unknown} unknown.\n"
        f"{summary.rejected} rejected,{review} {summary.unjudged} not judged."
        f" Of {summary.distinct_pictures} distinct pictures: {summary.escapes} escapes, {summary.overkill} overkill.\n"
        f"Trigger to acknowledgement: median {latency.p50} ms, 99 % within {latency.p99} ms."
        f"\nThe log: {data_dir / 'log'}"
    )
