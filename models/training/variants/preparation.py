"""Everything that the stages read, computed once and kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.query.lexicon import default_lexicon
from engine.types import Facet, Vectors
from models.attributes import predictor_for
from models.compact import CompactEncoder
from models.training.checkpoint import save_array
from models.training.pairs import Pairs, load_kagl
from models.training.variants.captions import (
    Captions,
    attributes_of,
    draw_captions,
    held_out_pairs,
    learn_vocabulary,
)
from models.training.variants.frames import Frames, load_frames
from models.training.variants.settings import VariantsConfig
from models.variants.prompts import PromptVocabulary
from models.variants.structure import structure

__all__ = ["Catalogue", "prepare"]

_log = logging.getLogger(__name__)
_CHUNK = 512
_Kind = TypeVar("_Kind", bound=np.generic)
_WAYS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """N products.

    Attributes:
        pairs: Titles, columns, splits.
        frames: Pictures.
        structures: uint8 (N, 2, 48, 36), see `models.variants.structure`.
        attributes: What is said of each.
        captions: The same as prompts.
        vocabulary: Values with codes.
        held_out: (N,) of a pair of type and colour that training never sees.
        train: Rows to train on: of the train split, not held out, of a known type.
    """

    pairs: Pairs
    frames: Frames
    structures: NDArray[np.uint8]
    attributes: list[dict[Facet, str]]
    captions: Captions
    vocabulary: PromptVocabulary
    held_out: NDArray[np.bool_]
    train: NDArray[np.int64]


def prepare(config: VariantsConfig) -> Catalogue:
    """Read the catalogue and make what is not there yet.

    Raises:
        NotFound: ``kagl.parquet`` is not in `config.data`.
        ModelUnavailable: The encoder's weights are missing.
    """
    pairs = load_kagl(config.data)
    frames = load_frames(pairs, config.work)
    encoder = CompactEncoder(config.encoder)
    tagger = predictor_for(encoder)
    if tagger is None:  # a compact encoder predicts attributes itself
        raise AssertionError
    name = encoder.encoder_id.revision
    vectors = _kept(config.work / f"vectors-{name}.npy", lambda: _embedded(encoder, frames))
    structures = _kept(config.work / "structures.npy", lambda: _chunked(frames.pixels, structure))
    attributes = attributes_of(pairs, default_lexicon(), tagger, vectors)
    held = held_out_pairs(attributes, pairs.rows("test"))
    held_out = np.array(
        [(each.get(Facet.TYPE, ""), each.get(Facet.COLOUR, "")) in held for each in attributes]
    )
    rows = pairs.rows("train")
    named = np.array([bool(attributes[row].get(Facet.TYPE)) for row in rows.tolist()])
    train = rows[named & ~held_out[rows]]
    vocabulary = learn_vocabulary(attributes, train)
    _log.info(
        "train=%d held_out_pairs=%d held_out_products=%d codes=%s",
        len(train),
        len(held),
        int(held_out.sum()),
        vocabulary.sizes,
    )
    (config.work / "held_out.json").write_text(json.dumps(sorted(held), indent=1))
    return Catalogue(
        pairs=pairs,
        frames=frames,
        structures=structures,
        attributes=attributes,
        captions=draw_captions(attributes, vocabulary, encoder, ways=_WAYS, seed=config.seed),
        vocabulary=vocabulary,
        held_out=held_out,
        train=train,
    )


def _embedded(encoder: CompactEncoder, frames: Frames) -> Vectors:
    return _chunked(frames.pixels, lambda pixels: encoder.embed_images(list(pixels)))


def _chunked(
    pixels: NDArray[np.uint8], make: Callable[[NDArray[np.uint8]], NDArray[_Kind]]
) -> NDArray[_Kind]:
    return np.concatenate(
        [make(pixels[start : start + _CHUNK]) for start in range(0, len(pixels), _CHUNK)]
    )


def _kept(path: Path, make: Callable[[], NDArray[_Kind]]) -> NDArray[_Kind]:
    if not path.exists():
        save_array(path, make())
    return np.load(path)
