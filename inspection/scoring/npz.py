"""Arrays as bytes of an .npz file, without objects: data, never code."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

NO_NPZ = (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What numpy and zipfile raise of bytes that are none; RuntimeError where they say to be locked or of the future."""


def npz_of(arrays: Mapping[str, Any]) -> bytes:
    """The same arrays give the same bytes."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()
