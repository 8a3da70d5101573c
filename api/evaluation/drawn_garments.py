"""Packshots of the drawn shop: soft shadows, white on white, open handles; masks are exact."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from api.evaluation.garment_masks import KnownGarment
from data_samples.draw.scene import compose, packshot_pieces, studio
from data_samples.draw.spec import iter_specs
from detectors.taxonomy import Taxonomy

__all__ = ["drawn_packshots"]

_SIZE_WH = (240, 320)
_SEEDS = {"train": 31_001, "val": 31_002, "test": 31_003}
"""None of them the shop's own."""


def drawn_packshots(taxonomy: Taxonomy, *, split: str, count: int) -> Iterator[KnownGarment]:
    """Things alone, drawn one by one.

    Args:
        taxonomy: Coarse classes; types that it lacks are left out.
        split: Which products: those of two splits have nothing in common but the painter.
        count: Products drawn.
    """
    seed = _SEEDS[split]
    for number, spec in enumerate(islice(iter_specs(seed), count)):
        place = taxonomy.place("drawn", spec.product_type)
        if place is None:
            continue
        rng = np.random.default_rng((seed, number))
        ground = studio(_SIZE_WH, rng)
        pieces = packshot_pieces(spec, _SIZE_WH, rng)
        mask = np.max([each.layer.alpha for each in pieces], axis=0).astype(np.float32)
        rows, columns = (np.flatnonzero((mask > 0.5).any(axis=axis)) for axis in (1, 0))
        yield KnownGarment(
            source=f"drawn-{split}-{number}",
            image=compose(ground, pieces, shadow=float(rng.uniform(0, 0.3))),
            mask=mask,
            empty=mask < 0.5,
            place=place,
            box_xyxy_px=(
                float(columns[0]),
                float(rows[0]),
                float(columns[-1] + 1),
                float(rows[-1] + 1),
            ),
        )
