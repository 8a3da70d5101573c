"""The pictures of the gallery benchmark as the detector and the encoder see them, kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.galleries import View, ViewKind
from detectors.gallery_graph import MOST_BOXES
from detectors.training.gallery_pictures import LabelledPicture, Truth
from engine.detections import Detection, SeenPicture
from engine.look import crop
from engine.ports import ImageEncoder
from engine.types import BoxPx, ImageRGB

__all__ = ["BoxSource", "SeenView", "Sight", "load_seen", "see", "shaken"]

BoxSource = Callable[[Sequence[LabelledPicture]], list[tuple[Detection, ...]]]
"""Finds the boxes of pictures; a detector looks at the pixels alone."""

_RENDERING = 2
"""Raise it when renderings or crops change, so that kept ones are not used."""
_BATCH = 24
_SHAKEN = 0.04


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenView:
    """One view with its boxes, its truths, and the vector (D,) of the whole picture.

    `known` holds the vectors (T, D) of the truths' parts of the picture, where they are wanted.
    """

    view: View
    seen: SeenPicture
    truths: tuple[Truth, ...]
    whole: NDArray[np.float32]
    known: NDArray[np.float32] | None = None


def see(
    pictures: Iterable[tuple[View, LabelledPicture]],
    boxes_of: BoxSource,
    encoder: ImageEncoder,
    *,
    shake_seed: int | None = None,
    with_known: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[SeenView]:
    """Detect and embed, some pictures at a time.

    Args:
        pictures: Rendered views.
        boxes_of: Finds boxes.
        encoder: Embeds each box's part of the picture, cut as `engine.look` does, and the whole.
        shake_seed: For photos that the detector learned from: its boxes are moved a little, since
            it knows these photos better than it will know any other.
        with_known: Embed the truths too.
        on_progress: Told how many pictures more are done.
    """
    coming = iter(pictures)
    number = 0
    while batch := tuple(islice(coming, _BATCH)):
        number += 1
        found = boxes_of([picture for _, picture in batch])
        if shake_seed is not None:
            rng = np.random.default_rng((shake_seed, number))
            found = [
                shaken(each, picture.rgb.shape, rng)
                for each, (_, picture) in zip(found, batch, strict=True)
            ]
        found = [each[:MOST_BOXES] for each in found]
        parts: list[ImageRGB] = []
        for (_, picture), detections in zip(batch, found, strict=True):
            parts.append(picture.rgb)
            cut = [*detections, *(picture.truths if with_known else ())]
            parts.extend(crop(picture.rgb, each.box_xyxy_px) for each in cut)
        vectors = encoder.embed_images(parts)
        at = 0
        for (view, picture), detections in zip(batch, found, strict=True):
            high, wide = picture.rgb.shape[:2]
            ends = at + 1 + len(detections)
            stop = ends + len(picture.truths) * with_known
            yield SeenView(
                view=view,
                seen=SeenPicture(
                    width_px=wide,
                    height_px=high,
                    detections=detections,
                    vectors=vectors[at + 1 : ends],
                ),
                truths=picture.truths,
                whole=vectors[at],
                known=vectors[ends:stop] if with_known else None,
            )
            at = stop
        if on_progress is not None:
            on_progress(len(batch))


def shaken(
    detections: Sequence[Detection], shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Detection, ...]:
    """Boxes moved by some hundredths of their sides, inside the picture."""
    high, wide = shape[:2]
    moved: list[Detection] = []
    for each in detections:
        x0, y0, x1, y1 = each.box_xyxy_px
        by = rng.normal(0, _SHAKEN, size=4) * (x1 - x0, y1 - y0, x1 - x0, y1 - y0)
        box = np.clip(np.array(each.box_xyxy_px) + by, 0, (wide, high, wide, high))
        if box[2] - box[0] < 1 or box[3] - box[1] < 1:
            box = np.array(each.box_xyxy_px)
        a, b, c, d = map(float, box)
        moved.append(Detection(box_xyxy_px=(a, b, c, d), posterior=each.posterior))
    return tuple(moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What looks at the pictures.

    Attributes:
        boxes_of: Finds boxes.
        revision: Of what finds them.
        encoder: Of boxes and pictures.
        folder: Keeps what was seen.
        with_known: Embeds what is known to be in a picture too, for measuring.
        on_progress: Told how many pictures more are done.
    """

    boxes_of: BoxSource
    revision: str
    encoder: ImageEncoder
    folder: Path
    with_known: bool = False
    on_progress: Callable[[int], None] | None = None

    def views(
        self,
        name: str,
        render_all: Callable[[], Iterator[tuple[View, LabelledPicture]]],
        *,
        detail: str = "",
        shake_seed: int | None = None,
    ) -> dict[View, SeenView]:
        """The views of one shop and split: kept ones, or rendered and seen now."""
        key = f"{_RENDERING}|{detail}|{self.revision}|{self.encoder.encoder_id.fingerprint}"
        return load_seen(
            self.folder / name,
            f"{key}|{shake_seed}|{self.with_known}",
            lambda: see(
                render_all(),
                self.boxes_of,
                self.encoder,
                shake_seed=shake_seed,
                with_known=self.with_known,
                on_progress=self.on_progress,
            ),
        )


