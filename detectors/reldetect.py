"""Fine classes from coarse ones and relations: definitions, put together by probability.

After RelDetect (arXiv 2212.00770); the paper's own equations were not at hand, so these are ours.
With p_i(b) the probability that box i is of coarse class b and q_ij(r) that of relation r:

    some partner   E_ik = 1 - prod_j (1 - p_j(o_k) q_ij(r_k))
    no partner     1 - E_ik
    definition     S_i(c) = product over the clauses of c
    calibrated     s_i(c) = sigmoid(a_c logit S_i(c) + d_c)
    fine class     P_i(c) = p_i(b) s_i(c) / (sum of siblings' s_i + product of siblings' 1 - s_i)

The last term stands for "none of these", so that the fine classes of a coarse one never add up to
more than p_i(b). S is given that the box is of class b: p_i(b) counts once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.calibrations import Calibration, read_calibrations
from detectors.knowledge import Definition, default_knowledge, read_knowledge
from detectors.relations import (
    RELATIONS,
    WEIGHTS,
    RelationNetwork,
    Scene,
    load_relations,
    partner_classes,
    see,
)
from engine.boxes import iou_matrix
from engine.detections import Detection
from engine.errors import ModelUnavailable

__all__ = ["RelDetect", "box_scores", "definition_scores", "fine_scores", "load_reldetect"]

_LEAST_PARTNER = 0.05
_MOST_PARTNERS = 10
"""Noisy-or saturates over many weak boxes (papers: cap the partners)."""
_SAME_THING = 0.7
"""IoU from which two boxes are one thing that was taken for two."""
_EDGE = 1e-4
"""Probabilities stay this far from 0 and 1, so that their logits are finite."""
_PLACE = {name: place for place, name in enumerate(RELATIONS)}


def box_scores(
    boxes_px: NDArray[np.float64],
    posteriors: NDArray[np.float64],
    network: RelationNetwork,
    definitions: Sequence[Definition],
    *,
    width_px: int,
    height_px: int,
) -> NDArray[np.float64]:
    """`definition_scores` of a picture's boxes.

    Args:
        boxes_px: (N, 4) in pixels.
        posteriors: (N, C) over the network's classes.
        network: Predicts the relations.
        definitions: F fine classes.
        width_px: Of the picture.
        height_px: Of the picture.

    Returns:
        (N, F) in 0 to 1.
    """
    if not len(boxes_px):
        return np.zeros((0, len(definitions)))
    scene = see(boxes_px, posteriors, network.classes, width_px=width_px, height_px=height_px)
    return definition_scores(scene, network.predict(scene), definitions, network.classes)


def definition_scores(
    scene: Scene,
    relations: NDArray[np.floating],
    definitions: Sequence[Definition],
    classes: Sequence[str],
) -> NDArray[np.float64]:
    """How well each box fits each definition, given that it is of the coarse class.

    Args:
        scene: N boxes, with the wearer's body.
        relations: (N, N + B, relations), see `RelationNetwork.predict`.
        definitions: F fine classes.
        classes: Names of the coarse classes.

    Returns:
        (N, F) in 0 to 1: the product over the clauses.
    """
    counts = partners_that_count(scene)
    place = {name: number for number, name in enumerate(partner_classes(classes))}
    found = np.ones((len(scene.boxes), len(definitions)))
    for column, definition in enumerate(definitions):
        for clause in definition.clauses:
            kinds = [place[name] for name in clause.partners]
            is_one = np.minimum(scene.kinds[:, kinds].sum(axis=1), 1.0)  # (N + B,)
            stands = relations[..., _PLACE[clause.relation]] * is_one * counts
            none = np.prod(1 - _strongest(stands), axis=1)
            found[:, column] *= 1 - none if clause.positive else none
    return found


def partners_that_count(scene: Scene) -> NDArray[np.bool_]:
    """Which partners may speak for a box, (N, N + B): not itself, not the same thing seen twice."""
    count = len(scene.boxes)
    alike = iou_matrix(scene.boxes, scene.boxes) >= _SAME_THING
    scores = scene.posteriors.max(axis=1)
    # Of boxes that are one thing only the surest is a partner to others, and none to each other.
    doubled = (alike & (scores[:, None] < scores[None])).any(axis=1)
    counts = np.ones((count, len(scene.partners)), bool)
    counts[:, :count] = ~alike & ~doubled[None] & (scores >= _LEAST_PARTNER)[None]
    return counts


def _strongest(stands: NDArray[np.float64]) -> NDArray[np.float64]:
    if stands.shape[1] <= _MOST_PARTNERS:
        return stands
    return np.sort(stands, axis=1)[:, -_MOST_PARTNERS:]


def fine_scores(
    scores: NDArray[np.float64],
    posteriors: NDArray[np.float64],
    definitions: Sequence[Definition],
    classes: Sequence[str],
    calibrations: Mapping[str, Calibration],
) -> NDArray[np.float64]:
    """Probability of each fine class: (N, F), those of one coarse class at most its probability.

    Args:
        scores: (N, F), see `definition_scores`.
        posteriors: (N, C).
        definitions: F fine classes.
        classes: Names of the C coarse classes.
        calibrations: By fine class; one that is not there is taken as it is.
    """
    found = np.zeros_like(scores)
    held = np.clip(scores, _EDGE, 1 - _EDGE)
    logits = np.log(held) - np.log1p(-held)
    for coarse in {definition.coarse for definition in definitions}:
        siblings = [k for k, definition in enumerate(definitions) if definition.coarse == coarse]
        fitted = [calibrations.get(definitions[k].name, Calibration()) for k in siblings]
        slopes = np.array([each.slope for each in fitted])
        shifts = np.array([each.shift for each in fitted])
        fits = 1 / (1 + np.exp(-np.clip(slopes * logits[:, siblings] + shifts, -30, 30)))
        other = np.prod(1 - fits, axis=1)
        own = posteriors[:, [list(classes).index(coarse)]]
        found[:, siblings] = own * fits / (fits.sum(axis=1) + other)[:, None]
    return found


class RelDetect:
    """Implements `engine.ports.FineNamer`.

    Args:
        network: Predicts the relations.
        definitions: Of the fine classes, over the network's coarse ones.
        calibrations: By fine class; empty for none.
    """

    def __init__(
        self,
        network: RelationNetwork,
        definitions: Sequence[Definition],
        calibrations: Mapping[str, Calibration] | None = None,
    ) -> None:
        self._network = network
        self._definitions = tuple(definitions)
        self._calibrations = dict(calibrations or {})
        told = repr(
            (
                network.revision,
                self._definitions,
                sorted(self._calibrations.items(), key=lambda each: each[0]),
            )
        )
        self._revision = hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def revision(self) -> str:
        """Of its weights, definitions and calibrations."""
        return self._revision

    @property
    def classes(self) -> Mapping[str, str]:
        """Fine classes that it can tell → the coarse class that each is of."""
        return {definition.name: definition.coarse for definition in self._definitions}

    def name(
        self, detections: Sequence[Detection], *, width_px: int, height_px: int
    ) -> list[Mapping[str, float]]:
        """See `engine.ports.FineNamer`; classes of no probability are left out."""
        if not detections:
            return []
        posteriors = np.stack([each.posterior for each in detections]).astype(np.float64)
        scores = box_scores(
            np.array([each.box_xyxy_px for each in detections], float),
            posteriors,
            self._network,
            self._definitions,
            width_px=width_px,
            height_px=height_px,
        )
        fine = fine_scores(
            scores, posteriors, self._definitions, self._network.classes, self._calibrations
        )
        return [
            {name: float(p) for name, p in zip(self.classes, row, strict=True) if p > 0}
            for row in fine
        ]


def load_reldetect(
    classes: Sequence[str], *, knowledge: Path | None = None, folder: Path = WEIGHTS
) -> RelDetect:
    """What ships with Lookalike, or other definitions or weights.

    Args:
        classes: Of the detector whose boxes will be named.
        knowledge: YAML file of definitions instead of those that ship.
        folder: Of the weights.

    Raises:
        InvalidInput: The definitions are not there or mean nothing.
        ModelUnavailable: A file of the weights is missing or damaged, or they are for a detector
            of other classes.
    """
    network = load_relations(folder)
    if network.classes != tuple(classes):
        raise ModelUnavailable(
            f"the weights are for a detector of the classes {', '.join(network.classes)}, "
            f"not {', '.join(classes)}",
            where=str(folder),
            hint="Train them for this detector with `lookalike train relations`.",
        )
    definitions = default_knowledge() if knowledge is None else read_knowledge(knowledge, classes)
    return RelDetect(network, definitions, read_calibrations(folder, definitions))
