"""What is said of each training picture, which combinations are held out, and prompts to draw from.

Columns say type, colour and gender, titles some patterns and materials. Of sleeves and necks they
say almost nothing: there the served tagger's word is taken where it is sure.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.ports import AttributePredictor, TextEncoder
from engine.query.lexicon import Lexicon
from engine.types import Facet, Vectors
from models.training.pairs import Pairs
from models.training.tags import can_have, read_tags
from models.variants.prompts import PROMPT_FACETS, PromptVocabulary, caption

__all__ = ["Captions", "attributes_of", "draw_captions", "held_out_pairs", "learn_vocabulary"]

_SURE: Mapping[Facet, float] = {
    Facet.PATTERN: 0.6,
    Facet.SLEEVE: 0.7,
    Facet.NECK: 0.7,
    Facet.MATERIAL: 0.7,
}
_LEAST = 20
"""Training products that a value needs for a code of its own."""
_KEPT = 0.85
"""How often an attribute that is known is said."""


def attributes_of(
    pairs: Pairs, lexicon: Lexicon, tagger: AttributePredictor, vectors: Vectors
) -> list[dict[Facet, str]]:
    """One value a facet of each row: column, title, judgement, else what the tagger is sure of.

    Args:
        pairs: The catalogue, N rows.
        lexicon: Of titles.
        tagger: Fills facets of `_SURE` in.
        vectors: (N, D) of the pictures, by the tagger's encoder.
    """
    tags = read_tags(pairs, lexicon, judged=True)
    found = [{f: values[0] for f, values in each.items() if f in PROMPT_FACETS} for each in tags]
    shares = tagger.predict(vectors)
    for facet, least in _SURE.items():
        likely, best = shares[facet].max(1), shares[facet].argmax(1)
        names = tagger.labels[facet]
        for row in np.flatnonzero(likely >= least):
            held = found[row]
            if facet not in held and can_have(facet, held.get(Facet.TYPE, ""), lexicon):
                held[facet] = names[int(best[row])]
    return found


def held_out_pairs(
    attributes: Sequence[Mapping[Facet, str]],
    test: NDArray[np.int64],
    *,
    share: float = 0.12,
    least: int = 5,
) -> frozenset[tuple[str, str]]:
    """Pairs of type and colour that training never sees, though it sees both apart.

    Drawn by a hash from the pairs with enough test products, so no other choice moves them.

    Args:
        attributes: Of all rows.
        test: Rows of the test split.
        share: Of those pairs.
        least: Test products that a pair needs.
    """
    counts = Counter(_pair(attributes[int(row)]) for row in test)
    return frozenset(
        pair
        for pair, count in counts.items()
        if all(pair) and count >= least and _draw("|".join(pair)) < share
    )


def _pair(attributes: Mapping[Facet, str]) -> tuple[str, str]:
    return attributes.get(Facet.TYPE, ""), attributes.get(Facet.COLOUR, "")


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def learn_vocabulary(
    attributes: Sequence[Mapping[Facet, str]], rows: NDArray[np.int64]
) -> PromptVocabulary:
    """Values that enough of the rows have, in alphabetical order."""
    values: dict[Facet, tuple[str, ...]] = {}
    for facet in PROMPT_FACETS:
        counts = Counter(attributes[int(row)].get(facet, "") for row in rows)
        values[facet] = tuple(sorted(v for v, count in counts.items() if v and count >= _LEAST))
    return PromptVocabulary(values=values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Captions:
    """Prompts of N pictures, V of each, the first one with all that is known.

    Attributes:
        codes: int64 (N, V, 7).
        texts: (N, V) rows of `vectors`.
        vectors: float32 (T, D), of the distinct captions.
    """

    codes: NDArray[np.int64]
    texts: NDArray[np.int64]
    vectors: Vectors


def draw_captions(
    attributes: Sequence[Mapping[Facet, str]],
    vocabulary: PromptVocabulary,
    encoder: TextEncoder,
    *,
    ways: int,
    seed: int,
) -> Captions:
    """Say each row's attributes in several ways, some of them left out after the first.

    Args:
        attributes: Of N rows.
        vocabulary: Gives the codes.
        encoder: Of the captions; each distinct one is embedded once.
        ways: V.
        seed: Of what is left out.
    """
    rng = np.random.default_rng(seed)
    said = [dict(each) for each in attributes]
    drawn: list[list[dict[Facet, str]]] = [said]
    for _ in range(ways - 1):
        keep = rng.random((len(said), len(PROMPT_FACETS))) < _KEPT
        drawn.append(
            [
                {
                    f: each[f]
                    for f, kept in zip(PROMPT_FACETS, row, strict=True)
                    if kept and f in each
                }
                for each, row in zip(said, keep.tolist(), strict=True)
            ]
        )
    texts = [[caption(each) for each in way] for way in drawn]
    distinct = sorted({text for way in texts for text in way})
    place = {text: number for number, text in enumerate(distinct)}
    return Captions(
        codes=np.stack([vocabulary.codes(way) for way in drawn], axis=1),
        texts=np.array([[place[text] for text in way] for way in texts], np.int64).T.copy(),
        vectors=encoder.embed_texts(distinct),
    )
