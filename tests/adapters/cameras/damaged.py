"""Some 500 picture files as a line may bring them: whole, cut off, flipped, oversized, odd. The same each time.

python -m tests.adapters.cameras.damaged FOLDER reads them all and tells what came of each, in a process of its own.
"""

from __future__ import annotations

import io
import json
import random
import re
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inspection import resources
from inspection.adapters.cameras.images import read_image
from inspection.domain.errors import CameraError
from inspection.domain.types import Pixels

SEED = 20
LOSSY_MEAN = 3.0  # grey levels that a JPEG or WebP may be off on average


@dataclass(frozen=True)
class Case:
    """`want`: "read" (as `pixels`), "refused", "sound" (refused, or read as `pixels`), "any" (no crash, in bounds)."""

    name: str
    data: bytes
    want: str
    pixels: Pixels | None = None


ENCODINGS: dict[str, dict[str, Any]] = {
    "base.jpg": {"format": "JPEG", "quality": 92, "subsampling": 0},
    "small.jpg": {"format": "JPEG", "quality": 85},
    "progressive.jpg": {"format": "JPEG", "quality": 92, "subsampling": 0, "progressive": True},
    "restart.jpg": {"format": "JPEG", "quality": 92, "subsampling": 0, "restart_marker_rows": 1},
    "plain.png": {"format": "PNG"},
    "plain.bmp": {"format": "BMP"},
    "raw.tif": {"format": "TIFF"},
    "lzw.tif": {"format": "TIFF", "compression": "tiff_lzw"},
    "deflate.tif": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    "lossy.webp": {"format": "WEBP", "quality": 90},
    "lossless.webp": {"format": "WEBP", "lossless": True},
}
CHECKED = ("plain.png",)  # a checksum over every byte


def saved(picture: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, **options)
    return file.getvalue()


def part() -> Image.Image:
    """A sample part, 320 x 240."""
    with Image.open(resources.samples_dir() / "hex_nut" / "line" / "good" / "052.jpg") as picture:
        return picture.convert("RGB").resize((320, 240))


