"""The main product of galleries: every arm in every shop, with and without a title."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.galleries import ViewKind
from detectors.gallery_contrast import load_box_title
from detectors.gallery_graph import WEIGHTS, load_gallery_graph
from detectors.gallery_titles import TitleKind
from detectors.taxonomy import Taxonomy
from detectors.training.gallery_cases import (
    GalleryCase,
    GalleryDomain,
    draw_cases,
    shown_boxes,
)
from detectors.training.gallery_domains import Sight, asked_with, street_domain
from detectors.training.gallery_drawn import drawn_domain
from detectors.training.gallery_packshots import composed_domain, worn_domain
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap_clusters
from engine.evaluation.main_product import (
    OURS,
    Judged,
    confident,
    largest,
    rate_arms,
    repeat_vote,
)
from engine.ports import MainProductFinder, TextEncoder

__all__ = ["Shops", "measure_main_product", "measure_retrieval", "open_arms", "open_shops"]

GALLERIES_EACH = 4
_SEED = 31
_SURE = 0.5
"""Probability from which a box's crop stands for its product; else the whole pictures do."""
_DEPTH = 10

Finder = Callable[[GalleryCase, NDArray[np.float32] | None], list[NDArray[np.float32]]]


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
    learned: dict[str, MainProductFinder] = {
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
    figures: list[Figure] = []
    for shop, cases in by_shop.items():
        if cases:
            figures.append(_oracle_recall(cases, shop))
    for kind in TitleKind:
        held: dict[int, Judged] = {}
        for cases in (street, composed, worn, drawn):
            held |= _judged(cases, arms, kind, encoder)
        for shop, cases in by_shop.items():
            judged = [held[id(case)] for case in cases if id(case) in held]
            if judged:
                details = shop in ("same", "unseen")
                figures += rate_arms(judged, f"{kind.value}/{shop}", details=details)
    return figures


def _judged(
    cases: Sequence[GalleryCase],
    arms: Mapping[str, Finder],
    kind: TitleKind,
    encoder: TextEncoder,
) -> dict[int, Judged]:
    kept = [case for case in cases if case.labels.any()]
    titles = [case.wrong_title if kind is TitleKind.WRONG else case.title for case in kept]
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
        for case, vector in zip(kept, vectors, strict=True)
    }


def _oracle_recall(cases: Sequence[GalleryCase], shop: str) -> Figure:
    """Share of a product's visible parts that some box shows: no arm can find the others."""
    kept = [case for case in cases if sum(case.parts)]
    interval = bootstrap_clusters(
        [sum(case.parts_found) / sum(case.parts) for case in kept],
        [case.product.photo for case in kept],
    )
    return measured(interval, metric="oracle-recall", arm="detector", condition=shop)


def measure_retrieval(
    shops: Shops, arms: Mapping[str, Finder], encoder: TextEncoder
) -> list[Figure]:
    """recall@10 of a shopper's own view of a product among all products of its shop.

    The shopper's picture is a crop of the photo, mirrored and in other light, the box of the
    product marked in it, or its cut-out. A product is as near as its nearest vector. whole: those
    of its pictures; main-crop: of the boxes that the graph is sure of, one a picture, else of the
    pictures; oracle-crop: of boxes that do show the product; best-of: pictures and main crops
    together.
    """
    figures: list[Figure] = []
    for name, shop in (("same", shops.street), ("unseen-composed", shops.composed)):
        cases = draw_cases(shop, each=1, seed=_SEED + 1)
        titles = encoder.embed_texts([case.title for case in cases])
        whole = [np.stack([shop.views[view].whole for view in case.views]) for case in cases]
        finder = arms[OURS]
        crops = {
            "main-crop": [_crops(c, finder(c, t)) for c, t in zip(cases, titles, strict=True)],
            "main-crop, no title": [_crops(case, finder(case, None)) for case in cases],
            "oracle-crop": [
                _crops(case, [shows.astype(np.float32) for shows in case.shows]) for case in cases
            ],
        }
        ways = {"whole": whole}
        ways |= {
            way: [_or(a, b) for a, b in zip(v, whole, strict=True)] for way, v in crops.items()
        }
        ways["best-of"] = [
            np.concatenate(pair) for pair in zip(crops["main-crop"], whole, strict=True)
        ]
        for kind, asked in _asked(shop, cases).items():
            figures += _recall(asked, ways, cases, f"retrieval/{name}/{kind}")
    return figures


_Asked = list[tuple[int, NDArray[np.float32]]]
"""Place of the case whose product is looked for, and the vector (D,) that it is asked with."""


def _asked(shop: GalleryDomain, cases: Sequence[GalleryCase]) -> dict[str, _Asked]:
    """Shoppers' pictures: cropped roughly, the same with the box marked in it, cut out."""
    found: dict[str, _Asked] = {"crop": [], "marked": [], "cut-out": []}
    for number, case in enumerate(cases):
        for view in asked_with(case.product):
            held = shop.views.get(view)
            if held is None:
                continue
            found[view.kind.value].append((number, held.whole))
            own = [each for each in held.truths if each.label == case.product.label]
            shows, _ = shown_boxes(held.seen, own)
            if view.kind is ViewKind.CROP and shows.any():
                found["marked"].append((number, held.seen.vectors[int(shows.argmax())]))
    return found


def _crops(case: GalleryCase, scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Vectors of the best box of each picture where it is sure, (boxes, D)."""
    found = [
        seen.vectors[int(each.argmax())]
        for seen, each in zip(case.pictures, scores, strict=True)
        if len(each) and each.max() >= _SURE
    ]
    dims = case.pictures[0].vectors.shape[1]
    return np.stack(found) if found else np.zeros((0, dims), np.float32)


def _or(crops: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
    return crops if len(crops) else whole


def _recall(
    asked: _Asked,
    ways: Mapping[str, Sequence[NDArray[np.float32]]],
    cases: Sequence[GalleryCase],
    condition: str,
) -> list[Figure]:
    if not asked:
        return []
    queries = np.stack([vector for _, vector in asked])
    owners = [number for number, _ in asked]
    photos = [cases[number].product.photo for number in owners]
    figures: list[Figure] = []
    for way, documents in ways.items():
        likeness = np.stack([(queries @ each.T).max(axis=1) for each in documents], axis=1)
        own = likeness[np.arange(len(asked)), owners]
        # Products that tie, such as those of one photo by its whole picture, share the places.
        above = (likeness > own[:, None]).sum(axis=1)
        level = (likeness == own[:, None]).sum(axis=1)
        hits = np.clip((_DEPTH - above) / level, 0, 1)
        interval = bootstrap_clusters(hits, photos)
        figures.append(measured(interval, metric="recall@10", arm=way, condition=condition))
    return figures
