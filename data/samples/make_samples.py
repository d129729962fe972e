"""Make the sample parts of the demo line: steel hex nuts under one camera over one belt.

    python data/samples/make_samples.py [--out data/samples]

Deterministic: the same command writes the same files. No seed here is ever used in training or in its exams.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from inspection.synthesis.render import Line, Rendered, render

LINE = Line(family="hex nut", design_seed=4, material="steel")
KINDS = ("scratch", "dent", "crack", "chip", "stain")
SIZE_PX = 256
JPEG_QUALITY = 92
FIRST_SEED = 2 * 10**15
LEAST_AREA, LEAST_CONTRAST = 0.0025, 0.15
"""Share of the picture and difference from the clean part, 0 to 1: what a person sees at a second glance."""

BATCHES: tuple[tuple[str, str, int], ...] = (
    ("calibration", "good", 120),
    *(("calibration", kind, 8) for kind in KINDS),
    ("line", "good", 160),
    *(("line", kind, 16) for kind in KINDS),
    ("calibration", "good", 120),
)
"""Folder, label, count. Seeds run on from batch to batch, so a new batch goes last and changes no picture."""


def parts(kind: str | None, seeds: Iterator[int], count: int) -> Iterator[Rendered]:
    """`count` parts; a defect too faint or too small to be fair is passed over for the next seed."""
    while count:
        part = render(next(seeds), kind=kind, size_px=SIZE_PX, line=LINE)
        seen = part.attributes
        if kind is None or (seen.area >= LEAST_AREA and seen.contrast >= LEAST_CONTRAST):
            count -= 1
            yield part


def make(out: Path) -> int:
    """Write all pictures under `out`/hex_nut; how many."""
    seeds = iter(range(FIRST_SEED, FIRST_SEED + 10**6))
    written: Counter[Path] = Counter()
    for part_of_line, label, count in BATCHES:
        folder = out / "hex_nut" / part_of_line / label
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts(None if label == "good" else label, seeds, count):
            Image.fromarray(part.pixels).save(folder / f"{written[folder]:03}.jpg", "JPEG", quality=JPEG_QUALITY)
            written[folder] += 1
    return written.total()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder that hex_nut goes into")
    sys.stdout.write(f"{make(parser.parse_args().out)} pictures\n")


if __name__ == "__main__":
    main()