def cases() -> Iterator[Case]:
    picture = part()
    pixels = np.asarray(picture)
    whole = {name: saved(picture, **options) for name, options in ENCODINGS.items()}
    for name, data in whole.items():
        yield Case(f"whole-{name}", data, "read", pixels)
        yield from _cut(name, data)
        yield from _flipped(name, data, pixels)
        half = data[: len(data) // 2]
        undetected = name in ("plain.bmp", "raw.tif", "lossy.webp", "lossless.webp")  # nothing in them tells
        yield Case(f"zeros-follow-{name}", half.ljust(len(data), b"\0"), "any" if undetected else "refused")
        yield Case(f"two-in-one-{name}", data + data, "refused" if not name.endswith(".tif") else "any")
    yield from _wrong_names(whole, pixels)
    yield from _nothing(whole)
    yield from _oversized(whole)
    yield from _endless(whole)
    yield from _modes(picture)
    yield from _turned(picture)
    yield from _several(picture)


def _cut(name: str, data: bytes) -> Iterator[Case]:
    lengths = {len(data) * percent // 100 for percent in range(4, 100, 5)} | {len(data) - 1, len(data) - 2}
    for length in sorted(lengths):
        yield Case(f"cut-{length:06}-{name}", data[:length], "refused")


def _flipped(name: str, data: bytes, pixels: Pixels) -> Iterator[Case]:
    chance = random.Random(f"{SEED} {name}")
    for number in range(12):
        damaged = bytearray(data)
        for _ in range(1 + number % 3):
            damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        yield Case(f"flipped-{number:02}-{name}", bytes(damaged), "sound" if name in CHECKED else "any", pixels)


def _wrong_names(whole: dict[str, bytes], pixels: Pixels) -> Iterator[Case]:
    suffixes = [".png", ".jpg", ".tif"]
    for index, (name, data) in enumerate(whole.items()):
        yield Case(f"is-{name}{suffixes[index % 3]}", data, "read", pixels)
    others = {"text": b"no picture\n" * 50, "xml": b"<?xml version='1.0'?><part/>", "zip": b"PK\3\4" + bytes(500),
              "pdf": b"%PDF-1.7\n" + bytes(500), "html": b"<html>530 Login incorrect</html>"}  # fmt: skip
    for kind, data in others.items():
        yield Case(f"{kind}.jpg", data, "refused")
    starts = {"jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "bmp": b"BM", "tif": b"II*\0", "webp": b"RIFF"}
    for suffix, start in starts.items():
        for number in range(5):
            noise = random.Random(f"{SEED} {suffix} {number}").randbytes(20_000)
            yield Case(f"noise-{number}.{suffix}", start + noise, "refused")


def _nothing(whole: dict[str, bytes]) -> Iterator[Case]:
    for suffix in ("jpg", "png", "bmp", "tif", "webp"):
        yield Case(f"empty.{suffix}", b"", "refused")
        yield Case(f"zeros.{suffix}", bytes(60_000), "refused")
    yield Case("padded.jpg", whole["base.jpg"] + bytes(300), "read", np.asarray(part()))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *extra: bytes, bits: int = 8, rows: bytes | None = None) -> bytes:
    """A PNG without colour, by hand; black unless the packed `rows` are given."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    if rows is None:
        rows = zlib.compress(bytes((width * bits // 8 + 1) * height), 1)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff(*tags: tuple[int, int, int, int], following: int = 0, rest: bytes = b"") -> bytes:
    """A little-endian TIFF by hand, of tags (tag, type, count, value)."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", following) + rest


def _oversized(whole: dict[str, bytes]) -> Iterator[Case]:
    tiny = zlib.compress(bytes(1000))
    yield Case("400-megapixels.png", png(20_000, 20_000, rows=tiny), "refused")
    yield Case("120-megapixels.png", png(12_000, 10_000, rows=tiny), "refused")
    yield Case("26-megapixels.png", png(6500, 4000), "refused")
    yield Case("24-megapixels.png", png(6000, 4000), "read", np.zeros((4000, 6000, 3), np.uint8))
    yield Case("less-than-it-says.png", png(4000, 4000, rows=tiny), "refused")
    text = b"x\0\0" + zlib.compress(bytes(1_000_000), 9)
    black = np.zeros((64, 64, 3), np.uint8)
    yield Case("texts-of-300-mb.png", png(64, 64, *[chunk(b"zTXt", text)] * 300), "read", black)
    yield Case("60000-texts.png", png(64, 64, *[chunk(b"tEXt", b"a\0b")] * 60_000), "refused")
    profile = b"x\0\0" + zlib.compress(bytes(100_000_000), 9)
    yield Case("profile-of-100-mb.png", png(64, 64, chunk(b"iCCP", profile)), "read", black)
    size = struct.pack(">HH", 65_000, 65_000)
    base = whole["base.jpg"]
    frame = base.index(b"\xff\xc0")
    yield Case("4000-megapixels.jpg", base[: frame + 5] + size + base[frame + 9 :], "refused")
    progressive = whole["progressive.jpg"]
    last_scan = progressive.rindex(b"\xff\xda")
    again = progressive[last_scan:-2] * 200
    yield Case("200-scans.jpg", progressive[:-2] + again + b"\xff\xd9", "refused")
    flat = saved(Image.new("RGB", (4500, 3999), "grey"), format="JPEG", progressive=True)
    scans = flat[flat.rindex(b"\xff\xda") : -2] * 20
    yield Case("30-scans-of-18-megapixels.jpg", flat[:-2] + scans + b"\xff\xd9", "any")
    bmp = bytearray(whole["plain.bmp"])
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    yield Case("900-megapixels.bmp", bytes(bmp), "refused")
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 0) + struct.pack("<I", 16_000)[:3] * 2
    yield Case("256-megapixels.webp", b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas, "refused")
    yield from _odd_tiffs()


