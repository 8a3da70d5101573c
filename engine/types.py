"""The typed objects that flow between the packages.

Two journeys: a feed row (`RawRecord` → `Product` → `IndexPoint` → `Outcome`) and a query
(`SearchQuery` → `Parse` → `ScoredPoint` → `Hit` → `SearchResult`). All are frozen; those that hold
arrays compare by identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from engine.filters import Filter, Payload
from engine.ids import DEFAULT_TENANT, PictureHash, PointId, ProductId, TenantId
from engine.views import View

ImageRGB = NDArray[np.uint8]
"""A decoded, upright picture: uint8 (H, W, 3), sRGB."""
Vectors = NDArray[np.float32]
"""Embeddings: float32 (N, D), unit rows."""
BoxPx = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright picture."""


class Facet(StrEnum):
    """Keyword keys of a product's payload that can be filtered and counted."""

    TYPE = "type"
    COLOUR = "colour"
    COLOUR_FAMILY = "colour_family"
    GENDER = "gender"
    PATTERN = "pattern"
    SLEEVE = "sleeve"
    LENGTH = "length"
    NECK = "neck"
    MATERIAL = "material"
    OCCASION = "occasion"
    SEASON = "season"
    BRAND = "brand"
    AVAILABILITY = "availability"
    CATEGORY = "category"
    GARMENT = "garment"
    """Coarse class of the box that shows the product, such as ``bottom``."""
    FINE = "fine"
    """Its fine class by how things lie in the picture, such as ``skirt``."""


class Provenance(StrEnum):
    """Where an attribute's value comes from."""

    FEED = "feed"
    """A column of the feed says so."""
    TITLE = "title"
    """Words of the title or the description say so."""
    MODEL = "model"
    """Predicted from the picture."""
    PERSON = "person"
    """Somebody corrected it."""


class VectorName(StrEnum):
    """Named vectors of a point."""

    PICTURE = "picture"
    TITLE = "title"


