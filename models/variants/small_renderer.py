"""The renderer that runs anywhere: photos where they can be kept, sketches where not.

Colours, and patterns that can be drawn, go onto the garment in the shopper's own picture at its
full resolution. Everything else is drawn by the small turbo generator from the garment's attributes
and outline, helped by the catalogue, and enlarged: a sketch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelUnavailable
from engine.look import LookService
from engine.query.lexicon import Lexicon
from engine.rendering import Change, DrawRequest, Rendering, facets_to_draw
from engine.types import Facet, ImageRGB
from models.variants.catalogue_bank import (
    Bank,
    FeatureCache,
    MemoryFeatures,
    Neighbour,
    feature_key,
)
from models.variants.cloth import cloth_of
from models.variants.frame import frame_around
from models.variants.mask import GarmentMasks
from models.variants.oklab import oklab, to_linear
from models.variants.patterns import PATTERNS, contrasts
from models.variants.plain import plain_ground
from models.variants.product_mask import ProductMask
from models.variants.recolour import Garment
from models.variants.request_mask import garment_mask, mask_revision, request_mask
from models.variants.shades import is_shade, named_by, shade_near, shade_of
from models.variants.sketch_judge import SketchJudge
from models.variants.sketches import Sketcher
from models.variants.turbo import SmallTurbo

__all__ = ["SmallRenderer"]

Shade = NDArray[np.float32]
_VERSION = 2
"""Of what recolouring and patterns make of a mask."""
_SHOPS_SHADES = 6
"""Products whose colour may be lent."""

_STANDS_OUT = 25.0
"""Difference to a plain ground, in the strongest channel of 0 to 255, from which edges are seen."""

_AS_IN_SHOP = "A shade that the catalogue has."
_FLAT = "The pattern lies flat: folds hardly bend it."
_NO_BOX = "No garment was told apart from the rest: draw a box around yours."
_GUESSED_EDGE = "It hardly stands out from its ground: the edge is a guess."
_SHOWS_THROUGH = "The garment's own pattern shows through."


class SmallRenderer:
    """Draws variants on a CPU.

    Args:
        masks: Finds a garment's pixels.
        lexicon: Shades of colours.
        look: Finds the garment; without it the box, or the whole picture, is looked at.
        turbo: Draws sketches; without it what needs one is refused.
        judge: Chooses among them; without it the first is taken.
        bank: Products that help; without it nothing does.
        features: Their features, so that none is computed twice.
    """

    name = "small"

    def __init__(
        self,
        *,
        masks: GarmentMasks,
        lexicon: Lexicon,
        look: LookService | None = None,
        turbo: SmallTurbo | None = None,
        judge: SketchJudge | None = None,
        bank: Bank | None = None,
        features: FeatureCache | None = None,
    ) -> None:
        self._masks, self._lexicon, self._look = masks, lexicon, look
        self._sight = mask_revision(masks, look)
        self._bank, self._features = bank, features or MemoryFeatures()
        self._sketcher = Sketcher(turbo, bank, self._features, judge) if turbo is not None else None

    @property
    def revision(self) -> str:
        """See `engine.ports.Renderer.revision`."""
        sketches = self._sketcher.revision if self._sketcher else "none"
        return f"{_VERSION}-{self._sight}-{sketches}"

    def check(self, change: Change) -> None:
        """See `engine.ports.Renderer.check`."""
        self._sketcher_for(change)

    def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        """See `engine.ports.Renderer.draw`.

        Of a colour, seed 0 is the typical shade; the next ones are shades that products of the
        catalogue have, then others of the same name.
        """
        change = request.change
        sketcher = self._sketcher_for(change)
        mask = request_mask(request, self._masks, self._look)
        if sketcher is not None:
            return self._sketched(sketcher, request, mask.alpha, seeds)
        colour = change.after[Facet.COLOUR] if Facet.COLOUR in change.facets else ""
        if Facet.PATTERN not in change.facets:
            return self._dyed(request, mask, colour, seeds)
        return self._patterned(request, mask, change.after[Facet.PATTERN], colour, seeds)

    def _sketcher_for(self, change: Change) -> Sketcher | None:
        """Who can draw it; none where it can be laid onto the photo itself."""
        if self._stays_photo(change):
            return None
        if self._sketcher is None:
            names = ", ".join(sorted(each.value for each in change.facets))
            raise ModelUnavailable(
                f"a change of {names} needs the generator, which is not there.",
                where="modification",
                hint="Ask for a colour, stripes, checks or dots; or `lookalike train variants`.",
            )
        self._sketcher.check(change)
        return self._sketcher

    def _stays_photo(self, change: Change) -> bool:
        """Whether a change can be laid onto the photo itself."""
        facets = facets_to_draw(change)
        if not facets <= {Facet.COLOUR, Facet.PATTERN}:
            return False
        if Facet.COLOUR in facets and not is_shade(change.after[Facet.COLOUR], self._lexicon):
            return False
        return Facet.PATTERN not in facets or change.after[Facet.PATTERN] in PATTERNS

    # --- at full resolution ----------------------------------------------------------------------

    def _dyed(
        self, request: DrawRequest, mask: ProductMask, colour: str, seeds: Sequence[int]
    ) -> Iterator[Rendering]:
        garment, doubts = Garment(request.reference, mask.alpha), _doubts(request.reference, mask)
        lending = self._lent(request, colour)
        lent: list[tuple[Neighbour, Shade]] = []
        for seed in seeds:
            # Each is looked for in a picture, so no more of them than are needed.
            lent += islice(lending, max(0, min(seed, _SHOPS_SHADES) - len(lent)))
            if 0 < seed <= len(lent):
                helper, shade = lent[seed - 1]
                sources, notes = (helper.source,), (_AS_IN_SHOP,)
            else:
                shade, sources, notes = shade_near(colour, self._lexicon, seed), (), ()
            yield Rendering(
                image=garment.recoloured(shade),
                seed=seed,
                sources=sources,
                notes=(*doubts, *notes),
            )

    def _lent(self, request: DrawRequest, colour: str) -> Iterator[tuple[Neighbour, Shade]]:
        """Products of that colour, nearest first, with the shades of their cloth."""
        if self._bank is None:
            return
        for helper in self._bank.nearest(
            request.change.after, count=_SHOPS_SHADES, without=request.without
        ):
            if helper.attributes.get(Facet.COLOUR) != colour:
                continue
            shade = self._cloth(helper)
            if shade is not None and named_by(shade, self._lexicon) == self._lexicon.family(colour):
                yield helper, shade

    def _cloth(self, helper: Neighbour) -> Shade | None:
        """Colour of a product's cloth, Oklab; none where no product is found or it has many."""
        # The look goes by the title too.
        key = feature_key(helper, f"cloth-{_VERSION}-{self._sight}\0{helper.source.title}")
        held = self._features.get([key]).get(key)
        if held is None:
            found = np.zeros(0, np.float16)
            alpha = garment_mask(
                helper.picture, self._masks, self._look, title=helper.source.title
            ).alpha
            if (inside := alpha > 0.5).any():
                cloth = cloth_of(oklab(to_linear(helper.picture[inside])), alpha[inside])
                found = found if cloth.patterned else cloth.colour.astype(np.float16)
            self._features.put({key: found})
            held = found
        return held.astype(np.float32) if held.size else None

    def _patterned(
        self,
        request: DrawRequest,
        mask: ProductMask,
        pattern: str,
        colour: str,
        seeds: Sequence[int],
    ) -> Iterator[Rendering]:
        garment, doubts = Garment(request.reference, mask.alpha), _doubts(request.reference, mask)
        ground = shade_of(colour, self._lexicon) if colour else None
        others = contrasts(garment.cloth.colour if ground is None else ground, self._lexicon)
        own = request.change.before.get(Facet.PATTERN, "plain")
        notes = (*([] if own == "plain" else [_SHOWS_THROUGH]), *doubts, _FLAT)
        for seed in seeds:
            image = garment.patterned(pattern, others[seed % len(others)], ground=ground)
            yield Rendering(image=image, seed=seed, notes=notes)

    # --- as a sketch -----------------------------------------------------------------------------

    def _sketched(
        self,
        sketcher: Sketcher,
        request: DrawRequest,
        mask: NDArray[np.float32],
        seeds: Sequence[int],
    ) -> Iterator[Rendering]:
        image, colour = request.reference, request.change.after.get(Facet.COLOUR, "")
        if Facet.COLOUR in request.change.facets and is_shade(colour, self._lexicon):
            image = Garment(image, mask).recoloured(shade_of(colour, self._lexicon))
        if plain_ground(request.reference) is None:  # the generator knows packshots alone
            image = _cut_out(image, mask)
        return sketcher.draw(request, image, seeds)


def _doubts(image: ImageRGB, mask: ProductMask) -> tuple[str, ...]:
    """What a viewer should know of a garment's pixels."""
    doubts = [_NO_BOX] if mask.guessed else []
    ground = plain_ground(image)
    if ground is not None:
        off = np.abs(image[mask.alpha > 0.5] - ground).max(axis=1)
        doubts += [_GUESSED_EDGE] if np.median(off) < _STANDS_OUT else []
    return tuple(doubts)


def _cut_out(image: ImageRGB, mask: NDArray[np.float32]) -> ImageRGB:
    """The garment on white, a little room around it."""
    rows, columns = (np.flatnonzero((mask > 0.5).any(axis=axis)) for axis in (1, 0))
    high, wide = image.shape[:2]
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    frame = frame_around(wide, high, box)
    alpha = frame.cut(mask)[..., None]
    white = frame.cut(image) * alpha + 255 * (1 - alpha)
    return np.asarray(
        np.pad(white.round().astype(np.uint8), ((2, 2), (2, 2), (0, 0)), constant_values=255)
    )
