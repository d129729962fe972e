"""Whether the bytes of a picture file are whole, told from how each format is built.

Decoders let much of this pass without a word: a JPEG that ends early, a PNG whose checksums do not fit, a TIFF with
a second page. Pure functions, bytes in.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
"""By Pillow's names."""

_AFTER_END = "something follows the end of the picture: two files in one, or one that was cut short when overwritten"
_CUT_OFF = "it is cut off"

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"}
_PNG_CHUNKS = 50_000
_JPEG_SCANS = 32
_JPEG_SEGMENTS = 1000
_JPEG_FILL_BYTES = 64
_AFTER_FILL = re.compile(rb"[^\xff]")
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in coded data: neither a stuffed byte nor a restart
_WEBP_CHUNKS = 1000
_SEVERAL = "it holds several pictures; a part has one"
_TIFF_TAGS = 200
_TIFF_TAG_BYTES = 1_000_000
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BMP_BITS = (1, 4, 8, 16, 24, 32)


class Unusable(Exception):
    """The file is not whole, or nothing that a part's picture can be; the text says why."""


def checked(data: bytes) -> bytes:
    """The file's bytes without what no picture needs. Raises Unusable."""
    check = next((check for start, check in _CHECKS.items() if data.startswith(start)), None)
    if check is None:
        raise Unusable("not a picture; save it as JPEG or PNG")
    try:
        return check(data)
    except (struct.error, IndexError) as error:  # it ends within a field
        raise Unusable(_CUT_OFF) from error


def is_progressive(data: bytes) -> bool:
    """Whether a JPEG is decoded as a whole, which takes several times the memory."""
    before_pixels = takewhile(lambda marker: marker != 0xDA, (marker for marker, _ in _jpeg_segments(data)))
    return 0xC2 in before_pixels


def _check_jpeg(data: bytes) -> bytes:
    scans = sum(marker == 0xDA for marker, _ in _jpeg_segments(data))
    if scans > _JPEG_SCANS:
        raise Unusable(f"it has {scans} scans, more than {_JPEG_SCANS}")
    return data


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of each segment up to the end marker, which must be there, and last."""
    at = 2
    for _ in range(_JPEG_SEGMENTS):
        if data[at] != 0xFF:
            raise Unusable("it is damaged: a marker is expected and is not there")
        found = _AFTER_FILL.search(data, at)
        if found is None:
            raise Unusable(_CUT_OFF)
        fill_bytes, at, marker = found.start() - 1 - at, found.start() - 1, found[0][0]
        if fill_bytes > _JPEG_FILL_BYTES:
            raise Unusable(f"it is damaged: {fill_bytes} fill bytes before a marker")
        if marker == 0xD9:
            _nothing_after(data, at + 2)
            return
        yield marker, at
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + length
        if marker == 0xDA:
            found = _MARKER.search(data, at)
            if found is None:
                raise Unusable(f"{_CUT_OFF}: the end marker is missing")
            at = found.start()
    raise Unusable(f"it has more than {_JPEG_SEGMENTS} segments")


def _nothing_after(data: bytes, end: int) -> None:
    """Some cameras fill the last block up with zeros; anything else is another file's."""
    if data[end:].strip(b"\0"):
        raise Unusable(_AFTER_END)


def _check_png(data: bytes) -> bytes:
    at, kept, count, kind = len(_PNG_START), [_PNG_START], 0, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != crc:
            raise Unusable("it is damaged: a checksum does not fit")
        if kind == b"IHDR" and data[at + 16] > 8:
            raise Unusable(_deep(data[at + 16]))
        if kind == b"acTL":
            raise Unusable(_SEVERAL)
        if kind in _PNG_NEEDED:
            kept.append(data[at:end])
        at, count = end, count + 1
        if count > _PNG_CHUNKS:
            raise Unusable(f"it has more than {_PNG_CHUNKS} chunks")
    _nothing_after(data, at)
    return data if len(kept) == count + 1 else b"".join(kept)


