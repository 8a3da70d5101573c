"""The main product of galleries: every arm in every shop, with and without a title."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.gallery_contrast import BoxTitleScorer
from detectors.gallery_graph import GalleryGraph
from detectors.gallery_titles import TitleKind
from detectors.gallery_weights import WEIGHTS, load_box_title, load_gallery_graph
from detectors.taxonomy import Taxonomy
from detectors.training.gallery_cases import GalleryCase, GalleryDomain, draw_cases
from detectors.training.gallery_drawn import drawn_domain
from detectors.training.gallery_packshots import composed_domain, worn_domain
from detectors.training.gallery_seen import Sight
from detectors.training.gallery_street import street_domain
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap_clusters
from engine.evaluation.main_product import (
    OURS,
    Judged,
    confident,
    largest,
    rate_arms,
    rate_parts,
    rate_sureness,
    repeat_vote,
)
from engine.ports import TextEncoder

__all__ = ["Finder", "Shops", "measure_main_product", "open_arms", "open_shops"]

GALLERIES_EACH = 4
_SEED = 31

Finder = Callable[[GalleryCase, NDArray[np.float32] | None], list[NDArray[np.float32]]]
"""Scores of the boxes of each picture of a gallery, under its title or none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shops:
    """The street photos' test split, and shops that training never saw."""

    street: GalleryDomain
    composed: GalleryDomain
    worn: GalleryDomain
    drawn: GalleryDomain


def open_shops(data: Path, taxonomy: Taxonomy, sight: Sight) -> Shops:
    """Render and see every picture, unless that is kept from an earlier run.

    Raises:
        NotFound: A file is not in `data`.
    """
    return Shops(
        street=street_domain(data, taxonomy, "test", sight),
        composed=composed_domain(data, taxonomy, sight),
        worn=worn_domain(data, taxonomy, sight),
        drawn=drawn_domain(taxonomy, sight),
    )


def open_arms(folder: Path = WEIGHTS) -> dict[str, Finder]:
    """Every arm by name: what training wrote, and the rules that need none.

    Raises:
        ModelUnavailable: Weights are missing or damaged.
    """
    learned: dict[str, GalleryGraph | BoxTitleScorer] = {
        arm: load_gallery_graph(folder, arm=arm)
        for arm in (OURS, "gcn-same", "gcn-cross", "context", "mlp")
    }
    learned["contrastive"] = load_box_title(folder)
    arms: dict[str, Finder] = {
        arm: lambda case, title, finder=finder: finder.score(case.pictures, title)
        for arm, finder in learned.items()
    }
    rules = {"repeat-vote": repeat_vote, "largest": largest, "confident": confident}
    arms |= {arm: lambda case, _, rule=rule: rule(case.pictures) for arm, rule in rules.items()}
    return arms


def measure_main_product(
    shops: Shops, arms: Mapping[str, Finder], encoder: TextEncoder, *, each: int = GALLERIES_EACH
) -> list[Figure]:
    """Figures of every arm; the condition is ``title/shop``.

    Args:
        shops: Where.
        arms: Of `open_arms`.
        encoder: Of the titles.
        each: Galleries a product.
    """
    street, composed, worn, drawn = (
        draw_cases(shop, each=each, seed=_SEED)
        for shop in (shops.street, shops.composed, shops.worn, shops.drawn)
    )
    by_shop = {
        "same": street,
        "unseen": [*composed, *worn],
        "unseen-composed": composed,
        "unseen-worn": worn,
        "unseen-drawn": drawn,
    }
    figures = [_oracle_recall(cases, shop) for shop, cases in by_shop.items()]
    for kind in TitleKind:
        held: dict[int, Judged] = {}
        for cases in (street, composed, worn, drawn):
            held |= _judged(cases, arms, kind, encoder)
        for shop, cases in by_shop.items():
            judged = [held[id(case)] for case in cases]
            shown = [each for each in judged if any(map(np.any, each.shows))]
            condition = f"{kind.value}/{shop}"
            figures += rate_arms(shown, condition)
            if shop in ("same", "unseen"):
                figures += rate_parts(shown, condition) + rate_sureness(judged, condition)
    return figures


def _judged(
    cases: Sequence[GalleryCase],
    arms: Mapping[str, Finder],
    kind: TitleKind,
    encoder: TextEncoder,
) -> dict[int, Judged]:
    """The scores of every arm, by the identity of the case."""
    titles = [case.wrong_title if kind is TitleKind.WRONG else case.title for case in cases]
    vectors = encoder.embed_texts(titles)
    return {
        id(case): Judged(
            photo=case.product.photo,
            shows=case.shows,
            scores={
                name: find(case, None if kind is TitleKind.MISSING else vector)
                for name, find in arms.items()
            },
            is_contested=case.is_contested,
        )
        for case, vector in zip(cases, vectors, strict=True)
    }


def _oracle_recall(cases: Sequence[GalleryCase], shop: str) -> Figure:
    """Share of a product's visible parts that some box shows: no arm can find the others."""
    kept = [case for case in cases if sum(case.parts)]
    interval = bootstrap_clusters(
        [sum(case.parts_found) / sum(case.parts) for case in kept],
        [case.product.photo for case in kept],
    )
    return measured(interval, metric="oracle-recall", arm="detector", condition=shop)
