"""The battery that every namer passes; one test a promise of `engine.ports.FineNamer`.

Subclass `NamerContract` and give it the fixtures `namer`, and `coarse`: fine class → place of its
coarse class in a posterior, and how many coarse classes there are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from engine.detections import Detection
from engine.ports import FineNamer

WIDE, HIGH = 200, 300
Coarse = tuple[Mapping[str, int], int]


def boxes(seed: int, count: int, classes: int) -> list[Detection]:
    """Anywhere, of any size, the smallest of one pixel; the second is the first again."""
    rng = np.random.default_rng(seed)
    found: list[Detection] = []
    for number in range(count):
        x0, y0 = rng.uniform(0, WIDE - 1), rng.uniform(0, HIGH - 1)
        x1, y1 = (x0 + 1, y0 + 1) if number == 2 else (rng.uniform(x0 + 1, WIDE),
                                                       rng.uniform(y0 + 1, HIGH))  # fmt: skip
        posterior = rng.uniform(0, 1, classes) ** 3
        box = found[0].box_xyxy_px if number == 1 else (x0, y0, x1, y1)
        found.append(Detection(box_xyxy_px=box, posterior=posterior.astype(np.float32)))
    return found


class NamerContract:
    @pytest.mark.parametrize("count", [1, 2, 7, 40])
    def test_names_share_out_the_coarse_classes(
        self, count: int, namer: FineNamer, coarse: Coarse
    ) -> None:
        place_of, classes = coarse
        found = boxes(count, count, classes)
        named = namer.name(found, width_px=WIDE, height_px=HIGH)
        assert len(named) == count
        assert any(named)
        assert namer.revision
        assert len(set(namer.classes.values())) > 1
        for box, names in zip(found, named, strict=True):
            assert set(names) <= set(namer.classes)
            assert all(0 <= share <= 1 for share in names.values())
            for place in range(classes):
                together = sum(share for name, share in names.items() if place_of[name] == place)
                assert together <= box.posterior[place] + 1e-6

    def test_no_boxes_have_no_names(self, namer: FineNamer) -> None:
        assert namer.name([], width_px=WIDE, height_px=HIGH) == []

    def test_boxes_that_are_nothing_are_named_nothing(
        self, namer: FineNamer, coarse: Coarse
    ) -> None:
        nothing = Detection(
            box_xyxy_px=(10.0, 10.0, 90.0, 90.0), posterior=np.zeros(coarse[1], np.float32)
        )
        (names,) = namer.name([nothing], width_px=WIDE, height_px=HIGH)
        assert sum(names.values()) == 0

    def test_order_does_not_matter(self, namer: FineNamer, coarse: Coarse) -> None:
        found = boxes(5, 6, coarse[1])
        forwards = namer.name(found, width_px=WIDE, height_px=HIGH)
        backwards = namer.name(found[::-1], width_px=WIDE, height_px=HIGH)[::-1]
        for one, other in zip(forwards, backwards, strict=True):
            assert one.keys() == other.keys()
            assert list(one.values()) == pytest.approx([other[name] for name in one], abs=1e-5)
