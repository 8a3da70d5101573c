import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data_samples.draw.curves import closed_curve, ellipse, limb, open_curve, symmetric

COORDINATE = st.floats(-5, 5).map(lambda value: round(value, 2))
KNOTS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=8, unique=True)


def _distance(curve, point):
    return np.hypot(*(curve - np.array(point)).T).min()


@settings(deadline=None)
@given(KNOTS)
def test_an_open_curve_passes_through_its_knots(knots):
    curve = open_curve(knots)
    assert all(_distance(curve, knot) < 1e-9 for knot in knots)
    np.testing.assert_allclose(curve[[0, -1]], [knots[0], knots[-1]])


@settings(deadline=None)
@given(KNOTS)
def test_a_closed_curve_passes_through_its_knots(knots):
    curve = closed_curve(knots)
    assert np.isfinite(curve).all()
    assert all(_distance(curve, knot) < 1e-9 for knot in knots)


def test_a_corner_breaks_the_tangent():
    smooth = open_curve([(0, 0), (1, 1), (2, 0)])
    broken = open_curve([(0, 0), (1, 1, 1), (2, 0)])
    # Between two knots a broken curve is a straight line, a smooth one is not.
    assert np.abs(broken[:, 1] - (1 - np.abs(broken[:, 0] - 1))).max() < 1e-9
    assert np.abs(smooth[:, 1] - (1 - np.abs(smooth[:, 0] - 1))).max() > 0.05


def test_a_symmetric_outline_equals_its_mirror_image():
    curve = symmetric([(0.0, 0.0), (1.0, 0.5, 1), (0.6, 1.5), (0.0, 2.0)])
    for x, y in curve:
        assert _distance(curve, (-x, y)) < 1e-6


def test_a_limb_keeps_its_half_width_from_the_centre_line():
    tube = limb([(0, 0), (0, 1), (0, 3)], [0.2, 0.2])
    np.testing.assert_allclose(np.abs(tube[:, 0]), 0.2, atol=1e-9)


def test_an_ellipse_meets_its_equation():
    curve = ellipse(1.0, 2.0, 3.0, 0.5)
    np.testing.assert_allclose(((curve[:, 0] - 1) / 3) ** 2 + ((curve[:, 1] - 2) / 0.5) ** 2, 1.0)
