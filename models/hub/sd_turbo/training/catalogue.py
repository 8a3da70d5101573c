"""Prompts and pictures of the catalogue, and the bank of those that can be retrieved."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InvalidInput
from engine.query.lexicon import default_lexicon
from engine.types import Facet, ImageRGB, Vectors
from models.hub.hspace.middle import Retrieved
from models.hub.sd_turbo.engine import SdTurbo
from models.hub.sd_turbo.plan import prompt_for
from models.hub.sd_turbo.training.settings import SdAdapterConfig
from models.preprocess import letterbox
from models.training.pairs import Pairs, load_kagl
from models.training.tags import read_tags
from models.training.variants.bank import RetrievalBank
from models.training.variants.neighbours import title_groups

__all__ = ["AdapterBank", "AdapterCatalogue", "build_bank", "read_catalogue"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdapterCatalogue:
    """N products.

    Attributes:
        pairs: Titles, splits, pictures.
        prompts: N, from columns and titles, in the words of the renderer.
        groups: (N,) a number a title: twins of a product have the same.
        train: Rows to draw prompts from: of the train split and of a known type.
    """

    pairs: Pairs
    prompts: list[str]
    groups: NDArray[np.int64]
    train: NDArray[np.int64]

    def picture(self, row: int) -> ImageRGB:
        """The sharpest picture of a row."""
        data = self.pairs.sharper.get(row, self.pairs.pictures[row])
        with Image.open(io.BytesIO(data)) as opened:
            return np.asarray(opened.convert("RGB"))


def read_catalogue(data: Path) -> AdapterCatalogue:
    """Read ``kagl.parquet``.

    Raises:
        NotFound: It is not in the folder.
    """
    pairs = load_kagl(data)
    tags = read_tags(pairs, default_lexicon(), judged=True)
    said = [{facet: values[0] for facet, values in each.items() if values} for each in tags]
    rows = pairs.rows("train")
    named = np.array([Facet.TYPE in said[row] for row in rows.tolist()], bool)
    return AdapterCatalogue(
        pairs=pairs,
        prompts=[prompt_for(each) for each in said],
        groups=title_groups(pairs.titles),
        train=rows[named],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdapterBank:
    """Pictures that can be retrieved.

    Attributes:
        search: Over the text encoder's vectors of their prompts.
        features: float16 (R, C, h, w), on disk.
    """

    search: RetrievalBank
    features: NDArray[np.float16]

    def retrieve(
        self, texts: Vectors, groups: NDArray[np.int64], *, count: int, device: torch.device
    ) -> Retrieved:
        """The nearest to prompts, none of a prompt's own product: the adapter would copy it.

        Args:
            texts: (B, D) unit vectors of the prompts.
            groups: (B,) of the prompts' own products.
            count: Pictures a prompt.
            device: Where tensors go.
        """
        near = self.search.nearest(texts, count=count, without=groups)
        return Retrieved(
            features=torch.from_numpy(self.features[near.rows]).to(device).float(),
            similarity=torch.from_numpy(near.similarity).to(device),
            blend=torch.ones(len(texts), device=device),
        )


def build_bank(
    config: SdAdapterConfig, catalogue: AdapterCatalogue, student: SdTurbo
) -> AdapterBank:
    """Middle features and text vectors of training rows, computed once and kept.

    Args:
        config: The run.
        catalogue: Of it.
        student: Without anything lent.

    Raises:
        InvalidInput: The catalogue has too few products.
    """
    rng = np.random.default_rng((config.seed, 1))
    count = min(config.bank, len(catalogue.train))
    rows = np.sort(rng.choice(catalogue.train, count, replace=False))
    groups = catalogue.groups[rows]
    most = int(np.unique(groups, return_counts=True)[1].max()) if count else 0
    if count - most < config.neighbours:
        raise InvalidInput(
            f"{count} training products are too few to retrieve {config.neighbours} of",
            where=str(config.data),
        )
    stem = f"{student.revision}-{config.seed}-{count}"
    kept = config.work / f"bank-{stem}.npy", config.work / f"bank-texts-{stem}.npy"
    if not all(each.exists() for each in kept):
        config.work.mkdir(parents=True, exist_ok=True)
        fresh = [each.with_suffix(".partial") for each in kept]
        first = student.middle(_square(catalogue, int(rows[0]), student), "")
        features = np.lib.format.open_memmap(
            fresh[0], mode="w+", dtype=np.float16, shape=(count, *first.shape)
        )
        texts: list[NDArray[np.float16]] = []
        for place, row in enumerate(rows.tolist()):
            prompt = catalogue.prompts[row]
            features[place] = student.middle(_square(catalogue, row, student), prompt)
            texts.append(student.text(prompt))
            if (place + 1) % 500 == 0:
                _log.info("bank %d/%d", place + 1, count)
        features.flush()
        with fresh[1].open("wb") as file:
            np.save(file, np.stack(texts))
        for made, path in zip(fresh, kept, strict=True):
            made.replace(path)
    return AdapterBank(
        search=RetrievalBank(np.load(kept[1]).astype(np.float32), groups),
        features=np.load(kept[0], mmap_mode="r"),
    )


def _square(catalogue: AdapterCatalogue, row: int, student: SdTurbo) -> ImageRGB:
    return letterbox(catalogue.picture(row), height_px=student.size_px, width_px=student.size_px)
