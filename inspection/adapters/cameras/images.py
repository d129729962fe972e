"""Reading picture files strictly: whole, of a sane size, or an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from inspection.domain.errors import CameraError
from inspection.domain.types import Pixels

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
MAX_MEGAPIXELS = 50
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}  # 8 bits a channel and less


def read_image(path: Path) -> Pixels:
    """RGB uint8 (H, W, 3). Raises CameraError naming the file if it is not there, not a picture, cut off, or larger
    than 50 megapixels (which is found out before it is decoded)."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
                size = f"{image.width} x {image.height} pixels"
                raise CameraError(f"{path}: {size} is more than {MAX_MEGAPIXELS} megapixels; make it smaller")
            if image.mode not in _MODES:
                raise CameraError(
                    f"{path}: pixels of mode {image.mode} would be cut to 8 bits; save it with 8 bits a channel"
                )
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError as error:
        raise CameraError(f"{path}: there is no such file; correct the path") from error
    except UnidentifiedImageError as error:
        raise CameraError(f"{path}: not a picture; save it as JPEG or PNG, or take it away") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CameraError(f"{path}: cannot be read as a picture: {error}; bring it anew, or take it away") from error


def list_images(folder: Path) -> list[Path]:
    """Picture files anywhere below a folder, by name. Raises CameraError if there is none."""
    if not folder.is_dir():
        raise CameraError(f"{folder}: there is no such folder; name one that holds pictures")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise CameraError(f"{folder}: there are no pictures here ({', '.join(SUFFIXES)}); put some there")
    return files
