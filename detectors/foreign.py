"""Any other detector of ultralytics, exported to ONNX, with its labels mapped onto our classes.

Checkpoints of ultralytics (``.pt``) are pickles, which run whatever is in them when they are
opened; an ONNX file only computes. ``yolo export model=X.pt format=onnx`` makes one.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Network

__all__ = ["MappedNetwork"]

_GREY = 114


class MappedNetwork:
    """A network of ultralytics' export as `detectors.yolo.YoloDetector` reads one.

    A class of ours is as probable as the likeliest of the labels that mean it; labels that mean
    none of ours are left out.

    Args:
        network: ``images`` float32 (1, 3, H, W) of 0 to 1, to float32 (1, 4 + L, A). Its metadata
            hold ``names`` and ``imgsz``.
        labels: Their label → our class.
        classes: Ours, in the order of the posterior.

    Raises:
        ModelUnavailable: It was not exported by ultralytics.
        InvalidInput: The map names a label or a class that there is not.
    """

    def __init__(self, network: Network, *, labels: Mapping[str, str], classes: Sequence[str]):
        held = network.metadata
        try:
            names: dict[int, str] = ast.literal_eval(held["names"])
            sizes: list[int] = ast.literal_eval(held["imgsz"])
        except (KeyError, ValueError, SyntaxError) as error:
            raise ModelUnavailable(
                "the file does not say its names and imgsz",
                where="detector",
                hint="Export it with: yolo export model=X.pt format=onnx",
            ) from error
        places = {name: place for place, name in names.items()}
        unknown = sorted({*(labels.keys() - places.keys()), *({*labels.values()} - {*classes})})
        if unknown or not labels:
            raise InvalidInput(
                f"the map of labels names {', '.join(unknown) or 'nothing'}",
                where="detector",
                hint=f"Its labels: {', '.join(places)}. Ours: {', '.join(classes)}.",
            )
        self._network = network
        self._size_hw = (sizes[0], sizes[1])
        self._of = [
            [places[label] for label, meant in labels.items() if meant == name] for name in classes
        ]
        told = json.dumps([sorted(held.items()), sorted(labels.items())])
        self.metadata: Mapping[str, str] = {
            "classes": json.dumps(list(classes)),
            "side_px": str(min(sizes)),
            "revision": hashlib.sha256(told.encode()).hexdigest()[:16],
        }

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        """See `engine.ports.Network.run`; takes ``pictures`` uint8 (n, H, W, 3)."""

        def images(start: int, end: int) -> dict[str, NDArray[np.float32]]:
            pictures = inputs(start, end)["pictures"]
            high, wide = pictures.shape[1:3]
            # Their graphs take one size alone; what is added lies right and below, so that boxes
            # keep their coordinates.
            framed = np.full((len(pictures), *self._size_hw, 3), _GREY, np.uint8)
            framed[:, :high, :wide] = pictures
            return {"images": framed.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)}

        for output in self._network.run(count, images):
            shares = [
                output[:, [4 + place for place in held]].max(axis=1)
                if held
                else np.zeros_like(output[:, 0])
                for held in self._of
            ]
            yield np.concatenate([output[:, :4], np.stack(shares, axis=1)], axis=1)
