"""Photos whose boxes have fine labels, as a detector and an encoder see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from detectors.taxonomy import Taxonomy
from detectors.training.simulated import Noise, simulate
from detectors.training.street import StreetPhoto
from engine.detections import Detection
from engine.evaluation.fine import FinePhoto
from engine.images import decode_image
from engine.look import crop
from engine.ports import Detector, ImageEncoder
from engine.types import BoxPx, ImageRGB

__all__ = [
    "Detect", "FinePicture", "by_detector", "by_simulation", "by_truth", "see_photos",
    "street_fine",
]  # fmt: skip

_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinePicture:
    """A picture and what is in it.

    Attributes:
        image: uint8 (H, W, 3).
        boxes: What is there.
        labels: The fine label of each.
        places: The coarse class of each.
    """

    image: ImageRGB
    boxes: tuple[BoxPx, ...]
    labels: tuple[str, ...]
    places: tuple[int, ...]


Detect = Callable[[Sequence[FinePicture]], Sequence[Sequence[Detection]]]
"""What is found in pictures; only the simulated ones look at the truth."""


def by_detector(detector: Detector) -> Detect:
    """What a detector finds."""
    return lambda pictures: detector.detect([each.image for each in pictures])


def by_truth(classes: Sequence[str]) -> Detect:
    """The known boxes, their coarse class for certain."""
    corners = np.eye(len(classes), dtype=np.float32)

    def detect(pictures: Sequence[FinePicture]) -> list[list[Detection]]:
        return [
            [
                Detection(box_xyxy_px=box, posterior=corners[place])
                for box, place in zip(each.boxes, each.places, strict=True)
            ]
            for each in pictures
        ]

    return detect


def by_simulation(classes: Sequence[str], *, seed: int) -> Detect:
    """The known boxes through a detector that is wrong at random."""
    rng = np.random.default_rng((seed, 5))
    noise = Noise()

    def detect(pictures: Sequence[FinePicture]) -> list[list[Detection]]:
        found: list[list[Detection]] = []
        for each in pictures:
            high, wide = each.image.shape[:2]
            known = list(zip(each.places, each.boxes, strict=True))
            seen = simulate(known, classes, width_px=wide, height_px=high, noise=noise, rng=rng)
            found.append([one.detection for one in seen])
        return found

    return detect


def street_fine(photos: Iterable[StreetPhoto]) -> Iterable[FinePicture]:
    """Street photos, decoded one by one, without the parts that are too small to be asked for."""
    for photo in photos:
        boxes = photo.large_boxes
        yield FinePicture(
            image=decode_image(photo.image),
            boxes=tuple(each.box_xyxy_px for each in boxes),
            labels=tuple(each.label for each in boxes),
            places=tuple(each.place for each in boxes),
        )


def see_photos(
    pictures: Iterable[FinePicture],
    detect: Detect,
    taxonomy: Taxonomy,
    encoders: Mapping[str, ImageEncoder],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> list[FinePhoto]:
    """Detect and embed with every encoder, by its arm; the pictures themselves are not kept."""
    found: list[FinePhoto] = []
    waiting = iter(pictures)
    while batch := tuple(islice(waiting, _BATCH)):
        detected = detect(batch)
        crops = [
            crop(picture.image, each.box_xyxy_px)
            for picture, those in zip(batch, detected, strict=True)
            for each in those
        ]
        vectors = {arm: encoder.embed_images(crops) for arm, encoder in encoders.items()}
        start = 0
        for picture, those in zip(batch, detected, strict=True):
            high, wide = picture.image.shape[:2]
            found.append(
                FinePhoto(
                    width_px=wide,
                    height_px=high,
                    boxes=np.array([each.box_xyxy_px for each in those], float).reshape(-1, 4),
                    posteriors=np.array([each.posterior for each in those], float).reshape(
                        -1, len(taxonomy.classes)
                    ),
                    vectors={
                        arm: each[start : start + len(those)] for arm, each in vectors.items()
                    },
                    truth=np.array(picture.boxes, float).reshape(-1, 4),
                    labels=picture.labels,
                    places=np.array(picture.places, np.int64),
                )
            )
            start += len(those)
        if on_progress is not None:
            on_progress(len(batch))
    return found
