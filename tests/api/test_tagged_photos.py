"""Photos that have tags and no masks."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from api.evaluation.tagged_photos import read_tagged, tagged_pictures
from detectors.taxonomy import default_taxonomy
from engine.errors import NotFound


def test_photos_without_masks_are_read_and_known_tags_are_their_labels(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(np.zeros((60, 40, 3), np.uint8)).save(buffer, "PNG")
    box = {"label": "bag", "x0": 0, "y0": 0, "x1": 9, "y1": 9, "area": 81}
    rows = [
        {"image": buffer.getvalue(), "tags": tags, "boxes": boxes}
        for tags, boxes in ((["bag"], [box]), ([], []), (["skirt", "gloves", "bag", "bag"], []))
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "ccp.parquet")
    (photo,) = read_tagged(tmp_path)
    assert photo.tags == {"skirt", "gloves", "bag"}
    (picture,) = tagged_pictures([photo], default_taxonomy())
    classes = default_taxonomy().classes
    # The detector does not know gloves.
    assert picture.labels == ("bag", "skirt")
    assert [classes[each] for each in picture.places] == ["bag", "bottom"]
    assert picture.boxes == ((0.0, 0.0, 40.0, 60.0),) * 2


def test_photos_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="training data"):
        read_tagged(tmp_path)
