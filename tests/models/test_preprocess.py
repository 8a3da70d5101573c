"""The frame: proportions kept, the rest in the picture's own border colour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from models.preprocess import (
    HEIGHT_PX,
    WIDTH_PX,
    border_colour,
    letterbox,
    preprocess_hash,
)


@settings(max_examples=40, deadline=None)
@given(high=st.integers(1, 300), wide=st.integers(1, 300), grey=st.integers(0, 255))
def test_any_size_fits_and_a_plain_picture_stays_plain(high: int, wide: int, grey: int) -> None:
    frame = letterbox(np.full((high, wide, 3), grey, np.uint8))
    assert frame.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    assert (frame == grey).all()


def test_wide_picture_gets_bands_of_its_border_colour_above_and_below() -> None:
    image = np.full((40, 120, 3), (250, 240, 230), np.uint8)
    image[10:30, 30:90] = (10, 20, 30)
    frame = letterbox(image)
    band = (HEIGHT_PX - round(40 * WIDTH_PX / 120)) // 2
    assert (frame[:band] == (250, 240, 230)).all()
    assert (frame[-band:] == (250, 240, 230)).all()
    assert (frame[HEIGHT_PX // 2, WIDTH_PX // 2] == (10, 20, 30)).all()


def test_portrait_of_three_to_four_fills_the_frame() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (80, 60, 3), dtype=np.uint8)
    frame = letterbox(noise)
    assert frame[0].std() > 1
    assert frame[-1].std() > 1


def test_border_colour_ignores_what_touches_one_edge() -> None:
    image = np.full((50, 50, 3), 255, np.uint8)
    image[-1, 10:40] = 0
    assert border_colour(image).tolist() == [255, 255, 255]


def test_hash_changes_with_the_frame() -> None:
    assert preprocess_hash() == preprocess_hash(HEIGHT_PX, WIDTH_PX)
    assert preprocess_hash() != preprocess_hash(HEIGHT_PX + 32, WIDTH_PX)


def test_grey_picture_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"uint8 \(9, 9\)"):
        letterbox(np.zeros((9, 9), np.uint8))
