"""The gallery graph to be trained, and the baselines of its study.

What is computed is told in `detectors.gallery_graph`, which serves it without torch. Galleries of
different sizes go together, padded; a mask keeps the padding from being heard.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn import DenseGraphConv

from detectors.gallery_features import GEOMETRY, PAIRS
from detectors.gallery_graph import LAYERS, RELATIONS, Edges, Relation

__all__ = ["BoxTitleNet", "DenseGalleries", "GalleryNet"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseGalleries:
    """A batch of B galleries, each padded to N boxes.

    Attributes:
        vectors: (B, N, D).
        own: (B, N, C + 1 + G), posterior, score and geometry.
        pairs: (B, N, N, P).
        picture: int64 (B, N), the picture of each box.
        mask: bool (B, N), false for padding.
        title: (B, D), anything where there is none.
        titled: bool (B,).
    """

    vectors: Tensor
    own: Tensor
    pairs: Tensor
    picture: Tensor
    mask: Tensor
    title: Tensor
    titled: Tensor


class _Related(nn.Module):
    """What a box hears over one relation."""

    def __init__(self, relation: Relation, hidden: int, key: int) -> None:
        super().__init__()
        self.relation: Relation = relation
        self.conv = DenseGraphConv(hidden, hidden, aggr="add")
        if relation != "mean":
            self.query = nn.Linear(hidden, key, bias=False)
            self.key = nn.Linear(hidden, key, bias=False)
            self.pair_logit = nn.Linear(len(PAIRS), 1, bias=False)
            self.told = nn.Linear(len(PAIRS) + 1, hidden, bias=False)

    def forward(self, hidden: Tensor, given: DenseGalleries) -> Tensor:
        heard = _heard(self.relation, given)
        if self.relation == "mean":
            logits = hidden.new_zeros(heard.shape)
            groups = torch.zeros_like(given.picture)
        else:
            query, key = self.query(hidden), self.key(hidden)
            logits = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
            logits = logits + self.pair_logit(given.pairs)[..., 0]
            groups = given.picture
        adjacency = softmax_by_group(logits, heard, groups)
        out = self.conv(hidden, adjacency, given.mask)
        if self.relation != "mean":
            told = torch.einsum("bij,bijp->bip", adjacency, given.pairs)
            present = heard.any(dim=2, keepdim=True).to(told.dtype)
            out = out + self.told(torch.cat([told, present], dim=2))
        return out


class _Layer(nn.Module):
    def __init__(self, edges: Edges, hidden: int, key: int) -> None:
        super().__init__()
        self.relations = nn.ModuleDict(
            {name: _Related(name, hidden, key) for name in RELATIONS[edges]}
        )
        self.alone = None if RELATIONS[edges] else nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, hidden: Tensor, given: DenseGalleries) -> Tensor:
        if self.alone is not None:
            out = self.alone(hidden)
        else:
            out = torch.stack([each(hidden, given) for each in self.relations.values()]).sum(dim=0)
        return torch.relu(self.norm(out))


class GalleryNet(nn.Module):
    """The network that `detectors.gallery_graph.GalleryGraph` serves.

    Args:
        dims: Length D of the vectors.
        classes: Of the detector.
        edges: Which boxes a box hears of.
        hidden: Width.
        low: Width of the product of box and title.
        key: Width d of the attention.
        dropout: Before each layer and the head.
    """

    def __init__(
        self,
        *,
        dims: int,
        classes: int,
        edges: Edges,
        hidden: int = 128,
        low: int = 48,
        key: int = 32,
        dropout: float = 0.15,
    ) -> None:
        super().__init__()
        self.no_title = nn.Parameter(torch.randn(dims) * dims**-0.5)
        self.match_box = nn.Linear(dims, low, bias=False)
        self.match_title = nn.Linear(dims, low, bias=False)
        own = classes + 1 + len(GEOMETRY)
        self.inputs = nn.Linear(2 * dims + own + low + 2, hidden)
        self.layers = nn.ModuleList([_Layer(edges, hidden, key) for _ in range(LAYERS)])
        self.head = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(dropout)
        # For the auxiliary losses alone: never served.
        self.category = nn.Linear(hidden, classes)
        self.box_side = nn.Linear(hidden, low)
        self.title_side = nn.Linear(dims, low)

    def hidden(self, given: DenseGalleries) -> Tensor:
        """What is made of each box, (B, N, H)."""
        text = self._text(given)[:, None].expand_as(given.vectors)
        known = given.titled[:, None, None].to(text.dtype).expand(-1, text.shape[1], 1)
        matched = self.match_box(given.vectors) * self.match_title(text)
        agreement = (given.vectors * text).sum(dim=2, keepdim=True) * known
        inputs = torch.cat([given.vectors, given.own, text, matched, agreement, known], dim=2)
        hidden = torch.relu(self.inputs(inputs))
        for layer in self.layers:
            hidden = hidden + layer(self.dropout(hidden), given)
        return self.dropout(hidden)

    def forward(self, given: DenseGalleries) -> Tensor:
        """Logits (B, N)."""
        return self.head(self.hidden(given))[..., 0]

    def box_title_distance(self, hidden: Tensor, given: DenseGalleries) -> Tensor:
        """Distance (B, N) of each box to its title in a joint space, 0 to 2."""
        boxes = functional.normalize(self.box_side(hidden), dim=2)
        text = functional.normalize(self.title_side(self._text(given)), dim=1)
        return (boxes - text[:, None]).square().sum(dim=2).clamp_min(1e-9).sqrt()

    def _text(self, given: DenseGalleries) -> Tensor:
        return torch.where(given.titled[:, None], given.title, self.no_title)


class BoxTitleNet(nn.Module):
    """Each box against the title alone, after Rubio et al. (ICCVW 2017), as a baseline.

    A joint embedding of boxes and titles; a box is the likelier the nearer it lies to the title.
    """

    def __init__(
        self, *, dims: int, classes: int, hidden: int = 192, low: int = 96, dropout: float = 0.15
    ) -> None:
        super().__init__()
        self.no_title = nn.Parameter(torch.randn(dims) * dims**-0.5)
        own = classes + 1 + len(GEOMETRY)
        self.box = nn.Sequential(
            nn.Linear(dims + own, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, low)
        )
        self.text = nn.Sequential(
            nn.Linear(dims, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, low)
        )
        self.category = nn.Linear(low, classes)

    def forward(self, given: DenseGalleries) -> Tensor:
        """Scores (B, N): the nearer to the title, the higher."""
        return -self.box_title_distance(self.hidden(given), given)

    def hidden(self, given: DenseGalleries) -> Tensor:
        """Unit vectors of the boxes, (B, N, L)."""
        return functional.normalize(self.box(torch.cat([given.vectors, given.own], dim=2)), dim=2)

    def box_title_distance(self, hidden: Tensor, given: DenseGalleries) -> Tensor:
        """Distance (B, N) of each box to its title, 0 to 2."""
        text = torch.where(given.titled[:, None], given.title, self.no_title)
        text = functional.normalize(self.text(text), dim=1)
        return (hidden - text[:, None]).square().sum(dim=2).clamp_min(1e-9).sqrt()


def softmax_by_group(logits: Tensor, heard: Tensor, groups: Tensor) -> Tensor:
    """Rows of weights (B, N, N): a softmax over each group that is heard, averaged over these."""
    members = functional.one_hot(groups).to(logits.dtype)  # (B, N, G)
    top = logits.masked_fill(~heard, float("-inf")).amax(dim=2, keepdim=True)
    top = torch.where(heard.any(dim=2, keepdim=True), top, 0.0)
    raised = torch.exp((logits - top).clamp(-30, 0)) * heard
    sums = raised @ members
    count = (heard.to(logits.dtype) @ members > 0).sum(dim=2, keepdim=True).clamp_min(1)
    spread = sums.clamp_min(1e-30) @ members.transpose(1, 2)
    return raised / spread / count


def _heard(relation: Relation, given: DenseGalleries) -> Tensor:
    real = given.mask[:, :, None] & given.mask[:, None, :]
    together = given.picture[:, :, None] == given.picture[:, None, :]
    if relation == "same":
        itself = torch.eye(given.mask.shape[1], dtype=torch.bool, device=given.mask.device)
        return real & together & ~itself
    return real & ~together if relation == "cross" else real
