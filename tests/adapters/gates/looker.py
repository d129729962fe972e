"""Looks at a control line once for each line of input: `python -m tests.adapters.gates.looker PORT LINE high|low`."""

from __future__ import annotations

import sys

from inspection.adapters.gates.control_line import ControlLine, LineName
from inspection.adapters.gates.serial_port import open_port


def main(port: str, name: LineName, active: str) -> None:
    line = ControlLine(open_port(port, 9600), name, active_high=active == "high")
    for _ in sys.stdin:
        try:
            look = line.look()
        except OSError as error:
            print("error", error.errno, flush=True)
        else:
            print(int(look.is_active), look.changes, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
