"""Prompts of the generator: words, codes and what a reference keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.types import Facet
from models.training.variants.bank import RetrievalBank
from models.variants.prompts import PROMPT_FACETS, PromptVocabulary, caption
from models.variants.structure import ABSENT, STRUCTURE_CHANNELS, structure, structure_planes

VOCABULARY = PromptVocabulary(
    values=dict.fromkeys(PROMPT_FACETS, ())
    | {Facet.TYPE: ("shirt", "top"), Facet.COLOUR: ("blue", "red")}
)


def test_a_caption_names_what_is_known_in_one_order() -> None:
    said = {Facet.TYPE: "top", Facet.COLOUR: "red", Facet.SLEEVE: "sleeveless", Facet.GENDER: ""}
    assert caption(said) == "red sleeveless top"
    assert caption({}) == ""


def test_codes_are_places_and_0_where_nothing_or_nothing_known_is_said() -> None:
    codes = VOCABULARY.codes([{Facet.TYPE: "top", Facet.COLOUR: "mauve"}, {Facet.COLOUR: "red"}])
    assert codes[:, PROMPT_FACETS.index(Facet.TYPE)].tolist() == [2, 0]
    assert codes[:, PROMPT_FACETS.index(Facet.COLOUR)].tolist() == [0, 2]
    assert codes.max(0).tolist() <= [size - 1 for size in VOCABULARY.sizes]
    assert VOCABULARY.codes([]).shape == (0, len(PROMPT_FACETS))


def test_a_vocabulary_comes_back_from_its_file(tmp_path: Path) -> None:
    VOCABULARY.save(tmp_path / "prompts.json")
    assert PromptVocabulary.load(tmp_path / "prompts.json") == VOCABULARY


def shirt(colour: tuple[int, int, int]) -> np.ndarray:
    frame = np.full((1, 96, 72, 3), 255, np.uint8)
    frame[:, 20:80, 16:56] = colour
    frame[:, 45:50, 16:56] = np.array(colour) // 2
    return frame


def test_structure_knows_the_cut_and_not_the_colour() -> None:
    red, blue = structure(shirt((200, 40, 40))), structure(shirt((40, 60, 220)))
    assert red.shape == (1, 2, 48, 36)
    np.testing.assert_array_equal(red[:, 0], blue[:, 0])
    assert red[0, 0, 25, 18] == 255
    assert red[0, 0, 2, 2] == 0
    inside = (slice(None), 1, slice(14, 36), slice(12, 24))  # away from the border with the ground
    assert np.abs(red[inside].astype(int) - blue[inside].astype(int)).mean() < 12
    assert np.ptp(red[inside]) > 60  # the band is seen


def test_white_cloth_inside_an_outline_belongs_to_the_product() -> None:
    frame = shirt((30, 30, 30))
    frame[:, 30:70, 26:46] = 255
    assert structure(frame)[0, 0, 25, 18] == 255


def test_planes_keep_what_is_asked_for() -> None:
    held = np.repeat(structure(shirt((200, 40, 40))), 3, axis=0)
    planes = structure_planes(
        held, detail=np.array([True, False, True]), present=np.array([True, True, False])
    )
    assert planes.shape == (3, STRUCTURE_CHANNELS, 16, 12)
    outline, detail = planes[:, :9], planes[:, 9:]
    assert np.abs(detail[0]).max() > 0.2
    assert not detail[1:].any()
    np.testing.assert_array_equal(outline[0], outline[1])
    assert (outline[2] == ABSENT).all()
    np.testing.assert_allclose(outline[0].mean(), held[0, 0].mean() / 255, rtol=1e-5)


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 4),
    size=st.integers(8, 40),
)
def test_the_bank_finds_what_sorting_all_finds(seed: int, count: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    captions = rng.integers(-2, 3, (size, 3)).astype(np.float32)
    prompts = rng.integers(-2, 3, (5, 3)).astype(np.float32)
    groups = np.arange(size) % 8
    without = rng.integers(0, 8, 5)
    found = RetrievalBank(captions, groups).nearest(prompts, count=count, without=without)
    for place in range(5):
        allowed = [row for row in range(size) if groups[row] != without[place]]
        if len(allowed) < count:
            continue
        best = sorted((float(prompts[place] @ captions[row]) for row in allowed), reverse=True)
        assert found.similarity[place].tolist() == pytest.approx(best[:count])
        assert set(found.rows[place].tolist()) <= set(allowed)
        assert len(set(found.rows[place].tolist())) == count
