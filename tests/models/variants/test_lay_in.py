"""What was drawn is laid into the reference: the rest to the bit, folds kept, colours taken."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.query.lexicon import default_lexicon
from engine.rendering import Change
from engine.types import Facet, ImageRGB
from models.variants.lay_in import lay_in, tint
from models.variants.oklab import oklab, to_linear
from models.variants.patterns import contrasts
from models.variants.recolour import Garment
from models.variants.shades import shade_of
from models.variants.start import start_from
from models.variants.window import Window, whole_window, window_around

SIZE = (90, 70)


def lightness(image: ImageRGB) -> np.ndarray:
    return oklab(to_linear(image))[..., 0]


def shirt() -> tuple[ImageRGB, np.ndarray]:
    """Blue cloth with folds every 6 pixels on white, and its mask with a soft edge."""
    y, x = np.indices(SIZE)
    inside = (y > 20) & (y < 70) & (x > 15) & (x < 55)
    folds = 110 + 40 * np.sin(x / 6 * 2 * np.pi)
    image = np.full((*SIZE, 3), 250, np.uint8)
    image[inside] = np.stack([folds * 0.3, folds * 0.5, folds], axis=-1)[inside].astype(np.uint8)
    mask = inside.astype(np.float32)
    mask[20, 16:55] = 0.5
    return image, mask


@pytest.mark.parametrize("put", [lay_in, tint])
def test_outside_the_mask_no_bit_changes(put) -> None:
    image, mask = shirt()
    drawn = np.random.default_rng(0).integers(0, 256, image.shape, dtype=np.uint8)
    before = image.copy()
    found = put(image, drawn, mask)
    assert np.array_equal(image, before)
    assert np.array_equal(found[mask == 0], image[mask == 0])
    assert not np.array_equal(found[mask == 1], image[mask == 1])


def test_laid_in_is_the_drawing_itself_inside() -> None:
    image, mask = shirt()
    drawn = np.random.default_rng(1).integers(0, 256, image.shape, dtype=np.uint8)
    found = lay_in(image, drawn, mask)
    inner = np.s_[30:60, 25:45]
    assert np.abs(found[inner].astype(int) - drawn[inner]).max() <= 1
    assert np.abs(lay_in(image, image, mask).astype(int) - image).max() <= 1


def test_a_tint_takes_colour_and_light_from_the_drawing_and_folds_from_the_reference() -> None:
    image, mask = shirt()
    drawn = image.copy()
    drawn[mask > 0] = (200, 40, 40)  # a drawing that lost the folds
    found = tint(image, drawn, mask)
    inner = np.s_[30:60, 25:45]
    colours = oklab(to_linear(found))[inner]
    wanted = oklab(to_linear(np.array([[200, 40, 40]], np.uint8)))[0]
    np.testing.assert_allclose(colours.mean((0, 1)), wanted, atol=0.02)
    theirs, ours = lightness(image)[inner], lightness(found)[inner]
    assert np.corrcoef(theirs.ravel(), ours.ravel())[0, 1] > 0.98
    assert 0.7 < ours.std() / theirs.std() < 1.3


def test_a_tint_of_the_picture_itself_is_the_picture() -> None:
    image, mask = shirt()
    away = np.abs(tint(image, image, mask).astype(int) - image)
    assert away.mean() < 1.5  # folds are squeezed a little towards white and black
    assert away.max() < 16


def test_sizes_that_differ_and_empty_masks_are_refused() -> None:
    image, mask = shirt()
    for put in (lay_in, tint):
        with pytest.raises(InvalidInput, match="empty mask"):
            put(image, image, mask * 0)
        with pytest.raises(InvalidInput, match="got a mask of"):
            put(image, image[:-1], mask)
    with pytest.raises(InvalidInput, match="empty mask"):
        window_around(mask * 0)


@given(
    wide=st.integers(1, 60),
    high=st.integers(1, 60),
    box=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_window_holds_the_garment_and_what_was_cut_comes_back_in_place(
    wide: int, high: int, box: tuple[float, float, float, float]
) -> None:
    mask = np.zeros((high, wide), np.float32)
    x0, x1 = sorted((int(box[0] * (wide - 1)), int(box[1] * (wide - 1))))
    y0, y1 = sorted((int(box[2] * (high - 1)), int(box[3] * (high - 1))))
    mask[y0 : y1 + 1, x0 : x1 + 1] = 1
    window = window_around(mask)
    assert window.left <= x0
    assert window.top <= y0
    assert window.left + window.side > x1
    assert window.top + window.side > y1
    assert window.side <= max(wide, high)
    image = np.random.default_rng(0).integers(0, 256, (high, wide, 3), dtype=np.uint8)
    square = window.cut(image, window.side)  # nothing is resized
    back = window.back(square, (wide, high))
    assert np.array_equal(back[mask > 0], image[mask > 0])


def test_a_window_is_inside_the_picture_where_it_can_be() -> None:
    mask = np.zeros((100, 200), np.float32)
    mask[0:40, 180:200] = 1
    window = window_around(mask)
    assert (window.left, window.top, window.side) == (200 - window.side, 0, 50)


def test_beyond_the_picture_the_edge_goes_on() -> None:
    image = np.zeros((4, 2, 3), np.uint8)
    image[:, 1] = 200
    window = whole_window((2, 4))
    assert window == Window(left=-1, top=0, side=4)
    assert window.cut(image, 4)[0, :, 0].tolist() == [0, 0, 200, 200]
    assert np.array_equal(window.back(window.cut(image, 4), (2, 4)), image)


@pytest.mark.parametrize("size_wh", [(8, 16_000), (16_000, 8)])
def test_the_square_around_a_long_picture_is_never_made_at_its_own_size(
    size_wh: tuple[int, int],
) -> None:
    wide, high = size_wh
    image = np.zeros((high, wide, 3), np.uint8)
    image[high // 2 :, wide // 2 :] = 200
    tracemalloc.start()
    try:
        drawn = whole_window(size_wh).cut(image, 64)
        back = whole_window(size_wh).back(drawn, size_wh)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert drawn.shape == (64, 64, 3)
    assert back.shape == image.shape
    assert most < 20 * image.nbytes


def test_what_lies_beyond_the_edge_does_not_move_what_lies_inside() -> None:
    image = np.full((40, 20, 3), 250, np.uint8)
    image[10:30, 5:15] = 30
    window = whole_window((20, 40))
    drawn = window.cut(image, 80)
    assert (drawn[24:56, 34:46] < 40).all()
    assert (drawn[24:56, [25, 54]] > 240).all()
    back = window.back(drawn, (20, 40)).astype(int)
    assert np.abs(back - image).mean() < 5
    assert np.array_equal(back > 140, image > 140)


def change(after: dict[Facet, str]) -> Change:
    before = {Facet.TYPE: "shirt", Facet.COLOUR: "blue"}
    return Change(before=before, after=before | after)


def test_the_start_has_the_named_shade_and_the_sketched_pattern() -> None:
    image, mask = shirt()
    lexicon = default_lexicon()
    red = start_from(image, mask, change({Facet.COLOUR: "red"}), lexicon)
    inside = oklab(to_linear(red[mask == 1]))
    wanted = shade_of("red", lexicon)
    assert np.linalg.norm(np.median(inside, axis=0) - wanted) < 0.08
    assert np.array_equal(red[mask == 0], image[mask == 0])
    striped = start_from(
        image, mask, change({Facet.COLOUR: "red", Facet.PATTERN: "striped"}), lexicon
    )
    assert lightness(striped)[mask == 1].std() > lightness(red)[mask == 1].std() + 0.05


@pytest.mark.parametrize(("colour", "second"), [("black", "white"), ("white", "navy blue")])
def test_a_pattern_starts_in_the_colour_that_the_ground_asks_for(colour: str, second: str) -> None:
    image, mask = shirt()
    lexicon = default_lexicon()
    ground, other = shade_of(colour, lexicon), shade_of(second, lexicon)
    assert np.array_equal(contrasts(ground, lexicon)[0], other)
    after = change({Facet.COLOUR: colour, Facet.PATTERN: "striped"})
    expected = Garment(image, mask).patterned("striped", other, ground=ground)
    assert np.array_equal(start_from(image, mask, after, lexicon), expected)


def test_what_has_no_shade_and_no_sketch_starts_from_the_reference() -> None:
    image, mask = shirt()
    for after in ({Facet.COLOUR: "multicolour"}, {Facet.MATERIAL: "leather"}, {}):
        assert np.array_equal(start_from(image, mask, change(after), default_lexicon()), image)
