"""What ImageNet alone knows of a picture: features for studies that want no fashion in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from engine.types import EncoderId, ImageRGB, Vectors
from models.preprocess import letterbox, preprocess_hash
from models.training.network import ImageTower, TowerConfig, load_imagenet

__all__ = ["ImageNetEncoder"]

_CHUNK = 64


class ImageNetEncoder:
    """EfficientNet-Lite0 as ImageNet left it; implements `engine.ports.ImageEncoder`.

    Raises:
        ImportError: The package with the weights is not installed (extra ``[models]``).
    """

    def __init__(self) -> None:
        self._config = TowerConfig()
        self._tower = ImageTower(self._config).eval()
        load_imagenet(self._tower)

    @property
    def encoder_id(self) -> EncoderId:
        """What makes the vectors."""
        return EncoderId(
            name="imagenet",
            revision="efficientnet-lite0",
            preprocess=preprocess_hash(self._config.height_px, self._config.width_px),
            dims=1280,
        )

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        """Unit vectors (N, 1280) of pooled features."""
        found = [np.zeros((0, 1280), np.float32)]
        high, wide = self._config.height_px, self._config.width_px
        for start in range(0, len(images), _CHUNK):
            frames = np.stack(
                [
                    letterbox(each, height_px=high, width_px=wide)
                    for each in images[start : start + _CHUNK]
                ]
            )
            with torch.inference_mode():
                features, _ = self._tower.stem(torch.from_numpy(frames))
                deep = functional.normalize(self._tower.trunk(features).deep, dim=1)
            found.append(deep.numpy())
        return np.concatenate(found)
