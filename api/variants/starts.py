"""The garment that a variant starts from: a product of the catalogue, or what a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api.convert import shown_types
from api.query_picture import decode_query, part_of
from engine.blobs import BlobFolder
from engine.boxes import iou_matrix
from engine.composition import Beliefs, Reference
from engine.errors import InvalidInput, NotFound
from engine.filters import Eq, both
from engine.ids import DEFAULT_TENANT, PictureHash, ProductId, picture_hash
from engine.look import SeenBox, crop
from engine.payload import GROUP_ID, PRODUCT_ID, TENANT
from engine.provenance import is_generated
from engine.types import ImageRGB, Parse, Product, SearchQuery, VectorQuery
from models.variants.product_mask import parts_of

if TYPE_CHECKING:
    from api.container import Container

__all__ = ["Start", "check_shape", "start_from_picture", "start_from_product"]

_LEAST_PX = 40
"""Of a side: the mark would hide a smaller picture."""
_MOST_OBLONG = 50
"""How many times longer than wide a picture may be: a sketch of a longer one would be so thin that
it could not be read again."""

_SAME_BOX = 0.5
"""Overlap (IoU) from which a box that a shopper drew is taken for one that the detector saw."""
_MOST_OF_A_GROUP = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A reference, and what the words make of it.

    Attributes:
        picture: The encoded picture that shows it.
        reference: Its hash.
        parse: The words as understood.
        beliefs: What the garment is.
        catalogue: Generation of the catalogue, whose products may help to draw.
        product_id: Empty for a picture.
        title: Likewise.
        image_url: Where it can be seen.
        without: The product and its group; empty for a picture.
        generated: The picture is one of ours.
    """

    picture: bytes
    reference: PictureHash
    parse: Parse
    beliefs: Beliefs
    catalogue: int
    product_id: str = ""
    title: str = ""
    image_url: str = ""
    without: frozenset[ProductId] = frozenset()
    generated: bool = False


def start_from_product(
    container: Container, product_id: ProductId, *, modification: str, drop: Sequence[str] = ()
) -> Start:
    """Start from a product of the catalogue: what is known of it, and predictions for the rest.

    Raises:
        InvalidInput: The words are too long.
        NotFound: There is no such product, or it has no picture.
    """
    query = SearchQuery(like=product_id, modification=modification, drop=tuple(drop))
    parse, found = container.search.understand(query)
    assert found is not None  # a product is a reference
    product = container.search.product(product_id, DEFAULT_TENANT)
    picture = _first_picture(container.blobs, product)
    return Start(
        picture=picture,
        reference=picture_hash(picture),
        parse=parse,
        beliefs=found.beliefs,
        catalogue=container.catalogue.generation(),
        product_id=product_id,
        title=product.title,
        image_url=f"/v1/pictures/{product.pictures[0]}",
        without=_group(container, product, found),
    )


def start_from_picture(
    container: Container,
    picture: bytes,
    *,
    modification: str,
    drop: Sequence[str] = (),
    box: Sequence[float] = (),
    image_url: str = "",
    generated: bool = False,
) -> Start:
    """Start from a picture: what the detector sees in it, and predictions for that part.

    Args:
        container: Detector, encoder and catalogue.
        picture: Encoded.
        modification: The words.
        drop: Ids of edits to leave out.
        box: Where the garment is, as fractions; empty where nobody drew it.
        image_url: Where the picture can be seen.
        generated: It is known to be one of ours; else it may say so itself.

    Raises:
        InvalidInput: The words are too long, the box is none, or the picture is a line or a stamp.
        DecodeError: Not a picture within the limits.
    """
    image = decode_query(picture)
    check_shape(image)
    part = part_of(image, box)
    label = ""
    if container.look is not None:
        seen = _meant(container.look.look([image]).pictures[0], image, box)
        label = seen.label if seen else ""
        if seen and not box:
            part = crop(image, seen.detection.box_xyxy_px)
    query = SearchQuery(
        picture=part, shows=shown_types(label), modification=modification, drop=tuple(drop)
    )
    parse, found = container.search.understand(query)
    assert found is not None  # a picture is a reference
    return Start(
        picture=picture,
        reference=picture_hash(picture),
        parse=parse,
        beliefs=found.beliefs,
        catalogue=container.catalogue.generation(),
        image_url=image_url,
        generated=generated or is_generated(picture),
    )


def check_shape(image: ImageRGB) -> None:
    """See that a picture is not so small, or so long and thin, that nothing can be drawn of it.

    Raises:
        InvalidInput: It is.
    """
    high, wide = image.shape[:2]
    if max(high, wide) > _MOST_OBLONG * min(high, wide):
        raise InvalidInput(
            f"the picture is {wide}x{high} px, one side more than {_MOST_OBLONG} times the other.",
            where="picture",
            hint="Cut out the part that shows the garment.",
            code="variant.reference_shape",
        )
    if min(high, wide) < _LEAST_PX:
        raise InvalidInput(
            f"the picture is {wide}x{high} px, less than {_LEAST_PX} on a side.",
            where="picture",
            hint="Give a larger one.",
            code="variant.reference_shape",
        )


def _meant(boxes: Sequence[SeenBox], image: ImageRGB, box: Sequence[float]) -> SeenBox | None:
    """The box that was drawn, or else the one that is the product."""
    high, wide = image.shape[:2]
    if not box:
        return next(iter(parts_of(boxes, area_px=high * wide)), None)
    if not boxes:
        return None
    drawn = np.array([box], np.float64) * (wide, high, wide, high)
    overlap = iou_matrix(drawn, np.array([each.detection.box_xyxy_px for each in boxes]))[0]
    best = int(overlap.argmax())
    return boxes[best] if overlap[best] >= _SAME_BOX else None


def _first_picture(blobs: BlobFolder, product: Product) -> bytes:
    if not product.pictures:
        raise NotFound(
            f"the product {product.product_id!r} has no picture.",
            where="product_id",
            code="picture.not_found",
        )
    return blobs.get(product.pictures[0])


def _group(container: Container, product: Product, found: Reference) -> frozenset[ProductId]:
    """The product and what shares its group, as far as the index finds it near the product."""
    own = frozenset({product.product_id})
    if not product.group_id or found.picture is None:
        return own
    condition = both(Eq(TENANT, product.tenant), Eq(GROUP_ID, product.group_id))
    points = container.index.search(
        VectorQuery(vector=found.picture, condition=condition, limit=_MOST_OF_A_GROUP)
    )
    return own | {ProductId(str(each.payload[PRODUCT_ID])) for each in points}
