"""Reading picture files strictly: whole, right way up, of a sane size, or an error."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from inspection.adapters.cameras.structure import FORMATS, Unusable, checked, is_progressive
from inspection.domain.errors import CameraError
from inspection.domain.types import Pixels

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
MAX_MEGAPIXELS = 25
MAX_SIDE_PX = 65_500
"""The most that a JPEG has, and pictures are kept as JPEG."""

MAX_FILE_MB = 80
_MEMORY_MB = 180
_BYTES_A_PIXEL = {"WEBP": 18, "TIFF": 11}
_PROGRESSIVE_BYTES_A_PIXEL = 10
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # 8 bits a channel and less, and no colours of a printing press
_BAND_ROWS = 256
_ORIENTATION = 0x0112


def read_image(path: Path, sha256: str | None = None) -> Pixels:
    """RGB uint8 (H, W, 3), turned as its EXIF orientation says. `sha256`: what the file must have, in hexadecimal.

    Raises CameraError naming the file and the cause: it is not there, is not a picture, is cut off or damaged as far
    as its format can tell, holds several pictures, has transparent pixels, more than 8 bits a channel or the colours
    of a printing press, or is too large (which is found out before it is decoded), or is another file than `sha256`
    is of. Takes up to 180 MB meanwhile.
    """
    try:
        data = _bytes_of(path)
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise CameraError("its bytes are not those on record; 'inspection log verify' tells what else is not")
        return _turned(*_decoded(data))
    except CameraError as error:
        raise CameraError(f"{shown(path)}: {error}") from error
    except FileNotFoundError as error:
        raise CameraError(f"{shown(path)}: there is no such file; correct the path") from error
    except Unusable as error:
        to_do = "" if ";" in str(error) else "; bring it anew, or take it away"
        raise CameraError(f"{shown(path)}: {error}{to_do}") from error
    except (
        Exception
    ) as error:  # decoders answer a damaged file with anything; whoever reads it is told, as a CameraError
        told = "cannot be read as a picture: "
        raise CameraError(f"{shown(path)}: {told}{_brief(error)}; bring it anew, or take it away") from error


def shown(path: Path | str) -> str:
    """A path as text for a person: what cannot be printed (a line's end, a byte that is no text) as an escape."""
    text = str(path)
    return text if text.isprintable() else repr(text)[1:-1]


def _brief(error: Exception) -> str:
    return str(error) if str(error) and not isinstance(error, KeyError | IndexError) else type(error).__name__


def _bytes_of(path: Path) -> bytes:
    """The whole file, as it lay there all the while that it was read."""
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        if before.st_size > MAX_FILE_MB * 1_000_000:
            size = f"{before.st_size / 1e6:.0f} MB"
            raise CameraError(f"{size} is more than {MAX_FILE_MB} MB; save it as JPEG or PNG")
        data = file.read()
        after = os.fstat(file.fileno())
    if not data:
        raise CameraError("the file is empty; bring it anew, or take it away")
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise CameraError("it was being written while it was read; bring it anew")
    return data


def _decoded(data: bytes) -> tuple[Pixels, int]:
    """Pixels as they lie in the file, and its EXIF orientation, 1 to 8."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module=r"PIL\.")  # what Pillow wonders about is not whole
        data = checked(data)
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:  # by its head alone
            raise CameraError(f"it has more than {MAX_MEGAPIXELS} megapixels; make it smaller") from error
        _check_size(image, data)
        if image.mode not in _MODES:
            raise CameraError(f"pixels of mode {image.mode} are not a camera's; save it as RGB with 8 bits a channel")
        orientation = int(image.getexif().get(_ORIENTATION, 1))
        if image.format == "JPEG":
            pixels: Pixels = simplejpeg.decode_jpeg(data, colorspace="RGB", strict=True)
            return pixels, orientation
        del data
        image.load()
        if image.format == "TIFF":
            orientation = 1  # Pillow has turned it already
        return _rgb(image), orientation


def _check_size(image: Image.Image, data: bytes) -> None:
    """Before anything is decoded. Some take more memory a pixel than others."""
    size = f"{image.width} x {image.height} pixels"
    if max(image.size) > MAX_SIDE_PX:
        raise CameraError(f"{size}: a side has more than {MAX_SIDE_PX}; make it smaller")
    per_pixel = _BYTES_A_PIXEL.get(image.format or "", 0)
    if image.format == "JPEG" and is_progressive(data):
        per_pixel = _PROGRESSIVE_BYTES_A_PIXEL
    limit = min(MAX_MEGAPIXELS, _MEMORY_MB // per_pixel) if per_pixel else MAX_MEGAPIXELS
    if image.width * image.height > limit * 1_000_000:
        raise CameraError(f"{size} is more than {limit} megapixels; make it smaller")


def _rgb(image: Image.Image) -> Pixels:
    """RGB uint8 (H, W, 3), a band at a time: converted as a whole it would take twice the memory."""
    width, height = image.size
    has_alpha = image.has_transparency_data
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, height)
        band = np.asarray(image.crop((0, top, width, bottom)).convert("RGBA" if has_alpha else "RGB"))
        if has_alpha and band[..., 3].min() < 255:
            raise CameraError("it has transparent pixels; save what the camera saw, without transparency")
        pixels[top:bottom] = band[..., :3]
    return pixels


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """As the camera says that it was held; EXIF 2.32, tag 274. An orientation that there is not is none."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    quarters_left = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(pixels, quarters_left))


def list_images(folder: Path) -> list[Path]:
    """Picture files anywhere below a folder, by name. Raises CameraError if there is none."""
    if not folder.is_dir():
        raise CameraError(f"{folder}: there is no such folder; name one that holds pictures")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise CameraError(f"{folder}: there are no pictures here ({', '.join(SUFFIXES)}); put some there")
    return files
