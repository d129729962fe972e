"""Where on a picture one description fits best, with a heat map: from the model's map of cells, or from tiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.ports import DenseEncoder, Encoder, PlacesEncoder
from inspection.domain.types import UNLIKE_GOOD_PARTS, Box, HeatMap, Located, Pixels
from inspection.scoring.maps import defect_map
from inspection.scoring.prototypes import Prototypes
from inspection.scoring.references import Bank, PlaceBank
from inspection.scoring.region import Region
from inspection.scoring.scorer import score
from inspection.scoring.tiles import Tiles

_CELLS_A_WINDOW = 4  # along a side of the smallest: windows overlap by fractions of themselves
_HEIGHT = 0.5  # of the peak over the map's median


class Locator:
    """For one recipe. Looks at the region of interest as a whole."""

    def __init__(
        self, encoder: DenseEncoder, prototypes: Prototypes, region: Region, references: Bank | None = None
    ) -> None:
        self._encoder = encoder
        self._prototypes = prototypes
        self._region = region
        self._references = references

    def __call__(self, pixels: Pixels, name: str) -> Located | None:
        """RGB uint8 (H, W, 3) and the name of a score. Takes as long as scoring one more picture. None where it is how
        unlike good parts the picture is as a whole.

        Raises ScoringError if the map is not finite, ModelError where the model has none.
        """
        size = pixels.shape[:2]
        values = self._values(self._region.crop(pixels), name)
        if values is None:
            return None
        if not np.isfinite(values).all():
            raise ScoringError("a heat map is not finite; check the model with 'inspection doctor'")
        heat_map = HeatMap(_inside(values, self._region, *size), self._region.box(*size))
        return Located(within(heat_map.box, hottest(heat_map.values)), heat_map)

    def _values(self, picture: Pixels, name: str) -> npt.NDArray[np.float32] | None:
        if name != UNLIKE_GOOD_PARTS:
            cells = self._encoder.embed_cells([picture])[0]
            scale = np.float32(self._encoder.logit_scale)
            margins: npt.NDArray[np.float32] = scale * defect_map(cells, self._prototypes, name)
            return margins
        if isinstance(self._references, PlaceBank) and isinstance(self._encoder, PlacesEncoder):
            return np.asarray(self._references.maps(self._encoder.embed_places([picture]))[0], np.float32)
        return None


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
        """RGB uint8 (H, W, 3) and the name of a score; None where it is of no description. One picture after the other
        is embedded, so that who shares the model never waits for more than one. Raises ScoringError if a score is not
        finite."""
        if name == UNLIKE_GOOD_PARTS:
            return None
        size, tiles = pixels.shape[:2], self._region.tiles
        (_, *windows), is_seen = self._region.views(pixels)
        embeddings = np.concatenate([self._encoder.embed_images([window]) for window in windows])
        place = self._prototypes.names.index(name)
        scores = score(embeddings, self._prototypes, self._encoder.logit_scale)[:, place]
        scores = np.where(is_seen[1:], scores, scores.min())
        box = self._region.box(*size)
        values = _inside(_mean_of_windows(tiles, scores), self._region, *size)
        return Located(within(box, tiles.boxes[int(scores.argmax())]), HeatMap(values, box))


def _mean_of_windows(tiles: Tiles, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    side = _CELLS_A_WINDOW * max(tiles.grids)
    middles = (np.arange(side) + 0.5) / side
    total, count = np.zeros((side, side)), np.zeros((side, side))
    for box, value in zip(tiles.boxes, scores, strict=True):
        rows = (middles >= box.top) & (middles < box.top + box.height)
        columns = (middles >= box.left) & (middles < box.left + box.width)
        total[np.ix_(rows, columns)] += value
        count[np.ix_(rows, columns)] += 1
    return (total / count).astype(np.float32)


def _inside(values: npt.NDArray[np.float32], region: Region, height: int, width: int) -> npt.NDArray[np.float32]:
    """What is beside the region is no defect, whatever the model makes of the grey there."""
    rows, columns = values.shape
    is_seen = region.cells(rows, columns, height, width)
    if not is_seen.any():
        return values
    return np.where(is_seen, values, values[is_seen].min())


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
