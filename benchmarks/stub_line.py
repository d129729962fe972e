"""A line for measuring the station without a model: frames in memory, and an encoder that costs next to nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from inspection.calibrated import calibration_path
from inspection.calibration.record import Calibration, SampleSet
from inspection.calibration.thresholds import Threshold
from inspection.config import Site, load_site
from inspection.domain.ports import Clock, Encoder
from inspection.domain.types import Frame, Pixels, Trigger, Vectors
from inspection.gauge import fingerprint

NAME = "bench"
LINE = """\
station: bench
recipe: bench
parts_per_s_max: 100
durability: {durability}
camera: {{kind: folder, folder: ../unused}}
trigger: {{kind: gate}}
gate: {{kind: serial, url: /dev/ttyUSB0, delay_ms: 150, watchdog_ms: 500, min_gap_ms: 1, without_power: divert}}
evidence: {{passed_share: 0, near_margin: 0}}
log: {log}
"""
RECIPE = """\
part: part
model: bundled
normal: [good]
descriptions:
  - {name: scratch, severity: major, phrasings: [scratch]}
"""
FRAMES = 16  # one of them is of a scratched part


class StubEncoder:
    """`ports.Encoder`: a phrase or a picture is good or scratched, told by its first word or its first pixel."""

    logit_scale = 10.0
    fingerprint: Mapping[str, str] = {
        "model": "stub", "weights": "none", "architecture": "none", "runtime": "none",
        "preprocessing": "none", "text_processing": "none",
    }  # fmt: skip

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([_axis(text == "scratch") for text in texts])

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return np.stack([_axis(image[0, 0, 0] == 255) for image in images])


def _axis(scratched: bool) -> Vectors:
    return np.array([0, 1] if scratched else [1, 0], np.float32)


class MemoryCamera:
    """`ports.Camera`: frames of 1280 x 1024, one after another, from memory."""

    def __init__(self, clock: Clock) -> None:
        rng = np.random.default_rng(0)
        self._clock = clock
        self._frames = [_part(rng) for _ in range(FRAMES)]
        self._frames[0][0, 0, 0] = 255

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        index = trigger.part.number % FRAMES
        return Frame(self._frames[index], self._clock.utc(), f"{'good' if index else 'scratch'}/{index}")

    def close(self) -> None:
        """Nothing is held open."""


def _part(rng: np.random.Generator) -> Pixels:
    """Light that falls off to the edges, and a sensor's noise: JPEG takes as long for it as for a real picture."""
    rows, columns = np.mgrid[0:1024, 0:1280]
    light = 120 + 80 * np.exp(-((columns - 640) ** 2 + (rows - 512) ** 2) / 2e5)
    return np.asarray(np.clip(light[..., None] + rng.normal(0, 3, (1024, 1280, 3)), 0, 254), np.uint8)


def write_site(folder: Path, durability: str, log: str = "{merge: false}") -> Site:
    """The line's configuration and a calibration that tells good from scratched. `log`: as in a line's file."""
    files = {f"lines/{NAME}.yaml": LINE.format(durability=durability, log=log), f"recipes/{NAME}.yaml": RECIPE}
    (folder / "unused").mkdir(parents=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    site = load_site(folder)
    calibrate(site, NAME, StubEncoder(), Threshold(0.0, -10.0, 1.0))
    return site


def calibrate(site: Site, line_name: str, encoder: Encoder, threshold: Threshold) -> None:
    """Write a calibration by hand, with this threshold for `scratch`."""
    line = site.line(line_name)
    recipe = site.recipe(line.recipe)
    calibration = Calibration(
        line=line_name,
        recipe=recipe.name,
        recipe_id=recipe.content_id(),
        by="bench",
        created_utc=datetime(2026, 1, 1, tzinfo=UTC),
        false_reject=0.05,
        standardised_on=1,
        ranked_on=1,
        rank=1,
        thresholds={"scratch": threshold},
        fingerprint=fingerprint(encoder, recipe, line),
        good=SampleSet("none", 1, "0" * 64),
        defects={},
    )
    path = calibration_path(site, line_name)
    path.parent.mkdir()
    path.write_text(calibration.to_json())
