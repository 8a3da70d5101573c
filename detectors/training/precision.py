"""Half precision for training: about twice the pictures a second, on some processors too."""

from __future__ import annotations

from typing import Any

__all__ = ["half_precision"]


def half_precision(device: str) -> str | bool:
    """The value of ultralytics' setting ``amp``: ``bf16`` where that is fast, else ``False``.

    Ultralytics knows it for GPUs alone; from this call on its trainer does it on processors too.
    """
    import torch
    import ultralytics.engine.trainer as trainer

    if device != "cpu":
        # Its other modes begin by downloading a model to compare with.
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else False
    if not torch.cpu.get_capabilities().get("avx512_bf16"):
        return False

    def autocast(enabled: Any, device: str = "cuda") -> Any:
        dtype = enabled if isinstance(enabled, torch.dtype) else None
        return torch.autocast(device, dtype=dtype, enabled=bool(enabled))

    setattr(trainer, "autocast", autocast)  # noqa: B010
    return "bf16"
