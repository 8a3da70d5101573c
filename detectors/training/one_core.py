"""Small networks train faster on one core: threads wait for one another at every little product."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

__all__ = ["one_core"]


@contextmanager
def one_core() -> Generator[None]:
    """Torch uses one thread within."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