# --- a feed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """One row of a feed as read: every cell text, nothing interpreted.

    Attributes:
        row: 1-based number of the record in the feed, the header not counted.
        cells: Column name as in the feed → text.
        blobs: Column name → encoded picture bytes, for feeds that carry pictures in a column.
        problem: Set when the row could not be read as a record (ragged, undecodable): the
            reject code, such as ``row.columns``.
        problem_text: What exactly was wrong, for `problem`.
    """

    row: int
    cells: Mapping[str, str]
    blobs: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    problem: str = ""
    problem_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRef:
    """Where a picture of a product is.

    Exactly one of `path` (relative to the feed's root), `url` and `blob` is set.
    """

    path: str = ""
    url: str = ""
    blob: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a product, with where it comes from.

    Attributes:
        name: Which facet.
        value: Canonical lower-case value, such as ``navy blue`` or ``t-shirt``.
        provenance: Who says so.
        confidence: In (0, 1]; 1 for what a feed or a person says.
    """

    name: Facet
    value: str
    provenance: Provenance = Provenance.FEED
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product as the catalogue knows it.

    Attributes:
        price_minor: Price in minor units (cents) of `currency`; ``None`` when the feed has none.
        currency: ISO 4217 code, or empty.
        group_id: Shared by the variants of one design; empty when the product stands alone.
        availability: ``in_stock``, ``out_of_stock``, ``preorder`` or ``backorder``.
        attributes: At most one a facet and value; feed values come before predictions.
        pictures: Hashes of the gallery's pictures that could be decoded, main picture first.
        views: One for each of them, in their order; none where nobody looked for the product.
    """

    product_id: ProductId
    title: str
    tenant: TenantId = DEFAULT_TENANT
    description: str = ""
    brand: str = ""
    link: str = ""
    group_id: str = ""
    price_minor: int | None = None
    currency: str = ""
    availability: str = "in_stock"
    attributes: tuple[Attribute, ...] = ()
    pictures: tuple[PictureHash, ...] = ()
    views: tuple[View, ...] = ()

    def values(self, name: Facet) -> tuple[str, ...]:
        """Values of one facet, the most trusted first."""
        return tuple(each.value for each in self.attributes if each.name is name)


class OutcomeKind(StrEnum):
    """How a row ended. Every row read ends as exactly one of these."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a row was rejected, or what a merchandiser should know about it.

    Attributes:
        code: Stable dotted name: ``row.price``, ``image.corrupt`` …
        message: What was got, what was expected, what to do.
        column: The feed's column, or empty.
        value: The offending value, cut to 200 characters.
    """

    code: str
    message: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict on one row of a feed (or on one vanished product, with row 0)."""

    row: int
    kind: OutcomeKind
    product_id: ProductId | None = None
    problem: Problem | None = None
    warnings: tuple[Problem, ...] = ()


# --- vectors and the index -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderId:
    """What made a vector; two encoders whose ids differ must never share an index.

    Attributes:
        name: Such as ``compact`` or ``open_clip:ViT-B-16-SigLIP/webli``.
        revision: Content hash or revision of the weights.
        preprocess: Hash of the preprocessing.
        dims: Length of a vector.
    """

    name: str
    revision: str
    preprocess: str
    dims: int

    @property
    def fingerprint(self) -> str:
        """One line that identifies the encoder."""
        return f"{self.name}@{self.revision}/{self.preprocess}/{self.dims}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexPoint:
    """One product in the vector index.

    Attributes:
        vectors: A unit vector (D,) float32 for each name that the product has.
        words: The text that BM25 searches.
        payload: Flat values for filters, facets and ranking.
    """

    point_id: PointId
    vectors: Mapping[VectorName, NDArray[np.float32]]
    words: str
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorQuery:
    """Nearest neighbours of one vector.

    Attributes:
        vector: (D,) float32, unit length.
        using: Which named vector is compared.
        limit: Most points to return, ≥ 1.
        keys: The keys of the payload that are needed, all when empty; an index may bring more.
            Fetching a payload can cost more than finding its point.
        exact: Compare with every point that passes the filter instead of walking the graph.
    """

    vector: NDArray[np.float32]
    using: VectorName = VectorName.PICTURE
    condition: Filter | None = None
    limit: int = 10
    keys: tuple[str, ...] = ()
    with_vectors: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredPoint:
    """A point that an index returned; `score` is higher-is-better."""

    point_id: PointId
    score: float
    payload: Payload
    vectors: Mapping[VectorName, NDArray[np.float32]] = field(
        default_factory=dict[VectorName, NDArray[np.float32]]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCount:
    """How many points hold a value of a facet."""

    value: str
    count: int


# --- a query -------------------------------------------------------------------------------------


class Operation(StrEnum):
    """What an edit does to its attribute."""

    SET = "set"
    """The result has this value instead of the reference's."""
    NOT = "not"
    """The result does not have this value."""
    AT_MOST = "at_most"
    """Price bound, value in minor units."""
    AT_LEAST = "at_least"
    """Price bound, value in minor units."""
    MORE = "more"
    """More of a quality than the reference: ``more formal``, ``longer``, ``darker``."""
    LESS = "less"
    """Less of it: ``cheaper`` is less of ``price``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change that the shopper asked for.

    Attributes:
        attribute: A `Facet` value, ``price``, or a quality such as ``formality``.
        operation: What happens to it.
        value: Canonical value (``red``, ``sleeveless``, ``4000`` for 40.00), empty for MORE/LESS.
        start: Offset of the first character of the words it came from.
        end: Offset after the last one.
        text: Those words as typed.
        hard: Results that do not fulfil it are left out; otherwise they rank below.
        currency: ISO 4217, for price bounds that named one.
    """

    attribute: str
    operation: Operation
    value: str
    start: int
    end: int
    text: str
    hard: bool = False
    currency: str = ""

    @property
    def edit_id(self) -> str:
        """Stable name by which a caller drops the edit: ``colour:set:red``."""
        return f"{self.attribute}:{self.operation.value}:{self.value}".rstrip(":")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse:
    """What was understood of a modification or of a text query.

    Attributes:
        text: The words as typed.
        edits: The changes, in the order of their spans; spans do not overlap.
        free_text: What remains once the edits and filler words are taken out.
        dropped: Ids of edits that were understood and that the caller dropped.
        ignored: Refusals of what nothing is known of ("not acme"): no edit, and not searched for.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    free_text: str = ""
    dropped: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each part of a composed query counts, each ≥ 0."""

    picture: float = 1.0
    words: float = 1.0
    edits: float = 1.0
    negatives: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchQuery:
    """A search request.

    Attributes:
        text: What is looked for, in words.
        picture: The shopper's picture.
        shows: Types and categories that can be in the picture, where a detector has said; anything
            where empty. Hits are of these, unless the change asks for another type.
        like: A product of the catalogue as reference ("more like this").
        modification: What should be different from the reference: "but red, no sleeves".
        drop: Ids of parsed edits to leave out.
        positives: Further products to be near to.
        negatives: Products to stay away from.
        condition: Hard filter.
        facets: Facets to count.
        limit: Hits a page, 1 to 100.
        cursor: Where the next page starts, as an earlier result said.
        group_variants: One hit for the variants of one design.
    """

    text: str = ""
    picture: ImageRGB | None = None
    shows: frozenset[str] = frozenset()
    like: ProductId | None = None
    modification: str = ""
    drop: tuple[str, ...] = ()
    positives: tuple[ProductId, ...] = ()
    negatives: tuple[ProductId, ...] = ()
    weights: Weights = field(default_factory=Weights)
    condition: Filter | None = None
    facets: tuple[Facet, ...] = ()
    limit: int = 24
    cursor: str = ""
    group_variants: bool = True
    tenant: TenantId = DEFAULT_TENANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a hit is where it is, in words for a shopper.

    Attributes:
        text: Such as ``red, as asked`` or ``looks alike``.
        met: False for an edit that the hit does not fulfil.
        predicted: The value was read from the picture, not from the feed.
    """

    text: str
    met: bool = True
    predicted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One product of a result; `score` orders hits of one result and means nothing across them."""

    product: Product
    score: float
    rank: int
    reasons: tuple[Reason, ...] = ()
    variants: tuple[ProductId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """Something that was left out of an answer or relaxed, and why."""

    part: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The answer to a `SearchQuery`.

    Attributes:
        hits: At most `limit`, best first.
        parse: What was understood of the modification (or of the text when there is none).
        reference: Attributes of the reference as known or predicted.
        facets: Facet → counts over the products that pass the hard filters.
        timings_ms: Stage → milliseconds.
        degraded: What was relaxed or left out.
        next_cursor: For the next page; empty on the last one.
        encoder: Fingerprint of the encoder.
    """

    hits: tuple[Hit, ...]
    parse: Parse
    reference: tuple[Attribute, ...] = ()
    facets: Mapping[Facet, tuple[FacetCount, ...]] = field(
        default_factory=dict[Facet, tuple[FacetCount, ...]]
    )
    timings_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    degraded: tuple[Degradation, ...] = ()
    next_cursor: str = ""
    encoder: str = ""
