"""The Fréchet distance, against Gaussians whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.evaluation.frechet import corrected_distance, frechet_distance, leading_axes


def exactly(mean: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """A cloud whose mean and covariance are exactly those of N(mean, diag(deviations²))."""
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(50, len(mean)))
    cloud -= cloud.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(cloud, rowvar=False))
    white = cloud @ (axes / np.sqrt(values)) @ axes.T
    return white * deviations + mean


def test_known_gaussians() -> None:
    ours = exactly(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 0.5]))
    theirs = exactly(np.array([1.0, 1.0, 0.0]), np.array([3.0, 2.0, 1.0]))
    expected = (1 + 4) + (1 - 3) ** 2 + 0 + (0.5 - 1) ** 2  # where covariances commute
    assert frechet_distance(ours, theirs) == pytest.approx(expected)
    assert frechet_distance(theirs, ours) == pytest.approx(expected)
    assert frechet_distance(ours, ours) == pytest.approx(0, abs=1e-9)


def test_covariances_that_do_not_commute() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(30, 4))
    one, other = np.cov(ours, rowvar=False), np.cov(theirs, rowvar=False)
    shared = np.sqrt(np.linalg.eigvals(one @ other).real).sum()
    apart = ours.mean(axis=0) - theirs.mean(axis=0)
    expected = apart @ apart + np.trace(one + other) - 2 * shared
    assert frechet_distance(ours, theirs) == pytest.approx(expected)


def test_the_correction_takes_off_what_few_pictures_add() -> None:
    rng = np.random.default_rng(2)
    truth = 1.0  # of N(0, 1) and N((½, … ½), 1) in four dimensions
    plain, corrected, covered = [], [], 0
    for seed in range(20):
        ours, theirs = rng.normal(size=(60, 4)) + 0.5, rng.normal(size=(60, 4))
        found = corrected_distance(ours, theirs, seed=seed)
        plain.append(frechet_distance(ours, theirs))
        corrected.append(found.value)
        covered += found.low <= truth <= found.high
        assert found.n == 60
    assert np.mean(plain) > truth + 0.15
    assert abs(np.mean(corrected) - truth) < 0.1
    assert covered >= 16


def test_pictures_of_one_cluster_are_drawn_together() -> None:
    rng = np.random.default_rng(3)
    few = rng.normal(size=(20, 3))
    theirs = rng.normal(size=(200, 3))
    thrice = np.tile(few, (3, 1))
    clusters = np.tile(np.arange(20), 3)
    apart = corrected_distance(thrice, theirs)
    together = corrected_distance(thrice, theirs, clusters=clusters)
    assert together.high - together.low > 1.3 * (apart.high - apart.low)


def test_leading_axes_are_those_of_most_variance() -> None:
    rng = np.random.default_rng(4)
    cloud = rng.normal(size=(300, 5)) * np.array([0.1, 3.0, 0.2, 9.0, 0.1]) + 7
    axes = leading_axes(cloud, 2)
    assert axes.shape == (5, 2)
    assert np.abs(axes[3, 0]) > 0.99
    assert np.abs(axes[1, 1]) > 0.99
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-9)


def test_shapes_that_do_not_agree_are_said() -> None:
    with pytest.raises(InvalidInput, match="of one length"):
        corrected_distance(np.zeros((5, 3)), np.zeros((5, 2)))
    with pytest.raises(InvalidInput, match="two or more"):
        corrected_distance(np.zeros((1, 3)), np.zeros((5, 3)))
