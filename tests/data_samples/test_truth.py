import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data_samples.draw.canvas import Layer
from data_samples.draw.scene import Piece
from data_samples.draw.spec import sample_companion
from data_samples.draw.truth import mask_box, observe

SIZE_WH = (60, 80)


def _piece(name, boxes, *, side=None, held=False, spec=None):
    rng = np.random.default_rng(1)
    spec = spec or sample_companion(name, "women", "red", rng)
    layer = Layer(SIZE_WH)
    for x0, y0, x1, y1 in boxes:
        layer.alpha[y0:y1, x0:x1] = 1.0
    return Piece(spec=spec, layer=layer, is_product=False, side=side, held=held)


def _kinds(relations):
    return {(each.kind, each.subject, each.other) for each in relations}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 79)), min_size=1, max_size=9))
def test_the_box_of_a_mask_is_that_of_a_loop_over_its_pixels(points):
    mask = np.zeros((80, 60), dtype=bool)
    for x, y in points:
        mask[y, x] = True
    xs, ys = [x for x, _ in points], [y for _, y in points]
    assert mask_box(mask) == (min(xs), min(ys), max(xs) + 1, max(ys) + 1)


def test_a_box_holds_the_visible_part_only():
    dress = _piece("dress", [(10, 10, 50, 70)])
    coat = _piece("coat", [(5, 5, 55, 60)])
    garments, _ = observe([dress, coat])
    assert garments[0].box_xyxy_px == (10, 60, 50, 70)
    assert garments[0].area_px == 400
    assert garments[1].box_xyxy_px == (5, 5, 55, 60)


def test_what_is_hidden_is_no_garment_of_the_picture():
    garments, relations = observe(
        [_piece("t-shirt", [(20, 20, 40, 40)]), _piece("coat", [(5, 5, 55, 60)])]
    )
    assert [each.label for each in garments] == ["coat"]
    assert relations == ()


def test_an_open_coat_is_worn_over_and_the_top_lies_inside_it():
    top = _piece("t-shirt", [(20, 10, 40, 40)])
    coat = _piece("coat", [(10, 5, 27, 60), (33, 5, 50, 60), (10, 30, 50, 60)])
    _, relations = observe([top, coat])
    assert {("covers", 1, 0), ("worn-over", 1, 0), ("inside", 0, 1)} <= _kinds(relations)


def test_a_top_is_above_the_skirt_and_ends_above_it():
    top, skirt = _piece("t-shirt", [(20, 5, 40, 32)]), _piece("skirt", [(15, 30, 45, 60)])
    _, relations = observe([skirt, top])
    assert {("above", 1, 0), ("ends-above", 1, 0)} <= _kinds(relations)
    assert ("above", 0, 1) not in _kinds(relations)


def test_shoes_of_one_product_are_a_pair_and_a_bag_is_held():
    left = _piece("boots", [(32, 60, 40, 75)], side="left")
    right = _piece("boots", [(20, 60, 28, 75)], side="right", spec=left.spec)
    bag = _piece("handbag", [(45, 40, 58, 55)], held=True)
    _, relations = observe([left, right, bag])
    assert _kinds(relations) == {("left-and-right-pair", 0, 1), ("held", 2, None)}


def test_a_hand_takes_away_from_the_bag():
    hand = Layer(SIZE_WH)
    hand.alpha[40:45, 45:58] = 1.0
    garments, _ = observe([_piece("handbag", [(45, 40, 58, 55)], held=True)], hand)
    assert garments[0].box_xyxy_px == (45, 45, 58, 55)
