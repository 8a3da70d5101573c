"""The retrieval bank over a shop's catalogue: products whose titles are near to a prompt.

The index finds candidates by their titles (ImageRAGTurbo §3.1: nearest neighbours in text space);
their own captions then say how near they are, since those are what gates the adapter.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import LookalikeError
from engine.filters import Eq
from engine.ids import DEFAULT_TENANT, PictureHash, ProductId, TenantId
from engine.payload import PRODUCT_ID, TENANT
from engine.ports import TextEncoder, VectorIndex
from engine.rendering import DRAWN, Source
from engine.types import Facet, ImageRGB, Product, VectorName, VectorQuery
from models.variants.prompts import caption

__all__ = ["Bank", "CatalogueBank", "FeatureCache", "MemoryFeatures", "Neighbour", "feature_key"]

Features = NDArray[np.float16]
_CANDIDATES = 24
"""Of these, found by title, the nearest by caption are taken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbour:
    """A product that can help.

    Attributes:
        source: What it is, and how near.
        attributes: What its caption is made of.
        picture: Its main picture, uint8 (H, W, 3).
    """

    source: Source
    attributes: Mapping[Facet, str]
    picture: ImageRGB


class Bank(Protocol):
    """Where a renderer gets help."""

    def nearest(
        self, prompt: Mapping[Facet, str], *, count: int, without: Collection[ProductId] = ()
    ) -> list[Neighbour]:
        """The products nearest to a prompt, nearest first; fewer where there are no more.

        Args:
            prompt: Facet → canonical value.
            count: At most so many.
            without: Products that are never given.
        """
        ...


class FeatureCache(Protocol):
    """Middle features by key; safe between threads. What is missing is made again."""

    def get(self, keys: Sequence[str]) -> dict[str, Features]:
        """Those that are stored."""
        ...

    def put(self, features: Mapping[str, Features]) -> None:
        """Store some."""
        ...


class MemoryFeatures:
    """The features that were used last, in memory.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int = 4096) -> None:
        self._held: OrderedDict[str, Features] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, keys: Sequence[str]) -> dict[str, Features]:
        """See `FeatureCache.get`."""
        with self._lock:
            found = {key: self._held[key] for key in keys if key in self._held}
            for key in found:
                self._held.move_to_end(key)
        return found

    def put(self, features: Mapping[str, Features]) -> None:
        """See `FeatureCache.put`."""
        with self._lock:
            self._held.update(features)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


def feature_key(neighbour: Neighbour, revision: str) -> str:
    """What a product's features are stored under: new when picture, caption or model change."""
    made_of = (revision, neighbour.source.picture, caption(neighbour.attributes))
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()


class CatalogueBank:
    """The products of one tenant.

    Args:
        index: Finds titles.
        products: Ids → products, those that there are.
        picture: Decodes a picture of the catalogue.
        texts: The encoder of the titles.
        tenant: Whose products.
    """

    def __init__(
        self,
        *,
        index: VectorIndex,
        products: Callable[[Sequence[ProductId]], Mapping[ProductId, Product]],
        picture: Callable[[PictureHash], ImageRGB],
        texts: TextEncoder,
        tenant: TenantId = DEFAULT_TENANT,
    ) -> None:
        self._index, self._products, self._picture = index, products, picture
        self._texts, self._tenant = texts, tenant

    def nearest(
        self, prompt: Mapping[Facet, str], *, count: int, without: Collection[ProductId] = ()
    ) -> list[Neighbour]:
        """See `Bank.nearest`."""
        wanted = self._texts.embed_texts([caption(prompt)])[0]
        found = self._index.search(
            VectorQuery(
                vector=wanted,
                using=VectorName.TITLE,
                condition=Eq(TENANT, self._tenant),
                limit=max(_CANDIDATES, count) + len(without),
                keys=(PRODUCT_ID,),
            )
        )
        ids = [ProductId(str(each.payload[PRODUCT_ID])) for each in found]
        held = self._products([each for each in ids if each not in without])
        able = [each for each in held.values() if each.pictures]
        if not able:
            return []
        said = [_attributes(each) for each in able]
        cosines = self._texts.embed_texts([caption(each) for each in said]) @ wanted
        order = sorted(range(len(able)), key=lambda at: (-float(cosines[at]), at))
        neighbours: list[Neighbour] = []
        for at in order:
            if len(neighbours) == count:
                break
            try:
                picture = self._picture(able[at].pictures[0])
            except LookalikeError:  # lost or damaged: the next one helps
                continue
            source = Source(
                product_id=able[at].product_id,
                title=able[at].title,
                picture=able[at].pictures[0],
                similarity=float(cosines[at]),
            )
            neighbours.append(Neighbour(source=source, attributes=said[at], picture=picture))
        return neighbours


def _attributes(product: Product) -> dict[Facet, str]:
    return {facet: values[0] for facet in DRAWN if (values := product.values(facet))}
