"""Galleries under their titles: what a step of training is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.galleries import ProductRef
from detectors.gallery_titles import TitleKind, draw_title_kind
from detectors.training.gallery_batches import Example, example_of, thinned
from detectors.training.gallery_cases import GalleryCase, GalleryDomain, draw_cases
from engine.types import Vectors

__all__ = ["TitledShop", "drawn_examples", "give_titles", "titled_examples"]

_TITLES_EACH = 5
_TEXT_BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class TitledShop:
    """A shop with a few titles of each product, and the vectors (D,) of all these titles."""

    domain: GalleryDomain
    vectors: Mapping[str, NDArray[np.float32]]

    @property
    def dims(self) -> int:
        """Length of the vectors."""
        return len(next(iter(self.vectors.values())))


def give_titles(
    domain: GalleryDomain, embed_texts: Callable[[Sequence[str]], Vectors], seed: int
) -> TitledShop:
    """Write some titles of each product and embed them."""
    rng = np.random.default_rng(seed)
    titles = {
        product: [domain.title_of(product, rng) for _ in range(_TITLES_EACH)]
        for product in domain.products
    }

    def title_of(product: ProductRef, chance: np.random.Generator) -> str:
        return titles[product][int(chance.integers(_TITLES_EACH))]

    texts = sorted({each for held in titles.values() for each in held} | {""})
    vectors = np.concatenate(
        [embed_texts(texts[at : at + _TEXT_BATCH]) for at in range(0, len(texts), _TEXT_BATCH)]
    )
    return TitledShop(
        domain=replace(domain, title_of=title_of),
        vectors=dict(zip(texts, vectors, strict=True)),
    )


def drawn_examples(
    shop: TitledShop,
    rng: np.random.Generator,
    *,
    seed: int,
    classes: int,
    title_dropout: float,
    thinning: float,
) -> list[Example]:
    """A gallery of every product, drawn anew: titles right, missing or wrong, boxes left out.

    Args:
        shop: Whose products.
        rng: Decides titles and boxes.
        seed: Decides the galleries.
        classes: Length of the posteriors.
        title_dropout: Share of the galleries whose title is left out on purpose.
        thinning: Share of the boxes that are left out.
    """
    found: list[Example] = []
    for case in draw_cases(shop.domain, each=1, seed=seed):
        kind = draw_title_kind(rng)
        if rng.random() < title_dropout:
            kind = TitleKind.MISSING
        example = _example(case, kind, shop, classes)
        if example is not None:
            found.append(thinned(example, rng, share=thinning))
    return found


def titled_examples(
    shop: TitledShop, kind: TitleKind, *, each: int, seed: int, classes: int
) -> list[Example]:
    """Galleries of every product, all under one kind of title."""
    cases = draw_cases(shop.domain, each=each, seed=seed)
    found = (_example(case, kind, shop, classes) for case in cases)
    return [example for example in found if example is not None]


def _example(case: GalleryCase, kind: TitleKind, shop: TitledShop, classes: int) -> Example | None:
    if not len(case.labels):
        return None
    title = {
        TitleKind.RIGHT: shop.vectors[case.title],
        TitleKind.WRONG: shop.vectors[case.wrong_title],
        TitleKind.MISSING: None,
    }[kind]
    return example_of(case, title, classes=classes, is_wrong=kind is TitleKind.WRONG)