def load_seen(path: Path, key: str, make: Callable[[], Iterable[SeenView]]) -> dict[View, SeenView]:
    """The views of a file, or those that `make` gives, which are then written there.

    Args:
        path: The file, without the key and suffix.
        key: Everything that the views depend on.
        make: Renders, detects and embeds.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    file = path.with_name(f"{path.name}-{digest}.npz")
    if not file.is_file():
        _save(file, list(make()))
    return {each.view: each for each in _load(file)}


def _save(file: Path, views: Sequence[SeenView]) -> None:
    detections = [each for view in views for each in view.seen.detections]
    truths = [each for view in views for each in view.truths]
    held: dict[str, NDArray[Any]] = {
        "photo": np.array([each.view.photo for each in views]),
        "label": np.array([each.view.label for each in views]),
        "kind": np.array([each.view.kind.value for each in views]),
        "variant": np.array([each.view.variant for each in views]),
        "size": np.array([(each.seen.width_px, each.seen.height_px) for each in views]),
        "whole": np.array([each.whole for each in views], np.float16),
        "box_count": np.array([len(each.seen.detections) for each in views]),
        "boxes": np.array([each.box_xyxy_px for each in detections], np.float32).reshape(-1, 4),
        "posteriors": np.array([each.posterior for each in detections], np.float16),
        "vectors": np.concatenate([each.seen.vectors for each in views]).astype(np.float16),
        "truth_count": np.array([len(each.truths) for each in views]),
        "truth_boxes": np.array([each.box_xyxy_px for each in truths], np.float32).reshape(-1, 4),
        "truth_labels": np.array([each.label for each in truths]),
        "truth_places": np.array([each.place for each in truths]),
    }
    known = [each.known for each in views if each.known is not None]
    if known:
        held["known"] = np.concatenate(known).astype(np.float16)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, allow_pickle=False, **held)
    partial.replace(file)


def _load(file: Path) -> Iterator[SeenView]:
    with np.load(file, allow_pickle=False) as opened:
        held = {name: opened[name] for name in opened.files}
    box_ends, truth_ends = np.cumsum(held["box_count"]), np.cumsum(held["truth_count"])
    vectors, whole = _unit(held["vectors"]), _unit(held["whole"])
    known = _unit(held["known"]) if "known" in held else None
    posteriors = held["posteriors"].astype(np.float32)
    for row, (photo, label, kind) in enumerate(
        zip(held["photo"], held["label"], held["kind"], strict=True)
    ):
        boxes = range(box_ends[row] - held["box_count"][row], box_ends[row])
        truths = range(truth_ends[row] - held["truth_count"][row], truth_ends[row])
        wide, high = map(int, held["size"][row])
        yield SeenView(
            view=View(
                photo=str(photo),
                label=str(label),
                kind=ViewKind(str(kind)),
                variant=int(held["variant"][row]),
            ),
            seen=SeenPicture(
                width_px=wide,
                height_px=high,
                detections=tuple(
                    Detection(box_xyxy_px=_box(held["boxes"][at]), posterior=posteriors[at])
                    for at in boxes
                ),
                vectors=vectors[boxes.start : boxes.stop],
            ),
            truths=tuple(
                Truth(
                    label=str(held["truth_labels"][at]),
                    place=int(held["truth_places"][at]),
                    box_xyxy_px=_box(held["truth_boxes"][at]),
                )
                for at in truths
            ),
            whole=whole[row],
            known=None if known is None else known[truths.start : truths.stop],
        )


def _unit(rows: NDArray[np.float16]) -> NDArray[np.float32]:
    held = rows.astype(np.float32)
    return held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-12)


def _box(row: NDArray[np.float32]) -> BoxPx:
    x0, y0, x1, y1 = map(float, row)
    return (x0, y0, x1, y1)
