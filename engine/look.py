"""What is in the pictures of a gallery: boxes, fine names, attributes, and which is the product.

One pass: each picture is detected once, each box embedded once, and all else is read from those
vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.detections import Detection, SeenPicture
from engine.errors import InvalidInput
from engine.ports import AttributePredictor, Detector, DualEncoder, FineNamer, MainProductFinder
from engine.reference import able_to_show
from engine.types import BoxPx, Facet, ImageRGB
from engine.views import MARGIN

__all__ = ["SURE_FROM", "Look", "LookService", "SeenBox", "crop", "fine_name"]

SURE_FROM = 0.5
"""A box that shows the product with less than this probability is not taken for it."""
SHOWN_FROM = 0.25
"""Boxes of lesser probability are not shown, unless they show the product."""
_ATTRIBUTE_FLOOR = 0.5
_NAMED_FROM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenBox:
    """A box with its names.

    Attributes:
        detection: As the detector gave it.
        label: Its likeliest coarse class.
        names: Fine class of that label → probability, the likeliest first; empty where none can
            be told.
        attributes: Facet → likeliest value and its probability, those below a half left out.
        vector: (D,) float32, unit: the encoder's view of the box.
        main: How probable it is that the box shows the product that is sold; ``None`` where
            nobody decides that.
    """

    detection: Detection
    label: str
    names: Mapping[str, float]
    attributes: Mapping[Facet, tuple[str, float]]
    vector: NDArray[np.float32]
    main: float | None

    @property
    def name(self) -> str:
        """The likeliest fine class where it is likelier than not, the box being what `label` says.

        `label` otherwise.
        """
        return fine_name(self.names, self.detection.score)[0] or self.label

    @property
    def is_worth_showing(self) -> bool:
        """Whether it is sure enough for a person to look at."""
        return self.detection.score >= SHOWN_FROM or (self.main or 0.0) >= SURE_FROM


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """The boxes of each picture of one gallery, the surest of a picture first."""

    pictures: tuple[tuple[SeenBox, ...], ...]

    def main(self, picture: int) -> SeenBox | None:
        """The box of a picture that shows the product; ``None`` where that is unsure."""
        held = [each for each in self.pictures[picture] if (each.main or 0.0) >= SURE_FROM]
        return max(held, key=lambda each: each.main or 0.0, default=None)


class LookService:
    """Looks at galleries.

    Args:
        detector: Finds boxes; unsure ones too, which tell `finder` and `namer` something.
        encoder: Sees each box, and reads titles.
        predictor: Attributes of a vector; skipped when absent.
        finder: Says which boxes show the product; skipped when absent.
        namer: Fine names; skipped when absent.
        shows: Whether a box of a coarse class can show a type; anything by default.
    """

    def __init__(
        self,
        *,
        detector: Detector,
        encoder: DualEncoder,
        predictor: AttributePredictor | None = None,
        finder: MainProductFinder | None = None,
        namer: FineNamer | None = None,
        shows: Callable[[str, str], bool] = lambda label, value: True,
    ):
        self._detector = detector
        self._encoder = encoder
        self._predictor = predictor
        self._finder = finder
        self._namer = namer
        self.shows = shows

    @property
    def classes(self) -> tuple[str, ...]:
        """Coarse classes, in the order of each posterior."""
        return self._detector.classes

    @property
    def finds_products(self) -> bool:
        """Whether anybody says which boxes show the product."""
        return self._finder is not None

    @property
    def sight(self) -> str:
        """What `see` depends on besides the picture: the detector, the encoder and the margin."""
        return f"{self._detector.revision}|{self._encoder.encoder_id.fingerprint}|{MARGIN}"

    @property
    def revision(self) -> str:
        """What `mains` and `names` depend on besides what was seen."""
        parts = (self._finder, self._namer)
        return "|".join([self.sight, *(each.revision if each else "" for each in parts)])

    def look(self, images: Sequence[ImageRGB], *, title: str = "") -> Look:
        """Look at the pictures of one product, or at a single photo.

        Args:
            images: uint8 (H, W, 3) each.
            title: Of the product; empty without one.
        """
        seen = self.see(images)
        words = self._encoder.embed_texts([title])[0] if title.strip() else None
        mains = self.mains(seen, words)
        attributes = self._attributes(seen)
        pictures: list[tuple[SeenBox, ...]] = []
        for picture, main, held in zip(seen, mains, attributes, strict=True):
            boxes = [
                SeenBox(
                    detection=detection,
                    label=self.classes[detection.place],
                    names=self.fine_classes(names, self.classes[detection.place]),
                    attributes=held[place],
                    vector=picture.vectors[place],
                    main=None if main is None else float(main[place]),
                )
                for place, (detection, names) in enumerate(
                    zip(picture.detections, self.names(picture), strict=True)
                )
            ]
            pictures.append(tuple(each for each in boxes if each.is_worth_showing))
        return Look(pictures=tuple(pictures))

    def see(self, images: Sequence[ImageRGB]) -> list[SeenPicture]:
        """Detect and embed, each box once; of any pictures, in batches.

        Args:
            images: uint8 (H, W, 3) each.
        """
        found = self._detector.detect(images)
        parts = [
            crop(image, each.box_xyxy_px)
            for image, those in zip(images, found, strict=True)
            for each in those
        ]
        vectors = self._encoder.embed_images(parts)
        ends = np.cumsum([len(those) for those in found])
        return [
            SeenPicture(
                width_px=image.shape[1],
                height_px=image.shape[0],
                detections=those,
                vectors=vectors[end - len(those) : end],
            )
            for image, those, end in zip(images, found, ends, strict=True)
        ]

    def mains(
        self, seen: Sequence[SeenPicture], title: NDArray[np.float32] | None
    ) -> Sequence[NDArray[np.float32] | None]:
        """Of each picture of a gallery float32 (N,): how probable each box shows the product.

        Args:
            seen: The whole gallery: all is decided together.
            title: (D,) unit vector; ``None`` without one.

        Returns:
            ``None`` for each where nobody decides.
        """
        return [None] * len(seen) if self._finder is None else self._finder.score(seen, title)

    def names(self, picture: SeenPicture) -> Sequence[Mapping[str, float]]:
        """Of each box fine class → probability, the likeliest first."""
        if self._namer is None:
            return [{} for _ in picture.detections]
        named = self._namer.name(
            picture.detections, width_px=picture.width_px, height_px=picture.height_px
        )
        return [dict(sorted(each.items(), key=lambda item: -item[1])) for each in named]

    def fine_classes(self, names: Mapping[str, float], label: str) -> dict[str, float]:
        """Those of a box's fine classes that are of one coarse class, in their order."""
        coarse: Mapping[str, str] = self._namer.classes if self._namer else {}
        return {name: share for name, share in names.items() if coarse[name] == label}

    def _attributes(
        self, seen: Sequence[SeenPicture]
    ) -> list[list[dict[Facet, tuple[str, float]]]]:
        found: list[list[dict[Facet, tuple[str, float]]]] = [
            [{} for _ in picture.detections] for picture in seen
        ]
        if self._predictor is None or not any(found):
            return found
        vectors = np.concatenate([picture.vectors for picture in seen])
        labels = [self.classes[each.place] for picture in seen for each in picture.detections]
        boxes = [held for picture in found for held in picture]
        for facet, rows in self._predictor.predict(vectors).items():
            values = self._predictor.labels[facet]
            for held, label, shares in zip(boxes, labels, rows, strict=True):
                if facet is Facet.TYPE:
                    shares = able_to_show(shares, values, partial(self.shows, label))
                best = int(shares.argmax())
                if shares[best] >= _ATTRIBUTE_FLOOR:
                    held[facet] = (values[best], float(shares[best]))
        return found


