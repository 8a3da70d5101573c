"""Garments in other colours: does the tagger see the colour, and did the garment stay."""

# pyarrow ships no types, so its every call would be "unknown" in strict mode.
# pyright: basic

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from detectors.taxonomy import Taxonomy
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap_clusters
from engine.images import decode_image
from engine.look import LookService, crop
from engine.ports import AttributePredictor, DualEncoder
from engine.query.lexicon import Lexicon
from engine.types import Facet, ImageRGB
from models.variants.mask import GarmentMasks
from models.variants.oklab import linear_rgb, oklab, rgb_of_linear, to_linear
from models.variants.product_mask import ProductMask, mask_product
from models.variants.recolour import Garment
from models.variants.shades import MAIN_COLOURS, shade_of

__all__ = ["ARMS", "Shown", "measure_recolouring", "read_products", "real_colours"]

_LEFT_OUT = ("eyewear", "jewellery")
_SURE = 0.9
Colours = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """A product's picture.

    Attributes:
        product: Its id.
        source: ``kagl`` or ``clothing``.
        title: Empty for photos.
        colour: Its family as the feed has it; empty where nobody knows.
    """

    product: str
    source: str
    title: str
    colour: str
    image: ImageRGB


def read_products(
    data: Path, taxonomy: Taxonomy, lexicon: Lexicon, *, split: str, each: int
) -> list[Shown]:
    """Packshots (kagl_224) and phone photos (clothing) of a split, drawn by a hash of their ids."""
    known = pq.read_table(
        data / "kagl.parquet", columns=["id", "title", "articleType", "baseColour", "split"]
    )
    rows = {row["id"]: row for row in known.to_pylist()}
    sharp = pq.read_table(data / "kagl_224.parquet").to_pylist()
    phone = pq.read_table(data / "clothing.parquet").to_pylist()
    packshots = [row for row in sharp if row["split"] == split and _can_be(row, rows, taxonomy)]
    photos = [row for row in phone if row["split"] == split and not row["kids"]]
    found: list[Shown] = []
    for source, those in (("kagl", packshots), ("clothing", photos)):
        for row in sorted(those, key=lambda row: _order(row["id"]))[:each]:
            told = rows.get(row["id"], {}) if source == "kagl" else {}
            colour = lexicon.canonical(Facet.COLOUR, told.get("baseColour") or "")
            found.append(
                Shown(
                    product=str(row["id"]),
                    source=source,
                    title=told.get("title") or "",
                    colour=lexicon.family(colour),
                    image=decode_image(row["image"]),
                )
            )
    return found


def _can_be(row: Any, rows: Mapping[Any, Any], taxonomy: Taxonomy) -> bool:
    kind = rows.get(row["id"], {}).get("articleType", "")
    places = [taxonomy.place(source, kind) for source in ("kagl", "kagl-worn")]
    return any(each is not None and taxonomy.classes[each] not in _LEFT_OUT for each in places)


def _order(name: object) -> str:
    return hashlib.sha256(f"recolour:{name}".encode()).hexdigest()


Recolour = Callable[[Garment, ImageRGB, ProductMask, Colours], ImageRGB]


def _served(garment: Garment, image: ImageRGB, mask: ProductMask, shade: Colours) -> ImageRGB:
    return garment.recoloured(shade)


def _chroma(garment: Garment, image: ImageRGB, mask: ProductMask, shade: Colours) -> ImageRGB:
    """Colour changed, light kept as it is: what tinting tools do."""
    colours = oklab(to_linear(image))
    colours[..., 1:] = shade[1:]
    return _laid(image, linear_rgb(colours), mask)


def _shifted(garment: Garment, image: ImageRGB, mask: ProductMask, shade: Colours) -> ImageRGB:
    """The mean moved to the new colour (Reinhard et al. 2001, means alone)."""
    colours = oklab(to_linear(image))
    colours += shade - colours[mask.alpha > 0.5].mean(axis=0)
    return _laid(image, linear_rgb(colours), mask)


def _laid(image: ImageRGB, linear: Colours, mask: ProductMask) -> ImageRGB:
    alpha = mask.alpha[..., None]
    mixed = alpha * np.clip(linear, 0, 1) + (1 - alpha) * to_linear(image)
    found = rgb_of_linear(mixed.astype(np.float32))
    return np.where(alpha > 0, found, image)


ARMS: Mapping[str, Recolour] = {"lookalike": _served, "chroma": _chroma, "shift": _shifted}


