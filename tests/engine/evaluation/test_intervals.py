"""The bootstrap: deterministic, holds the value, and has the width that theory says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.evaluation.intervals import bootstrap, row_percentile

values_in_unit = st.lists(st.floats(0, 1), min_size=1, max_size=50)


@given(values_in_unit, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_interval_holds_the_mean_and_stays_in_range(values: list[float], seed: int) -> None:
    found = bootstrap(values, seed=seed)
    assert found.value == pytest.approx(np.mean(values))
    assert min(values) - 1e-9 <= found.low <= found.value <= found.high <= max(values) + 1e-9
    assert found.n == len(values)
    assert bootstrap(values, seed=seed) == found


def test_equal_values_have_no_width() -> None:
    found = bootstrap([0.25] * 40)
    assert found.low == pytest.approx(0.25)
    assert found.high == pytest.approx(0.25)


def test_width_is_that_of_the_normal_interval() -> None:
    values = (np.random.default_rng(5).random(2000) < 0.4).astype(float)
    found = bootstrap(values)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert found.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_blocks_of_resamples_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).random(300)
    whole = bootstrap(values)
    monkeypatch.setattr("engine.evaluation.intervals._CHUNK_CELLS", 300 * 7)
    assert bootstrap(values) == whole


def test_other_statistics() -> None:
    values = np.arange(101.0)
    found = bootstrap(values, statistic=row_percentile(95))
    assert found.value == pytest.approx(95)
    assert 85 < found.low < 95 < found.high <= 100


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(InvalidInput, match="finite"):
        bootstrap(values)
