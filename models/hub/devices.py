"""Where torch is to run."""

from __future__ import annotations

from engine.errors import InvalidInput, ModelUnavailable

__all__ = ["device_for"]


def device_for(asked: str) -> str:
    """What torch calls a device.

    Args:
        asked: ``auto`` for a GPU where there is one, ``cpu``, ``cuda`` or ``cuda:1``.

    Raises:
        InvalidInput: No such device.
        ModelUnavailable: A GPU is asked for and none is visible.
    """
    import torch

    gpu = torch.cuda.is_available()
    if asked == "auto":
        return "cuda" if gpu else "cpu"
    if asked != "cpu" and asked.partition(":")[0] != "cuda":
        raise InvalidInput(f"got the device {asked!r}", hint="Expected auto, cpu, cuda or cuda:1.")
    if asked != "cpu" and not gpu:
        raise ModelUnavailable(
            f"no GPU is visible to torch for the device {asked!r}",
            hint="Use --device cpu, or set the device to cpu.",
        )
    return asked
