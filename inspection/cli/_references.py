"""What references are fitted on and compared by: places where the model has them, else pictures as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.domain.errors import ModelError

if TYPE_CHECKING:
    from inspection.domain.ports import Encoder, PlacesEncoder
    from inspection.domain.types import Vectors
    from inspection.scoring.region import Region


def places_encoder(encoder: Encoder) -> PlacesEncoder | None:
    """The same one, if it has places."""
    from inspection.domain.ports import PlacesEncoder

    if not isinstance(encoder, PlacesEncoder):
        return None
    try:
        encoder.embed_places([])  # every ClipEncoder has the method, and not every model of one a map
    except ModelError:
        return None
    return encoder


def features_of(
    encoder: Encoder, region: Region, folders: Sequence[tuple[Sequence[Path], Vectors]], *, what: str
) -> list[Vectors]:
    """Of each folder, its picture files and their embeddings (n, D): these, or the files' places (n, h, w, C).

    Raises CameraError where a picture has gone.
    """
    from inspection.cli._samples import places_of

    with_places = places_encoder(encoder)
    if with_places is None:
        return [embeddings for _, embeddings in folders]
    return [places_of(files, with_places, region, what=f"{what}, places") for files, _ in folders]
