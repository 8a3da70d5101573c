"""Attributes read from pictures, measured on the catalogue's test split and on phone photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.attributes import FacetTruth, score_facet
from engine.evaluation.cache import CachingEncoder
from engine.evaluation.figures import Figure
from engine.images import decode_image
from engine.ports import AttributePredictor
from engine.query.lexicon import Lexicon
from engine.types import Facet, Vectors
from models.training.pairs import Pairs, load_clothing, load_kagl
from models.training.tagger_labels import FacetLabels, label_catalogue, label_photos

__all__ = ["measure_attributes"]

SPLIT = "test"
PHONE = "phone"
_BATCH = 256


def measure_attributes(
    data: Path,
    encoder: CachingEncoder,
    predictors: Mapping[str, AttributePredictor],
    *,
    lexicon: Lexicon,
) -> list[Figure]:
    """Figures of every arm.

    Args:
        data: Folder of the real data.
        encoder: Makes the vectors that all arms read.
        predictors: Arm → what reads them.
        lexicon: Of titles.

    Returns:
        Conditions are facets; ``sleeve/phone`` and ``neck/phone`` are those of phone photos.

    Raises:
        NotFound: ``kagl.parquet`` is not in the folder.
    """
    catalogue = load_kagl(data)
    figures = _score(catalogue, label_catalogue(catalogue, lexicon), encoder, predictors, "")
    photos = load_clothing(data)
    if photos is not None:
        found = _score(photos, label_photos(photos.titles), encoder, predictors, f"/{PHONE}")
        figures += found
    encoder.save()
    return figures


def _score(
    pairs: Pairs,
    labels: Mapping[Facet, FacetLabels],
    encoder: CachingEncoder,
    predictors: Mapping[str, AttributePredictor],
    suffix: str,
) -> list[Figure]:
    rows = pairs.rows(SPLIT)
    vectors = _embed([pairs.pictures[int(row)] for row in rows], encoder)
    shares = {arm: predictor.predict(vectors) for arm, predictor in predictors.items()}
    figures: list[Figure] = []
    for facet, held in labels.items():
        truth = _truth(facet, held, rows)
        for arm, predictor in predictors.items():
            if facet in predictor.labels:
                figures += score_facet(
                    truth,
                    shares[arm][facet],
                    predictor.labels[facet],
                    arm=arm,
                    condition=f"{facet.value}{suffix}",
                )
    return figures


def _embed(pictures: Sequence[bytes], encoder: CachingEncoder) -> Vectors:
    return np.concatenate(
        [
            encoder.embed_images([decode_image(each) for each in pictures[start : start + _BATCH]])
            for start in range(0, len(pictures), _BATCH)
        ]
    )


def _truth(facet: Facet, labels: FacetLabels, rows: NDArray[np.int64]) -> FacetTruth:
    names = np.array([*([""] if labels.has_none else []), *labels.values, ""])
    codes = labels.codes[rows]
    return FacetTruth(
        facet=facet, values=names[codes], lacks=(codes == 0) & np.bool_(labels.has_none)
    )