def fine_name(names: Mapping[str, float], score: float) -> tuple[str, float]:
    """The likeliest fine class and its probability, the box being what its coarse class says.

    Args:
        names: Fine classes of one coarse class → probability, the likeliest first.
        score: Probability of the coarse class.

    Returns:
        Empty and 0 where it is less likely than not.
    """
    name, share = next(iter(names.items()), ("", 0.0))
    likely = min(1.0, share / score) if score > 0 else 0.0
    return (name, likely) if likely >= _NAMED_FROM else ("", 0.0)


def crop(image: ImageRGB, box_xyxy_px: BoxPx, *, margin: float = MARGIN) -> ImageRGB:
    """A box's part of a picture, with a margin, at least one pixel.

    Raises:
        InvalidInput: The box has no area, or none of it lies in the picture.
    """
    high, wide = image.shape[:2]
    x0, y0, x1, y1 = box_xyxy_px
    if not (x0 < x1 and y0 < y1 and x0 < wide and y0 < high and x1 > 0 and y1 > 0):
        raise InvalidInput(
            f"the box {box_xyxy_px} has no part of a picture of {wide} by {high} pixels",
            where="box",
            hint="Give x0, y0, x1, y1 in pixels, with x0 < x1 and y0 < y1.",
        )
    dx, dy = margin * (x1 - x0), margin * (y1 - y0)
    left, top = max(0, int(x0 - dx)), max(0, int(y0 - dy))
    right, bottom = min(wide, int(np.ceil(x1 + dx))), min(high, int(np.ceil(y1 + dy)))
    return image[top:bottom, left:right]
