"""`inspection doctor [LINE]`: what is wrong with this machine, and what to type."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._findings import Finding, Flush, clock, disk, keeps_up, lock_holder, port_holders, software
from inspection.cli._options import AsJson, ConfigDir, DataDir
from inspection.domain.errors import CalibrationError, ConfigError, InspectionError, StoreError
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.calibration.record import Calibration
    from inspection.config import LineConfig, Site

_COLUMNS = 80
_INDENT = " " * 7


def doctor(
    line: Annotated[str | None, typer.Argument(help="Look at this line only.")] = None,
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Look at software, disk, clock, configuration, models, calibrations, cameras, ports and permissions.

    Exit code 1 if anything is wrong. Opens no port, takes no lock: a line that runs does not notice.
    """
    from inspection.cli._options import config_dir_of, data_dir_of

    findings = list(_examine(line, config_dir_of(config_dir), data_dir_of(data_dir)))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        _print(findings)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        first, *more = f"{finding.what}: {finding.found}".splitlines()
        typer.echo(_wrapped(f"{finding.mark:<5}  ", first))
        for told in more:
            typer.echo(_wrapped(_INDENT, told))
        for advice in finding.advice.splitlines():
            typer.echo(_wrapped(f"{_INDENT}-> ", advice))
    wrong = [finding.what for finding in findings if not finding.well]
    typer.echo(f"\n{counted(len(wrong), 'thing')} wrong: {', '.join(wrong)}" if wrong else "\nAll is well.")


def _wrapped(start: str, text: str) -> str:
    return textwrap.fill(
        text,
        _COLUMNS,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,  # a path is there to be copied
        break_on_hyphens=False,
    )


def _examine(line: str | None, config_dir: Path, data_dir: Path) -> Iterator[Finding]:
    from inspection.config import load_site

    yield software()
    data, flush = disk(data_dir)
    yield data
    yield clock()
    try:
        site = load_site(config_dir)
    except InspectionError as error:
        yield Finding("configuration", False, str(error), "mend these, then 'inspection check'")
        return
    found = f"{counted(len(site.lines), 'line')}, {counted(len(site.recipes), 'recipe')} in {config_dir}"
    yield Finding("configuration", True, found)
    for each in [site.line(line)] if line else site.lines.values():
        station = lock_holder(_paths(each, data_dir)[0])
        yield from _judging(site, each, station)
        yield _camera(each)
        if flush is not None:
            yield from _stores(each, data_dir, flush)
        yield from _extras(each)
        yield _port(each, station)
        if each.trigger.kind == "line_input":
            yield _device(f"{each.name}: light barrier", each.trigger.port, "the adapter of the light barrier", station)


def _extras(line: LineConfig) -> Iterator[Finding]:
    """Software that this line alone needs, where it is missing."""
    from inspection.devices import require_extras

    try:
        require_extras(line)
    except ConfigError as error:
        found, _, advice = str(error).rpartition("; ")
        yield Finding(f"{line.name}: extras", False, found, advice)


def _judging(site: Site, line: LineConfig, station: int | None) -> Iterator[Finding]:
    """Shift, station, model and calibration. `station`: the process that runs the line."""
    from inspection.calibrated import beyond_promise, empty_not_told, references_of, require_calibration
    from inspection.gauge import line_encoder

    now = datetime.now(UTC).astimezone(line.timezone)
    shift = line.shift_at(now)
    yield Finding(f"{line.name}: shifts", True, f"{shift or 'none'} now, at {now:%H:%M} {line.timezone}")
    if station is not None:
        advice = (
            f"a second one is refused; Ctrl-C where it was started stops it, or\nsystemctl stop inspection@{line.name}"
        )
        yield Finding(f"{line.name}: station", True, f"process {station} runs this line", advice)
        found = "as the station that runs has them; not loaded again, so that no part waits for it"
        yield Finding(f"{line.name}: model and calibration", True, found)
        return
    try:
        encoder, untuned = line_encoder(site, line)
        yield Finding(f"{line.name}: model", True, encoder.fingerprint["model"])
        if untuned:
            found, _, advice = untuned.rpartition("; ")
            yield Finding(f"{line.name}: runtime", False, found, advice)
        else:
            yield Finding(f"{line.name}: runtime", True, encoder.fingerprint["runtime"])
    except InspectionError as error:
        advice = f"correct model in recipes/{line.recipe}.yaml, or bring the model to this machine"
        yield Finding(f"{line.name}: model", False, str(error), advice)
    else:
        try:
            calibration = require_calibration(site, line, encoder, untuned)
            references_of(site, calibration)
            told = [
                f"{calibration.id} of {calibration.created_utc:%Y-%m-%d}",
                beyond_promise(line, calibration),
                empty_not_told(calibration),
            ]
            yield Finding(f"{line.name}: calibration", True, "; ".join(filter(None, told)))
        except InspectionError as error:
            advice = f"inspection calibrate {line.name} --good DIR"
            yield Finding(f"{line.name}: calibration", False, str(error), advice)
        else:
            yield _drift(site, line, calibration)


def _drift(site: Site, line: LineConfig, calibration: Calibration) -> Finding:
    """Whether passed parts are held against the calibration. The line judges without that."""
    from inspection.calibrated import require_drift_window

    what = f"{line.name}: drift"
    if not line.drift.watch:
        return Finding(what, True, "not watched: drift.watch is false")
    try:
        _, then = require_drift_window(site, line, calibration)
    except CalibrationError as error:
        return Finding(what, True, f"not watched: {error}")
    return Finding(what, True, f"watched, against {counted(len(then.scores), 'good part')} of the calibration")


