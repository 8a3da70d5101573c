"""Composed pictures: the boxes are where the things are."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs the extra [models]")

from detectors.training import scenes
from detectors.training.cutouts import CutOut, cut_out
from detectors.training.scenes import compose_scene

pytestmark = pytest.mark.models
CLASSES = ("bag", "footwear")
GREY, RED = 128, (250, 10, 10)


def packshot() -> np.ndarray:
    image = np.full((120, 90, 3), 255, np.uint8)
    image[40:80, 20:70] = RED
    image[50:60, 30:40] = 255  # a hole, such as a handle's
    return image


def red_box() -> CutOut:
    return CutOut(
        place=0, rgb=np.full((40, 50, 3), RED, np.uint8), alpha=np.ones((40, 50), np.float32)
    )


def test_the_thing_is_cut_out_with_what_it_encloses() -> None:
    alpha = cut_out(packshot())
    assert alpha is not None
    assert alpha[70, 45] == alpha[55, 35] == 1
    assert alpha[10, 10] == alpha[100, 80] == 0


@pytest.mark.parametrize("case", ["grey ground", "cut off", "nothing"])
def test_what_does_not_stand_free_on_white_is_left_out(case: str) -> None:
    image = packshot()
    if case == "grey ground":
        image[image == 255] = 150
    elif case == "cut off":
        image[40:, 20:70] = RED
    else:
        image[:] = 255
    assert cut_out(image) is None


@pytest.mark.parametrize("seed", range(12))
def test_boxes_hold_the_things_and_hidden_ones_are_gone(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "_MOST_THINGS", 1)
    photo = np.full((300, 200, 3), GREY, np.uint8)
    tiny, wide = (90.0, 90.0, 96.0, 96.0), (0.0, 0.0, 200.0, 300.0)
    image, boxes = compose_scene(
        photo, [(1, tiny), (1, wide)], [red_box()], CLASSES, np.random.default_rng(seed)
    )
    assert image.shape == photo.shape
    assert (1, wide) in boxes
    covered = (image[90:96, 90:96] != GREY).any(axis=2).mean()
    if covered < 0.5:
        assert (1, tiny) in boxes
    inside = np.zeros(photo.shape[:2], bool)
    for place, (x0, y0, x1, y1) in boxes:
        if place == 0:
            assert 0 <= x0 < x1 <= 200
            assert 0 <= y0 < y1 <= 300
            inside[int(y0) : int(y1), int(x0) : int(x1)] = True
    changed = (np.abs(image.astype(int) - GREY) > 70).any(axis=2)
    assert changed.any()
    assert not (changed & ~inside).any()
    assert changed.sum() > 0.4 * inside.sum()  # it is turned


def test_the_same_seed_gives_the_same_scene() -> None:
    photo = np.full((300, 200, 3), GREY, np.uint8)
    first, again = (
        compose_scene(photo, [], [red_box()], CLASSES, np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]
