"""Serial ports as text: which forms there are, and when two of them are the same port."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from inspection.config.fields import refuse

PORT_FORMS = "/dev/…, socket://host:port, rfc2217://host:port"
_DEVICE = re.compile(r"/dev/[^\s]*[^\s/]")
_NETWORK = re.compile(r"(?:socket|rfc2217)://(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})(?:[/?]\S*)?")
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


def is_port(url: str) -> bool:
    """True for a port in one of PORT_FORMS."""
    network = _NETWORK.fullmatch(url)
    return 0 < int(network[2]) < 65536 if network else bool(_DEVICE.fullmatch(url))


def serial_port(value: Any) -> Any:
    """Text that names a port, as it is; anything but text is for its type to refuse."""
    if isinstance(value, str) and not is_port(value):
        refuse(f"\"{value}\" is not a serial port; allowed {PORT_FORMS}; see what there is with 'inspection doctor'")
    return value


def same_port_key(url: str) -> str:
    """Equal for two texts that open one port: links such as /dev/serial/by-id/… and host spellings are resolved."""
    network = _NETWORK.fullmatch(url)
    if network:
        host = network[1].lower().rstrip(".")
        return f"{'localhost' if host in _LOOPBACK else host}:{int(network[2])}"
    return str(Path(url).resolve())
