"""Losses that let a small network learn from the embeddings of a large one.

Yu, Yazici, Liu, van de Weijer, Cheng, Ramisa, "Learning Metrics from Teachers: Compact Networks for
Image Embedding", CVPR 2019 (https://arxiv.org/abs/1904.03624). The whole loss is
``metric + λ · distillation``. The paper's λ belong to the form of the loss that its code has, with
batches of 32; each function says how its own form differs. Gradients are finite at distance 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import InvalidInput

__all__ = [
    "absolute_loss",
    "attention_loss",
    "attention_map",
    "batch_hard_triplet",
    "hint_loss",
    "pairwise_distances",
    "relative_frobenius_loss",
    "relative_loss",
]

_LEAST_SQUARE = 1e-12  # below it a square root has no gradient instead of an infinite one


def pairwise_distances(vectors: Tensor) -> Tensor:
    """Euclidean distances of all pairs: (B, D) to (B, B).

    From differences, not from ``a² + b² − 2ab``, which in float32 is off by 3e-4 for near
    duplicates. Equal vectors have distance and gradient 0.
    """
    return torch.cdist(vectors, vectors, compute_mode="donot_use_mm_for_euclid_dist")


def absolute_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Absolute teacher: ``mean_i ‖s_i − t_i‖₂``, a copy of positions.

    Scale trap: the norm is not squared, so the pull is as strong near the target as far away, and
    the loss of unit vectors lies in 0..2. λ of the paper: 1.0 (CUB), 1.5 (Cars), 2.0 (SOP); it
    carries over, since the form is the same for every batch size.

    Args:
        student: (B, D).
        teacher: (B, D), the same D; of the same views. Takes no gradient.

    Raises:
        InvalidInput: The shapes differ.
    """
    if student.shape != teacher.shape:
        raise InvalidInput(
            f"got student {tuple(student.shape)} and teacher {tuple(teacher.shape)}, expected "
            "equal shapes",
            where="absolute_loss",
            hint="Give the student the teacher's dimensions, or use relative_loss.",
        )
    square = (student - teacher.detach()).square().sum(1)
    return square.clamp(min=_LEAST_SQUARE).sqrt().mean()


def relative_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Relative teacher: mean over pairs ``i ≠ j`` of ``| ‖s_i − s_j‖ − ‖t_i − t_j‖ |``.

    Only distances are copied: a rotation of the student's space changes nothing, and the dimensions
    may differ. The same for every batch size.

    Scale trap: the released code takes the Frobenius norm of the difference of the two N×N matrices
    instead (`relative_frobenius_loss`), which is N times the root of the mean square difference,
    about 40 times this mean at N = 32. λ of the paper: 0.30 (CUB), 0.10 (Cars), 1.00 (SOP) on the
    Frobenius form at N = 32, so about 12, 4 and 40 here.

    Args:
        student: (B, D).
        teacher: (B, D'), of the same views. Takes no gradient.

    Returns:
        Scalar; 0 for fewer than two rows.

    Raises:
        InvalidInput: The numbers of rows differ.
    """
    difference = _distance_difference(student, teacher, where="relative_loss")
    count = len(student)
    return difference.abs().sum() / max(1, count * (count - 1))


def relative_frobenius_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Relative teacher as released: ``‖D_s − D_t‖_F``, N times the root mean square of N² entries.

    Scale trap: it grows with the batch size N. λ of the paper: 0.30 (CUB), 0.10 (Cars), 1.00 (SOP)
    at N = 32; for another N multiply λ by 32 / N. Arguments as for `relative_loss`.

    Raises:
        InvalidInput: The numbers of rows differ.
    """
    difference = _distance_difference(student, teacher, where="relative_frobenius_loss")
    return difference.square().sum().clamp(min=_LEAST_SQUARE).sqrt()


def hint_loss(regressed: Tensor, teacher: Tensor) -> Tensor:
    """Hint: mean square difference of intermediate features.

    Romero et al. 2015, "FitNets" (https://arxiv.org/abs/1412.6550), equation 3, there half the sum.

    Scale trap: it depends on the scale of the teacher's layer, so both are divided by the teacher's
    root mean square over the batch; a regressor that says 0 then costs 1. The paper gives no λ that
    could be read.

    Args:
        regressed: (B, C, h, w), the student's features through a learned 1×1 convolution.
        teacher: (B, C, h, w) of the same views. Takes no gradient.

    Raises:
        InvalidInput: The shapes differ.
    """
    if regressed.shape != teacher.shape:
        raise InvalidInput(
            f"got student {tuple(regressed.shape)} and teacher {tuple(teacher.shape)}, expected "
            "equal shapes",
            where="hint_loss",
            hint="Regress to the teacher's channels with a 1×1 convolution.",
        )
    wanted = teacher.detach()
    power = wanted.square().mean().clamp(min=_LEAST_SQUARE)
    return (regressed - wanted).square().mean() / power


def attention_map(features: Tensor) -> Tensor:
    """Where a layer is active: (B, C, h, w) to unit vectors (B, h·w), mean of squares over C."""
    return functional.normalize(features.square().mean(1).flatten(1), dim=1)


def attention_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Attention transfer: ``mean_i ‖a(s_i) − a(t_i)‖²`` of the unit attention maps.

    Zagoruyko and Komodakis 2017 (https://arxiv.org/abs/1612.03928), equation 2, squared as in the
    code that they released; no regressor is needed, the channels may differ.

    Scale trap: their code takes the mean over the h·w places too, so its β of 1000 at 8×8 is about
    16 here (β / (h·w), up to the halving in their formula). The loss lies in 0..2.

    Args:
        student: (B, C, h, w).
        teacher: (B, C', h, w) of the same views. Takes no gradient.

    Raises:
        InvalidInput: Rows or places differ.
    """
    ours, theirs = attention_map(student), attention_map(teacher.detach())
    if ours.shape != theirs.shape or student.shape[2:] != teacher.shape[2:]:
        raise InvalidInput(
            f"got student {tuple(student.shape)} and teacher {tuple(teacher.shape)}, expected "
            "equal rows, heights and widths",
            where="attention_loss",
            hint="Pool the larger map first.",
        )
    return (ours - theirs).square().sum(1).mean()


def batch_hard_triplet(vectors: Tensor, labels: Tensor, *, margin: float = 0.0) -> Tensor:
    """Metric loss: mean over rows of ``max(0, hardest d(a, p) − hardest d(a, n) + margin)``.

    Hermans et al. 2017 (https://arxiv.org/abs/1703.07737), equation 5. The paper's margin is 0.

    Trap: with margin 0 a collapse of all vectors to one point costs nothing, and at a high learning
    rate only a teacher holds the vectors apart.

    Args:
        vectors: (B, D).
        labels: (B,) classes. A row without another of its class, or without one of another, does
            not count.
        margin: By which a negative should be farther than a positive.

    Returns:
        Scalar; 0 when no row counts.
    """
    distances = pairwise_distances(vectors)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    farthest = distances.masked_fill(~positive, -torch.inf).amax(1)
    nearest = distances.masked_fill(same, torch.inf).amin(1)
    rows = positive.any(1) & (~same).any(1)
    losses = (farthest[rows] - nearest[rows] + margin).clamp(min=0)
    return losses.sum() / max(1, len(losses))


def _distance_difference(student: Tensor, teacher: Tensor, *, where: str) -> Tensor:
    if len(student) != len(teacher):
        raise InvalidInput(
            f"got {len(student)} student and {len(teacher)} teacher vectors, expected as many",
            where=where,
            hint="Embed the same views with both.",
        )
    return pairwise_distances(student) - pairwise_distances(teacher.detach())