def _endless(whole: dict[str, bytes]) -> Iterator[Case]:
    """Small pictures among a great many parts that say nothing, or next to none."""
    pixels = np.asarray(part())
    start, rest = whole["base.jpg"][:2], whole["base.jpg"][2:]
    yield Case("2000000-segments.jpg", start + b"\xff\xe5\0\2" * 2_000_000 + rest, "refused")
    yield Case("500-segments.jpg", start + b"\xff\xe5\0\2" * 500 + rest, "read", pixels)
    yield Case("8000000-fill-bytes.jpg", start + b"\xff" * 8_000_000 + rest, "refused")
    yield Case("9-fill-bytes.jpg", start + b"\xff" * 9 + rest, "read", pixels)
    for count, want in ((1_000_000, "refused"), (500, "read")):
        body = whole["lossless.webp"][8:] + b"XXXX\0\0\0\0" * count
        yield Case(f"{count}-chunks-lossless.webp", b"RIFF" + struct.pack("<I", len(body)) + body, want, pixels)
    yield Case("65500-px-wide.png", png(65_500, 8), "read", np.zeros((8, 65_500, 3), np.uint8))
    yield Case("65501-px-wide.png", png(65_501, 8), "refused")
    yield Case("65501-px-high.png", png(8, 65_501), "refused")


def _odd_tiffs() -> Iterator[Case]:
    plain = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    strip = [(273, 4, 1, 122), (279, 4, 1, 4096)]
    rest = bytes(4200)
    yield Case("by-hand.tif", tiff(*plain, *strip, rest=rest), "read", np.zeros((64, 64, 3), np.uint8))
    yield Case("goes-round.tif", tiff(*plain, *strip, following=8, rest=rest), "refused")
    yield Case("10000-megapixels.tif", tiff((256, 4, 1, 100_000), (257, 4, 1, 100_000), *plain[2:], *strip), "refused")
    endless = [(273, 4, 2**31 - 1, 8), (279, 4, 2**31 - 1, 8)]
    yield Case("2-billion-strips.tif", tiff(*plain, *endless, rest=rest), "refused")
    yield Case("text-of-4-gb.tif", tiff(*plain, (270, 2, 2**32 - 1, 8), *strip, rest=rest), "refused")
    yield Case("60000-tags.tif", b"II*\0" + struct.pack("<IH", 8, 60_000) + bytes(12 * 60_000), "refused")
    yield Case("strip-elsewhere.tif", tiff(*plain, (273, 4, 1, 2**31), (279, 4, 1, 4096), rest=rest), "refused")
    yield Case("short-strip.tif", tiff(*plain, (273, 4, 1, 122), (279, 4, 1, 40), rest=rest), "refused")
    tiled = [(322, 4, 1, 65_536), (323, 4, 1, 65_536), (324, 4, 1, 122), (325, 4, 1, 4096)]
    yield Case("tile-of-4-gigapixels.tif", tiff(*plain, *tiled, rest=rest), "refused")


