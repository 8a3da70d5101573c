"""The three text towers: unit vectors, padding, word order, sizes."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from torch import nn  # noqa: E402

from models.training.text_towers import (  # noqa: E402
    TOWER_NAMES,
    TextTowerSizes,
    TowerName,
    build_text_tower,
    count_parameters,
)

pytestmark = pytest.mark.models

SIZES = TextTowerSizes(vocabulary=50, tokens=8, width=32, dims=16, layers=2)
TEXTS = st.lists(st.lists(st.integers(1, 49), min_size=1, max_size=6), min_size=1, max_size=5)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def towers() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {name: build_text_tower(name, SIZES).eval() for name in TOWER_NAMES}


def _tokens(texts: list[list[int]], width: int) -> torch.Tensor:
    tokens = torch.zeros(len(texts), width, dtype=torch.long)
    for row, text in enumerate(texts):
        tokens[row, : len(text)] = torch.tensor(text)
    return tokens


@torch.no_grad()
def _vectors(tower: nn.Module, texts: list[list[int]], width: int | None = None) -> np.ndarray:
    return tower(_tokens(texts, width or max(map(len, texts)))).numpy()


def test_every_name_has_a_tower() -> None:
    assert get_args(TowerName) == TOWER_NAMES
    assert len({type(build_text_tower(name, SIZES)) for name in TOWER_NAMES}) == 4
    with pytest.raises(ValueError, match="expected one of word-average"):
        build_text_tower("lstm", SIZES)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", TOWER_NAMES)
@settings(deadline=None, max_examples=15)
@given(texts=TEXTS)
def test_vectors_are_unit_length_and_padding_changes_none(
    towers: dict[str, nn.Module], name: str, texts: list[list[int]]
) -> None:
    found = _vectors(towers[name], texts, 8)
    assert found.shape == (len(texts), SIZES.dims)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(_vectors(towers[name], texts), found, atol=1e-5)
    for row, text in enumerate(texts):  # alone, without any padding
        np.testing.assert_allclose(_vectors(towers[name], [text])[0], found[row], atol=1e-5)


@pytest.mark.parametrize("name", TOWER_NAMES)
def test_text_of_padding_alone_has_a_finite_vector(towers: dict[str, nn.Module], name: str) -> None:
    if name in ("word-average", "gru", "transformer"):
        with torch.no_grad():
            towers[name].project.bias.fill_(0.1)  # as after a step of training
    found = _vectors(towers[name], [[0, 0], [3, 4]])
    assert np.isfinite(found).all()


def test_order_is_nothing_to_the_average_and_something_to_the_others(
    towers: dict[str, nn.Module],
) -> None:
    red_shirt_blue_collar, its_twin = [5, 9, 2, 7, 11], [7, 9, 2, 5, 11]
    for name, tower in towers.items():
        one, other = _vectors(tower, [red_shirt_blue_collar, its_twin])
        apart = float(np.abs(one - other).max())
        if name == "word-average":
            assert apart < 1e-6
        else:
            assert apart > 1e-3, name


@pytest.mark.parametrize("name", TOWER_NAMES)
def test_a_step_moves_the_embeddings_of_read_words_alone(name: TowerName) -> None:
    torch.manual_seed(1)
    tower = build_text_tower(name, SIZES)
    vectors = tower(_tokens([[3, 4, 5], [6, 7]], 5))
    (vectors * torch.randn(2, SIZES.dims)).sum().backward()
    gradient = tower.embed.weight.grad
    assert gradient is not None
    moved = gradient.abs().sum(1) > 0
    assert moved[[3, 4, 5, 6, 7]].all()
    assert not moved[8:].any()
    assert all(each.grad is not None for each in tower.parameters())


def test_parameters_by_hand() -> None:
    words, width, dims = 50 * 32, 32, 16
    average = words + width * dims + dims
    assert count_parameters(build_text_tower("word-average", SIZES)) == average
    # Two directions, three gates, input and state weights, two biases each (torch's GRU).
    gru = words + 2 * 3 * (2 * width * width + 2 * width) + 2 * width * dims + dims
    assert count_parameters(build_text_tower("gru", SIZES)) == gru
    attention = 4 * (width * width + width)
    bent = 2 * width * width + 2 * width + 2 * width * width + width
    layer = attention + bent + 2 * 2 * width
    transformer = words + 8 * width + 2 * layer + 2 * width + width * dims + dims
    assert count_parameters(build_text_tower("transformer", SIZES)) == transformer
