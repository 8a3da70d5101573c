"""How things in a picture lie to one another: a small network over pairs of boxes, in numpy.

After RelDetect (Pal, Ramisa, Amit Kumar K C, Vidal, arXiv 2212.00770): relations do not depend on
the task, so they are learned once and serve fine classes that nobody had in mind. Of each ordered
pair the network reads 14 numbers of geometry and what the two boxes may be (class embeddings,
weighted by the posteriors), and says for each relation on its own how probable it is.

A subject is a box. A partner is another box or a part of the wearer's body (`detectors.body`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from detectors.body import BODY_PARTS, body_boxes, person_box
from engine.boxes import iou_matrix
from engine.errors import ModelUnavailable

__all__ = [
    "FEATURES", "RELATIONS", "WEIGHTS", "RelationNetwork", "Scene", "load_relations",
    "pair_features", "partner_classes", "see",
]  # fmt: skip

WEIGHTS = Path(__file__).parent / "weights" / "relations"
RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        "above": "its middle is higher, and they share columns",
        "ends-above": "its lower end is higher",
        "starts-below": "its upper end is lower",
        "reaches": "it comes from above and leaves no gap",
        "covers": "it is there along most of the partner's height",
        "inside": "it lies between the partner's left and right edge; of a body part: within it",
        "worn-over": "it is on both sides of the partner, as an open coat of a blouse",
        "touches": "they meet",
        "bare-between": "there is skin between the one and the other, which is below or above",
        "bare-beside": "there is skin to its left or right at the partner's height",
        "left-and-right-pair": "two like things side by side, as shoes",
        "held-by": "a hand is at it",
        "wider-than": "it is wider, row by row",
        "far-smaller-than": "it shows less than a sixth of the partner's area",
    }
)
"""The vocabulary; `detectors.training.relation_labels` says exactly what each means in masks."""

FEATURES = 14
_LIMIT = 4.0
_TENSORS = ("classes", "0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias")


def partner_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """What a partner can be: the coarse classes, then the parts of the body."""
    return (*classes, *BODY_PARTS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """The boxes of one picture, with the wearer's body.

    Attributes:
        boxes: (N, 4), in shares of the picture's height.
        posteriors: (N, C), how probable each coarse class is.
        partners: (N + B, 4): the boxes, then the parts of the body.
        kinds: (N + B, C + B): what each partner is, in the order of `partner_classes`.
        height: Of the person, in the same unit.
        aspect: Width of the picture over its height.
    """

    boxes: NDArray[np.float64]
    posteriors: NDArray[np.float64]
    partners: NDArray[np.float64]
    kinds: NDArray[np.float64]
    height: float
    aspect: float


def see(
    boxes_px: NDArray[np.float64],
    posteriors: NDArray[np.float64],
    classes: Sequence[str],
    *,
    width_px: int,
    height_px: int,
) -> Scene:
    """A picture's boxes as the network takes them.

    Args:
        boxes_px: (N, 4) in pixels, at least one.
        posteriors: (N, C).
        classes: Names of the C coarse classes.
        width_px: Of the picture.
        height_px: Of the picture.
    """
    boxes = boxes_px / height_px
    person = person_box(boxes, posteriors, classes)
    body = body_boxes(person)
    kinds = np.zeros((len(boxes) + len(body), len(classes) + len(body)))
    kinds[: len(boxes), : len(classes)] = posteriors
    kinds[len(boxes) :, len(classes) :] = np.eye(len(body))
    return Scene(
        boxes=boxes,
        posteriors=posteriors,
        partners=np.concatenate([boxes, body]),
        kinds=kinds,
        height=max(float(person[3] - person[1]), 1e-3),
        aspect=width_px / height_px,
    )


def pair_features(scene: Scene) -> NDArray[np.float32]:
    """Geometry of each ordered pair (subject, partner): (N, N + B, 14) float32, within ±4.

    Offsets of the centres over the subject's sides (2), logarithms of the ratios of the sides (2),
    intersection over union (1) and over either area (2), offsets of upper and lower edges over the
    person's height (2), the subject's place in the picture (2), areas as shares of the picture (2),
    shared columns over the narrower one's (1).
    """
    one, two = scene.boxes, scene.partners
    pairs = (len(one), len(two))
    sides_one = np.maximum(one[:, 2:] - one[:, :2], 1e-3)
    sides_two = np.maximum(two[:, 2:] - two[:, :2], 1e-3)
    middle_one, middle_two = (one[:, :2] + one[:, 2:]) / 2, (two[:, :2] + two[:, 2:]) / 2
    offset = (middle_two[None] - middle_one[:, None]) / sides_one[:, None]
    ratio = np.log(sides_two[None] / sides_one[:, None])
    common = np.minimum(one[:, None, 2:], two[None, :, 2:]) - np.maximum(
        one[:, None, :2], two[None, :, :2]
    )
    common = np.maximum(common, 0)
    shared = common.prod(axis=-1)
    areas_one, areas_two = sides_one.prod(axis=-1), sides_two.prod(axis=-1)
    edges = (two[None][..., [1, 3]] - one[:, None][..., [1, 3]]) / scene.height
    narrower = np.minimum(sides_one[:, None, 0], sides_two[None, :, 0])
    found = [
        offset[..., 0],
        offset[..., 1],
        ratio[..., 0],
        ratio[..., 1],
        iou_matrix(one, two),
        shared / areas_one[:, None],
        shared / areas_two[None],
        edges[..., 0],
        edges[..., 1],
        np.broadcast_to(middle_one[:, :1] / scene.aspect, pairs),
        np.broadcast_to(middle_one[:, 1:], pairs),
        np.broadcast_to(areas_one[:, None] / scene.aspect, pairs),
        np.broadcast_to(areas_two[None] / scene.aspect, pairs),
        common[..., 0] / narrower,
    ]
    return np.clip(np.stack(found, axis=-1), -_LIMIT, _LIMIT).astype(np.float32)


class RelationNetwork:
    """Three layers over pairs of boxes.

    Args:
        weights: Tensors as `detectors.training.relations` names them.
        classes: Coarse classes whose posteriors it reads, in order.

    Attributes:
        classes: See above.
        revision: Of the weights.

    Raises:
        ModelUnavailable: A tensor is missing or of another shape.
    """

    def __init__(
        self, weights: Mapping[str, NDArray[np.floating]], *, classes: Sequence[str]
    ) -> None:
        missing = [name for name in _TENSORS if name not in weights]
        if missing:
            raise ModelUnavailable(
                f"the tensors {', '.join(missing)} are missing",
                where="relations",
                hint="Train them with `lookalike train relations`.",
            )
        held = {name: np.asarray(weights[name], np.float32) for name in _TENSORS}
        self.classes = tuple(classes)
        self.revision = hashlib.sha256(
            b"".join(each.tobytes() for each in held.values())
        ).hexdigest()
        self._embedding = held["classes"]
        self._layers = [(held[f"{k}.weight"].T.copy(), held[f"{k}.bias"]) for k in range(3)]
        kinds, width = len(partner_classes(classes)), FEATURES + 2 * self._embedding.shape[1]
        ends = (len(self._embedding), len(self._layers[0][0]), self._layers[2][0].shape[1])
        if ends != (kinds, width, len(RELATIONS)):
            raise ModelUnavailable(
                f"kinds, inputs and relations are {ends}, expected "
                f"{(kinds, width, len(RELATIONS))}",
                where="relations",
                hint="Train them with `lookalike train relations`.",
            )

    def predict(self, scene: Scene) -> NDArray[np.float32]:
        """How probable each relation is of each pair: (N, N + B, relations) float32, 0 to 1."""
        features = pair_features(scene)
        pairs = features.shape[:2]
        embedded = normalised(scene.kinds).astype(np.float32) @ self._embedding
        own = np.broadcast_to(embedded[: pairs[0], None], (*pairs, embedded.shape[1]))
        other = np.broadcast_to(embedded[None], (*pairs, embedded.shape[1]))
        hidden = np.concatenate([features, own, other], axis=-1)
        for weight, bias in self._layers[:2]:
            hidden = np.maximum(hidden @ weight + bias, 0)
        weight, bias = self._layers[2]
        logits = np.clip(hidden @ weight + bias, -30, 30)
        return (1 / (1 + np.exp(-logits))).astype(np.float32)


def normalised(kinds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that add up to 1: what a box is, if it is anything."""
    return kinds / np.maximum(kinds.sum(axis=1, keepdims=True), 1e-6)


def load_relations(folder: Path = WEIGHTS) -> RelationNetwork:
    """The network that ships with Lookalike, or one from another folder.

    Raises:
        ModelUnavailable: A file is missing or damaged, or it knows other relations or body parts.
    """
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["relations"] != list(RELATIONS) or config["body"] != list(BODY_PARTS):
            raise ModelUnavailable(
                "the weights know other relations or body parts",
                where=str(folder),
                hint="Train them again with `lookalike train relations`.",
            )
        return RelationNetwork(load_file(folder / "relations.safetensors"),
                               classes=config["classes"])  # fmt: skip
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the weights of the relations are not there",
            where=str(error.filename or folder),
            hint="Train them with `lookalike train relations`.",
        ) from error
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(folder)) from error