def measure_recolouring(
    products: Sequence[Shown],
    *,
    look: LookService,
    masks: GarmentMasks,
    encoder: DualEncoder,
    predictor: AttributePredictor,
    lexicon: Lexicon,
    arms: Mapping[str, Recolour] = ARMS,
    colours: Sequence[str] = MAIN_COLOURS,
    on_product: Callable[[Shown, ProductMask, Mapping[str, ImageRGB]], None] | None = None,
) -> list[Figure]:
    """Every product in every main colour but its own.

    Args:
        products: Their pictures.
        look: Finds the product's boxes.
        masks: Finds its pixels.
        encoder: Sees the changed pictures.
        predictor: Names their colours; nothing here was tuned on its test products.
        lexicon: Shades and families.
        arms: What is compared.
        colours: That are asked for.
        on_product: Shown what the first arm made.
    """
    scores: dict[tuple[str, str], list[tuple[str, str, str, float]]] = defaultdict(list)
    for shown in products:
        mask = mask_product(shown.image, look, masks, title=shown.title)
        # Nothing found is nothing changed, and counts as such.
        found = bool((mask.alpha > 0.5).any())
        garment = Garment(shown.image, mask.alpha) if found else None
        asked = [each for each in colours if lexicon.family(each) != shown.colour]
        for number, (arm, recolour) in enumerate(arms.items()):
            made = {
                colour: shown.image
                if garment is None
                else recolour(garment, shown.image, mask, shade_of(colour, lexicon))
                for colour in asked
            }
            said = _families(list(made.values()), mask, encoder, predictor, lexicon)
            for colour, families in zip(asked, said, strict=True):
                truth = lexicon.family(colour)
                for view, family in families.items():
                    value = float(family == truth)
                    scores[f"colour-accuracy/{view}", arm].append(
                        (shown.product, shown.source, colour, value)
                    )
                for metric, value in _kept(shown.image, made[colour], mask, colour, lexicon):
                    scores[metric, arm].append((shown.product, shown.source, colour, value))
            if number == 0 and on_product is not None:
                on_product(shown, mask, made)
    return list(_figures(scores, colours))


def _families(
    images: Sequence[ImageRGB],
    mask: ProductMask,
    encoder: DualEncoder,
    predictor: AttributePredictor,
    lexicon: Lexicon,
) -> Iterator[dict[str, str]]:
    """What the tagger calls each picture: the product's box, alone on white, and the whole."""
    x0, y0 = (min(each[i] for each in mask.boxes_xyxy_px) for i in (0, 1))
    x1, y1 = (max(each[i] for each in mask.boxes_xyxy_px) for i in (2, 3))
    box = (x0, y0, x1, y1)
    shares = mask.alpha[..., None]
    alone = [(255 - shares * (255 - each.astype(np.float32))).astype(np.uint8) for each in images]
    labels = predictor.labels[Facet.COLOUR]
    views = {
        "box": [crop(each, box) for each in images],
        "alone": [crop(each, box) for each in alone],
        "picture": images,
    }
    names: dict[str, list[str]] = {}
    for view, those in views.items():
        seen = encoder.embed_images(those)
        best = predictor.predict(seen)[Facet.COLOUR].argmax(axis=1)
        names[view] = [lexicon.family(labels[place]) for place in best]
    for number in range(len(images)):
        yield {view: those[number] for view, those in names.items()}


def _kept(
    before: ImageRGB, after: ImageRGB, mask: ProductMask, colour: str, lexicon: Lexicon
) -> Iterator[tuple[str, float]]:
    inside, outside = mask.alpha > _SURE, mask.alpha <= 0
    if outside.any():
        yield "unchanged-outside", float((before[outside] == after[outside]).all())
    if inside.sum() < 30:
        return
    was, now = oklab(to_linear(before)), oklab(to_linear(after))
    shade = shade_of(colour, lexicon)
    # Oklab has no steps of just noticeable difference; a hundredth is about one of CIE Lab.
    apart = 100 * np.linalg.norm(np.median(now[inside], axis=0) - shade)
    yield "delta-e", float(apart)
    yield "gradients", _correlation(was[..., 0], now[..., 0], inside)


def _correlation(
    was: NDArray[np.float32], now: NDArray[np.float32], inside: NDArray[np.bool_]
) -> float:
    """Of the steps of light between neighbours inside the mask."""
    pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    for axis in (0, 1):
        held = np.logical_and(*(np.delete(inside, end, axis) for end in (0, -1)))
        pairs.append((np.diff(was, axis=axis)[held], np.diff(now, axis=axis)[held]))
    a, b = (np.concatenate(each) for each in zip(*pairs, strict=True))
    if a.size < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _figures(
    scores: Mapping[tuple[str, str], Sequence[tuple[str, str, str, float]]],
    colours: Sequence[str],
) -> Iterator[Figure]:
    for (metric, arm), held in scores.items():
        sources = sorted({source for _, source, _, _ in held})
        parts = {"all": [(name, value) for name, _, _, value in held]}
        parts |= {each: [(n, v) for n, s, _, v in held if s == each] for each in sources}
        if metric.startswith("colour-accuracy") or metric == "gradients":
            parts |= {
                f"to {each}": [(n, v) for n, _, c, v in held if c == each] for each in colours
            }
        for condition, cases in parts.items():
            if not cases:
                continue
            interval = bootstrap_clusters([v for _, v in cases], [n for n, _ in cases])
            unit = "ΔE" if metric == "delta-e" else "fraction"
            yield measured(interval, metric=metric, arm=arm, condition=condition, unit=unit)


def real_colours(
    products: Sequence[Shown],
    encoder: DualEncoder,
    predictor: AttributePredictor,
    lexicon: Lexicon,
) -> list[Figure]:
    """How often the tagger names the colour of unchanged packshots as the feed does."""
    families = {lexicon.family(each): each for each in MAIN_COLOURS}
    held = [each for each in products if each.colour in families]
    if not held:
        return []
    labels = predictor.labels[Facet.COLOUR]
    seen = encoder.embed_images([each.image for each in held])
    best = predictor.predict(seen)[Facet.COLOUR].argmax(axis=1)
    cases = [
        (each.product, each.source, families[each.colour], float(family == each.colour))
        for place, each in zip(best, held, strict=True)
        for family in [lexicon.family(labels[place])]
    ]
    return list(_figures({("colour-accuracy/picture", "unchanged"): cases}, MAIN_COLOURS))
