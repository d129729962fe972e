"""Drawing a fair sample of the parts of a line: by their number alone, whatever is judged of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.domain.types import PartId

_DIGITS = 8


def is_drawn(part: PartId, share: float) -> bool:
    """Whether the part is of the share (0 to 1) that is drawn. A smaller share is part of a larger one.

    A part that is drawn is so before it is judged, and whoever asks again later gets the same answer. By SHA-256: of a
    checksum, such as a CRC, the values of numbers in a row are related, and of a tool with four cavities one was drawn
    twice as often as the others.
    """
    return hashlib.sha256(str(part).encode()).hexdigest()[:_DIGITS] < drawn_below(share)


def drawn_below(share: float) -> str:
    """The same as text: a part is drawn if the SHA-256 of `EPOCH-NUMBER` in hexadecimal sorts before this. So that SQL
    can ask: `sha256(epoch || '-' || number) < '…'`."""
    limit = round(share * 16**_DIGITS)
    return "g" if limit >= 16**_DIGITS else f"{limit:0{_DIGITS}x}"
