from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue.looks import LookBatch, as_stored
from engine.catalogue.store import open_catalogue
from engine.catalogue.vectors import normalised
from engine.detections import Detection, SeenPicture
from engine.ids import picture_hash


def seen(boxes: int, seed: int = 0) -> SeenPicture:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 200, (boxes, 2))
    return SeenPicture(
        width_px=300,
        height_px=400,
        detections=tuple(
            Detection(
                box_xyxy_px=(x, y, x + 40, y + 50),
                posterior=rng.uniform(0, 1, 12).astype(np.float32),
            )
            for x, y in corners.tolist()
        ),
        vectors=normalised(rng.normal(size=(boxes, 16)).astype(np.float32)),
    )


def same(one: SeenPicture, other: SeenPicture) -> bool:
    return (
        (one.width_px, one.height_px) == (other.width_px, other.height_px)
        and [each.box_xyxy_px for each in one.detections]
        == [each.box_xyxy_px for each in other.detections]
        and all(
            np.array_equal(a.posterior, b.posterior)
            for a, b in zip(one.detections, other.detections, strict=True)
        )
        and np.array_equal(one.vectors, other.vectors)
    )


@settings(max_examples=25, deadline=None)
@given(boxes=st.integers(0, 6), seed=st.integers(0, 1000))
def test_what_comes_back_is_what_was_decided_upon(boxes: int, seed: int) -> None:
    catalogue = open_catalogue("sqlite://")
    fresh = as_stored(seen(boxes, seed))
    key = picture_hash(b"picture")
    catalogue.put_pending([], looks=LookBatch(sight="a", looks={key: fresh}))
    held = catalogue.looks([key, picture_hash(b"another")], sight="a")
    assert list(held) == [key]
    assert same(held[key], fresh)
    assert same(as_stored(fresh), fresh)
    assert catalogue.looks([key], sight="b") == {}
    catalogue.close()


def test_a_look_that_rounding_moved_stays_where_it_is() -> None:
    for seed in range(400):
        fresh = as_stored(seen(5, seed))
        assert same(as_stored(fresh), fresh), seed


def test_a_look_keeps_what_the_detector_gave() -> None:
    given_, held = seen(3), as_stored(seen(3))
    for one, other in zip(given_.detections, held.detections, strict=True):
        assert other.box_xyxy_px == pytest.approx(one.box_xyxy_px, abs=1e-3)
        assert other.posterior == pytest.approx(one.posterior, abs=1e-3)
    assert held.vectors == pytest.approx(given_.vectors, abs=1e-3)


def test_the_first_look_stays() -> None:
    catalogue = open_catalogue("sqlite://")
    key = picture_hash(b"picture")
    for boxes in (2, 3):
        look = LookBatch(sight="a", looks={key: as_stored(seen(boxes))})
        catalogue.put_pending([], looks=look)
    assert len(catalogue.looks([key], sight="a")[key].detections) == 2
    catalogue.close()
