"""How the dashboard's process is started: Streamlit, on this machine only, quiet, asking nothing."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from urllib.parse import quote

from inspection.domain.errors import InspectionError
from inspection.resources import ui_app

HOST = "127.0.0.1"


def dashboard_url(line: str | None, port: int, *, kiosk: bool = False) -> str:
    """Where the Line page of `line` is; without one, of the first that has run. `kiosk`: without links or cursor."""
    asked = ([f"line={quote(line)}"] if line else []) + (["kiosk=1"] if kiosk else [])
    return f"http://{HOST}:{port}/" + (f"?{'&'.join(asked)}" if asked else "")


def check_port(port: int) -> None:
    """Raises InspectionError if the dashboard cannot have this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            text = f"the dashboard cannot have port {port}: {error.strerror}. Choose another with --port."
            raise InspectionError(text) from error


def dashboard_command(data_dir: Path, line: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment of a dashboard on `data_dir`; its page is `dashboard_url(line, port)`."""
    app = ui_app()
    options = {
        "server.address": HOST,
        "server.port": str(port),
        "server.headless": "true",  # opens no browser, asks for no email
        "server.fileWatcherType": "none",
        "browser.serverAddress": HOST,
        "browser.gatherUsageStats": "false",
        "global.developmentMode": "false",
        "logger.level": "error",
        "logger.hideWelcomeMessage": "true",
    }
    argv = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app),
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    root = str(app.parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    return argv, {
        **os.environ,
        "INSPECTION_DATA_DIR": str(data_dir.absolute()),
        "PYTHONPATH": os.pathsep.join([root, inherited]) if inherited else root,
    }
