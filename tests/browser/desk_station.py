"""A station without a gate as a process of its own, for the Line page to look at.

python -m tests.browser.desk_station SITE DATA_DIR [--monitor]
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from inspection.build import RunOptions, build_station
from inspection.config import load_site
from tests.fakes.encoder import AxisEncoder
from tests.faults.stub_station import write_site

LINE = """\
station: desk
recipe: stub
parts_per_s_max: 20
camera: {kind: folder, folder: ../pictures, order: shuffled, seed: 3}
trigger: {kind: timer, parts_per_s: 10}
gate: {kind: dry}
frame: {dark_below: 0, frozen_after: 0}
"""


def write_desk(folder: Path) -> Path:
    """Line `stub` as the other tests have it, but without a gate."""
    site = write_site(folder)
    (site / "lines" / "stub.yaml").write_text(LINE)
    return site


def main() -> None:
    site, data_dir, *rest = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    options = RunOptions(monitor=rest == ["--monitor"])
    with build_station(load_site(Path(site)), "stub", Path(data_dir), options, encoder=AxisEncoder()) as station:
        station.run(stop)


if __name__ == "__main__":
    main()
