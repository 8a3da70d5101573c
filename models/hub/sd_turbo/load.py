"""From settings to a renderer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ModelUnavailable
from engine.query.lexicon import Lexicon
from models.hub.checkpoint import INSTALL_HINT
from models.hub.sd_turbo.checkpoint import find_pipeline, load_pipeline
from models.variants.picture_bank import PictureBank
from models.variants.request_mask import RequestMask

if TYPE_CHECKING:
    from models.hub.sd_turbo.renderer import SdTurboRenderer

__all__ = ["load_sd_turbo"]


def load_sd_turbo(
    model: str,
    *,
    masks: RequestMask,
    lexicon: Lexicon,
    bank: PictureBank | None = None,
    adapter: Path | None = None,
    device: str = "auto",
    steps: int = 1,
    compile_networks: bool = False,
    cache_dir: Path | None = None,
) -> SdTurboRenderer:
    """The renderer ``sd-turbo``; seconds to a minute, and the network if the files are not here.

    Args:
        model: A folder in diffusers' form, or a repository such as ``stabilityai/sd-turbo``.
        masks: Finds the product's pixels, see `models.variants.request_mask`.
        lexicon: Shades of colours.
        bank: Of the catalogue; ``None`` for no help.
        adapter: Folder that ``lookalike train sd-adapter`` wrote; ``None`` for the slerp edit.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        steps: Calls of the UNet a picture, 1 or 4.
        compile_networks: See `SdTurbo`.
        cache_dir: Where fetched files are kept; the hub client's own folder by default.

    Raises:
        InvalidInput: The model's or the device's name is of no known form.
        ModelUnavailable: A package, a file or the network is missing, a file is damaged, the
            weights are pickles, or the adapter is of another model.
    """
    try:
        from models.hub.devices import device_for
        from models.hub.sd_turbo.engine import SdTurbo
        from models.hub.sd_turbo.renderer import SdTurboRenderer
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed", hint=INSTALL_HINT) from error
    place = device_for(device)
    half = place != "cpu"
    files = find_pipeline(model, half=half, cache_dir=cache_dir)
    engine = SdTurbo(
        load_pipeline(files, half=half),
        device=place,
        adapter=adapter,
        compile_networks=compile_networks,
    )
    return SdTurboRenderer(engine, masks=masks, lexicon=lexicon, bank=bank, steps=steps)
