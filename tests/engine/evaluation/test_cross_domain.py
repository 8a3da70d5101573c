"""Phone photos against a catalogue, on cases that are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.evaluation.cross_domain import (
    PhotoGroup,
    colour_agreement,
    colour_histograms,
    commonest_type,
    rank_photos,
    score_chance,
    score_neighbours,
    score_predictions,
    vote,
)

TYPES = ["t-shirt"] * 6 + ["shirt"] * 3 + ["jeans"] * 3
NEAREST = np.array([range(10), range(2, 12), range(11, 1, -1)])
TEES, SHIRTS = frozenset({"t-shirt"}), frozenset({"shirt", "jeans"})
GROUP = PhotoGroup(name="phone-photos", rows=(0, 2), allowed=(TEES, SHIRTS))


def test_precision_counts_the_allowed_types_among_ten() -> None:
    found = score_neighbours(GROUP, NEAREST, TYPES, arm="toy")
    assert found.value == pytest.approx((6 / 10 + 6 / 10) / 2)
    assert (found.metric, found.arm, found.condition, found.n) == (
        "precision@10", "toy", "phone-photos", 2)  # fmt: skip


def test_chance_is_the_share_of_the_catalogue() -> None:
    assert score_chance(GROUP, TYPES).value == pytest.approx((6 / 12 + 6 / 12) / 2)
    jeans = PhotoGroup(name="jeans", rows=(1,), allowed=(frozenset({"jeans"}),))
    assert score_chance(jeans, TYPES).value == pytest.approx(3 / 12)


def test_a_guess_counts_for_its_own_photo() -> None:
    assert score_predictions(GROUP, ["t-shirt", "jeans", "jeans"], arm="toy").value == 1
    assert score_predictions(GROUP, ["jeans", "jeans", "t-shirt"], arm="toy").value == 0


def test_the_vote_is_the_commonest_and_of_equals_the_nearest() -> None:
    assert vote(NEAREST[:1], TYPES) == ["t-shirt"]
    assert vote(np.array([[6, 0, 9]]), TYPES) == ["shirt"]
    assert commonest_type(TYPES) == "t-shirt"


def test_colours_agree_with_the_catalogue_not_with_blanks() -> None:
    colours = ["red"] * 4 + [""] * 8
    found = colour_agreement(NEAREST[:2], ["red", ""], colours, arm="toy", condition="photos")
    assert found.value == pytest.approx((0.4 + 0.8) / 2)


def test_a_group_needs_a_photo_and_types_for_each() -> None:
    with pytest.raises(InvalidInput, match="0 photos"):
        PhotoGroup(name="none", rows=(), allowed=())
    with pytest.raises(InvalidInput, match="2 photos with 1"):
        PhotoGroup(name="odd", rows=(0, 1), allowed=(TEES,))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_histograms_are_unit_rows_for_any_picture(high: int, wide: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (high, wide, 3), dtype=np.uint8)
    (row,) = colour_histograms([image])
    assert row.shape == (64,)
    assert row.dtype == np.float32
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_histograms_see_colour_and_nothing_else() -> None:
    red, blue = ((200, 30, 35), (40, 85, 180))
    pictures = [np.full((40, 30, 3), 255, np.uint8) for _ in range(3)]
    pictures[0][5:20, 5:15] = red
    pictures[1][20:35, 12:22] = red  # as much, elsewhere
    pictures[2][5:20, 5:15] = blue
    rows = colour_histograms(pictures)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    assert rank_photos(rows[:1], rows).tolist() == [[0, 1, 2]]
    assert rows[0] @ rows[2] < 0.95


def test_each_channel_has_a_place_of_its_own() -> None:
    shades = [np.full((4, 4, 3), each, np.uint8) for each in ((255, 0, 0), (0, 255, 0), (0, 0, 64))]
    assert colour_histograms(shades).argmax(axis=1).tolist() == [48, 12, 1]
