"""`inspection dashboard [LINE]`: the Line page in a browser on this machine, over the log of lines that run or ran."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from inspection.cli._dashboard import check_port, dashboard_command, dashboard_url
from inspection.cli._options import DataDir


def dashboard(
    line: Annotated[str | None, typer.Argument(metavar="LINE", help="The line to show first.")] = None,
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the page, on this machine only.")] = 8501,
    kiosk: Annotated[
        bool,
        typer.Option(
            "--kiosk",
            help="Print the address for a screen that nobody sits at: no links, no scrollbars, no cursor. Open it"
            " full screen, e.g. 'chromium --kiosk ADDRESS'.",
        ),
    ] = False,
) -> None:
    """Show the lines in a browser on this machine: state, yield, last rejects. Ctrl-C stops it; no line notices."""
    from inspection.cli._options import data_dir_of

    command, environment = dashboard_command(data_dir_of(data_dir), line or "", port)
    check_port(port)
    typer.echo(f"Dashboard: {dashboard_url(line, port, kiosk=kiosk)}   (Ctrl-C stops it)")
    sys.stdout.flush()
    # In place of this process: Ctrl-C and SIGTERM reach the server itself, and nothing is left when it ends.
    os.execve(command[0], command, environment)
