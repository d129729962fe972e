"""What the gates at serial ports share: how a port is opened, which errors it has, and what is said of them."""

from __future__ import annotations

import contextlib
import os
import termios
from collections.abc import Callable
from typing import Any

import serial

# TypeError: pyserial's own answer to a descriptor that went away under a read; ValueError: a setting it cannot do.
PORT_ERRORS = (serial.SerialException, OSError, termios.error, TypeError, ValueError)
RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""Between tries to open a port; the last one for ever."""


class LinkFault(Exception):
    """A port, or who is at it, failed; in words for a person. The port is to be closed and opened again."""


def open_port(url: str, baud: int, **settings: Any) -> serial.Serial:
    """The port, for us alone, and nothing in it that was said to whoever was here before. Raises LinkFault.

    pyserial sets CLOCAL and no flow control: modem lines are inputs, and a DCD that drops hangs nothing up.
    """
    try:
        port = serial.serial_for_url(url, baud, exclusive=True, **settings)
        low_latency(port)
        port.reset_input_buffer()
    except PORT_ERRORS as error:
        told = f"port {url} cannot be opened: {brief(error)}; check its cable, then 'inspection doctor'"
        raise LinkFault(told) from error
    return port


def low_latency(port: serial.Serial) -> None:
    """USB adapters hold bytes back for up to 16 ms unless told not to."""
    tell: Callable[[bool], None] | None = getattr(port, "set_low_latency_mode", None)
    if tell is not None:
        with contextlib.suppress(ValueError, OSError, NotImplementedError):  # a port that has no such mode
            tell(True)


def is_gone(url: str, error: Exception) -> LinkFault:
    return LinkFault(f"port {url} is gone: {brief(error)}; check its cable")


def takes_nothing(url: str, error: Exception) -> LinkFault:
    """A write timeout is one of these."""
    return LinkFault(f"port {url} takes no bytes: {brief(error)}; check its cable")


def brief(error: Exception) -> str:
    """What the system says of it, without what pyserial wraps around that."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    if isinstance(error, termios.error) and error.args:
        return os.strerror(error.args[0])
    if "returned no data" in str(error):
        return "unplugged, or opened by another program as well"
    return str(error).partition(" (")[0]
