"""Garments in other colours: what changes, what must not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.query.lexicon import default_lexicon
from engine.query.shade import lab_of_hex
from models.variants.oklab import from_lab, linear_rgb, oklab, rgb_of_linear, to_linear
from models.variants.patterns import PATTERNS, pattern_field
from models.variants.recolour import Garment
from models.variants.shades import MAIN_COLOURS, shade_of

LEXICON = default_lexicon()
HIGH, WIDE = 90, 70


def soft_disc() -> NDArray[np.float32]:
    y, x = np.indices((HIGH, WIDE))
    return np.clip((28 - np.hypot(y - 45, x - 35)) / 3 + 0.5, 0, 1).astype(np.float32)


def folded(colour: tuple[int, int, int], *, seed: int = 0) -> NDArray[np.uint8]:
    """Cloth with folds on a ground of noise."""
    y, x = np.indices((HIGH, WIDE))
    light = 0.86 + 0.14 * np.sin(x / 4 + y / 9)
    ground = np.random.default_rng(seed).integers(0, 255, (HIGH, WIDE, 3))
    mask = soft_disc()[..., None]
    return (mask * light[..., None] * np.array(colour) + (1 - mask) * ground).astype(np.uint8)


def lightness(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return oklab(to_linear(image))[..., 0]


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=50))
def test_colours_come_back_from_oklab(colours):
    rgb = np.array(colours, np.uint8)
    back = rgb_of_linear(linear_rgb(oklab(to_linear(rgb))))
    assert np.abs(back.astype(int) - rgb).max() <= 1


def test_white_and_grey_have_no_chroma():
    found = oklab(to_linear(np.array([[255, 255, 255], [128, 128, 128]], np.uint8)))
    np.testing.assert_allclose(found[0], [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(found[1, 1:], 0, atol=1e-3)


@pytest.mark.parametrize("shade", ["17171a", "c3242b", "f2cf2f", "2a5caa", "f7f7f5"])
def test_the_vocabulary_s_lab_means_the_same_in_oklab(shade):
    rgb = np.array([int(shade[at : at + 2], 16) for at in (0, 2, 4)], np.uint8)
    np.testing.assert_allclose(from_lab(lab_of_hex(shade)), oklab(to_linear(rgb)), atol=2e-3)


@pytest.mark.parametrize("colour", MAIN_COLOURS)
@pytest.mark.parametrize("before", [(20, 20, 22), (245, 245, 243), (40, 80, 160), (190, 150, 90)])
def test_a_garment_takes_the_colour_keeps_its_folds_and_leaves_the_rest(colour, before):
    image, mask = folded(before), soft_disc()
    shade = shade_of(colour, LEXICON)
    found = Garment(image, mask).recoloured(shade)
    inside = mask > 0.99
    np.testing.assert_array_equal(found[mask == 0], image[mask == 0])
    middle = np.median(oklab(to_linear(found))[inside], axis=0)
    assert np.linalg.norm(middle - shade) < 0.07
    both = inside[:, 1:] & inside[:, :-1]
    steps = [np.diff(lightness(each), axis=1)[both] for each in (image, found)]
    # A dark cloth's folds are a few levels of 8 bits, and a black one's fewer.
    least = 0.5 if max(before) < 40 or colour == "black" else 0.8
    assert np.corrcoef(steps[0], steps[1])[0, 1] > least


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(MAIN_COLOURS))
def test_no_pixel_outside_a_mask_ever_changes(seed, colour):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (24, 18, 3)).astype(np.uint8)
    mask = np.where(rng.random((24, 18)) < 0.5, rng.random((24, 18)), 0).astype(np.float32)
    mask[4, 4] = 1
    kept = image.copy()
    found = Garment(image, mask).recoloured(shade_of(colour, LEXICON))
    np.testing.assert_array_equal(image, kept)
    np.testing.assert_array_equal(found[mask == 0], image[mask == 0])


def test_a_print_keeps_its_colours():
    image, mask = folded((30, 60, 150)), soft_disc()
    image[38:48, 30:40] = (240, 220, 40)
    found = Garment(image, mask).recoloured(shade_of("red", LEXICON)).astype(int)
    assert np.abs(found[40:46, 32:38] - (240, 220, 40)).max() < 12
    assert found[60, 35, 0] > 1.5 * found[60, 35, 2]


def test_where_no_colour_is_the_cloth_s_all_move_along():
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (HIGH, WIDE, 3)).astype(np.uint8)
    garment = Garment(image, soft_disc())
    assert garment.cloth.patterned
    found = oklab(to_linear(garment.recoloured(shade_of("green", LEXICON))))[soft_disc() > 0.99]
    assert (found[:, 1] < 0.02).mean() > 0.95  # a is below zero for green


def test_an_edge_has_no_rim_of_the_old_colour():
    mask = soft_disc()
    image = np.full((HIGH, WIDE, 3), 255.0)
    image += mask[..., None] * (np.array([15, 15, 18]) - 255.0)
    found = Garment(image.astype(np.uint8), mask).recoloured(shade_of("yellow", LEXICON))
    edge = (mask > 0.2) & (mask < 0.8)
    assert lightness(found)[edge].min() > 0.72  # black's rim would be at a half and below


def test_masks_must_fit():
    image = folded((30, 60, 150))
    with pytest.raises(InvalidInput):
        Garment(image, np.ones((5, 5), np.float32))
    with pytest.raises(InvalidInput):
        Garment(image, np.zeros((HIGH, WIDE), np.float32))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_lies_on_the_garment_alone(pattern):
    image, mask = folded((230, 230, 228)), soft_disc()
    found = Garment(image, mask).patterned(pattern, shade_of("blue", LEXICON))
    np.testing.assert_array_equal(found[mask == 0], image[mask == 0])
    field = pattern_field(pattern, mask, lightness(image))
    assert field[mask == 0].max() == 0
    share = field[mask > 0.99].mean()
    assert 0.1 < share < 0.7
    changed = (np.abs(found.astype(int) - image).max(axis=2) > 8)[mask > 0.99].mean()
    assert 0.1 < changed < 0.95


def test_an_unknown_pattern_is_said():
    with pytest.raises(InvalidInput, match="paisley"):
        pattern_field("paisley", soft_disc(), soft_disc())


def test_colours_without_a_shade_are_said():
    for colour in ("multicolour", "no such colour"):
        with pytest.raises(InvalidInput):
            shade_of(colour, LEXICON)


def test_the_main_colours_are_one_of_each_family():
    families = [LEXICON.family(each) for each in MAIN_COLOURS]
    assert len(set(families)) == 12
    assert set(LEXICON.families.values()) - set(families) == {"metallic", "multicolour"}
