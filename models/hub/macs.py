"""Multiply-accumulates of an open_clip model's towers, counted while it embeds one of each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.hub.open_clip import OpenClipEncoder

__all__ = ["count_macs"]


def count_macs(encoder: OpenClipEncoder) -> tuple[int, int]:
    """Of one picture and of one text.

    The text has the model's whole context, as every text has once it is padded.
    """
    picture = np.zeros((8, 8, 3), np.uint8)
    return (
        _count(lambda: encoder.embed_images([picture])),
        _count(lambda: encoder.embed_texts(["a red dress"])),
    )


def _count(run: Callable[[], object]) -> int:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # The fused attention of inference is one operator, which the counter does not know.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with FlopCounterMode(display=False) as counter:
            run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return counter.get_total_flops() // 2