def _modes(picture: Image.Image) -> Iterator[Case]:
    grey, opaque, hole = picture.convert("L"), picture.copy(), picture.copy()
    opaque.putalpha(255)
    hole.putalpha(Image.linear_gradient("L").resize(picture.size))
    read: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("1.png", grey.convert("1"), {}), ("1.tif", grey.convert("1"), {}), ("1.bmp", grey.convert("1"), {}),
        ("L.png", grey, {}), ("L.tif", grey, {}), ("L.bmp", grey, {}), ("L.jpg", grey, {"quality": 95}),
        ("P.png", picture.quantize(64), {}), ("P.bmp", picture.quantize(64), {}), ("P.tif", picture.quantize(64), {}),
        ("RGBA-opaque.png", opaque, {}), ("RGBA-opaque.tif", opaque, {}), ("LA-opaque.png", opaque.convert("LA"), {}),
        ("RGBA-opaque.webp", opaque, {"lossless": True}),
    ]  # fmt: skip
    for name, image, options in read:
        data = saved(image, format=_format(name), **options)
        yield Case(f"mode-{name}", data, "read", np.asarray(image.convert("RGB")))
    deep = Image.fromarray((np.asarray(grey).astype(np.uint16) * 257).astype(np.uint16))
    refused: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("RGBA.png", hole, {}), ("RGBA.tif", hole, {}), ("RGBA.webp", hole, {"lossless": True}),
        ("LA.png", hole.convert("LA"), {}), ("P-hole.png", picture.quantize(64), {"transparency": 3}),
        ("L-hole.png", grey, {"transparency": int(np.asarray(grey)[0, 0])}),
        ("RGB-hole.png", picture, {"transparency": tuple(np.asarray(picture)[0, 0].tolist())}),
        ("CMYK.jpg", picture.convert("CMYK"), {}), ("CMYK.tif", picture.convert("CMYK"), {}),
        ("I16.png", deep, {}), ("I16.tif", deep, {}), ("I.tif", grey.convert("I"), {}),
        ("F.tif", grey.convert("F"), {}),
        ("LAB.tif", Image.fromarray(np.asarray(picture).copy()).convert("RGB"), {}),
    ]  # fmt: skip
    for name, image, options in refused:
        data = saved(image, format=_format(name), **options)
        if name == "LAB.tif":
            data = data.replace(struct.pack("<HHII", 262, 3, 1, 2), struct.pack("<HHII", 262, 3, 1, 8))
        yield Case(f"mode-{name}", data, "refused")
    yield Case("mode-16-bits.png", png(64, 64, bits=16), "refused")
    inks = np.asarray(picture.convert("CMYK"))
    yield Case("mode-YCCK.jpg", saved(Image.fromarray(inks, "CMYK"), format="JPEG", quality=90), "refused")


def _format(name: str) -> str:
    return {"jpg": "JPEG", "tif": "TIFF"}.get(name[-3:], name.rsplit(".", 1)[1].upper())


_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud,
    5: lambda p: p.swapaxes(0, 1), 6: lambda p: np.rot90(p, 3), 7: lambda p: np.rot90(p, 2).swapaxes(0, 1), 8: np.rot90,
}  # fmt: skip


def _turned(picture: Image.Image) -> Iterator[Case]:
    for orientation, turn in _TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        for name in ("base.jpg", "plain.png", "raw.tif", "lossless.webp"):
            data = saved(picture, **ENCODINGS[name], exif=exif)
            yield Case(f"turned-{orientation}-{name}", data, "read", np.ascontiguousarray(turn(np.asarray(picture))))


def _several(picture: Image.Image) -> Iterator[Case]:
    other = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    for kind in ("WEBP", "PNG", "TIFF", "MPO", "GIF"):
        data = saved(picture, format=kind, save_all=True, append_images=[other])
        yield Case(f"two-pictures-{kind}.{'jpg' if kind == 'MPO' else kind.lower()}", data, "refused")


def main() -> None:
    """Read every file of the folder, in order of their names; JSON lines: name, error or difference, time, memory."""
    folder = Path(sys.argv[1])
    read_image(folder / "whole-base.jpg")  # what is loaded once is no picture's
    start_mb = memory_peak_mb()
    for path in sorted(folder.glob("[!.]*[!y]")):
        begin_s = time.perf_counter()
        told: dict[str, object] = {"name": path.name}
        try:
            pixels = read_image(path)
            told["size"] = list(pixels.shape)
            told["seconds"] = time.perf_counter() - begin_s
            wanted = folder / f"{path.name}.npy"
            if wanted.exists():
                told["mean"] = mean_difference(pixels, np.load(wanted, mmap_mode="r"))
            del pixels  # not to be held while the next one is read
        except CameraError as error:
            told["error"] = str(error)
            told["seconds"] = time.perf_counter() - begin_s
        told["mb"] = memory_peak_mb() - start_mb
        print(json.dumps(told), flush=True)


def mean_difference(one: Pixels, other: Pixels) -> float:
    """Grey levels, a row at a time; 255 for another shape."""
    if one.shape != other.shape:
        return 255.0
    rows = [np.abs(a.astype(np.int16) - b).mean() for a, b in zip(one, other, strict=True)]
    return float(np.mean(rows))


def memory_peak_mb() -> float:
    """The most that this process ever held."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(kilobytes) / 1000


if __name__ == "__main__":
    main()
