"""Masks of the street photos: which pixels are which label."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["STREET_LABELS", "read_mask"]

STREET_LABELS = (
    "null", "accessories", "bag", "belt", "blazer", "blouse", "bodysuit", "boots", "bra",
    "bracelet", "cape", "cardigan", "clogs", "coat", "dress", "earrings", "flats", "glasses",
    "gloves", "hair", "hat", "heels", "hoodie", "intimate", "jacket", "jeans", "jumper",
    "leggings", "loafers", "necklace", "panties", "pants", "pumps", "purse", "ring", "romper",
    "sandals", "scarf", "shirt", "shoes", "shorts", "skin", "skirt", "sneakers", "socks",
    "stockings", "suit", "sunglasses", "sweater", "sweatshirt", "swimwear", "t-shirt", "tie",
    "tights", "top", "vest", "wallet", "watch", "wedges",
)  # fmt: skip
"""Labels of Clothing Co-Parsing in the order of the masks' values."""


def read_mask(encoded: bytes) -> NDArray[np.uint8]:
    """A mask (H, W) of places in `STREET_LABELS` from its PNG."""
    with Image.open(BytesIO(encoded), formats=("PNG",)) as opened:
        return np.array(opened, dtype=np.uint8)
