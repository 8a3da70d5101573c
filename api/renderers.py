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
    from models.variants.catalogue_bank import CatalogueBank
    from models.variants.sketch_judge import SketchJudge
    from models.variants.turbo import SmallTurbo

__all__ = ["build_renderers"]

_THREADS = 1
"""Who waits for a variant can wait longer; who searches meanwhile needs the other cores."""


def build_renderers(container: Container) -> Mapping[str, Renderer]:
    """Name → engine, the one that is meant by default first; each is loaded on first use.

    An engine whose weights are not there raises `engine.errors.ModelUnavailable` when it is looked
    up, so that a server without them still searches.
    """
    engines = {"small": lambda: _small(container)}
    if container.settings.variants_model:
        engines["sd-turbo"] = lambda: _sd_turbo(container)
    return Engines(engines)


def _small(container: Container) -> Renderer:
    from models.variants.mask import load_masks
    from models.variants.small_renderer import SmallRenderer

    return SmallRenderer(
        masks=load_masks(threads=_THREADS),
        lexicon=container.lexicon,
        look=container.build_look(threads=_THREADS),
        turbo=_small_turbo(container),
        judge=_judge(container),
        bank=_bank(container),
        features=container.catalogue.features,
    )


def _sd_turbo(container: Container) -> Renderer:
    from models.variants.mask import load_masks

    try:
        from models.hub.sd_turbo.load import load_sd_turbo
    except ModuleNotFoundError as error:
        raise ModelUnavailable(
            f"SD-Turbo needs {error.name}, which is not installed.",
            where="engine",
            hint="pip install 'lookalike[models]', or leave LOOKALIKE_VARIANTS_MODEL empty.",
        ) from error
    settings = container.settings
    return load_sd_turbo(
        settings.variants_model,
        masks=load_masks(threads=_THREADS),
        lexicon=container.lexicon,
        look=container.build_look(threads=_THREADS),
        bank=_bank(container),
        features=container.catalogue.features,
        adapter=settings.variants_adapter,
        device=settings.variants_device,
    )


def _bank(container: Container) -> CatalogueBank:
    from models.variants.catalogue_bank import CatalogueBank

    return CatalogueBank(
        index=container.index,
        products=container.catalogue.get_many,
        picture=lambda name: decode_query(container.blobs.get(name)),
        texts=container.encoder,
    )


def _judge(container: Container) -> SketchJudge | None:
    from models.attributes import outspoken
    from models.variants.sketch_judge import SketchJudge

    if container.predictor is None:
        return None
    return SketchJudge(container.encoder, outspoken(container.predictor), container.lexicon)


def _small_turbo(container: Container) -> SmallTurbo | None:
    from models.variants.turbo import load_small_turbo

    try:
        return load_small_turbo(container.encoder, threads=_THREADS)
    except ModelUnavailable:  # another encoder, or weights left out: photos can still be changed
        return None
