"""Batches for the compact encoder: cached picture features with titles, phrases and labels.

Everything random is drawn from (seed, step), so that a resumed run sees the batches that an
uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from models.training.pairs import Pairs, encode_labels
from models.training.texts import drop_words, encode_batch, phrase
from models.training.views import FeatureCache

__all__ = ["Batch", "Batches", "Source", "read_features"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """Training rows of one data set with the cached views of their pictures.

    Attributes:
        rows: (n,) rows of `pairs` to train on.
        views: One or more (cache, index): row ``rows[i]`` lies at ``index[i]`` of the cache.
        titled: Whether titles name the single product (``False`` for label-only photos).
    """

    pairs: Pairs
    rows: NDArray[np.int64]
    views: Sequence[tuple[FeatureCache, NDArray[np.int64]]]
    titled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """One training step's input; B products."""

    features: Tensor  # (B, C, h, w) float32
    thumbnails: Tensor  # (B, h', w', 3) float32
    titles: Tensor  # (B, T) token ids
    title_numbers: Tensor  # (B,), -1 without a title
    phrases: Tensor  # (B, T') token ids
    named: Tensor  # (B, A) attributes that the phrase names
    labels: Tensor  # (B, A) codes, -1 where unknown
    rows: Tensor  # (B,) places among the rows of all sources, one source after the other

    def to(self, device: str) -> Batch:
        """The same batch on another device."""
        if device == "cpu":
            return self
        return Batch(**{name: getattr(self, name).to(device) for name in Batch.__slots__})


def read_features(cache: FeatureCache, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Rows of a cache as float32 tensors, features in channels-last memory order."""
    features = torch.from_numpy(np.asarray(cache.features[rows])).float()
    thumbnails = torch.from_numpy(np.asarray(cache.thumbnails[rows])).float()
    return features.contiguous(memory_format=torch.channels_last), thumbnails


class Batches:
    """Endless shuffled batches over several sources."""

    def __init__(
        self,
        sources: Sequence[Source],
        tokenizer: Tokenizer,
        label_names: dict[str, tuple[str, ...]],
        *,
        size: int,
        seed: int,
        word_drop: float,
        colour_drop: float,
    ):
        self._sources = sources
        self.tokenizer = tokenizer
        self.label_names = label_names
        self._size = size
        self._seed = seed
        self._word_drop = word_drop
        self._colour_drop = colour_drop
        self._titles: list[str] = []
        self._label_words: list[tuple[str, ...]] = []
        origin: list[NDArray[np.int64]] = []
        titled: list[bool] = []
        for number, source in enumerate(sources):
            for row in source.rows:
                self._titles.append(source.pairs.titles[row])
                self._label_words.append(source.pairs.labels[row])
            places = np.arange(len(source.rows))
            origin.append(np.stack([np.full_like(places, number), places], axis=1))
            titled += [source.titled] * len(places)
        self._origin = np.concatenate(origin)  # (n, 2): source, place
        self._labels = encode_labels(self._label_words, label_names)
        numbers: dict[str, int] = {}
        self._numbers = np.array(
            [
                numbers.setdefault(title, len(numbers)) if has_title else -1
                for title, has_title in zip(self._titles, titled, strict=True)
            ],
            dtype=np.int64,
        )
        self.distinct_titles = list(numbers)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in which every row is seen once (the last, smaller one left out)."""
        return max(1, len(self._titles) // self._size)

    def make(self, step: int) -> Batch:
        """The batch of a step, the same whenever it is asked for."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self._seed, 1, epoch)).permutation(len(self._titles))
        chosen = order[place * self._size : (place + 1) * self._size]
        rng = np.random.default_rng((self._seed, 2, step))
        features, thumbnails = self._pictures(chosen, rng)
        titles = [
            drop_words(self._titles[row], rng, rate=self._word_drop, colour_rate=self._colour_drop)
            for row in chosen
        ]
        phrases = [phrase(self._label_words[row], rng) for row in chosen]
        return Batch(
            features=features,
            thumbnails=thumbnails,
            titles=torch.from_numpy(encode_batch(self.tokenizer, titles)),
            title_numbers=torch.from_numpy(self._numbers[chosen]),
            phrases=torch.from_numpy(encode_batch(self.tokenizer, [text for text, _ in phrases])),
            named=torch.from_numpy(np.stack([mask for _, mask in phrases])),
            labels=torch.from_numpy(self._labels[chosen]),
            rows=torch.from_numpy(chosen),
        )

    def _pictures(
        self, chosen: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        draws = rng.random(len(chosen))
        features: list[Tensor | None] = [None] * len(chosen)
        thumbnails: list[Tensor | None] = [None] * len(chosen)
        for number, source in enumerate(self._sources):
            view_of = (draws * len(source.views)).astype(int)
            for view, (cache, index) in enumerate(source.views):
                here = np.flatnonzero((self._origin[chosen, 0] == number) & (view_of == view))
                if not here.size:
                    continue
                pair = read_features(cache, index[self._origin[chosen[here], 1]])
                for offset, place in enumerate(here):
                    features[place], thumbnails[place] = pair[0][offset], pair[1][offset]
        joined = torch.stack([each for each in features if each is not None])
        thumbs = torch.stack([each for each in thumbnails if each is not None])
        mirrored = torch.from_numpy(rng.random(len(chosen)) < 0.5)
        joined[mirrored] = joined[mirrored].flip(3)
        thumbs[mirrored] = thumbs[mirrored].flip(2)
        return joined.contiguous(memory_format=torch.channels_last), thumbs

    def stream(self, first: int) -> Iterator[Batch]:
        """Batches from a step on, the next one prepared in the background."""
        with ThreadPoolExecutor(1) as pool:
            upcoming = pool.submit(self.make, first)
            step = first
            while True:
                batch = upcoming.result()
                step += 1
                upcoming = pool.submit(self.make, step)
                yield batch
