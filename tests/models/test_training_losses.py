"""The losses against loops that follow the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")

from models.training.losses import (  # noqa: E402
    attribute_loss,
    contrastive_loss,
    phrase_matches,
    title_matches,
)
from models.training.pairs import ATTRIBUTES  # noqa: E402
from models.training.prompts import prompt_loss  # noqa: E402
from models.training.refit import nearest_loss  # noqa: E402

pytestmark = pytest.mark.models


def test_contrastive_loss_equals_a_loop() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(7, 11)) * 3
    positive = rng.random((7, 11)) < 0.3
    usable = rng.random((7, 11)) < 0.8
    positive[2] = False  # a row without a positive does not count
    rows = []
    for row in range(7):
        wanted = [k for k in range(11) if positive[row, k] and usable[row, k]]
        if not wanted:
            continue
        total = sum(math.exp(logits[row, k]) for k in range(11) if usable[row, k])
        rows.append(-sum(math.log(math.exp(logits[row, k]) / total) for k in wanted) / len(wanted))
    got = contrastive_loss(
        torch.from_numpy(logits), torch.from_numpy(positive), torch.from_numpy(usable)
    )
    assert float(got) == pytest.approx(sum(rows) / len(rows), abs=1e-6)


def test_contrastive_loss_without_positives_is_zero_and_has_a_gradient() -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    loss = contrastive_loss(logits, nothing, ~nothing)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.isfinite(logits.grad).all()


def test_equal_titles_are_no_negatives_of_each_other() -> None:
    numbers = torch.tensor([4, 9, 4, -1])
    same, usable = title_matches(numbers, numbers)
    assert same.tolist() == [
        [True, False, True, False],
        [False, True, False, False],
        [True, False, True, False],
        [False, False, False, False],
    ]
    # A row without a title takes no part at all.
    assert not usable[3].any()
    assert not usable[:, 3].any()
    # So pushing the twin away costs: the loss is least when both twins score alike.
    apart = torch.tensor([[5.0, 0.0, -5.0, 0.0]])
    alike = torch.tensor([[5.0, 0.0, 5.0, 0.0]])
    assert contrastive_loss(alike, same[:1], usable[:1]) < contrastive_loss(
        apart, same[:1], usable[:1]
    )


def test_phrase_matches_equals_a_loop() -> None:
    rng = np.random.default_rng(5)
    named = rng.random((6, 3)) < 0.5
    wanted = rng.integers(0, 2, (6, 3))
    labels = rng.integers(-1, 2, (9, 3))
    match, usable = phrase_matches(*(torch.from_numpy(each) for each in (named, wanted, labels)))
    for row in range(6):
        for column in range(9):
            pairs = [(wanted[row, a], labels[column, a]) for a in range(3) if named[row, a]]
            differs = any(have not in (-1, want) for want, have in pairs)
            unsure = any(have == -1 for _, have in pairs)
            fits = bool(pairs) and not differs and not unsure
            assert bool(match[row, column]) == fits
            assert bool(usable[row, column]) == (differs or fits)


def test_attribute_loss_leaves_unknown_labels_out() -> None:
    logits = {"type": torch.tensor([[2.0, 0.0], [0.0, 9.0]]), "colour": torch.zeros(2, 4)}
    labels = torch.tensor([[0, -1], [-1, 3]])
    expected = (math.log(1 + math.exp(-2)) + math.log(4)) / 2
    assert float(attribute_loss(logits, labels, smoothing=0)) == pytest.approx(expected, abs=1e-6)


def test_prompt_loss_equals_a_loop() -> None:
    rng = np.random.default_rng(5)
    images, names = (rng.normal(size=(count, 6)).astype(np.float32) for count in (5, 7))
    labels = np.full((5, len(ATTRIBUTES)), -1)
    labels[:, ATTRIBUTES.index("type")] = [0, 2, -1, 1, 2]  # three types
    labels[:, ATTRIBUTES.index("colour")] = [3, -1, -1, 0, 1]  # four colours
    expected = []
    for attribute, first, count in (("type", 0, 3), ("colour", 3, 4)):
        losses = []
        for row, code in enumerate(labels[:, ATTRIBUTES.index(attribute)]):
            if code < 0:
                continue
            logits = 20 * names[first : first + count] @ images[row]
            losses.append(np.log(np.exp(logits).sum()) - logits[code])
        expected.append(np.mean(losses))
    found = prompt_loss(
        torch.from_numpy(images),
        torch.from_numpy(names),
        (3, 4),
        torch.from_numpy(labels),
        smoothing=0.0,
    )
    assert float(found) == pytest.approx(float(np.mean(expected)), rel=1e-4)


def test_nearest_loss_equals_a_loop_and_skips_texts_without_pictures() -> None:
    rng = np.random.default_rng(8)
    names, pictures = (rng.normal(size=(count, 4)) / 4 for count in (3, 9))
    match = np.zeros((3, 9), bool)
    match[0, [0, 3, 4, 7]], match[2, 5] = True, True
    losses = []
    for text in (0, 2):
        weights = np.exp(40 * pictures @ names[text])
        wrong = weights[~match[text]].sum()
        best = sorted(weights[match[text]], reverse=True)[:3]
        losses.append(np.mean([-np.log(each / (each + wrong)) for each in best]))
    given = [torch.from_numpy(each) for each in (names, pictures, match)]
    found = nearest_loss(*given, first=3)
    assert float(found) == pytest.approx(float(np.mean(losses)), rel=1e-6)
    given[0].requires_grad_(True)
    nearest_loss(*given, first=50).backward()
    assert given[0].grad is not None
    assert torch.isfinite(given[0].grad).all()
    assert given[0].grad[1].abs().max() == 0
