"""Parts of the text-tower study by themselves: ranks, losses, drawn twins."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from engine.errors import InvalidInput  # noqa: E402
from models.training.studies.text_towers_corpus import title_key  # noqa: E402
from models.training.studies.text_towers_drawn import (  # noqa: E402
    COLOURS,
    draw_garment,
    drawn_garments,
    split_colour_pairs,
)
from models.training.studies.text_towers_model import (  # noqa: E402
    hardest_negative_loss,
    sentence_loss,
)
from models.training.studies.text_towers_retrieval import (  # noqa: E402
    first_of_each,
    picture_ranks,
    title_ranks,
    twin_choices,
)

pytestmark = pytest.mark.models


def _unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    found = rng.standard_normal(shape).astype(np.float32)
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


# Ranks


def test_ranks_equal_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    pictures, numbers = _unit(rng, 30, 8), rng.integers(0, 12, 30)
    asked = numbers[first_of_each(numbers)]
    titles = _unit(rng, len(asked), 8)
    by_hand = []
    for vector, number in zip(titles, asked, strict=True):
        order = np.argsort(-(pictures @ vector))
        wrong_before = 0
        for place in order:
            if numbers[place] == number:
                break
            wrong_before += 1
        by_hand.append(wrong_before)
    assert picture_ranks(titles, asked, pictures, numbers).tolist() == by_hand
    back = [
        int(((titles @ picture)[asked != number] > titles[asked == number][0] @ picture).sum())
        for picture, number in zip(pictures, numbers, strict=True)
    ]
    assert title_ranks(pictures, numbers, titles, asked).tolist() == back


def test_one_vector_for_everything_finds_nothing() -> None:
    same = np.ones((5, 4), np.float32) / 2
    assert picture_ranks(same, np.arange(5), same, np.arange(5)).tolist() == [4] * 5


def test_scores_that_are_not_finite_are_refused() -> None:
    vectors = np.full((2, 4), np.nan, np.float32)
    with pytest.raises(InvalidInput, match="not finite"):
        picture_ranks(vectors, np.arange(2), vectors, np.arange(2))


def test_word_average_can_only_be_right_on_one_of_two_twins() -> None:
    rng = np.random.default_rng(1)
    text = _unit(rng, 7, 1, 16).repeat(2, axis=1)
    choices = twin_choices(text, _unit(rng, 7, 2, 16)).reshape(7, 2)
    assert (choices.mean(axis=1) == 0.5).all()
    pictures = _unit(rng, 7, 2, 16)
    assert twin_choices(pictures, pictures).tolist() == [1.0] * 14
    assert twin_choices(pictures[:, ::-1], pictures).tolist() == [0.0] * 14


# Losses


def test_hardest_negative_loss_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    images, texts = _unit(rng, 9, 6), _unit(rng, 9, 6)
    numbers = np.array([0, 1, 2, 3, 3, 4, 5, 0, 6])
    same = numbers[:, None] == numbers[None]
    total = 0.0
    for row in range(9):
        others = [column for column in range(9) if numbers[column] != numbers[row]]
        own = images[row] @ texts[row]
        by_text = max(texts[row] @ images[column] for column in others)
        by_image = max(images[row] @ texts[column] for column in others)
        total += max(0, 0.2 - own + by_text) + max(0, 0.2 - own + by_image)
    found = hardest_negative_loss(*map(torch.from_numpy, (images, texts, same)))
    assert float(found) == pytest.approx(total / 9, abs=1e-5)


def test_batch_of_one_title_has_no_hardest_negative() -> None:
    vectors = torch.from_numpy(_unit(np.random.default_rng(0), 3, 6)).requires_grad_()
    loss = hardest_negative_loss(vectors, vectors, torch.ones(3, 3, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == 0
    assert vectors.grad is not None
    assert torch.isfinite(vectors.grad).all()


def test_rows_without_a_target_do_not_count() -> None:
    read = torch.eye(4)[:3]
    targets = torch.stack([read[0], torch.zeros(4), -read[2]])
    assert float(sentence_loss(read, targets)) == pytest.approx(1.0)  # (0 + 2) / 2


# Drawn twins


def test_twins_hold_the_same_words_and_colour_pairs_are_split() -> None:
    train, test = split_colour_pairs()
    assert sorted(train + test) == sorted(combinations(COLOURS, 2))
    assert not set(train) & set(test)
    for part in (train, test):
        assert {colour for pair in part for colour in pair} == set(COLOURS)
    twins = drawn_garments(test, designs=2, seed=1)
    assert len(twins) == len(test) * 4 * 2
    for one, other in twins:
        assert one.title != other.title
        assert sorted(one.title.split()) == sorted(other.title.split())
        assert title_key(one.title) != title_key(other.title)


def test_twins_differ_in_their_colours_alone() -> None:
    one, other = drawn_garments([("red", "blue")], designs=1, seed=4)[0]
    pictures = [draw_garment(one), draw_garment(other), draw_garment(one)]
    assert pictures[0].shape == (128, 96, 3)
    assert (pictures[0] == pictures[2]).all()
    cloth = [(picture < 250).any(axis=2) for picture in pictures]
    assert (cloth[0] == cloth[1]).mean() > 0.99
    middle = [picture[80, 48].astype(int) for picture in pictures]
    assert middle[0][0] > middle[0][2] + 50  # red shirt
    assert middle[1][2] > middle[1][0] + 50  # blue shirt
