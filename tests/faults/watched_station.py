"""A whole station that watches a folder, as a process of its own; its encoder needs no model, everything else is real.

python -m tests.faults.watched_station SITE DATA_DIR
"""

from __future__ import annotations

import io
import signal
import sys
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.stub_line import RECIPE, StubEncoder, calibrate
from inspection.build import RunOptions, build_station
from inspection.calibration.thresholds import Threshold
from inspection.config import load_site

NAME = "watched"
LINE = """\
station: stub
recipe: watched
parts_per_s_max: 10
camera: {camera}
trigger: {trigger}
gate: {gate}
frame: {{dark_below: 0, clipped_above: 1, frozen_after: 0}}
evidence: {{passed_share: 0, near_margin: 0}}
log: {{seal_after_parts: 50, seal_after_s: 1, merge: false}}
"""
DRY_CAMERA = "{kind: watched, folder: ../landing, settle_ms: 20, incomplete_after_ms: 100}"


def write_site(
    folder: Path, *, camera: str = DRY_CAMERA, trigger: str = "{kind: watched}", gate: str = "{kind: dry}"
) -> Path:
    """Line `watched`, its folder, and a calibration by which every picture is good whose first pixel is not bright."""
    line = LINE.format(camera=camera, trigger=trigger, gate=gate)
    (folder / "landing").mkdir(parents=True)
    for name, text in {f"lines/{NAME}.yaml": line, f"recipes/{NAME}.yaml": RECIPE}.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    calibrate(load_site(folder), NAME, StubEncoder(), Threshold(0.0, -10.0, 1.0))
    return folder


def picture(number: int, *, scratched: bool = False, side_px: int = 64) -> bytes:
    """A PNG unlike any other number's."""
    pixels = np.random.default_rng(number).integers(0, 200, (side_px, side_px, 3), np.uint8)
    pixels[0, 0, 0] = 255 if scratched else 0
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def land(folder: Path, name: str, data: bytes) -> None:
    """As a camera should: under another name, then renamed."""
    (folder / f".{name}.tmp").write_bytes(data)
    (folder / f".{name}.tmp").rename(folder / name)


def main() -> None:
    site, data_dir, *port = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    options = RunOptions(gate_url=port[0] if port else None)
    with build_station(load_site(Path(site)), NAME, Path(data_dir), options, encoder=StubEncoder()) as station:
        station.run(stop)


if __name__ == "__main__":
    main()
