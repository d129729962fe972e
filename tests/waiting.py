"""Waiting for another process, which no manual clock moves."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable

DEADLINE_S = 60.0


def wait_for(happened: Callable[[], bool], what: str, *, told: Callable[[], str] = str, every_s: float = 0.02) -> None:
    """Look again and again until it has happened; less often where a look takes a core that the processes need. Fails
    after a minute, with what the processes `told`."""
    until_s = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < until_s, f"waited {DEADLINE_S:.0f} s for {what}; {told()}"
        time.sleep(every_s)


def answers(port: int) -> bool:
    """A dashboard on this port says that it is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
