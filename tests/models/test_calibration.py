"""Temperatures and thresholds, against plain searches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("scipy", reason="needs the extra [models]")

from models.training.calibration import (
    fit_temperature,
    log_likelihood,
    threshold_for_precision,
)


def test_a_network_that_is_too_sure_is_cooled_down() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(4000, 5)).astype(np.float32) * 2
    shares = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    codes = (shares.cumsum(1) > rng.random((4000, 1))).argmax(1)
    found = fit_temperature(honest * 3, codes)
    assert found == pytest.approx(3, rel=0.1)
    tried = [log_likelihood(honest * 3, codes, each) for each in np.geomspace(0.3, 7, 60)]
    assert log_likelihood(honest * 3, codes, found) >= max(tried) - 1e-6
    assert fit_temperature(honest[:0], codes[:0]) == 1.0


def test_likelihood_is_that_of_the_softmax() -> None:
    logits = np.log(np.array([[1, 3], [2, 2]], np.float32))
    expected = np.log([0.75, 0.5]).mean()
    assert log_likelihood(logits, np.array([1, 0])) == pytest.approx(expected, abs=1e-6)


@given(
    st.lists(st.tuples(st.sampled_from([0.2, 0.4, 0.5, 0.7, 0.9]), st.booleans()), max_size=60),
    st.sampled_from([0.5, 0.8, 0.9]),
)
def test_the_threshold_is_the_lowest_that_is_good_enough(
    answers: list[tuple[float, bool]], precision: float
) -> None:
    shares = np.array([share for share, _ in answers], float)
    right = np.array([each for _, each in answers], bool)
    good = [
        value
        for value in np.unique(shares)
        if (shares >= value).sum() >= 10 and right[shares >= value].mean() >= precision
    ]
    found = threshold_for_precision(shares, right, precision=precision)
    assert found == (min(good) if good else 1.01)
