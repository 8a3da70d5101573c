"""Says on val, after each stage, whether what is drawn has the attributes that were asked for.

The judge is the tagger that is served, over the pictures' vectors. It has learned from the
catalogue's train split as the generator has; the figures of the card come from `lookalike study
turbo`, whose tagger has not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.ports import AttributePredictor, ImageEncoder
from engine.types import Facet
from models.attributes import predictor_for
from models.compact import CompactEncoder
from models.training.variants.autoencoder import Autoencoder
from models.training.variants.batches import SHARP, conditions
from models.training.variants.network import Condition
from models.training.variants.preparation import Catalogue

__all__ = ["Watch", "to_frames"]

_log = logging.getLogger(__name__)
_FACETS = (Facet.TYPE, Facet.COLOUR)
_SEED = 20_000

Draw = Callable[[Tensor, Condition, NDArray[np.int64]], Tensor]
"""Noise (B, 8, 16, 12), conditions and rows to latents."""


@torch.no_grad()
def to_frames(autoencoder: Autoencoder, latents: Tensor) -> NDArray[np.uint8]:
    """Latents to pictures, uint8 (B, 96, 72, 3)."""
    pixels = (autoencoder.decoder(latents.float()).clamp(-1, 1) + 1) * 127.5
    return pixels.round().byte().permute(0, 2, 3, 1).cpu().numpy()


class Watch:
    """Draws prompts of val products, from words alone and with their own picture's structure.

    Args:
        catalogue: Prepared.
        autoencoder: Makes pictures of latents.
        encoder: Folder of the encoder whose tagger looks.
        count: Products.
        device: Where it draws.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        autoencoder: Autoencoder,
        encoder: Path,
        *,
        count: int = 192,
        device: str = "cpu",
    ):
        self._catalogue, self._autoencoder, self._device = catalogue, autoencoder, device
        compact = CompactEncoder(encoder)
        tagger = predictor_for(compact)
        if tagger is None:  # a compact encoder predicts attributes itself
            raise AssertionError
        self._encoder: ImageEncoder = compact
        self._tagger: AttributePredictor = tagger
        val = catalogue.pairs.rows("val")
        known = [all(catalogue.attributes[row].get(f) for f in _FACETS) for row in val.tolist()]
        rows = val[np.array(known, np.bool_)]
        self.rows = np.random.default_rng(_SEED).permutation(rows)[:count]

    def look(self, name: str, draw: Draw) -> dict[str, float]:
        """Accuracy of type and colour, by words and by words and structure; logged too."""
        found: dict[str, float] = {}
        for kept in (False, True):
            noise = torch.randn(
                (len(self.rows), 8, 16, 12), generator=torch.Generator().manual_seed(_SEED)
            )
            condition = conditions(
                self._catalogue,
                self.rows,
                present=kept,
                detail=kept,
                sharpness=SHARP,
                device=self._device,
            )
            with torch.no_grad():
                latents = draw(noise.to(self._device), condition, self.rows)
            right = self.accuracy(to_frames(self._autoencoder, latents))
            where = "structure" if kept else "words"
            found |= {f"{facet.value}/{where}": value for facet, value in right.items()}
        _log.info("%s val %s", name, " ".join(f"{key}={each:.3f}" for key, each in found.items()))
        return found

    def accuracy(self, frames: NDArray[np.uint8]) -> dict[Facet, float]:
        """Share of pictures whose likeliest value is what their row was asked for."""
        shares = self._tagger.predict(self._encoder.embed_images(list(frames)))
        right: dict[Facet, float] = {}
        for facet in _FACETS:
            names = self._tagger.labels[facet]
            seen = [names[place] for place in shares[facet].argmax(1).tolist()]
            wanted = [self._catalogue.attributes[row][facet] for row in self.rows.tolist()]
            right[facet] = float(np.mean([a == b for a, b in zip(seen, wanted, strict=True)]))
        return right
