"""How well garments are found in their boxes: arms, overlaps with the known pixels, time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.evaluation.colour_mixture import told_apart
from api.evaluation.garment_masks import KnownGarment
from api.evaluation.plain_things import thing_on_plain
from engine.boxes import iou_matrix
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, bootstrap_clusters, row_percentile
from engine.ports import Detector
from engine.types import BoxPx, ImageRGB
from models.variants.frame import Frame, frame_around
from models.variants.guided import refine, resized
from models.variants.mask import GarmentMasks

__all__ = ["ARMS", "measure_masks", "measure_time"]

Mask = NDArray[np.float32]
Arm = Callable[[GarmentMasks, ImageRGB, BoxPx, str], Mask]
"""Picture, box and coarse class to float32 (H, W)."""
_SMALL_WH_PX = (96, 128)
_LEAST_OVERLAP = 0.5
"""Of a detected box with the known one, for it to be the garment's."""
_LARGE_PX = 1000


def box_alone(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """Everything in the box: what any other arm has to beat."""
    x0, y0, x1, y1 = (round(each) for each in box)
    found = np.zeros(image.shape[:2], np.float32)
    found[y0:y1, x0:x1] = 1
    return found


def plain(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """What in the box is not a plain ground; all of it where the ground is not plain."""
    thing, held = thing_on_plain(image), box_alone(masks, image, box, label)
    return held if thing is None else held * thing


def mixture(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """Colours inside the box against colours around it."""
    frame = frame_around(image.shape[1], image.shape[0], box)
    x0, y0, x1, y1 = frame.box
    wide, high = _SMALL_WH_PX
    y, x = (np.arange(high) + 0.5) / high, (np.arange(wide) + 0.5) / wide
    # The middle of a box is likelier the garment than its corners.
    far = np.maximum(
        np.abs(y - (y0 + y1) / 2)[:, None] / (y1 - y0), np.abs(x - (x0 + x1) / 2) / (x1 - x0)
    )
    prior = np.where(far < 0.5, 0.75 - 0.4 * far, 0.0).astype(np.float32)
    colours = frame.read(image).astype(np.float32) / np.float32(255)
    return _placed(refine(told_apart(colours, prior), frame.cut(image)), image, frame)


def network(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """What the network says, enlarged."""
    frame = frame_around(image.shape[1], image.shape[0], box)
    rough = masks.rough(image, [frame], [label])[0]
    return _placed(resized(rough, frame.size_wh), image, frame)


def guided(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """What the network says, brought to the picture's edges."""
    frame = frame_around(image.shape[1], image.shape[0], box)
    rough = masks.rough(image, [frame], [label])[0]
    return _placed(refine(rough, frame.cut(image)), image, frame)


def network_mixture(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """What the network says, then colours told apart from there."""
    frame = frame_around(image.shape[1], image.shape[0], box)
    rough = masks.rough(image, [frame], [label])[0]
    colours = frame.read(image).astype(np.float32) / np.float32(255)
    found = told_apart(colours, rough, rounds=2, weight=0.5)
    return _placed(refine(found, frame.cut(image)), image, frame)


def shipped(masks: GarmentMasks, image: ImageRGB, box: BoxPx, label: str) -> Mask:
    """What `GarmentMasks.mask` says."""
    return masks.mask(image, [box], [label])


ARMS: Mapping[str, Arm] = {
    "box": box_alone,
    "plain": plain,
    "mixture": mixture,
    "network": network,
    "network+guided": guided,
    "network+mixture": network_mixture,
    "shipped": shipped,
}


def _placed(part: Mask, image: ImageRGB, frame: Frame) -> Mask:
    found = np.zeros(image.shape[:2], np.float32)
    held = frame.cut(found)
    held[:] = part
    return found


def measure_masks(
    masks: GarmentMasks,
    garments: Iterable[KnownGarment],
    *,
    condition: str,
    largest: int = 5,
    arms: Mapping[str, Arm] = ARMS,
    detector: Detector | None = None,
) -> list[Figure]:
    """Overlap (intersection over union) of each arm's mask, at a half, with the known pixels.

    Args:
        masks: The network.
        garments: With known pixels.
        condition: Such as ``worn``; classes are told apart behind it.
        largest: How many classes, those of most garments, get figures of their own.
        arms: What is compared.
        detector: Its boxes in place of the known ones; garments without one are left out, and a
            figure ``found`` says how many have one.
    """
    scores: dict[str, list[float]] = {name: [] for name in arms}
    sources: list[str] = []
    labels: list[str] = []
    found: list[float] = []
    for each in garments:
        seen = _seen(each, masks.classes, detector)
        found.append(float(seen is not None))
        if seen is None:
            continue
        true = each.mask > 0.5
        for name, arm in arms.items():
            said = arm(masks, each.image, *seen) > 0.5
            scores[name].append(float((said & true).sum() / max(1, (said | true).sum())))
        sources.append(each.source)
        labels.append(masks.classes[each.place])
    counts = {name: labels.count(name) for name in masks.classes}
    classes = sorted(counts, key=lambda name: -counts[name])[:largest]
    figures: list[Figure] = []
    for part in ("all", *classes):
        chosen = [place for place, label in enumerate(labels) if part in ("all", label)]
        if not chosen:
            continue
        for name, values in scores.items():
            interval = bootstrap_clusters(
                [values[place] for place in chosen], [sources[place] for place in chosen]
            )
            figures.append(
                measured(interval, metric="iou", arm=name, condition=f"{condition}/{part}")
            )
    if detector is not None:
        share = bootstrap(found)
        figures.append(measured(share, metric="found", arm="yolo", condition=condition))
    return figures


def _seen(
    garment: KnownGarment, classes: Sequence[str], detector: Detector | None
) -> tuple[BoxPx, str] | None:
    """Box and coarse class under which a garment is asked for."""
    if detector is None:
        return garment.box_xyxy_px, classes[garment.place]
    detections = detector.detect([garment.image])[0]
    if not detections:
        return None
    boxes = np.array([each.box_xyxy_px for each in detections], np.float64)
    shared = iou_matrix(boxes, np.array([garment.box_xyxy_px], np.float64))[:, 0]
    best = int(shared.argmax())
    if shared[best] < _LEAST_OVERLAP:
        return None
    return detections[best].box_xyxy_px, detector.classes[detections[best].place]


def measure_time(
    masks: GarmentMasks, garments: Sequence[KnownGarment], *, rounds: int = 3
) -> list[Figure]:
    """Milliseconds of each arm for one garment of a picture whose longer side is 1,000 px."""
    spent: dict[str, list[float]] = defaultdict(list)
    for each in garments:
        image, box = _enlarged(each)
        label = masks.classes[each.place]
        for name, arm in ARMS.items():
            held: list[float] = []
            for _ in range(rounds):
                began = time.perf_counter()
                arm(masks, image, box, label)
                held.append(1000 * (time.perf_counter() - began))
            spent[name].append(min(held))
    return [
        measured(
            bootstrap(values, statistic=row_percentile(50)),
            metric="ms_p50", arm=name, condition="1000 px", unit="ms",
        )
        for name, values in spent.items()
    ]  # fmt: skip


def _enlarged(garment: KnownGarment) -> tuple[ImageRGB, BoxPx]:
    high, wide = garment.mask.shape
    scale = _LARGE_PX / max(high, wide)
    size = (round(wide * scale), round(high * scale))
    x0, y0, x1, y1 = garment.box_xyxy_px
    image = np.array(Image.fromarray(garment.image).resize(size, Image.Resampling.BICUBIC))
    return image, (x0 * scale, y0 * scale, x1 * scale, y1 * scale)
