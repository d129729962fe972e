"""Where on a picture one description fits best, with a heat map: from the model's maps of cells, or from tiles alone.

One view after the other is embedded, so that a part, which goes first, never waits for more than one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspection.domain.errors import ScoringError
from inspection.domain.ports import DenseEncoder, Encoder, PlacesEncoder
from inspection.domain.types import OF_NO_DESCRIPTION, Box, HeatMap, Located, Pixels
from inspection.scoring.head import Held, good_in
from inspection.scoring.maps import defect_map
from inspection.scoring.prototypes import Prototypes
from inspection.scoring.references import PlaceBank
from inspection.scoring.region import Region
from inspection.scoring.scorer import score

Map = npt.NDArray[np.float32]

_CELLS_A_WINDOW = 4  # along a side of the smallest: windows overlap by fractions of themselves
_HEIGHT = 0.5  # of the peak over the map's median
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Locator:
    """For one recipe. With tiles the map is the mean of those of all views that show a place, and as much finer."""

    def __init__(
        self, encoder: DenseEncoder, prototypes: Prototypes, region: Region, references: Held | None = None
    ) -> None:
        self._encoder = encoder
        self._prototypes = prototypes
        self._region = region
        self._good = good_in(references) if references is not None else None

    def __call__(self, pixels: Pixels, name: str) -> Located | None:
        """RGB uint8 (H, W, 3) and the name of a score. Takes as long as scoring the picture. Of a score
        without words it is where the picture is least like good parts; None where those are compared as a whole.

        Raises ScoringError if the map is not finite, ModelError where the model has none.
        """
        heat_map = self._unlike(pixels) if name in OF_NO_DESCRIPTION else self.heat_map(pixels, name)
        return None if heat_map is None else Located(within(heat_map.box, hottest(heat_map.values)), heat_map)

    def heat_map(self, pixels: Pixels, description: str | None) -> HeatMap:
        """What the box is drawn around. `description`: None for the largest of all, place by place. Raises as above."""
        views, is_seen = self._region.views(pixels)
        boxes = (_WHOLE, *self._region.tiles.boxes)
        seen = [(box, view) for box, view, shows in zip(boxes, views, is_seen, strict=True) if shows]
        maps = [self._map(view, description) for _, view in seen]
        finer = max(self._region.tiles.grids, default=1)
        rows, columns = (side * finer for side in maps[0].shape)
        return _on_the_frame(_together([box for box, _ in seen], maps, rows, columns), self._region, pixels)

    def _unlike(self, pixels: Pixels) -> HeatMap | None:
        """How far each place is from good parts, where references are compared place by place."""
        if not isinstance(self._good, PlaceBank) or not isinstance(self._encoder, PlacesEncoder):
            return None
        _, places = self._encoder.embed_with_places([self._region.crop(pixels)])
        return _on_the_frame(np.asarray(self._good.maps(places)[0], np.float32), self._region, pixels)

    def _map(self, view: Pixels, description: str | None) -> Map:
        cells = self._encoder.embed_cells([view])[0]
        values = np.float32(self._encoder.logit_scale) * defect_map(cells, self._prototypes, description)
        if not np.isfinite(values).all():
            raise ScoringError("a heat map is not finite; check the model with 'inspection doctor'")
        return values


class TileLocator:
    """The same with a model that has no map, for a recipe with tiles: the region is the window that scores highest, the
    heat map at each place the mean of the windows that show it, as WinCLIP's (Jeong et al. 2023, section 4.2)."""

    def __init__(self, encoder: Encoder, prototypes: Prototypes, region: Region) -> None:
        """Raises ValueError of a region without tiles."""
        if not region.tiles.grids:
            raise ValueError("a region without tiles")
        self._encoder = encoder
        self._prototypes = prototypes
        self._region = region

    def __call__(self, pixels: Pixels, name: str) -> Located | None:
        """RGB uint8 (H, W, 3) and the name of a score; None where it is of no description. Raises ScoringError if a
        score is not finite."""
        if name in OF_NO_DESCRIPTION:
            return None
        (_, *windows), is_seen = self._region.views(pixels)
        seen = [
            (box, window)
            for box, window, shows in zip(self._region.tiles.boxes, windows, is_seen[1:], strict=True)
            if shows
        ]
        embeddings = np.concatenate([self._encoder.embed_images([window]) for _, window in seen])
        place = self._prototypes.names.index(name)
        scores = score(embeddings, self._prototypes, self._encoder.logit_scale)[:, place].astype(np.float32)
        boxes = [box for box, _ in seen]
        side = _CELLS_A_WINDOW * max(self._region.tiles.grids)
        values = _together(boxes, [np.full((1, 1), each) for each in scores], side, side)
        heat_map = _on_the_frame(values, self._region, pixels)
        return Located(within(heat_map.box, boxes[int(scores.argmax())]), heat_map)


def _together(boxes: Sequence[Box], maps: Sequence[Map], rows: int, columns: int) -> Map:
    """At each of rows x columns places the mean of the maps (h, w) whose boxes have it, between their cells bilinear;
    where there is none, the least."""
    total, count = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for box, values in zip(boxes, maps, strict=True):
        down = _span(box.top, box.height, rows)
        across = _span(box.left, box.width, columns)
        size = (across.stop - across.start, down.stop - down.start)
        total[down, across] += np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
        count[down, across] += 1
    mean: Map = (total / np.maximum(count, 1)).astype(np.float32)
    return np.where(count > 0, mean, mean[count > 0].min())


def _span(start: float, length: float, most: int) -> slice:
    return slice(int(start * most + 1e-6), min(most, int(np.ceil((start + length) * most - 1e-6))))


def _on_the_frame(values: Map, region: Region, pixels: Pixels) -> HeatMap:
    """What is beside the region is no defect, whatever the model makes of the grey there."""
    height, width = pixels.shape[:2]
    rows, columns = values.shape
    is_seen = region.cells(rows, columns, height, width)
    inside = np.where(is_seen, values, values[is_seen].min()) if is_seen.any() else values
    return HeatMap(inside, region.box_on(pixels))


def hottest(values: npt.NDArray[np.float32]) -> Box:
    """The box of the hottest spot of a map (h, w), in fractions of it: of the cells that hang together with the
    largest (by their edges) and are above the middle between it and the median, as a peak's width is taken at half
    its height."""
    median = float(np.median(values))
    is_hot = values >= median + _HEIGHT * (float(values.max()) - median)
    first = np.unravel_index(int(values.argmax()), values.shape)
    spot = np.zeros_like(is_hot)
    spot[first] = True
    while True:
        grown = spot.copy()
        grown[1:] |= spot[:-1]
        grown[:-1] |= spot[1:]
        grown[:, 1:] |= spot[:, :-1]
        grown[:, :-1] |= spot[:, 1:]
        grown &= is_hot
        if (grown == spot).all():
            break
        spot = grown
    rows, columns = (np.flatnonzero(spot.any(axis=axis)) for axis in (1, 0))
    height, width = values.shape
    return Box(
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1 - columns[0]) / width),
        float((rows[-1] + 1 - rows[0]) / height),
    )


def within(outer: Box, inner: Box) -> Box:
    """`inner`, in fractions of `outer`, in fractions of what `outer` is of."""
    return Box(
        outer.left + inner.left * outer.width,
        outer.top + inner.top * outer.height,
        inner.width * outer.width,
        inner.height * outer.height,
    )
