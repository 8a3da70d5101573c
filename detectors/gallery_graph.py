"""Which boxes of a gallery show the product that is sold: a graph network, served by numpy.

After "Main Product Detection with Graph Networks for Fashion" (Yazici et al. 2022): one graph a
product, a node for every box of every picture, and all are decided together. With v the vector of
a box, e its class posterior, score and geometry, t the title's vector or a learned one that stands
for no title, p_ij what is known of a pair (`gallery_features`), and r a relation, the same picture
or another one:

    h   = relu(W [v, e, t, (A v) * (B t), v.t] + b)
    a_r = softmax within each picture of (h Q_r)(h K_r)' / sqrt(d) + p s_r, averaged over pictures
    h  <- h + relu(norm( sum_r (a_r h) M_r + h R_r + (sum_j a_r,ij p_ij) P_r ))        twice
    y   = sigmoid(h w + c)

The adjacency a_r is learned. Its softmax runs within each picture, so that a box that is found
again in three of four pictures is told from one that is found three times in one.
Training: `detectors.training.gallery`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.gallery_features import GEOMETRY, GalleryNodes, gallery_nodes, pair_features
from engine.detections import SeenPicture
from engine.errors import InvalidInput

__all__ = [
    "LAYERS",
    "LEAST_SCORE",
    "MOST_BOXES",
    "RELATIONS",
    "Edges",
    "GalleryGraph",
    "neighbours",
]

Matrix = NDArray[np.float32]
Relation = Literal["same", "cross", "mean"]
Edges = Literal["full", "same", "cross", "mean", "none"]
"""Which boxes a box hears of: all, those of its picture, those of other pictures; the mean of all
without learned weights; no other (a network a box, as a baseline)."""

RELATIONS: Mapping[Edges, tuple[Relation, ...]] = {
    "full": ("same", "cross"),
    "same": ("same",),
    "cross": ("cross",),
    "mean": ("mean",),
    "none": (),
}
LEAST_SCORE, MOST_BOXES = 0.1, 12
"""Of the boxes that it was trained on: surer boxes, and no more of a picture, are wanted."""
LAYERS = 2
_NORM_EPS = 1e-5


class GalleryGraph:
    """The port `engine.ports.MainProductFinder`.

    Args:
        tensors: Of a network that training wrote.
        edges: Which relations it has.
        classes: Length of the posteriors.

    Raises:
        InvalidInput: A tensor is missing or the tensors do not belong together.
    """

    def __init__(
        self,
        tensors: Mapping[str, NDArray[Any]],
        *,
        edges: Edges,
        classes: int,
        revision: str = "",
    ) -> None:
        self._edges: Edges = edges
        self._revision = revision
        self._classes = classes
        self._held = {name: np.asarray(each, np.float32) for name, each in tensors.items()}
        wanted = _names(edges)
        if missing := sorted(wanted - set(self._held)):
            raise InvalidInput(f"the network lacks {', '.join(missing)}")
        self._dims = self._held["no_title"].shape[0]
        inputs = self._held["inputs.weight"].shape[1]
        low = self._held["match_box.weight"].shape[0]
        own = classes + 1 + len(GEOMETRY)
        if inputs != 2 * self._dims + own + low + 2:
            raise InvalidInput(f"the network takes {inputs} inputs for {classes} classes")

    @property
    def revision(self) -> str:
        """Of its weights."""
        return self._revision

    def score(
        self, gallery: Sequence[SeenPicture], title: NDArray[np.float32] | None
    ) -> list[NDArray[np.float32]]:
        """See `engine.ports.MainProductFinder`; of a picture all but the surest boxes get 0.

        Raises:
            InvalidInput: Vectors, posteriors or title are of another length.
        """
        if title is not None and title.shape != (self._dims,):
            raise InvalidInput(f"got {title.shape}, expected ({self._dims},)", where="title")
        heard = [_as_trained(each) for each in gallery]
        nodes = gallery_nodes(heard, classes=self._classes, dims=self._dims)
        scores = self.probabilities(nodes, title)
        found: list[NDArray[np.float32]] = []
        for each, given in zip(heard, gallery, strict=True):
            part = np.zeros(len(given.detections), np.float32)
            part[: len(each.detections)] = scores[: len(each.detections)]
            scores = scores[len(each.detections) :]
            found.append(part)
        return found

    def probabilities(
        self, nodes: GalleryNodes, title: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """How probable it is of each node, (N,) of 0 to 1, that it shows the product."""
        if not len(nodes):
            return np.zeros(0, np.float32)
        hidden = self._first(nodes, title)
        pairs = pair_features(nodes)
        for layer in range(LAYERS):
            hidden = self._layer(layer, hidden, pairs, nodes.picture)
        logits = self._linear("head", hidden)[:, 0]
        return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)

    def _first(self, nodes: GalleryNodes, title: NDArray[np.float32] | None) -> Matrix:
        text = self._held["no_title"] if title is None else title
        known = np.full((len(nodes), 1), float(title is not None), np.float32)
        matched = self._linear("match_box", nodes.vectors) * self._linear("match_title", text)
        inputs = np.concatenate(
            [
                nodes.vectors,
                nodes.own,
                np.broadcast_to(text, nodes.vectors.shape),
                matched,
                (nodes.vectors @ text)[:, None] * known,
                known,
            ],
            axis=1,
        )
        return np.maximum(self._linear("inputs", inputs), 0)

    def _layer(
        self, layer: int, hidden: Matrix, pairs: Matrix, picture: NDArray[np.int64]
    ) -> Matrix:
        before = f"layers.{layer}"
        if not RELATIONS[self._edges]:
            out = self._linear(f"{before}.alone", hidden)
        else:
            out = np.zeros_like(hidden)
            for relation in RELATIONS[self._edges]:
                out += self._related(
                    f"{before}.relations.{relation}", relation, hidden, pairs, picture
                )
        return hidden + np.maximum(self._norm(f"{before}.norm", out), 0)

    def _related(
        self,
        name: str,
        relation: Relation,
        hidden: Matrix,
        pairs: Matrix,
        picture: NDArray[np.int64],
    ) -> Matrix:
        heard = neighbours(relation, picture)
        if relation == "mean":
            logits = np.zeros_like(pairs[..., 0])
            groups = np.zeros_like(picture)
        else:
            query, key = self._linear(f"{name}.query", hidden), self._linear(f"{name}.key", hidden)
            logits = query @ key.T / np.float32(np.sqrt(query.shape[1]))
            logits = logits + self._linear(f"{name}.pair_logit", pairs)[..., 0]
            groups = picture
        adjacency = _softmax_by_group(logits, heard, groups)
        out = self._linear(f"{name}.conv.lin_rel", np.asarray(adjacency @ hidden, np.float32))
        out = out + self._linear(f"{name}.conv.lin_root", hidden)
        if relation != "mean":
            told = np.einsum("ij,ijp->ip", adjacency, pairs)
            present = heard.any(axis=1, keepdims=True).astype(np.float32)
            out = out + self._linear(f"{name}.told", np.concatenate([told, present], axis=1))
        return out

    def _linear(self, name: str, rows: Matrix) -> Matrix:
        bias = self._held.get(f"{name}.bias")
        out = rows @ self._held[f"{name}.weight"].T
        return np.asarray(out if bias is None else out + bias, np.float32)

    def _norm(self, name: str, rows: Matrix) -> Matrix:
        centred = rows - rows.mean(axis=1, keepdims=True)
        scale = 1 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(_NORM_EPS))
        out = centred * scale * self._held[f"{name}.weight"] + self._held[f"{name}.bias"]
        return out.astype(np.float32)


def _as_trained(picture: SeenPicture) -> SeenPicture:
    """The picture with the boxes that training would have left in: the surest come first."""
    kept = [each for each in picture.detections[:MOST_BOXES] if each.score >= LEAST_SCORE]
    return replace(picture, detections=tuple(kept), vectors=picture.vectors[: len(kept)])


def neighbours(relation: Relation, picture: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N, N): whether box i hears of box j. Nobody hears of themselves but in the mean of all."""
    together = picture[:, None] == picture[None]
    if relation == "same":
        return together & ~np.eye(len(picture), dtype=np.bool_)
    return ~together if relation == "cross" else np.ones_like(together)


