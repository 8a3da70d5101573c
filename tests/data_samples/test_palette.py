import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_samples.draw.palette import (
    COLOURS,
    centre_rgb,
    lab_to_rgb,
    nearest_colour,
    rgb_to_lab,
    sample_shade,
)

UNIT = st.floats(0.0, 1.0)


@settings(deadline=None)
@given(st.tuples(UNIT, UNIT, UNIT))
def test_lab_and_back_is_the_same_colour(rgb):
    back = lab_to_rgb(rgb_to_lab(np.array(rgb)))
    np.testing.assert_allclose(back, rgb, atol=2e-3)


def test_white_has_full_lightness_and_no_tint():
    np.testing.assert_allclose(rgb_to_lab(np.ones(3)), [100.0, 0.0, 0.0], atol=0.02)


@pytest.mark.parametrize("name", COLOURS)
def test_shades_vary_and_keep_their_name(name):
    rng = np.random.default_rng(4)
    shades = [sample_shade(name, rng) for _ in range(60)]
    assert len(set(shades)) > 50
    assert {nearest_colour(shade) for shade in shades} == {name}
    assert nearest_colour(centre_rgb(name)) == name
