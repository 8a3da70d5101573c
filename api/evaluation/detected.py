"""Detection on street photos and composed pictures of the test split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detectors.taxonomy import Taxonomy
from detectors.training.cutouts import read_cutouts
from detectors.training.dataset import boxes_of
from detectors.training.scenes import Boxes, compose_scene
from detectors.training.street import read_street
from engine.detections import Detection
from engine.evaluation.detection import PhotoBoxes, map_over, rate_boxes
from engine.evaluation.figures import Figure, measured
from engine.images import decode_image
from engine.ports import Detector
from engine.types import ImageRGB

__all__ = ["LabelledPicture", "composed_pictures", "measure_detector", "street_pictures"]

LEAST_BOXES = 20
"""Test boxes of a class that counts in the mean."""
_AT_HALF = slice(0, 1)
_RESAMPLES_95 = 200  # of the mean over ten thresholds, which costs ten times as much


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledPicture:
    """A picture, uint8 (H, W, 3), and class and box of everything that can be seen."""

    image: ImageRGB
    boxes: Boxes


def street_pictures(
    data: Path, taxonomy: Taxonomy, *, limit: int | None = None
) -> list[LabelledPicture]:
    """Street photos of the test split.

    Raises:
        NotFound: ``ccp.parquet`` is not in `data`.
    """
    photos = [each for each in read_street(data, taxonomy) if each.split == "test"][:limit]
    return [
        LabelledPicture(image=decode_image(each.image), boxes=boxes_of(each)) for each in photos
    ]


def composed_pictures(
    data: Path, taxonomy: Taxonomy, street: Sequence[LabelledPicture], *, count: int
) -> list[LabelledPicture]:
    """Things of the test split laid over street photos of it; none without packshots."""
    things = list(read_cutouts(data, taxonomy, split="test"))
    rng = np.random.default_rng(11)
    found: list[LabelledPicture] = []
    for _ in range(count if things else 0):
        below = street[int(rng.integers(len(street)))]
        image, boxes = compose_scene(below.image, below.boxes, things, taxonomy.classes, rng)
        found.append(LabelledPicture(image=image, boxes=boxes))
    return found


def measure_detector(
    detector: Detector, pictures: Sequence[LabelledPicture], *, arm: str, condition: str
) -> list[Figure]:
    """map50 and map50-95 over the classes with enough boxes, and ap50 of each of them."""
    found = detector.detect([each.image for each in pictures])
    pairs = list(zip(pictures, found, strict=True))
    ratings = [
        rate_boxes([_of_class(place, each.boxes, those) for each, those in pairs])
        for place in range(len(detector.classes))
    ]
    counted = {
        detector.classes[place]: rating
        for place, rating in enumerate(ratings)
        if rating.truths.sum() >= LEAST_BOXES
    }
    if not counted:
        return []
    both = list(counted.values())
    figures = [
        measured(map_over(both, thresholds=_AT_HALF), metric="map50", arm=arm, condition=condition),
        measured(
            map_over(both, resamples=_RESAMPLES_95),
            metric="map50-95",
            arm=arm,
            condition=condition,
        ),
    ]
    for name, rating in counted.items():
        interval = map_over([rating], thresholds=_AT_HALF)
        figures.append(
            Figure(
                metric="ap50",
                arm=arm,
                condition=f"{condition}/{name}",
                value=interval.value,
                low=interval.low,
                high=interval.high,
                n=int(rating.truths.sum()),
            )
        )
    return figures


def _of_class(place: int, truth: Boxes, found: Sequence[Detection]) -> PhotoBoxes:
    wanted = [box for each, box in truth if each == place]
    return PhotoBoxes(
        truth=np.array(wanted, np.float64).reshape(-1, 4),
        found=np.array([each.box_xyxy_px for each in found], np.float64).reshape(-1, 4),
        scores=np.array([each.posterior[place] for each in found], np.float64),
    )
