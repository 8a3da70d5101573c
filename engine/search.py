"""The search service: words, pictures and changes in, ranked products with reasons out.

understand → compose → encode → retrieve → fuse → agree → collapse → hydrate → facets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.store import CatalogueStore
from engine.change import away_from, combine, move, said
from engine.composition import Reference, Target, compose
from engine.errors import InvalidInput
from engine.filters import Eq, Filter, In, Or, both
from engine.ids import PointId, ProductId, TenantId, picture_hash, point_id
from engine.paging import MAX_DEPTH, decode_cursor, encode_cursor
from engine.payload import TENANT, maybe, ranking_keys
from engine.ports import AttributePredictor, Composer, DualEncoder, VectorIndex
from engine.query.lexicon import Lexicon
from engine.query.prices import PRICE
from engine.ranking.agreement import fulfils, scorer
from engine.ranking.collapse import Group, collapse, product_of
from engine.ranking.fusion import fuse
from engine.ranking.reasons import explainer
from engine.reference import nearby
from engine.retrieval import Question, beyond, pool
from engine.snapshots import KEPT_BYTES, Snapshot, Snapshots
from engine.stages import Stages
from engine.starts import Starts
from engine.types import (
    Degradation,
    Facet,
    FacetCount,
    Hit,
    Operation,
    Parse,
    Product,
    SearchQuery,
    SearchResult,
)

MAX_LIMIT = 100
MAX_TEXT = 512
CACHED = 4096
"""Text vectors that are kept."""

_TOO_DEEP = Degradation(
    part="cursor",
    message=f"Paging ends after {MAX_DEPTH:,} hits; filters bring the others within reach.",
)


class SearchService:
    """Answers search queries over one index and one catalogue.

    A composer of another encoder than this one is not used: changes are then plain arithmetic.
    """

    def __init__(
        self,
        *,
        index: VectorIndex,
        catalogue: CatalogueStore,
        encoder: DualEncoder,
        predictor: AttributePredictor | None,
        lexicon: Lexicon,
        composer: Composer | None = None,
    ):
        self._index = index
        self._catalogue = catalogue
        self._encoder = encoder
        self._lexicon = lexicon
        self._starts = Starts(
            index=index,
            catalogue=catalogue,
            encoder=encoder,
            predictor=predictor,
            lexicon=lexicon,
        )
        fits = composer is not None and composer.encoder == encoder.encoder_id.fingerprint
        self._composer = composer if fits else None
        self._texts: dict[str, NDArray[np.float32]] = {}
        self._snapshots = Snapshots(catalogue, index)

    def read_ahead(self, tenants: Sequence[TenantId]) -> None:
        """Load products of these tenants before anybody asks for them, as far as there is room."""
        room = KEPT_BYTES
        for tenant in tenants:
            room -= self._snapshots.of(tenant).fill(room)

    def search(self, query: SearchQuery) -> SearchResult:
        """Answer a query.

        Raises:
            InvalidInput: A modification without a reference, two references, a limit out of range,
                a text too long, or a cursor of another query.
            NotFound: A product named as reference, positive or negative is not in the catalogue.
        """
        _check(query)
        stage = Stages()
        with stage("understand"):
            snapshot = self._snapshots.of(query.tenant)
            parse = self._starts.parse(query, snapshot)
        with stage("retrieve"):
            away = self._starts.vectors(query.negatives, query.tenant)
        reference = self._starts.reference(query, snapshot, away=away, stage=stage)
        with stage("understand"):
            target = compose(
                parse, reference=reference, lexicon=self._lexicon, weights=query.weights
            )
            kind = _kind(query.shows, parse)
            hard = both(Eq(TENANT, query.tenant), query.condition, kind, target.hard)
            key = _key(query)
            offset = decode_cursor(query.cursor, key)
        with stage("encode"):
            question = self._question(query, parse, reference, target, hard)
            if reference is None and away and question.description is not None:
                moved = nearby(question.description, [], away, query.weights.negatives)
                question = replace(question, description=moved)
        groups = self._ranked(question, target, query, offset + query.limit, stage)
        page = groups[offset : offset + query.limit]
        with stage("hydrate"):
            hits = _hits(page, offset, target, snapshot)
        with stage("facets"):
            facets = snapshot.counts(query.facets, hard)
        more = len(groups) > offset + query.limit
        ends = more and offset + query.limit >= MAX_DEPTH
        return SearchResult(
            hits=hits,
            parse=parse,
            reference=reference.attributes if reference else (),
            facets=facets,
            timings_ms=stage.ms,
            degraded=(*target.degraded, *_shortfall(page, target), *([_TOO_DEEP] if ends else [])),
            next_cursor=encode_cursor(offset + query.limit, key) if more and not ends else "",
            encoder=self._encoder.encoder_id.fingerprint,
        )

    def understand(self, query: SearchQuery) -> tuple[Parse, Reference | None]:
        """What the words ask for, and what the reference is; nothing is searched for.

        Raises:
            InvalidInput: The words are too long.
            NotFound: A product named is not in the catalogue.
        """
        snapshot = self._snapshots.of(query.tenant)
        parse = self._starts.parse(query, snapshot)
        away = self._starts.vectors(query.negatives, query.tenant)
        return parse, self._starts.reference(query, snapshot, away=away, stage=Stages())

    def product(self, product_id: ProductId, tenant: TenantId) -> Product:
        """One product.

        Raises:
            NotFound: No product has this id.
        """
        return self._catalogue.get(product_id, tenant)

    def facets(
        self, names: Sequence[Facet], condition: Filter | None, tenant: TenantId
    ) -> Mapping[Facet, tuple[FacetCount, ...]]:
        """Counts of each value among the products that pass the filter."""
        return self._snapshots.of(tenant).counts(names, both(Eq(TENANT, tenant), condition))

    # --- retrieving ----------------------------------------------------------------------------

    def _question(
        self,
        query: SearchQuery,
        parse: Parse,
        reference: Reference | None,
        target: Target,
        hard: Filter | None,
    ) -> Question:
        picture = reference.picture if reference else None
        changed = target.description != target.source
        edits = [edit for edit in parse.edits if edit.attribute != PRICE]
        composer = self._composer if query.modification and edits else None
        described, source, avoid, words = self._embed(
            [
                target.description,
                target.source,
                target.avoid,
                said(parse) if composer is not None else "",
            ]
        )
        composed = None
        if picture is not None and composer is not None:
            composed = composer.compose(
                picture, words=words, target=described, source=source, edits=edits
            )
        if target.avoid:
            described = away_from(described, avoid, query.weights.negatives)
        if picture is not None and composed is not None:
            picture = move(picture, composed, query.weights)
        elif picture is not None:
            if changed:
                picture = combine(picture, described, source, query.weights)
            if target.avoid:
                picture = away_from(picture, avoid, query.weights.negatives)
        return Question(
            picture=picture,
            description=described if changed or picture is None else None,
            words=target.free_text,
            hard=hard,
            likely=target.likely,
            weights=query.weights,
            keys=ranking_keys(wish.facet for wish in target.wishes),
            named=_named(query),
        )

    def _ranked(
        self,
        question: Question,
        target: Target,
        query: SearchQuery,
        wanted: int,
        stage: Stages,
    ) -> list[Group]:
        """Groups in order, more than `wanted` of them where there are so many."""
        with stage("retrieve"):
            lists = pool(self._index, question)
        with stage("rank"):
            ranked = fuse(lists, bonus=scorer(target.wishes))
            groups = collapse(ranked, variants=query.group_variants)
        if len(groups) > wanted:
            return groups
        with stage("retrieve"):
            # The pool keeps its order on every page; what follows it depends on nothing else.
            seen = {each.point_id for each in ranked}
            last = ranked[-1].score if ranked else 0.0
            more = beyond(self._index, question, seen=seen, count=2 * MAX_DEPTH, below=last)
        with stage("rank"):
            return collapse([*ranked, *more], variants=query.group_variants)

    def _embed(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        if len(self._texts) > CACHED:
            self._texts = {}
        cache = self._texts  # other threads add to it, and nobody takes out
        missing = [text for text in dict.fromkeys(texts) if text not in cache]
        if missing:
            cache.update(zip(missing, self._encoder.embed_texts(missing), strict=True))
        return [cache[text] for text in texts]


def _hits(
    page: Sequence[Group], offset: int, target: Target, snapshot: Snapshot
) -> tuple[Hit, ...]:
    ids = [product_of(group.best) for group in page]
    products = snapshot.products(ids)
    explain = explainer(target.wishes)
    return tuple(
        Hit(
            product=products[product_id],
            score=group.best.score,
            rank=offset + place,
            reasons=explain(group.best),
            variants=group.variants,
        )
        for place, (product_id, group) in enumerate(zip(ids, page, strict=True), start=1)
        if product_id in products  # deleted between the index's answer and this line
    )


def _kind(shows: frozenset[str], parse: Parse) -> Filter | None:
    """What was chosen in a picture is what is looked for, unless the words ask for another type."""
    asked = (Facet.TYPE.value, Facet.CATEGORY.value)
    another = (each.attribute in asked and each.operation is Operation.SET for each in parse.edits)
    if not shows or any(another):
        return None
    names = tuple(sorted(shows))
    keys = (Facet.TYPE.value, Facet.CATEGORY.value, maybe(Facet.TYPE), Facet.GARMENT.value)
    return Or(tuple(In(key, names) for key in keys))


def _check(query: SearchQuery) -> None:
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidInput(
            f"limit is {query.limit}, expected 1 to {MAX_LIMIT}.",
            where="limit",
            hint="Page through more hits with the cursor of each result.",
        )
    for name, text in (("text", query.text), ("modification", query.modification)):
        if len(text) > MAX_TEXT:
            raise InvalidInput(
                f"{len(text)} characters, at most {MAX_TEXT} are understood.",
                where=name,
                hint="Shorten it.",
            )
    if query.picture is not None and query.like is not None:
        raise InvalidInput(
            "both a picture and a product are given as reference.",
            where="like",
            hint="Send one of them; further products go into positives.",
        )
    reference = query.picture is not None or query.like is not None or query.positives
    if query.modification and not (reference or query.text):
        raise InvalidInput(
            "a modification needs something to modify.",
            where="modification",
            hint="Add a picture or a product id (like), or send the words as text.",
        )


def _named(query: SearchQuery) -> frozenset[PointId]:
    """The products that the query names itself: known to the shopper, so no hits."""
    own = () if query.like is None else (query.like,)
    named = (*own, *query.positives, *query.negatives)
    return frozenset(point_id(query.tenant, each) for each in named)


def _shortfall(page: Sequence[Group], target: Target) -> list[Degradation]:
    """Edits that part of the page does not fulfil."""
    if not page and target.hard is not None:
        return [
            Degradation(
                part="hard",
                message="No product fulfils every condition of the words and filters at once; "
                "drop one of them.",
            )
        ]
    found: list[Degradation] = []
    for wish in target.wishes:
        if wish.edit is None:
            continue
        met = sum(fulfils(group.best.payload, wish) for group in page)
        if met < len(page):
            found.append(
                Degradation(
                    part=wish.edit.edit_id,
                    message=f"{met} of these {len(page)} have "
                    f"{wish.facet.value}: {wish.asked}; "
                    "the others come close in the rest.",
                )
            )
    return found


def _key(query: SearchQuery) -> str:
    """What a cursor belongs to: everything that decides the order."""
    picture = "" if query.picture is None else picture_hash(query.picture.tobytes())
    parts = (
        query.text,
        picture,
        query.like,
        query.modification,
        sorted(query.shows),
        query.drop,
        query.positives,
        query.negatives,
        query.weights,
        query.condition,
        query.group_variants,
        query.tenant,
    )
    return repr(parts)
