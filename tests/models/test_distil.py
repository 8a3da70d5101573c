"""The distillation losses against plain loops, and what they must not care about."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra [models]")

from engine.errors import InvalidInput  # noqa: E402
from models.training.distil import (  # noqa: E402
    absolute_loss,
    attention_loss,
    attention_map,
    batch_hard_triplet,
    hint_loss,
    pairwise_distances,
    relative_frobenius_loss,
    relative_loss,
)

pytestmark = pytest.mark.models

Rows = list[list[float]]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _unit(seed: int, rows: int, dims: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(rows, dims, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(vectors, dim=1)


def _rotation(seed: int, dims: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(dims, dims, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(square)[0]


def _distance(one: list[float], other: list[float]) -> float:
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


def _slow_relative(student: Rows, teacher: Rows) -> float:
    pairs = [(i, j) for i in range(len(student)) for j in range(len(student)) if i != j]
    gaps = [
        abs(_distance(student[i], student[j]) - _distance(teacher[i], teacher[j])) for i, j in pairs
    ]
    return sum(gaps) / len(gaps)


def _slow_triplet(vectors: Rows, labels: list[int], margin: float) -> float:
    losses = []
    for anchor, label in enumerate(labels):
        others = [row for row in range(len(labels)) if row != anchor]
        positive = [_distance(vectors[anchor], vectors[r]) for r in others if labels[r] == label]
        negative = [_distance(vectors[anchor], vectors[r]) for r in others if labels[r] != label]
        if positive and negative:
            losses.append(max(0.0, max(positive) - min(negative) + margin))
    return sum(losses) / len(losses) if losses else 0.0


@given(seed=st.integers(0, 10_000), rows=st.integers(2, 9), dims=st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_losses_equal_plain_loops(seed: int, rows: int, dims: int) -> None:
    student, teacher = _unit(seed, rows, dims), _unit(seed + 1, rows, dims)
    ours, theirs = student.tolist(), teacher.tolist()
    absolute = sum(map(_distance, ours, theirs)) / rows
    assert float(absolute_loss(student, teacher)) == pytest.approx(absolute, abs=1e-9)
    assert float(relative_loss(student, teacher)) == pytest.approx(
        _slow_relative(ours, theirs), abs=1e-9
    )
    square = sum(
        (_distance(ours[i], ours[j]) - _distance(theirs[i], theirs[j])) ** 2
        for i in range(rows)
        for j in range(rows)
    )
    assert float(relative_frobenius_loss(student, teacher)) == pytest.approx(
        math.sqrt(square), abs=1e-6
    )


@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    margin=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_triplet_loss_equals_a_plain_loop(labels: list[int], margin: float, seed: int) -> None:
    vectors = _unit(seed, len(labels), 4)
    got = float(batch_hard_triplet(vectors, torch.tensor(labels), margin=margin))
    assert got == pytest.approx(_slow_triplet(vectors.tolist(), labels, margin), abs=1e-9)


@given(seed=st.integers(0, 10_000), rows=st.integers(2, 10), other_dims=st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_relative_loss_ignores_a_rotation_of_the_student(
    seed: int, rows: int, other_dims: int
) -> None:
    student, teacher = _unit(seed, rows, 5), _unit(seed + 1, rows, other_dims)
    turned = student @ _rotation(seed + 2, 5)
    for loss in (relative_loss, relative_frobenius_loss):
        assert float(loss(turned, teacher)) == pytest.approx(
            float(loss(student, teacher)), abs=1e-6
        )


@given(seed=st.integers(0, 10_000), rows=st.integers(2, 10))
@settings(max_examples=40, deadline=None)
def test_absolute_loss_sees_a_rotation_that_the_relative_one_does_not(seed: int, rows: int) -> None:
    teacher = _unit(seed, rows, 5)
    turned = teacher @ _rotation(seed + 1, 5)
    assert float(relative_loss(turned, teacher)) == pytest.approx(0, abs=1e-6)
    assert float(absolute_loss(turned, teacher)) > 1e-2


@given(seed=st.integers(0, 10_000), copies=st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_mean_forms_do_not_grow_with_the_batch(seed: int, copies: int) -> None:
    """A batch of copies: the Frobenius form grows by the number of copies, the mean does not."""
    student, teacher = _unit(seed, 6, 4), _unit(seed + 1, 6, 4)
    many = student.repeat(copies, 1), teacher.repeat(copies, 1)
    assert float(absolute_loss(*many)) == pytest.approx(float(absolute_loss(student, teacher)))
    assert float(relative_frobenius_loss(*many)) == pytest.approx(
        copies * float(relative_frobenius_loss(student, teacher)), rel=1e-6
    )
    # Copies of one row are pairs at distance 0 in both, which no batch of different rows has.
    pairs, whole = 6 * 5 * copies**2, 6 * copies * (6 * copies - 1)
    assert float(relative_loss(*many)) * whole / pairs == pytest.approx(
        float(relative_loss(student, teacher))
    )


def test_released_form_is_about_forty_times_the_mean_at_the_papers_batch() -> None:
    teacher = _unit(1, 32, 64)
    student = torch.nn.functional.normalize(teacher + 0.05 * _unit(2, 32, 64), dim=1)
    ratio = float(relative_frobenius_loss(student, teacher) / relative_loss(student, teacher))
    assert 34 < ratio < 46


@pytest.mark.parametrize(
    "loss", [absolute_loss, relative_loss, relative_frobenius_loss], ids=lambda each: each.__name__
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_is_finite_where_vectors_are_equal(loss: Loss, dtype: torch.dtype) -> None:
    teacher = _unit(3, 4, 5).to(dtype)
    equal = teacher.clone()
    equal[1] = equal[0]  # a distance of 0 to another row, and to its own target
    for student in (equal, torch.zeros(4, 5, dtype=dtype), teacher.clone()):
        student = student.requires_grad_()
        loss(student, teacher).backward()
        assert torch.isfinite(student.grad).all()


def test_triplet_gradient_is_finite_after_a_collapse() -> None:
    vectors = torch.ones(6, 4, requires_grad=True)
    loss = batch_hard_triplet(vectors, torch.tensor([0, 0, 1, 1, 2, 2]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.isfinite(vectors.grad).all()


def test_near_duplicates_have_a_gradient_of_ordinary_size() -> None:
    teacher = _unit(4, 3, 64).float()
    student = teacher[:1].repeat(3, 1)
    student[1, 0] += 1e-5
    student.requires_grad_()
    relative_loss(student, teacher).backward()
    assert float(student.grad.norm()) < 2


def test_distances_are_exact_for_near_duplicates() -> None:
    vectors = torch.zeros(2, 32)
    vectors[:, 0] = 1
    vectors[1, 1] = 1e-4
    np.testing.assert_allclose(pairwise_distances(vectors)[0, 1], 1e-4, rtol=1e-5)


def test_teacher_takes_no_gradient() -> None:
    student, teacher = _unit(5, 4, 3).requires_grad_(), _unit(6, 4, 3).requires_grad_()
    (absolute_loss(student, teacher) + relative_loss(student, teacher)).backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_a_silent_regressor_costs_one_at_any_scale_of_the_teacher() -> None:
    teacher = torch.rand(2, 3, 4, 4)
    for scale in (1.0, 100.0):
        nothing = torch.zeros(2, 3, 4, 4)
        assert float(hint_loss(nothing, teacher * scale)) == pytest.approx(1, rel=1e-5)
        assert float(hint_loss(teacher * scale, teacher * scale)) == 0


def test_hint_equals_a_plain_loop() -> None:
    ours, theirs = torch.rand(2, 3, 2, 2), torch.rand(2, 3, 2, 2)
    gaps = [(a - b) ** 2 for a, b in zip(ours.flatten(), theirs.flatten(), strict=True)]
    power = [b**2 for b in theirs.flatten()]
    assert float(hint_loss(ours, theirs)) == pytest.approx(float(sum(gaps) / sum(power)), rel=1e-5)


def test_attention_equals_a_plain_loop() -> None:
    ours, theirs = torch.randn(3, 2, 2, 3), torch.randn(3, 4, 2, 3)

    def slow(features: torch.Tensor) -> list[float]:
        flat = [
            float(sum(features[c, y, x] ** 2 for c in range(len(features)))) / len(features)
            for y in range(2)
            for x in range(3)
        ]
        length = math.sqrt(sum(value**2 for value in flat))
        return [value / length for value in flat]

    expected = sum(_distance(slow(s), slow(t)) ** 2 for s, t in zip(ours, theirs, strict=True)) / 3
    assert float(attention_loss(ours, theirs)) == pytest.approx(expected, rel=1e-4)


def test_attention_ignores_scale_and_channels_and_has_a_gradient_at_silence() -> None:
    student = torch.rand(2, 3, 4, 4)
    twice = torch.cat([student, student], dim=1) * 7
    assert float(attention_loss(student, twice)) == pytest.approx(0, abs=1e-6)
    assert attention_map(twice).norm(dim=1).tolist() == pytest.approx([1, 1])
    silent = torch.zeros(2, 3, 4, 4, requires_grad=True)
    attention_loss(silent, student).backward()
    assert torch.isfinite(silent.grad).all()


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"student \(4, 1\) and teacher \(4, 3\)"):
        absolute_loss(torch.zeros(4, 1), torch.zeros(4, 3))
    with pytest.raises(InvalidInput, match="1 student and 4 teacher"):
        relative_loss(torch.zeros(1, 3), torch.zeros(4, 3))
    with pytest.raises(InvalidInput, match="1×1 convolution"):
        hint_loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 3, 4, 4))
    with pytest.raises(InvalidInput, match="Pool the larger"):
        attention_loss(torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 4, 4))
