"""What is to be drawn, from the words to a change that a renderer can draw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from api.query_picture import check_box
from api.variants.starts import Start, check_shape
from engine.errors import InvalidInput
from engine.ids import PictureHash, ProductId
from engine.images import decode_image
from engine.ports import Renderer
from engine.query.lexicon import Lexicon
from engine.rendering import MAX_SEED, Change, DrawRequest, change_of
from engine.types import Degradation, Edit, Facet, ImageRGB

__all__ = ["Asked", "ask", "picture_keys", "work_key"]

DRAWN_PX = 1000
"""Shorter side from which a reference picture is halved, thirded … while it is decoded."""
LONGEST_PX = 3000
"""Longer side at most: a panel as long as ingestion takes them would need gigabytes, and is more
than WebP can hold."""
_OF_A_DRAWING = Degradation(
    part="picture", message="The picture was itself generated: this is a drawing of a drawing."
)
_EXAMPLES = "“but red”, “striped”, “with long sleeves”, “in denim”, “a bit darker”"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that a renderer has to know but the pixels of the reference.

    Attributes:
        engine: Name of the renderer.
        revision: Of it.
        modification: The words as they came.
        edits: All that were understood of the words.
        drawn: Ids of those that the pictures will show.
        unseen: What the pictures will not show.
        box: Where the garment is, as fractions of the picture; empty where nobody drew it.
        product_id: Of the reference; empty for a picture.
        title: Likewise.
        image_url: Where the reference can be seen.
        reference: SHA-256 of the reference's encoded picture.
        without: Products that must not help.
        catalogue: Generation of the catalogue whose other products may.
    """

    engine: str
    revision: str
    modification: str
    seed: int
    count: int
    edits: tuple[Edit, ...]
    drawn: tuple[str, ...]
    unseen: tuple[Degradation, ...]
    before: Mapping[Facet, str]
    after: Mapping[Facet, str]
    box: tuple[float, ...]
    product_id: str
    title: str
    image_url: str
    reference: PictureHash
    without: tuple[ProductId, ...]
    catalogue: int = 0

    @property
    def seeds(self) -> range:
        """One for each picture."""
        return range(self.seed, self.seed + self.count)

    def request(self, picture: bytes) -> DrawRequest:
        """For a renderer.

        Args:
            picture: The reference, encoded.

        Raises:
            DecodeError: Not a picture within the limits.
            InvalidInput: The picture is a line, or too small.
        """
        image = decode_image(picture, target_px=DRAWN_PX)
        check_shape(image)
        image = _shortened(image)
        high, wide = image.shape[:2]
        drawn = set(self.drawn)
        box = None
        if self.box:
            left, top, right, bottom = self.box
            box = (left * wide, top * high, right * wide, bottom * high)
        return DrawRequest(
            reference=image,
            change=Change(
                before=self.before,
                after=self.after,
                edits=tuple(each for each in self.edits if each.edit_id in drawn),
                unseen=self.unseen,
            ),
            box_xyxy_px=box,
            title=self.title,
            without=frozenset(self.without),
        )

    def to_json(self) -> str:
        """What `from_json` reads."""
        return _ASKED.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> Asked:
        """What `to_json` wrote."""
        return _ASKED.validate_json(text)


_ASKED = TypeAdapter(Asked)


def ask(
    start: Start,
    *,
    renderer: Renderer,
    lexicon: Lexicon,
    modification: str,
    box: Sequence[float],
    seed: int,
    count: int,
) -> Asked:
    """What a renderer is to draw of a reference.

    Args:
        start: The reference, and the words understood.
        renderer: Who draws.
        lexicon: Knows what "darker" is darker than.
        modification: The words.
        box: Where the garment is, as fractions; empty where nobody drew it.
        seed: Of the first picture.
        count: How many pictures.

    Raises:
        InvalidInput: Nothing of the words can be drawn, the box is none, or the seed too large.
        ModelUnavailable: The renderer lacks the weights for such a change.
    """
    check_box(box)
    if not 0 <= seed <= MAX_SEED:
        raise InvalidInput(
            f"seed {seed} is out of range.", where="seed", hint=f"Give one from 0 to {MAX_SEED}."
        )
    change = change_of(start.parse, start.beliefs, lexicon)
    if not change.facets:
        raise _nothing_to_draw(change)
    renderer.check(change)
    return Asked(
        engine=renderer.name,
        revision=renderer.revision,
        modification=modification,
        seed=seed,
        count=count,
        edits=start.parse.edits,
        drawn=tuple(each.edit_id for each in change.edits),
        unseen=(*change.unseen, *([_OF_A_DRAWING] if start.generated else [])),
        before=change.before,
        after=change.after,
        box=tuple(box),
        product_id=start.product_id,
        title=start.title,
        image_url=start.image_url,
        reference=start.reference,
        without=tuple(sorted(start.without)),
        catalogue=start.catalogue,
    )


def picture_keys(asked: Asked) -> list[str]:
    """The name of each picture: a hash of everything that makes it what it is."""
    return [_hashed(_making(asked), seed) for seed in asked.seeds]


def work_key(asked: Asked) -> str:
    """Of jobs that may draw the same pictures, whatever their seeds and counts are."""
    return _hashed(_making(asked))


def _making(asked: Asked) -> Sequence[object]:
    # Not the words: "in red" and "but red" are one picture.
    return (
        asked.engine,
        asked.revision,
        asked.reference,
        asked.box,
        asked.title,
        sorted(asked.before.items()),
        sorted(asked.after.items()),
        asked.without,
        asked.catalogue,
    )


def _hashed(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _shortened(image: ImageRGB) -> ImageRGB:
    if max(image.shape[:2]) <= LONGEST_PX:
        return image
    picture = Image.fromarray(image)
    picture.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _nothing_to_draw(change: Change) -> InvalidInput:
    if change.unseen:
        why = "nothing of this can be drawn: " + " ".join(each.message for each in change.unseen)
    elif change.edits:
        asked = ", ".join(f"'{each.text}'" for each in change.edits)
        why = f"{asked}: it is so already, as far as can be told."
    else:
        why = "no change was understood."
    return InvalidInput(
        why[:1500],
        where="modification",
        hint=f"Ask for another colour, pattern, material, sleeve, neck or type: {_EXAMPLES}.",
        code="variant.nothing_to_draw",
    )
