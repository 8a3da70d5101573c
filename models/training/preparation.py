"""Everything that training reads, made ready: vocabulary, label names, cached pictures."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from models.training.batches import Source
from models.training.network import DualTower, TowerConfig, load_imagenet
from models.training.pairs import (
    ATTRIBUTES,
    Pairs,
    load_clothing,
    load_drawn,
    load_kagl,
    with_categories,
)
from models.training.settings import TrainConfig
from models.training.stem import build_stem
from models.training.synonyms import SYNONYMS
from models.training.texts import learn_tokenizer
from models.training.views import FeatureCache, fill_cache

__all__ = ["Prepared", "build_model", "prepare"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """What the training loop needs besides the model."""

    tokenizer: Tokenizer
    label_names: dict[str, tuple[str, ...]]
    sources: tuple[Source, ...]
    catalogue: Pairs
    clean: FeatureCache


def _label_names(pairs: Pairs) -> dict[str, tuple[str, ...]]:
    train = pairs.rows("train")
    names: dict[str, tuple[str, ...]] = {}
    for place, attribute in enumerate(ATTRIBUTES):
        counts = Counter(pairs.labels[row][place] for row in train)
        names[attribute] = tuple(sorted(value for value in counts if value))
    return names


def _vocabulary_texts(pairs: Pairs, names: dict[str, tuple[str, ...]]) -> list[str]:
    texts = [pairs.titles[row] for row in pairs.rows("train")]
    for attribute, values in names.items():
        for value in values:
            texts += [value.lower(), *SYNONYMS.get(attribute, {}).get(value, ())] * 3
    return texts


def build_model(
    config: TowerConfig, label_names: dict[str, tuple[str, ...]], *, seed: int
) -> DualTower:
    """Both towers with ImageNet weights in the backbone and seeded new layers."""
    torch.manual_seed(seed)
    model = DualTower(config, {name: len(values) for name, values in label_names.items()})
    load_imagenet(model.image)
    return model.to(memory_format=torch.channels_last)


def prepare(config: TrainConfig) -> Prepared:
    """Load the data, learn the vocabulary, fill the feature cache.

    Raises:
        NotFound: The training data are not in `config.data`.
    """
    catalogue = load_kagl(config.data)
    names = _label_names(catalogue)
    towers = config.towers
    config.work.mkdir(parents=True, exist_ok=True)
    tokenizer_path = config.work / "tokenizer.json"
    if tokenizer_path.exists():
        tokenizer = Tokenizer.from_file(str(tokenizer_path))
    else:
        tokenizer = learn_tokenizer(
            _vocabulary_texts(catalogue, names), size=towers.vocabulary, tokens=towers.tokens
        )
        tokenizer.save(str(tokenizer_path))
    (config.work / "labels.json").write_text(json.dumps(names), encoding="utf-8")
    sources, clean = _cached_sources(config, catalogue)
    return Prepared(
        tokenizer=tokenizer,
        label_names=names,
        sources=sources,
        catalogue=catalogue,
        clean=clean,
    )


def _cached_sources(
    config: TrainConfig, catalogue: Pairs
) -> tuple[tuple[Source, ...], FeatureCache]:
    towers = config.towers
    folder = config.work / "cache"
    backbone = DualTower(towers, {})
    load_imagenet(backbone.image)
    stem = build_stem(
        backbone.image, config.work, height_px=towers.height_px, width_px=towers.width_px
    )

    def cached(pairs: Pairs, pictures: list[bytes], view: int) -> FeatureCache:
        return fill_cache(
            folder,
            pairs.name,
            pictures,
            stem,
            view=view,
            seed=config.seed,
            height_px=towers.height_px,
            width_px=towers.width_px,
        )

    clean = cached(catalogue, catalogue.pictures, 0)
    train = catalogue.rows("train")
    views = [(clean, train)]
    for view in range(1, config.views):
        # The first augmented view shows what a catalogue would hold, the others the sharper
        # picture of the product where there is one.
        sharper: dict[int, bytes] = catalogue.sharper if view > 1 else {}
        pictures = [sharper.get(row) or catalogue.pictures[row] for row in train.tolist()]
        views.append((cached(catalogue, pictures, view), np.arange(len(train))))
    sources = [Source(pairs=catalogue, rows=train, views=views)]
    photos = load_clothing(config.data)
    if photos is not None:
        rows = photos.rows("train")
        seen = cached(photos, photos.pictures, 0)
        sources.append(
            Source(
                pairs=with_categories(photos, catalogue),
                rows=rows,
                views=[(seen, rows)],
                titled=False,
            )
        )
    drawn = load_drawn(config.drawn, config.seed, config.work) if config.drawn else None
    if drawn is not None:
        rows = drawn.rows("train")
        sources.append(
            Source(
                pairs=with_categories(drawn, catalogue),
                rows=rows,
                views=[(cached(drawn, drawn.pictures, 0), rows)],
            )
        )
    for source in sources:
        _log.info("source=%s rows=%d", source.pairs.name, len(source.rows))
    return tuple(sources), clean
