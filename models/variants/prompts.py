"""What the generator is asked for: attributes, as a short text and as codes.

A prompt is written from attributes alone, so that the attributes of a shopper's product with one
of them changed are a prompt too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.rendering import DRAWN
from engine.types import Facet

__all__ = ["CAPTION_ORDER", "PROMPT_FACETS", "PromptVocabulary", "caption"]

PROMPT_FACETS = DRAWN
"""In the order of the codes: with another order, or another facet, the generator is another one."""
CAPTION_ORDER = (
    Facet.GENDER,
    Facet.COLOUR,
    Facet.PATTERN,
    Facet.SLEEVE,
    Facet.NECK,
    Facet.MATERIAL,
    Facet.TYPE,
)
"""In the order of the words: "women red striped sleeveless cotton top"."""


def caption(attributes: Mapping[Facet, str]) -> str:
    """Attributes as the short text that the text encoder reads, without what is not said."""
    return " ".join(attributes[facet] for facet in CAPTION_ORDER if attributes.get(facet))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVocabulary:
    """The values that have a code.

    Attributes:
        values: Facet → canonical values; the code of a value is its place plus 1, and 0 is said of
            a facet that the prompt does not name or of a value that is too rare. The text still
            names that one.
    """

    values: Mapping[Facet, tuple[str, ...]]

    def codes(self, prompts: Sequence[Mapping[Facet, str]]) -> NDArray[np.int64]:
        """Codes of prompts, int64 (N, 7), in the order of `PROMPT_FACETS`."""
        places = [
            {value: number for number, value in enumerate(self.values[facet], start=1)}
            for facet in PROMPT_FACETS
        ]
        found = [
            [
                place.get(prompt.get(facet, ""), 0)
                for place, facet in zip(places, PROMPT_FACETS, strict=True)
            ]
            for prompt in prompts
        ]
        return np.array(found, np.int64).reshape(len(prompts), len(PROMPT_FACETS))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each facet has, 0 included."""
        return tuple(len(self.values[facet]) + 1 for facet in PROMPT_FACETS)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        content = {facet.value: list(self.values[facet]) for facet in PROMPT_FACETS}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> PromptVocabulary:
        """Read what `save` wrote.

        Raises:
            KeyError: A facet is missing.
        """
        held = json.loads(path.read_text(encoding="utf-8"))
        return cls(values={facet: tuple(held[facet.value]) for facet in PROMPT_FACETS})