def _softmax_by_group(
    logits: Matrix, heard: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Matrix:
    """Rows of weights: a softmax over each group that is heard, averaged over these groups."""
    members = groups[:, None] == np.unique(groups)[None]  # (N, G)
    lowered = np.where(heard, logits, -np.inf)
    top = np.where(heard.any(axis=1), lowered.max(axis=1, initial=-np.inf), 0.0)
    # Within a row the same number is taken off every group, so a group far below keeps a floor.
    raised = np.where(heard, np.exp(np.clip(logits - top[:, None], -30, 0)), 0.0)
    sums = raised @ members  # (N, G)
    count = np.maximum((heard @ members > 0).sum(axis=1, keepdims=True), 1)
    spread = np.maximum(sums, 1e-30) @ members.T
    return (raised / spread / count).astype(np.float32)


def _names(edges: Edges) -> set[str]:
    """The tensors that a network of these edges has."""
    found = {"no_title", "match_box.weight", "match_title.weight"}
    biased = ["inputs", "head"]
    for layer in range(LAYERS):
        biased.append(f"layers.{layer}.norm")
        if not RELATIONS[edges]:
            biased.append(f"layers.{layer}.alone")
        for relation in RELATIONS[edges]:
            name = f"layers.{layer}.relations.{relation}"
            biased.append(f"{name}.conv.lin_rel")
            found.add(f"{name}.conv.lin_root.weight")
            if relation != "mean":
                parts = ("query", "key", "pair_logit", "told")
                found |= {f"{name}.{part}.weight" for part in parts}
    return found | {f"{name}.{part}" for name in biased for part in ("weight", "bias")}
