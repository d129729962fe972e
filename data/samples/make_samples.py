"""Make the sample parts of three lines: steel hex nuts, circuit boards, moulded caps. And say how hard they are.

    python data/samples/make_samples.py [--out data/samples]

Deterministic: the same command writes the same files. No seed here is ever used in training or in its exams.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from inspection.synthesis.render import Line, Rendered, render

SIZE_PX = 256
JPEG_QUALITY = 92
FIRST_SEED = 2 * 10**15
SEEDS_A_LINE = 10**6
LEAST_AREA, LEAST_CONTRAST = 0.006, 0.18
"""Share of the picture and difference from the clean part, 0 to 1: what a person sees at a glance."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures of one folder and label ("good" or a kind of defect)."""

    folder: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Samples:
    """One line's parts. Seeds run on from batch to batch, so a new batch goes last and changes no picture."""

    line: Line
    batches: tuple[Batch, ...]


def _batches(kinds: tuple[str, ...], good: tuple[int, int], bad: tuple[int, int]) -> tuple[Batch, ...]:
    """`good` and `bad` (of each kind): how many calibrate, and how many the line shows."""
    return tuple(
        Batch(folder, label, count)
        for folder, good_count, bad_count in zip(("calibration", "line"), good, bad, strict=True)
        for label, count in [("good", good_count), *((kind, bad_count) for kind in kinds)]
    )


LINES = {
    "hex_nut": Samples(
        Line("hex nut", FIRST_SEED + 6, material="steel"),
        _batches(("scratch", "dent", "crack", "chip", "stain"), good=(140, 160), bad=(8, 16)),
    ),
    "board": Samples(
        Line("board", FIRST_SEED + 2),
        _batches(("scratch", "crack", "chip", "stain", "missing feature"), good=(40, 20), bad=(3, 3)),
    ),
    "moulded_cap": Samples(
        Line("moulded cap", FIRST_SEED + 9),
        _batches(("scratch", "crack", "chip", "deformation", "discolouration"), good=(40, 20), bad=(3, 3)),
    ),
}


@dataclass(slots=True)
class Seen:
    """The defects of one kind, as they were kept, and how many were passed over as too faint or too small."""

    areas: list[float]
    contrasts: list[float]
    passed_over: int = 0


def render_fair(line: Line, kind: str | None, seeds: Iterator[int], seen: Seen) -> Rendered:
    """The next part, or the next with a defect that a person finds."""
    while True:
        part = render(next(seeds), kind=kind, size_px=SIZE_PX, line=line)
        told = part.attributes
        if kind is None or (told.area >= LEAST_AREA and told.contrast >= LEAST_CONTRAST):
            seen.areas.append(told.area)
            seen.contrasts.append(told.contrast)
            return part
        seen.passed_over += 1


def make(name: str, out: Path) -> dict[str, Seen]:
    """Write one line's pictures, and the masks of the defects that the line shows; what the defects are like.

    The line's folder is made anew.
    """
    samples = LINES[name]
    seeds = iter(range(first_seed(name), first_seed(name) + SEEDS_A_LINE))
    seen: dict[str, Seen] = {}
    shutil.rmtree(out / name, ignore_errors=True)
    for batch in samples.batches:
        kind = None if batch.label == "good" else batch.label
        folder, masks = out / name / batch.folder / batch.label, out / name / "masks" / batch.label
        folder.mkdir(parents=True)
        for number in range(batch.count):
            part = render_fair(samples.line, kind, seeds, seen.setdefault(batch.label, Seen([], [])))
            Image.fromarray(part.pixels).save(folder / f"{number:03}.jpg", "JPEG", quality=JPEG_QUALITY)
            if kind is not None and batch.folder == "line":
                masks.mkdir(parents=True, exist_ok=True)
                Image.fromarray(part.mask).save(masks / f"{number:03}.png", optimize=True)
    return seen


def first_seed(name: str) -> int:
    """Of a line's pictures; its first ones are good parts that calibrate."""
    return FIRST_SEED + list(LINES).index(name) * SEEDS_A_LINE


README = """\
# Sample parts

Three lines, each one design under one camera over one belt: {lines}.
Good parts and five kinds of defect each, rendered by `inspection.synthesis`, no photographs. Training never saw these
parts or their designs. {total} pictures of {size} x {size} pixels. Licence: Apache-2.0, our own renders. Made, with
this page, by

    python data/samples/make_samples.py

`calibration/` sets thresholds, `line/` is what the line's camera shows; they share no picture. `masks/KIND/000.png` is
where the defect of `line/KIND/000.jpg` is: one bit a pixel, set where the part differs visibly from its own clean twin.

## How hard they are

Area: share of the picture that the defect covers, percent. Contrast: how much it differs there from the clean part,
mean over the mask, percent of full scale. Lowest, median and highest of the pictures that are here. A defect of less
than {area:.2%} of the picture or {contrast:.0%} contrast was passed over for the next one, as often as the last column
says; no part was left out for any other reason. A person also sees 0.25% and 15%: there this is to go back to when the
bundled model is better, as too many of such defects escape it today. A missing feature is the same one in every picture
of a line.

| line | defect | pictures | area % | contrast % | passed over |
|---|---|---|---|---|---|
{rows}
"""


def describe(by_line: dict[str, dict[str, Seen]]) -> str:
    """The README: what there is, and the range of areas and contrasts of each kind of defect."""
    rows, lines, total = [], [], 0
    for name, seen in by_line.items():
        count = sum(len(of_kind.areas) for of_kind in seen.values())
        lines.append(f"{LINES[name].line.family}s ({count})")
        total += count
        for kind, of_kind in seen.items():
            if kind != "good":
                area, contrast = _range(of_kind.areas, 2), _range(of_kind.contrasts, 0)
                rows.append(f"| {name} | {kind} | {len(of_kind.areas)} | {area} | {contrast} | {of_kind.passed_over} |")
    return README.format(
        lines=", ".join(lines),
        total=total,
        size=SIZE_PX,
        area=LEAST_AREA,
        contrast=LEAST_CONTRAST,
        rows="\n".join(rows),
    )


def _range(shares: list[float], digits: int) -> str:
    return " · ".join(f"{100 * value:.{digits}f}" for value in (min(shares), float(np.median(shares)), max(shares)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where the lines' folders go")
    out = parser.parse_args().out
    text = describe({name: make(name, out) for name in LINES})
    (out / "README.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
