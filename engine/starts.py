"""What a query starts from: its words understood, its picture or product known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.store import CatalogueStore
from engine.composition import Reference
from engine.errors import NotFound
from engine.ids import ProductId, TenantId, point_id
from engine.ports import AttributePredictor, DualEncoder, VectorIndex
from engine.query.lexicon import Lexicon
from engine.query.parse import without
from engine.reference import from_picture, from_product, nearby
from engine.snapshots import Snapshot
from engine.stages import Stages
from engine.types import Parse, ScoredPoint, SearchQuery, VectorName

__all__ = ["Starts"]


class Starts:
    """Reads the words of queries and looks at what they refer to."""

    def __init__(
        self,
        *,
        index: VectorIndex,
        catalogue: CatalogueStore,
        encoder: DualEncoder,
        predictor: AttributePredictor | None,
        lexicon: Lexicon,
    ) -> None:
        self._index = index
        self._catalogue = catalogue
        self._encoder = encoder
        self._predictor = predictor
        self._lexicon = lexicon

    def parse(self, query: SearchQuery, snapshot: Snapshot) -> Parse:
        """The words as edits, less those that the query drops.

        Raises:
            InvalidInput: The words are too long.
        """
        words = query.modification or query.text
        parse = snapshot.parse(words, modifies=bool(query.modification), lexicon=self._lexicon)
        parse = without(parse, query.drop)
        if query.modification and query.text:
            return replace(parse, free_text=f"{query.text} {parse.free_text}".strip())
        return parse

    def reference(
        self,
        query: SearchQuery,
        snapshot: Snapshot,
        *,
        away: Sequence[NDArray[np.float32]],
        stage: Stages,
    ) -> Reference | None:
        """The picture, the product or the positives; ``None`` for a query in words alone.

        Args:
            query: Says which.
            snapshot: Of the query's tenant.
            away: (D,) vectors of its negatives.
            stage: Counts the time.

        Raises:
            NotFound: A product named is not in the catalogue.
        """
        if query.picture is not None:
            with stage("encode"):
                vector = self._encoder.embed_images([query.picture])[0]
            with stage("understand"):
                found = from_picture(vector, self._predictor, shows=self._shown(query.shows))
        elif query.like is not None:
            with stage("retrieve"):
                (point,) = self._points([query.like], query.tenant)
            with stage("hydrate"):
                held = snapshot.products([query.like])
                product = held.get(query.like) or self._catalogue.get(query.like, query.tenant)
            with stage("understand"):
                own = point.vectors.get(VectorName.PICTURE)
                found = from_product(product, own, self._predictor)
        elif query.positives:
            found = Reference(picture=None, beliefs={})
        else:
            return None
        if not (query.positives or away):
            return found
        with stage("retrieve"):
            towards = self.vectors(query.positives, query.tenant)
        vector = nearby(found.picture, towards, away, query.weights.negatives)
        return replace(found, picture=vector)

    def vectors(self, products: Sequence[ProductId], tenant: TenantId) -> list[NDArray[np.float32]]:
        """(D,) picture vectors of products; one without a picture has none.

        Raises:
            NotFound: A product is not in the catalogue.
        """
        held = [each.vectors.get(VectorName.PICTURE) for each in self._points(products, tenant)]
        return [vector for vector in held if vector is not None]

    def _shown(self, names: frozenset[str]) -> Callable[[str], bool] | None:
        if not names:
            return None
        return lambda value: value in names or self._lexicon.category(value) in names

    def _points(self, products: Sequence[ProductId], tenant: TenantId) -> list[ScoredPoint]:
        if not products:
            return []
        by_point = {point_id(tenant, product): product for product in products}
        points = self._index.retrieve(list(by_point), with_vectors=True)
        missing = set(by_point) - {point.point_id for point in points}
        if missing:
            raise NotFound(
                f"no product has the id {by_point[min(missing)]!r}.",
                where="product_id",
                hint="Ids are those of the feed's id column.",
                code="product.not_found",
            )
        return points