def _camera(line: LineConfig) -> Finding:
    from inspection.adapters.cameras.images import list_images, read_image

    what = f"{line.name}: camera"
    if line.camera.kind == "watched":
        return _watched(what, line.camera.path)
    try:
        pictures = list_images(line.camera.path)
        height, width = read_image(pictures[0]).shape[:2]
    except InspectionError as error:
        return Finding(what, False, str(error), "put pictures there, or correct camera.folder")
    found = f"{counted(len(pictures), 'picture')} in {line.camera.path}, the first {width} x {height} pixels"
    return Finding(what, True, found)


def _watched(what: str, folder: Path) -> Finding:
    """A folder that pictures land in; files of judged parts are moved or deleted there."""
    if not folder.is_dir():
        return Finding(
            what, False, f"{folder}: there is no such folder", f"make it, or correct camera.folder\nmkdir {folder}"
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(what, False, f"{folder}: no permission to move files there", f"sudo chown $USER: {folder}")
    waiting = sum(path.is_file() for path in folder.iterdir())
    return Finding(what, True, f"{counted(waiting, 'file')} waiting in {folder}")


def _paths(line: LineConfig, data_dir: Path) -> tuple[Path, ...]:
    """What is locked first, then all else that a station of this line must be able to write."""
    from inspection.adapters.store.paths import LinePaths

    paths = LinePaths(data_dir, line.name)
    return (paths.state_dir, paths.lock, paths.state_db, paths.status, paths.log_dir, paths.evidence_dir)


def _stores(line: LineConfig, data_dir: Path, flush: Flush) -> Iterator[Finding]:
    if line.durability == "power":
        yield keeps_up(f"{line.name}: flushed writes", flush, line.parts_per_s_max, f"lines/{line.name}.yaml")
    denied = [path for path in _paths(line, data_dir) if path.exists() and not os.access(path, os.W_OK)]
    if denied:
        advice = f"as the user that the station runs as:\nsudo chown -R $USER: {data_dir}"
        listed = "\n".join(str(path) for path in denied)
        yield Finding(f"{line.name}: permissions", False, f"of another user:\n{listed}", advice)
    yield from _room(line, data_dir)
    yield from _latched(line, data_dir)


def _room(line: LineConfig, data_dir: Path) -> Iterator[Finding]:
    """Where there is less than the line wants to have."""
    limits, free_mb = line.supervision, shutil.disk_usage(data_dir).free // 1_000_000
    if free_mb < limits.disk_low_mb:
        told = "nothing passes" if free_mb < limits.disk_min_mb else f"below {limits.disk_min_mb:,} MB nothing passes"
        found = f"{free_mb:,} MB free in {data_dir}, less than supervision.disk_low_mb, {limits.disk_low_mb:,}; {told}"
        yield Finding(f"{line.name}: room", False, found, f"what is large:\ndu -sh {data_dir}/*")


def _latched(line: LineConfig, data_dir: Path) -> Iterator[Finding]:
    from inspection import history

    try:
        status = history.status(data_dir, line.name)
    except StoreError as error:
        yield Finding(f"{line.name}: status", False, str(error), "move the file away; the station writes it anew")
        return
    if status is not None and status.paused is not None:
        advice = f"while the line runs:\ninspection resume {line.name} --by NAME"
        yield Finding(f"{line.name}: pause", True, f"nothing passes: {status.paused}", advice)
    for alarm in status.alarms if status else ():
        if alarm.latched:
            advice = (
                f"do that first; then, while the line runs:\ninspection acknowledge {line.name} {alarm.key} --by NAME"
            )
            yield Finding(f"{line.name}: alarm {alarm.key}", False, f"{_stands(alarm.reaction)}{alarm.text}", advice)


def _stands(reaction: str | None) -> str:
    """What stands while an alarm does; one whose reaction an earlier version did not say lets nothing pass."""
    return {"alarm": "", "stop": "nothing passes, and the line may not run: "}.get(reaction or "", "nothing passes: ")


def _port(line: LineConfig, station: int | None) -> Finding:
    """`station`: the process that runs the line; it may have the port open."""
    what = f"{line.name}: gate"
    if line.gate.kind == "dry":
        return Finding(what, True, "dry: nothing is diverted")
    url = line.gate.url
    if "://" in url:
        return Finding(what, True, f"{url} (reached over the network; not tried)")
    return _device(what, url, "the controller, PLC or relay board", station)


def _device(what: str, url: str, device: str, station: int | None) -> Finding:
    """A serial port of this machine, with `device` at it."""
    port = Path(url)
    if not port.exists():
        return Finding(
            what,
            False,
            f"{url} is not there",
            f"plug {device} in; its name is then shown by\nls -l /dev/serial/by-id",
        )
    if not os.access(port, os.R_OK | os.W_OK):
        return Finding(what, False, f"no permission for {url}", "sudo usermod -aG dialout $USER\nthen sign in again")
    others = {pid: name for pid, name in port_holders(port).items() if pid != station}
    if others:
        told = ", ".join(f"process {pid} ({name})" for pid, name in others.items())
        advice = f"two readers of one port each get half of it; end the other one:\nkill {next(iter(others))}"
        return Finding(what, False, f"{url} is in use by {told}", advice)
    return Finding(what, True, url + (f", in use by process {station}, which runs this line" if station else ""))
