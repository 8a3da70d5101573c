"""From settings to a renderer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ModelUnavailable
from engine.look import LookService
from engine.query.lexicon import Lexicon
from models.hub.checkpoint import INSTALL_HINT
from models.hub.sd_turbo.checkpoint import find_pipeline, load_pipeline
from models.variants.catalogue_bank import Bank, FeatureCache
from models.variants.mask import GarmentMasks

if TYPE_CHECKING:
    from models.hub.sd_turbo.renderer import SdTurboRenderer

__all__ = ["load_sd_turbo"]


def load_sd_turbo(
    model: str,
    *,
    masks: GarmentMasks,
    lexicon: Lexicon,
    look: LookService | None = None,
    bank: Bank | None = None,
    features: FeatureCache | None = None,
    adapter: Path | None = None,
    device: str = "auto",
    steps: int = 1,
    compile_networks: bool = False,
    cache_dir: Path | None = None,
) -> SdTurboRenderer:
    """The renderer ``sd-turbo``; seconds to a minute, and the network if the files are not here.

    Args:
        model: A folder in diffusers' form, or a repository such as ``stabilityai/sd-turbo``.
        masks: Finds a garment's pixels.
        lexicon: Shades of colours.
        look: Finds the garment; without it the box, or the whole picture, is looked at.
        bank: Products that help; without it nothing does.
        features: Their features: 164 kB a product in half precision; in memory by default.
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
    return SdTurboRenderer(
        engine,
        masks=masks,
        lexicon=lexicon,
        look=look,
        bank=bank,
        features=features,
        steps=steps,
    )
