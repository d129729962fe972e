"""A whole station as a process of its own, with an encoder that needs no model: everything else is real.

python -m tests.faults.stub_station SITE DATA_DIR PORT
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.stub_line import RECIPE, calibrate
from inspection.build import RunOptions, build_station
from inspection.calibration.thresholds import Threshold
from inspection.config import load_site
from inspection.gauge import prototypes_of
from inspection.scoring.scorer import score
from tests.fakes.encoder import AxisEncoder, picture

LINE = """\
station: stub
recipe: stub
parts_per_s_max: 100
durability: process
camera: {kind: folder, folder: ../pictures, order: shuffled, seed: 3}
trigger: {kind: gate}
gate: {kind: serial, url: /dev/ttyUSB0, delay_ms: 300, watchdog_ms: 300, min_gap_ms: 5, without_power: divert}
frame: {dark_below: 0, frozen_after: 0}
evidence: {passed_share: 1, floor_gb: 0}
log: {seal_after_parts: 20, seal_after_s: 1, merge: false}
"""


def write_site(folder: Path, settings: str = "") -> Path:
    """Line `stub`: pictures of good and scratched parts, and the calibration that tells them apart.

    `settings`: more, in its file.
    """
    for name, text in {"lines/stub.yaml": LINE + settings, "recipes/stub.yaml": RECIPE}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for label, scratch in (("good", 0), ("scratch", 200)):
        (folder / "pictures" / label).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(picture(200 + number, scratch)).save(folder / "pictures" / label / f"{number}.png")
    site = load_site(folder)
    encoder, recipe = AxisEncoder(), site.recipe("stub")
    scores = score(
        encoder.embed_images([picture(200), picture(200, 200)]), prototypes_of(recipe, encoder), encoder.logit_scale
    )
    (good,), (bad,) = np.asarray(scores).tolist()
    calibrate(site, "stub", encoder, Threshold((good + bad) / 2, good, 1.0))
    return folder


def main() -> None:
    site, data_dir, port = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    options = RunOptions(gate_url=port)
    with build_station(load_site(Path(site)), "stub", Path(data_dir), options, encoder=AxisEncoder()) as station:
        station.run(stop)


if __name__ == "__main__":
    main()
