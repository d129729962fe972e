"""What the gates at serial ports share: which errors a port has, in words, and how fast an adapter hands bytes on."""

from __future__ import annotations

import contextlib
import os
import termios
from collections.abc import Callable

import serial

# TypeError: pyserial's own answer to a descriptor that went away under a read; ValueError: a setting it cannot do.
PORT_ERRORS = (serial.SerialException, OSError, termios.error, TypeError, ValueError)
RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""Between tries to open a port; the last one for ever."""


def low_latency(port: serial.Serial) -> None:
    """USB adapters hold bytes back for up to 16 ms unless told not to."""
    tell: Callable[[bool], None] | None = getattr(port, "set_low_latency_mode", None)
    if tell is not None:
        with contextlib.suppress(ValueError, OSError, NotImplementedError):  # a port that has no such mode
            tell(True)


def brief(error: Exception) -> str:
    """What the system says of it, without what pyserial wraps around that."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    if isinstance(error, termios.error) and error.args:
        return os.strerror(error.args[0])
    if "returned no data" in str(error):
        return "unplugged, or opened by another program as well"
    return str(error).partition(" (")[0]
