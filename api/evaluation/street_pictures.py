"""Street photos alone, without their boxes and masks."""

# pyarrow ships no types, so its every call would be "unknown" in strict mode.
# pyright: basic

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from engine.errors import NotFound
from engine.images import decode_image
from engine.types import ImageRGB

__all__ = ["read_street_pictures"]


def read_street_pictures(data: Path, *, count: int, split: str = "test") -> list[ImageRGB]:
    """The first photos of a split (CCP), at most `count`.

    Raises:
        NotFound: There is no ``ccp.parquet`` in `data`.
    """
    path = data / "ccp.parquet"
    if not path.is_file():
        raise NotFound(
            f"there is no ccp.parquet in {str(data)!r}",
            where="--data",
            hint="Point --data at the folder of the real data.",
        )
    table = pq.read_table(path, columns=["image", "split"])
    pictures = zip(table["image"].to_pylist(), table["split"].to_pylist(), strict=True)
    chosen = [encoded for encoded, of in pictures if of == split]
    return [decode_image(each) for each in chosen[:count]]
