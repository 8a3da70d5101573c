"""The loss that teacher and students of the distillation study have on the labels."""

from __future__ import annotations

import torch
from torch import Tensor

from models.training.distil import batch_hard_triplet
from models.training.losses import contrastive_loss
from models.training.studies.distil_settings import StudentRun, TeacherConfig

__all__ = ["metric_loss"]


def metric_loss(config: StudentRun | TeacherConfig, vectors: Tensor, labels: Tensor) -> Tensor:
    """Pull a class together and push classes apart.

    The paper's batch-hard triplet loss, or the supervised contrastive loss over all pairs of the
    batch (Khosla et al. 2020, https://arxiv.org/abs/2004.11362). From random weights the hardest
    pairs of a batch pull everything to one point and leave it there for long; all pairs do not.

    Args:
        config: Which loss, its margin or temperature.
        vectors: (B, D) unit vectors.
        labels: (B,) classes.
    """
    if config.metric == "triplet":
        return batch_hard_triplet(vectors, labels, margin=config.margin)
    others = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = labels[:, None] == labels[None]
    return contrastive_loss(vectors @ vectors.T / config.temperature, same & others, others)
