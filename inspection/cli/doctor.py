"""`inspection doctor [LINE]`: what is wrong with this machine, and what to type."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir, DataDir
from inspection.domain.errors import InspectionError
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.config import LineConfig, Site

_FREE_GB_WANTED = 2.0
_CODE_YEAR = 2026  # a clock before this was never set


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice`: what to do, when it is not well."""

    what: str
    well: bool
    found: str
    advice: str = ""


def doctor(
    line: Annotated[str | None, typer.Argument(help="Look at this line only.")] = None,
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Look at configuration, disk, clock, cameras, ports, models and calibrations. Exit code 1 if anything is wrong."""
    from inspection.cli._options import config_dir_of, data_dir_of

    findings = list(_examine(line, config_dir_of(config_dir), data_dir_of(data_dir)))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            found = finding.found.replace("\n", "\n       ")
            typer.echo(f"{'ok   ' if finding.well else 'WRONG'}  {finding.what}: {found}")
            if finding.advice and not finding.well:
                typer.echo(f"       -> {finding.advice}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def _examine(line: str | None, config_dir: Path, data_dir: Path) -> Iterator[Finding]:
    from inspection.config import load_site

    yield _data_dir(data_dir)
    yield _clock()
    try:
        site = load_site(config_dir)
    except InspectionError as error:
        yield Finding("configuration", False, str(error), "mend these, then 'inspection check'")
        return
    found = f"{counted(len(site.lines), 'line')}, {counted(len(site.recipes), 'recipe')} in {config_dir}"
    yield Finding("configuration", True, found)
    for each in [site.line(line)] if line else site.lines.values():
        yield from _line(site, each)


def _line(site: Site, line: LineConfig) -> Iterator[Finding]:
    from inspection.build import load_encoder, require_calibration

    try:
        encoder = load_encoder(site.recipe(line.recipe))
        yield Finding(f"{line.name}: model", True, encoder.fingerprint["model"])
    except InspectionError as error:
        advice = f"correct model in recipes/{line.recipe}.yaml, or bring the model to this machine"
        yield Finding(f"{line.name}: model", False, str(error), advice)
    else:
        try:
            calibration = require_calibration(site, line, encoder)
            yield Finding(f"{line.name}: calibration", True, f"{calibration.id} of {calibration.created_utc:%Y-%m-%d}")
        except InspectionError as error:
            advice = f"inspection calibrate {line.name} --good DIR"
            yield Finding(f"{line.name}: calibration", False, str(error), advice)
    yield _camera(line)
    yield _port(line)


def _camera(line: LineConfig) -> Finding:
    from inspection.adapters.cameras.images import list_images, read_image

    what = f"{line.name}: camera"
    try:
        pictures = list_images(line.camera.path)
        height, width = read_image(pictures[0]).shape[:2]
    except InspectionError as error:
        return Finding(what, False, str(error), "put pictures there, or correct camera.folder")
    found = f"{counted(len(pictures), 'picture')} in {line.camera.path}, the first {width} x {height} pixels"
    return Finding(what, True, found)


def _port(line: LineConfig) -> Finding:
    what = f"{line.name}: gate"
    if line.gate.kind == "dry":
        return Finding(what, True, "dry: nothing is diverted")
    url = line.gate.url
    if "://" in url:
        return Finding(what, True, f"{url} (reached over the network; not tried)")
    port = Path(url)
    if not port.exists():
        return Finding(
            what, False, f"{url} is not there", "plug the controller in; 'ls /dev/serial/by-id' shows its name"
        )
    if not os.access(port, os.R_OK | os.W_OK):
        return Finding(what, False, f"no permission for {url}", "sudo usermod -aG dialout $USER, then sign in again")
    return Finding(what, True, url)


def _data_dir(data_dir: Path) -> Finding:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=data_dir) as probe:
            probe.write(b"inspection")
            probe.flush()
            os.fsync(probe.fileno())
        free_gb = shutil.disk_usage(data_dir).free / 1e9
    except OSError as error:
        advice = "make it writable, or name another with --data-dir"
        return Finding("data directory", False, f"{data_dir}: {error.strerror}", advice)
    found = f"{data_dir}, {free_gb:.1f} GB free"
    return Finding("data directory", free_gb >= _FREE_GB_WANTED, found, f"free at least {_FREE_GB_WANTED:g} GB")


def _clock() -> Finding:
    now = datetime.now(UTC)
    return Finding(
        "clock", now.year >= _CODE_YEAR, f"{now:%Y-%m-%d %H:%M:%S} UTC", "set it: sudo timedatectl set-ntp true"
    )
