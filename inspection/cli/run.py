"""`inspection run LINE`: judge parts until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer

from inspection.cli._options import ConfigDir, DataDir

_log = logging.getLogger(__name__)


def run_line(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    lot: Annotated[str | None, typer.Option(help="The lot that is on the line; written to every part's row.")] = None,
    gate_url: Annotated[
        str | None, typer.Option(help="Another port than the line's own, e.g. that of 'inspection gate-sim'.")
    ] = None,
) -> None:
    """Run a line: judge every part, divert what is not good, record all of it. Ctrl-C or SIGTERM stops it cleanly."""
    from inspection.build import RunOptions, build_station
    from inspection.cli._options import config_dir_of, data_dir_of
    from inspection.config import load_site

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    site = load_site(config_dir_of(config_dir))
    with build_station(site, line, data_dir_of(data_dir), RunOptions(gate_url=gate_url, lot=lot)) as station:
        _log.info("line %s is ready; everything diverts until the gate controller answers", line)
        station.run(stop)
    _log.info("line %s stopped; every part is on record", line)
