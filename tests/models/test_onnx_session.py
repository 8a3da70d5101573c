"""One chunk with all cores, or a core a chunk: the outputs are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.compact import WEIGHTS
from models.onnx_session import OnnxTower
from models.preprocess import letterbox

FRAMES = np.stack(
    [
        letterbox(
            np.random.default_rng(seed).integers(0, 256, (80, 60, 3), np.uint8),
            height_px=80,
            width_px=64,
        )
        for seed in range(21)
    ]
)


def frames(start: int, end: int) -> dict[str, Any]:
    return {"pictures": FRAMES[start:end]}


def embed(tower: OnnxTower, count: int = len(FRAMES)) -> list[np.ndarray]:
    return list(tower.run(count, frames))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_way_to_cut_gives_what_one_by_one_gives_in_order(threads: int) -> None:
    single = OnnxTower(WEIGHTS / "image.onnx", chunk=1, threads=1)
    expected = np.concatenate(embed(single))
    for chunk in (4, 16, 64):
        found = embed(OnnxTower(WEIGHTS / "image.onnx", chunk=chunk, threads=threads))
        np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-4)
        assert max(map(len, found)) <= max(chunk, 1)


def test_more_than_a_chunk_keeps_every_core_busy() -> None:
    tower = OnnxTower(WEIGHTS / "image.onnx", chunk=16, threads=3)
    assert [len(each) for each in embed(tower)] == [7, 7, 7]
    assert [len(each) for each in embed(tower, 16)] == [16]
    assert embed(tower, 0) == []


def test_a_chunk_that_fails_is_told_and_the_next_batch_is_fine() -> None:
    tower = OnnxTower(WEIGHTS / "image.onnx", chunk=4, threads=2)

    def broken(start: int, end: int) -> dict[str, Any]:
        if start:
            raise ValueError("no picture")
        return frames(start, end)

    with pytest.raises(ValueError, match="no picture"):
        list(tower.run(len(FRAMES), broken))
    assert sum(map(len, embed(tower))) == len(FRAMES)
