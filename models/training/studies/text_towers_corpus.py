"""What the text-tower study reads: titles, frozen pictures, splits, drawn twins, sentence targets.

Rows are numbers over the catalogue's pictures, then the drawn ones.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from models.preprocess import letterbox
from models.training.pairs import Pairs, load_kagl
from models.training.studies.text_towers_drawn import (
    DrawnGarment,
    draw_garment,
    drawn_garments,
    split_colour_pairs,
)
from models.training.studies.text_towers_features import (
    HEIGHT_PX,
    WIDTH_PX,
    FrozenPictures,
    FrozenTrunk,
    freeze_pictures,
)
from models.training.studies.text_towers_sentences import sentence_targets
from models.training.texts import learn_tokenizer
from models.training.views import decode

__all__ = ["Corpus", "CorpusLimits", "load_corpus", "title_key", "train_subset"]

_log = logging.getLogger(__name__)
_DESIGNS_TRAIN, _DESIGNS_TEST = 4, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusLimits:
    """At most so many pictures of a split; ``None`` for all."""

    train: int | None = None
    val: int | None = None
    test: int | None = None
    designs_train: int = _DESIGNS_TRAIN
    designs_test: int = _DESIGNS_TEST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """Everything that a run of the study reads.

    Attributes:
        titles: N titles, the drawn pictures' last.
        numbers: int64 (N,), equal for titles that are one text.
        tokenizer: Learned from the titles of `train`.
        shapes: float16 (N, 1504), pooled features.
        labs: float16 (N, 576), small Lab pictures.
        maps: float16 (n, 112, 8, 6) of the catalogue's n pictures.
        train: Rows to train on; none of their titles is in val or test.
        val: Rows to choose on.
        test: Rows to report on.
        twins_train: int64 (P, 2), rows of drawn twins.
        twins_test: int64 (Q, 2), of colour pairs that training never shows, those of one colour
            pair together.
        colour_pairs_test: How many colour pairs these are, each with equally many twins.
        sentences: float32 (N, 384) unit vectors of a sentence encoder, 0 outside `train`; ``None``
            where the encoder is not installed.
        left_out: Train rows left out for their titles.
        fingerprint: Of the rows and splits, to key finished runs.
    """

    titles: list[str]
    numbers: NDArray[np.int64]
    tokenizer: Tokenizer
    shapes: Tensor
    labs: Tensor
    maps: NDArray[np.float16]
    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]
    twins_train: NDArray[np.int64]
    twins_test: NDArray[np.int64]
    colour_pairs_test: int
    sentences: NDArray[np.float32] | None
    left_out: int
    fingerprint: str


def title_key(title: str) -> str:
    """What decides whether two titles are one text: letters and digits in their order."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", title.lower()).split())


def train_subset(corpus: Corpus, size: int, seed: int) -> NDArray[np.int64]:
    """The first `size` train rows in a seeded order: smaller sets lie inside larger ones."""
    return np.random.default_rng((seed, 5)).permutation(corpus.train)[:size]


def _splits(pairs: Pairs, limits: CorpusLimits) -> tuple[dict[str, NDArray[np.int64]], int]:
    rows = {
        split: np.array([row for row in pairs.rows(split) if title_key(pairs.titles[row])])
        for split in ("train", "val", "test")
    }
    held = {title_key(pairs.titles[row]) for split in ("val", "test") for row in rows[split]}
    kept = np.array([row for row in rows["train"] if title_key(pairs.titles[row]) not in held])
    left_out = len(rows["train"]) - len(kept)
    found: dict[str, NDArray[np.int64]] = {}
    for split, these in (("train", kept), ("val", rows["val"]), ("test", rows["test"])):
        limit: int | None = getattr(limits, split)
        order = np.random.default_rng(1).permutation(these)
        found[split] = np.sort(order[: len(these) if limit is None else limit])
    return found, left_out


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


def load_corpus(
    data: Path,
    work: Path,
    *,
    limits: CorpusLimits,
    vocabulary: int,
    tokens: int,
) -> Corpus:
    """Read the data, compute (or open) the frozen features, learn the vocabulary.

    Raises:
        NotFound: ``kagl.parquet`` is not in `data`.
    """
    pairs = load_kagl(data)
    splits, left_out = _splits(pairs, limits)
    chosen = np.sort(np.concatenate(list(splits.values())))
    colour_pairs = split_colour_pairs()
    twins = {
        name: drawn_garments(part, designs=designs, seed=seed)
        for (name, designs, seed), part in zip(
            (("train", limits.designs_train, 1), ("test", limits.designs_test, 2)),
            colour_pairs,
            strict=True,
        )
    }
    drawn = [garment for pair in (*twins["train"], *twins["test"]) for garment in pair]
    catalogue, painted = _features(work, pairs, chosen, drawn)

    titles = [pairs.titles[row] for row in chosen] + [garment.title for garment in drawn]
    place = {row: at for at, row in enumerate(chosen.tolist())}
    rows = {
        split: np.array([place[row] for row in these.tolist()]) for split, these in splits.items()
    }
    codes: dict[str, int] = {}
    numbers = [codes.setdefault(title_key(title), len(codes)) for title in titles]
    twin_rows = (len(chosen) + np.arange(len(drawn))).reshape(-1, 2)
    train_titles = [titles[row] for row in rows["train"]]
    return Corpus(
        titles=titles,
        numbers=np.array(numbers, dtype=np.int64),
        tokenizer=learn_tokenizer(train_titles, size=vocabulary, tokens=tokens),
        shapes=torch.from_numpy(np.concatenate([catalogue.pooled, painted.pooled])),
        labs=torch.from_numpy(np.concatenate([catalogue.lab, painted.lab])),
        maps=catalogue.maps,
        train=rows["train"],
        val=rows["val"],
        test=rows["test"],
        twins_train=twin_rows[: len(twins["train"])],
        twins_test=twin_rows[len(twins["train"]) :],
        colour_pairs_test=len(colour_pairs[1]),
        sentences=sentence_targets(work, titles, rows["train"]),
        left_out=left_out,
        fingerprint=_digest([*titles, *(f"{split} {len(these)}" for split, these in rows.items())]),
    )


def _features(
    work: Path, pairs: Pairs, chosen: NDArray[np.int64], drawn: list[DrawnGarment]
) -> tuple[FrozenPictures, FrozenPictures]:
    built: list[FrozenTrunk] = []

    def trunk() -> FrozenTrunk:
        if not built:
            built.append(FrozenTrunk(work))
        return built[0]

    def packshot(at: int) -> NDArray[np.uint8]:
        image = decode(pairs.pictures[int(chosen[at])])
        return letterbox(image, height_px=HEIGHT_PX, width_px=WIDTH_PX)

    folder = work / "features"
    catalogue = freeze_pictures(
        folder,
        f"kagl-{_digest([pairs.ids[row] for row in chosen])}",
        len(chosen),
        packshot,
        trunk,
    )
    painted = freeze_pictures(
        folder,
        f"drawn-{_digest([f'{garment}' for garment in drawn])}",
        len(drawn),
        lambda at: draw_garment(drawn[at]),
        trunk,
    )
    return catalogue, painted
