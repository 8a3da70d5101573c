"""Galleries of many sizes as one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.utils import to_dense_batch

from detectors.gallery_features import GalleryNodes, gallery_nodes, pair_features
from detectors.training.gallery_cases import GalleryCase
from detectors.training.gallery_net import DenseGalleries

__all__ = ["Example", "dense_batch", "example_of", "thinned"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One gallery to be judged.

    Attributes:
        nodes: Its boxes, at least one.
        labels: bool (N,), which show the product.
        place: Its class.
        title: (D,) or ``None``.
        is_wrong: The title names something else.
    """

    nodes: GalleryNodes
    labels: NDArray[np.bool_]
    place: int
    title: NDArray[np.float32] | None
    is_wrong: bool = False


def example_of(
    case: GalleryCase, title: NDArray[np.float32] | None, *, classes: int, is_wrong: bool = False
) -> Example:
    """A case under one title."""
    dims = case.pictures[0].vectors.shape[1]
    return Example(
        nodes=gallery_nodes(case.pictures, classes=classes, dims=dims),
        labels=case.labels,
        place=case.product.place,
        title=title,
        is_wrong=is_wrong,
    )


def thinned(example: Example, rng: np.random.Generator, *, share: float) -> Example:
    """Some boxes left out and posteriors sharpened or blurred: another detector's view of it."""
    nodes = example.nodes
    kept = rng.random(len(nodes)) >= share
    if not kept.any():
        kept[int(rng.integers(len(nodes)))] = True
    power = np.float32(np.exp(rng.normal(0, 0.25)))
    return Example(
        nodes=GalleryNodes(
            vectors=nodes.vectors[kept],
            posteriors=nodes.posteriors[kept] ** power,
            geometry=nodes.geometry[kept],
            boxes=nodes.boxes[kept],
            picture=nodes.picture[kept],
        ),
        labels=example.labels[kept],
        place=example.place,
        title=example.title,
        is_wrong=example.is_wrong,
    )


def dense_batch(examples: Sequence[Example]) -> tuple[DenseGalleries, Tensor]:
    """Pad galleries to the largest of them.

    Returns:
        The batch and the labels, float (B, N), 0 for padding.
    """
    sizes = [len(each.nodes) for each in examples]
    owner = torch.repeat_interleave(torch.arange(len(examples)), torch.tensor(sizes))
    count = len(examples)

    def padded(parts: Sequence[NDArray[np.generic]]) -> Tensor:
        rows = torch.from_numpy(np.concatenate(parts))
        return to_dense_batch(rows, owner, batch_size=count)[0]

    vectors, mask = to_dense_batch(
        torch.from_numpy(np.concatenate([each.nodes.vectors for each in examples])),
        owner,
        batch_size=count,
    )
    pairs = [pair_features(each.nodes) for each in examples]
    wide = torch.zeros(count, max(sizes), max(sizes), pairs[0].shape[-1])
    for row, each in enumerate(pairs):
        wide[row, : len(each), : len(each)] = torch.from_numpy(each)
    nothing = np.zeros(vectors.shape[-1], np.float32)
    titles = [nothing if each.title is None else each.title for each in examples]
    batch = DenseGalleries(
        vectors=vectors,
        own=padded([each.nodes.own for each in examples]),
        pairs=wide,
        picture=padded([each.nodes.picture for each in examples]),
        mask=mask,
        title=torch.from_numpy(np.stack(titles)),
        titled=torch.tensor([each.title is not None for each in examples]),
    )
    return batch, padded([each.labels for each in examples]).float()
