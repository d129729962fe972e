"""Plots as SVG within a page: numbers in, text out. Colours and type are the page's (calibration_report.css)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 560, 58, 26, 12, 46
_WIDE, _ROOM_FOR_NAMES, _LINE_PX = 860, 168, 17

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, with a label that has the unit. `is_share`: told in percent."""

    label: str
    low: float
    high: float
    is_share: bool = False

    def ticks(self) -> list[float]:
        """Some five round numbers."""
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4))
        step = next(step * by for by in (1, 2, 5, 10) if (self.high - self.low) / (step * by) <= 6)
        first = math.ceil(self.low / step - 1e-9)
        return [index * step for index in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def text(self, value: float) -> str:
        """A tick's."""
        return f"{value:.0%}" if self.is_share else f"{abs(value) if abs(value) < 1e-9 else value:g}"


@dataclass(frozen=True, slots=True)
class Steps(Axis):
    """One step after the other, each with its name: `low` is the first one's number, `high` the last one's."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, label: str, names: Sequence[str]) -> Steps:
        """From 0 on."""
        return cls(label, 0, len(names) - 1, names=tuple(names))

    def ticks(self) -> list[float]:
        """All of them."""
        return [float(step) for step in range(len(self.names))]

    def text(self, value: float) -> str:
        """Its name."""
        return self.names[round(value)]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line, the band about it if it has one, and how it looks (a class of the page)."""

    name: str
    look: str
    points: Points
    band: tuple[Points, Points] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Where on the drawing a value is."""

    x: Axis
    y: Axis
    height: int
    width: int = WIDTH
    right: int = RIGHT

    def at(self, x: float, y: float) -> tuple[float, float]:
        """In the drawing's pixels; beyond an axis: at its end."""
        across = min(max((x - self.x.low) / (self.x.high - self.x.low), 0), 1)
        up = min(max((y - self.y.low) / (self.y.high - self.y.low), 0), 1)
        return LEFT + across * (self.width - LEFT - self.right), self.height - BOTTOM - up * (
            self.height - TOP - BOTTOM
        )

    def path(self, points: Points) -> str:
        """From point to point."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (self.at(*point) for point in points))

    def drawn(self, inside: str, title: str) -> str:
        """With its axes."""
        marks = []
        for value in self.x.ticks():
            x, y = self.at(value, self.y.low)
            marks.append(f'<path class=grid d="M{x:.1f} {TOP}V{y:.1f}"/>')
            marks.append(f'<text x="{x:.1f}" y="{y + 17:.1f}" text-anchor="middle">{self.x.text(value)}</text>')
        for value in self.y.ticks():
            x, y = self.at(self.x.low, value)
            marks.append(f'<path class=grid d="M{x:.1f} {y:.1f}H{self.width - self.right}"/>')
            shown = self.y.text(abs(value))
            marks.append(f'<text x="{x - 7:.1f}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>')
        middle = (self.height - BOTTOM + TOP) / 2
        return (
            f'<svg class=plot viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(title)}">'
            f"{''.join(marks)}{inside}"
            f'<text class=label x="{(self.width + LEFT - self.right) / 2}" y="{self.height - 8}" text-anchor="middle">'
            f"{escape(self.x.label)}</text>"
            f'<text class=label transform="translate(15 {middle}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y.label)}</text></svg>"
        )


def distributions(
    good: Sequence[float],
    bad: Sequence[float],
    limit: float | None,
    below: float,
    *,
    x: tuple[float, float],
    title: str,
    unit: str = "standard deviations of good parts (σ)",
    draws: int = 1,
) -> str:
    """Good parts above the line, defective ones below it; those beyond an end are counted in its last bar.

    `draws`: so often each part is there on average; a bar is as high as the parts of one draw.
    """
    bins = 36
    width = (x[1] - x[0]) / bins
    above, under = ([count / draws for count in _counts(values, x[0], width, bins)] for values in (good, bad))
    most = max(*above, 1)
    y = Axis("good ↑   parts   ↓ defective" if len(bad) else "good parts", -max(under) if len(bad) else 0, most)
    frame = Frame(Axis(unit, *x), y, 210 if len(bad) else 160)
    bars = []
    for counts, look, sign in ((above, "good", 1), (under, "bad", -1)):
        for index, count in enumerate(counts):
            if count:
                (left, top), (right, zero) = (
                    frame.at(x[0] + index * width, sign * count),
                    frame.at(x[0] + (index + 1) * width, 0),
                )
                bars.append(
                    f'<rect class={look} x="{left + 0.5:.1f}" y="{min(top, zero):.1f}" width="{right - left - 1:.1f}"'
                    f' height="{abs(zero - top):.1f}"><title>{count:g}</title></rect>'
                )
    band = ""
    if below and limit is not None:
        (start, top), (end, bottom) = frame.at(limit, y.high), frame.at(limit + below, y.low)
        band = (
            f'<rect class=review x="{start:.1f}" y="{top:.1f}" width="{end - start:.1f}" height="{bottom - top:.1f}"/>'
        )
    zero_line = frame.path([(x[0], 0), (x[1], 0)])
    line = ""
    if limit is not None:
        line = f'<path class=limit d="{frame.path([(limit, y.low), (limit, y.high)])}"/>'
    return frame.drawn(f'{band}{"".join(bars)}<path class=zero d="{zero_line}"/>{line}', title)


def curve(
    points: Points, band: tuple[Points, Points], chosen: tuple[float, float] | None, axes: tuple[str, str], title: str
) -> str:
    """A line of shares, the band about it, and the chosen point if there is one."""
    frame = Frame(Axis(axes[0], 0, 1, is_share=True), Axis(axes[1], 0, 1, is_share=True), 420)
    low, high = band
    point = '<circle class=chosen cx="{:.1f}" cy="{:.1f}" r="7"/>'.format(*frame.at(*chosen)) if chosen else ""
    return frame.drawn(
        f'<path class=band d="{frame.path([*low, *reversed(high)])}Z"/><path class=curve d="{frame.path(points)}"/>'
        f"{point}",
        title,
    )


def lines(
    named: Sequence[Line], x: Steps, y: Axis, level: tuple[str, float], marked: tuple[float, float] | None, title: str
) -> str:
    """Lines with their names at their ends, a named `level` across, and a ring about the point that is `marked`."""
    frame = Frame(x, y, height=460, width=_WIDE, right=_ROOM_FOR_NAMES)
    bands = [
        f'<path class="band {line.look}" d="{frame.path([*line.band[0], *reversed(line.band[1])])}Z"/>'
        for line in named
        if line.band
    ]
    drawn = []
    for line in named:
        spots = "".join('<circle cx="{:.1f}" cy="{:.1f}" r="3.5"/>'.format(*frame.at(*point)) for point in line.points)
        drawn.append(f'<g class="line {line.look}"><path d="{frame.path(line.points)}"/>{spots}</g>')
    name, height = level
    left, at_level = frame.at(x.low, height)
    across = (
        f'<path class=level d="{frame.path([(x.low, height), (x.high, height)])}"/>'
        f'<text class=label x="{left + 7:.1f}" y="{at_level - 6:.1f}">{escape(name)}</text>'
    )
    ring = '<circle class=ring cx="{:.1f}" cy="{:.1f}" r="9"/>'.format(*frame.at(*marked)) if marked else ""
    ends = [frame.at(*line.points[-1])[1] for line in named]
    names = "".join(
        f'<path class=lead d="M{_WIDE - _ROOM_FOR_NAMES + 5} {end:.1f}L{_WIDE - _ROOM_FOR_NAMES + 16} {at:.1f}"/>'
        f'<text class="name {line.look}" x="{_WIDE - _ROOM_FOR_NAMES + 20}" y="{at + 4:.1f}">{escape(line.name)}</text>'
        for line, end, at in zip(named, ends, _apart(ends, TOP + 4, frame.height - BOTTOM - 4), strict=True)
    )
    return frame.drawn(f"{''.join(bands)}{across}{''.join(drawn)}{ring}{names}", title)


def _apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Heights near those wanted, in their order, a line of text apart."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    found = list(wanted)
    for above, at in zip([None, *order], order, strict=False):
        found[at] = max(found[at], top if above is None else found[above] + _LINE_PX)
    for below, at in zip([None, *reversed(order)], reversed(order), strict=False):
        found[at] = min(found[at], bottom if below is None else found[below] - _LINE_PX)
    return found


def _counts(values: Sequence[float], low: float, width: float, bins: int) -> list[int]:
    counts = [0] * bins
    for value in values:
        counts[min(max(int((value - low) / width), 0), bins - 1)] += 1
    return counts
