"""What a change asks of SD-Turbo: which words, how much noise, and what of the drawing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.rendering import Change, facets_to_draw
from engine.types import Facet
from models.variants.prompts import caption

__all__ = ["Kind", "Strengths", "kind_of", "prompt_for"]


class Kind(StrEnum):
    """What of the garment changes; the larger change decides."""

    COLOUR = "colour"
    CLOTH = "cloth"
    SHAPE = "shape"


_CLOTH = {Facet.COLOUR, Facet.PATTERN, Facet.MATERIAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How much noise the start gets, above 0, at most 1, by what changes.

    Starting points by reasoning, not fitted: no weights were at hand. At 0.5 outline and folds
    survive, and the new shade is in the start already; another cloth has to lose the old texture;
    another shape has to lose edges. SD-Turbo learned at 0.25, 0.5, 0.75 and 1 (Sauer et al. 2023).
    """

    colour: float = 0.5
    cloth: float = 0.6
    shape: float = 0.75

    def of(self, kind: Kind) -> float:
        """Of a kind."""
        return {Kind.COLOUR: self.colour, Kind.CLOTH: self.cloth, Kind.SHAPE: self.shape}[kind]


def kind_of(change: Change) -> Kind:
    """What of the garment changes.

    Raises:
        InvalidInput: Nothing does.
    """
    facets = facets_to_draw(change)
    if facets == {Facet.COLOUR}:
        return Kind.COLOUR
    return Kind.CLOTH if facets <= _CLOTH else Kind.SHAPE


def prompt_for(attributes: Mapping[Facet, str]) -> str:
    """The prompt for a garment.

    Stable Diffusion read what stands beside pictures on the web, where a bare list of attributes
    stands nowhere: "a photo of" keeps drawings away, and shops' pictures are called product photos.
    Retrieved pictures are told in the same words, so that features and cosines are of one kind.

    Args:
        attributes: Facet → canonical value; what is not said is left to the generator.
    """
    words = caption(attributes) or "garment"
    return f"a product photo of {words}, fashion catalogue, sharp focus"
