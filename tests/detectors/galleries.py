"""Random pictures with boxes, for the tests of galleries."""

from __future__ import annotations

import numpy as np

from engine.detections import Detection, SeenPicture

CLASSES, DIMS = 4, 16


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def random_picture(rng: np.random.Generator, boxes: int, *, classes=CLASSES, dims=DIMS):
    found = []
    for _ in range(boxes):
        x, y = rng.uniform(0, 60, size=2)
        w, h = rng.uniform(5, 40, size=2)
        posterior = rng.uniform(0, 1, size=classes).astype(np.float32)
        found.append(Detection(box_xyxy_px=(x, y, x + w, y + h), posterior=posterior))
    vectors = unit(rng.normal(size=(boxes, dims))) if boxes else np.zeros((0, dims), np.float32)
    return SeenPicture(width_px=100, height_px=100, detections=tuple(found), vectors=vectors)
