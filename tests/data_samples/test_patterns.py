import numpy as np
import pytest

from data_samples.draw.patterns import Pattern

GROUND, SECOND, THIRD = (0.8, 0.1, 0.1), (1.0, 1.0, 1.0), (0.1, 0.1, 0.5)


def _paint(kind, share=0.4, angle=0.0, side_px=240):
    line = (np.arange(side_px, dtype=np.float32) + 0.5) / side_px * 4
    u, v = np.meshgrid(line, line)
    pattern = Pattern(
        kind=kind,
        second_rgb=SECOND,
        third_rgb=THIRD,
        period=0.5,
        share=share,
        angle=angle,
        seed=3,
    )
    return pattern.paint(u, v, 4 / side_px, GROUND)


def _share_of(colours, rgb):
    return float((np.abs(colours - np.array(rgb)).max(axis=2) < 0.02).mean())


@pytest.mark.parametrize("share", [0.25, 0.4])
def test_stripes_cover_the_share_they_promise(share):
    white = (_paint("striped", share)[..., 1].mean() - 0.1) / 0.9
    assert white == pytest.approx(share, abs=0.02)


def test_stripes_run_across_and_turn_with_the_angle():
    across, along = _paint("striped"), _paint("striped", angle=np.pi / 2)
    assert np.ptp(across, axis=1).max() < 1e-4
    assert np.ptp(along, axis=0).max() < 1e-4


@pytest.mark.parametrize("kind", ["striped", "polka dot", "floral"])
def test_the_ground_stays_the_largest_colour(kind):
    colours = _paint(kind)
    assert _share_of(colours, GROUND) > 0.45
    assert 0.05 < _share_of(colours, SECOND) < 0.5


def test_checks_show_ground_crossing_and_fine_lines():
    colours = _paint("checked")
    assert _share_of(colours, GROUND) > 0.2
    assert _share_of(colours, SECOND) > 0.05


@pytest.mark.parametrize("kind", ["plain", "graphic print"])
def test_what_is_not_all_over_leaves_the_ground_alone(kind):
    assert _share_of(_paint(kind), GROUND) == 1.0


def test_a_pattern_looks_the_same_from_near():
    far, near = _paint("floral", side_px=240), _paint("floral", side_px=960)
    shrunk = near.reshape(240, 4, 240, 4, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - far).mean() < 0.03
