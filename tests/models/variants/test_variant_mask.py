"""From a box to pixels: frames, the guided filter, plain grounds, mixtures, and all together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from api.evaluation.colour_mixture import told_apart
from api.evaluation.drawn_garments import drawn_packshots
from api.evaluation.plain_things import thing_on_plain
from detectors.taxonomy import default_taxonomy
from engine.errors import InvalidInput, ModelUnavailable
from models.variants.frame import frame_around
from models.variants.guided import box_mean, refine
from models.variants.mask import GarmentMasks, load_masks
from models.variants.plain import plain_ground


def disc(high: int = 120, wide: int = 90, radius: float = 30) -> NDArray[np.bool_]:
    y, x = np.indices((high, wide))
    return np.hypot(y - high / 2, x - wide / 2) < radius


def picture(mask: NDArray[np.bool_], thing: Any, ground: Any) -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).normal(0, 2, (*mask.shape, 3))
    return np.clip(np.where(mask[..., None], thing, ground) + noise, 0, 255).astype(np.uint8)


def iou(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    return float((said & true).sum() / (said | true).sum())


class RoundNetwork:
    """Says that every box holds an ellipse."""

    metadata: dict[str, str] = {}  # noqa: RUF012

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        given = inputs(0, count)
        found = []
        for frame in given["frames"]:
            y, x = np.nonzero(frame[..., 3])
            rows, columns = np.indices(frame.shape[:2])
            far = np.hypot(
                (rows - y.mean()) / (np.ptp(y) / 2), (columns - x.mean()) / (np.ptp(x) / 2)
            )
            found.append(np.clip(6 * (1 - far) + 0.5, 0, 1))
        yield np.array(found, np.float32)


MASKS = GarmentMasks(RoundNetwork(), classes=("top", "bag"), revision="round")


@given(
    st.integers(20, 200), st.integers(20, 200),
    st.tuples(*[st.floats(-0.2, 1.2)] * 4), st.floats(0, 0.5),
)  # fmt: skip
def test_a_frame_holds_its_box_and_lies_in_the_picture(wide, high, corners, margin):
    x0, x1 = sorted(corners[:2])
    y0, y1 = sorted(corners[2:])
    box = (x0 * wide, y0 * high, x1 * wide, y1 * high)
    inside = max(0, box[0]) < min(wide, box[2]) and max(0, box[1]) < min(high, box[3])
    if not inside:
        with pytest.raises(InvalidInput):
            frame_around(wide, high, box, margin=margin)
        return
    frame = frame_around(wide, high, box, margin=margin)
    assert 0 <= frame.left < frame.right <= wide
    assert 0 <= frame.top < frame.bottom <= high
    assert all(-1e-6 <= each <= 1 + 1e-6 for each in frame.box)
    width, _ = frame.size_wh
    assert frame.left + frame.box[0] * width == pytest.approx(max(0, box[0]), abs=1e-6)
    assert frame.left + frame.box[2] * width == pytest.approx(min(wide, box[2]), abs=1e-6)


def test_box_mean_is_the_mean_of_every_window():
    planes = np.random.default_rng(1).random((9, 7, 2)).astype(np.float32)
    found = box_mean(planes, 2)
    for row in range(9):
        for column in range(7):
            window = planes[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
            np.testing.assert_allclose(found[row, column], window.mean((0, 1)), rtol=1e-5)


def test_a_rough_mask_comes_to_the_edges_of_the_picture():
    true = disc(480, 360, 120)
    image = picture(true, (40, 60, 150), (220, 215, 205))
    rough = disc(32, 24, 8.6).astype(np.float32)
    blocks = np.kron(rough, np.ones((15, 15), np.float32))
    refined = refine(rough, image, radius=0.06)
    assert refined.shape == true.shape
    assert iou(refined > 0.5, true) > 0.94
    assert iou(blocks > 0.5, true) < 0.88


def test_a_mask_of_ones_stays_one():
    image = picture(disc(), (40, 60, 150), (220, 215, 205))
    assert refine(np.ones((30, 20), np.float32), image).min() > 0.99


def test_a_plain_ground_is_known_by_its_edge():
    image = picture(disc(), (180, 40, 40), (250, 240, 230))
    image[:40, 30:60] = 0  # the thing may reach over the edge
    ground = plain_ground(image)
    assert ground == pytest.approx([250, 240, 230], abs=1)


def test_a_picture_without_a_plain_ground_has_none():
    image = np.random.default_rng(0).integers(0, 255, (60, 50, 3)).astype(np.uint8)
    assert plain_ground(image) is None
    assert thing_on_plain(image) is None


def test_a_thing_is_told_from_a_plain_ground_but_not_from_what_it_encloses():
    true = disc()
    image = picture(true & ~disc(radius=8), (180, 40, 40), (250, 250, 250))
    thing = thing_on_plain(image)
    assert thing is not None
    assert iou(thing > 0.5, true) > 0.95  # it does not know what the hole is
    assert thing[0, 0] == 0


def test_colours_tell_a_thing_from_its_surroundings_where_the_prior_is_poor():
    true = disc(radius=26)
    image = picture(true, (40, 120, 60), (200, 190, 170)).astype(np.float32) / np.float32(255)
    prior = np.full(true.shape, 0.2, np.float32)
    prior[35:85, 20:70] = 0.7
    found = told_apart(image, prior)
    assert iou(found > 0.5, true) > 0.93 > iou(prior > 0.5, true)


def test_what_the_prior_rules_out_stays_out():
    image = np.random.default_rng(0).random((30, 30, 3)).astype(np.float32)
    prior = np.full((30, 30), 0.6, np.float32)
    prior[:10] = 0
    assert told_apart(image, prior)[:10].max() == 0


def test_all_parts_of_a_product_are_in_its_mask():
    image = picture(np.zeros((100, 200), bool), (0, 0, 0), (90, 140, 90))
    image[:2] = 0  # no plain ground
    image[:, :40] = np.random.default_rng(0).integers(0, 255, (100, 40, 3))
    boxes = [(10.0, 20.0, 70.0, 80.0), (120.0, 30.0, 180.0, 90.0)]
    mask = MASKS.mask(image, boxes, ["bag", "bag"])
    assert mask.shape == (100, 200)
    assert mask.dtype == np.float32
    assert mask[50, 40] > 0.9
    assert mask[60, 150] > 0.9
    assert mask[50, 95] < 0.1


def test_a_mask_wants_a_box():
    with pytest.raises(InvalidInput):
        MASKS.mask(picture(disc(), 0, 255), [], [])


def test_the_shipped_masks_find_drawn_garments_white_ones_on_white_too():
    masks = load_masks()
    found: list[float] = []
    white: list[float] = []
    for each in drawn_packshots(default_taxonomy(), split="val", count=24):
        mask = masks.mask(each.image, [each.box_xyxy_px], [masks.classes[each.place]])
        found.append(iou(mask > 0.5, each.mask > 0.5))
        if np.median(each.image[each.mask > 0.5].max(axis=1)) > 225:
            white.append(found[-1])
    assert len(white) >= 2
    assert np.mean(found) > 0.95
    assert min(white) > 0.9


def test_missing_weights_are_said(tmp_path):
    with pytest.raises(ModelUnavailable, match="variant-mask"):
        load_masks(tmp_path)
