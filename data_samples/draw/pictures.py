"""Pictures as files: the same bytes for the same pixels."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_MAIN_QUALITY, _OTHER_QUALITY = 82, 76


def encode_webp(rgb: NDArray[np.uint8], *, is_main: bool) -> bytes:
    """A WebP file of a picture (H, W, 3)."""
    buffer = io.BytesIO()
    quality = _MAIN_QUALITY if is_main else _OTHER_QUALITY
    Image.fromarray(rgb).save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def encode_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A baseline JPEG file of a picture (H, W, 3)."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
