"""Bottoms that somebody wears, picked out of a catalogue."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

pytest.importorskip("cv2", reason="needs the extra [models]")

from api.evaluation.worn_products import worn_bottoms
from detectors.taxonomy import default_taxonomy

pytestmark = pytest.mark.models


def packshot(*, worn: bool) -> bytes:
    """A dark thing on white; worn ones reach the upper edge, as the people in them do."""
    image = np.full((60, 40, 3), 255, np.uint8)
    image[0 if worn else 15 : 50, 12:28] = 40
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def test_worn_bottoms_come_with_their_type_and_the_whole_picture_as_box(tmp_path: Path) -> None:
    kinds = [("1", "Jeans", True), ("2", "Shorts", False), ("3", "Tshirts", True),
             ("4", "Track Pants", True)]  # fmt: skip
    pq.write_table(
        pa.Table.from_pylist([{"id": each, "articleType": kind} for each, kind, _ in kinds]),
        tmp_path / "kagl.parquet",
    )
    assert list(worn_bottoms(tmp_path, default_taxonomy())) == []
    rows = [{"id": each, "image": packshot(worn=worn)} for each, _, worn in kinds]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "kagl_224.parquet")
    found = list(worn_bottoms(tmp_path, default_taxonomy()))
    assert [each.labels for each in found] == [("jeans",), ("pants",)]
    assert found[0].boxes == ((0.0, 0.0, 40.0, 60.0),)
    classes = default_taxonomy().classes
    assert [classes[each.places[0]] for each in found] == ["bottom", "bottom"]