def _deep(bits: int) -> str:
    return f"{bits} bits a channel would be cut to 8; save it with 8 bits a channel"


def _check_webp(data: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", data, 4)
    if len(data) < length + 8:
        raise Unusable(_CUT_OFF)
    _nothing_after(data, length + 8)
    at, count = 12, 0
    while at < length + 8:
        count += 1
        if count > _WEBP_CHUNKS:
            raise Unusable(f"it has more than {_WEBP_CHUNKS} chunks")
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"ANIM":
            raise Unusable(_SEVERAL)
        at += 8 + size + size % 2
    return data


def _check_bmp(data: bytes) -> bytes:
    offset, header, width, height, _, bits, packing = struct.unpack_from("<IIiiHHI", data, 10)
    if header < 40 or width <= 0 or bits not in _BMP_BITS or packing not in (0, 3):
        raise Unusable("it is damaged, or packed; save it as PNG")
    end = offset + (width * bits + 31) // 32 * 4 * abs(height)
    if len(data) < end:
        raise Unusable(f"{_CUT_OFF}: {len(data)} bytes of {end}")
    if len(data) > end + 3:
        raise Unusable(_AFTER_END)
    return data


def _check_tiff(data: bytes) -> bytes:
    order = "<" if data[:2] == b"II" else ">"
    version, start = struct.unpack_from(f"{order}HI", data, 2)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    if version != 42 or count > _TIFF_TAGS:
        raise Unusable("it is damaged, or a BigTIFF; save it as PNG")
    tags: dict[int, tuple[int, ...]] = {}
    for index in range(count):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, start + 2 + 12 * index)
        tags[tag] = _tiff_values(data, order, start + 10 + 12 * index, kind, values)
    if struct.unpack_from(f"{order}I", data, start + 2 + 12 * count)[0]:
        raise Unusable(_SEVERAL)
    _check_strips(data, tags)
    return data


def _tiff_values(data: bytes, order: str, at: int, kind: int, count: int) -> tuple[int, ...]:
    """The whole numbers of a tag; nothing of one of another type."""
    length = _TIFF_SIZES.get(kind, 1) * count
    if length > _TIFF_TAG_BYTES:
        raise Unusable(f"it is damaged: a tag of {length} bytes")
    if length > 4:
        (at,) = struct.unpack_from(f"{order}I", data, at)
    if at + length > len(data):
        raise Unusable(_CUT_OFF)
    code = {1: "B", 3: "H", 4: "I"}.get(kind)
    return struct.unpack_from(f"{order}{count}{code}", data, at) if code else ()


def _check_strips(data: bytes, tags: Mapping[int, tuple[int, ...]]) -> None:
    """All of the picture is in the file, and 8 bits a channel deep."""
    width, height, bits = tags.get(256, (0,))[0], tags.get(257, (0,))[0], tags.get(258, (1,))
    offsets, lengths = tags.get(273, ()), tags.get(279, ())
    if max(bits, default=1) > 8:
        raise Unusable(_deep(max(bits)))
    if not offsets or len(offsets) != len(lengths) or 322 in tags:
        raise Unusable("it is damaged, or in tiles; save it as PNG")
    if any(offset + length > len(data) for offset, length in zip(offsets, lengths, strict=True)):
        raise Unusable(_CUT_OFF)
    row = (width * tags.get(277, (1,))[0] * bits[0] + 7) // 8
    if tags.get(259, (1,))[0] == 1 and sum(lengths) != row * height:
        raise Unusable(f"it is damaged: {sum(lengths)} bytes of pixels for {width} x {height}")


_CHECKS: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"\xff\xd8\xff": _check_jpeg,
    _PNG_START: _check_png,
    b"RIFF": _check_webp,
    b"BM": _check_bmp,
    b"II": _check_tiff,
    b"MM": _check_tiff,
}
