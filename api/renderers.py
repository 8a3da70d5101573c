"""Builds what draws variants, from the parts of a running Lookalike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from api.query_picture import decode_query
from api.variants.engines import Engines
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    from api.container import Container
    from engine.ports import Renderer
    from models.variants.turbo import SmallTurbo

__all__ = ["build_renderers"]


def build_renderers(container: Container) -> Mapping[str, Renderer]:
    """Name → engine, the one that is meant by default first; each is loaded on first use.

    An engine whose weights are not there raises `engine.errors.ModelUnavailable` when it is looked
    up, so that a server without them still searches.
    """
    return Engines({"small": lambda: _small(container)})


def _small(container: Container) -> Renderer:
    from models.variants.catalogue_bank import CatalogueBank
    from models.variants.mask import load_masks
    from models.variants.small_renderer import SmallRenderer

    bank = CatalogueBank(
        index=container.index,
        products=container.catalogue.get_many,
        picture=lambda name: decode_query(container.blobs.get(name)),
        texts=container.encoder,
    )
    return SmallRenderer(
        masks=load_masks(),
        lexicon=container.lexicon,
        look=container.look,
        turbo=_small_turbo(container),
        bank=bank,
        features=container.catalogue.features,
    )


def _small_turbo(container: Container) -> SmallTurbo | None:
    from models.variants.turbo import load_small_turbo

    try:
        return load_small_turbo(container.encoder, threads=1)
    except ModelUnavailable:  # another encoder, or weights left out: photos can still be changed
        return None
