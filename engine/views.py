"""What of each picture of a gallery stands for the product: one box of it, or all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from engine.ids import PictureHash

__all__ = ["CROP_WEIGHT", "MARGIN", "BoxFractions", "View", "view_key"]

BoxFractions = tuple[float, float, float, float]
"""x0, y0, x1, y1 as parts of the picture's width and height, 0 to 1: pictures are decoded at
several sizes."""


MARGIN = 0.06
"""Of a box, left around it on each side: detectors cut hems and soles off."""
CROP_WEIGHT = 2.0
"""Of a box's vector beside that of its whole picture in the vector of a view. The box alone finds
most among street photos, the whole picture among packshots as the encoder knows them; with this
both find nearly as much (`lookalike eval main-product`, `lookalike eval packshots`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture of a product, after somebody looked at its boxes.

    Attributes:
        picture: Which.
        box: The part that shows the product; ``None``: no box surely does, so all of it counts.
        confidence: How probable it is that the box, or the likeliest one that was not taken,
            shows the product; 0 where there is none.
        label: Coarse class of the box; empty without one.
        name: Its fine class; empty where none can be told.
        name_confidence: How probable that one is, the box being what the label says.
    """

    picture: PictureHash
    box: BoxFractions | None = None
    confidence: float = 0.0
    label: str = ""
    name: str = ""
    name_confidence: float = 0.0


def view_key(view: View) -> str:
    """What the view's vector is stored under.

    The picture's hash, or one of picture, box and how its vector is made of them.
    """
    if view.box is None:
        return view.picture
    place = ",".join(f"{each:.4f}" for each in view.box)
    made = f"{view.picture}:{place}:{MARGIN}:{CROP_WEIGHT}"
    return hashlib.sha256(made.encode()).hexdigest()
