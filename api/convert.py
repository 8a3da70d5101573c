"""Between the domain types and the wire: the only place that knows both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from api.schemas.detections import (
    DetectionsAnswer,
    NameOut,
    SeenAttributeOut,
    SeenBoxOut,
    SeenPictureOut,
)
from api.schemas.products import AttributeOut, Price, ProductOut, ViewOut
from api.schemas.search import (
    DegradationOut,
    EditOut,
    FacetCountOut,
    HitOut,
    ParseOut,
    ReasonOut,
    SearchAnswer,
    SearchRequest,
)
from engine.errors import InvalidInput
from engine.filter_text import parse_filter
from engine.ids import ProductId
from engine.look import Look, SeenBox
from engine.types import (
    Attribute,
    Edit,
    Facet,
    FacetCount,
    Hit,
    ImageRGB,
    Operation,
    Parse,
    Product,
    SearchQuery,
    SearchResult,
    Weights,
)

_MINOR_PER_MAJOR = 100
_LEAST_CLASS = 0.01
"""Classes of lesser probability are not told."""


def to_query(request: SearchRequest, *, picture: ImageRGB | None = None) -> SearchQuery:
    """The engine's query for a request.

    Args:
        request: `SearchRequest.picture` is not looked at; its pixels come as `picture`.
        picture: The decoded reference picture.

    Raises:
        InvalidInput: The filter cannot be read.
    """
    return SearchQuery(
        text=request.q,
        picture=picture,
        shows=shown_types(request.shows),
        like=ProductId(request.like) if request.like else None,
        modification=request.modify,
        drop=tuple(request.drop),
        positives=tuple(ProductId(each) for each in request.positives),
        negatives=tuple(ProductId(each) for each in request.negatives),
        weights=Weights(
            picture=request.weights.picture,
            words=request.weights.words,
            edits=request.weights.edits,
            negatives=request.weights.negatives,
        ),
        condition=parse_filter(request.filter) if request.filter else None,
        facets=tuple(request.facets),
        limit=request.limit,
        cursor=request.cursor,
        group_variants=request.group_variants,
    )


def shown_types(label: str) -> frozenset[str]:
    """A coarse class of boxes, and the types and categories that such a box can show.

    Raises:
        InvalidInput: The detector has no such class.
    """
    if not label:
        return frozenset()
    from detectors.taxonomy import default_taxonomy

    types = default_taxonomy().types
    if label not in types:
        raise InvalidInput(
            f"{label!r} is no class of the detector.",
            where="shows",
            hint=f"One of {', '.join(types)}.",
        )
    return types[label] | {label}


def to_answer(result: SearchResult) -> SearchAnswer:
    """The wire form of a search result."""
    return SearchAnswer(
        hits=[to_hit(hit) for hit in result.hits],
        parse=to_parse(result.parse),
        reference=[_attribute(each) for each in result.reference],
        facets=to_facets(result.facets),
        degraded=[DegradationOut(part=each.part, message=each.message) for each in result.degraded],
        timing_ms={stage: round(ms, 3) for stage, ms in result.timings_ms.items()},
        next_cursor=result.next_cursor,
        encoder=result.encoder,
    )


def to_hit(hit: Hit) -> HitOut:
    """The wire form of one hit."""
    return HitOut(
        product=to_product(hit.product),
        score=round(hit.score, 6),
        rank=hit.rank,
        reasons=[
            ReasonOut(text=each.text, met=each.met, predicted=each.predicted)
            for each in hit.reasons
        ],
        variants=list(hit.variants),
    )


def to_product(product: Product) -> ProductOut:
    """The wire form of a product. A link that is not http(s) is left out: pages put it in href."""
    return ProductOut(
        id=product.product_id,
        title=product.title,
        description=product.description,
        brand=product.brand,
        link=product.link if _is_web_address(product.link) else "",
        group_id=product.group_id,
        availability=product.availability,
        price=_price(product),
        attributes=[_attribute(each) for each in product.attributes],
        pictures=[f"/v1/pictures/{each}" for each in product.pictures],
        views=[
            ViewOut(
                box=None if each.box is None else list(each.box),
                confidence=each.confidence,
                label=each.label,
                name=each.name,
                name_confidence=each.name_confidence,
            )
            for each in product.views
        ],
    )


def to_parse(parse: Parse) -> ParseOut:
    """The wire form of what was understood."""
    return ParseOut(
        text=parse.text,
        edits=[to_edit(each) for each in parse.edits],
        free_text=parse.free_text,
        dropped=list(parse.dropped),
    )


def to_facets(
    facets: Mapping[Facet, Sequence[FacetCount]],
) -> dict[str, list[FacetCountOut]]:
    """The wire form of facet counts."""
    return {
        facet.value: [FacetCountOut(value=each.value, count=each.count) for each in counts]
        for facet, counts in facets.items()
    }


def edit_label(edit: Edit) -> str:
    """An edit in words, for a chip: ``colour: red``, ``price: at most 40.00``, ``not: stripes``."""
    name = edit.attribute.replace("_", " ")
    match edit.operation:
        case Operation.SET:
            return f"{name}: {edit.value}"
        case Operation.NOT:
            return f"not: {edit.value}"
        case Operation.AT_MOST:
            return f"{name}: at most {_amount(edit)}"
        case Operation.AT_LEAST:
            return f"{name}: at least {_amount(edit)}"
        case Operation.MORE:
            return f"{name}: more"
        case Operation.LESS:
            return f"{name}: less"


def money_text(minor: int) -> str:
    """Minor units as major ones with two decimals."""
    return f"{minor / _MINOR_PER_MAJOR:.2f}"


def time_text(unix_s: float | None) -> str:
    """A time as ISO 8601 in UTC; empty for one that has not come."""
    if unix_s is None:
        return ""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_edit(edit: Edit) -> EditOut:
    """The wire form of one edit."""
    return EditOut(
        id=edit.edit_id,
        attribute=edit.attribute,
        operation=edit.operation.value,
        value=edit.value,
        label=edit_label(edit),
        text=edit.text,
        start=edit.start,
        end=edit.end,
        hard=edit.hard,
    )


def _amount(edit: Edit) -> str:
    return f"{money_text(int(edit.value))} {edit.currency}".strip()


def _attribute(attribute: Attribute) -> AttributeOut:
    return AttributeOut(
        name=attribute.name.value,
        value=attribute.value,
        provenance=attribute.provenance.value,
        confidence=round(attribute.confidence, 3),
    )


def _price(product: Product) -> Price | None:
    if product.price_minor is None:
        return None
    return Price(
        minor=product.price_minor,
        currency=product.currency,
        text=money_text(product.price_minor),
    )


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def to_seen(images: Sequence[ImageRGB], look: Look, classes: Sequence[str]) -> DetectionsAnswer:
    """The wire form of what was seen in `images`, which may have been shrunk: in fractions."""
    pictures: list[SeenPictureOut] = []
    for place, (image, boxes) in enumerate(zip(images, look.pictures, strict=True)):
        main = look.main(place)
        pictures.append(
            SeenPictureOut(
                boxes=[_seen_box(each, image, classes) for each in boxes],
                main=None if main is None else boxes.index(main),
            )
        )
    return DetectionsAnswer(pictures=pictures)


def _seen_box(box: SeenBox, image: ImageRGB, classes: Sequence[str]) -> SeenBoxOut:
    high, wide = image.shape[:2]
    x0, y0, x1, y1 = box.detection.box_xyxy_px
    shares = dict(zip(classes, box.detection.posterior.tolist(), strict=True))
    return SeenBoxOut(
        box=[round(each, 5) for each in (x0 / wide, y0 / high, x1 / wide, y1 / high)],
        label=box.label,
        score=round(box.detection.score, 4),
        classes={name: round(each, 4) for name, each in shares.items() if each >= _LEAST_CLASS},
        names=[NameOut(name=name, probability=round(p, 4)) for name, p in box.names.items()],
        attributes=[
            SeenAttributeOut(facet=facet, value=value, confidence=round(share, 4))
            for facet, (value, share) in box.attributes.items()
        ],
        main=None if box.main is None else round(box.main, 4),
    )
