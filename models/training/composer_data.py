"""From a catalogue to questions as vectors: what the composer is trained on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.composition import Reference, compose
from engine.errors import InvalidInput
from engine.evaluation.cache import CachingEncoder
from engine.images import decode_image
from engine.ports import AttributePredictor, TextEncoder
from engine.query.lexicon import Lexicon
from engine.query.parse import parse_modification
from engine.reference import from_picture
from engine.types import Facet, Vectors, Weights
from models.composer import edit_features
from models.training.composer_frames import load_frames
from models.training.composer_pairs import Item, Question, draw_questions, items_of
from models.training.pairs import ATTRIBUTES, Pairs

__all__ = ["Prepared", "catalogue_items", "catalogue_questions", "embed_pictures", "prepare"]

_log = logging.getLogger(__name__)
_IMAGE_BATCH = 256
PREDICTED_SHARE = 0.5
"""References whose attributes are predicted from their picture, as those of an upload are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Questions as vectors.

    Attributes:
        reference: (Q, D) picture vectors.
        words: (Q, D) of the shopper's words.
        target: (Q, D) of the target's description.
        source: (Q, D) of the reference's description.
        features: (Q, F) of `models.composer.edit_features`.
        rows: (Q,) the references' rows.
        targets: Rows that fit each question.
    """

    reference: Tensor
    words: Tensor
    target: Tensor
    source: Tensor
    features: Tensor
    rows: NDArray[np.int64]
    targets: Sequence[NDArray[np.int64]]

    def batch(self, at: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Inputs of the network for some questions."""
        picked = torch.from_numpy(at)
        return (
            self.reference[picked],
            self.words[picked],
            self.target[picked],
            self.source[picked],
            self.features[picked],
        )


def prepare(
    questions: Sequence[Question],
    items: Sequence[Item],
    pictures: Vectors,
    *,
    encoder: TextEncoder,
    lexicon: Lexicon,
    seed: int,
) -> Prepared:
    """Understand questions the way the search does, and embed their words."""
    predictor = cast("AttributePredictor", encoder) if hasattr(encoder, "predict") else None
    chance = np.random.default_rng(seed)
    descriptions: list[tuple[str, str, str]] = []
    features: list[NDArray[np.float32]] = []
    for question in questions:
        parse = parse_modification(question.words, lexicon=lexicon)
        item, vector = items[question.reference], pictures[question.reference]
        if predictor is not None and chance.random() < PREDICTED_SHARE:
            reference = from_picture(vector, predictor)
        else:
            said = {
                Facet.TYPE: item.kind,
                Facet.COLOUR: item.colour,
                Facet.GENDER: item.gender,
                Facet.PATTERN: item.pattern,
            }
            beliefs = {facet: {value: 1.0} for facet, value in said.items() if value}
            reference = Reference(picture=vector, beliefs=beliefs)
        target = compose(parse, reference=reference, lexicon=lexicon, weights=Weights())
        descriptions.append((question.words, target.description, target.source))
        features.append(edit_features(parse.edits))
    texts = sorted({text for each in descriptions for text in each})
    place = {text: at for at, text in enumerate(texts)}
    vectors = torch.from_numpy(encoder.embed_texts(texts))
    words, target, source = (
        vectors[torch.tensor([place[each[part]] for each in descriptions])] for part in range(3)
    )
    rows = np.array([question.reference for question in questions], np.int64)
    return Prepared(
        reference=torch.from_numpy(pictures[rows]),
        words=words,
        target=target,
        source=source,
        features=torch.from_numpy(np.stack(features)),
        rows=rows,
        targets=[question.targets for question in questions],
    )


def catalogue_questions(
    items: Sequence[Item],
    train: NDArray[np.int64],
    val: NDArray[np.int64],
    lexicon: Lexicon,
    *,
    count: int,
    val_count: int,
    seed: int,
) -> tuple[list[Question], list[Question]]:
    """Questions about train products with answers in train, and about val ones in both.

    Args:
        items: Every row of the catalogue.
        train: Rows of the train split.
        val: Rows of the val split.
        lexicon: Knows how light a colour is.
        count: Questions about train products.
        val_count: Questions about val products.
        seed: Of everything that is drawn.

    Raises:
        InvalidInput: The catalogue allows no question.
    """
    frames = load_frames()
    among_train = [items[row] for row in train]
    asked = _on_rows(draw_questions(among_train, frames, lexicon, count=count, seed=seed), train)
    both = np.concatenate([train, val])
    drawn = draw_questions(
        [items[row] for row in both],
        frames,
        lexicon,
        count=val_count,
        seed=seed + 1,
        references=range(len(train), len(both)),
    )
    checked = _on_rows(drawn, both)
    if not (asked and checked):
        raise InvalidInput(
            "no question can be made from this catalogue",
            hint="A change needs at least five products that fit it, in train and for val.",
        )
    return asked, checked


def _on_rows(questions: Sequence[Question], rows: NDArray[np.int64]) -> list[Question]:
    """The same questions by the catalogue's row numbers."""
    return [
        replace(each, reference=int(rows[each.reference]), targets=rows[each.targets])
        for each in questions
    ]


def catalogue_items(pairs: Pairs, lexicon: Lexicon) -> list[Item]:
    """Rows of the catalogue as canonical values."""
    names = ("type", "colour", "gender", "category")
    at = {name: ATTRIBUTES.index(name) for name in names}
    labels = [{name: each[at[name]] for name in names} for each in pairs.labels]
    return items_of(pairs.titles, labels, lexicon)


def embed_pictures(pairs: Pairs, encoder: CachingEncoder) -> Vectors:
    """Picture vectors of every row; those that the encoder's cache holds are not made again."""
    found: list[Vectors] = []
    for start in range(0, len(pairs.pictures), _IMAGE_BATCH):
        blobs = pairs.pictures[start : start + _IMAGE_BATCH]
        found.append(encoder.embed_images([decode_image(blob) for blob in blobs]))
        if start // _IMAGE_BATCH % 20 == 0:
            _log.info("embedded %d of %d pictures", start + len(blobs), len(pairs.pictures))
            encoder.save()
    encoder.save()
    return np.concatenate(found)
