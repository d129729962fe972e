"""`inspection run LINE`: judge parts until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from inspection.cli._failure import exit_code_of, failed_line
from inspection.cli._logging import LogFormat, LogLevel, logging_to_stderr
from inspection.cli._options import ConfigDir, DataDir
from inspection.domain.errors import ConfigError, InspectionError, StoreError
from inspection.wording import counted

_log = logging.getLogger(__name__)


def run_line(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    lot: Annotated[str | None, typer.Option(help="The lot that is on the line; written to every part's row.")] = None,
    gate_url: Annotated[
        str | None, typer.Option(help="Another port than the line's own, e.g. that of 'inspection gate-sim'.")
    ] = None,
    monitor: Annotated[
        bool,
        typer.Option(
            "--monitor", help="Divert everything (a dry gate: nothing) and record what the verdicts would have been."
        ),
    ] = False,
    log_level: Annotated[
        LogLevel, typer.Option(help="info: one line a minute, and what changes; debug: one line a part as well.")
    ] = "info",
    log_format: Annotated[
        LogFormat, typer.Option(help="text for a person; json: one object a line, for a program.")
    ] = "text",
) -> None:
    """Run a line: judge every part, divert what is not good, record all of it. Ctrl-C or SIGTERM stops it cleanly."""
    try:
        _run(line, config_dir, data_dir, lot, gate_url, log_level, log_format, monitor=monitor)
    except (InspectionError, OSError) as error:
        if log_format == "text":
            raise
        typer.echo(failed_line(error), err=True)
        raise typer.Exit(exit_code_of(error)) from error


def _run(
    line: str,
    config_dir: Path | None,
    data_dir: Path | None,
    lot: str | None,
    gate_url: str | None,
    log_level: LogLevel,
    log_format: LogFormat,
    *,
    monitor: bool,
) -> None:
    from inspection.build import RunOptions, build_station
    from inspection.cli._options import config_dir_of, data_dir_of
    from inspection.config import load_site

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    site = load_site(config_dir_of(config_dir))
    is_dry = site.line(line).gate.kind == "dry"
    if gate_url is not None:
        _check_gate_url(line, gate_url, is_dry=is_dry)
    target = data_dir_of(data_dir)
    until = (
        "its gate is dry: nothing is diverted"
        if is_dry
        else "monitor mode: everything diverts"
        if monitor
        else "everything diverts until the controller answers"
    )
    with logging_to_stderr(log_level, log_format):
        with build_station(site, line, target, RunOptions(gate_url, lot, monitor)) as station:
            _log.info("line %s is ready; %s", line, until, extra={"event": "ready", "fields": {"line": line}})
            station.run(stop)
        told = {"event": "stopped", "fields": {"line": line}}
        _log.info("line %s stopped; %s", line, _what_is_on_record(target, line), extra=told)


def _check_gate_url(line: str, url: str, *, is_dry: bool) -> None:
    """Raises ConfigError for a port that cannot be meant. One that is given in full may be plugged in later."""
    from inspection.config.ports import PORT_FORMS, is_port

    if is_dry:
        advice = "leave it out, or write kind: serial in the line's file"
        raise ConfigError(f"--gate-url {url}: line {line} has a dry gate; {advice}")
    path = Path(url)
    if not is_port(url) and not path.is_absolute() and not path.exists():
        raise ConfigError(
            f"--gate-url {url}: there is no such port; give the one that 'inspection gate-sim' prints, or {PORT_FORMS}"
        )


def _what_is_on_record(data_dir: Path, line: str) -> str:
    """The last word of a run, by the files as they lie there now."""
    from inspection import history

    try:
        still_open = history.completeness(data_dir, line).open
    except StoreError as error:
        return f"whether every part is on record cannot be told: {error}"
    if still_open:
        return f"{counted(still_open, 'part')} still without an outcome; the line settles that when it runs again"
    return "every part seen until now is on record"
