"""Measures of attributes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.attributes import FacetTruth, calibration_error, score_facet
from engine.types import Facet


def test_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 1.0])
    right = np.array([True, True, False, False, False, True])
    # 0.9: half right of four; 0.1: none right; 1.0 has a bin of its own.
    expected = (abs(0.9 * 4 - 2) + abs(0.1 - 0)) / 6
    assert calibration_error(confidence, right) == pytest.approx(expected)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def score(values: list[str], lacks: list[bool], shares: list[list[float]]) -> dict[str, float]:
    truth = FacetTruth(facet=Facet.SLEEVE, values=np.array(values), lacks=np.array(lacks))
    found = score_facet(truth, np.array(shares, np.float32), ("short", "long"), arm="made")
    assert {each.condition for each in found} == {"sleeve"}
    assert all(each.low <= each.value <= each.high for each in found)
    return {each.metric: each.value for each in found}


def test_what_is_not_said_is_not_right_and_what_is_said_of_shoes_is_wrong() -> None:
    found = score(
        ["short", "long", "long", "", ""],
        [False, False, False, True, False],
        [[0.9, 0.1], [0.8, 0.1], [0, 0], [0.6, 0.2], [0.7, 0.3]],
    )
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["precision"] == pytest.approx(1 / 3)  # the last picture is not known
    assert "map" not in found  # too few of either


def test_map_ranks_the_pictures_of_each_value() -> None:
    shares = [[0.9 - 0.05 * place, 0.1 + 0.05 * place] for place in range(12)]
    values = ["short"] * 5 + ["long"] + ["short"] + ["long"] * 5
    found = score(values, [False] * 12, shares)
    short = (1 + 1 + 1 + 1 + 1 + 6 / 7) / 6
    assert found["map"] == pytest.approx(short)  # the other way round it is the same
    assert "coverage" not in found


def test_a_value_that_the_predictor_does_not_know_is_wrong() -> None:
    found = score(["puff", "short"], [False, False], [[0.9, 0.1], [0.9, 0.1]])
    assert found["accuracy"] == 0.5
